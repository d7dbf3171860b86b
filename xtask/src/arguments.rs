//! `cargo xtask arguments`: every function of chapter 6 with wrong, missing, odd and extra arguments.
//!
//! `tests/arguments/calls.lua` makes the calls and prints one line for each; this command runs it in both
//! interpreters and compares line by line. Invariant: a line that differs is either listed in
//! `tests/arguments/allowed.toml` with a reason, or fails the command.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;
use std::{fs, thread};

use crate::job::{Job, Outcome};
use crate::options::Options;
use crate::{Failure, settings, workspace};

/// Longest time for one group of functions; stock Lua needs 20 s for the slowest.
const LIMIT: Duration = Duration::from_secs(300);

/// Address space of one run: calls that ask for absurd sizes must fail, not swap.
const MEMORY_BYTES: u64 = 4 << 30;

/// Differences printed for one function; the rest is counted.
const SHOWN: usize = 6;

/// Compares all groups, or the ones named on the command line.
pub(crate) fn run(mut options: Options) -> Result<(), Failure> {
    let interpreter = options.interpreter()?;
    let required = options.flag("--require-oracle");
    let mut groups = Vec::new();
    while let Some(group) = options.word() {
        groups.push(group);
    }
    options.finish()?;
    let Some(oracle) = workspace::oracle() else {
        let notice = format!("{} is not installed: nothing to compare with", workspace::ORACLE);
        println!("notice: {notice}");
        return if required { Err(notice.into()) } else { Ok(()) };
    };
    let folder = workspace::root().join("tests/arguments");
    let script = folder.join("calls.lua");
    let allowed = settings::read(&folder.join("allowed.toml"))?;
    if groups.is_empty() {
        let list = Job::new(&oracle, LIMIT).args([&script]).run()?;
        groups = String::from_utf8(list.stdout)?.lines().map(str::to_owned).collect();
    }
    let mut report = Report::new(allowed);
    for group in &groups {
        let sides = both(&interpreter, &oracle, &script, group)?;
        report.group(group, &sides[0], &sides[1]);
    }
    report.finish()
}

/// Runs one group in both interpreters at once, each in a folder of its own.
fn both(ours: &Path, oracle: &Path, script: &Path, group: &str) -> Result<[Outcome; 2], Failure> {
    let scratch = workspace::Scratch::new("arguments")?;
    let results = Mutex::new(BTreeMap::new());
    thread::scope(|scope| {
        for (side, interpreter) in [ours, oracle].into_iter().enumerate() {
            let folder: PathBuf = scratch.path().join(format!("side{side}"));
            let results = &results;
            scope.spawn(move || {
                // Errors cross threads as text.
                let outcome = fs::create_dir_all(&folder).map_err(|error| error.to_string()).and_then(|()| {
                    Job::limited(interpreter, LIMIT, MEMORY_BYTES)
                        .args([script.as_os_str(), group.as_ref()])
                        .folder(&folder)
                        .variable("TZ", "UTC")
                        .variable("LC_ALL", "C")
                        .run()
                        .map_err(|error| error.to_string())
                });
                results.lock().expect("no side panics").insert(side, outcome);
            });
        }
    });
    let mut results = results.into_inner().expect("no side panics").into_values();
    let mut side = || results.next().expect("there are two sides");
    Ok([side()?, side()?])
}

/// Counts and prints differences.
struct Report {
    allowed: Vec<settings::Entry>,
    calls: usize,
    tolerated: usize,
    differences: usize,
}

impl Report {
    fn new(allowed: Vec<settings::Entry>) -> Self {
        Self { allowed, calls: 0, tolerated: 0, differences: 0 }
    }

    fn group(&mut self, group: &str, ours: &Outcome, theirs: &Outcome) {
        let (left, right) = (lines(&ours.stdout), lines(&theirs.stdout));
        let mut shown: BTreeMap<String, VecDeque<String>> = BTreeMap::new();
        let mut counted = 0;
        for (a, b) in left.iter().zip(&right) {
            self.calls += 1;
            if a == b {
                continue;
            }
            if self.allowed.iter().any(|entry| matches(&entry.key, b)) {
                self.tolerated += 1;
                continue;
            }
            counted += 1;
            let function = b.split(' ').next().unwrap_or_default().to_owned();
            shown.entry(function).or_default().push_back(pair(a, b));
        }
        for (function, pairs) in &shown {
            println!("{function}: {} differences", pairs.len());
            for pair in pairs.iter().take(SHOWN) {
                println!("{pair}");
            }
        }
        for (whose, outcome) in [("ours", ours), ("oracle", theirs)] {
            if !outcome.success() {
                counted += 1;
                println!(
                    "{group}: {whose} did not end well: {:?} {}",
                    outcome.end,
                    outcome.last_error_line()
                );
            }
        }
        if left.len() != right.len() {
            counted += 1;
            let last = left.last().map_or("(nothing)", String::as_str);
            println!("{group}: {} lines against {}; our last: {last}", left.len(), right.len());
        }
        println!("{group}: {} calls, {counted} differences", right.len());
        self.differences += counted;
    }

    fn finish(self) -> Result<(), Failure> {
        println!("{} calls, {} differences, {} more allowed", self.calls, self.differences, self.tolerated);
        if self.differences == 0 { Ok(()) } else { Err(format!("{} differences", self.differences).into()) }
    }
}

/// A key is the beginning of a line; after a `*` follows what the line must contain as well.
fn matches(key: &str, line: &str) -> bool {
    let (start, inside) = key.split_once('*').unwrap_or((key, ""));
    line.starts_with(start) && line.contains(inside)
}

/// The common beginning once, then the two results.
fn pair(ours: &str, theirs: &str) -> String {
    match (ours.split_once(" => "), theirs.split_once(" => ")) {
        (Some((call, result)), Some((same, expected))) if call == same => {
            format!("  {call}\n      ours   {result}\n      oracle {expected}")
        }
        _ => format!("  out of step\n      ours   {ours}\n      oracle {theirs}"),
    }
}

/// Lines with addresses made equal.
fn lines(output: &[u8]) -> Vec<String> {
    String::from_utf8_lossy(output).lines().map(without_addresses).collect()
}

fn without_addresses(line: &str) -> String {
    let mut result = String::new();
    let mut rest = line;
    while let Some(at) = rest.find("0x") {
        let digits = rest[at + 2..].chars().take_while(char::is_ascii_hexdigit).count();
        result.push_str(&rest[..at]);
        result.push_str(if digits >= 6 { "ADDRESS" } else { &rest[at..at + 2 + digits] });
        rest = &rest[at + 2 + digits..];
    }
    result.push_str(rest);
    result
}

#[cfg(test)]
mod tests {
    use super::without_addresses;

    #[test]
    fn long_hexadecimal_numbers_are_addresses() {
        assert_eq!(without_addresses("table: 0x55d0aabbccdd end"), "table: ADDRESS end");
        assert_eq!(without_addresses("0x1F and 0x"), "0x1F and 0x");
    }
}
