-- Lua 5.3 manual, section 2.6: yields inside every metamethod that Lua code can trigger.
local yield = coroutine.yield
local mt = {}
for _, e in ipairs {"add", "sub", "mul", "div", "mod", "pow", "idiv", "band", "bor", "bxor", "shl", "shr", "unm", "bnot", "concat", "len", "index", "call"} do
  mt["__" .. e] = function(...) return yield(e) end
end
mt.__eq = function() return yield("eq") end
mt.__lt = function() return yield("lt") end
mt.__le = function() return yield("le") end
mt.__newindex = function(_, k, v) yield("newindex " .. k .. tostring(v)) end
local a, b = setmetatable({}, mt), setmetatable({}, mt)
local co = coroutine.wrap(function()
  local r = {a + b, a - 1, 2 * a, a / b, a % b, a ^ b, a // b, a & b, a | 1, 1 ~ a, a << b, a >> 1, -a, ~a, a .. b, #a, a.field, a(1)}
  a.x = "v"; a[1] = 2
  local c = {a == b, a ~= b, a < b, a > b, a <= b, a >= b}
  if a < b then r[#r + 1] = "lt taken" else r[#r + 1] = "lt not taken" end
  if a == b then r[#r + 1] = "eq taken" else r[#r + 1] = "eq not taken" end
  for i = 1, #c do r[#r + 1] = tostring(c[i]) end
  r[#r + 1] = "x" .. a .. "y"
  r[#r + 1] = a.b.c
  return table.concat(r, ",")
end)
local n, result = 0, co()
while true do
  n = n + 1
  io.write(tostring(result), " ")
  local reply = n % 3 == 0 and a or n
  if result == "eq" or result == "lt" or result == "le" then reply = n % 2 == 0 end
  if result == "concat" or result == "len" or result == "index" or result == "call" then reply = "r" .. n end
  if result == "index" and n > 25 then reply = setmetatable({}, {__index = function() return "deep" end}) end
  if type(reply) == "table" and result ~= "index" then reply = n end
  result = co(reply)
  if #tostring(result) > 20 then break end
end
print()
print(result)

