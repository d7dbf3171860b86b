-- Welcomes new users, and knows nothing of the rest.
local events = require("events")

local function main(parent, count)
    local sub = assert(events.subscribe("users", "user.created"))
    process.send(parent, "ready")
    local lines = {}
    for n = 1, count do
        lines[n] = "welcome " .. sub:channel():receive().data.name
    end
    return lines
end

return { main = main }
