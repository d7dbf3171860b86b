//! Names: the strings that constants of this heap's code are, each once.
//!
//! Two functions that mean the same field hold the same object, so that finding the field is a comparison of pointers.
//! Code that heaps share takes its constants from `shared` instead. Invariant: no two names of a heap have equal bytes;
//! names are kept alive by code, not by this table.

use std::ptr::null_mut;

use super::Heap;
use super::object::StringObject;
use super::string::{bytes, hash};

/// A weak set of short strings, with open addressing.
#[derive(Default)]
pub(super) struct Names {
    /// A power of two of them, never full, or none; null is free.
    slots: Box<[*mut StringObject]>,
    count: usize,
}

/// Slots of the first table.
const FIRST: usize = 16;

impl Heap {
    /// The name with these bytes, or null.
    #[inline]
    pub(super) fn name(&self, hash: u32, wanted: &[u8]) -> *mut StringObject {
        match &self.names {
            // SAFETY: names are forgotten before they are freed.
            Some(names) => unsafe { names.find(hash, wanted) },
            None => null_mut(),
        }
    }

    /// The name with the bytes of a short string: that string itself if there was none.
    ///
    /// # Safety
    /// The string is alive.
    pub(super) unsafe fn enter_name(&mut self, s: *mut StringObject) -> *mut StringObject {
        // SAFETY: the caller's promise; names are forgotten before they are freed.
        unsafe {
            let known = self.name(hash(s), bytes(s));
            if !known.is_null() {
                return known;
            }
            let grown = self.names.get_or_insert_default().add(s);
            self.memory.account(grown);
        }
        s
    }

    /// Forgets the names that were not marked.
    ///
    /// # Safety
    /// Marking has ended, and no cell has been freed since.
    pub(super) unsafe fn purge_names(&mut self) {
        if let Some(names) = &mut self.names {
            // SAFETY: the caller's promise.
            let grown = unsafe { names.purge(self.memory.epoch) };
            self.memory.account(grown);
        }
    }
}

impl Names {
    /// The name with these bytes, or null.
    ///
    /// # Safety
    /// All names are alive.
    unsafe fn find(&self, hash: u32, wanted: &[u8]) -> *mut StringObject {
        if self.slots.is_empty() {
            return null_mut();
        }
        let mask = self.slots.len() - 1;
        let mut place = hash as usize & mask;
        loop {
            let name = self.slots[place];
            // SAFETY: the caller's promise.
            if name.is_null() || unsafe { self::hash(name) == hash && bytes(name) == wanted } {
                return name;
            }
            place = (place + 1) & mask;
        }
    }

    /// Adds a short string that is not among them; by how many bytes the table grew.
    ///
    /// # Safety
    /// All names are alive, and so is the new one.
    unsafe fn add(&mut self, name: *mut StringObject) -> isize {
        let grown = if self.count * 4 >= self.slots.len() * 3 {
            // SAFETY: the caller's promise.
            unsafe { self.resize((self.slots.len() * 2).max(FIRST)) }
        } else {
            0
        };
        // SAFETY: the caller's promise; there is a free slot.
        unsafe { self.put(name) };
        self.count += 1;
        grown
    }

    /// Forgets the names that were not marked; by how many bytes the table grew, less than nothing if it shrank.
    ///
    /// # Safety
    /// Marking has ended with `epoch`, and no cell has been freed since.
    unsafe fn purge(&mut self, epoch: u8) -> isize {
        // SAFETY: the caller's promise.
        let marked = |name: *mut StringObject| !name.is_null() && unsafe { (*name).header.mark } & epoch != 0;
        let kept = self.slots.iter().filter(|&&name| marked(name)).count();
        if kept == self.count {
            return 0;
        }
        for name in &mut self.slots {
            if !marked(*name) {
                *name = null_mut();
            }
        }
        self.count = kept;
        let len = if kept == 0 { 0 } else { (kept * 4 / 3 + 1).next_power_of_two().max(FIRST) };
        // SAFETY: those that are left are alive. Chains may have gaps now, so the table is made anew in any case.
        unsafe { self.resize(len) }
    }

    /// Makes a table of `len` slots, enough for all names; by how many bytes it grew.
    unsafe fn resize(&mut self, len: usize) -> isize {
        let change = (len as isize - self.slots.len() as isize) * size_of::<*mut StringObject>() as isize;
        let old = std::mem::replace(&mut self.slots, vec![null_mut(); len].into_boxed_slice());
        for &name in old.iter().filter(|name| !name.is_null()) {
            // SAFETY: the caller's promise that they are alive; there is room.
            unsafe { self.put(name) };
        }
        change
    }

    /// Puts a name into the first free slot from its own on.
    unsafe fn put(&mut self, name: *mut StringObject) {
        let mask = self.slots.len() - 1;
        // SAFETY: the caller's promise that it is alive; short strings are hashed.
        let mut place = unsafe { hash(name) } as usize & mask;
        while !self.slots[place].is_null() {
            place = (place + 1) & mask;
        }
        self.slots[place] = name;
    }

    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.slots)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Heap;

    #[test]
    fn names_are_one_object_each_and_go_with_their_code() {
        let mut heap = Heap::new(usize::MAX);
        let text = |i: usize| format!("name number {i}");
        let first: Vec<_> = (0..500).map(|i| heap.constant_string(text(i).as_bytes()).unwrap()).collect();
        for (i, &name) in first.iter().enumerate() {
            assert_eq!(heap.constant_string(text(i).as_bytes()).unwrap(), name);
            assert_eq!(heap.string(text(i).as_bytes()).unwrap(), name);
        }
        // SAFETY: nothing of it is used afterwards: no code has these constants, so all of them are garbage.
        unsafe { heap.full() };
        assert!(heap.names.as_ref().is_some_and(|names| names.count == 0 && names.slots.is_empty()));
        assert!(heap.name(1, b"name number 1").is_null());
    }
}
