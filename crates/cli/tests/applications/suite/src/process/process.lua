-- Identity, messages, life and death, links, names, builders: spec of processes, row by row.
local rows = require("rows")
local eq, fails = rows.eq, rows.fails
local H = "suite:processes"

local function exit_of(id, ...)
    local pid = assert(process.spawn_monitored("suite.process:" .. id, H, ...))
    local event = process.events():receive()
    assert(event.kind == process.event.EXIT, event.kind)
    eq(event.from, pid)
    return event.result, event
end

-- Topics that the next row does not expect are taken away.
local function drain()
    local quiet = time.after("5ms")
    while true do
        local r = channel.select{process.inbox():case_receive(), process.events():case_receive(), quiet:case_receive()}
        if r.channel == quiet then return end
    end
end

local list = {
    {"pid text", function() assert(process.pid():match("^{.+0x%x%x%x%x%x+}$"), process.pid()) end},
    {"pid of a child", function() local pid = assert(process.spawn("suite.process:ret42", H)); assert(pid:match("^{suite:processes|0x%x+}$"), pid) end},
    {"id", function() eq(process.id(), "suite.process:process") end},
    {"require", function() assert(require("process") == process and require("channel") == channel) end},
    {"message before subscribe is kept", function() process.send(process.pid(), "t", 1); time.sleep("10ms"); eq(process.listen("t"):receive(), 1); process.unlisten(process.listen("t")) end},
    {"send to self and inbox", function() process.send(process.pid(), "t", 7); eq(process.inbox():receive():payload():data(), 7) end},
    {"listen wins over inbox", function() local b, l = process.inbox(), process.listen("a"); process.send(process.pid(), "a", 1); eq(l:receive(), 1) end},
    {"raw payloads", function()
        local l = process.listen("m")
        process.send(process.pid(), "m", 1, 2); local v = l:receive(); assert(#v == 2 and v[1] == 1 and v[2] == 2)
        process.send(process.pid(), "m"); local none, ok = l:receive(); assert(none == nil and ok == true)
        process.send(process.pid(), "m", "x"); eq(l:receive(), "x")
    end},
    {"message mode", function()
        local l = process.listen("q", {message = true})
        process.send(process.pid(), "q"); local m = l:receive(); eq(m:payload(), nil); eq(m:topic(), "q"); eq(m:from(), process.pid())
        process.send(process.pid(), "q", 1, "b"); local p = l:receive():payload(); assert(#p == 2 and p[1]:data() == 1 and p[2]:data() == "b")
        assert(process.listen("q") == l); process.send(process.pid(), "q", 3); eq(l:receive():payload():data(), 3)
        eq(tostring(m), "process.Message{topic=q}"); eq(type(m), "userdata")
    end},
    {"payload", function()
        process.send(process.pid(), "t", {field = 5}); local p = process.inbox():receive():payload()
        eq(p:data().field, 5); eq(type(p:get_format()), "string"); assert(tostring(p):match("^payload{format=.+}$"))
        process.send(process.pid(), "t", {field = 6}); eq(process.inbox():receive():payload():data().field, 6)
    end},
    {"order across topics", function()
        for i = 1, 5 do process.send(process.pid(), "o" .. i, i) end
        for i = 1, 5 do eq(process.inbox():receive():payload():data(), i) end
    end},
    {"reserved topic", function() eq(fails(errors.INVALID, process.send(process.pid(), "@x")):message(), "cannot send to @ topics") end},
    {"send without topic", function() eq(fails(errors.INVALID, process.send(process.pid())):message(), "send requires at least destination and topic arguments") end},
    {"send wrong types raises", function() local _, e = pcall(process.send, process.pid(), {}); assert(tostring(e):find("bad argument #2"), tostring(e)); _, e = pcall(process.send, {}, "t"); assert(tostring(e):find("bad argument #1")) end},
    {"unknown name", function() eq(fails(errors.NOT_FOUND, process.send("nobody", "t")):message(), "could not resolve 'nobody' as PID or registered name") end},
    {"process gone", function() local r = {exit_of("ret42")}; eq(fails(errors.NOT_FOUND, process.send(r[2].from, "t")):message(), "process not found") end},
    {"unknown host in a pid", function() eq(fails(errors.NOT_FOUND, process.send("{no:host|0x00001}", "t")):message(), "host not found") end},
    {"send answers true", function() local ok, e = process.send(process.pid(), "gone", 1); assert(ok == true and e == nil); drain() end},
    {"identity stable", function() assert(process.inbox() == process.inbox() and process.listen("z") == process.listen("z") and process.events() == process.events()) end},
    {"listen misuse", function() eq(fails(errors.INVALID, process.listen("")):message(), "topic cannot be empty"); eq(fails(errors.INVALID, process.listen("@a")):message(), "cannot listen to @ topics") end},
    {"unlisten", function()
        local l = process.listen("u"); eq(process.unlisten(l), true); local _, ok = l:receive(); eq(ok, false)
        local r, e = process.unlisten(channel.new()); eq(r, false); eq(e:message(), "channel not found")
        local ok2, why = pcall(process.unlisten, 1); assert(not ok2 and why:find("channel expected"), why)
        process.send(process.pid(), "u", 8); eq(process.inbox():receive():payload():data(), 8)
    end},
    {"deep copy, cycles", function() local t = {}; t.t = t; process.send(process.pid(), "t", t); local d = process.inbox():receive():payload():data(); assert(d ~= t and d.t == d) end},
    {"copy is taken at once", function() local t = {n = 1}; process.send(process.pid(), "t", t); t.n = 2; eq(process.inbox():receive():payload():data().n, 1) end},
    {"what crosses", function()
        process.send(process.pid(), "t", {ch = channel.new(), f = print, co = coroutine.create(print), m = setmetatable({1}, {__index = {x = 1}}), e = errors.new{message = "m", kind = "K", details = {a = {1, 2}}, retryable = true}, i = 1, d = 1.0})
        local d = process.inbox():receive():payload():data()
        assert(d.ch == nil and d.f == nil and d.co == nil)
        assert(d.m[1] == 1 and getmetatable(d.m) == nil and d.m.x == nil)
        assert(d.e:message() == "m" and d.e:kind() == "K" and #d.e:details().a == 2 and d.e:retryable() == true)
        assert(math.type(d.i) == "integer" and math.type(d.d) == "float")
    end},
    {"nil arguments keep their place", function() local l = process.listen("args"); assert(process.spawn("suite.process:echo_args", H, process.pid(), nil, print, 3)); local v = l:receive(); assert(v[1] == nil and v[2] == nil and v[3] == 3) end},
    {"spawn args", function() local l = process.listen("args"); assert(process.spawn("suite.process:echo_args", H, process.pid(), 1, "x")); local v = l:receive(); assert(v[1] == 1 and v[2] == "x") end},
    {"spawn without arguments", function() for _, f in ipairs{"spawn", "spawn_monitored", "spawn_linked", "spawn_linked_monitored"} do eq(fails(errors.INVALID, process[f]("x:y")):message(), f .. " requires at least id and host arguments") end end},
    {"spawn of missing entry", function() local e = fails(errors.NOT_FOUND, process.spawn("no:pe", H)); eq(e:message(), "factory not found"); eq(e:details().factory_id, "no:pe") end},
    {"spawn on missing host", function() local e = fails(errors.NOT_FOUND, process.spawn("suite.process:ret42", "no:host")); eq(e:message(), "host not found"); eq(e:details().host_id, "no:host") end},
    {"load failure", function() local e = fails(errors.INTERNAL, process.spawn_monitored("suite.process:badload", H)); assert(e:message():find("^failed to execute script: .*at load"), e:message()); time.sleep("5ms"); assert(channel.select{process.events():case_receive(), default = true}.default) end},
    {"method missing", function() eq(fails(errors.NOT_FOUND, process.spawn("suite.process:nomethod", H)):message(), 'method "main" not found in module') end},
    {"top level must not wait", function() local e = fails(errors.INTERNAL, process.spawn("suite.process:sleepload", H)); assert(e:message():find("attempt to yield from outside a coroutine"), e:message()) end},
    {"chunk that returns a function", function() eq(exit_of("isfunction").value, "direct") end},
    {"EXIT value", function() local r, ev = exit_of("ret42"); eq(r.value, 42); eq(r.error, nil); eq(math.type(ev.at), "integer"); assert(math.abs(ev.at - os.time()) < 30) end},
    {"EXIT error", function() local r = exit_of("boom"); assert(r.error:message():find("boom")); eq(r.value, nil); eq(r.error:message(), "suite.process:boom:1: boom"); eq(r.error:kind(), errors.INTERNAL) end},
    {"results", function()
        eq(exit_of("returns").value, nil); eq(exit_of("returns", 1, nil).value, 1); eq(exit_of("returns", 1, {x = 1}).value, 1); eq(exit_of("returns", "ok").value, "ok")
        eq(exit_of("returns", nil, "bad").error:message(), "bad"); eq(exit_of("returns", false, "bad").error:kind(), errors.INTERNAL)
        local r = exit_of("returns", "a", "b"); assert(r.error:message() == "b" and r.value == nil)
        eq(exit_of("returns", 1, errors.new{message = "e", kind = errors.CONFLICT}).error:kind(), errors.CONFLICT)
        eq(exit_of("returns", false).value, false)
        eq(exit_of("returns", errors.new("e")).value:message(), "e")
    end},
    {"raised values", function()
        local r = exit_of("raises", errors.new{message = "m", kind = errors.TIMEOUT, retryable = true, details = {a = 1}})
        assert(r.error:message() == "m" and r.error:kind() == errors.TIMEOUT and r.error:retryable() == true and r.error:details().a == 1)
        r = exit_of("raises", {code = 1}); assert(r.error:message():find("^table") and r.error:kind() == errors.INTERNAL, r.error:message())
    end},
    {"error from spawned coroutine kills", function() local r = exit_of("coboom"); assert(r.error:message():find("x")) end},
    {"coroutines end with main", function() exit_of("late"); time.sleep("20ms"); eq(process.registry.lookup("late-was-alive"), nil) end},
    {"terminate", function()
        local p = assert(process.spawn_monitored("suite.process:waits", H)); local ok, e = process.terminate(p); assert(ok == true and e == nil)
        local ev = process.events():receive(); eq(ev.result.error:message(), "process terminated"); eq(ev.result.error:kind(), errors.INTERNAL)
        eq(fails(errors.INTERNAL, process.terminate(p)):message(), "process not found")
    end},
    {"terminate a spinning process", function() local p = assert(process.spawn_monitored("suite.process:spins", H)); time.sleep("10ms"); process.terminate(p); local t = time.after("20s"); local r = channel.select{process.events():case_receive(), t:case_receive()}; eq(r.channel, process.events()); eq(r.value.result.error:message(), "process terminated") end},
    {"cancel with reason", function() local p = assert(process.spawn_monitored("suite.process:obeys", H)); eq(process.cancel(p, "bye"), true); eq(process.events():receive().result.value, "bye") end},
    {"cancel without reason", function() local p = assert(process.spawn_monitored("suite.process:obeys_all", H)); eq(process.cancel(p), true); local v = process.events():receive().result.value; eq(v.kind, "pid.cancel"); eq(v.from, process.pid()); eq(v.at, "integer"); eq(v.result, nil) end},
    {"cancel misuse", function() eq(fails(errors.INVALID, process.cancel()):message(), "cancel requires at least destination argument"); local _, ev = exit_of("ret42"); eq(fails(errors.INTERNAL, process.cancel(ev.from)):message(), "process not found") end},
    {"link cascade", function() eq(exit_of("linker").error:message(), "linked process failed") end},
    {"trap_links", function() local v = exit_of("trapper").value; eq(v.kind, process.event.LINK_DOWN); eq(v.same, true); assert(v.message:find("boom")); eq(v.at, "integer") end},
    {"linked and monitored", function()
        eq(process.set_options({trap_links = true}), true)
        local p = assert(process.spawn_linked_monitored("suite.process:boom", H)); local seen = {}
        for _ = 1, 2 do local e = process.events():receive(); eq(e.from, p); seen[e.kind] = (seen[e.kind] or 0) + 1 end
        assert(seen["pid.exit"] == 1 and seen["pid.link.down"] == 1)
        p = assert(process.spawn_linked_monitored("suite.process:ret42", H)); eq(process.events():receive().kind, "pid.exit"); time.sleep("5ms"); drain()
        process.set_options({trap_links = false})
    end},
    {"options", function()
        local o = process.get_options(); assert(o.trap_links == false and o.upgradable == false)
        local ok, e = process.set_options({nope = 1}); eq(ok, false); eq(e:kind(), errors.INVALID); eq(e:message(), "option nope is not supported")
        ok, e = process.set_options(1); eq(ok, false); eq(e:message(), "options parameter must be a table")
        ok, e = process.set_options({trap_links = 1}); eq(ok, false); eq(e:message(), "trap_links must be a boolean")
        ok, e = process.set_options({upgradable = true}); eq(ok, true); eq(process.get_options().upgradable, true); process.set_options({upgradable = false})
    end},
    {"events", function() assert(process.event.CANCEL == "pid.cancel" and process.event.EXIT == "pid.exit" and process.event.LINK_DOWN == "pid.link.down" and type(process.event.OUTDATED) == "string") end},
    {"monitor", function()
        local p = assert(process.spawn("suite.process:waits", H)); eq(process.monitor(p), true)
        eq(fails(errors.INTERNAL, process.monitor(p)):message(), "already monitoring pid")
        process.send(p, "x"); eq(process.events():receive().result.value, "told")
        eq(fails(errors.INTERNAL, process.monitor(p)):message(), "pid not registered")
        eq(fails(errors.INVALID, process.monitor()):message(), "monitor requires a destination argument")
        eq(fails(errors.INVALID, process.unmonitor()):message(), "unmonitor requires a destination argument")
    end},
    {"unmonitor", function() local p = assert(process.spawn_monitored("suite.process:waits", H)); eq(process.unmonitor(p), true); eq(process.unmonitor(p), true); process.terminate(p); time.sleep("20ms"); assert(channel.select{process.events():case_receive(), default = true}.default) end},
    {"link, unlink", function()
        local p = assert(process.spawn("suite.process:waits", H)); eq(process.link(p), true); eq(process.link(p), true); eq(process.unlink(p), true); eq(process.unlink(p), true); process.terminate(p)
        local _, ev = exit_of("ret42"); eq(fails(errors.INTERNAL, process.link(ev.from)):message(), "pid not registered")
        eq(fails(errors.INVALID, process.link()):message(), "link requires a destination argument"); eq(fails(errors.INVALID, process.unlink()):message(), "unlink requires a destination argument")
    end},
    {"exec", function() eq(process.exec("suite.process:ret42", H), 42) end},
    {"exec fails", function()
        local e = fails(errors.INTERNAL, process.exec("suite.process:boom", H)); assert(e:message():find("boom"))
        e = fails(errors.CONFLICT, process.exec("suite.process:raises", H, errors.new{message = "m", kind = errors.CONFLICT, details = {a = 1}})); eq(e:details().a, 1)
        eq(fails(errors.INVALID, process.exec("x:y")):message(), "exec requires id and host arguments")
        eq(fails(errors.INVALID, process.exec("", H)):message(), "process ID required")
        eq(fails(errors.INVALID, process.exec("x", H)):message(), "invalid process ID format (namespace:name required)")
        eq(fails(errors.INVALID, process.exec("suite.process:ret42", "")):message(), "host ID required")
    end},
    {"names", function()
        eq(process.registry.register("me"), true); eq(process.registry.lookup("me"), process.pid()); eq(process.registry.register("me"), true)
        process.send("me", "t", 1); eq(process.inbox():receive():payload():data(), 1)
        local p = assert(process.spawn("suite.process:waits", H))
        eq(fails(errors.ALREADY_EXISTS, process.registry.register("me", p)):message(), "name already registered")
        eq(process.registry.register("it", p), true); eq(process.registry.lookup("it"), p); eq(process.registry.unregister("it"), true); eq(process.registry.unregister("it"), false)
        eq(process.registry.unregister("me"), true); process.terminate(p)
        eq(fails(errors.NOT_FOUND, process.registry.lookup("me")):message(), "name not registered")
        eq(fails(errors.INVALID, process.registry.register("n", 1)):message(), "pid must be a string"); fails(errors.INVALID, process.registry.register("n", "nope"))
        fails(errors.INVALID, process.registry.register("n", nil, 9))
        assert(process.registry.LOCAL == 0 and process.registry.EVENTUAL == 1 and process.registry.CONSISTENT == 2 and process.registry.STRONG == 3)
        eq(process.registry.register("f", nil, 0.0), true); process.registry.unregister("f")
        eq(fails(errors.INTERNAL, process.registry.register("x", nil, process.registry.STRONG)):message(), "global registry not available")
        eq(fails(errors.INTERNAL, process.registry.register("x", nil, process.registry.EVENTUAL)):message(), "eventual registry not available")
    end},
    {"name released on exit", function()
        local p = assert(process.spawn_monitored("suite.process:named", H, "w"))
        for _ = 1, 20000 do if process.registry.lookup("w") then break end time.sleep("1ms") end
        eq(process.registry.lookup("w"), p); process.send("w", "x"); process.events():receive(); eq(process.registry.lookup("w"), nil)
    end},
    {"with_context inherited", function()
        eq(process.with_context({k = 1}):exec("suite.process:ctx_echo", H, "k"), 1); eq(process.with_context({k = {a = 2}}):exec("suite.process:ctx_child", H, "k").a, 2)
        local pid = assert(process.with_context({k = 3}):spawn_monitored("suite.process:ctx_echo", H, "k")); local ev = process.events():receive(); assert(ev.from == pid and ev.result.value == 3)
        local b = process.with_context({a = 1}); local c = b:with_context({k = 5}); eq(c:exec("suite.process:ctx_echo", H, "k"), 5); eq(b:exec("suite.process:ctx_echo", H, "k"), nil); eq(c:exec("suite.process:ctx_echo", H, "a"), 1)
    end},
    {"builder misuse raises", function()
        assert(not pcall(process.with_context, {1})); assert(not pcall(process.with_context, 1)); local b = process.with_context({})
        local ok, e = pcall(b.with_name, b, ""); assert(not ok and tostring(e):find("name cannot be empty"))
        ok, e = pcall(b.spawn, b, "x:y"); assert(not ok and tostring(e):find("spawn requires at least id and host arguments"))
        ok, e = pcall(b.with_message, b, "@x"); assert(not ok)
        fails(errors.NOT_FOUND, b:spawn("no:pe", H))
    end},
    {"with_message comes first", function()
        local v = process.with_context({}):with_message("hello", {n = 1}):exec("suite.process:first", H); eq(v.topic, "hello"); eq(v.from, ""); eq(v.data.n, 1)
    end},
    {"with_name spawn or signal", function()
        local l = process.listen("got"); local b = process.with_context({tenant = "a"}):with_name("cache"):with_message("warm", 1)
        local p1, p2 = b:spawn("suite.process:cache", H, process.pid()), b:spawn("suite.process:cache", H, process.pid()); eq(p1, p2); eq(process.registry.lookup("cache"), p1)
        for _ = 1, 2 do local v = l:receive(); assert(v[1] == "warm" and v[2] == 1) end
        process.send("cache", "end")
    end},
    {"subscribe, unsubscribe", function()
        local c = channel.new(4); eq(subscribe("own", c), true); eq(subscribe("own", c), true); eq(fails(errors.ALREADY_EXISTS, subscribe("own", channel.new())):message(), 'topic "own" already subscribed')
        process.send(process.pid(), "own", 1); process.send(process.pid(), "own", 2); eq(c:receive(), 1); eq(c:receive(), 2); eq(unsubscribe(c), true); process.send(process.pid(), "own", 3); eq(process.inbox():receive():payload():data(), 3); eq(unsubscribe(c), false); assert(c:send(1))
    end},
    {"upgrade keeps pid", function() local l = process.listen("upgraded"); assert(process.spawn("suite.process:upgrades", H, process.pid(), 1)); local v = l:receive(); eq(v[1], 3); eq(v[2], true) end},
    {"with_options", function() assert(process.with_options({}):with_options({}):exec("suite.process:ret42", H) == 42) end},
}

return {run = function() return rows.run(list) end}
