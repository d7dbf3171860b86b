-- Many short-lived binary trees beside one that stays.
local function bottom_up(depth)
  if depth == 0 then return {} end
  return {bottom_up(depth - 1), bottom_up(depth - 1)}
end
local function count(tree)
  if tree[1] then return 1 + count(tree[1]) + count(tree[2]) end
  return 1
end
local long = bottom_up(13)
local sum = 0
for depth = 4, 12, 4 do
  for _ = 1, 1 << (17 - depth) do sum = sum + count(bottom_up(depth)) end
end
print("trees", sum, count(long))
assert(sum == 777696 and count(long) == 16383)
