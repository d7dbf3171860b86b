-- Lua 5.3 manual, section 3.2: t.x is t["x"]; any expression can index.
local t = {x = {y = {z = "deep"}}, [1] = "one", ["two words"] = 2}
local k = "y"
print(t.x.y.z, t["x"]["y"].z, t.x[k].z, t["two words"], t[1], (t).x == t.x, t[#t])
print(({10, 20, 30})[2], ("abc"):len(), #{1, 2, 3}, ({n = 1}).n)
local i = 1
local u = {}
u[i], u[i + 1] = "a", "b"
print(u[1], u[2], u[3])
local function f() return t end
f().new = "via call"
f()["x"].y.z = "changed"
print(t.new, t.x.y.z)

