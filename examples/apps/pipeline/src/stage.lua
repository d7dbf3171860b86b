-- One stage: what comes in goes out changed, to the next one.
local work = {}

-- Lines become words.
function work.split(line, out)
    for word in line:gmatch("%a+") do out { text = word, of = line } end
end

-- Short words are in lower case, longer ones in upper case; the article stays.
function work.shout(word, out)
    if word.text ~= "the" and word.text ~= "lazy" then word.text = word.text:upper() end
    out(word)
end

function work.measure(word, out)
    word.length = #word.text
    out(word)
end

local function main(kind, next_stage)
    local items = process.listen("item")
    local count = 0
    local function out(item)
        count = count + 1
        process.send(next_stage, "item", item)
    end
    while true do
        local item = items:receive()
        if item == "end" then
            process.send(next_stage, "item", "end")
            return count
        end
        work[kind](item, out)
    end
end

return { main = main }
