//! One policy: actions and resources by pattern, conditions, and what follows.
//!
//! Invariant: a policy whose action, resource or conditions do not match says nothing.

use std::sync::Arc;

use regex::Regex;

use super::{Request, Verdict};
use crate::plain::Plain;

/// A rule about actions and resources.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Its ID.
    pub id: Arc<str>,
    /// Actions it is about.
    pub actions: Vec<Pattern>,
    /// Resources it is about.
    pub resources: Vec<Pattern>,
    /// What it says when everything matches.
    pub effect: Verdict,
    /// All of them must hold.
    pub conditions: Vec<Condition>,
}

/// A pattern over names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// `*`
    Any,
    /// `x.*`: `x` itself, and what begins with `x.`
    Below(String),
    /// `x*`
    Prefix(String),
    /// `*.x`
    Suffix(String),
    /// A name.
    Exact(String),
}

impl Pattern {
    /// Reads a pattern; every text is one.
    pub fn parse(text: &str) -> Pattern {
        if text == "*" {
            Pattern::Any
        } else if let Some(name) = text.strip_suffix(".*") {
            Pattern::Below(name.to_owned())
        } else if let Some(prefix) = text.strip_suffix('*') {
            Pattern::Prefix(prefix.to_owned())
        } else if text.starts_with("*.") {
            Pattern::Suffix(text[1..].to_owned())
        } else {
            Pattern::Exact(text.to_owned())
        }
    }

    /// Whether a name matches.
    pub fn matches(&self, name: &str) -> bool {
        match self {
            Pattern::Any => true,
            Pattern::Below(top) => {
                name.strip_prefix(&**top).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            }
            Pattern::Prefix(prefix) => name.starts_with(prefix),
            Pattern::Suffix(suffix) => name.ends_with(suffix),
            Pattern::Exact(exact) => name == exact,
        }
    }
}

/// How a field is compared.
#[derive(Clone, Debug)]
pub enum Operator {
    /// `eq`
    Equal,
    /// `ne`
    Unequal,
    /// `lt`
    Less,
    /// `lte`
    AtMost,
    /// `gt`
    Greater,
    /// `gte`
    AtLeast,
    /// `in`
    In,
    /// `nin`
    NotIn,
    /// `exists`
    Exists,
    /// `nexists`
    Missing,
    /// `contains`
    Contains,
    /// `ncontains`
    Lacks,
    /// `matches`
    Matches(Regex),
    /// `nmatches`
    Differs(Regex),
}

/// A value that a field is compared with.
#[derive(Clone, Debug)]
pub enum Term {
    /// This one.
    Value(Plain),
    /// That of another field.
    Field(String),
}

/// Something that must hold.
#[derive(Clone, Debug)]
pub struct Condition {
    /// `actor.id`, `actor.meta.x`, `action`, `resource`, `meta.x`
    pub field: String,
    /// How.
    pub operator: Operator,
    /// With what.
    pub term: Term,
}

impl Operator {
    /// Reads an operator by its name; the two that match want a regular expression.
    ///
    /// # Errors
    /// Why not, as a sentence.
    pub fn parse(name: &str, term: &Term) -> Result<Operator, String> {
        let regex = || match term {
            Term::Value(Plain::Text(text)) => {
                Regex::new(text).map_err(|_| format!("\"{text}\" is no regular expression"))
            }
            _ => Err(format!("{name} needs a regular expression as its value")),
        };
        Ok(match name {
            "eq" => Operator::Equal,
            "ne" => Operator::Unequal,
            "lt" => Operator::Less,
            "lte" => Operator::AtMost,
            "gt" => Operator::Greater,
            "gte" => Operator::AtLeast,
            "in" => Operator::In,
            "nin" => Operator::NotIn,
            "exists" => Operator::Exists,
            "nexists" => Operator::Missing,
            "contains" => Operator::Contains,
            "ncontains" => Operator::Lacks,
            "matches" => Operator::Matches(regex()?),
            "nmatches" => Operator::Differs(regex()?),
            _ => return Err(format!("there is no operator \"{name}\"")),
        })
    }
}

