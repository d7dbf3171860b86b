//! The checklist of the module `process`, one test per row, on the real scheduler.
//!
//! Every test is a small application: entries by id, of which `app:main` is started and must end well.

mod common;

use common::{check, check_with, failure};

#[test]
fn a_process_knows_its_pid_and_entry() {
    check(
        "assert(process.pid():match('^{.+0x%x%x%x%x%x+}$')) assert(process.id() == 'app:main')
           assert(process.pid() == process.pid() and process.pid():find('app:processes|', 1, true))",
    );
}

#[test]
fn a_process_can_send_to_itself() {
    check(
        "process.send(process.pid(), 't', 7) local m = process.inbox():receive()
           assert(m:payload():data() == 7 and m:topic() == 't' and m:from() == process.pid())
           assert(tostring(m) == 'process.Message{topic=t}' and type(m) == 'userdata')
           assert(tostring(m:payload()) == 'payload{format=lua/any}')",
    );
}

#[test]
fn what_comes_before_a_subscription_is_kept() {
    check("process.send(process.pid(), 't', 1) coroutine.yield() assert(process.listen('t'):receive() == 1)");
    check(
        "local me = process.pid() process.send(me, 'a', 1) process.send(me, 'b', 2) process.send(me, 'a', 3)
           local inbox = process.inbox()
           local b = process.listen('b') assert(b:receive() == 2)
           assert(inbox:receive():payload():data() == 1 and inbox:receive():payload():data() == 3)",
    );
}

#[test]
fn a_listener_wins_over_the_inbox() {
    check(
        "local b, l = process.inbox(), process.listen('a') process.send(process.pid(), 'a', 1)
           assert(l:receive() == 1)",
    );
}

