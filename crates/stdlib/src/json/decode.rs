//! JSON text to Lua values, without a tree in between.
//!
//! What is being built stands in the native's slots: an open list or object has a slot for its table, and behind it
//! the members that are not in the table yet. So nothing recurses, a document may be paused anywhere, and a table is
//! made when its size is known. A [`Guide`] hears of every token and may refuse it. Invariant: slot 1 is the text, and
//! slot numbers of open frames grow.

use wippy_vm::{Context, Result, Value};

use super::guide::{Free, Guide, Refused};
use super::lexer::{Lexer, Malformed, Numeral, Problem};
use super::{MOST_NESTED, fails};
use crate::errors::ErrorValue;
use crate::steps::{Next, Steps};

/// Slots that wait behind an open table before they are moved into it.
const MOST_WAITING: usize = 512;

/// Units of work between two looks at the fuel.
const WORK: usize = 256;

/// Stands in a table for `null` until the object is closed, so that its name counts as taken.
const NULL: u64 = u64::MAX;

/// A list or object that is open.
pub(crate) struct Frame {
    pub(super) is_object: bool,
    /// The slot of its table, `nil` until the first members are moved into it.
    pub(super) slot: usize,
    /// Items that are in the table.
    pub(super) moved: usize,
    /// Some member of the object is `null`.
    has_null: bool,
}

/// A document under way.
pub(crate) struct Decoding<G = Free> {
    position: usize,
    frames: Vec<Frame>,
    /// Go on after a value, not before one.
    after: bool,
    guide: G,
}

/// What ends a step early.
pub(crate) enum Stop {
    Malformed(Malformed),
    Refused(Refused),
    Raised(wippy_vm::Error),
}

impl From<Malformed> for Stop {
    fn from(malformed: Malformed) -> Stop {
        Stop::Malformed(malformed)
    }
}

impl From<Refused> for Stop {
    fn from(refused: Refused) -> Stop {
        Stop::Refused(refused)
    }
}

impl From<wippy_vm::Error> for Stop {
    fn from(error: wippy_vm::Error) -> Stop {
        Stop::Raised(error)
    }
}

impl Decoding {
    /// Begins at the start of the text in slot 1, which is the only slot.
    pub(crate) fn new() -> Decoding {
        Decoding::under(Free)
    }
}

impl<G: Guide> Decoding<G> {
    /// Begins at the start of the text in slot 1; behind it are only the slots that the guide needs.
    pub(crate) fn under(guide: G) -> Decoding<G> {
        Decoding { position: 0, frames: Vec::new(), after: false, guide }
    }
}

impl<G: Guide> Steps for Decoding<G> {
    fn step(&mut self, cx: &mut Context<'_>, _called: bool) -> Result<Next> {
        let Value::String(text) = cx.get(1) else { return Ok(Next::Return(0)) };
        let text = text.as_bytes();
        let mut lexer = Lexer::new(text, self.position);
        match self.read(cx, &mut lexer) {
            Ok(next) => {
                self.position = lexer.position;
                Ok(next)
            }
            Err(Stop::Raised(error)) => Err(error),
            Err(Stop::Malformed(malformed)) => {
                let error = ErrorValue::internal(malformed.describe(text)).in_context("decode failed");
                fails(cx, error)
            }
            Err(Stop::Refused(refused)) => {
                let error = self.guide.error(cx, refused, text);
                fails(cx, error)
            }
        }
    }
}