impl Policy {
    /// What it says.
    pub fn evaluate(&self, request: &Request<'_>) -> Verdict {
        let fits = self.actions.iter().any(|pattern| pattern.matches(request.action))
            && self.resources.iter().any(|pattern| pattern.matches(request.resource))
            && self.conditions.iter().all(|condition| condition.holds(request));
        if fits { self.effect } else { Verdict::Undefined }
    }
}

impl Condition {
    fn holds(&self, request: &Request<'_>) -> bool {
        let field = field(request, &self.field);
        match &self.operator {
            Operator::Exists => return field.is_some(),
            Operator::Missing => return field.is_none(),
            _ => {}
        }
        let Some(field) = field else { return false };
        let term = match &self.term {
            Term::Value(value) => Some(value.clone()),
            Term::Field(name) => self::field(request, name),
        };
        let Some(term) = term else { return false };
        let order = || compare(&field, &term);
        match &self.operator {
            Operator::Equal => same(&field, &term),
            Operator::Unequal => !same(&field, &term),
            Operator::Less => order().is_some_and(std::cmp::Ordering::is_lt),
            Operator::AtMost => order().is_some_and(std::cmp::Ordering::is_le),
            Operator::Greater => order().is_some_and(std::cmp::Ordering::is_gt),
            Operator::AtLeast => order().is_some_and(std::cmp::Ordering::is_ge),
            Operator::In => holds(&term, &field),
            Operator::NotIn => !holds(&term, &field),
            Operator::Contains => holds(&field, &term),
            Operator::Lacks => !holds(&field, &term),
            Operator::Matches(regex) => text(&field).is_some_and(|text| regex.is_match(text)),
            Operator::Differs(regex) => text(&field).is_some_and(|text| !regex.is_match(text)),
            Operator::Exists | Operator::Missing => true,
        }
    }
}

/// The value of a field, if it has one.
fn field(request: &Request<'_>, name: &str) -> Option<Plain> {
    let within = |plain: &Plain, path: &str| {
        let found = path.split('.').try_fold(plain, |plain, name| match plain {
            Plain::Map(entries) => entries.get(name),
            _ => None,
        });
        found.filter(|plain| **plain != Plain::Null).cloned()
    };
    match name {
        "actor.id" => Some(request.actor.id.as_str().into()),
        "action" => Some(request.action.into()),
        "resource" => Some(request.resource.into()),
        "meta" => Some(request.meta.clone()),
        "actor.meta" => Some(request.actor.meta.clone()),
        _ => match (name.strip_prefix("actor.meta."), name.strip_prefix("meta.")) {
            (Some(path), _) => within(&request.actor.meta, path),
            (None, Some(path)) => within(request.meta, path),
            (None, None) => None,
        },
    }
}

fn text(plain: &Plain) -> Option<&str> {
    match plain {
        Plain::Text(text) => Some(text),
        _ => None,
    }
}

/// Numbers by value, whatever their sort.
fn same(one: &Plain, other: &Plain) -> bool {
    match (one, other) {
        (Plain::Integer(_), Plain::Float(_)) | (Plain::Float(_), Plain::Integer(_)) => {
            compare(one, other).is_some_and(std::cmp::Ordering::is_eq)
        }
        _ => one == other,
    }
}

/// The order of two numbers or two texts.
fn compare(one: &Plain, other: &Plain) -> Option<std::cmp::Ordering> {
    match (one, other) {
        (Plain::Integer(one), Plain::Integer(other)) => Some(one.cmp(other)),
        (Plain::Text(one), Plain::Text(other)) => Some(one.cmp(other)),
        _ => number(one)?.partial_cmp(&number(other)?),
    }
}

fn number(plain: &Plain) -> Option<f64> {
    match plain {
        Plain::Integer(integer) => Some(*integer as f64),
        Plain::Float(float) => Some(*float),
        _ => None,
    }
}

