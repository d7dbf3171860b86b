-- Coroutines: generators, resumes, many short ones.
local s = 0
for v in coroutine.wrap(function() for i = 1, 30000 do coroutine.yield(i) end end) do s = s + v end
for i = 1, 3000 do
  local co = coroutine.create(function(a) return a + coroutine.yield(a) end)
  local _, first = coroutine.resume(co, i)
  local _, second = coroutine.resume(co, 1)
  s = s + first + second
end
assert(s == 459021000, s)
