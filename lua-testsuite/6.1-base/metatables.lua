-- Lua 5.3 manual, section 6.1 (getmetatable, setmetatable).
local mt = {} local t = {} print(setmetatable(t, mt) == t, getmetatable(t) == mt, setmetatable(t, nil) == t, getmetatable(t)) print(getmetatable(1), getmetatable(nil), getmetatable(print), getmetatable("").__index == string)
mt.__metatable = "protected" setmetatable(t, mt) print(getmetatable(t)) print(pcall(setmetatable, t, nil)) print(pcall(setmetatable, t, mt)) print(getmetatable(io.stdout).__name, getmetatable(io.stdout).__index ~= nil)
print(pcall(getmetatable)) print(pcall(setmetatable)) print(pcall(setmetatable, {})) print(pcall(setmetatable, {}, "x")) print(pcall(setmetatable, "x", {})) print(pcall(setmetatable, print, {})) print(pcall(setmetatable, {}, {}, 1) == true)

