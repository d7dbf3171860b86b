//! `Text`: a string while it is being written, piece by piece.
//!
//! The bytes stand where they will stand in the finished string, so a long one is finished without being copied. Not
//! accounted before that: whoever writes asks for room first. Invariant: the allocation has a prefix for the cell, then
//! `capacity` bytes, then one for the zero; the first `len` bytes are written.

use std::ptr::null_mut;
use std::slice;

use super::memory::OWN_PREFIX;
use super::object::{Header, Kind, StringObject};
use super::string::{MAX_STRING_BYTES, cell_bytes};
use super::{Heap, OutOfMemory, pool};

/// Bytes before the first one of the text.
const PREFIX: usize = OWN_PREFIX + size_of::<StringObject>();

/// Capacity of the first allocation.
const FIRST_BYTES: usize = 96;

/// From this length on the allocation becomes the string; shorter ones are copied to a cell among others.
const ADOPTED_BYTES: usize = 4096;

/// A string that is being written. See [`crate::Context::finish`].
pub struct Text {
    /// The allocation; null before the first byte.
    start: *mut u8,
    len: usize,
    capacity: usize,
}

// SAFETY: a text is plain bytes that nobody else refers to.
unsafe impl Send for Text {}

impl Default for Text {
    fn default() -> Text {
        Text::new()
    }
}

impl Text {
    /// Nothing yet.
    pub const fn new() -> Text {
        Text { start: null_mut(), len: 0, capacity: 0 }
    }

    /// Bytes written.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing was written.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes that can be written before more memory is needed.
    #[inline]
    pub(crate) fn room(&self) -> usize {
        self.capacity - self.len
    }

    /// What was written.
    pub fn as_bytes(&self) -> &[u8] {
        if self.start.is_null() {
            return &[];
        }
        // SAFETY: the first `len` bytes behind the prefix are written.
        unsafe { slice::from_raw_parts(self.start.add(PREFIX), self.len) }
    }

    /// What was written, to be changed in place.
    pub fn as_mut_bytes(&mut self) -> &mut [u8] {
        if self.start.is_null() {
            return &mut [];
        }
        // SAFETY: as above; the borrow is exclusive.
        unsafe { slice::from_raw_parts_mut(self.start.add(PREFIX), self.len) }
    }

    /// What the capacity becomes when `more` bytes are to be written and there is no room for them.
    pub(crate) fn grown(&self, more: usize) -> usize {
        self.len.saturating_add(more).max(self.capacity.saturating_mul(2)).max(FIRST_BYTES)
    }

    /// Changes the capacity, which must not fall below the length.
    pub(crate) fn resize(&mut self, capacity: usize) -> Result<(), OutOfMemory> {
        debug_assert!(capacity >= self.len);
        if capacity > MAX_STRING_BYTES {
            return Err(OutOfMemory);
        }
        let bytes = allocated(capacity);
        // SAFETY: the allocation, if there is one, was made with the old capacity.
        let start = unsafe {
            if self.start.is_null() {
                pool::take(bytes)
            } else {
                pool::resize(self.start, allocated(self.capacity), bytes)
            }
        };
        if start.is_null() {
            return Err(OutOfMemory);
        }
        self.start = start;
        self.capacity = capacity;
        Ok(())
    }

    /// Appends bytes that there is room for.
    #[inline]
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        assert!(bytes.len() <= self.room(), "room was made before");
        if bytes.is_empty() {
            return; // perhaps there is no allocation at all
        }
        // SAFETY: there is room behind the bytes written so far; nobody else refers to it.
        unsafe {
            let end = self.start.add(PREFIX + self.len);
            end.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
        }
        self.len += bytes.len();
    }

    /// Appends a copy of `length` bytes, from `from` on, that there is room for.
    pub fn repeat(&mut self, from: usize, length: usize) {
        assert!(
            length <= self.room() && from <= self.len && length <= self.len - from,
            "room was made before"
        );
        if length == 0 {
            return;
        }
        // SAFETY: the source is written, the target is room behind it.
        unsafe {
            let first = self.start.add(PREFIX);
            first.add(self.len).copy_from_nonoverlapping(first.add(from), length);
        }
        self.len += length;
    }
}

/// Bytes of the allocation of a text with this capacity: those of the finished string's cell.
fn allocated(capacity: usize) -> usize {
    OWN_PREFIX + ((cell_bytes(capacity) + 7) & !7)
}

impl Drop for Text {
    fn drop(&mut self) {
        if !self.start.is_null() {
            // SAFETY: the allocation was made with this capacity, and is not used any more.
            unsafe { pool::give(self.start, allocated(self.capacity)) }
        }
    }
}

impl Heap {
    /// The string with what was written.
    pub(crate) fn finish_text(&mut self, mut text: Text) -> Result<*mut StringObject, OutOfMemory> {
        let len = text.len;
        if len < ADOPTED_BYTES {
            return self.string(text.as_bytes());
        }
        if self.memory.refuses(allocated(len)) {
            return Err(OutOfMemory);
        }
        text.resize(len)?;
        let start = std::mem::replace(&mut text.start, null_mut());
        let header = Header { kind: Kind::String, mark: self.memory.epoch, flags: 0, small: 0, size: 0 };
        // SAFETY: the allocation is as large as a string's own cell with its prefix, and belongs to the heap from now
        // on; its bytes are written, the fixed part and the zero are written here.
        unsafe {
            let s = self.memory.adopt(start, allocated(len), header).cast::<StringObject>();
            (*s).hash = 0;
            (*s).len = len as u32;
            s.add(1).cast::<u8>().add(len).write(0);
            Ok(s)
        }
    }
}
