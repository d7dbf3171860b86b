-- Calls of all shapes: many parameters, varargs, select, unpack, multiple results, tail calls.
local function many(a, b, c, d, e, f) return a + f, b + e, c + d end
local function sum(...) local s = 0 for i = 1, select("#", ...) do s = s + (select(i, ...)) end return s end
local function pass(...) return ... end
local function collect(...) local t = {...} return #t end
local function tail(n, acc) if n == 0 then return acc end return tail(n - 1, acc + n) end
local total = 0
for i = 1, 400000 do
  local x, y, z = many(i, 1, 2, 3, 4, 5)
  total = total + x + y + z + sum(i, 2, 3, 4) + collect(pass(1, 2, i))
  total = total + (select(2, pass(i, 3))) + table.unpack({4, 5})
end
total = total + tail(1000000, 0)
print("arguments", total)
assert(total == 660014500000)
