-- Only here: the reader function of load may yield, and so may loaded chunks.
YIELD = coroutine.yield
local run, yield = dofile("wippy/modules/driver.lua")
run("reader", function()
  local parts, i = {"return ", "1", " + 2"}, 0
  local f = load(function() i = i + 1 return yield(parts[i]) end)
  return f()
end)
run("reader fails", function() return load(function() error(yield("reader"), 0) end) end)
run("syntax error", function()
  local parts, i = {"return", " return"}, 0
  return load(function() i = i + 1 return yield(parts[i]) end, "=pieces")
end)
run("loaded chunk", function() return load("return YIELD('in chunk') .. '!'")() end)
