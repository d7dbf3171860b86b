//! A response while its handler builds it: staged head, buffered bytes, and what is on its way to the client.
//!
//! Pure state, under the lock of its exchange; who is to be woken is answered, not done. Invariant: bytes leave in the
//! order in which they were written, and nothing follows the end.

use std::collections::VecDeque;
use std::task::Waker;

use hyper::body::Bytes;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{HeaderMap, StatusCode};

use crate::sniff;

/// Bytes that wait before anything is sent.
const BUFFER: usize = 4096;

/// How a body is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transfer {
    /// In chunks, whatever its length.
    Chunked,
    /// As a stream of events.
    Events,
}

/// What cannot be changed any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The status.
    Status,
    /// A header.
    Header,
    /// The media type.
    ContentType,
    /// How the body is sent.
    Transfer,
    /// Whether it is a stream of events.
    Events,
}

/// Why a response did not take something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The handler has returned.
    Finished,
    /// The head is on its way.
    Sent(Part),
    /// The client has gone.
    Gone,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Refused::Finished => "request is finished",
            Refused::Sent(Part::Status) => "cannot set status after headers are sent",
            Refused::Sent(Part::Header) => "cannot set headers after they are sent",
            Refused::Sent(Part::ContentType) => "cannot set content type after headers are sent",
            Refused::Sent(Part::Transfer) => "cannot set transfer mode after headers are sent",
            Refused::Sent(Part::Events) => "cannot switch to SSE mode after headers are sent",
            Refused::Gone => "write failed: the client has closed the connection",
        })
    }
}

impl std::error::Error for Refused {}

/// Whether a writer may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// Yes.
    Open,
    /// It is to wait until what was written has left.
    Full,
}

/// What a handler came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// It returned; perhaps a value, as JSON, that is the body if nothing else was said.
    Returned(Option<Vec<u8>>),
    /// It failed with this text.
    Failed(Vec<u8>),
}

/// The head of a response, and its body as far as it is known.
#[derive(Debug)]
pub struct Head {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Payload,
}

/// The body behind a head.
#[derive(Debug, PartialEq, Eq)]
pub enum Payload {
    /// There is none, and cannot be.
    None,
    /// All of it.
    Whole(Bytes),
    /// It comes piece by piece.
    Stream,
}

impl Head {
    /// A head with a text as its body.
    pub fn text(status: StatusCode, text: impl Into<Vec<u8>>) -> Head {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, TEXT);
        Head { status, headers, body: Payload::Whole(Bytes::from(text.into())) }
    }

    /// A head without a body.
    pub fn empty(status: StatusCode) -> Head {
        Head { status, headers: HeaderMap::new(), body: Payload::None }
    }
}

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const EVENTS: HeaderValue = HeaderValue::from_static("text/event-stream");
const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache");

/// Where the head is.
#[derive(Debug)]
enum Stage {
    /// Only the handler knows it.
    Staged,
    /// The connection may fetch it.
    Ready(Head),
    /// It has been fetched.
    Taken,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    transfer: Option<Transfer>,
    /// A status or a header was set, or something was written.
    touched: bool,
    /// Bytes were written: the head cannot be changed.
    locked: bool,
    buffer: Vec<u8>,
    written: u64,
    stage: Stage,
    /// The request was for the head alone.
    head_only: bool,
    /// What is written goes nowhere.
    mute: bool,
    queue: VecDeque<Bytes>,
    /// Set at the end; an error cuts the connection.
    end: Option<Result<(), ()>>,
    /// Who waits for the head, or for more of the body.
    pub(crate) waker: Option<Waker>,
}

impl Reply {
    pub(crate) fn new(head_only: bool) -> Reply {
        Reply {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            transfer: None,
            touched: false,
            locked: false,
            buffer: Vec::new(),
            written: 0,
            stage: Stage::Staged,
            head_only,
            mute: false,
            queue: VecDeque::new(),
            end: None,
            waker: None,
        }
    }

    /// Whether the handler has said anything that counts as an answer.
    pub(crate) fn is_touched(&self) -> bool {
        self.touched || self.is_sent()
    }

