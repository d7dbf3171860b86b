-- The event bus: spec of events, row by row.
local rows = require("rows")
local eq, fails = rows.eq, rows.fails

local function take(s) local t = time.after("20s"); local r = channel.select{s:channel():case_receive(), t:case_receive()}; assert(r.channel ~= t, "no event"); return r.value, r.ok end
local function none(s) time.sleep("5ms"); local t = time.after("5ms"); local r = channel.select{t:case_receive(), s:channel():case_receive()}; eq(r.channel, t) end

local list = {
    {"send and receive", function() local s, e = events.subscribe("t"); eq(e, nil); local ok, e2 = events.send("t", "k", "/p", {n = 1}); assert(ok == true and e2 == nil); local ev = take(s); assert(ev.data.n == 1 and ev.system == "t" and ev.kind == "k" and ev.path == "/p"); s:close() end},
    {"no data", function() local s = events.subscribe("t"); events.send("t", "k", "/"); eq(take(s).data, nil); s:close() end},
    {"data of all kinds", function() local s = events.subscribe("t"); for _, d in ipairs{1, 2.5, "x", true} do events.send("t", "k", "/", d); eq(take(s).data, d) end; events.send("t", "k", "/", {1, {2}, f = print}); local d = take(s).data; eq(d[1] or d["1"], 1); eq(type(d.f), "string"); s:close() end},
    {"kind filter", function() local s = events.subscribe("t", "b"); events.send("t", "a", "/"); events.send("t", "b", "/"); eq(take(s).kind, "b"); s:close() end},
    {"prefix", function() local s = events.subscribe("o.*"); events.send("o", "x", "/"); events.send("o.n", "y", "/"); eq(take(s).kind, "y"); s:close() end},
    {"everything", function() local s = events.subscribe("*", ""); events.send("any", "thing", "/"); eq(take(s).system, "any"); s:close(); s = events.subscribe("t", "*"); events.send("t", "thing", "/"); eq(take(s).kind, "thing"); s:close() end},
    {"kind prefix", function() local s = events.subscribe("t", "user.*"); events.send("t", "order.new", "/"); events.send("t", "user.new", "/"); eq(take(s).kind, "user.new"); none(s); s:close() end},
    {"close", function() local s = events.subscribe("t"); eq(s:close(), true); assert(select(2, s:channel():receive()) == false and s:close()); events.send("t", "k", "/") end},
    {"same channel", function() local s = events.subscribe("t"); assert(s:channel() == s:channel()); s:close() end},
    {"validation", function()
        eq(fails(errors.INVALID, events.send("", "k", "/")):message(), "system is required"); eq(fails(errors.INVALID, events.send("s", "", "/")):message(), "kind is required"); eq(fails(errors.INVALID, events.send("s", "k", "")):message(), "path is required"); eq(fails(errors.INVALID, events.subscribe("")):message(), "system pattern is required")
    end},
    {"order and overflow", function() local s = events.subscribe("bulk"); funcs.call("suite.events:sender", 300); for i = 1, 300 do eq(take(s).data, i) end; s:close() end},
    {"several subscriptions", function() local a, b = events.subscribe("t"), events.subscribe("t", "k"); events.send("t", "k", "/", 1); eq(take(a).data, 1); eq(take(b).data, 1); a:close(); events.send("t", "k", "/", 2); eq(take(b).data, 2); b:close() end},
    {"end with the process", function() local p = assert(process.spawn_monitored("suite.events:short", "suite:processes")); for _ = 1, 4000 do events.send("short", "k", "/"); local t = time.after("5ms"); local r = channel.select{process.events():case_receive(), t:case_receive()}; if r.channel ~= t then eq(r.value.result.value, "got"); return end end; error("never got it") end},
    {"does not mix with the inbox", function() local i, s = process.inbox(), events.subscribe("t"); events.send("t", "k", "/"); process.send(process.pid(), "m", 1); eq(take(s).kind, "k"); eq(i:receive():topic(), "m"); s:close() end},
    {"earlier events are gone", function() events.send("late", "k", "/"); local s = events.subscribe("late"); none(s); s:close() end},
}

return {run = function() return rows.run(list) end}
