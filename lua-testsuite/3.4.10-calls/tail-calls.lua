-- Lua 5.3 manual, section 3.4.10: proper tail calls need no stack.
local function loop(n, acc) if n == 0 then return acc end return loop(n - 1, acc + 1) end
print(loop(300000, 0))
local even, odd
function even(n) if n == 0 then return true end return odd(n - 1) end
function odd(n) if n == 0 then return false end return even(n - 1) end
print(even(100001), odd(100001))
local o = {} function o:down(n) if n == 0 then return "method" end return self:down(n - 1) end print(o:down(200000))
local function var(n, ...) if n == 0 then return select("#", ...), ... end return var(n - 1, ...) end print(var(100000, "a", nil, "c"))
local c = setmetatable({}, {}) getmetatable(c).__call = function(self, n) if n == 0 then return "callable" end return self(n - 1) end print(c(100000))
local function viaselect(n) if n == 0 then return "c function" end return select(2, n, viaselect(n - 1)) end print(viaselect(100))
print((function() return pcall(error, "tail", 0) end)())
local function notail(n) if n == 0 then return 0 end return (notail(n - 1)) end print(notail(1000))
local t = coroutine.wrap(function() return coroutine.yield("tail yield") end) print(t(), t("x"))
local function trace() return debug.traceback("t", 1) end print(((function() return trace() end)():gsub("%b()", "()")))

