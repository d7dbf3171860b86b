-- Lua 5.3 manual, section 2.6: tail calls, varargs and closures keep working across yields.
local co = coroutine.wrap(function(...)
  local function loop(n, ...) if n == 0 then return ... end; coroutine.yield(n); return loop(n - 1, n, ...) end
  return loop(3, ...)
end)
print(co("x")); print(co()); print(co()); print(co())
local fib = coroutine.wrap(function() local a, b = 0, 1; while true do coroutine.yield(a); a, b = b, a + b end end)
local t = {}
for i = 1, 20 do t[i] = fib() end
print(table.concat(t, " "))
local ret = coroutine.wrap(function() return coroutine.yield(1, 2) end)
print(ret()); print(ret("a", "b"))
local inargs = coroutine.wrap(function() print(1, coroutine.yield("arg"), 3, coroutine.yield("last")) return "end" end)
print(inargs()); print(inargs("two")); print(inargs("four", "five"))
local inctor = coroutine.wrap(function() return #{coroutine.yield("a"), k = coroutine.yield("b"), coroutine.yield("c")} end)
print(inctor()); print(inctor(1)); print(inctor(2)); print(inctor(3, 4, 5))
