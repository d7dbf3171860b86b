//! Streams: the body of a request, or bytes that are there, piece by piece.
//!
//! Invariant: a stream dies with the call that got it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wippy_http::{Bytes, Exchange};
use wippy_stdlib::class::Class;
use wippy_stdlib::errors::{ErrorValue, Kind, error_of, fails, fails_with};
use wippy_vm::{Context, Error, HostObject, Library, Outcome, Result, Then, UserData, Value, library};

use super::request::{self, Limits};

/// Bytes of a piece where nothing is said.
const PIECE: usize = 32768;
/// Longest token of a scanner.
const LONGEST_TOKEN: usize = 64 << 10;

pub(super) static METHODS: Library = library!(
    "Stream",
    [
        /// The next bytes, at most so many, as soon as there are some; nothing at the end.
        ("read", read, "(self: any, size: integer?) -> (string?, error?)"),
        /// Writes, where that is possible.
        ("write", write, "(self: any, data: string) -> (integer, error?)"),
        /// Goes to another place: from the start (`set`), from here (`cur`) or from the end (`end`).
        ("seek", seek, "(self: any, whence: string?, offset: integer?) -> (integer, error?)"),
        /// Sends what was written.
        ("flush", flush, "(self: any) -> (boolean, error?)"),
        /// Ends it.
        ("close", close, "(self: any) -> (boolean, error?)"),
        /// What it is: `size`, `position`, `readable`, `writable`, `seekable`.
        ("stat", stat, "(self: any) -> (any, error?)"),
        /// Takes it apart into `lines`, `words`, `bytes` or `runes`.
        ("scanner", scanner, "(self: any, split: string?) -> (any, error?)"),
    ]
);

pub(super) static SCANNER: Library = library!(
    "Scanner",
    [
        /// Goes to the next token; false at the end.
        ("scan", scan, "(self: any) -> (boolean, error?)"),
        /// The token.
        ("text", token_text, "(self: any) -> string"),
        /// What went wrong, if anything.
        ("err", scanner_error, "(self: any) -> string?"),
    ]
);

static NOTHING: Library = library!("Stream", []);
pub(super) static CLASS: Class = Class { methods: &METHODS, metamethods: &NOTHING };
pub(super) static SCANNERS: Class = Class { methods: &SCANNER, metamethods: &NOTHING };

/// See the module.
pub(super) struct Stream {
    exchange: Arc<Exchange>,
    source: Source,
    state: Mutex<State>,
}

enum Source {
    /// The body of the request.
    Body(Limits),
    /// Bytes that are there.
    Memory(Bytes),
}

#[derive(Default)]
struct State {
    position: u64,
    closed: bool,
}

impl Stream {
    /// Over the body of a request.
    pub(super) fn of_body(exchange: Arc<Exchange>, limits: Limits) -> Stream {
        Stream { exchange, source: Source::Body(limits), state: Mutex::default() }
    }

    /// Over bytes of the request.
    pub(super) fn of_bytes(exchange: Arc<Exchange>, bytes: Bytes) -> Stream {
        Stream { exchange, source: Source::Memory(bytes), state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why it cannot be used any more.
    fn dead(&self) -> Option<ErrorValue> {
        if self.exchange.is_finished() {
            return Some(ErrorValue::internal("request is finished"));
        }
        self.state().closed.then(|| ErrorValue::internal("stream is closed"))
    }

    /// The next bytes of those that are there; `None` at their end.
    fn take(&self, most: usize) -> Option<Bytes> {
        let Source::Memory(bytes) = &self.source else { return None };
        let mut state = self.state();
        let start = usize::try_from(state.position).unwrap_or(usize::MAX).min(bytes.len());
        let end = start.saturating_add(most).min(bytes.len());
        state.position = state.position.max(end as u64);
        (start < end).then(|| bytes.slice(start..end))
    }

    fn size(&self) -> i64 {
        match &self.source {
            Source::Body(_) => self.exchange.request().length.map_or(-1, |length| length as i64),
            Source::Memory(bytes) => bytes.len() as i64,
        }
    }
}

impl HostObject for Stream {
    fn arrive<'gc>(self: Arc<Self>, cx: &mut Context<'gc>) -> Result<UserData<'gc>> {
        CLASS.object(cx, self)
    }
}

