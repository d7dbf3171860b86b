-- Closures created by the million: counters, composed functions, captured loop variables.
local function counter(step)
  local n = 0
  return function() n = n + step return n end
end
local function compose(f, g) return function(x) return f(g(x)) end end
local sum = 0
for i = 1, 300000 do
  local c = counter(i % 5)
  c() c()
  sum = sum + c()
  local f = compose(function(x) return x + i end, function(x) return x * 2 end)
  sum = sum + f(3) % 7
end
local fs = {}
for i = 1, 200000 do fs[i % 100 + 1] = function() i = i + 1 return i end end
for _ = 1, 20 do for i = 1, 100 do sum = sum + fs[i]() end end
print("closures", sum)
assert(sum == 402621997)
