//! `cargo xtask bench actors`: processes and channels beside Erlang's and Go's, interleaved.
//!
//! The programs of `benches/actors` stand beside each other in three languages, print the cost of one operation, and
//! are run in turn; the smallest cost of all rounds counts. Invariant: a system that is not installed has no column
//! entry, and nothing else changes.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::chart;
use super::report::{Means, replace_table};
use crate::job::Job;
use crate::options::Options;
use crate::{Failure, workspace};

/// Rounds unless `--rounds` says otherwise.
const ROUNDS: usize = 3;

/// Longest wall-clock time for one run.
const LIMIT: Duration = Duration::from_secs(180);

/// The table in `docs/performance.md` stands between these lines.
const BEGIN: &str = "<!-- actors: written by cargo xtask bench actors --write -->";
const END: &str = "<!-- end of actors -->";

/// Who runs the programs, in the order of the columns.
const SYSTEMS: [&str; 3] = ["Erlang", "Go", "wippy"];

/// One measurement.
struct Row {
    /// The program in all three files.
    program: &'static str,
    count: u64,
    /// What the number is about.
    what: &'static str,
    unit: &'static str,
    /// Whether Erlang has a like.
    erlang: bool,
    /// One core is enough for it and Go gets no more: what runs inside one process here.
    one_core: bool,
}

const fn row(program: &'static str, count: u64, what: &'static str) -> Row {
    Row { program, count, what, unit: "ns", erlang: true, one_core: false }
}

const fn idle(count: u64, what: &'static str) -> Row {
    Row { unit: "bytes", ..row("idle", count, what) }
}

const fn channel(program: &'static str, count: u64, what: &'static str) -> Row {
    Row { erlang: false, one_core: true, ..row(program, count, what) }
}

/// THE list.
const ROWS: &[Row] = &[
    idle(10_000, "memory of an idle process, of 10,000"),
    idle(100_000, "memory of an idle process, of 100,000"),
    idle(1_000_000, "memory of an idle process, of 1,000,000"),
    row("spawn", 100_000, "spawn"),
    row("churn", 100_000, "spawn, run, end, hear of it"),
    row("ping_pong", 200_000, "round trip of two processes"),
    row("ring", 1_000_000, "hop in a ring of 1,000"),
    row("fan_in", 500_000, "message of 100 senders to one receiver"),
    row("tree", 1_000_000, "process of a tree with 1,000,000 leaves"),
    row("table_message", 5_000, "round trip of a table of 100 records"),
    channel("channel", 300_000, "round trip over channels"),
    channel("buffered", 1_000_000, "value through a buffered channel"),
    channel("select", 200_000, "value through a select of four channels"),
    Row { unit: "us", ..row("delay", 5_000, "delay of a 1 ms tick beside 8 spinners, 99.9 %") },
];

/// Measures and reports.
pub(super) fn run(mut options: Options) -> Result<(), Failure> {
    let rounds: usize = options.value("--rounds")?.unwrap_or(ROUNDS);
    let only = options.value::<String>("--only")?;
    let most: u64 = options.value("--most")?.unwrap_or(u64::MAX);
    let write = options.flag("--write");
    let wippy = options.interpreter()?;
    options.finish()?;
    let scratch = workspace::Scratch::new("actors")?;
    let systems = Systems::prepare(wippy, scratch.path())?;
    let chosen: Vec<&Row> = ROWS
        .iter()
        .filter(|row| only.as_deref().is_none_or(|only| row.program == only) && row.count <= most)
        .collect();
    if chosen.is_empty() {
        let names: Vec<&str> = ROWS.iter().map(|row| row.program).collect();
        return Err(format!("no such program; there are {}", names.join(", ")).into());
    }
    let mut costs = vec![[None::<f64>; SYSTEMS.len()]; chosen.len()];
    for round in 1..=rounds {
        eprintln!("round {round}");
        for (row, best) in chosen.iter().zip(&mut costs) {
            for (system, best) in best.iter_mut().enumerate() {
                if let Some(cost) = systems.once(system, row)? {
                    *best = Some(best.map_or(cost, |best| best.min(cost)));
                }
            }
        }
    }
    let text = table(&chosen, &costs);
    println!("{text}");
    if write {
        let docs = workspace::root().join("docs");
        replace_table(&docs.join("performance.md"), BEGIN, END, &text)?;
        let names = SYSTEMS.map(str::to_owned);
        fs::write(docs.join("actors.svg"), chart::draw(&names, &ratios(&chosen, &costs)))?;
    }
    Ok(())
}

/// The programs, ready to run.
struct Systems {
    wippy: PathBuf,
    script: PathBuf,
    /// The folder of the compiled module.
    erlang: Option<PathBuf>,
    go: Option<PathBuf>,
}

