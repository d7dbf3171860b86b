//! `find`, `match`, `gmatch` and `gsub`: patterns applied to Lua strings.
//!
//! Matching is the business of `pattern`; here are its results as Lua values and the replacements. A search that runs
//! out of fuel pauses and keeps its place; a replacement function or `__index` is called between two steps.

use std::cell::RefCell;
use std::ops::Range;
use std::sync::Arc;

use memchr::memmem;
use wippy_vm::{Context, Error, Native, Outcome, Result, Text, Then, Value};

use super::pattern::{Capture, Matcher, Pattern, PatternError, Progress};
use super::{BYTES_PER_FUEL, PIECE, absolute};
use crate::steps::{self, Next, Steps};

/// Compiled patterns kept per thread (chosen: more than a program uses in one loop).
const CACHED: usize = 64;

/// Bytes searched for a plain text between two looks at the fuel (chosen: some hundredths of a millisecond).
const SEARCHED: usize = 1 << 18;

/// Longest pattern worth keeping.
const MAX_CACHED_LENGTH: usize = 256;

struct Cached {
    source: Box<[u8]>,
    anchors: bool,
    pattern: Arc<Pattern>,
}

thread_local! {
    /// Each pattern has one place, given by its bytes; a later one displaces an earlier one.
    static CACHE: RefCell<[Option<Cached>; CACHED]> = const { RefCell::new([const { None }; CACHED]) };
}

/// The place of a pattern in the cache: its length and what is at both its ends, mixed.
fn place(source: &[u8], anchors: bool) -> usize {
    let mut ends = [[0u8; 8]; 2];
    let length = source.len().min(8);
    ends[0][..length].copy_from_slice(&source[..length]);
    ends[1][..length].copy_from_slice(&source[source.len() - length..]);
    let mixed = u64::from_le_bytes(ends[0]).rotate_left(29) ^ u64::from_le_bytes(ends[1]);
    let mixed = (mixed ^ (source.len() as u64) << 1 ^ u64::from(anchors)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed >> 40) as usize % CACHED
}

/// The compiled form of `source`. With `anchors`, a leading `^` ties the match to the start.
fn compiled(source: &[u8], anchors: bool) -> Arc<Pattern> {
    let compile = || Arc::new(if anchors { Pattern::new(source) } else { Pattern::unanchored(source) });
    if source.len() > MAX_CACHED_LENGTH {
        return compile();
    }
    CACHE.with_borrow_mut(|cache| {
        let entry = &mut cache[place(source, anchors)];
        match entry {
            Some(cached) if cached.anchors == anchors && *cached.source == *source => cached.pattern.clone(),
            _ => {
                let pattern = compile();
                *entry = Some(Cached { source: source.into(), anchors, pattern: pattern.clone() });
                pattern
            }
        }
    })
}

fn raised(error: PatternError) -> Error {
    Error::message(error.to_string())
}

/// A compiled pattern on its way over a subject.
struct Search {
    pattern: Arc<Pattern>,
    matcher: Matcher,
}

impl Search {
    fn new(pattern: Arc<Pattern>, from: usize) -> Self {
        let matcher = Matcher::new(&pattern, from);
        Self { pattern, matcher }
    }

    /// Looks for the next match on the fuel there is.
    fn run(&mut self, cx: &mut Context<'_>, subject: &[u8]) -> Result<Progress> {
        let before = i64::try_from(cx.fuel()).unwrap_or(i64::MAX);
        let mut fuel = before;
        let progress = self.matcher.run(&self.pattern, subject, &mut fuel).map_err(raised);
        let _ = cx.charge(before.saturating_sub(fuel).max(0) as usize);
        progress
    }

