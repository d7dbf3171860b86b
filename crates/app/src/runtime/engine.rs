//! What runs an application: carries out what the supervisor decides, and reports back.
//!
//! One thread that waits for orders and deadlines. Invariant: it decides nothing about services; that is
//! `lifecycle::supervisor`, and every start, end and signal reaches it as an event.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, Instant};

use wippy_runtime::scheduler::Pid;
use wippy_runtime::{End, Launch, Options, Runtime};
use wippy_stdlib::errors::{ErrorValue, Kind};
use wippy_vm::{Packed, Parcel, Vm};

use super::app::App;
use super::convert;
use super::functions::{self, CallResult};
use super::hosts::{self, Entries, Hosts, Standing};
use super::modules;
use super::news;
use super::world::Console;
use crate::entry::Entry;
use crate::id::Id;
use crate::kinds::{self, Role};
use crate::lifecycle::ending;
use crate::lifecycle::services;
use crate::lifecycle::{Action, Ending, Policy, State, Supervisor};
use crate::load::placeholder;
use crate::log::{Level, Line};
use crate::problem::Problem;
use crate::registry::Snapshot;
use crate::value::{Map, Value};

/// How long the terminal host may take to come up.
const TERMINAL_WITHIN: Duration = Duration::from_secs(5);
/// How often hosts that are stopping are looked at.
const LOOK: Duration = Duration::from_millis(5);
/// How often idle interpreters of functions are looked at.
const TIDY: Duration = Duration::from_secs(10);

/// Something the engine is told.
pub enum Order {
    /// A start succeeded.
    Started(Id, u64, Pid),
    /// A run ended, or did not begin.
    Ended(Id, u64, Ending),
    /// The terminal process ended.
    TerminalEnded(CallResult),
    /// The registry has changed.
    Changed(BTreeSet<Id>),
    /// SIGINT or SIGTERM; the number is the exit code of a terminal process that does not end by itself.
    Signal(u8),
    /// A program wants everything to end with this code.
    Exit(i64),
}

/// What is run.
#[derive(Debug, Clone, Default)]
pub struct Task {
    /// The process that gets the terminal, and the host it runs on.
    pub terminal: Option<(Id, Id)>,
    /// Arguments of that process.
    pub arguments: Vec<Vec<u8>>,
    /// Whether what is asked of nobody in particular is denied.
    pub strict: bool,
    /// The longest time for everything to end.
    pub shutdown_within: Duration,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The exit code.
    pub code: u8,
    /// For standard output.
    pub out: Option<String>,
    /// For standard error.
    pub error: Option<Vec<u8>>,
}

/// A host that is asked to stop.
struct Stopping {
    run: u64,
    /// Processes that were on it and may have ended since; when none is left, it is looked for new ones.
    processes: Vec<Pid>,
}

/// See the module.
pub struct Engine {
    app: Arc<App>,
    runtime: Option<Runtime>,
    hosts: Hosts,
    orders: Receiver<Order>,
    sender: Sender<Order>,
    supervisor: Supervisor,
    pids: HashMap<Id, (u64, Pid)>,
    /// Hosts that are asked to stop.
    stopping: BTreeMap<Id, Stopping>,
    task: Task,
    terminal: Option<Pid>,
    terminal_due: Option<Instant>,
    tidy_at: Instant,
    signal: Option<u8>,
    ending: Option<Outcome>,
    over: Option<Instant>,
}

