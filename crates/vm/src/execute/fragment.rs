//! `Fragment`: a table and all that it leads to, outside of any heap.
//!
//! Laid out so that a receiver copies parts of tables instead of filling them: the hash part travels with its places.
//! Written by `packing`, read by `unpacking`; what Rust code sees of it are tokens ([`Walk`]). Never read from outside, so
//! its readers trust it. Invariants: tables and texts are numbered, the value itself is table 0; a model comes before
//! those that are like it.
//!
//! | part of the words | words |
//! |---|---|
//! | contents of each table, in order | a [`Head`], one more unless it has items only, what that says, then its items |
//! | items, values of nodes | payload and tag |
//! | texts, in order | length and hash, then the bytes with one zero at least |
//!
//! A payload is a number, the number of a table or of an object, or of a string its [`text_number`] or its address if it
//! outlives all heaps.

use crate::heap::object::{Node, StringObject};
use crate::heap::shared;
use crate::heap::slot::tag;

use super::parcel::{Packed, Shared};

/// See the module.
pub(super) struct Fragment {
    /// Contents of tables, then texts.
    pub(super) words: Vec<u64>,
    pub(super) tables: usize,
    pub(super) texts: usize,
    /// Where the texts begin.
    pub(super) texts_at: usize,
    /// What is not copied.
    pub(super) objects: Vec<Shared>,
    /// What it costs to write or to build it, in units of fuel.
    pub(super) fuel: usize,
}

/// How the entries of a table that are no items are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(super) enum Entries {
    /// There are none.
    None,
    /// The index of the last free node, then all nodes as they are, but for what payloads and keys refer to.
    Nodes,
    /// The number of a model, whose keys are in the same nodes; then the values of all nodes.
    Like,
    /// How many; then keys and values.
    Pairs,
}

/// First word of a table's contents.
#[derive(Clone, Copy)]
pub(super) struct Head {
    pub(super) items: usize,
    pub(super) entries: Entries,
    /// Logarithm of the number of nodes.
    pub(super) log: u8,
}

impl Head {
    #[inline(always)]
    pub(super) fn word(self) -> u64 {
        self.items as u64 | (self.entries as u64) << 32 | u64::from(self.log) << 40
    }

    #[inline(always)]
    pub(super) fn of(word: u64) -> Head {
        let entries = match word >> 32 & 3 {
            0 => Entries::None,
            1 => Entries::Nodes,
            2 => Entries::Like,
            _ => Entries::Pairs,
        };
        Head { items: word as u32 as usize, entries, log: (word >> 40) as u8 }
    }

    /// Words between the head and the items; `second` is the word after the head.
    fn words(self, second: u64) -> usize {
        match self.entries {
            Entries::None => 0,
            Entries::Nodes => 1 + (NODE_WORDS << self.log),
            Entries::Like => 1 + (2 << self.log),
            Entries::Pairs => 1 + 4 * second as usize,
        }
    }
}

/// Words of a node.
pub(super) const NODE_WORDS: usize = size_of::<Node>() / 8;

/// The bytes of a node's second word that are not the tag of its value.
pub(super) const BESIDE_TAG: u64 = !tag_word(0xff);

const _: () = assert!(std::mem::offset_of!(Node, tag) == 8);

/// The second word of a node of which only the tag of its value is known.
#[inline(always)]
pub(super) const fn tag_word(tag: u8) -> u64 {
    u64::from_ne_bytes([tag, 0, 0, 0, 0, 0, 0, 0])
}

/// Payload of a string that travels as a text.
#[inline(always)]
pub(super) fn text_number(number: usize) -> u64 {
    (number as u64) << 1 | 1
}

/// The number of the text that a string's payload means; `None` if it is an address.
#[inline(always)]
pub(super) fn as_text(payload: u64) -> Option<usize> {
    (payload & 1 == 1).then_some((payload >> 1) as usize)
}

/// Words of a text, its first one included.
#[inline(always)]
pub(super) fn text_words(len: usize) -> usize {
    2 + len / 8
}

impl Fragment {
    /// How each table is written.
    #[cfg(test)]
    pub(super) fn plans(&self) -> Vec<Entries> {
        let (walk, _) = Walk::begin(self);
        walk.starts.iter().map(|&at| Head::of(self.words[at]).entries).collect()
    }

    /// Bytes that it takes.
    pub(super) fn bytes(&self) -> usize {
        self.words.len() * 8
    }

    /// The bytes of the text whose first word is at a place, their hash, and the place of the next text.
    #[inline(always)]
    pub(super) fn text_at(&self, at: usize) -> (&[u8], u32, usize) {
        let word = self.words[at];
        let len = word as u32 as usize;
        let words = &self.words[at + 1..at + text_words(len)];
        // SAFETY: the words have that many bytes and more, and any byte is valid.
        let bytes = unsafe { std::slice::from_raw_parts(words.as_ptr().cast::<u8>(), len) };
        (bytes, (word >> 32) as u32, at + text_words(len))
    }
}

/// A table that a walk is in.
#[derive(Clone, Copy)]
struct Cursor {
    /// Where its contents begin.
    at: usize,
    /// Items, then nodes or pairs, that were told.
    told: usize,
    /// The value of the key that was told last.
    due: Option<(u64, u32)>,
}

