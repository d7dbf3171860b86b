//! The protocols of mailboxes and of sleeping workers, checked in every interleaving.
//!
//! `RUSTFLAGS="--cfg loom" cargo test -p wippy-scheduler --release --lib model`. loom treats sequentially consistent
//! loads and stores as acquire and release; the protocols therefore use fences where they need more.

use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use crate::idle::Idle;
use crate::mailbox::{Chain, List, Mailbox, Parcel, Pool, Pushed};
use crate::pid::Pid;
use crate::reactor::Reactor;

const OLD: Pid = Pid::from_raw(1);
const NEW: Pid = Pid::from_raw(2);

/// Counts how often it is dropped.
struct Counted(Arc<AtomicUsize>, u32);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

struct World {
    mailbox: Mailbox<Counted>,
    /// Times the owner was told to run.
    enqueued: AtomicUsize,
    dropped: Arc<AtomicUsize>,
}

impl World {
    fn new() -> Arc<World> {
        let dropped = Arc::new(AtomicUsize::new(0));
        let world = World { mailbox: Mailbox::new(), enqueued: AtomicUsize::new(0), dropped };
        world.mailbox.open();
        Arc::new(world)
    }

    fn parcel(&self, from: u64, number: u32) -> Parcel<Counted> {
        Parcel::new(OLD, Pid::from_raw(from), Counted(Arc::clone(&self.dropped), number))
    }

    fn push(&self, parcel: Parcel<Counted>) -> bool {
        match self.mailbox.push(parcel) {
            Pushed::Queued => true,
            Pushed::Wake => {
                self.enqueued.fetch_add(1, Ordering::AcqRel);
                true
            }
            Pushed::Closed(_) => false,
        }
    }
}

#[test]
fn every_message_is_seen_once_and_the_owner_is_queued_once_per_sleep() {
    let mut model = loom::model::Builder::new();
    // Three threads: complete up to this many preemptions, which takes seconds; all of them would take hours.
    model.preemption_bound = Some(3);
    model.check(|| {
        let world = World::new();
        let single = {
            let world = Arc::clone(&world);
            thread::spawn(move || {
                world.push(world.parcel(7, 0));
                world.push(world.parcel(7, 1));
            })
        };
        let chained = {
            let world = Arc::clone(&world);
            thread::spawn(move || {
                let mut chain = Chain::new(world.parcel(8, 0));
                chain.append(world.parcel(8, 1));
                if let Pushed::Wake = world.mailbox.push_chain(chain) {
                    world.enqueued.fetch_add(1, Ordering::AcqRel);
                }
            })
        };
        let (mut seen, mut sleeps) = ([0; 2], 0);
        let mut pool = Pool::new();
        let mut list = List::new();
        while seen != [2, 2] {
            world.mailbox.take(&mut list, |_, _, _| {});
            while let Some(parcel) = list.pop() {
                let (from, content) = parcel.open(&mut pool);
                let of_sender = &mut seen[(from.raw() - 7) as usize];
                assert_eq!(content.1, *of_sender, "in the order of sending");
                *of_sender += 1;
            }
            if seen != [2, 2] && world.mailbox.park() {
                sleeps += 1;
                while world.enqueued.load(Ordering::Acquire) < sleeps {
                    thread::yield_now();
                }
                assert_eq!(world.enqueued.load(Ordering::Acquire), sleeps, "queued once");
            }
        }
        single.join().expect("it ends");
        chained.join().expect("it ends");
        assert_eq!(world.enqueued.load(Ordering::Acquire), sleeps);
        assert_eq!(world.dropped.load(Ordering::Relaxed), 4);
    });
}

