-- Lua 5.3 manual, section 3.4.5: and, or return one of their operands and evaluate the second only if needed.
print(10 or 20, 10 or error(), nil or "a", nil and 10, false and error(), false and nil, false or nil, 10 and 20, nil and nil or "c", 1 and nil or 2)
print(not nil, not 0, not not 1, not (1 == 2), not 1 == 2, false == not true)
local calls = {}
local function f(n, v) calls[#calls + 1] = n return v end
local r = f(1, false) and f(2, true) or f(3, nil) or f(4, "four") and f(5, "five")
print(r, table.concat(calls, " "))
local x = nil
print(x and x.y, x == nil and "nil!" or x, (x or {}).z, x or false, false or x)
local a, b = 1, 2
print(a < b and a or b, a > b and a or b, a == 1 and b == 2 and "both", not (a == 1 and b == 3))
local t = {f(6, nil) or "default", f(7, 1) and "set"}
print(t[1], t[2])
local function id(...) return ... end
print((id(1, 2) or 3), (nil or id(1, 2)), id(1, 2) and id(3, 4))
if not (a > b or a == b) and (b or a) then print("taken") end
while a < 10 and (a ~= 5 or b == 0) do a = a + 1 end print(a)

