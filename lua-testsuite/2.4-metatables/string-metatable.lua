-- Lua 5.3 manual, section 2.4: strings share one metatable, which programs may change.
local mt = getmetatable("")
mt.__add = function(a, b) return a .. "+" .. b end
mt.__call = function(s, x) return s .. "(" .. tostring(x) .. ")" end
mt.__unm = function(s) return s:reverse() end
print("a" + "b", ("f")(1), -"abc", "10" + 5, "x" + 1)
mt.__add, mt.__call, mt.__unm = nil, nil, nil
print(pcall(function() return "a" + "b" end))
mt.__index = function(s, k) if type(k) == "number" then return s:sub(k, k) end return string[k] end
print(("hello")[2], ("hello"):upper())
mt.__index = string
debug.setmetatable(5, {__index = function(n, k) return k .. n end, __len = function(n) return n * 2 end, __call = function(n, x) return n + x end})
print((7).abc, #7, (3)(4))
debug.setmetatable(5, nil)
debug.setmetatable(nil, {__index = function(_, k) return "nil." .. k end})
local n
print(n.field, (nil).x)
debug.setmetatable(nil, nil)
print(pcall(function() return n.field end))
debug.setmetatable(true, {__tostring = function(b) return b and "YES" or "NO" end})
print(true, tostring(false))
debug.setmetatable(true, nil)
debug.setmetatable(print, {__index = {name = "function field"}, __concat = function() return "fcat" end})
print(print.name, print .. "x")
debug.setmetatable(print, nil)

