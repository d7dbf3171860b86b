//! `cargo xtask guard`: instruction counts of the programs in `xtask/guard/` against recorded ones.
//!
//! Counts are stable where times are not, so a rise of a few per cent is a fact. Invariant: the record belongs to
//! builds with the profile `fast` by one compiler; with another compiler nothing is compared. `--accept` writes a new
//! record.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::measure;
use crate::job::Job;
use crate::options::Options;
use crate::{Failure, settings, workspace};

/// Runs of each program.
const RUNS: usize = 4;

/// A count may rise by this much before the command fails.
const TOLERANCE: f64 = 0.05;

/// Longest time for finding out whether valgrind runs here.
const TRIAL_LIMIT: Duration = Duration::from_secs(20);

/// The build that the record is about.
const BUILD: &str = "cargo build --profile fast --package wippy-cli";

/// Counts, compares, and with `--accept` records.
pub(crate) fn run(mut options: Options) -> Result<(), Failure> {
    let interpreter = match options.value::<PathBuf>("--bin")? {
        Some(path) => crate::options::absolute(path)?,
        None => workspace::target().join("fast/wippy"),
    };
    let accept = options.flag("--accept");
    options.finish()?;
    if !interpreter.is_file() {
        return Err(format!("{} is missing: {BUILD}", interpreter.display()).into());
    }
    if let Err(reason) = trial() {
        println!("notice: valgrind does not run here, so nothing is counted: {reason}");
        return Ok(());
    }
    let folder = workspace::root().join("xtask/guard");
    let record = folder.join("instructions.toml");
    let compiler = compiler()?;
    let mut old = if record.is_file() { settings::read(&record)? } else { Vec::new() };
    let recorded = old.iter().find(|entry| entry.key == "compiler").map(|entry| entry.value.clone());
    if !accept && let Some(recorded) = recorded.filter(|recorded| *recorded != compiler) {
        println!("notice: the record is of {recorded}, this is {compiler}: counts are shown, not judged");
        old.clear();
    }
    let mut text = format!(
        "# Millions of instructions of a build with the profile `fast`, as callgrind counts them.\n\
         # Compared by `cargo xtask guard`; a new record is written by `cargo xtask guard --accept`.\n\n\
         compiler = \"{compiler}\"\n\n[millions]\n"
    );
    let mut worse = 0;
    for path in workspace::files_below(&folder, "lua")? {
        let name = path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        // Hashes are seeded anew in every run, and some seeds cost more than others: the least of a few is stable.
        let mut millions = f64::INFINITY;
        for _ in 0..RUNS {
            millions = millions.min(measure::instructions(&interpreter, &path)? / 1e6);
        }
        let before =
            old.iter().find(|entry| entry.key == name).map(|entry| entry.value.parse::<f64>()).transpose()?;
        text.push_str(&format!("{name} = \"{millions:.1}\"\n"));
        worse += usize::from(!compare(&name, millions, before));
    }
    finish(&record, &text, accept, worse)
}

/// Whether valgrind is there and can run a program on this processor; else why not.
fn trial() -> Result<(), String> {
    if workspace::find_in_path("valgrind").is_none() {
        return Err("it is not installed".to_owned());
    }
    let outcome = Job::new("valgrind", TRIAL_LIMIT)
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "true"])
        .run()
        .map_err(|failure| failure.to_string())?;
    if outcome.success() { Ok(()) } else { Err(outcome.last_error_line()) }
}

/// The name and version of the compiler.
fn compiler() -> Result<String, Failure> {
    let output =
        Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into())).arg("-V").output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.split_whitespace().take(2).collect::<Vec<_>>().join(" "))
}

fn compare(program: &str, millions: f64, before: Option<f64>) -> bool {
    let Some(before) = before else {
        println!("{program:12} {millions:8.1} M");
        return true;
    };
    let change = millions / before - 1.0;
    let good = change <= TOLERANCE;
    let verdict = if good { "" } else { "  TOO MANY" };
    println!("{program:12} {millions:8.1} M against {before:.1} M: {:+.1} %{verdict}", change * 100.0);
    good
}

fn finish(record: &Path, text: &str, accept: bool, worse: usize) -> Result<(), Failure> {
    if accept {
        fs::write(record, text)?;
        println!("recorded in {}", record.display());
        return Ok(());
    }
    if worse > 0 {
        Err(format!(
            "{worse} programs execute over {:.0} % more instructions than recorded; \
             if that is meant: cargo xtask guard --accept",
            TOLERANCE * 100.0
        )
        .into())
    } else {
        Ok(())
    }
}
