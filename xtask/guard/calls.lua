-- Calls: recursion, variable arguments, tail calls, protected calls, methods.
local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
local function count(...) return select("#", ...) end
local function loop(n, s) if n == 0 then return s end return loop(n - 1, s + count(n, s)) end
local Point = {}
Point.__index = Point
function Point:add(d) self.x = self.x + d return self end
local p, s = setmetatable({x = 0}, Point), 0
for i = 1, 20000 do
  p:add(i):add(1)
  local _, v = pcall(Point.add, p, -1)
  s = s + v.x % 7
end
assert(fib(22) == 17711 and loop(20000, 0) == 40000 and s == 39999, s)
