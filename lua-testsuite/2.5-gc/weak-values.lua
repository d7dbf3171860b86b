-- Lua 5.3 manual, section 2.5.2: weak values are removed once nothing else refers to them.
local t = setmetatable({}, {__mode = "v"})
t[1] = {}; t.x = {}; t.keep = "string"; t.n = 5; t.f = 1.5; t[true] = true
local strong = {}
t.strong = strong
t[2] = strong
collectgarbage()
print(t[1], t.x, t.keep, t.n, t.f, t[true], t.strong == strong, t[2] == strong)
strong = nil
collectgarbage()
print(t.strong, t[2])
local n = 0
for i = 1, 100 do t[i] = {} end
for i = 1, 100 do t[i + 100] = i end
collectgarbage()
for _ in pairs(t) do n = n + 1 end
print(n)

