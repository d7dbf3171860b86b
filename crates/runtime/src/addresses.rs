//! The pids that a process has lately written to or heard from, beside the strings that name them.
//!
//! A pid is parsed once per string, and written once per sender: both cost more than the rest of a message together. The
//! strings are kept as values of the interpreter, so an address in here names the string that it named when it was
//! noted. Invariant: a pid that a name finds is a hint; who gets a message is decided by the scheduler's table.

use wippy_scheduler::Pid;
use wippy_vm::{Context, Kept, Str, Value};

use crate::local::Local;

/// Strings that are remembered. Measured: without, parsing costs ten times as much.
const REMEMBERED: usize = 8;

/// A string that was found to name a process.
#[derive(Clone, Copy)]
struct Known {
    /// Address of the string; it lives as long as it is kept here.
    address: usize,
    kept: Option<Kept>,
    pid: Pid,
    /// The text is how the process is written, not only one that leads to it.
    proper: bool,
}

const NOTHING: Known = Known { address: 0, kept: None, pid: Pid::SYSTEM, proper: false };

/// See the module.
pub(crate) struct Addresses {
    /// Direct-mapped by address.
    known: [Known; REMEMBERED],
    /// Direct-mapped by pid: where in `known` its proper text may be.
    faces: [u8; REMEMBERED],
}

impl Default for Addresses {
    fn default() -> Addresses {
        Addresses { known: [NOTHING; REMEMBERED], faces: [0; REMEMBERED] }
    }
}

fn place(address: usize) -> usize {
    address >> 4 & (REMEMBERED - 1)
}

fn face(pid: Pid) -> usize {
    pid.raw() as usize & (REMEMBERED - 1)
}

impl Addresses {
    /// The pid that this very string was found to be.
    #[inline]
    pub(crate) fn pid_of(&self, text: Str<'_>) -> Option<Pid> {
        let known = &self.known[place(text.address())];
        (known.address == text.address()).then_some(known.pid)
    }

    /// The string that is how a process is written.
    #[inline]
    pub(crate) fn text_of(&self, pid: Pid) -> Option<Kept> {
        let known = &self.known[usize::from(self.faces[face(pid)]) & (REMEMBERED - 1)];
        known.kept.filter(|_| known.proper && known.pid == pid)
    }
}

/// Remembers what a string means; `proper` if it is how that process is written.
pub(crate) fn remember<'gc>(cx: &mut Context<'gc>, text: Str<'gc>, pid: Pid, proper: bool) {
    let at = place(text.address());
    let kept = |local: &mut Local| local.addresses.get_or_insert_default().known[at].kept;
    let Some(kept) = cx.host::<Local>().map(kept) else { return };
    let kept = match kept {
        Some(kept) => {
            cx.replace_kept(kept, Value::String(text));
            kept
        }
        None => cx.keep(text),
    };
    if let Some(addresses) = cx.host::<Local>().and_then(|local| local.addresses.as_mut()) {
        addresses.known[at] = Known { address: text.address(), kept: Some(kept), pid, proper };
        if proper {
            addresses.faces[face(pid)] = at as u8;
        }
    }
}
