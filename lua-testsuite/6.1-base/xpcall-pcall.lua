-- Lua 5.3 manual, section 6.1 (pcall, xpcall).
print(pcall(function(...) return ... end, 1, nil, 3)) print(pcall(error)) print(pcall(pcall)) print(pcall(nil)) print(pcall(5)) print(pcall({})) print(pcall("x")) print(pcall(setmetatable({}, {__call = function(_, a) return "called", a end}), "arg"))
print(xpcall(function(...) return select("#", ...), ... end, print, 1, nil)) print(xpcall(function() error({code = 5}) end, function(e) return e.code end)) print(xpcall(nil, function(m) return "H:" .. m end)) print(xpcall(error, function() return 1, 2, 3 end))
print(select("#", xpcall(error, function() end))) print(xpcall(string.rep, function(m) return "H:" .. m end)) print(xpcall(string.rep, function(m) return "H:" .. m end, {})) print(xpcall(function() return 1 + nil end, debug.traceback) == false)
local tb = select(2, xpcall(function() error("tb") end, debug.traceback)) print((tb:gsub("\n.*", ""))) print(tb:find("stack traceback:", 1, true) ~= nil)
local function count(n) if n == 0 then return 0 end local ok, v = pcall(count, n - 1) return v + 1 end print(count(180)) local function xcount(n) if n == 0 then return 0 end local ok, v = xpcall(xcount, print, n - 1) return v + 1 end print(xcount(180))
print(xpcall(function() error("e", 0) end, function(m) return pcall(error, m .. "!", 0) end)) print(xpcall(function() local co = coroutine.wrap(function() error("co", 0) end) co() end, function(m) return m .. " handled" end))

