-- Code points.
local s = "aé中😀"
print(utf8.len(s), utf8.len(""), utf8.len("\xff"), utf8.len(s, 2), utf8.len(s, 3), utf8.len(s, -4), utf8.len(s, 1, 2))
print(utf8.codepoint(s, 1, -1), utf8.codepoint(s), utf8.codepoint(s, 3 - 1))
for p, c in utf8.codes(s) do io.write(p, ":", c, " ") end print()
print(utf8.char(), utf8.char(97, 233, 0x4e2d, 0x1f600), utf8.char(0x10ffff):byte(1, -1))
print(utf8.offset(s, 1), utf8.offset(s, 2), utf8.offset(s, 5), utf8.offset(s, 6), utf8.offset(s, -1), utf8.offset(s, 0, 3), utf8.offset(s, 2, 2))
for c in s:gmatch(utf8.charpattern) do io.write(#c, " ") end print(#utf8.charpattern)
for _, text in ipairs { "\xc0\x80", "\xe0\x9f\xbf", "\xf4\x90\x80\x80", "\xed\xa0\x80", "\x80", "a\xc3", "ab\xe4\xb8" } do io.write(tostring(utf8.len(text)), " ") end print()
for _, case in ipairs { { utf8.char, -1 }, { utf8.char, 0x110000 }, { utf8.codepoint, s, 0 }, { utf8.codepoint, s, 100 }, { utf8.codepoint, "\xff" },
  { utf8.len, s, 100 }, { utf8.len, s, 1, 100 }, { utf8.offset, s, 1, 3 }, { utf8.offset, s, 1, 100 }, { utf8.codes }, { utf8.offset, s } } do
  print(pcall(table.unpack(case, 1, 4)))
end
print(pcall(function() for _ in utf8.codes("ab\xff") do end end))
