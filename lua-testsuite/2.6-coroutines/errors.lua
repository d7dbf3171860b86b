-- Lua 5.3 manual, section 2.6: an error inside a coroutine ends it; resume reports, wrap propagates.
local co = coroutine.create(function() local x; x.y = 1 end)
print(coroutine.resume(co))
print(coroutine.status(co), coroutine.resume(co))
local w = coroutine.wrap(function() error("in wrap") end)
print(pcall(w))
print(pcall(w))
local w2 = coroutine.wrap(function() error({code = 3}) end)
print(select(2, pcall(w2)).code)
local w3 = coroutine.wrap(function() return 1 end)
print(w3())
print(pcall(w3))
local self
self = coroutine.create(function() return coroutine.resume(self) end)
print(coroutine.resume(self))
local ws
ws = coroutine.wrap(function() return ws() end)
print(pcall(ws))
local w4 = coroutine.wrap(function() local ok, e = pcall(error, "kept", 0); coroutine.yield(ok, e); error("final", 0) end)
print(w4())
print(pcall(w4))

