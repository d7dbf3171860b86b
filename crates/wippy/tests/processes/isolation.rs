//! A process that breaks its limits, or a native that panics in it, harms nobody else, and its monitors hear why.

use std::time::Duration;

use wippy::{Context, Module, Received, Result, Runtime, function};

/// Answers every question with itself.
const BYSTANDER: &str = "
    local inbox = process.inbox()
    while true do
        local m = inbox:receive()
        process.send(m:from(), 'answer', m:payload():data())
    end";

/// More than anybody may have.
const GREEDY: &str = "local t = {} for i = 1, math.huge do t[i] = ('x'):rep(1000000) .. i end";

const DEEP: &str = "local function f(n) return 1 + f(n + 1) end f(1)";

const WILD: &str = "require('wild').panic()";

/// Asks ten thousand bystanders, while every so often three processes come to a bad end beside them.
const MAIN: &str = "
    local parent = ...
    local count, ends = 10000, {['greedy.lua'] = 0, ['deep.lua'] = 0, ['wild.lua'] = 0}
    local answers, events = process.listen('answer'), process.events()
    local herd, victims = {}, {}
    for i = 1, count do herd[i] = assert(process.spawn('bystander.lua', nil)) end
    for i = 1, count do
        process.send(herd[i], 'question', i)
        if i % 2500 == 0 then
            for program in pairs(ends) do
                victims[assert(process.spawn_monitored(program, nil))] = program
            end
        end
    end
    local sum, reasons = 0, {}
    for _ = 1, count + 12 do
        local r = channel.select{answers:case_receive(), events:case_receive()}
        if r.channel == answers then
            sum = sum + r.value
        else
            local program = assert(victims[r.value.from], 'the end of a stranger')
            assert(r.value.kind == process.event.EXIT)
            ends[program] = ends[program] + 1
            reasons[program] = r.value.result.error:message()
        end
    end
    for _, pid in ipairs(herd) do process.send(pid, 'question', 0) end
    for _ = 1, count do sum = sum + answers:receive() end
    process.send(parent, 'sum', sum)
    for program, number in pairs(ends) do process.send(parent, program, number .. ': ' .. reasons[program]) end";

fn panic(_: &mut Context<'_>) -> Result<()> {
    panic!("on purpose")
}

#[test]
fn who_breaks_a_limit_ends_alone_and_ten_thousand_bystanders_lose_nothing() {
    let runtime = Runtime::builder()
        .workers(2)
        .memory_limit_bytes(64 << 20)
        .module(Module::new("wild").function(function!("panic", "() -> ()", panic)))
        .program("bystander.lua", BYSTANDER)
        .program("greedy.lua", GREEDY)
        .program("deep.lua", DEEP)
        .program("wild.lua", WILD)
        .build()
        .expect("a runtime");
    let main = runtime.compile("main.lua", MAIN).expect("it compiles");
    let mut inbox = runtime.inbox().expect("there is room");
    runtime.spawn(&main, (&inbox,)).monitor(&inbox).start().expect("it starts");
    let mut heard = Vec::new();
    for _ in 0..4 {
        match inbox.receive(Duration::from_secs(120)).expect("the runtime lives") {
            Received::Message(message) if message.topic() == "sum" => {
                assert_eq!(message.decode::<i64>().expect("a number"), 10_000 * 10_001 / 2);
            }
            Received::Message(message) => {
                let text = message.decode::<String>().expect("text");
                heard.push(format!("{} {}", message.topic(), text.lines().next().unwrap_or_default()));
            }
            Received::Exit { reason, .. } => panic!("the main process ended: {reason}"),
            Received::TimedOut => panic!("nothing was heard: {:?}", runtime.statistics()),
        }
    }
    heard.sort();
    assert!(heard[0].starts_with("deep.lua 4: deep.lua:1: stack overflow"), "{heard:?}");
    assert!(heard[1].starts_with("greedy.lua 4: ") && heard[1].ends_with("not enough memory"), "{heard:?}");
    assert_eq!(heard[2], "wild.lua 4: process panicked: on purpose");
    assert_eq!(runtime.statistics().panics, 4);
}
