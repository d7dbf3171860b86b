-- Only here: the message handler of xpcall may yield.
local run, yield = dofile("wippy/modules/driver.lua")
run("handler", function() return xpcall(error, function(m) return yield("handling " .. m) end, "e", 0) end)
run("handler of a run-time error", function()
  return xpcall(function() local t = nil; return t.x end, function(m) yield("first") return yield((m:gsub("^.-:%d+: ", ""))) end)
end)
run("both", function()
  return xpcall(function() yield("in function") error("e", 0) end, function(m) return yield("in handler: " .. m) end)
end)
