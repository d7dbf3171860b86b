//! What a new process starts with, and how it is started.
//!
//! Watchers, links, name and first messages are in place before the first step. Invariant: a refused spawn leaves no
//! trace and hands everything back.

use std::sync::Arc;

use smallvec::SmallVec;

use crate::error::{Refused, SpawnError};
use crate::hub::Hub;
use crate::letter::Letter;
use crate::pid::{HostId, Pid};
use crate::process::Process;
use crate::worker::Core;

/// A process to be started, with everything that must hold before its first step.
pub struct Spawn<P: Process> {
    /// The process.
    pub process: P,
    host: HostId,
    watcher: Option<Pid>,
    partner: Option<Pid>,
    name: Option<Box<[u8]>>,
    messages: SmallVec<[(Pid, P::Message); 1]>,
}

impl<P: Process> Spawn<P> {
    /// The process alone.
    pub fn new(process: P) -> Spawn<P> {
        Spawn {
            process,
            host: HostId::default(),
            watcher: None,
            partner: None,
            name: None,
            messages: SmallVec::new(),
        }
    }

    /// It belongs to this host.
    pub fn host(mut self, host: HostId) -> Spawn<P> {
        self.host = host;
        self
    }

    /// `watcher` has a monitor on it.
    pub fn monitored_by(mut self, watcher: Pid) -> Spawn<P> {
        self.watcher = Some(watcher);
        self
    }

    /// `partner` is linked to it.
    pub fn linked_to(mut self, partner: Pid) -> Spawn<P> {
        self.partner = Some(partner);
        self
    }

    /// It has this name; if another process has, nothing is started.
    pub fn name(mut self, name: &[u8]) -> Spawn<P> {
        self.name = Some(name.into());
        self
    }

    /// It finds this message in its mailbox. Repeatable, in order.
    pub fn message(mut self, from: Pid, message: P::Message) -> Spawn<P> {
        self.messages.push((from, message));
        self
    }

    /// Takes the first messages out again, after a refusal.
    pub fn into_messages(self) -> impl Iterator<Item = (Pid, P::Message)> {
        self.messages.into_iter()
    }
}

impl<P: Process> Hub<P> {
    /// Starts a process; from a step if there is a core, from outside otherwise.
    pub(crate) fn spawn(
        self: &Arc<Self>,
        mut core: Option<&mut Core<P>>,
        spawn: Spawn<P>,
    ) -> Result<Pid, Refused<P>> {
        if let Err(reason) = self.may_spawn() {
            return Err(Refused { reason, spawn: Box::new(spawn) });
        }
        let allocated = match core.as_deref_mut() {
            Some(core) => self.table.allocate(&mut core.free, spawn.host, false),
            None => self.table.allocate(&mut self.outside.lock(), spawn.host, false),
        };
        let Some((pid, mut runnable)) = allocated else {
            self.uncount_spawn();
            return Err(Refused { reason: SpawnError::Limit(self.alive()), spawn: Box::new(spawn) });
        };
        if let Err(reason) = self.relate_newborn(pid, &spawn) {
            self.forget_newborn(pid, &mut runnable);
            match core {
                Some(core) => self.table.vacate(&mut core.free, pid, runnable),
                None => self.table.vacate(&mut self.outside.lock(), pid, runnable),
            }
            self.uncount_spawn();
            return Err(Refused { reason, spawn: Box::new(spawn) });
        }
        self.table.owned(&mut runnable).body = Some(spawn.process);
        for (from, message) in spawn.messages {
            // The mailbox is open and its owner counts as queued, so this neither fails nor wakes.
            let _ = self.deliver(core.as_deref_mut(), pid, from, Letter::Message(message));
        }
        match core {
            Some(core) => {
                self.table.slot(&runnable).set_born(core.time());
                core.count(self).spawned.add(1);
                // Whoever starts one process mostly waits for it next: a wake would take the child to another core, and
                // the news of its end back. If not, others hear of it when the slice is over, or before a call that
                // may wait ([`crate::about_to_wait`]).
                if core.queues.push_newborn(runnable) {
                    core.notify(self);
                }
            }
            None => {
                self.table.slot(&runnable).set_born(self.clock.now());
                self.outside_counters().spawned.add_shared(1);
                self.inject(runnable);
            }
        }
        Ok(pid)
    }

    fn relate_newborn(&self, pid: Pid, spawn: &Spawn<P>) -> Result<(), SpawnError> {
        if let Some(name) = &spawn.name {
            let mut names = self.names.lock();
            if let Some(owner) = names.get(name)
                && self.table.find(owner).is_some()
            {
                return Err(SpawnError::NameTaken(owner));
            }
            if let Some(mut own) = self.table.find(pid).and_then(|slot| slot.relations(pid)) {
                own.get_mut().add_name(name);
            }
            names.insert(name, pid);
        }
        if spawn.watcher.is_some() || spawn.partner.is_some() {
            // One lock after the other is enough: nobody knows this process, so it cannot end in between.
            if let Some(mut own) = self.table.find(pid).and_then(|slot| slot.relations(pid)) {
                if let Some(watcher) = spawn.watcher {
                    own.get_mut().born_watched_by(watcher);
                }
                if let Some(partner) = spawn.partner {
                    own.get_mut().born_linked_to(partner);
                }
            }
            if let Some(watcher) = spawn.watcher {
                let slot = self.table.find(watcher).ok_or(SpawnError::NoProcess(watcher))?;
                let mut other = slot.relations(watcher).ok_or(SpawnError::NoProcess(watcher))?;
                other.get_mut().watch_newborn(pid);
            }
            if let Some(partner) = spawn.partner {
                let slot = self.table.find(partner).ok_or(SpawnError::NoProcess(partner))?;
                let mut other = slot.relations(partner).ok_or(SpawnError::NoProcess(partner))?;
                other.get_mut().link_newborn(pid);
            }
        }
        Ok(())
    }
}
