-- Lives like a service: messages, events and a ticker of its own.
local time = require("time")

local function main(parent)
    local inbox, events = process.inbox(), process.events()
    local ticker = time.ticker(math.random(100, 1000) .. "ms")
    process.send(parent, "up")
    while true do
        local ready = channel.select {
            inbox:case_receive(),
            events:case_receive(),
            ticker:channel():case_receive(),
        }
        if ready.channel == events and ready.value.kind == process.event.CANCEL then
            return
        end
    end
end

return { main = main }
