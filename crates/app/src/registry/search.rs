//! Finding entries: the filter of `registry.find` and of `wippy registry list`.
//!
//! Pure. Invariant: a key that means nothing never restricts the result; it is named once, so that the caller can say so.

use regex::Regex;

use crate::entry::Entry;
use crate::pattern::glob;
use crate::value::{Map, Value};

/// Words for a key without a known prefix.
pub const UNPREFIXED: &str = "metadata field must use 'meta.' prefix";

/// Conditions, all of which must hold.
#[derive(Debug, Default)]
pub struct Filter {
    conditions: Vec<Condition>,
}

#[derive(Debug)]
enum Condition {
    Attribute(Attribute, String),
    Equal(String, Value),
    All(String, Vec<Value>),
    Matches(String, Regex),
    Contains(String, String),
    Prefix(String, String),
    Suffix(String, String),
}

#[derive(Debug, Clone, Copy)]
enum Attribute {
    Kind,
    Namespace,
    Name,
    Id,
}

/// What was wrong with a filter; it works without.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ignored {
    /// Keys without a known prefix.
    Unprefixed(Vec<String>),
    /// A regular expression that is none.
    Pattern(String),
}

impl Filter {
    /// From the table of `registry.find`.
    pub fn new(table: &Map) -> (Filter, Vec<Ignored>) {
        let mut filter = Filter::default();
        let mut unprefixed = Vec::new();
        let mut ignored = Vec::new();
        for (key, value) in table {
            match (&**key, value) {
                ("meta", Value::Map(fields)) => {
                    fields.iter().for_each(|(field, value)| filter.equal(field, value));
                }
                (key, value) => filter.condition(key, value, &mut unprefixed, &mut ignored),
            }
        }
        if !unprefixed.is_empty() {
            ignored.push(Ignored::Unprefixed(unprefixed));
        }
        (filter, ignored)
    }

    fn condition(
        &mut self,
        key: &str,
        value: &Value,
        unprefixed: &mut Vec<String>,
        ignored: &mut Vec<Ignored>,
    ) {
        let attribute = match key {
            ".kind" => Some(Attribute::Kind),
            ".ns" => Some(Attribute::Namespace),
            ".name" => Some(Attribute::Name),
            ".id" => Some(Attribute::Id),
            _ => None,
        };
        if let Some(attribute) = attribute {
            if let Some(text) = value.as_text() {
                self.conditions.push(Condition::Attribute(attribute, text.to_owned()));
            }
        } else if key.starts_with('.') {
            // Another attribute: ignored.
        } else if let Some(field) = key.strip_prefix("meta.") {
            self.equal(field, value);
        } else if let Some((sign, field)) =
            key.split_at_checked(1).and_then(|(sign, rest)| Some((sign, rest.strip_prefix("meta.")?)))
            && matches!(sign, "~" | "*" | "^" | "$")
        {
            if let Some(text) = value.as_text() {
                self.operator(sign, field, text, ignored);
            }
        } else {
            unprefixed.push(key.to_owned());
        }
    }

    /// Adds one condition by its sign: `=`, `~` (regular expression), `*` (contains), `^` (prefix), `$` (suffix).
    pub fn operator(&mut self, sign: &str, field: &str, text: &str, ignored: &mut Vec<Ignored>) {
        let (field, text) = (field.to_owned(), text.to_owned());
        self.conditions.push(match sign {
            "~" => match Regex::new(&text) {
                Ok(regex) => Condition::Matches(field, regex),
                Err(_) => {
                    ignored.push(Ignored::Pattern(text));
                    return;
                }
            },
            "*" => Condition::Contains(field, text),
            "^" => Condition::Prefix(field, text),
            "$" => Condition::Suffix(field, text),
            _ => Condition::Equal(field, Value::text(text)),
        });
    }

    fn equal(&mut self, field: &str, value: &Value) {
        self.conditions.push(match value {
            Value::List(items) => Condition::All(field.to_owned(), items.clone()),
            value => Condition::Equal(field.to_owned(), value.clone()),
        });
    }

    /// Whether an entry satisfies every condition.
    pub fn matches(&self, entry: &Entry) -> bool {
        self.conditions.iter().all(|condition| condition.holds(entry))
    }
}

impl Condition {
    fn holds(&self, entry: &Entry) -> bool {
        let text = |field: &String| entry.meta.get(&**field).and_then(Value::as_text);
        match self {
            Condition::Attribute(attribute, pattern) => {
                let found = match attribute {
                    Attribute::Kind => &*entry.kind,
                    Attribute::Namespace => entry.id.namespace(),
                    Attribute::Name => entry.id.name(),
                    Attribute::Id => entry.id.as_str(),
                };
                glob(pattern, found)
            }
            Condition::Equal(field, value) => {
                entry.meta.get(&**field).is_some_and(|found| found.is_scalar() && found.same(value))
            }
            Condition::All(field, values) => match entry.meta.get(&**field) {
                Some(Value::List(items)) => {
                    values.iter().all(|value| items.iter().any(|item| item.same(value)))
                }
                _ => false,
            },
            Condition::Matches(field, regex) => text(field).is_some_and(|found| regex.is_match(found)),
            Condition::Contains(field, part) => match entry.meta.get(&**field) {
                Some(Value::Text(found)) => found.contains(&**part),
                Some(Value::List(items)) => {
                    items.iter().any(|item| item.as_text().is_some_and(|item| item.contains(&**part)))
                }
                _ => false,
            },
            Condition::Prefix(field, part) => text(field).is_some_and(|found| found.starts_with(&**part)),
            Condition::Suffix(field, part) => text(field).is_some_and(|found| found.ends_with(&**part)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Id;
    use crate::load::yaml;

    fn map(text: &str) -> Map {
        yaml::parse(text).unwrap().unwrap().value().as_map().unwrap().clone()
    }

    fn find(filter: &str) -> (bool, Vec<Ignored>) {
        let entry = Entry::new(
            Id::new("app.api", "users.list"),
            "function.lua",
            map("type: test\ntags: [a, b]\ncount: 1\ngraph.rule: 'true'"),
            Value::Null,
        );
        let (filter, ignored) = Filter::new(&map(filter));
        (filter.matches(&entry), ignored)
    }

    #[test]
    fn every_form() {
        for (filter, expected) in [
            ("{'.kind': function.lua}", true),
            ("{'.kind': 'function.*', '.ns': 'app.*'}", true),
            ("{'.name': users}", false),
            ("{'.kind': 3}", true),
            ("{'.other': x}", true),
            ("{meta.type: test}", true),
            ("{meta.type: tests}", false),
            ("{meta.nope: x}", false),
            ("{meta.count: 1.0}", true),
            ("{meta.tags: a}", false),
            ("{meta.tags: [b, a]}", true),
            ("{meta.tags: [b, c]}", false),
            ("{meta.graph.rule: 'true'}", true),
            ("{'~meta.type': '^t.+t$'}", true),
            ("{'*meta.tags': b}", true),
            ("{'*meta.type': es}", true),
            ("{'^meta.type': te}", true),
            ("{'$meta.type': te}", false),
            ("{meta: {type: test}}", true),
        ] {
            assert_eq!(find(filter).0, expected, "{filter}");
        }
    }

    #[test]
    fn what_means_nothing_does_not_restrict() {
        let (found, ignored) = find("{kind: x, '~meta.type': '('}");
        assert!(found);
        assert_eq!(ignored, [Ignored::Pattern("(".into()), Ignored::Unprefixed(vec!["kind".into()])]);
    }
}
