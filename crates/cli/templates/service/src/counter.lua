local logger = require("logger")
local time = require("time")

-- Counts every second, answers whoever asks, and ends when it is told to.
local function main(): integer
    process.registry.register("counter")
    local count = 0
    local inbox = process.inbox()
    local events = process.events()
    local ticker = time.ticker("1s")
    local ticks = ticker:channel()
    logger:info("counting")
    while true do
        local r = channel.select {
            ticks:case_receive(),
            inbox:case_receive(),
            events:case_receive(),
        }
        if r.channel == ticks then
            count = count + 1
        elseif r.channel == inbox then
            process.send(r.value:from(), "count", count)
        elseif r.value.kind == process.event.CANCEL then
            logger:info("stopping", { count = count })
            return 0
        end
    end
end

return { main = main }
