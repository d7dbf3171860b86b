//! Actors, policies and scopes as scripts hold them.
//!
//! Invariant: nothing here changes an object; `with` and `without` answer new ones.

use std::sync::Arc;

use wippy_vm::{Context, Error, Library, Outcome, Result, Value, library};

use super::{Actor, Policy, Request, Scope};
use crate::class::Class;
use crate::plain::Plain;

/// The methods of an actor.
pub static ACTOR_METHODS: Library = library!(
    "security.Actor",
    [
        /// The id of the actor.
        ("id", actor_id, "(self: any) -> string"),
        /// Its metadata.
        ("meta", actor_meta, "(self: any) -> table")
    ]
);
static ACTOR_META: Library = library!("security.Actor", [("__tostring", actor_id, "(self: any) -> string")]);

/// The methods of a policy.
pub static POLICY_METHODS: Library = library!(
    "security.Policy",
    [
        /// The id of the policy.
        ("id", policy_id, "(self: any) -> string"),
        /// `allow`, `deny` or `undefined`.
        (
            "evaluate",
            policy_evaluate,
            "(self: any, actor: any, action: string, resource: string, meta: table?) -> string"
        ),
    ]
);
static POLICY_META: Library =
    library!("security.Policy", [("__tostring", policy_id, "(self: any) -> string")]);

/// The methods of a scope.
pub static SCOPE_METHODS: Library = library!(
    "security.Scope",
    [
        /// The scope with a policy more.
        ("with", with, "(self: any, policy: any) -> any"),
        /// The scope without a policy.
        ("without", without, "(self: any, policy: any) -> any"),
        /// Whether a policy is part of it.
        ("contains", contains, "(self: any, policy: any) -> boolean"),
        /// Its policies.
        ("policies", policies, "(self: any) -> {any}"),
        /// `allow`, `deny` or `undefined`: one denial is enough.
        (
            "evaluate",
            scope_evaluate,
            "(self: any, actor: any, action: string, resource: string, meta: table?) -> string"
        ),
    ]
);
static NOTHING: Library = library!("security", []);

/// Actors.
pub static ACTOR: Class = Class { methods: &ACTOR_METHODS, metamethods: &ACTOR_META };
/// Policies.
pub static POLICY: Class = Class { methods: &POLICY_METHODS, metamethods: &POLICY_META };
/// Scopes.
pub static SCOPE: Class = Class { methods: &SCOPE_METHODS, metamethods: &NOTHING };

/// Builds the metatables, so that they are part of an image.
///
/// # Errors
/// When the memory limit would be passed.
pub fn open(cx: &mut Context<'_>) -> Result<()> {
    for class in [&ACTOR, &POLICY, &SCOPE] {
        class.metatable(cx)?;
    }
    Ok(())
}

fn actor_id(cx: &mut Context<'_>) -> Result<Outcome> {
    let actor = ACTOR.this::<Actor>(cx)?;
    let id = cx.string(actor.id.as_bytes())?;
    Ok(cx.returns(id))
}

fn actor_meta(cx: &mut Context<'_>) -> Result<Outcome> {
    let actor = ACTOR.this::<Actor>(cx)?;
    let meta = actor.meta.build(cx)?;
    Ok(cx.returns(meta))
}

fn policy_id(cx: &mut Context<'_>) -> Result<Outcome> {
    let policy = POLICY.this::<Policy>(cx)?;
    let id = cx.string(policy.id.as_bytes())?;
    Ok(cx.returns(id))
}

/// The arguments of `evaluate` behind the object.
fn request<R>(cx: &mut Context<'_>, ask: impl FnOnce(&Request<'_>) -> R) -> Result<R> {
    let actor = ACTOR.argument::<Actor>(cx, 2)?;
    let action = cx.check_string(3)?.to_string_lossy();
    let resource = cx.check_string(4)?.to_string_lossy();
    let meta = cx.get(5);
    let meta = Plain::of(cx, meta);
    Ok(ask(&Request { actor, action: &action, resource: &resource, meta: &meta }))
}

fn policy_evaluate(cx: &mut Context<'_>) -> Result<Outcome> {
    let policy = POLICY.this::<Policy>(cx)?;
    let verdict = request(cx, |request| policy.evaluate(request))?;
    let name = cx.name(verdict.name());
    Ok(cx.returns(name))
}

fn scope_evaluate(cx: &mut Context<'_>) -> Result<Outcome> {
    let scope = SCOPE.this::<Scope>(cx)?;
    let verdict = request(cx, |request| scope.evaluate(request))?;
    let name = cx.name(verdict.name());
    Ok(cx.returns(name))
}

/// The ID that an argument means: a text, a policy, or `{ns = , name = }`.
fn id(cx: &mut Context<'_>, index: usize) -> Result<String> {
    if let Some(policy) = cx.get(index).host_object_as::<Policy>() {
        return Ok(policy.id.to_string());
    }
    match cx.get(index) {
        Value::String(id) => Ok(id.to_string_lossy().into_owned()),
        Value::Table(table) => {
            let (namespace, name) = (cx.field(table, "ns"), cx.field(table, "name"));
            match (namespace, name) {
                (Value::String(namespace), Value::String(name)) => {
                    Ok(format!("{}:{}", namespace.to_string_lossy(), name.to_string_lossy()))
                }
                _ => Err(Error::message("policy must be an ID or a policy")),
            }
        }
        _ => Err(cx.type_error(index, POLICY.name())),
    }
}

fn with(cx: &mut Context<'_>) -> Result<Outcome> {
    let scope = SCOPE.this::<Scope>(cx)?;
    let policy = Arc::new(POLICY.argument::<Policy>(cx, 2)?.clone());
    let scope = Scope::new(scope.policies().iter().cloned().chain([policy]));
    let scope = SCOPE.object(cx, Arc::new(scope))?;
    Ok(cx.returns(scope))
}

fn without(cx: &mut Context<'_>) -> Result<Outcome> {
    let scope = SCOPE.this::<Scope>(cx)?;
    let id = id(cx, 2)?;
    let scope = Scope::new(scope.policies().iter().filter(|policy| *policy.id != *id).cloned());
    let scope = SCOPE.object(cx, Arc::new(scope))?;
    Ok(cx.returns(scope))
}

fn contains(cx: &mut Context<'_>) -> Result<Outcome> {
    let scope = SCOPE.this::<Scope>(cx)?;
    let id = id(cx, 2)?;
    Ok(cx.returns(scope.contains(&id)))
}

fn policies(cx: &mut Context<'_>) -> Result<Outcome> {
    let scope = SCOPE.this::<Scope>(cx)?;
    let table = cx.table(scope.policies().len(), 0)?;
    for (at, policy) in (1..).zip(scope.policies()) {
        let policy = POLICY.object(cx, Arc::clone(policy) as Arc<dyn wippy_vm::HostObject>)?;
        cx.raw_set_integer(table, at, policy)?;
    }
    Ok(cx.returns(table))
}
