//! Variables: storages that keep them and entries that declare them.
//!
//! Invariant: what no entry declares cannot be reached, whatever the operating system's environment holds.

pub mod file;
pub mod storage;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::entry::Entry;
use crate::id::Id;
use crate::value::Value;

pub use storage::{Storage, StorageError};

/// A declared variable.
#[derive(Debug, Clone)]
pub struct Variable {
    /// The entry.
    pub id: Id,
    /// The public name.
    pub name: Option<Arc<str>>,
    /// Where its value is.
    pub storage: Id,
    /// Its value when the storage has none.
    pub default: Option<Arc<str>>,
    /// Whether programs may not change it.
    pub readonly: bool,
}

/// Why a variable could not be read or written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnvError {
    /// The key is empty.
    Empty,
    /// Not declared, or without a value.
    NotFound,
    /// The variable may not be changed.
    ReadOnly,
    /// The storage may not be changed.
    StorageReadOnly,
    /// The storage failed.
    Storage(String),
    /// The value cannot be kept.
    Invalid(String),
}

impl std::fmt::Display for EnvError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            EnvError::Empty => f.write_str("empty key"),
            EnvError::NotFound => f.write_str("environment variable not found"),
            EnvError::ReadOnly => f.write_str("environment variable is read-only"),
            EnvError::StorageReadOnly => f.write_str("storage is read-only"),
            EnvError::Storage(why) | EnvError::Invalid(why) => f.write_str(why),
        }
    }
}

/// The variables of one version of the registry.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    variables: BTreeMap<Id, Variable>,
    names: HashMap<Arc<str>, Id>,
    storages: BTreeMap<Id, Storage>,
}

impl Environment {
    /// Of a registry; storages that did not change keep what they hold.
    pub fn of<'a>(entries: impl Iterator<Item = &'a Arc<Entry>>, before: &Environment) -> Environment {
        let mut environment = Environment::default();
        for entry in entries {
            if &*entry.kind == "env.variable" {
                environment.declare(entry);
            } else if let Some(storage) = Storage::of(entry, before.storages.get(&entry.id)) {
                environment.storages.insert(entry.id.clone(), storage);
            }
        }
        environment
    }

    fn declare(&mut self, entry: &Entry) {
        let Some(storage) =
            entry.data.get("storage").and_then(|value| Id::from_value(value, entry.id.namespace()))
        else {
            return;
        };
        let name: Option<Arc<str>> = entry.text("variable").map(Arc::from);
        let flag = |key: &str| entry.data.get(key).and_then(Value::as_boolean).unwrap_or(false);
        if let Some(name) = &name {
            self.names.insert(Arc::clone(name), entry.id.clone());
        }
        let default =
            entry.data.get("default").filter(|value| **value != Value::Null).and_then(Value::scalar_text);
        let readonly = flag("readonly") || flag("read_only");
        self.variables
            .insert(entry.id.clone(), Variable { id: entry.id.clone(), name, storage, default, readonly });
    }

    /// The variable that a key means to an entry of `namespace`: public name, ID in its namespace, or full ID.
    pub fn find(&self, key: &str, namespace: &str) -> Option<&Variable> {
        let by_name = self.names.get(key).and_then(|id| self.variables.get(id));
        by_name.or_else(|| self.variables.get(&Id::resolve(key, namespace)?))
    }

    /// The value of a variable.
    ///
    /// # Errors
    /// Why there is none.
    pub fn get(&self, key: &str, namespace: &str) -> Result<Arc<str>, EnvError> {
        if key.is_empty() {
            return Err(EnvError::Empty);
        }
        let variable = self.find(key, namespace).ok_or(EnvError::NotFound)?;
        let stored = self.read(&variable.storage, &storage_key(variable), 0)?.filter(|text| !text.is_empty());
        stored.or_else(|| variable.default.clone().filter(|text| !text.is_empty())).ok_or(EnvError::NotFound)
    }

    /// Changes a variable.
    ///
    /// # Errors
    /// Why not.
    pub fn set(&self, key: &str, value: &str, namespace: &str) -> Result<(), EnvError> {
        if key.is_empty() {
            return Err(EnvError::Empty);
        }
        let variable = self.find(key, namespace).ok_or(EnvError::NotFound)?;
        if variable.readonly {
            return Err(EnvError::ReadOnly);
        }
        self.write(&variable.storage, &storage_key(variable), value, 0)
    }

    /// Every declared variable that has a value, by public name or ID.
    pub fn all(&self) -> BTreeMap<Arc<str>, Arc<str>> {
        let variables = self.variables.values();
        variables
            .filter_map(|variable| {
                let name = variable.name.clone().unwrap_or_else(|| variable.id.text());
                Some((name, self.get(variable.id.as_str(), "").ok()?))
            })
            .collect()
    }

    /// Whether reading or writing a variable may have to wait for a disk.
    pub fn waits(&self, key: &str, namespace: &str) -> bool {
        let slow = |id: &Id| matches!(self.storages.get(id), Some(Storage::File(_) | Storage::Router(_)));
        self.find(key, namespace).is_some_and(|variable| slow(&variable.storage))
    }

    fn read(&self, storage: &Id, key: &str, depth: usize) -> Result<Option<Arc<str>>, EnvError> {
        match self.storages.get(storage) {
            None => Err(EnvError::Storage(format!("storage {storage} not found"))),
            Some(Storage::Router(_)) if depth > 16 => {
                Err(EnvError::Storage(format!("storage {storage} leads to itself")))
            }
            Some(Storage::Router(list)) => {
                for inner in list {
                    if let Some(found) = self.read(inner, key, depth + 1)?.filter(|text| !text.is_empty()) {
                        return Ok(Some(found));
                    }
                }
                Ok(None)
            }
            Some(storage) => storage.get(key).map_err(EnvError::from),
        }
    }

    fn write(&self, storage: &Id, key: &str, value: &str, depth: usize) -> Result<(), EnvError> {
        match self.storages.get(storage) {
            None => Err(EnvError::Storage(format!("storage {storage} not found"))),
            Some(Storage::Router(_)) if depth > 16 => {
                Err(EnvError::Storage(format!("storage {storage} leads to itself")))
            }
            Some(Storage::Router(list)) => match list.first() {
                Some(first) => self.write(first, key, value, depth + 1),
                None => Err(EnvError::StorageReadOnly),
            },
            Some(storage) => storage.set(key, value).map_err(EnvError::from),
        }
    }
}

