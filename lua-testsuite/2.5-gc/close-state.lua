-- Lua 5.3 manual, section 2.5.1: at the end of the program pending finalizers run, last marked first.
local mt = {__gc = function(o) print("closing", o.n) end}
A = setmetatable({n = 1}, mt)
B = setmetatable({n = 2}, mt)
C = setmetatable({n = 3}, {__gc = function() print("closing 3"); setmetatable({n = "made while closing"}, mt) end})
print("end of main")

