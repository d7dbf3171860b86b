//! Entries left out: the section `disable`, and a module's own `exclude` and `exclude_meta`.
//!
//! Invariant: what is left out is gone before linking, so nothing can refer to it by accident.

use crate::entry::Entry;
use crate::pattern::Segments;
use crate::problem::{Code, Problem, Problems};
use crate::value::{Map, Value};

/// What is left out.
#[derive(Debug, Clone, Default)]
pub struct Disable {
    namespaces: Vec<Segments>,
    entries: Vec<Segments>,
    meta: Vec<(String, Vec<Value>)>,
}

fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::List(items)) => {
            items.iter().filter_map(|item| item.scalar_text().map(|text| text.to_string())).collect()
        }
        Some(Value::Text(text)) => vec![text.to_string()],
        _ => Vec::new(),
    }
}

fn patterns(texts: Vec<String>, problems: &mut Problems) -> Vec<Segments> {
    let mut found = Vec::new();
    for text in texts {
        match Segments::parse(&text) {
            Ok(pattern) => found.push(pattern),
            Err(why) => problems.push(Problem::error(Code::Configuration, why)),
        }
    }
    found
}

fn meta(value: Option<&Value>) -> Vec<(String, Vec<Value>)> {
    let map = value.and_then(Value::as_map);
    map.into_iter()
        .flatten()
        .map(|(key, value)| {
            let values = match value {
                Value::List(items) => items.clone(),
                other => vec![other.clone()],
            };
            (key.to_string(), values)
        })
        .collect()
}

impl Disable {
    /// From the section `disable`.
    pub fn section(section: &Map, problems: &mut Problems) -> Disable {
        Disable {
            namespaces: patterns(texts(section.get("namespaces")), problems),
            entries: patterns(texts(section.get("entries")), problems),
            meta: meta(section.get("meta")),
        }
    }

    /// From a module's `wippy.yaml`: `exclude` patterns with a colon name entries, the others files.
    pub fn manifest(manifest: &Map, problems: &mut Problems) -> Disable {
        let names = texts(manifest.get("exclude")).into_iter().filter(|text| text.contains(':')).collect();
        Disable {
            namespaces: Vec::new(),
            entries: patterns(names, problems),
            meta: meta(manifest.get("exclude_meta")),
        }
    }

    /// Whether an entry is left out.
    pub fn hits(&self, entry: &Entry) -> bool {
        self.namespaces.iter().any(|pattern| pattern.matches(entry.id.namespace()))
            || self.entries.iter().any(|pattern| pattern.matches(entry.id.as_str()))
            || self.meta.iter().any(|(key, values)| {
                entry.meta.get(&**key).is_some_and(|found| match found {
                    Value::List(items) => {
                        items.iter().any(|item| values.iter().any(|value| value.same(item)))
                    }
                    scalar => values.iter().any(|value| value.same(scalar)),
                })
            })
    }

    /// Leaves entries out.
    pub fn apply(&self, entries: &mut Vec<Entry>) {
        entries.retain(|entry| !self.hits(entry));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Id;
    use crate::load::yaml;

    #[test]
    fn by_namespace_name_and_metadata() {
        let section =
            yaml::parse("namespaces: [app.dev.*]\nentries: ['app:(a|b)']\nmeta: {tier: [slow, 3]}\n")
                .unwrap()
                .unwrap()
                .value();
        let mut problems = Problems::new();
        let disable = Disable::section(section.as_map().unwrap(), &mut problems);
        let entry = |id: &str, tier: Value| {
            let meta = [("tier".into(), tier)].into_iter().collect();
            Entry::new(Id::parse(id).unwrap(), "k", meta, Value::Null)
        };
        assert!(disable.hits(&entry("app.dev.x:y", Value::Null)));
        assert!(disable.hits(&entry("app:b", Value::Null)));
        assert!(!disable.hits(&entry("app:c", Value::Null)));
        assert!(disable.hits(&entry("app:c", Value::Integer(3))));
        assert!(disable.hits(&entry("app:c", Value::List(vec!["x".into(), "slow".into()]))));
    }
}
