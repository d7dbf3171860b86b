-- Lua 5.3 manual, section 2.4: __call gets the object before the arguments and may return anything.
local o = setmetatable({n = "obj"}, {__call = function(self, ...) return self.n, select("#", ...), ... end})
print(o())
print(o(1, nil, 3))
print((o("paren")))
print(pcall(o, "x"))
print(pcall(coroutine.create, o))
local chain = setmetatable({}, {__call = o})
print(pcall(chain, 1))
print(pcall(function() local t = {}; t() end))
print(pcall(function() local t = {}; t.x() end))
print(pcall(function() local t = {}; t:x() end))
print(pcall(function() undefinedglobal() end))
print(pcall(function() (5)() end))
print(pcall(function() ("x")() end))
for v in setmetatable({}, {__call = function(_, s, c) c = (c or 0) + 1; if c < 4 then return c end end}) do io.write(v, " ") end
print()
local function tail(...) return o(...) end
print(tail("tail", "call"))

