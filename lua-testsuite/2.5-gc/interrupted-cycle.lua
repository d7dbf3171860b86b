-- A complete collection that the program asks for in the middle of a cycle: what was marked before it became garbage is
-- gone from weak tables before the finalizer of what held it runs.
for steps = 0, 300 do
  local done, seen = false, nil
  local held = {x = 10}
  local values = setmetatable({key = held}, {__mode = "v"})
  local holder = setmetatable({x = held}, {__gc = function() done, seen = true, values.key end})
  local chain = {holder = holder}
  holder = nil
  for _ = 1, 300 do
    chain = {next = chain}
  end
  collectgarbage()
  collectgarbage("stop")
  for _ = 1, steps do
    collectgarbage("step", 0)
  end
  local last = chain
  while last.next do
    last = last.next
  end
  last.holder, held = nil
  collectgarbage()
  collectgarbage("restart")
  assert(done and not seen, steps)
end

-- What is entered after the collection was asked for ends in time, too.
local ended = 0
do
  local list = {}
  for i = 1, 100 do
    list[i] = setmetatable({}, {__gc = function() ended = ended + 1 end})
  end
  collectgarbage("step", 0)
end
collectgarbage()
assert(ended == 100)
print("ok")
