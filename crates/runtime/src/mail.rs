//! What processes send each other and how they end, in terms of the scheduler.

use std::sync::Arc;

use wippy_scheduler::{Failure, HostId, Pid};
use wippy_stdlib::errors::{ErrorValue, Kind};
use wippy_vm::{Packed, Parcel, Tokens};

/// A message: its topic, then its payload, in one parcel. One pointer, which is moved from hand to hand; what it points
/// to becomes the message object of the receiver.
pub struct Mail(Box<Letter>);

/// What a [`Mail`] points to.
pub(crate) struct Letter {
    parcel: Parcel,
    /// Who sent it; known when it has arrived.
    pub(crate) from: Pid,
    /// Counts what has arrived at one process.
    pub(crate) number: u64,
    /// Host of the sender, so that its pid can be shown after its end.
    pub(crate) host: HostId,
}

impl Letter {
    /// The topic.
    pub(crate) fn topic(&self) -> &[u8] {
        match self.parcel.first() {
            Packed::Text(topic) => topic,
            _ => b"",
        }
    }

    /// The payload's values.
    pub(crate) fn payload(&self) -> Tokens<'_> {
        let mut tokens = self.parcel.tokens();
        tokens.next();
        tokens
    }
}

impl Mail {
    /// A message without payload, to be added to [`Mail::payload_mut`].
    pub fn new(topic: &[u8], host: HostId) -> Mail {
        let mut mail = Mail(Box::new(Letter { parcel: Parcel::new(), from: Pid::SYSTEM, number: 0, host }));
        mail.0.parcel.push(Packed::Text(topic));
        mail
    }

    /// The topic.
    pub fn topic(&self) -> &[u8] {
        self.0.topic()
    }

    /// The payload's values.
    pub fn payload(&self) -> Tokens<'_> {
        self.0.payload()
    }

    /// Where payload values are appended.
    pub fn payload_mut(&mut self) -> &mut Parcel {
        &mut self.0.parcel
    }

    pub(crate) fn number(&self) -> u64 {
        self.0.number
    }

    pub(crate) fn letter(&mut self) -> &mut Letter {
        &mut self.0
    }

    pub(crate) fn into_letter(self) -> Box<Letter> {
        self.0
    }
}

/// What a process leaves behind when it ends well: one value.
pub type Output = Arc<Parcel>;

/// Why a process has failed.
pub type Fault = Arc<ErrorValue>;

fn internal(message: &str) -> Fault {
    Arc::new(ErrorValue::new(Kind::INTERNAL, message))
}

/// The error that watchers and links hear.
pub fn error_of(failure: &Failure<Fault>) -> Fault {
    match failure {
        Failure::Error(error) => Arc::clone(error),
        Failure::Terminated => internal("process terminated"),
        Failure::Linked(_) => internal("linked process failed"),
        Failure::Panicked(message) => internal(&format!("process panicked: {message}")),
        _ => internal("process failed"),
    }
}

/// What happens to a process besides messages.
pub(crate) enum Event {
    Cancel {
        from: Pid,
        reason: Arc<str>,
    },
    Exit {
        from: Pid,
        host: Option<HostId>,
        end: Result<Output, Fault>,
    },
    LinkDown {
        from: Pid,
        host: Option<HostId>,
        fault: Fault,
    },
    /// There is newer code, because of these entries.
    Outdated {
        sources: Vec<Vec<u8>>,
    },
}
