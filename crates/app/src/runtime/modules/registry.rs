//! `registry`: entries as programs see and change them.
//!
//! Snapshots, versions and change sets are host objects. Applying compiles programs, so it runs where blocking is
//! allowed and the caller waits. Invariant: what a program gets is its own copy.

use std::sync::{Arc, Mutex, PoisonError};

use wippy_runtime::permitted;
use wippy_stdlib::class::Class;
use wippy_stdlib::errors::{self, ErrorValue, Kind, fails};
use wippy_stdlib::logger::{self, Level, Record};
use wippy_stdlib::requests::{Answer, Request};
use wippy_vm::{
    Context, HostObject, Library, Outcome, Result, Table, Then, Ticket, UserData, Value, library,
};

use crate::entry::Entry;
use crate::id::Id;
use crate::problem::Code;
use crate::registry::search::{Ignored, UNPREFIXED};
use crate::registry::{ChangeError, Filter, Operation, Snapshot};
use crate::runtime::app::App;
use crate::runtime::convert;
use crate::runtime::home::Home;
use crate::value::{Map, Value as Data};

static LIBRARY: Library = library!(
    "registry",
    [
        /// The entry of this id.
        ("get", get, "(id: string) -> (any, error?)"),
        /// The entries whose kind, name and metadata are as asked for.
        ("find", find, "(filter: table?) -> ({any}?, error?)"),
        /// Namespace and name of an id.
        ("parse_id", parse_id, "(id: string) -> any"),
        /// The entries as they are now; later changes do not touch it.
        ("snapshot", snapshot, "() -> (any, error?)"),
        /// The entries as they were in a version.
        ("snapshot_at", snapshot_at, "(version: integer) -> (any, error?)"),
        /// The version that is in force.
        ("current_version", current_version, "() -> (any, error?)"),
        /// All versions, the oldest first.
        ("versions", versions, "() -> ({any}?, error?)"),
        /// The versions with the entries of each.
        ("history", history, "() -> (any, error?)"),
        /// Goes back, or forth, to a version.
        ("apply_version", apply_version, "(version: any) -> (boolean?, error?)"),
        /// The changes that lead from some entries to others.
        ("build_delta", build_delta, "(from: any, to: any) -> ({any}?, error?)"),
    ]
);

static SNAPSHOT_METHODS: Library = library!(
    "registry.Snapshot",
    [
        /// Its entries.
        ("entries", snapshot_entries, "(self: any) -> ({any}?, error?)"),
        /// The entry of this id.
        ("get", snapshot_get, "(self: any, id: string) -> (any, error?)"),
        /// The entries that are as asked for.
        ("find", snapshot_find, "(self: any, filter: table?) -> ({any}?, error?)"),
        /// The entries of a namespace.
        ("namespace", snapshot_namespace, "(self: any, namespace: string) -> any"),
        /// The version it shows.
        ("version", snapshot_version, "(self: any) -> any"),
        /// A list of changes to it, empty at first.
        ("changes", snapshot_changes, "(self: any) -> any"),
    ]
);

static VERSION_METHODS: Library = library!(
    "registry.Version",
    [
        /// Its number.
        ("id", version_id, "(self: any) -> integer"),
        /// Its number as text.
        ("string", version_string, "(self: any) -> string"),
        /// The version before, nil for the first.
        ("previous", version_previous, "(self: any) -> any"),
        /// The version after, nil for the last.
        ("next", version_next, "(self: any) -> any"),
    ]
);
static VERSION_META: Library =
    library!("registry.Version", [("__tostring", version_tostring, "(self: any) -> string")]);

static CHANGES_METHODS: Library = library!(
    "registry.Changes",
    [
        /// Adds an entry.
        ("create", changes_create, "(self: any, entry: table) -> (any, error?)"),
        /// Replaces an entry.
        ("update", changes_update, "(self: any, entry: table) -> (any, error?)"),
        /// Removes an entry.
        ("delete", changes_delete, "(self: any, id: any) -> (any, error?)"),
        /// What was put together so far.
        ("ops", changes_ops, "(self: any) -> any"),
        /// Makes a version of it: all of the changes or none.
        ("apply", changes_apply, "(self: any) -> (any, error?)"),
    ]
);