/// Whether a list has an item, or a text a part.
fn holds(whole: &Plain, part: &Plain) -> bool {
    match (whole, part) {
        (Plain::List(items), part) => items.iter().any(|item| same(item, part)),
        (Plain::Text(whole), Plain::Text(part)) => whole.contains(&**part),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Actor, Scope};
    use super::*;

    fn policy(
        id: &str,
        effect: Verdict,
        action: &str,
        resource: &str,
        conditions: Vec<Condition>,
    ) -> Arc<Policy> {
        Arc::new(Policy {
            id: id.into(),
            actions: vec![Pattern::parse(action)],
            resources: vec![Pattern::parse(resource)],
            effect,
            conditions,
        })
    }

    fn condition(field: &str, operator: &str, value: Plain) -> Condition {
        let term = Term::Value(value);
        let operator = Operator::parse(operator, &term).expect("an operator");
        Condition { field: field.to_owned(), operator, term }
    }

    #[test]
    fn patterns() {
        for (pattern, name, matches) in [
            ("*", "anything", true),
            ("doc.*", "doc", true),
            ("doc.*", "doc.read", true),
            ("doc.*", "document", false),
            ("user:*", "user:1", true),
            ("user:*", "users", false),
            ("*.read", "doc.read", true),
            ("*.read", "read", false),
            ("read", "read", true),
            ("read", "reads", false),
        ] {
            assert_eq!(Pattern::parse(pattern).matches(name), matches, "{pattern} {name}");
        }
    }

    #[test]
    fn any_denial_wins() {
        let actor = Actor { id: "u".to_owned(), meta: Plain::map([]) };
        let meta = Plain::map([]);
        let ask = |action, resource| Request { actor: &actor, action, resource, meta: &meta };
        let scope = Scope::new([
            policy("a", Verdict::Allow, "*", "*", Vec::new()),
            policy("d", Verdict::Deny, "*", "secret", Vec::new()),
        ]);
        assert_eq!(scope.evaluate(&ask("read", "page")), Verdict::Allow);
        assert_eq!(scope.evaluate(&ask("read", "secret")), Verdict::Deny);
        assert_eq!(Scope::default().evaluate(&ask("read", "page")), Verdict::Undefined);
    }

    #[test]
    fn operators() {
        let list = Plain::List(vec!["a".into(), 2.into()]);
        let actor = Actor {
            id: "user:7".to_owned(),
            meta: Plain::map([
                ("level", 3.into()),
                ("tags", list),
                ("team", Plain::map([("name", "core".into())])),
            ]),
        };
        let meta = Plain::map([("owner", "user:7".into())]);
        let request = Request { actor: &actor, action: "read", resource: "doc:1", meta: &meta };
        for (field, operator, value, holds) in [
            ("actor.id", "eq", Plain::from("user:7"), true),
            ("actor.id", "ne", "user:7".into(), false),
            ("actor.meta.level", "eq", 3.0.into(), true),
            ("actor.meta.level", "gte", 3.into(), true),
            ("actor.meta.level", "lt", 3.into(), false),
            ("actor.meta.level", "lt", "4".into(), false),
            ("actor.meta.team.name", "eq", "core".into(), true),
            ("actor.meta.tags", "contains", "a".into(), true),
            ("actor.meta.tags", "ncontains", "b".into(), true),
            ("actor.meta.none", "eq", "x".into(), false),
            ("actor.meta.none", "ne", "x".into(), false),
            ("actor.meta.none", "nexists", Plain::Null, true),
            ("meta.owner", "exists", Plain::Null, true),
            ("action", "in", Plain::List(vec!["read".into()]), true),
            ("action", "nin", Plain::List(vec!["read".into()]), false),
            ("resource", "matches", "^doc:[0-9]$".into(), true),
            ("resource", "nmatches", "oc".into(), false),
        ] {
            assert_eq!(condition(field, operator, value).holds(&request), holds, "{field} {operator}");
        }
        let owner = Condition {
            field: "meta.owner".to_owned(),
            operator: Operator::Equal,
            term: Term::Field("actor.id".to_owned()),
        };
        assert!(owner.holds(&request));
        assert!(Operator::parse("matches", &Term::Value("(".into())).is_err());
        assert!(Operator::parse("like", &Term::Value("x".into())).is_err());
    }
}
