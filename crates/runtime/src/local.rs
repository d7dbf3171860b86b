//! What natives know of their process without asking: it lies in the interpreter as its host's value.

use std::collections::BTreeMap;
use std::sync::Arc;

use wippy_scheduler::{HostId, Pid};
use wippy_stdlib::plain::Plain;
use wippy_stdlib::security::{Actor, Request, Scope, Verdict};
use wippy_vm::{Parcel, Str};

use crate::addresses::Addresses;
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
    #[inline]
    pub fn is_guarded(&self, strict: bool) -> bool {
        strict || (self.actor.is_some() && self.scope.is_some())
    }
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
    /// The program that wanted processes and became one.
    pub(crate) is_program: bool,
    pub(crate) trap_links: bool,
    /// Whether it hears of newer code.
    upgradable: Option<Listed>,
    /// Made by the first message that leaves or is asked for its sender.
    pub(crate) addresses: Option<Box<Addresses>>,
}

const _: () = assert!(size_of::<Local>() <= 64, "every process has one");

impl Local {
    pub(crate) fn new(shared: Arc<Shared>, entry: Arc<Entry>, values: Values) -> Local {
        Local {
            shared,
            entry,
            pid: None,
            host: HostId::default(),
            values,
            is_call: false,
            is_program: false,
            trap_links: false,
            upgradable: None,
            addresses: None,
        }
    }

    /// The process that a string was found to name, if this one may write to anybody.
    #[inline]
    pub(crate) fn correspondent(&self, text: Str<'_>) -> Option<Pid> {
        let pid = self.addresses.as_ref()?.pid_of(text)?;
        (self.pid.is_some() && !self.values.is_guarded(self.shared.strict)).then_some(pid)
    }

    /// Whether it hears of newer code.
    pub(crate) fn is_upgradable(&self) -> bool {
        self.upgradable.is_some()
    }

    /// Lets it hear of newer code, or no longer.
    pub(crate) fn set_upgradable(&mut self, listed: Option<Listed>) {
        self.upgradable = listed;
    }
}
