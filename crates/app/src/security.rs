//! Policies of an application: entries as rules, groups of them, and who a service acts as.
//!
//! Built anew with each version of the registry, like the variables. Invariant: an entry that is no policy does not get
//! into the registry, so nothing is left out silently here.

use std::collections::BTreeMap;
use std::sync::Arc;

use wippy_runtime::Inherited;
use wippy_stdlib::plain::Plain;
use wippy_stdlib::security::{Actor, Condition, Operator, Pattern, Policy, Scope, Term, Verdict};

use crate::entry::Entry;
use crate::id::Id;
use crate::registry::Snapshot;
use crate::value::Value;

/// The kind of entries that are policies.
pub const KIND: &str = "security.policy";

/// See the module.
#[derive(Debug, Default)]
pub struct Policies {
    known: BTreeMap<Id, Arc<Policy>>,
    groups: BTreeMap<Id, Vec<Id>>,
}

impl Policies {
    /// Of a registry.
    pub fn of(snapshot: &Snapshot) -> Policies {
        let mut policies = Policies::default();
        for entry in snapshot.iter().filter(|entry| &*entry.kind == KIND) {
            let Ok(policy) = policy(entry) else { continue };
            for group in ids(entry.data.get("groups"), entry.id.namespace()) {
                policies.groups.entry(group).or_default().push(entry.id.clone());
            }
            policies.known.insert(entry.id.clone(), Arc::new(policy));
        }
        policies
    }

    /// Whether there is a policy of this ID.
    pub fn has(&self, id: &Id) -> bool {
        self.known.contains_key(id)
    }

    /// The policy of an ID.
    pub fn policy(&self, id: &Id) -> Option<&Arc<Policy>> {
        self.known.get(id)
    }

    /// The scope of a group; `None` if no policy belongs to it.
    pub fn group(&self, id: &Id) -> Option<Scope> {
        let members = self.groups.get(id)?;
        Some(Scope::new(members.iter().filter_map(|id| self.known.get(id).cloned())))
    }

    /// Who a service acts as, by the `security` of its life cycle.
    pub fn of_service(&self, lifecycle: Option<&Value>, namespace: &str) -> Inherited {
        let Some(security) = lifecycle.and_then(|lifecycle| lifecycle.get("security")) else {
            return Inherited::default();
        };
        let actor = security.at(&["actor", "id"]).and_then(Value::scalar_text).map(|id| {
            let meta = security.at(&["actor", "meta"]).map_or_else(|| Plain::map([]), plain);
            Arc::new(Actor { id: id.to_string(), meta })
        });
        let (policies, groups) = (security.get("policies"), security.get("groups"));
        let scope = (policies.is_some() || groups.is_some()).then(|| {
            let listed = ids(policies, namespace).into_iter().filter_map(|id| self.known.get(&id).cloned());
            let grouped = ids(groups, namespace).into_iter().filter_map(|id| self.group(&id));
            let grouped: Vec<Arc<Policy>> = grouped.flat_map(|scope| scope.policies().to_vec()).collect();
            Arc::new(Scope::new(listed.chain(grouped)))
        });
        Inherited { actor, scope, ..Inherited::default() }
    }
}

/// One reference or a list of them.
fn ids(value: Option<&Value>, namespace: &str) -> Vec<Id> {
    each(value).filter_map(|value| Id::from_value(value, namespace)).collect()
}

/// One value or those of a list.
fn each(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    let list = match value {
        Some(Value::List(items)) => items.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    list.iter()
}

/// Reads the policy of an entry.
///
/// # Errors
/// Why it is none, as a sentence.
pub fn policy(entry: &Entry) -> Result<Policy, String> {
    let rule = entry.data.get("policy").ok_or("policy is missing")?;
    let patterns = |key: &str| -> Vec<Pattern> {
        each(rule.get(key)).filter_map(Value::as_text).map(Pattern::parse).collect()
    };
    let effect = match rule.get("effect").and_then(Value::as_text) {
        Some("allow") => Verdict::Allow,
        Some("deny") => Verdict::Deny,
        _ => return Err("effect must be allow or deny".to_owned()),
    };
    let conditions = each(rule.get("conditions")).map(condition).collect::<Result<_, _>>()?;
    Ok(Policy {
        id: entry.id.as_str().into(),
        actions: patterns("actions"),
        resources: patterns("resources"),
        effect,
        conditions,
    })
}

fn condition(value: &Value) -> Result<Condition, String> {
    let text = |key: &str| value.get(key).and_then(Value::as_text);
    let field = text("field").ok_or("a condition needs a field")?;
    let operator = text("operator").ok_or("a condition needs an operator")?;
    let term = match text("value_from") {
        Some(field) => Term::Field(field.to_owned()),
        None => Term::Value(value.get("value").map_or(Plain::Null, plain)),
    };
    Ok(Condition { field: field.to_owned(), operator: Operator::parse(operator, &term)?, term })
}

fn plain(value: &Value) -> Plain {
    match value {
        Value::Null => Plain::Null,
        Value::Boolean(flag) => Plain::Boolean(*flag),
        Value::Integer(number) => Plain::Integer(*number),
        Value::Float(number) => Plain::Float(*number),
        Value::Text(text) => Plain::Text(text.to_string()),
        Value::List(items) => Plain::List(items.iter().map(plain).collect()),
        Value::Map(map) => {
            Plain::Map(map.iter().map(|(key, value)| (key.to_string(), plain(value))).collect())
        }
    }
}
