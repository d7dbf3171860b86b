//! `cargo xtask official DIR`: the official Lua 5.3 test suite, each file by itself.
//!
//! The suite is not part of this tree; `lua-testsuite/expected.toml` says which files pass and why the rest
//! do not. Invariant: any deviation from that list, better or worse, fails the command.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::job::{End, Job, Outcome};
use crate::options::Options;
use crate::{Failure, settings, workspace};

/// Longest time for one file: stock Lua needs 3 s for the slowest.
const LIMIT: Duration = Duration::from_secs(120);

/// Files whose running time is compared with the oracle's.
const TIMED: [&str; 2] = ["verybig.lua", "big.lua"];

/// A file may need at most this many times the oracle's time.
const SLOWEST_RATIO: f64 = 2.0;

/// Runs of a timed file; the smallest time counts.
const TIMED_RUNS: usize = 5;

/// A way of running files, one section of `expected.toml`.
struct Mode {
    name: &'static str,
    what: &'static str,
    prelude: &'static str,
}

const MODES: [Mode; 2] = [
    Mode { name: "portable", what: "each file by itself, _port=true", prelude: "_port=true" },
    Mode { name: "full", what: "each file by itself, system-specific tests included", prelude: "_port=nil" },
];

/// Runs the suite in `DIR` and compares with what is expected.
pub(crate) fn run(mut options: Options) -> Result<(), Failure> {
    let interpreter = options.interpreter()?;
    let folder = options.word().ok_or("which folder holds the official suite?")?;
    options.finish()?;
    let suite = PathBuf::from(folder).canonicalize()?;
    let expected = Expected::read()?;
    let mut deviations = 0;
    for mode in &MODES {
        println!("\n{} ({})", mode.name, mode.what);
        // The suite writes files where it stands: each mode gets its own copy.
        let scratch = workspace::Scratch::new("official")?;
        workspace::copy_folder(&suite, scratch.path())?;
        for (file, reason) in expected.of(mode.name) {
            if !scratch.path().join(file).is_file() {
                return Err(format!("{}: no such file in the suite", suite.join(file).display()).into());
            }
            if reason.as_deref().is_some_and(|reason| reason.starts_with("not run: ")) {
                println!("  {file:16} {}", reason.as_deref().unwrap_or_default());
                continue;
            }
            deviations +=
                usize::from(!report(file, reason.as_deref(), &one(&interpreter, file, mode, &scratch)?));
        }
        for name in expected.unlisted(mode.name, &suite)? {
            println!("  {name:16} NOT LISTED in expected.toml");
            deviations += 1;
        }
    }
    deviations += timed(&interpreter, &suite)?;
    if deviations > 0 {
        return Err(format!("{deviations} deviations from lua-testsuite/expected.toml").into());
    }
    println!("\nall as expected");
    Ok(())
}

/// The list of what each file does, by mode.
struct Expected {
    modes: BTreeMap<String, Vec<(String, Option<String>)>>,
}

impl Expected {
    fn read() -> Result<Self, Failure> {
        let mut modes: BTreeMap<String, Vec<_>> = BTreeMap::new();
        for entry in settings::read(&workspace::root().join("lua-testsuite/expected.toml"))? {
            let reason = (entry.value != "pass").then_some(entry.value);
            modes.entry(entry.section).or_default().push((entry.key, reason));
        }
        Ok(Self { modes })
    }

    fn of(&self, mode: &str) -> &[(String, Option<String>)] {
        self.modes.get(mode).map_or(&[], Vec::as_slice)
    }

    fn unlisted(&self, mode: &str, suite: &Path) -> Result<Vec<String>, Failure> {
        let mut names = Vec::new();
        for path in workspace::files_below(suite, "lua")? {
            let name = path.strip_prefix(suite)?.to_string_lossy().into_owned();
            if !name.contains('/') && !self.of(mode).iter().any(|(file, _)| *file == name) {
                names.push(name);
            }
        }
        Ok(names)
    }
}

/// `big.lua` yields to whoever runs it; the others are main programs. `all.lua` runs with `_soft` too.
fn arguments(file: &str, prelude: &str) -> Vec<String> {
    let text = |word: &str| word.to_owned();
    match file {
        "big.lua" => {
            let driver = "local f = coroutine.wrap(assert(loadfile('big.lua'))) \
                          assert(f() == 'b') assert(f() == 'a')";
            vec![text("-e"), text(prelude), text("-e"), text(driver)]
        }
        "all.lua" => vec![text("-e"), format!("{prelude} _soft=true"), text(file)],
        _ => vec![text("-e"), text(prelude), text(file)],
    }
}

fn one(
    interpreter: &Path,
    file: &str,
    mode: &Mode,
    scratch: &workspace::Scratch,
) -> Result<Outcome, Failure> {
    Job::new(interpreter, LIMIT).args(arguments(file, mode.prelude)).folder(scratch.path()).run()
}

/// Prints one row; answers whether it is as expected.
fn report(file: &str, reason: Option<&str>, outcome: &Outcome) -> bool {
    let seconds = outcome.elapsed.as_secs_f64();
    // all.lua also exits with code 0 when it refuses to start.
    let ended = file != "all.lua" || outcome.stdout.windows(8).any(|word| word == b"final OK");
    let (as_expected, text) = match (outcome.success() && ended, reason) {
        (true, None) => (true, "pass".to_owned()),
        (false, Some(reason)) => (true, format!("does not pass: {reason}")),
        (true, Some(reason)) => (false, format!("PASSES, but is listed with: {reason}")),
        (false, None) => {
            (false, format!("FAILS ({})  {}", describe(&outcome.end), outcome.last_error_line()))
        }
    };
    println!("  {file:16} {seconds:7.2} s  {text}");
    if !outcome.success() && reason.is_none() {
        for line in String::from_utf8_lossy(&outcome.stderr).lines().take(4) {
            println!("      {line}");
        }
    }
    as_expected
}

fn describe(end: &End) -> String {
    match end {
        End::Exit(code) => format!("exit code {code}"),
        End::Signal(signal) => format!("signal {signal}"),
        End::TimedOut => format!("more than {} s", LIMIT.as_secs()),
    }
}

/// Compares the time of the large files with the oracle's; answers the number of files that are too slow.
fn timed(interpreter: &Path, suite: &Path) -> Result<usize, Failure> {
    let Some(oracle) = workspace::oracle() else {
        println!("\ntime: skipped, {} is not installed", workspace::ORACLE);
        return Ok(0);
    };
    println!("\ntime against {} (smallest of {TIMED_RUNS}, at most {SLOWEST_RATIO})", workspace::ORACLE);
    let scratch = workspace::Scratch::new("official-timed")?;
    workspace::copy_folder(suite, scratch.path())?;
    let mut slow = 0;
    for file in TIMED {
        let smallest = |program: &Path| -> Result<f64, Failure> {
            let mut best = f64::INFINITY;
            for _ in 0..TIMED_RUNS {
                let outcome = one(program, file, &MODES[0], &scratch)?;
                best = best.min(outcome.elapsed.as_secs_f64());
            }
            Ok(best)
        };
        let (ours, theirs) = (smallest(interpreter)?, smallest(&oracle)?);
        let ratio = ours / theirs;
        let verdict = if ratio > SLOWEST_RATIO { "TOO SLOW" } else { "ok" };
        println!("  {file:16} {ours:7.3} s against {theirs:.3} s: {ratio:.2}  {verdict}");
        slow += usize::from(ratio > SLOWEST_RATIO);
    }
    Ok(slow)
}
