-- Passes numbers on, one less each time; whoever gets 0 tells `main`.
local main, next = ...
local inbox = process.inbox()
next = next or inbox:receive():payload():data()
while true do
    local n = inbox:receive():payload():data()
    if n == 0 then process.send(main, "done", true) else process.send(next, "n", n - 1) end
end
