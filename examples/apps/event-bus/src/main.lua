local io = require("io")
local events = require("events")
local funcs = require("funcs")
local registry = require("registry")

local function main()
    local ready, ends = process.listen("ready"), process.events()
    local names = {}
    names[assert(process.spawn_monitored("app:audit", "app:processes", process.pid(), 3))] = "audit"
    names[assert(process.spawn_monitored("app:mailer", "app:processes", process.pid(), 2))] = "mailer"
    ready:receive()
    ready:receive()

    funcs.call("app:create_user", 1, "Ada")
    funcs.call("app:create_user", 2, "Grace")
    funcs.call("app:delete_user", 1)

    local reports = {}
    for _ = 1, 2 do
        local event = ends:receive()
        reports[names[event.from]] = assert(event.result.value)
    end
    for _, name in ipairs { "audit", "mailer" } do
        for _, line in ipairs(reports[name]) do io.print(name .. ": " .. line) end
    end

    -- The registry announces its own changes on the same bus.
    local changes = events.subscribe("registry", "entry.*")
    assert(registry.snapshot():changes():create({ id = "app:flag", kind = "registry.entry", meta = {}, data = { on = true } }):apply())
    local event = changes:channel():receive()
    io.print("registry: " .. event.kind .. " " .. event.path)
    return 0
end

return { main = main }
