-- Lua 5.3 manual, section 3.4.2: constant expressions give the same results as computed ones.
local one, big, neg, f = 1, 0x7fffffffffffffff, -1, 2.0
print(1 << 62, one << 62, big << 1, 0x7fffffffffffffff << 1, neg >> 1, -1 >> 1, f | 1, 2.0 | 1)
print(3 // 0.0, one // 0.0, -3 % 0.0 ~= -3 % 0.0, 5 % -3, one * 5 % (neg * 3), 2 ^ 62, (one + 1) ^ 62)
print(-9223372036854775808, - 9223372036854775807 - 1, math.mininteger, -0x8000000000000000)
print(1 + 2 * 3 - 4 / 2 ^ 2 // 1 % 3, "a" .. 1 + 2 .. "b", not 1 == 2, -2 ^ -2, 2 ^ 3 ^ 2)