static HISTORY_METHODS: Library = library!(
    "registry.History",
    [
        /// All versions, the oldest first.
        ("versions", history_versions, "(self: any) -> ({any}?, error?)"),
        /// The version of this number.
        ("get_version", history_get_version, "(self: any, version: integer) -> (any, error?)"),
        /// The entries as they were in a version.
        ("snapshot_at", history_snapshot_at, "(self: any, version: any) -> (any, error?)"),
    ]
);

/// The libraries of the module.
pub(super) static LIBRARIES: &[&Library] =
    &[&LIBRARY, &SNAPSHOT_METHODS, &VERSION_METHODS, &CHANGES_METHODS, &HISTORY_METHODS];

static NOTHING: Library = library!("registry", []);
static SNAPSHOT: Class = Class { methods: &SNAPSHOT_METHODS, metamethods: &NOTHING };
static VERSION: Class = Class { methods: &VERSION_METHODS, metamethods: &VERSION_META };
static CHANGES: Class = Class { methods: &CHANGES_METHODS, metamethods: &NOTHING };
static HISTORY: Class = Class { methods: &HISTORY_METHODS, metamethods: &NOTHING };

struct SnapshotObject(Snapshot);
struct VersionObject(u64);
struct ChangesObject(Mutex<Vec<Operation>>);
struct HistoryObject;

macro_rules! at_home {
    ($($object:ty = $class:ident),*) => {
        $(impl HostObject for $object {
            fn arrive<'gc>(self: Arc<Self>, cx: &mut Context<'gc>) -> Result<UserData<'gc>> {
                $class.object(cx, self)
            }
        })*
    };
}
at_home!(
    SnapshotObject = SNAPSHOT,
    VersionObject = VERSION,
    ChangesObject = CHANGES,
    HistoryObject = HISTORY
);

pub(super) fn build<'gc>(cx: &mut Context<'gc>) -> Result<Value<'gc>> {
    super::table(cx, &LIBRARY)
}

fn app(cx: &mut Context<'_>) -> Result<Arc<App>> {
    match cx.host::<Home>() {
        Some(home) => Ok(Arc::clone(&home.app)),
        None => Err(wippy_vm::Error::message("there is no application")),
    }
}

/// The table of an entry.
pub(crate) fn entry_table<'gc>(cx: &mut Context<'gc>, entry: &Entry) -> Result<Table<'gc>> {
    let table = cx.table(0, 4)?;
    let id = cx.string(entry.id.as_str().as_bytes())?;
    let kind = cx.string(entry.kind.as_bytes())?;
    let meta = convert::map_to_lua(cx, &entry.meta)?;
    let data = convert::to_lua(cx, &entry.data)?;
    cx.set_field(table, "id", id)?;
    cx.set_field(table, "kind", kind)?;
    cx.set_field(table, "meta", meta)?;
    cx.set_field(table, "data", data)?;
    Ok(table)
}

fn list<'a>(cx: &mut Context<'_>, entries: impl Iterator<Item = &'a Arc<Entry>>) -> Result<Outcome> {
    let table = cx.table(0, 0)?;
    let mut at = 0;
    for entry in entries {
        let _ = cx.charge(16);
        if !permitted(cx, "registry.get", |_| entry.id.to_string()) {
            continue;
        }
        at += 1;
        let entry = entry_table(cx, entry)?;
        cx.raw_set_integer(table, at, entry)?;
    }
    Ok(cx.returns(table))
}

fn denied(cx: &mut Context<'_>, message: &str) -> Result<Outcome> {
    fails(cx, ErrorValue::new(Kind::PERMISSION_DENIED, message).retryable(Some(false)))
}

fn not_found(cx: &mut Context<'_>, id: &str) -> Result<Outcome> {
    fails(cx, ErrorValue::new(Kind::NOT_FOUND, format!("entry not found: {id}")).retryable(Some(false)))
}