impl Engine {
    /// Starts the workers; services come with [`Engine::run`].
    ///
    /// # Errors
    /// When the operating system gives no threads.
    pub fn new(app: Arc<App>, task: Task) -> std::io::Result<Engine> {
        let (sender, orders) = mpsc::channel();
        let (hosts, entries) = (Hosts::default(), Entries::default());
        entries.belong_to(&app);
        let log = app.log.clone();
        let options = Options::new(entries, "").strict(task.strict).hosts(hosts.clone()).on_failure(
            Box::new(move |casualty| {
                if !casualty.watched {
                    let fields =
                        [("error".into(), Value::text(String::from_utf8_lossy(&casualty.fault.full_text())))];
                    let message = "process failed".to_owned();
                    log.write(&Line {
                        level: Level::Error,
                        name: casualty.id.to_string(),
                        message,
                        fields: fields.into_iter().collect(),
                    });
                }
            }),
        );
        let snapshot = app.registry.snapshot();
        let (workers, warnings) = hosts::workers(snapshot.iter().map(|entry| &**entry));
        for warning in warnings {
            app.log.say(Level::Warn, "runtime", warning);
        }
        let runtime = options.workers(workers).start()?;
        app.connect(runtime.starter(), sender.clone());
        let (weak, told) = (Arc::downgrade(&app), std::sync::Mutex::new(sender.clone()));
        app.on_change(Box::new(move |change| {
            if let Some(app) = weak.upgrade() {
                news::spread(&app, change);
            }
            let ids = change.operations.iter().map(|operation| operation.id().clone()).collect();
            let sender = told.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            // Nobody listens when everything is ending, and then it does not matter.
            let _ = sender.send(Order::Changed(ids));
        }));
        let seed = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(1, |since| since.as_nanos() as u64);
        Ok(Engine {
            app,
            runtime: Some(runtime),
            hosts,
            orders,
            sender,
            supervisor: Supervisor::new(seed),
            pids: HashMap::new(),
            stopping: BTreeMap::new(),
            task,
            terminal: None,
            terminal_due: None,
            tidy_at: Instant::now() + TIDY,
            signal: None,
            ending: None,
            over: None,
        })
    }

    /// A way to give orders.
    pub fn orders(&self) -> Sender<Order> {
        self.sender.clone()
    }

    /// Starts the services, runs until everything is over, and stops them.
    ///
    /// # Errors
    /// Services that need each other in a circle; nothing was started then.
    pub fn run(mut self) -> Result<Outcome, Box<Problem>> {
        let snapshot = self.app.registry.snapshot();
        self.plan(&snapshot, None);
        let circle = self.supervisor.boot().err();
        let terminal = self.task.terminal.as_ref().map(|(_, host)| host.clone());
        let circle = circle.or_else(|| self.supervisor.want(terminal.as_slice()).err());
        if let Some(circle) = circle {
            let entries = snapshot.iter().map(|entry| &**entry);
            return Err(Box::new(crate::verify::circle_problem(
                "services require each other in a circle",
                &circle,
                entries,
            )));
        }
        if terminal.is_some() {
            self.terminal_due = Some(Instant::now() + TERMINAL_WITHIN);
        } else if self.supervisor.is_idle() {
            self.app.log.say(Level::Warn, "runtime", "nothing to run: no auto_start service");
        }
        let mut out = Vec::new();
        self.supervisor.tick(self.app.elapsed(), &mut out);
        self.carry_out(out);
        self.app.log.say(Level::Info, "runtime", "runtime ready");
        functions::warm(&self.app);
        let mut todo = Vec::new();
        loop {
            self.look();
            if let Some(outcome) = self.is_over() {
                return Ok(self.finish(outcome));
            }
            if let Ok(order) = self.orders.recv_timeout(self.patience()) {
                let mut changed = BTreeSet::new();
                for order in std::iter::once(order).chain(std::iter::from_fn(|| self.orders.try_recv().ok()))
                {
                    match order {
                        Order::Changed(ids) => changed.extend(ids),
                        order => todo.push(order),
                    }
                }
                // Many changes are one: the plan is made from what there is now.
                if !changed.is_empty() {
                    self.obey(Order::Changed(changed));
                }
                for order in todo.drain(..) {
                    self.obey(order);
                }
            }
            if self.tidy_at <= Instant::now() {
                self.tidy_at = Instant::now() + TIDY;
                functions::tick(&self.app);
            }
            let mut out = Vec::new();
            self.supervisor.tick(self.app.elapsed(), &mut out);
            self.carry_out(out);
        }
    }

    /// How long nothing is due.
    fn patience(&self) -> Duration {
        let now = self.app.elapsed();
        let mut wait = self.tidy_at.saturating_duration_since(Instant::now());
        if let Some(next) = self.supervisor.next() {
            wait = wait.min(next.saturating_sub(now));
        }
        if !self.stopping.is_empty() || self.terminal_due.is_some() {
            wait = wait.min(LOOK);
        }
        for at in [self.over].into_iter().flatten() {
            wait = wait.min(at.saturating_duration_since(Instant::now()));
        }
        wait
    }