    /// The value of capture `index`, from 0.
    fn capture<'gc>(&self, cx: &mut Context<'gc>, subject: &[u8], index: usize) -> Result<Value<'gc>> {
        Ok(match self.matcher.capture(&self.pattern, index).map_err(raised)? {
            Capture::Text(range) => cx.string(&subject[range])?.into(),
            Capture::Position(position) => Value::Integer(position as i64),
        })
    }

    /// Pushes the captures, or the whole match if there are none and `whole` is set; yields their number.
    fn push_captures(&self, cx: &mut Context<'_>, subject: &[u8], whole: bool) -> Result<usize> {
        let count = self.pattern.capture_count().max(usize::from(whole));
        for index in 0..count {
            let value = self.capture(cx, subject, index)?;
            cx.push(value);
        }
        Ok(count)
    }
}

pub(super) fn find(cx: &mut Context<'_>) -> Result<Outcome> {
    search(cx, true)
}

pub(super) fn match_(cx: &mut Context<'_>) -> Result<Outcome> {
    search(cx, false)
}

fn search(cx: &mut Context<'_>, positions: bool) -> Result<Outcome> {
    let subject = cx.check_string(1)?;
    let source = cx.check_string(2)?.as_bytes();
    let start = absolute(cx.optional_integer(3, 1)?, subject.len()).max(1) as usize - 1;
    if start > subject.len() {
        return Ok(cx.returns(Value::Nil));
    }
    if positions && (cx.get(4).is_truthy() || Pattern::is_plain(source)) {
        let wanted = cx.check_string(2)?;
        cx.set(1, subject);
        cx.set(2, wanted);
        return steps::run(PlainSearch { at: start }, cx);
    }
    // A number was converted: later steps look for the string.
    cx.set(1, subject);
    steps::run(Once { search: Search::new(compiled(source, true), start), positions, found: None }, cx)
}

fn find_plain(text: &[u8], wanted: &[u8]) -> Option<usize> {
    /// Length up to which looking for the first byte is cheaper than preparing a search (measured).
    const SHORT: usize = 256;
    match wanted {
        [] => Some(0),
        [byte] => memchr::memchr(*byte, text),
        [first, ..] if text.len() <= SHORT => {
            memchr::memchr_iter(*first, text).find(|&at| text[at..].starts_with(wanted))
        }
        _ => memmem::find(text, wanted),
    }
}

/// `find` of a plain text under way: slot 1 holds the subject, slot 2 the text.
struct PlainSearch {
    at: usize,
}

impl Steps for PlainSearch {
    fn step(&mut self, cx: &mut Context<'_>, _: bool) -> Result<Next> {
        let subject = cx.check_string(1)?.as_bytes();
        let wanted = cx.check_string(2)?.as_bytes();
        loop {
            let rest = subject.get(self.at..).unwrap_or(&[]);
            // What is wanted may begin in one piece and end in the next.
            let near = &rest[..rest.len().min(SEARCHED.max(wanted.len()) + wanted.len())];
            let found = find_plain(near, wanted);
            let fuel_left = cx.charge(found.unwrap_or(near.len()) / BYTES_PER_FUEL);
            if let Some(distance) = found {
                cx.push((self.at + distance + 1) as i64);
                cx.push((self.at + distance + wanted.len()) as i64);
                return Ok(Next::Return(2));
            }
            if near.len() == rest.len() {
                cx.push(Value::Nil);
                return Ok(Next::Return(1));
            }
            self.at += near.len() - wanted.len();
            if !fuel_left {
                return Ok(Next::Pause);
            }
        }
    }
}

/// `find` or `match` under way on the subject in slot 1.
struct Once {
    search: Search,
    positions: bool,
    /// Captures that are found and not yet all pushed.
    found: Option<Captures>,
}

/// Captures on their way to slots, of which the long ones are copied in pieces.
#[derive(Default)]
struct Captures {
    index: usize,
    text: Text,
    done: usize,
}

