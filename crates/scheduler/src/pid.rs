//! Identity of processes, and the interned names of the hosts they belong to.
//!
//! Deliberately not the text form `{host|0x00001}`: whoever shows pids to people formats and parses them.
//! Invariant: a number is given to one process only, as long as the scheduler lives.

use std::fmt;
use std::sync::Arc;

use hashbrown::HashMap;
use parking_lot::RwLock;

/// Low bits of a pid: which slot of the process table. The others count how often that slot was used.
pub(crate) const INDEX_BITS: u32 = 24;

/// Names a process: never reused while the scheduler lives, cheap to copy and to compare.
///
/// The low 24 bits are a place in the process table, the others its generation. A young scheduler therefore counts
/// 1, 2, 3; a place used for the second time begins at `0x100_0000`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Pid(u64);

impl Pid {
    /// Nobody: the sender of what the scheduler itself sends, printed `{|}` by the specification.
    pub const SYSTEM: Pid = Pid(0);

    /// The pid with this number. Any number is fine: one that names no process simply finds none.
    pub const fn from_raw(number: u64) -> Pid {
        Pid(number)
    }

    /// The number, to be shown or stored.
    pub const fn raw(self) -> u64 {
        self.0
    }

    pub(crate) const fn new(index: u32, generation: u64) -> Pid {
        Pid(generation << INDEX_BITS | index as u64)
    }

    pub(crate) const fn index(self) -> u32 {
        (self.0 & ((1 << INDEX_BITS) - 1)) as u32
    }
}

impl fmt::Debug for Pid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pid({:#x})", self.0)
    }
}

/// The name of a host, interned by [`Hosts`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct HostId(pub(crate) u16);

/// Names of hosts and their numbers. Number 0 is the empty name; names are never forgotten.
#[derive(Debug)]
pub struct Hosts(RwLock<Interned>);

#[derive(Debug)]
struct Interned {
    names: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, HostId>,
}

impl Default for Hosts {
    fn default() -> Hosts {
        let empty: Arc<str> = Arc::from("");
        let numbers = HashMap::from_iter([(Arc::clone(&empty), HostId(0))]);
        Hosts(RwLock::new(Interned { names: vec![empty], numbers }))
    }
}

impl Hosts {
    /// The number of a name, a new one if it has none yet. `None` when 65,536 names are in use.
    pub fn intern(&self, name: &str) -> Option<HostId> {
        if let Some(id) = self.find(name) {
            return Some(id);
        }
        let mut interned = self.0.write();
        if let Some(&id) = interned.numbers.get(name) {
            return Some(id);
        }
        let id = HostId(u16::try_from(interned.names.len()).ok()?);
        let name: Arc<str> = Arc::from(name);
        interned.names.push(Arc::clone(&name));
        interned.numbers.insert(name, id);
        Some(id)
    }

    /// The number of a name that was interned before.
    pub fn find(&self, name: &str) -> Option<HostId> {
        self.0.read().numbers.get(name).copied()
    }

    /// All names but the empty one.
    pub fn all(&self) -> Vec<Arc<str>> {
        self.0.read().names[1..].to_vec()
    }

    /// The name behind a number.
    pub fn name(&self, id: HostId) -> Arc<str> {
        let interned = self.0.read();
        Arc::clone(interned.names.get(usize::from(id.0)).unwrap_or(&interned.names[0]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pid_is_a_place_and_a_generation() {
        let pid = Pid::new(7, 3);
        assert_eq!((pid.index(), pid.raw()), (7, 0x300_0007));
        assert_eq!(Pid::new(1, 0).raw(), 1);
    }

    #[test]
    fn a_host_keeps_its_number() {
        let hosts = Hosts::default();
        let app = hosts.intern("app:processes").expect("there is room");
        assert_eq!(hosts.intern("app:processes"), Some(app));
        assert_ne!(hosts.intern("app:other"), Some(app));
        assert_eq!(&*hosts.name(app), "app:processes");
        assert_eq!(&*hosts.name(HostId::default()), "");
        assert_eq!(hosts.find("nowhere"), None);
        assert_eq!(
            hosts.all().iter().map(|name| &**name).collect::<Vec<_>>(),
            ["app:processes", "app:other"]
        );
    }

    #[test]
    fn hosts_run_out_without_harm() {
        let hosts = Hosts::default();
        for number in 1..=u32::from(u16::MAX) {
            assert!(hosts.intern(&number.to_string()).is_some());
        }
        assert_eq!(hosts.intern("one too many"), None);
        assert!(hosts.intern("77").is_some());
    }
}
