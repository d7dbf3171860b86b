-- Lua 5.3 manual, section 2.4: __band, __bor, __bxor, __bnot, __shl, __shr; also called for floats without integer value.
local mt = {}
local function show(v) return type(v) == "table" and "obj" or tostring(v) end
for _, e in ipairs {"band", "bor", "bxor", "shl", "shr", "bnot"} do
  mt["__" .. e] = function(a, b) return e .. "(" .. show(a) .. "," .. show(b) .. ")" end
end
local o = setmetatable({}, mt)
print(o & 1, 1 & o, o | 1, 1 | o, o ~ 1, 1 ~ o, o << 1, 1 << o, o >> 1, 1 >> o, ~o)
print(o & 1.5, 1.5 | o, "a" & o, o ~ nil)
print(pcall(function() return 1.5 & 1 end))
print(pcall(function() return "a" | 1 end))
print(pcall(function() return {} << 1 end))
print(pcall(function() return ~"x" end))
print("3" & 1, "0x10" | 1, 2.0 << 1, "2.0" << 1)

