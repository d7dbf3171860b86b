-- Lua 5.3 manual, section 2.4: __add, __sub, __mul: left operand's handler first, then the right one's.
local function named(n)
  local mt = {}
  for _, e in ipairs {"add", "sub", "mul"} do
    mt["__" .. e] = function(a, b)
      return n .. "." .. e .. "(" .. tostring(type(a) == "table" and a.n or a) .. "," ..
        tostring(type(b) == "table" and b.n or b) .. ")"
    end
  end
  return setmetatable({n = n}, mt)
end
local a, b = named("A"), named("B")
print(a + b, b + a, a + 1, 1 + a, a + "x", "x" + a, a + nil)
print(a - b, 1 - a, a - 1.5, 2 - b)
print(a * b, 3 * a, a * 3, "10" * b)
print(pcall(function() return {} + 1 end))
print(pcall(function() local t = {}; return t * 2 end))

