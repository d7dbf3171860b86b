//! An entry: what applications are made of.
//!
//! Data only; what an entry of some kind *does* is `kinds` and what runs it. Invariant: `origin` never takes part in
//! comparisons; two entries are equal when a program could not tell them apart.

use std::collections::HashMap;
use std::sync::Arc;

use crate::id::Id;
use crate::problem::{Place, SourceFile, Span};
use crate::value::{Map, Value};

/// `{id, kind, meta, data}`.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its name.
    pub id: Id,
    /// Its kind, as written.
    pub kind: Arc<str>,
    /// Its metadata.
    pub meta: Map,
    /// Its payload.
    pub data: Value,
    /// Where it came from.
    pub origin: Arc<Origin>,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Entry) -> bool {
        self.id == other.id && self.kind == other.kind && self.meta == other.meta && self.data == other.data
    }
}

/// Where an entry and its keys stand.
#[derive(Debug, Default)]
pub struct Origin {
    /// The definition file; none for entries made while running.
    pub file: Option<Arc<SourceFile>>,
    /// The item of `entries`.
    pub span: Option<Span>,
    /// The module it belongs to (`org/name`), if it came from one.
    pub module: Option<Arc<str>>,
    /// Keys and values by their path (`data.source`, `meta.router`, `data.targets.0.path`).
    spans: HashMap<String, (Span, Span)>,
    /// Files that took the place of `file://` values, by path.
    inlined: HashMap<String, Arc<SourceFile>>,
}

impl Origin {
    /// An entry of a file.
    pub fn new(file: Option<Arc<SourceFile>>, span: Option<Span>, module: Option<Arc<str>>) -> Origin {
        Origin { file, span, module, ..Origin::default() }
    }

    /// Remembers where a key and its value stand.
    pub fn remember(&mut self, path: &str, key: Span, value: Span) {
        self.spans.insert(path.to_owned(), (key, value));
    }

    /// Remembers the file that took the place of a value.
    pub fn remember_file(&mut self, path: &str, file: Arc<SourceFile>) {
        self.inlined.insert(path.to_owned(), file);
    }

    /// The entry as a place.
    pub fn place(&self) -> Option<Place> {
        Some(Place { file: Arc::clone(self.file.as_ref()?), span: self.span, label: String::new() })
    }

    /// The value at a path as a place, or the nearest thing around it that has one.
    pub fn value_place(&self, path: &str) -> Option<Place> {
        self.find(path, |spans| spans.1)
    }

    /// The key at a path as a place.
    pub fn key_place(&self, path: &str) -> Option<Place> {
        self.find(path, |spans| spans.0)
    }

    /// The file whose text stands at a path, if it came from a `file://` value.
    pub fn inlined(&self, path: &str) -> Option<&Arc<SourceFile>> {
        self.inlined.get(path)
    }

    fn find(&self, path: &str, pick: impl Fn(&(Span, Span)) -> Span) -> Option<Place> {
        let file = self.file.as_ref()?;
        let mut path = path;
        loop {
            if let Some(spans) = self.spans.get(path) {
                return Some(Place { file: Arc::clone(file), span: Some(pick(spans)), label: String::new() });
            }
            match path.rfind('.') {
                Some(dot) => path = &path[..dot],
                None => return self.place(),
            }
        }
    }
}

impl Entry {
    /// An entry made while running.
    pub fn new(id: Id, kind: &str, meta: Map, data: Value) -> Entry {
        Entry { id, kind: kind.into(), meta, data, origin: Arc::default() }
    }

    /// A field by its dotted path from `meta.` or `data.`.
    pub fn field(&self, path: &str) -> Option<&Value> {
        let (root, rest) = path.split_once('.').unwrap_or((path, ""));
        match (root, rest) {
            ("data", "") => Some(&self.data),
            ("data", rest) => self.data.at(&rest.split('.').collect::<Vec<_>>()),
            ("meta", rest) => {
                // Keys of metadata may hold dots themselves.
                self.meta.get(rest).or_else(|| {
                    let (first, rest) = rest.split_once('.')?;
                    self.meta.get(first)?.at(&rest.split('.').collect::<Vec<_>>())
                })
            }
            _ => None,
        }
    }

    /// A text of the payload.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.data.get(key).and_then(Value::as_text)
    }

    /// A text of the metadata.
    pub fn meta_text(&self, key: &str) -> Option<&str> {
        self.meta.get(key).and_then(Value::as_text)
    }

    /// Writes a field by the path that overrides and requirements use: `meta.x`, `data.x` or bare `x`.
    pub fn write(&mut self, path: &str, value: Value) {
        let (meta, keys) = split_path(path);
        if meta {
            let mut whole = Value::Map(std::mem::take(&mut self.meta));
            whole.set(&keys, value);
            if let Value::Map(map) = whole {
                self.meta = map;
            }
        } else {
            self.data.set(&keys, value);
        }
    }

    /// Reads a field by the path that overrides and requirements use.
    pub fn read(&self, path: &str) -> Option<&Value> {
        match split_path(path) {
            (true, keys) => self.meta.get(*keys.first()?)?.at(&keys[1..]),
            (false, keys) => self.data.at(&keys),
        }
    }
}

/// Whether a path is one of metadata, and its keys.
fn split_path(path: &str) -> (bool, Vec<&str>) {
    let mut keys: Vec<&str> = path.split('.').collect();
    match keys[0] {
        "meta" if keys.len() > 1 => (true, keys.split_off(1)),
        "data" if keys.len() > 1 => (false, keys.split_off(1)),
        _ => (false, keys),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_written_by_path() {
        let mut entry = Entry::new(Id::new("a", "b"), "k", Map::new(), Value::Null);
        entry.write("meta.router", "x".into());
        entry.write("data.addr", ":1".into());
        entry.write("pool.size", Value::Integer(2));
        assert_eq!(entry.meta_text("router"), Some("x"));
        assert_eq!(entry.text("addr"), Some(":1"));
        assert_eq!(entry.field("data.pool.size"), Some(&Value::Integer(2)));
        assert_eq!(entry.read("pool.size"), Some(&Value::Integer(2)));
        assert_eq!(entry.read("meta.router"), Some(&Value::from("x")));
    }

    #[test]
    fn metadata_keys_may_hold_dots() {
        let mut entry = Entry::new(Id::new("a", "b"), "k", Map::new(), Value::Null);
        entry.meta.insert("graph.rule".into(), "true".into());
        assert_eq!(entry.field("meta.graph.rule"), Some(&Value::from("true")));
    }
}
