local events = require("events")

-- Keeps notes by number and answers whoever asks: {ask = "list" | "add" | "get" | "remove", ...}.
local function main()
    process.registry.register("notes")
    local notes, last = {}, 0
    local inbox, ended = process.inbox(), process.events()
    while true do
        local r = channel.select { inbox:case_receive(), ended:case_receive() }
        if r.channel == ended then
            if r.value.kind == process.event.CANCEL then
                return
            end
        else
            local question = r.value:payload():data()
            local answer
            if question.ask == "add" then
                last = last + 1
                answer = { id = last, text = question.text }
                notes[last] = answer
                events.send("notes", "added", "/" .. last, answer)
            elseif question.ask == "list" then
                answer = {}
                for id = 1, last do
                    answer[#answer + 1] = notes[id]
                end
            else
                answer = notes[question.id] or false
                if question.ask == "remove" then
                    notes[question.id] = nil
                end
            end
            process.send(r.value:from(), "answer", answer)
        end
    end
end

return { main = main }