/// Goes through a fragment and tells it as tokens, depth first.
#[derive(Clone)]
pub(super) struct Walk<'a> {
    fragment: &'a Fragment,
    /// Where the contents of each table begin.
    starts: Vec<usize>,
    /// Where each text begins.
    texts: Vec<usize>,
    /// The number that each table was told under, and one; 0 if it was not.
    told: Vec<usize>,
    count: usize,
    open: Vec<Cursor>,
}

impl<'a> Walk<'a> {
    /// A walk and its first token.
    pub(super) fn begin(fragment: &'a Fragment) -> (Walk<'a>, Packed<'a>) {
        let words = &fragment.words;
        let mut at = 0;
        let starts = std::iter::repeat_with(|| {
            let head = Head::of(words[at]);
            let end = at + 1 + head.words(words.get(at + 1).copied().unwrap_or(0)) + 2 * head.items;
            std::mem::replace(&mut at, end)
        });
        let starts = starts.take(fragment.tables).collect();
        let mut at = fragment.texts_at;
        let texts = std::iter::repeat_with(|| {
            let next = fragment.text_at(at).2;
            std::mem::replace(&mut at, next)
        });
        let texts = texts.take(fragment.texts).collect();
        let told = vec![0; fragment.tables];
        let mut walk = Walk { fragment, starts, texts, told, count: 0, open: Vec::new() };
        let first = walk.table(0);
        (walk, first)
    }

    /// The next token; `None` if the last one was the end of the outermost table.
    pub(super) fn next(&mut self) -> Option<Packed<'a>> {
        let fragment = self.fragment;
        let words = &fragment.words;
        let cursor = self.open.last_mut()?;
        if let Some((payload, tag)) = cursor.due.take() {
            return Some(self.value(payload, tag));
        }
        let head = Head::of(words[cursor.at]);
        let pair = |at: usize| (words[at], words[at + 1] as u32);
        if cursor.told < head.items {
            let at = cursor.at + 1 + head.words(words[cursor.at + 1]) + 2 * cursor.told;
            cursor.told += 1;
            let (payload, tag) = pair(at);
            return Some(self.value(payload, tag));
        }
        loop {
            let n = cursor.told - head.items;
            cursor.told += 1;
            let first = cursor.at + 2;
            let (key, value) = match head.entries {
                Entries::Pairs if n < words[cursor.at + 1] as usize => {
                    (pair(first + 4 * n), pair(first + 4 * n + 2))
                }
                Entries::Nodes if n < 1 << head.log => node_at(words, first, n),
                Entries::Like if n < 1 << head.log => {
                    let model = self.starts[words[cursor.at + 1] as usize] + 2;
                    (node_at(words, model, n).0, pair(first + 2 * n))
                }
                _ => {
                    self.open.pop();
                    return Some(Packed::End);
                }
            };
            if value.1 != tag::NIL {
                cursor.due = Some(value);
                return Some(self.value(key.0, key.1));
            }
        }
    }

    /// Whether everything was told.
    pub(super) fn is_over(&self) -> bool {
        self.open.is_empty()
    }

    fn value(&mut self, payload: u64, tag: u32) -> Packed<'a> {
        let fragment = self.fragment;
        match tag {
            tag::INTEGER => Packed::Integer(payload as i64),
            tag::FLOAT => Packed::Float(f64::from_bits(payload)),
            tag::TRUE => Packed::Boolean(true),
            tag::FALSE => Packed::Boolean(false),
            tag::STRING => Packed::Text(match as_text(payload) {
                Some(number) => fragment.text_at(self.texts[number]).0,
                // SAFETY: the address is that of a string which is never freed.
                None => unsafe { shared::eternal_bytes(payload as *const StringObject) },
            }),
            tag::TABLE => self.table(payload as usize),
            tag::USERDATA | tag::TYPE => match &fragment.objects[payload as usize] {
                Shared::Object(object) => Packed::Object(object),
                Shared::Type(ty) => Packed::Type(ty),
                Shared::Tables(_) => Packed::Nil,
            },
            _ => Packed::Nil,
        }
    }

    fn table(&mut self, number: usize) -> Packed<'a> {
        if let Some(told) = self.told[number].checked_sub(1) {
            return Packed::Again(told);
        }
        self.count += 1;
        self.told[number] = self.count;
        let at = self.starts[number];
        self.open.push(Cursor { at, told: 0, due: None });
        let fragment = self.fragment;
        let words = &fragment.words;
        let head = Head::of(words[at]);
        let filled = |step: usize, tag_at: usize| {
            let count = 1_usize << head.log;
            (0..count).filter(|n| words[at + 2 + step * n + tag_at] as u8 != tag::NIL as u8).count()
        };
        let entries = match head.entries {
            Entries::None => 0,
            Entries::Pairs => words[at + 1] as usize,
            Entries::Like => filled(2, 1),
            Entries::Nodes => {
                (0..1 << head.log).filter(|&n| node_at(words, at + 2, n).1.1 != tag::NIL).count()
            }
        };
        Packed::Table { items: head.items, entries }
    }
}

/// Key and value of a node among the words, the first of which is at a place; payload and tag of each.
fn node_at(words: &[u64], first: usize, n: usize) -> ((u64, u32), (u64, u32)) {
    let node = &words[first + NODE_WORDS * n..][..NODE_WORDS];
    // SAFETY: so many words were written as a node.
    let node = unsafe { node.as_ptr().cast::<Node>().read() };
    ((node.key, u32::from(node.key_tag)), (node.payload, u32::from(node.tag)))
}
