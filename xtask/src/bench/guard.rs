//! `cargo xtask guard`: instruction counts of a handful of programs against recorded ones.
//!
//! Counts are stable where times are not, so a rise of a few per cent is a fact. Invariant: the record in
//! `benches/instructions.toml` belongs to release builds; `--accept` writes a new one.

use std::fs;
use std::path::Path;

use super::measure;
use crate::options::Options;
use crate::{Failure, settings, workspace};

/// Programs that between them use all of the interpreter's hot paths; each takes seconds under valgrind.
const PROGRAMS: [&str; 6] = [
    "objects/shapes.lua",
    "numbers/sieve.lua",
    "allocation/lists.lua",
    "strings/json.lua",
    "calls/fibonacci.lua",
    "coroutines/generators.lua",
];

/// A count may rise by this much before the command fails.
const TOLERANCE: f64 = 0.05;

/// Counts, compares, and with `--accept` records.
pub(crate) fn run(mut options: Options) -> Result<(), Failure> {
    let interpreter = options.interpreter()?;
    let accept = options.flag("--accept");
    options.finish()?;
    if workspace::find_in_path("valgrind").is_none() {
        println!("notice: valgrind is not installed: nothing is counted");
        return Ok(());
    }
    let benches = workspace::root().join("benches");
    let record = benches.join("instructions.toml");
    let old = if record.is_file() { settings::read(&record)? } else { Vec::new() };
    let mut text = String::from(
        "# Millions of instructions of a release build, as callgrind counts them.\n\
         # Compared by `cargo xtask guard`; a new record is written by `cargo xtask guard --accept`.\n\n[millions]\n",
    );
    let mut worse = 0;
    for program in PROGRAMS {
        let millions = measure::instructions(&interpreter, &benches.join(program))? / 1e6;
        let before = old
            .iter()
            .find(|entry| entry.key == program)
            .map(|entry| entry.value.parse::<f64>())
            .transpose()?;
        text.push_str(&format!("\"{program}\" = \"{millions:.0}\"\n"));
        worse += usize::from(!compare(program, millions, before));
    }
    finish(&record, &text, accept, worse)
}

fn compare(program: &str, millions: f64, before: Option<f64>) -> bool {
    let Some(before) = before else {
        println!("{program:28} {millions:8.0} M, no record");
        return true;
    };
    let change = millions / before - 1.0;
    let good = change <= TOLERANCE;
    let verdict = if good { "" } else { "  TOO MANY" };
    println!("{program:28} {millions:8.0} M against {before:.0} M: {:+.1} %{verdict}", change * 100.0);
    good
}

fn finish(record: &Path, text: &str, accept: bool, worse: usize) -> Result<(), Failure> {
    if accept {
        fs::write(record, text)?;
        println!("recorded in {}", record.display());
        return Ok(());
    }
    if worse > 0 {
        Err(format!("{worse} programs execute more instructions than recorded").into())
    } else {
        Ok(())
    }
}
