//! What processes send each other and how they end, in terms of the scheduler.

use std::cell::RefCell;
use std::sync::Arc;

use wippy_scheduler::{Failure, HostId, Pid};
use wippy_stdlib::errors::{ErrorValue, Kind};
use wippy_vm::{Morsel, Packed, Parcel, Tokens};

/// A message: its topic, then its payload, in one parcel. One pointer, which is moved from hand to hand.
pub struct Mail(Box<Letter>);

/// What a [`Mail`] points to. A large one becomes the message object of the receiver.
pub(crate) struct Letter {
    parcel: Parcel,
    /// Who sent it; known when it has arrived.
    pub(crate) from: Pid,
    /// Counts what has arrived at one process.
    pub(crate) number: u64,
    /// Host of the sender, so that its pid can be shown after its end.
    pub(crate) host: HostId,
    /// Bytes of the topic's token; the payload follows.
    topic_bytes: u32,
}

/// A small message as its receiver's heap holds it: without memory of its own.
pub(crate) struct Note {
    from: Pid,
    topic_bytes: u32,
    host: HostId,
    /// Its payload is one value, which its object has as user value.
    is_held: bool,
    values: Morsel,
}

/// A message that has arrived, wherever it lies.
pub(crate) struct Message<'a> {
    /// Who sent it.
    pub(crate) from: Pid,
    /// The sender's host.
    pub(crate) host: HostId,
    /// Whether its payload is the user value of its object.
    pub(crate) is_held: bool,
    /// Topic and payload.
    values: Tokens<'a>,
    topic_bytes: u32,
}

impl Letter {
    pub(crate) fn message(&self) -> Message<'_> {
        let Letter { from, host, topic_bytes, .. } = *self;
        Message { from, host, topic_bytes, is_held: false, values: self.parcel.tokens() }
    }
}

impl Note {
    /// A message of these values, the first of which is the topic and takes so many bytes.
    #[inline]
    pub(crate) fn new(from: Pid, host: HostId, values: Morsel, topic_bytes: usize) -> Note {
        Note { from, host, values, topic_bytes: topic_bytes as u32, is_held: false }
    }

    /// The same, with a value that its object will have as user value.
    pub(crate) fn holding(self) -> Note {
        Note { is_held: true, ..self }
    }

    #[inline(always)]
    pub(crate) fn message(&self) -> Message<'_> {
        let Note { from, host, topic_bytes, is_held, .. } = *self;
        Message { from, host, topic_bytes, is_held, values: self.values.tokens() }
    }
}

impl<'a> Message<'a> {
    /// The topic.
    pub(crate) fn topic(&self) -> &'a [u8] {
        topic(self.values.clone())
    }

    /// The payload's values.
    #[inline]
    pub(crate) fn payload(&self) -> Tokens<'a> {
        let mut tokens = self.values.clone();
        tokens.skip_bytes(self.topic_bytes as usize);
        tokens
    }
}

fn topic(mut values: Tokens<'_>) -> &[u8] {
    match values.next() {
        Some(Packed::Text(topic)) => topic,
        _ => b"",
    }
}

/// Letters that a thread keeps to be used again: what a message brings is mostly in the receiver's heap at once, and the
/// same memory carries the next.
const SPARE: usize = 64;

thread_local! {
    static SPARES: RefCell<Vec<Mail>> = const { RefCell::new(Vec::new()) };
}

/// Gives back the letters that this thread keeps: each of them may hold a page that is free otherwise.
pub(crate) fn forget_spares() {
    // A thread that ends keeps nothing.
    let _ = SPARES.try_with(RefCell::take);
}

impl Mail {
    /// A message without payload, to be added to [`Mail::payload_mut`].
    pub fn new(topic: &[u8], host: HostId) -> Mail {
        let spare = SPARES.try_with(|spares| spares.borrow_mut().pop()).ok().flatten();
        let mut letter = match spare {
            Some(Mail(mut letter)) => {
                letter.host = host;
                letter
            }
            None => {
                Box::new(Letter { parcel: Parcel::new(), from: Pid::SYSTEM, number: 0, host, topic_bytes: 0 })
            }
        };
        letter.parcel.push_text(topic);
        letter.topic_bytes = letter.parcel.size() as u32;
        Mail(letter)
    }

    /// The topic.
    pub fn topic(&self) -> &[u8] {
        topic(self.0.parcel.tokens())
    }

    /// The payload's values.
    pub fn payload(&self) -> Tokens<'_> {
        self.0.message().payload()
    }

    /// Where payload values are appended.
    pub fn payload_mut(&mut self) -> &mut Parcel {
        &mut self.0.parcel
    }

    pub(crate) fn number(&self) -> u64 {
        self.0.number
    }

    #[inline]
    pub(crate) fn letter(&mut self) -> &mut Letter {
        &mut self.0
    }

    /// The message as a note, if it is small; otherwise what holds it.
    #[inline]
    pub(crate) fn open(self) -> Result<Note, Box<Letter>> {
        let Some(values) = self.0.parcel.morsel() else { return Err(self.0) };
        let Letter { from, host, topic_bytes, .. } = *self.0;
        self.recycle();
        Ok(Note { from, topic_bytes, host, is_held: false, values })
    }

    /// It was read, and nobody will look at it again.
    #[inline]
    pub(crate) fn recycle(self) {
        let mut letter = self.0;
        letter.parcel.clear();
        letter.number = 0;
        letter.from = Pid::SYSTEM;
        let _ = SPARES.try_with(|spares| {
            let mut spares = spares.borrow_mut();
            if spares.len() < SPARE {
                spares.push(Mail(letter));
            }
        });
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
