//! The deciding half of a supervisor as an object that `run.lua` talks to.
//!
//! Children are named by their ids and pids by their texts. Invariant: a method that answers actions answers all that
//! follow from its event, in the order in which they are to be carried out.

use std::sync::Arc;
use std::time::Duration;

use hashbrown::HashMap;
use parking_lot::Mutex;
use wippy_scheduler::Pid;
use wippy_scheduler::supervisor::{
    Action, ChildKey, ChildSpec, Event, Grace, Intensity, Outcome as End, Refusal, Restart, Strategy,
    Supervisor,
};
use wippy_stdlib::class::Class;
use wippy_stdlib::errors::{self, Details, ErrorValue, Kind};
use wippy_vm::{
    Context, Error, HostObject, Library, Native, Outcome, Result, Table, UserData, Value, arguments, library,
};

use crate::pid::parse_pid;

static METHODS: Library = library!(
    "supervisor.Machine",
    [
        ("begin", begin, "(self: any, rows: any) -> any"),
        ("started", started, "(self: any, id: string, pid: string, now: integer) -> any"),
        ("not_started", not_started, "(self: any, id: string, failure: string, now: integer) -> any"),
        ("ended", ended, "(self: any, pid: string, failure: string?, now: integer) -> any"),
        ("deadline", deadline, "(self: any, pid: string, now: integer) -> any"),
        ("stop", stop, "(self: any, now: integer) -> any"),
        ("add", add, "(self: any, row: any, now: integer) -> (any, string?)"),
        ("stop_child", stop_child, "(self: any, id: string, now: integer) -> (any, string?)"),
        ("start_child", start_child, "(self: any, id: string, now: integer) -> (any, string?)"),
        ("forget_child", forget_child, "(self: any, id: string) -> (boolean?, string?)"),
        ("children", children, "(self: any) -> any"),
        ("is_busy", is_busy, "(self: any) -> boolean"),
        ("last_failure", last_failure, "(self: any) -> string?"),
    ]
);

static NOTHING: Library = library!("supervisor.Machine", []);

static CLASS: Class = Class { methods: &METHODS, metamethods: &NOTHING };

/// Makes a machine: strategy, restarts and the nanoseconds in which they are counted, each with a default.
pub(super) static NEW: Native =
    Native { name: "new", function: new, signature: "(strategy: any, restarts: any, period: any) -> any" };

/// Builds the metatable, so that it is part of an image.
pub(super) fn open(cx: &mut Context<'_>) -> Result<()> {
    CLASS.metatable(cx).map(drop)
}

struct State {
    supervisor: Supervisor,
    intensity: Intensity,
    keys: HashMap<String, ChildKey>,
    pids: HashMap<Pid, String>,
    last_failure: Option<String>,
}

struct Machine(Mutex<State>);

impl HostObject for Machine {
    fn arrive<'gc>(self: Arc<Self>, cx: &mut Context<'gc>) -> Result<UserData<'gc>> {
        CLASS.object(cx, self)
    }
}

fn new(cx: &mut Context<'_>) -> Result<Outcome> {
    let strategy = match text(cx, 1, "strategy")?.as_deref() {
        None | Some("one_for_one") => Strategy::OneForOne,
        Some("one_for_all") => Strategy::OneForAll,
        Some("rest_for_one") => Strategy::RestForOne,
        Some(other) => return Err(wrong("strategy", other)),
    };
    let default = Intensity::default();
    let restarts = match cx.get(2) {
        Value::Nil => default.restarts,
        value => match arguments::to_integer(value).and_then(|count| u32::try_from(count).ok()) {
            Some(count) => count,
            None => return Err(Error::message("intensity must be a whole number of restarts")),
        },
    };
    let period = match cx.get(3) {
        Value::Nil => default.period,
        _ => nanoseconds(cx, 3)?,
    };
    let intensity = Intensity { restarts, period };
    let machine = Machine(Mutex::new(State {
        supervisor: Supervisor::new(strategy, intensity),
        intensity,
        keys: HashMap::new(),
        pids: HashMap::new(),
        last_failure: None,
    }));
    let object = CLASS.object(cx, Arc::new(machine))?;
    Ok(cx.returns(object))
}

