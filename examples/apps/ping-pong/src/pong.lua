local function main()
    process.registry.register("pong")
    local inbox, events = process.inbox(), process.events()
    while true do
        local r = channel.select { inbox:case_receive(), events:case_receive() }
        if r.channel == events then
            return "done"
        end
        process.send(r.value:from(), "pong", r.value:payload():data() + 1)
    end
end

return { main = main }
