//! `lua-testsuite/` under `cargo test`: every case runs in the interpreter that was just built.
//!
//! Not the detailed runner: `cargo xtask conformance` names the first line that differs. Invariant: where
//! stock Lua 5.3 is missing, the comparison is skipped with a notice, and the cases run all the same.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const WIPPY: &str = env!("CARGO_BIN_EXE_wippy");
const ORACLE: &str = "lua5.3";

fn suite() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../lua-testsuite")
        .canonicalize()
        .expect("the suite is in the tree")
}

fn cases(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the suite can be read") {
        let path = entry.expect("the suite can be read").path();
        if path.is_dir() && !path.ends_with("modules") {
            cases(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "lua") {
            found.push(path);
        }
    }
}

/// Names are relative to the suite, so that chunk names in messages are the same everywhere. Standard input
/// is a pipe that is at its end.
fn run(interpreter: &str, suite: &Path, case: &Path) -> Output {
    let name = case.strip_prefix(suite).expect("cases lie in the suite");
    let mut child = Command::new(interpreter)
        .arg(name)
        .current_dir(suite)
        .env("NO_COLOR", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the interpreter starts");
    drop(child.stdin.take());
    child.wait_with_output().expect("the interpreter ends")
}

#[test]
fn every_case_passes_and_agrees_with_the_reference() {
    let suite = suite();
    let mut all = Vec::new();
    cases(&suite, &mut all);
    assert!(all.len() > 150, "the suite has {} cases", all.len());
    all.sort();
    let oracle = Command::new(ORACLE).arg("-v").output().is_ok();
    if !oracle {
        eprintln!("notice: {ORACLE} is not installed; cases are run, but not compared with it");
    }
    let mut faults = Vec::new();
    for case in &all {
        let ours = run(WIPPY, &suite, case);
        let golden = case.with_extension("out");
        let expected = if golden.is_file() {
            Some(fs::read(&golden).expect("the expected output can be read"))
        } else {
            oracle.then(|| run(ORACLE, &suite, case).stdout)
        };
        let clean = ours.status.success() && ours.stderr.is_empty();
        if !clean || expected.is_some_and(|expected| expected != ours.stdout) {
            faults.push(format!("{}: {}", case.display(), String::from_utf8_lossy(&ours.stderr)));
        }
    }
    assert!(faults.is_empty(), "`cargo xtask conformance` tells more:\n{}", faults.join("\n"));
}
