//! `supervisor` as scripts use it, on the real scheduler: what OTP's supervisors promise.
//!
//! The state machine behind it has its own tests on virtual time; here it is seen through processes.

mod common;

use common::check_with;

/// A worker that tells the main process of each start, and ends as it is told.
const WORKER: (&str, &str) = (
    "app:worker",
    "return {main = function(main, name)
        process.send(main, 'started', name, process.pid())
        local orders, events = process.listen('order'), process.events()
        while true do
            local r = channel.select{events:case_receive(), orders:case_receive()}
            if r.channel == events then
                process.send(main, 'stopped', name)
                return 'cancelled'
            elseif r.value == 'fail' then
                error('worker ' .. name .. ' fails')
            elseif r.value == 'finish' then
                return 'done'
            end
        end
    end}",
);

/// Ignores the request to end.
const STUBBORN: (&str, &str) = (
    "app:stubborn",
    "return {main = function(main)
        process.send(main, 'started', 'stubborn', process.pid())
        channel.new():receive()
    end}",
);

const FRAGILE: (&str, &str) = ("app:fragile", "return {main = function() error('at once') end}");

/// What every test begins with: helpers to follow the children.
const PRELUDE: &str = "
    local supervisor, time = require('supervisor'), require('time')
    local me = process.pid()
    local started, stopped, events = process.listen('started'), process.listen('stopped'), process.events()
    local pids = {}
    local function next_start()
        local m = started:receive()
        pids[m[1]] = m[2]
        return m[1]
    end
    local function starts(n)
        local names = {}
        for i = 1, n do names[i] = next_start() end
        table.sort(names)
        return table.concat(names, ' ')
    end
    local function worker(name, more)
        local child = {id = name, entry = 'app:worker', host = H, args = {me, name}}
        for k, v in pairs(more or {}) do child[k] = v end
        return child
    end
    local function order(name, what) assert(process.send(pids[name], 'order', what)) end
    local function start(spec)
        spec.host = H
        return assert(process.spawn_monitored('supervisor:run', H, spec))
    end
";

fn check(body: &str) {
    check_with(&format!("{PRELUDE}\n{body}"), &[WORKER, STUBBORN, FRAGILE]);
}

#[test]
fn one_for_one_restarts_the_one_that_failed() {
    check(
        "local sup = start{intensity = 3, children = {worker 'a', worker 'b'}}
         assert(starts(2) == 'a b')
         local b = pids.b
         order('a', 'fail')
         assert(next_start() == 'a')
         local all = assert(supervisor.children(sup))
         assert(#all == 2 and all[1].id == 'a' and all[1].pid == pids.a and all[1].restarts == 1)
         assert(all[2].pid == b and all[2].restarts == 0)
         local count = supervisor.count(sup)
         assert(count.children == 2 and count.running == 2)",
    );
}

#[test]
fn one_for_all_and_rest_for_one_take_the_others_along() {
    check(
        "start{strategy = supervisor.ONE_FOR_ALL, children = {worker 'a', worker 'b', worker 'c'}}
         assert(starts(3) == 'a b c')
         order('b', 'fail')
         assert(stopped:receive() == 'c' and stopped:receive() == 'a')
         assert(starts(3) == 'a b c')",
    );
    check(
        "start{strategy = 'rest_for_one', children = {worker 'a', worker 'b', worker 'c'}}
         assert(starts(3) == 'a b c')
         local a = pids.a
         order('b', 'fail')
         assert(stopped:receive() == 'c')
         assert(starts(2) == 'b c' and pids.a == a)",
    );
}

#[test]
fn transient_and_temporary_children_may_end() {
    check(
        "local sup = start{intensity = 5, children = {
             worker('t', {restart = 'transient'}), worker('x', {restart = 'temporary'}), worker 'p'}}
         assert(starts(3) == 'p t x')
         order('t', 'finish')
         order('x', 'fail')
         order('p', 'finish')
         assert(next_start() == 'p')
         order('p', 'fail')
         assert(next_start() == 'p')
         -- Who has ended first is heard of in any order.
         local all
         repeat all = supervisor.children(sup) until #all == 2 and not all[1].pid
         assert(all[1].id == 't' and all[2].id == 'p' and all[2].restarts == 2)
         assert(supervisor.restart_child(sup, 't'))
         assert(next_start() == 't')
         order('t', 'fail')
         assert(next_start() == 't')",
    );
}