/// Answers a stream.
pub(super) fn returns(cx: &mut Context<'_>, stream: Stream) -> Result<Outcome> {
    let object = CLASS.object(cx, Arc::new(stream))?;
    Ok(cx.returns(object))
}

fn this<'gc>(cx: &Context<'gc>) -> Result<&'gc Stream> {
    CLASS.this(cx)
}

fn read(cx: &mut Context<'_>) -> Result<Outcome> {
    let stream = this(cx)?;
    let most = size_argument(cx)?;
    if let Some(why) = stream.dead() {
        return fails(cx, why);
    }
    match &stream.source {
        Source::Body(_) => Ok(piece(cx, stream, most, Then::Step(counted))),
        Source::Memory(_) => match stream.take(most) {
            Some(bytes) => {
                let bytes = cx.string(&bytes)?;
                Ok(cx.returns(bytes))
            }
            None => Ok(cx.returns(Value::Nil)),
        },
    }
}

fn size_argument(cx: &Context<'_>) -> Result<usize> {
    match cx.optional_integer(2, 0)? {
        0 => Ok(PIECE),
        size => {
            let size = usize::try_from(size);
            size.map_err(|_| cx.argument_error(2, "size must not be negative")).map(|size| size.min(1 << 24))
        }
    }
}

/// The next bytes of a body, as the results of what goes on.
fn piece(cx: &mut Context<'_>, stream: &Stream, most: usize, then: Then) -> Outcome {
    match &stream.source {
        Source::Body(limits) => request::read(cx, &stream.exchange, *limits, Some(most), then),
        Source::Memory(_) => cx.returns_none(),
    }
}

/// Bytes have come: the position moves.
fn counted(cx: &mut Context<'_>) -> Result<Outcome> {
    let first = cx.results();
    if let Value::String(bytes) = cx.get(first) {
        this(cx)?.state().position += bytes.len() as u64;
        return Ok(cx.returns(bytes));
    }
    Ok(cx.returns_top(2))
}

fn write(cx: &mut Context<'_>) -> Result<Outcome> {
    let stream = this(cx)?;
    cx.check_string(2)?;
    let why = stream.dead().unwrap_or_else(|| ErrorValue::internal("stream is not writable"));
    fails_with(cx, Value::Integer(0), why)
}

fn seek(cx: &mut Context<'_>) -> Result<Outcome> {
    let stream = this(cx)?;
    let whence = cx.check_option(2, Some("set"), &["set", "cur", "end"])?;
    let offset = cx.optional_integer(3, 0)?;
    let place = match (&stream.source, stream.dead()) {
        (_, Some(why)) => Err(why),
        (Source::Body(_), None) => Err(ErrorValue::internal("stream is not seekable")),
        (Source::Memory(_), None) => {
            let from = [0, stream.state().position as i64, stream.size()][whence];
            let place = from.checked_add(offset).filter(|place| *place >= 0);
            place.ok_or_else(|| ErrorValue::internal("seek before the start"))
        }
    };
    match place {
        Ok(place) => {
            stream.state().position = place.unsigned_abs();
            Ok(cx.returns(place))
        }
        Err(why) => fails_with(cx, Value::Integer(-1), why),
    }
}

fn flush(cx: &mut Context<'_>) -> Result<Outcome> {
    match this(cx)?.dead() {
        Some(why) => fails_with(cx, Value::Boolean(false), why),
        None => Ok(cx.returns(true)),
    }
}

fn close(cx: &mut Context<'_>) -> Result<Outcome> {
    this(cx)?.state().closed = true;
    Ok(cx.returns(true))
}

