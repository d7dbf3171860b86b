//! Strings that heaps share, one set per OS process: immortal ones (names of builtins and metamethods, every string of
//! one byte), and the constants of shared programs, counted by program.
//!
//! The set of immortal ones is append-only, so that a pointer once given out is valid in every heap for ever; it is not
//! for strings that come from scripts. A constant lives as long as a program that has it; heaps keep the programs they
//! run. Invariant: within either set no two entries have equal bytes.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::mem::MaybeUninit;
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Mutex, PoisonError, RwLock, RwLockWriteGuard};

use super::hash;
use super::object::{Header, IMMORTAL, Kind, StringObject};
use super::string::{bytes, cell_bytes};

/// An immortal string, written before it is shared and never after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Immortal(*const StringObject);

impl Immortal {
    /// The one with these bytes, which are a word of a program.
    pub(crate) fn of(contents: &[u8]) -> Immortal {
        Immortal(intern(contents))
    }

    #[inline(always)]
    pub(crate) fn raw(self) -> *const StringObject {
        self.0
    }

    /// Its hash.
    pub(crate) fn hash(self) -> u32 {
        // SAFETY: never freed or written.
        unsafe { (*self.0).hash }
    }

    /// Its bytes.
    pub(crate) fn bytes(self) -> &'static [u8] {
        // SAFETY: never freed or written.
        unsafe { bytes(self.0) }
    }
}

// SAFETY: the string it points to is immutable and never freed; the collector neither follows nor writes immortal
// cells, and its hash is computed at birth.
unsafe impl Send for Immortal {}
// SAFETY: as above.
unsafe impl Sync for Immortal {}

/// Open-addressing table, at most half full, and the memory of its strings.
struct Pool {
    slots: Vec<Immortal>,
    count: usize,
    shelf: Shelf,
}

static POOL: RwLock<Pool> = RwLock::new(Pool { slots: Vec::new(), count: 0, shelf: Shelf(&mut []) });

/// Memory that is never freed, cut off as it is needed: there are hundreds of names, most of them short.
struct Shelf(&'static mut [MaybeUninit<u64>]);

impl Shelf {
    /// Taken from the allocator at once.
    const WORDS: usize = 1024;

    fn of(words: usize) -> Shelf {
        Shelf(Box::leak(Box::new_uninit_slice(words)))
    }

    fn cut(&mut self, words: usize) -> &'static mut [MaybeUninit<u64>] {
        if self.0.len() < words {
            *self = Shelf::of(words.max(Shelf::WORDS));
        }
        let (cut, rest) = std::mem::take(&mut self.0).split_at_mut(words);
        self.0 = rest;
        cut
    }
}

/// A string of at most one byte.
#[repr(C)]
struct Tiny {
    string: StringObject,
    bytes: [u8; 8],
}

impl Tiny {
    const fn of(byte: Option<u8>) -> Tiny {
        let (first, len) = match byte {
            Some(byte) => (byte, 1),
            None => (0, 0),
        };
        let size = size_of::<Tiny>() as u32;
        let header = Header { kind: Kind::String, mark: IMMORTAL, flags: 0, small: 0, size };
        let string = StringObject { header, hash: hash::hash_of_tiny(byte), len };
        Tiny { string, bytes: [first, 0, 0, 0, 0, 0, 0, 0] }
    }
}

/// The strings of one byte, then the empty one.
static TINY: [Tiny; 257] = {
    let mut all = [const { Tiny::of(None) }; 257];
    let mut byte = 0;
    while byte < 256 {
        all[byte] = Tiny::of(Some(byte as u8));
        byte += 1;
    }
    all
};

impl Pool {
    /// The slot of `bytes`, or the empty one where they belong; there must be slots.
    fn find(&self, hash: u32, wanted: &[u8]) -> usize {
        let mask = self.slots.len() - 1;
        let mut i = hash as usize & mask;
        loop {
            let s = self.slots[i].0;
            // SAFETY: entries are null or immortal strings.
            if s.is_null() || unsafe { (*s).hash == hash && bytes(s) == wanted } {
                return i;
            }
            i = (i + 1) & mask;
        }
    }

    /// The string of two bytes or more with these contents, made if there is none.
    fn add(&mut self, hash: u32, contents: &[u8]) -> *const StringObject {
        if self.count * 2 >= self.slots.len() {
            self.grow();
        }
        let i = self.find(hash, contents);
        if self.slots[i].0.is_null() {
            let words = self.shelf.cut(words_of(contents));
            self.slots[i] = write(words, contents, hash);
            self.count += 1;
        }
        self.slots[i].0
    }

