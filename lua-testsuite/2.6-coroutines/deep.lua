-- Lua 5.3 manual, section 2.6: yields through deep recursion and across many coroutines.
local function rec(n) if n == 0 then coroutine.yield("bottom") else rec(n - 1) end return n end
local co = coroutine.create(function() return rec(5000) end)
print(coroutine.resume(co))
print(coroutine.resume(co))
local function walk(t) if t then walk(t.l); coroutine.yield(t.v); walk(t.r) end end
local function insert(t, v) if not t then return {v = v} end if v < t.v then t.l = insert(t.l, v) else t.r = insert(t.r, v) end return t end
local tree
for _, v in ipairs {5, 2, 8, 1, 9, 3, 7, 4, 6} do tree = insert(tree, v) end
for v in coroutine.wrap(function() walk(tree) end) do io.write(v, " ") end
print()
local cos = {}
for i = 1, 1000 do cos[i] = coroutine.wrap(function(a) while true do a = coroutine.yield(a + i) end end) end
local s = 0
for r = 1, 3 do for i = 1, 1000 do s = s + cos[i](r) end end
print(s)
local function nest(n) if n == 0 then return "inner" end return coroutine.wrap(nest)(n - 1) end
print(nest(100))

