//! Processes for Rust programs: start a [`Runtime`], compile a [`Program`], spawn it, talk to it.
//!
//! A thin face of `wippy-runtime`, which knows how Lua processes live on the scheduler. Nothing here is needed for Lua
//! alone. Invariant: whatever is started here ends with [`Runtime::shutdown`] or when the runtime is dropped.

mod error;
mod inbox;

use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use wippy_runtime::scheduler::Shutdown;
use wippy_runtime::{Entry, Launch, Options, Programs, Start, Starter, not_found};
use wippy_stdlib::errors::ErrorValue;
use wippy_vm::{Image, Limits};

use crate::convert::IntoValues;
use crate::module::{HostState, Module};

pub use error::RuntimeError;
pub use inbox::{Exit, Inbox, Message, Received};
pub use wippy_runtime::scheduler::{Pid, ProcessInfo, Statistics};

/// Name of the host that processes live on, as their pids show it.
const HOST: &str = "host";

/// What can go wrong here.
pub(crate) type Result<T> = std::result::Result<T, RuntimeError>;

/// A compiled chunk: immutable, cheap to clone, shared by all processes that run it.
#[derive(Clone)]
pub struct Program(Arc<Entry>);

impl Program {
    /// Its name: what `process.id()` answers in it.
    pub fn name(&self) -> &str {
        &self.0.id
    }
}

/// Programs that Lua code can start by name.
struct Named(HashMap<String, Arc<Entry>>);

impl Programs for Named {
    fn find(&self, id: &str, _from: &str) -> std::result::Result<Arc<Entry>, ErrorValue> {
        self.0.get(id).cloned().ok_or_else(|| not_found(id))
    }
}

/// How a [`Runtime`] is built.
#[derive(Default)]
pub struct Builder {
    workers: Option<usize>,
    state: HostState,
    modules: Vec<Module>,
    programs: Vec<(String, String)>,
    memory_limit_bytes: Option<usize>,
}

impl Builder {
    /// Worker threads; one per core otherwise.
    #[must_use]
    pub fn workers(mut self, workers: usize) -> Builder {
        self.workers = Some(workers);
        self
    }

    /// A value that natives find by its type ([`crate::host`]).
    #[must_use]
    pub fn host<T: Any + Send + Sync>(mut self, value: T) -> Builder {
        self.state.insert(value);
        self
    }

    /// A module that `require` finds in every process.
    #[must_use]
    pub fn module(mut self, module: Module) -> Builder {
        self.modules.push(module);
        self
    }

    /// A program that Lua code starts by this name: `process.spawn(name, nil, ...)`.
    #[must_use]
    pub fn program(mut self, name: &str, source: &str) -> Builder {
        self.programs.push((name.to_owned(), source.to_owned()));
        self
    }

    /// Memory that a process may use unless its [`Spawn::memory_limit_bytes`] says otherwise.
    #[must_use]
    pub fn memory_limit_bytes(mut self, bytes: usize) -> Builder {
        self.memory_limit_bytes = Some(bytes);
        self
    }

    /// Starts the workers.
    ///
    /// # Errors
    /// When a program does not compile, or the operating system gives no threads.
    pub fn build(self) -> Result<Runtime> {
        let options = self.prepare()?;
        let runtime = options.options.start().map_err(RuntimeError::System)?;
        Ok(Runtime {
            starter: runtime.starter(),
            running: Some(runtime),
            limits: options.limits,
            image: options.image,
        })
    }

    /// The same without threads: one worker that runs when told, in virtual time, with choices that follow from
    /// `seed`. The same seed gives the same run.
    ///
    /// # Errors
    /// As [`Builder::build`].
    pub fn deterministic(self, seed: u64) -> Result<Deterministic> {
        let options = self.prepare()?;
        let (starter, driver) = options.options.deterministic(seed).map_err(RuntimeError::System)?;
        let runtime = Runtime { starter, running: None, limits: options.limits, image: options.image };
        Ok(Deterministic { runtime, driver })
    }

    fn prepare(self) -> Result<Prepared> {
        let limits = match self.memory_limit_bytes {
            Some(memory_bytes) => Limits { memory_bytes },
            None => Limits::default(),
        };
        let modules = self.modules;
        let image = Image::build(|cx| {
            wippy_stdlib::open(cx)?;
            wippy_runtime::open(cx)?;
            modules.iter().try_for_each(|module| module.open(cx))
        })
        .map_err(RuntimeError::Lua)?;
        let mut named = HashMap::new();
        for (name, source) in &self.programs {
            let program = compile(name, source, limits, &image)?;
            named.insert(name.clone(), program.0);
        }
        let mut options = Options::new(Named(named), HOST);
        if let Some(workers) = self.workers {
            options = options.workers(workers);
        }
        if !self.state.is_empty() {
            let state = self.state;
            options = options.setup(Box::new(move |cx, _| {
                cx.set_host(state.clone());
                Ok(())
            }));
        }
        Ok(Prepared { options, limits, image })
    }
}

struct Prepared {
    options: Options,
    limits: Limits,
    image: Arc<Image>,
}

fn compile(name: &str, source: &str, limits: Limits, image: &Arc<Image>) -> Result<Program> {
    let program = wippy_vm::Program::compile(source.as_bytes(), format!("@{name}").as_bytes())
        .map_err(RuntimeError::Lua)?;
    let image = Some(Arc::clone(image));
    Ok(Program(Arc::new(Entry { id: name.into(), program, start: Start::Chunk, image, limits })))
}

