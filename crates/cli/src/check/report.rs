//! What a check found, as text or JSON.
//!
//! Counts are of everything found, also of what a limit hides. Invariant: findings are sorted by file, severity, place.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Choices;
use crate::diagnostic::{Diagnostic, Severity, render};
use crate::output;
use crate::settings::Settings;

/// What was found in the files checked.
#[derive(Default)]
pub(super) struct Report {
    pub(super) files: usize,
    /// What they are called in totals, if not files.
    pub(super) noun: Option<&'static str>,
    /// Name of the file, and what is to be said about it.
    pub(super) findings: Vec<(Vec<u8>, Diagnostic)>,
}

impl Report {
    pub(super) fn text(&self, choices: &Choices, settings: &Settings) -> Vec<u8> {
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
        let totals = self.totals();
        let files = match self.noun {
            Some("entry") if self.files != 1 => format!("{} entries", self.files),
            noun => counted(self.files, noun.unwrap_or("file")),
        };
        let line = if totals.is_empty() {
            format!("Checked {files}\n")
        } else {
            format!("Checked {files}: {totals}\n")
        };
        out.extend_from_slice(line.as_bytes());
        out
    }

    /// `5 errors, 12 warnings`
    pub(super) fn totals(&self) -> String {
        let parts: Vec<String> = SEVERITIES
            .iter()
            .map(|&(severity, name)| (self.count(severity), name))
            .filter(|&(count, _)| count > 0)
            .map(|(count, name)| counted(count, name))
            .collect();
        parts.join(", ")
    }

    pub(super) fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|(_, diagnostic)| diagnostic.severity == severity).count()
    }

    /// Files as they stand in folders, with the number of findings in each.
    fn by_folder(&self) -> String {
        let mut folders: BTreeMap<String, Vec<Severity>> = BTreeMap::new();
        for (name, diagnostic) in &self.findings {
            let name = String::from_utf8_lossy(name).into_owned();
            // Entries are called `namespace:name`, files by their paths.
            let parts = if self.noun.is_some() { name.rsplit_once(':') } else { name.rsplit_once('/') };
            let folder = match parts {
                Some((folder, _)) => folder.to_owned(),
                None => ".".to_owned(),
            };
            folders.entry(folder).or_default().push(diagnostic.severity);
        }
        let mut folders: Vec<(String, Vec<Severity>)> = folders.into_iter().collect();
        folders.sort_by_key(|(_, list)| std::cmp::Reverse(list.len()));
        let mut out = "By namespace:\n".to_owned();
        for (folder, list) in folders {
            let parts: Vec<String> = SEVERITIES
                .iter()
                .filter_map(|&(severity, word)| {
                    let count = list.iter().filter(|&&it| it == severity).count();
                    (count > 0).then(|| counted(count, word))
                })
                .collect();
            let _ = writeln!(out, "  {folder:<30} {} ({})", counted(list.len(), "issue"), parts.join(", "));
        }
        out.push('\n');
        out
    }

    fn by_code(&self) -> String {
        let mut codes: BTreeMap<&str, (Severity, usize)> = BTreeMap::new();
        for (_, diagnostic) in &self.findings {
            codes.entry(diagnostic.code.unwrap_or_default()).or_insert((diagnostic.severity, 0)).1 += 1;
        }
        if codes.is_empty() {
            return "No issues found\n".to_owned();
        }
        let mut out = self.by_folder();
        out.push_str("By error code:\n");
        for (code, (severity, count)) in codes {
            let _ = writeln!(out, "  {code:<8} [{:<7}] {count:>4} occurrences", severity.word());
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
                if let Some((line, column)) = diagnostic.end() {
                    let _ = write!(out, ",\"end_line\":{line},\"end_column\":{column}");
                }
            }
            if let Some(help) = diagnostic.notes.iter().find(|note| note.word == "help") {
                let _ = write!(out, ",\"help\":{}", json_string(&help.lines.concat()));
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
pub(crate) fn json_string(bytes: &[u8]) -> String {
    let mut out = String::new();
    wippy::stdlib::json::quote(&String::from_utf8_lossy(bytes), &mut out);
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
