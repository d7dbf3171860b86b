//! Who is told when a process ends: links, monitors and names, as a pure state machine.
//!
//! Every relation is noted on both sides. The note on the side of the one to be told is what counts: a process that
//! ends tells exactly those that still have it noted, and taking the note out is what makes the event happen once.
//! Two notes are changed together under both locks (by whoever calls), so no end can slip in between.
//!
//! What it is not: it sends nothing and knows no thread.

use crate::pid::Pid;
use crate::small_map::SmallMap;

/// The peer wants to be told when I end.
const WATCHED_BY: u8 = 1;
/// I want to be told when the peer ends.
const WATCHES: u8 = 2;
/// Each wants to be told when the other fails.
const LINKED: u8 = 4;

/// What one process has noted.
#[derive(Default)]
pub(crate) struct Relations {
    peers: SmallMap,
    /// Boxed: few processes have names, 8 bytes instead of 24.
    names: Option<Box<OwnNames>>,
}

#[derive(Default)]
struct OwnNames(Vec<Box<[u8]>>);

/// What a peer is to be told about an end.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Notice {
    /// It has a monitor on the process that ended.
    pub(crate) exit: bool,
    /// It is linked to it.
    pub(crate) link: bool,
}

impl Relations {
    pub(crate) fn is_empty(&self) -> bool {
        self.peers.is_empty() && self.names.is_none()
    }

    /// Notes a name of this process.
    pub(crate) fn add_name(&mut self, name: &[u8]) {
        self.names.get_or_insert_default().0.push(name.into());
    }

    /// Forgets a name of this process.
    pub(crate) fn remove_name(&mut self, name: &[u8]) {
        if let Some(names) = &mut self.names {
            names.0.retain(|own| &**own != name);
            if names.0.is_empty() {
                self.names = None;
            }
        }
    }

    /// All names of this process.
    pub(crate) fn names(&self) -> impl Iterator<Item = &[u8]> {
        self.names.iter().flat_map(|names| names.0.iter().map(|name| &**name))
    }

    /// All peers, in an order that depends on the operations before only.
    pub(crate) fn peers(&self) -> impl Iterator<Item = Pid> {
        self.peers.iter().map(|(peer, _)| Pid::from_raw(peer))
    }

    /// How many processes this one is linked to, watches, and is watched by.
    pub(crate) fn counts(&self) -> (usize, usize, usize) {
        self.peers.iter().fold((0, 0, 0), |(links, watches, watched), (_, bits)| {
            (
                links + usize::from(bits & LINKED != 0),
                watches + usize::from(bits & WATCHES != 0),
                watched + usize::from(bits & WATCHED_BY != 0),
            )
        })
    }

    /// This process is watched by `watcher` from its first step on. For a process nobody else can know yet.
    pub(crate) fn born_watched_by(&mut self, watcher: Pid) {
        self.add(watcher, WATCHED_BY);
    }

    /// This process is linked to `partner` from its first step on. For a process nobody else can know yet.
    pub(crate) fn born_linked_to(&mut self, partner: Pid) {
        self.add(partner, LINKED);
    }

    /// The other side of `born_watched_by`.
    pub(crate) fn watch_newborn(&mut self, child: Pid) {
        self.add(child, WATCHES);
    }

    /// The other side of `born_linked_to`.
    pub(crate) fn link_newborn(&mut self, child: Pid) {
        self.add(child, LINKED);
    }

    /// The peer has ended and this process still lives: what it must be told, once.
    pub(crate) fn peer_ended(&mut self, peer: Pid) -> Notice {
        let bits = self.peers.set(peer.raw(), 0);
        Notice { exit: bits & WATCHES != 0, link: bits & LINKED != 0 }
    }

    /// Sets a bit; whether it was set before.
    fn add(&mut self, peer: Pid, bit: u8) -> bool {
        let bits = self.peers.get(peer.raw()).unwrap_or(0);
        self.peers.set(peer.raw(), bits | bit);
        bits & bit != 0
    }

    /// Clears a bit; whether it was set before.
    fn remove(&mut self, peer: Pid, bit: u8) -> bool {
        let bits = self.peers.get(peer.raw()).unwrap_or(0);
        self.peers.set(peer.raw(), bits & !bit);
        bits & bit != 0
    }
}

