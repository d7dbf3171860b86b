//! `Runtime`: a scheduler with everything that Lua processes need, as Rust code starts and ends it.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use wippy_scheduler::{Builder as Workers, Fuel, Handle, HostId, Inbox, Pid, Scheduler, Shutdown, Spawn};
use wippy_stdlib::errors::{ErrorValue, Kind};
use wippy_stdlib::plain::Plain;
use wippy_vm::{Image, Packed, Parcel, Vm};

use crate::census::{self, Census};
use crate::end::OnEnd;
use crate::library;
use crate::local::{Local, Values};
use crate::mail::{self, Mail};
use crate::message::kind;
use crate::pid::format_pid;
use crate::prepare::{self, Prepared};
use crate::process::{Adoption, LuaProcess};
use crate::programs::{Entry, HostList, OneHost, Programs};
use crate::shared::{OnExit, OnFailure, Setup, Shared};
use crate::upgradable::Upgradable;

/// The standard library with `process` and `ctx`, for interpreters that are processes or may become some.
pub fn image() -> Arc<Image> {
    static IMAGE: OnceLock<Arc<Image>> = OnceLock::new();
    let build = || image_with(|_| Ok(())).expect("no library has a value of one interpreter");
    Arc::clone(IMAGE.get_or_init(build))
}

/// The same, changed by `change`.
///
/// # Errors
/// What `change` raises, and when it leaves a value that belongs to one interpreter.
pub fn image_with(
    change: impl for<'gc> FnOnce(&mut wippy_vm::Context<'gc>) -> wippy_vm::Result<()>,
) -> wippy_vm::Result<Arc<Image>> {
    Image::build(|cx| {
        wippy_stdlib::open(cx)?;
        library::open(cx)?;
        change(cx)
    })
}

/// Options of a [`Runtime`].
pub struct Options {
    workers: Workers,
    programs: Box<dyn Programs>,
    hosts: Box<dyn HostList>,
    on_failure: Option<OnFailure>,
    on_exit: Option<OnExit>,
    setup: Option<Setup>,
    strict: bool,
    image: Option<Arc<Image>>,
}

impl Options {
    /// One worker per core and one host, which takes every process.
    pub fn new(programs: impl Programs + 'static, host: &str) -> Options {
        Options {
            workers: Workers::new(),
            programs: Box::new(programs),
            hosts: Box::new(OneHost(host.into())),
            on_failure: None,
            on_exit: None,
            setup: None,
            strict: false,
            image: None,
        }
    }

    /// Worker threads.
    #[must_use]
    pub fn workers(mut self, workers: usize) -> Options {
        self.workers = self.workers.workers(workers);
        self
    }

    /// Fuel of a slice.
    #[must_use]
    pub fn slice(mut self, fuel: u64) -> Options {
        self.workers = self.workers.slice(Fuel(fuel));
        self
    }

    /// Several hosts.
    #[must_use]
    pub fn hosts(mut self, hosts: impl HostList + 'static) -> Options {
        self.hosts = Box::new(hosts);
        self
    }

    /// Who is told of processes that fail.
    #[must_use]
    pub fn on_failure(mut self, told: OnFailure) -> Options {
        self.on_failure = Some(told);
        self
    }

    /// Who is told of a process that wants the whole program to end.
    #[must_use]
    pub fn on_exit(mut self, told: OnExit) -> Options {
        self.on_exit = Some(told);
        self
    }

    /// What is done in the interpreter of every new process.
    #[must_use]
    pub fn setup(mut self, setup: Setup) -> Options {
        self.setup = Some(setup);
        self
    }

    /// Whether what is asked of nobody in particular is denied.
    #[must_use]
    pub fn strict(mut self, strict: bool) -> Options {
        self.strict = strict;
        self
    }

    /// The libraries of processes whose entry names none; [`image`] otherwise. What every process needs costs nothing
    /// here, and something in each with [`Options::setup`].
    #[must_use]
    pub fn image(mut self, image: Arc<Image>) -> Options {
        self.image = Some(image);
        self
    }

    fn split(self) -> (Workers, Arc<Shared>) {
        let Options { workers, programs, hosts, on_failure, on_exit, setup, strict, image } = self;
        let image = image.unwrap_or_else(self::image);
        (
            workers,
            Arc::new(Shared {
                programs,
                hosts,
                image,
                on_failure,
                on_exit,
                setup,
                upgradable: Upgradable::default(),
                strict,
                program_hears_events: AtomicBool::new(false),
            }),
        )
    }

