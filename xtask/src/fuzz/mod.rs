//! `cargo xtask fuzz programs`: random programs in our interpreter and in stock Lua 5.3.
//!
//! Programs are run many to a process; the outputs must be equal line by line. Invariant: the seed printed
//! with a failure gives the same program again: `cargo xtask fuzz programs --seed N --count 1`.

mod generate;
mod shrink;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use crate::job::{End, Job};
use crate::options::Options;
use crate::{Failure, workspace};

/// Programs per process: enough that starting it does not count.
const BATCH: u64 = 50;

/// Longest time for one process; a batch takes well under a second.
const LIMIT: Duration = Duration::from_secs(30);

/// Longest time for one program while it is made smaller.
const IMPATIENT: Duration = Duration::from_millis(800);

/// Address space of one process.
const MEMORY_BYTES: u64 = 2 << 30;

/// Processes side by side.
const WORKERS: usize = 2;

/// Differing programs after which a search ends: more would say nothing new.
const MOST: usize = 1000;

/// What prints, counts and guards in every program.
const HARNESS: &str = include_str!("harness.lua");

/// Runs the kind of fuzzing that the first word names.
pub(crate) fn run(mut options: Options) -> Result<(), Failure> {
    match options.word().as_deref() {
        Some("programs") => programs(options),
        Some(other) => Err(format!("no fuzzing of '{other}': programs is what there is").into()),
        None => Err("fuzzing of what? programs is what there is".into()),
    }
}

fn programs(mut options: Options) -> Result<(), Failure> {
    let count: u64 = options.value("--count")?.unwrap_or(1000);
    let seed: u64 = options.value("--seed")?.unwrap_or(1);
    let most: usize = options.value("--failures")?.unwrap_or(5);
    let print = options.flag("--print");
    let keep = !options.flag("--no-shrink");
    if print {
        options.finish()?;
        (seed..seed + count).for_each(|seed| println!("-- seed {seed}\n{}", generate::program(seed)));
        return Ok(());
    }
    let interpreter = options.interpreter()?;
    let required = options.flag("--require-oracle");
    options.finish()?;
    let Some(oracle) = workspace::oracle() else {
        let notice = format!("{} is not installed: nothing to compare with", workspace::ORACLE);
        println!("notice: {notice}");
        return if required { Err(notice.into()) } else { Ok(()) };
    };
    let scratch = workspace::Scratch::new("fuzz")?;
    let pair = Pair { interpreter, oracle, folder: scratch.path().to_owned(), limit: LIMIT };
    let failures = search(&pair, seed, count)?;
    let mut kinds: BTreeMap<String, Vec<&Difference>> = BTreeMap::new();
    for failure in &failures {
        kinds.entry(kind(&failure.ours, &failure.theirs)).or_default().push(failure);
    }
    let mut kinds: Vec<_> = kinds.into_values().collect();
    kinds.sort_by_key(|alike| std::cmp::Reverse(alike.len()));
    for alike in kinds.iter().take(most) {
        println!("\n{} programs differ like this one:", alike.len());
        report(&pair, alike[0], keep)?;
    }
    if kinds.len() > most {
        println!(
            "\n{} more kinds of differences are not shown (--failures N shows more)",
            kinds.len() - most
        );
    }
    println!("{count} programs from seed {seed}, {} with differences", failures.len());
    if failures.is_empty() { Ok(()) } else { Err("programs behave differently".into()) }
}

/// The two interpreters and a folder for programs.
pub(crate) struct Pair {
    interpreter: PathBuf,
    oracle: PathBuf,
    folder: PathBuf,
    /// Longest time for one process.
    limit: Duration,
}

/// A program whose outputs differ.
struct Difference {
    seed: u64,
    ours: String,
    theirs: String,
}

/// Runs all batches; answers the differing programs, in order of seeds, and stops early when they are many.
fn search(pair: &Pair, seed: u64, count: u64) -> Result<Vec<Difference>, Failure> {
    let next = AtomicU64::new(0);
    let found: Mutex<Vec<Difference>> = Mutex::new(Vec::new());
    let broken: Mutex<Option<String>> = Mutex::new(None);
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                loop {
                    let start = next.fetch_add(BATCH, Ordering::Relaxed);
                    if start >= count || found.lock().expect("no worker panics").len() >= MOST {
                        return;
                    }
                    let seeds: Vec<u64> = (seed + start..seed + count.min(start + BATCH)).collect();
                    match batch(pair, &seeds) {
                        Ok(differences) => found.lock().expect("no worker panics").extend(differences),
                        Err(failure) => *broken.lock().expect("no worker panics") = Some(failure.to_string()),
                    }
                }
            });
        }
    });
    if let Some(failure) = broken.into_inner().expect("no worker panics") {
        return Err(failure.into());
    }
    let mut found = found.into_inner().expect("no worker panics");
    found.sort_by_key(|difference| difference.seed);
    Ok(found)
}

