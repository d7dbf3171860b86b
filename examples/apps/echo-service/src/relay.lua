-- Gives every message to a worker of its own, and counts.
local logger = require("logger"):named("relay")
local time = require("time")

local stats = { relayed = 0, ended = 0 }

-- A coroutine beside the loop: it reports now and then, and costs nothing in between.
local function report()
    local ticker = time.ticker("10s")
    while true do
        local _, ok = ticker:channel():receive()
        if not ok then return end
        logger:info("stats", { relayed = stats.relayed, ended = stats.ended })
    end
end

local function main()
    process.registry.register("relay")
    coroutine.spawn(report)
    local inbox, events = process.inbox(), process.events()
    local waiting
    while true do
        local r = channel.select { events:case_receive(), inbox:case_receive() }
        if r.channel == events then
            local event = r.value
            if event.kind == process.event.CANCEL then return 0 end
            if event.kind == process.event.EXIT then
                stats.ended = stats.ended + 1
                if event.result.error then
                    logger:error("worker failed", { error = event.result.error, pid = event.from })
                end
            end
        elseif r.value:topic() == "echo" then
            local echo = r.value:payload():data()
            local _, err = process.spawn_monitored("app:worker", "app:processes", echo.from, echo.data)
            if err then logger:error("no worker", { error = err }) else stats.relayed = stats.relayed + 1 end
        elseif r.value:topic() == "stats" then
            waiting = r.value:from()
        end
        if waiting and stats.ended == stats.relayed then
            process.send(waiting, "stats_response", stats)
            waiting = nil
        end
    end
end

return { main = main }