    /// Whether the head has left.
    fn is_sent(&self) -> bool {
        !matches!(self.stage, Stage::Staged)
    }

    fn change(&self, part: Part) -> Result<(), Refused> {
        if self.locked || self.is_sent() { Err(Refused::Sent(part)) } else { Ok(()) }
    }

    pub(crate) fn set_status(&mut self, status: StatusCode) -> Result<(), Refused> {
        self.change(Part::Status)?;
        self.status = status;
        self.touched = true;
        Ok(())
    }

    pub(crate) fn set_header(&mut self, name: HeaderName, value: HeaderValue) -> Result<(), Refused> {
        self.change(Part::Header)?;
        self.headers.insert(name, value);
        self.touched = true;
        Ok(())
    }

    pub(crate) fn set_content_type(&mut self, value: HeaderValue) -> Result<(), Refused> {
        self.change(Part::ContentType)?;
        self.headers.insert(header::CONTENT_TYPE, value);
        Ok(())
    }

    /// The media type of JSON, where nothing was written yet.
    pub(crate) fn say_json(&mut self) {
        if !self.locked && !self.is_sent() {
            self.headers.insert(header::CONTENT_TYPE, JSON);
        }
    }

    pub(crate) fn set_transfer(&mut self, transfer: Transfer) -> Result<(), Refused> {
        self.change(Part::Transfer)?;
        self.transfer = Some(transfer);
        Ok(())
    }

    /// Makes it a stream of events, if it is none yet.
    pub(crate) fn begin_events(&mut self) -> Result<(), Refused> {
        if self.transfer == Some(Transfer::Events) {
            return Ok(());
        }
        self.change(Part::Events)?;
        self.transfer = Some(Transfer::Events);
        Ok(())
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> Flow {
        self.touched = true;
        self.locked |= !bytes.is_empty();
        self.written += bytes.len() as u64;
        if self.mute {
            return Flow::Open;
        }
        if self.head_only {
            // Only what the media type is told by.
            let room = sniff::LOOKED_AT.saturating_sub(self.buffer.len());
            self.buffer.extend_from_slice(&bytes[..bytes.len().min(room)]);
            return Flow::Open;
        }
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() <= BUFFER {
            return Flow::Open;
        }
        let full = !self.queue.is_empty();
        self.send_head();
        self.push_buffer();
        if full { Flow::Full } else { Flow::Open }
    }

    /// Sends what there is.
    pub(crate) fn flush(&mut self) -> Flow {
        self.send_head();
        self.push_buffer();
        if self.queue.is_empty() { Flow::Open } else { Flow::Full }
    }

    fn push_buffer(&mut self) {
        let bytes = std::mem::take(&mut self.buffer);
        if !bytes.is_empty() && !self.mute {
            self.queue.push_back(Bytes::from(bytes));
        }
    }

    /// Sends the head ahead of a body whose length is not known.
    fn send_head(&mut self) {
        if self.is_sent() {
            return;
        }
        let body = if self.is_bodyless() { Payload::None } else { Payload::Stream };
        self.mute = body == Payload::None;
        let head = self.head(body);
        self.stage = Stage::Ready(head);
    }

    /// Whether no body follows the head.
    fn is_bodyless(&self) -> bool {
        self.head_only || has_no_body(self.status)
    }

    fn head(&mut self, body: Payload) -> Head {
        let mut headers = std::mem::take(&mut self.headers);
        // What the length is, and how it is told, is not for handlers to say.
        let stated = headers.remove(header::CONTENT_LENGTH);
        headers.remove(header::TRANSFER_ENCODING);
        if !headers.contains_key(header::CONTENT_TYPE) && !self.buffer.is_empty() && !has_no_body(self.status)
        {
            let media = sniff::media_type(&self.buffer);
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
        }
        if self.head_only
            && self.written == 0
            && let Some(stated) = stated.filter(|value| value.as_bytes().iter().all(u8::is_ascii_digit))
        {
            headers.insert(header::CONTENT_LENGTH, stated);
        }
        match self.transfer {
            Some(Transfer::Chunked) => drop(headers.insert(header::CACHE_CONTROL, NO_CACHE)),
            Some(Transfer::Events) => {
                headers.insert(header::CONTENT_TYPE, EVENTS);
                headers.insert(header::CACHE_CONTROL, NO_CACHE);
                headers.insert(header::CONNECTION, HeaderValue::from_static("keep-alive"));
            }
            None => {}
        }
        Head { status: self.status, headers, body }
    }

    /// The handler has ended. Answers what is wrong with that, if anything.
    pub(crate) fn finish(&mut self, ending: Ending) -> Option<&'static str> {
        match ending {
            Ending::Returned(_) if self.is_sent() => {
                self.push_buffer();
                self.end = Some(Ok(()));
            }
            Ending::Returned(_) if self.touched => self.complete(),
            Ending::Returned(Some(json)) => {
                if !self.headers.contains_key(header::CONTENT_TYPE) {
                    self.headers.insert(header::CONTENT_TYPE, JSON);
                }
                self.written = json.len() as u64;
                self.buffer = json;
                self.complete();
            }
            Ending::Returned(None) => {
                self.replace(b"no response sent".to_vec());
                return Some("no response sent");
            }
            Ending::Failed(_) if self.is_sent() => {
                self.buffer.clear();
                self.end = Some(Err(()));
            }
            Ending::Failed(text) => self.replace(text),
        }
        None
    }

