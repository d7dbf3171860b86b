-- Lua 5.3 manual, sections 2.6 and 3.5: coroutines share upvalues with their creators and each other.
local n = 0
local function worker(name, k)
  return coroutine.wrap(function() for i = 1, k do n = n + 1; coroutine.yield(name .. n) end end)
end
local a, b = worker("a", 3), worker("b", 3)
print(a(), b(), a(), b(), a(), b(), n)
local get
local co = coroutine.wrap(function()
  local v = 1
  get = function() v = v + 1; return v end
  coroutine.yield(v)
  v = v + 100
  coroutine.yield(v)
end)
print(co(), get(), get(), co(), get())

