-- Notes everything that happens to users.
local events = require("events")

local function main(parent, count)
    local sub, err = events.subscribe("users")
    if err then return nil, err end
    process.send(parent, "ready")
    local lines = {}
    while #lines < count do
        local event = sub:channel():receive()
        lines[#lines + 1] = event.kind .. " " .. event.path .. " " .. (event.data and event.data.name or "-")
    end
    sub:close()
    return lines
end

return { main = main }