fn get_from(cx: &mut Context<'_>, snapshot: &Snapshot, index: usize) -> Result<Outcome> {
    let id = cx.check_string(index)?.to_string_lossy().into_owned();
    if !permitted(cx, "registry.get", |_| id.clone()) {
        return denied(cx, &format!("not allowed to access entry: {id}"));
    }
    match Id::parse(&id).and_then(|id| snapshot.get(&id).cloned()) {
        Some(entry) => {
            let table = entry_table(cx, &entry)?;
            Ok(cx.returns(table))
        }
        None => not_found(cx, &id),
    }
}

fn find_in(cx: &mut Context<'_>, snapshot: &Snapshot, index: usize) -> Result<Outcome> {
    let table = match cx.get(index) {
        Value::Nil => Map::new(),
        _ => {
            let table = cx.check_table(index)?;
            match convert::from_lua(cx, table.into()) {
                Ok(Data::Map(map)) => map,
                Ok(_) => Map::new(),
                Err(_) => return fails(cx, ErrorValue::invalid("filter nests too deep")),
            }
        }
    };
    let (filter, ignored) = Filter::new(&table);
    for reason in ignored {
        let (message, detail) = match reason {
            Ignored::Unprefixed(keys) => (UNPREFIXED, keys.join(", ")),
            Ignored::Pattern(pattern) => ("invalid pattern ignored", pattern),
        };
        let (level, logger, message) = (Level::Warn, "registry".to_owned(), message.to_owned());
        let fields = [("field".to_owned(), detail.into())].into();
        logger::write(cx, Record { level, logger, message, fields });
    }
    list(cx, snapshot.iter().filter(|entry| filter.matches(entry)))
}

fn get(cx: &mut Context<'_>) -> Result<Outcome> {
    let snapshot = app(cx)?.registry.snapshot();
    get_from(cx, &snapshot, 1)
}

fn find(cx: &mut Context<'_>) -> Result<Outcome> {
    let snapshot = app(cx)?.registry.snapshot();
    find_in(cx, &snapshot, 1)
}

fn parse_id(cx: &mut Context<'_>) -> Result<Outcome> {
    let id = cx.check_string(1)?.to_string_lossy().into_owned();
    let (namespace, name) = id.split_once(':').unwrap_or(("", &id));
    let table = cx.table(0, 2)?;
    let (namespace, name) = (cx.string(namespace.as_bytes())?, cx.string(name.as_bytes())?);
    cx.set_field(table, "ns", namespace)?;
    cx.set_field(table, "name", name)?;
    Ok(cx.returns(table))
}

fn returns_object(
    cx: &mut Context<'_>,
    class: &'static Class,
    object: Arc<dyn HostObject>,
) -> Result<Outcome> {
    let object = class.object(cx, object)?;
    Ok(cx.returns(object))
}

fn snapshot(cx: &mut Context<'_>) -> Result<Outcome> {
    let snapshot = app(cx)?.registry.snapshot();
    returns_object(cx, &SNAPSHOT, Arc::new(SnapshotObject(snapshot)))
}

fn at_version(cx: &mut Context<'_>, index: usize) -> Result<Outcome> {
    let number = match cx.get(index).host_object_as::<VersionObject>() {
        Some(version) => version.0 as i64,
        None => cx.check_integer(index)?,
    };
    if number < 0 || (number == 0 && cx.get(index).host_object().is_none()) {
        return fails(cx, ErrorValue::invalid("invalid version ID"));
    }
    match app(cx)?.registry.snapshot_at(number as u64) {
        Some(snapshot) => returns_object(cx, &SNAPSHOT, Arc::new(SnapshotObject(snapshot))),
        None => fails(cx, ErrorValue::new(Kind::NOT_FOUND, "version not found").retryable(Some(false))),
    }
}

fn snapshot_at(cx: &mut Context<'_>) -> Result<Outcome> {
    at_version(cx, 1)
}

fn current_version(cx: &mut Context<'_>) -> Result<Outcome> {
    let version = app(cx)?.registry.snapshot().version;
    returns_object(cx, &VERSION, Arc::new(VersionObject(version)))
}

