//! Results of tests: suites and their cases, as text and as JSON.
//!
//! Nothing is run here. Invariant: the last line begins with `PASSED` or `FAILED`, and says the same as the exit code.

use std::fmt::Write as _;
use std::time::Duration;

use wippy_app::print;
use wippy_app::value::{Map, Value};

use crate::arguments::Flags;
use crate::commands::table;
use crate::exit::Exit;
use crate::output;

/// One case.
pub(super) struct Case {
    pub(super) name: String,
    pub(super) status: Status,
    pub(super) error: Option<String>,
}

/// What a case came to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Passed,
    Failed,
    Skipped,
}

/// Cases under one heading.
pub(super) struct Suite {
    pub(super) name: String,
    pub(super) cases: Vec<Case>,
    pub(super) took: Duration,
}

/// Prints what the tests came to, and answers the exit code.
///
/// # Errors
/// The exit code when nobody reads.
pub(super) fn finish(suites: &[Suite], took: Duration, flags: &Flags) -> Result<Exit, Exit> {
    let shown = if flags.has(&table::JSON) { json(suites, took) } else { report(suites, took) };
    output::print(shown.as_bytes())?;
    Ok(if total(suites, Status::Failed) > 0 { Exit::FAILURE } else { Exit::SUCCESS })
}

/// What there is to say when there are no tests.
///
/// # Errors
/// The exit code when nobody reads.
pub(super) fn nothing(flags: &Flags) -> Result<Exit, Exit> {
    output::print(b"No tests found\n")?;
    Ok(if flags.has(&table::ALLOW_EMPTY) { Exit::SUCCESS } else { Exit::FAILURE })
}

/// Suites and cases of the result of `run_cases`. `heading` stands where a suite has no name, `shown` is how an error text is
/// shown.
pub(super) fn read(map: &Map, heading: &str, took: Duration, shown: &dyn Fn(&str) -> String) -> Vec<Suite> {
    let list =
        |value: Option<&Value>| value.and_then(Value::as_list).map(<[Value]>::to_vec).unwrap_or_default();
    let field =
        |value: &Value, key: &str| value.get(key).and_then(Value::as_text).unwrap_or_default().to_owned();
    let suites = list(map.get("suites"));
    let count = suites.len().max(1) as u32;
    suites
        .iter()
        .map(|suite| Suite {
            name: Some(field(suite, "name"))
                .filter(|name| !name.is_empty())
                .unwrap_or_else(|| heading.to_owned()),
            took: took / count,
            cases: list(suite.get("cases"))
                .iter()
                .map(|case| Case {
                    name: field(case, "name"),
                    status: match &*field(case, "status") {
                        "failed" => Status::Failed,
                        "skipped" => Status::Skipped,
                        _ => Status::Passed,
                    },
                    error: case.get("error").and_then(Value::as_text).map(shown),
                })
                .collect(),
        })
        .collect()
}

impl Suite {
    /// A suite of one case.
    pub(super) fn single(name: &str, case: &str, error: Option<String>, took: Duration) -> Suite {
        let status = if error.is_some() { Status::Failed } else { Status::Passed };
        Suite { name: name.to_owned(), cases: vec![Case { name: case.to_owned(), status, error }], took }
    }

    /// Cases that came to this.
    pub(super) fn count(&self, status: Status) -> usize {
        self.cases.iter().filter(|case| case.status == status).count()
    }
}

fn total(suites: &[Suite], status: Status) -> usize {
    suites.iter().map(|suite| suite.count(status)).sum()
}

/// For people.
fn report(suites: &[Suite], took: Duration) -> String {
    let mut out = String::from("\n");
    for suite in suites {
        let (passed, skipped) = (suite.count(Status::Passed), suite.count(Status::Skipped));
        let run = suite.cases.len() - skipped;
        let _ = write!(out, "  {} ({})  {passed}/{run}", suite.name, suite.cases.len());
        if skipped > 0 {
            let _ = write!(out, "  {skipped} skipped");
        }
        let _ = writeln!(out, "  {}ms", suite.took.as_millis());
        for case in &suite.cases {
            let (sign, behind) = match case.status {
                Status::Passed => ("o", ""),
                Status::Failed => ("x", ""),
                Status::Skipped => ("-", " (skipped)"),
            };
            let _ = writeln!(out, "    {sign} {}{behind}", case.name);
            for line in case.error.iter().flat_map(|error| error.lines()) {
                let _ = writeln!(out, "        {line}");
            }
        }
        out.push('\n');
    }
    let failed = total(suites, Status::Failed);
    let word = if failed == 0 { "PASSED" } else { "FAILED" };
    let _ = write!(out, "  {word}   {} passed", total(suites, Status::Passed));
    for (count, name) in [(failed, "failed"), (total(suites, Status::Skipped), "skipped")] {
        if count > 0 {
            let _ = write!(out, "   {count} {name}");
        }
    }
    let _ = writeln!(out, "   {}ms", took.as_millis());
    out
}

/// For programs.
fn json(suites: &[Suite], took: Duration) -> String {
    let word = |status: Status| match status {
        Status::Passed => "passed",
        Status::Failed => "failed",
        Status::Skipped => "skipped",
    };
    let mut root = Value::Map(Map::new());
    let rows = suites.iter().map(|suite| {
        let mut row = Value::Map(Map::new());
        row.set(&["name"], Value::text(&*suite.name));
        let cases = suite.cases.iter().map(|case| {
            let mut one = Value::Map(Map::new());
            one.set(&["name"], Value::text(&*case.name));
            one.set(&["status"], Value::from(word(case.status)));
            if let Some(error) = &case.error {
                one.set(&["error"], Value::text(&**error));
            }
            one
        });
        row.set(&["cases"], Value::List(cases.collect()));
        row
    });
    root.set(&["suites"], Value::List(rows.collect()));
    for status in [Status::Passed, Status::Failed, Status::Skipped] {
        root.set(&[word(status)], Value::Integer(total(suites, status) as i64));
    }
    root.set(&["milliseconds"], Value::Integer(took.as_millis() as i64));
    format!("{}\n", print::json(&root))
}
