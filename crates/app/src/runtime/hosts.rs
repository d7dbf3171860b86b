//! Hosts of an application, and where its processes find their code.
//!
//! Answers questions of the runtime from the registry's present state. Invariant: a host takes processes exactly while
//! its service is running.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};

use wippy_runtime::{Entry, HostList, Loaded, Programs, Start, not_found};
use wippy_stdlib::errors::{Details, ErrorValue, Kind};
use wippy_vm::Limits;

use super::app::App;
use super::home::EntryLoader;
use super::unit::Bundle;
use super::world::Console;
use crate::id::Id;

/// What a host does at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It takes processes.
    Open,
    /// It is not running.
    Closed,
    /// It is a terminal, whose process is started by the command line only.
    Terminal,
}

/// Marks the host names of function calls, which programs cannot name.
pub(super) const CALLS: char = '\u{1}';

/// The hosts that exist.
#[derive(Debug, Default, Clone)]
pub struct Hosts {
    known: Arc<RwLock<HashMap<String, Standing>>>,
}

impl Hosts {
    /// Sets what a host does.
    pub fn set(&self, id: &Id, standing: Standing) {
        self.known.write().unwrap_or_else(PoisonError::into_inner).insert(id.to_string(), standing);
    }

    /// Forgets a host.
    pub fn remove(&self, id: &Id) {
        self.known.write().unwrap_or_else(PoisonError::into_inner).remove(id.as_str());
    }
}

impl HostList for Hosts {
    fn resolve(&self, name: Option<&str>) -> Result<Arc<str>, ErrorValue> {
        let name = name.unwrap_or_default();
        if let Some(function) = name.strip_prefix(CALLS) {
            return Ok(function.into());
        }
        let about = |error: ErrorValue| error.with_details(Details::of([("host_id", name.into())]));
        match self.known.read().unwrap_or_else(PoisonError::into_inner).get(name) {
            Some(Standing::Open) => Ok(name.into()),
            Some(Standing::Closed) => {
                Err(about(ErrorValue::new(Kind::UNAVAILABLE, "host is not running").retryable(Some(true))))
            }
            Some(Standing::Terminal) => {
                Err(about(ErrorValue::new(Kind::CONFLICT, "terminal host already runs a process")))
            }
            None => Err(about(ErrorValue::new(Kind::NOT_FOUND, "host not found").retryable(Some(false)))),
        }
    }
}

/// The program of an entry, and the bundle it was made of.
type Made = (Arc<Bundle>, Arc<Entry>);

/// Programs of process entries.
#[derive(Default)]
pub struct Entries {
    app: std::sync::OnceLock<Weak<App>>,
    made: Mutex<HashMap<Id, Made>>,
}

/// Shared between the runtime and the application.
#[derive(Clone, Default)]
pub struct SharedEntries(pub Arc<Entries>);

impl Entries {
    /// Says whose entries they are.
    pub fn belong_to(&self, app: &Arc<App>) {
        let _ = self.app.set(Arc::downgrade(app));
    }
}

/// What the runtime runs for a bundle.
pub fn entry_of(app: &Weak<App>, bundle: &Arc<Bundle>, terminal: Option<Arc<Console>>) -> Arc<Entry> {
    let loader = EntryLoader { app: app.clone(), bundle: Arc::clone(bundle), terminal };
    Arc::new(Entry {
        id: bundle.main.entry.id.as_str().into(),
        program: bundle.main.program.clone(),
        start: Start::Loaded(Loaded(Arc::new(loader))),
        image: Some(Arc::clone(&bundle.image)),
        limits: Limits::default(),
    })
}

impl Programs for SharedEntries {
    fn find(&self, id: &str, _from: &str) -> Result<Arc<Entry>, ErrorValue> {
        let app = self.0.app.get().cloned().unwrap_or_default();
        let bundle = Id::parse(id).zip(app.upgrade()).and_then(|(id, app)| app.bundle(&id));
        let Some(bundle) = bundle.filter(|bundle| &*bundle.main.entry.kind == "process.lua") else {
            return Err(not_found(id));
        };
        let mut made = self.0.made.lock().unwrap_or_else(PoisonError::into_inner);
        let key = &bundle.main.entry.id;
        if let Some((known, entry)) = made.get(key)
            && Arc::ptr_eq(known, &bundle)
        {
            return Ok(Arc::clone(entry));
        }
        let entry = entry_of(&app, &bundle, None);
        made.insert(key.clone(), (Arc::clone(&bundle), Arc::clone(&entry)));
        Ok(entry)
    }
}
