//! What a process has begun and not ended: timers, operations, watched sources.
//!
//! Kept so that everything can be dropped when the process ends. Invariant: an entry is here exactly as long as the
//! process may still be told about it.

use std::hash::BuildHasherDefault;

use hashbrown::HashMap;

use crate::process::{OperationId, SourceId, TimerId};
use crate::small_map::{SmallMap, Spread};

/// What to do with an operation whose process does not wait for it any more.
pub(crate) type Abandon = Box<dyn FnOnce() + Send>;

/// Operations under way: mostly one, which then costs no memory of its own.
#[derive(Default)]
enum Operations {
    #[default]
    None,
    One(OperationId, Option<Abandon>),
    Many(Box<HashMap<OperationId, Option<Abandon>, BuildHasherDefault<Spread>>>),
}

/// See the module documentation.
#[derive(Default)]
pub(crate) struct Books {
    timers: SmallMap,
    sources: SmallMap,
    operations: Operations,
}

impl Books {
    pub(crate) fn add_timer(&mut self, timer: TimerId) {
        self.timers.set(timer.0, 1);
    }

    /// Whether the timer was still running, as far as its process knows.
    pub(crate) fn remove_timer(&mut self, timer: TimerId) -> bool {
        self.timers.set(timer.0, 0) != 0
    }

    pub(crate) fn timers(&self) -> impl Iterator<Item = TimerId> {
        self.timers.iter().map(|(timer, _)| TimerId(timer))
    }

    pub(crate) fn add_source(&mut self, source: SourceId) {
        self.sources.set(source.0, 1);
    }

    pub(crate) fn remove_source(&mut self, source: SourceId) -> bool {
        self.sources.set(source.0, 0) != 0
    }

    pub(crate) fn has_source(&self, source: SourceId) -> bool {
        self.sources.get(source.0).is_some()
    }

    pub(crate) fn sources(&self) -> impl Iterator<Item = SourceId> {
        self.sources.iter().map(|(source, _)| SourceId(source))
    }

    pub(crate) fn begin(&mut self, operation: OperationId, abandon: Option<Abandon>) {
        self.operations = match std::mem::take(&mut self.operations) {
            Operations::None => Operations::One(operation, abandon),
            Operations::One(first, its) => {
                let mut many = Box::<HashMap<_, _, _>>::default();
                many.insert(first, its);
                many.insert(operation, abandon);
                Operations::Many(many)
            }
            Operations::Many(mut many) => {
                many.insert(operation, abandon);
                Operations::Many(many)
            }
        };
    }

    /// Ends an operation: `None` if it was not running, otherwise what to do if it is dropped unfinished.
    pub(crate) fn end(&mut self, operation: OperationId) -> Option<Option<Abandon>> {
        match &mut self.operations {
            Operations::One(one, abandon) if *one == operation => {
                let abandon = abandon.take();
                self.operations = Operations::None;
                Some(abandon)
            }
            Operations::None | Operations::One(..) => None,
            Operations::Many(many) => {
                let ended = many.remove(&operation);
                if many.is_empty() {
                    self.operations = Operations::None;
                }
                ended
            }
        }
    }

    pub(crate) fn take_operations(&mut self) -> impl Iterator<Item = Abandon> {
        let (one, many) = match std::mem::take(&mut self.operations) {
            Operations::None => (None, None),
            Operations::One(_, abandon) => (abandon, None),
            Operations::Many(many) => (None, Some(many)),
        };
        one.into_iter().chain(many.into_iter().flat_map(|many| many.into_values().flatten()))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.timers.is_empty() && self.sources.is_empty() && matches!(self.operations, Operations::None)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[test]
    fn operations_end_once_and_the_rest_is_abandoned() {
        for count in [1_u64, 2, 3, 100] {
            let (mut books, abandoned) = (Books::default(), Arc::new(AtomicU64::new(0)));
            for number in 0..count {
                let abandoned = Arc::clone(&abandoned);
                let weight = 1 << (8 * (number % 2));
                let abandon = move || {
                    abandoned.fetch_add(weight, Ordering::Relaxed);
                };
                books.begin(OperationId(number), Some(Box::new(abandon)));
            }
            assert!(books.end(OperationId(count)).is_none() && !books.is_empty());
            for number in (0..count).step_by(2) {
                assert!(matches!(books.end(OperationId(number)), Some(Some(_))));
                assert!(books.end(OperationId(number)).is_none());
            }
            assert_eq!(books.is_empty(), count == 1);
            books.take_operations().for_each(|abandon| abandon());
            assert!(books.is_empty());
            assert_eq!(abandoned.load(Ordering::Relaxed), (count / 2) << 8, "{count}");
        }
    }
}
