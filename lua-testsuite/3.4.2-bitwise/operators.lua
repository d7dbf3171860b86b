-- Lua 5.3 manual, section 3.4.2: 64-bit operations; shifts of 64 or more give zero, negative ones shift the other way.
print(5 & 3, 5 | 3, 5 ~ 3, ~0, ~5, 1 << 4, 256 >> 4, -1 >> 60, -1 >> 63, -1 >> 64, -1 << 63, 1 << 64, 1 << -1, 8 >> -2, 1 >> -64, 1 << math.mininteger, 1 >> math.mininteger)
print(0xff & 0x0f0f, 0xf0 | 0x0f, -1 ~ 0xff, ~~7, 3 & 5 | 2 ~ 1, 1 << 2 + 1, 6 & 3 == 2 and "cmp" or "no")
print(3.0 & 1, 2 ^ 53 | 0, 1e3 << 1, "7" & 3, "0xff" >> 4, "3.0" | 0, -0.0 | 1)
for _, g in ipairs {
  function() return 1.5 & 1 end, function() return 1 | 2 ^ 63 end, function() return 1 ~ (0 / 0) end, function() return 1 << math.huge end, function() return {} & 1 end,
  function() local x; return x | 1 end, function() return 1 & undefinedname end, function() return "a" | 1 end, function() return "1.5" & 1 end, function() return ~{} end, function() return ~1.5 end,
  function() return ~"x" end, function() local t = {}; return t.f << 1 end, function() return 1 >> print end, function() return "9223372036854775808" | 0 end, function() local f = 2.5; return f & 1 end, function() return 1 & nil end,
} do print(pcall(g)) end

