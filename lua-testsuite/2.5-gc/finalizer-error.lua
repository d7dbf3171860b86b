-- Lua 5.3 manual, section 2.5.1: an error in a finalizer surfaces in the running code as an error in __gc.
setmetatable({}, {__gc = function() error("broken") end})
print(pcall(collectgarbage))
print(pcall(collectgarbage))
setmetatable({}, {__gc = function() error({}) end})
print(pcall(collectgarbage))
setmetatable({}, {__gc = function() local x = nil; x.y = 1 end})
print(pcall(collectgarbage))

