//! What all workers and handles share, and the deeds that need no worker: deliver, wake, relate, name, end.
//!
//! Every function takes the worker it runs on, if any: with one, nodes come from its pool and woken processes go to
//! its queues; without one, to the allocator and the injector. Invariant: no lock is held while anything is delivered,
//! and two relation locks are taken in the order of their pids' places only.

use std::sync::Arc;

use crossbeam_deque::Injector;
use crossbeam_utils::CachePadded;
use hashbrown::HashMap;
use parking_lot::Mutex;

use crate::aside;
use crate::blocking::Blocking;
use crate::builder::Settings;
use crate::clock::Clock;
use crate::error::{MonitorError, NameError, NoProcess, SpawnError};
use crate::idle::Idle;
use crate::inbox::Bell;
use crate::letter::Letter;
use crate::links::{Both, Notice, Relations};
use crate::mailbox::{Parcel, Store};
use crate::names::Names;
use crate::pid::{Hosts, Pid};
use crate::process::{Exit, Process, Signal};
use crate::queue::Theft;
use crate::reactor::Reactor;
use crate::stats::{Counters, Statistics};
use crate::sync::{AtomicUsize, Ordering};
use crate::table::{Free, Runnable, Table};
use crate::timer::wheel::Wheel;
use crate::worker::Core;

/// Life of the scheduler.
pub(crate) const RUNNING: usize = 0;
/// Nothing new is started; what runs is being ended.
pub(crate) const ENDING: usize = 1;
/// Workers leave.
pub(crate) const STOPPED: usize = 2;

/// See the module documentation.
pub(crate) struct Hub<P: Process> {
    pub(crate) table: Table<P>,
    pub(crate) hosts: Hosts,
    pub(crate) names: Names,
    pub(crate) injector: Injector<Runnable>,
    pub(crate) theft: Box<[Theft]>,
    pub(crate) idle: Idle,
    pub(crate) reactor: Reactor,
    pub(crate) blocking: Arc<Blocking>,
    pub(crate) wheels: Box<[CachePadded<Mutex<Wheel>>]>,
    pub(crate) clock: Clock,
    pub(crate) nodes: Store<Letter<P>>,
    /// One per worker, and the last for everybody else.
    pub(crate) counters: Box<[CachePadded<Counters>]>,
    /// Free places for spawns from outside.
    pub(crate) outside: Mutex<Free>,
    /// How to wake the mailboxes owned by Rust code, by place.
    pub(crate) bells: Mutex<HashMap<u32, Arc<Bell>>>,
    /// Operations begun and not completed.
    pub(crate) pending: AtomicUsize,
    pub(crate) stage: AtomicUsize,
    /// Processes and places promised, counted only if there is a limit.
    pub(crate) promised: AtomicUsize,
    pub(crate) settings: Settings,
}

impl<P: Process> Hub<P> {
    pub(crate) fn stage(&self) -> usize {
        self.stage.load(Ordering::Relaxed)
    }

    pub(crate) fn outside_counters(&self) -> &Counters {
        &self.counters[self.counters.len() - 1]
    }

    /// Processes alive.
    pub(crate) fn alive(&self) -> usize {
        // Read the ends first: a sum that is too large is harmless, one that is too small ends a wait early.
        let ended = self.ended();
        let spawned: u64 = self.counters.iter().map(|one| one.spawned.get()).sum();
        spawned.saturating_sub(ended) as usize
    }

    /// Processes that have ended.
    pub(crate) fn ended(&self) -> u64 {
        self.counters.iter().map(|one| one.ended.get()).sum()
    }

    pub(crate) fn may_spawn(&self) -> Result<(), SpawnError> {
        if self.stage() != RUNNING {
            return Err(SpawnError::ShuttingDown);
        }
        if let Some(limit) = self.settings.max_processes
            && self.promised.fetch_add(1, Ordering::Relaxed) >= limit
        {
            self.promised.fetch_sub(1, Ordering::Relaxed);
            return Err(SpawnError::Limit(limit));
        }
        Ok(())
    }

