-- Numbers to text and back: tostring, format with many directives, tonumber.
local sum, format = 0, string.format
for i = 1, 120000 do
  sum = sum + #tostring(i) + #tostring(i / 8)
  sum = sum + #format("%5d %-8s %x", i, "id", i) + #format("%.3f|%g|%q", i / 7, i * 1e10, "a\nb")
  sum = sum + tonumber(i .. ".5") // 1 % 3 + tonumber("0x" .. format("%x", i)) % 5
end
print("numbers", math.tointeger(sum))
assert(sum == 7377870)
