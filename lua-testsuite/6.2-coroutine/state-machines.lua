-- Lua 5.3 manual, section 6.2: symmetric schedulers, generators, mutual resumption.
local queue, log = {}, {}
local function spawn(name, n) queue[#queue + 1] = coroutine.create(function() for i = 1, n do log[#log + 1] = name .. i coroutine.yield() end end) end
spawn("a", 3) spawn("b", 1) spawn("c", 2) while #queue > 0 do local co = table.remove(queue, 1) assert(coroutine.resume(co)) if coroutine.status(co) ~= "dead" then queue[#queue + 1] = co end end print(table.concat(log, " "))
local a, b a = coroutine.create(function(x) for i = 1, 3 do x = select(2, coroutine.resume(b, x + 1)) end return x end) b = coroutine.create(function(x) while true do x = coroutine.yield(x * 2) end end) print(coroutine.resume(a, 1))
local function primes(n) return coroutine.wrap(function() local gen = coroutine.wrap(function() for i = 2, n do coroutine.yield(i) end end) while true do local p = gen() if not p then return end coroutine.yield(p) local g = gen gen = coroutine.wrap(function() for v in g do if v % p ~= 0 then coroutine.yield(v) end end end) end end) end
local r = {} for p in primes(60) do r[#r + 1] = p end print(table.concat(r, " "))
local x x = coroutine.create(function() print(coroutine.status(x), coroutine.resume(x)) local y = coroutine.create(function() print(coroutine.status(x), coroutine.resume(x)) end) coroutine.resume(y) end) coroutine.resume(x)

