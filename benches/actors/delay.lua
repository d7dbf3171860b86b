-- `wippy delay.lua KIND SECONDS`: how late a ticker of 1 ms is beside eight processes that never wait, and beside one more
-- of KIND `heap` or `pattern`; and how long it takes to terminate each of them. Says so, and fails if one tick in a
-- thousand is more than 5 ms late, or one of the eight lives on for 100 ms. Only a machine without other work tells.
local time = require("time")
local kind, seconds = arg[1] or "spin", tonumber(arg[2] or 30)
local period, limit = 1000000, 5000000
local now = function() return time.now():unix_nano() end

process.registry.register("ticker")
local pids = {}
for i = 1, 8 do pids[i] = process.spawn("spin.lua", nil) end
if kind ~= "spin" then
    pids[9] = assert(process.spawn(kind .. ".lua", nil))
    process.inbox():receive()
end

local begun = now()
local ticks = time.ticker("1ms"):channel()
local late, due, over = {}, 1, 0
while due <= seconds * 1000 do
    ticks:receive()
    -- A tick that was left out was late, too.
    local since = now() - begun
    repeat
        late[#late + 1] = since - due * period
        if late[#late] > limit then over = over + 1 end
        due = due + 1
    until due * period > since
end
table.sort(late)
local function quantile(part) return late[math.ceil(#late * part)] / 1000 end
print(string.format("%s: %d ticks, p50 %.0f, p99 %.0f, p99.9 %.0f, longest %.0f us late; %d over 5 ms",
    kind, #late, quantile(0.5), quantile(0.99), quantile(0.999), late[#late] / 1000, over))

local events, longest = process.events(), 0
for i, pid in ipairs(pids) do
    process.monitor(pid)
    local since = now()
    process.terminate(pid)
    events:receive()
    local took = (now() - since) / 1e6
    if i <= 8 then longest = math.max(longest, took) else print(string.format("%s ended after %.1f ms", kind, took)) end
end
print(string.format("each of the eight ended within %.1f ms", longest))
return over <= #late / 1000 and longest < 100 or os.exit(1)
