//! The exchange of the call that an interpreter runs: a value of its host while the call runs.
//!
//! Invariant: it is there in the interpreter of the endpoint's function and nowhere else; neither calls nor processes
//! that the function starts have it.

use std::sync::Arc;

use wippy_http::Exchange;
use wippy_vm::{Context, Vm};

/// What a call for a request brings along.
pub(crate) type Guest = Arc<Exchange>;

/// See the module.
struct Current(Guest);

/// Lets an interpreter see an exchange.
pub(crate) fn enter(vm: &mut Vm, guest: &Guest) {
    vm.set_host(Current(Arc::clone(guest)));
}

/// The call is over.
pub(crate) fn leave(vm: &mut Vm) {
    vm.remove_host::<Current>();
}

/// The exchange of the running call.
pub(super) fn of(cx: &mut Context<'_>) -> Option<Guest> {
    cx.host::<Current>().map(|current| Arc::clone(&current.0))
}

/// Whether what a function returns is to be its answer.
pub(crate) fn wants_value(cx: &mut Context<'_>) -> bool {
    cx.host::<Current>().is_some_and(|current| !current.0.is_touched())
}
