//! `contract`: named sets of methods, and the functions that carry them out.
//!
//! A definition names methods, a binding says which function is which; an instance is a binding with a context. Every
//! method is a call of a function. Invariant: what a binding says is read when it is opened, who may call is asked when
//! it is called.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use wippy_runtime::{caller, permitted};
use wippy_stdlib::class::Class;
use wippy_stdlib::errors::{ErrorValue, Kind, fails};
use wippy_stdlib::security::{ACTOR, Actor, SCOPE, Scope};
use wippy_vm::{
    Context, HostObject, Library, Outcome, Packed, Parcel, Result, Table, UserData, Value, library,
};

use super::executor::Executor;
use super::funcs;
use crate::entry::Entry;
use crate::id::Id;
use crate::registry::Snapshot;
use crate::runtime::convert;
use crate::runtime::home::Home;
use crate::value::Value as Data;

static LIBRARY: Library = library!(
    "contract",
    [
        /// The contract of this id.
        ("get", get, "(id: string) -> (any, error?)"),
        /// An instance of a contract, by the binding that carries it out.
        ("open", open, "(binding: string, context: table?, options: table?) -> (any, error?)"),
        /// Ids of the bindings that carry out a contract.
        ("find_implementations", find_implementations, "(id: string) -> ({string}?, error?)"),
        /// Whether a value is an instance of this contract.
        ("is", is, "(instance: any, id: string) -> boolean"),
    ]
);

static CONTRACT_METHODS: Library = library!(
    "contract.Contract",
    [
        /// The id of the contract.
        ("id", contract_id, "(self: any) -> string"),
        /// What it asks for: name, description and schemas of each method.
        ("methods", contract_methods, "(self: any) -> {any}"),
        /// One of its methods.
        ("method", contract_method, "(self: any, name: string) -> (any, error?)"),
        /// Ids of the bindings that carry it out.
        ("implementations", contract_implementations, "(self: any) -> {string}"),
        /// An instance, by a binding or by the default one.
        ("open", contract_open, "(self: any, binding: string?, context: table?) -> (any, error?)"),
        /// The same contract; its instances get these values besides.
        ("with_context", with_context, "(self: any, values: table) -> any"),
        /// The same contract; its instances act for this actor.
        ("with_actor", with_actor, "(self: any, actor: any) -> any"),
        /// The same contract; its instances act in this scope.
        ("with_scope", with_scope, "(self: any, scope: any) -> any"),
        /// The same contract; its calls have these options.
        ("with_options", with_options, "(self: any, options: table) -> any"),
    ]
);
/// The libraries of the module.
pub(super) static LIBRARIES: &[&Library] = &[&LIBRARY, &CONTRACT_METHODS, &BOUND];

static NOTHING: Library = library!("contract", []);
static CONTRACT: Class = Class { methods: &CONTRACT_METHODS, metamethods: &NOTHING };

/// Metamethods of instances, whose methods are those of their contracts.
static INSTANCE: Library =
    library!("contract.Instance", [("__index", instance_index, "(self: any, name: any) -> any")]);

/// What a method of an instance is: upvalue 1 is the function's ID, or false when nothing is bound; 2 the method's name.
static BOUND: Library = library!(
    "contract.method",
    [
        /// Calls the method and waits for its result.
        ("call", bound_call, "(self: any, ...any) -> (any, error?)"),
        /// Begins the call; its future has the result.
        ("async", bound_async, "(self: any, ...any) -> (any, error?)")
    ]
);

/// A definition, and how its bindings will be opened.
#[derive(Clone)]
struct Contract {
    entry: Arc<Entry>,
    executor: Executor,
}

/// A binding that was opened.
struct Instance {
    contracts: BTreeSet<Id>,
    /// Methods of its contracts, with the function bound to each.
    methods: BTreeMap<String, Option<Id>>,
    executor: Executor,
}

impl HostObject for Contract {
    fn arrive<'gc>(self: Arc<Self>, cx: &mut Context<'gc>) -> Result<UserData<'gc>> {
        CONTRACT.object(cx, self)
    }
}

