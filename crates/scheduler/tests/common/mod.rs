//! Processes made of closures, for tests.

#![allow(dead_code, reason = "each test uses a part of this")]

use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use wippy_scheduler::{
    Builder, Description, Exit, Fuel, Inbox, Pid, Process, Scheduler, Signal, Spawn, Step, Turn,
};

/// What threads of a test hand each other. The standard library's channel would do, but not under ThreadSanitizer, which
/// does not see what a library that it was not built into synchronises.
pub(crate) struct Shelf<T>(Mutex<Vec<T>>, Condvar);

impl<T> Shelf<T> {
    pub(crate) fn new() -> Arc<Shelf<T>> {
        Arc::new(Shelf(Mutex::new(Vec::new()), Condvar::new()))
    }

    pub(crate) fn put(&self, item: T) {
        self.0.lock().push(item);
        self.1.notify_one();
    }

    pub(crate) fn clear(&self) {
        self.0.lock().clear();
    }

    /// What was put there last; waits for it, but not for ever.
    pub(crate) fn take(&self) -> Option<T> {
        let mut items = self.0.lock();
        self.1.wait_while_for(&mut items, |items| items.is_empty(), Duration::from_secs(60));
        items.pop()
    }
}

/// What tests send each other.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Note {
    Number(u64),
    Pid(Pid),
    Text(String),
}

pub(crate) type Made = Step<u64, String>;
type Body = Box<dyn FnMut(&mut Turn<'_, Actor>) -> Made + Send>;

/// A process that is one closure, called for each step.
pub(crate) struct Actor(Body);

impl Process for Actor {
    type Message = Note;
    type Completion = u64;
    type Output = u64;
    type Error = String;

    fn step(&mut self, turn: &mut Turn<'_, Actor>) -> Made {
        (self.0)(turn)
    }

    fn describe(&mut self, description: &mut Description) {
        description.entry = "actor".to_owned();
    }
}

pub(crate) type Heard = Signal<Actor>;
pub(crate) type End = Exit<u64, String>;

/// A process that is called for each step.
pub(crate) fn stepping(body: impl FnMut(&mut Turn<'_, Actor>) -> Made + Send + 'static) -> Spawn<Actor> {
    Spawn::new(Actor(Box::new(body)))
}

/// A process that is called for each signal and ends when the answer is `Some`.
pub(crate) fn hearing(
    mut body: impl FnMut(&mut Turn<'_, Actor>, Heard) -> Option<Made> + Send + 'static,
) -> Spawn<Actor> {
    stepping(move |turn| {
        while turn.fuel() > Fuel(0) {
            let Some(signal) = turn.next_signal() else { return Step::Parked };
            turn.charge(Fuel(1));
            if let Some(end) = body(turn, signal) {
                return end;
            }
        }
        Step::OutOfFuel
    })
}

/// A process that waits for ever.
pub(crate) fn sleeper() -> Spawn<Actor> {
    hearing(|_, _| None)
}

/// A process that never waits.
pub(crate) fn spinner() -> Spawn<Actor> {
    stepping(|turn| {
        let fuel = turn.fuel();
        for _ in 0..fuel.0 {
            std::hint::black_box(());
        }
        Step::OutOfFuel
    })
}

pub(crate) fn start(workers: usize) -> Scheduler<Actor> {
    Builder::new().workers(workers).start().expect("threads can be had")
}

/// The next signal, which must come soon.
pub(crate) fn soon(inbox: &mut Inbox<Actor>) -> Heard {
    inbox.receive(Duration::from_secs(60)).expect("a signal comes")
}

/// The next signal, which must be an exit.
pub(crate) fn exit(inbox: &mut Inbox<Actor>) -> (Pid, End) {
    match soon(inbox) {
        Signal::Exit { pid, exit } => (pid, exit),
        other => panic!("an exit was expected, not {other:?}"),
    }
}

/// The next signal, which must be a message with a number.
pub(crate) fn number(inbox: &mut Inbox<Actor>) -> u64 {
    match soon(inbox) {
        Signal::Message { message: Note::Number(number), .. } => number,
        other => panic!("a number was expected, not {other:?}"),
    }
}
