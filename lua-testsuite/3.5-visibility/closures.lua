-- Lua 5.3 manual, section 3.5: each execution of a local statement defines new variables; closures share them.
local a = {} local x = 20
for i = 1, 10 do local y = 0 a[i] = function() y = y + 1 return x + y end end
print(a[1](), a[1](), a[2](), a[10]()) x = 100 print(a[1]())
local function counter() local n = 0 return function() n = n + 1 return n end, function() return n end, function(v) n = v end end
local inc, get, set = counter() inc() inc() print(get()) set(10) print(inc(), get()) local inc2, get2 = counter() print(inc2(), get())
local fns = {} for i = 1, 3 do fns[i] = {function() i = i + 1 return i end, function() return i end} end print(fns[1][1](), fns[1][2](), fns[2][2](), fns[3][1]())
local w = {} local i = 1 while i <= 3 do local j = i w[i] = function() j = j + 10 return j end i = i + 1 end print(w[1](), w[1](), w[2](), w[3]())
local r = {} local k = 0 repeat local m = k r[#r + 1] = function() m = m + 1 return m end k = k + 1 until m >= 2 print(#r, r[1](), r[1](), r[3]())
for _, v in ipairs {1, 2} do local function rec(n) if n == 0 then return v end return rec(n - 1) end print(rec(3)) end
local function deep() local p = 1 return function() local q = 2 return function() local s = 3 return function() p, q, s = p + 1, q + 1, s + 1 return p + q + s end end end end
local d = deep()()() print(d(), d())
local function args(a, b) return function() a, b = b, a return a, b end end local s = args(1, 2) print(s()) print(s())
local function va(...) local t = {...} return function() return table.unpack(t) end end print(va(1, 2, 3)())
local shared1, shared2 do local v = 0 shared1 = function() v = v + 1 return v end shared2 = function() v = v * 2 return v end end print(shared1(), shared2(), shared1(), shared2())

