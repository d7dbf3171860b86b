-- Lua 5.3 manual, section 2.6: pipelines of coroutines.
local function producer(n) return coroutine.create(function() for i = 1, n do coroutine.yield("line " .. i) end end) end
local function filter(source)
  return coroutine.create(function()
    local n = 1
    while true do
      local ok, v = coroutine.resume(source)
      if not v then return end
      coroutine.yield(("%3d %s"):format(n, v))
      n = n + 1
    end
  end)
end
local f = filter(filter(producer(3)))
while true do
  local ok, v = coroutine.resume(f)
  if not v then break end
  print(v)
end
local function permgen(a, n)
  if n <= 1 then coroutine.yield(a) else
    for i = 1, n do a[n], a[i] = a[i], a[n]; permgen(a, n - 1); a[n], a[i] = a[i], a[n] end
  end
end
for p in coroutine.wrap(function() permgen({"a", "b", "c"}, 3) end) do print(table.concat(p, " ")) end

