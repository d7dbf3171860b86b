//! What a process that waits costs in memory, everything counted. Linux only: elsewhere resident memory is not told.
#![cfg(target_os = "linux")]

use std::sync::Arc;
use std::time::Duration;

use wippy_runtime::{Entry, Launch, Options, Programs, Start, Values, not_found};
use wippy_stdlib::errors::ErrorValue;
use wippy_vm::{Limits, Program};

const COUNT: usize = 20_000;

struct One(Arc<Entry>);

impl Programs for One {
    fn find(&self, id: &str, _from: &str) -> Result<Arc<Entry>, ErrorValue> {
        if *id == *self.0.id { Ok(Arc::clone(&self.0)) } else { Err(not_found(id)) }
    }
}

fn resident_bytes() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").expect("Linux keeps it");
    let pages: usize = text.split(' ').nth(1).and_then(|number| number.parse().ok()).expect("it has numbers");
    pages * 4096
}

/// Bytes of one process of many that wait.
fn each(source: &str, start: Start) -> usize {
    let entry = Entry {
        id: "app:waiter".into(),
        program: Program::compile(source.as_bytes(), b"=waiter").expect("it compiles"),
        start,
        image: None,
        limits: Limits::default(),
    };
    let runtime = Options::new(One(Arc::new(entry)), "app:host").workers(1).start().expect("threads");
    // As children of one process share it.
    let values = Values::default();
    let spawn = |count| {
        for _ in 0..count {
            let launch = Launch { values: Arc::clone(&values), ..Launch::default() };
            runtime.spawn_id("app:waiter", launch).expect("it starts");
        }
        while !runtime.handle().is_stalled() {
            std::thread::sleep(Duration::from_millis(1));
        }
    };
    // What is made once is made.
    spawn(1000);
    let before = resident_bytes();
    spawn(COUNT);
    let bytes = resident_bytes().saturating_sub(before) / COUNT;
    runtime.shutdown(Duration::ZERO);
    bytes
}

/// One test, because memory is that of the whole OS process.
#[test]
fn a_process_that_waits_takes_two_kilobytes() {
    // 64 KiB hold 39 interpreters; with its slot, its body, and what natives know of it that is 1,936 bytes.
    let chunk = each("process.inbox():receive()", Start::Chunk);
    assert!(chunk <= 2048, "{chunk}");
    let method =
        each("return {main = function() process.inbox():receive() end}", Start::Method("main".into()));
    // The chunk's table and the function it has.
    assert!(method <= 3072, "{method}");
}
