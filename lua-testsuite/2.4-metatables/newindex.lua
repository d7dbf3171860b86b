-- Lua 5.3 manual, section 2.4: __newindex for absent keys only; as a table it receives the assignment.
local log = {}
local t = setmetatable({a = 1}, {__newindex = function(self, k, v) log[#log + 1] = k .. "=" .. tostring(v); rawset(self, k, v) end})
t.a = 2; t.b = 3; t.b = 4; t.c = nil; t.c = 5
print(t.a, t.b, t.c, table.concat(log, " "))
local store = {}
local proxy = setmetatable({}, {__newindex = store})
proxy.x = 1
print(rawget(proxy, "x"), store.x)
local chain = setmetatable({}, {__newindex = setmetatable({}, {__newindex = store})})
chain.y = 2
print(store.y)
local loop = setmetatable({}, {})
getmetatable(loop).__newindex = loop
print(pcall(function() loop.x = 1 end))
print(pcall(function() local n; n.x = 1 end))
print(pcall(function() local s = "str"; s.x = 1 end))
local nilkey = setmetatable({}, {__newindex = function(_, k) print("key", k) end})
nilkey[nil] = 1
print(rawset(proxy, "raw", 9) == proxy, rawget(proxy, "raw"))
for i = 1, 3 do proxy[i] = i end
print(#proxy, #store)

