-- A tree of supervisors. A failure is mended where it happens: the crew starts anew, the cache does not notice.
--
--              app (one_for_one)
--             ┌────┴─────────┐
--           cache     crew (one_for_all)
--                       ┌────┴────┐
--                     reader    writer
local supervisor = require("supervisor")

-- Tells `main` of each start and waits for orders; ends well when it is asked to.
local function worker(main, name)
    local orders, events = process.inbox(), process.events()
    process.send(main, "started", name, process.pid())
    local order = channel.select{orders:case_receive(), events:case_receive()}
    if order.channel == orders then error(name .. " has had enough") end
    process.send(main, "stopped", name)
end

local function main()
    local started, stopped = process.listen("started"), process.listen("stopped")
    local function child(name) return {id = name, entry = "self:worker", args = {process.pid(), name}} end
    local app = assert(supervisor.start_link{
        children = {
            child("cache"),
            {id = "crew", supervisor = {strategy = "one_for_all", children = {child("reader"), child("writer")}}},
        },
    })

    local pids = {}
    local function starts(count)
        local names = {}
        for i = 1, count do
            local news = started:receive()
            names[i], pids[news[1]] = news[1], news[2]
        end
        table.sort(names)
        return table.concat(names, ", ")
    end
    print("started: " .. starts(3))
    process.send(pids.reader, "fail")
    print("stopped: " .. stopped:receive())
    print("started again: " .. starts(2))
    print("children of app: " .. supervisor.count(app).running)
end

return {main = main, worker = worker}
