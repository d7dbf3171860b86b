-- Only here: metamethods called by math.max, math.min, rawequal's relatives and select-like natives may yield.
local run, yield = dofile("wippy/modules/driver.lua")
local mt = {__index = function(_, k) return yield("index " .. k) end, __call = function(_, ...) return yield(...) end}
local o = setmetatable({}, mt)
run("called by pcall", function() return pcall(o, 1, 2) end)
run("called by a wrapped coroutine", function() return coroutine.wrap(function(...) return pcall(o, ...) end) ~= nil end)
run("os.time fields", function() return os.time(setmetatable({year = 2000, month = 1, day = 1}, {__index = function(_, k) yield(k) end})) end)
run("error with position", function() return pcall(function() error(yield("message"), 0) end) end)
run("assert", function() return pcall(assert, yield(false), yield("message")) end)
