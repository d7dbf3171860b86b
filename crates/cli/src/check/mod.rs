//! `wippy check`, also called `wippy lint`: syntax, types and style of files, and of every source file below folders.
//!
//! It reads and checks, and runs nothing. Findings go to standard output; a file that cannot be read is an error of
//! the run, said on standard error.

#[cfg_attr(not(feature = "app"), path = "no_entries.rs")]
mod entries;
mod files;
mod report;
#[cfg_attr(not(feature = "types"), path = "no_session.rs")]
mod session;

use std::path::PathBuf;
use std::rc::Rc;

use wippy::stdlib::package::source;
use wippy::typecheck::check::{Options, Resolver};
use wippy::typecheck::diagnostic as found;

use self::files::{Files, normal, sources_below};
use self::report::Report;
pub(crate) use self::report::json_string;
use self::session::Session;
use crate::arguments::{Flags, Word};
use crate::commands::table;
use crate::diagnostic::{Diagnostic, Note, Severity};
use crate::exit::Exit;
use crate::output;
use crate::settings::Settings;
use crate::surroundings::{path_of, word_of};
use crate::system_error;
use crate::text::Text;

/// How the findings are shown.
struct Choices {
    /// In capitals.
    codes: Vec<Vec<u8>>,
    level: Severity,
    limit: usize,
    summary: bool,
    json: bool,
    deny_warnings: bool,
}

impl Choices {
    fn new(flags: &Flags) -> Result<Self, Exit> {
        let limit = match flags.last(&table::LIMIT).map(|text| String::from_utf8_lossy(text).parse::<usize>())
        {
            None | Some(Ok(0)) => usize::MAX,
            Some(Ok(limit)) => limit,
            Some(Err(_)) => {
                output::complain(b"error: flag \"--limit\" needs a whole number\n")?;
                return Err(Exit::USAGE);
            }
        };
        let level = match flags.last(&table::LEVEL) {
            Some(b"error") => Severity::Error,
            Some(b"hint") => Severity::Hint,
            _ => Severity::Warning,
        };
        Ok(Self {
            codes: flags.all(&table::CODE).map(<[u8]>::to_ascii_uppercase).collect(),
            level,
            limit,
            summary: flags.has(&table::SUMMARY),
            json: flags.has(&table::JSON),
            deny_warnings: flags.has(&table::DENY),
        })
    }
}

/// Checks the files and folders named, or the application in this folder.
pub(crate) fn run(words: &[Word], flags: &Flags, settings: &Settings) -> Result<Exit, Exit> {
    let choices = Choices::new(flags)?;
    if words.is_empty() {
        let report = entries::check(flags, settings)?;
        return finish(report, false, &choices, settings);
    }
    let options = Options { style: flags.has(&table::RULES), ..Options::default() };
    let mut session = session::begin(options);
    let mut resolver = Files::default();
    let mut report = Report::default();
    let mut unreadable = false;
    for word in words {
        for path in sources_below(path_of(word)) {
            let shown = path.as_ref().map_or_else(|(path, _)| path.clone(), PathBuf::clone);
            let name = word_of(shown.clone());
            match path.map_err(|(_, error)| error).and_then(source::read_file) {
                Ok(text) => {
                    report.files += 1;
                    let chunk = normal(&shown).to_string_lossy().into_owned();
                    let list = check_text(&mut session, &mut resolver, &name, &chunk, text);
                    report.findings.extend(list.into_iter().map(|it| (name.clone(), it)));
                }
                Err(error) => {
                    unreadable = true;
                    output::complain(&system_error("cannot open", &name, &error))?;
                }
            }
        }
    }
    finish(report, unreadable, &choices, settings)
}

/// Shows what was found and says how it ends.
fn finish(
    mut report: Report,
    unreadable: bool,
    choices: &Choices,
    settings: &Settings,
) -> Result<Exit, Exit> {
    report.findings.retain(|(_, diagnostic)| {
        let code = diagnostic.code.unwrap_or_default().as_bytes();
        diagnostic.severity <= choices.level
            && (choices.codes.is_empty() || choices.codes.iter().any(|wanted| wanted == code))
    });
    if report.files > 0 {
        output::print(&report.text(choices, settings))?;
    }
    let errors = report.count(Severity::Error);
    let warnings = report.count(Severity::Warning);
    if errors > 0 || choices.deny_warnings && warnings > 0 {
        let total = report.totals();
        output::complain(format!("lint failed: {total}\n").as_bytes())?;
        return Ok(Exit::FAILURE);
    }
    Ok(if unreadable { Exit::FAILURE } else { Exit::SUCCESS })
}

/// What is to be said about a text, the worst first.
fn check_text(
    session: &mut Session,
    resolver: &mut Files,
    name: &[u8],
    chunk: &str,
    text: Vec<u8>,
) -> Vec<Diagnostic> {
    let text = Text::program([b"@", name].concat(), text);
    check_chunk(session, resolver, chunk, &text)
}

/// The same for a text that is at hand.
fn check_chunk(
    session: &mut Session,
    resolver: &mut dyn Resolver,
    chunk: &str,
    text: &Text,
) -> Vec<Diagnostic> {
    let compiled = text.compiled();
    if compiled.first() == Some(&0x1b) {
        return Vec::new();
    }
    let source = text.source();
    let report = session::check(session, chunk, &compiled, resolver);
    let wrong = report.diagnostics.iter().any(|it| it.code.severity() == found::Severity::Error);
    // What is no program has one mistake that matters; limits and jumps into scopes are the compiler's to judge.
    if (report.syntax.is_some() || !wrong)
        && let Some(mistake) = text.mistake()
    {
        return vec![mistake.code(found::Code::P0001.text())];
    }
    let mut list: Vec<Diagnostic> = report.diagnostics.iter().map(|it| shown(it, text, &source)).collect();
    list.sort_by_key(|it| (it.severity, it.position()));
    list
}

/// A finding as the renderer wants it.
fn shown(finding: &found::Diagnostic, text: &Text, source: &Rc<crate::diagnostic::Source>) -> Diagnostic {
    let severity = match finding.code.severity() {
        found::Severity::Error => Severity::Error,
        found::Severity::Warning => Severity::Warning,
        found::Severity::Hint => Severity::Hint,
    };
    let place = text.place(finding.span.start.index()..finding.span.end.index());
    let diagnostic = Diagnostic { severity, ..Diagnostic::error(finding.message.as_bytes()) }
        .code(finding.code.text())
        .label(source, place, "");
    match finding.help() {
        Some(help) => diagnostic.note(Note::new("help", help)),
        None => diagnostic,
    }
}
