-- What runs, what it holds.
local function keys(t) local r = {} for k, v in pairs(t) do if k ~= "func" and k ~= "activelines" then r[#r + 1] = k .. "=" .. tostring(v) end end table.sort(r) return table.concat(r, " ") end
local function f(a, ...) local b = a print(keys(debug.getinfo(1))) return b end
f(1, 2)
print(keys(debug.getinfo(f)), keys(debug.getinfo(print)), keys(debug.getinfo(1, "Sl")))
print(debug.getinfo(100), debug.getinfo(f, "f").func == f, debug.getinfo(print, "L").activelines)
local lines = {} for line in pairs(debug.getinfo(f, "L").activelines) do lines[#lines + 1] = line end table.sort(lines) print(table.concat(lines, " "))
local function g(x, y) local z = 3 print(debug.getlocal(1, 1), debug.getlocal(1, 2), debug.getlocal(1, 3), debug.setlocal(1, 3, 30), z) end
g(1, 2) print(debug.getlocal(g, 1), debug.getlocal(g, 2), debug.getlocal(g, 3), debug.getlocal(print, 1))
local function v(...) print(debug.getlocal(1, -1), debug.getlocal(1, -2), debug.getlocal(1, -3)) end v("p", "q")
local up, other = 1, 2
local function h() return up + other end
local function k() return other end
print(debug.getupvalue(h, 1), debug.getupvalue(h, 2), debug.getupvalue(h, 3), debug.setupvalue(h, 1, 10), h())
print(debug.upvalueid(h, 2) == debug.upvalueid(k, 1), debug.upvalueid(h, 1) == debug.upvalueid(h, 2))
debug.upvaluejoin(h, 1, k, 1) print(h(), up)
print(debug.getmetatable("").__index == string, debug.setmetatable(10, { __index = { x = 1 } }), (5).x, debug.setmetatable(10, nil), debug.getmetatable(10))
print(debug.getuservalue(1), pcall(debug.setuservalue, 1, 2), type(debug.getregistry()))
local count = 0 debug.sethook(function() count = count + 1 end, "l") local x = 1
x = 2 debug.sethook() print(count, debug.gethook())
local function quiet() end debug.sethook(quiet, "cr", 100) local hook, mask, number = debug.gethook() debug.sethook() print(hook == quiet, mask, number)
print(debug.traceback({}) ~= nil, debug.traceback("msg", 100), debug.traceback(nil, 100), debug.traceback(12, 100))
local co = coroutine.create(function(a) local inside = a coroutine.yield() end) coroutine.resume(co, 7)
print(debug.getlocal(co, 1, 1), debug.getlocal(co, 1, 2), debug.getinfo(co, 1, "l").currentline, debug.getinfo(co, 5), debug.traceback(co))
for _, case in ipairs { { debug.getinfo }, { debug.getinfo, 1, "X" }, { debug.getinfo, {} }, { debug.getlocal, 100, 1 }, { debug.getlocal }, { debug.setlocal, 100, 1, 2 },
  { debug.getupvalue, 1, 1 }, { debug.upvalueid, print, 1 }, { debug.upvaluejoin, f, 9, f, 1 }, { debug.setmetatable, 1, 2 },
  { debug.sethook, print }, { debug.sethook, 1, "c" }, { debug.traceback, "x", "y" }, { debug.getlocal, co, 100, 1 } } do print(pcall(table.unpack(case, 1, 5))) end
print(pcall(debug.setupvalue, f, 1))