#[test]
fn too_many_restarts_end_the_supervisor_and_all_children() {
    check(
        "local sup = start{intensity = 2, period = '1h', children = {worker 'a', worker 'b'}}
         assert(starts(2) == 'a b')
         for i = 1, 2 do order('a', 'fail') assert(next_start() == 'a') end
         order('a', 'fail')
         assert(stopped:receive() == 'b')
         local e = events:receive()
         assert(e.from == sup and e.kind == process.event.EXIT)
         local message = e.result.error:message()
         assert(message:find(\"child 'a' ended too often\", 1, true), message)
         assert(message:find('worker a fails', 1, true), message)
         assert(e.result.error:details().child == 'a')",
    );
}

#[test]
fn a_nested_supervisor_that_gives_up_is_restarted_by_the_one_above() {
    check(
        "start{intensity = 5, children = {
             worker 'top',
             {id = 'branch', supervisor = {host = H, intensity = 0, children = {worker 'x', worker 'y'}}},
         }}
         assert(starts(3) == 'top x y')
         order('x', 'fail')
         assert(stopped:receive() == 'y')
         assert(starts(2) == 'x y')",
    );
}

#[test]
fn stopping_goes_backwards_and_the_stubborn_are_killed() {
    check(
        "local sup = start{children = {
             worker 'a', {id = 's', entry = 'app:stubborn', args = {me}, shutdown = '30ms'}, worker 'b'}}
         assert(starts(3) == 'a b stubborn')
         assert(process.monitor(pids.stubborn))
         process.cancel(sup)
         assert(stopped:receive() == 'b')
         local e = events:receive()
         assert(e.from == pids.stubborn and e.result.error:message() == 'process terminated')
         assert(stopped:receive() == 'a')
         e = events:receive()
         assert(e.from == sup and not e.result.error and e.result.value == true)",
    );
}

#[test]
fn a_child_that_does_not_start_ends_the_supervisor_after_the_others() {
    check(
        "local sup = start{children = {worker 'a', {id = 'no', entry = 'app:missing'}}}
         assert(starts(1) == 'a' and stopped:receive() == 'a')
         local e = events:receive()
         assert(e.result.error:message():find(\"child 'no' does not start\", 1, true), e.result.error:message())
         sup = start{children = {{id = 'f', entry = 'app:fragile'}}}
         assert(events:receive().result.error:message():find('at once', 1, true))",
    );
}

#[test]
fn children_come_and_go_on_request() {
    check(
        "local sup = start{children = {worker 'a'}}
         assert(starts(1) == 'a')
         local pid = assert(supervisor.start_child(sup, worker 'b'))
         assert(next_start() == 'b' and pids.b == pid)
         local _, e = supervisor.start_child(sup, worker 'b')
         assert(errors.is(e, errors.INVALID) and e:message() == 'child already present')
         _, e = supervisor.delete_child(sup, 'b')
         assert(e:message() == 'child is running')
         assert(supervisor.terminate_child(sup, 'b'))
         assert(stopped:receive() == 'b' and supervisor.count(sup).running == 1)
         assert(supervisor.delete_child(sup, 'b') and supervisor.count(sup).children == 1)
         _, e = supervisor.start_child(sup, {id = 'z', entry = 'app:missing'})
         assert(e and supervisor.count(sup).children == 1, tostring(e))
         _, e = supervisor.start_child(sup, worker('q', {restart = 'sometimes'}))
         assert(e:message():find('sometimes'), e:message())
         _, e = supervisor.restart_child(sup, 'nobody')
         assert(e:message() == 'no such child')",
    );
}

#[test]
fn a_supervisor_goes_down_with_what_it_is_linked_to() {
    check_with(
        &format!(
            "{PRELUDE}
             local parent = assert(process.spawn('app:parent', H, me))
             assert(next_start() == 'a')
             assert(process.terminate(parent))
             assert(stopped:receive() == 'a')"
        ),
        &[
            WORKER,
            (
                "app:parent",
                "return {main = function(main)
                    local child = {id = 'a', entry = 'app:worker', host = 'app:processes', args = {main, 'a'}}
                    assert(require('supervisor').start_link({children = {child}}, 'app:processes'))
                    channel.new():receive()
                 end}",
            ),
        ],
    );
}

#[test]
fn misuse_is_named() {
    check(
        "local function refused(spec, text)
             local ok, e = pcall(supervisor.run, spec)
             assert(not ok and tostring(e):find(text, 1, true), tostring(e))
         end
         refused({strategy = 'all'}, \"unknown strategy 'all'\")
         refused({children = {{}}}, 'a child needs an id')
         refused({children = {worker 'a', worker 'a'}}, 'two children have the same id')
         refused({children = {worker('a', {shutdown = 'soon'})}}, \"child 'a': shutdown\")
         refused({children = {5}}, 'a child must be a table, not number')
         refused({intensity = 'much'}, 'intensity must be a whole number')
         assert(not pcall(supervisor.run))",
    );
}
