-- Lua 5.3 manual, section 2.4: __concat when an operand is neither a string nor a number; right to left.
local log = {}
local function show(v) return type(v) == "table" and v.n or tostring(v) end
local mt = {__concat = function(a, b) log[#log + 1] = show(a) .. "|" .. show(b); return "<" .. show(a) .. show(b) .. ">" end}
local a, b = setmetatable({n = "A"}, mt), setmetatable({n = "B"}, mt)
print(a .. b, a .. "x", "x" .. a, 1 .. a, a .. 2.5)
print("x" .. "y" .. a, a .. "x" .. "y", "p" .. a .. "q" .. b .. "r")
print(table.concat(log, "; "))
print(pcall(function() return "a" .. {} end))
print(pcall(function() return {} .. "a" end))
print(pcall(function() return nil .. "a" end))
print(pcall(function() local t = {x = {}}; return "v" .. t.x end))
print(1 .. 2, 1.0 .. "", -0.0 .. "", 2^63 .. "")

