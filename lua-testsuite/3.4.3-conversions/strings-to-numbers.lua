-- Lua 5.3 manual, sections 3.4.3 and 6.1 (tonumber): which strings are numerals.
for _, s in ipairs {"0", "10", " 10", "10 ", "\n10\t", "1 0", "0x1A", "-0x1A", "+5", "- 5", "1e5", "1E-5", ".5", "5.", ".", "0x.8", "0x8.p1", "0xp1", "1e", "e5", "", " ", "0x", "1e500", "-1e500", "inf", "nan", "Infinity",
  "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "0xffffffffffffffff", "0x1ffffffffffffffff", "1_000", "1,5", "1\0", "\v1\f", "0b1", "1f", "1L", "0x1p-2", "0x1P+3", "00x1", "1e+5", "1e+", "1..2", "٣"} do
  local v = tonumber(s)
  print(("%q"):format(s), v, math.type(v))
end

