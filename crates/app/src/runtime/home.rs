//! Whom a running program belongs to: the host value of its interpreter.
//!
//! Invariant: immutable while the program runs, and the same for every instance of an entry's code.

use std::sync::{Arc, Weak};

use wippy_runtime::Loader;
use wippy_stdlib::logger::HostLog;
use wippy_stdlib::system::HostSystem;
use wippy_stdlib::terminal::{HostTerminal, Terminal};
use wippy_vm::{Limits, Native, Vm};

use super::app::App;
use super::boot;
use super::lines::Lines;
use super::unit::Bundle;
use super::world::{Console, World};
use crate::id::Id;

/// See the module.
pub struct Home {
    /// The application.
    pub app: Arc<App>,
    /// The entry that is run.
    pub entry: Id,
    /// Its code.
    pub bundle: Arc<Bundle>,
}

/// Prepares interpreters of an entry.
pub struct EntryLoader {
    /// The application.
    pub app: Weak<App>,
    /// The entry's code.
    pub bundle: Arc<Bundle>,
    /// The terminal, if the process has it.
    pub terminal: Option<Arc<Console>>,
}

impl Loader for EntryLoader {
    fn furnish(&self, vm: &mut Vm) {
        // Without an application nothing is started any more; the program then fails for want of a home.
        if let Some(app) = self.app.upgrade() {
            furnish(vm, &app, &self.bundle);
        }
        if let Some(console) = &self.terminal {
            vm.set_host(HostTerminal(Arc::clone(console) as Arc<dyn Terminal>));
        }
    }

    fn native(&self) -> &'static Native {
        boot::loader()
    }
}

/// Gives an interpreter what programs of an entry find around them.
fn furnish(vm: &mut Vm, app: &Arc<App>, bundle: &Arc<Bundle>) {
    vm.set_host(Home {
        app: Arc::clone(app),
        entry: bundle.main.entry.id.clone(),
        bundle: Arc::clone(bundle),
    });
    vm.set_host(HostLog(Arc::clone(
        bundle.log(|id| Arc::new(Lines { app: Arc::downgrade(app), entry: id.clone() })),
    )));
    if bundle.uses("system") {
        vm.set_host(HostSystem(Arc::new(World(Arc::downgrade(app)))));
    }
}

/// An interpreter for a program, nothing run in it yet.
pub(super) fn interpreter(app: &Arc<App>, bundle: &Arc<Bundle>) -> Vm {
    let mut vm = Vm::with_image(Limits::default(), &bundle.image);
    furnish(&mut vm, app, bundle);
    vm
}
