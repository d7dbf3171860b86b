-- Programs of processes and channels, each with a twin in actors.erl or actors.go: `wippy actors.lua NAME COUNT`. What
-- the processes run stands in the other files of this folder.
-- Prints the nanoseconds of one operation, or the bytes of one process for `idle`, or the delay in microseconds that one
-- tick in a thousand exceeds for `delay`.
local time = require("time")
local now = function() return time.now():unix_nano() end

local function resident()
    local file = assert(io.open("/proc/self/status"))
    local kilobytes = file:read("a"):match("VmRSS:%s*(%d+)")
    file:close()
    return tonumber(kilobytes) * 1024
end

local benches = {}

function benches.idle(count)
    collectgarbage()
    local pids, before = {}, resident()
    for i = 1, count do pids[i] = process.spawn("waiter.lua", nil) end
    time.sleep("200ms")
    return (resident() - before - #pids * 16) / count
end

function benches.spawn(count)
    local begun = now()
    for _ = 1, count do process.spawn("waiter.lua", nil) end
    return now() - begun
end

function benches.churn(count)
    local events, begun = process.events(), now()
    for _ = 1, count do
        process.spawn_monitored("leaf.lua", nil)
        events:receive()
    end
    return now() - begun
end

function benches.ping_pong(count)
    local echo, inbox = process.spawn("echo.lua", nil), process.inbox()
    local begun = now()
    for i = 1, count do
        process.send(echo, "ping", i)
        inbox:receive()
    end
    return now() - begun
end

function benches.ring(count)
    local me, inbox = process.pid(), process.inbox()
    local first = process.spawn("link.lua", nil, me)
    local next = first
    for _ = 2, 1000 do next = process.spawn("link.lua", nil, me, next) end
    process.send(first, "next", next)
    local begun = now()
    process.send(first, "n", count)
    inbox:receive()
    return now() - begun
end

function benches.fan_in(count)
    local me, inbox = process.pid(), process.inbox()
    local begun = now()
    for _ = 1, 100 do process.spawn("source.lua", nil, me, count // 100) end
    for _ = 1, count // 100 * 100 do inbox:receive() end
    return now() - begun
end

function benches.tree(count)
    local depth = 0
    while 10 ^ (depth + 1) <= count do depth = depth + 1 end
    local me, inbox, begun = process.pid(), process.inbox(), now()
    process.spawn("tree.lua", nil, me, depth)
    assert(inbox:receive():payload():data() == 10 ^ depth)
    -- All processes, not only the leaves.
    return (now() - begun) * count / ((10 ^ (depth + 1) - 1) // 9)
end

function benches.table_message(count)
    local records = {}
    for i = 1, 100 do records[i] = {id = i, name = "name " .. i, score = i * 0.5, tags = {"a", "b"}} end
    local echo, inbox = process.spawn("echo.lua", nil), process.inbox()
    local begun = now()
    for _ = 1, count do
        process.send(echo, "ping", records)
        assert(#inbox:receive():payload():data() == 100)
    end
    return now() - begun
end

function benches.channel(count)
    local there, back = channel.new(), channel.new()
    coroutine.spawn(function()
        while true do
            local n = there:receive()
            back:send(n)
        end
    end)
    local begun = now()
    for i = 1, count do
        there:send(i)
        back:receive()
    end
    return now() - begun
end

function benches.buffered(count)
    local pipe = channel.new(128)
    coroutine.spawn(function()
        for i = 1, count do pipe:send(i) end
        pipe:close()
    end)
    local begun, sum = now(), 0
    while true do
        local n, ok = pipe:receive()
        if not ok then break end
        sum = sum + n
    end
    assert(sum == count * (count + 1) // 2)
    return now() - begun
end

function benches.select(count)
    local pipes = {channel.new(), channel.new(), channel.new(), channel.new()}
    for _, pipe in ipairs(pipes) do
        coroutine.spawn(function()
            for i = 1, count // 4 do pipe:send(i) end
        end)
    end
    local a, b, c, d = pipes[1], pipes[2], pipes[3], pipes[4]
    local begun, sum = now(), 0
    for _ = 1, count // 4 * 4 do
        sum = sum + channel.select{a:case_receive(), b:case_receive(), c:case_receive(), d:case_receive()}.value
    end
    assert(sum == 4 * (count // 4 * (count // 4 + 1) // 2))
    return now() - begun
end

function benches.delay(count)
    for _ = 1, 8 do process.spawn("spin.lua", nil) end
    local period = 1000000
    local begun = now()
    local ticks = time.ticker("1ms"):channel()
    local late, due = {}, 1
    while due <= count do
        ticks:receive()
        -- A tick that was left out was late, too.
        local since = now() - begun
        repeat
            late[#late + 1] = since - due * period
            due = due + 1
        until due * period > since
    end
    table.sort(late)
    return late[math.ceil(#late * 0.999)] / 1000 * count
end

local name, count = arg[1], math.tointeger(tonumber(arg[2]))
local cost = benches[name](count)
if name ~= "idle" then cost = cost / count end
print(string.format("%.1f", cost))
os.exit(0, false)
