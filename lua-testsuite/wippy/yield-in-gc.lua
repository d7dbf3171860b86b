-- A finalizer may yield: the coroutine that was running when it was called is suspended inside it.
local log = {}
local function say(...) log[#log + 1] = table.concat({...}, " ") end
local co = coroutine.create(function(a)
  setmetatable({}, {__gc = function()
    say("begin", tostring(pcall(coroutine.yield, "from the finalizer")))
    say("resumed", coroutine.yield("again"))
  end})
  collectgarbage()
  say("after", a)
  return coroutine.yield("from the body")
end)
print(coroutine.resume(co, "x"))
print(coroutine.status(co), #log)
print(coroutine.resume(co))
print(coroutine.resume(co, "y"))
print(coroutine.resume(co, "z"))
print(coroutine.status(co))
print(table.concat(log, "; "))
-- An error after the yield is reported as any error of a finalizer.
co = coroutine.wrap(function()
  setmetatable({}, {__gc = function() coroutine.yield(1) error("lost") end})
  collectgarbage()
  return "body"
end)
print(co(), pcall(co))
