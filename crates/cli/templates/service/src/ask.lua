local io = require("io")
local time = require("time")

local function main(): integer
    local answers = process.listen("count")
    -- The service starts with the application; it may need a moment to register.
    for _ = 1, 100 do
        if process.registry.lookup("counter") then
            break
        end
        time.sleep("10ms")
    end
    local ok, err = process.send("counter", "ask")
    if not ok then
        io.eprint("no counter: " .. tostring(err))
        return 1
    end
    local late = time.after("2s")
    local r = channel.select { answers:case_receive(), late:case_receive() }
    if r.channel == late then
        io.eprint("no answer")
        return 1
    end
    io.print("count: " .. tostring(r.value))
    return 0
end

return { main = main }
