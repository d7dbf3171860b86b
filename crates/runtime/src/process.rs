//! A Lua process: an interpreter as the scheduler runs it.
//!
//! One step: what has arrived goes to the interpreter, the interpreter runs until everything in it waits or its fuel is
//! spent, and what it has asked for is begun. Nothing here blocks. Invariant: while the process is parked, nothing that
//! has arrived could be delivered.

mod ending;

use std::sync::Arc;
use std::time::Duration;

use wippy_scheduler::{Description, Exit, Fuel, OperationId, Pid, Process, Signal, Step, TimerId, Turn};
use wippy_stdlib::errors::{self, ErrorValue, Kind};
use wippy_stdlib::requests::{Answer, Pending, Request};
use wippy_vm::{Context, Error, ErrorKind, HostObject, Operation, Packed, Parcel, Ticket, Value, Vm};

use crate::ask::{Answers, Demand, enter, pid_text};
use crate::census;
use crate::end::{Cause, End, Linger, OnEnd};
use crate::few::Few;
use crate::local::{Local, Values};
use crate::mail::{Event, Fault, Mail, Output, error_of};
use crate::message::kind;
use crate::own::Own;
use crate::parting::Parting;
use crate::programs::Entry;
use crate::room::{Room, Tie};
use crate::shared::Shared;

/// What comes with an interpreter that becomes a process while its program runs.
pub struct Adoption {
    /// If the chunk returns a table with a function `main`, that is called with these.
    pub main: Option<Parcel>,
    /// Its timers.
    pub pending: Vec<Pending>,
    /// Gets the interpreter back.
    pub on_end: OnEnd,
}

/// How long a process may go on that is asked to end and listens to no events.
const DEAF: Duration = Duration::from_secs(2);

/// See the module.
pub struct LuaProcess(Body);

/// What is to happen when a timer runs out.
struct Timer {
    ticket: Ticket,
    deadline: Duration,
    fire: Option<fn(&mut Context<'_>, Ticket) -> Option<Duration>>,
}

struct Body {
    vm: Own,
    room: Room,
    /// What most processes do not have while they wait.
    extra: Option<Box<Extra>>,
    /// The chunk runs whose table may have a function `main`.
    may_call_main: bool,
    called_main: bool,
    begun: bool,
    parked: bool,
    /// A call of a function: whoever called waits, so waiting for what can never happen is an error.
    is_call: bool,
    /// Asked to end by the system, and deaf to events.
    leaving: bool,
    /// A timer rang since it last waited.
    rang: bool,
    /// What `extra` has must be looked at in each step: a fault, a function that lingers, or that it is a whole program.
    is_special: bool,
}

const _: () = assert!(size_of::<Body>() <= 56, "every process has one in its slot");

#[derive(Default)]
struct Extra {
    /// Arguments of `main`, if it may be called and there are any.
    main: Option<Box<Parcel>>,
    /// A whole program: waiting for what can never happen is an error then.
    is_program: bool,
    timers: Few<TimerId, Timer>,
    operations: Few<OperationId, Ticket>,
    /// Ends that are results of calls, not events.
    awaited: Vec<(Pid, Ticket)>,
    /// Timers that were set before there was a process.
    pending: Vec<Pending>,
    on_end: Option<OnEnd>,
    /// The function that has given its result and waits for its coroutines.
    lingering: Option<Ticket>,
    /// When a process that is asked to end and does not hear of it has had its time.
    last_moment: Option<TimerId>,
    /// What went wrong while it slept.
    fault: Option<Fault>,
}

impl Drop for Body {
    fn drop(&mut self) {
        self.tell(End::Killed(Cause::Terminated));
    }
}

impl LuaProcess {
    /// A process that goes on with what was started in an interpreter, which has its [`Local`]. `main` are the arguments
    /// for the function `main` of the table that the running chunk may return.
    pub(crate) fn new(vm: Vm, main: Option<Parcel>) -> LuaProcess {
        let mut body = Body {
            vm: Own::new(vm),
            room: Room::default(),
            extra: None,
            may_call_main: false,
            called_main: false,
            begun: false,
            parked: false,
            is_call: false,
            leaving: false,
            rang: false,
            is_special: false,
        };
        body.set_main(main);
        LuaProcess(body)
    }