impl<G: Guide> Decoding<G> {
    /// Reads until the document ends or the fuel does.
    fn read<'gc>(&mut self, cx: &mut Context<'gc>, lexer: &mut Lexer<'gc>) -> Result<Next, Stop> {
        let mut work = 0;
        loop {
            if !self.after {
                if work >= WORK {
                    if !cx.charge(work) {
                        return Ok(Next::Pause);
                    }
                    work = 0;
                }
                work += 1;
                if self.frames.len() > MOST_NESTED {
                    lexer.peek();
                    return Err(Malformed { at: lexer.position, what: Problem::Depth }.into());
                }
                let byte = lexer.peek();
                let start = lexer.position;
                match byte {
                    b'"' => {
                        let text = lexer.string()?;
                        work += text.len() / 64;
                        let text = cx.string(text)?;
                        cx.push(text);
                    }
                    b'-' | b'0'..=b'9' => match lexer.number()? {
                        Numeral::Integer(integer) => cx.push(integer),
                        Numeral::Float(float) => cx.push(float),
                    },
                    b'{' | b'[' => {
                        let is_object = byte == b'{';
                        self.guide.open(cx, &self.frames, is_object, start)?;
                        lexer.position += 1;
                        cx.push(Value::Nil);
                        self.frames.push(Frame { is_object, slot: cx.len(), moved: 0, has_null: false });
                        let next = lexer.peek();
                        if is_object && next != b'}' {
                            self.name(cx, lexer)?;
                            continue;
                        }
                        if !is_object && next != b']' {
                            continue;
                        }
                        lexer.position += 1;
                        self.close(cx, lexer)?;
                    }
                    b't' => {
                        lexer.word("true")?;
                        cx.push(true);
                    }
                    b'f' => {
                        lexer.word("false")?;
                        cx.push(false);
                    }
                    b'n' => {
                        lexer.word("null")?;
                        match self.frames.last_mut() {
                            Some(frame) if frame.is_object => {
                                frame.has_null = true;
                                cx.push(Value::LightUserData(NULL));
                            }
                            _ => cx.push(Value::Nil),
                        }
                    }
                    _ => return Ok(lexer.unexpected("a value")?),
                }
                if !matches!(byte, b'{' | b'[') {
                    self.guide.scalar(cx, &self.frames, byte == b'n', start)?;
                }
            }
            self.after = true;
            let Some(frame) = self.frames.last() else { return Ok(Next::Return(1)) };
            let is_object = frame.is_object;
            if cx.len() - frame.slot >= MOST_WAITING {
                self.unload(cx, lexer)?;
            }
            match (lexer.peek(), is_object) {
                (b',', false) => {
                    lexer.position += 1;
                    self.after = false;
                }
                (b',', true) => {
                    lexer.position += 1;
                    lexer.peek();
                    self.name(cx, lexer)?;
                    self.after = false;
                }
                (b']', false) | (b'}', true) => {
                    lexer.position += 1;
                    self.close(cx, lexer)?;
                }
                (_, false) => return Ok(lexer.unexpected("',' or ']'")?),
                (_, true) => return Ok(lexer.unexpected("',' or '}'")?),
            }
        }
    }

    /// Moves what waits behind the innermost open table into it.
    fn unload<'gc>(&mut self, cx: &mut Context<'gc>, lexer: &Lexer<'gc>) -> Result<(), Stop> {
        let Some(frame) = self.frames.last_mut() else { return Ok(()) };
        let waiting = cx.len() - frame.slot;
        let table = match cx.get(frame.slot) {
            Value::Table(table) => table,
            _ if frame.is_object => self.guide.table(cx, waiting / 2)?,
            _ => cx.table(waiting, 0)?,
        };
        if frame.is_object {
            if let Some(slot) = cx.set_new_fields(table, waiting / 2)? {
                let name = match cx.get(slot) {
                    Value::String(name) => name.to_string_lossy().into_owned(),
                    _ => String::new(),
                };
                return Ok(lexer.fault(lexer.position, Problem::Duplicate(name))?);
            }
        } else {
            cx.set_items(table, frame.moved as i64 + 1, waiting)?;
        }
        frame.moved += waiting;
        cx.set(frame.slot, table);
        Ok(())
    }

    /// Ends the innermost open table, which becomes a value.
    fn close<'gc>(&mut self, cx: &mut Context<'gc>, lexer: &Lexer<'gc>) -> Result<(), Stop> {
        self.unload(cx, lexer)?;
        let Some(frame) = self.frames.pop() else { return Ok(()) };
        if frame.has_null
            && let Value::Table(table) = cx.get(frame.slot)
        {
            let mut position = 0;
            while let Some((next, key, value)) = table.entry_at(position) {
                if matches!(value, Value::LightUserData(_)) {
                    cx.raw_set(table, key, Value::Nil)?;
                }
                position = next;
            }
        }
        self.guide.close(cx, &self.frames, frame.slot, lexer.position - 1)?;
        Ok(())
    }

    /// Takes a member's name and the colon, and pushes the name.
    fn name<'gc>(&mut self, cx: &mut Context<'gc>, lexer: &mut Lexer<'gc>) -> Result<(), Stop> {
        if lexer.peek() != b'"' {
            return Ok(lexer.unexpected("a member name")?);
        }
        let likely = self.guide.likely_name(cx).is_some_and(|name| lexer.take_quoted(name));
        let known = if likely { self.guide.take_likely_name(cx) } else { None };
        let name = match known {
            Some(name) => name,
            None => {
                let text = lexer.string()?;
                match self.guide.name(cx, text) {
                    Some(name) => name,
                    None => cx.string(text)?,
                }
            }
        };
        cx.push(name);
        if lexer.peek() != b':' {
            return Ok(lexer.unexpected("':'")?);
        }
        lexer.position += 1;
        Ok(())
    }
}
