-- Lua 5.3 manual, sections 3.1 and 3.4.3: numerals of any length, exactly rounded.

local zeros, nines = ("0"):rep(5000), ("9"):rep(400)
for _, text in ipairs {
  zeros .. "12", "-" .. zeros .. "9223372036854775808", zeros .. ".", "9007199254740993." .. zeros,
  "9007199254740993." .. zeros .. "1", "." .. zeros .. "9007199254740993" .. zeros .. "3e5016",
  "25" .. zeros .. "e-5001", nines, nines .. "e-400", nines .. nines .. nines .. "e-1200", "1e" .. zeros .. "2", "1e-" .. nines, "1e" .. nines,
  zeros .. "x1", "1" .. zeros .. ".e", "0x" .. zeros .. "10", "0x1" .. zeros .. "7b", "0x" .. zeros .. "g",
  "0x" .. zeros .. ".8", "0x1.00000000000008" .. zeros, "0x1" .. zeros .. "p-20000",
  (" "):rep(100) .. "7" .. ("\t"):rep(77), (" "):rep(200), "- 1", "1 1",
} do
  local number = tonumber(text)
  print(#text, math.type(number), number and ("%.17g"):format(number))
end
for base = 2, 36, 17 do
  print(base, tonumber(("1"):rep(70), base), tonumber("-" .. ("1"):rep(5000), base), tonumber(zeros .. "z", base),
    tonumber("  11  ", base), tonumber("1 1", base), tonumber("", base), tonumber("-", base))
end
print(tonumber("7fffffffffffffff", 16), tonumber("ffffffffffffffff", 16), tonumber("10000000000000000", 16))
print(pcall(tonumber, 10, 10), pcall(tonumber, "10", 1), pcall(tonumber, "10", 37))
