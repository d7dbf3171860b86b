-- Starts many monitored processes and says how long that took: `wippy run mass [COUNT]`, ended by Ctrl+C.
local time, io = require("time"), require("io")

local function main(count)
    count = math.tointeger(tonumber(count)) or 10000
    local inbox, events = process.inbox(), process.events()
    local begun = time.now()
    for _ = 1, count do
        assert(process.spawn_monitored("app:worker", "app:processes", process.pid()))
    end
    for _ = 1, count do
        inbox:receive()
    end
    io.print(string.format("%d up in %.3f s", count, time.now():sub(begun):seconds()))
    repeat
        local event = events:receive()
    until event.kind == process.event.CANCEL
    return 0
end

return { main = main }
