-- Lua 5.3 manual, section 3.1: escape sequences of quoted strings.
print(("\a\b\f\n\r\t\v\\\"\'"):byte(1, -1))
print("\65\066\x43\u{44}\u{20AC}" == "ABCD\xE2\x82\xAC", #"\u{10FFFF}", ("\u{7FF}\u{800}\u{FFFF}\u{10000}"):byte(1, -1))
print("a\
b" == "a\nb", "x\z
      y", "x\z   y", 'single "double"', "double 'single'")
print(#"\0", #"a\0b", "\0001" == "\0" .. "1", "\10" == "\n")
for _, s in ipairs {[["\q"]], [["\300"]], [["\xZZ"]], [["\x1"]], [["\u{110000000}"]], [["\u{110000}"]], [["\u{7FFFFFFF}"]], [["\u{}"]], [["\u123"]], [["\u{12"]], '"abc', "'abc\n'", [["\400"]]} do
  print(load("return " .. s, "=s"))
end

