//! `Lazy`: a collection that takes one pointer until something is put into it.
//!
//! An idle interpreter has many lists that are empty. Reading an unused one reads a shared empty one; only a method that
//! changes it makes it. Invariant: taking from an unused one, or clearing it, does not make it.

use std::collections::VecDeque;
use std::ops::{Deref, DerefMut};

/// A collection with an empty value that everybody can share.
pub(crate) trait Unused: Sized + 'static {
    /// The shared empty value.
    const UNUSED: &'static Self;

    /// An empty value of one's own.
    fn fresh() -> Self;
}

impl<T: 'static> Unused for Vec<T> {
    const UNUSED: &'static Self = &Vec::new();

    fn fresh() -> Self {
        Vec::new()
    }
}

impl<T: 'static> Unused for VecDeque<T> {
    const UNUSED: &'static Self = &VecDeque::new();

    fn fresh() -> Self {
        VecDeque::new()
    }
}

/// See the module.
pub(crate) struct Lazy<T>(Option<Box<T>>);

impl<T> Lazy<T> {
    pub(crate) const fn new() -> Lazy<T> {
        Lazy(None)
    }

    /// Whether nothing was ever put into it.
    #[inline(always)]
    pub(crate) fn is_unused(&self) -> bool {
        self.0.is_none()
    }

    /// The collection, if it was used.
    pub(crate) fn used(&mut self) -> Option<&mut T> {
        self.0.as_deref_mut()
    }

    /// Empties it and gives its memory back.
    pub(crate) fn clear(&mut self) {
        self.0 = None;
    }
}

impl<T> Default for Lazy<T> {
    fn default() -> Lazy<T> {
        Lazy::new()
    }
}

impl<T: Unused> Deref for Lazy<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        match &self.0 {
            Some(used) => used,
            None => T::UNUSED,
        }
    }
}

impl<T: Unused> DerefMut for Lazy<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        self.0.get_or_insert_with(|| Box::new(T::fresh()))
    }
}

impl<T> Lazy<Vec<T>> {
    pub(crate) fn pop(&mut self) -> Option<T> {
        self.used()?.pop()
    }
}

impl<T> Lazy<VecDeque<T>> {
    pub(crate) fn pop_front(&mut self) -> Option<T> {
        self.used()?.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changes_it_makes_it() {
        let mut list: Lazy<Vec<i32>> = Lazy::new();
        assert!(list.is_empty() && list.iter().next().is_none() && list.pop().is_none());
        list.clear();
        assert!(list.used().is_none());
        list.push(1);
        assert_eq!((list.len(), list.pop()), (1, Some(1)));
        list.clear();
        assert!(list.used().is_none());
        let mut queue: Lazy<VecDeque<i32>> = Lazy::default();
        assert!(queue.pop_front().is_none() && queue.used().is_none());
        queue.push_back(7);
        assert_eq!(queue.pop_front(), Some(7));
        assert_eq!(size_of_val(&queue), 8);
    }
}
