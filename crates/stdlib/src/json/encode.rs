//! Lua values to JSON text, without a tree in between.
//!
//! The tables on the way from the outermost to the one being written stand in the native's slots, so that the walk can
//! be paused; nothing recurses. Metatables are ignored. Invariant: slot `FIRST + n` is the table of frame `n`.

use wippy_vm::{Context, Result, Table, Text, Value};

use super::text::{write_bare_float, write_float, write_integer, write_string};
use super::{MOST_NESTED, fails};
use crate::errors::{ErrorValue, error_of};
use crate::steps::{Next, Steps};

/// The slot of the value to write; the outermost table.
const FIRST: usize = 1;

/// Largest key of a list.
const LAST_INDEX: i64 = 67_108_863;

/// Units of work between two looks at the fuel.
const WORK: usize = 256;

/// A table that is being written.
#[derive(Clone, Copy)]
struct Frame {
    kind: Kind,
    /// Where in the table to go on.
    position: u32,
    /// Members or items that are written.
    written: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// All items are in order of the walk.
    List,
    /// Items that are looked up by number, up to this one.
    Indexed(i64),
    Object,
}

/// A value under way.
pub(crate) struct Encoding {
    out: Vec<u8>,
    frames: Vec<Frame>,
    /// What was written, on its way to becoming a string, and how much of it is.
    text: Text,
    done: usize,
}

/// Why a value cannot be written.
enum Refusal {
    Sparse,
    Mixed,
    Cycle,
    Depth,
}

impl Refusal {
    fn message(&self) -> &'static str {
        match self {
            Refusal::Sparse => "cannot encode sparse array",
            Refusal::Mixed => "cannot encode mixed-key table",
            Refusal::Cycle => "cannot encode recursively nested tables",
            Refusal::Depth => "exceeded maximum nesting depth",
        }
    }
}

impl Encoding {
    /// Of the value in slot 1, which is the only slot.
    pub(crate) fn new() -> Encoding {
        Encoding { out: Vec::new(), frames: Vec::new(), text: Text::new(), done: 0 }
    }

    /// What was written when all is done.
    pub(super) fn into_text(self) -> Vec<u8> {
        self.out
    }

    /// Writes until all is done (`Ok(Ok(true))`) or the fuel is spent.
    ///
    /// # Errors
    /// Outside: when the memory limit would be passed. Inside: what cannot be written, and why.
    pub(super) fn write<'gc>(&mut self, cx: &mut Context<'gc>) -> Result<Result<bool, ErrorValue>> {
        if self.frames.is_empty() && self.out.is_empty() {
            match cx.get(FIRST) {
                Value::Float(float) => write_bare_float(&mut self.out, float),
                Value::Table(table) => {
                    if let Err(refusal) = self.open(table) {
                        return Ok(Err(refused(&refusal)));
                    }
                }
                other => scalar(&mut self.out, other),
            }
        }
        match self.walk(cx)? {
            Ok(done) => Ok(Ok(done)),
            Err(refusal) => Ok(Err(refused(&refusal))),
        }
    }

    fn walk<'gc>(&mut self, cx: &mut Context<'gc>) -> Result<Result<bool, Refusal>> {
        let mut work = 0;
        'tables: while let Some(mut frame) = self.frames.last().copied() {
            let depth = self.frames.len() - 1;
            let Value::Table(table) = cx.get(FIRST + depth) else { return Ok(Ok(true)) };
            loop {
                work += 1;
                if work >= WORK {
                    // Room for the text to grow, and for the string that it becomes.
                    cx.check_room(2 * self.out.len())?;
                    if !cx.charge(work) {
                        self.frames[depth] = frame;
                        return Ok(Ok(false));
                    }
                    work = 0;
                }
                let value = match frame.kind {
                    Kind::List => match table.entry_at(frame.position) {
                        Some((next, Value::Integer(key), value))
                            if key == i64::from(frame.written) + 1 && next > frame.position =>
                        {
                            frame.position = next;
                            value
                        }
                        None => break,
                        // The walk is not in order, or there is a hole.
                        Some(_) => match list_kind(table) {
                            Ok(kind) => {
                                frame.kind = kind;
                                continue;
                            }
                            Err(refusal) => return Ok(Err(refusal)),
                        },
                    },
                    Kind::Indexed(last) => {
                        if i64::from(frame.written) >= last {
                            break;
                        }
                        table.get_integer(i64::from(frame.written) + 1)
                    }
                    Kind::Object => {
                        let Some((next, key, value)) = table.entry_at(frame.position) else { break };
                        if matches!(key, Value::Integer(1..=LAST_INDEX)) {
                            return Ok(Err(Refusal::Mixed));
                        }
                        frame.position = next;
                        let start = self.out.len();
                        if frame.written > 0 {
                            self.out.push(b',');
                        }
                        if !member_name(&mut self.out, key) {
                            self.out.truncate(start);
                            continue;
                        }
                        self.out.push(b':');
                        value
                    }
                };
                if frame.kind != Kind::Object && frame.written > 0 {
                    self.out.push(b',');
                }
                frame.written += 1;
                match value {
                    Value::String(text) => {
                        work += text.len() / 64;
                        write_string(&mut self.out, text.as_bytes());
                    }
                    Value::Table(inner) => {
                        self.frames[depth] = frame;
                        if let Err(refusal) = self.enter(cx, inner) {
                            return Ok(Err(refusal));
                        }
                        continue 'tables;
                    }
                    other => scalar(&mut self.out, other),
                }
            }
            self.out.push(if frame.kind == Kind::Object { b'}' } else { b']' });
            self.frames.pop();
            if depth > 0 {
                cx.truncate(FIRST + depth - 1);
            }
        }
        Ok(Ok(true))
    }

    /// Begins a table within another.
    fn enter<'gc>(&mut self, cx: &mut Context<'gc>, table: Table<'gc>) -> Result<(), Refusal> {
        // A cycle is nested deeper than anything, and until then does the same again and again.
        if self.frames.len() > MOST_NESTED {
            return Err(self.too_deep(cx, table));
        }
        self.open(table)?;
        cx.push(table);
        Ok(())
    }

    /// Whether a table that is nested too deep, or one that it stands in, contains itself.
    #[cold]
    fn too_deep(&self, cx: &Context<'_>, table: Table<'_>) -> Refusal {
        let path = (FIRST..FIRST + self.frames.len()).filter_map(|slot| match cx.get(slot) {
            Value::Table(table) => Some(table.address()),
            _ => None,
        });
        let mut path: Vec<usize> = path.chain([table.address()]).collect();
        path.sort_unstable();
        if path.windows(2).any(|pair| pair[0] == pair[1]) { Refusal::Cycle } else { Refusal::Depth }
    }

    /// Finds out what a table is, by its first entry, and writes the opening bracket. Tables that begin like a list
    /// or object and are none are noticed on the way.
    fn open(&mut self, table: Table<'_>) -> Result<(), Refusal> {
        let kind = match table.entry_at(0) {
            None if table.has_fields() => Kind::Object,
            None => Kind::List,
            Some((_, Value::Integer(1), _)) if !table.has_fields() => Kind::List,
            Some((_, Value::Integer(1..=LAST_INDEX), _)) => list_kind(table)?,
            Some(_) => Kind::Object,
        };
        self.out.push(if kind == Kind::Object { b'{' } else { b'[' });
        self.frames.push(Frame { kind, position: 0, written: 0 });
        Ok(())
    }
}