fn batch(pair: &Pair, seeds: &[u64]) -> Result<Vec<Difference>, Failure> {
    let sources: Vec<_> = seeds.iter().map(|&seed| (seed.to_string(), generate::program(seed))).collect();
    let (ours, theirs) = pair.run(&sources)?;
    if ours == theirs {
        return Ok(Vec::new());
    }
    let mut differences = Vec::new();
    for seed in seeds {
        let (a, b) = (section(&ours, *seed), section(&theirs, *seed));
        // Without output our process ended early: the programs after this one were not run.
        let ended = a.is_empty();
        if a != b {
            differences.push(Difference { seed: *seed, ours: a, theirs: b });
        }
        if ended {
            break;
        }
    }
    Ok(differences)
}

/// What the program with this seed printed, and how the process ended if it was the last.
fn section(output: &str, seed: u64) -> String {
    let mark = format!("== {seed}\n");
    let Some(at) = output.find(&mark) else { return String::new() };
    let rest = &output[at + mark.len()..];
    let end = rest.find("\n== ").map_or(rest.len(), |end| end + 1);
    rest[..end].to_owned()
}

impl Pair {
    /// The same interpreters with little patience: programs that lost lines may never end.
    pub(crate) fn impatient(&self) -> Self {
        let Self { interpreter, oracle, folder, .. } = self;
        Self {
            interpreter: interpreter.clone(),
            oracle: oracle.clone(),
            folder: folder.clone(),
            limit: IMPATIENT,
        }
    }

    /// Standard output; a process that did not end well says so in a last line.
    fn output(&self, interpreter: &Path, file: &Path) -> Result<String, Failure> {
        let outcome = Job::limited(interpreter, self.limit, MEMORY_BYTES).args([file]).run()?;
        let mut text = String::from_utf8_lossy(&outcome.stdout).replace("-nan", "nan");
        if outcome.end != End::Exit(0) {
            text.push_str(&format!("\nended with {:?}: {}\n", outcome.end, outcome.last_error_line()));
        }
        Ok(text)
    }

    /// Runs the programs in both; answers what each printed.
    pub(crate) fn run(&self, sources: &[(String, String)]) -> Result<(String, String), Failure> {
        let mut text = format!("local run = (function()\n{HARNESS}\nend)()\n");
        for (name, source) in sources {
            text.push_str(&format!("run(\"{name}\", [===[\n{source}]===])\n"));
        }
        let thread = format!("{:?}", thread::current().id()).replace(['(', ')'], "");
        let file = self.folder.join(format!("{thread}.lua"));
        fs::write(&file, text)?;
        Ok((self.output(&self.interpreter, &file)?, self.output(&self.oracle, &file)?))
    }
}

fn report(pair: &Pair, difference: &Difference, keep: bool) -> Result<(), Failure> {
    let Difference { seed, ours, theirs } = difference;
    println!("seed {seed} differs; first lines that do:");
    println!("{}", first_difference(ours, theirs));
    let source = generate::program(*seed);
    let source = if keep { shrink::shrink(&pair.impatient(), &source, &kind(ours, theirs))? } else { source };
    let (ours, theirs) = pair.run(&[("shrunk".to_owned(), source.clone())])?;
    println!("--------\n{source}--------\n{}", first_difference(&ours, &theirs));
    Ok(())
}

/// The first difference with names and numbers left out: differences of one cause are mostly alike in it.
pub(crate) fn kind(ours: &str, theirs: &str) -> String {
    let mut kind = String::new();
    let mut quoted = false;
    for character in first_difference(ours, theirs).chars() {
        match character {
            '\'' => quoted = !quoted,
            _ if quoted || character.is_ascii_digit() => continue,
            _ => {}
        }
        kind.push(character);
    }
    kind
}

fn first_difference(ours: &str, theirs: &str) -> String {
    let (mut a, mut b) = (ours.lines(), theirs.lines());
    loop {
        match (a.next(), b.next()) {
            (None, None) => return "  (none)".to_owned(),
            (x, y) if x != y => {
                return format!("  ours   {}\n  oracle {}", x.unwrap_or("(end)"), y.unwrap_or("(end)"));
            }
            _ => {}
        }
    }
}
