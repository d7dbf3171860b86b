-- Lua 5.3 manual, section 6.1 (collectgarbage) and 2.5: options and their results.
print(collectgarbage(), collectgarbage("collect"))
print(math.type(collectgarbage("count")), collectgarbage("count") > 0)
print(collectgarbage("isrunning"), collectgarbage("stop"), collectgarbage("isrunning"), collectgarbage("restart"), collectgarbage("isrunning"))
local p = collectgarbage("setpause", 150)
print(p, collectgarbage("setpause", p))
local m = collectgarbage("setstepmul", 300)
print(m, collectgarbage("setstepmul", m))
print(type(collectgarbage("step")), type(collectgarbage("step", 10)))
repeat until collectgarbage("step", 100)
print(pcall(collectgarbage, "nope"))
print(pcall(collectgarbage, {}))
print(pcall(collectgarbage, "step", "x"))
local before = collectgarbage("count")
local t = {}
for i = 1, 1000 do t[i] = {i} end
assert(collectgarbage("count") > before + 30)
t = nil
collectgarbage()
assert(collectgarbage("count") < before + 30)

