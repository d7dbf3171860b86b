//! Which application the command line means: folder, lock file, configuration and overrides.

use std::path::{Path, PathBuf};

use wippy_app::load::application::{self, Application, Source};
use wippy_app::load::config::{self, Config};
use wippy_app::load::overrides::Override;
use wippy_app::problem::{Problems, Severity};

use super::problems;
use crate::arguments::Flags;
use crate::commands::table;
use crate::exit::Exit;
use crate::output;
use crate::settings::Settings;
use crate::surroundings::path_of;

/// The folder the program was started in.
pub(crate) fn project() -> PathBuf {
    std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."))
}

/// Everything the flags say about the application.
///
/// # Errors
/// The exit code, after saying what is wrong with the flags.
pub(crate) fn source(flags: &Flags, found: &mut Problems) -> Result<Source, Exit> {
    let project = project();
    let mut config = Config::new();
    let environment = |name: &str| std::env::var(name).ok();
    let mut named = flags.all(&table::CONFIG).peekable();
    if named.peek().is_none() {
        let path = project.join(config::NAME);
        if path.exists() {
            config.read(&path, config::NAME, &environment, found);
        }
    }
    for name in named {
        config.read(&project.join(path_of(name)), &String::from_utf8_lossy(name), &environment, found);
    }
    for assignment in flags.all(&table::SET) {
        config.set(&String::from_utf8_lossy(assignment)).map_err(usage)?;
    }
    let mut overrides = Vec::new();
    for text in flags.all(&table::OVERRIDE) {
        overrides.push(Override::parse(&String::from_utf8_lossy(text)).map_err(usage)?);
    }
    let lock_file = flags.last(&table::LOCK_FILE).map(|name| String::from_utf8_lossy(name).into_owned());
    Ok(Source { project, lock_file, config, overrides })
}

/// Loads the application for a command that only looks at it: faults are said, and those that leave nothing to look
/// at end the command.
///
/// # Errors
/// The exit code to end with.
pub(crate) fn inspect(flags: &Flags, settings: &Settings) -> Result<Application, Exit> {
    let mut found = Problems::new();
    let source = source(flags, &mut found)?;
    let application = application::load(&source, &mut found);
    problems::print(&found, Severity::Warning, settings)?;
    match application {
        Some(application) if !found.has_errors() => Ok(application),
        _ => Err(Exit::FAILURE),
    }
}

/// A lock file's path as the flags say.
pub(crate) fn lock_path(flags: &Flags, project: &Path) -> (PathBuf, String) {
    let name =
        super::text(flags, &table::LOCK_FILE).unwrap_or_else(|| wippy_app::load::lock::NAME.to_owned());
    (project.join(&name), name)
}

fn usage(why: String) -> Exit {
    match output::complain(format!("error: {why}\n").as_bytes()) {
        Ok(()) => Exit::USAGE,
        Err(exit) => exit,
    }
}
