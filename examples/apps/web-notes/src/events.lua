local http = require("http")
local events = require("events")

-- Sends each note as an event until the client goes away, which cancels the call.
local function main()
    local response = http.response()
    local added = events.subscribe("notes", "added"):channel()
    local ended = process.events()
    response:set_transfer(http.TRANSFER.SSE)
    response:flush()
    while true do
        local r = channel.select { added:case_receive(), ended:case_receive() }
        if r.channel == ended or response:write_event({ name = "note", data = r.value.data }) then
            return
        end
    end
end

return { main = main }
