//! `Parcel`: Lua values that have left their heap, on their way to another one.
//!
//! One flat run of bytes: scalars, texts and tables of a few scalars need no allocation; every other table is a
//! [`Fragment`] that the bytes refer to. What has no meaning elsewhere (functions, coroutines, channels, most userdata)
//! becomes `nil`, or is left out of its table; metatables stay behind. Not a storage format: it is never read from
//! outside, so its reader trusts it. Invariants: tables are numbered in the order in which they begin; each value has
//! numbers of its own.

use std::sync::Arc;

use smallvec::SmallVec;

use crate::heap::handle::Value;
use crate::host_object::HostObject;
use crate::types::KeptType;

use super::fragment::{Fragment, Walk};

/// Bytes that a parcel holds without an allocation: a word, a pid and a number.
pub(super) const INLINE: usize = 48;

/// What a run of bytes begins with.
pub(super) mod mark {
    pub(in crate::execute) const NIL: u8 = 0;
    pub(in crate::execute) const FALSE: u8 = 1;
    pub(in crate::execute) const TRUE: u8 = 2;
    /// Eight bytes follow.
    pub(in crate::execute) const INTEGER: u8 = 3;
    /// Eight bytes follow.
    pub(in crate::execute) const FLOAT: u8 = 4;
    /// Four bytes of length and the bytes follow.
    pub(in crate::execute) const TEXT: u8 = 5;
    /// One byte of length and the bytes follow.
    pub(in crate::execute) const SHORT_TEXT: u8 = 6;
    /// Items and other entries, four bytes each; the items follow, then keys and values up to `END`.
    pub(in crate::execute) const TABLE: u8 = 7;
    /// A table that has begun before: its number, four bytes.
    pub(in crate::execute) const AGAIN: u8 = 8;
    /// A host object: its place in the list, four bytes.
    pub(in crate::execute) const OBJECT: u8 = 9;
    /// The end of a table.
    pub(in crate::execute) const END: u8 = 10;
    /// A type: its place in the list of objects, four bytes.
    pub(in crate::execute) const TYPE: u8 = 11;
    /// A table of a heap and all that it leads to: its place in the list of objects, four bytes.
    pub(in crate::execute) const TABLES: u8 = 12;
}

/// Any number of Lua values, owned, independent of every heap. See the module.
#[derive(Clone, Default)]
pub struct Parcel {
    pub(super) bytes: SmallVec<[u8; INLINE]>,
    #[expect(clippy::box_collection, reason = "rare, and a parcel should be small")]
    objects: Option<Box<Vec<Shared>>>,
}

/// The values of a parcel that owns no memory, in a form that can be copied and forgotten.
#[derive(Clone, Copy)]
pub struct Morsel {
    length: u8,
    bytes: [u8; INLINE],
}

impl Morsel {
    pub(super) fn new() -> Morsel {
        Morsel { length: 0, bytes: [0; INLINE] }
    }

    /// Of a text, if it fits.
    #[inline]
    pub(super) fn of_text(text: &[u8]) -> Option<Morsel> {
        /// A mark and the length.
        const HEAD: usize = 2;
        let mut bytes = [0; INLINE];
        bytes[0] = mark::SHORT_TEXT;
        bytes[1] = text.len() as u8;
        bytes.get_mut(HEAD..HEAD + text.len())?.copy_from_slice(text);
        Some(Morsel { length: (HEAD + text.len()) as u8, bytes })
    }

    /// Bytes that it takes.
    pub fn size(&self) -> usize {
        usize::from(self.length)
    }

    /// Appends a value, if it is a scalar or a short text and fits; whether it was so.
    #[inline]
    pub(super) fn push(&mut self, value: Value<'_>) -> bool {
        let mut word = |mark: u8, word: u64| self.append(&[mark], &word.to_le_bytes());
        match value {
            Value::Integer(integer) => word(mark::INTEGER, integer as u64),
            Value::Float(float) => word(mark::FLOAT, float.to_bits()),
            Value::Nil => self.append(&[mark::NIL], &[]),
            Value::Boolean(boolean) => self.append(&[if boolean { mark::TRUE } else { mark::FALSE }], &[]),
            Value::String(text) => {
                let text = text.as_bytes();
                text.len() < INLINE && self.append(&[mark::SHORT_TEXT, text.len() as u8], text)
            }
            _ => false,
        }
    }

    #[inline]
    fn append(&mut self, few: &[u8], bytes: &[u8]) -> bool {
        let begin = usize::from(self.length);
        let Some(room) = self.bytes.get_mut(begin..begin + few.len() + bytes.len()) else { return false };
        let (head, tail) = room.split_at_mut(few.len());
        head.copy_from_slice(few);
        tail.copy_from_slice(bytes);
        self.length += (few.len() + bytes.len()) as u8;
        true
    }

    /// As [`Parcel::tokens`].
    #[inline]
    pub fn tokens(&self) -> Tokens<'_> {
        let bytes = &self.bytes[..usize::from(self.length).min(INLINE)];
        Tokens { bytes, objects: &[], walk: None }
    }
}

