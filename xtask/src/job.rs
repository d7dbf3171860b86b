//! Runs one program with a time limit and a memory limit and keeps what it printed.
//!
//! Not a measuring tool: see `bench/measure.rs` for CPU time.
//! Invariant: a job always ends, and its output is kept even when it was killed.

use std::ffi::OsStr;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::Failure;

/// How often a running job is looked at; short against the shortest job worth running.
const POLL: Duration = Duration::from_millis(1);

/// How long to wait for output that a killed job's own children may still hold open.
const DRAIN: Duration = Duration::from_millis(500);

/// A program, its arguments and its limits.
pub(crate) struct Job {
    command: Command,
    limit: Duration,
}

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It exited with this code.
    Exit(i32),
    /// A signal ended it; a panic that aborts and a crash look like this.
    Signal(i32),
    /// It ran into its time limit and was killed.
    TimedOut,
}

/// What a job left behind.
pub(crate) struct Outcome {
    /// How it ended.
    pub(crate) end: End,
    /// What it wrote to standard output.
    pub(crate) stdout: Vec<u8>,
    /// What it wrote to standard error.
    pub(crate) stderr: Vec<u8>,
    /// Wall-clock time from start to end.
    pub(crate) elapsed: Duration,
}

impl Outcome {
    /// Whether it exited with code 0.
    pub(crate) fn success(&self) -> bool {
        self.end == End::Exit(0)
    }

    /// The last line of standard error that is not blank, for a table.
    pub(crate) fn last_error_line(&self) -> String {
        let text = String::from_utf8_lossy(&self.stderr);
        let line = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("");
        line.chars().take(160).collect()
    }
}

impl Job {
    /// A job that runs `program` for at most `limit`, with an empty pipe as its standard input.
    pub(crate) fn new(program: impl AsRef<OsStr>, limit: Duration) -> Self {
        let command = Command::new(program);
        Self { command, limit }
    }

    /// The same, but with at most `bytes` of address space: a runaway program fails instead of swapping.
    pub(crate) fn limited(program: &Path, limit: Duration, bytes: u64) -> Self {
        let mut command = Command::new("sh");
        command.arg("-c").arg(format!("ulimit -v {}; exec \"$@\"", bytes / 1024)).arg("sh").arg(program);
        Self { command, limit }
    }

    /// Adds arguments.
    pub(crate) fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.command.args(args);
        self
    }

    /// Runs it in this folder.
    pub(crate) fn folder(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Sets a variable of its environment.
    pub(crate) fn variable(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs it to its end.
    pub(crate) fn run(mut self) -> Result<Outcome, Failure> {
        let started = Instant::now();
        let mut child = self
            .command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", self.command.get_program().to_string_lossy()))?;
        drop(child.stdin.take());
        let stdout = collect(child.stdout.take().expect("standard output is piped"));
        let stderr = collect(child.stderr.take().expect("standard error is piped"));
        let end = wait(&mut child, started, self.limit)?;
        let elapsed = started.elapsed();
        Ok(Outcome { end, stdout: drain(&stdout), stderr: drain(&stderr), elapsed })
    }
}

fn wait(child: &mut Child, started: Instant, limit: Duration) -> Result<End, Failure> {
    loop {
        if let Some(status) = child.try_wait()? {
            use std::os::unix::process::ExitStatusExt;
            return Ok(match (status.code(), status.signal()) {
                (Some(code), _) => End::Exit(code),
                (None, Some(signal)) => End::Signal(signal),
                (None, None) => End::Exit(-1),
            });
        }
        if started.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            return Ok(End::TimedOut);
        }
        thread::sleep(POLL);
    }
}

fn collect(mut pipe: impl Read + Send + 'static) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut buffer = [0; 1 << 16];
        while let Ok(count @ 1..) = pipe.read(&mut buffer) {
            if sender.send(buffer[..count].to_vec()).is_err() {
                break;
            }
        }
    });
    receiver
}

fn drain(pieces: &mpsc::Receiver<Vec<u8>>) -> Vec<u8> {
    let mut all = Vec::new();
    while let Ok(piece) = pieces.recv_timeout(DRAIN) {
        all.extend(piece);
    }
    all
}
