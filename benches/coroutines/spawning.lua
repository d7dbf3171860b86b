-- Short coroutines by the hundred thousand, and permutations by recursive generators.
local sum = 0
for i = 1, 300000 do
  local co = coroutine.wrap(function(a) local b = coroutine.yield(a + 1) return b * 2 end)
  sum = sum + co(i) + co(3)
end
local function permute(a, n)
  if n == 0 then coroutine.yield(a) return end
  for i = 1, n do
    a[n], a[i] = a[i], a[n]
    permute(a, n - 1)
    a[n], a[i] = a[i], a[n]
  end
end
local count = 0
for p in coroutine.wrap(function() permute({1, 2, 3, 4, 5, 6, 7, 8}, 8) end) do
  count = count + 1
  if p[1] < p[8] then sum = sum + 1 end
end
print("spawning", sum, count)
assert(sum == 45002270160 and count == 40320)
