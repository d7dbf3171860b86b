-- Loops over integers, floats and arrays.
local flags, primes = {}, 0
for i = 2, 30000 do flags[i] = true end
for i = 2, 30000 do
  if flags[i] then
    primes = primes + 1
    for j = i * i, 30000, i do flags[j] = false end
  end
end
local x, h = 0.0, 17
for i = 1, 100000 do
  x = x * 0.5 + i / 3
  h = (h << 5 ~ h >> 3 ~ i) & 0xffffffff
end
assert(primes == 3245 and x > 66665 and x < 66667 and h == 2166428099, h)
