-- Lua 5.3 manual, section 2.4 and 6.1: rawget, rawset, rawlen, rawequal bypass metamethods.
local t = setmetatable({}, {__index = function() return "meta" end, __newindex = function() error("meta") end,
  __len = function() return 77 end, __eq = function() return true end})
print(t.x, rawget(t, "x"), #t, rawlen(t), rawlen("abc"), t == setmetatable({}, getmetatable(t)), rawequal(t, {}))
rawset(t, "x", 1)
print(t.x, rawget(t, "x"))
print(pcall(rawlen, 5))
print(pcall(rawget, 5, 1))
print(pcall(rawset, {}, 1))
print(pcall(rawequal, 1))
print(rawequal(1, 1.0), rawequal("a", "a"), rawequal(0.0, -0.0), rawequal(0/0, 0/0))

