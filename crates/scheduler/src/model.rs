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

#[test]
fn no_worker_sleeps_while_there_is_work() {
    loom::model(|| {
        let shared = Arc::new((Idle::new(1), Reactor::new().expect("a poll"), AtomicUsize::new(0)));
        let worker = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || work_until_found(&shared.0, &shared.1, &shared.2))
        };
        // As a push to a queue: visible in time only by the fence in `notify`.
        shared.2.fetch_add(1, Ordering::Relaxed);
        shared.0.notify(&shared.1);
        worker.join().expect("it finds the work");
        assert!(shared.0.start_searching(), "the count of searchers has returned to 0");
        assert!(shared.0.stop_searching());
        assert_eq!(shared.0.parked(), 0);
    });
}

#[test]
fn a_stop_reaches_a_worker_that_falls_asleep() {
    loom::model(|| {
        let shared = Arc::new((Idle::new(1), Reactor::new().expect("a poll"), AtomicUsize::new(0)));
        let worker = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || work_until_found(&shared.0, &shared.1, &shared.2))
        };
        shared.2.fetch_add(1, Ordering::Relaxed);
        shared.0.wake_all(&shared.1);
        worker.join().expect("it sees the stop");
    });
}
