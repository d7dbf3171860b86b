-- Metamethods: arithmetic, equality, order, concatenation and length of small objects.
local Vector = {}
Vector.__index = Vector
local function new(x, y) return setmetatable({x = x, y = y}, Vector) end
Vector.__add = function(a, b) return new(a.x + b.x, a.y + b.y) end
Vector.__sub = function(a, b) return new(a.x - b.x, a.y - b.y) end
Vector.__mul = function(a, k) return new(a.x * k, a.y * k) end
Vector.__unm = function(a) return new(-a.x, -a.y) end
Vector.__eq = function(a, b) return a.x == b.x and a.y == b.y end
Vector.__lt = function(a, b) return a.x < b.x or a.x == b.x and a.y < b.y end
Vector.__len = function(a) return a.x * a.x + a.y * a.y end
Vector.__call = function(a, dx) return a.x + dx end

local v, step, equal, less, norm = new(0, 0), new(1, 2), 0, 0, 0
for i = 1, 400000 do
  v = v + step
  local w = -(v - step * 2)
  if w == v then equal = equal + 1 end
  if w < v then less = less + 1 end
  norm = (norm + #w + v(i)) % 1000003
end
print("vectors", v.x, v.y, equal, less, norm)
assert(v.x == 400000 and v.y == 800000 and equal == 1 and less == 399999 and norm == 479975)