/// What a table with a key of a list is, by all its keys.
fn list_kind(table: Table<'_>) -> Result<Kind, Refusal> {
    let (mut items, mut last, mut others, mut position) = (0i64, 0, 0, 0);
    while let Some((next, key, _)) = table.entry_at(position) {
        match key {
            Value::Integer(index @ 1..=LAST_INDEX) => {
                items += 1;
                last = last.max(index);
            }
            _ => others += 1,
        }
        position = next;
    }
    match (items, others) {
        (0, _) => Ok(Kind::Object),
        (_, 1..) => Err(Refusal::Mixed),
        _ if items < last => Err(Refusal::Sparse),
        _ => Ok(Kind::Indexed(last)),
    }
}

fn refused(refusal: &Refusal) -> ErrorValue {
    ErrorValue::internal(refusal.message()).in_context("encode failed")
}

/// Writes anything but a table.
fn scalar(out: &mut Vec<u8>, value: Value<'_>) {
    match value {
        Value::Boolean(true) => out.extend_from_slice(b"true"),
        Value::Boolean(false) => out.extend_from_slice(b"false"),
        Value::Integer(integer) => write_integer(out, integer),
        Value::Float(float) => write_float(out, float),
        Value::String(text) => write_string(out, text.as_bytes()),
        other => match error_of(other) {
            Some(error) => write_string(out, &error.full_text()),
            None => out.extend_from_slice(b"null"),
        },
    }
}

/// Writes a key as a member's name; `false` if it cannot be one.
fn member_name(out: &mut Vec<u8>, key: Value<'_>) -> bool {
    match key {
        Value::String(text) => write_string(out, text.as_bytes()),
        Value::Boolean(_) | Value::Integer(_) | Value::Float(_) => {
            out.push(b'"');
            match key {
                // Too large for the rule about whole floats, which no key is.
                Value::Float(float) if !float.is_finite() => return false,
                key => scalar(out, key),
            }
            out.push(b'"');
        }
        _ => return false,
    }
    true
}

impl Steps for Encoding {
    fn step(&mut self, cx: &mut Context<'_>, _called: bool) -> Result<Next> {
        match self.write(cx)? {
            Ok(false) => Ok(Next::Pause),
            Ok(true) => {
                if !self.text.append_some(cx, &self.out, &mut self.done)? {
                    return Ok(Next::Pause);
                }
                let text = cx.finish(std::mem::take(&mut self.text))?;
                cx.push(text);
                Ok(Next::Return(1))
            }
            Err(error) => fails(cx, error),
        }
    }
}
