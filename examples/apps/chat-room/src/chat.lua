-- How members speak with a room.
local time = require("time")

local chat = {}

-- The name of a room's process; waits until the room is there.
function chat.room(name)
    local full = "room:" .. name
    while not process.registry.lookup(full) do time.sleep("2ms") end
    return full
end

function chat.join(room, name) return process.send(chat.room(room), "join", name) end
function chat.say(room, text) return process.send(chat.room(room), "say", text) end
function chat.members(room)
    local answer = process.listen("members")
    process.send(chat.room(room), "who", process.pid())
    return answer:receive()
end

return chat
