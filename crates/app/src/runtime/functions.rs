//! Function calls: each is a little process, and a pool decides how many of them run at a time.
//!
//! Interpreters are used again, so what a chunk keeps in locals survives from call to call. Invariant: every call is
//! answered exactly once, by its result, its failure, its time-out or its cancellation, whichever comes first.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use wippy_runtime::scheduler::Pid;
use wippy_runtime::{End, Entry, Launch, Values};
use wippy_stdlib::errors::{self, Details, ErrorValue, Kind, error_of};
use wippy_vm::{Parcel, Value, Vm};

use super::app::App;
use super::boot;
use super::unit::Bundle;
use crate::calls::{Plan, Pool, Step};
use crate::id::Id;

/// What a call came to: one value, or why not.
pub type CallResult = Result<Parcel, ErrorValue>;
/// Hears of it.
pub type Deliver = Box<dyn FnOnce(CallResult) + Send>;

/// After so many calls an interpreter is given up, so that nothing it hoards lives for ever.
const CALLS_PER_INTERPRETER: u32 = 10_000;

/// A call on its way.
pub struct Call {
    id: Id,
    arguments: Mutex<Option<Parcel>>,
    values: Values,
    deliver: Mutex<Option<Deliver>>,
    pid: Mutex<Option<Pid>>,
    canceled: AtomicBool,
}

impl Call {
    /// A call of a function, not yet submitted.
    pub fn new(id: Id, arguments: Parcel, values: Values) -> Arc<Call> {
        Arc::new(Call {
            id,
            arguments: Mutex::new(Some(arguments)),
            values,
            deliver: Mutex::new(None),
            pid: Mutex::new(None),
            canceled: AtomicBool::new(false),
        })
    }

    /// Who hears of the result.
    pub fn on_result(&self, deliver: Deliver) {
        *lock(&self.deliver) = Some(deliver);
    }

    /// Answers, unless it was answered before.
    pub fn answer(&self, result: CallResult) {
        let deliver = lock(&self.deliver).take();
        if let Some(deliver) = deliver {
            deliver(result);
        }
    }

    /// Nobody wants the result any more: the callee is told.
    pub fn cancel(&self, app: &App) {
        self.canceled.store(true, Ordering::SeqCst);
        drop(lock(&self.deliver).take());
        self.stop(app);
    }

