-- Lua 5.3 manual, section 2.3: an error carries any value; pcall returns it untouched.
local t = {code = 7}
print(pcall(error))
print(pcall(error, nil))
print(select("#", pcall(error)))
print(pcall(error, "plain", 0))
print(select(2, pcall(error, t)) == t, select(2, pcall(error, t)).code)
print(pcall(error, 42), pcall(error, true), pcall(error, 1.5))
print(select(2, pcall(error, print)) == print)
local ok, e = pcall(function() error(setmetatable({}, {__tostring = function() return "obj" end})) end)
print(ok, type(e), tostring(e))

