//! `find`, `match`, `gmatch` and `gsub`: patterns applied to Lua strings.
//!
//! Matching is the business of `pattern`; here are its results as Lua values and the replacements. A search that runs
//! out of fuel pauses and keeps its place; a replacement function or `__index` is called between two steps.

use std::cell::RefCell;
use std::ops::Range;
use std::sync::Arc;

use memchr::memmem;
use wippy_vm::{Context, Error, Native, Outcome, Result, Then, Value};

use super::pattern::{Capture, Matcher, Pattern, PatternError, Progress};
use super::{BYTES_PER_FUEL, absolute};
use crate::steps::{self, Next, Steps};

/// Compiled patterns kept per thread (chosen: more than a program uses in one loop).
const CACHED: usize = 64;

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
        let rest = &subject.as_bytes()[start..];
        let found = find_plain(rest, source);
        let _ = cx.charge(found.unwrap_or(rest.len()) / BYTES_PER_FUEL);
        let Some(distance) = found else {
            return Ok(cx.returns(Value::Nil));
        };
        cx.push((start + distance + 1) as i64);
        cx.push((start + distance + source.len()) as i64);
        return Ok(cx.returns_top(2));
    }
    // A number was converted: later steps look for the string.
    cx.set(1, subject);
    steps::run(Once { search: Search::new(compiled(source, true), start), positions }, cx)
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

/// `find` or `match` under way on the subject in slot 1.
struct Once {
    search: Search,
    positions: bool,
}

impl Steps for Once {
    fn step(&mut self, cx: &mut Context<'_>, _: bool) -> Result<Next> {
        let subject = cx.check_string(1)?.as_bytes();
        match self.search.run(cx, subject)? {
            Progress::OutOfFuel => Ok(Next::Pause),
            Progress::NotFound => {
                cx.push(Value::Nil);
                Ok(Next::Return(1))
            }
            Progress::Found(range) => {
                let mut count = 0;
                if self.positions {
                    cx.push((range.start + 1) as i64);
                    cx.push(range.end as i64);
                    count = 2;
                }
                count += self.search.push_captures(cx, subject, !self.positions)?;
                Ok(Next::Return(count))
            }
        }
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
    /// Arguments, and nothing else between two steps.
    pub(super) const COUNT: usize = 4;
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
    steps::run(Substitution { search, out: Vec::new(), copied: 0, count: 0, most, found: 0..0 }, cx)
}

/// `gsub` under way.
struct Substitution {
    search: Search,
    out: Vec<u8>,
    /// Bytes of the subject that `out` stands for.
    copied: usize,
    count: i64,
    most: i64,
    /// The current match.
    found: Range<usize>,
}

impl Steps for Substitution {
    fn step(&mut self, cx: &mut Context<'_>, called: bool) -> Result<Next> {
        let subject = cx.check_string(slot::SUBJECT)?.as_bytes();
        if called {
            let value = cx.take_result();
            self.replace(cx, subject, value)?;
        }
        while self.count < self.most {
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
            self.append(cx, &subject[self.copied..])?;
            cx.string(&self.out)?.into()
        };
        cx.push(result);
        cx.push(self.count);
        Ok(Next::Return(2))
    }
}

impl Substitution {
    fn append(&mut self, cx: &Context<'_>, bytes: &[u8]) -> Result<()> {
        if bytes.len() > self.out.capacity() - self.out.len() {
            cx.check_room(2 * self.out.len() + bytes.len())?;
        }
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    /// Puts what a table or function has answered in place of the current match.
    fn replace<'gc>(&mut self, cx: &mut Context<'gc>, subject: &[u8], value: Value<'gc>) -> Result<()> {
        if !value.is_truthy() {
            return Ok(());
        }
        let Some(text) = cx.coerce_string(value)? else {
            return Err(Error::message(format!("invalid replacement value (a {})", value.type_name())));
        };
        self.append(cx, &subject[self.copied..self.found.start])?;
        self.append(cx, text.as_bytes())?;
        self.copied = self.found.end;
        Ok(())
    }

    /// Puts the replacement text in place of the current match, with `%0` to `%9` filled in.
    fn expand(&mut self, cx: &mut Context<'_>, subject: &[u8], text: &[u8]) -> Result<()> {
        self.append(cx, &subject[self.copied..self.found.start])?;
        self.copied = self.found.end;
        let mut rest = text;
        while let Some(at) = memchr::memchr(b'%', rest) {
            self.append(cx, &rest[..at])?;
            match rest.get(at + 1) {
                Some(b'%') => self.append(cx, b"%")?,
                Some(b'0') => self.append(cx, &subject[self.found.clone()])?,
                Some(digit @ b'1'..=b'9') => {
                    let index = usize::from(digit - b'1');
                    match self.search.matcher.capture(&self.search.pattern, index).map_err(raised)? {
                        Capture::Text(range) => self.append(cx, &subject[range])?,
                        Capture::Position(position) => {
                            wippy_vm::number::write_unsigned(&mut self.out, position as u64);
                        }
                    }
                }
                _ => return Err(raised(PatternError::InvalidReplacement)),
            }
            rest = &rest[at + 2..];
        }
        self.append(cx, rest)
    }
}
