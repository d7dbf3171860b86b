-- Lua 5.3 manual, section 2.4: __index as a table is indexed in turn, with its own metamethods.
local base = {x = 1, y = 2}
local mid = setmetatable({y = 20}, {__index = base})
local top = setmetatable({z = 300}, {__index = mid})
print(top.x, top.y, top.z, top.w)
base.w = "later"
print(top.w)
local deep = {v = "bottom"}
for _ = 1, 50 do deep = setmetatable({}, {__index = deep}) end
print(deep.v)
local loop = {}
setmetatable(loop, {__index = loop})
print(pcall(function() return loop.x end))
local stringy = setmetatable({}, {__index = "text"})
print(stringy.upper == string.upper, pcall(function() return stringy.nothing end))
local bad = setmetatable({}, {__index = 5})
print(pcall(function() return bad.x end))

