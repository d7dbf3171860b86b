//! CPU time, peak memory and instruction counts of one run of one program.
//!
//! The operating system adds up the usage of a process's children, so each run has a small process of its
//! own (`xtask measure`) whose only child it is, and which looks at its memory while it runs. Invariant: a run that fails is reported, never timed.

use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::thread;
use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

use crate::Failure;
use crate::job::{End, Job};

/// Longest wall-clock time for one run.
const LIMIT: Duration = Duration::from_secs(120);

/// Longest wall-clock time under valgrind, which is about 50 times slower.
const COUNTING_LIMIT: Duration = Duration::from_secs(1200);

/// How often a running program's memory is looked at: what grows afterwards is missed.
const LOOK: Duration = Duration::from_millis(4);

/// What one run cost.
#[derive(Clone)]
pub(crate) struct Cost {
    /// User and system time of the process, in seconds.
    pub(crate) seconds: f64,
    /// Largest resident set, in bytes.
    pub(crate) peak_bytes: f64,
    /// What it printed.
    pub(crate) output: Vec<u8>,
}

/// Runs `program` once; `None` when it does not exit with code 0.
pub(crate) fn cost(interpreter: &Path, program: &Path) -> Result<Option<Cost>, Failure> {
    let numbers = env::temp_dir().join(format!("wippy-measure-{}", std::process::id()));
    let outcome = Job::new(env::current_exe()?, LIMIT)
        .args(["measure".as_ref(), numbers.as_os_str(), interpreter.as_os_str(), program.as_os_str()])
        .run()?;
    if outcome.end != End::Exit(0) {
        return Ok(None);
    }
    let text = fs::read_to_string(&numbers)?;
    fs::remove_file(&numbers)?;
    let (microseconds, kilobytes) = text.split_once(' ').ok_or("the measuring process wrote no numbers")?;
    Ok(Some(Cost {
        seconds: microseconds.parse::<f64>()? / 1e6,
        peak_bytes: kilobytes.parse::<f64>()? * 1024.0,
        output: outcome.stdout,
    }))
}

/// `xtask measure NUMBERS INTERPRETER PROGRAM`: the small process; writes microseconds and kilobytes.
pub(crate) fn run(mut words: impl Iterator<Item = String>) -> Result<ExitCode, Failure> {
    let numbers = words.next().ok_or("measure is used by bench, not by hand")?;
    let program = words.next().ok_or("measure: no program")?;
    let mut child = Command::new(program).args(words).spawn()?;
    let mut peak_kilobytes = None;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        peak_kilobytes = peak(child.id()).or(peak_kilobytes);
        thread::sleep(LOOK);
    };
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let microseconds = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    let peak_kilobytes = peak_kilobytes.unwrap_or(usage.max_rss());
    fs::write(numbers, format!("{microseconds} {peak_kilobytes}"))?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The largest resident set of a running process so far, in KB. What the system adds up over ended children begins with
/// the memory of the process that started them, and so says nothing of small ones.
fn peak(pid: u32) -> Option<i64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

/// Instructions that one run executes, as callgrind counts them.
pub(crate) fn instructions(interpreter: &Path, program: &Path) -> Result<f64, Failure> {
    let outcome = Job::new("valgrind", COUNTING_LIMIT)
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .args([interpreter, program])
        .run()?;
    let text = String::from_utf8_lossy(&outcome.stderr);
    let counted =
        text.lines().find_map(|line| line.split_once("Collected :")).map(|(_, number)| number.trim());
    match (outcome.success(), counted) {
        (true, Some(number)) => Ok(number.parse()?),
        _ => Err(format!("{}: not counted: {}", program.display(), outcome.last_error_line()).into()),
    }
}
