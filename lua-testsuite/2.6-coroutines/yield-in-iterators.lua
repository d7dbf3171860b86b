-- Lua 5.3 manual, section 2.6: iterators of the generic for may yield.
local function gen(n) return coroutine.wrap(function() for i = 1, n do coroutine.yield(i, i * i) end end) end
for i, sq in gen(4) do io.write(i, ":", sq, " ") end
print()
local co = coroutine.wrap(function()
  local sum = 0
  for v in function(_, c) local got = coroutine.yield("want"); return got end do sum = sum + v end
  return "sum", sum
end)
print(co())
print(co(5))
print(co(7))
print(co(nil))