fn stat(cx: &mut Context<'_>) -> Result<Outcome> {
    let stream = this(cx)?;
    if let Some(why) = stream.dead() {
        return fails(cx, why);
    }
    let (size, position) = (stream.size(), stream.state().position);
    let table = cx.table(0, 5)?;
    cx.set_field(table, "size", size)?;
    cx.set_field(table, "position", position as i64)?;
    cx.set_field(table, "readable", true)?;
    cx.set_field(table, "writable", false)?;
    cx.set_field(table, "seekable", matches!(stream.source, Source::Memory(_)))?;
    Ok(cx.returns(table))
}

/// How a scanner takes bytes apart.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Split {
    Lines,
    Words,
    Bytes,
    Runes,
}

/// Takes a stream apart. The stream is the user value of the object.
struct Scanner {
    split: Split,
    state: Mutex<Scanning>,
}

#[derive(Default)]
struct Scanning {
    /// What was read and not yet used, from this place on.
    bytes: Vec<u8>,
    used: usize,
    at_end: bool,
    token: Vec<u8>,
    error: Option<Vec<u8>>,
}

impl HostObject for Scanner {
    fn arrive<'gc>(self: Arc<Self>, cx: &mut Context<'gc>) -> Result<UserData<'gc>> {
        SCANNERS.object(cx, self)
    }
}

impl Scanning {
    /// Goes to the next token: true if there is one, false at the end, `None` if more bytes are needed.
    fn next(&mut self, split: Split) -> Option<bool> {
        let rest = &self.bytes[self.used..];
        let (token, length) = match split {
            Split::Lines => match rest.iter().position(|byte| *byte == b'\n') {
                Some(end) => (rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]), end + 1),
                None if self.at_end => (rest.strip_suffix(b"\r").unwrap_or(rest), rest.len()),
                None => return None,
            },
            Split::Words => {
                let start = rest.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(rest.len());
                let word = &rest[start..];
                match word.iter().position(u8::is_ascii_whitespace) {
                    Some(end) => (&word[..end], start + end + 1),
                    None if self.at_end => (word, if word.is_empty() { 0 } else { rest.len() }),
                    None => return None,
                }
            }
            Split::Bytes if rest.is_empty() && !self.at_end => return None,
            Split::Bytes => (&rest[..rest.len().min(1)], rest.len().min(1)),
            Split::Runes => {
                let begin = &rest[..rest.len().min(4)];
                let first = begin.utf8_chunks().next();
                match first {
                    None if !self.at_end => return None,
                    None => (begin, 0),
                    Some(chunk) => match chunk.valid().chars().next() {
                        Some(rune) => (&rest[..rune.len_utf8()], rune.len_utf8()),
                        // What may still become a character waits for the rest of it.
                        None if !self.at_end && begin.len() < 4 => return None,
                        None => ("\u{fffd}".as_bytes(), chunk.invalid().len().max(1)),
                    },
                }
            }
        };
        if length == 0 {
            self.token.clear();
            return Some(false);
        }
        let token = token.to_vec();
        self.token = token;
        self.used += length;
        Some(true)
    }

    fn add(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.used);
        self.used = 0;
        self.bytes.extend_from_slice(bytes);
    }
}

fn scanner(cx: &mut Context<'_>) -> Result<Outcome> {
    this(cx)?;
    let split = match cx.optional_string(2)?.map(|text| text.as_bytes().to_vec()).as_deref() {
        None | Some(b"lines") => Split::Lines,
        Some(b"words") => Split::Words,
        Some(b"bytes") => Split::Bytes,
        Some(b"runes") => Split::Runes,
        Some(_) => return Err(Error::message("invalid split: lines, words, bytes or runes expected")),
    };
    let stream = cx.get(1);
    let object = SCANNERS.object(cx, Arc::new(Scanner { split, state: Mutex::default() }))?;
    cx.set_user_value(object, stream);
    Ok(cx.returns(object))
}

fn scanning<'gc>(cx: &Context<'gc>) -> Result<(Split, MutexGuard<'gc, Scanning>)> {
    let scanner = SCANNERS.this::<Scanner>(cx)?;
    Ok((scanner.split, scanner.state.lock().unwrap_or_else(PoisonError::into_inner)))
}