    /// Everything is in the buffer.
    fn complete(&mut self) {
        if self.transfer.is_some() && !self.is_bodyless() {
            self.send_head();
            self.push_buffer();
            self.end = Some(Ok(()));
            return;
        }
        let (written, fixed) = (self.written, has_no_body(self.status));
        let body = if self.is_bodyless() { Payload::None } else { Payload::Whole(Bytes::new()) };
        let mut head = self.head(body);
        let bytes = std::mem::take(&mut self.buffer);
        if self.head_only
            && !fixed
            && self.transfer.is_none()
            && !head.headers.contains_key(header::CONTENT_LENGTH)
        {
            head.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(written));
        }
        if let Payload::Whole(whole) = &mut head.body {
            *whole = Bytes::from(bytes);
        }
        self.stage = Stage::Ready(head);
        self.end = Some(Ok(()));
    }

    /// A failure takes the place of whatever was staged.
    fn replace(&mut self, mut text: Vec<u8>) {
        text.push(b'\n');
        let mut head = Head::text(StatusCode::INTERNAL_SERVER_ERROR, text);
        if self.head_only {
            if let Payload::Whole(text) = &head.body {
                head.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(text.len()));
            }
            head.body = Payload::None;
        }
        self.buffer = Vec::new();
        self.stage = Stage::Ready(head);
        self.end = Some(Ok(()));
    }

    /// The head, once it may leave.
    pub(crate) fn take_head(&mut self) -> Option<Head> {
        if !matches!(self.stage, Stage::Ready(_)) {
            return None;
        }
        match std::mem::replace(&mut self.stage, Stage::Taken) {
            Stage::Ready(head) => Some(head),
            Stage::Staged | Stage::Taken => None,
        }
    }

    /// The next piece of the body: `None` if there is none yet, else it, the end, or a cut.
    pub(crate) fn take_piece(&mut self) -> Option<Option<Result<Bytes, ()>>> {
        if let Some(piece) = self.queue.pop_front() {
            return Some(Some(Ok(piece)));
        }
        match self.end {
            None => None,
            Some(Ok(())) => Some(None),
            Some(Err(())) => Some(Some(Err(()))),
        }
    }

    /// Whether nothing waits to leave.
    pub(crate) fn is_drained(&self) -> bool {
        self.queue.is_empty()
    }

    /// The client has gone: nothing leaves any more.
    pub(crate) fn discard(&mut self) {
        self.queue.clear();
        self.buffer = Vec::new();
        self.mute = true;
    }
}

/// Whether responses of this status have no body.
pub(crate) fn has_no_body(status: StatusCode) -> bool {
    status.is_informational() || status == StatusCode::NO_CONTENT || status == StatusCode::NOT_MODIFIED
}
