-- Lua 5.3 manual, section 2.5: closures, upvalues and suspended coroutines are collected when unreachable.
local weak = setmetatable({}, {__mode = "v"})
do
  local big = {}
  weak.up = big
  weak.fn = function() return big end
  weak.co = coroutine.create(function() local mine = {}; weak.mine = mine; coroutine.yield(); return mine end)
  coroutine.resume(weak.co)
end
collectgarbage()
print(weak.up, weak.fn, weak.co, weak.mine)
local keep = coroutine.wrap(function() local mine = {}; weak.held = mine; coroutine.yield(); return mine end)
keep()
collectgarbage()
print(weak.held ~= nil)
print(keep() == weak.held)

