-- annotations leave no trace; a type that is mentioned as a value is a constant
type Point = { x: number, y: number }
local p: Point = { x = 1, y = 2 }
local function area(w: number, h: number): number return w * h end
local q = p :: any
local r = (f() :: number)
local s = f() :: any
local t = p!.x
return typeof(p)