impl HostObject for Instance {
    fn arrive<'gc>(self: Arc<Self>, cx: &mut Context<'gc>) -> Result<UserData<'gc>> {
        let metatable = instance_metatable(cx)?;
        Ok(cx.host_object(self, Some(metatable)))
    }
}

pub(super) fn build<'gc>(cx: &mut Context<'gc>) -> Result<Value<'gc>> {
    CONTRACT.metatable(cx)?;
    instance_metatable(cx)?;
    super::table(cx, &LIBRARY)
}

fn instance_metatable<'gc>(cx: &mut Context<'gc>) -> Result<Table<'gc>> {
    let registry = cx.registry();
    if let Value::Table(metatable) = cx.field(registry, INSTANCE.name) {
        return Ok(metatable);
    }
    let metatable = cx.table(0, 4)?;
    INSTANCE.install(cx, metatable)?;
    let name = cx.name(INSTANCE.name);
    cx.set_field(metatable, "__name", name)?;
    cx.set_field(metatable, "__metatable", false)?;
    cx.set_field(registry, INSTANCE.name, metatable)?;
    Ok(metatable)
}

fn snapshot(cx: &mut Context<'_>) -> Result<Snapshot> {
    match cx.host::<Home>() {
        Some(home) => Ok(home.app.registry.snapshot()),
        None => Err(wippy_vm::Error::message("there is no application")),
    }
}

fn invalid(cx: &mut Context<'_>, message: String) -> Result<Outcome> {
    fails(cx, ErrorValue::invalid(message).retryable(Some(false)))
}

fn not_found(cx: &mut Context<'_>, message: String) -> Result<Outcome> {
    fails(cx, ErrorValue::new(Kind::NOT_FOUND, message).retryable(Some(false)))
}

fn denied(cx: &mut Context<'_>, what: &str) -> Result<Outcome> {
    let error = ErrorValue::new(Kind::PERMISSION_DENIED, format!("not allowed: {what}"));
    fails(cx, error.retryable(Some(false)))
}

/// The entry of a kind.
fn entry_of(snapshot: &Snapshot, id: &Id, kind: &str) -> Option<Arc<Entry>> {
    snapshot.get(id).filter(|entry| &*entry.kind == kind).cloned()
}

/// The rows of a binding: contract, row.
fn bound(entry: &Entry) -> impl Iterator<Item = (Id, &Data)> {
    let rows = entry.data.get("contracts").and_then(Data::as_list).unwrap_or_default();
    rows.iter()
        .filter_map(move |row| Some((Id::from_value(row.get("contract")?, entry.id.namespace())?, row)))
}

/// The rows of a definition's methods, by name.
fn methods(entry: &Entry) -> impl Iterator<Item = (&str, &Data)> {
    let rows = entry.data.get("methods").and_then(Data::as_list).unwrap_or_default();
    rows.iter().filter_map(|row| Some((row.get("name")?.as_text()?, row)))
}

fn implementations<'a>(snapshot: &'a Snapshot, id: &'a Id) -> impl Iterator<Item = &'a Arc<Entry>> {
    let is_bound = move |entry: &&Arc<Entry>| {
        &*entry.kind == "contract.binding" && bound(entry).any(|(contract, _)| contract == *id)
    };
    snapshot.iter().filter(is_bound)
}

fn get(cx: &mut Context<'_>) -> Result<Outcome> {
    let text = cx.check_string(1)?.to_string_lossy().into_owned();
    let Some(id) = Id::parse(&text) else { return invalid(cx, format!("invalid contract ID: {text}")) };
    if !permitted(cx, "contract.get", |_| text.clone()) {
        return denied(cx, &text);
    }
    match entry_of(&snapshot(cx)?, &id, "contract.definition") {
        Some(entry) => answer(cx, Contract { entry, executor: Executor::default() }),
        None => not_found(cx, format!("contract definition '{text}' not found")),
    }
}

fn answer(cx: &mut Context<'_>, contract: Contract) -> Result<Outcome> {
    let object = CONTRACT.object(cx, Arc::new(contract))?;
    Ok(cx.returns(object))
}

