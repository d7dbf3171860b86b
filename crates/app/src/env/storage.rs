//! Where variables are kept.
//!
//! Invariant: a storage knows keys and texts only; which key a variable has is its declaration's business.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::file::File;
use crate::entry::Entry;
use crate::id::Id;
use crate::kinds::check::mode;
use crate::value::Value;

/// A storage; copies share what they hold.
#[derive(Debug, Clone)]
pub enum Storage {
    /// The environment of the program.
    Os,
    /// Fixed values.
    Static(Arc<BTreeMap<Arc<str>, Arc<str>>>),
    /// Gone when the program ends.
    Memory(Arc<Mutex<BTreeMap<String, Arc<str>>>>),
    /// A file.
    File(Arc<File>),
    /// Several storages as one.
    Router(Vec<Id>),
}

/// Why a storage did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StorageError {
    /// It cannot be written.
    ReadOnly,
    /// The value cannot be kept.
    Invalid(String),
    /// The operating system is against it.
    Failed(String),
}

impl Storage {
    /// Of an entry, if it is one; `before` is what it was in the version before.
    pub fn of(entry: &Entry, before: Option<&Storage>) -> Option<Storage> {
        Some(match &*entry.kind {
            "env.storage.os" => Storage::Os,
            "env.storage.static" => {
                let values = entry.data.get("values").and_then(Value::as_map);
                let pairs = values
                    .into_iter()
                    .flatten()
                    .filter_map(|(key, value)| Some((Arc::clone(key), value.scalar_text()?)));
                Storage::Static(Arc::new(pairs.collect()))
            }
            "env.storage.memory" => match before {
                Some(Storage::Memory(values)) => Storage::Memory(Arc::clone(values)),
                _ => Storage::Memory(Arc::default()),
            },
            "env.storage.file" => {
                let permissions = |key: &str, default| entry.data.get(key).and_then(mode).unwrap_or(default);
                Storage::File(Arc::new(File::new(
                    PathBuf::from(entry.text("file_path").unwrap_or_default()),
                    entry.data.get("auto_create").and_then(Value::as_boolean).unwrap_or(false),
                    permissions("file_mode", 0o644),
                    permissions("dir_mode", 0o755),
                )))
            }
            "env.storage.router" => {
                let items = match entry.data.get("storages") {
                    Some(Value::List(items)) => items.as_slice(),
                    Some(one) => std::slice::from_ref(one),
                    None => &[],
                };
                Storage::Router(
                    items.iter().filter_map(|item| Id::from_value(item, entry.id.namespace())).collect(),
                )
            }
            _ => return None,
        })
    }

    /// The value of a key. Routers are resolved by the environment.
    ///
    /// # Errors
    /// What the operating system has against reading it.
    pub fn get(&self, key: &str) -> Result<Option<Arc<str>>, StorageError> {
        Ok(match self {
            // A name with these bytes cannot be one, and asking for it would panic.
            Storage::Os if key.is_empty() || key.contains(['=', '\0']) => None,
            Storage::Os => std::env::var_os(key).map(|value| value.to_string_lossy().into()),
            Storage::Static(values) => values.get(key).cloned(),
            Storage::Memory(values) => {
                values.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
            }
            Storage::File(file) => file.get(key)?,
            Storage::Router(_) => None,
        })
    }

    /// Changes the value of a key.
    ///
    /// # Errors
    /// Why not.
    pub fn set(&self, key: &str, value: &str) -> Result<(), StorageError> {
        match self {
            Storage::Os | Storage::Static(_) | Storage::Router(_) => Err(StorageError::ReadOnly),
            Storage::Memory(values) => {
                values.lock().unwrap_or_else(PoisonError::into_inner).insert(key.to_owned(), value.into());
                Ok(())
            }
            Storage::File(file) => file.set(key, value),
        }
    }
}
