//! The run queue: scheduled coroutines that can go on, in the order in which they will.
//!
//! Mostly one is ready at a time, and that one takes no memory of its own. Invariant: without a first one there is
//! nobody.

use std::collections::VecDeque;
use std::ptr::null_mut;

use super::object::Coroutine;
use crate::lazy::Lazy;

/// See the module. Holds the innermost coroutine of each chain.
pub(crate) struct Ready {
    first: *mut Coroutine,
    rest: Lazy<VecDeque<*mut Coroutine>>,
}

impl Ready {
    pub(super) const fn new() -> Ready {
        Ready { first: null_mut(), rest: Lazy::new() }
    }

    /// Whether nobody is ready.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_null()
    }

    /// Adds one that goes on after all others.
    #[inline(always)]
    pub(crate) fn push_back(&mut self, co: *mut Coroutine) {
        if self.first.is_null() {
            self.first = co;
        } else {
            self.push_behind(co);
        }
    }

    #[inline(never)]
    fn push_behind(&mut self, co: *mut Coroutine) {
        self.rest.push_back(co);
    }

    /// Adds one that goes on next.
    pub(crate) fn push_front(&mut self, co: *mut Coroutine) {
        let second = std::mem::replace(&mut self.first, co);
        if !second.is_null() {
            self.rest.push_front(second);
        }
    }

    /// Takes the one that goes on next.
    #[inline]
    pub(crate) fn pop_front(&mut self) -> Option<*mut Coroutine> {
        if self.first.is_null() {
            return None;
        }
        let next = if self.rest.is_unused() { null_mut() } else { self.second() };
        Some(std::mem::replace(&mut self.first, next))
    }

    #[inline(never)]
    fn second(&mut self) -> *mut Coroutine {
        self.rest.pop_front().unwrap_or(null_mut())
    }

    /// All, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = *mut Coroutine> {
        let first = (!self.first.is_null()).then_some(self.first);
        first.into_iter().chain(self.rest.iter().copied())
    }

    /// Forgets all.
    pub(crate) fn clear(&mut self) {
        *self = Ready::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_queue_with_a_way_in_at_the_front() {
        let co = |n: usize| std::ptr::without_provenance_mut::<Coroutine>(n * 16);
        let mut ready = Ready::new();
        let mut model = VecDeque::new();
        let mut seed = 0x2545_f491_4f6c_dd1d_u64;
        for n in 1..2000 {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            match seed >> 32 & 7 {
                0..3 => {
                    ready.push_back(co(n));
                    model.push_back(co(n));
                }
                3 => {
                    ready.push_front(co(n));
                    model.push_front(co(n));
                }
                _ => assert_eq!(ready.pop_front(), model.pop_front()),
            }
            assert!(ready.iter().eq(model.iter().copied()) && ready.is_empty() == model.is_empty());
        }
        ready.push_back(co(1));
        ready.push_back(co(2));
        ready.clear();
        assert!(ready.is_empty() && ready.iter().next().is_none());
    }
}
