//! A stack in segments: pushing never copies what is already there, so it never takes long.
//!
//! Holds what the collector still has to look at. Invariant: all segments below the top one are full.

use crate::lazy::{Lazy, Unused};

/// Entries of one segment.
const SEGMENT: usize = 512;

/// See the module.
pub(super) struct Segments<T> {
    top: Vec<T>,
    full: Lazy<Vec<Vec<T>>>,
}

impl<T: Copy + 'static> Unused for Segments<T> {
    const UNUSED: &'static Self = &Segments::new();

    fn fresh() -> Self {
        Segments::new()
    }
}

impl<T: Copy + 'static> Segments<T> {
    pub(super) const fn new() -> Self {
        Segments { top: Vec::new(), full: Lazy::new() }
    }

    #[inline]
    pub(super) fn push(&mut self, entry: T) {
        if self.top.len() == SEGMENT {
            self.add();
        }
        self.top.push(entry);
    }

    #[cold]
    fn add(&mut self) {
        let full = std::mem::replace(&mut self.top, Vec::with_capacity(SEGMENT));
        self.full.push(full);
    }

    #[inline]
    pub(super) fn pop(&mut self) -> Option<T> {
        match self.top.pop() {
            None if !self.full.is_empty() => self.lower(),
            entry => entry,
        }
    }

    #[cold]
    fn lower(&mut self) -> Option<T> {
        self.top = self.full.pop()?;
        self.top.pop()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.top.is_empty() && self.full.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.full.iter().flatten().chain(&self.top)
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.full.used().into_iter().flatten().flatten().chain(&mut self.top)
    }

    /// Gives the memory back.
    pub(super) fn release(&mut self) {
        *self = Self::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_back_in_reverse() {
        let mut stack = Segments::new();
        for i in 0..5000 {
            stack.push(i);
            if i % 7 == 0 {
                assert_eq!(stack.pop(), Some(i));
                stack.push(i);
            }
        }
        for i in (0..5000).rev() {
            assert_eq!(stack.pop(), Some(i));
        }
        assert_eq!(stack.pop(), None);
        assert!(stack.is_empty());
    }
}