    /// Starts the workers.
    ///
    /// # Errors
    /// If the operating system gives no threads.
    pub fn start(self) -> io::Result<Runtime> {
        wippy_stdlib::waiting::stand_in(wippy_scheduler::about_to_wait);
        let (workers, shared) = self.split();
        let relieve = || {
            mail::forget_spares();
            wippy_vm::release_memory();
        };
        let scheduler = workers.on_relief(wippy_vm::is_worth_releasing, relieve).start()?;
        Ok(Runtime { starter: Starter { handle: scheduler.handle(), shared }, scheduler })
    }

    /// The same without threads, in virtual time, with choices that follow from a seed.
    ///
    /// # Errors
    /// If the operating system gives no way to wait for readiness.
    pub fn deterministic(
        self,
        seed: u64,
    ) -> io::Result<(Starter, wippy_scheduler::Deterministic<LuaProcess>)> {
        let (workers, shared) = self.split();
        let scheduler = workers.deterministic(seed)?;
        Ok((Starter { handle: scheduler.handle(), shared }, scheduler))
    }
}

/// Starts processes and reaches them, from any thread.
#[derive(Clone)]
pub struct Starter {
    handle: Handle<LuaProcess>,
    shared: Arc<Shared>,
}

/// A running runtime. Dropping it kills all processes.
pub struct Runtime {
    starter: Starter,
    scheduler: Scheduler<LuaProcess>,
}

impl std::ops::Deref for Runtime {
    type Target = Starter;

    fn deref(&self) -> &Starter {
        &self.starter
    }
}

impl Runtime {
    /// A way to start and reach processes that outlives borrows of this.
    pub fn starter(&self) -> Starter {
        self.starter.clone()
    }

    /// Asks all processes to end, kills those that are left after `grace`, and stops the workers.
    pub fn shutdown(self, grace: Duration) -> Shutdown {
        self.scheduler.shutdown(grace)
    }
}

/// How a process is started by [`Starter::spawn`].
#[derive(Default)]
pub struct Launch {
    /// Arguments.
    pub arguments: Parcel,
    /// Who hears of its end.
    pub monitor: Option<Pid>,
    /// Name it gets.
    pub name: Option<Vec<u8>>,
    /// Name of its host; nothing means the default.
    pub host: Option<String>,
    /// The host itself, if it is known and need not be asked for.
    pub place: Option<HostId>,
    /// Gets its interpreter when it has ended.
    pub on_end: Option<OnEnd>,
    /// Values it inherits.
    pub values: Values,
    /// A call of a function: it fails when it waits for what can never happen, and cannot be upgraded.
    pub is_call: bool,
}

impl Starter {
    /// The scheduler's view.
    pub fn handle(&self) -> &Handle<LuaProcess> {
        &self.handle
    }

    /// A mailbox for Rust code. `None` if there is no room for one.
    pub fn inbox(&self) -> Option<Inbox<LuaProcess>> {
        self.handle.inbox()
    }

    /// A pid as scripts write it.
    pub fn pid_text(&self, pid: Pid) -> String {
        let host = self.handle.host_of(pid).unwrap_or_default();
        format_pid(&self.handle.hosts().name(host), pid)
    }

    /// Starts an entry found by its id.
    ///
    /// # Errors
    /// When there is none, or it does not start.
    pub fn spawn_id(&self, id: &str, launch: Launch) -> Result<Pid, ErrorValue> {
        let entry = self.shared.find(id, "")?;
        self.spawn(&entry, launch)
    }

    /// Starts a process. If its chunk runs first, it does so here.
    ///
    /// # Errors
    /// When it does not start.
    pub fn spawn(&self, entry: &Arc<Entry>, launch: Launch) -> Result<Pid, ErrorValue> {
        let host = self.place(&launch)?;
        let mut preparing = prepare::begin(&self.shared, entry, launch.values, launch.arguments)?;
        let process = loop {
            if let Prepared::Ready(process) = preparing.run(u64::from(u32::MAX))? {
                break process;
            }
        };
        let process = process.call(launch.is_call);
        let process = match launch.on_end {
            Some(on_end) => process.on_end(on_end),
            None => process,
        };
        self.launch(process, host, launch.monitor, launch.name)
    }