impl Captures {
    /// Pushes captures until all are pushed, or the fuel is spent; whether all are.
    fn push(&mut self, cx: &mut Context<'_>, subject: &[u8], search: &Search, whole: bool) -> Result<bool> {
        let count = search.pattern.capture_count().max(usize::from(whole));
        while self.index < count {
            match search.matcher.capture(&search.pattern, self.index).map_err(raised)? {
                Capture::Text(range) if range.len() > PIECE => {
                    let range = subject.get(range).unwrap_or(&[]);
                    if !self.text.append_some(cx, range, &mut self.done)? {
                        return Ok(false);
                    }
                    let text = cx.finish(std::mem::take(&mut self.text))?;
                    cx.push(text);
                }
                _ => {
                    let value = search.capture(cx, subject, self.index)?;
                    cx.push(value);
                }
            }
            self.index += 1;
        }
        Ok(true)
    }
}

impl Steps for Once {
    fn step(&mut self, cx: &mut Context<'_>, _: bool) -> Result<Next> {
        let subject = cx.check_string(1)?.as_bytes();
        let found = match &mut self.found {
            Some(found) => found,
            None => match self.search.run(cx, subject)? {
                Progress::OutOfFuel => return Ok(Next::Pause),
                Progress::NotFound => {
                    cx.push(Value::Nil);
                    return Ok(Next::Return(1));
                }
                Progress::Found(range) => {
                    if self.positions {
                        cx.push((range.start + 1) as i64);
                        cx.push(range.end as i64);
                    }
                    self.found.insert(Captures::default())
                }
            },
        };
        let whole = !self.positions;
        if !found.push(cx, subject, &self.search, whole)? {
            return Ok(Next::Pause);
        }
        Ok(Next::Return(found.index + if self.positions { 2 } else { 0 }))
    }
}

/// Upvalues of the iterator of `gmatch`.
mod iterator {
    pub(super) const SUBJECT: usize = 1;
    /// A host object with the search under way.
    pub(super) const SEARCH: usize = 2;
}

static GMATCH_STEP: Native =
    Native { name: "gmatch_step", function: gmatch_step, signature: "() -> (...any)" };

pub(crate) fn gmatch(cx: &mut Context<'_>) -> Result<Outcome> {
    let subject = cx.check_string(1)?;
    let pattern = cx.check_string(2)?;
    let search = RefCell::new(Search::new(compiled(pattern.as_bytes(), false), 0));
    let search = cx.userdata(Box::new(search), None);
    let closure = cx.native_closure(&GMATCH_STEP, &[subject.into(), search.into()]);
    Ok(cx.returns(closure))
}

/// One call of the iterator. The search keeps its place in its host object, also when it pauses.
fn gmatch_step(cx: &mut Context<'_>) -> Result<Outcome> {
    // Only `debug.setupvalue` can have changed the types of the upvalues.
    let (Value::String(subject), Value::UserData(search)) =
        (cx.upvalue(iterator::SUBJECT), cx.upvalue(iterator::SEARCH))
    else {
        return Ok(cx.returns_none());
    };
    let Some(search) = search.get::<RefCell<Search>>() else {
        return Ok(cx.returns_none());
    };
    let subject = subject.as_bytes();
    let mut search = search.borrow_mut();
    match search.run(cx, subject)? {
        Progress::OutOfFuel => Ok(cx.pause(Then::Step(gmatch_step))),
        Progress::NotFound => Ok(cx.returns_none()),
        Progress::Found(_) => {
            let count = search.push_captures(cx, subject, true)?;
            Ok(cx.returns_top(count))
        }
    }
}

/// Slots of `gsub`.
mod slot {
    pub(super) const SUBJECT: usize = 1;
    pub(super) const REPLACEMENT: usize = 3;
    /// Arguments, and nothing else between two steps unless something waits.
    pub(super) const COUNT: usize = 4;
    /// What a table or function has answered, while it waits to be appended.
    pub(super) const VALUE: usize = 5;
}

