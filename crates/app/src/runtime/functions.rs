//! Function calls: each is a little process, and a pool decides how many of them run at a time.
//!
//! Interpreters are used again, so what a chunk keeps in locals survives from call to call. Invariant: every call is
//! answered exactly once, by its result, its failure, its time-out or its cancellation, whichever comes first.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use wippy_runtime::scheduler::Pid;
use wippy_runtime::{End, Launch, Values};
use wippy_stdlib::errors::{self, Details, ErrorValue, Kind};
use wippy_vm::{Native, Parcel, Value, Vm};

use super::app::App;
use super::boot;
use super::edition::{Edition, Idle};
use super::home::interpreter;
use crate::calls::Run;
use crate::http;
use crate::id::Id;

/// What a call came to: one value, or why not.
pub type CallResult = Result<Parcel, ErrorValue>;
/// Hears of it.
pub type Deliver = Box<dyn FnOnce(CallResult) + Send>;

/// After so many calls an interpreter is given up, so that nothing it hoards lives for ever.
const CALLS_PER_INTERPRETER: u32 = 10_000;
/// How long a call that nobody waits for may go on.
const GRACE: Duration = Duration::from_secs(30);

/// A call on its way. It holds the application, and one that waits is held by it in turn: see [`close`].
pub struct Call {
    app: Arc<App>,
    edition: Arc<Edition>,
    values: Values,
    /// The request that it answers.
    guest: Option<http::Guest>,
    state: Mutex<State>,
}

struct State {
    arguments: Parcel,
    deliver: Option<Deliver>,
    pid: Option<Pid>,
    canceled: bool,
}

impl Call {
    /// A call of a function, not yet submitted.
    pub fn new(app: Arc<App>, edition: Arc<Edition>, arguments: Parcel, values: Values) -> Arc<Call> {
        Call::with(app, edition, arguments, values, None)
    }

    /// A call without arguments that answers a request.
    #[cfg(feature = "http")]
    pub(crate) fn answering(
        app: Arc<App>,
        edition: Arc<Edition>,
        guest: http::Guest,
        values: Values,
    ) -> Arc<Call> {
        Call::with(app, edition, Parcel::new(), values, Some(guest))
    }

    fn with(
        app: Arc<App>,
        edition: Arc<Edition>,
        arguments: Parcel,
        values: Values,
        guest: Option<http::Guest>,
    ) -> Arc<Call> {
        let state = State { arguments, deliver: None, pid: None, canceled: false };
        Arc::new(Call { app, edition, values, guest, state: Mutex::new(state) })
    }

    /// Who hears of the result.
    pub fn on_result(&self, deliver: Deliver) {
        self.state().deliver = Some(deliver);
    }

    /// Answers, unless it was answered before.
    pub fn answer(&self, result: CallResult) {
        let deliver = self.state().deliver.take();
        if let Some(deliver) = deliver {
            deliver(result);
        }
    }

    /// Nobody wants the result any more: the callee is told.
    pub fn cancel(self: &Arc<Call>) {
        let unheard = {
            let mut state = self.state();
            state.canceled = true;
            state.deliver.take()
        };
        drop(unheard);
        self.stop();
    }

