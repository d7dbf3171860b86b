-- Iterators as coroutines: ranges, a filter pipeline, walking a tree.
local wrap, yield = coroutine.wrap, coroutine.yield
local function range(n) return wrap(function() for i = 1, n do yield(i) end end) end
local function filter(source, keep) return wrap(function() for v in source do if keep(v) then yield(v) end end end) end
local sum = 0
for v in filter(filter(range(700000), function(v) return v % 2 == 0 end), function(v) return v % 3 ~= 0 end) do sum = sum + v end
local function build(lo, hi) if lo > hi then return nil end local m = (lo + hi) // 2 return {v = m, l = build(lo, m - 1), r = build(m + 1, hi)} end
local function walk(t) if t then walk(t.l) yield(t.v) walk(t.r) end end
local tree = build(1, 2047)
for _ = 1, 60 do local last = 0 for v in wrap(function() walk(tree) end) do assert(v == last + 1) last = v end sum = sum + last end
print("generators", sum)
assert(sum == 81667256154)
