//! What runs an application: carries out what the supervisor decides, and reports back.
//!
//! One thread that waits for orders and deadlines. Invariant: it decides nothing about services; that is
//! `lifecycle::supervisor`, and every start, end and signal reaches it as an event.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, Instant};

use wippy_runtime::scheduler::Pid;
use wippy_runtime::{Options, Runtime};

use super::app::App;
use super::functions;
use super::hosts::{self, Entries, Hosts, Standing};
use super::launch;
use super::modules;
use super::news;
use super::order::{Order, Outcome, Task, terminal_outcome};
use super::stopping::{self, Stopping};
use crate::entry::Entry;
use crate::id::Id;
use crate::kinds::{self, Role};
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
    stopping: Stopping,
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
        app.http.belong_to(&app);
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
            stopping: Stopping::default(),
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
                if let Some(pid) = pid {
                    self.pids.insert(id.clone(), (run, pid));
                }
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
        self.app.http.close();
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
            if self.app.http.runs(&id) {
                // A server takes its changes while it runs.
                self.supervisor.adjust(&id, policy, needs, missing);
                continue;
            }
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
            role => {
                let started = self.decoded(&entry).map_err(Ending::Hopeless).and_then(|data| match role {
                    Some(Role::Server) => {
                        let address = data.get("addr").and_then(Value::as_text).unwrap_or_default();
                        self.app.http.start(&self.app, &self.sender, &id, run, address)
                    }
                    _ => {
                        launch::service(&self.app, &self.sender, entry, data, run);
                        Ok(())
                    }
                });
                if let Err(ending) = started {
                    self.supervisor.ended(&id, run, ending, now, more);
                }
            }
        }
    }

    fn stop(&mut self, id: Id, run: u64, within: Duration, more: &mut Vec<Action>) {
        if self.app.http.stop(&id, run) {
            return;
        }
        let snapshot = self.app.registry.snapshot();
        let is_host = self.hosts_of(&snapshot, &id);
        if is_host {
            self.hosts.set(&id, Standing::Closed);
            let terminal = self.terminal.filter(|_| self.terminal_on(&id));
            self.stopping.begin(&self.app, id, run, within, terminal);
            return;
        }
        match self.pids.get(&id) {
            Some((known, pid)) if *known == run => {
                stopping::cancel(&self.app, *pid, "service stopping", within);
            }
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

    fn kill(&mut self, id: &Id, run: u64) {
        self.app.http.kill(id, run);
        let Some(starter) = self.app.starter() else { return };
        if let Some((known, pid)) = self.pids.get(id)
            && *known == run
        {
            let _ = starter.handle().kill(*pid);
            self.pids.remove(id);
        }
        self.stopping.kill(&self.app, id);
    }

    /// Looks whether stopping hosts are empty, and whether the terminal process can begin.
    fn look(&mut self) {
        let terminal = self.task.terminal.as_ref().filter(|_| self.terminal.is_some());
        let emptied = self.stopping.emptied(&self.app, |id| terminal.is_some_and(|(_, host)| host == id));
        for (id, run) in emptied {
            let mut out = Vec::new();
            self.supervisor.ended(&id, run, Ending::Normal, self.app.elapsed(), &mut out);
            self.carry_out(out);
        }
        let Some(due) = self.terminal_due else { return };
        let Some((process, host)) = self.task.terminal.clone() else { return };
        let up = self.supervisor.report(&host).is_some_and(|report| report.state == State::Running);
        if up {
            self.terminal_due = None;
            match launch::terminal(&self.app, &self.sender, &self.task, &process, &host) {
                Ok(pid) => self.terminal = Some(pid),
                Err(error) => {
                    self.ending = Some(Outcome { code: 1, out: None, error: Some(error.full_text()) });
                    self.shut_down();
                }
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
}

fn role(entry: &Entry) -> Option<Role> {
    kinds::find(&entry.kind).map(|kind| kind.role)
}
