//! `wippy check`: the syntax of files, and of every source file below folders.
//!
//! It reads and compiles, and runs nothing. Findings go to standard output; a file that cannot be read is an error of
//! the run, said on standard error.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::arguments::{Flags, Word};
use crate::commands::table;
use crate::diagnostic::{Diagnostic, Severity, render};
use crate::exit::Exit;
use crate::output;
use crate::settings::Settings;
use crate::surroundings::{path_of, word_of};
use crate::text::Text;
use crate::{syntax, system_error};

/// What was found in the files checked.
struct Report {
    files: usize,
    findings: Vec<(Vec<u8>, Diagnostic)>,
}

/// How the findings are shown.
struct Choices<'a> {
    codes: Vec<&'a [u8]>,
    limit: usize,
    summary: bool,
    json: bool,
}

/// Checks the files and folders named.
pub(crate) fn run(words: &[Word], flags: &Flags, settings: &Settings) -> Result<Exit, Exit> {
    let choices = Choices {
        codes: flags.all(&table::CODE).collect(),
        limit: match flags.last(&table::LIMIT).map(|text| String::from_utf8_lossy(text).parse::<usize>()) {
            None | Some(Ok(0)) => usize::MAX,
            Some(Ok(limit)) => limit,
            Some(Err(_)) => {
                output::complain(b"error: flag \"--limit\" needs a whole number\n")?;
                return Ok(Exit::USAGE);
            }
        },
        summary: flags.has(&table::SUMMARY),
        json: flags.has(&table::JSON),
    };
    let mut report = Report { files: 0, findings: Vec::new() };
    let mut unreadable = false;
    for word in words {
        for path in sources_below(path_of(word)) {
            let name = path.as_ref().map_or_else(|(path, _)| path.clone(), PathBuf::clone);
            let name = word_of(name);
            match path.map_err(|(_, error)| error).and_then(fs::read) {
                Ok(text) => {
                    report.files += 1;
                    let found = check_text(&name, text);
                    report.findings.extend(found.map(|diagnostic| (name, diagnostic)));
                }
                Err(error) => {
                    unreadable = true;
                    output::complain(&system_error("cannot open", &name, &error))?;
                }
            }
        }
    }
    report.findings.retain(|(_, diagnostic)| {
        choices.codes.is_empty()
            || diagnostic.code.is_some_and(|code| choices.codes.contains(&code.as_bytes()))
    });
    if report.files > 0 {
        output::print(&report.text(&choices, settings))?;
    }
    Ok(if unreadable || !report.findings.is_empty() { Exit::FAILURE } else { Exit::SUCCESS })
}

/// The first mistake of a text, if there is one.
fn check_text(name: &[u8], text: Vec<u8>) -> Option<Diagnostic> {
    let text = Text::program([b"@", name].concat(), text);
    text.mistake().map(|mistake| mistake.code(syntax::CODE))
}

/// A file as named, or every source file below a folder, in order of their names.
fn sources_below(path: PathBuf) -> Vec<Result<PathBuf, (PathBuf, io::Error)>> {
    if !path.is_dir() {
        return vec![Ok(path)];
    }
    let mut found = Vec::new();
    walk(&path, &mut found);
    found
}

fn walk(folder: &Path, found: &mut Vec<Result<PathBuf, (PathBuf, io::Error)>>) {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => return found.push(Err((folder.to_owned(), error))),
    };
    let mut entries: Vec<fs::DirEntry> = entries.filter_map(Result::ok).collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        // Links to folders are not followed: they may lead in circles.
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            if !hidden {
                walk(&path, found);
            }
        } else if path.extension().is_some_and(|extension| extension == "lua" || extension == "luau") {
            found.push(Ok(path));
        }
    }
}

impl Report {
    fn text(&self, choices: &Choices<'_>, settings: &Settings) -> Vec<u8> {
        if choices.json {
            return self.json(choices.limit).into_bytes();
        }
        let mut out = Vec::new();
        if choices.summary {
            out.extend_from_slice(self.by_code().as_bytes());
        } else if self.findings.is_empty() {
            out.extend_from_slice(b"No issues found\n");
        } else {
            let colour = output::stdout_colour(settings.colour);
            for (_, diagnostic) in self.findings.iter().take(choices.limit) {
                out.extend_from_slice(&render(diagnostic, settings.error_format, colour));
                if settings.error_format == crate::diagnostic::Format::Human {
                    out.push(b'\n');
                }
            }
        }
        let mut totals = format!("Checked {}", counted(self.files, "file"));
        let mut separator = ": ";
        for (severity, name) in SEVERITIES {
            let count = self.count(severity);
            if count > 0 {
                let _ = write!(totals, "{separator}{}", counted(count, name));
                separator = ", ";
            }
        }
        out.extend_from_slice(totals.as_bytes());
        out.push(b'\n');
        out
    }

    fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|(_, diagnostic)| diagnostic.severity == severity).count()
    }

    fn by_code(&self) -> String {
        let mut codes: BTreeMap<&str, (Severity, usize)> = BTreeMap::new();
        for (_, diagnostic) in &self.findings {
            codes.entry(diagnostic.code.unwrap_or_default()).or_insert((diagnostic.severity, 0)).1 += 1;
        }
        if codes.is_empty() {
            return "No issues found\n".to_owned();
        }
        let mut out = "By error code:\n".to_owned();
        for (code, (severity, count)) in codes {
            let _ = writeln!(out, "  {code}  [{:7}]  {}", severity.word(), counted(count, "occurrence"));
        }
        out.push('\n');
        out
    }

    fn json(&self, limit: usize) -> String {
        let mut out = String::from("{\"diagnostics\":[");
        for (at, (name, diagnostic)) in self.findings.iter().take(limit).enumerate() {
            if at > 0 {
                out.push(',');
            }
            let _ = write!(
                out,
                "{{\"entry_id\":{},\"code\":{},\"severity\":\"{}\",\"message\":{}",
                json_string(name),
                json_string(diagnostic.code.unwrap_or_default().as_bytes()),
                diagnostic.severity.word(),
                json_string(&diagnostic.message)
            );
            if let Some((line, column)) = diagnostic.position() {
                let _ = write!(out, ",\"line\":{line}");
                if let Some(column) = column {
                    let _ = write!(out, ",\"column\":{column}");
                }
            }
            out.push('}');
        }
        let _ = write!(out, "],\"total_entries\":{}", self.files);
        for (severity, name) in SEVERITIES {
            let _ = write!(out, ",\"{name}_count\":{}", self.count(severity));
        }
        out.push_str("}\n");
        out
    }
}

const SEVERITIES: [(Severity, &str); 3] =
    [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Hint, "hint")];

fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// A JSON string; bytes that are not UTF-8 become replacement characters, which JSON cannot avoid.
fn json_string(bytes: &[u8]) -> String {
    let mut out = String::from("\"");
    for c in String::from_utf8_lossy(bytes).chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_strings_are_escaped() {
        assert_eq!(json_string(b"a\"\\\n\x01\xff\x7f"), "\"a\\\"\\\\\\n\\u0001\u{fffd}\\u007f\"");
    }
}