fn list<'a>(cx: &mut Context<'_>, ids: impl Iterator<Item = &'a Arc<Entry>>) -> Result<Outcome> {
    let table = cx.table(0, 0)?;
    for (at, entry) in (1..).zip(ids) {
        let id = cx.string(entry.id.as_str().as_bytes())?;
        cx.raw_set_integer(table, at, id)?;
    }
    Ok(cx.returns(table))
}

fn find_implementations(cx: &mut Context<'_>) -> Result<Outcome> {
    let text = cx.check_string(1)?.to_string_lossy().into_owned();
    let Some(id) = Id::parse(&text) else { return invalid(cx, format!("invalid contract ID: {text}")) };
    if !permitted(cx, "contract.implementations", |_| text.clone()) {
        return denied(cx, &text);
    }
    let snapshot = snapshot(cx)?;
    list(cx, implementations(&snapshot, &id))
}

/// `contract.is(instance, id)`
fn is(cx: &mut Context<'_>) -> Result<Outcome> {
    let id = cx.check_string(2)?.to_string_lossy().into_owned();
    if !matches!(cx.get(1), Value::UserData(_)) {
        return Err(cx.type_error(1, "userdata"));
    }
    let found = match cx.get(1).host_object_as::<Instance>() {
        Some(instance) => Id::parse(&id).is_some_and(|id| instance.contracts.contains(&id)),
        None => false,
    };
    Ok(cx.returns(found))
}

/// `contract.open(binding, context?, options?)`
fn open(cx: &mut Context<'_>) -> Result<Outcome> {
    let binding = cx.check_string(1)?.to_string_lossy().into_owned();
    let mut executor = Executor::default();
    if let Value::Table(options) = cx.get(3)
        && let Err(why) = executor.set_options(cx, options)
    {
        return invalid(cx, why);
    }
    open_binding(cx, &binding, executor, 2, None)
}

/// Opens a binding. Slot `context` may hold a table of values; with `wanted`, the binding must be one of it.
fn open_binding(
    cx: &mut Context<'_>,
    text: &str,
    executor: Executor,
    context: usize,
    wanted: Option<&Id>,
) -> Result<Outcome> {
    let (name, query) = text.split_once('?').unwrap_or((text, ""));
    let Some(id) = Id::parse(name) else { return invalid(cx, format!("invalid binding ID: {name}")) };
    if !permitted(cx, "contract.open", |_| name.to_owned()) {
        return denied(cx, name);
    }
    let snapshot = snapshot(cx)?;
    let found = entry_of(&snapshot, &id, "contract.binding")
        .filter(|entry| wanted.is_none_or(|wanted| bound(entry).any(|(contract, _)| contract == *wanted)));
    let Some(entry) = found else { return not_found(cx, format!("contract binding '{name}' not found")) };
    // What the ID says is the weakest, what the caller says now the strongest.
    let mut all = executor;
    for (key, value) in query_values(query) {
        all.values.entry(key).or_insert(value);
    }
    if !cx.get(context).is_nil() {
        let table = cx.check_table(context)?;
        if !permitted(cx, "contract.context", |_| "context".to_owned()) {
            return denied(cx, "context");
        }
        all.add(cx, table)?;
    }
    let mut instance = Instance { contracts: BTreeSet::new(), methods: BTreeMap::new(), executor: all };
    let mut required = BTreeSet::new();
    for (contract, row) in bound(&entry) {
        if let Some(definition) = entry_of(&snapshot, &contract, "contract.definition") {
            for (name, _) in methods(&definition) {
                let function = row.at(&["methods", name]);
                let function = function.and_then(|id| Id::from_value(id, entry.id.namespace()));
                instance.methods.insert(name.to_owned(), function);
            }
        }
        instance.contracts.insert(contract);
        let keys = row.get("context_required").and_then(Data::as_list).unwrap_or_default();
        required.extend(keys.iter().filter_map(Data::as_text).map(str::to_owned));
    }
    let inherited = caller(cx).map(|caller| caller.values).unwrap_or_default();
    let values = instance.executor.over(inherited);
    required.retain(|key| !values.values.contains_key(key.as_bytes()));
    if !required.is_empty() {
        let keys: Vec<String> = required.into_iter().collect();
        return invalid(cx, format!("missing required context keys: [{}]", keys.join(" ")));
    }
    let metatable = instance_metatable(cx)?;
    let object = cx.host_object(Arc::new(instance), Some(metatable));
    Ok(cx.returns(object))
}

