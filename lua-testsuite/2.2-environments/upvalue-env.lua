-- Lua 5.3 manual, section 2.2: _ENV is an ordinary upvalue and can be replaced or shared.
local function f() return value end
value = "global"
print((debug.getupvalue(f, 1)))
do local env = {value = "replaced"}
  local function holder() return env end
  debug.upvaluejoin(f, 1, holder, 1)
  env = {value = "reassigned"}
end
print(f())
local g = load("return value")
print(debug.setupvalue(g, 1, {value = "set"}), g())
local function nested() return function() return function() return value end end end
print(nested()()())
local t = {}
do local _ENV = setmetatable({}, {__index = _ENV, __newindex = function(_, k, v) t[#t + 1] = k .. "=" .. tostring(v) end})
  a = 1; b = 2; function c() end; local d = 3
end
print(#t, t[1], t[2], t[3]:match("^c=function"))
