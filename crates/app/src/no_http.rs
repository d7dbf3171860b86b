//! In place of `http` where this build has no servers: nothing is ever served.
//!
//! The same interface, so that nobody else tells the two apart. Invariant: no entry of the kinds of `http` gets this far,
//! because the table of kinds calls them those of another build.

use std::sync::Arc;
use std::sync::mpsc::Sender;

use wippy_vm::{Context, Vm};

use crate::entry::Entry;
use crate::env::Environment;
use crate::id::Id;
use crate::lifecycle::Ending;
use crate::problem::{Problem, Problems};
use crate::registry::Entries;
use crate::runtime::App;
use crate::runtime::order::Order;

/// What a call for a request would bring along.
pub(crate) enum Guest {}

pub(crate) fn enter(_: &mut Vm, guest: &Guest) {
    match *guest {}
}

pub(crate) fn leave(_: &mut Vm) {}

pub(crate) fn wants_value(_: &mut Context<'_>) -> bool {
    false
}

pub(crate) fn check(_: &Entry, _: &mut Problems) {}

/// What would be served.
#[derive(Default)]
pub(crate) struct Plan;

/// No servers.
#[derive(Default)]
pub(crate) struct Servers;

impl Servers {
    pub(crate) fn belong_to(&self, _: &Arc<App>) {}

    pub(crate) fn plan(&self, _: &Entries, _: &Environment) -> Result<Plan, Vec<Problem>> {
        Ok(Plan)
    }

    pub(crate) fn install(&self, _: Plan) {}

    pub(crate) fn start(
        &self,
        _: &Arc<App>,
        _: &Sender<Order>,
        id: &Id,
        _: u64,
        _: &str,
    ) -> Result<(), Ending> {
        Err(Ending::Hopeless(format!("{id}: servers are not supported by this build")))
    }

    pub(crate) fn runs(&self, _: &Id) -> bool {
        false
    }

    pub(crate) fn stop(&self, _: &Id, _: u64) -> bool {
        false
    }

    pub(crate) fn kill(&self, _: &Id, _: u64) {}

    pub(crate) fn close(&self) {}
}
