-- Lua 5.3 manual, section 2.6: a coroutine may yield inside pcall and xpcall, and errors after that are still caught.
local co = coroutine.wrap(function(...)
  print("start", ...)
  print("pcall gives", pcall(function(a)
    local b = coroutine.yield("in pcall", a)
    print("resumed with", b)
    error("after yield", 0)
  end, "arg"))
  print("xpcall gives", xpcall(function()
    coroutine.yield("in xpcall")
    local t = nil
    return t.x
  end, function(m) return "handled: " .. m end))
  print("nested", pcall(pcall, function() error(coroutine.yield("nested"), 0) end))
  return "done"
end)
print(co(1, 2))
print(co("b"))
print(co())
print(co("nested error"))

