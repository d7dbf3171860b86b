-- Lua 5.3 manual, section 2.4: __eq only for two tables or two userdata that are not primitively equal.
local count = 0
local mt = {__eq = function(a, b) count = count + 1; return a.v == b.v end}
local function new(v) return setmetatable({v = v}, mt) end
local a, b, c = new(1), new(1), new(2)
print(a == b, a == c, a ~= b, a ~= c, a == a, count)
print(a == 1, 1 == a, a == "x", a == nil, count)
local other = setmetatable({v = 1}, {__eq = function() return "truthy" end})
print(a == other, other == c, count)
print(other == {v = 1}, {v = 1} == other)
print(rawequal(a, b), rawequal(a, a))
local nores = setmetatable({}, {__eq = function() end})
print(nores == {}, nores ~= {})