impl Systems {
    fn prepare(wippy: PathBuf, scratch: &Path) -> Result<Systems, Failure> {
        let sources = workspace::root().join("benches/actors");
        let erlang = match workspace::find_in_path("erlc") {
            Some(compiler) => {
                let job = Job::new(compiler, LIMIT).args(["-o".as_ref(), scratch.as_os_str()]);
                compiled("erlc", job.args([sources.join("actors.erl")]))?;
                Some(scratch.to_owned())
            }
            None => {
                eprintln!("Erlang is not installed: no column for it");
                None
            }
        };
        let go = match workspace::find_in_path("go") {
            Some(compiler) => {
                let program = scratch.join("actors-go");
                let job = Job::new(compiler, LIMIT)
                    .variable("GOCACHE", scratch.join("cache"))
                    .variable("GO111MODULE", "off")
                    .args(["build".as_ref(), "-o".as_ref(), program.as_os_str()]);
                compiled("go build", job.args([sources.join("actors.go")]))?;
                Some(program)
            }
            None => {
                eprintln!("Go is not installed: no column for it");
                None
            }
        };
        Ok(Systems { wippy, script: sources.join("actors.lua"), erlang, go })
    }

    /// The cost of one operation; `None` where the system is missing or has no such program.
    fn once(&self, system: usize, row: &Row) -> Result<Option<f64>, Failure> {
        let count = row.count.to_string();
        let words = [row.program, &count];
        let job = match SYSTEMS[system] {
            "Erlang" => {
                let Some(folder) = self.erlang.as_ref().filter(|_| row.erlang) else { return Ok(None) };
                Job::new("erl", LIMIT)
                    .args(["+P", "2000000", "-noshell", "-run", "actors", "main"])
                    .args(words)
                    .folder(folder)
            }
            "Go" => {
                let Some(program) = &self.go else { return Ok(None) };
                let job = Job::new(program, LIMIT).args(words);
                if row.one_core { job.variable("GOMAXPROCS", "1") } else { job }
            }
            _ => Job::new(&self.wippy, LIMIT).args([&self.script]).args(words),
        };
        let outcome = job.run()?;
        let text = String::from_utf8_lossy(&outcome.stdout);
        match (outcome.success(), text.trim().parse()) {
            (true, Ok(cost)) => Ok(Some(cost)),
            _ => Err(format!("{} in {}: {}", row.program, SYSTEMS[system], outcome.last_error_line()).into()),
        }
    }
}

fn compiled(what: &str, job: Job) -> Result<(), Failure> {
    let outcome = job.run()?;
    if outcome.success() { Ok(()) } else { Err(format!("{what}: {}", outcome.last_error_line()).into()) }
}

/// A Markdown table: costs, and how many times the cost of wippy the others have.
fn table(rows: &[&Row], costs: &[[Option<f64>; SYSTEMS.len()]]) -> String {
    let mut text = format!("| {:46} |  unit |", "per operation");
    for name in SYSTEMS {
        text.push_str(&format!(" {name:>9} |"));
    }
    text.push_str(" Erlang / wippy | Go / wippy |\n|---|---|---|---|---|---|---|\n");
    let cell = |cost: Option<f64>, width: usize, digits: usize| match cost {
        Some(cost) => format!(" {cost:>width$.digits$} |"),
        None => format!(" {:>width$} |", ""),
    };
    for (row, costs) in rows.iter().zip(costs) {
        text.push_str(&format!("| {:46} | {:>5} |", row.what, row.unit));
        for &cost in costs {
            text.push_str(&cell(cost, 9, 0));
        }
        let [erlang, go, wippy] = costs.map(|cost| cost.filter(|&cost| cost > 0.0));
        let over = |other: Option<f64>| Some(other? / wippy?);
        text.push_str(&cell(over(erlang), 14, 2));
        text.push_str(&cell(over(go), 10, 2));
        text.push('\n');
    }
    text
}

/// The chart's bars: costs relative to Erlang's, or to Go's where Erlang has none.
fn ratios(rows: &[&Row], costs: &[[Option<f64>; SYSTEMS.len()]]) -> Vec<Means> {
    let bars = rows.iter().zip(costs).map(|(row, costs)| {
        let whole = costs[0].or(costs[1]).or(costs[2]).filter(|&whole| whole > 0.0);
        let cost = costs.iter().map(|cost| Some((*cost)? / whole?)).collect();
        let group = match row.program {
            "idle" => format!("idle, {}", row.count),
            program => program.replace('_', " "),
        };
        Means { group, cost, peak: Vec::new() }
    });
    bars.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_program_has_its_twins() {
        let folder = workspace::root().join("benches/actors");
        let read = |name: &str| fs::read_to_string(folder.join(name)).expect("it is there");
        let (lua, erlang, go) = (read("actors.lua"), read("actors.erl"), read("actors.go"));
        for row in ROWS {
            assert!(lua.contains(&format!("function benches.{}(", row.program)), "{}", row.program);
            assert!(!row.erlang || erlang.contains(&format!("bench({}, ", row.program)), "{}", row.program);
            assert!(go.contains(&format!("\"{}\"", row.program)), "{}", row.program);
        }
    }

    #[test]
    fn a_system_that_is_missing_leaves_its_cells_empty() {
        let rows = [&ROWS[3]];
        let text = table(&rows, &[[Some(300.0), None, Some(100.0)]]);
        let line = text.lines().nth(2).expect("a row");
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        assert_eq!(cells, ["", "spawn", "ns", "300", "", "100", "3.00", "", ""]);
    }
}
