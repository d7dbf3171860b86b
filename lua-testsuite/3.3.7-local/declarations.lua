-- Lua 5.3 manual, section 3.3.7: scope starts after the declaration.
local x = x
print(x)
local a, b, c = 1, 2
print(a, b, c)
local a = a + 10
print(a)
local f = function() return f end
print(f())
local function g() return g end
print(g() == g)
local p, q = (function() return 1, 2 end)()
print(p, q)
local n = 0
for i = 1, 3 do local n = n + i; io.write(n, " ") end print(n)
print(load('local function t.x() end', '=l'))
