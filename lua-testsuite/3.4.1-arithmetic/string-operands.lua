-- Lua 5.3 manual, section 3.4.3: strings that look like numbers are converted by arithmetic.
print("10" + 5, "10" * "2", "3" - 1, "7" // 2, "7" % 4, "2" ^ 3, "8" / 2, -"5", "0x10" + 0, " 10 " + 1, "1e1" + 0, "\t5\n" * 2)
print("10" + 0, "10.0" + 0, math.type("10" + 0), math.type("10.0" + 0), math.type("0x10" + 0), "9223372036854775808" + 0, "0x1p4" + 0)
for _, s in ipairs {"", " ", "abc", "1a", "1 2", "0x", "1e", "--1", "1_0", "nan", "inf", "0x1g", "1\0"} do print(("%q"):format(s), pcall(function() return s + 1 end)) end
print(10 .. 20, 1.5 .. "", "a" .. 1 .. 2.0, -1 .. "")
print("10" == 10, "abc" < "abd", pcall(function() return "10" < 9 end))
print("5" + 1.5, "5.5" + 1, "-3" // 2, - "0x8000000000000000")

