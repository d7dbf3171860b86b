//! `cargo xtask check`: everything that must hold before a change is handed in, in one command.
//!
//! With `--ci` also the comparisons with stock Lua 5.3, which must then be installed. Invariant: all steps
//! run, also after one failed, and the last line counts them.

use std::env;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use crate::options::Options;
use crate::{Failure, workspace};

/// One step: its name, and the words after `cargo`.
struct Step {
    name: &'static str,
    words: &'static [&'static str],
    /// Extra variables of its environment.
    variables: &'static [(&'static str, &'static str)],
}

const fn step(name: &'static str, words: &'static [&'static str]) -> Step {
    Step { name, words, variables: &[] }
}

/// What is checked everywhere. The tests run the examples and the conformance cases too.
const ALWAYS: [Step; 8] = [
    step("format", &["fmt", "--all", "--check"]),
    step("tidy", &["xtask", "tidy"]),
    step("clippy", &["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"]),
    step("tests", &["test", "--workspace", "--quiet", "--no-fail-fast"]),
    // The library and the command have one name, so their pages have one folder: not at the same time.
    Step {
        name: "docs",
        words: &[
            "doc",
            "--workspace",
            "--exclude",
            "wippy-cli",
            "--no-deps",
            "--document-private-items",
            "--quiet",
        ],
        variables: &[("RUSTDOCFLAGS", "-D warnings")],
    },
    Step {
        name: "docs of the command",
        words: &["doc", "--package", "wippy-cli", "--no-deps", "--document-private-items", "--quiet"],
        variables: &[("RUSTDOCFLAGS", "-D warnings")],
    },
    step(
        "language alone",
        &["check", "--package", "wippy", "--package", "wippy-cli", "--no-default-features", "--quiet"],
    ),
    step("no C", &["xtask", "gate"]),
];

/// What needs stock Lua 5.3, an optimised build and some minutes.
const COMPARISONS: [Step; 6] = [
    step("build", &["build", "--profile", "fast", "--package", "wippy-cli", "--quiet"]),
    step("grammar", &["xtask", "grammar", "--check"]),
    step("conformance", &["xtask", "conformance", "--require-oracle"]),
    step("arguments", &["xtask", "arguments", "--require-oracle"]),
    step("programs", &["xtask", "fuzz", "programs", "--count", "4000", "--require-oracle"]),
    step("guard", &["xtask", "guard"]),
];

/// Runs the steps, or with a name only that one.
pub(crate) fn run(mut options: Options) -> Result<(), Failure> {
    let ci = options.flag("--ci");
    let only = options.word();
    options.finish()?;
    let mut failed = Vec::new();
    let mut passed = 0;
    let comparisons = if ci { &COMPARISONS[..] } else { &[] };
    for step in ALWAYS.iter().chain(comparisons) {
        if only.as_deref().is_some_and(|only| only != step.name) {
            continue;
        }
        println!("== {}", step.name);
        let started = Instant::now();
        let success = cargo(step)?;
        println!(
            "== {}: {} ({:.0} s)",
            step.name,
            if success { "ok" } else { "FAILED" },
            started.elapsed().as_secs_f64()
        );
        if success {
            passed += 1;
        } else {
            failed.push(step.name);
        }
    }
    for name in &failed {
        println!("failed: {name}");
    }
    println!("{passed} passed, {} failed", failed.len());
    if failed.is_empty() { Ok(()) } else { Err(format!("failed: {}", failed.join(", ")).into()) }
}

fn cargo(step: &Step) -> Result<bool, Failure> {
    let cargo = env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from);
    let status = Command::new(cargo)
        .args(step.words)
        .envs(step.variables.iter().copied())
        .current_dir(workspace::root())
        .status()?;
    Ok(status.success())
}
