//! Processes of a script: other files and functions of its own, on one implicit host.
//!
//! Nothing of this exists until the script asks for a process; then its interpreter moves to the scheduler, and this
//! thread waits for its end and for signals. Invariant: the interpreter comes back, whatever happens.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use wippy::runtime::{
    Adoption, Casualty, Cause, End, Entry, Options, Programs, Runtime, Start, image_with, not_found,
    scheduler::{Pid, contains_panics},
};
use wippy::stdlib::errors::{ErrorValue, Kind};
use wippy::stdlib::package::source;
use wippy::vm::{ExitRequest, Image, Program as Code};
use wippy::{Candidate, Ended, Enlister, ErrorKind, Failure, Interrupt, Limits, Stop, Vm};

use crate::census;
use crate::exit::Exit;
use crate::output;
use crate::script::Program as Script;
use crate::settings::Settings;
use crate::surroundings::path_of;
use crate::text::Text;

/// Name of the host that all processes of a script are on.
const HOST: &str = "script:processes";

/// How long processes have to end after the script has.
const GRACE: Duration = Duration::from_secs(5);

/// Whether a panic on this thread harms the process that runs on it and nothing else.
pub(crate) fn contain_panics() -> bool {
    contains_panics()
}

/// Time between two looks at the interrupt flag.
const NAP: Duration = Duration::from_millis(20);

/// Separates a file from its function in the id of a process.
const FUNCTION: char = ':';

/// Finds the files and functions that a script names.
struct Files {
    limits: Limits,
    /// The script: its name and code, for functions of its own.
    script: Script,
    compiled: Mutex<HashMap<PathBuf, Code>>,
    last: Mutex<Option<Found>>,
}

/// What was found last: who asked for which id, and the answer.
type Found = (Box<str>, Box<str>, Arc<Entry>);

impl Script {
    fn id(&self) -> String {
        match (&self.file, &self.chunk) {
            (Some(file), _) => String::from_utf8_lossy(file).into_owned(),
            (None, Some((name, _))) => String::from_utf8_lossy(name).trim_start_matches('=').to_owned(),
            (None, None) => "script".to_owned(),
        }
    }
}

impl Files {
    fn entry(&self, id: &str, program: Code, start: Start) -> Arc<Entry> {
        Arc::new(Entry { id: id.into(), program, start, image: None, limits: self.limits })
    }

    fn compile(&self, name: &Path) -> Result<Code, ErrorValue> {
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(code) = compiled.get(name) {
            return Ok(code.clone());
        }
        let shown = name.to_string_lossy();
        let text = source::read_file(name).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => not_found(&shown),
            _ => ErrorValue::new(Kind::INTERNAL, format!("cannot open {shown}: {error}")),
        })?;
        let text = Text::program([b"@", shown.as_bytes()].concat(), text);
        let code = compile(&text.compiled(), &text.chunk_name)?;
        compiled.insert(name.to_owned(), code.clone());
        Ok(code)
    }

    /// The file that a process runs, by the process's id; `None` for code that is in no file.
    fn file_of(&self, id: &str) -> Option<PathBuf> {
        let file = id.rsplit_once(FUNCTION).map_or(id, |(file, _)| file);
        if file == self.script.id() {
            return self.script.file.as_deref().map(path_of);
        }
        Some(PathBuf::from(file))
    }
}

fn compile(code: &[u8], chunk_name: &[u8]) -> Result<Code, ErrorValue> {
    Code::compile(code, chunk_name)
        .map_err(|error| ErrorValue::new(Kind::INTERNAL, format!("failed to execute script: {error}")))
}

impl Programs for Files {
    fn find(&self, id: &str, from: &str) -> Result<Arc<Entry>, ErrorValue> {
        // Who starts thousands of processes starts the same.
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known_id, known_from, entry)) = &*last
            && **known_id == *id
            && **known_from == *from
        {
            return Ok(Arc::clone(entry));
        }
        let entry = self.look_up(id, from)?;
        *last = Some((id.into(), from.into(), Arc::clone(&entry)));
        Ok(entry)
    }
}

impl Files {
    fn look_up(&self, id: &str, from: &str) -> Result<Arc<Entry>, ErrorValue> {
        let from = if from.is_empty() { self.script.id() } else { from.to_owned() };
        let file = self.file_of(&from);
        if let Some(function) = id.strip_prefix("self:") {
            let code = match (&file, &self.script.chunk) {
                (Some(file), _) => self.compile(file)?,
                (None, Some((name, code))) => compile(code, name)?,
                (None, None) => return Err(not_found(id)),
            };
            let base = from.rsplit_once(FUNCTION).map_or(from.as_str(), |(file, _)| file);
            return Ok(self.entry(
                &format!("{base}{FUNCTION}{function}"),
                code,
                Start::Function(function.into()),
            ));
        }
        // As an upgrade to "the same" names it.
        if let Some((file, function)) = id.rsplit_once(FUNCTION).filter(|_| id == from) {
            let code = self.compile(Path::new(file))?;
            return Ok(self.entry(id, code, Start::Function(function.into())));
        }
        // Beside the file that asks, else where the program was started.
        let beside = file.as_deref().and_then(Path::parent).map(|folder| folder.join(id));
        let path = match beside {
            Some(path) if path.is_file() => path,
            _ => PathBuf::from(id),
        };
        if !path.is_file() {
            return Err(not_found(id));
        }
        let code = self.compile(&path)?;
        Ok(self.entry(&path.to_string_lossy(), code, Start::Chunk))
    }
}

/// What the waiting thread hears.
enum Note {
    End(Box<(Vm, End)>),
    Exit(ExitRequest),
}

/// What interpreters begin with.
pub(crate) fn image() -> Arc<Image> {
    wippy::runtime::image()
}

