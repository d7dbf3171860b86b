-- Plain switches between coroutines, values in both directions, a round-robin scheduler.
local create, resume, yield = coroutine.create, coroutine.resume, coroutine.yield
local echo = create(function(v) while true do v = yield(v + 1) end end)
local sum = 0
for i = 1, 1500000 do local _, v = resume(echo, i) sum = sum + v end
local tasks = {}
for t = 1, 50 do tasks[t] = create(function() local n = 0 for i = 1, 16000 do n = n + i yield() end return n end) end
local live = #tasks
while live > 0 do
  for t = 1, #tasks do
    local co = tasks[t]
    if co then
      local _, n = resume(co)
      if n then sum = sum + n tasks[t] = false live = live - 1 end
    end
  end
end
print("switches", sum)
assert(sum == 1131402650000)