    /// A process that goes on with what an interpreter was doing: a program that wants processes.
    pub(crate) fn adopt(
        mut vm: Vm,
        shared: Arc<Shared>,
        entry: Arc<Entry>,
        adoption: Adoption,
    ) -> LuaProcess {
        let Adoption { main, pending, on_end } = adoption;
        vm.set_scheduling();
        let mut local = Local::new(shared, entry, Values::default());
        local.is_program = true;
        vm.set_host(local);
        let mut process = LuaProcess::new(vm, main);
        process.0.is_special = true;
        let extra = process.0.extra();
        extra.is_program = true;
        extra.pending = pending;
        extra.on_end = Some(on_end);
        process
    }

    /// A message comes while it sleeps, right from its sender.
    ///
    /// # Errors
    /// When the sender's memory limit would be passed.
    #[inline(always)]
    pub(crate) fn meet(&mut self, mut parting: Parting<'_, '_>) -> Result<(), Error> {
        let Body { vm, room, .. } = &mut self.0;
        if vm.enter_idle(|cx| room.greet(cx, &mut parting)) == Some(true) {
            return Ok(());
        }
        self.post(parting)
    }

    /// The same for one who waits for something else.
    #[inline(never)]
    fn post(&mut self, mut parting: Parting<'_, '_>) -> Result<(), Error> {
        let (from, mail) = (parting.from, parting.mail()?);
        if let Err(fault) = self.0.arrive(from, mail) {
            self.0.is_special = true;
            self.0.extra().fault = Some(fault);
        }
        Ok(())
    }

    /// Says that it is a call of a function.
    pub(crate) fn call(mut self, is_call: bool) -> LuaProcess {
        self.0.is_call = is_call;
        self
    }

    /// Hands the interpreter to `on_end` when the process has ended.
    pub(crate) fn on_end(mut self, on_end: OnEnd) -> LuaProcess {
        self.0.extra().on_end = Some(on_end);
        self
    }
}

impl Process for LuaProcess {
    type Message = Mail;
    type Completion = Answer;
    type Output = Output;
    type Error = Fault;

    fn step(&mut self, turn: &mut Turn<'_, LuaProcess>) -> Step<Output, Fault> {
        let body = &mut self.0;
        if !body.vm.is_ready() {
            body.vm.warm(body.room.inbox());
        }
        if !body.begun {
            body.begin(turn);
        }
        if body.is_special
            && let Some(fault) = body.extra.as_mut().and_then(|extra| extra.fault.take())
        {
            return body.fail(turn, fault, None);
        }
        loop {
            if (turn.has_signals() || !body.room.is_bare())
                && let Err(fault) = body.take_in(turn)
            {
                return body.fail(turn, fault, None);
            }
            if body.parked && !body.vm.is_ready() && !body.is_left_alone() {
                return body.rest(turn);
            }
            let fuel = turn.fuel().0;
            if fuel == 0 {
                return Step::OutOfFuel;
            }
            let step = body.vm.run_with(fuel, &mut Answers { turn, room: &mut body.room });
            turn.charge(Fuel(fuel.saturating_sub(body.vm.fuel_left())));
            if body.vm.has_operations()
                && let Err(fault) = body.serve_all(turn)
            {
                return body.fail(turn, fault, None);
            }
            body.parked = matches!(step, wippy_vm::Step::Parked);
            if body.parked {
                if turn.must_stop() {
                    return Step::OutOfFuel;
                }
            } else if let Some(end) = body.stop(step, turn) {
                return end;
            }
        }
    }

    fn anticipate(&self) {
        if let Some(vm) = self.0.vm.peek() {
            vm.anticipate();
        }
    }

    fn fails(&mut self, failure: &wippy_scheduler::Failure<Fault>) {
        let body = &mut self.0;
        let cause = match failure {
            wippy_scheduler::Failure::Linked(_) => Cause::Linked,
            wippy_scheduler::Failure::Panicked(text) => Cause::Panicked(Arc::clone(text)),
            _ => Cause::Terminated,
        };
        body.tell(End::Killed(cause));
    }

    fn describe(&mut self, description: &mut Description) {
        let body = &mut self.0;
        description.backlog = body.room.len() as u64;
        if let Some(vm) = body.vm.get() {
            description.entry =
                vm.host::<Local>().map(|local| local.entry.id.to_string()).unwrap_or_default();
            census::describe(vm, description);
        }
    }

    fn burden_bytes(&self) -> usize {
        self.0.vm.memory_bytes()
    }
}

impl Body {
    fn extra(&mut self) -> &mut Extra {
        self.extra.get_or_insert_default()
    }

    fn set_main(&mut self, main: Option<Parcel>) {
        self.may_call_main = main.is_some();
        if let Some(main) = main.filter(|main| !main.is_empty()) {
            self.extra().main = Some(Box::new(main));
        }
    }

