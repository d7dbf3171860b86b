//! `cargo xtask conformance`: the cases of `lua-testsuite/`, in our interpreter and in stock Lua 5.3.
//!
//! A case passes when it exits with code 0, writes nothing to standard error, and prints what the oracle
//! prints; a case with an `.out` file beside it shows what only our runtime does and is compared with that file.
//! Invariant: a missing oracle is said aloud, and with `--require-oracle` it is a failure.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::job::{End, Job, Outcome};
use crate::options::Options;
use crate::{Failure, workspace};

/// Longest time for one case: they take milliseconds.
const LIMIT: Duration = Duration::from_secs(20);

/// Cases that run side by side.
const WORKERS: usize = 2;

/// Runs all cases whose path contains the given text.
pub(crate) fn run(mut options: Options) -> Result<(), Failure> {
    let interpreter = options.interpreter()?;
    let required = options.flag("--require-oracle");
    let wanted = options.word().unwrap_or_default();
    options.finish()?;
    let oracle = workspace::oracle();
    if oracle.is_none() {
        let notice = format!("{} is not installed", workspace::ORACLE);
        if required {
            return Err(notice.into());
        }
        println!("notice: {notice}: cases are run, but not compared with it");
    }
    let suite = workspace::root().join("lua-testsuite");
    let mut cases = workspace::files_below(&suite, "lua")?;
    cases.retain(|case| {
        let name = case.strip_prefix(&suite).unwrap_or(case);
        name.to_string_lossy().contains(&wanted) && !is_helper(name)
    });
    let failed = all(&cases, |case| one(&suite, case, &interpreter, oracle.as_deref()));
    for (case, fault) in &failed {
        println!("{}\n{fault}", case.strip_prefix(&suite)?.display());
    }
    println!("{} passed, {} failed", cases.len() - failed.len(), failed.len());
    if failed.is_empty() { Ok(()) } else { Err(format!("{} cases failed", failed.len()).into()) }
}

/// Files below a folder named `modules` are loaded by cases and are no cases themselves.
fn is_helper(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == "modules")
}

/// Runs `test` over all cases on a few threads; answers the failures, in order.
fn all(cases: &[PathBuf], test: impl Fn(&Path) -> Result<(), Failure> + Sync) -> Vec<(PathBuf, String)> {
    let next = AtomicUsize::new(0);
    let failed = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(fault) = test(case) {
                        failed.lock().expect("no test panics").push((case.clone(), fault.to_string()));
                    }
                }
            });
        }
    });
    let mut failed = failed.into_inner().expect("no test panics");
    failed.sort();
    failed
}

fn one(suite: &Path, case: &Path, interpreter: &Path, oracle: Option<&Path>) -> Result<(), Failure> {
    let name = case.strip_prefix(suite)?;
    let ours = start(suite, name, interpreter)?;
    clean("", &ours)?;
    let golden = case.with_extension("out");
    if golden.is_file() {
        return compare(&ours.stdout, &fs::read(&golden)?, "its .out file");
    }
    let Some(oracle) = oracle else { return Ok(()) };
    let theirs = start(suite, name, oracle)?;
    clean("in the oracle: ", &theirs)?;
    compare(&ours.stdout, &theirs.stdout, workspace::ORACLE)
}

/// Relative names and the suite as folder, so that chunk names in messages are the same everywhere.
fn start(suite: &Path, name: &Path, interpreter: &Path) -> Result<Outcome, Failure> {
    Job::new(interpreter, LIMIT).args([name]).folder(suite).variable("NO_COLOR", "1").run()
}

fn clean(whose: &str, outcome: &Outcome) -> Result<(), Failure> {
    let fault = match outcome.end {
        End::Exit(0) if outcome.stderr.is_empty() => return Ok(()),
        End::Exit(0) => "wrote to standard error".to_owned(),
        End::Exit(code) => format!("exit code {code}"),
        End::Signal(signal) => format!("ended by signal {signal}"),
        End::TimedOut => format!("no end within {} s", LIMIT.as_secs()),
    };
    let text = String::from_utf8_lossy(&outcome.stderr).into_owned();
    let detail: Vec<_> = text.lines().take(6).collect();
    Err(format!("    {whose}{fault}\n      {}", detail.join("\n      ")).into())
}

/// Names the first line that differs.
fn compare(ours: &[u8], theirs: &[u8], whose: &str) -> Result<(), Failure> {
    if ours == theirs {
        return Ok(());
    }
    let (ours, theirs) = (String::from_utf8_lossy(ours), String::from_utf8_lossy(theirs));
    let (mut left, mut right) = (ours.lines(), theirs.lines());
    for number in 1.. {
        let (a, b) = (left.next(), right.next());
        if a != b || a.is_none() {
            let show = |line: Option<&str>| line.unwrap_or("(end of output)").to_owned();
            return Err(format!(
                "    output line {number}\n      ours: {}\n      {whose}: {}",
                show(a),
                show(b)
            )
            .into());
        }
    }
    Ok(())
}
