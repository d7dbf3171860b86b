-- Only here: `__tostring` and `__name` look-ups of tostring, print and string.format may yield.
local run, yield = dofile("wippy/modules/driver.lua")
local o = setmetatable({}, {__tostring = function() return yield("shown") end})
run("tostring", function() return tostring(o) end)
run("format", function() return ("%s and %5s|%-8s|"):format(o, "x", o) end)
run("print", function() print(o, "after") end)
run("bad result", function()
  return pcall(tostring, setmetatable({}, {__tostring = function() yield("then a number") return 1 end}))
end)
