-- Lua 5.3 manual, section 6.6 (concat, pack, unpack).
print(table.concat({}), table.concat({1, 2, 3}), table.concat({1, 2, 3}, ", "), table.concat({1, 2, 3}, "-", 2), table.concat({1, 2, 3}, "-", 2, 3), table.concat({1, 2, 3}, "-", 3, 2), table.concat({1.5, "x", -0.0}, " "), table.concat({"a"}, "sep"), table.concat({1, 2}, 0)) print(#table.concat({("x"):rep(100), ("y"):rep(100)}, "\0"), table.concat({[5] = "five"}, "", 5, 5), table.concat({[math.maxinteger] = "last"}, ",", math.maxinteger, math.maxinteger))
for _, a in ipairs {{{{}}}, {{1, nil, 3}, ",", 1, 3}, {{true}}, {{1, print}}, {{}, {}}, {{1}, ",", "x"}, {{1, 2}, ",", 1, 3}, {{}, ",", 1, 1}, {"x"}} do print(pcall(table.concat, table.unpack(a, 1, 4))) end print(pcall(table.concat))
print(table.unpack({1, 2, 3})) print(table.unpack({1, 2, 3}, 2)) print(table.unpack({1, 2, 3}, 2, 5)) print(table.unpack({}, 1, 3)) print(table.unpack({1, 2}, -1, 1)) print(select("#", table.unpack({}, 1, 0)), select("#", table.unpack({n = 3}))) print(table.unpack({1, 2}, "1", 2.0)) print(select("#", table.unpack({}, math.maxinteger, math.maxinteger)), select("#", table.unpack({}, math.mininteger, math.mininteger))) for _, a in ipairs {{{}, 1, 1e8}, {{}, math.mininteger, math.maxinteger}, {{}, 1, math.maxinteger}, {{}, "x"}, {{}, 1.5}} do print(pcall(table.unpack, table.unpack(a))) end print(pcall(table.unpack)) print((pcall(table.unpack, "x")))
local p = table.pack() print(p.n, #p) p = table.pack(nil, nil) print(p.n) p = table.pack(1, nil, 3) print(p.n, p[1], p[2], p[3]) print(table.unpack(table.pack("a", "b"), 1, 2))


-- Ranges whose length no integer holds.
print(select("#", table.unpack({1}, math.maxinteger, math.mininteger)))
print(select("#", table.unpack({1}, 1, math.mininteger)))
print(select("#", table.unpack({1}, math.maxinteger, math.maxinteger)))
print(pcall(table.unpack, {1}, math.mininteger, math.maxinteger))
print(pcall(table.unpack, {1}, 0, math.maxinteger))
print(pcall(table.unpack, {1}, math.mininteger, 0))
