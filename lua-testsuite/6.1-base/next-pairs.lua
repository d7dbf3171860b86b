-- Lua 5.3 manual, section 6.1 (next, pairs, ipairs).
local t = {10, 20, 30, x = 1} local n, s = 0, 0 for k, v in pairs(t) do n, s = n + 1, s + v end print(n, s)
print(next({}), next({5}), next({5}, 1), rawequal(next, (pairs({})))) local f, st, c = ipairs(t) print(type(f), st == t, c) print(f(t, 0), f(t, 2)) print(f(t, 3)) print(f(t, 10))
for i, v in ipairs({1, 2, nil, 4}) do io.write(i, " ") end print() for i in ipairs({}) do error("no") end for i in ipairs({nil, 1}) do error("no") end
print(pcall(next)) print(pcall(next, nil)) print(pcall(next, {}, 1)) print(pcall(next, {a = 1}, "b")) print(pcall(pairs)) print(pcall(ipairs)) print(pcall(ipairs({}), nil, 1)) print((pcall(next, "x")))
local keys = {} for k in pairs {a = 1, b = 2, c = 3, 1, 2, [2.5] = 1, [true] = 1} do keys[#keys + 1] = tostring(k) end table.sort(keys) print(table.concat(keys, " "))
local big = {} for i = 1, 1000 do big["k" .. i] = i end n = 0 for k, v in pairs(big) do assert(k == "k" .. v) n = n + 1 end print(n) for k in next, big do big[k] = nil end print(next(big))
local a = {} for i = 1, 10 do a[i] = i end a[5] = nil n = 0 for _ in pairs(a) do n = n + 1 end print(n) local seq = {} for i, v in pairs {"a", "b", "c"} do seq[#seq + 1] = i .. v end print(table.concat(seq, " "))

