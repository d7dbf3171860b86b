-- Cutting, repeating, changing, formatting.
local s = "hello world"
print(s:sub(2, 4), s:sub(-3), s:sub(4, 2), s:sub(0), s:sub(-100, 100), s:sub(math.mininteger, math.maxinteger))
print(s:byte(), s:byte(-1), s:byte(1, 3), s:byte(10, 20), s:byte(0))
print(string.char(), string.char(72, 105), pcall(string.char, 256))
print(s:upper(), s:lower(), s:reverse(), s:len(), ("a\0b"):len(), #("a\0b"):reverse())
print(("ab"):rep(3), ("ab"):rep(3, ", "), ("ab"):rep(0), ("ab"):rep(1, ","), ("x"):rep(-1), (""):rep(1000))
print(#("ab"):rep(1000), #("ab"):rep(1000, "--"), ("ab"):rep(500, ".") == ("ab."):rep(499) .. "ab")
print(pcall(string.rep, "x", 1 << 40), pcall(string.rep, "x", 1 << 30, ("y"):rep(100)))
print(string.rep(12, 2), string.len(1.5), string.sub(12345, 2, 3))
print(string.format("%5d|%-5d|%05d|%+d|% d|%x|%X|%#o|%c|%%", 42, 42, 42, 42, 42, 255, 255, 8, 65))
print(string.format("%.3f|%10.2f|%-10.1f|%e|%g|%g|%a", 1 / 3, 1 / 3, 2.5, 12345.678, 1e20, 0.1, 1))
print(string.format("%s|%10s|%-10s|%.2s|%s|%s", "abc", "abc", "abc", "abc", nil, true))
print(string.format("%q", 'a "quoted"\n\\ \0 \1\0012 \r end'), string.format("%q %q", 1, 0.5))
print(string.format("%s %s", 1, 1.0), string.format("%d", "10"), string.format("%5s", 3.5))
local t = setmetatable({}, { __tostring = function() return "I am " .. tostring(1) end })
print(string.format("%s and %s and %10.4s!", t, t, t))
print(pcall(string.format, "%s", setmetatable({}, { __tostring = function() return {} end })))
print(pcall(string.format, "%s", setmetatable({}, { __tostring = function() error("inside", 0) end })))
for _, case in ipairs { { "%d", 1.5 }, { "%d", "x" }, { "%y", 1 }, { "%", 1 }, { "%d" }, { "%0123d", 1 }, { "%------d", 1 },
  { "%10q", {} }, { "%10s", "\0" }, { "%s" } } do
  print(pcall(string.format, table.unpack(case)))
end
print(#string.format("%99.99f", -1e308), string.format("%.99f", 1 / 3):sub(1, 30))
print(tostring(1e15), tostring(-0.0), tostring(1e100), 2 ^ 53, 123456.789e3, 1e14, 0.1, 1 / 0, -1 / 0)
print(#string.dump(function() end) > 10, pcall(string.dump, print))
