//! Visits: what is left with a process that sleeps arrives as a message would, once, and wakes it.

use std::time::Duration;

use wippy_scheduler::{Builder, Exit, Failure, Inbox, Pid, Process, Scheduler, Signal, Spawn, Step, Turn};

enum Actor {
    /// Adds up numbers and ends when it has this much.
    Account { sum: u64, goal: u64 },
    /// Brings one to the account, so many times; by a message if it does not sleep.
    Visitor { account: Pid, left: u64 },
    /// Panics on its visit.
    Vandal { account: Pid },
    /// Visits these in vain, and itself.
    Stray { others: Vec<Pid> },
}

impl Process for Actor {
    type Message = u64;
    type Completion = ();
    type Output = u64;
    type Error = String;

    fn step(&mut self, turn: &mut Turn<'_, Actor>) -> Step<u64, String> {
        match self {
            Actor::Account { sum, goal } => {
                while let Some(Signal::Message { message, .. }) = turn.next_signal() {
                    *sum += message;
                }
                if sum < goal { Step::Parked } else { Step::Finished(*sum) }
            }
            Actor::Visitor { left: 0, .. } => Step::Finished(0),
            Actor::Visitor { account, left } => {
                *left -= 1;
                let visited = turn.visit(*account, |host| match host {
                    Actor::Account { sum, .. } => *sum += 1,
                    _ => unreachable!("the account lives until everybody has been there"),
                });
                if visited.is_none() {
                    turn.send(*account, 1).expect("the account lives until everybody has been there");
                }
                Step::OutOfFuel
            }
            Actor::Vandal { account } => {
                while turn.visit(*account, |_| panic!("in somebody else's house")).is_none() {}
                Step::Finished(0)
            }
            Actor::Stray { others } => {
                others.push(turn.pid());
                let visited = others.iter().filter(|&&other| turn.visit(other, |_| ()).is_some()).count();
                Step::Finished(visited as u64)
            }
        }
    }
}

fn start() -> Scheduler<Actor> {
    Builder::new().workers(2).start().expect("threads can be had")
}

fn exit(inbox: &mut Inbox<Actor>) -> (Pid, Exit<u64, String>) {
    match inbox.receive(Duration::from_secs(60)) {
        Some(Signal::Exit { pid, exit }) => (pid, exit),
        other => panic!("an exit was expected, not {other:?}"),
    }
}

#[test]
fn what_visitors_and_senders_bring_arrives_once() {
    let scheduler = start();
    let handle = scheduler.handle();
    let mut inbox = handle.inbox().expect("there is room");
    let (visitors, each) = (8, 2_000);
    for _ in 0..10 {
        let account = Actor::Account { sum: 0, goal: visitors * each };
        let account = handle.spawn(Spawn::new(account).monitored_by(inbox.pid())).expect("it starts");
        for _ in 0..visitors {
            handle.spawn(Spawn::new(Actor::Visitor { account, left: each })).expect("it starts");
        }
        assert_eq!(exit(&mut inbox), (account, Exit::Finished(visitors * each)));
    }
    scheduler.shutdown(Duration::from_secs(1));
}

#[test]
fn a_visitor_who_panics_ends_alone() {
    let scheduler = start();
    let handle = scheduler.handle();
    let mut inbox = handle.inbox().expect("there is room");
    let account = Spawn::new(Actor::Account { sum: 0, goal: 5 }).monitored_by(inbox.pid());
    let account = handle.spawn(account).expect("it starts");
    let vandal = Spawn::new(Actor::Vandal { account }).monitored_by(inbox.pid());
    let vandal = handle.spawn(vandal).expect("it starts");
    let panicked = Exit::Failed(Failure::Panicked("in somebody else's house".into()));
    assert_eq!(exit(&mut inbox), (vandal, panicked));
    handle.send(account, 5).expect("it lives");
    assert_eq!(exit(&mut inbox), (account, Exit::Finished(5)));
    scheduler.shutdown(Duration::from_secs(1));
}

#[test]
fn only_processes_that_sleep_are_visited() {
    let scheduler = start();
    let handle = scheduler.handle();
    let mut inbox = handle.inbox().expect("there is room");
    let gone = handle.spawn(Spawn::new(Actor::Account { sum: 1, goal: 1 }).monitored_by(inbox.pid()));
    let gone = gone.expect("it starts");
    exit(&mut inbox);
    let stray = Actor::Stray { others: vec![gone, inbox.pid(), Pid::SYSTEM] };
    handle.spawn(Spawn::new(stray).monitored_by(inbox.pid())).expect("it starts");
    assert_eq!(exit(&mut inbox).1, Exit::Finished(0));
    scheduler.shutdown(Duration::from_secs(1));
}
