//! Random programs of processes that spawn, send, link, watch, name and kill each other: nothing is lost.
//!
//! Each process draws its own numbers and keeps books of its own (`actor.lua`), which are compared when all have come to
//! rest (`auditor.lua`); on the deterministic runtime the seed decides everything. `wippy soak.lua SECONDS` in this folder
//! does the same again and again, and looks at the memory.

use std::time::Duration;

use wippy::{Inbox, Received, Runtime};

const ACTOR: &str = include_str!("actor.lua");

const AUDITOR: &str = include_str!("auditor.lua");

fn builder() -> wippy::Builder {
    Runtime::builder().program("actor.lua", ACTOR)
}

fn begin(runtime: &Runtime, inbox: &Inbox, seed: u64) {
    let auditor = runtime.compile("auditor.lua", AUDITOR).expect("it compiles");
    runtime.spawn(&auditor, (inbox, seed)).monitor(inbox).start().expect("it starts");
}

/// How many processes there were, if the auditor found no fault.
fn verdict(inbox: &mut Inbox, wait: Duration, what: &str) -> u64 {
    match inbox.receive(wait).expect("the runtime lives") {
        Received::Message(message) => message.decode::<u64>().expect("a number"),
        Received::Exit { reason, .. } => panic!("{what}: {reason}"),
        Received::TimedOut => panic!("{what}: it never came to rest"),
    }
}

#[test]
fn nothing_is_lost_on_threads() {
    for (seed, workers) in (1..).zip([2, 4, 1, 8]) {
        let runtime = builder().workers(workers).build().expect("threads");
        let mut inbox = runtime.inbox().expect("room");
        begin(&runtime, &inbox, seed);
        let what = format!("seed {seed}, {workers} workers");
        assert!(verdict(&mut inbox, Duration::from_secs(120), &what) >= 10, "{what}");
    }
}

#[test]
fn nothing_is_lost_by_seed_and_the_same_seed_runs_the_same() {
    for seed in 1..=25 {
        let run = || {
            let mut runtime = builder().deterministic(seed).expect("nothing is needed");
            let mut inbox = runtime.inbox().expect("room");
            begin(&runtime, &inbox, seed);
            runtime.advance(Duration::from_secs(60));
            let found = verdict(&mut inbox, Duration::ZERO, &format!("seed {seed}"));
            (found, runtime.statistics().steps)
        };
        // Side by side they take their memory from here and there, and where things lie is nothing that a program could
        // notice.
        let [first, second] = std::thread::scope(|scope| {
            [scope.spawn(run), scope.spawn(run)].map(|thread| thread.join().expect("it does not panic"))
        });
        assert_eq!(first, second, "seed {seed}");
    }
}
