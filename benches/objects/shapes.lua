-- Inheritance through two levels of __index, methods found in base classes, overridden methods.
local Shape = {}
Shape.__index = Shape
function Shape:init(x, y) self.x, self.y = x, y return self end
function Shape:move(dx, dy) self.x, self.y = self.x + dx, self.y + dy end
function Shape:area() return 0 end
function Shape:describe() return self.x + self.y + self:area() end

local Circle = setmetatable({}, {__index = Shape})
Circle.__index = Circle
function Circle.new(x, y, r) local c = setmetatable({}, Circle) c:init(x, y) c.r = r return c end
function Circle:area() return self.r * self.r * 3 end

local Square = setmetatable({}, {__index = Shape})
Square.__index = Square
function Square.new(x, y, s) local q = setmetatable({}, Square) q:init(x, y) q.side = s return q end
function Square:area() return self.side * self.side end

local Cube = setmetatable({}, {__index = Square})
Cube.__index = Cube
function Cube.new(x, y, s) local q = setmetatable({}, Cube) q:init(x, y) q.side = s return q end
function Cube:area() return 6 * Square.area(self) end

local shapes = {}
for i = 1, 300, 3 do
  shapes[i], shapes[i + 1], shapes[i + 2] = Circle.new(i, i, 2), Square.new(i, -i, 3), Cube.new(0, i, 4)
end
local sum = 0
for round = 1, 5000 do
  for i = 1, #shapes do
    local s = shapes[i]
    s:move(1, -1)
    sum = sum + s:describe()
  end
end
print("shapes", sum)
assert(sum == 282750000)