/// Lua processes on all cores.
pub struct Runtime {
    starter: Starter,
    /// `None` if somebody drives it by hand.
    running: Option<wippy_runtime::Runtime>,
    limits: Limits,
    image: Arc<Image>,
}

impl Runtime {
    /// Begins to describe one.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Compiles a chunk. `name` stands in messages and tracebacks.
    ///
    /// # Errors
    /// When it is no Lua.
    pub fn compile(&self, name: &str, source: &str) -> Result<Program> {
        compile(name, source, self.limits, &self.image)
    }

    /// A mailbox for Rust code, with a pid that processes can send to.
    ///
    /// # Errors
    /// When there are too many.
    pub fn inbox(&self) -> Result<Inbox> {
        self.starter.inbox().map(|inner| Inbox::new(inner, self.starter.clone())).ok_or(RuntimeError::Full)
    }

    /// Begins to start a process: its chunk gets `arguments`. Nothing happens before [`Spawn::start`].
    pub fn spawn(&self, program: &Program, arguments: impl IntoValues) -> Spawn<'_> {
        let launch = Launch { arguments: arguments.into_values(), ..Launch::default() };
        Spawn { runtime: self, program: program.clone(), memory_limit_bytes: None, launch }
    }

    /// Sends a message that has no sender.
    ///
    /// # Errors
    /// When there is no such process.
    pub fn send(&self, target: Pid, topic: &str, payload: impl IntoPayload) -> Result<()> {
        self.starter.send(target, topic, &payload.into_payload()).map_err(RuntimeError::from)
    }

    /// Ends a process at once; monitors and links hear of it.
    ///
    /// # Errors
    /// When there is no such process.
    pub fn terminate(&self, target: Pid) -> Result<()> {
        self.starter.handle().kill(target).map_err(|_| RuntimeError::NoProcess)
    }

    /// Asks a process to end.
    ///
    /// # Errors
    /// When there is no such process.
    pub fn cancel(&self, target: Pid, reason: &str) -> Result<()> {
        let cancelled = self.starter.handle().cancel(Pid::SYSTEM, target, reason, None);
        cancelled.map_err(|_| RuntimeError::NoProcess)
    }

    /// A pid as Lua code writes it.
    pub fn pid_text(&self, pid: Pid) -> String {
        self.starter.pid_text(pid)
    }

    /// The process of a registered name.
    pub fn lookup(&self, name: &str) -> Option<Pid> {
        self.starter.handle().lookup(name.as_bytes())
    }

    /// What the scheduler counts.
    pub fn statistics(&self) -> Statistics {
        self.starter.handle().statistics()
    }

    /// All processes, each with what it says about itself if it comes to a step within `wait`.
    pub fn processes(&self, wait: Duration) -> Vec<ProcessInfo> {
        self.starter.handle().inspect(wait)
    }

    /// Asks all processes to end, kills those that are left after `grace`, and stops the workers.
    ///
    /// # Errors
    /// When processes had to be killed.
    pub fn shutdown(mut self, grace: Duration) -> Result<()> {
        match self.running.take().map(|running| running.shutdown(grace)) {
            Some(Shutdown { killed, .. }) if killed > 0 => Err(RuntimeError::Killed(killed)),
            _ => Ok(()),
        }
    }
}

/// A runtime that is driven by hand.
pub struct Deterministic {
    runtime: Runtime,
    driver: wippy_runtime::scheduler::Deterministic<wippy_runtime::LuaProcess>,
}

impl Deterministic {
    /// Runs until nobody has anything to do now; answers the steps that were made.
    pub fn run_until_idle(&mut self) -> u64 {
        self.driver.run_until_idle()
    }

    /// Lets time pass, with all that becomes due in it.
    pub fn advance(&mut self, time: Duration) {
        self.driver.advance(time);
    }
}

impl std::ops::Deref for Deterministic {
    type Target = Runtime;

    fn deref(&self) -> &Runtime {
        &self.runtime
    }
}

/// A process about to be started.
#[must_use]
pub struct Spawn<'a> {
    runtime: &'a Runtime,
    program: Program,
    memory_limit_bytes: Option<usize>,
    launch: Launch,
}

impl Spawn<'_> {
    /// Most bytes of heap; beyond them its allocations raise "not enough memory", which it may catch.
    pub fn memory_limit_bytes(mut self, bytes: usize) -> Self {
        self.memory_limit_bytes = Some(bytes);
        self
    }

    /// The inbox hears of its end, once.
    pub fn monitor(mut self, inbox: &Inbox) -> Self {
        self.launch.monitor = Some(inbox.pid());
        self
    }

    /// Registers it under a name.
    pub fn name(mut self, name: &str) -> Self {
        self.launch.name = Some(name.as_bytes().to_vec());
        self
    }

    /// Starts it.
    ///
    /// # Errors
    /// When the name is taken, or the limit leaves no room for its first objects.
    pub fn start(self) -> Result<Pid> {
        let entry = match self.memory_limit_bytes {
            Some(memory_bytes) => {
                Arc::new(Entry { limits: Limits { memory_bytes }, ..Entry::clone(&self.program.0) })
            }
            None => self.program.0,
        };
        self.runtime.starter.spawn(&entry, self.launch).map_err(RuntimeError::from)
    }
}

/// The payload of a message: one value, or several as a tuple.
pub trait IntoPayload {
    /// All of them.
    fn into_payload(self) -> wippy_vm::Parcel;
}

impl<T: crate::convert::ToLua> IntoPayload for T {
    fn into_payload(self) -> wippy_vm::Parcel {
        (self,).into_values()
    }
}
