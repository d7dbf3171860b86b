//! Strings: creation, the cache of short ones, equality, hash.
//!
//! Interning is a saving here, not an invariant: two objects may hold equal bytes. Invariant: a short string's hash is
//! never zero once it is finished; a long one's is zero until first asked for.

use std::ptr::{null, null_mut};
use std::slice;

use super::class::rounded;
use super::hash;
use super::object::{Header, Kind, SHORT_STRING_BYTES, StringObject};
use super::{Heap, OutOfMemory, shared};

/// Longest string, in bytes.
pub(crate) const MAX_STRING_BYTES: usize = u32::MAX as usize - 64;

/// Entries of the cache when it is first needed.
const FIRST_CACHE: usize = 64;

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

/// Bytes of a string's cell.
#[inline(always)]
pub(super) const fn cell_bytes(len: usize) -> usize {
    size_of::<StringObject>() + len + 1
}

/// A lossy, direct-mapped table of short strings.
pub(super) struct Cache {
    entries: *mut *mut StringObject,
    len: usize,
    /// Misses since the size was last looked at.
    misses: usize,
}

impl Cache {
    pub(super) const fn new() -> Cache {
        Cache { entries: null_mut(), len: 0, misses: 0 }
    }

    #[inline(always)]
    unsafe fn entry(&self, hash: u32) -> *mut *mut StringObject {
        // SAFETY: the caller saw that there are entries; their number is a power of two.
        unsafe { self.entries.add(hash as usize & (self.len - 1)) }
    }

    fn resize(&mut self, len: usize) -> isize {
        let mut fresh = vec![null_mut::<StringObject>(); len].into_boxed_slice();
        for i in 0..self.len {
            // SAFETY: `i` is in range; cached strings are alive.
            unsafe {
                let s = *self.entries.add(i);
                if !s.is_null() {
                    fresh[(*s).hash as usize & (len - 1)] = s;
                }
            }
        }
        let change = (len as isize - self.len as isize) * size_of::<*mut StringObject>() as isize;
        self.release();
        self.entries = Box::into_raw(fresh).cast();
        self.len = len;
        self.misses = 0;
        change
    }

    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.len * size_of::<*mut StringObject>()
    }

    fn release(&mut self) {
        if !self.entries.is_null() {
            // SAFETY: made by `resize` from a boxed slice of this length.
            drop(unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(self.entries, self.len)) });
            self.entries = null_mut();
            self.len = 0;
        }
    }

    /// Forgets the strings that were not marked.
    ///
    /// # Safety
    /// Marking has ended with `epoch`, and no cell has been freed since.
    pub(super) unsafe fn purge(&mut self, epoch: u8) {
        for i in 0..self.len {
            // SAFETY: `i` is in range and the caller's promise.
            unsafe {
                let entry = self.entries.add(i);
                if !(*entry).is_null() && (**entry).header.mark & epoch == 0 {
                    *entry = null_mut();
                }
            }
        }
    }
}

impl Drop for Cache {
    fn drop(&mut self) {
        self.release();
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
        let hash = hash::hash(self.seed, bytes);
        // SAFETY: cached strings are alive.
        unsafe {
            if self.strings.len != 0 {
                let s = *self.strings.entry(hash);
                if !s.is_null() && (*s).hash == hash && self::bytes(s) == bytes {
                    return Ok(s);
                }
            }
            let s = self.short_uninit(len, hash);
            s.add(1).cast::<u8>().copy_from_nonoverlapping(bytes.as_ptr(), len);
            self.remember(s, hash);
            Ok(s)
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
            } else if self.strings.len != 0 {
                *self.strings.entry(hash)
            } else {
                null_mut()
            };
            if !known.is_null() && (*known).hash == hash && self::bytes(known) == bytes {
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
    unsafe fn remember(&mut self, s: *mut StringObject, hash: u32) {
        self.strings.misses += 1;
        if self.strings.misses > self.strings.len * 4 {
            self.grow_cache();
        }
        // SAFETY: `grow_cache` saw to it that there are entries.
        unsafe { *self.strings.entry(hash) = s };
    }

    #[cold]
    fn grow_cache(&mut self) {
        let len = self.strings.len;
        // A sixteenth of the heap at most; a full cache is only looked at again after as many misses.
        if len == 0 {
            let change = self.strings.resize(FIRST_CACHE);
            self.memory.account(change);
        } else if len < MAX_CACHE && len * 2 * 16 * size_of::<*mut StringObject>() <= self.memory.bytes() {
            let change = self.strings.resize(len * 2);
            self.memory.account(change);
        } else {
            self.strings.misses = 0;
        }
    }

    /// The string of a constant of code that this heap loads: a shared one if there is one already.
    pub(super) fn constant_string(&mut self, bytes: &[u8]) -> Result<*mut StringObject, OutOfMemory> {
        let shared = if bytes.len() <= SHORT_STRING_BYTES { shared::lookup(bytes) } else { null() };
        if shared.is_null() { self.string(bytes) } else { Ok(shared.cast_mut()) }
    }
}

/// What a string's cell really takes.
pub(super) const fn real_bytes(len: usize) -> usize {
    rounded(cell_bytes(len))
}
