-- Lua 5.3 manual, section 3.4.8: from or to ^; .. and ^ are right associative.
print(1 + 2 * 3, (1 + 2) * 3, 2 ^ 3 ^ 2, (2 ^ 3) ^ 2, -2 ^ 2, (-2) ^ 2, 2 ^ -1, not 1 == 1, not (1 == 1), 1 .. 2 .. 3, 1 + 1 .. 2 + 2)
print(1 or nil and error(), nil and 1 or 2, 1 < 2 == true, "a" < "b" == not false, 5 - 3 - 1, 100 / 10 / 2, 7 // 2 * 2, 7 % 4 * 2, -3 % 5, -(3 % 5))
print(1 | 2 & 3 ~ 4, 1 << 1 + 1, 1 << 2 << 1, 256 >> 2 >> 1, 1 | 2 == 3, 5 & 6 == 4 and 1, ~1 + 2, -~1, ~-1, not nil == true, #"abc" + 1, -#"abc", #"a" .. "b")
print(2 * 3 .. "", 1 << 3 .. "", "1" + 1 .. "2", 1 + 2 < 4, 1 | 4 < 6, 3 ~ 1 | 8, 2 ^ 2 * 3, 2 * 3 ^ 2, -3 ^ 2, 1 .. 2 == "12", 7 & 3 << 1, 1 ~= 2 == true)
local t = {x = {y = function() return {z = 9} end}}
print(-t.x.y().z ^ 2, #t.x .. "", not t.x.y().w, t.x.y {} .z, ("a" .. "b"):upper() .. "c")

