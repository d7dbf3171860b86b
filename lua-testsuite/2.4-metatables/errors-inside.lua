-- Lua 5.3 manual, section 2.4: an error in a metamethod is an error of the operation.
local mt = {}
for _, e in ipairs {"add", "concat", "len", "eq", "lt", "le", "index", "newindex", "call", "unm", "band"} do
  mt["__" .. e] = function() error(e, 0) end
end
local a, b = setmetatable({}, mt), setmetatable({}, mt)
print(pcall(function() return a + b end))
print(pcall(function() return a .. b end))
print(pcall(function() return #a end))
print(pcall(function() return a == b end))
print(pcall(function() return a < b end))
print(pcall(function() return a <= b end))
print(pcall(function() return a.x end))
print(pcall(function() a.x = 1 end))
print(pcall(function() return a() end))
print(pcall(function() return -a end))
print(pcall(function() return a & 1 end))
print(pcall(function() for _ in a do end end))

