//! The public API as an embedding program uses it, and the examples with their output.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use wippy::{Context, Exit, Inbox, Module, Pid, Received, Runtime, RuntimeError, function};

const SOON: Duration = Duration::from_secs(30);

#[track_caller]
fn message(inbox: &mut Inbox) -> wippy::Message {
    match inbox.receive(SOON).expect("an inbox can be read") {
        Received::Message(message) => message,
        Received::Exit { reason, .. } => panic!("{reason}"),
        Received::TimedOut => panic!("nothing came"),
    }
}

#[track_caller]
fn exit(inbox: &mut Inbox) -> (Pid, Exit) {
    match inbox.receive(SOON).expect("an inbox can be read") {
        Received::Exit { pid, reason } => (pid, reason),
        Received::Message(message) => panic!("a message: {}", message.topic()),
        Received::TimedOut => panic!("nothing came"),
    }
}

#[test]
fn results_and_failures_reach_the_inbox() {
    let runtime = Runtime::builder().workers(2).build().expect("it starts");
    let mut inbox = runtime.inbox().expect("room");
    let sum = runtime.compile("sum.lua", "local t = ... return t[1] + t[2]").expect("it compiles");
    let pid = runtime.spawn(&sum, (vec![40, 2],)).monitor(&inbox).start().expect("it starts");
    let (ended, reason) = exit(&mut inbox);
    assert_eq!((ended, reason.decode::<i64>().expect("a number")), (pid, 42));
    runtime.spawn(&sum, (vec!["a", "b"],)).monitor(&inbox).start().expect("it starts");
    let (_, reason) = exit(&mut inbox);
    assert!(reason.to_string().starts_with("sum.lua:1: attempt to perform arithmetic"), "{reason}");
    assert!(matches!(reason.decode::<i64>(), Err(RuntimeError::Refused(_))));
    runtime.shutdown(SOON).expect("nobody is left");
}

#[test]
fn processes_answer_an_inbox_and_each_other_by_name() {
    let runtime = Runtime::builder()
        .program("echo", "local inbox = process.inbox() while true do local m = inbox:receive() process.send(m:from(), m:topic(), m:payload():data()) end")
        .build()
        .expect("it starts");
    let mut inbox = runtime.inbox().expect("room");
    let main = runtime
        .compile(
            "main.lua",
            "local parent = ... process.send(parent, 'child', assert(process.spawn('echo', nil)))",
        )
        .expect("it compiles");
    runtime.spawn(&main, (&inbox,)).start().expect("it starts");
    let child = message(&mut inbox).decode::<String>().expect("a pid");
    let by_name = runtime.compile("echo2", "process.registry.register('echo2') local m = process.inbox():receive() process.send(m:from(), 'got', m:topic(), 7)").expect("it compiles");
    let echo = runtime.spawn(&by_name, ()).start().expect("it starts");
    inbox.send(echo, "topic", "hello").expect("it lives");
    let answer = message(&mut inbox);
    assert_eq!((answer.from(), &*answer.topic()), (echo, "got"));
    assert_eq!(answer.decode_pair::<String, i64>().expect("two values"), ("topic".to_owned(), 7));
    assert!(answer.decode::<bool>().is_err());
    assert!(child.starts_with("{host|0x"), "{child}");
    runtime.shutdown(Duration::ZERO).expect_err("the echo had to be killed");
}

#[test]
fn mistakes_are_named() {
    let runtime = Runtime::builder().workers(1).build().expect("it starts");
    let Err(error) = runtime.compile("bad.lua", "x = = 1") else { panic!("it is no Lua") };
    assert_eq!(error.to_string(), "bad.lua:1: unexpected symbol near '='");
    assert_eq!(runtime.send(Pid::SYSTEM, "t", 1).expect_err("nobody").to_string(), "process not found");
    let program = runtime.compile("idle.lua", "process.inbox():receive()").expect("it compiles");
    runtime.spawn(&program, ()).name("one").start().expect("it starts");
    assert!(runtime.lookup("one").is_some() && runtime.lookup("two").is_none());
    runtime.spawn(&program, ()).name("one").start().expect_err("the name is taken");
    let Err(error) = Runtime::builder().program("p", "return +").build() else { panic!("it is no Lua") };
    assert!(error.to_string().starts_with("p:1:"), "{error}");
}

#[test]
fn a_panic_in_a_native_harms_its_process_alone() {
    fn broken(_: &mut Context<'_>) -> wippy::Result<()> {
        panic!("a bug in the host")
    }
    let module = Module::new("host").function(function!("broken", "() -> ()", broken));
    let runtime = Runtime::builder().workers(2).module(module).build().expect("it starts");
    let mut inbox = runtime.inbox().expect("room");
    let bystander = runtime
        .compile("bystander.lua", "local m = process.inbox():receive() process.send(m:from(), 'alive')")
        .expect("it compiles");
    let bystander = runtime.spawn(&bystander, ()).start().expect("it starts");
    let program = runtime.compile("f.lua", "pcall(require('host').broken)").expect("it compiles");
    runtime.spawn(&program, ()).monitor(&inbox).start().expect("it starts");
    let (_, reason) = exit(&mut inbox);
    assert!(reason.to_string().contains("a bug in the host"), "{reason}");
    inbox.send(bystander, "are you there", ()).expect("it lives");
    assert_eq!(message(&mut inbox).topic(), "alive");
}

/// Cargo builds the examples before it runs tests; run alone (`--test embedding`), they may be missing.
#[test]
fn the_examples_print_what_they_promise() {
    let here = std::env::current_exe().expect("a test has a path");
    let folder = here.parent().and_then(Path::parent).expect("it lies in deps").join("examples");
    for (name, expected) in [
        ("embed_hello", "Hello from Lua 5.3\n"),
        ("native_module", "the occurs 2 times; the second word is quick\nfalse\tthere is no word 12\n"),
        ("spawn_and_receive", "greeted: Hello, Ada!\n"),
        ("supervisor", "started\nstarted\nstarted\nsupervisor: child 'worker' ended too often"),
        (
            "limits",
            "greedy: not enough memory\nquick, beside an endless loop: 42\nendless: process terminated\n",
        ),
        ("deterministic", "seed 1: "),
    ] {
        let program = folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
        if !program.exists() {
            eprintln!("notice: example {name} was not built");
            continue;
        }
        let output = Command::new(program).output().expect("it runs");
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        let printed = String::from_utf8_lossy(&output.stdout);
        assert!(printed.starts_with(expected), "{name} printed {printed}");
    }
}
