-- Waits a moment of its own, tells its number, and stays until it is asked to end.
local time = require("time")

local function main(parent, number)
    time.sleep(math.random(1, 20) * time.MILLISECOND)
    process.send(parent, "number", number)
    process.events():receive()
end

return { main = main }
