-- Answers every message with the same.
local inbox = process.inbox()
while true do
    local message = inbox:receive()
    process.send(message:from(), "pong", message:payload():data())
end
