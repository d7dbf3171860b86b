-- Only here: `__pairs`, and `__index` as seen by ipairs, may yield.
local run, yield = dofile("wippy/modules/driver.lua")
run("__pairs", function()
  local r = {}
  local t = setmetatable({}, {__pairs = function() yield("start") return next, {k = "v"}, nil end})
  for k, v in pairs(t) do r[#r + 1] = k .. v end
  return table.concat(r)
end)
run("ipairs", function()
  local r = {}
  local t = setmetatable({}, {__index = function(_, k) yield("get", k) if k < 4 then return k * k end end})
  for i, v in ipairs(t) do r[#r + 1] = i .. ":" .. v end
  return table.concat(r, " ")
end)
run("gmatch body", function() for w in ("x y"):gmatch("%a") do yield(w) end end)
run("lines body", function()
  for l in io.lines("wippy/modules/yielding.lua") do yield(#l) end
end)
run("next in a wrapped iterator", function()
  local outer = coroutine.wrap(function() for i = 1, 2 do coroutine.yield(i) end end)
  for v in outer do yield("outer", v) end
end)
