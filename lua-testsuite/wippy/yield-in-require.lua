-- Only here: a required chunk, a loader and a searcher may yield.
YIELD = coroutine.yield
local run, yield = dofile("wippy/modules/driver.lua")
package.path = "./wippy/modules/?.lua"
run("chunk", function() return require("yielding").name, package.loaded.yielding.name end)
run("preload", function()
  package.preload.pre = function(name) return yield("loading " .. name) end
  return require("pre"), require("pre")
end)
run("searcher", function()
  table.insert(package.searchers, 1, function(name)
    if yield(name) == "found" then return function(...) return yield("loader of " .. (...)) end end
  end)
  return require("found")
end)
run("dofile", function() return dofile("wippy/modules/yielding.lua").name end)
run("error", function() return pcall(require, "yield_and_fail") end)
