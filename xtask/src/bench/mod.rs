//! `cargo xtask bench INTERPRETER...`: the programs of `benches/` in several interpreters, interleaved.
//!
//! Each round runs every program in every interpreter once; the smallest CPU time of all rounds counts, as
//! noise only ever adds. Invariant: ratios compare runs of the same rounds, and a program that prints
//! something else than in the first interpreter, or fails, has no ratio.

mod actors;
mod chart;
pub(crate) mod guard;
pub(crate) mod measure;
mod report;

use std::path::{Path, PathBuf};

use crate::options::{Options, absolute};
use crate::{Failure, workspace};

/// The word for the other comparison, and the folder of its programs.
const ACTORS: &str = "actors";

/// Rounds unless `--rounds` says otherwise.
const ROUNDS: usize = 5;

/// A program, and what each interpreter needed for it.
pub(crate) struct Row {
    /// The folder it stands in.
    pub(crate) group: String,
    /// The file's name without extension.
    pub(crate) name: String,
    /// One entry per interpreter; `None` when it failed or printed something else.
    pub(crate) cells: Vec<Option<Cell>>,
}

/// The best of all rounds.
#[derive(Clone, Copy)]
pub(crate) struct Cell {
    /// Smallest CPU time in seconds, or the number of instructions.
    pub(crate) cost: f64,
    /// Smallest peak memory in bytes; zero when only instructions were counted.
    pub(crate) peak_bytes: f64,
}

/// Measures and reports.
pub(crate) fn run(mut options: Options) -> Result<(), Failure> {
    if options.peek() == Some(ACTORS) {
        options.word();
        return actors::run(options);
    }
    let suite = options.value::<PathBuf>("--suite")?.unwrap_or_else(|| workspace::root().join("benches"));
    let rounds = options.value("--rounds")?.unwrap_or(ROUNDS);
    let only = options.value::<String>("--only")?.unwrap_or_default();
    let (counting, write) = (options.flag("--instructions"), options.flag("--write"));
    let mut interpreters = Vec::new();
    while let Some(word) = options.word() {
        interpreters.push(absolute(PathBuf::from(word))?);
    }
    options.finish()?;
    if interpreters.is_empty() {
        interpreters =
            vec![workspace::oracle().ok_or("which interpreters?")?, workspace::built_interpreter()?];
    }
    let mut programs = workspace::files_below(&suite, "lua")?;
    // What is in these needs more than the language, and is measured by programs of its own.
    let foreign = ["applications", "types", ACTORS].map(|folder| suite.join(folder));
    programs.retain(|program| {
        program.to_string_lossy().contains(&only) && !foreign.iter().any(|folder| program.starts_with(folder))
    });
    let mut rows: Vec<Row> = programs.iter().map(|program| row(program, interpreters.len())).collect();
    let mut expected: Vec<Option<Vec<u8>>> = vec![None; programs.len()];
    for round in 0..if counting { 1 } else { rounds } {
        eprintln!("round {}", round + 1);
        for (at, program) in programs.iter().enumerate() {
            for (column, interpreter) in interpreters.iter().enumerate() {
                let cell = if counting {
                    Some(Cell { cost: measure::instructions(interpreter, program)?, peak_bytes: 0.0 })
                } else {
                    once(interpreter, program, &mut expected[at])?
                };
                rows[at].keep(round, column, cell);
            }
        }
    }
    let names: Vec<String> = interpreters.iter().map(|path| display_name(path)).collect();
    let unit = if counting { "instructions" } else { "CPU time" };
    let report = report::Report::new(&names, &rows, unit);
    println!("{}", report.text());
    if write {
        report.write(&chart::draw(&names, &report.group_means()))?;
    }
    if rows.iter().any(|row| row.cells.iter().any(Option::is_none)) {
        return Err("a program failed or printed something else than in the first interpreter".into());
    }
    Ok(())
}

fn row(program: &Path, interpreters: usize) -> Row {
    let text = |part: Option<&std::ffi::OsStr>| {
        part.map(|part| part.to_string_lossy().into_owned()).unwrap_or_default()
    };
    Row {
        group: text(program.parent().and_then(Path::file_name)),
        name: text(program.file_stem()),
        cells: vec![None; interpreters],
    }
}

fn display_name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

/// One run; the first output of a program is what all later ones must be.
fn once(interpreter: &Path, program: &Path, expected: &mut Option<Vec<u8>>) -> Result<Option<Cell>, Failure> {
    let Some(cost) = measure::cost(interpreter, program)? else { return Ok(None) };
    let right = expected.get_or_insert_with(|| cost.output.clone());
    Ok((*right == cost.output).then_some(Cell { cost: cost.seconds, peak_bytes: cost.peak_bytes }))
}

impl Row {
    fn keep(&mut self, round: usize, column: usize, new: Option<Cell>) {
        let cell = &mut self.cells[column];
        *cell = match (*cell, new) {
            (Some(old), Some(new)) => {
                Some(Cell { cost: old.cost.min(new.cost), peak_bytes: old.peak_bytes.min(new.peak_bytes) })
            }
            (None, new) if round == 0 => new,
            // One wrong run spoils the program: a result that is sometimes wrong is wrong.
            _ => None,
        };
    }
}