    fn obey(&mut self, order: Order) {
        let now = self.app.elapsed();
        let mut out = Vec::new();
        match order {
            Order::Started(id, run, pid) => {
                self.pids.insert(id.clone(), (run, pid));
                self.supervisor.started(&id, run, now, &mut out);
            }
            Order::Ended(id, run, ending) => {
                if self.pids.get(&id).is_some_and(|(known, _)| *known == run) {
                    self.pids.remove(&id);
                }
                self.supervisor.ended(&id, run, ending, now, &mut out);
            }
            Order::TerminalEnded(result) => {
                self.terminal = None;
                let outcome = terminal_outcome(result, self.signal);
                self.ending.get_or_insert(outcome);
                self.shut_down();
            }
            Order::Changed(ids) => {
                let snapshot = self.app.registry.snapshot();
                self.plan(&snapshot, Some(&ids));
                functions::warm(&self.app);
            }
            Order::Signal(code) => {
                if self.signal.replace(code).is_none() {
                    self.app.log.say(Level::Info, "runtime", "received shutdown signal");
                    self.app.log.say(
                        Level::Info,
                        "runtime",
                        "shutting down (press Ctrl+C again to force exit)",
                    );
                }
                self.shut_down();
            }
            Order::Exit(code) => {
                self.ending = Some(Outcome { code: (code & 0xff) as u8, out: None, error: None });
                self.shut_down();
            }
        }
        self.carry_out(out);
    }

    fn shut_down(&mut self) {
        if self.over.is_none() {
            self.over = Some(Instant::now() + self.task.shutdown_within);
            self.supervisor.shut_down();
        }
    }

    fn is_over(&mut self) -> Option<Outcome> {
        let end = self.over?;
        let late = Instant::now() >= end;
        if !(late || self.supervisor.is_down() && self.terminal.is_none()) {
            return None;
        }
        if late {
            self.app.log.say(Level::Error, "runtime", "shutdown took too long, giving up");
        }
        let cut_short = self.terminal.is_some().then_some(self.signal).flatten();
        Some(self.ending.take().unwrap_or(Outcome { code: cut_short.unwrap_or(0), out: None, error: None }))
    }

