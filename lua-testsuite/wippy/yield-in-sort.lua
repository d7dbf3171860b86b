-- Only here: a comparator of table.sort, given or `__lt`, may yield.
local run, yield = dofile("wippy/modules/driver.lua")
run("comparator", function()
  local t = {2, 1}
  table.sort(t, function(a, b) yield("compare") return a < b end)
  return table.concat(t, " ")
end)
run("__lt", function()
  local mt = {__lt = function(a, b) yield("compare") return a.v < b.v end}
  local t = {setmetatable({v = 2}, mt), setmetatable({v = 1}, mt)}
  table.sort(t)
  return t[1].v, t[2].v
end)
run("many", function()
  local t = {}
  for i = 1, 500 do t[i] = i * 7919 % 503 end
  local sorting = coroutine.wrap(function()
    table.sort(t, function(a, b) yield("again") return a < b end)
    return "sorted"
  end)
  repeat until sorting() == "sorted"
  for i = 2, #t do assert(t[i - 1] <= t[i]) end
  return #t
end)
run("error after a yield", function()
  return pcall(table.sort, {2, 1}, function() yield("before") error("failed", 0) end)
end)
