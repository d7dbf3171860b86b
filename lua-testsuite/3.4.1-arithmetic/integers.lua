-- Lua 5.3 manual, section 3.4.1: integer arithmetic wraps around; +, -, *, //, %, unary minus keep integers.
local max, min = math.maxinteger, math.mininteger
print(1 + 2, 1 - 2, 3 * 4, -5, 7 // 2, -7 // 2, 7 // -2, -7 // -2, 7 % 3, -7 % 3, 7 % -3, -7 % -3)
print(max + 1 == min, min - 1 == max, max * 2, min * 2, -min == min, min // -1, min % -1)
print(max // 1, max % 2, min // 2, min % 3, 0 // 5, 0 % 5, 5 % max, -5 % max, 5 % min, -5 % min)
for _, s in ipairs {"1 // 0", "1 % 0", "0 // 0", "0 % 0", "math.mininteger // 0"} do print(s, pcall(load("return " .. s, "=z"))) end
local a, b = 7, 0
print(pcall(function() return a // b end)) print(pcall(function() return a % b end))
print(0x7fffffffffffffff + 0, 0xffffffffffffffff + 0, 1 << 63, (1 << 63) - 1)

