-- Lua 5.3 manual, section 3.3.3: values adjusted to the number of variables; all evaluated before assignment.
local a, b, c = 1
print(a, b, c)
a, b = 1, 2, 3
print(a, b)
a, b = b, a
print(a, b)
local t = {1, 2, 3}
local i = 1
i, t[i] = i + 1, 20
print(i, t[1], t[2])
local function f() return 1, 2, 3 end
a, b, c = f()
print(a, b, c)
a, b, c = f(), 10
print(a, b, c)
a, b, c = 0, f()
print(a, b, c)
a, b, c = (f())
print(a, b, c)
t.x, t.y, t.z = f()
print(t.x, t.y, t.z)
local x, y, z = (function() end)()
print(x, y, z)
do local a = {}; a.b, a = 1, 2; print(a) end
do local p = {n = 1}; p, p.n = {n = 5}, 9; print(p.n) end

