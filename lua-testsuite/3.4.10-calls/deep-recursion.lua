-- Lua 5.3 manual, section 3.4.10: recursion that is not a tail call reaches far.
local function depth(n) if n == 0 then return 0 end return 1 + depth(n - 1) end
print(depth(10000), depth(150000))
local function ack(m, n) if m == 0 then return n + 1 elseif n == 0 then return ack(m - 1, 1) else return ack(m - 1, ack(m, n - 1)) end end
print(ack(2, 300))
local function many(n) if n == 0 then return end return n, many(n - 1) end
print(select("#", many(200)), (select(200, many(200))))
local function build(n) if n == 0 then return nil end return {build(n - 1)} end
local t, d = build(5000), 0 while t do t = t[1] d = d + 1 end print(d)