/// The values of a query: switches, numbers, or text.
fn query_values(query: &str) -> impl Iterator<Item = (Vec<u8>, Parcel)> {
    query.split('&').filter(|part| !part.is_empty()).map(|part| {
        let (key, text) = part.split_once('=').unwrap_or((part, ""));
        let value = match text {
            "true" => Packed::Boolean(true),
            "false" => Packed::Boolean(false),
            _ => match (text.parse(), text.parse()) {
                (Ok(integer), _) => Packed::Integer(integer),
                (_, Ok(float)) if text.starts_with(|c: char| c.is_ascii_digit() || c == '-') => {
                    Packed::Float(float)
                }
                _ => Packed::Text(text.as_bytes()),
            },
        };
        (key.as_bytes().to_vec(), [value].into_iter().collect())
    })
}

fn this(cx: &Context<'_>) -> Result<Contract> {
    CONTRACT.this::<Contract>(cx).cloned()
}

fn contract_id(cx: &mut Context<'_>) -> Result<Outcome> {
    let contract = this(cx)?;
    let id = cx.string(contract.entry.id.as_str().as_bytes())?;
    Ok(cx.returns(id))
}

/// `{name, description, input_schemas, output_schemas}`
fn method_table<'gc>(cx: &mut Context<'gc>, name: &str, row: &Data) -> Result<Table<'gc>> {
    let table = cx.table(0, 4)?;
    let name = cx.string(name.as_bytes())?;
    cx.set_field(table, "name", name)?;
    for key in ["description", "input_schemas", "output_schemas"] {
        if let Some(value) = row.get(key) {
            let value = convert::to_lua(cx, value)?;
            cx.set_field(table, key, value)?;
        }
    }
    Ok(table)
}

fn contract_methods(cx: &mut Context<'_>) -> Result<Outcome> {
    let contract = this(cx)?;
    let table = cx.table(0, 0)?;
    for (at, (name, row)) in (1..).zip(methods(&contract.entry)) {
        let method = method_table(cx, name, row)?;
        cx.raw_set_integer(table, at, method)?;
    }
    Ok(cx.returns(table))
}

fn contract_method(cx: &mut Context<'_>) -> Result<Outcome> {
    let contract = this(cx)?;
    let wanted = cx.check_string(2)?.to_string_lossy().into_owned();
    match methods(&contract.entry).find(|(name, _)| *name == wanted) {
        Some((name, row)) => {
            let method = method_table(cx, name, row)?;
            Ok(cx.returns(method))
        }
        None => {
            let id = &contract.entry.id;
            not_found(cx, format!("method '{wanted}' not found in contract '{id}'"))
        }
    }
}

fn contract_implementations(cx: &mut Context<'_>) -> Result<Outcome> {
    let contract = this(cx)?;
    if !permitted(cx, "contract.implementations", |_| contract.entry.id.to_string()) {
        return denied(cx, contract.entry.id.as_str());
    }
    let snapshot = snapshot(cx)?;
    list(cx, implementations(&snapshot, &contract.entry.id))
}

fn contract_open(cx: &mut Context<'_>) -> Result<Outcome> {
    let Contract { entry, executor } = this(cx)?;
    let binding = match cx.get(2) {
        Value::Nil => {
            let snapshot = snapshot(cx)?;
            let is_default = |binding: &&Arc<Entry>| {
                bound(binding).any(|(contract, row)| {
                    contract == entry.id && row.get("default").and_then(Data::as_boolean) == Some(true)
                })
            };
            match implementations(&snapshot, &entry.id).find(is_default) {
                Some(binding) => binding.id.to_string(),
                None => return not_found(cx, format!("no default binding for contract '{}'", entry.id)),
            }
        }
        _ => cx.check_string(2)?.to_string_lossy().into_owned(),
    };
    open_binding(cx, &binding, executor, 3, Some(&entry.id))
}