fn scan(cx: &mut Context<'_>) -> Result<Outcome> {
    let (split, mut state) = scanning(cx)?;
    if state.error.is_some() {
        return Ok(cx.returns(false));
    }
    if let Some(found) = state.next(split) {
        return Ok(cx.returns(found));
    }
    if state.bytes.len() - state.used > LONGEST_TOKEN {
        state.error = Some(b"token too long".to_vec());
        drop(state);
        return fails_with(cx, Value::Boolean(false), ErrorValue::new(Kind::INTERNAL, "token too long"));
    }
    drop(state);
    let Value::UserData(object) = cx.get(1) else { return Ok(cx.returns(false)) };
    let value = object.user_value();
    let Some(stream) = value.host_object_as::<Stream>() else { return Ok(cx.returns(false)) };
    match stream.dead() {
        Some(why) => scan_fails(cx, why),
        None if matches!(stream.source, Source::Memory(_)) => {
            let (_, mut rest) = scanning(cx)?;
            match stream.take(PIECE) {
                Some(bytes) => rest.add(&bytes),
                None => rest.at_end = true,
            }
            drop(rest);
            // Not deep: a token is at most two pieces long.
            scan(cx)
        }
        None => Ok(piece(cx, stream, PIECE, Then::Step(scan_on))),
    }
}

/// Bytes have come for a scanner.
fn scan_on(cx: &mut Context<'_>) -> Result<Outcome> {
    let first = cx.results();
    if let Some(error) = error_of(cx.get(first + 1)) {
        return scan_fails(cx, error.clone());
    }
    let (_, mut scanning) = scanning(cx)?;
    match cx.get(first) {
        Value::String(bytes) => scanning.add(bytes.as_bytes()),
        _ => scanning.at_end = true,
    }
    drop(scanning);
    cx.truncate(1);
    scan(cx)
}

fn scan_fails(cx: &mut Context<'_>, error: ErrorValue) -> Result<Outcome> {
    scanning(cx)?.1.error = Some(error.message().to_vec());
    fails_with(cx, Value::Boolean(false), error)
}

fn token_text(cx: &mut Context<'_>) -> Result<Outcome> {
    let token = scanning(cx)?.1.token.clone();
    let text = cx.string(&token)?;
    Ok(cx.returns(text))
}

fn scanner_error(cx: &mut Context<'_>) -> Result<Outcome> {
    let error = scanning(cx)?.1.error.clone();
    match error {
        Some(error) => {
            let text = cx.string(&error)?;
            Ok(cx.returns(text))
        }
        None => Ok(cx.returns(Value::Nil)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tokens of a text that comes in pieces of this many bytes.
    fn tokens(split: Split, text: &[u8], size: usize) -> Vec<Vec<u8>> {
        let (mut scanning, mut pieces, mut all) = (Scanning::default(), text.chunks(size), Vec::new());
        loop {
            match scanning.next(split) {
                Some(true) => all.push(scanning.token.clone()),
                Some(false) => return all,
                None => match pieces.next() {
                    Some(piece) => scanning.add(piece),
                    None => scanning.at_end = true,
                },
            }
        }
    }

    #[test]
    fn texts_are_taken_apart_however_they_come() {
        for size in 1..9 {
            let lines = tokens(Split::Lines, b"a\r\nb\n\nc", size);
            assert_eq!(lines, [&b"a"[..], b"b", b"", b"c"], "{size}");
            assert_eq!(tokens(Split::Words, b"  ab c\n d ", size), [&b"ab"[..], b"c", b"d"], "{size}");
            assert_eq!(tokens(Split::Bytes, b"ab", size), [b"a", b"b"], "{size}");
            let runes = tokens(Split::Runes, "aż😀\u{7f}".as_bytes(), size);
            assert_eq!(runes, ["a", "ż", "😀", "\u{7f}"].map(|rune| rune.as_bytes().to_vec()), "{size}");
            let broken = tokens(Split::Runes, b"a\xff\xf0\x9fb", size);
            assert_eq!(
                broken,
                ["a", "\u{fffd}", "\u{fffd}", "b"].map(|rune| rune.as_bytes().to_vec()),
                "{size}"
            );
        }
    }
}