pub(super) fn gsub(cx: &mut Context<'_>) -> Result<Outcome> {
    let subject = cx.check_string(slot::SUBJECT)?;
    let source = cx.check_string(2)?.as_bytes();
    let most = cx.optional_integer(4, i64::MAX)?;
    match cx.get(slot::REPLACEMENT) {
        Value::Table(_) | Value::String(_) => {}
        value if value.is_function() => {}
        Value::Integer(_) | Value::Float(_) => {
            let text = cx.check_string(slot::REPLACEMENT)?;
            cx.set(slot::REPLACEMENT, text);
        }
        _ => return Err(cx.argument_error(slot::REPLACEMENT, "string/function/table expected")),
    }
    cx.truncate(slot::COUNT);
    cx.set(slot::SUBJECT, subject);
    let search = Search::new(compiled(source, true), 0);
    let substitution = Substitution {
        search,
        out: Text::new(),
        number: Vec::new(),
        waiting: Vec::new(),
        done: 0,
        copied: 0,
        count: 0,
        most,
        found: 0..0,
        ending: false,
    };
    steps::run(substitution, cx)
}

/// A piece of the result, by where its bytes are.
#[derive(Clone)]
enum Segment {
    Subject(Range<usize>),
    Replacement(Range<usize>),
    /// A position as text.
    Number(usize),
    /// What a table or function has answered, in slot [`slot::VALUE`].
    Value,
}

/// `gsub` under way.
struct Substitution {
    search: Search,
    out: Text,
    /// A position as text.
    number: Vec<u8>,
    /// Pieces that are still to be appended: a long one, and what follows it.
    waiting: Vec<Segment>,
    /// Bytes appended of the first one.
    done: usize,
    /// Bytes of the subject that `out` and what waits stand for.
    copied: usize,
    count: i64,
    most: i64,
    /// The current match.
    found: Range<usize>,
    /// No more matches are wanted.
    ending: bool,
}

impl Steps for Substitution {
    fn step(&mut self, cx: &mut Context<'_>, called: bool) -> Result<Next> {
        let subject = cx.check_string(slot::SUBJECT)?.as_bytes();
        if called {
            let value = cx.take_result();
            self.replace(cx, subject, value)?;
        }
        loop {
            if !self.waiting.is_empty() && !self.append_waiting(cx, subject)? {
                return Ok(Next::Pause);
            }
            if self.ending || self.count >= self.most {
                break;
            }
            match self.search.run(cx, subject)? {
                Progress::NotFound => break,
                Progress::OutOfFuel => return Ok(Next::Pause),
                Progress::Found(range) => self.found = range,
            }
            self.count += 1;
            match cx.get(slot::REPLACEMENT) {
                Value::String(text) => self.expand(cx, subject, text.as_bytes())?,
                table @ Value::Table(_) => {
                    let key = self.search.capture(cx, subject, 0)?;
                    match cx.index(table, key)? {
                        Some(value) => self.replace(cx, subject, value)?,
                        None => return Ok(Next::Call(2)),
                    }
                }
                function => {
                    cx.push(function);
                    return Ok(Next::Call(self.search.push_captures(cx, subject, true)?));
                }
            }
            if !cx.charge(1) {
                return Ok(Next::Pause);
            }
        }
        let result = if self.copied == 0 && self.out.is_empty() {
            cx.get(slot::SUBJECT)
        } else {
            if !self.ending {
                self.ending = true;
                self.append(cx, subject, &[], Segment::Subject(self.copied..subject.len()))?;
                if !self.waiting.is_empty() && !self.append_waiting(cx, subject)? {
                    return Ok(Next::Pause);
                }
            }
            cx.finish(std::mem::take(&mut self.out))?.into()
        };
        cx.push(result);
        cx.push(self.count);
        Ok(Next::Return(2))
    }
}

