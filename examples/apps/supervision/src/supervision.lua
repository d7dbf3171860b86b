-- Monitors tell of the end of a process; links make it common, unless links are trapped.
local io = require("io")
local HOST = "app:processes"

local function watch(id)
    local pid, err = process.spawn_monitored(id, HOST)
    if err then return nil, err end
    return pid
end

local function main()
    local events = process.events()

    assert(watch("app:answer"))
    local event = events:receive()
    assert(event.kind == process.event.EXIT)
    io.print("watched: ended with " .. event.result.value)

    assert(watch("app:failing"))
    io.print("watched: failed: " .. events:receive().result.error)

    local patient = assert(watch("app:patient"))
    process.cancel(patient, "enough")
    io.print("watched: cancelled, said " .. events:receive().result.value)

    process.set_options({ trap_links = true })
    assert(process.spawn_linked("app:failing", HOST))
    assert(events:receive().kind == process.event.LINK_DOWN)
    io.print("linked: told of it, and still here")

    assert(watch("app:partner"))
    io.print("linked: fell together: " .. events:receive().result.error:message())

    patient = assert(watch("app:patient"))
    process.terminate(patient)
    io.print("terminated: " .. events:receive().result.error:message())
    return 0
end

return { main = main }