#[test]
fn a_visit_and_a_push_wake_a_sleeper_once() {
    loom::model(|| {
        let world = World::new();
        assert!(world.mailbox.park());
        let sender = {
            let world = Arc::clone(&world);
            thread::spawn(move || {
                assert!(world.push(world.parcel(7, 0)));
            })
        };
        let roused = world.mailbox.rouse();
        // Whoever was woken by the visit finds the message before it sleeps again, or is woken by that.
        let slept = roused && world.mailbox.park();
        sender.join().expect("it ends");
        let woken = world.enqueued.load(Ordering::Acquire);
        assert_eq!(woken, usize::from(!roused || slept));
        let mut list = List::new();
        assert!(world.mailbox.take(&mut list, |_, _, _| {}));
        drop(list);
        assert_eq!(world.dropped.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn a_push_against_an_end_is_delivered_or_refused_and_never_leaks() {
    loom::model(|| {
        let world = World::new();
        let sender = {
            let world = Arc::clone(&world);
            thread::spawn(move || {
                let first = world.push(world.parcel(7, 0));
                let mut chain = Chain::new(world.parcel(7, 1));
                chain.append(world.parcel(7, 2));
                let second = !matches!(world.mailbox.push_chain(chain), Pushed::Closed(_));
                assert!(first || !second, "once closed, closed");
            })
        };
        let mut list = List::new();
        world.mailbox.take(&mut list, |_, _, _| {});
        world.mailbox.close(&mut list);
        drop(list);
        sender.join().expect("it ends");
        assert_eq!(world.dropped.load(Ordering::Relaxed), 3);
    });
}

#[test]
fn a_message_for_an_earlier_owner_never_reaches_the_next() {
    loom::model(|| {
        let world = World::new();
        let sender = {
            let world = Arc::clone(&world);
            thread::spawn(move || {
                world.push(world.parcel(7, 0));
            })
        };
        let mut list = List::new();
        world.mailbox.close(&mut list);
        drop(list);
        // The slot is used again.
        world.mailbox.open();
        let mut list = List::new();
        let mut mine = 0;
        world.mailbox.take(&mut list, |target, _, _| mine += u32::from(target == NEW));
        while let Some(parcel) = list.pop() {
            assert_eq!(parcel.target(), OLD, "known as a stranger's by its target");
        }
        assert_eq!(mine, 0);
        sender.join().expect("it ends");
        world.mailbox.take(&mut list, |_, _, _| {});
        drop(list);
        assert_eq!(world.dropped.load(Ordering::Relaxed), 1);
    });
}

/// One worker that looks, searches and sleeps, as `Core::work` does.
fn work_until_found(idle: &Idle, reactor: &Reactor, work: &AtomicUsize) {
    let mut searching = idle.start_searching();
    loop {
        if work.swap(0, Ordering::AcqRel) > 0 {
            if searching {
                idle.stop_searching();
            }
            return;
        }
        if searching {
            idle.stop_searching();
        }
        idle.sleep(0, reactor, None, || work.load(Ordering::Relaxed) > 0, |_| {});
        searching = true;
    }
}

/// A worker that falls asleep while somebody leaves work and calls `wake`; what the two leave behind.
fn against_a_sleeper(wake: fn(&Idle, &Reactor)) -> Arc<(Idle, Reactor, AtomicUsize)> {
    let shared = Arc::new((Idle::new(1), Reactor::new().expect("a poll"), AtomicUsize::new(0)));
    let worker = {
        let shared = Arc::clone(&shared);
        thread::spawn(move || work_until_found(&shared.0, &shared.1, &shared.2))
    };
    // As a push to a queue: visible in time only by the fence in `notify` or `wake_all`.
    shared.2.fetch_add(1, Ordering::Relaxed);
    wake(&shared.0, &shared.1);
    worker.join().expect("it finds the work");
    shared
}

#[test]
fn no_worker_sleeps_while_there_is_work() {
    loom::model(|| {
        let shared = against_a_sleeper(|idle, reactor| {
            idle.notify(reactor);
        });
        assert!(shared.0.start_searching(), "the count of searchers has returned to 0");
        assert!(shared.0.stop_searching());
        assert_eq!(shared.0.parked(), 0);
    });
}

#[test]
fn a_stop_reaches_a_worker_that_falls_asleep() {
    loom::model(|| drop(against_a_sleeper(Idle::wake_all)));
}

/// A process, its mailbox, the queue it waits in, and workers that sleep when that is empty: all of what lies between
/// a send and the step that receives.
struct Yard {
    world: Arc<World>,
    idle: Idle,
    reactor: Reactor,
    /// How often the process is queued.
    queue: AtomicUsize,
    received: AtomicUsize,
    /// Workers that run the process right now.
    running: AtomicUsize,
}

/// Messages that are sent in the model of the whole.
const SENT: usize = 2;

impl Yard {
    /// The process has just been started, so it is queued.
    fn new(workers: usize) -> Arc<Yard> {
        Arc::new(Yard {
            world: World::new(),
            idle: Idle::new(workers),
            reactor: Reactor::new().expect("a poll"),
            queue: AtomicUsize::new(1),
            received: AtomicUsize::new(0),
            running: AtomicUsize::new(0),
        })
    }

    fn send(&self, number: u32) {
        let pushed = self.world.mailbox.push(self.world.parcel(7, number));
        if let Pushed::Wake = pushed {
            self.queue.fetch_add(1, Ordering::Relaxed);
            self.idle.notify(&self.reactor);
        }
    }

    /// A step and what follows it, as `Core::run` does.
    fn run(&self) {
        assert_eq!(self.running.fetch_add(1, Ordering::AcqRel), 0, "one worker at a time");
        let (mut list, mut pool) = (List::new(), Pool::new());
        loop {
            self.world.mailbox.take(&mut list, |_, _, _| {});
            while let Some(parcel) = list.pop() {
                let number = parcel.open(&mut pool).1.1;
                assert_eq!(self.received.fetch_add(1, Ordering::AcqRel), number as usize, "in order");
            }
            self.running.fetch_sub(1, Ordering::AcqRel);
            if self.world.mailbox.park() {
                return;
            }
            assert_eq!(self.running.fetch_add(1, Ordering::AcqRel), 0, "still the only one");
        }
    }

    fn is_over(&self) -> bool {
        self.received.load(Ordering::Acquire) == SENT
    }

    /// The life of a worker, as `Core::work` lives it, until everything is received.
    fn work(&self, worker: usize) {
        let mut searching = self.idle.start_searching();
        while !self.is_over() {
            let taken =
                self.queue.fetch_update(Ordering::AcqRel, Ordering::Relaxed, |queued| queued.checked_sub(1));
            if std::mem::take(&mut searching) {
                self.idle.stop_searching();
            }
            if taken.is_ok() {
                self.run();
                continue;
            }
            let look = || self.queue.load(Ordering::Relaxed) > 0 || self.is_over();
            self.idle.sleep(worker, &self.reactor, None, look, |_| {});
            searching = true;
        }
        if searching {
            self.idle.stop_searching();
        }
        // The others are to see it, too.
        self.idle.wake_all(&self.reactor);
    }
}

#[test]
fn what_is_sent_is_received_whoever_sleeps() {
    for workers in [1, 2] {
        let mut model = loom::model::Builder::new();
        // As above: complete up to this many preemptions.
        model.preemption_bound = Some(if workers == 1 { 4 } else { 2 });
        model.check(move || {
            let yard = Yard::new(workers);
            let threads: Vec<_> = (0..workers)
                .map(|worker| {
                    let yard = Arc::clone(&yard);
                    thread::spawn(move || yard.work(worker))
                })
                .collect();
            for number in 0..SENT {
                yard.send(number as u32);
            }
            for thread in threads {
                thread.join().expect("it sees the end");
            }
            assert!(yard.is_over());
        });
    }
}