impl Substitution {
    /// The bytes of a piece; none if the program has exchanged its strings meanwhile.
    fn bytes<'a>(number: &'a mut Vec<u8>, subject: &'a [u8], text: &'a [u8], segment: &Segment) -> &'a [u8] {
        match segment {
            Segment::Subject(range) => subject.get(range.clone()).unwrap_or(&[]),
            Segment::Replacement(range) => text.get(range.clone()).unwrap_or(&[]),
            Segment::Number(position) => {
                number.clear();
                wippy_vm::number::write_unsigned(number, *position as u64);
                number
            }
            Segment::Value => text,
        }
    }

    /// Appends a piece, or lets it wait if it is long or others wait already. `text` is what holds the replacement.
    #[inline]
    fn append(&mut self, cx: &Context<'_>, subject: &[u8], text: &[u8], segment: Segment) -> Result<()> {
        let bytes = Self::bytes(&mut self.number, subject, text, &segment);
        if bytes.len() > PIECE || !self.waiting.is_empty() {
            self.waiting.push(segment);
            return Ok(());
        }
        self.out.append(cx, bytes)
    }

    /// Appends what the fuel allows of what waits; whether nothing waits any more.
    #[cold]
    fn append_waiting(&mut self, cx: &mut Context<'_>, subject: &[u8]) -> Result<bool> {
        let mut appended = 0;
        let mut complete = true;
        for segment in &self.waiting {
            let holder = if matches!(segment, Segment::Value) { slot::VALUE } else { slot::REPLACEMENT };
            let text = match cx.get(holder) {
                Value::String(text) => text.as_bytes(),
                _ => &[],
            };
            let bytes = Self::bytes(&mut self.number, subject, text, segment);
            complete = self.out.append_some(cx, bytes, &mut self.done)?;
            if !complete {
                break;
            }
            appended += 1;
        }
        self.waiting.drain(..appended);
        if complete {
            cx.truncate(slot::COUNT);
        }
        Ok(complete)
    }

    /// Puts what a table or function has answered in place of the current match.
    fn replace<'gc>(&mut self, cx: &mut Context<'gc>, subject: &[u8], value: Value<'gc>) -> Result<()> {
        if !value.is_truthy() {
            return Ok(());
        }
        let Some(text) = cx.coerce_string(value)? else {
            return Err(Error::message(format!("invalid replacement value (a {})", value.type_name())));
        };
        self.append(cx, subject, &[], Segment::Subject(self.copied..self.found.start))?;
        self.append(cx, subject, text.as_bytes(), Segment::Value)?;
        if !self.waiting.is_empty() {
            cx.set(slot::VALUE, text);
        }
        self.copied = self.found.end;
        Ok(())
    }

    /// Puts the replacement text in place of the current match, with `%0` to `%9` filled in.
    fn expand(&mut self, cx: &mut Context<'_>, subject: &[u8], text: &[u8]) -> Result<()> {
        self.append(cx, subject, text, Segment::Subject(self.copied..self.found.start))?;
        self.copied = self.found.end;
        let mut at = 0;
        while let Some(distance) = memchr::memchr(b'%', &text[at..]) {
            let sign = at + distance;
            self.append(cx, subject, text, Segment::Replacement(at..sign))?;
            let segment = match text.get(sign + 1) {
                Some(b'%') => Segment::Replacement(sign..sign + 1),
                Some(b'0') => Segment::Subject(self.found.clone()),
                Some(digit @ b'1'..=b'9') => {
                    let index = usize::from(digit - b'1');
                    match self.search.matcher.capture(&self.search.pattern, index).map_err(raised)? {
                        Capture::Text(range) => Segment::Subject(range),
                        Capture::Position(position) => Segment::Number(position),
                    }
                }
                _ => return Err(raised(PatternError::InvalidReplacement)),
            };
            self.append(cx, subject, text, segment)?;
            at = sign + 2;
        }
        self.append(cx, subject, text, Segment::Replacement(at..text.len()))
    }
}
