-- Lua 5.3 manual, section 2.5.2: the value of a weak key is reachable only if the key is, chains and cycles included.
local e = setmetatable({}, {__mode = "k"})
local function count(t) local n = 0; for _ in pairs(t) do n = n + 1 end return n end
for i = 1, 10 do local k = {}; e[k] = {k} end
collectgarbage()
print(count(e))
local first = {}
local k = first
for i = 1, 20 do local nxt = {}; e[k] = nxt; k = nxt end
k = nil
collectgarbage()
print(count(e))
local steps, at = 0, first
while e[at] do at = e[at]; steps = steps + 1 end
print(steps)
at, first = nil, nil
collectgarbage()
print(count(e))
local both = setmetatable({}, {__mode = "kv"})
both[1] = {}; both[{}] = 1; both.x = "y"
collectgarbage()
print(count(both), both.x)

