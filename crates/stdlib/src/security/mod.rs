//! Who acts, and what that one may do: actors, policies, and scopes made of policies.
//!
//! Objects and their rules; which policies there are, and who acts right now, is known elsewhere. Invariant: all three
//! are immutable, so that a process can hand them on without asking anybody.

mod objects;
mod policy;

use std::borrow::Cow;
use std::sync::Arc;

use wippy_vm::{Context, HostObject, Result, UserData};

use crate::plain::Plain;

pub use objects::{ACTOR, ACTOR_METHODS, POLICY, POLICY_METHODS, SCOPE, SCOPE_METHODS, open};
pub use policy::{Condition, Operator, Pattern, Policy, Term};

/// Somebody who acts: a name, and what is known about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Actor {
    /// Its name.
    pub id: String,
    /// What is known about it: a map.
    pub meta: Plain,
}

/// What policies say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Yes.
    Allow,
    /// No, whatever others say.
    Deny,
    /// Nothing.
    Undefined,
}

impl Verdict {
    /// As scripts see it.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Allow => "allow",
            Verdict::Deny => "deny",
            Verdict::Undefined => "undefined",
        }
    }
}

/// Something that somebody wants to do.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Who.
    pub actor: &'a Actor,
    /// What: `funcs.call`, `read`.
    pub action: &'a str,
    /// With what.
    pub resource: &'a str,
    /// What is known about the resource: a map.
    pub meta: &'a Plain,
}

/// The policies that hold for somebody.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    policies: Vec<Arc<Policy>>,
}

impl Scope {
    /// Of these policies, each once.
    pub fn new(policies: impl IntoIterator<Item = Arc<Policy>>) -> Scope {
        let mut scope = Scope::default();
        policies.into_iter().for_each(|policy| scope.add(policy));
        scope
    }

    fn add(&mut self, policy: Arc<Policy>) {
        self.policies.retain(|known| known.id != policy.id);
        self.policies.push(policy);
    }

    /// Its policies.
    pub fn policies(&self) -> &[Arc<Policy>] {
        &self.policies
    }

    /// Whether it has the policy of an ID.
    pub fn contains(&self, id: &str) -> bool {
        self.policies.iter().any(|policy| &*policy.id == id)
    }

    /// What its policies say together: any denial, else any permission, else nothing.
    pub fn evaluate(&self, request: &Request<'_>) -> Verdict {
        let mut verdict = Verdict::Undefined;
        for policy in &self.policies {
            match policy.evaluate(request) {
                Verdict::Deny => return Verdict::Deny,
                Verdict::Allow => verdict = Verdict::Allow,
                Verdict::Undefined => {}
            }
        }
        verdict
    }
}

impl HostObject for Actor {
    fn text(&self) -> Option<Cow<'_, [u8]>> {
        Some(Cow::Borrowed(self.id.as_bytes()))
    }

    fn arrive<'gc>(self: Arc<Self>, cx: &mut Context<'gc>) -> Result<UserData<'gc>> {
        ACTOR.object(cx, self)
    }
}

impl HostObject for Scope {
    fn arrive<'gc>(self: Arc<Self>, cx: &mut Context<'gc>) -> Result<UserData<'gc>> {
        SCOPE.object(cx, self)
    }
}

impl HostObject for Policy {
    fn text(&self) -> Option<Cow<'_, [u8]>> {
        Some(Cow::Borrowed(self.id.as_bytes()))
    }

    fn arrive<'gc>(self: Arc<Self>, cx: &mut Context<'gc>) -> Result<UserData<'gc>> {
        POLICY.object(cx, self)
    }
}
