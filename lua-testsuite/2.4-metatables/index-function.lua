-- Lua 5.3 manual, section 2.4: __index as a function, for absent keys and for values that are not tables.
local log = {}
local t = setmetatable({present = 1}, {__index = function(self, k) log[#log + 1] = tostring(k); return k, "dropped" end})
print(t.present, t.absent, t[1], t[2.5], t[true], t[nil])
print(select("#", t.x), (function() return t.x end)())
print(table.concat(log, ","))
print(rawget(t, "absent"))
print(pcall(function() local n; return n.x end))
print(pcall(function() return (5).x end))
print(("x").len == string.len, ("x").absent)
local e = setmetatable({}, {__index = function(_, k) error("no field " .. k, 0) end})
print(pcall(function() return e.zip end))

