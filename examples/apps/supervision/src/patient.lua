-- Works until it is asked to stop.
local function main()
    local event = process.events():receive()
    if event.kind == process.event.CANCEL then return "bye" end
end
return { main = main }
