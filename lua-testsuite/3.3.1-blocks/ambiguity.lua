-- Lua 5.3 manual, section 3.3.1: a parenthesis on the next line continues the call.
local f = function(x) return function(y) return tostring(x) .. tostring(y) end end
local g = f
("a")
("b")
print(g)
local h = f; ("c"):upper()
print(h == f)
local t = {}
(function() t.ran = true end)()
print(t.ran)
print(load("local a = f\n(g or h)()") ~= nil)

