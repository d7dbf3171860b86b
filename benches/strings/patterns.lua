-- find, match and gmatch over a text, with classes, captures and back references.
local words = {"alpha", "beta=12", "gamma-7", "delta", "'quoted'", "key=value", "2024-05-17", "x9", "(nested (parens))", "end."}
local lines, seed = {}, 5
for i = 1, 400 do
  local l = {}
  for j = 1, 12 do seed = (seed * 16807) % 2147483647 l[j] = words[seed % #words + 1] end
  lines[i] = table.concat(l, " ")
end
local text = table.concat(lines, "\n")
local n = {words = 0, pairs = 0, dates = 0, quotes = 0, parens = 0, lines = 0, plain = 0, fields = 0}
for _ = 1, 80 do
  for _ in text:gmatch("%a+") do n.words = n.words + 1 end
  for k, v in text:gmatch("(%w+)=(%w+)") do n.pairs = n.pairs + #k + #v end
  for y, m, d in text:gmatch("(%d%d%d%d)-(%d%d)-(%d%d)") do n.dates = n.dates + y + m + d end
  for _, q in text:gmatch("(['\"])(.-)%1") do n.quotes = n.quotes + #q end
  for p in text:gmatch("%b()") do n.parens = n.parens + #p end
  for l in text:gmatch("[^\n]+") do
    n.lines = n.lines + 1
    if l:find("^alpha") then n.fields = n.fields + 1 end
    if l:match("end%.$") then n.fields = n.fields + 1 end
  end
  local at = 1
  while true do
    at = text:find("key=value", at, true)
    if not at then break end
    n.plain, at = n.plain + 1, at + 1
  end
end
print("patterns", n.words, n.pairs, n.dates, n.quotes, n.parens, n.lines, n.plain, n.fields)
assert(n.words == 423520 and n.pairs == 560320 and n.dates == 80530560.0 and n.quotes == 230400 and n.parens == 690880 and n.plain == 38240 and n.fields == 5840)
