-- Keeps values by key. Requests are tables; each is answered with its number.
local function main(key, value)
    local values = { [key] = value }
    process.registry.register("store")
    local requests, events = process.listen("request", { message = true }), process.events()
    while true do
        local r = channel.select { requests:case_receive(), events:case_receive() }
        if r.channel == events then
            return 0
        end
        local request = r.value:payload():data()
        if request.op == "put" then
            values[request.key] = request.value
        elseif request.op == "delete" then
            values[request.key] = nil
        end
        process.send(r.value:from(), "answer", { number = request.number, value = values[request.key] })
    end
end

return { main = main }
