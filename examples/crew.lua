-- Three workers square numbers; one of them fails and is started again. Nothing is shared, nothing is lost.
local supervisor = require("supervisor")

local function worker(main, name)
    local jobs = process.inbox()
    process.send(main, "ready", name, process.pid())
    while true do
        local n = jobs:receive():payload():data()
        if n == 13 then error(name .. " is superstitious") end
        process.send(main, "done", n, n * n)
    end
end

local function main()
    local ready, done = process.listen("ready"), process.listen("done")
    local children = {}
    for i = 1, 3 do
        children[i] = {id = "w" .. i, entry = "self:worker", args = {process.pid(), "w" .. i}}
    end
    assert(supervisor.start_link({intensity = 5, children = children}))

    local crew, sum = {}, 0
    for _ = 1, 3 do
        local news = ready:receive()
        crew[tonumber(news[1]:sub(2))] = news[2]
    end
    for n = 1, 20 do
        process.send(crew[n % 3 + 1], "job", n)
        local r = channel.select{done:case_receive(), ready:case_receive()}
        if r.channel == ready then
            print("started again: " .. r.value[1])
            crew[n % 3 + 1] = r.value[2]
        else
            sum = sum + r.value[2]
        end
    end
    print("sum of squares without 13: " .. sum)
end

return {main = main, worker = worker}
