-- Lua 5.3 manual, section 3.1: integer and float numerals, decimal and hexadecimal.
print(3, 345, 0xff, 0xBEBADA, 3.0, 3.1416, 314.16e-2, 0.31416E1, 34e1, 0x0.1E, 0xA23p-4, 0X1.921FB54442D18P+1)
print(.5, 5., 0x.8, 0x8., 1e2, 1E+2, 1e-2, 00012, 0x0p12)
print(9223372036854775807, 9223372036854775808, 0x7fffffffffffffff, 0xffffffffffffffff, 0x1ffffffffffffffff)
print(math.type(1e2), math.type(0x10), math.type(0x1p4), math.type(1), math.type(1.))
print(1e308 * 10, -1e308 * 10, 1e-400, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308)
for _, n in ipairs {"3x", "0x", "1e", "1e+", "0xg", "1..2", "1.2.3", "0x1p", "3_000", "1e5.5", "0b1"} do print(load("return " .. n, "=n")) end