    fn grow(&mut self) {
        // The names of all builtins fit at once.
        let len = (self.slots.len() * 2).max(1024);
        let old = std::mem::replace(&mut self.slots, vec![Immortal(null()); len]);
        for entry in old {
            if !entry.0.is_null() {
                // SAFETY: entries are immortal strings.
                let i = unsafe { self.find((*entry.0).hash, bytes(entry.0)) };
                self.slots[i] = entry;
            }
        }
    }
}

/// Words of the cell of a string.
fn words_of(contents: &[u8]) -> usize {
    cell_bytes(contents.len()).div_ceil(8)
}

/// Writes a string into as many words as it takes.
fn write(words: &'static mut [MaybeUninit<u64>], contents: &[u8], hash: u32) -> Immortal {
    assert_eq!(words.len(), words_of(contents));
    // What follows the bytes is zero.
    if let Some(last) = words.last_mut() {
        last.write(0);
    }
    let s = words.as_mut_ptr().cast::<StringObject>();
    let header =
        Header { kind: Kind::String, mark: IMMORTAL, flags: 0, small: 0, size: (words.len() * 8) as u32 };
    // SAFETY: the words have room for the fixed part, the bytes and a zero.
    unsafe {
        s.write(StringObject { header, hash, len: contents.len() as u32 });
        s.add(1).cast::<u8>().copy_from_nonoverlapping(contents.as_ptr(), contents.len());
    }
    Immortal(s)
}

/// The immortal string with these bytes, made if there is none.
pub(crate) fn intern(contents: &[u8]) -> *const StringObject {
    if contents.len() <= 1 {
        return tiny(contents.first().copied());
    }
    let hash = hash::hash(hash::seed(), contents);
    let known = known(hash, contents);
    if known.is_null() { add(hash, contents) } else { known }
}

/// The string of two bytes or more with these contents, which is probably not there yet.
fn add(hash: u32, contents: &[u8]) -> *const StringObject {
    POOL.write().unwrap_or_else(PoisonError::into_inner).add(hash, contents)
}

/// Words found lately, by the address of their text.
static WORDS: [AtomicPtr<StringObject>; 1024] = [const { AtomicPtr::new(null_mut()) }; 1024];

/// [`intern`] for words of the program's own text, which are asked for again and again.
#[inline]
pub(crate) fn word(text: &'static str) -> *const StringObject {
    let place = &WORDS[text.as_ptr() as usize % WORDS.len()];
    let known = place.load(Ordering::Acquire);
    // SAFETY: only immortal strings are put there.
    if !known.is_null() && unsafe { bytes(known) } == text.as_bytes() {
        known
    } else {
        note_word(place, text)
    }
}

/// Makes many words, one after the other. As long as it lives nobody else can look at immortal strings, nor can its
/// owner but through it.
pub(crate) struct Words(RwLockWriteGuard<'static, Pool>);

impl Words {
    pub(crate) fn lock() -> Words {
        Words(POOL.write().unwrap_or_else(PoisonError::into_inner))
    }

    /// As [`word`].
    #[inline]
    pub(crate) fn word(&mut self, text: &'static str) -> *const StringObject {
        let contents = text.as_bytes();
        if contents.len() <= 1 {
            return tiny(contents.first().copied());
        }
        let word = self.0.add(hash::hash(hash::seed(), contents), contents);
        WORDS[text.as_ptr() as usize % WORDS.len()].store(word.cast_mut(), Ordering::Release);
        word
    }
}

#[cold]
fn note_word(place: &AtomicPtr<StringObject>, text: &'static str) -> *const StringObject {
    let contents = text.as_bytes();
    let is_first = contents.len() > 1 && place.load(Ordering::Relaxed).is_null();
    let word = if is_first { add(hash::hash(hash::seed(), contents), contents) } else { intern(contents) };
    place.store(word.cast_mut(), Ordering::Release);
    word
}

/// The immortal string with these bytes, or null.
pub(crate) fn lookup(contents: &[u8]) -> *const StringObject {
    if contents.len() <= 1 {
        return tiny(contents.first().copied());
    }
    known(hash::hash(hash::seed(), contents), contents)
}

/// [`lookup`] of a string of two bytes or more, by its hash.
#[inline]
fn known(hash: u32, contents: &[u8]) -> *const StringObject {
    let pool = POOL.read().unwrap_or_else(PoisonError::into_inner);
    if pool.slots.is_empty() { null() } else { pool.slots[pool.find(hash, contents)].0 }
}

/// The string of one byte, or the empty one.
#[inline]
pub(crate) fn tiny(byte: Option<u8>) -> *const StringObject {
    (&raw const TINY[byte.map_or(256, usize::from)]).cast()
}

/// Constants of shared programs, with the number of their users.
static CONSTANTS: Mutex<Option<HashMap<Bytes, usize>>> = Mutex::new(None);

/// A constant as a key: compared by its bytes.
struct Bytes(Immortal);

impl Bytes {
    fn contents(&self) -> &[u8] {
        // SAFETY: an entry's string is alive.
        unsafe { bytes(self.0.0) }
    }
}

impl Borrow<[u8]> for Bytes {
    fn borrow(&self) -> &[u8] {
        self.contents()
    }
}

impl PartialEq for Bytes {
    fn eq(&self, other: &Bytes) -> bool {
        self.contents() == other.contents()
    }
}

impl Eq for Bytes {}

impl Hash for Bytes {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.contents().hash(state);
    }
}

