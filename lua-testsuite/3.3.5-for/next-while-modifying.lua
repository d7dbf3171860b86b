-- Lua 5.3 manual, sections 3.3.5 and 6.1 (next): fields may be changed or cleared while traversing.
local t = {}
for i = 1, 50 do t[i] = i; t["k" .. i] = i end
local n, sum = 0, 0
for k, v in pairs(t) do n = n + 1; sum = sum + v; t[k] = nil end
print(n, sum, next(t))
for i = 1, 20 do t[i] = i end
for k in pairs(t) do t[k] = t[k] * 2 end
local s = 0
for _, v in pairs(t) do s = s + v end
print(s)
print(pcall(next, {}, "absent"))
print(pcall(next, {1, 2}, 3))
print(next({}), next({10}), next({10}, 1))
print(pcall(next)) print(pcall(next, 5))
local order = {}
for i, v in ipairs {5, 4, nil, 3} do order[#order + 1] = v end
print(#order)

