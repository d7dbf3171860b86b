-- Lua 5.3 manual, section 2.1: tables, functions, threads and userdata are references.
local a = {}
local b = a
b.x = 1
print(a.x, a == b, a == {}, {} == {})
local function f() end
local g = f
print(f == g, (function() end) == (function() end) and "maybe" or "differ")
local co = coroutine.create(f)
print(co == co, co == coroutine.create(f), io.stdout == io.stdout, io.stdout == io.stderr)

