//! Hosts of an application, and where its processes find their code.
//!
//! Answers questions of the runtime from the registry's present state. Invariant: a host takes processes exactly while
//! its service is running.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock, Weak};

use wippy_runtime::{Entry, HostList, Loaded, Programs, Start, not_found};
use wippy_stdlib::errors::{Details, ErrorValue, Kind};
use wippy_vm::Limits;

use super::app::App;
use super::home::EntryLoader;
use super::unit::Bundle;
use super::world::Console;
use crate::id::Id;
use crate::value::Value;

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

/// Worker threads for the hosts of an application, which share them: as many as the host that wants most of them, where
/// one that does not say wants one per CPU. Also what is to be said about hosts that get another number than theirs.
pub fn workers<'a>(entries: impl Iterator<Item = &'a crate::entry::Entry>) -> (usize, Vec<String>) {
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    let wanted: Vec<(&Id, Option<usize>)> = entries
        .filter(|entry| &*entry.kind == "process.host")
        .map(|entry| {
            let count = entry.data.at(&["host", "workers"]).and_then(Value::as_integer);
            (&entry.id, count.and_then(|count| usize::try_from(count).ok()).filter(|count| *count > 0))
        })
        .collect();
    let count = wanted.iter().map(|(_, count)| count.unwrap_or(cpus)).max().unwrap_or(cpus);
    let others = wanted.iter().filter_map(|(id, own)| {
        let own = own.filter(|own| *own != count)?;
        Some(format!("host.workers of {id} is {own}, but hosts share their threads, and there are {count}"))
    });
    (count, others.collect())
}

/// Programs of process entries, shared between the runtime and the application.
#[derive(Clone, Default)]
pub struct Entries(Arc<OnceLock<Weak<App>>>);

impl Entries {
    /// Says whose entries they are.
    pub fn belong_to(&self, app: &Arc<App>) {
        let _ = self.0.set(Arc::downgrade(app));
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

impl Programs for Entries {
    fn find(&self, id: &str, _from: &str) -> Result<Arc<Entry>, ErrorValue> {
        let app = self.0.get().and_then(Weak::upgrade);
        let found = app.and_then(|app| {
            let code = app.code();
            let edition = code.edition(id).filter(|edition| edition.is_process())?;
            Some(Arc::clone(edition.entry(&app)))
        });
        found.ok_or_else(|| not_found(id))
    }
}
