-- Channels, select, coroutines and their order: spec of channels, row by row.
local rows = require("rows")
local eq, fails = rows.eq, rows.fails

local list = {
    {"rendezvous", function() local c = channel.new(); coroutine.spawn(function() c:send(5) end); assert(c:receive() == 5) end},
    {"buffer does not block", function() local c = channel.new(2); assert(c:send(1) and c:send(2)); assert(c:receive() == 1) end},
    {"sizes", function() channel.new(-3); assert(not pcall(channel.new, "x")); local _, e = pcall(channel.new, {}); assert(tostring(e):find("bad argument #1"), tostring(e)) end},
    {"nil value", function() local c = channel.new(1); c:send(nil); local v, ok = c:receive(); assert(v == nil and ok == true); c:send(); v, ok = c:receive(); assert(v == nil and ok == true) end},
    {"close drains", function() local c = channel.new(1); c:send(1); c:close(); assert(c:receive() == 1); assert(select(2, c:receive()) == false) end},
    {"double close", function() local c = channel.new(); c:close(); c:close(); eq(select("#", c:close()), 0) end},
    {"send on closed raises", function() local c = channel.new(1); c:close(); local ok, e = pcall(c.send, c, 1); assert(not ok and tostring(e):find("send on closed channel")) end},
    {"send on closed has a position", function() local c = channel.new(1); c:close(); local _, e = pcall(function() c:send(1) end); assert(tostring(e):match(":%d+: send on closed channel$"), tostring(e)) end},
    {"parked sender at close", function() local c, r = channel.new(), {}; coroutine.spawn(function() r[1], r[2] = c:send(1) end); c:close(); time.sleep(1); assert(r[1] == nil and r[2]); eq(r[2]:message(), "send on closed channel") end},
    {"parked receiver at close", function() local c, k = channel.new(), nil; coroutine.spawn(function() k = select(2, c:receive()) end); c:close(); time.sleep(1); assert(k == false) end},
    {"FIFO receivers", function() local c, s = channel.new(), ""; for i = 1, 3 do coroutine.spawn(function() local v = c:receive(); s = s .. i .. v .. " " end) end; c:send("a"); c:send("b"); c:send("c"); time.sleep(1); eq(s, "1a 2b 3c ") end},
    {"FIFO senders", function() local c = channel.new(); for i = 1, 3 do coroutine.spawn(function() c:send(i) end) end; assert(c:receive() == 1 and c:receive() == 2 and c:receive() == 3) end},
    {"parked sender moves into the buffer", function() local c = channel.new(1); c:send(1); local done; coroutine.spawn(function() c:send(2); done = true end); assert(not done); eq(c:receive(), 1); time.sleep(0); assert(done); eq(c:receive(), 2) end},
    {"select order", function() local a, b = channel.new(1), channel.new(1); a:send(1); b:send(2); assert(channel.select{b:case_receive(), a:case_receive()}.value == 2) end},
    {"select default", function() local r = channel.select{channel.new():case_receive(), default = true}; assert(r.default and r.ok == true and r.channel == nil) end},
    {"select default as argument", function() assert(channel.select({channel.new():case_receive()}, true).default) end},
    {"select closed", function() local c = channel.new(); c:close(); local r = channel.select{c:case_receive()}; assert(r.ok == false and r.channel == c and r.value == nil) end},
    {"select send", function() local c = channel.new(1); assert(channel.select{c:case_send(9)}.value == 9 and c:receive() == 9) end},
    {"select timeout", function() local t = time.after("5ms"); assert(channel.select{channel.new():case_receive(), t:case_receive()}.channel == t) end},
    {"losing send case sends nothing", function() local a, b = channel.new(), channel.new(1); b:send(1); channel.select{a:case_send(1), b:case_receive()}; assert(channel.select({a:case_receive()}, true).default) end},
    {"bad select entry", function() assert(not pcall(channel.select, {1})); local _, e = pcall(channel.select, {1}); assert(tostring(e):find("case expected at index 1", 1, true), tostring(e)); assert(not pcall(channel.select, 1)) end},
    {"nil and false are skipped", function() local c = channel.new(1); c:send(1); eq(channel.select{false, c:case_receive()}.value, 1); c:send(2); eq(channel.select{nil, c:case_receive()}.value, 2) end},
    {"a select never pairs with itself", function() local c = channel.new(); assert(channel.select{c:case_send(1), c:case_receive(), default = true}.default) end},
    {"cases are plain values", function() local c = channel.new(2); local s, r = c:case_send("v"), c:case_receive(); channel.select{s}; channel.select{s}; eq(channel.select{r}.value, "v"); eq(channel.select{r}.value, "v") end},
    {"select closed while parked on a send", function() local c, r = channel.new(), {n = 0}; coroutine.spawn(function() r[1], r[2] = channel.select{c:case_send(1)}; r.n = 1 end); c:close(); time.sleep(1); assert(r.n == 1 and r[1] == nil and r[2]:message():find("closed")) end},
    {"select on a closed send raises when it would park", function() local c = channel.new(); c:close(); local ok, e = pcall(channel.select, {c:case_send(1)}); assert(not ok and tostring(e):find("send on closed channel")); assert(channel.select{c:case_send(1), default = true}.default) end},
    {"identity as key", function() local c = channel.new(); local t = {[c] = 1}; assert(t[c] == 1 and type(c) == "userdata"); c:close(); assert(t[channel.select{c:case_receive()}.channel] == 1) end},
    {"misuse", function() assert(not pcall(function() return #channel.new() end)); local _, e = pcall(channel.new().send, 1, 2); assert(tostring(e):find("channel expected"), tostring(e)); eq(channel.new().len, nil) end},
    {"spawn runs child first", function() local s = ""; coroutine.spawn(function() s = s .. "c" end); assert(s .. "p" == "cp") end},
    {"spawn misuse", function() local _, e = pcall(coroutine.spawn, 1); assert(tostring(e):find("bad argument #1 to 'spawn' (function expected, got number)", 1, true), tostring(e)) end},
    {"spawned thread", function() local t = coroutine.spawn(function() time.sleep("3ms") end); eq(type(t), "thread"); eq(coroutine.status(t), "suspended"); local ok, e = coroutine.resume(t); eq(ok, false); eq(e, "cannot resume non-suspended coroutine"); time.sleep("10ms"); eq(coroutine.status(t), "dead") end},
    {"order", function()
        local out, ch = {}, channel.new()
        coroutine.spawn(function() out[#out + 1] = "child"; ch:send(1); out[#out + 1] = "sent" end)
        out[#out + 1] = "parent"
        ch:receive(); out[#out + 1] = "got"
        time.sleep(0)
        eq(table.concat(out, " "), "child parent got sent")
    end},
    {"pcall across park", function() assert(pcall(function() time.sleep(1) end)) end},
    {"error after park caught", function() local ok, e = pcall(function() time.sleep(1); error("x", 0) end); assert(not ok and e == "x") end},
    {"parking in nested coroutines", function()
        local ch = channel.new(); coroutine.spawn(function() time.sleep("1ms"); ch:send("v") end)
        local gen = coroutine.wrap(function() time.sleep("10ms"); coroutine.yield(1); coroutine.yield(ch:receive()) end)
        local t = time.now(); eq(gen(), 1); assert(time.now():sub(t):milliseconds() >= 9); eq(gen(), "v")
    end},
    {"parking in metamethods and iterators", function()
        local m = setmetatable({}, {__index = function(_, k) time.sleep(1); return k end, __add = function() time.sleep(1); return 7 end, __call = function() time.sleep(1); return 8 end, __lt = function() time.sleep(1); return true end, __eq = function() time.sleep(1); return true end, __concat = function() time.sleep(1); return "cc" end, __len = function() time.sleep(1); return 3 end, __tostring = function() time.sleep(1); return "m" end})
        eq(m.x, "x"); eq(m + 1, 7); eq(m(), 8); eq(m < m, true); eq(m .. "x", "cc"); eq(#m, 3); eq(tostring(m), "m")
        local n = 0; for i in (function() time.sleep(1); n = n + 1; if n < 4 then return n end end) do eq(i, n) end
        local t = {3, 1, 2}; table.sort(t, function(a, b) time.sleep(1); return a < b end); eq(t[1], 1)
        eq((string.gsub("abc", ".", function(c) time.sleep(1); return c:upper() end)), "ABC")
        local ok, e = xpcall(function() error("x", 0) end, function(x) time.sleep(1); return x .. "!" end); assert(not ok and e == "x!")
    end},
    {"yield at the top gives way", function() local s = ""; coroutine.spawn(function() coroutine.yield(); s = s .. "b" end); s = s .. "a"; coroutine.yield(); coroutine.yield(); eq(s, "ab") end},
    {"running", function() local t, main = coroutine.running(); eq(type(t), "thread"); local inner; coroutine.spawn(function() inner = select(2, coroutine.running()) end); eq(inner, false) end},
    {"function deadlock", function() local e = fails(errors.INTERNAL, funcs.call("suite.channel:deadlock")); assert(e:message():find("deadlock: all 1 coroutines blocked", 1, true), e:message()) end},
    {"select without cases", function() local _, e = funcs.call("suite.channel:noselect"); assert(e, "no error") end},
    {"function coroutines go on", function() local l = process.listen("background"); eq(funcs.call("suite.channel:background", process.pid()), "early"); local t = time.after("20s"); local r = channel.select{l:case_receive(), t:case_receive()}; eq(r.value, "done") end},
    {"channels do not cross", function() eq(process.exec("suite.channel:passes", "suite:processes", channel.new()), "nil") end},
    {"worker pool", function()
        local jobs, results = channel.new(10), channel.new(10)
        for i = 1, 3 do coroutine.spawn(function() while true do local j, ok = jobs:receive(); if not ok then return end; results:send(j * j) end end) end
        coroutine.spawn(function() for i = 1, 20 do jobs:send(i) end jobs:close() end)
        local sum = 0; for i = 1, 20 do sum = sum + results:receive() end; eq(sum, 2870)
    end},
    {"ticker in a loop", function()
        local inbox, events, tick = process.inbox(), process.events(), time.ticker("2ms"); local n = 0
        while n < 3 do local r = channel.select{events:case_receive(), inbox:case_receive(), tick:channel():case_receive()}; if r.channel == tick:channel() then n = n + 1 end end
        tick:stop()
    end},
    {"stop wakes the receiver", function() local t = time.ticker("1h"); local ok; coroutine.spawn(function() ok = select(2, t:channel():receive()) end); t:stop(); time.sleep(0); eq(ok, false) end},
    {"thousands", function() local c, n = channel.new(), 0; for i = 1, 5000 do coroutine.spawn(function() local v = c:receive(); n = n + v end) end; for i = 1, 5000 do c:send(1) end; time.sleep(0); eq(n, 5000) end},
    {"many sleepers", function() local n = 0; for i = 1, 2000 do coroutine.spawn(function() time.sleep("5ms"); n = n + 1 end) end; for _ = 1, 20000 do if n == 2000 then break end time.sleep("1ms") end; eq(n, 2000) end},
}

return {run = function() return rows.run(list) end}
