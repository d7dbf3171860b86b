-- Answers one message and ends.
local time = require("time")

local function main(sender, data)
    time.sleep("2ms")
    process.send(sender, "echo_response", { data = string.upper(data), worker = process.pid() })
    return 0
end

return { main = main }
