//! What the checker knows of an application's programs: the environment of scripts, and what entries list.
//!
//! Invariant: a name that means different things to different entries is `any`.

use std::collections::BTreeMap;

use wippy::manual::{Group, Place, Row, groups};
use wippy::signatures::environment;
use wippy::typecheck::check::Environment;
use wippy_app::entry::Entry;
use wippy_app::imports::{Names, Target};
use wippy_app::runtime::modules::MODULES;

/// The modules of applications, for the reference of built-in functions.
pub(crate) fn modules() -> impl Iterator<Item = Group> {
    MODULES.iter().map(|module| Group::of(module, Place::Application))
}

/// What programs of these entries find around them. Which entry lists what is checked where it is required.
pub(crate) fn known<'e>(programs: impl Iterator<Item = &'e Entry>) -> Environment {
    let mut known = environment();
    // Whether an alias stands for the module of its name wherever it is listed.
    let mut aliases: BTreeMap<String, bool> = BTreeMap::new();
    for entry in programs {
        for (alias, target) in &Names::of(entry).targets {
            let same = matches!(target, Target::Module(name) if **name == **alias);
            *aliases.entry(alias.to_string()).or_insert(true) &= same;
        }
    }
    for module in MODULES {
        let own = module.libraries.iter().filter(|library| library.name == module.name);
        for native in own.flat_map(|library| library.functions) {
            if !native.signature.starts_with("(self: ") {
                known = known.module(module.name, native.name, native.signature);
            }
        }
    }
    let listed: Vec<Group> =
        groups().into_iter().filter(|group| group.place == Place::Module).chain(modules()).collect();
    for (alias, same) in aliases {
        known = known.global(&alias, "any");
        let own = listed.iter().filter(|group| same && group.name == alias && alias != "io");
        for row in own.flat_map(Group::rows).filter(is_plain) {
            known = known.global(&row.name, row.signature);
        }
    }
    known
}

/// Whether a row is `module.function`, and not about an object or a table inside the module.
fn is_plain(row: &Row) -> bool {
    row.name.matches('.').count() == 1 && !row.name.contains(':')
}
