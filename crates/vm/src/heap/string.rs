//! Strings: creation, the cache of short ones, equality, hash.
//!
//! Interning is a saving here, not an invariant: two objects may hold equal bytes. Invariant: a short string's hash is
//! never zero once it is finished; a long one's is zero until first asked for.

use std::ptr::null_mut;
use std::slice;

use super::class::rounded;
use super::hash;
use super::object::{Header, Kind, SHORT_STRING_BYTES, StringObject};
use super::trace::prefetch;
use super::{Heap, OutOfMemory, shared};

/// Longest string, in bytes.
pub(crate) const MAX_STRING_BYTES: usize = u32::MAX as usize - 64;

/// Entries of the cache when it is first needed.
const FIRST_CACHE: usize = 8;

/// Strings that are made before there is a cache: many processes never make more.
const FEW: usize = 4;

/// Most entries of the cache.
const MAX_CACHE: usize = 8192;

/// The bytes of a string.
///
/// # Safety
/// The string is alive for as long as the result is used.
#[inline(always)]
pub(crate) unsafe fn bytes<'a>(s: *const StringObject) -> &'a [u8] {
    // SAFETY: `len` bytes follow the fixed part of every string.
    unsafe { slice::from_raw_parts(s.add(1).cast::<u8>(), (*s).len as usize) }
}

/// Where the bytes of a string begin, to fill one that was made uninitialised.
///
/// # Safety
/// The string must be valid.
#[inline(always)]
pub(crate) unsafe fn data(s: *mut StringObject) -> *mut u8 {
    // SAFETY: the bytes follow the fixed part.
    unsafe { s.add(1).cast() }
}

/// Hash of a string, computed and kept if it is a long one that was never asked.
///
/// # Safety
/// The string is alive.
#[inline(always)]
pub(crate) unsafe fn hash(s: *const StringObject) -> u32 {
    // SAFETY: the caller's promise.
    unsafe {
        let known = (*s).hash;
        if known != 0 { known } else { long_hash(s) }
    }
}

#[cold]
#[inline(never)]
unsafe fn long_hash(s: *const StringObject) -> u32 {
    // SAFETY: the caller's promise; immortal strings are hashed at birth, so this one belongs to one thread.
    unsafe {
        let hash = hash::hash(hash::seed(), bytes(s));
        (*s.cast_mut()).hash = hash;
        hash
    }
}

/// Equality of two strings.
///
/// # Safety
/// Both are alive.
#[inline(always)]
pub(crate) unsafe fn equal(a: *const StringObject, b: *const StringObject) -> bool {
    // SAFETY: the caller's promise.
    unsafe { std::ptr::eq(a, b) || ((*a).len == (*b).len && equal_bytes(a, b)) }
}

/// Equality of the bytes of two strings, without a call where they are short.
///
/// # Safety
/// Both are alive.
#[inline(always)]
pub(crate) unsafe fn same_bytes(a: *const StringObject, b: *const StringObject) -> bool {
    // SAFETY: the caller's promise; every read ends within the bytes of both.
    unsafe {
        let len = (*a).len as usize;
        if len != (*b).len as usize {
            return false;
        }
        let (a, b) = (a.add(1).cast::<u8>(), b.add(1).cast::<u8>());
        match len {
            8..=16 => {
                let words = |s: *const u8| {
                    (s.cast::<u64>().read_unaligned(), s.add(len - 8).cast::<u64>().read_unaligned())
                };
                words(a) == words(b)
            }
            4..=7 => {
                let words = |s: *const u8| {
                    (s.cast::<u32>().read_unaligned(), s.add(len - 4).cast::<u32>().read_unaligned())
                };
                words(a) == words(b)
            }
            1..=3 => {
                let ends = |s: *const u8| (*s, *s.add(len / 2), *s.add(len - 1));
                ends(a) == ends(b)
            }
            _ => std::slice::from_raw_parts(a, len) == std::slice::from_raw_parts(b, len),
        }
    }
}

#[inline(never)]
unsafe fn equal_bytes(a: *const StringObject, b: *const StringObject) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        let (x, y) = ((*a).hash, (*b).hash);
        if x != y && x != 0 && y != 0 {
            return false;
        }
        bytes(a) == bytes(b)
    }
}

/// From this length on strings are compared and joined in pieces, in bytes (chosen: a tenth of a millisecond's work).
pub(crate) const HUGE_BYTES: usize = 1 << 20;

