-- Lua 5.3 manual, section 3.3.3: simultaneous assignment to variables, fields and upvalues.
local x, y, z = 1, 2, 3
x, y, z = y, z, x
print(x, y, z)
local t = {1, 2, 3}
t[1], t[2], t[3] = t[3], t[1], t[2]
print(t[1], t[2], t[3])
local function up() x, t.f, g = x + 1, x, x * 10 end
up()
print(x, t.f, g)
local a = {1, {2}}
a[1], a[2][1] = a[2][1], a[1]
print(a[1], a[2][1])

