//! Measures the scheduler alone, with processes that do next to nothing: `bench [NAME] [WORKERS] [WORK]`.
//!
//! `WORK` burns about so many nanoseconds per message handled and per spawn, standing in for a language. Each line is
//! a name, a number and its unit, so that another program can compare them.
//! Erlang twins of these programs stand beside this file, in `bench.erl`.

#![expect(clippy::print_stdout, reason = "a program that prints what it measured")]

use std::time::{Duration, Instant};

use wippy_scheduler::{Builder, Exit, Handle, Inbox, Pid, Process, Scheduler, Signal, Spawn, Step, Turn};

/// A message of the size that a language would send: a topic and a value.
#[derive(Clone, Copy)]
struct Message {
    _topic: u32,
    value: u64,
    pid: Pid,
}

fn message(value: u64, pid: Pid) -> Message {
    Message { _topic: 1, value, pid }
}

/// Every program of this file.
enum Body {
    /// Sends every number back, one less, to whoever sent it; ends at 0.
    Echo,
    /// Sends every number on, one less; the one that gets 0 reports.
    Link { next: Pid, report: Pid },
    /// Sends `left` messages to `sink` and ends.
    Source { sink: Pid, left: u64 },
    /// Ends after `left` messages.
    Sink { left: u64 },
    /// Ends.
    Leaf,
    /// Starts children one after the other, each when the exit of the one before has come.
    Churn { left: u64 },
    /// Starts ten children down to depth 0 and waits for their sums.
    Tree { depth: u32, parent: Pid, sum: u64, open: u32 },
    /// Waits.
    Idle,
}

/// A process in a box of its own, as a language's would be.
struct Program(Box<Body>, u64);

fn burn(work: u64) {
    let mut x = work;
    for _ in 0..work {
        x = std::hint::black_box(x.wrapping_mul(31));
    }
    std::hint::black_box(x);
}

impl Process for Program {
    type Message = Message;
    type Completion = ();
    type Output = u64;
    type Error = String;

    fn step(&mut self, turn: &mut Turn<'_, Program>) -> Step<u64, String> {
        let work = self.1;
        match &mut *self.0 {
            Body::Source { sink, left } => {
                for _ in 0..turn.fuel().0 / 16 {
                    if *left == 0 {
                        return Step::Finished(0);
                    }
                    *left -= 1;
                    burn(work);
                    let _ = turn.send(*sink, message(1, turn.pid()));
                }
                return Step::OutOfFuel;
            }
            Body::Leaf => return Step::Finished(1),
            Body::Churn { left } => {
                while turn.next_signal().is_some() {}
                if *left == 0 {
                    return Step::Finished(0);
                }
                *left -= 1;
                burn(work);
                let child = Spawn::new(Program(Box::new(Body::Leaf), work)).monitored_by(turn.pid());
                return match turn.spawn(child) {
                    Ok(_) => Step::Parked,
                    Err(refused) => Step::Failed(refused.to_string()),
                };
            }
            Body::Tree { depth, parent, sum, open } => {
                if *open == 0 {
                    burn(work);
                    if *depth == 0 {
                        let _ = turn.send(*parent, message(1, turn.pid()));
                        return Step::Finished(1);
                    }
                    for _ in 0..10 {
                        let body = Body::Tree { depth: *depth - 1, parent: turn.pid(), sum: 0, open: 0 };
                        if let Err(refused) = turn.spawn(Spawn::new(Program(Box::new(body), work))) {
                            return Step::Failed(refused.to_string());
                        }
                    }
                    *open = 10;
                }
                while let Some(signal) = turn.next_signal() {
                    if let Signal::Message { message, .. } = signal {
                        *sum += message.value;
                        *open -= 1;
                    }
                }
                if *open == 0 {
                    let _ = turn.send(*parent, message(*sum, turn.pid()));
                    return Step::Finished(*sum);
                }
                return Step::Parked;
            }
            Body::Echo | Body::Link { .. } | Body::Sink { .. } | Body::Idle => {}
        }
        while let Some(signal) = turn.next_signal() {
            let Signal::Message { from, message: received } = signal else { continue };
            burn(work);
            turn.charge(wippy_scheduler::Fuel(20));
            match &mut *self.0 {
                Body::Echo => {
                    if received.value == 0 {
                        return Step::Finished(0);
                    }
                    let to = if received.pid == Pid::SYSTEM { from } else { received.pid };
                    let _ = turn.send(to, message(received.value - 1, turn.pid()));
                    if received.value == 1 {
                        return Step::Finished(0);
                    }
                }
                Body::Link { next, report } => {
                    if received.pid != Pid::SYSTEM {
                        *next = received.pid;
                    } else if received.value == 0 {
                        let _ = turn.send(*report, message(0, turn.pid()));
                    } else {
                        let _ = turn.send(*next, message(received.value - 1, Pid::SYSTEM));
                    }
                }
                Body::Sink { left } => {
                    *left -= 1;
                    if *left == 0 {
                        return Step::Finished(0);
                    }
                }
                _ => {}
            }
        }
        Step::Parked
    }
}

