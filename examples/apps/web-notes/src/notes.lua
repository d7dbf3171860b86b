local time = require("time")

local notes = {}

-- Asks the store; nil and a sentence if it does not answer.
function notes.ask(question)
    local answers = process.listen("answer")
    local late = time.after("2s")
    local sent = process.send("notes", "ask", question)
    if not sent then
        return nil, "the store is not there"
    end
    local r = channel.select { answers:case_receive(), late:case_receive() }
    if r.channel == late then
        return nil, "the store does not answer"
    end
    return r.value
end

return notes