/// Both sides of a relation, locked.
pub(crate) struct Both<'a> {
    pub(crate) own: (Pid, &'a mut Relations),
    pub(crate) peer: (Pid, &'a mut Relations),
}

impl Both<'_> {
    /// `own` watches `peer`; whether it did before.
    pub(crate) fn watch(&mut self) -> bool {
        let again = self.own.1.add(self.peer.0, WATCHES);
        self.peer.1.add(self.own.0, WATCHED_BY);
        again
    }

    /// The two are linked; whether they were before.
    pub(crate) fn link(&mut self) -> bool {
        let again = self.own.1.add(self.peer.0, LINKED);
        self.peer.1.add(self.own.0, LINKED);
        again
    }

    /// `own` does not watch `peer` any more; whether it did before.
    pub(crate) fn unwatch(&mut self) -> bool {
        self.peer.1.remove(self.own.0, WATCHED_BY);
        self.own.1.remove(self.peer.0, WATCHES)
    }

    /// The two are not linked any more; whether they were before.
    pub(crate) fn unlink(&mut self) -> bool {
        self.peer.1.remove(self.own.0, LINKED);
        self.own.1.remove(self.peer.0, LINKED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Pid = Pid::from_raw(1);
    const B: Pid = Pid::from_raw(2);

    fn pair() -> (Relations, Relations) {
        (Relations::default(), Relations::default())
    }

    fn both<'a>(a: &'a mut Relations, b: &'a mut Relations) -> Both<'a> {
        Both { own: (A, a), peer: (B, b) }
    }

    #[test]
    fn a_monitor_is_told_once_and_one_way() {
        let (mut a, mut b) = pair();
        assert!(!both(&mut a, &mut b).watch());
        assert!(both(&mut a, &mut b).watch(), "the second monitor is reported");
        assert_eq!(b.peers().collect::<Vec<_>>(), [A]);
        assert_eq!(a.peer_ended(B), Notice { exit: true, link: false });
        assert_eq!(a.peer_ended(B), Notice::default());
        assert_eq!(b.peer_ended(A), Notice::default(), "the watched is not told of its watcher's end");
    }

    #[test]
    fn a_link_is_symmetric_and_idempotent() {
        let (mut a, mut b) = pair();
        assert!(!both(&mut a, &mut b).link());
        assert!(Both { own: (B, &mut b), peer: (A, &mut a) }.link());
        assert_eq!(a.counts(), (1, 0, 0));
        assert_eq!(b.peer_ended(A), Notice { exit: false, link: true });
        let (mut a, mut b) = pair();
        both(&mut a, &mut b).link();
        assert!(both(&mut a, &mut b).unlink());
        assert!(a.is_empty() && b.is_empty());
    }

    #[test]
    fn link_and_monitor_of_one_pair_are_apart() {
        let (mut a, mut b) = pair();
        both(&mut a, &mut b).link();
        both(&mut a, &mut b).watch();
        assert!(both(&mut a, &mut b).unwatch());
        assert!(!both(&mut a, &mut b).unwatch());
        assert_eq!(a.peer_ended(B), Notice { exit: false, link: true });
        both(&mut a, &mut b).watch();
        Both { own: (B, &mut b), peer: (A, &mut a) }.watch();
        assert_eq!(a.counts(), (0, 1, 1));
    }

    #[test]
    fn a_child_is_watched_and_linked_from_birth() {
        let (mut parent, mut child) = pair();
        child.born_watched_by(A);
        child.born_linked_to(A);
        parent.watch_newborn(B);
        parent.link_newborn(B);
        assert_eq!(child.peers().collect::<Vec<_>>(), [A]);
        assert_eq!(parent.peer_ended(B), Notice { exit: true, link: true });
    }

    #[test]
    fn names_come_and_go() {
        let mut a = Relations::default();
        a.add_name(b"one");
        a.add_name(b"two");
        a.remove_name(b"one");
        assert_eq!(a.names().collect::<Vec<_>>(), [b"two"]);
        a.remove_name(b"two");
        assert!(a.is_empty());
    }
}