fn versions(cx: &mut Context<'_>) -> Result<Outcome> {
    let newest = app(cx)?.registry.snapshot().version;
    let table = cx.table(0, 0)?;
    for (at, version) in (1..).zip(0..=newest) {
        let version = VERSION.object(cx, Arc::new(VersionObject(version)))?;
        cx.raw_set_integer(table, at, version)?;
    }
    Ok(cx.returns(table))
}

fn history(cx: &mut Context<'_>) -> Result<Outcome> {
    returns_object(cx, &HISTORY, Arc::new(HistoryObject))
}

fn history_versions(cx: &mut Context<'_>) -> Result<Outcome> {
    HISTORY.this::<HistoryObject>(cx)?;
    versions(cx)
}

fn history_get_version(cx: &mut Context<'_>) -> Result<Outcome> {
    HISTORY.this::<HistoryObject>(cx)?;
    let number = cx.check_integer(2)?;
    let newest = app(cx)?.registry.snapshot().version;
    match u64::try_from(number).ok().filter(|number| *number <= newest) {
        Some(number) => returns_object(cx, &VERSION, Arc::new(VersionObject(number))),
        None => fails(cx, ErrorValue::new(Kind::NOT_FOUND, "version not found").retryable(Some(false))),
    }
}

fn history_snapshot_at(cx: &mut Context<'_>) -> Result<Outcome> {
    HISTORY.this::<HistoryObject>(cx)?;
    at_version(cx, 2)
}

fn snapshot_of(cx: &Context<'_>) -> Result<Snapshot> {
    Ok(SNAPSHOT.this::<SnapshotObject>(cx)?.0.clone())
}

fn snapshot_entries(cx: &mut Context<'_>) -> Result<Outcome> {
    let snapshot = snapshot_of(cx)?;
    list(cx, snapshot.iter())
}

fn snapshot_get(cx: &mut Context<'_>) -> Result<Outcome> {
    let snapshot = snapshot_of(cx)?;
    get_from(cx, &snapshot, 2)
}

fn snapshot_find(cx: &mut Context<'_>) -> Result<Outcome> {
    let snapshot = snapshot_of(cx)?;
    find_in(cx, &snapshot, 2)
}

fn snapshot_namespace(cx: &mut Context<'_>) -> Result<Outcome> {
    let snapshot = snapshot_of(cx)?;
    let namespace = cx.check_string(2)?.to_string_lossy().into_owned();
    list(cx, snapshot.namespace(&namespace))
}

fn snapshot_version(cx: &mut Context<'_>) -> Result<Outcome> {
    let version = snapshot_of(cx)?.version;
    returns_object(cx, &VERSION, Arc::new(VersionObject(version)))
}

fn snapshot_changes(cx: &mut Context<'_>) -> Result<Outcome> {
    snapshot_of(cx)?;
    returns_object(cx, &CHANGES, Arc::new(ChangesObject(Mutex::default())))
}

fn version_of(cx: &Context<'_>) -> Result<u64> {
    Ok(VERSION.this::<VersionObject>(cx)?.0)
}

fn version_id(cx: &mut Context<'_>) -> Result<Outcome> {
    let version = version_of(cx)?;
    Ok(cx.returns(version as i64))
}

fn version_string(cx: &mut Context<'_>) -> Result<Outcome> {
    let text = format!("v{}", version_of(cx)?);
    let text = cx.string(text.as_bytes())?;
    Ok(cx.returns(text))
}

fn version_tostring(cx: &mut Context<'_>) -> Result<Outcome> {
    let text = format!("registry.Version{{v{}}}", version_of(cx)?);
    let text = cx.string(text.as_bytes())?;
    Ok(cx.returns(text))
}

fn version_previous(cx: &mut Context<'_>) -> Result<Outcome> {
    match version_of(cx)?.checked_sub(1) {
        Some(version) => returns_object(cx, &VERSION, Arc::new(VersionObject(version))),
        None => Ok(cx.returns(Value::Nil)),
    }
}

