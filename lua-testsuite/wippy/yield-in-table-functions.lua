-- Only here: metamethods called by the table library may yield.
local run, yield = dofile("wippy/modules/driver.lua")
-- The order of accesses is the reference implementation's.
local function proxy(store)
  return setmetatable({}, {
    __index = function(_, k) yield("get", k) return store[k] end,
    __newindex = function(_, k, v) yield("set", k, v) store[k] = v end,
    __len = function() return yield(#store) end,
  })
end
run("concat", function() return table.concat(proxy {"a", "b"}, "-") end)
run("insert", function() local s = {1, 2} table.insert(proxy(s), 1, 0) return table.unpack(s) end)
run("append", function() local s = {1} table.insert(proxy(s), 9) return table.unpack(s) end)
run("remove", function() local s = {1, 2, 3} local r = table.remove(proxy(s), 1) return r, #s end)
run("unpack", function() return table.unpack(proxy {7, 8}) end)
run("move", function() local s = {1, 2} table.move(proxy(s), 1, 2, 2) return table.unpack(s) end)
