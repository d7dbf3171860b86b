-- Lua 5.3 manual, section 2.5.2: weak keys; strings and numbers are values and never removed.
local t = setmetatable({}, {__mode = "k"})
t[{}] = 1; t["s"] = 2; t[3] = 3; t[1.5] = 4; t[true] = 5
local key = {}
t[key] = "kept"
collectgarbage()
local n = 0
for _ in pairs(t) do n = n + 1 end
print(n, t.s, t[3], t[1.5], t[true], t[key])
key = nil
collectgarbage()
n = 0
for _ in pairs(t) do n = n + 1 end
print(n)

