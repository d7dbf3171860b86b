//! `security`: who acts, what that one may do, and the policies of the application.

use std::sync::Arc;

use wippy_runtime::{Inherited, Values, caller, permitted};
use wippy_stdlib::errors::{ErrorValue, fails};
use wippy_stdlib::plain::Plain;
use wippy_stdlib::security::{self, ACTOR, Actor, POLICY, Policy, Request, SCOPE, Scope, Verdict};
use wippy_vm::{Context, Error, Library, Outcome, Result, Value, library};

use crate::id::Id;
use crate::runtime::home::Home;
use crate::security::Policies;

static LIBRARY: Library = library!(
    "security",
    [
        /// For whom this program acts; nil for nobody.
        ("actor", actor, "() -> any"),
        /// The policies that hold here; nil without any.
        ("scope", scope, "() -> any"),
        /// Whether the actor may do something to a resource.
        ("can", can, "(action: string, resource: string, meta: table?) -> boolean"),
        /// An actor with an id and metadata.
        ("new_actor", new_actor, "(id: string, meta: table?) -> any"),
        /// A scope of policies.
        ("new_scope", new_scope, "(policies: {any}?) -> any"),
        /// The policy of an entry.
        ("policy", policy, "(id: string) -> (any, error?)"),
        /// The scope of a group of policies.
        ("named_scope", named_scope, "(id: string) -> (any, error?)"),
        /// A store of tokens; not part of this release.
        ("token_store", token_store, "(id: string) -> (any, error?)"),
    ]
);

/// The libraries of the module.
pub(super) static LIBRARIES: &[&Library] =
    &[&LIBRARY, &security::ACTOR_METHODS, &security::POLICY_METHODS, &security::SCOPE_METHODS];

pub(super) fn build<'gc>(cx: &mut Context<'gc>) -> Result<Value<'gc>> {
    security::open(cx)?;
    super::table(cx, &LIBRARY)
}

fn inherited(cx: &mut Context<'_>) -> Values {
    caller(cx).map(|caller| caller.values).unwrap_or_default()
}

fn actor(cx: &mut Context<'_>) -> Result<Outcome> {
    match inherited(cx).actor.clone() {
        Some(actor) => {
            let actor = ACTOR.object(cx, actor)?;
            Ok(cx.returns(actor))
        }
        None => Ok(cx.returns(Value::Nil)),
    }
}

fn scope(cx: &mut Context<'_>) -> Result<Outcome> {
    match inherited(cx).scope.clone() {
        Some(scope) => {
            let scope = SCOPE.object(cx, scope)?;
            Ok(cx.returns(scope))
        }
        None => Ok(cx.returns(Value::Nil)),
    }
}

/// `security.can(action, resource, meta?)`: never for nobody in particular.
fn can(cx: &mut Context<'_>) -> Result<Outcome> {
    let action = cx.check_string(1)?.to_string_lossy().into_owned();
    let resource = cx.check_string(2)?.to_string_lossy().into_owned();
    let meta = match cx.get(3) {
        Value::Nil => Plain::map([]),
        _ => Plain::of(cx, cx.check_table(3)?.into()),
    };
    let inherited = inherited(cx);
    let allowed = match &*inherited {
        Inherited { actor: Some(actor), scope: Some(scope), .. } => {
            let request = Request { actor, action: &action, resource: &resource, meta: &meta };
            scope.evaluate(&request) == Verdict::Allow
        }
        _ => false,
    };
    Ok(cx.returns(allowed))
}

fn new_actor(cx: &mut Context<'_>) -> Result<Outcome> {
    let id = cx.check_string(1)?.to_string_lossy().into_owned();
    let meta = match cx.get(2) {
        Value::Nil => Plain::map([]),
        _ => Plain::Map(Plain::fields(cx, cx.check_table(2)?)),
    };
    if !permitted(cx, "security.actor.create", |_| id.clone()) {
        return Err(Error::message(format!("not allowed to create actor with ID: {id}")));
    }
    let actor = ACTOR.object(cx, Arc::new(Actor { id, meta }))?;
    Ok(cx.returns(actor))
}

fn new_scope(cx: &mut Context<'_>) -> Result<Outcome> {
    let mut policies = Vec::new();
    if !cx.get(1).is_nil() {
        let list = cx.check_table(1)?;
        for index in 1..=list.length() {
            match list.get_integer(index).host_object_as::<Policy>() {
                Some(policy) => policies.push(Arc::new(policy.clone())),
                None => return Err(Error::message(format!("item {index} of the list is no policy"))),
            }
        }
    }
    if !permitted(cx, "security.scope.create", |_| "custom".to_owned()) {
        return Err(Error::message("not allowed to create custom scopes"));
    }
    let scope = SCOPE.object(cx, Arc::new(Scope::new(policies)))?;
    Ok(cx.returns(scope))
}

/// The policies of the application, and the ID in argument 1, which may be a name in the entry's namespace.
fn ask(cx: &mut Context<'_>) -> Result<Option<(Arc<Policies>, Id)>> {
    let text = cx.check_string(1)?.to_string_lossy().into_owned();
    let Some(home) = cx.host::<Home>() else { return Ok(None) };
    Ok(Id::resolve(&text, home.entry.namespace()).map(|id| (home.app.policies(), id)))
}

fn missing(cx: &mut Context<'_>, what: &str) -> Result<Outcome> {
    let id = cx.check_string(1)?.to_string_lossy().into_owned();
    fails(cx, ErrorValue::internal(format!("{what} not found: {id}")).retryable(Some(false)))
}

fn policy(cx: &mut Context<'_>) -> Result<Outcome> {
    let found = ask(cx)?;
    if let Some((_, id)) = &found
        && !permitted(cx, "security.policy.get", |_| id.to_string())
    {
        return fails(cx, ErrorValue::invalid("permission denied: access policy").retryable(Some(false)));
    }
    match found.and_then(|(policies, id)| policies.policy(&id).cloned()) {
        Some(policy) => {
            let policy = POLICY.object(cx, policy)?;
            Ok(cx.returns(policy))
        }
        None => missing(cx, "policy"),
    }
}

fn named_scope(cx: &mut Context<'_>) -> Result<Outcome> {
    let found = ask(cx)?;
    if let Some((_, id)) = &found
        && !permitted(cx, "security.policy_group.get", |_| id.to_string())
    {
        let error = ErrorValue::invalid("permission denied: access policy group");
        return fails(cx, error.retryable(Some(false)));
    }
    match found.and_then(|(policies, id)| policies.group(&id)) {
        Some(scope) => {
            let scope = SCOPE.object(cx, Arc::new(scope))?;
            Ok(cx.returns(scope))
        }
        None => missing(cx, "policy group"),
    }
}

/// Stores of tokens come with a later release.
fn token_store(cx: &mut Context<'_>) -> Result<Outcome> {
    if cx.check_string(1)?.is_empty() {
        return fails(cx, ErrorValue::invalid("token store id is required").retryable(Some(false)));
    }
    super::unavailable(cx)
}
