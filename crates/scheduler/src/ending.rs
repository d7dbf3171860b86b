//! The last things of a process: what it had is dropped, then everybody is told.
//!
//! Nobody finds it any more and its names are free when this begins. Dropping a heap of hundreds of megabytes takes a
//! worker longer than many slices, so large ones are dropped on the blocking pool; the order of events is the same.
//! Invariant: an ending that was begun is carried out, also if the pool refuses it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::hub::Hub;
use crate::links::Relations;
use crate::mailbox::List;
use crate::pid::Pid;
use crate::process::{Exit, Process};
use crate::sync::Ordering;
use crate::table::{Owned, Runnable};
use crate::worker::Core;

/// Bytes whose release may delay others: about a millisecond. Measured: 500 MB take 80 to 180 ms.
const HEAVY_BYTES: usize = 4 << 20;

/// A process that is over. See the module.
pub(crate) struct Ending<P: Process> {
    pub(crate) pid: Pid,
    pub(crate) runnable: Runnable,
    pub(crate) relations: Option<Box<Relations>>,
    pub(crate) exit: Exit<P::Output, P::Error>,
}

impl<P: Process> Ending<P> {
    /// Carries it out, on the worker or elsewhere.
    pub(crate) fn begin(mut self, hub: &Arc<Hub<P>>, core: &mut Core<P>) {
        let body = hub.table.owned(&mut self.runnable).body.as_ref();
        if body.is_some_and(|body| body.burden_bytes() > HEAVY_BYTES) {
            // Until it is carried out, nobody may conclude that nothing can happen any more.
            hub.pending.fetch_add(1, Ordering::SeqCst);
            let elsewhere = Elsewhere { hub: Arc::clone(hub), ending: Some(self) };
            hub.blocking.submit(Box::new(move || drop(elsewhere)));
        } else {
            self.carry_out(hub, Some(core));
        }
    }

    fn carry_out(mut self, hub: &Arc<Hub<P>>, mut core: Option<&mut Core<P>>) {
        clear(hub, hub.table.owned(&mut self.runnable));
        match core.as_deref_mut() {
            Some(core) => core.count(hub).ended.add(1),
            None => hub.outside_counters().ended.add_shared(1),
        }
        hub.uncount_spawn();
        let Ending { pid, runnable, relations, exit } = self;
        if let Some(relations) = &relations {
            hub.announce(core.as_deref_mut(), pid, relations, &exit);
        }
        drop(relations);
        // Others may hold clones of what is in there; a destructor that panics is as harmless as a step that does.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(exit)));
        match core {
            Some(core) => hub.table.vacate(&mut core.free, pid, runnable),
            None => hub.table.vacate(&mut hub.outside.lock(), pid, runnable),
        }
    }
}

/// An ending on its way to another thread; it takes place where this is dropped.
struct Elsewhere<P: Process> {
    hub: Arc<Hub<P>>,
    ending: Option<Ending<P>>,
}

impl<P: Process> Drop for Elsewhere<P> {
    fn drop(&mut self) {
        if let Some(ending) = self.ending.take() {
            ending.carry_out(&self.hub, None);
            self.hub.pending.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

/// Drops everything a process had. Destructors that panic harm nobody.
pub(crate) fn clear<P: Process>(hub: &Arc<Hub<P>>, owned: &mut Owned<P>) {
    let body = owned.body.take();
    let _ = catch_unwind(AssertUnwindSafe(|| drop(body)));
    let inbox = std::mem::replace(&mut owned.inbox, List::new());
    let _ = catch_unwind(AssertUnwindSafe(|| drop(inbox)));
    if let Some(mut books) = owned.books.take() {
        for timer in books.timers() {
            if let Some(wheel) = hub.wheels.get(timer.wheel()) {
                wheel.lock().cancel(timer.key());
            }
        }
        for source in books.sources() {
            hub.reactor.forget(source);
        }
        for abandon in books.take_operations() {
            let _ = catch_unwind(AssertUnwindSafe(abandon));
        }
    }
    owned.debt = 0;
    owned.trap_links = false;
    owned.asleep = false;
}
