-- Manual 2.5.1, 3.4.4: a function may be the same object again when it captures the same variables, but never one
-- that was collected meanwhile; also in a chunk that only a finalizer keeps alive.
local log = {}
for _ = 1, 50 do
  local chunk = load([[
    local log = ...
    local function make() return function() return log end end
    make()
    return function() log[#log + 1] = make()() == log and make()()[1] end]])
  setmetatable({}, {__gc = chunk(log)})
  chunk = nil
  log[1] = true
  collectgarbage()
end
print(#log)
for i = 1, #log do assert(log[i] == true, i) end

local function same()
  local a = {}
  for i = 1, 5 do a[i] = function(x) return x + #a end end
  return a[3] == a[4] and a[4] == a[5]
end
local function different()
  local a = {}
  for i = 1, 5 do a[i] = function() return i end end
  return a[3] ~= a[4] and a[4] ~= a[5]
end
collectgarbage("stop") -- in the middle of a cycle the reference implementation may forget one
print(same())
collectgarbage("restart")
print(different())
for _ = 1, 200 do
  local garbage = {}
  for i = 1, 20 do garbage[i] = function() return garbage end end
  assert(garbage[20]() == garbage and garbage[1]() == garbage)
end
