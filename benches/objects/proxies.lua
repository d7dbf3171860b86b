-- __index and __newindex functions and tables: proxies, defaults and read-through caches.
local store = {}
for i = 0, 63 do store[i] = 0 end
local reads, writes = 0, 0
local proxy = setmetatable({}, {
  __index = function(_, k) reads = reads + 1 return store[k] end,
  __newindex = function(_, k, v) writes = writes + 1 store[k] = v end,
})
local defaults = setmetatable({}, {__index = {width = 3, height = 4, depth = 5}})
local squares = setmetatable({}, {__index = function(t, k) local v = k * k rawset(t, k, v) return v end})
local sum = 0
for i = 1, 700000 do
  proxy[i % 64] = i
  sum = sum + proxy[i * 5 % 64] % 7
  sum = sum + defaults.width * defaults.height + defaults.depth + squares[i % 1000]
end
print("proxies", sum, reads, writes)
assert(sum == 232997449906 and reads == 700000 and writes == 700000)
