//! No process holds a worker for much longer than another, whatever it does in its slice.
//!
//! Steps are timed in processor time of the thread, which other programs on the machine do not change, and compared with
//! the steps of a plain loop in the same run. Linux only: elsewhere there is no such clock without a dependency.
#![cfg(target_os = "linux")]

use std::collections::HashMap;
use std::sync::Arc;

use wippy_runtime::{Entry, Launch, Options, Programs, Start, not_found};
use wippy_stdlib::errors::ErrorValue;
use wippy_vm::{Limits, Program};

struct App(HashMap<String, Arc<Entry>>);

impl Programs for App {
    fn find(&self, id: &str, _from: &str) -> Result<Arc<Entry>, ErrorValue> {
        self.0.get(id).cloned().ok_or_else(|| not_found(id))
    }
}

/// Nanoseconds of processor time that this thread has had.
fn processor_time() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux keeps it");
    text.split(' ').next().and_then(|number| number.parse().ok()).expect("it begins with a number")
}

/// Microseconds of the step that only one in a hundred exceeds, after the first `warm_up` steps.
fn long_step(source: &str, warm_up: u64, steps: usize) -> u64 {
    let entry = Entry {
        id: "app:main".into(),
        program: Program::compile(source.as_bytes(), b"=main").expect("it compiles"),
        start: Start::Chunk,
        image: None,
        limits: Limits::default(),
    };
    let app = App(HashMap::from([("app:main".to_owned(), Arc::new(entry))]));
    let (starter, mut driver) = Options::new(app, "app:host").deterministic(7).expect("nothing is needed");
    starter.spawn_id("app:main", Launch::default()).expect("it starts");
    assert_eq!(driver.run_steps(warm_up), warm_up, "it goes on for ever");
    let mut times: Vec<u64> = (0..steps)
        .map(|_| {
            let before = processor_time();
            assert!(driver.step());
            processor_time() - before
        })
        .collect();
    times.sort_unstable();
    times[steps - 1 - steps / 100] / 1000
}

#[test]
fn slices_last_about_as_long_whatever_is_done_in_them() {
    // Calls, because a bare loop does less for its fuel than anything else.
    let usual =
        long_step("local function f(x) return x + 1 end local n = 0 while true do n = f(n) end", 20, 300);
    for (name, warm_up, source) in [
        (
            "a large heap",
            600,
            "local t = {} for i = 1, 200000 do t[i] = {i} end
             local k = 0 while true do k = k % 200000 + 1 t[k] = {k, k} end",
        ),
        (
            "a pattern",
            20,
            "local s = ('a'):rep(40) local p = ('a?'):rep(40) .. ('a'):rep(40) while true do pcall(string.find, s, p) end",
        ),
        ("long strings", 20, "while true do local s = ('x'):rep(1 << 20) end"),
        ("a sort", 20, "local t = {} while true do for i = 1, 1000 do t[i] = -i end table.sort(t) end"),
    ] {
        let this = long_step(source, warm_up, 300);
        assert!(this < 12 * usual + 1000, "{name}: {this} us, where calls take {usual}");
    }
}
