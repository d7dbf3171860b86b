-- Waits for one message, answers it and ends.
local message = process.inbox():receive()
process.send(message:from(), "here")
