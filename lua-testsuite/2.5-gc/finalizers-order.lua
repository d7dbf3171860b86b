-- Lua 5.3 manual, section 2.5.1: finalizers run in the reverse order of marking.
local log = {}
for i = 1, 5 do setmetatable({i}, {__gc = function(o) log[#log + 1] = o[1] end}) end
collectgarbage()
print(table.concat(log, " "))
log = {}
do local a, b = {n = "a"}, {n = "b"}
  local mt = {__gc = function(o) log[#log + 1] = o.n end}
  setmetatable(b, mt); setmetatable(a, mt); setmetatable(b, mt)
end
collectgarbage()
print(table.concat(log, " "))

