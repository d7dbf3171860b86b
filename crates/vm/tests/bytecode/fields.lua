-- field and index access by constant; upvalues as tables
local t, k = {}, ...
t.x, t.y = t.y, t.x
t[1] = t[255]
t[256] = t[-1]
t[1.0] = t[k]
t[nil] = t[true]
t.a.b.c = t["a"]["b"]
x = y
t.x = nil
t.x = 1.5
t[k] = false
local function up()
  t.x = t.y
  t[k] = t[1]
  k = t
  x = t[k]
end
do
  local _ENV = { x = 1 }
  x = x + 1
end
local function env(_ENV) return x end
