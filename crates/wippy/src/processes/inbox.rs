//! A mailbox owned by Rust code: it has a pid, and what processes send to it is read with a time limit.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use wippy_runtime::scheduler::{Failure, Inbox as Mailbox, Pid, Signal};
use wippy_runtime::{Fault, LuaProcess, Mail, Output, Starter, error_of};
use wippy_stdlib::errors::ErrorValue;

use super::{IntoPayload, Result, RuntimeError};
use crate::convert::{FromLua, ToLua, take};

/// See the module. Dropping it closes it: senders are told that it is gone.
pub struct Inbox {
    inner: Mailbox<LuaProcess>,
    starter: Starter,
}

/// What [`Inbox::receive`] came to.
pub enum Received {
    /// Somebody sent a message.
    Message(Message),
    /// A process that is monitored here has ended.
    Exit {
        /// Which one.
        pid: Pid,
        /// How.
        reason: Exit,
    },
    /// Nothing came in time.
    TimedOut,
}

/// How a process has ended.
#[derive(Clone)]
pub enum Exit {
    /// It returned; see [`Exit::decode`].
    Finished(Output),
    /// It failed.
    Failed(Arc<ErrorValue>),
}

/// A message.
pub struct Message {
    from: Pid,
    mail: Mail,
}

impl Inbox {
    pub(super) fn new(inner: Mailbox<LuaProcess>, starter: Starter) -> Inbox {
        Inbox { inner, starter }
    }

    /// Its pid. As an argument for Lua give the inbox itself: it becomes the text that `process.send` takes.
    pub fn pid(&self) -> Pid {
        self.inner.pid()
    }

    /// Its pid as Lua code writes it.
    pub fn address(&self) -> String {
        self.starter.pid_text(self.pid())
    }

    /// Waits for the next message or the end of a monitored process.
    ///
    /// # Errors
    /// None at present; a runtime that has ended lets it time out.
    pub fn receive(&mut self, wait: Duration) -> Result<Received> {
        let begun = Instant::now();
        loop {
            let left = wait.saturating_sub(begun.elapsed());
            match self.inner.receive(left) {
                Some(Signal::Message { from, message }) => {
                    return Ok(Received::Message(Message { from, mail: message }));
                }
                Some(Signal::Exit { pid, exit }) => {
                    return Ok(Received::Exit { pid, reason: Exit::from(exit) });
                }
                Some(_) => {}
                None => return Ok(Received::TimedOut),
            }
        }
    }

    /// Sends a message from this inbox: the receiver can answer.
    ///
    /// # Errors
    /// When there is no such process.
    pub fn send(&self, target: Pid, topic: &str, payload: impl IntoPayload) -> Result<()> {
        let mut mail = Mail::new(topic.as_bytes(), Default::default());
        payload.into_payload().tokens().for_each(|token| mail.payload_mut().push(token));
        self.inner.send(target, mail).map_err(|_| RuntimeError::NoProcess)
    }

    /// Hears of the end of a process, once.
    ///
    /// # Errors
    /// When there is no such process, or it is monitored already.
    pub fn monitor(&self, target: Pid) -> Result<()> {
        self.inner.monitor(target).map_err(|_| RuntimeError::NoProcess)
    }
}

impl Message {
    /// Its topic.
    pub fn topic(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(self.mail.topic())
    }

    /// Who sent it; [`Pid::SYSTEM`] if nobody did.
    pub fn from(&self) -> Pid {
        self.from
    }

    /// The first value of its payload.
    ///
    /// # Errors
    /// [`RuntimeError::Payload`] if it has another type.
    pub fn decode<T: FromLua>(&self) -> Result<T> {
        take(&mut self.mail.payload()).ok_or(RuntimeError::Payload { expected: T::EXPECTED })
    }

    /// Two values.
    ///
    /// # Errors
    /// [`RuntimeError::Payload`] if one has another type.
    pub fn decode_pair<A: FromLua, B: FromLua>(&self) -> Result<(A, B)> {
        let mut payload = self.mail.payload();
        let first = take(&mut payload).ok_or(RuntimeError::Payload { expected: A::EXPECTED })?;
        let second = take(&mut payload).ok_or(RuntimeError::Payload { expected: B::EXPECTED })?;
        Ok((first, second))
    }
}

impl From<wippy_runtime::scheduler::Exit<Output, Fault>> for Exit {
    fn from(exit: wippy_runtime::scheduler::Exit<Output, Fault>) -> Exit {
        match exit {
            wippy_runtime::scheduler::Exit::Finished(output) => Exit::Finished(output),
            wippy_runtime::scheduler::Exit::Failed(failure) => Exit::from(failure),
        }
    }
}

impl From<Failure<Fault>> for Exit {
    fn from(failure: Failure<Fault>) -> Exit {
        Exit::Failed(error_of(&failure))
    }
}

impl Exit {
    /// The result of a process that ended well.
    ///
    /// # Errors
    /// The failure of one that did not; [`RuntimeError::Payload`] if the result has another type.
    pub fn decode<T: FromLua>(&self) -> Result<T> {
        match self {
            Exit::Finished(output) => {
                take(&mut output.tokens()).ok_or(RuntimeError::Payload { expected: T::EXPECTED })
            }
            Exit::Failed(error) => Err(RuntimeError::from((**error).clone())),
        }
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Exit::Finished(_) => f.write_str("finished"),
            Exit::Failed(error) => f.write_str(&String::from_utf8_lossy(&error.full_text())),
        }
    }
}

impl ToLua for Inbox {
    fn to_lua(&self, parcel: &mut wippy_vm::Parcel) {
        self.address().to_lua(parcel);
    }
}
