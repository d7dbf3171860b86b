//! Random programs of spawns, sends, links, monitors, kills, names and timers, checked against what must hold.
//!
//! What holds whatever the interleaving: every accepted message is received once and in the order of its sender, or its
//! receiver has ended; one exit per monitor that was granted; names are free when their owner is gone; nobody is left
//! that could run and does not. The same program runs on threads and, with a seed, without.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use common::{Actor, Note, hearing};
use hashbrown::{HashMap, HashSet};
use wippy_random::Random;
use wippy_scheduler::{Builder, Exit, Failure, Handle, MonitorError, Pid, Signal, Spawn, Step, Turn};

/// What all processes of one run share: totals only, so that they do not order each other.
#[derive(Default)]
struct Books {
    /// Actions left to be taken.
    budget: AtomicU64,
    alive: AtomicU64,
    accepted: AtomicU64,
    received: AtomicU64,
    granted: AtomicU64,
    exits: AtomicU64,
    /// Monitors of processes that ended themselves before the exit came, and monitors taken back.
    forgone: AtomicU64,
    timers: AtomicU64,
    mistakes: parking_lot::Mutex<Vec<String>>,
}

impl Books {
    fn mistake(&self, text: String) {
        self.mistakes.lock().push(text);
    }
}

/// What one process knows. Its end, however it comes, is noted by `drop`.
struct Member {
    books: Arc<Books>,
    dice: Random,
    peers: Vec<Pid>,
    watched: HashSet<Pid>,
    /// Next number to send to each, and next to be received from each.
    sent: HashMap<Pid, u64>,
    heard: HashMap<Pid, u64>,
    timers: HashSet<u64>,
}

impl Drop for Member {
    fn drop(&mut self) {
        self.books.alive.fetch_sub(1, Ordering::Relaxed);
        self.books.forgone.fetch_add(self.watched.len() as u64, Ordering::Relaxed);
    }
}

fn member(books: &Arc<Books>, seed: u64, peers: Vec<Pid>) -> Spawn<Actor> {
    books.alive.fetch_add(1, Ordering::Relaxed);
    let mut member = Member {
        books: Arc::clone(books),
        dice: Random::new(seed),
        peers,
        watched: HashSet::new(),
        sent: HashMap::new(),
        heard: HashMap::new(),
        timers: HashSet::new(),
    };
    common::stepping(move |turn| member.step(turn))
}

impl Member {
    fn step(&mut self, turn: &mut Turn<'_, Actor>) -> common::Made {
        while let Some(signal) = turn.next_signal() {
            self.hear(turn, signal);
        }
        for _ in 0..1 + (self.dice.bits() % 4) {
            let books = Arc::clone(&self.books);
            if books
                .budget
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
                .is_err()
            {
                // The program is over: everybody waits, until the test ends them.
                return Step::Parked;
            }
            if let Some(end) = self.act(turn) {
                return end;
            }
        }
        if !self.dice.bits().is_multiple_of(3) { Step::OutOfFuel } else { self.doze(turn) }
    }

    /// Waits for something, with a timer so that a process without friends goes on.
    fn doze(&mut self, turn: &mut Turn<'_, Actor>) -> common::Made {
        let delay = Duration::from_micros(self.dice.bits() % 2000);
        if let Some(timer) = turn.set_timer(delay) {
            self.timers.insert(timer.raw());
            self.books.timers.fetch_add(1, Ordering::Relaxed);
        }
        Step::Parked
    }

    fn hear(&mut self, turn: &mut Turn<'_, Actor>, signal: common::Heard) {
        match signal {
            Signal::Message { from, message: Note::Number(number) } => {
                self.books.received.fetch_add(1, Ordering::Relaxed);
                let expected = self.heard.entry(from).or_insert(0);
                if number != *expected {
                    self.books.mistake(format!("{from:?} to {:?}: {number}, not {expected}", turn.pid()));
                }
                *expected = number + 1;
                if self.peers.len() < 50 {
                    self.peers.push(from);
                }
            }
            Signal::Exit { pid, .. } => {
                self.books.exits.fetch_add(1, Ordering::Relaxed);
                if !self.watched.remove(&pid) {
                    // The one that was on its way when the monitor was taken back.
                    self.books.forgone.fetch_sub(1, Ordering::Relaxed);
                }
                if turn.is_alive(pid) {
                    self.books.mistake(format!("{pid:?} has ended and lives"));
                }
                let name = pid.raw().to_le_bytes();
                if turn.lookup(&name).is_some() {
                    self.books.mistake(format!("{pid:?} has ended and has a name"));
                }
                self.peers.retain(|&peer| peer != pid);
            }
            Signal::LinkDown { failure, .. } => {
                if !turn.traps_links() {
                    self.books.mistake(format!("an untrapped link was heard: {}", failure.kind()));
                }
            }
            Signal::Timer(timer) => {
                if !self.timers.remove(&timer.raw()) {
                    self.books.mistake("a timer that was not running".to_owned());
                }
            }
            Signal::Message { .. }
            | Signal::Cancel { .. }
            | Signal::Completion { .. }
            | Signal::Ready { .. } => {}
        }
    }

