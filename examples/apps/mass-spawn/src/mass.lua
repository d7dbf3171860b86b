local io = require("io")

local function main(count)
    count = math.tointeger(tonumber(count or "1000"))
    local numbers, events = process.listen("number"), process.events()
    local pids = {}
    for number = 1, count do
        pids[number] = assert(process.spawn_monitored("app:small", "app:processes", process.pid(), number))
    end
    io.print("started " .. #pids)

    local sum = 0
    for _ = 1, count do
        local number = numbers:receive()
        sum = sum + number
    end
    io.print("every one answered")
    io.print("sum " .. sum)

    for _, pid in ipairs(pids) do process.cancel(pid) end
    local ended, failed = 0, 0
    for _ = 1, count do
        local event = events:receive()
        ended = ended + 1
        if event.result.error then failed = failed + 1 end
    end
    io.print("ended " .. ended .. ", failed " .. failed)
    return 0
end

return { main = main }
