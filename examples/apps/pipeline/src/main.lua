-- Builds the pipeline from its end, feeds it, and collects what comes out.
local io = require("io")

local function main()
    local out, events = process.listen("item"), process.events()
    local target = process.pid()
    for _, kind in ipairs { "measure", "shout", "split" } do
        target = assert(process.spawn_monitored("app:stage", "app:processes", kind, target))
    end
    local lines = { "the quick fox", "lazy dog", "" }
    for _, line in ipairs(lines) do process.send(target, "item", line) end
    process.send(target, "item", "end")

    local found, order = {}, {}
    local ended, words, finished = 0, 0, false
    while ended < 3 or not finished do
        local r = channel.select { out:case_receive(), events:case_receive() }
        if r.channel == events then
            assert(not r.value.result.error, tostring(r.value.result.error))
            ended = ended + 1
            words = r.value.result.value + words
        elseif r.value == "end" then
            finished = true
        else
            local item = r.value
            if not found[item.of] then
                found[item.of] = {}
                order[#order + 1] = item.of
            end
            table.insert(found[item.of], item.text .. " " .. item.length)
        end
    end
    for _, line in ipairs(order) do io.print(table.concat(found[line], " ")) end
    io.print(ended .. " stages, " .. words // ended + 1 .. " words")
    return 0
end

return { main = main }
