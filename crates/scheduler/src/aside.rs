//! Whom a step wakes or starts without its turn: through a handle, by completing an operation, in a callback.
//!
//! Such a deed knows no worker, so it would go to the injector and wake another one, though the process that did it is
//! about to wait for its outcome. While a step runs, the last one is kept here instead and becomes the next of the same
//! worker, as if the turn had woken it. Invariant: outside of a step nothing is kept.

use std::cell::Cell;

use crate::table::Runnable;

struct Place {
    /// The scheduler whose step runs on this thread; 0 for none.
    hub: Cell<usize>,
    kept: Cell<Option<Runnable>>,
}

thread_local! {
    static PLACE: Place = const { Place { hub: Cell::new(0), kept: Cell::new(None) } };
}

/// A step of this scheduler begins on this thread.
#[inline(always)]
pub(crate) fn open(hub: usize) {
    PLACE.with(|place| place.hub.set(hub));
}

/// The step is over; who is to run next.
#[inline(always)]
pub(crate) fn close() -> Option<Runnable> {
    PLACE.with(|place| {
        place.hub.set(0);
        place.kept.take()
    })
}

/// Keeps a process of this scheduler if one of its steps runs on this thread. Who has to go to the injector: the one that
/// was kept before, or this one.
pub(crate) fn keep(hub: usize, runnable: Runnable) -> Option<Runnable> {
    PLACE.with(|place| match place.hub.get() == hub {
        true => place.kept.replace(Some(runnable)),
        false => Some(runnable),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_one_is_kept_while_a_step_of_the_same_scheduler_runs() {
        let number = |kept: Option<Runnable>| kept.map(|runnable| runnable.index());
        assert_eq!(number(keep(1, Runnable::of(7))), Some(7));
        open(1);
        assert_eq!(number(keep(1, Runnable::of(7))), None);
        assert_eq!(number(keep(2, Runnable::of(8))), Some(8));
        assert_eq!(number(keep(1, Runnable::of(9))), Some(7));
        assert_eq!(number(close()), Some(9));
        assert_eq!((number(close()), number(keep(1, Runnable::of(7)))), (None, Some(7)));
    }
}
