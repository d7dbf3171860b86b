-- Lua 5.3 manual, section 6.1 (next, pairs, ipairs).
local t = {10, 20, 30, x = 1} local n, s = 0, 0 for k, v in pairs(t) do n, s = n + 1, s + v end print(n, s)
print(next({}), next({5}), next({5}, 1), rawequal(next, (pairs({})))) local f, st, c = ipairs(t) print(type(f), st == t, c) print(f(t, 0), f(t, 2)) print(f(t, 3)) print(f(t, 10))
for i, v in ipairs({1, 2, nil, 4}) do io.write(i, " ") end print() for i in ipairs({}) do error("no") end for i in ipairs({nil, 1}) do error("no") end
print(pcall(next)) print(pcall(next, nil)) print(pcall(next, {}, 1)) print(pcall(next, {a = 1}, "b")) print(pcall(pairs)) print(pcall(ipairs)) print(pcall(ipairs({}), nil, 1)) print((pcall(next, "x")))
local keys = {} for k in pairs {a = 1, b = 2, c = 3, 1, 2, [2.5] = 1, [true] = 1} do keys[#keys + 1] = tostring(k) end table.sort(keys) print(table.concat(keys, " "))
local big = {} for i = 1, 1000 do big["k" .. i] = i end n = 0 for k, v in pairs(big) do assert(k == "k" .. v) n = n + 1 end print(n) for k in next, big do big[k] = nil end print(next(big))
local a = {} for i = 1, 10 do a[i] = i end a[5] = nil n = 0 for _ in pairs(a) do n = n + 1 end print(n) local seq = {} for i, v in pairs {"a", "b", "c"} do seq[#seq + 1] = i .. v end print(table.concat(seq, " "))


-- The order of a traversal is not defined; programs rely on it all the same where keys are numbers.
for _, t in ipairs{
  {[0] = "a", "b", "c", [10] = "d", [20] = "e", [30] = "f"}, {[100] = 1, [200] = 2, [300] = 3, [404] = 4, [500] = 5},
  {[-1] = 1, [0] = 2, [1] = 3}, {[3] = 1, [2] = 2, [1] = 3}, {[true] = 1, [false] = 2}, {[2^53] = 1, [2^40] = 2, [2^20] = 3},
  {[0.5] = 1, [1.5] = 2, [2.5] = 3, [1e300] = 4, [-1e-310] = 5, [1/0] = 6, [-1/0] = 7, [-0.25] = 8},
} do
  local keys = {}
  for k in pairs(t) do keys[#keys + 1] = tostring(k) end
  print(table.concat(keys, " "))
end
local months = {}
for n = 23, 0, -1 do months[n] = n end
months[0] = nil
local order = {}
for n in pairs(months) do order[#order + 1] = n end
print(table.concat(order, " "))
