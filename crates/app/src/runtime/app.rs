//! `App`: the state that all programs of an application share.
//!
//! Registry, compiled code, variables and the log. Nothing in it runs; readers take an `Arc` of the part they need.
//! Invariant: code and variables always belong to one version of the registry, and change together with it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant};

use wippy_runtime::Starter;

use super::alarm::Alarms;
use super::functions;
use super::modules::Listeners;
use super::order::Order;
use super::unit::{self, Bundle, Code};
use crate::env::Environment;
use crate::http;
use crate::id::Id;
use crate::imports;
use crate::kinds::check::Depth;
use crate::lifecycle::supervisor::Report;
use crate::log::{Level, Log};
use crate::problem::{Problem, Problems, Severity};
use crate::registry::{ChangeError, Entries, Handler, Operation, Registry, Rejection, Snapshot};
use crate::security::{self, Policies};
use crate::verify;

/// See the module.
pub struct App {
    /// The entries.
    pub registry: Registry,
    /// The log.
    pub log: Log,
    /// Who listens to events.
    pub bus: Listeners,
    /// Deadlines of calls.
    pub alarms: Alarms,
    /// What listens for requests.
    pub(crate) http: http::Servers,
    /// No more calls are taken.
    closed: AtomicBool,
    starter: OnceLock<Starter>,
    orders: OnceLock<Sender<Order>>,
    began: Instant,
    reports: RwLock<Vec<Report>>,
    code: RwLock<Arc<Code>>,
    environment: RwLock<Arc<Environment>>,
    policies: RwLock<Arc<Policies>>,
    hearers: Mutex<Vec<Hearer>>,
    checker: OnceLock<Checker>,
}

/// Checks the types of the programs of some entries in a state that is about to be the present one. An error among what it
/// answers rejects the change.
pub type Checker = Box<dyn Fn(&Entries, &BTreeMap<Id, Vec<Id>>) -> Vec<Problem> + Send + Sync>;

/// Told of each change.
type Hearer = Box<dyn Fn(&Change) + Send>;

/// A change that has been made.
pub struct Change {
    /// The state after it.
    pub snapshot: Snapshot,
    /// What was done.
    pub operations: Vec<Operation>,
    /// Entries whose code is new, with the changed entries that made it so: themselves, or what they import.
    pub renewed: BTreeMap<Id, Vec<Id>>,
}

impl App {
    /// Without entries.
    pub fn new(log: Log, keep_history: bool) -> App {
        App {
            registry: Registry::new(keep_history),
            log,
            closed: AtomicBool::new(false),
            bus: Listeners::default(),
            alarms: Alarms::default(),
            http: http::Servers::default(),
            starter: OnceLock::new(),
            orders: OnceLock::new(),
            began: Instant::now(),
            reports: RwLock::default(),
            code: RwLock::default(),
            environment: RwLock::default(),
            policies: RwLock::default(),
            hearers: Mutex::default(),
            checker: OnceLock::new(),
        }
    }

    /// A way to start processes, once the application has been started.
    pub fn starter(&self) -> Option<&Starter> {
        self.starter.get()
    }

    /// Connects the application with what runs it.
    pub(super) fn connect(&self, starter: Starter, orders: Sender<Order>) {
        let _ = self.starter.set(starter);
        let _ = self.orders.set(orders);
    }

    /// Tells whoever runs the application something; false if nobody does.
    pub fn order(&self, order: Order) -> bool {
        self.orders.get().is_some_and(|orders| orders.send(order).is_ok())
    }

