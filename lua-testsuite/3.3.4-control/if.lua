-- Lua 5.3 manual, section 3.3.4: if, elseif, else.
local function sign(n) if n < 0 then return "-" elseif n > 0 then return "+" else return "0" end end
print(sign(-1), sign(1), sign(0))
local function grade(n) if n >= 90 then return "A" elseif n >= 80 then return "B" elseif n >= 70 then return "C" end return "F" end
print(grade(95), grade(85), grade(75), grade(10))
if nil then print("no") elseif false then print("no") else if 0 then print("zero is true") end end
if not nil and not false then print("ok") end
local a = false
if a == false then print("eq") end
if a ~= nil then print("ne") end
if (function() return nil, 1 end)() then print("no") else print("first value counts") end
print(load("if x then", "=i")) print(load("if x else end", "=i")) print(load("if x then\n\n\nfoo()", "=i")) print(load("if then end", "=i"))

