-- Fields, closures and short-lived tables; the collector runs many times.
local function counter() local n = 0 return function(d) n = n + d return n end end
local function tree(depth)
  if depth == 0 then return {leaf = 1} end
  return {left = tree(depth - 1), right = tree(depth - 1)}
end
local function size(t) return t.leaf or size(t.left) + size(t.right) end
local s = 0
for i = 1, 12 do s = s + size(tree(9)) end
for i = 1, 4000 do
  local c = counter()
  s = s + c(1) + c(2) + c(3)
end
local counts = {}
for i = 1, 20000 do
  local key = "k" .. i % 100
  counts[key] = (counts[key] or 0) + i
end
for _, n in pairs(counts) do s = s + n % 3 end
assert(s == 46243, s)
