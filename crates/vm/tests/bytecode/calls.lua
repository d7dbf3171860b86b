-- windows, open lists, methods, tail calls
local o = ...
f()
f(1, o, "s")
f(g(), h())
f(g(...))
local a, b = f(...)
o:m(1)
o.p.q:m(...)
("x"):rep(3)
f { 1 } "s" [[t]]
print((f()))
local x = { f(), f() }
local function tail(n) return tail(n - 1) end
local function open() return f(), f() end
local function one() return (f()) end
return o:m()
