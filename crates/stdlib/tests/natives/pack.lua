-- Binary layouts.
local function hex(text) return (text:gsub(".", function(c) return ("%02x"):format(c:byte()) end)) end
print(hex(string.pack("bBhHiIlLjJTfdn", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0.5, 0.25, -1)))
print(hex(string.pack(">i3 <i3 =I5 i16", -2, 2, 3, -4)), hex(string.pack("!4 b i4 !8 b d", 1, 2, 3, 4)))
print(hex(string.pack("z s1 s c5 x b", "ab", "cd", "ef", "gh", 7)), hex(string.pack("!8 b Xi8 b", 1, 2)))
print(string.unpack("<i2 >i2 z s1 c2", "\1\0\0\1abc\0\2xyzw"))
print(string.unpack("<i16", ("\255"):rep(16)), string.unpack("f", string.pack("f", 0.1)), string.unpack("z", "abc"))
print(string.unpack("b", "abc", -1), string.unpack("", "abc", 4), string.packsize("!8 b i4 d c7"), string.packsize(""))
for _, case in ipairs { { "i0", 1 }, { "i17", 1 }, { "!17" }, { "r" }, { "c", "" }, { "X" }, { "Xz" }, { "!4i3", 0 }, { "b", 128 }, { "B", -1 },
  { "I2", 65536 }, { "z", "a\0" }, { "s1", ("x"):rep(256) }, { "c1", "ab" }, { "b" }, { "b", "x" }, { "i", 1.5 } } do
  print(case[1], pcall(string.pack, table.unpack(case)))
end
for _, case in ipairs { { "i4", "abc" }, { "c0", "x", 3 }, { "s1", "\5ab" }, { "i16", ("\3"):rep(16) }, { "x", "" }, { "i4", "abcd", -9 } } do
  print(case[1], pcall(string.unpack, table.unpack(case)))
end
print(pcall(string.packsize, "s"), pcall(string.packsize, "z"), pcall(string.packsize, ("c2147483639"):rep(2)))
