//! Hosts that are asked to stop, until nobody is left on them.
//!
//! Invariant: a host is given up only when a look at all processes has found none of its own.

use std::collections::BTreeMap;
use std::time::Duration;

use wippy_runtime::scheduler::Pid;

use super::app::App;
use crate::id::Id;

/// What processes on a stopping host are told.
const REASON: &str = "scheduler shutdown";

/// See the module.
#[derive(Default)]
pub(super) struct Stopping {
    hosts: BTreeMap<Id, Host>,
}

struct Host {
    run: u64,
    /// Processes that were on it and may have ended since; when none is left, it is looked for new ones.
    processes: Vec<Pid>,
}

impl Stopping {
    /// Whether no host is stopping.
    pub(super) fn is_empty(&self) -> bool {
        self.hosts.is_empty()
    }

    /// Asks all processes of a host to end, and `terminal` if that is on it.
    pub(super) fn begin(&mut self, app: &App, id: Id, run: u64, within: Duration, terminal: Option<Pid>) {
        let processes = processes_on(app, &id);
        for pid in processes.iter().copied().chain(terminal) {
            cancel(app, pid, REASON, within);
        }
        self.hosts.insert(id, Host { run, processes });
    }

    /// Ends whoever is left on a host.
    pub(super) fn kill(&mut self, app: &App, id: &Id) {
        let Some(starter) = app.starter() else { return };
        if self.hosts.remove(id).is_some() {
            for pid in processes_on(app, id) {
                let _ = starter.handle().kill(pid);
            }
        }
    }

    /// The hosts that nobody is left on, and the runs that thereby end; `busy` are those with processes that the scheduler
    /// does not list there.
    pub(super) fn emptied(&mut self, app: &App, busy: impl Fn(&Id) -> bool) -> Vec<(Id, u64)> {
        let mut emptied = Vec::new();
        self.hosts.retain(|id, host| {
            let over = !busy(id) && host.is_empty(app, id);
            if over {
                emptied.push((id.clone(), host.run));
            }
            !over
        });
        emptied
    }
}

impl Host {
    /// Whether nobody is left. Each process is looked at until it has ended, all of them only once and at the end.
    fn is_empty(&mut self, app: &App, id: &Id) -> bool {
        let Some(starter) = app.starter() else { return true };
        while self.processes.pop_if(|pid| !starter.handle().is_alive(*pid)).is_some() {}
        if self.processes.is_empty() {
            self.processes = processes_on(app, id);
        }
        self.processes.is_empty()
    }
}

/// Asks a process to end, as the system does.
pub(super) fn cancel(app: &App, pid: Pid, reason: &str, within: Duration) {
    if let Some(starter) = app.starter() {
        let _ = starter.handle().cancel(Pid::SYSTEM, pid, reason, Some(within));
    }
}

fn processes_on(app: &App, id: &Id) -> Vec<Pid> {
    let Some(starter) = app.starter() else { return Vec::new() };
    let Some(host) = starter.handle().hosts().find(id.as_str()) else { return Vec::new() };
    let on_it = starter.handle().processes().into_iter().filter(|process| process.host == host);
    on_it.map(|process| process.pid).collect()
}