fn wrong(what: &str, value: &str) -> Error {
    Error::message(format!("unknown {what} '{value}'"))
}

fn text(cx: &mut Context<'_>, index: usize, what: &str) -> Result<Option<String>> {
    match cx.get(index) {
        Value::Nil => Ok(None),
        Value::String(text) => Ok(Some(text.to_string_lossy().into_owned())),
        other => Err(Error::message(format!("{what} must be a string, not {}", other.type_name()))),
    }
}

fn nanoseconds(cx: &Context<'_>, index: usize) -> Result<Duration> {
    Ok(Duration::from_nanos(u64::try_from(cx.check_integer(index)?).unwrap_or(0)))
}

fn child_spec<'gc>(cx: &mut Context<'gc>, row: Table<'gc>) -> Result<ChildSpec> {
    let id = match cx.field(row, "id") {
        Value::String(id) if !id.is_empty() => id.to_string_lossy().into_owned(),
        _ => return Err(Error::message("a child needs an id")),
    };
    let restart = match cx.field(row, "restart") {
        Value::Nil => Restart::Permanent,
        Value::String(text) => match text.as_bytes() {
            b"permanent" => Restart::Permanent,
            b"transient" => Restart::Transient,
            b"temporary" => Restart::Temporary,
            _ => return Err(wrong(&format!("restart of child '{id}':"), &text.to_string_lossy())),
        },
        _ => return Err(Error::message(format!("child '{id}': restart must be a string"))),
    };
    let grace = match cx.field(row, "shutdown") {
        Value::Nil => Grace::default(),
        Value::String(text) if text.as_bytes() == b"brutal" => Grace::Brutal,
        Value::String(text) if text.as_bytes() == b"infinity" => Grace::Unlimited,
        value => match arguments::to_integer(value) {
            Some(time) if time > 0 => Grace::For(Duration::from_nanos(time as u64)),
            _ => Grace::Brutal,
        },
    };
    Ok(ChildSpec { id, restart, grace })
}

fn this<'gc>(cx: &Context<'gc>) -> Result<&'gc Machine> {
    CLASS.this(cx)
}

fn pid_at(cx: &mut Context<'_>, index: usize) -> Result<(Pid, String)> {
    let text = cx.check_string(index)?;
    let (_, pid) = parse_pid(text.as_bytes()).map_err(|error| cx.argument_error(index, error.to_string()))?;
    Ok((pid, text.to_string_lossy().into_owned()))
}

fn name_at(cx: &mut Context<'_>, index: usize) -> Result<String> {
    Ok(cx.check_string(index)?.to_string_lossy().into_owned())
}

/// Answers actions as a list of tables.
fn answer(cx: &mut Context<'_>, state: &mut State, actions: Vec<Action>) -> Result<Outcome> {
    let list = cx.table(actions.len(), 0)?;
    for (position, action) in actions.into_iter().enumerate() {
        let row = cx.table(0, 4)?;
        let kind = match action {
            Action::Start(key) => {
                let id = state.supervisor.child(key).map_or("", |child| &child.spec.id);
                let id = cx.string(id.as_bytes())?;
                cx.set_field(row, "id", id)?;
                "start"
            }
            Action::Cancel { pid, grace } => {
                let pid = cx.string(pid_text(state, pid).as_bytes())?;
                cx.set_field(row, "pid", pid)?;
                if let Some(grace) = grace {
                    let nanoseconds = i64::try_from(grace.as_nanos()).unwrap_or(i64::MAX).max(1);
                    cx.set_field(row, "grace", nanoseconds)?;
                }
                "cancel"
            }
            Action::Kill(pid) => {
                let pid = cx.string(pid_text(state, pid).as_bytes())?;
                cx.set_field(row, "pid", pid)?;
                "kill"
            }
            Action::End(end) => {
                if let Some(error) = failure_of(state, &end) {
                    let error = errors::object(cx, error)?;
                    cx.set_field(row, "error", error)?;
                }
                "end"
            }
        };
        let kind = cx.name(kind);
        cx.set_field(row, "kind", kind)?;
        cx.raw_set_integer(list, position as i64 + 1, row)?;
    }
    Ok(cx.returns(list))
}

