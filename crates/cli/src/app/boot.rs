//! From flags to a booted application: load, check, log, registry.
//!
//! What every command that runs programs of an application begins with.

use std::sync::Arc;
use std::time::Duration;

use wippy_app::load::application;
use wippy_app::load::config::Config;
use wippy_app::log::{Layout, Level, Log, Options};
use wippy_app::problem::{Problem, Problems, Severity};
use wippy_app::runtime::App;
use wippy_app::runtime::app::check;

use super::{problems, source, types};
use crate::arguments::Flags;
use crate::commands::table;
use crate::exit::Exit;
use crate::output;
use crate::settings::Settings;

/// An application whose entries are registered and of which nothing runs yet.
pub(crate) struct Booted {
    /// The application.
    pub(crate) app: Arc<App>,
    /// The longest time for everything to end.
    pub(crate) shutdown_within: Duration,
    /// Whether what is asked of nobody in particular is denied.
    pub(crate) strict: bool,
}

/// Loads and checks; every fault found is printed before the command ends.
///
/// # Errors
/// The exit code to end with.
pub(crate) fn load(
    flags: &Flags,
    settings: &Settings,
) -> Result<(application::Application, Config, Problems), Exit> {
    let mut found = Problems::new();
    let source = source::source(flags, &mut found)?;
    let application = application::load(&source, &mut found);
    let Some(application) = application else {
        problems::print(&found, Severity::Warning, settings)?;
        return Err(Exit::FAILURE);
    };
    let entries: Vec<Arc<wippy_app::entry::Entry>> =
        application.entries.iter().cloned().map(Arc::new).collect();
    found.append_further(check(entries.iter(), wippy_app::kinds::check::Depth::Boot));
    if found.has_errors() {
        problems::print(&found, Severity::Warning, settings)?;
        return Err(Exit::FAILURE);
    }
    Ok((application, source.config, found))
}

/// Registers the entries. `quiet`: no log lines unless a flag asks for them.
///
/// # Errors
/// The exit code to end with.
pub(crate) fn register(
    application: application::Application,
    config: Config,
    found: &Problems,
    quiet: bool,
    flags: &Flags,
    settings: &Settings,
) -> Result<Booted, Exit> {
    let log = Log::start(log_options(&config, quiet, flags, settings));
    let timeout = config.duration("shutdown.timeout", Duration::from_secs(30));
    let shutdown_within = match timeout {
        Ok(timeout) => timeout,
        Err(why) => {
            output::complain(format!("error: {why}\n").as_bytes())?;
            return Err(Exit::FAILURE);
        }
    };
    if application.layout.fallback {
        log.say(Level::Info, "boot", "no wippy.lock, using ./src");
    }
    for problem in found.iter().filter(|problem| problem.severity == Severity::Warning) {
        log.say(Level::Warn, "boot", problem.to_string());
    }
    for section in config.without_effect() {
        log.say(
            Level::Info,
            "boot",
            format!("section {section} of the configuration has no effect in this release"),
        );
    }
    let strict = config.flag("security.strict_mode", false);
    let app = Arc::new(App::new(log, config.flag("registry.enable_history", true)));
    if let Some(checker) = types::checker(&config) {
        app.check_types(checker);
    }
    if let Err(faults) = app.baseline(application.entries) {
        let mut list = Problems::new();
        faults.into_iter().for_each(|problem: Problem| list.push(problem));
        app.log.flush();
        problems::print(&list, Severity::Warning, settings)?;
        return Err(Exit::FAILURE);
    }
    Ok(Booted { app, shutdown_within, strict })
}

fn log_options(config: &Config, quiet: bool, flags: &Flags, settings: &Settings) -> Options {
    let verbose = flags.has(&table::VERBOSE) || flags.has(&table::VERY_VERBOSE);
    let console = flags.has(&table::CONSOLE);
    let json = config.get("logger.encoding").and_then(wippy_app::value::Value::as_text) == Some("json");
    let layout = if console {
        Layout::Console { colour: settings.stderr_colour() }
    } else if json {
        Layout::Json
    } else {
        Layout::Plain
    };
    let least = match config.get("logmanager.min_level").and_then(wippy_app::value::Value::as_integer) {
        _ if verbose => Level::Debug,
        Some(..=-1) => Level::Debug,
        Some(1) => Level::Warn,
        Some(2..) => Level::Error,
        _ => Level::Info,
    };
    let silent = flags.has(&table::SILENT) || (quiet && !verbose && !console);
    Options { layout, least, silent, thin: !console && !verbose }
}