    fn peer(&mut self, turn: &Turn<'_, Actor>) -> Pid {
        match self.peers.len() as u64 {
            0 => turn.pid(),
            count => self.peers[self.dice.below(count as usize)],
        }
    }

    fn act(&mut self, turn: &mut Turn<'_, Actor>) -> Option<common::Made> {
        let peer = self.peer(turn);
        match self.dice.bits() % 100 {
            0..=49 => {
                let number = *self.sent.entry(peer).or_insert(0);
                if turn.send(peer, Note::Number(number)).is_ok() {
                    self.sent.insert(peer, number + 1);
                    self.books.accepted.fetch_add(1, Ordering::Relaxed);
                } else {
                    self.peers.retain(|&known| known != peer);
                }
            }
            50..=64 if self.books.alive.load(Ordering::Relaxed) < 300 => {
                let mut peers = self.peers.clone();
                peers.push(turn.pid());
                let seed = self.dice.bits();
                let mut child = member(&self.books, seed, peers);
                let watched = self.dice.bits().is_multiple_of(2);
                if watched {
                    child = child.monitored_by(turn.pid());
                }
                if self.dice.bits().is_multiple_of(4) {
                    child = child.linked_to(turn.pid());
                }
                let pid = turn.spawn(child).expect("there is room");
                if watched {
                    self.watched.insert(pid);
                    self.books.granted.fetch_add(1, Ordering::Relaxed);
                }
                if self.peers.len() < 50 {
                    self.peers.push(pid);
                }
            }
            65..=71 => match turn.monitor(peer) {
                Ok(()) if peer == turn.pid() => {}
                Ok(()) => {
                    if !self.watched.insert(peer) {
                        self.books.mistake(format!("{peer:?} is watched twice"));
                    }
                    self.books.granted.fetch_add(1, Ordering::Relaxed);
                }
                Err(MonitorError::Already(_)) => {
                    if !self.watched.contains(&peer) {
                        self.books.mistake(format!("{peer:?} is not watched already"));
                    }
                }
                Err(MonitorError::NoProcess(_)) => self.peers.retain(|&known| known != peer),
            },
            72..=73 if self.watched.remove(&peer) => {
                // If there is no monitor any more, the exit is on its way or here.
                turn.unmonitor(peer);
                self.books.forgone.fetch_add(1, Ordering::Relaxed);
            }
            74..=77 => {
                let _ = turn.link(peer);
            }
            78..=79 => {
                turn.unlink(peer);
            }
            80..=81 => {
                let trap = self.dice.bits().is_multiple_of(2);
                turn.trap_links(trap);
            }
            82..=83 => {
                let name = peer.raw().to_le_bytes();
                let _ = turn.register(&name, peer);
            }
            84 => {
                turn.unregister(&peer.raw().to_le_bytes());
            }
            85..=90 => {
                if let Some(timer) = turn.set_timer(Duration::from_micros(self.dice.bits() % 500))
                    && !turn.cancel_timer(timer)
                {
                    self.books.mistake("a timer that was just set is not running".to_owned());
                }
            }
            91..=93 => {
                let _ = turn.kill(peer);
            }
            94 => return Some(Step::Failed("by chance".to_owned())),
            95..=96 => return Some(Step::Finished(0)),
            _ => {}
        }
        None
    }
}

fn check(books: &Books, handle: &Handle<Actor>, what: &str) {
    let mistakes = books.mistakes.lock();
    assert!(mistakes.is_empty(), "{what}: {:?}", &mistakes[..mistakes.len().min(5)]);
    let load = |count: &AtomicU64| count.load(Ordering::SeqCst);
    assert_eq!(load(&books.alive), 0, "{what}: somebody was not dropped");
    assert!(load(&books.received) <= load(&books.accepted), "{what}");
    let (granted, exits, forgone) = (load(&books.granted), load(&books.exits), load(&books.forgone));
    assert_eq!(granted, exits + forgone, "{what}: one exit per monitor");
    let statistics = handle.statistics();
    assert_eq!((statistics.processes, statistics.names, statistics.timers), (0, 0, 0), "{what}");
}

