local io = require("io")
local chat = require("chat")

local function main()
    local here, heard, logs, events = process.listen("here"), process.listen("heard"), process.listen("log"), process.events()
    local function enter(name)
        local pid = assert(process.spawn_monitored("app:member", "app:processes", process.pid(), name))
        here:receive()
        return pid
    end
    local function wait(count)
        for _ = 1, count do heard:receive() end
    end

    local ada = enter("ada")
    local grace = enter("grace")
    wait(1)
    process.send(ada, "order", { say = "hi" })
    wait(2)
    process.send(grace, "order", { say = "hello" })
    wait(2)
    process.send(grace, "order", { leave = true })
    local left = events:receive().result.value
    wait(1)
    process.send(ada, "order", {})
    for _, line in ipairs(logs:receive()) do
        if not line:find("<ada>", 1, true) then io.print("ada: " .. line) end
    end
    for _, line in ipairs(left) do io.print("grace: " .. line) end
    enter("linus")
    io.print("members: " .. table.concat(chat.members("lobby"), ", "))
    return 0
end

return { main = main }
