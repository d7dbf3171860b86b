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

type Operations = HashMap<OperationId, Option<Abandon>, BuildHasherDefault<Spread>>;

/// See the module documentation.
#[derive(Default)]
pub(crate) struct Books {
    timers: SmallMap,
    sources: SmallMap,
    /// Boxed: few processes have any.
    operations: Option<Box<Operations>>,
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
        self.operations.get_or_insert_default().insert(operation, abandon);
    }

    /// Ends an operation: `None` if it was not running, otherwise what to do if it is dropped unfinished.
    pub(crate) fn end(&mut self, operation: OperationId) -> Option<Option<Abandon>> {
        let operations = self.operations.as_mut()?;
        let ended = operations.remove(&operation);
        if operations.is_empty() {
            self.operations = None;
        }
        ended
    }

    pub(crate) fn take_operations(&mut self) -> impl Iterator<Item = Abandon> {
        self.operations.take().into_iter().flat_map(|operations| operations.into_values().flatten())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.timers.is_empty() && self.sources.is_empty() && self.operations.is_none()
    }
}