    /// Arguments of `main`, once, if it may be called.
    fn take_main(&mut self) -> Option<Parcel> {
        if !std::mem::take(&mut self.may_call_main) {
            return None;
        }
        Some(self.extra.as_mut().and_then(|extra| extra.main.take()).map(|main| *main).unwrap_or_default())
    }

    #[inline(never)]
    fn begin(&mut self, turn: &mut Turn<'_, LuaProcess>) {
        self.begun = true;
        if self.extra.as_ref().is_none_or(|extra| !extra.is_program) {
            self.vm.set_frugal();
        }
        if let Some(local) = self.vm.host::<Local>() {
            local.pid = Some(turn.pid());
            local.host = turn.host();
            local.is_call = self.is_call;
        }
        let pending = self.extra.as_mut().map(|extra| std::mem::take(&mut extra.pending)).unwrap_or_default();
        for Pending { delay, ticket, fire } in pending {
            self.set_timer(turn, delay, ticket, fire);
        }
    }

    /// Takes in what has arrived, and hands over what can be.
    ///
    /// # Errors
    /// When a message does not fit into the process's memory.
    #[inline(never)]
    fn take_in(&mut self, turn: &mut Turn<'_, LuaProcess>) -> Result<(), Fault> {
        loop {
            if self.room.has_aside() {
                self.room.take_aside().map_or(Ok(()), |signal| self.take(signal, turn))?;
            } else if let Some((from, mail)) = turn.next_message() {
                self.arrive(from, mail)?;
            } else if let Some(signal) = turn.next_signal() {
                self.take(signal, turn)?;
            } else {
                break;
            }
        }
        if self.room.has_mail() { self.deliver(turn) } else { Ok(()) }
    }

    /// A message has arrived.
    ///
    /// # Errors
    /// When it does not fit into the process's memory.
    #[inline]
    fn arrive(&mut self, from: Pid, mail: Mail) -> Result<(), Fault> {
        let Body { vm, room, .. } = self;
        vm.enter(|cx| room.arrive(cx, None, from, mail).map(drop)).map_err(fault_of)
    }

    /// Notes what has arrived.
    ///
    /// # Errors
    /// When a message does not fit into the process's memory.
    fn take(&mut self, signal: Signal<LuaProcess>, turn: &mut Turn<'_, LuaProcess>) -> Result<(), Fault> {
        match signal {
            Signal::Message { from: Pid::SYSTEM, message }
                if message.topic() == kind::OUTDATED.as_bytes() =>
            {
                self.outdate(&message);
            }
            Signal::Message { from, message } => return self.arrive(from, message),
            Signal::Cancel { from, reason, grace } => {
                if let Some(grace) = grace.filter(|_| !self.room.hears_events()) {
                    self.leaving = true;
                    if !self.is_call && self.extra().last_moment.is_none() {
                        let last_moment = turn.set_timer(grace.min(DEAF));
                        self.extra().last_moment = last_moment;
                    }
                }
                self.room.happen(Event::Cancel { from, reason });
            }
            Signal::LinkDown { pid, failure } => {
                let host = self.room.unwatch(pid, Tie::Link);
                self.room.happen(Event::LinkDown { from: pid, host, fault: error_of(&failure) });
            }
            Signal::Exit { pid, exit } => {
                let end = match exit {
                    Exit::Finished(output) => Ok(output),
                    Exit::Failed(failure) => Err(error_of(&failure)),
                };
                match self.extra.as_mut().and_then(|extra| extra.no_longer_awaits(pid)) {
                    Some(ticket) => self.answer(ticket, &end),
                    None => {
                        let host = self.room.unwatch(pid, Tie::Monitor);
                        if end.is_ok() {
                            // Nothing will be heard of the link.
                            self.room.unwatch(pid, Tie::Link);
                        }
                        self.room.happen(Event::Exit { from: pid, host, end });
                    }
                }
            }
            Signal::Timer(id) if self.extra.as_ref().is_some_and(|extra| extra.last_moment == Some(id)) => {
                if !self.room.hears_events() {
                    return Err(shut_down());
                }
            }
            Signal::Timer(id) => self.ring(id, turn),
            Signal::Completion { operation, value } => {
                let ticket = self.extra.as_mut().and_then(|extra| extra.operations.remove(&operation));
                let Some(ticket) = ticket else { return Ok(()) };
                enter(&mut self.vm, turn, &mut self.room, |cx| match value {
                    Some(answer) => answer(cx, ticket),
                    None => refuse(cx, ticket, ErrorValue::internal("operation failed")),
                });
            }
            // Sources are watched by nobody here yet.
            Signal::Ready { .. } => {}
        }
        Ok(())
    }