    fn stop(self: &Arc<Call>) {
        let pid = self.state().pid;
        match (pid, self.app.starter()) {
            (Some(pid), Some(starter)) => {
                let _ = starter.handle().cancel(Pid::SYSTEM, pid, "call canceled", Some(GRACE));
            }
            _ => drop(self.edition.calls().give_up(|waiting| Arc::ptr_eq(waiting, self))),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The function of this ID.
///
/// # Errors
/// What a caller is told when there is none.
pub fn find(app: &App, id: &str) -> Result<Arc<Edition>, ErrorValue> {
    app.code().edition(id).filter(|edition| edition.is_function()).cloned().ok_or_else(|| {
        ErrorValue::new(Kind::NOT_FOUND, "no handler registered for target")
            .retryable(Some(false))
            .with_details(Details::of([("target", id.into())]))
    })
}

/// Begins a call.
pub fn submit(call: &Arc<Call>) {
    if call.app.is_closed() {
        return call.answer(Err(closed()));
    }
    let run = call.edition.calls().call(Arc::clone(call));
    run_all(run);
}

fn closed() -> ErrorValue {
    ErrorValue::new(Kind::UNAVAILABLE, "the application is shutting down")
}

/// Runs a call, and those that follow when it cannot begin.
fn run_all(mut next: Option<Run<Arc<Call>, Idle>>) {
    while let Some(Run { call, worker }) = next.take() {
        let Err(refusal) = begin(&call, worker) else { return };
        let (surplus, follower) = call.edition.calls().done(refusal.worker, call.app.elapsed());
        drop(surplus);
        call.answer(Err(refusal.error));
        next = follower;
    }
}

/// Why a call does not begin, and the interpreter that it did not need.
struct Refusal {
    error: ErrorValue,
    worker: Option<Idle>,
}

/// Starts the process of a call.
fn begin(call: &Arc<Call>, worker: Option<Idle>) -> Result<(), Box<Refusal>> {
    let app = &call.app;
    let refuse = |error, worker| Box::new(Refusal { error, worker });
    let arguments = {
        let mut state = call.state();
        if state.canceled {
            return Err(refuse(ErrorValue::new(Kind::CANCELED, "canceled"), worker));
        }
        std::mem::take(&mut state.arguments)
    };
    let Some(starter) = app.starter() else {
        return Err(refuse(ErrorValue::new(Kind::UNAVAILABLE, "the application has not started"), worker));
    };
    let edition = &call.edition;
    let Idle { mut vm, calls } =
        worker.unwrap_or_else(|| Idle { vm: interpreter(app, &edition.bundle), calls: 0 });
    let native = match &call.guest {
        Some(guest) => {
            http::enter(&mut vm, guest);
            boot::answerer()
        }
        None => boot::caller(),
    };
    start(&mut vm, native, &arguments).map_err(|error| refuse(error, None))?;
    let launch = Launch {
        place: Some(edition.host(starter)),
        on_end: Some(ended(call, calls + 1)),
        values: Arc::clone(&call.values),
        is_call: true,
        ..Launch::default()
    };
    let pid = starter.spawn_again(vm, edition.entry(app), launch).map_err(|error| refuse(error, None))?;
    let canceled = {
        let mut state = call.state();
        state.pid = Some(pid);
        state.canceled
    };
    if canceled {
        call.stop();
    }
    Ok(())
}

fn start(vm: &mut Vm, native: &'static Native, arguments: &Parcel) -> Result<(), ErrorValue> {
    let push = |cx: &mut wippy_vm::Context<'_>| {
        cx.push(Value::Native(native));
        cx.unpack(arguments).map(drop)
    };
    vm.start(push).map_err(|error| ErrorValue::internal(error.to_string()))
}

/// What happens when the process of a call ends.
fn ended(call: &Arc<Call>, calls: u32) -> wippy_runtime::OnEnd {
    let call = Arc::clone(call);
    Box::new(move |mut vm: Vm, end: End| {
        let result = outcome(&mut vm, &end);
        if call.guest.is_some() {
            http::leave(&mut vm);
        }
        let keep = matches!(end, End::Finished { .. }) && vm.is_quiet() && calls < CALLS_PER_INTERPRETER;
        let (worker, spent) = if keep { (Some(Idle { vm, calls }), None) } else { (None, Some(vm)) };
        let (surplus, next) = call.edition.calls().done(worker, call.app.elapsed());
        call.answer(result);
        run_all(next);
        drop((surplus, spent));
    })
}

/// Makes the interpreters that pools want before the first call.
pub fn warm(app: &Arc<App>) {
    let code = app.code();
    for edition in code.editions().filter(|edition| edition.is_function()) {
        for _ in 0..edition.calls().missing() {
            let Some(starter) = app.starter() else { return };
            let mut vm = interpreter(app, &edition.bundle);
            if start(&mut vm, boot::warmer(), &Parcel::new()).is_err() {
                break;
            }
            let (weak, own) = (Arc::downgrade(app), Arc::clone(edition));
            let on_end = move |vm: Vm, end: End| {
                // One that does not load says so to whoever calls it.
                if let (End::Finished { .. }, Some(app)) = (end, weak.upgrade())
                    && vm.is_quiet()
                {
                    let surplus = own.calls().add(Idle { vm, calls: 0 }, app.elapsed());
                    drop(surplus);
                }
            };
            let place = Some(edition.host(starter));
            let launch = Launch { place, on_end: Some(Box::new(on_end)), ..Launch::default() };
            if starter.spawn_again(vm, edition.entry(app), launch).is_err() {
                break;
            }
        }
    }
}

/// Drops interpreters that have been idle for long.
pub fn tick(app: &App) {
    let now = app.elapsed();
    for edition in app.code().editions() {
        let old = edition.calls().tick(now);
        drop(old);
    }
}

/// Drops all idle interpreters, for good, and refuses the calls that still wait.
pub fn close(app: &App) {
    for edition in app.code().editions() {
        let (idle, waiting) = {
            let mut calls = edition.calls();
            (calls.close(), calls.dismiss())
        };
        drop(idle);
        waiting.into_iter().for_each(|call| call.answer(Err(closed())));
    }
}

/// The result of a program that has ended, by the convention of entry functions.
pub fn outcome(vm: &mut Vm, end: &End) -> CallResult {
    let memory = |error: wippy_vm::Error| ErrorValue::internal(error.to_string());
    match end {
        End::Finished { .. } => vm.results(|cx| boot::result_of(cx, 1)),
        End::Left(result) => result.clone(),
        End::Failed(failure) if failure.is_text => {
            Err(ErrorValue::new(Kind::INTERNAL, failure.message.clone()))
        }
        End::Failed(_) => Err(vm.error_value(errors::failure_of).unwrap_or_else(memory)),
        End::Killed(cause) => Err(ErrorValue::new(Kind::INTERNAL, cause.to_string())),
    }
}

/// Answers a call with a time-out if nothing else came first.
pub fn limit(call: &Arc<Call>, within: Duration) {
    let (alarms, call) = (&call.app.alarms, Arc::downgrade(call));
    alarms.set(
        within,
        Box::new(move || {
            let Some(call) = call.upgrade() else { return };
            let waiting = {
                let mut state = call.state();
                let waiting = state.deliver.is_some();
                state.canceled |= waiting;
                waiting
            };
            if waiting {
                call.answer(Err(ErrorValue::new(Kind::TIMEOUT, "call timed out").retryable(Some(true))));
                call.stop();
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
    let call = Call::new(Arc::clone(app), find(app, id.as_str())?, arguments, Values::default());
    call.on_result(Box::new(move |result| drop(sender.send(result))));
    let begun = Instant::now();
    submit(&call);
    match receiver.recv_timeout(within.saturating_sub(begun.elapsed())) {
        Ok(result) => result,
        Err(_) => {
            call.cancel();
            Err(ErrorValue::new(Kind::TIMEOUT, "call timed out").retryable(Some(true)))
        }
    }
}