fn pid_text(state: &State, pid: Pid) -> &str {
    state.pids.get(&pid).map_or("", String::as_str)
}

/// What a supervisor fails with when it gives up.
fn failure_of(state: &State, end: &End) -> Option<ErrorValue> {
    let (message, id) = match end {
        End::Stopped => return None,
        End::NotStarted { id } => (format!("child '{id}' does not start"), id),
        End::TooManyRestarts { id } => {
            let Intensity { restarts, period } = state.intensity;
            (format!("child '{id}' ended too often (more than {restarts} restarts in {period:?})"), id)
        }
    };
    let message = match &state.last_failure {
        Some(cause) => format!("{message}: {cause}"),
        None => message,
    };
    let details = Details::of([("child", id.as_str().into())]);
    Some(ErrorValue::new(Kind::INTERNAL, message).retryable(Some(false)).with_details(details))
}

/// Tells the machine of an event and answers what follows.
fn tell(
    cx: &mut Context<'_>,
    now: usize,
    event: impl FnOnce(&mut State) -> Option<Event>,
) -> Result<Outcome> {
    let (machine, now) = (this(cx)?, nanoseconds(cx, now)?);
    let state = &mut *machine.0.lock();
    let mut actions = Vec::new();
    if let Some(event) = event(state) {
        state.supervisor.handle(event, now, &mut actions);
    }
    answer(cx, state, actions)
}

fn begin(cx: &mut Context<'_>) -> Result<Outcome> {
    let (machine, rows) = (this(cx)?, cx.check_table(2)?);
    let mut specs = Vec::new();
    for position in 1..=rows.length() {
        match rows.get_integer(position) {
            Value::Table(row) => specs.push(child_spec(cx, row)?),
            _ => return Err(cx.argument_error(2, "children expected")),
        }
    }
    let state = &mut *machine.0.lock();
    let mut actions = Vec::new();
    match state.supervisor.begin(specs, &mut actions) {
        Ok(()) => {}
        Err(Refusal::Present) => return Err(Error::message("two children have the same id")),
        Err(refusal) => return Err(Error::message(refusal.to_string())),
    }
    state.keys = state.supervisor.children().map(|child| (child.spec.id.clone(), child.key())).collect();
    answer(cx, state, actions)
}

fn started(cx: &mut Context<'_>) -> Result<Outcome> {
    let (id, (pid, text)) = (name_at(cx, 2)?, pid_at(cx, 3)?);
    tell(cx, 4, |state| {
        let child = *state.keys.get(&id)?;
        state.pids.insert(pid, text);
        Some(Event::Started { child, pid })
    })
}

fn not_started(cx: &mut Context<'_>) -> Result<Outcome> {
    let (id, failure) = (name_at(cx, 2)?, name_at(cx, 3)?);
    tell(cx, 4, |state| {
        state.last_failure = Some(failure);
        state.keys.get(&id).map(|&child| Event::NotStarted { child })
    })
}

fn ended(cx: &mut Context<'_>) -> Result<Outcome> {
    let (pid, _) = pid_at(cx, 2)?;
    let failure = text(cx, 3, "failure")?;
    tell(cx, 4, |state| {
        state.pids.remove(&pid)?;
        let failed = failure.is_some();
        // While it stops children, their ends are its own doing.
        if failed && !state.supervisor.is_busy() {
            state.last_failure = failure;
        }
        Some(Event::Ended { pid, failed })
    })
}

