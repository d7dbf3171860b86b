local logger = require("logger")

local members = {}

local function tell(text, except)
    for pid in pairs(members) do
        if pid ~= except then process.send(pid, "heard", text) end
    end
end

local handlers = {}

function handlers.join(pid, name)
    tell("* " .. name .. " came")
    members[pid] = name
    process.monitor(pid)
    process.send(pid, "joined")
end

function handlers.say(pid, text)
    tell("<" .. members[pid] .. "> " .. text)
end

function handlers.who(pid)
    local names = {}
    for _, name in pairs(members) do names[#names + 1] = name end
    table.sort(names)
    process.send(pid, "members", names)
end

local function main(name)
    process.registry.register("room:" .. name)
    logger:debug("open", { room = name })
    local inbox, events = process.inbox(), process.events()
    while true do
        local r = channel.select { events:case_receive(), inbox:case_receive() }
        if r.channel == events then
            if r.value.kind == process.event.CANCEL then return end
            local left = members[r.value.from]
            members[r.value.from] = nil
            tell("* " .. left .. " left")
        else
            local message = r.value
            local payload = message:payload()
            handlers[message:topic()](message:from(), payload and payload:data())
        end
    end
end

return { main = main }
