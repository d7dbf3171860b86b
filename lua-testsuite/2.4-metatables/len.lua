-- Lua 5.3 manual, section 2.4: __len; strings never use it.
local o = setmetatable({1, 2, 3}, {__len = function(t, x) return rawlen(t) * 10, "dropped" end})
print(#o, rawlen(o))
local s = setmetatable({}, {__len = function() return "not a number" end})
print(#s)
print(pcall(function() return #5 end))
print(pcall(function() local n; return #n end))
print(pcall(function() local t = {}; return #t.x end))
getmetatable("").__len = function() return 99 end
print(#"abc")
getmetatable("").__len = nil

