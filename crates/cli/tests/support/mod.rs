//! Runs the real binary the way a person would, with a limit on how long it may take.
//!
//! Shared by the integration tests; asserts nothing itself.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// No test may take longer.
const LIMIT: Duration = Duration::from_secs(60);

/// What a run left behind.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Exit code; 128 plus the signal's number if a signal ended it.
    pub(crate) code: i32,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

/// The binary under test.
pub(crate) fn binary() -> &'static str {
    env!("CARGO_BIN_EXE_wippy")
}

/// A run in the making.
pub(crate) struct Run {
    command: Command,
    input: Vec<u8>,
}

/// `wippy` with these arguments, no input, and a plain environment.
pub(crate) fn wippy(arguments: &[&str]) -> Run {
    let mut command = Command::new(binary());
    command.args(arguments);
    run(command)
}

/// A shell line in which `wippy` is the binary under test.
pub(crate) fn shell(line: &str) -> Run {
    let mut command = Command::new("bash");
    let folder = Path::new(binary()).parent().expect("the binary is in a folder");
    let path = std::env::var("PATH").unwrap_or_default();
    command.args(["-c", line]).env("PATH", format!("{}:{path}", folder.display()));
    run(command)
}

fn run(mut command: Command) -> Run {
    const FOREIGN: [&str; 7] = [
        "NO_COLOR",
        "CLICOLOR_FORCE",
        "LUA_PATH",
        "LUA_PATH_5_3",
        "LUA_INIT",
        "LUA_INIT_5_3",
        "WIPPY_BACKTRACE",
    ];
    for variable in FOREIGN {
        command.env_remove(variable);
    }
    Run { command, input: Vec::new() }
}

impl Run {
    /// With this standard input.
    pub(crate) fn input(mut self, input: impl AsRef<[u8]>) -> Run {
        self.input = input.as_ref().to_vec();
        self
    }

    /// In this folder.
    pub(crate) fn within(mut self, folder: &Scratch) -> Run {
        self.command.current_dir(&folder.0);
        self
    }

    /// In a folder that is not ours.
    pub(crate) fn at(mut self, folder: &Path) -> Run {
        self.command.current_dir(folder);
        self
    }

    /// In a folder below it.
    pub(crate) fn below(mut self, folder: &Scratch, name: &str) -> Run {
        self.command.current_dir(folder.0.join(name));
        self
    }

    /// With this variable set.
    pub(crate) fn variable(mut self, name: &str, value: &str) -> Run {
        self.command.env(name, value);
        self
    }

    /// Starts it and leaves it running.
    pub(crate) fn start(mut self) -> Child {
        let mut child = self
            .command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut stdin = child.stdin.take().expect("the input is a pipe");
        let input = std::mem::take(&mut self.input);
        std::thread::spawn(move || {
            // A program may well end without reading its input.
            let _ = stdin.write_all(&input);
        });
        child
    }

    /// Runs it to its end.
    pub(crate) fn outcome(self) -> Outcome {
        finish(self.start())
    }
}

/// Waits for a started program.
pub(crate) fn finish(mut child: Child) -> Outcome {
    let mut stdout = child.stdout.take().expect("the output is a pipe");
    let mut stderr = child.stderr.take().expect("the messages are a pipe");
    let out = std::thread::spawn(move || read(&mut stdout));
    let err = std::thread::spawn(move || read(&mut stderr));
    let started = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("the program can be waited for") {
            break status;
        }
        if started.elapsed() > LIMIT {
            child.kill().expect("the program can be killed");
            panic!("still running after {LIMIT:?}");
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    #[cfg(unix)]
    let signal = std::os::unix::process::ExitStatusExt::signal(&status);
    #[cfg(not(unix))]
    let signal = None;
    let code = status.code().unwrap_or_else(|| 128 + signal.unwrap_or_default());
    Outcome { code, out: out.join().expect("reading succeeds"), err: err.join().expect("reading succeeds") }
}

fn read(stream: &mut impl Read) -> String {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("the pipe can be read");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A folder that goes away with its owner.
pub(crate) struct Scratch(pub(crate) PathBuf);

impl Scratch {
    /// An empty folder.
    pub(crate) fn new() -> Scratch {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("wippy-test-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder can be made");
        Scratch(path)
    }

    /// A folder with one file.
    pub(crate) fn with(name: &str, text: impl AsRef<[u8]>) -> Scratch {
        let scratch = Scratch::new();
        scratch.file(name, text);
        scratch
    }

    /// One more file; folders in its name are made.
    pub(crate) fn file(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("a folder can be made");
        fs::write(&path, text).expect("a file can be written");
        path
    }

    /// The text of a file.
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).expect("the file can be read")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Left-overs in the temporary folder harm nobody.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Asserts code, output and messages at once.
#[track_caller]
pub(crate) fn expect(run: Run, code: i32, out: &str, err: &str) {
    let outcome = run.outcome();
    assert_eq!(outcome, Outcome { code, out: out.to_owned(), err: err.to_owned() });
}

/// A program whose messages are read as they come.
pub(crate) struct Watched {
    child: Child,
    stdout: Option<std::thread::JoinHandle<String>>,
    stderr: std::process::ChildStderr,
    pub(crate) seen: Vec<u8>,
    /// Where it runs, if that is its own.
    pub(crate) folder: Option<Scratch>,
}

impl Watched {
    /// `wippy run` in this folder.
    pub(crate) fn start(folder: Scratch) -> Watched {
        Watched::start_with(&["run"], folder)
    }

    /// `wippy` with these arguments in this folder.
    pub(crate) fn start_with(arguments: &[&str], folder: Scratch) -> Watched {
        let mut watched = Watched::of(wippy(arguments).within(&folder));
        watched.folder = Some(folder);
        watched
    }

    /// Something else.
    pub(crate) fn of(run: Run) -> Watched {
        let mut child = run.start();
        let mut stdout = child.stdout.take().expect("the output is a pipe");
        let stderr = child.stderr.take().expect("the messages are a pipe");
        let stdout = Some(std::thread::spawn(move || read(&mut stdout)));
        Watched { child, stdout, stderr, seen: Vec::new(), folder: None }
    }

    /// Waits until this has been said so many times.
    #[track_caller]
    pub(crate) fn until(&mut self, text: &str, times: usize) {
        let mut buffer = [0; 4096];
        while String::from_utf8_lossy(&self.seen).matches(text).count() < times {
            let length = self.stderr.read(&mut buffer).expect("the pipe can be read");
            assert!(length > 0, "ended before saying {text}: {}", String::from_utf8_lossy(&self.seen));
            self.seen.extend_from_slice(&buffer[..length]);
        }
    }

    /// Sends it a signal, named as for `kill`.
    pub(crate) fn signal(&self, signal: &str) {
        let status = Command::new("kill").args([signal, &self.child.id().to_string()]).status();
        assert!(status.is_ok_and(|status| status.success()));
    }

    /// Waits for its end: the exit code and everything that was said.
    pub(crate) fn end(mut self) -> Outcome {
        self.stderr.read_to_end(&mut self.seen).expect("the pipe can be read");
        let status = self.child.wait().expect("the program ends");
        let out = self.stdout.take().map(|reading| reading.join().expect("reading succeeds"));
        Outcome {
            code: status.code().unwrap_or(-1),
            out: out.unwrap_or_default(),
            err: String::from_utf8_lossy(&self.seen).into_owned(),
        }
    }
}

/// A test that fails leaves no program behind.
impl Drop for Watched {
    fn drop(&mut self) {
        // An error says that it has ended already.
        if self.child.kill().is_ok() {
            drop(self.child.wait());
        }
    }
}
