-- Types beside ordinary Lua: annotations are checked for their syntax and erased before the program runs.

type Point = { x: number, y: number }

interface Shape
    name: string,
    function area(self): number
end

local Circle = {}
Circle.__index = Circle

function Circle.new(centre: Point, radius: number): Shape
    return setmetatable({ name = "circle", centre = centre, radius = radius }, Circle)
end

function Circle:area(): number
    return math.pi * self.radius ^ 2
end

local Rectangle = {}
Rectangle.__index = Rectangle

function Rectangle.new(corner: Point, width: number, height: number): Shape
    return setmetatable({ name = "rectangle", corner = corner, width = width, height = height }, Rectangle)
end

function Rectangle:area(): number
    return self.width * self.height
end

local origin: Point = { x = 0, y = 0 }
local shapes: {Shape} = {
    Rectangle.new(origin, 3, 4),
    Circle.new(origin, 1.5),
    Rectangle.new(origin, 0.5, 10),
}

table.sort(shapes, function(a: Shape, b: Shape): boolean
    return a:area() < b:area()
end)

for _, shape in ipairs(shapes) do
    print(("%-10s %6.2f"):format(shape.name, shape:area()))
end