    /// There is newer code; only those that asked for it hear of that.
    fn outdate(&mut self, message: &Mail) {
        if self.vm.host::<Local>().is_some_and(|local| local.is_upgradable()) {
            self.room.outdate(message.payload().filter_map(|source| match source {
                Packed::Text(source) => Some(source.to_vec()),
                _ => None,
            }));
        }
    }

    /// The end of a process is the result of a call.
    fn answer(&mut self, ticket: Ticket, end: &Result<Output, Fault>) {
        self.vm.enter(|cx| {
            let value = match end {
                Ok(output) => {
                    cx.unpack_next(&mut output.tokens()).map(|value| (value.unwrap_or(Value::Nil), None))
                }
                Err(fault) => Arc::clone(fault).abroad().arrive(cx).map(|error| (Value::Nil, Some(error))),
            };
            match value {
                Ok((value, None)) => cx.wake(ticket, &[value]),
                Ok((value, Some(error))) => cx.wake(ticket, &[value, error.into()]),
                Err(_) => {
                    let text = cx.name("not enough memory");
                    cx.wake_with_error(ticket, text)
                }
            }
        });
    }

    fn ring(&mut self, id: TimerId, turn: &mut Turn<'_, LuaProcess>) {
        let timer = self.extra.as_mut().and_then(|extra| extra.timers.remove(&id));
        let Some(Timer { ticket, deadline, fire }) = timer else { return };
        self.rang = true;
        let again = match fire {
            None => {
                self.vm.enter(|cx| cx.wake(ticket, &[]));
                None
            }
            Some(fire) => self.vm.enter(|cx| {
                cx.anchored(ticket)?;
                fire(cx, ticket)
            }),
        };
        if let Some(period) = again {
            let deadline = (deadline + period).max(turn.now());
            match turn.set_timer_at(deadline) {
                Some(id) => {
                    self.extra().timers.insert(id, Timer { ticket, deadline, fire });
                }
                None => {
                    self.vm.enter(|cx| cx.release(ticket));
                }
            }
        }
    }

