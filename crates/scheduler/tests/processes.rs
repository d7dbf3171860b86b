//! What processes can rely on, on real threads.

mod common;

use std::sync::Arc;
use std::time::{Duration, Instant};

use common::{Actor, Note, Shelf, exit, hearing, number, sleeper, soon, spinner, start, stepping};
use wippy_scheduler::{Exit, Failure, MonitorError, NameError, Pid, Signal, SpawnError, State, Step};

#[test]
fn a_message_is_answered() {
    let scheduler = start(2);
    let handle = scheduler.handle();
    let mut inbox = handle.inbox().expect("there is room");
    let echo = hearing(|turn, signal| match signal {
        Signal::Message { from, message } => {
            turn.send(from, message).expect("the inbox lives");
            None
        }
        other => panic!("{other:?}"),
    });
    let echo = handle.spawn(echo).expect("it starts");
    for round in 0..1000 {
        inbox.send(echo, Note::Number(round)).expect("it lives");
        assert_eq!(number(&mut inbox), round);
    }
    let report = scheduler.shutdown(Duration::from_millis(1));
    assert_eq!((report.cancelled, report.stuck), (1, 0));
}

#[test]
fn messages_of_one_sender_keep_their_order() {
    let scheduler = start(2);
    let handle = scheduler.handle();
    let mut inbox = handle.inbox().expect("there is room");
    let target = inbox.pid();
    let mut next = 0;
    let counter = stepping(move |turn| {
        for _ in 0..100 {
            turn.send(target, Note::Number(next)).expect("the inbox lives");
            next += 1;
        }
        if next == 100_000 { Step::Finished(next) } else { Step::OutOfFuel }
    });
    handle.spawn(counter.monitored_by(target)).expect("it starts");
    for expected in 0..100_000 {
        assert_eq!(number(&mut inbox), expected);
    }
    assert_eq!(exit(&mut inbox).1, Exit::Finished(100_000), "the end comes after the messages");
}

#[test]
fn every_kind_of_end_reaches_the_monitor() {
    let scheduler = start(2);
    let handle = scheduler.handle();
    let mut inbox = handle.inbox().expect("there is room");
    let me = inbox.pid();
    let good = handle.spawn(stepping(|_| Step::Finished(7)).monitored_by(me)).expect("it starts");
    assert_eq!(exit(&mut inbox), (good, Exit::Finished(7)));
    let bad = handle.spawn(stepping(|_| Step::Failed("bad".to_owned())).monitored_by(me)).expect("it starts");
    assert_eq!(exit(&mut inbox), (bad, Exit::Failed(Failure::Error("bad".to_owned()))));
    let wild = handle.spawn(stepping(|_| panic!("wild {}", 1)).monitored_by(me)).expect("it starts");
    assert_eq!(exit(&mut inbox), (wild, Exit::Failed(Failure::Panicked("wild 1".into()))));
    let asleep = handle.spawn(sleeper().monitored_by(me)).expect("it starts");
    handle.kill(asleep).expect("it lives");
    assert_eq!(exit(&mut inbox), (asleep, Exit::Failed(Failure::Terminated)));
    let busy = handle.spawn(spinner().monitored_by(me)).expect("it starts");
    handle.kill(busy).expect("it lives");
    assert_eq!(exit(&mut inbox), (busy, Exit::Failed(Failure::Terminated)));
    for gone in [good, bad, wild, asleep, busy] {
        assert_eq!(inbox.monitor(gone), Err(MonitorError::NoProcess(gone)));
        assert!(handle.kill(gone).is_err() && handle.send(gone, Note::Number(1)).is_err());
    }
    assert_eq!(handle.statistics().panics, 1);
}

#[test]
fn failure_runs_along_links_until_somebody_traps_it() {
    let scheduler = start(2);
    let handle = scheduler.handle();
    let mut inbox = handle.inbox().expect("there is room");
    let me = inbox.pid();
    let top = stepping(move |turn| {
        turn.trap_links(true);
        while let Some(signal) = turn.next_signal() {
            match signal {
                Signal::Message { message: Note::Pid(partner), .. } => turn.link(partner).expect("it lives"),
                Signal::LinkDown { pid, failure } => {
                    assert!(matches!(failure, Failure::Linked(_)));
                    return Step::Finished(pid.raw());
                }
                other => panic!("{other:?}"),
            }
        }
        Step::Parked
    });
    let top = handle.spawn(top.monitored_by(me)).expect("it starts");
    let middle = handle.spawn(sleeper().monitored_by(me)).expect("it starts");
    let bottom = handle.spawn(sleeper().linked_to(middle)).expect("it starts");
    handle.send(top, Note::Pid(middle)).expect("it lives");
    while handle.process(middle).is_some_and(|info| info.links < 2) {
        std::thread::yield_now();
    }
    handle.kill(bottom).expect("it lives");
    let mut ends = [exit(&mut inbox), exit(&mut inbox)];
    ends.sort_by_key(|end| end.0);
    assert_eq!(ends[0], (top, Exit::Finished(middle.raw())));
    assert_eq!(ends[1], (middle, Exit::Failed(Failure::Linked(bottom))));
}

