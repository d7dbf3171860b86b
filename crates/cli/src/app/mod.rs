//! Commands about applications.
//!
//! Each file is one command; what they share is how an application is found (`source`) and how its faults are shown
//! (`problems`). Nothing here knows how entries are read or carried out.

mod boot;
mod init;
mod install;
mod known;
mod new;
pub(crate) mod problems;
mod registry;
mod run;
mod signals;
pub(crate) mod source;
mod test;
mod top;
mod types;

pub(crate) use known::{known, modules};

use crate::arguments::{Flags, Word};
use crate::commands::{Command, table};
use crate::exit::Exit;
use crate::settings::Settings;

/// Runs a command about applications; `None` when it is none.
pub(crate) fn command(
    command: &'static Command,
    words: &[Word],
    flags: &Flags,
    settings: &Settings,
) -> Option<Result<Exit, Exit>> {
    let is = |other: &'static Command| std::ptr::eq(command, other);
    Some(if is(&table::INIT) {
        init::run(flags)
    } else if is(&table::UPDATE) {
        install::update(flags, settings)
    } else if is(&table::INSTALL) {
        install::install(flags, settings)
    } else if is(&table::NEW) {
        new::run(words, flags)
    } else if is(&table::REGISTRY_LIST) {
        registry::list(flags, settings)
    } else if is(&table::REGISTRY_SHOW) {
        registry::show(words, flags, settings)
    } else if is(&table::RUN) {
        run::run(words, flags, settings)
    } else if is(&table::TOP) {
        top::command(flags, settings)
    } else if is(&table::TEST) {
        test::run(words, flags, settings)
    } else {
        return None;
    })
}

/// The codes of faults in applications, each with its title.
pub(crate) fn faults() -> impl Iterator<Item = (&'static str, &'static str)> {
    wippy_app::problem::Code::ALL.iter().map(|fault| (fault.code(), fault.title()))
}

/// A flag's text; bytes that are not UTF-8 cannot name anything in an application.
fn text(flags: &Flags, flag: &'static crate::commands::Flag) -> Option<String> {
    flags.last(flag).map(|value| String::from_utf8_lossy(value).into_owned())
}

/// Says what is wrong, on one line.
fn fail(message: &str) -> Result<Exit, Exit> {
    crate::output::complain(format!("error: {message}\n").as_bytes())?;
    Ok(Exit::FAILURE)
}