/// Who makes a process of a script that wants processes; `script` is what "self" means then, `path` is the `package.path`
/// of all processes.
pub(crate) fn enlister(settings: &Settings, script: Script, path: Vec<u8>) -> Option<Box<dyn Enlister>> {
    Some(Box::new(Processes { settings: settings.clone(), script, path, running: None }))
}

/// See the module.
struct Processes {
    settings: Settings,
    script: Script,
    path: Vec<u8>,
    running: Option<Running>,
}

struct Running {
    runtime: Runtime,
    notes: Receiver<Note>,
    sender: Sender<Note>,
}

impl Processes {
    fn limits(&self) -> Limits {
        let mut limits = Limits::default();
        if let Some(bytes) = self.settings.memory_limit {
            limits.memory_bytes = bytes;
        }
        limits
    }

    fn start(&self) -> std::io::Result<Running> {
        let (sender, notes) = channel();
        let files = Files {
            limits: self.limits(),
            script: self.script.clone(),
            compiled: Mutex::default(),
            last: Mutex::default(),
        };
        let exits = Mutex::new(sender.clone());
        let image = image_with(|cx| wippy::stdlib::package::set_path(cx, &self.path))
            .map_err(|error| std::io::Error::other(error.to_string()))?;
        let runtime = Options::new(files, HOST)
            .image(image)
            .on_failure(Box::new(report))
            .on_exit(Box::new(move |request| {
                // Nobody listens only when the program is over already.
                let _ = exits.lock().unwrap_or_else(PoisonError::into_inner).send(Note::Exit(request));
            }))
            .start()?;
        census::show_on_signal()?;
        census::watch(Some(runtime.starter()));
        Ok(Running { runtime, notes, sender })
    }
}

/// One line about a process that has failed and nobody watches.
fn report(casualty: &Casualty) {
    if casualty.watched {
        return;
    }
    let message = String::from_utf8_lossy(casualty.fault.message());
    let line = message.lines().next().unwrap_or_default();
    // If there is nobody to tell, there is nothing to do.
    let _ = output::complain(format!("error: {line} (process {})\n", casualty.id).as_bytes());
}

impl Enlister for Processes {
    fn run(&mut self, candidate: Candidate, interrupt: &Interrupt) -> (Vm, Result<Ended, Stop>) {
        let refuse = |message: String| Stop::Refused(message.into_bytes());
        if self.running.is_none() {
            match self.start() {
                Ok(running) => self.running = Some(running),
                Err(error) => return (candidate.vm, Err(refuse(format!("cannot start threads: {error}")))),
            }
        }
        let limits = self.limits();
        let Some(running) = &self.running else { return (candidate.vm, Err(Stop::Interrupted)) };
        let sender = running.sender.clone();
        let on_end = Box::new(move |vm, end| {
            let _ = sender.send(Note::End(Box::new((vm, end))));
        });
        let Ok(nothing) = Code::compile(b"", b"=script") else {
            return (candidate.vm, Err(refuse("no memory".to_owned())));
        };
        let entry =
            Entry { id: self.script.id().into(), program: nothing, start: Start::Chunk, image: None, limits };
        let adoption = Adoption { main: candidate.main, pending: candidate.pending, on_end };
        // A refused process gives its interpreter back the same way.
        let pid = running.runtime.adopt(candidate.vm, Arc::new(entry), adoption);
        let (vm, end) = running.wait(pid.as_ref().ok().copied(), interrupt);
        match pid {
            Ok(_) => (vm, end),
            Err(error) => (vm, Err(Stop::Refused(error.full_text()))),
        }
    }

    fn close(&mut self) {
        if let Some(Running { runtime, .. }) = self.running.take() {
            census::watch(None);
            runtime.shutdown(GRACE);
        }
    }
}

impl Running {
    /// Waits for the end of the main process.
    fn wait(&self, pid: Option<Pid>, interrupt: &Interrupt) -> (Vm, Result<Ended, Stop>) {
        let kill = || pid.map(|pid| self.runtime.handle().kill(pid));
        let (mut exit, mut interrupted, mut deadline) = (None, false, None);
        loop {
            if interrupt.take() {
                let first = !interrupted;
                interrupted = true;
                match pid {
                    Some(pid) if first && self.runtime.program_hears_events() => {
                        let handle = self.runtime.handle();
                        // If it has just ended, its note is on the way.
                        let _ = handle.cancel(Pid::SYSTEM, pid, "interrupted", Some(GRACE));
                        deadline = Instant::now().checked_add(GRACE);
                    }
                    _ => drop(kill()),
                }
            }
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                deadline = None;
                kill();
            }
            let (vm, end) = match self.notes.recv_timeout(NAP) {
                Ok(Note::End(ended)) => *ended,
                Ok(Note::Exit(request)) => {
                    exit = Some(request);
                    kill();
                    continue;
                }
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => return (Vm::default(), Err(Stop::Interrupted)),
            };
            let result = match end {
                End::Finished { called_main } => Ok(Ended { called_main }),
                // Only calls of functions leave anything behind.
                End::Left(_) => Ok(Ended { called_main: false }),
                End::Failed(failure) => Err(Stop::Failed(failure)),
                // Its hook has reported it, as a fault that is not the program's.
                End::Killed(Cause::Panicked(_)) => std::process::exit(i32::from(Exit::INTERNAL.0)),
                End::Killed(_) if interrupted => Err(Stop::Interrupted),
                End::Killed(cause) => {
                    let failure = match exit {
                        Some(request) => Failure::from(ErrorKind::Exit(request)),
                        None => Failure::from(ErrorKind::Plain(cause.to_string().into_bytes())),
                    };
                    Err(Stop::Failed(Failure { exit, ..failure }))
                }
            };
            return (vm, result);
        }
    }
}
