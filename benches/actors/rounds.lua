-- `wippy rounds.lua [COUNT [ROUNDS]]`: many processes wait on their inbox, all answer a message, all end; several times.
-- Prints what one of them takes, and what is left of all in percent of the memory before the first.
local time = require("time")
local count, rounds = math.tointeger(tonumber(arg[1])) or 1000000, math.tointeger(tonumber(arg[2])) or 3

local function resident()
    collectgarbage()
    -- Memory goes back to the system in a quiet moment.
    time.sleep("1s")
    local file = assert(io.open("/proc/self/status"))
    local kilobytes = file:read("a"):match("VmRSS:%s*(%d+)")
    file:close()
    return tonumber(kilobytes) * 1024
end

local function round(inbox, count)
    local before, pids = resident(), {}
    for i = 1, count do pids[i] = process.spawn("answer.lua", nil) end
    -- The list of pids is this program's own.
    local each = (resident() - before - #pids * 16) / count
    local answers = 0
    for from = 1, count, 1000 do
        local last = math.min(from + 999, count)
        for i = from, last do process.send(pids[i], "there?") end
        for _ = from, last do
            if inbox:receive():topic() == "here" then answers = answers + 1 end
        end
    end
    assert(answers == count, "somebody did not answer")
    return each
end

local inbox = process.inbox()
-- Everything that is made once is there, and all code has run.
round(inbox, 1000)
local start = resident()
print(string.format("start: %.1f MB", start / 1e6))
for number = 1, rounds do
    local each = round(inbox, count)
    local after = resident()
    print(string.format("round %d: %.0f bytes each, then %.1f MB, %+.1f %%", number, each, after / 1e6,
        (after / start - 1) * 100))
end
os.exit(0, false)