#[test]
fn listeners_get_payloads_or_messages() {
    check(
        "local l = process.listen('m') local me = process.pid() process.send(me, 'm', 1, 2)
           local t = l:receive() assert(#t == 2 and t[1] == 1 and t[2] == 2)
           process.send(me, 'm') local v, ok = l:receive() assert(v == nil and ok)
           local l = process.listen('q', {message = true}) process.send(me, 'q')
           assert(l:receive():payload() == nil)
           process.send(me, 'q', 1, {2}) local p = l:receive():payload()
           assert(#p == 2 and p[1]:data() == 1 and p[2]:data()[1] == 2)",
    );
}

#[test]
fn sends_are_checked() {
    check("local _, e = process.send(process.pid(), '@x') assert(e:kind() == errors.INVALID)
           local _, e = process.send('nobody', 't') assert(errors.is(e, errors.NOT_FOUND))
           assert(e:message() == \"could not resolve 'nobody' as PID or registered name\")
           local _, e = process.send('x') assert(e:kind() == errors.INVALID)
           assert(not pcall(process.send, 1, 't') and not pcall(process.send, 'x', 1))
           local _, e = process.send('{nowhere|0x00001}', 't') assert(e:message() == 'host not found')
           local _, e = process.send('{app:processes|0xfffff}', 't') assert(e:message() == 'process not found')
           assert(errors.is(e, errors.NOT_FOUND))
           local _, e = process.listen('') assert(e:message() == 'topic cannot be empty')
           local _, e = process.listen('@x') assert(e:kind() == errors.INVALID)");
}

#[test]
fn channels_are_always_the_same() {
    check(
        "assert(process.inbox() == process.inbox() and process.listen('z') == process.listen('z'))
           assert(process.events() == process.events())",
    );
}

#[test]
fn unlisten_closes_and_frees_the_topic() {
    check("local l = process.listen('u') assert(process.unlisten(l)) local _, ok = l:receive() assert(ok == false)
           local ok, e = process.unlisten(l) assert(ok == false and e:message() == 'channel not found')
           assert(not pcall(process.unlisten, 1))
           process.send(process.pid(), 'u', 5) assert(process.inbox():receive():payload():data() == 5)");
}

#[test]
fn messages_are_deep_copies() {
    check("local t = {n = 1, ch = channel.new(), f = print, e = errors.new{message = 'm', kind = errors.CONFLICT}}
           t.self = t process.send(process.pid(), 't', t) t.n = 2
           local d = process.inbox():receive():payload():data()
           assert(d ~= t and d.self == d and d.n == 1 and d.ch == nil and d.f == nil)
           assert(d.e:kind() == errors.CONFLICT and d.e:message() == 'm')
           process.send(process.pid(), 't', 1, 1.0, nil)
           local p = process.inbox():receive():payload()
           assert(#p == 3 and math.type(p[1]:data()) == 'integer' and math.type(p[2]:data()) == 'float')");
}

#[test]
fn children_get_their_arguments() {
    check(
        "process.spawn('app:echo_args', H, process.pid(), 1, 'x')
           local p = process.inbox():receive():payload() assert(p[1]:data() == 1 and p[2]:data() == 'x')",
    );
}

#[test]
fn spawns_that_fail_say_why() {
    check(
        "local p, e = process.spawn('no:pe', H) assert(p == nil and errors.is(e, errors.NOT_FOUND))
           assert(e:message() == 'factory not found' and e:details().factory_id == 'no:pe')
           local p, e = process.spawn('app:ret42', 'no:host') assert(e:message() == 'host not found')
           local p, e = process.spawn('app:ret42') assert(e:kind() == errors.INVALID, e)",
    );
    let more = [
        ("app:bad", "error('at the top')"),
        ("app:nomain", "return {}"),
        ("app:waits", "process.send('x', 'y') return {main = print}"),
        ("app:parks", "channel.new():receive() return {main = print}"),
    ];
    check_with(
        "local p, e = process.spawn('app:bad', H) assert(p == nil and e:kind() == errors.INTERNAL)
         assert(e:message():find('^failed to execute script: app:bad:1: at the top'), e:message())
         local p, e = process.spawn('app:nomain', H) assert(errors.is(e, errors.NOT_FOUND))
         assert(e:message() == 'method \"main\" not found in module')
         for _, id in ipairs{'app:waits', 'app:parks'} do
            local p, e = process.spawn(id, H)
            assert(p == nil and e:message():find('attempt to yield from outside a coroutine'), e:message())
         end",
        &more,
    );
}

#[test]
fn watchers_hear_of_ends() {
    check(
        "local p = process.spawn_monitored('app:ret42', H) local ev = process.events():receive()
           assert(ev.kind == process.event.EXIT and ev.from == p and ev.result.value == 42)
           assert(ev.result.error == nil and math.type(ev.at) == 'integer')
           process.spawn_monitored('app:boom', H) local ev = process.events():receive()
           assert(ev.result.error:message():find('app:boom:1: boom') and ev.result.value == nil)
           assert(ev.result.error:kind() == errors.INTERNAL)",
    );
}

#[test]
fn results_follow_the_convention() {
    let more = [
        ("app:ab", "return {main = function() return 'a', 'b' end}"),
        (
            "app:nilbad",
            "return {main = function() return nil, errors.new{message = 'no', kind = errors.TIMEOUT} end}",
        ),
        ("app:table", "return {main = function() error({code = 1}) end}"),
        ("app:second", "return {main = function() return 1, {x = 1} end}"),
        (
            "app:spawned",
            "return {main = function() coroutine.spawn(function() error('x') end) channel.new():receive() end}",
        ),
    ];
    check_with(
        "local events = process.events()
         local function ended(id) process.spawn_monitored(id, H) return events:receive().result end
         local r = ended('app:ab') assert(r.error:message() == 'b' and r.value == nil)
         local r = ended('app:nilbad') assert(r.error:message() == 'no' and r.error:kind() == errors.TIMEOUT)
         local r = ended('app:table') assert(r.error:message():find('^table: ') and r.error:kind() == errors.INTERNAL)
         assert(ended('app:second').value == 1)
         assert(ended('app:spawned').error:message():find('app:spawned:1: x'))",
        &more,
    );
}

#[test]
fn terminate_ends_others_and_oneself() {
    let more = [
        ("app:spin", "return {main = function() pcall(function() while true do end end) end}"),
        (
            "app:suicide",
            "return {main = function() pcall(process.terminate, process.pid()) return 'never' end}",
        ),
    ];
    check_with(
        "local events = process.events()
         for _, id in ipairs{'app:idle', 'app:spin'} do
            local p = process.spawn_monitored(id, H)
            assert(process.terminate(p))
            local r = events:receive().result
            assert(r.error:message() == 'process terminated' and r.error:kind() == errors.INTERNAL)
            local ok, e = process.terminate(p) assert(ok == nil and e:message() == 'process not found')
         end
         process.spawn_monitored('app:suicide', H)
         assert(events:receive().result.error:message() == 'process terminated')",
        &more,
    );
}

#[test]
fn cancel_is_an_event() {
    let more = [("app:bye", "return {main = function() return process.events():receive().reason end}")];
    check_with(
        "local p = process.spawn_monitored('app:bye', H) assert(process.cancel(p, 'bye'))
         assert(process.events():receive().result.value == 'bye')
         local _, e = process.cancel() assert(e:message() == 'cancel requires at least destination argument')
         local _, e = process.cancel(p) assert(e:message() == 'process not found')",
        &more,
    );
}

#[test]
fn failures_cascade_along_links() {
    assert_eq!(
        failure("process.spawn_linked('app:boom', H) pcall(function() channel.new():receive() end)", &[]),
        "linked process failed"
    );
    let more = [(
        "app:middle",
        "return {main = function() process.spawn_linked('app:boom', 'app:processes') channel.new():receive() end}",
    )];
    check_with(
        "process.spawn_monitored('app:middle', H)
         assert(process.events():receive().result.error:message() == 'linked process failed')",
        &more,
    );
}

#[test]
fn links_can_be_trapped() {
    check("assert(process.set_options({trap_links = true})) local p = process.spawn_linked('app:boom', H)
           local ev = process.events():receive()
           assert(ev.kind == process.event.LINK_DOWN and ev.from == p and ev.result.error:message():find('boom'))
           local ok, e = process.link(p) assert(ok == nil and e:message() == 'pid not registered')
           local p = process.spawn('app:idle', H) assert(process.link(p) and process.link(p))
           assert(process.unlink(p) and process.unlink(p)) process.terminate(p)
           local p = process.spawn_linked_monitored('app:boom', H)
           local kinds = {} for _ = 1, 2 do kinds[process.events():receive().kind] = true end
           assert(kinds[process.event.EXIT] and kinds[process.event.LINK_DOWN])");
    check(
        "process.spawn_linked_monitored('app:ret42', H) local ev = process.events():receive()
           assert(ev.kind == process.event.EXIT)",
    );
}

#[test]
fn options_are_checked() {
    check("local ok, e = process.set_options({nope = 1}) assert(ok == false and e:kind() == errors.INVALID)
           assert(e:message() == 'option nope is not supported')
           local ok, e = process.set_options({trap_links = 1}) assert(e:message() == 'trap_links must be a boolean')
           local ok, e = process.set_options(1) assert(ok == false)
           local ok = process.set_options({trap_links = true, nope = 1}) assert(ok == false)
           local o = process.get_options() assert(o.trap_links == true and o.upgradable == false)");
}

#[test]
fn monitors_are_one_per_pair() {
    check(
        "local p = process.spawn('app:idle', H) assert(process.monitor(p))
           local ok, e = process.monitor(p) assert(ok == nil and e:message() == 'already monitoring pid')
           assert(process.unmonitor(p) and process.unmonitor(p) and process.monitor(p))
           process.terminate(p) process.events():receive()
           local ok, e = process.monitor(p) assert(ok == nil and e:message() == 'pid not registered')
           local _, e = process.monitor() assert(e:message() == 'monitor requires a destination argument')",
    );
}

#[test]
fn exec_answers_with_the_result() {
    check(
        "assert(process.exec('app:ret42', H) == 42)
           local v, e = process.exec('app:boom', H) assert(v == nil and e:message():find('boom'))
           local v, e = process.exec('', H) assert(e:message() == 'process ID required')
           local v, e = process.exec('x') assert(e:message() == 'exec requires id and host arguments')
           local done = channel.new()
           for i = 1, 5 do coroutine.spawn(function() done:send(process.exec('app:ret42', H)) end) end
           for i = 1, 5 do assert(done:receive() == 42) end",
    );
}

#[test]
fn names_lead_to_processes() {
    check("local reg = process.registry
           assert(reg.register('me') and reg.lookup('me') == process.pid() and reg.register('me'))
           process.send('me', 't', 1) assert(process.inbox():receive():payload():data() == 1)
           local p = process.spawn('app:idle', H) local ok, e = reg.register('me', p)
           assert(ok == nil and e:kind() == errors.ALREADY_EXISTS and e:message() == 'name already registered')
           assert(reg.register('w', p) and reg.register('w2', p) and process.monitor('w'))
           process.terminate('w') process.events():receive()
           local v, e = reg.lookup('w') assert(v == nil and e:kind() == errors.NOT_FOUND and reg.lookup('w2') == nil)
           assert(reg.unregister('me') == true and reg.unregister('me') == false)
           local _, e = reg.register('x', 1) assert(e:message() == 'pid must be a string')
           local _, e = reg.register('x', '{') assert(e:kind() == errors.INVALID)
           local _, e = reg.register('x', nil, reg.STRONG) assert(e:message() == 'global registry not available')
           local _, e = reg.register('x', nil, 1.0) assert(e:message() == 'eventual registry not available')
           local _, e = reg.register('x', nil, 9) assert(e:kind() == errors.INVALID)");
}

#[test]
fn context_values_are_inherited() {
    let more =
        [("app:deep", "return {main = function() return process.exec('app:ctx_echo', 'app:processes') end}")];
    check_with(
        "local b = process.with_context({k = 1, t = {a = {1}}})
         assert(b:exec('app:ctx_echo', H) == 1 and b:exec('app:deep', H) == 1)
         assert(b:with_context({k = 2}):exec('app:deep', H) == 2 and b:exec('app:deep', H) == 1)
         local v, e = require('ctx').get('nope') assert(e:kind() == errors.NOT_FOUND)
         assert(e:message() == 'key not found: nope' and next(require('ctx').all()) == nil)
         assert(not pcall(process.with_context, {1}) and not pcall(b.spawn, b, 'x'))",
        &more,
    );
}

#[test]
fn a_name_makes_a_spawn_a_signal() {
    check(
        "local b = process.with_context({}):with_name('cache'):with_message('warm', process.pid(), 1)
           local me = process.pid()
           local b = process.with_context({}):with_name('cache'):with_message('warm', 1)
           local p1, p2 = b:spawn('app:idle', H), b:spawn('app:idle', H)
           assert(p1 == p2 and process.registry.lookup('cache') == p1)
           assert(not pcall(b.with_name, b, '') and not pcall(b.with_message, b, '@x'))",
    );
    let more = [(
        "app:first",
        "return {main = function() local m = process.inbox():receive()
        return m:topic() .. m:payload():data() .. '[' .. m:from() .. ']' end}",
    )];
    check_with(
        "local p = process.with_context({}):with_message('warm', 1):spawn_monitored('app:first', H)
         process.send(p, 'later', 2)
         assert(process.events():receive().result.value == 'warm1[]')",
        &more,
    );
}

#[test]
fn upgrade_keeps_pid_names_and_mail() {
    let more = [("app:up", "return {main = function(to, n)
        if n < 3 then process.registry.register('up') process.upgrade(nil, to, n + 1) end
        process.send(to, 'done', process.pid(), n, process.registry.lookup('up'), process.inbox():receive():payload():data())
     end}")];
    check_with(
        "local done = process.listen('done')
         local p = process.spawn('app:up', H, process.pid(), 1) process.send(p, 'x', 'kept')
         local r = done:receive() assert(r[1] == p and r[2] == 3 and r[3] == p and r[4] == 'kept')
         local ok, e = pcall(process.upgrade, 'no:pe') assert(not ok and e:message():find('^upgrade: create failed'))",
        &more,
    );
}

#[test]
fn order_is_kept_between_two() {
    let more = [(
        "app:many",
        "return {main = function(to) for i = 1, 5000 do process.send(to, i % 2 == 0 and 'a' or 'b', i) end end}",
    )];
    check_with(
        "process.spawn('app:many', H, process.pid())
         local inbox = process.inbox()
         for i = 1, 5000 do assert(inbox:receive():payload():data() == i) end",
        &more,
    );
}

#[test]
fn a_process_that_breaks_a_limit_dies_alone() {
    let more = [
        (
            "app:hungry",
            "return {main = function() local t = {} while true do t[#t + 1] = ('x'):rep(10000) .. #t end end}",
        ),
        ("app:deep", "return {main = function() local function f() return f() + 1 end f() end}"),
    ];
    check_with(
        "local echo, events, inbox = process.spawn('app:echo', H), process.events(), process.inbox()
         for id, text in pairs{['app:hungry'] = 'not enough memory', ['app:deep'] = 'stack overflow'} do
            process.spawn_monitored(id, H)
            for i = 1, 100 do process.send(echo, 'n', i) assert(inbox:receive():payload():data() == i) end
            local e = events:receive().result.error
            assert(e:message():find(text), e:message())
         end",
        &more,
    );
}

#[test]
fn a_ring_of_processes_passes_a_number_on() {
    let more = [(
        "app:node",
        "return {main = function(next, last)
        local numbers = process.listen('n')
        while true do
            local n = numbers:receive()
            process.send(next or process.listen('next'):receive(), 'n', n + 1)
        end
     end}",
    )];
    check_with(
        "local first = process.pid()
         for i = 1, 200 do first = process.spawn('app:node', H, first) end
         local numbers = process.listen('n')
         local n = 0
         for round = 1, 20 do process.send(first, 'n', n) n = numbers:receive() end
         assert(n == 4000, n)",
        &more,
    );
}

#[test]
fn many_processes_answer() {
    check(
        "local pids = {}
           for i = 1, 2000 do pids[i] = process.spawn('app:echo', H) end
           local inbox = process.inbox()
           for i = 1, 2000 do process.send(pids[i], 'n', i) end
           local sum = 0
           for i = 1, 2000 do sum = sum + inbox:receive():payload():data() end
           assert(sum == 2001000)",
    );
}

#[test]
fn a_select_with_a_default_sees_mail_that_waits() {
    check(
        "local me, inbox = process.pid(), process.inbox()
        local numbers = process.listen('n')
        local cases = {inbox:case_receive(), numbers:case_receive()}
        assert(channel.select(cases, true).default)
        process.send(me, 'x', 1) process.send(me, 'y', 2) process.send(me, 'n', 3) process.send(me, 'n', 4)
        local got = {}
        repeat
            local r = channel.select(cases, true)
            if not r.default then
                got[#got + 1] = r.channel == inbox and r.value:payload():data() or r.value
            end
        until #got == 4
        assert(table.concat(got, ' ') == '1 2 3 4')
        assert(channel.select(cases, true).default)",
    );
}

#[test]
fn a_receive_without_waiting_keeps_the_order_of_arrival() {
    check(
        "local me = process.pid()
        local numbers = process.listen('n')
        for i = 1, 100 do process.send(me, 'n', i) end
        for i = 1, 50 do assert(numbers:receive() == i) end
        for i = 101, 150 do process.send(me, 'n', i) end
        for i = 51, 150 do assert(numbers:receive() == i) end",
    );
}

#[test]
fn events_that_come_between_messages_are_not_lost() {
    check(
        "local events, numbers = process.events(), process.listen('n')
        local me = process.pid()
        for i = 1, 20 do
            assert(process.spawn_monitored('app:ret42', H))
            process.send(me, 'n', i)
            require('time').sleep('1ms')
            assert(numbers:receive() == i)
        end
        for i = 1, 20 do
            local event = events:receive()
            assert(event.kind == process.event.EXIT and event.result.value == 42)
        end",
    );
}

#[test]
fn records_arrive_as_they_were_sent() {
    check(
        "local me, got = process.pid(), process.listen('t')
        local function same(a, b)
            if type(a) ~= 'table' then return math.type(a) == math.type(b) and a == b end
            for k, v in pairs(a) do if not same(v, b[k]) then return false end end
            for k in pairs(b) do if a[k] == nil then return false end end
            return true
        end
        local records = {}
        for i = 1, 50 do records[i] = {id = i, name = 'record ' .. i, value = i * 1.5, kind = 'k'} end
        records[7].extra = true
        records[8].name = nil
        records[9] = {id = 9, [1] = 'one', name = 'x', value = 2}
        records[10] = {name = 'x', other = 'id', value = {id = 1, name = 'n', value = {}, kind = 'k'}}
        records[11] = {id = 1, name = 2, value = 3, kindred = 4}
        records[12] = {id = 1, name = 2, value = 3, f = print}
        for i = 20, 40 do records[i].value = {id = i, name = {id = 1, name = 'n', value = 'v', kind = 2}} end
        for i = 30, 45 do records[i].id = {a = i, b = {c = 1}} end
        records[13] = {id = {}, name = 'id', value = 'value', kind = string.rep('x', 1000)}
        process.send(me, 't', records)
        local copy = got:receive()
        records[12].f = nil
        assert(same(records, copy))
        for _, record in ipairs(copy) do assert(getmetatable(record) == nil and next(record) ~= nil) end
        copy[1].id, copy[1].more = 77, 1
        assert(copy[2].id == 2 and copy[2].more == nil)",
    );
}

#[test]
fn large_texts_are_compiled_while_others_run() {
    check(
        "local turns, done = 0, false
           coroutine.spawn(function() while not done do coroutine.yield() turns = turns + 1 end end)
           local text = ('x = x + 1 '):rep(10000)
           local f = assert(load(text, '=big', 't', {x = 5}))
           done = true
           assert(turns > 0)
           assert(debug.getinfo(f, 'S').short_src == 'big')
           local _, env = debug.getupvalue(f, 1) f() assert(env.x == 10005)
           assert(select(2, debug.getupvalue(assert(load(text)), 1)) == _G)
           assert(debug.getupvalue(assert(load(text, 'n', 't', nil)), 1) == '_ENV')
           assert(select(2, debug.getupvalue(assert(load(text, 'n', 't', nil)), 1)) == nil)
           local f, message = load(text .. '\\n=', '=big')
           assert(f == nil and message == \"big:2: unexpected symbol near '='\", message)
           local f, message = load(text, '=big', 'b')
           assert(f == nil and message == \"attempt to load a text chunk (mode is 'b')\")
           local pieces = 0
           local f = assert(load(function() pieces = pieces + 1 return pieces < 20 and text or nil end))
           x = 0 f() assert(x == 190000)
           local ok, message = pcall(load, ('x = 1 '):rep(2000000))
           assert(not ok and message == 'not enough memory', message)",
    );
}

#[test]
fn the_way_to_a_value_is_the_same_in_one_go_and_in_steps() {
    // Waiting for the message, and with the message there; by itself, as a statement, as the last argument, in a call that is
    // protected, and under a hook.
    check(
        "local inbox, echo = process.inbox(), process.spawn('app:echo', H)
           local me = process.pid()
           local function sends(...) process.send(echo, 't', ...) end
           local function has(...) process.send(me, 't', ...) coroutine.yield() end
           for _, send in ipairs{sends, has} do
             send(7) local n = inbox:receive():payload():data() assert(n == 7)
             send{1, {2}} assert(inbox:receive():payload():data()[2][1] == 2)
             send('text') assert(#inbox:receive():payload():data() == 4)
             send(false) assert(inbox:receive():payload():data() == false)
             send(1) inbox:receive() send(2) inbox:receive():payload() send(3) inbox:receive():payload():data()
             send(4) local list = {inbox:receive():payload():data()} assert(#list == 1 and list[1] == 4)
             send(5) local list = {inbox:receive()} assert(#list == 2 and list[2] == true)
             send(6) local payload = inbox:receive():payload() assert(payload:data() == 6 and payload:data() == 6)
             send(7) assert(inbox:receive():payload():get_format() == 'lua/any')
             send(8) local ok, m, more = pcall(inbox.receive, inbox) assert(ok and more and m:payload():data() == 8)
             send(9) local function last() return inbox:receive():payload():data() end assert(last() == 9)
             send(10) assert(inbox:receive():payload():data(1, 2) == 10)
             send(11) local ok, why = pcall(function() return inbox:receive():payload():datum() end)
             assert(not ok and why:find(\"method 'datum'\", 1, true))
           end
           has() local ok, why = pcall(function() return inbox:receive():payload():data() end)
           assert(not ok and why:find('nil value', 1, true), why)
           has(1, 2) local ok = pcall(function() return inbox:receive():payload():data() end) assert(not ok)
           has(1, 2) assert(inbox:receive():payload()[2]:data() == 2)
           has(1) local ok = pcall(function()
             return channel.select{inbox:case_receive()}:payload():data()
           end) assert(not ok)
           process.send(me, 't', 12) local calls = 0
           debug.sethook(function() calls = calls + 1 end, 'c')
           local n = inbox:receive():payload():data()
           debug.sethook() assert(n == 12 and calls >= 3)
           process.terminate(echo)",
    );
}

#[test]
fn nothing_is_made_on_the_way_to_a_value() {
    check(
        "local inbox, me = process.inbox(), process.pid()
           local function go(count)
             for n = 1, count do
               process.send(me, 't', n) assert(inbox:receive():payload():data() == n)
               process.send(me, 't', n) inbox:receive()
             end
           end
           go(10) collectgarbage() collectgarbage('stop')
           local before = collectgarbage('count') go(1000)
           assert(collectgarbage('count') - before < 16)",
    );
}

#[test]
fn tables_that_come_and_go_do_not_pile_up() {
    check(
        "local me, inbox, records, most = process.pid(), process.inbox(), {}, 0
           for n = 1, 100 do records[n] = {id = n, name = 'name ' .. n} end
           for _ = 1, 300 do
             process.send(me, 't', records)
             assert(#inbox:receive():payload():data() == 100)
             most = math.max(most, collectgarbage('count'))
           end
           assert(most < 1024, most)",
    );
}
