-- Spawns, sends, links, watches, names and kills as its numbers say, and keeps books. It complains at once of a message
-- out of order, an end that it did not watch for, or a dead process that can still be found.
local auditor, seed, steps, peers = ...
local me, inbox, events = process.pid(), process.inbox(), process.events()
local sent, got, watched, unwatched = {}, {}, {}, {}
local function complain(...) process.send(auditor, "mistake", table.concat({me, ...}, " ")) end

local state = seed
local function roll(n)
    state = state ~ state << 13
    state = state ~ state >> 7
    state = state ~ state << 17
    return (state & 0x7fffffffffff) % n
end
local function forget(pid)
    for i = #peers, 1, -1 do
        if peers[i] == pid then table.remove(peers, i) end
    end
end
local function know(pid)
    if #peers < 12 then peers[#peers + 1] = pid end
end

local function act()
    local peer = peers[roll(#peers + 1) + 1] or me
    local what = roll(100)
    if what < 50 then
        local n = (sent[peer] or 0) + 1
        if process.send(peer, "number", n) then sent[peer] = n else forget(peer) end
    elseif what < 60 then
        local spawn = roll(2) == 0 and process.spawn_monitored or process.spawn
        local linked = roll(6) == 0
        if linked then spawn = process.spawn_linked end
        local few = {me, table.unpack(peers, 1, 5)}
        local pid, err = spawn("actor.lua", nil, auditor, roll(1 << 40) + 1, steps // 2, few)
        if not pid then return complain("no spawn:", tostring(err)) end
        process.send(auditor, "child", pid)
        if spawn == process.spawn_monitored then watched[pid] = true end
        know(pid)
    elseif what < 70 and peer ~= me then
        local ok, err = process.monitor(peer)
        if ok then
            if watched[peer] then complain("watches twice", peer) end
            watched[peer], unwatched[peer] = true, nil
        elseif process.send(peer, "nothing") and not watched[peer] then
            complain("cannot watch", peer, tostring(err))
        end
    elseif what < 73 and watched[peer] then
        process.unmonitor(peer)
        watched[peer], unwatched[peer] = nil, true
    elseif what < 76 then
        process.link(peer)
    elseif what < 78 then
        process.unlink(peer)
    elseif what < 82 then
        process.registry.register("name of " .. peer, peer)
    elseif what < 83 then
        process.registry.unregister("name of " .. peer)
    elseif what < 85 then
        process.set_options{trap_links = roll(2) == 0}
    elseif what < 88 and peer ~= me then
        process.terminate(peer)
    elseif what < 90 then
        error("by chance")
    elseif what < 91 then
        return true
    end
end

if not process.monitor(auditor) then return "nobody asks any more" end
process.send(auditor, "born")
process.send(me, "step")
while true do
    local r = channel.select{inbox:case_receive(), events:case_receive()}
    if r.channel == events then
        local event = r.value
        if event.kind == process.event.EXIT and event.from == auditor then
            return "nobody asks any more"
        elseif event.kind == process.event.EXIT then
            if unwatched[event.from] then
                unwatched[event.from] = nil
            elseif not watched[event.from] then
                complain("did not watch", event.from)
            end
            watched[event.from] = nil
            forget(event.from)
            if process.registry.lookup("name of " .. event.from) then complain("dead but named", event.from) end
            if process.send(event.from, "nothing") then complain("dead but reached", event.from) end
        end
    else
        local topic, from = r.value:topic(), r.value:from()
        if topic == "number" then
            local n = r.value:payload():data()
            if n ~= (got[from] or 0) + 1 then complain("heard", n, "from", from, "after", got[from] or 0) end
            got[from] = n
            know(from)
        elseif topic == "step" then
            if steps > 0 then
                steps = steps - 1
                if act() then return "enough" end
                process.send(me, "step")
            else
                process.send(auditor, "rest")
            end
        elseif topic == "audit" then
            process.send(auditor, "books", sent, got, watched)
        end
    end
end
