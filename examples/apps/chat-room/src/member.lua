-- Joins, does as it is told, and answers with everything it heard.
local chat = require("chat")

local function main(parent, name)
    local joined, heard, orders = process.listen("joined"), process.listen("heard"), process.listen("order")
    chat.join("lobby", name)
    joined:receive()
    process.send(parent, "here", name)
    local log = {}
    while true do
        local r = channel.select { heard:case_receive(), orders:case_receive() }
        if r.channel == heard then
            log[#log + 1] = r.value
            process.send(parent, "heard", name)
        elseif r.value.say then
            chat.say("lobby", r.value.say)
        elseif r.value.leave then
            return log
        else
            process.send(parent, "log", log)
        end
    end
end

return { main = main }
