-- Times function calls: `wippy run bench [COUNT] [NAME]`.
local funcs, time, io = require("funcs"), require("time"), require("io")

local SLEEPERS = 10000

local function main(count, only)
    count = math.tointeger(tonumber(count)) or 100000

    local function measure(name, calls, work)
        if only and only ~= name then
            return
        end
        local begun = time.now()
        work()
        local seconds = time.now():sub(begun):seconds()
        io.print(string.format("%-10s %8d calls in %.3f s, %.2f us each", name, calls, seconds, seconds / calls * 1e6))
    end

    for _, name in ipairs { "add", "inline", "static" } do
        measure(name, count, function()
            for i = 1, count do
                funcs.call("app:" .. name, i, 1)
            end
        end)
    end

    measure("parallel", count, function()
        for _ = 1, 4 do
            assert(process.spawn_monitored("app:caller", "app:processes", "app:add", count // 4))
        end
        local events = process.events()
        for _ = 1, 4 do
            local event = events:receive()
            assert(not event.result.error, tostring(event.result.error))
        end
    end)

    measure("sleepers", SLEEPERS, function()
        local futures = {}
        for i = 1, SLEEPERS do
            futures[i] = funcs.async("app:sleeper", "1s")
        end
        for i = 1, SLEEPERS do
            assert(futures[i]:channel():receive())
        end
    end)
    return 0
end

return { main = main }
