//! The guide to types and the page of diagnostic codes say what is so: snippets are checked and run, examples of codes
//! have them, and the page is the one the table of codes gives. `UPDATE_EXPECT=1` rewrites the page.

use std::fs;
use std::path::{Path, PathBuf};

use wippy::Interpreter;
use wippy::signatures::environment;
use wippy::typecheck::check::{Options, Session};
use wippy::typecheck::diagnostic::{Code, Severity, reference};

fn document(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name)
}

/// Codes and lines of what is said about a text.
fn findings(text: &str, options: Options) -> Vec<(usize, &'static str, Severity)> {
    let mut session = Session::new(&environment(), options);
    let report = session.check("snippet.lua", text.as_bytes(), &mut ());
    report
        .diagnostics
        .iter()
        .map(|it| {
            let line = text[..it.span.start.index()].matches('\n').count() + 1;
            (line, it.code.text(), it.code.severity())
        })
        .collect()
}

/// Snippets of a page: first line, whether they are run, text.
fn snippets(page: &str) -> Vec<(usize, bool, String)> {
    let mut found = Vec::new();
    let mut open: Option<(usize, bool, String)> = None;
    for (at, line) in page.lines().enumerate() {
        match &mut open {
            None if line.starts_with("```lua") => open = Some((at + 2, line == "```lua", String::new())),
            None => {}
            Some(_) if line == "```" => found.extend(open.take()),
            Some((_, _, text)) => {
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    found
}

#[test]
fn the_guide_is_right() {
    let page = fs::read_to_string(document("types.md")).expect("the guide");
    let snippets = snippets(&page);
    assert!(snippets.len() > 15);
    let mut faults = Vec::new();
    for (first, runs, text) in snippets {
        let expected: Vec<(usize, String)> = text
            .lines()
            .enumerate()
            .filter_map(|(at, line)| Some((at + 1, line.split_once("-- error: ")?.1.trim().to_owned())))
            .collect();
        let mut found: Vec<(usize, String)> = findings(&text, Options::default())
            .into_iter()
            .filter(|it| it.2 != Severity::Hint)
            .map(|(line, code, _)| (line, code.to_owned()))
            .collect();
        found.dedup();
        if found != expected {
            faults.push(format!("docs/types.md:{first}: expected {expected:?}, found {found:?}\n{text}"));
        }
        if runs {
            let mut lua = Interpreter::new();
            if let Err(stop) = lua.run(text.as_bytes(), "=guide", &[]) {
                faults.push(format!("docs/types.md:{first}: {stop:?}\n{text}"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_page_of_codes_is_current() {
    let path = document("diagnostics.md");
    let current = reference();
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&path, &current).expect("writable");
    }
    let page = fs::read_to_string(&path).unwrap_or_default();
    assert!(page == current, "docs/diagnostics.md is out of date (UPDATE_EXPECT=1 rewrites it)");
}

#[test]
fn examples_of_codes_have_them() {
    let mut faults = Vec::new();
    for &code in Code::ALL {
        let row = code.row();
        let has = |text: &str| {
            findings(text, Options { style: true, ..Options::default() }).iter().any(|it| it.1 == row.code)
        };
        if !row.wrong.is_empty() && !has(row.wrong) {
            faults.push(format!("{}: the wrong example has it not\n{}", row.code, row.wrong));
        }
        if has(row.right) {
            faults.push(format!("{}: the right example has it\n{}", row.code, row.right));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
