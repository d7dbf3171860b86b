-- Lua 5.3 manual, section 2.3: a message handler runs before the stack unwinds and may add information.
local function h(m) return "handled: " .. tostring(m) end
print(xpcall(error, h, "x", 0))
print(xpcall(function() local x = nil; x() end, h))
print(xpcall(function(...) return ... end, h, 1, nil, 3))
print(xpcall(function() error() end, function(m) return m, "second is dropped" end))
-- The stack of the failing function is still there.
local depth
local function outer() error("deep") end
xpcall(outer, function() depth = debug.getinfo(3, "n") and debug.getinfo(3, "n").name end)
print(depth)
-- an error inside the handler
print(xpcall(error, function(m) if m == "a" then error("b", 0) end return m .. "!" end, "a", 0))
print((xpcall(error, function() error("again") end, "a")))
print(pcall(xpcall))
print(pcall(xpcall, print))
print(pcall(xpcall, print, nil))
print(pcall(xpcall, nil, print))