/// What a parcel does not copy.
#[derive(Clone)]
pub(super) enum Shared {
    Object(Arc<dyn HostObject>),
    Type(KeptType),
    Tables(Arc<Fragment>),
}

/// A value of a parcel, as Rust code sees it.
#[derive(Clone)]
pub enum Packed<'a> {
    /// `nil`, or what became `nil`.
    Nil,
    /// `true` or `false`
    Boolean(bool),
    /// An integer.
    Integer(i64),
    /// A float.
    Float(f64),
    /// A string.
    Text(&'a [u8]),
    /// A host object: an error, for instance.
    Object(&'a Arc<dyn HostObject>),
    /// A type.
    Type(&'a KeptType),
    /// A table begins: as many items, then as many key and value pairs, up to [`Packed::End`].
    Table {
        /// Items 1 to so many; `nil` stands for a missing one.
        items: usize,
        /// At most so many entries follow them.
        entries: usize,
    },
    /// A table that has begun before in the same value, counted from 0.
    Again(usize),
    /// The end of a table.
    End,
}

impl Parcel {
    /// A parcel without values.
    pub fn new() -> Parcel {
        Parcel::default()
    }

    /// Whether it holds no values.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Bytes that its content takes.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Its values as a morsel, if they are few.
    #[inline]
    pub fn morsel(&self) -> Option<Morsel> {
        if self.objects.is_some() || self.bytes.len() > INLINE {
            return None;
        }
        let mut morsel = Morsel { length: self.bytes.len() as u8, bytes: [0; INLINE] };
        morsel.bytes[..self.bytes.len()].copy_from_slice(&self.bytes);
        Some(morsel)
    }

    /// Forgets its values; memory of its own is kept only if there is little of it.
    pub fn clear(&mut self) {
        if self.bytes.spilled() {
            self.bytes = SmallVec::new();
        } else {
            self.bytes.clear();
        }
        self.objects = None;
    }

    /// Its values as a stream of tokens; tables are not balanced for the caller, but always balanced.
    pub fn tokens(&self) -> Tokens<'_> {
        Tokens { bytes: &self.bytes, objects: self.objects.as_deref().map_or(&[], |list| list), walk: None }
    }

    /// Its first value; `Nil` if there is none.
    pub fn first(&self) -> Packed<'_> {
        self.tokens().next().unwrap_or(Packed::Nil)
    }

    /// Appends a string.
    #[inline]
    pub fn push_text(&mut self, text: &[u8]) {
        self.text(text);
    }

    /// Appends a token. Whoever writes a table writes its [`Packed::End`], too.
    pub fn push(&mut self, token: Packed<'_>) {
        match token {
            Packed::Nil => self.bytes.push(mark::NIL),
            Packed::Boolean(false) => self.bytes.push(mark::FALSE),
            Packed::Boolean(true) => self.bytes.push(mark::TRUE),
            Packed::Integer(integer) => self.word(mark::INTEGER, integer as u64),
            Packed::Float(float) => self.word(mark::FLOAT, float.to_bits()),
            Packed::Text(text) => self.text(text),
            Packed::Object(object) => self.share(mark::OBJECT, Shared::Object(Arc::clone(object))),
            Packed::Type(ty) => self.share(mark::TYPE, Shared::Type(KeptType::clone(ty))),
            Packed::Table { items, entries } => {
                self.number(mark::TABLE, items);
                self.put(&(entries as u32).to_le_bytes());
            }
            Packed::Again(number) => self.number(mark::AGAIN, number),
            Packed::End => self.bytes.push(mark::END),
        }
    }

    /// Appends bytes. What the vector offers for this makes room with a move, which costs twice as much.
    #[inline]
    pub(super) fn put(&mut self, bytes: &[u8]) {
        self.put_both(&[], bytes);
    }

    /// Appends a few bytes and others behind them.
    #[inline]
    fn put_both(&mut self, few: &[u8], bytes: &[u8]) {
        let (length, more) = (self.bytes.len(), few.len() + bytes.len());
        if self.bytes.capacity() - length < more {
            self.bytes.reserve(more);
        }
        // SAFETY: there is room behind the content, and nothing else refers to it.
        unsafe {
            let end = self.bytes.as_mut_ptr().add(length);
            std::ptr::copy_nonoverlapping(few.as_ptr(), end, few.len());
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), end.add(few.len()), bytes.len());
            self.bytes.set_len(length + more);
        }
    }

    #[inline]
    pub(super) fn word(&mut self, mark: u8, word: u64) {
        let mut all = [mark; 9];
        all[1..].copy_from_slice(&word.to_le_bytes());
        self.put(&all);
    }

    fn number(&mut self, mark: u8, number: usize) {
        let mut all = [mark; 5];
        all[1..].copy_from_slice(&(number as u32).to_le_bytes());
        self.put(&all);
    }

    pub(super) fn text(&mut self, text: &[u8]) {
        match u8::try_from(text.len()) {
            Ok(length) => self.put_both(&[mark::SHORT_TEXT, length], text),
            Err(_) => {
                self.number(mark::TEXT, text.len());
                self.put(text);
            }
        }
    }

    pub(super) fn share(&mut self, mark: u8, object: Shared) {
        let number = self.place(object);
        self.number(mark, number);
    }

    /// Where an object is in the list from now on.
    fn place(&mut self, object: Shared) -> usize {
        let list = self.objects.get_or_insert_default();
        list.push(object);
        list.len() - 1
    }
}

