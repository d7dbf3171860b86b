local io = require("io")
local funcs = require("funcs")
local registry = require("registry")
local events = require("events")

local function main()
    local changes = events.subscribe("registry", "entry.*")
    io.print("price", funcs.call("app:price", 100))

    local entry = registry.get("app:price")
    entry.data.source = "return { run = function(n) return n * 0.8 end }"
    assert(registry.snapshot():changes():update(entry):apply())
    io.print("price", funcs.call("app:price", 100))

    assert(registry.snapshot():changes():create {
        id = "app:tax",
        kind = "function.lua",
        meta = { type = "rule" },
        data = { source = "return { run = function(n) return n * 0.25 end }", method = "run" },
    }:apply())
    io.print("tax", funcs.call("app:tax", 80))
    for _, rule in ipairs(registry.find({ ["meta.type"] = "rule" })) do
        io.print("rule", rule.id)
    end

    -- What does not compile changes nothing.
    entry.data.source = "return ("
    local _, err = registry.snapshot():changes():update(entry):apply()
    io.print("rejected", err ~= nil, funcs.call("app:price", 100))

    assert(registry.snapshot():changes():delete("app:tax"):apply())
    io.print("gone", select(2, funcs.call("app:tax", 80)):kind())
    for _ = 1, 3 do
        local event = changes:channel():receive()
        io.print(event.kind, event.path)
    end
    return 0
end

return { main = main }