    /// Makes a process of an interpreter that an earlier process of the same entry has left; what it is to run has been
    /// started in it.
    ///
    /// # Errors
    /// When it does not start.
    pub fn spawn_again(&self, mut vm: Vm, entry: &Arc<Entry>, launch: Launch) -> Result<Pid, ErrorValue> {
        let host = self.place(&launch)?;
        vm.set_scheduling();
        vm.set_host(Local::new(Arc::clone(&self.shared), Arc::clone(entry), launch.values));
        let process = LuaProcess::new(vm, None);
        let process = process.call(launch.is_call);
        let process = match launch.on_end {
            Some(on_end) => process.on_end(on_end),
            None => process,
        };
        self.launch(process, host, launch.monitor, launch.name)
    }

    /// Makes a process of an interpreter that runs alone and whose program wants processes. Wake
    /// the coroutine that waits for this ([`crate::Enlist`]) first.
    ///
    /// # Errors
    /// When it does not start.
    pub fn adopt(&self, vm: Vm, entry: Arc<Entry>, adoption: Adoption) -> Result<Pid, ErrorValue> {
        let host = self.place(&Launch::default())?;
        self.shared.program_hears_events.store(false, Ordering::Relaxed);
        let process = LuaProcess::adopt(vm, Arc::clone(&self.shared), entry, adoption);
        self.launch(process, host, None, None)
    }

    /// Whether the program that was adopted last listens to events, so that asking it to end makes sense.
    pub fn program_hears_events(&self) -> bool {
        self.shared.program_hears_events.load(Ordering::Relaxed)
    }

    fn place(&self, launch: &Launch) -> Result<HostId, ErrorValue> {
        if let Some(host) = launch.place {
            return Ok(host);
        }
        let name = self.shared.hosts.resolve(launch.host.as_deref())?;
        Ok(self.handle.hosts().intern(&name).unwrap_or_default())
    }

    /// Tells processes of an entry that there is newer code, those that want to hear of it. `sources` is what has
    /// changed.
    pub fn outdate(&self, id: &str, sources: &[&str]) {
        for pid in self.shared.upgradable.of(id) {
            let mut mail = Mail::new(kind::OUTDATED.as_bytes(), HostId::default());
            sources.iter().for_each(|source| mail.payload_mut().push(Packed::Text(source.as_bytes())));
            // It may have ended meanwhile.
            let _ = self.handle.send(pid, mail);
        }
    }

    fn launch(
        &self,
        process: LuaProcess,
        host: HostId,
        monitor: Option<Pid>,
        name: Option<Vec<u8>>,
    ) -> Result<Pid, ErrorValue> {
        let mut spawn = Spawn::new(process).host(host);
        if let Some(watcher) = monitor {
            spawn = spawn.monitored_by(watcher);
        }
        if let Some(name) = name {
            spawn = spawn.name(&name);
        }
        self.handle.spawn(spawn).map_err(|refused| ErrorValue::new(Kind::UNAVAILABLE, refused.to_string()))
    }

    /// All processes, each with what it says about itself if it comes to a step within `wait`. Not for use inside a step.
    pub fn census(&self, wait: Duration) -> Census {
        Census::take(&self.handle, wait)
    }

    /// A host as `system.hosts.list()` shows it.
    pub fn host_row(&self, host: &str) -> Plain {
        census::host_row(&self.handle, host)
    }

    /// The processes of a host as `system.hosts.processes(host)` shows them; waits a moment for their answers.
    ///
    /// # Errors
    /// When nothing was ever started on such a host.
    pub fn process_rows(&self, host: &str) -> Result<Plain, ErrorValue> {
        census::process_rows(&self.handle, host)
    }

    /// Sends a message without a sender.
    ///
    /// # Errors
    /// When there is no such process.
    pub fn send(&self, target: Pid, topic: &str, payload: &Parcel) -> Result<(), ErrorValue> {
        let mut mail = Mail::new(topic.as_bytes(), Default::default());
        payload.tokens().for_each(|token| mail.payload_mut().push(token));
        let gone = |_| ErrorValue::new(Kind::NOT_FOUND, "process not found");
        self.handle.send(target, mail).map_err(gone)
    }
}