#[test]
fn a_normal_end_breaks_no_link() {
    let scheduler = start(2);
    let handle = scheduler.handle();
    let mut inbox = handle.inbox().expect("there is room");
    let partner = handle.spawn(sleeper()).expect("it starts");
    let child = stepping(|_| Step::Finished(1)).linked_to(partner).monitored_by(inbox.pid());
    handle.spawn(child).expect("it starts");
    exit(&mut inbox);
    while handle.process(partner).expect("it lives").links > 0 {
        std::thread::yield_now();
    }
}

#[test]
fn a_name_is_free_before_the_exit_is_heard() {
    let scheduler = start(2);
    let handle = scheduler.handle();
    let mut inbox = handle.inbox().expect("there is room");
    for _ in 0..200 {
        let named = handle.spawn(sleeper().name(b"it").monitored_by(inbox.pid())).expect("it starts");
        assert_eq!(handle.lookup(b"it"), Some(named));
        let refused = handle.spawn(sleeper().name(b"it")).expect_err("the name is taken");
        assert_eq!(refused.reason, SpawnError::NameTaken(named));
        assert_eq!(handle.register(b"it", inbox.pid()), Err(NameError::Taken(named)));
        assert_eq!(handle.register(b"it", named), Ok(()));
        handle.kill(named).expect("it lives");
        assert_eq!(exit(&mut inbox).0, named);
        assert_eq!(handle.lookup(b"it"), None);
    }
    assert_eq!(handle.statistics().names, 0);
}

#[test]
fn a_second_monitor_is_reported_and_one_exit_comes() {
    let scheduler = start(1);
    let handle = scheduler.handle();
    let mut inbox = handle.inbox().expect("there is room");
    let child = handle.spawn(sleeper().monitored_by(inbox.pid())).expect("it starts");
    assert_eq!(inbox.monitor(child), Err(MonitorError::Already(child)));
    assert!(inbox.unmonitor(child));
    assert!(!inbox.unmonitor(child));
    assert_eq!(inbox.monitor(child), Ok(()));
    handle.kill(child).expect("it lives");
    assert_eq!(exit(&mut inbox).0, child);
    assert!(inbox.receive(Duration::from_millis(5)).is_none());
}

#[test]
fn timers_fire_in_order_and_not_after_cancel() {
    let scheduler = start(2);
    let handle = scheduler.handle();
    let mut inbox = handle.inbox().expect("there is room");
    let mut timers = Vec::new();
    // When each is due: not before, and not after. A machine that is busy may take its time between two of them.
    let mut due = Vec::new();
    let process = stepping(move |turn| {
        if timers.is_empty() {
            for delay in [30, 10, 20, 1].map(Duration::from_millis) {
                let before = Instant::now();
                timers.push(turn.set_timer(delay).expect("there is room"));
                due.push((before + delay, Instant::now() + delay));
            }
            assert!(turn.cancel_timer(timers[3]));
            assert!(!turn.cancel_timer(timers[3]));
        }
        while let Some(signal) = turn.next_signal() {
            let Signal::Timer(timer) = signal else { panic!("{signal:?}") };
            let at = timers.iter().position(|&known| known == timer).expect("a timer of ours");
            timers[at] = timers[3];
            assert!(at != 3);
            if timers[..3].iter().all(|&left| left == timers[3]) {
                /// What a timer may be late by.
                const TICK: Duration = Duration::from_millis(2);
                let is_latest = due[..3].iter().all(|other| other.0 <= due[at].1 + TICK);
                return Step::Finished(u64::from(is_latest));
            }
        }
        Step::Parked
    });
    handle.spawn(process.monitored_by(inbox.pid())).expect("it starts");
    assert_eq!(exit(&mut inbox).1, Exit::Finished(1), "the latest comes last");
    assert_eq!(handle.statistics().timers, 0);
}

#[test]
fn a_dead_process_leaves_no_timer() {
    let scheduler = start(1);
    let handle = scheduler.handle();
    let mut inbox = handle.inbox().expect("there is room");
    let waiting = stepping(|turn| {
        turn.set_timer(Duration::from_secs(3600)).expect("there is room");
        Step::Failed("gone".to_owned())
    });
    handle.spawn(waiting.monitored_by(inbox.pid())).expect("it starts");
    exit(&mut inbox);
    assert_eq!(handle.statistics().timers, 0);
}