fn version_next(cx: &mut Context<'_>) -> Result<Outcome> {
    let next = version_of(cx)? + 1;
    if next > app(cx)?.registry.snapshot().version {
        return Ok(cx.returns(Value::Nil));
    }
    returns_object(cx, &VERSION, Arc::new(VersionObject(next)))
}

/// Reads the table of an entry.
fn read_entry(cx: &mut Context<'_>, index: usize) -> std::result::Result<Entry, &'static str> {
    let Value::Table(table) = cx.get(index) else { return Err("entry must be a table") };
    let id = cx.field(table, "id");
    let id = read_id(cx, id).ok_or("entry must have valid id field")?;
    let Value::String(kind) = cx.field(table, "kind") else { return Err("entry must have kind field") };
    if kind.is_empty() {
        return Err("entry must have kind field");
    }
    let kind = kind.to_string_lossy().into_owned();
    let meta = cx.field(table, "meta");
    let meta = match convert::from_lua(cx, meta) {
        Ok(Data::Map(map)) => map,
        Ok(Data::Null) => Map::new(),
        _ => return Err("entry meta must be a table"),
    };
    let data = cx.field(table, "data");
    let data = convert::from_lua(cx, data).map_err(|_| "entry data nests too deep")?;
    Ok(Entry::new(id, &kind, meta, data))
}

fn read_id(cx: &mut Context<'_>, value: Value<'_>) -> Option<Id> {
    match value {
        Value::String(text) => Id::parse(&text.to_string_lossy()),
        Value::Table(_) => convert::from_lua(cx, value).ok().and_then(|data| Id::from_value(&data, "")),
        _ => None,
    }
}

fn add(cx: &mut Context<'_>, operation: std::result::Result<Operation, &'static str>) -> Result<Outcome> {
    match operation {
        Ok(operation) => {
            let changes = CHANGES.this::<ChangesObject>(cx)?;
            changes.0.lock().unwrap_or_else(PoisonError::into_inner).push(operation);
            let this = cx.get(1);
            Ok(cx.returns(this))
        }
        Err(why) => fails(cx, ErrorValue::invalid(why)),
    }
}

fn changes_create(cx: &mut Context<'_>) -> Result<Outcome> {
    CHANGES.this::<ChangesObject>(cx)?;
    let entry = read_entry(cx, 2);
    add(cx, entry.map(|entry| Operation::Create(Arc::new(entry))))
}

fn changes_update(cx: &mut Context<'_>) -> Result<Outcome> {
    CHANGES.this::<ChangesObject>(cx)?;
    let entry = read_entry(cx, 2);
    add(cx, entry.map(|entry| Operation::Update(Arc::new(entry))))
}

fn changes_delete(cx: &mut Context<'_>) -> Result<Outcome> {
    CHANGES.this::<ChangesObject>(cx)?;
    let id = cx.get(2);
    let id = read_id(cx, id).ok_or("invalid ID format");
    add(cx, id.map(Operation::Delete))
}

fn operations(cx: &mut Context<'_>, operations: &[Operation], before: Option<&Snapshot>) -> Result<Outcome> {
    let table = cx.table(operations.len(), 0)?;
    for (at, operation) in (1..).zip(operations) {
        let row = cx.table(0, 2)?;
        let kind = cx.string(operation.kind().as_bytes())?;
        cx.set_field(row, "kind", kind)?;
        let entry = match operation {
            Operation::Create(entry) | Operation::Update(entry) => entry_table(cx, entry)?,
            Operation::Delete(id) => match before.and_then(|snapshot| snapshot.get(id)) {
                Some(entry) => entry_table(cx, entry)?,
                None => {
                    let entry = cx.table(0, 1)?;
                    let id = cx.string(id.as_str().as_bytes())?;
                    cx.set_field(entry, "id", id)?;
                    entry
                }
            },
        };
        cx.set_field(row, "entry", entry)?;
        cx.raw_set_integer(table, at, row)?;
    }
    Ok(cx.returns(table))
}

fn changes_ops(cx: &mut Context<'_>) -> Result<Outcome> {
    let list = CHANGES.this::<ChangesObject>(cx)?.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    operations(cx, &list, None)
}

fn changes_apply(cx: &mut Context<'_>) -> Result<Outcome> {
    let list = CHANGES.this::<ChangesObject>(cx)?.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if list.is_empty() {
        return fails(cx, ErrorValue::invalid("no changes to apply"));
    }
    for operation in &list {
        if !permitted(cx, "registry.apply", |_| operation.id().to_string()) {
            return denied(cx, &format!("not allowed to change entry: {}", operation.id()));
        }
    }
    let app = app(cx)?;
    Ok(apply(cx, app, list, false))
}

/// Applies operations where blocking is allowed; answers the version, or `true`.
fn apply(cx: &mut Context<'_>, app: Arc<App>, list: Vec<Operation>, plain: bool) -> Outcome {
    let request = Request::Block(Box::new(move || {
        let result = app.apply(&list);
        let answer: Answer =
            Box::new(move |cx: &mut Context<'_>, ticket: Ticket| applied(cx, ticket, result, plain));
        answer
    }));
    cx.operation(Box::new(request), Then::Return)
}

fn applied(
    cx: &mut Context<'_>,
    ticket: Ticket,
    result: std::result::Result<Snapshot, ChangeError>,
    plain: bool,
) {
    let values = match result {
        Ok(_) if plain => Ok(vec![Value::Boolean(true)]),
        Ok(snapshot) => {
            VERSION.object(cx, Arc::new(VersionObject(snapshot.version))).map(|version| vec![version.into()])
        }
        Err(why) => {
            let kind = match &why {
                ChangeError::Empty => Kind::INVALID,
                ChangeError::Exists(_) => Kind::ALREADY_EXISTS,
                ChangeError::Missing(_) => Kind::NOT_FOUND,
                ChangeError::Rejected(problems) => match problems.first().map(|problem| problem.code) {
                    Some(Code::Conflict) => Kind::CONFLICT,
                    Some(Code::Taken) => Kind::ALREADY_EXISTS,
                    _ => Kind::INVALID,
                },
            };
            let first = if plain { Value::Boolean(false) } else { Value::Nil };
            errors::object(cx, ErrorValue::new(kind, why.to_string()))
                .map(|object| vec![first, object.into()])
        }
    };
    cx.wake(ticket, &values.unwrap_or_else(|_| vec![Value::Nil]));
}

fn version_argument(cx: &mut Context<'_>, index: usize) -> Result<u64> {
    match cx.get(index).host_object_as::<VersionObject>() {
        Some(version) => Ok(version.0),
        None => Ok(u64::try_from(cx.check_integer(index)?).unwrap_or(u64::MAX)),
    }
}

fn apply_version(cx: &mut Context<'_>) -> Result<Outcome> {
    let version = version_argument(cx, 1)?;
    if !permitted(cx, "registry.apply_version", |_| version.to_string()) {
        return denied(cx, &format!("not allowed to apply version: {version}"));
    }
    let app = app(cx)?;
    let Some(target) = app.registry.snapshot_at(version) else {
        let error = ErrorValue::new(Kind::NOT_FOUND, "version not found");
        return errors::fails_with(cx, Value::Boolean(false), error);
    };
    let list = crate::registry::state::delta(&app.registry.snapshot(), &target);
    if list.is_empty() {
        return Ok(cx.returns(true));
    }
    Ok(apply(cx, app, list, true))
}

fn build_delta(cx: &mut Context<'_>) -> Result<Outcome> {
    let app = app(cx)?;
    let mut snapshots = Vec::new();
    for index in 1..=2 {
        let found = match cx.get(index).host_object_as::<SnapshotObject>() {
            Some(snapshot) => Some(snapshot.0.clone()),
            None => {
                let version = version_argument(cx, index)?;
                app.registry.snapshot_at(version)
            }
        };
        match found {
            Some(snapshot) => snapshots.push(snapshot),
            None => return fails(cx, ErrorValue::new(Kind::NOT_FOUND, "version not found")),
        }
    }
    let list = crate::registry::state::delta(&snapshots[0], &snapshots[1]);
    operations(cx, &list, Some(&snapshots[0]))
}
