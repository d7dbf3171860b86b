-- Arrays of booleans and integers: primes by sieve, prefix sums, reversal in place.
local total = 0
for _ = 1, 4 do
  local n, flags = 400000, {}
  for i = 2, n do flags[i] = true end
  for i = 2, n do
    if flags[i] then for j = i * i, n, i do flags[j] = false end end
  end
  for i = 2, n do if flags[i] then total = total + 1 end end
end
local a = {}
for i = 1, 300000 do a[i] = i end
for round = 1, 8 do
  for i = 2, #a do a[i] = (a[i] + a[i - 1]) & 0xffff end
  local i, j = 1, #a
  while i < j do a[i], a[j] = a[j], a[i] i, j = i + 1, j - 1 end
end
print("sieve", total, a[1], a[150000], a[300000])
assert(total == 135440 and a[1] == 21156 and a[150000] == 37868 and a[300000] == 8244)
