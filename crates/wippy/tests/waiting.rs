//! An interpreter that runs alone serves what its builtins wait for, and reports what can never happen.

use std::time::{Duration, Instant};

use wippy::stdlib::requests::Request;
use wippy::vm::Ticket;
use wippy::{Context, Interpreter, Library, Outcome, Result, Stop, Then, Value};

static LIBRARY: Library = wippy::vm::library!(
    "wait",
    [
        ("sleep", sleep, "(ms: integer)"),
        ("tick", tick, "(ms: integer) -> any"),
        ("block", block, "() -> any"),
    ]
);

fn sleep(cx: &mut Context<'_>) -> Result<Outcome> {
    let delay = Duration::from_millis(cx.check_integer(1)? as u64);
    Ok(cx.operation(Box::new(Request::Sleep(delay)), Then::Return))
}

fn tick(cx: &mut Context<'_>) -> Result<Outcome> {
    let delay = Duration::from_millis(cx.check_integer(1)? as u64);
    let channel = wippy::stdlib::channel::make(cx, 1)?;
    let ticket = cx.anchor(channel);
    cx.post(ticket, Box::new(Request::Alarm { delay, fire: ticked }));
    Ok(cx.returns(channel))
}

fn ticked(cx: &mut Context<'_>, ticket: Ticket) -> Option<Duration> {
    let channel = cx.anchored(ticket)?.as_channel()?;
    if channel.is_closed() {
        cx.release(ticket);
        return None;
    }
    let _ = cx.push_to(channel, 1);
    Some(Duration::from_millis(1))
}

fn block(cx: &mut Context<'_>) -> Result<Outcome> {
    let job = || -> wippy::stdlib::requests::Answer {
        Box::new(|cx, ticket| {
            cx.wake(ticket, &[Value::Integer(42)]);
        })
    };
    Ok(cx.operation(Box::new(Request::Block(Box::new(job))), Then::Return))
}

fn run(source: &str) -> std::result::Result<(), Stop> {
    let mut lua = Interpreter::new();
    lua.enter(|cx| {
        let (globals, table) = (cx.globals(), cx.table(0, 3)?);
        LIBRARY.install(cx, table)?;
        cx.set_field(globals, "wait", table)
    })?;
    lua.run(source.as_bytes(), "@main.lua", &[])
}

#[test]
fn sleeps_end_in_the_order_of_their_deadlines() {
    let source = "
        local log, done = {}, channel.new()
        for _, ms in ipairs{30, 10, 20, 0} do
            coroutine.spawn(function() wait.sleep(ms) log[#log + 1] = ms done:send() end)
        end
        for i = 1, 4 do done:receive() end
        assert(table.concat(log, ' ') == '0 10 20 30', table.concat(log, ' '))
        assert(wait.block() == 42)";
    let begun = Instant::now();
    run(source).expect("it ends");
    assert!(begun.elapsed() >= Duration::from_millis(30));
}

#[test]
fn alarms_repeat_until_they_are_not_wanted() {
    run("local c = wait.tick(1) for i = 1, 5 do assert(c:receive() == 1) end c:close()").expect("it ends");
}

#[test]
fn a_busy_program_hears_its_alarms() {
    run(
        "local c = wait.tick(1) repeat local r = channel.select({c:case_receive()}, true) until r.value == 1",
    )
    .expect("it ends");
}

#[test]
fn a_deadlock_names_the_lines() {
    let Err(Stop::Failed(failure)) = run(
        "\nlocal c = channel.new()\ncoroutine.spawn(function()\nc:send(1)\nend)\nlocal d = channel.new()\nd:receive()",
    ) else {
        panic!("it cannot go on")
    };
    let text = failure.to_string();
    assert!(text.starts_with("deadlock: all 2 coroutines blocked\n"), "{text}");
    assert!(text.contains("main.lua:7: main coroutine waits in method 'receive'"), "{text}");
    assert!(text.contains("main.lua:4: coroutine waits in method 'send'"), "{text}");
}