    /// The services as they were after the last change of one.
    pub fn reports(&self) -> Vec<Report> {
        self.reports.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set_reports(&self, reports: Vec<Report>) {
        *self.reports.write().unwrap_or_else(PoisonError::into_inner) = reports;
    }

    /// Time since the application was made.
    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// The code of the present version.
    pub fn code(&self) -> Arc<Code> {
        Arc::clone(&self.code.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The code of an entry in the present version.
    pub fn bundle(&self, id: &Id) -> Option<Arc<Bundle>> {
        self.code().edition(id.as_str()).map(|edition| Arc::clone(&edition.bundle))
    }

    /// Has the types of programs checked, from now on, before they are put in place.
    pub fn check_types(&self, checker: Checker) {
        let _ = self.checker.set(checker);
    }

    /// Whether calls are taken no more.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Takes no more calls, and drops what waits for some.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
        functions::close(self);
    }

    /// The variables of the present version.
    pub fn environment(&self) -> Arc<Environment> {
        Arc::clone(&self.environment.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The policies of the present version.
    pub fn policies(&self) -> Arc<Policies> {
        Arc::clone(&self.policies.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Calls `hearer` after every change, in the thread that made it.
    pub fn on_change(&self, hearer: Box<dyn Fn(&Change) + Send>) {
        self.hearers.lock().unwrap_or_else(PoisonError::into_inner).push(hearer);
    }

    /// Makes entries the baseline.
    ///
    /// # Errors
    /// Every problem that was found; there are no entries then.
    pub fn baseline(&self, entries: Vec<crate::entry::Entry>) -> Result<Snapshot, Vec<Problem>> {
        let mut transaction = Transaction::new(self);
        self.registry.baseline(entries, &mut transaction).map_err(problems)
    }

    /// Applies a change set.
    ///
    /// # Errors
    /// Why nothing changed.
    pub fn apply(&self, operations: &[Operation]) -> Result<Snapshot, ChangeError> {
        let mut transaction = Transaction::new(self);
        let snapshot = self.registry.apply(operations, &mut transaction)?;
        if let Some(change) = transaction.done {
            for hearer in &*self.hearers.lock().unwrap_or_else(PoisonError::into_inner) {
                hearer(&change);
            }
        }
        Ok(snapshot)
    }
}

fn problems(error: ChangeError) -> Vec<Problem> {
    match error {
        ChangeError::Rejected(problems) => problems,
        other => vec![Problem::error(crate::problem::Code::Source, other.to_string())],
    }
}

/// A transaction of the registry: code is compiled aside and put in place with the new state.
struct Transaction<'a> {
    app: &'a App,
    code: Code,
    touched: bool,
    checked: bool,
    renewed: BTreeMap<Id, Vec<Id>>,
    /// Variables and servers of the state that is about to be.
    environment: Environment,
    plan: http::Plan,
    done: Option<Change>,
}

impl<'a> Transaction<'a> {
    fn new(app: &'a App) -> Transaction<'a> {
        let code = (*app.code()).clone();
        Transaction {
            app,
            code,
            touched: false,
            checked: false,
            renewed: BTreeMap::new(),
            environment: Environment::default(),
            plan: http::Plan::default(),
            done: None,
        }
    }
}

impl Handler for Transaction<'_> {
    fn accept(&mut self, operation: &Operation, entries: &Entries) -> Result<(), Rejection> {
        let entry = match operation {
            Operation::Create(entry) | Operation::Update(entry) => entry,
            Operation::Delete(id) => {
                self.code.remove(id);
                self.touched = true;
                return Ok(());
            }
        };
        let find = |id: &Id| entries.get(id).map(|entry| Arc::clone(&entry.kind));
        let findings = verify::entry(entry, Depth::Boot, &find);
        let (faults, rest): (Vec<Problem>, Vec<Problem>) =
            findings.problems.into_iter().partition(|problem| problem.severity == Severity::Error);
        if !faults.is_empty() {
            return Err(Rejection::Refused(faults));
        }
        // What programs import is looked at when all of them are there.
        let missing = if imports::is_program(entry) { Vec::new() } else { findings.missing };
        if let Some(problem) = missing.into_iter().next() {
            return Err(Rejection::NotFound(Box::new(problem)));
        }
        for warning in rest {
            self.app.log.say(Level::Warn, "registry", warning.to_string());
        }
        if &*entry.kind == security::KIND
            && let Err(why) = security::policy(entry)
        {
            let problem = Problem::error(crate::problem::Code::WrongValue, why).entry(&entry.id);
            return Err(Rejection::Refused(vec![problem.at(entry.origin.value_place("data.policy"))]));
        }
        self.touched = true;
        if imports::is_program(entry) {
            let unit = unit::compile(entry).map_err(|problem| Rejection::Refused(vec![*problem]))?;
            self.code.insert(unit);
        } else {
            self.code.remove(&entry.id);
        }
        Ok(())
    }

    fn finish(&mut self, entries: &Entries) -> Result<(), Vec<Problem>> {
        self.checked = true;
        self.renewed = self.code.complete()?;
        self.environment = Environment::of(entries.values(), &self.app.environment());
        self.plan = self.app.http.plan(entries, &self.environment)?;
        let Some(checker) = self.app.checker.get() else { return Ok(()) };
        let found = checker(entries, &self.renewed);
        let (faults, rest): (Vec<Problem>, Vec<Problem>) =
            found.into_iter().partition(|problem| problem.severity == Severity::Error);
        if !faults.is_empty() {
            return Err(faults);
        }
        for warning in rest {
            self.app.log.say(Level::Warn, "types", warning.to_string());
        }
        Ok(())
    }

    fn commit(&mut self, snapshot: &Snapshot, operations: &[Operation]) {
        debug_assert!(self.checked, "a transaction is finished before it is committed");
        let environment = std::mem::take(&mut self.environment);
        if self.touched {
            let fresh = Arc::new(std::mem::take(&mut self.code));
            let old =
                std::mem::replace(&mut *self.app.code.write().unwrap_or_else(PoisonError::into_inner), fresh);
            // With the lock released: interpreters may go with it.
            drop(old);
        }
        *self.app.environment.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(environment);
        let guarded = |operation: &Operation| match operation {
            Operation::Create(entry) | Operation::Update(entry) => &*entry.kind == security::KIND,
            Operation::Delete(_) => true,
        };
        // An update may make something else of what was a policy.
        if operations.is_empty()
            || operations
                .iter()
                .any(|operation| guarded(operation) || self.app.policies().has(operation.id()))
        {
            *self.app.policies.write().unwrap_or_else(PoisonError::into_inner) =
                Arc::new(Policies::of(snapshot));
        }
        // Behind the code that requests are to find.
        self.app.http.install(std::mem::take(&mut self.plan));
        self.done = Some(Change {
            snapshot: snapshot.clone(),
            operations: operations.to_vec(),
            renewed: std::mem::take(&mut self.renewed),
        });
    }

    fn rollback(&mut self) {
        self.code = Code::default();
    }
}

/// All problems of entries that are about to become a baseline, programs compiled.
pub fn check<'a>(
    entries: impl Iterator<Item = &'a Arc<crate::entry::Entry>> + Clone,
    depth: Depth,
) -> Problems {
    let mut problems = verify::all(entries.clone().map(|entry| &**entry), depth);
    for entry in entries.filter(|entry| imports::is_program(entry) && entry.text("source").is_some()) {
        if let Err(problem) = unit::compile(entry) {
            problems.push(*problem);
        }
    }
    problems
}