impl<'a> FromIterator<Packed<'a>> for Parcel {
    fn from_iter<I: IntoIterator<Item = Packed<'a>>>(tokens: I) -> Parcel {
        let mut parcel = Parcel::new();
        tokens.into_iter().for_each(|token| parcel.push(token));
        parcel
    }
}

/// The tokens of a [`Parcel`].
#[derive(Clone)]
pub struct Tokens<'a> {
    pub(super) bytes: &'a [u8],
    objects: &'a [Shared],
    /// The fragment that it is in.
    walk: Option<Box<Walk<'a>>>,
}

impl<'a> Tokens<'a> {
    /// Passes over one value; `false` if there is none.
    #[inline]
    pub fn skip_value(&mut self) -> bool {
        let length = match *self.bytes {
            _ if self.walk.is_some() => return self.skip_tokens(),
            [mark::INTEGER | mark::FLOAT, ..] => 9,
            [mark::NIL | mark::FALSE | mark::TRUE, ..] => 1,
            [mark::SHORT_TEXT, length, ..] => 2 + usize::from(length),
            [mark::TABLES, ..] => 5,
            _ => return self.skip_tokens(),
        };
        self.skip_bytes(length);
        true
    }

    /// Whether nothing is left.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty() && self.walk.is_none()
    }

    /// Passes over so many bytes, which were seen to be whole tokens.
    #[inline]
    pub fn skip_bytes(&mut self, length: usize) {
        self.bytes = self.bytes.get(length..).unwrap_or_default();
    }

    /// The integer that comes next, which is passed over.
    #[inline]
    pub(super) fn integer(&mut self) -> Option<i64> {
        match self.bytes {
            [mark::INTEGER, rest @ ..] if self.walk.is_none() => {
                self.bytes = rest;
                Some(i64::from_le_bytes(self.take()))
            }
            _ => None,
        }
    }

    /// The fragment that comes next, which is passed over.
    #[inline]
    pub(super) fn fragment(&mut self) -> Option<&'a Fragment> {
        match (&self.walk, self.bytes) {
            (None, [mark::TABLES, rest @ ..]) => {
                self.bytes = rest;
                match self.objects.get(self.number()) {
                    Some(Shared::Tables(fragment)) => Some(fragment),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// The next token of the fragment that it is in.
    #[cold]
    fn walk(&mut self) -> Option<Packed<'a>> {
        let walk = self.walk.as_mut()?;
        let token = walk.next();
        if walk.is_over() {
            self.walk = None;
        }
        token
    }

    fn skip_tokens(&mut self) -> bool {
        let mut depth = 0;
        for token in self {
            match token {
                Packed::Table { .. } => depth += 1,
                Packed::End => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return true;
            }
        }
        false
    }

    #[inline]
    pub(super) fn take<const N: usize>(&mut self) -> [u8; N] {
        match self.bytes.split_first_chunk::<N>() {
            Some((head, tail)) => {
                self.bytes = tail;
                *head
            }
            None => {
                self.bytes = &[];
                [0; N]
            }
        }
    }

    #[inline]
    pub(super) fn number(&mut self) -> usize {
        u32::from_le_bytes(self.take()) as usize
    }

    #[inline]
    pub(super) fn bytes(&mut self, length: usize) -> &'a [u8] {
        let (bytes, rest) = self.bytes.split_at(length.min(self.bytes.len()));
        self.bytes = rest;
        bytes
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Packed<'a>;

    #[inline]
    fn next(&mut self) -> Option<Packed<'a>> {
        if self.walk.is_some() {
            return self.walk();
        }
        let (&first, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(match first {
            mark::FALSE => Packed::Boolean(false),
            mark::TRUE => Packed::Boolean(true),
            mark::INTEGER => Packed::Integer(i64::from_le_bytes(self.take())),
            mark::FLOAT => Packed::Float(f64::from_bits(u64::from_le_bytes(self.take()))),
            mark::TEXT => {
                let length = self.number();
                Packed::Text(self.bytes(length))
            }
            mark::SHORT_TEXT => {
                let [length] = self.take();
                Packed::Text(self.bytes(usize::from(length)))
            }
            mark::TABLE => Packed::Table { items: self.number(), entries: self.number() },
            mark::AGAIN => Packed::Again(self.number()),
            mark::OBJECT | mark::TYPE | mark::TABLES => match self.objects.get(self.number()) {
                Some(Shared::Object(object)) => Packed::Object(object),
                Some(Shared::Type(ty)) => Packed::Type(ty),
                Some(Shared::Tables(fragment)) => {
                    let (walk, token) = Walk::begin(fragment);
                    self.walk = Some(Box::new(walk));
                    token
                }
                None => Packed::Nil,
            },
            mark::END => Packed::End,
            _ => Packed::Nil,
        })
    }
}

#[cfg(test)]
#[path = "parcel_tests.rs"]
mod tests;
