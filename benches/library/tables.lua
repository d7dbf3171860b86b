-- Hash tables with string keys, integer keys with holes, float and boolean keys; counting, sets, pairs, next.
local words, counts = {}, {}
for i = 1, 500 do words[i] = "word" .. (i * 7919) % 1000 end
for round = 1, 3000 do for i = 1, #words do local w = words[i] counts[w] = (counts[w] or 0) + 1 end end
local sparse, mixed = {}, {}
for i = 1, 200000 do
  sparse[i * 1000 % 65537] = i
  mixed[i % 50 / 2] = i
  mixed["k" .. i % 20] = i
  mixed[i % 2 == 0] = i
end
local sum, n = 0, 0
for _ = 1, 40 do
  for k, v in pairs(counts) do sum = sum + v end
  for k, v in pairs(sparse) do n = n + 1 end
  for k, v in next, mixed do n = n + 1 end
end
for round = 1, 20 do
  local set = {}
  for i = 1, 10000 do set[i * 31] = true end
  for i = 1, 10000, 2 do set[i * 31] = nil end
  for _ in pairs(set) do n = n + 1 end
end
print("tables", sum, n)
assert(sum == 60000000 and n == 2724360)
