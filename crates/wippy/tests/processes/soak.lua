-- `wippy soak.lua SECONDS [AT_ONCE]`: random load at full speed. Every round must come to rest without a mistake, and the
-- memory must not grow: what is resident in the last third may be a tenth, and four megabytes, over the second.
local system, time = require("system"), require("time")
local seconds, at_once = tonumber(arg[1] or 600), tonumber(arg[2] or 4)

local function resident()
    local file = assert(io.open("/proc/self/status"))
    local kilobytes = file:read("a"):match("VmRSS:%s*(%d+)")
    file:close()
    return tonumber(kilobytes)
end

local me, events, done = process.pid(), process.events(), process.listen("done")
local begun, seed, running, rounds, births = time.now():unix(), 0, 0, 0, 0
local peaks, patience = {0, 0, 0}, "60s"

local function start()
    seed = seed + 1
    assert(process.spawn_monitored("auditor.lua", nil, me, seed))
    running = running + 1
end

for _ = 1, at_once do start() end
while running > 0 do
    local timeout = time.after(patience)
    local r = channel.select{events:case_receive(), done:case_receive(), timeout:case_receive()}
    if r.channel == timeout then
        for _, host in ipairs(system.hosts.list()) do
            for _, row in ipairs(system.hosts.processes(host.id)) do
                print(row.pid, row.source, row.state, row.stats.mailbox, row.stats.at)
            end
        end
        error("nothing has happened for " .. patience)
    elseif r.channel == done then
        births = births + r.value
    else
        assert(not r.value.result.error, r.value.result.error)
        running, rounds = running - 1, rounds + 1
        local passed = time.now():unix() - begun
        local third = math.min(3, passed * 3 // seconds + 1)
        peaks[third] = math.max(peaks[third], resident())
        if passed < seconds then start() end
    end
end
print(string.format("%d rounds, %d processes, resident peaks of the thirds: %d %d %d KB", rounds, births,
    peaks[1], peaks[2], peaks[3]))
assert(peaks[3] <= peaks[2] * 1.1 + 4096, "it grows")
