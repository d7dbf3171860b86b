-- Lua 5.3 manual, section 2.5.1: an object may be stored by its finalizer; it is finalized again only if marked again.
local saved, runs = nil, 0
local mt
mt = {__gc = function(o) runs = runs + 1; saved = o end}
setmetatable({v = 1}, mt)
collectgarbage()
print(runs, saved.v)
saved = nil
collectgarbage()
print(runs, saved)
setmetatable({v = 2}, mt)
collectgarbage()
print(runs, saved.v)
setmetatable(saved, mt)
saved = nil
collectgarbage()
print(runs, saved ~= nil and saved.v)
saved = nil
collectgarbage()