#[test]
fn blocking_jobs_answer_and_panicking_ones_are_reported() {
    let scheduler = start(1);
    let handle = scheduler.handle();
    let mut inbox = handle.inbox().expect("there is room");
    let mut begun = false;
    let mut sum = 0;
    let process = stepping(move |turn| {
        if !begun {
            begun = true;
            turn.block(|| {
                std::thread::sleep(Duration::from_millis(2));
                40
            });
            turn.block(|| panic!("a job of its own"));
            let cancelled = turn.block(|| 1000);
            assert!(turn.cancel_operation(cancelled));
        }
        while let Some(signal) = turn.next_signal() {
            let Signal::Completion { value, .. } = signal else { panic!("{signal:?}") };
            sum += value.unwrap_or(2);
        }
        if sum == 42 { Step::Finished(sum) } else { Step::Parked }
    });
    handle.spawn(process.monitored_by(inbox.pid())).expect("it starts");
    assert_eq!(exit(&mut inbox).1, Exit::Finished(42));
}

#[test]
fn a_process_that_ends_abandons_its_operations() {
    let scheduler = start(1);
    let handle = scheduler.handle();
    let mut inbox = handle.inbox().expect("there is room");
    let (abandoned, completers) = (Shelf::new(), Shelf::new());
    let (told, given) = (Arc::clone(&abandoned), Arc::clone(&completers));
    let process = stepping(move |turn| {
        let told = Arc::clone(&told);
        given.put(turn.begin(Some(Box::new(move || told.put(())))));
        Step::Finished(0)
    });
    handle.spawn(process.monitored_by(inbox.pid())).expect("it starts");
    exit(&mut inbox);
    abandoned.take().expect("it was told");
    let completer = completers.take().expect("there is one");
    assert!(!completer.is_wanted());
    completer.complete(1);
    assert_eq!(handle.statistics().operations, 0);
}

#[test]
fn children_of_one_step_begin_in_the_order_in_which_they_were_started() {
    let scheduler = start(1);
    let handle = scheduler.handle();
    let mut inbox = handle.inbox().expect("there is room");
    let me = inbox.pid();
    let parent = stepping(move |turn| {
        for number in 0..100 {
            let child = stepping(move |turn| {
                turn.send(me, Note::Number(number)).expect("the inbox lives");
                Step::Finished(0)
            });
            turn.spawn(child).map_err(|refused| refused.reason).expect("it starts");
        }
        Step::Finished(0)
    });
    handle.spawn(parent).expect("it starts");
    assert!((0..100).all(|expected| number(&mut inbox) == expected));
}

#[test]
fn a_child_runs_while_its_parent_waits_for_the_system() {
    let scheduler = start(2);
    let handle = scheduler.handle();
    let mut inbox = handle.inbox().expect("there is room");
    let shelf = Shelf::new();
    let parent = stepping(move |turn| {
        let given = Arc::clone(&shelf);
        let child = stepping(move |_| {
            given.put(());
            Step::Finished(0)
        });
        turn.spawn(child).map_err(|refused| refused.reason).expect("it starts");
        wippy_scheduler::about_to_wait();
        Step::Finished(u64::from(shelf.take().is_some()))
    });
    handle.spawn(parent.monitored_by(inbox.pid())).expect("it starts");
    assert_eq!(exit(&mut inbox).1, Exit::Finished(1));
}

#[test]
fn a_socket_wakes_its_process() {
    use std::io::{Read, Write};
    let scheduler = start(2);
    let handle = scheduler.handle();
    let mut inbox = handle.inbox().expect("there is room");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a local port");
    let address = listener.local_addr().expect("it has one");
    let mut client = std::net::TcpStream::connect(address).expect("it listens");
    let (server, _) = listener.accept().expect("somebody called");
    server.set_nonblocking(true).expect("it can");
    let mut stream = mio::net::TcpStream::from_std(server);
    let (mut source, mut sum) = (None, 0_u64);
    let process = stepping(move |turn| {
        if source.is_none() {
            source = Some(turn.watch(&mut stream, mio::Interest::READABLE).expect("it can be watched"));
        }
        while turn.next_signal().is_some() {}
        let mut buffer = [0; 16];
        loop {
            match stream.read(&mut buffer) {
                Ok(0) => return Step::Finished(sum),
                Ok(length) => sum += buffer[..length].iter().map(|&byte| u64::from(byte)).sum::<u64>(),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return Step::Parked,
                Err(error) => return Step::Failed(error.to_string()),
            }
        }
    });
    handle.spawn(process.monitored_by(inbox.pid())).expect("it starts");
    for byte in 1..=10 {
        client.write_all(&[byte]).expect("it is open");
        std::thread::sleep(Duration::from_millis(1));
    }
    drop(client);
    assert_eq!(exit(&mut inbox).1, Exit::Finished(55));
}

