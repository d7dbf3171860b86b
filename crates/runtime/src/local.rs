//! What natives know of their process without asking: it lies in the interpreter as its host's value.

use std::collections::BTreeMap;
use std::sync::Arc;

use wippy_scheduler::{HostId, Pid};
use wippy_stdlib::plain::Plain;
use wippy_stdlib::security::{Actor, Request, Scope, Verdict};
use wippy_vm::{Context, Kept, Parcel, Str, Value};

use crate::programs::Entry;
use crate::shared::Shared;
use crate::upgradable::Listed;

/// What processes and calls inherit from who starts them.
#[derive(Clone, Default)]
pub struct Inherited {
    /// Named values (`with_context`, module `ctx`).
    pub values: BTreeMap<Vec<u8>, Parcel>,
    /// Who acts.
    pub actor: Option<Arc<Actor>>,
    /// What that one may do.
    pub scope: Option<Arc<Scope>>,
}

/// It is shared until somebody changes a copy.
pub type Values = Arc<Inherited>;

impl Inherited {
    /// Whether something may be done: by what the scope says, or, if nobody in particular acts, unless that is strict.
    pub fn permits(&self, strict: bool, action: &str, resource: &str) -> bool {
        match (&self.actor, &self.scope) {
            (Some(actor), Some(scope)) => {
                let request = Request { actor, action, resource, meta: &Plain::Null };
                scope.evaluate(&request) == Verdict::Allow
            }
            _ => !strict,
        }
    }

    /// Whether the answer of [`Inherited::permits`] depends on the question.
    pub fn is_guarded(&self, strict: bool) -> bool {
        strict || (self.actor.is_some() && self.scope.is_some())
    }
}

/// Pids whose texts are remembered. Measured: without, parsing costs ten times as much.
const REMEMBERED: usize = 8;

/// A pid that was written as this text before.
#[derive(Clone, Copy)]
struct Known {
    /// Address of the text; it lives as long as it is kept here.
    address: usize,
    kept: Option<Kept>,
    pid: Pid,
}

/// See the module.
pub(crate) struct Local {
    pub(crate) shared: Arc<Shared>,
    /// What runs.
    pub(crate) entry: Arc<Entry>,
    /// `None` until there is a process.
    pub(crate) pid: Option<Pid>,
    pub(crate) host: HostId,
    pub(crate) values: Values,
    /// A call of a function, which has no code of its own to upgrade.
    pub(crate) is_call: bool,
    pub(crate) trap_links: bool,
    /// Whether it hears of newer code.
    pub(crate) upgradable: Option<Listed>,
    /// Made by the first send.
    known: Option<Box<[Known; REMEMBERED]>>,
}

const NOTHING: Known = Known { address: 0, kept: None, pid: Pid::SYSTEM };

impl Local {
    pub(crate) fn new(shared: Arc<Shared>, entry: Arc<Entry>, values: Values) -> Local {
        Local {
            shared,
            entry,
            pid: None,
            host: HostId::default(),
            values,
            is_call: false,
            trap_links: false,
            upgradable: None,
            known: None,
        }
    }

    fn place(address: usize) -> usize {
        address >> 4 & (REMEMBERED - 1)
    }

    /// The pid that this very string was found to be.
    #[inline]
    pub(crate) fn known(&self, text: Str<'_>) -> Option<Pid> {
        let known = &self.known.as_ref()?[Local::place(text.address())];
        (known.address == text.address()).then_some(known.pid)
    }
}

/// Remembers what a string means.
pub(crate) fn remember<'gc>(cx: &mut Context<'gc>, text: Str<'gc>, pid: Pid) {
    let at = Local::place(text.address());
    let known =
        |local: &mut Local| local.known.get_or_insert_with(|| Box::new([NOTHING; REMEMBERED]))[at].kept;
    let Some(kept) = cx.host::<Local>().map(known) else { return };
    let kept = match kept {
        Some(kept) => {
            cx.replace_kept(kept, Value::String(text));
            kept
        }
        None => cx.keep(text),
    };
    if let Some(known) = cx.host::<Local>().and_then(|local| local.known.as_mut()) {
        known[at] = Known { address: text.address(), kept: Some(kept), pid };
    }
}