    fn finish(&mut self, outcome: Outcome) -> Outcome {
        self.app.close();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown(Duration::ZERO);
        }
        self.app.log.say(Level::Info, "runtime", "stopped");
        self.app.log.flush();
        outcome
    }

    /// Tells the supervisor which services there are; with `changed`, only about those and what stands behind them.
    fn plan(&mut self, snapshot: &Snapshot, changed: Option<&BTreeSet<Id>>) {
        let needs = services::needs(snapshot);
        if let Some(changed) = changed {
            for id in changed.iter().filter(|id| !needs.contains_key(*id)) {
                self.supervisor.remove(id);
                if self.supervisor.report(id).is_none() {
                    self.hosts.remove(id);
                }
            }
        }
        for (id, needs) in needs {
            if changed.is_some_and(|changed| !changed.contains(&id)) {
                continue;
            }
            let Some(entry) = snapshot.get(&id) else { continue };
            let policy = Policy::of(entry, &self.decoded(entry).unwrap_or_else(|_| entry.data.clone()));
            let missing: Vec<Id> =
                policy.requires.iter().filter(|id| snapshot.get(id).is_none()).cloned().collect();
            if matches!(role(entry), Some(Role::Host | Role::Terminal))
                && self.supervisor.report(&id).is_none()
            {
                self.hosts.set(&id, Standing::Closed);
            }
            let auto_start = policy.auto_start;
            self.supervisor.add(id.clone(), policy, needs, missing);
            if changed.is_some()
                && auto_start
                && let Err(circle) = self.supervisor.want(&[id])
            {
                let chain = crate::imports::chain(&circle);
                self.app.log.say(
                    Level::Error,
                    "supervisor",
                    format!("services require each other in a circle: {chain}"),
                );
            }
        }
    }

    fn decoded(&self, entry: &Entry) -> Result<Value, String> {
        let environment = self.app.environment();
        let namespace = entry.id.namespace();
        let lookup = |name: &str| environment.get(name, namespace).ok().map(|text| text.to_string());
        placeholder::decode(&entry.data, &lookup).map_err(|unset| {
            format!("{} of {}: the variable {} has no value", unset.path, entry.id, unset.name)
        })
    }

    fn carry_out(&mut self, actions: Vec<Action>) {
        let mut actions: std::collections::VecDeque<Action> = actions.into();
        let mut changed = false;
        while let Some(action) = actions.pop_front() {
            let mut more = Vec::new();
            match action {
                Action::Start { id, run } => self.start(id, run, &mut more),
                Action::Stop { id, run, within } => self.stop(id, run, within, &mut more),
                Action::Kill { id, run } => self.kill(&id, run),
                Action::Changed { id, state } => {
                    changed = true;
                    self.changed(&id, state);
                }
                Action::Failure { id, message, retry } => self.failure(&id, &message, retry),
                Action::Blocked { id, missing, optional } => {
                    let names: Vec<&str> = missing.iter().map(Id::as_str).collect();
                    let level = if optional { Level::Warn } else { Level::Error };
                    let message = format!(
                        "service {id} cannot start: it requires {}, which does not exist",
                        names.join(", ")
                    );
                    self.app.log.say(level, "supervisor", message);
                }
            }
            actions.extend(more);
        }
        if changed {
            self.app.set_reports(self.supervisor.reports());
        }
    }

    fn changed(&self, id: &Id, state: State) {
        self.app.log.say(Level::Info, "supervisor", format!("service {id} is {}", state.name()));
        modules::publish(&self.app, "supervisor", "service.state", id.as_str(), &Value::from(state.name()));
    }

    fn failure(&self, id: &Id, message: &str, retry: Option<Duration>) {
        let mut fields = Map::new();
        fields.insert("error".into(), Value::text(message));
        if let Some(retry) = retry {
            let whole = Duration::from_millis(retry.as_millis() as u64);
            fields.insert("retry_in".into(), Value::text(crate::duration::show(whole)));
        }
        let line = Line {
            level: Level::Error,
            name: "supervisor".to_owned(),
            message: format!("service {id} failed"),
            fields,
        };
        self.app.log.write(&line);
    }

    fn start(&mut self, id: Id, run: u64, more: &mut Vec<Action>) {
        let now = self.app.elapsed();
        let snapshot = self.app.registry.snapshot();
        let Some(entry) = snapshot.get(&id).cloned() else {
            let gone = Ending::Hopeless(format!("there is no entry {id}"));
            return self.supervisor.ended(&id, run, gone, now, more);
        };
        match role(&entry) {
            Some(Role::Host) => {
                self.hosts.set(&id, Standing::Open);
                self.supervisor.started(&id, run, now, more);
            }
            Some(Role::Terminal) => {
                self.hosts.set(&id, Standing::Terminal);
                self.supervisor.started(&id, run, now, more);
            }
            _ => match self.decoded(&entry) {
                Ok(data) => self.start_process(entry, data, run),
                Err(why) => self.supervisor.ended(&id, run, Ending::Hopeless(why), now, more),
            },
        }
    }

    /// Starts the process of a service on a thread of its own: its chunk may take its time.
    fn start_process(&self, entry: Arc<Entry>, data: Value, run: u64) {
        let (app, sender) = (Arc::clone(&self.app), self.sender.clone());
        let id = entry.id.clone();
        let begin = move || {
            let ended = sender.clone();
            let (service, told) = (entry.id.clone(), entry.id.clone());
            let reference =
                |key: &str| data.get(key).and_then(|value| Id::from_value(value, entry.id.namespace()));
            let (Some(process), Some(host)) = (reference("process"), reference("host")) else {
                return drop(sender.send(Order::Ended(
                    service,
                    run,
                    Ending::Hopeless("process and host are required".to_owned()),
                )));
            };
            let mut arguments = Parcel::new();
            for value in data.get("input").and_then(Value::as_list).unwrap_or_default() {
                convert::pack(&mut arguments, value);
            }
            let on_end = move |mut vm: Vm, end: End| {
                let ending = match functions::outcome(&mut vm, &end) {
                    Ok(_) => Ending::Normal,
                    Err(error) => Ending::Failed(String::from_utf8_lossy(&error.full_text()).into_owned()),
                };
                drop(ended.send(Order::Ended(told, run, ending)));
            };
            let launch = Launch {
                arguments,
                host: Some(host.to_string()),
                on_end: Some(Box::new(on_end)),
                values: Arc::new(app.policies().of_service(data.get("lifecycle"), entry.id.namespace())),
                ..Launch::default()
            };
            let spawned = match app.starter() {
                Some(starter) => starter.spawn_id(process.as_str(), launch),
                None => Err(ErrorValue::new(Kind::UNAVAILABLE, "the runtime has not started")),
            };
            drop(sender.send(match spawned {
                Ok(pid) => Order::Started(service, run, pid),
                Err(error) => {
                    let message = String::from_utf8_lossy(&error.full_text()).into_owned();
                    let hopeless = *error.kind() == Kind::NOT_FOUND || error.is_retryable() == Some(false);
                    Order::Ended(
                        service,
                        run,
                        if hopeless { Ending::Hopeless(message) } else { Ending::Failed(message) },
                    )
                }
            }));
        };
        if let Err(error) = std::thread::Builder::new().name("start".to_owned()).spawn(begin) {
            drop(self.sender.send(Order::Ended(id, run, Ending::Failed(error.to_string()))));
        }
    }

    fn stop(&mut self, id: Id, run: u64, within: Duration, more: &mut Vec<Action>) {
        let snapshot = self.app.registry.snapshot();
        let is_host = self.hosts_of(&snapshot, &id);
        if is_host {
            self.hosts.set(&id, Standing::Closed);
            let processes = self.processes_on(&id);
            for pid in &processes {
                self.cancel(*pid, "scheduler shutdown", within);
            }
            if self.terminal_on(&id)
                && let Some(pid) = self.terminal
            {
                self.cancel(pid, "scheduler shutdown", within);
            }
            self.stopping.insert(id, Stopping { run, processes });
            return;
        }
        match self.pids.get(&id) {
            Some((known, pid)) if *known == run => self.cancel(*pid, "service stopping", within),
            _ => {
                let now = self.app.elapsed();
                self.supervisor.ended(&id, run, Ending::Normal, now, more);
            }
        }
    }

    fn hosts_of(&self, snapshot: &Snapshot, id: &Id) -> bool {
        match snapshot.get(id) {
            Some(entry) => matches!(role(entry), Some(Role::Host | Role::Terminal)),
            // A host that was deleted is stopped as one.
            None => !self.pids.contains_key(id),
        }
    }

    fn terminal_on(&self, id: &Id) -> bool {
        self.task.terminal.as_ref().is_some_and(|(_, host)| host == id)
    }

    fn cancel(&self, pid: Pid, reason: &str, within: Duration) {
        if let Some(starter) = self.app.starter() {
            let _ = starter.handle().cancel(Pid::SYSTEM, pid, reason, Some(within));
        }
    }

    fn processes_on(&self, id: &Id) -> Vec<Pid> {
        let Some(starter) = self.app.starter() else { return Vec::new() };
        let Some(host) = starter.handle().hosts().find(id.as_str()) else { return Vec::new() };
        starter
            .handle()
            .processes()
            .into_iter()
            .filter(|process| process.host == host)
            .map(|process| process.pid)
            .collect()
    }

    /// Whether processes are left on a host. Each is looked at until it has ended, all of them only once and at the end.
    fn is_busy(&self, id: &Id, stopping: &mut Stopping) -> bool {
        if self.terminal_on(id) && self.terminal.is_some() {
            return true;
        }
        let Some(starter) = self.app.starter() else { return false };
        let ended = |pid: &mut Pid| !starter.handle().is_alive(*pid);
        while stopping.processes.pop_if(ended).is_some() {}
        if stopping.processes.is_empty() {
            stopping.processes = self.processes_on(id);
        }
        !stopping.processes.is_empty()
    }

    fn kill(&mut self, id: &Id, run: u64) {
        let Some(starter) = self.app.starter() else { return };
        if let Some((known, pid)) = self.pids.get(id)
            && *known == run
        {
            let _ = starter.handle().kill(*pid);
            self.pids.remove(id);
        }
        if self.stopping.remove(id).is_some() {
            for pid in self.processes_on(id) {
                let _ = starter.handle().kill(pid);
            }
        }
    }

    /// Looks whether stopping hosts are empty, and whether the terminal process can begin.
    fn look(&mut self) {
        for (id, mut stopping) in std::mem::take(&mut self.stopping) {
            if self.is_busy(&id, &mut stopping) {
                self.stopping.insert(id, stopping);
                continue;
            }
            let mut out = Vec::new();
            self.supervisor.ended(&id, stopping.run, Ending::Normal, self.app.elapsed(), &mut out);
            self.carry_out(out);
        }
        let Some(due) = self.terminal_due else { return };
        let Some((process, host)) = self.task.terminal.clone() else { return };
        let up = self.supervisor.report(&host).is_some_and(|report| report.state == State::Running);
        if up {
            self.terminal_due = None;
            if let Err(error) = self.start_terminal(&process, &host) {
                self.ending = Some(Outcome { code: 1, out: None, error: Some(error.full_text()) });
                self.shut_down();
            }
        } else if Instant::now() >= due {
            self.terminal_due = None;
            let message = format!(
                "terminal host {host} did not start within {}",
                crate::duration::show(TERMINAL_WITHIN)
            );
            self.ending = Some(Outcome { code: 1, out: None, error: Some(message.into_bytes()) });
            self.shut_down();
        }
    }

    fn start_terminal(&mut self, process: &Id, host: &Id) -> Result<(), ErrorValue> {
        let code = self.app.code();
        let edition = code.edition(process.as_str());
        let bundle = &edition.ok_or_else(|| wippy_runtime::not_found(process.as_str()))?.bundle;
        let terminal =
            Arc::new(Console { arguments: self.task.arguments.clone(), app: Arc::downgrade(&self.app) });
        let entry = hosts::entry_of(&Arc::downgrade(&self.app), bundle, Some(terminal));
        let mut arguments = Parcel::new();
        self.task.arguments.iter().for_each(|argument| arguments.push(Packed::Text(argument)));
        let sender = self.sender.clone();
        let on_end = move |mut vm: Vm, end: End| {
            drop(sender.send(Order::TerminalEnded(functions::outcome(&mut vm, &end))));
        };
        let starter = self
            .app
            .starter()
            .ok_or_else(|| ErrorValue::new(Kind::UNAVAILABLE, "the runtime has not started"))?;
        let launch = Launch {
            arguments,
            host: Some(format!("{}{host}", hosts::CALLS)),
            on_end: Some(Box::new(on_end)),
            ..Launch::default()
        };
        self.terminal = Some(starter.spawn(&entry, launch)?);
        Ok(())
    }
}

fn role(entry: &Entry) -> Option<Role> {
    kinds::find(&entry.kind).map(|kind| kind.role)
}

/// Code and output for the result of the terminal process.
fn terminal_outcome(result: CallResult, signal: Option<u8>) -> Outcome {
    match result {
        Ok(parcel) => {
            let value = match parcel.first() {
                Packed::Boolean(flag) => Value::Boolean(flag),
                Packed::Integer(number) => Value::Integer(number),
                Packed::Float(number) => Value::Float(number),
                Packed::Text(text) => Value::text(String::from_utf8_lossy(text)),
                _ => Value::Null,
            };
            let end = ending::of_value(&value);
            Outcome { code: end.code, out: end.out, error: None }
        }
        Err(error)
            if signal.is_some()
                && (*error.kind() == Kind::CANCELED || error.message() == b"process terminated") =>
        {
            Outcome { code: signal.unwrap_or(1), out: None, error: None }
        }
        Err(error) => Outcome { code: 1, out: None, error: Some(error.full_text()) },
    }
}