/// Whether only a look at very many bytes can tell how two strings compare.
///
/// # Safety
/// Both are alive.
#[inline(always)]
pub(crate) unsafe fn are_huge(a: *const StringObject, b: *const StringObject) -> bool {
    // SAFETY: the caller's promise.
    unsafe { (*a).len.min((*b).len) as usize >= HUGE_BYTES && !std::ptr::eq(a, b) }
}

/// Bytes of a string's cell.
#[inline(always)]
pub(super) const fn cell_bytes(len: usize) -> usize {
    size_of::<StringObject>() + len + 1
}

/// An entry of the cache; the hash is repeated so that a miss does not touch the string.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    string: *mut StringObject,
    hash: u32,
}

const NO_ENTRY: Entry = Entry { string: null_mut(), hash: 0 };

/// A lossy, direct-mapped table of short strings.
pub(super) struct Cache {
    /// A power of two of them, or none.
    entries: Box<[Entry]>,
    /// Misses since the size was last looked at.
    misses: usize,
}

impl Cache {
    pub(super) fn new() -> Cache {
        Cache { entries: Box::default(), misses: 0 }
    }

    /// The string with these bytes, or null.
    #[inline(always)]
    unsafe fn find(&self, hash: u32, wanted: &[u8]) -> *mut StringObject {
        if self.entries.is_empty() {
            return null_mut();
        }
        let entry = &self.entries[hash as usize & (self.entries.len() - 1)];
        // SAFETY: cached strings are alive.
        if entry.hash == hash && unsafe { bytes(entry.string) == wanted } { entry.string } else { null_mut() }
    }

    /// Changes the number of entries; by how many bytes it grew.
    fn resize(&mut self, len: usize) -> isize {
        let mut fresh = vec![NO_ENTRY; len].into_boxed_slice();
        for entry in &self.entries {
            if entry.hash != 0 {
                fresh[entry.hash as usize & (len - 1)] = *entry;
            }
        }
        let change = (len as isize - self.entries.len() as isize) * size_of::<Entry>() as isize;
        self.entries = fresh;
        self.misses = 0;
        change
    }

    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.entries)
    }

    /// Forgets the strings that were not marked. A large cache that is nearly empty then gets smaller; by how many bytes it grew.
    ///
    /// # Safety
    /// Marking has ended with `epoch`, and no cell has been freed since.
    pub(super) unsafe fn purge(&mut self, epoch: u8) -> isize {
        const AHEAD: usize = 16;
        /// Entries from which on a cache gets smaller, if it has fewer than one string in so many of them.
        const LARGE: usize = 1024;
        const SPARSE: usize = 16;
        let mut kept = 0;
        for i in 0..self.entries.len() {
            if let Some(later) = self.entries.get(i + AHEAD) {
                prefetch(later.string.cast());
            }
            let entry = &mut self.entries[i];
            // SAFETY: the caller's promise; entries with a hash have a string.
            if entry.hash != 0 && unsafe { (*entry.string).header.mark } & epoch == 0 {
                *entry = NO_ENTRY;
            }
            kept += usize::from(entry.hash != 0);
        }
        let len = self.entries.len();
        if len >= LARGE && kept * SPARSE < len { self.resize(len / 4) } else { 0 }
    }
}

impl Heap {
    /// The string with these bytes: an existing one if it is short and known, else a new one.
    #[inline]
    pub(crate) fn string(&mut self, bytes: &[u8]) -> Result<*mut StringObject, OutOfMemory> {
        let len = bytes.len();
        if len > SHORT_STRING_BYTES {
            let s = self.long_uninit(len)?;
            // SAFETY: the new string has room for `len` bytes.
            unsafe { s.add(1).cast::<u8>().copy_from_nonoverlapping(bytes.as_ptr(), len) };
            return Ok(s);
        }
        if len <= 1 {
            return Ok(shared::tiny(bytes.first().copied()).cast_mut());
        }
        Ok(self.short_string(bytes, hash::hash(self.seed, bytes)))
    }

    /// The string with these bytes, at most [`SHORT_STRING_BYTES`], and this hash of theirs.
    #[inline]
    pub(super) fn short_string(&mut self, bytes: &[u8], hash: u32) -> *mut StringObject {
        let len = bytes.len();
        // SAFETY: cached strings are alive.
        unsafe {
            let known = self.strings.find(hash, bytes);
            if !known.is_null() {
                return known;
            }
            let mut s = self.name(hash, bytes);
            if s.is_null() {
                s = self.short_uninit(len, hash);
                s.add(1).cast::<u8>().copy_from_nonoverlapping(bytes.as_ptr(), len);
            }
            self.remember(s, hash);
            s
        }
    }

