-- Closures that share and change variables of enclosing functions, at several depths.
local function machine()
  local count, total, log = 0, 0, {}
  local function add(n) count = count + 1 total = total + n return total end
  local function twice(n) return function() return add(n) + add(n) end end
  local function reset() log[#log + 1] = total total = 0 end
  return add, twice, reset, function() return count, #log end
end
local add, twice, reset, report = machine()
local sum = 0
for i = 1, 800000 do
  sum = sum + add(i % 10) + twice(i % 3)()
  if i % 100 == 0 then reset() end
end
local function curry(a) return function(b) return function(c) return a + b * c end end end
for i = 1, 600000 do sum = sum + curry(i)(2)(3) end
print("upvalues", sum, report())
assert(sum == 180780300399 and report() == 2400000)
