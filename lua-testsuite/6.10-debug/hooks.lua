-- Lua 5.3 manual, section 6.10 (sethook, gethook): call, return, line and count events.
local log = {} local function rec(s) log[#log + 1] = s end local function flush(n) print(n, table.concat(log, " ")) log = {} end
local function target(a) local b = a
  b = b + 1
  return b
end
debug.sethook(function(e, l) rec(e .. l) end, "l") target(1)
debug.sethook() flush("line")
debug.sethook(function(e, l) local i = debug.getinfo(2, "nS") rec(e .. ":" .. tostring(i.name)) end, "cr") target(1) debug.sethook() flush("call")
local function tailer() return target(1) end debug.sethook(function(e) rec(e) end, "c") tailer() debug.sethook() flush("tail")
local n = 0 debug.sethook(function(e) n = n + 1 assert(e == "count") end, "", 100) for i = 1, 10000 do local x = i * 2 end debug.sethook() print(n > 100) print(debug.gethook()) local h = function() end debug.sethook(h, "crl", 5) local a, b, c = debug.gethook() debug.sethook() print(a == h, b, c) local ok, m = pcall(function()
  debug.sethook(function() debug.sethook() error("from hook", 0) end, "l")
  local x = 1
  return x
end)
print(ok, m) debug.sethook(function(e, l) rec(l) end, "l") for i = 1, 3 do
  local y = i
end
debug.sethook() flush("loop") local co = coroutine.create(function() local z = 1
  coroutine.yield()
  return z end) debug.sethook(co, function(e, l) rec("co" .. l) end, "l") coroutine.resume(co) coroutine.resume(co) flush("coroutine") print(debug.gethook(co) ~= nil, debug.gethook()) print(pcall(debug.sethook, 1)) print(pcall(debug.sethook, print)) print(pcall(debug.sethook, print, 5) == true, debug.sethook()) print(pcall(debug.sethook, print, "l", "x")) debug.sethook()
debug.sethook(function(e, l) local name, v = debug.getlocal(2, 1) rec(tostring(name)) end, "r") target(5) debug.sethook() flush("locals in hook")

