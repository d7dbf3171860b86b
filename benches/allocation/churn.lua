-- A large heap that lives long while many of its parts are replaced.
local records = {}
for i = 1, 60000 do records[i] = {id = i, name = "record " .. i, tags = {i, i + 1}} end
local seed, replaced = 1, 0
for round = 1, 500000 do
  seed = (seed * 16807) % 2147483647
  local i = seed % #records + 1
  local old = records[i]
  records[i] = {id = old.id, name = old.name, tags = {old.tags[2], round}}
  replaced = replaced + 1
end
local sum, ids = 0, 0
for i = 1, #records do
  local r = records[i]
  ids = ids + r.id
  sum = (sum + r.tags[1] * 3 + r.tags[2] + #r.name) % 1000000007
end
print("churn", replaced, ids, sum)
assert(ids == 1800030000 and sum == 880930740)
