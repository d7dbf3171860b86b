-- Lua 5.3 manual, section 6.6 (insert, remove): positions, shifting, bounds.
local function show(t) return table.concat(t, ",") end
local t = {} table.insert(t, "a") table.insert(t, 1, "b") table.insert(t, 2, "c") table.insert(t, 4, "d") print(show(t), #t) print(select("#", table.insert(t, "e")))
print(table.remove(t), table.remove(t, 1), table.remove(t, 2), show(t)) print(table.remove({}), table.remove({}, 0), table.remove({}, #{}), select("#", table.remove({}))) print(table.remove(t, #t + 1), show(t)) t[0] = "zero" print(table.remove({[0] = "z"}, 0))
for _, a in ipairs {{{}, 5, "x"}, {{}, 0, "x"}, {{1, 2}, -1, "x"}, {{1, 2}, 4, "x"}, {{}}, {{}, 1, 2, 3}, {nil, 1}, {5, 1}, {{}, "x", 1}, {{}, 1.5, 1}} do print(pcall(table.insert, table.unpack(a, 1, #a < 2 and 2 or #a))) end for _, a in ipairs {{{1, 2}, 5}, {{1, 2}, -1}, {{1, 2}, 0}, {{1, 2}, 3}, {{1}, "x"}, {{}, 1}} do print(pcall(table.remove, a[1], a[2])) end print(pcall(table.insert)) print(pcall(table.insert, {})) print(pcall(table.remove)) print(pcall(table.insert, {1, 2, 3}, 2)) print(pcall(table.insert, {}, 1, nil))
local q = {} for i = 1, 100 do table.insert(q, 1, i) end print(q[1], q[100]) for i = 1, 50 do table.remove(q, 1) end print(q[1], #q)