/// The string of a constant of a shared program, immortal or counted; to be given back by [`release`].
pub(super) fn acquire(contents: &[u8]) -> *const StringObject {
    let known = lookup(contents);
    if !known.is_null() {
        return known;
    }
    let mut constants = CONSTANTS.lock().unwrap_or_else(PoisonError::into_inner);
    let constants = constants.get_or_insert_default();
    if let Some((entry, _)) = constants.get_key_value(contents) {
        let s = entry.0.0;
        if let Some(users) = constants.get_mut(contents) {
            *users += 1;
        }
        return s;
    }
    let words = Box::leak(Box::new_uninit_slice(words_of(contents)));
    let made = write(words, contents, hash::hash(hash::seed(), contents));
    // SAFETY: nobody else has it yet. The mark tells the two sets apart for nobody but `release`.
    unsafe { (*made.0.cast_mut()).header.flags = COUNTED };
    constants.insert(Bytes(made), 1);
    made.0
}

/// `flags` of a string that is a counted constant.
const COUNTED: u8 = 1;

/// Whether a string is an immortal one, which every heap may refer to at any time.
///
/// # Safety
/// The string is alive.
#[inline(always)]
pub(crate) unsafe fn is_eternal(s: *const StringObject) -> bool {
    // SAFETY: the caller's promise.
    unsafe { (*s).header.mark == IMMORTAL && (*s).header.flags != COUNTED }
}

/// The bytes of an immortal string.
///
/// # Safety
/// [`is_eternal`] said so.
pub(crate) unsafe fn eternal_bytes(s: *const StringObject) -> &'static [u8] {
    // SAFETY: never freed or written.
    unsafe { bytes(s) }
}

/// Gives back what [`acquire`] gave.
///
/// # Safety
/// `s` came from `acquire`, and its user does not use it any more.
pub(super) unsafe fn release(s: *const StringObject) {
    // SAFETY: the caller's promise; the last user of a constant frees it, and it was leaked as a box of this size.
    unsafe {
        if (*s).header.flags != COUNTED {
            return;
        }
        let mut constants = CONSTANTS.lock().unwrap_or_else(PoisonError::into_inner);
        let constants = constants.get_or_insert_default();
        let contents = bytes(s);
        if let Some(users) = constants.get_mut(contents) {
            *users -= 1;
            if *users > 0 {
                return;
            }
            constants.remove(contents);
            let words = words_of(contents);
            drop(Box::from_raw(std::ptr::slice_from_raw_parts_mut(s.cast_mut().cast::<u64>(), words)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_bytes_are_one_object() {
        assert!(lookup(b"never interned").is_null());
        for i in 0..2000 {
            let name = format!("shared name {i}");
            let first = intern(name.as_bytes());
            assert_eq!(first, intern(name.as_bytes()));
            assert_eq!(first, lookup(name.as_bytes()));
            // SAFETY: immortal.
            assert_eq!(unsafe { bytes(first) }, name.as_bytes());
        }
        assert_eq!(intern(b"x"), tiny(Some(b'x')));
        assert_eq!(intern(b""), tiny(None));
    }

    #[test]
    fn constants_live_as_long_as_a_user() {
        let count = || {
            CONSTANTS.lock().unwrap().as_ref().map_or(0, |c| c.contains_key(&b"counted text"[..]) as usize)
        };
        let first = acquire(b"counted text");
        assert_eq!(first, acquire(b"counted text"));
        assert_eq!(count(), 1);
        // SAFETY: both were acquired.
        unsafe {
            release(first);
            assert_eq!(bytes(first), b"counted text");
            release(first);
        }
        assert_eq!(count(), 0);
        let name = intern(b"an immortal name");
        assert_eq!(acquire(b"an immortal name"), name);
        // SAFETY: acquired; immortal ones stay.
        unsafe { release(name) };
        assert_eq!(lookup(b"an immortal name"), name);
    }
}
