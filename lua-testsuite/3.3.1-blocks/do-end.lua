-- Lua 5.3 manual, section 3.3.1: explicit blocks limit scope and allow return in the middle.
do local a = 1 end
print(a)
local function f(x) do return x end print("unreachable") end
print(f(3))
do end do do end end
;;;
local function g() do return end end
print(select("#", g()))
print(load("return 1; print(2)", "=b"))
print(load("return 1;") ~= nil, load("return;") ~= nil)
print(load("do return end return 2")())