#[test]
fn a_stall_is_noticed() {
    let stalls = Shelf::new();
    let told = Arc::clone(&stalls);
    let builder = wippy_scheduler::Builder::new().workers(2).on_stall(move || told.put(()));
    let scheduler = builder.start::<Actor>().expect("threads can be had");
    let handle = scheduler.handle();
    let waiting = stepping(|turn| match turn.next_signal() {
        None => {
            assert!(turn.set_timer(Duration::from_millis(20)).is_some());
            Step::Parked
        }
        Some(_) => Step::Finished(0),
    });
    handle.spawn(waiting).expect("it starts");
    handle.spawn(sleeper()).expect("it starts");
    let begun = std::time::Instant::now();
    while !handle.is_stalled() {
        assert!(begun.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(1));
        stalls.clear();
    }
    handle.spawn(stepping(|_| Step::Finished(0))).expect("it starts");
    stalls.take().expect("the last one to sleep says so");
}

#[test]
fn everybody_can_be_inspected() {
    let scheduler = start(2);
    let handle = scheduler.handle();
    let host = handle.hosts().intern("app:processes").expect("there is room");
    let asleep = handle.spawn(sleeper().host(host).name(b"sleepy")).expect("it starts");
    let busy = handle.spawn(spinner()).expect("it starts");
    let seen = handle.inspect(Duration::from_secs(60));
    assert_eq!(seen.iter().map(|info| info.pid).collect::<Vec<_>>(), [asleep, busy]);
    assert!(seen.iter().all(|info| info.description.as_ref().is_some_and(|text| text.entry == "actor")));
    assert_eq!((seen[0].host, seen[0].names[0].as_ref()), (host, &b"sleepy"[..]));
    // Inquiries are answered before a step: the first one of the sleeper may still be going on.
    while handle.process(asleep).expect("it lives").state != State::Parked {
        std::thread::yield_now();
    }
    let before = handle.process(asleep).expect("it lives").reductions;
    handle.inspect(Duration::from_secs(60));
    assert_eq!(handle.process(asleep).expect("it lives").reductions, before, "no step was made for it");
}

#[test]
fn shutdown_asks_first_and_kills_then() {
    let scheduler = start(2);
    let handle = scheduler.handle();
    let polite = || {
        hearing(|_, signal| {
            let Signal::Cancel { from: Pid::SYSTEM, grace: Some(_), .. } = signal else {
                panic!("{signal:?}")
            };
            Some(Step::Finished(0))
        })
    };
    for _ in 0..10 {
        handle.spawn(polite()).expect("it starts");
    }
    for _ in 0..3 {
        handle.spawn(spinner()).expect("it starts");
    }
    let report = scheduler.shutdown(Duration::from_millis(100));
    assert_eq!((report.cancelled, report.killed, report.stuck), (13, 3, 0));
    let refused = handle.spawn(sleeper()).expect_err("it is over");
    assert_eq!(refused.reason, SpawnError::ShuttingDown);
}

#[test]
fn the_number_of_processes_can_be_limited() {
    let scheduler = wippy_scheduler::Builder::new()
        .workers(1)
        .max_processes(2)
        .start::<Actor>()
        .expect("threads can be had");
    let handle = scheduler.handle();
    let first = handle.spawn(sleeper()).expect("it starts");
    handle.spawn(sleeper()).expect("it starts");
    assert_eq!(handle.spawn(sleeper()).expect_err("two is the limit").reason, SpawnError::Limit(2));
    handle.kill(first).expect("it lives");
    while handle.spawn(sleeper()).is_err() {
        std::thread::yield_now();
    }
}

#[test]
fn a_slice_of_a_spinner_delays_nobody_for_long() {
    let scheduler = start(2);
    let handle = scheduler.handle();
    let mut inbox = handle.inbox().expect("there is room");
    for _ in 0..8 {
        handle.spawn(spinner()).expect("it starts");
    }
    let mut ticks = 0;
    let ticker = stepping(move |turn| {
        while turn.next_signal().is_some() {
            ticks += 1;
        }
        if ticks == 20 {
            return Step::Finished(ticks);
        }
        turn.set_timer(Duration::from_millis(1)).expect("there is room");
        Step::Parked
    });
    let begun = std::time::Instant::now();
    handle.spawn(ticker.monitored_by(inbox.pid())).expect("it starts");
    assert_eq!(exit(&mut inbox).1, Exit::Finished(20));
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    let _ = soon;
}
