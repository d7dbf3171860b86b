-- Lua 5.3 manual, section 3.5: variables live as long as a closure can reach them.
local function make() local v = {n = 0} local function inc() v.n = v.n + 1 return v.n end return inc end
local a, b = make(), make() print(a(), a(), b())
local function loop() local fs = {} for i = 1, 5 do local up = i * i if i % 2 == 1 then fs[#fs + 1] = function() up = up + 1 return up end end if i == 4 then break end end return fs end
local fs = loop() print(#fs, fs[1](), fs[1](), fs[2]())
local ok, e = pcall(function() local v = "escaped" esc = function() return v end error("x", 0) end) print(ok, e, esc())
local co = coroutine.wrap(function() local v = 1 local function f() v = v + 1 return v end coroutine.yield(f) coroutine.yield(v) end) local f = co() f() f() print(co())
local function outer() local x = 1 local function set(v) x = v end local function get() return x end local t = setmetatable({}, {__index = function() return get() end, __newindex = function(_, _, v) set(v) end}) return t end
local t = outer() print(t.a) t.b = 5 print(t.c)
local function ret() local a, b, c = 1, 2, 3 return function() return a end, function() a = a + c return b end end local g, h = ret() h() h() print(g())
do local i = 1 local acc = {} ::top:: local v = i acc[i] = function() v = v + 1 return v end i = i + 1 if i < 4 then goto top end print(acc[1](), acc[1](), acc[2](), acc[3]()) end