fn with_context(cx: &mut Context<'_>) -> Result<Outcome> {
    let mut contract = this(cx)?;
    let table = cx.check_table(2)?;
    if !permitted(cx, "contract.context", |_| "context".to_owned()) {
        return denied(cx, "context");
    }
    contract.executor.add(cx, table)?;
    answer(cx, contract)
}

fn with_actor(cx: &mut Context<'_>) -> Result<Outcome> {
    let mut contract = this(cx)?;
    contract.executor.actor = Some(Arc::new(ACTOR.argument::<Actor>(cx, 2)?.clone()));
    if !permitted(cx, "contract.security", |_| "security".to_owned()) {
        return denied(cx, "security");
    }
    answer(cx, contract)
}

fn with_scope(cx: &mut Context<'_>) -> Result<Outcome> {
    let mut contract = this(cx)?;
    contract.executor.scope = Some(Arc::new(SCOPE.argument::<Scope>(cx, 2)?.clone()));
    if !permitted(cx, "contract.security", |_| "security".to_owned()) {
        return denied(cx, "security");
    }
    answer(cx, contract)
}

fn with_options(cx: &mut Context<'_>) -> Result<Outcome> {
    let mut contract = this(cx)?;
    let table = cx.check_table(2)?;
    match contract.executor.set_options(cx, table) {
        Ok(()) => answer(cx, contract),
        Err(why) => invalid(cx, why),
    }
}

/// The instance whose method this is.
fn instance<'gc>(cx: &Context<'gc>) -> Result<&'gc Instance> {
    cx.get(1).host_object_as::<Instance>().ok_or_else(|| cx.type_error(1, INSTANCE.name))
}

/// `instance.name`: a method of its contracts, or nil.
fn instance_index(cx: &mut Context<'_>) -> Result<Outcome> {
    let instance = instance(cx)?;
    let Value::String(name) = cx.get(2) else { return Ok(cx.returns(Value::Nil)) };
    let name = name.to_string_lossy().into_owned();
    let (method, native) = match (instance.methods.get_key_value(&name), name.strip_suffix("_async")) {
        (Some(found), _) => (Some(found), &BOUND.functions[0]),
        (None, Some(name)) => (instance.methods.get_key_value(name), &BOUND.functions[1]),
        (None, None) => (None, &BOUND.functions[0]),
    };
    let Some((name, function)) = method else { return Ok(cx.returns(Value::Nil)) };
    let target: Value<'_> = match function {
        Some(id) => cx.string(id.as_str().as_bytes())?.into(),
        None => Value::Boolean(false),
    };
    let name = cx.string(name.as_bytes())?;
    let method = cx.native_closure(native, &[target, name.into()]);
    Ok(cx.returns(Value::NativeClosure(method)))
}

/// Puts the function's ID in place of the instance; answers how to call it.
fn prepare(cx: &mut Context<'_>) -> Result<std::result::Result<Executor, Outcome>> {
    let executor = instance(cx)?.executor.clone();
    let (target, name) = (cx.upvalue(1), cx.upvalue(2));
    let name = match name {
        Value::String(name) => name.to_string_lossy().into_owned(),
        _ => String::new(),
    };
    if !matches!(target, Value::String(_)) {
        return not_found(cx, format!("method '{name}' not bound")).map(Err);
    }
    if !permitted(cx, "contract.call", |_| name.clone()) {
        return denied(cx, &name).map(Err);
    }
    cx.set(1, target);
    Ok(Ok(executor))
}

fn bound_call(cx: &mut Context<'_>) -> Result<Outcome> {
    match prepare(cx)? {
        Ok(executor) => funcs::call_with(cx, 1, &executor),
        Err(outcome) => Ok(outcome),
    }
}

fn bound_async(cx: &mut Context<'_>) -> Result<Outcome> {
    match prepare(cx)? {
        Ok(executor) => funcs::start_with(cx, 1, &executor),
        Err(outcome) => Ok(outcome),
    }
}