    fn set_timer(
        &mut self,
        turn: &mut Turn<'_, LuaProcess>,
        delay: Duration,
        ticket: Ticket,
        fire: Option<fn(&mut Context<'_>, Ticket) -> Option<Duration>>,
    ) {
        let deadline = turn.now().saturating_add(delay);
        match turn.set_timer_at(deadline) {
            Some(id) => {
                self.extra().timers.insert(id, Timer { ticket, deadline, fire });
            }
            None => self.vm.enter(|cx| {
                refuse(cx, ticket, ErrorValue::new(Kind::LIMIT_EXCEEDED, "too many timers"));
            }),
        }
    }

    /// It ran and does not wait: how its step ends; `None` if it goes on.
    #[inline(never)]
    fn stop(&mut self, step: wippy_vm::Step, turn: &mut Turn<'_, LuaProcess>) -> Option<Step<Output, Fault>> {
        match step {
            wippy_vm::Step::Finished => self.finished(turn),
            wippy_vm::Step::Failed(failure) => Some(self.failed(turn, failure)),
            wippy_vm::Step::OutOfFuel => {
                self.vm.enter(wippy_stdlib::io::flush_due);
                Some(Step::OutOfFuel)
            }
            wippy_vm::Step::Parked => None,
        }
    }

    /// Begins what natives have asked for.
    #[inline(never)]
    fn serve_all(&mut self, turn: &mut Turn<'_, LuaProcess>) -> Result<(), Fault> {
        self.vm.take_operations().into_iter().try_for_each(|operation| self.serve(operation, turn))
    }

    /// Begins what a native has asked for.
    fn serve(&mut self, operation: Operation, turn: &mut Turn<'_, LuaProcess>) -> Result<(), Fault> {
        let Operation { ticket, request } = operation;
        let request = match request.downcast::<Request>() {
            Ok(request) => *request,
            Err(other) => {
                match other.downcast::<Demand>().map(|demand| *demand) {
                    Ok(Demand::Await(pid)) => self.extra().awaited.push((pid, ticket)),
                    Ok(Demand::Upgrade(entry, arguments)) => return self.upgrade(entry, arguments, turn),
                    Err(other) => {
                        // Whoever asks for what nobody here knows waits for ever.
                        if let Ok(Linger(result)) = other.downcast::<Linger>().map(|linger| *linger) {
                            self.is_special = true;
                            let extra = self.extra();
                            extra.lingering = Some(ticket);
                            if let Some(on_end) = extra.on_end.take() {
                                on_end(Vm::default(), End::Left(result));
                            }
                        }
                    }
                }
                return Ok(());
            }
        };
        match request {
            Request::Sleep(delay) if delay.is_zero() => {
                self.vm.enter(|cx| cx.wake(ticket, &[]));
            }
            Request::Sleep(delay) => self.set_timer(turn, delay, ticket, None),
            Request::Alarm { delay, fire } => self.set_timer(turn, delay, ticket, Some(fire)),
            Request::Block(job) => {
                let operation = turn.block(job);
                self.extra().operations.insert(operation, ticket);
            }
            Request::Begin { start, abandon } => {
                let completer = turn.begin(abandon);
                self.extra().operations.insert(completer.operation(), ticket);
                start(Box::new(move |answer| completer.complete(answer)));
            }
        }
        Ok(())
    }

    fn deliver(&mut self, turn: &mut Turn<'_, LuaProcess>) -> Result<(), Fault> {
        let Body { vm, room, .. } = self;
        vm.enter(|cx| room.deliver(cx, &|pid, host| pid_text(turn, pid, host))).map_err(fault_of)
    }

    /// Whether the function that lingers has nothing left to wait for; it is woken then.
    fn is_left_alone(&mut self) -> bool {
        self.is_special && self.lingers_in_vain()
    }

    #[inline(never)]
    fn lingers_in_vain(&mut self) -> bool {
        let Some(extra) = &mut self.extra else { return false };
        let Some(ticket) = extra.lingering else { return false };
        // The function itself waits, and it is outstanding.
        let hopeless = self.vm.outstanding() <= 1 && !self.room.is_open();
        if self.vm.parked() > 1 && !hopeless {
            return false;
        }
        extra.lingering = None;
        self.vm.enter(|cx| cx.wake(ticket, &[]))
    }

    /// Everything waits.
    fn rest(&mut self, turn: &mut Turn<'_, LuaProcess>) -> Step<Output, Fault> {
        // What was printed is to be seen now; there may not be another step.
        wippy_stdlib::io::flush_resting(&mut self.vm);
        self.room.rest();
        if std::mem::take(&mut self.rang) {
            // Whoever lives by the clock is not in a hurry, and there may be many of them.
            self.vm.tidy();
        }
        if self.leaving || self.is_call || self.is_special { self.rest_or_end(turn) } else { Step::Parked }
    }

    /// Everything waits, perhaps for what cannot happen.
    #[inline(never)]
    fn rest_or_end(&mut self, turn: &mut Turn<'_, LuaProcess>) -> Step<Output, Fault> {
        let is_program = self.extra.as_ref().is_some_and(|extra| extra.is_program);
        let busy = |extra: &Extra| !extra.timers.is_empty() || !extra.operations.is_empty();
        if self.leaving && !self.extra.as_deref().is_some_and(busy) && !self.room.hears_events() {
            // It would not hear of it until it is killed.
            return Step::Failed(shut_down());
        }
        if !self.is_call && !is_program {
            return Step::Parked;
        }
        let awaits = self.extra.as_ref().is_some_and(|extra| !extra.awaited.is_empty());
        if !self.room.is_open() && !awaits && self.vm.outstanding() == 0 {
            let failure = self.vm.deadlock();
            return self.failed(turn, failure);
        }
        Step::Parked
    }
}

impl Extra {
    /// The native that waits for the end of a process.
    fn no_longer_awaits(&mut self, pid: Pid) -> Option<Ticket> {
        let at = self.awaited.iter().position(|(awaited, _)| *awaited == pid)?;
        Some(self.awaited.swap_remove(at).1)
    }
}

/// What a process fails with that cannot take in a message.
fn fault_of(error: Error) -> Fault {
    Arc::new(match error.kind() {
        ErrorKind::Memory => ErrorValue::new(Kind::INTERNAL, "not enough memory"),
        other => ErrorValue::new(Kind::INTERNAL, other.to_string()),
    })
}

/// What a process fails with that is asked to end and cannot hear of it.
fn shut_down() -> Fault {
    Arc::new(ErrorValue::new(Kind::CANCELED, "scheduler shutdown"))
}

/// Wakes a native so that it answers `nil` and an error.
fn refuse(cx: &mut Context<'_>, ticket: Ticket, error: ErrorValue) {
    match errors::object(cx, error) {
        Ok(error) => cx.wake(ticket, &[Value::Nil, error.into()]),
        Err(_) => cx.release(ticket),
    };
}
