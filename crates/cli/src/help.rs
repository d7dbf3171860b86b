//! Help texts, laid out from the command table.
//!
//! Every line fits 100 columns; nothing is coloured. The sentences themselves live in `commands::table`.

use std::fmt::Write as _;

use crate::commands::{Command, Flag, Group, State, Words, table};

/// No line is longer than this.
const WIDTH: usize = 100;

/// Help about everything, or about one command.
pub(crate) fn text(command: Option<&Command>, long: bool) -> String {
    let mut out = String::new();
    match command {
        Some(command) => about_command(&mut out, command, long),
        None => about_wippy(&mut out, long),
    }
    out
}

fn about_wippy(out: &mut String, long: bool) {
    out.push_str("wippy - run Lua 5.3 programs\n\nUsage:\n");
    for usage in ["FILE.lua [ARGS]", "-e CODE [FILE.lua [ARGS]]", "- [ARGS]", "COMMAND [FLAGS] [ARGS]"] {
        let _ = writeln!(out, "  wippy {usage}");
    }
    if long {
        examples(
            out,
            &[
                ("wippy hello.lua a b", "run a script; the words after it are its arguments"),
                ("wippy -e 'print(_VERSION)'", "run code from the command line"),
                ("wippy eval '2^10'", "print the value of an expression"),
                ("wippy repl", "try things out"),
                ("wippy check src", "find syntax errors"),
            ],
        );
    }
    for group in Group::ALL {
        let _ = writeln!(out, "\n{}:", group.title());
        let rows: Vec<(String, String)> = table::COMMANDS
            .iter()
            .filter(|command| command.group == group)
            .map(|command| (names(command), summary(command)))
            .collect();
        rows_of(out, &rows);
    }
    if long {
        flags(out, "Flags before the script or command", &mut table::ROOT.iter().copied());
        flags(out, "Flags of every command", &mut table::GLOBAL.iter().copied());
        out.push_str("\nRun 'wippy COMMAND --help' for the flags of one command.\n");
    } else {
        out.push_str("\nRun 'wippy --help' for examples and flags.\n");
    }
}

fn about_command(out: &mut String, command: &Command, long: bool) {
    let _ = writeln!(out, "wippy {} - {}\n\nUsage:", command.path, summary(command));
    for usage in command.usage {
        let _ = writeln!(out, "  {}", format!("wippy {} {usage}", command.path).trim_end());
    }
    if !command.aliases.is_empty() {
        let _ = writeln!(out, "\nAlso called: {}", command.aliases.join(", "));
    }
    if long {
        examples(out, command.examples);
        if !command.about.is_empty() {
            let _ = writeln!(out, "\n{}", command.about);
        }
    }
    if !command.nested.is_empty() {
        out.push_str("\nCommands:\n");
        let rows: Vec<_> = command.nested.iter().map(|nested| (names(nested), summary(nested))).collect();
        rows_of(out, &rows);
    }
    if long {
        let is_global =
            |flag: &&'static Flag| table::GLOBAL.iter().any(|global| std::ptr::eq(*global, *flag));
        flags(out, "Flags", &mut command.all_flags().filter(|flag| !is_global(flag)));
        flags(out, "Flags of every command", &mut command.all_flags().filter(is_global));
    } else if !command.flags.is_empty() || command.words != Words::None {
        let _ = writeln!(out, "\nRun 'wippy {} --help' for examples and flags.", command.path);
    }
}

fn names(command: &Command) -> String {
    let mut names = command.name().to_owned();
    for nested in command.nested {
        let _ = write!(names, "{}{}", if names.contains(' ') { "|" } else { " " }, nested.name());
    }
    for alias in command.aliases {
        let _ = write!(names, ", {alias}");
    }
    names
}

fn summary(command: &Command) -> String {
    let note = match command.state {
        State::Ready => "",
        State::Later => " (later)",
        State::Absent => " (not in this build)",
    };
    format!("{}{note}", command.summary)
}

fn examples(out: &mut String, examples: &[(&str, &str)]) {
    if examples.is_empty() {
        return;
    }
    out.push_str("\nExamples:\n");
    let rows: Vec<_> = examples.iter().map(|(line, doc)| ((*line).to_owned(), (*doc).to_owned())).collect();
    rows_of(out, &rows);
}

fn flags(out: &mut String, title: &str, flags: &mut dyn Iterator<Item = &'static Flag>) {
    let rows: Vec<_> = flags.map(|flag| (flag_names(flag), flag_doc(flag))).collect();
    if !rows.is_empty() {
        let _ = writeln!(out, "\n{title}:");
        rows_of(out, &rows);
    }
}

fn flag_names(flag: &Flag) -> String {
    let mut names = match flag.short {
        Some(short) if flag.long.is_empty() => format!("-{short}"),
        Some(short) => format!("-{short}, --{}", flag.long),
        None => format!("    --{}", flag.long),
    };
    if let Some(value) = flag.value {
        let _ = write!(names, " {value}");
    }
    names
}

fn flag_doc(flag: &Flag) -> String {
    let mut doc = flag.doc.to_owned();
    if !flag.choices.is_empty() {
        let _ = write!(doc, ": {}", flag.choices.join(", "));
    }
    if let Some(default) = flag.default {
        let _ = write!(doc, " [{default}]");
    }
    if flag.later {
        doc.push_str(" (later)");
    }
    doc
}

/// Two columns; a left side too long for its column gets a line of its own.
fn rows_of(out: &mut String, rows: &[(String, String)]) {
    let fits = |left: &str, right: &str| left.len() + right.len() + 4 <= WIDTH;
    let column =
        rows.iter().filter(|(l, r)| fits(l, r)).map(|(left, _)| left.len()).max().unwrap_or(0).min(32);
    for (left, right) in rows {
        if left.len() > column {
            let _ = writeln!(out, "  {left}\n  {:column$}  {right}", "");
        } else {
            let _ = writeln!(out, "  {left:column$}  {right}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_text() -> Vec<String> {
        let mut texts = vec![text(None, false), text(None, true)];
        for command in table::COMMANDS {
            for command in std::iter::once(command).chain(command.nested) {
                texts.extend([text(Some(command), false), text(Some(command), true)]);
            }
        }
        texts
    }

    #[test]
    fn every_line_fits() {
        for text in every_text() {
            for line in text.lines() {
                assert!(line.chars().count() <= WIDTH, "{line}");
                assert_eq!(line, line.trim_end(), "{text}");
            }
        }
    }

    #[test]
    fn help_mentions_every_command() {
        for text in [text(None, false), text(None, true)] {
            for command in table::COMMANDS {
                assert!(text.contains(&format!("\n  {}", command.name())), "{}", command.path);
            }
        }
    }

    #[test]
    fn later_things_say_so() {
        let run = text(crate::commands::find("run"), true);
        assert!(run.contains("--watch         restart when a file changes (later)"), "{run}");
        assert!(text(None, true).contains("  publish"));
    }
}
