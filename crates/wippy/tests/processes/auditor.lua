-- Starts the first actors, waits until all that live have come to rest, and compares their books; again, if anything has
-- happened meanwhile, or while news of an end may still be on its way.
local report, seed = ...
local time = require("time")
local me, inbox, events = process.pid(), process.inbox(), process.events()
-- In the order of their birth: a table's own order is not the same in every run.
local order, known, alive, rests, books = {}, {}, {}, {}, {}
local born, changes = 0, 0

local function meet(pid)
    if known[pid] then return end
    known[pid] = true
    born, changes = born + 1, changes + 1
    if process.monitor(pid) then
        alive[pid] = true
        order[#order + 1] = pid
    end
end

local function pump()
    local r = channel.select{inbox:case_receive(), events:case_receive()}
    if r.channel == events then
        alive[r.value.from] = nil
        changes = changes + 1
        return
    end
    local topic, from = r.value:topic(), r.value:from()
    if topic == "mistake" then
        error(r.value:payload():data())
    elseif topic == "born" or topic == "child" then
        -- Its parent, if that lives, tells of it before it comes to rest itself.
        meet(topic == "child" and r.value:payload():data() or from)
    elseif topic == "rest" then
        rests[from] = true
    elseif topic == "books" then
        local parts = r.value:payload()
        books[from] = {sent = parts[1]:data(), got = parts[2]:data(), watched = parts[3]:data()}
    end
end

local function all_are_in(set)
    for pid in pairs(alive) do
        if not set[pid] then return false end
    end
    return true
end

local function fault()
    for pid, mine in pairs(books) do
        for peer, count in pairs(mine.sent) do
            local theirs = books[peer]
            if theirs and theirs.got[pid] ~= count then
                return pid .. " has sent " .. count .. " to " .. peer .. ", who got " .. tostring(theirs.got[pid])
            end
        end
        for peer in pairs(mine.watched) do
            if not books[peer] then return pid .. " was not told of the end of " .. peer end
        end
    end
end

local first = {}
for i = 1, 10 do
    first[i] = assert(process.spawn("actor.lua", nil, me, seed * 1000 + i, 60, {table.unpack(first)}))
    meet(first[i])
end

local found
for attempt = 1, 200 do
    local before
    repeat
        while not all_are_in(rests) do pump() end
        before, books = changes, {}
        for _, pid in ipairs(order) do
            if alive[pid] then process.send(pid, "audit") end
        end
        while changes == before and not all_are_in(books) do pump() end
    until changes == before
    found = fault()
    if not found then break end
    time.sleep("20ms")
end
if found then error(found) end
process.send(report, "done", born)
for _, pid in ipairs(order) do process.terminate(pid) end
