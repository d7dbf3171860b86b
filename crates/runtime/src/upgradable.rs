//! Processes that want to hear of newer code of theirs (`process.set_options{upgradable = true}`).
//!
//! Few processes ask for it, so they are listed here instead of every process being looked at. Invariant: a process is
//! listed as long as it holds its [`Listed`].

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use wippy_scheduler::Pid;

/// Keeps a process in the list.
pub(crate) struct Listed(#[expect(dead_code, reason = "only counted")] Arc<()>);

/// A listed process, and whether it still wants to hear.
type Watcher = (Pid, Weak<()>);

/// See the module.
#[derive(Default)]
pub(crate) struct Upgradable(Mutex<HashMap<Arc<str>, Vec<Watcher>>>);

impl Upgradable {
    /// Lists a process of an entry.
    pub(crate) fn add(&self, id: &Arc<str>, pid: Pid) -> Listed {
        let token = Arc::new(());
        let mut lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let list = lists.entry(Arc::clone(id)).or_default();
        if list.len() == list.capacity() {
            // Before it grows: those that have ended make room.
            list.retain(|(_, token)| token.strong_count() > 0);
        }
        list.push((pid, Arc::downgrade(&token)));
        Listed(token)
    }

    /// The processes of an entry that are listed.
    pub(crate) fn of(&self, id: &str) -> Vec<Pid> {
        let mut lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(list) = lists.get_mut(id) else { return Vec::new() };
        list.retain(|(_, token)| token.strong_count() > 0);
        let pids = list.iter().map(|(pid, _)| *pid).collect();
        if list.is_empty() {
            lists.remove(id);
        }
        pids
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_those_that_live_are_listed() {
        let upgradable = Upgradable::default();
        let id: Arc<str> = "app:worker".into();
        let kept = upgradable.add(&id, Pid::SYSTEM);
        for _ in 0..1000 {
            drop(upgradable.add(&id, Pid::SYSTEM));
        }
        assert_eq!((upgradable.of("app:worker").len(), upgradable.of("app:other").len()), (1, 0));
        drop(kept);
        assert_eq!(upgradable.of("app:worker"), []);
    }
}
