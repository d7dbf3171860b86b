-- Only here: sleeping, timers and tickers. Each line is one fact.
local time = require("time")
local function raises(text, f, ...)
  local ok, e = pcall(f, ...)
  assert(not ok and tostring(e):find(text, 1, true), tostring(e))
end
local function fails(text, value, e) assert(value == nil and e:kind() == errors.INVALID and e:message():find(text, 1, true), tostring(e)) end

-- sleep
local t = time.now()
time.sleep(5)
assert(time.now():sub(t):milliseconds() < 1000)
t = time.now()
assert(select("#", time.sleep("30ms")) == 0)
assert(time.now():sub(t):milliseconds() >= 30)
time.sleep(0.01 * time.SECOND) time.sleep(time.parse_duration("1ms"))
fails('unknown unit "d"', time.sleep("1d")) fails("duration must be number or string", time.sleep())
-- zero: others get a turn
local log = {}
coroutine.spawn(function() log[#log + 1] = "a" time.sleep(0) log[#log + 1] = "c" end)
log[#log + 1] = "b" time.sleep(0) time.sleep(-1)
assert(table.concat(log) == "abc", table.concat(log))
-- sleeping in one coroutine does not block another; in a nested one it does not either
local order, done = {}, channel.new(3)
for _, ms in ipairs{30, 10, 20} do
  coroutine.spawn(function() coroutine.wrap(function() time.sleep(ms * time.MILLISECOND) end)() order[#order + 1] = ms done:send(1) end)
end
for _ = 1, 3 do done:receive() end
assert(table.concat(order, " ") == "10 20 30")

-- after
local c = time.after("1ms")
local at, open = c:receive() assert(open and at:year() >= 2024)
at, open = c:receive() assert(at == nil and open == false)
fails("time.after: duration must be > 0", time.after(0)) fails("time.after: duration must be > 0", time.after("-1s"))
fails("time.after:", time.after("x")) fails("time.after:", time.after({}))
local never = channel.new()
local r = channel.select{never:case_receive(), time.after("1ms"):case_receive()} assert(r.channel ~= never and r.ok)
-- equal deadlines fire in the order of creation
order = {}
for i = 1, 5 do local c = time.after("2ms") coroutine.spawn(function() c:receive() order[#order + 1] = i done:send(1) end) end
for _ = 1, 5 do done:receive() end
assert(table.concat(order) == "12345", table.concat(order))

-- timers
local timer = time.timer("1h")
assert(timer:channel() == timer:response() and timer:stop() == true and timer:stop() == false)
assert(select(2, timer:channel():receive()) == false)
timer = time.timer("1h") assert(timer:reset("1ms") == true) at, open = timer:channel():receive() assert(open)
assert(timer:reset("1ms") == false and timer:stop() == false and select(2, timer:channel():receive()) == false)
timer = time.timer("1ms") time.sleep("5ms") assert(timer:stop() == false and select(2, timer:channel():receive()) == true)
raises("timer:reset: duration must be > 0", timer.reset, timer, 0) raises("timer:reset:", timer.reset, timer, "x")
raises("timer expected", timer.stop) raises("timer expected", timer.channel, c)
fails("time.timer: duration must be > 0", time.timer(0)) fails("time.ticker: duration must be > 0", time.ticker(0))
-- stopping wakes who waits
timer = time.timer("1h") local woken
coroutine.spawn(function() woken = select(2, timer:channel():receive()) == false end)
timer:stop() time.sleep(0) assert(woken)

-- tickers
local ticker = time.ticker("2ms") t = time.now()
for _ = 1, 3 do assert(ticker:channel():receive()) end
assert(time.now():sub(t):milliseconds() >= 6 and ticker:stop() and ticker:stop() and ticker:channel() == ticker:response())
ticker = time.ticker("1ms") time.sleep("60ms") ticker:stop()
local n = 0 while select(2, ticker:channel():receive()) do n = n + 1 end
assert(n >= 1 and n <= 16, n)

-- many at once
n = 0
for _ = 1, 10000 do coroutine.spawn(function() time.sleep("10ms") n = n + 1 end) end
repeat time.sleep("2ms") until n == 10000
print("ok")
