//! Names of entries: `namespace:name`.
//!
//! Not a look-up: an ID says nothing about whether the entry exists. Invariant: the text is split at its first colon,
//! and both halves are kept as written.

use std::fmt;
use std::sync::Arc;

use crate::value::Value;

/// The name of an entry, cheap to copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Id {
    text: Arc<str>,
    colon: usize,
}

impl Id {
    /// From its two halves.
    pub fn new(namespace: &str, name: &str) -> Id {
        Id { text: format!("{namespace}:{name}").into(), colon: namespace.len() }
    }

    /// From text that has a colon and something on both sides of it.
    pub fn parse(text: &str) -> Option<Id> {
        let colon = text.find(':')?;
        (colon > 0 && colon + 1 < text.len()).then(|| Id { text: text.into(), colon })
    }

    /// A reference as it stands in a field: a full ID, or a bare name that means the namespace of the entry around it.
    pub fn resolve(text: &str, namespace: &str) -> Option<Id> {
        match text.find(':') {
            Some(_) => Id::parse(text),
            None if text.is_empty() => None,
            None => Some(Id::new(namespace, text)),
        }
    }

    /// A reference as text or as the map `{ns: app, name: x}`.
    pub fn from_value(value: &Value, namespace: &str) -> Option<Id> {
        match value {
            Value::Text(text) => Id::resolve(text, namespace),
            Value::Map(map) => {
                let name = map.get("name")?.as_text()?;
                let namespace = map.get("ns").and_then(Value::as_text).unwrap_or(namespace);
                (!name.is_empty()
                    && !namespace.is_empty()
                    && map.keys().all(|key| matches!(&**key, "ns" | "name")))
                .then(|| Id::new(namespace, name))
            }
            _ => None,
        }
    }

    /// The part before the colon.
    pub fn namespace(&self) -> &str {
        &self.text[..self.colon]
    }

    /// The part behind the colon.
    pub fn name(&self) -> &str {
        &self.text[self.colon + 1..]
    }

    /// All of it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// All of it, shared.
    pub fn text(&self) -> Arc<str> {
        Arc::clone(&self.text)
    }
}

impl Ord for Id {
    fn cmp(&self, other: &Id) -> std::cmp::Ordering {
        self.text.cmp(&other.text)
    }
}

impl PartialOrd for Id {
    fn partial_cmp(&self, other: &Id) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

// An ID is found by its text: equality, order and hash are those of the text.
impl std::borrow::Borrow<str> for Id {
    fn borrow(&self) -> &str {
        &self.text
    }
}

impl std::hash::Hash for Id {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Map;

    #[test]
    fn the_first_colon_splits() {
        let id = Id::parse("a.b:c:d").unwrap();
        assert_eq!((id.namespace(), id.name()), ("a.b", "c:d"));
        assert_eq!(Id::parse("a:"), None);
        assert_eq!(Id::parse(":a"), None);
        assert_eq!(Id::parse("a"), None);
    }

    #[test]
    fn bare_names_take_the_namespace_around_them() {
        assert_eq!(Id::resolve("x", "app").unwrap().as_str(), "app:x");
        assert_eq!(Id::resolve("b:x", "app").unwrap().as_str(), "b:x");
        assert_eq!(Id::resolve(":x", "app"), None);
        assert_eq!(Id::resolve("", "app"), None);
        let map: Map =
            [("ns".into(), Value::from("n")), ("name".into(), Value::from("m"))].into_iter().collect();
        assert_eq!(Id::from_value(&Value::Map(map), "app").unwrap().as_str(), "n:m");
        assert_eq!(Id::from_value(&Value::Integer(1), "app"), None);
    }
}
