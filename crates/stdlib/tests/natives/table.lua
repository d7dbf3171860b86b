-- Lists, plain and behind metamethods.
local function proxy(t, log)
  return setmetatable({}, {
    __len = function() return #t end,
    __index = function(_, k) if log then io.write("get ", tostring(k), " ") end return t[k] end,
    __newindex = function(_, k, v) if log then io.write("set ", tostring(k), "=", tostring(v), " ") end t[k] = v end,
  })
end
for _, wrap in ipairs { function(t) return t end, proxy, function(t) return proxy(t, true) end } do
  local items = { "a", "b", "c" }
  local t = wrap(items)
  table.insert(t, "d") table.insert(t, 1, "z") table.insert(t, 3, "y") print(table.concat(items, " "))
  print(table.remove(t), table.remove(t, 1), table.remove(t, 2), table.concat(items, " "))
  print(table.concat(t), table.concat(t, ", "), table.concat(t, ", ", 2), table.concat(t, ", ", 2, 2), table.concat(t, "x", 3, 2))
  print(table.unpack(t)) print(table.unpack(t, 2)) print(table.unpack(t, 2, 5)) print(table.unpack(t, 3, 1))
  print(table.concat(table.move(t, 1, 3, 2), " ")) print(table.concat(table.move(t, 2, 4, 1), " ", 1, 3))
  print(table.concat(table.move(t, 1, 3, 3, {}), " ", 3), #items)
end
print(table.remove({}), table.remove({}, 0), table.remove({ 1, 2 }, 3), #table.pack(), table.pack(nil, nil).n)
local t = { 10, 20, 30, nil } t[6] = 60 table.insert(t, 2, 15) print(t[1], t[2], t[3], t[4])
local holes = { n = 3, [1] = "x", [3] = "z" } print(table.unpack(holes, 1, holes.n))
print(table.concat({ 1, 2.5, "x", 3.0 }, " "), table.concat({}, "x"), #table.concat({ ("y"):rep(1000), ("z"):rep(1000) }, "-"))
print(table.unpack({ 1, 2, 3 }, -1, 1), table.unpack({}, 1, 3), select("#", table.unpack({}, 1, 100)))
print(table.unpack({ [math.maxinteger] = "last" }, math.maxinteger, math.maxinteger))
print(table.concat({ [math.maxinteger] = "end" }, "x", math.maxinteger, math.maxinteger))
for _, case in ipairs {
  { table.insert, {}, 5, 1 }, { table.insert, {}, 0, 1 }, { table.insert, {} }, { table.insert, {}, 1, 2, 3 }, { table.insert, nil, 1 },
  { table.remove, { 1, 2 }, 5 }, { table.concat, { 1, {}, 3 } }, { table.concat, { 1 }, ",", 1, 2 }, { table.concat, 5 },
  { table.unpack, {}, 1, 1e8 }, { table.unpack, {}, math.mininteger, math.maxinteger }, { table.move, {}, 1, math.maxinteger, 2 },
  { table.move, {}, -1, math.maxinteger, 2 }, { table.move, {}, 1, 2 }, { table.insert, {}, "x", 1 },
  { table.insert, setmetatable({}, { __len = function() return "x" end }), 1 }, { table.concat, setmetatable({}, { __len = function() return 1.5 end }) },
  { table.concat, proxy({ 1, true }), "," }, { table.insert, setmetatable({}, { __newindex = function() error("no", 0) end }), 1 },
} do print(pcall(table.unpack(case, 1, 5))) end