/// Everybody waits: every message accepted by a living process must have been received.
fn all_received(handle: &Handle<Actor>, what: &str) {
    for info in handle.processes() {
        assert_eq!(info.mailbox, 0, "{what}: {info:?}");
    }
}

fn on_threads(seed: u64, workers: usize, actions: u64) {
    let what = format!("seed {seed}, {workers} workers");
    let scheduler = Builder::new().workers(workers).start::<Actor>().expect("threads can be had");
    let handle = scheduler.handle();
    let books = Arc::new(Books::default());
    books.budget.store(actions, Ordering::Relaxed);
    let begun = Instant::now();
    let mut round = 0;
    while books.budget.load(Ordering::Relaxed) > 0 {
        round += 1;
        assert!(begun.elapsed() < Duration::from_secs(600), "{what}: stuck, {:?}", handle.statistics());
        // Those who run may have killed each other to the last.
        if handle.statistics().processes < 20 {
            let peers = handle.processes().into_iter().map(|info| info.pid).collect();
            handle.spawn(member(&books, seed.wrapping_add(round), peers)).expect("there is room");
        } else {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    while !handle.is_stalled() {
        assert!(begun.elapsed() < Duration::from_secs(600), "{what}: no rest, {:?}", handle.statistics());
        std::thread::sleep(Duration::from_millis(1));
    }
    all_received(&handle, &what);
    scheduler.shutdown(Duration::ZERO);
    check(&books, &handle, &what);
}

fn seeded(seed: u64, actions: u64) {
    let what = format!("seed {seed}");
    let mut scheduler = Builder::new().deterministic::<Actor>(seed).expect("nothing is needed");
    let handle = scheduler.handle();
    let books = Arc::new(Books::default());
    books.budget.store(actions, Ordering::Relaxed);
    let mut round = 0;
    while books.budget.load(Ordering::Relaxed) > 0 {
        round += 1;
        if handle.statistics().processes < 20 {
            let peers = handle.processes().into_iter().map(|info| info.pid).collect();
            handle.spawn(member(&books, seed.wrapping_add(round), peers)).expect("there is room");
        }
        scheduler.run_steps(1000);
        scheduler.advance(Duration::from_micros(100));
    }
    assert!(scheduler.settle(Duration::from_secs(60)), "{what}");
    all_received(&handle, &what);
    drop(scheduler);
    check(&books, &handle, &what);
}

#[test]
fn a_hundred_thousand_actions_on_threads() {
    for (seed, workers) in [(1, 2), (2, 4), (3, 1), (4, 8)] {
        on_threads(seed, workers, 25_000);
    }
}

#[test]
fn a_hundred_thousand_actions_by_seed() {
    for seed in 1..=50 {
        seeded(seed, 2_000);
    }
}

#[test]
#[ignore = "takes a while; for the nightly run"]
fn a_million_actions() {
    on_threads(77, 2, 1_000_000);
    for seed in 1000..1500 {
        seeded(seed, 2_000);
    }
}

/// Minutes of random load at full speed; `SOAK_SECONDS` says how long, 600 without.
#[test]
#[ignore = "takes minutes; for the nightly run"]
fn a_soak() {
    let seconds = std::env::var("SOAK_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(600);
    let begun = Instant::now();
    let mut seed = 1_000_000;
    while begun.elapsed() < Duration::from_secs(seconds) {
        seed += 1;
        on_threads(seed, 1 + seed as usize % 4, 50_000);
    }
}

#[test]
fn a_panic_and_a_crowd_do_not_disturb_bystanders() {
    let scheduler = Builder::new().workers(2).start::<Actor>().expect("threads can be had");
    let handle = scheduler.handle();
    let mut inbox = handle.inbox().expect("there is room");
    let bystanders: Vec<Pid> = (0..10_000)
        .map(|_| {
            let body = hearing(|turn, signal| {
                if let Signal::Message { from, message } = signal {
                    let _ = turn.send(from, message);
                }
                None
            });
            handle.spawn(body).expect("it starts")
        })
        .collect();
    for (number, &pid) in bystanders.iter().enumerate() {
        inbox.send(pid, Note::Number(number as u64)).expect("it lives");
        if number % 1000 == 0 {
            let wild = common::stepping(|_| panic!("on purpose")).monitored_by(inbox.pid());
            handle.spawn(wild).expect("it starts");
        }
    }
    let (mut sum, mut panics) = (0, 0);
    for _ in 0..10_010 {
        match common::soon(&mut inbox) {
            Signal::Message { message: Note::Number(number), .. } => sum += number,
            Signal::Exit { exit: Exit::Failed(Failure::Panicked(text)), .. } if &*text == "on purpose" => {
                panics += 1
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((sum, panics), (9999 * 10_000 / 2, 10));
}
