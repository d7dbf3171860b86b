local io = require("io")

local function main()
    local events = process.events()
    local running, results = {}, {}
    local function start(number, attempt)
        local pid = assert(process.spawn_monitored("app:worker", "app:processes", number, attempt))
        running[pid] = { number = number, attempt = attempt }
    end
    for number = 1, 3 do
        start(number, 1)
    end
    local restarts = 0
    while next(running) do
        local event = events:receive()
        local work = running[event.from]
        running[event.from] = nil
        if event.result.error then
            restarts = restarts + 1
            start(work.number, work.attempt + 1)
        else
            results[work.number] = event.result.value
        end
    end
    io.print("results", table.concat(results, " "))
    io.print("restarts", restarts)
    return 0
end

return { main = main }