impl From<StorageError> for EnvError {
    fn from(error: StorageError) -> EnvError {
        match error {
            StorageError::ReadOnly => EnvError::StorageReadOnly,
            StorageError::Invalid(why) => EnvError::Invalid(why),
            StorageError::Failed(why) => EnvError::Storage(why),
        }
    }
}

fn storage_key(variable: &Variable) -> Arc<str> {
    variable.name.clone().unwrap_or_else(|| variable.id.text())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::yaml;
    use crate::registry::{Registry, state::NoHandler};
    use crate::value::Map;

    fn environment(text: &str) -> Environment {
        let document = yaml::parse(text).unwrap().unwrap().value();
        let entries = document.as_map().unwrap().iter().map(|(id, data)| {
            let kind = data.get("kind").and_then(Value::as_text).unwrap().to_owned();
            Entry::new(Id::parse(id).unwrap(), &kind, Map::new(), data.clone())
        });
        let registry = Registry::new(false);
        Environment::of(
            registry.baseline(entries.collect(), &mut NoHandler).unwrap().iter(),
            &Environment::default(),
        )
    }

    const TEXT: &str = "a:mem: {kind: env.storage.memory}\na:fixed: {kind: env.storage.static, values: {LEVEL: 3, EMPTY: ''}}\n\
        a:both: {kind: env.storage.router, storages: [mem, fixed]}\na:level: {kind: env.variable, storage: both, variable: LEVEL}\n\
        a:empty: {kind: env.variable, storage: fixed, variable: EMPTY, default: 1.5}\na:own: {kind: env.variable, storage: mem, default: x, readonly: true}\n\
        a:void: {kind: env.variable, storage: mem, variable: VOID}\na:fix: {kind: env.variable, storage: fixed, variable: FIX}\n";

    #[test]
    fn reading_and_writing() {
        let env = environment(TEXT);
        assert_eq!(env.get("LEVEL", "b").as_deref(), Ok("3"));
        env.set("LEVEL", "9", "b").unwrap();
        assert_eq!(env.get("level", "a").as_deref(), Ok("9"));
        assert_eq!(env.get("EMPTY", "").as_deref(), Ok("1.5"));
        assert_eq!(env.get("own", "a").as_deref(), Ok("x"));
        assert_eq!(env.get("own", "b"), Err(EnvError::NotFound));
        assert_eq!(env.get("a:own", "b").as_deref(), Ok("x"));
        assert_eq!(env.get("VOID", ""), Err(EnvError::NotFound));
        assert_eq!(env.get("PATH", ""), Err(EnvError::NotFound));
        assert_eq!(env.get("", ""), Err(EnvError::Empty));
        assert_eq!(env.set("own", "y", "a"), Err(EnvError::ReadOnly));
        assert_eq!(env.set("FIX", "y", "a"), Err(EnvError::StorageReadOnly));
        assert_eq!(env.all().keys().map(|name| &**name).collect::<Vec<_>>(), ["EMPTY", "LEVEL", "a:own"]);
    }
}
