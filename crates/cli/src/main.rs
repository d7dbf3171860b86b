//! The `wippy` command: one match over what the command line asks for.
//!
//! It prints and ends the process; everything it knows about the language comes from the crates below.

mod arguments;
mod blame;
mod commands;
mod completion;
mod crash;
mod diagnostic;
mod exit;
mod explain;
mod help;
mod output;
mod repl;
mod settings;
mod signals;
mod suggest;
mod surroundings;
mod version;

use std::process::ExitCode;

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
    match invocation.action {
        Action::Help { command, long } => print(help::text(command, long)),
        Action::Version => print(version::line()),
        Action::Command { command, .. } if command.later => unsupported(&format!("wippy {}", command.path)),
        Action::Script(_) | Action::Command { .. } if invocation.flags.unsupported().is_some() => {
            unsupported(&invocation.flags.unsupported().map(commands::Flag::display).unwrap_or_default())
        }
        Action::Script(_) | Action::Command { .. }
            if invocation.flags.last(&table::ERROR_FORMAT) == Some(b"json") =>
        {
            unsupported("--error-format json")
        }
        Action::Script(script) => {
            let _ = (script, executable, settings);
            Ok(Exit::FAILURE)
        }
        Action::Command { command, words } => run_command(command, &words, &invocation.flags, &settings),
    }
}

/// The commands of this release.
fn run_command(
    command: &'static Command,
    words: &[Word],
    flags: &Flags,
    settings: &Settings,
) -> Result<Exit, Exit> {
    let _ = settings;
    if std::ptr::eq(command, &table::VERSION_COMMAND) {
        print_version(flags)
    } else if std::ptr::eq(command, &table::COMPLETION) {
        print_completion(&words[0])
    } else if std::ptr::eq(command, &table::EXPLAIN) {
        print_explanation(&words[0])
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
        suggestion: suggest::nearest(word, choices.into_iter()).map(String::from),
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
    output::complain(format!("'{what}' is not supported yet\n").as_bytes())?;
    Ok(Exit::FAILURE)
}
