-- Lua 5.3 manual, section 2.5.1: __gc must be in the metatable when it is set.
local ran = 0
local late = {}
setmetatable({}, late)
late.__gc = function() ran = ran + 1 end
collectgarbage()
print(ran)
local early = {__gc = true}
setmetatable({}, early)
early.__gc = function() ran = ran + 10 end
collectgarbage()
print(ran)
setmetatable({}, {__gc = "not a function"})
collectgarbage()
print(ran)