    fn stop(&self, app: &App) {
        let pid = *lock(&self.pid);
        if let (Some(pid), Some(starter)) = (pid, app.starter()) {
            let _ = starter.handle().cancel(Pid::SYSTEM, pid, "call canceled", Some(Duration::from_secs(30)));
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An interpreter that waits for its next call.
struct Idle {
    vm: Vm,
    calls: u32,
}

struct State {
    pool: Pool,
    calls: HashMap<u64, Arc<Call>>,
    idle: HashMap<u64, Idle>,
    used: HashMap<u64, u32>,
}

/// A function at one version of its code.
struct Function {
    bundle: Arc<Bundle>,
    entry: Arc<Entry>,
    host: String,
    state: Mutex<State>,
}

/// All functions.
#[derive(Default)]
pub struct Functions {
    known: Mutex<HashMap<Id, Arc<Function>>>,
    calls: AtomicU64,
    closed: AtomicBool,
}

impl Functions {
    /// Whether there is a function of this ID.
    ///
    /// # Errors
    /// What a caller is told when there is none.
    pub fn find(app: &App, id: &Id) -> Result<(), ErrorValue> {
        let found = app.bundle(id).is_some_and(|bundle| &*bundle.main.entry.kind == "function.lua");
        if found { Ok(()) } else { Err(unknown(id)) }
    }

    /// Begins a call.
    pub fn submit(app: &Arc<App>, call: Arc<Call>) {
        let functions = &app.functions;
        if functions.closed.load(Ordering::SeqCst) {
            return call.answer(Err(ErrorValue::new(Kind::UNAVAILABLE, "the application is shutting down")));
        }
        let function = match functions.function(app, &call.id) {
            Ok(function) => function,
            Err(error) => return call.answer(Err(error)),
        };
        let number = functions.calls.fetch_add(1, Ordering::Relaxed);
        let step = {
            let mut state = lock(&function.state);
            state.calls.insert(number, call);
            state.pool.call(number)
        };
        carry_out(app, &function, step.into_iter().collect());
    }

    /// Takes no more calls and drops idle interpreters.
    pub fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        lock(&self.known).clear();
    }

    fn function(&self, app: &Arc<App>, id: &Id) -> Result<Arc<Function>, ErrorValue> {
        let bundle = app.bundle(id).filter(|bundle| &*bundle.main.entry.kind == "function.lua");
        let mut known = lock(&self.known);
        let Some(bundle) = bundle else {
            known.remove(id);
            return Err(unknown(id));
        };
        if let Some(function) = known.get(id)
            && Arc::ptr_eq(&function.bundle, &bundle)
        {
            return Ok(Arc::clone(function));
        }
        let plan = Plan::of(&bundle.main.entry.data);
        let function = Arc::new(Function {
            entry: super::hosts::entry_of(&Arc::downgrade(app), &bundle, None),
            host: format!("{}{id}#lua", super::hosts::CALLS),
            bundle,
            state: Mutex::new(State {
                pool: Pool::new(plan),
                calls: HashMap::new(),
                idle: HashMap::new(),
                used: HashMap::new(),
            }),
        });
        known.insert(id.clone(), Arc::clone(&function));
        Ok(function)
    }
}

fn unknown(id: &Id) -> ErrorValue {
    ErrorValue::new(Kind::NOT_FOUND, "no handler registered for target")
        .retryable(Some(false))
        .with_details(Details::of([("target", id.as_str().into())]))
}

/// Carries steps of a pool out, and those that follow from calls that could not begin.
fn carry_out(app: &Arc<App>, function: &Arc<Function>, mut steps: Vec<Step>) {
    while let Some(step) = steps.pop() {
        match step {
            Step::Drop { worker } => {
                let mut state = lock(&function.state);
                let idle = state.idle.remove(&worker);
                drop(state);
                drop(idle);
            }
            Step::Run { call: number, worker, .. } => {
                let (call, idle) = {
                    let mut state = lock(&function.state);
                    (state.calls.remove(&number), state.idle.remove(&worker))
                };
                let begun = match &call {
                    Some(call) if !call.canceled.load(Ordering::SeqCst) => {
                        begin(app, function, call, worker, idle)
                    }
                    _ => Err(ErrorValue::new(Kind::CANCELED, "canceled")),
                };
                if let Err(error) = begun {
                    if let Some(call) = call {
                        call.answer(Err(error));
                    }
                    steps.extend(lock(&function.state).pool.done(worker, false, app.elapsed()));
                }
            }
        }
    }
}

fn begin(
    app: &Arc<App>,
    function: &Arc<Function>,
    call: &Arc<Call>,
    worker: u64,
    idle: Option<Idle>,
) -> Result<(), ErrorValue> {
    let starter =
        app.starter().ok_or_else(|| ErrorValue::new(Kind::UNAVAILABLE, "the application has not started"))?;
    let arguments = lock(&call.arguments).take().unwrap_or_default();
    let on_end = ended(app, function, call, worker);
    let launch = Launch {
        host: Some(function.host.clone()),
        on_end: Some(on_end),
        values: Arc::clone(&call.values),
        ..Launch::default()
    };
    let pid = match idle {
        Some(Idle { mut vm, calls }) => {
            lock(&function.state).used.insert(worker, calls);
            vm.start(|cx| {
                cx.push(Value::Native(boot::caller()));
                cx.unpack(&arguments)?;
                Ok(())
            })
            .map_err(|error| ErrorValue::internal(error.to_string()))?;
            starter.spawn_again(vm, &function.entry, launch)?
        }
        None => starter.spawn(&function.entry, Launch { arguments, ..launch })?,
    };
    *lock(&call.pid) = Some(pid);
    if call.canceled.load(Ordering::SeqCst) {
        call.stop(app);
    }
    Ok(())
}

/// What happens when the process of a call ends.
fn ended(app: &Arc<App>, function: &Arc<Function>, call: &Arc<Call>, worker: u64) -> wippy_runtime::OnEnd {
    let (app, function, call): (Weak<App>, _, _) =
        (Arc::downgrade(app), Arc::clone(function), Arc::clone(call));
    Box::new(move |mut vm: Vm, end: End| {
        let result = outcome(&mut vm, &end);
        let clean = matches!(end, End::Finished { .. }) && vm.is_quiet();
        let Some(app) = app.upgrade() else { return call.answer(result) };
        let steps = {
            let mut state = lock(&function.state);
            let calls = state.used.remove(&worker).unwrap_or(0) + 1;
            let keep = clean && calls < CALLS_PER_INTERPRETER;
            if keep {
                state.idle.insert(worker, Idle { vm, calls });
            }
            state.pool.done(worker, keep, app.elapsed())
        };
        call.answer(result);
        carry_out(&app, &function, steps);
    })
}

/// The result of a program that has ended, by the convention of entry functions.
pub fn outcome(vm: &mut Vm, end: &End) -> CallResult {
    let memory = |error: wippy_vm::Error| ErrorValue::internal(error.to_string());
    match end {
        End::Finished { .. } => vm.results(|cx| {
            let second = cx.get(2);
            if matches!(second, Value::String(_)) || error_of(second).is_some() {
                return Err(errors::failure_of(cx, second).unwrap_or_else(memory));
            }
            let mut parcel = Parcel::new();
            let first = cx.get(1);
            cx.pack_value(&mut parcel, first).map_err(memory)?;
            Ok(parcel)
        }),
        End::Failed(failure) if failure.is_text => {
            Err(ErrorValue::new(Kind::INTERNAL, failure.message.clone()))
        }
        End::Failed(_) => Err(vm.error_value(errors::failure_of).unwrap_or_else(memory)),
        End::Killed => Err(ErrorValue::new(Kind::INTERNAL, "process terminated")),
    }
}

/// Answers a call with a time-out if nothing else came first.
pub fn limit(app: &Arc<App>, call: &Arc<Call>, within: Duration) {
    let (weak, call) = (Arc::downgrade(app), Arc::clone(call));
    app.alarms.set(
        within,
        Box::new(move || {
            let waiting = lock(&call.deliver).is_some();
            if waiting {
                call.canceled.store(true, Ordering::SeqCst);
                call.answer(Err(ErrorValue::new(Kind::TIMEOUT, "call timed out").retryable(Some(true))));
                if let Some(app) = weak.upgrade() {
                    call.stop(&app);
                }
            }
        }),
    );
}

/// Calls a function from Rust and waits for the result, at most `within`.
///
/// # Errors
/// Its failure, or that it took too long.
pub fn call_and_wait(app: &Arc<App>, id: &Id, arguments: Parcel, within: Duration) -> CallResult {
    let (sender, receiver) = std::sync::mpsc::channel();
    let call = Call::new(id.clone(), arguments, Values::default());
    call.on_result(Box::new(move |result| drop(sender.send(result))));
    let begun = Instant::now();
    Functions::submit(app, Arc::clone(&call));
    match receiver.recv_timeout(within.saturating_sub(begun.elapsed())) {
        Ok(result) => result,
        Err(_) => {
            call.cancel(app);
            Err(ErrorValue::new(Kind::TIMEOUT, "call timed out").retryable(Some(true)))
        }
    }
}
