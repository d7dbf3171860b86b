local io = require("io")
local time = require("time")

local function main()
    local answers = process.listen("pong")
    -- The service starts with the application; it may need a moment to register.
    while not process.registry.lookup("pong") do
        time.sleep("5ms")
    end
    local n = 0
    for _ = 1, 3 do
        process.send("pong", "ping", n)
        n = answers:receive()
        io.print("pong", n)
    end
    return 0
end

return { main = main }
