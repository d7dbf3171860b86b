-- table.sort with and without comparator, on numbers, strings and records.
local seed = 42
local function random(n) seed = (seed * 16807) % 2147483647 return seed % n end
local check = 0
for _ = 1, 4 do
  local numbers, strings, records = {}, {}, {}
  for i = 1, 20000 do numbers[i] = random(1000000) end
  for i = 1, 8000 do strings[i] = "key" .. random(1000000) end
  for i = 1, 12000 do records[i] = {rank = random(1000), id = i} end
  table.sort(numbers)
  table.sort(strings)
  table.sort(records, function(a, b) if a.rank ~= b.rank then return a.rank < b.rank end return a.id < b.id end)
  table.sort(numbers, function(a, b) return a > b end)
  for i = 2, #numbers do assert(numbers[i - 1] >= numbers[i]) end
  for i = 2, #strings do assert(strings[i - 1] <= strings[i]) end
  check = (check * 31 + numbers[100] + #strings[50] + records[6000].id) % 1000000007
end
print("sort", check)
assert(check == 758110404)