    /// A new string whose `len` bytes the caller writes before it calls [`Heap::finish_string`].
    pub(crate) fn string_uninit(&mut self, len: usize) -> Result<*mut StringObject, OutOfMemory> {
        if len > SHORT_STRING_BYTES { self.long_uninit(len) } else { Ok(self.short_uninit(len, 0)) }
    }

    /// Completes a string from [`Heap::string_uninit`]; may answer with an equal one instead.
    ///
    /// # Safety
    /// All bytes of `s` are written, and nothing refers to it yet.
    pub(crate) unsafe fn finish_string(&mut self, s: *mut StringObject) -> *mut StringObject {
        // SAFETY: the caller's promise; cached strings are alive.
        unsafe {
            let bytes = self::bytes(s);
            if bytes.len() > SHORT_STRING_BYTES {
                return s;
            }
            let hash = hash::hash(self.seed, bytes);
            let known = if bytes.len() <= 1 {
                shared::tiny(bytes.first().copied()).cast_mut()
            } else {
                match self.strings.find(hash, bytes) {
                    known if known.is_null() => self.name(hash, bytes),
                    known => known,
                }
            };
            if !known.is_null() {
                self.memory.free(s.cast(), cell_bytes(bytes.len()));
                return known;
            }
            (*s).hash = hash;
            self.remember(s, hash);
            s
        }
    }

    #[inline]
    fn short_uninit(&mut self, len: usize, hash: u32) -> *mut StringObject {
        let bytes = (cell_bytes(len) + 7) & !7;
        let header =
            Header { kind: Kind::String, mark: self.memory.epoch, flags: 0, small: 0, size: bytes as u32 };
        let s = self.memory.small(bytes, header).cast::<StringObject>();
        // SAFETY: the cell has room for the fixed part, the bytes and the zero.
        unsafe {
            (*s).hash = hash;
            (*s).len = len as u32;
            s.add(1).cast::<u8>().add(len).write(0);
        }
        s
    }

    fn long_uninit(&mut self, len: usize) -> Result<*mut StringObject, OutOfMemory> {
        if len > MAX_STRING_BYTES {
            return Err(OutOfMemory);
        }
        let header = Header { kind: Kind::String, mark: self.memory.epoch, flags: 0, small: 0, size: 0 };
        let s = self.memory.cell(cell_bytes(len), header)?.cast::<StringObject>();
        // SAFETY: as in `short_uninit`.
        unsafe {
            (*s).hash = 0;
            (*s).len = len as u32;
            s.add(1).cast::<u8>().add(len).write(0);
        }
        Ok(s)
    }

    #[inline]
    fn remember(&mut self, s: *mut StringObject, hash: u32) {
        self.strings.misses += 1;
        if self.strings.misses > self.strings.entries.len() * 4 {
            if self.strings.misses <= FEW {
                return;
            }
            self.grow_cache();
        }
        let place = hash as usize & (self.strings.entries.len() - 1);
        self.strings.entries[place] = Entry { string: s, hash };
    }

    #[cold]
    fn grow_cache(&mut self) {
        let len = self.strings.entries.len();
        // A sixteenth of the heap at most; a full cache is only looked at again after as many misses.
        if len == 0 {
            let change = self.strings.resize(FIRST_CACHE);
            self.memory.account(change);
        } else if len < MAX_CACHE && len * 2 * 16 * size_of::<Entry>() <= self.memory.bytes() {
            let change = self.strings.resize(len * 2);
            self.memory.account(change);
        } else {
            self.strings.misses = 0;
        }
    }

    /// The string of a constant of code that this heap loads: a shared one if there is one already, else, if it is
    /// short, a name.
    pub(super) fn constant_string(&mut self, bytes: &[u8]) -> Result<*mut StringObject, OutOfMemory> {
        if bytes.len() > SHORT_STRING_BYTES {
            return self.string(bytes);
        }
        let shared = shared::lookup(bytes);
        if !shared.is_null() {
            return Ok(shared.cast_mut());
        }
        let s = self.string(bytes)?;
        // SAFETY: it was made or found just now.
        Ok(unsafe { self.enter_name(s) })
    }
}

/// What a string's cell really takes.
pub(super) const fn real_bytes(len: usize) -> usize {
    rounded(cell_bytes(len))
}
