-- Lua 5.3 manual, section 3.4.11: function statements, local functions, methods, varargs.
function globalf(a) return a end print(globalf(1))
local t = {a = {b = {}}} function t.f(x) return x end function t.a.b.g(x) return x end function t.a.b:m(x) return self == t.a.b, x end print(t.f(1), t.a.b.g(2), t.a.b:m(3))
local function fact(n) if n <= 1 then return 1 end return n * fact(n - 1) end print(fact(20), fact(21), fact(25.0))
local f = function(...) local a, b = ...; return a, b, select("#", ...) end print(f()) print(f(1, 2, 3))
local function g(a, ...) local t = {...} return a, #t, ... end print(g()) print(g(1)) print(g(1, 2, nil, 4))
local function h(...) return (...) end print(h(1, 2), h()) local function k(...) return ..., "end" end print(k(1, 2)) print((k()))
local function inner(...) local function sub(...) return select("#", ...) end return sub(...), sub(..., 1), sub((...)) end print(inner(1, 2, 3))
local function params(a, a) return a end print(params(1, 2))
for _, s in ipairs {"function f(a, ..., b) end", "function f(...,a) end", "function f(1) end", "function f(a b) end", "function 1() end", "function a.1() end", "function a:b.c() end", "function a:b:c() end", "local function a.b() end", "function f( end", "function f()", "function f() return ... end", "local x = function end", "return function(a,) end", "function (a) end"} do print(s, select(2, load(s, "=d"))) end

