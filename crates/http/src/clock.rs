//! The deadlines of one connection.
//!
//! Told what happens on the connection, and polled with it. Invariant: without limits nothing is ever armed.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::time::{Instant, Sleep};

use crate::site::Timeouts;

/// What a connection is doing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Nothing was heard since the last response.
    Idle,
    /// The head of a request is coming.
    Reading,
    /// A handler is at work, or its response is on the way.
    Answering,
    /// The response is with the connection, to be written out.
    Leaving,
}

/// See the module.
pub(crate) struct Clock {
    limits: Cell<Timeouts>,
    phase: Cell<Phase>,
    due: Cell<Option<Instant>>,
    /// When the request that is being read is late.
    late: Cell<Option<Instant>>,
    sleep: RefCell<Option<Pin<Box<Sleep>>>>,
}

impl Clock {
    /// Of a connection that has just been accepted.
    pub(crate) fn new(limits: Timeouts) -> Clock {
        let clock = Clock {
            limits: Cell::new(limits),
            phase: Cell::new(Phase::Idle),
            due: Cell::new(None),
            late: Cell::new(None),
            sleep: RefCell::new(None),
        };
        clock.idle();
        clock
    }

    fn idle(&self) {
        self.phase.set(Phase::Idle);
        let limits = self.limits.get();
        self.due.set(limits.idle.or(limits.read).map(|limit| Instant::now() + limit));
    }

    /// Bytes have come in.
    pub(crate) fn heard(&self) {
        if self.phase.get() == Phase::Idle {
            self.phase.set(Phase::Reading);
            self.due.set(self.limits.get().read.map(|limit| Instant::now() + limit));
            self.late.set(self.due.get());
        }
    }

    /// The head of a request is complete; the limits are those of now. Answers when its body is late.
    pub(crate) fn headed(&self, limits: Timeouts) -> Option<Instant> {
        self.limits.set(limits);
        self.phase.set(Phase::Answering);
        self.due.set(limits.write.map(|limit| Instant::now() + limit));
        self.late.take()
    }

    /// All of the response is with the connection.
    pub(crate) fn handed_over(&self) {
        self.phase.set(Phase::Leaving);
    }

    /// Everything that was written has left.
    pub(crate) fn flushed(&self) {
        if self.phase.get() == Phase::Leaving {
            self.idle();
        }
    }

    /// Ready when a deadline has passed.
    pub(crate) fn poll_late(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut sleep = self.sleep.borrow_mut();
        let Some(due) = self.due.get() else { return Poll::Pending };
        let sleep = match &mut *sleep {
            Some(sleep) => {
                if sleep.deadline() != due {
                    sleep.as_mut().reset(due);
                }
                sleep
            }
            none => none.insert(Box::pin(tokio::time::sleep_until(due))),
        };
        sleep.as_mut().poll(cx)
    }
}
