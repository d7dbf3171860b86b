-- Lua 5.3 manual, section 2.4: __div, __mod, __pow, __unm, __idiv.
local mt = {}
local function show(v) return type(v) == "table" and "obj" or tostring(v) end
for _, e in ipairs {"div", "mod", "pow", "idiv"} do
  mt["__" .. e] = function(a, b) return e .. "(" .. show(a) .. "," .. show(b) .. ")" end
end
mt.__unm = function(a, b) return "unm(" .. show(a) .. "," .. show(b) .. ")" end
local o = setmetatable({}, mt)
print(o / 2, 2 / o, o % 2, 2 % o, o ^ 2, 2 ^ o, o // 2, 2 // o, -o)
print(o / 2.5, 2.5 / o, o // 2.5, "8" / o, o // "8")
print(-o == "unm(obj,obj)")
print(pcall(function() local t = {}; return -t end))

