//! Immortal strings, one set per OS process: names of builtins and metamethods, constants of shared programs, and
//! every string of one byte.
//!
//! Append-only, so that a pointer once given out is valid in every heap for ever. Not for strings that come from
//! running scripts: nothing here is ever freed. Invariant: no two entries have equal bytes.

use std::ptr::null;
use std::sync::{OnceLock, PoisonError, RwLock};

use super::hash;
use super::object::{Header, IMMORTAL, Kind, StringObject};
use super::string::{bytes, cell_bytes};

/// An immortal string, written before it is shared and never after.
#[derive(Clone, Copy)]
struct Immortal(*const StringObject);

// SAFETY: the string it points to is immutable and never freed; the collector neither follows nor writes immortal
// cells, and its hash is computed at birth.
unsafe impl Send for Immortal {}
// SAFETY: as above.
unsafe impl Sync for Immortal {}

/// Open-addressing table, at most half full.
struct Pool {
    slots: Vec<Immortal>,
    count: usize,
}

static POOL: RwLock<Pool> = RwLock::new(Pool { slots: Vec::new(), count: 0 });

static TINY: OnceLock<[Immortal; 257]> = OnceLock::new();

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

    fn grow(&mut self) {
        let len = (self.slots.len() * 2).max(512);
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

fn make(contents: &[u8]) -> Immortal {
    let size = cell_bytes(contents.len()).div_ceil(8);
    let words = Box::leak(vec![0_u64; size].into_boxed_slice());
    let s = words.as_mut_ptr().cast::<StringObject>();
    let header = Header { kind: Kind::String, mark: IMMORTAL, flags: 0, small: 0, size: (size * 8) as u32 };
    // SAFETY: the words have room for the fixed part, the bytes and a zero.
    unsafe {
        s.write(StringObject {
            header,
            hash: hash::hash(hash::seed(), contents),
            len: contents.len() as u32,
        });
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
    let mut pool = POOL.write().unwrap_or_else(PoisonError::into_inner);
    if pool.count * 2 >= pool.slots.len() {
        pool.grow();
    }
    let i = pool.find(hash, contents);
    if pool.slots[i].0.is_null() {
        pool.slots[i] = make(contents);
        pool.count += 1;
    }
    pool.slots[i].0
}

/// The immortal string with these bytes, or null.
pub(crate) fn lookup(contents: &[u8]) -> *const StringObject {
    if contents.len() <= 1 {
        return tiny(contents.first().copied());
    }
    let hash = hash::hash(hash::seed(), contents);
    let pool = POOL.read().unwrap_or_else(PoisonError::into_inner);
    if pool.slots.is_empty() { null() } else { pool.slots[pool.find(hash, contents)].0 }
}

/// The string of one byte, or the empty one.
#[inline]
pub(crate) fn tiny(byte: Option<u8>) -> *const StringObject {
    let all = TINY.get_or_init(|| {
        std::array::from_fn(|i| match u8::try_from(i) {
            Ok(byte) => make(&[byte]),
            Err(_) => make(&[]),
        })
    });
    all[byte.map_or(256, usize::from)].0
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
}