struct Bench {
    scheduler: Scheduler<Program>,
    handle: Handle<Program>,
    inbox: Inbox<Program>,
    work: u64,
}

impl Bench {
    fn new(workers: usize, work: u64) -> Bench {
        let scheduler = Builder::new().workers(workers).start().expect("threads can be had");
        let handle = scheduler.handle();
        let inbox = handle.inbox().expect("there is room");
        Bench { scheduler, handle, inbox, work }
    }

    fn spawn(&self, body: Body, watched: bool) -> Pid {
        let mut spawn = Spawn::new(Program(Box::new(body), self.work));
        if watched {
            spawn = spawn.monitored_by(self.inbox.pid());
        }
        self.handle.spawn(spawn).expect("it starts")
    }

    fn wait_for_exits(&mut self, count: usize) {
        for _ in 0..count {
            match self.inbox.receive(Duration::from_secs(600)) {
                Some(Signal::Exit { exit: Exit::Finished(_), .. }) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    fn report(&self, name: &str, count: u64, time: Duration) {
        let each = time.as_nanos() as f64 / count as f64;
        println!("{name:<10} {:>12.0} /s {each:>9.1} ns each", count as f64 / time.as_secs_f64());
    }

    fn ping_pong(&mut self) {
        let rounds = 2_000_000;
        let (a, b) = (self.spawn(Body::Echo, true), self.spawn(Body::Echo, false));
        let begun = Instant::now();
        self.handle.send_as(b, a, message(2 * rounds, b)).expect("it lives");
        self.wait_for_exits(1);
        self.report("ping_pong", rounds, begun.elapsed());
    }

    fn ring(&mut self) {
        let hops = 5_000_000;
        let report = self.inbox.pid();
        let first = self.spawn(Body::Link { next: Pid::SYSTEM, report }, false);
        let mut next = first;
        for _ in 1..1000 {
            next = self.spawn(Body::Link { next, report }, false);
        }
        self.handle.send(first, message(0, next)).expect("it lives");
        let begun = Instant::now();
        self.handle.send(first, message(hops, Pid::SYSTEM)).expect("it lives");
        self.inbox.receive(Duration::from_secs(600)).expect("it goes round");
        self.report("ring", hops, begun.elapsed());
    }

    fn fan_in(&mut self) {
        let (sources, each) = (100, 50_000);
        let begun = Instant::now();
        let sink = self.spawn(Body::Sink { left: sources * each }, true);
        for _ in 0..sources {
            self.spawn(Body::Source { sink, left: each }, false);
        }
        self.wait_for_exits(1);
        self.report("fan_in", sources * each, begun.elapsed());
    }

    fn churn(&mut self) {
        let count = 1_000_000;
        let begun = Instant::now();
        self.spawn(Body::Churn { left: count }, true);
        self.wait_for_exits(1);
        self.report("churn", count, begun.elapsed());
    }

    fn tree(&mut self) {
        let begun = Instant::now();
        self.spawn(Body::Tree { depth: 6, parent: Pid::SYSTEM, sum: 0, open: 0 }, true);
        self.wait_for_exits(1);
        self.report("tree", 1_111_111, begun.elapsed());
    }

    fn idle(&mut self) {
        let count = 1_000_000;
        let before = resident_bytes();
        let begun = Instant::now();
        let first = self.spawn(Body::Idle, false);
        for _ in 1..count {
            self.spawn(Body::Idle, false);
        }
        while self.handle.statistics().steps < count {
            std::thread::sleep(Duration::from_millis(1));
        }
        self.report("spawn", count, begun.elapsed());
        let bytes = resident_bytes().saturating_sub(before) / count;
        println!(
            "{:<10} {bytes:>12} bytes each, of which the bench's own box is {}",
            "idle",
            size_of::<Body>()
        );
        let _ = first;
    }
}

fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").trim().parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_else(|| "all".to_owned());
    let workers = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(2);
    let work = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(0);
    type Run = fn(&mut Bench);
    let benches: [(&str, Run); 6] = [
        ("ping_pong", Bench::ping_pong),
        ("ring", Bench::ring),
        ("fan_in", Bench::fan_in),
        ("churn", Bench::churn),
        ("tree", Bench::tree),
        ("idle", Bench::idle),
    ];
    for (known, bench) in benches {
        if name == "all" || name == known {
            let mut all = Bench::new(workers, work);
            bench(&mut all);
            if std::env::var_os("STATISTICS").is_some() {
                println!("{:?}", all.handle.statistics());
            }
            drop(all.inbox);
            all.scheduler.shutdown(Duration::ZERO);
        }
    }
}