    pub(crate) fn uncount_spawn(&self) {
        if self.settings.max_processes.is_some() {
            self.promised.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Puts a letter into a mailbox and its owner, if it slept, into a queue.
    ///
    /// # Errors
    /// When the receiver is gone.
    pub(crate) fn deliver(
        self: &Arc<Self>,
        core: Option<&mut Core<P>>,
        target: Pid,
        from: Pid,
        letter: Letter<P>,
    ) -> Result<(), Parcel<Letter<P>>> {
        match core {
            Some(core) => {
                let parcel = core.pool.parcel(target, from, letter);
                if let Some(runnable) = self.table.push(parcel)? {
                    self.wake(Some(core), runnable);
                }
            }
            None => {
                if let Some(runnable) = self.table.push(Parcel::new(target, from, letter))? {
                    self.wake(None, runnable);
                }
            }
        }
        Ok(())
    }

    /// A message took the place of `PARKED`: its owner must run.
    pub(crate) fn wake(self: &Arc<Self>, core: Option<&mut Core<P>>, runnable: Runnable) {
        if self.table.slot(&runnable).is_external() {
            self.ring(runnable);
            return;
        }
        match core {
            Some(core) => {
                if core.queues.wake(runnable) {
                    core.notify(self);
                }
            }
            None => self.inject(runnable),
        }
    }

    /// Wakes the Rust code that waits at a mailbox of its own.
    fn ring(&self, runnable: Runnable) {
        let bell = self.bells.lock().get(&runnable.index()).cloned();
        if let Some(bell) = bell {
            bell.ring(runnable);
        }
    }

    /// Tells this scheduler from others in the same program.
    pub(crate) fn address(&self) -> usize {
        std::ptr::from_ref(self) as usize
    }

    /// Queues a process for whoever has time, unless a step of this scheduler runs here: see [`aside`].
    pub(crate) fn inject(&self, runnable: Runnable) {
        if let Some(runnable) = aside::keep(self.address(), runnable) {
            self.offer(runnable);
        }
    }

    /// Queues a process for whoever has time.
    pub(crate) fn offer(&self, runnable: Runnable) {
        self.injector.push(runnable);
        if self.idle.notify(&self.reactor) {
            self.outside_counters().wakes.add_shared(1);
        }
    }

    /// # Errors
    /// When there is no such process.
    pub(crate) fn kill(self: &Arc<Self>, core: Option<&mut Core<P>>, target: Pid) -> Result<(), NoProcess> {
        self.deliver(core, target, Pid::SYSTEM, Letter::Kill).map_err(|_| NoProcess(target))
    }

    /// Calls `f` with the relations of two processes that both live.
    fn both<R>(&self, own: Pid, peer: Pid, f: impl FnOnce(&mut Both<'_>) -> R) -> Result<R, Pid> {
        let (first, second) = if own.index() < peer.index() { (own, peer) } else { (peer, own) };
        let lock = |pid: Pid| self.table.find(pid).and_then(|slot| slot.relations(pid)).ok_or(pid);
        let (mut first, mut second) = (lock(first)?, lock(second)?);
        let (ours, theirs) =
            if own.index() < peer.index() { (&mut first, &mut second) } else { (&mut second, &mut first) };
        let mut both = Both { own: (own, ours.get_mut()), peer: (peer, theirs.get_mut()) };
        let result = f(&mut both);
        first.tidy();
        second.tidy();
        Ok(result)
    }

    /// `watcher` is told when `target` ends.
    pub(crate) fn monitor(&self, watcher: Pid, target: Pid) -> Result<(), MonitorError> {
        if watcher == target {
            return Ok(());
        }
        if watcher.index() == target.index() {
            return Err(MonitorError::NoProcess(target));
        }
        match self.both(watcher, target, |both| both.watch()) {
            Ok(false) => Ok(()),
            Ok(true) => Err(MonitorError::Already(target)),
            Err(gone) => Err(MonitorError::NoProcess(gone)),
        }
    }

    /// Whether there was a monitor.
    pub(crate) fn unmonitor(&self, watcher: Pid, target: Pid) -> bool {
        watcher.index() != target.index()
            && self.both(watcher, target, |both| both.unwatch()).unwrap_or(false)
    }

    pub(crate) fn link(&self, own: Pid, partner: Pid) -> Result<(), NoProcess> {
        if own == partner {
            return Ok(());
        }
        if own.index() == partner.index() {
            return Err(NoProcess(partner));
        }
        self.both(own, partner, |both| both.link()).map(drop).map_err(NoProcess)
    }

    /// Whether there was a link.
    pub(crate) fn unlink(&self, own: Pid, partner: Pid) -> bool {
        own.index() != partner.index() && self.both(own, partner, |both| both.unlink()).unwrap_or(false)
    }

    pub(crate) fn register(&self, name: &[u8], pid: Pid) -> Result<(), NameError> {
        let mut names = self.names.lock();
        let slot = self.table.find(pid).ok_or(NameError::NoProcess(pid))?;
        match names.get(name) {
            Some(owner) if owner == pid => return Ok(()),
            Some(owner) if self.table.find(owner).is_some() => return Err(NameError::Taken(owner)),
            // The owner has ended and is about to release the name.
            Some(_) | None => {}
        }
        let mut relations = slot.relations(pid).ok_or(NameError::NoProcess(pid))?;
        relations.get_mut().add_name(name);
        names.insert(name, pid);
        Ok(())
    }

    /// The process that had the name.
    pub(crate) fn unregister(&self, name: &[u8]) -> Option<Pid> {
        let mut names = self.names.lock();
        let owner = names.remove(name)?;
        if let Some(mut relations) = self.table.find(owner).and_then(|slot| slot.relations(owner)) {
            relations.get_mut().remove_name(name);
            relations.tidy();
        }
        Some(owner)
    }

    /// The living process with this name.
    pub(crate) fn lookup(&self, name: &[u8]) -> Option<Pid> {
        self.names.lookup(name).filter(|&pid| self.table.find(pid).is_some())
    }

    /// Undoes what was noted with others for a process that is not started after all.
    pub(crate) fn forget_newborn(&self, pid: Pid, runnable: &mut Runnable) {
        if let Some(relations) = self.table.retire(runnable) {
            self.release_names(pid, &relations);
            for peer in relations.peers() {
                self.end_relation(peer, pid);
            }
        }
    }

    pub(crate) fn release_names(&self, pid: Pid, relations: &Relations) {
        for name in relations.names() {
            self.names.lock().release(name, pid);
        }
    }

    /// Takes the note about `ended` out of the peer's relations: what the peer must be told.
    fn end_relation(&self, peer: Pid, ended: Pid) -> Notice {
        let Some(mut relations) = self.table.find(peer).and_then(|slot| slot.relations(peer)) else {
            return Notice::default();
        };
        // What is empty now is kept: who has watched one will mostly watch another.
        relations.get_mut().peer_ended(ended)
    }

    /// Tells everybody who is to be told that a process has ended.
    pub(crate) fn announce(
        self: &Arc<Self>,
        mut core: Option<&mut Core<P>>,
        ended: Pid,
        relations: &Relations,
        exit: &Exit<P::Output, P::Error>,
    ) {
        for peer in relations.peers() {
            let notice = self.end_relation(peer, ended);
            if notice.link
                && let Exit::Failed(failure) = exit
            {
                let signal = Signal::LinkDown { pid: ended, failure: failure.clone() };
                let _ = self.deliver(core.as_deref_mut(), peer, Pid::SYSTEM, Letter::signal(signal));
            }
            if notice.exit {
                let signal = Signal::Exit { pid: ended, exit: exit.clone() };
                let _ = self.deliver(core.as_deref_mut(), peer, Pid::SYSTEM, Letter::signal(signal));
            }
        }
    }

    /// Whether any worker could find something to run.
    pub(crate) fn has_work(&self) -> bool {
        !self.injector.is_empty() || self.theft.iter().any(|queues| !queues.is_empty())
    }

    /// Whether nothing can happen any more unless Rust code outside does it: no timer, no operation, no source.
    pub(crate) fn expects_nothing(&self) -> bool {
        self.pending.load(Ordering::SeqCst) == 0
            && !self.reactor.is_used()
            && !self.has_work()
            && self.wheels.iter().all(|wheel| wheel.lock().len() == 0)
    }

    pub(crate) fn statistics(&self) -> Statistics {
        let mut sum = Statistics::sum(self.counters.iter().map(|one| &**one));
        sum.queued = self.theft.iter().map(Theft::len).collect();
        sum.injected = self.injector.len();
        sum.timers = self.wheels.iter().map(|wheel| wheel.lock().len()).sum();
        sum.operations = self.pending.load(Ordering::Relaxed);
        sum.blocking = self.blocking.waiting();
        sum.names = self.names.len();
        sum.sleeping = self.idle.parked();
        sum
    }
}
