//! Overrides: values of entries replaced from outside, by `-o` and the section `override`.
//!
//! Invariant: applied twice, before and after linking, with the same result, so that an explicit value beats a linked one.

use std::collections::HashMap;

use crate::entry::Entry;
use crate::id::Id;
use crate::load::config::coerce;
use crate::problem::{Code, Problem, Problems};
use crate::value::{Map, Value};
use wippy_parser::nearest::nearest;

/// One value to replace.
#[derive(Debug, Clone, PartialEq)]
pub struct Override {
    /// The entry.
    pub id: Id,
    /// `kind`, `meta.x`, `data.x` or `x`.
    pub path: String,
    /// The new value.
    pub value: Value,
}

impl Override {
    /// From the text of `-o`: `namespace:entry:field=value`, split at the first `=`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Override, String> {
        let wrong = || format!("\"{text}\" is not of the form namespace:entry:field=value");
        let (key, value) = text.split_once('=').ok_or_else(wrong)?;
        Override::from_key(key, coerce(value)).ok_or_else(wrong)
    }

    fn from_key(key: &str, value: Value) -> Option<Override> {
        let mut parts = key.splitn(3, ':');
        let (namespace, name, path) = (parts.next()?, parts.next()?, parts.next()?);
        let fine = !namespace.is_empty() && !name.is_empty() && path.split('.').all(|key| !key.is_empty());
        fine.then(|| Override { id: Id::new(namespace, name), path: path.to_owned(), value })
    }

    /// From the section `override`; an entry's own map of fields is accepted as well.
    pub fn section(section: &Map, problems: &mut Problems) -> Vec<Override> {
        let mut found = Vec::new();
        for (key, value) in section {
            match (Override::from_key(key, value.clone()), Id::parse(key), value) {
                (Some(one), _, _) => found.push(one),
                (None, Some(id), Value::Map(fields)) => found.extend(fields.iter().map(|(path, value)| {
                    Override { id: id.clone(), path: path.to_string(), value: value.clone() }
                })),
                _ => problems.push(Problem::error(
                    Code::Override,
                    format!("override \"{key}\" is not of the form namespace:entry:field"),
                )),
            }
        }
        found
    }
}

/// Replaces the values; one that names no entry is a problem, reported only when `report` is set.
pub fn apply(overrides: &[Override], entries: &mut [Entry], report: bool, problems: &mut Problems) {
    if overrides.is_empty() {
        return;
    }
    let mut positions: HashMap<Id, Vec<usize>> = HashMap::new();
    for (at, entry) in entries.iter().enumerate() {
        positions.entry(entry.id.clone()).or_default().push(at);
    }
    for one in overrides {
        let Some(found) = positions.get(&one.id) else {
            if report {
                let near = nearest(one.id.as_str(), positions.keys().map(Id::as_str));
                problems.push(
                    Problem::error(Code::Override, format!("override of {}: there is no such entry", one.id))
                        .suggest(near),
                );
            }
            continue;
        };
        for &at in found {
            if one.path != "kind" {
                entries[at].write(&one.path, one.value.clone());
                continue;
            }
            match one.value.as_text().filter(|kind| !kind.is_empty()) {
                Some(kind) => entries[at].kind = kind.into(),
                None if report => problems.push(Problem::error(
                    Code::Override,
                    format!("override of {}: the kind must be a string that is not empty", one.id),
                )),
                None => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_a_flag() {
        let one = Override::parse("app:gateway:addr=:9090").unwrap();
        assert_eq!(
            (one.id.as_str(), one.path.as_str(), one.value),
            ("app:gateway", "addr", Value::from(":9090"))
        );
        assert_eq!(Override::parse("a:b:c=1").unwrap().value, Value::Integer(1));
        assert_eq!(Override::parse("a:b:c=1.5").unwrap().value, Value::Float(1.5));
        assert_eq!(Override::parse("a:b:c=true").unwrap().value, Value::Boolean(true));
        assert_eq!(Override::parse("a:b:c=x=y").unwrap().value, Value::from("x=y"));
        for bad in ["a:b=1", "a:b:c", ":b:c=1", "a:b:=1", "a:b:c..d=1"] {
            assert!(Override::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn values_are_written_and_absent_entries_reported() {
        let mut entries = vec![Entry::new(Id::new("app", "x"), "k", Map::new(), Value::Null)];
        let list: Vec<Override> =
            ["app:x:kind=http.service", "app:x:meta.a=1", "app:x:pool.size=4", "app:nope:x=1"]
                .iter()
                .map(|t| Override::parse(t).unwrap())
                .collect();
        let mut problems = Problems::new();
        apply(&list, &mut entries, true, &mut problems);
        assert_eq!(&*entries[0].kind, "http.service");
        assert_eq!(entries[0].field("data.pool.size"), Some(&Value::Integer(4)));
        assert_eq!(problems.len(), 1);
        assert!(problems.iter().next().unwrap().message.contains("app:nope"));
    }
}
