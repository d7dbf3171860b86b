-- Lua 5.3 manual, section 2.4: __lt and __le; without __le, not (b < a) is tried; results become booleans.
local mt = {__lt = function(a, b)
  local x = type(a) == "table" and a.v or a
  local y = type(b) == "table" and b.v or b
  return x < y and "yes" or nil
end}
local function new(v) return setmetatable({v = v}, mt) end
local a, b = new(1), new(2)
print(a < b, b < a, a > b, b > a, a < 5, 0 < a, a > 0)
print(a <= b, b <= a, a >= b, b >= a, a <= a)
mt.__le = function(x, y) return "le called" end
print(a <= b, b <= a, a >= b)
print(pcall(function() return {} < {} end))
print(pcall(function() return {} < 1 end))
print(pcall(function() return 1 < "2" end))
print(pcall(function() return "a" < 1 end))
print(pcall(function() return nil > 1 end))
print(pcall(function() return true <= false end))
print(pcall(function() return print < print end))
print(pcall(function() return a < nil end))