fn deadline(cx: &mut Context<'_>) -> Result<Outcome> {
    let (pid, _) = pid_at(cx, 2)?;
    tell(cx, 3, |_| Some(Event::Deadline { pid }))
}

fn stop(cx: &mut Context<'_>) -> Result<Outcome> {
    tell(cx, 2, |_| Some(Event::Stop))
}

/// Answers actions, or `nil` and why the machine refuses.
fn change(
    cx: &mut Context<'_>,
    now: usize,
    change: impl FnOnce(&mut State, Duration, &mut Vec<Action>) -> std::result::Result<(), Refusal>,
) -> Result<Outcome> {
    let (machine, now) = (this(cx)?, nanoseconds(cx, now)?);
    let state = &mut *machine.0.lock();
    let mut actions = Vec::new();
    match change(state, now, &mut actions) {
        Ok(()) => answer(cx, state, actions),
        Err(refusal) => refuse(cx, refusal),
    }
}

fn refuse(cx: &mut Context<'_>, refusal: Refusal) -> Result<Outcome> {
    let text = cx.string(refusal.to_string().as_bytes())?;
    cx.push(Value::Nil);
    cx.push(text);
    Ok(cx.returns_top(2))
}

fn add(cx: &mut Context<'_>) -> Result<Outcome> {
    let row = cx.check_table(2)?;
    let spec = child_spec(cx, row)?;
    change(cx, 3, |state, now, actions| {
        let id = spec.id.clone();
        let key = state.supervisor.add(spec, now, actions)?;
        state.keys.insert(id, key);
        Ok(())
    })
}

fn stop_child(cx: &mut Context<'_>) -> Result<Outcome> {
    let id = name_at(cx, 2)?;
    change(cx, 3, |state, now, actions| state.supervisor.stop_child(&id, now, actions))
}

fn start_child(cx: &mut Context<'_>) -> Result<Outcome> {
    let id = name_at(cx, 2)?;
    change(cx, 3, |state, now, actions| state.supervisor.start_child(&id, now, actions))
}

fn forget_child(cx: &mut Context<'_>) -> Result<Outcome> {
    let id = name_at(cx, 2)?;
    let state = &mut *this(cx)?.0.lock();
    match state.supervisor.forget_child(&id) {
        Ok(()) => {
            state.keys.remove(&id);
            Ok(cx.returns(true))
        }
        Err(refusal) => refuse(cx, refusal),
    }
}

fn children(cx: &mut Context<'_>) -> Result<Outcome> {
    let state = &*this(cx)?.0.lock();
    let list = cx.table(state.keys.len(), 0)?;
    for (position, child) in state.supervisor.children().enumerate() {
        let row = cx.table(0, 4)?;
        let id = cx.string(child.spec.id.as_bytes())?;
        cx.set_field(row, "id", id)?;
        let restart = cx.name(match child.spec.restart {
            Restart::Permanent => "permanent",
            Restart::Transient => "transient",
            Restart::Temporary => "temporary",
        });
        cx.set_field(row, "restart", restart)?;
        cx.set_field(row, "restarts", i64::try_from(child.restarts).unwrap_or(i64::MAX))?;
        if let Some(pid) = child.pid {
            let pid = cx.string(pid_text(state, pid).as_bytes())?;
            cx.set_field(row, "pid", pid)?;
        }
        cx.raw_set_integer(list, position as i64 + 1, row)?;
    }
    Ok(cx.returns(list))
}

fn is_busy(cx: &mut Context<'_>) -> Result<Outcome> {
    let busy = this(cx)?.0.lock().supervisor.is_busy();
    Ok(cx.returns(busy))
}

fn last_failure(cx: &mut Context<'_>) -> Result<Outcome> {
    let failure = this(cx)?.0.lock().last_failure.clone();
    match failure {
        Some(failure) => {
            let failure = cx.string(failure.as_bytes())?;
            Ok(cx.returns(failure))
        }
        None => Ok(cx.returns(Value::Nil)),
    }
}
