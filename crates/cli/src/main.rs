//! The `wippy` command: one match over what the command line asks for.
//!
//! It prints and ends the process; everything it knows about the language comes from the crates below.

#[cfg_attr(not(feature = "app"), path = "no_app.rs")]
mod app;
mod arguments;
mod blame;
#[cfg_attr(not(feature = "processes"), path = "no_census.rs")]
mod census;
mod check;
mod commands;
mod completion;
mod crash;
mod diagnostic;
mod exit;
mod explain;
mod help;
mod machine;
mod names;
mod output;
#[cfg_attr(not(feature = "processes"), path = "no_processes.rs")]
mod processes;
mod repl;
mod script;
mod settings;
mod show;
mod signals;
mod surroundings;
mod syntax;
mod text;
mod types;
mod version;

use std::process::ExitCode;
use wippy_parser::nearest::nearest;

use arguments::{Action, Flags, Word};
use commands::{Command, table};
use exit::Exit;
use settings::Settings;

fn main() -> ExitCode {
    crash::install();
    let mut words = std::env::args_os().map(std::ffi::OsString::into_encoded_bytes);
    let executable = words.next().unwrap_or_else(|| b"wippy".to_vec());
    run(&executable, words.collect()).unwrap_or_else(|exit| exit).into()
}

/// Does what the words say. Both sides of the result are the exit code; `Err` only cuts the way short.
fn run(executable: &[u8], words: Vec<Word>) -> Result<Exit, Exit> {
    let invocation = match arguments::parse(words, &surroundings::System) {
        Ok(invocation) => invocation,
        Err(error) => return usage(&error),
    };
    let settings = match Settings::new(&invocation.flags) {
        Ok(settings) => settings,
        Err(error) => return usage(&error),
    };
    if invocation.flags.has(&table::PROFILER) {
        output::complain(b"warning: '--profiler' is not supported yet\n")?;
    }
    match invocation.action {
        Action::Help { command, long } => print(help::text(command, long)),
        Action::Version => print(version::line()),
        Action::Command { command, .. } if let Some(excuse) = command.state.excuse() => {
            refuse(&format!("wippy {}", command.path), excuse)
        }
        Action::Script(_) | Action::Command { .. } if invocation.flags.unsupported().is_some() => {
            unsupported(&invocation.flags.unsupported().map(commands::Flag::display).unwrap_or_default())
        }
        Action::Script(_) | Action::Command { .. }
            if invocation.flags.last(&table::ERROR_FORMAT) == Some(b"json") =>
        {
            unsupported("--error-format json")
        }
        Action::Script(script) => script::run(script, executable, &settings),
        Action::Command { command, words } => {
            run_command(executable, command, &words, &invocation.flags, &settings)
        }
    }
}

/// The commands of this release.
fn run_command(
    executable: &[u8],
    command: &'static Command,
    words: &[Word],
    flags: &Flags,
    settings: &Settings,
) -> Result<Exit, Exit> {
    let is = |other: &'static Command| std::ptr::eq(command, other);
    if is(&table::EVAL) {
        script::evaluate(&words[0], executable, settings)
    } else if is(&table::REPL) {
        script::prompt(executable, settings)
    } else if is(&table::LINT) {
        check::run(words, flags, settings)
    } else if is(&table::TYPES) {
        types::run(words, flags)
    } else if is(&table::EXPLAIN) {
        print_explanation(&words[0])
    } else if is(&table::VERSION_COMMAND) {
        print_version(flags)
    } else if is(&table::COMPLETION) {
        print_completion(&words[0])
    } else if let Some(result) = app::command(command, words, flags, settings) {
        result
    } else {
        unsupported(&format!("wippy {}", command.path))
    }
}

fn print_version(flags: &Flags) -> Result<Exit, Exit> {
    print(if flags.has(&table::VERSION_SHORT) {
        format!("{}\n", version::NUMBER)
    } else if flags.has(&table::JSON) {
        version::json()
    } else {
        version::details()
    })
}

fn print_completion(shell: &[u8]) -> Result<Exit, Exit> {
    let name = String::from_utf8_lossy(shell);
    match completion::script(&name) {
        Some(script) => print(script),
        None => wrong_word(&name, "shell", completion::SHELLS.to_vec(), &table::COMPLETION),
    }
}

fn print_explanation(code: &[u8]) -> Result<Exit, Exit> {
    let name = String::from_utf8_lossy(code);
    match explain::text(&name) {
        Some(text) => print(text),
        None => wrong_word(&name, "code", explain::codes().collect(), &table::EXPLAIN),
    }
}

/// A word that is none of `choices`.
fn wrong_word(
    word: &str,
    kind: &str,
    choices: Vec<&'static str>,
    command: &'static Command,
) -> Result<Exit, Exit> {
    let known = choices.join(", ");
    usage(&arguments::UsageError {
        message: format!("unknown {kind} \"{word}\" (known: {known})"),
        suggestion: nearest(word, choices).map(String::from),
        command: Some(command.path),
    })
}

fn print(text: String) -> Result<Exit, Exit> {
    output::print(text.as_bytes())?;
    Ok(Exit::SUCCESS)
}

fn usage(error: &arguments::UsageError) -> Result<Exit, Exit> {
    output::complain(format!("{error}\n").as_bytes())?;
    Ok(Exit::USAGE)
}

fn unsupported(what: &str) -> Result<Exit, Exit> {
    refuse(what, "not supported yet")
}

fn refuse(what: &str, excuse: &str) -> Result<Exit, Exit> {
    output::complain(format!("'{what}' is {excuse}\n").as_bytes())?;
    Ok(Exit::FAILURE)
}

/// A line about something the operating system refused.
fn system_error(what: &str, name: &[u8], error: &std::io::Error) -> Vec<u8> {
    let reason = error.to_string();
    // The number adds nothing to the sentence.
    let reason = reason.split_once(" (os error").map_or(reason.as_str(), |(sentence, _)| sentence);
    [b"error: ", what.as_bytes(), b" ", name, b": ", reason.as_bytes(), b"\n"].concat()
}
