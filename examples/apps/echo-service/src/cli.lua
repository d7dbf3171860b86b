-- Sends its arguments to the relay and prints what comes back.
local io = require("io")
local time = require("time")

local function relay()
    for _ = 1, 2000 do
        local pid = process.registry.lookup("relay")
        if pid then return pid end
        time.sleep("5ms")
    end
    return nil, errors.new { message = "the relay did not start", kind = errors.UNAVAILABLE, retryable = true }
end

local function main(...)
    local pid, err = relay()
    if err then return nil, err end
    local answers = process.listen("echo_response")
    for _, word in ipairs { ... } do
        process.send(pid, "echo", { data = word, from = process.pid() })
        local timeout = time.after("10s")
        local r = channel.select { answers:case_receive(), timeout:case_receive() }
        if r.channel == timeout then
            io.eprint("no answer to " .. word)
            return 1
        end
        io.print(word .. " -> " .. r.value.data)
    end
    local totals = process.listen("stats_response")
    process.send(pid, "stats", process.pid())
    local stats = totals:receive()
    io.print("relayed " .. stats.relayed .. ", workers seen to end " .. stats.ended)
    return 0
end

return { main = main }
