-- Calls of small library functions: math, select, type, rawget, ipairs, string methods.
local floor, max, min, abs, type, select, rawget, ipairs = math.floor, math.max, math.min, math.abs, type, select, rawget, ipairs
local t, sum = {1, 2, 3, 4, 5, 6, 7, 8}, 0
for i = 1, 600000 do
  sum = sum + floor(i / 3) + max(i, 100) - min(i, 50) + abs(-i) % 5
  if type(i) == "number" and math.type(i) == "integer" then sum = sum + select("#", i, i) end
  sum = sum + rawget(t, i % 8 + 1) + rawlen(t) + #t
  if i % 4 == 0 then for _, v in ipairs(t) do sum = sum + v end end
  sum = sum + ("abc"):len() + math.tointeger(3.0) + (i // 1.0 == i and 1 or 0)
end
print("builtins", sum)
assert(sum == 239994506175)
