-- Lua 5.3 manual, section 3.5: an inner variable hides an outer one until its block ends.
x = 10
do local x = x print(x) x = x + 1 do local x = x + 1 print(x) end print(x) end print(x)
local function f(x) do local x = x * 2 if x > 4 then local x = "big" return x end end return x end print(f(1), f(3))
for x = 1, 2 do local x = x + 100 io.write(x, " ") end print(x)
local print = print local x = 1 local function g() return x end local x = 2 print(g(), x)
local _ = 1 local _ = 2 print(_)
local t = {} for k, t in pairs {a = 1} do print(k, t) end print(type(t))
local self = "outer" function t:m() return self end print(t:m() == t, self)
local string = "shadow" print(("x"):upper(), string)

