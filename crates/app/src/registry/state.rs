//! The registry's state: entries by ID, versions, and transactions.
//!
//! A transaction works on a copy, asks the handler about every operation in dependency order, and swaps the copy in
//! when all were accepted. Invariant: readers hold a [`Snapshot`] and never see half a change; versions only grow.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use super::change::{ChangeError, Operation};
use super::order::{self, Graph};
use crate::entry::Entry;
use crate::id::Id;
use crate::problem::Problem;

/// Entries by ID.
pub type Entries = BTreeMap<Id, Arc<Entry>>;

/// Why an operation was not accepted.
#[derive(Debug, Clone, PartialEq)]
pub enum Rejection {
    /// Something it needs is not there; it may be later in the same transaction.
    NotFound(Box<Problem>),
    /// It cannot be.
    Refused(Vec<Problem>),
}

/// What carries changes out. Called under the writer's lock, one transaction at a time.
pub trait Handler {
    /// An operation of a transaction; `entries` holds what was accepted so far.
    ///
    /// # Errors
    /// Why it is not accepted.
    fn accept(&mut self, operation: &Operation, entries: &Entries) -> Result<(), Rejection>;
    /// All were accepted one by one: the last look at the whole.
    ///
    /// # Errors
    /// Why it cannot be; nothing changes then.
    fn finish(&mut self, entries: &Entries) -> Result<(), Vec<Problem>>;
    /// All were accepted; this is the new state, which nobody has seen yet.
    fn commit(&mut self, snapshot: &Snapshot, operations: &[Operation]);
    /// One was not: everything since the last commit is void.
    fn rollback(&mut self);
}

/// A handler that accepts everything and does nothing.
#[derive(Debug, Default)]
pub struct NoHandler;

impl Handler for NoHandler {
    fn accept(&mut self, _: &Operation, _: &Entries) -> Result<(), Rejection> {
        Ok(())
    }
    fn finish(&mut self, _: &Entries) -> Result<(), Vec<Problem>> {
        Ok(())
    }
    fn commit(&mut self, _: &Snapshot, _: &[Operation]) {}
    fn rollback(&mut self) {}
}

/// The registry at one moment; cheap to copy.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// The version.
    pub version: u64,
    entries: Arc<Entries>,
}

impl Snapshot {
    /// An entry.
    pub fn get(&self, id: &Id) -> Option<&Arc<Entry>> {
        self.entries.get(id)
    }

    /// All entries, by ID.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Entry>> + Clone {
        self.entries.values()
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Entries of a namespace.
    pub fn namespace<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = &'a Arc<Entry>> {
        self.iter().filter(move |entry| entry.id.namespace() == namespace)
    }
}

/// A version and what led to it.
#[derive(Debug, Clone)]
pub struct VersionInfo {
    /// Its number.
    pub id: u64,
    /// The operations from the version before, with what they replaced, so that they can be taken back.
    pub undo: Arc<[Operation]>,
    /// The operations from the version before.
    pub operations: Arc<[Operation]>,
}

/// Entries, versions and history.
#[derive(Debug, Default)]
pub struct Registry {
    current: RwLock<Snapshot>,
    history: RwLock<Vec<VersionInfo>>,
    writer: Mutex<()>,
    keep_history: bool,
}

impl Registry {
    /// Empty, at version 0.
    pub fn new(keep_history: bool) -> Registry {
        Registry { keep_history, ..Registry::default() }
    }

    /// The state of this moment.
    pub fn snapshot(&self) -> Snapshot {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Every version but the baseline, oldest first.
    pub fn versions(&self) -> Vec<VersionInfo> {
        self.history.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Makes entries the baseline, version 0. Fails with every problem, not only the first.
    ///
    /// # Errors
    /// What was rejected; the registry stays empty.
    pub fn baseline(&self, entries: Vec<Entry>, handler: &mut dyn Handler) -> Result<Snapshot, ChangeError> {
        let _writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let operations: Vec<Operation> =
            entries.into_iter().map(|entry| Operation::Create(Arc::new(entry))).collect();
        let base = Entries::new();
        let entries = transact(&base, &operations, handler)?;
        let snapshot = Snapshot { version: 0, entries: Arc::new(entries) };
        handler.commit(&snapshot, &operations);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = snapshot.clone();
        Ok(snapshot)
    }

    /// Applies a change set as one transaction.
    ///
    /// # Errors
    /// Why nothing changed.
    pub fn apply(
        &self,
        operations: &[Operation],
        handler: &mut dyn Handler,
    ) -> Result<Snapshot, ChangeError> {
        let _writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if operations.is_empty() {
            return Err(ChangeError::Empty);
        }
        let before = self.snapshot();
        let undo = validate(&before, operations)?;
        let entries = transact(&before.entries, operations, handler)?;
        let snapshot = Snapshot { version: before.version + 1, entries: Arc::new(entries) };
        handler.commit(&snapshot, operations);
        if self.keep_history {
            let info = VersionInfo { id: snapshot.version, undo: undo.into(), operations: operations.into() };
            self.history.write().unwrap_or_else(PoisonError::into_inner).push(info);
        }
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = snapshot.clone();
        Ok(snapshot)
    }

    /// The state at an earlier version, if history holds it.
    pub fn snapshot_at(&self, version: u64) -> Option<Snapshot> {
        let current = self.snapshot();
        let history = self.versions();
        if version > current.version || (version < current.version && history.len() as u64 != current.version)
        {
            return None;
        }
        let mut entries = (*current.entries).clone();
        for info in history.iter().rev().take_while(|info| info.id > version) {
            info.undo.iter().for_each(|operation| carry_out(&mut entries, operation));
        }
        Some(Snapshot { version, entries: Arc::new(entries) })
    }
}

fn carry_out(entries: &mut Entries, operation: &Operation) {
    match operation {
        Operation::Create(entry) | Operation::Update(entry) => {
            entries.insert(entry.id.clone(), Arc::clone(entry));
        }
        Operation::Delete(id) => {
            entries.remove(id);
        }
    }
}

/// The operations that lead from one state to another.
pub fn delta(from: &Snapshot, to: &Snapshot) -> Vec<Operation> {
    let mut operations = Vec::new();
    for entry in to.iter() {
        match from.get(&entry.id) {
            None => operations.push(Operation::Create(Arc::clone(entry))),
            Some(old) if old != entry => operations.push(Operation::Update(Arc::clone(entry))),
            Some(_) => {}
        }
    }
    operations.extend(
        from.iter()
            .filter(|entry| to.get(&entry.id).is_none())
            .map(|entry| Operation::Delete(entry.id.clone())),
    );
    operations
}

/// Checks existence along the operations and says what would take them back, last first.
fn validate(before: &Snapshot, operations: &[Operation]) -> Result<Vec<Operation>, ChangeError> {
    let mut changed: BTreeMap<&Id, Option<Arc<Entry>>> = BTreeMap::new();
    let mut undo = Vec::new();
    for operation in operations {
        let id = operation.id();
        let old = changed.get(id).cloned().unwrap_or_else(|| before.get(id).cloned());
        match (operation, old) {
            (Operation::Create(_), Some(_)) => return Err(ChangeError::Exists(id.clone())),
            (Operation::Create(entry), None) => {
                undo.push(Operation::Delete(id.clone()));
                changed.insert(id, Some(Arc::clone(entry)));
            }
            (_, None) => return Err(ChangeError::Missing(id.clone())),
            (Operation::Update(entry), Some(old)) => {
                undo.push(Operation::Update(old));
                changed.insert(id, Some(Arc::clone(entry)));
            }
            (Operation::Delete(_), Some(old)) => {
                undo.push(Operation::Create(old));
                changed.insert(id, None);
            }
        }
    }
    undo.reverse();
    Ok(undo)
}

/// The order of a transaction: creates and updates by their dependencies, then deletes in reverse of theirs.
/// When an ID occurs twice, the operations are taken as they came.
fn arrange(before: &Entries, operations: &[Operation]) -> Vec<Operation> {
    let mut seen = BTreeSet::new();
    if !operations.iter().all(|operation| seen.insert(operation.id())) {
        return operations.to_vec();
    }
    let mut writes: BTreeMap<&Id, &Operation> = BTreeMap::new();
    let mut deletes: Vec<&Entry> = Vec::new();
    for operation in operations {
        match operation {
            Operation::Delete(id) => deletes.extend(before.get(id).map(|entry| &**entry)),
            other => {
                writes.insert(other.id(), other);
            }
        }
    }
    let written = writes.values().filter_map(|operation| match operation {
        Operation::Create(entry) | Operation::Update(entry) => Some(&**entry),
        Operation::Delete(_) => None,
    });
    let mut arranged: Vec<Operation> =
        Graph::of(written).order().iter().map(|id| writes[id].clone()).collect();
    let order = Graph::of(deletes.iter().copied()).order();
    arranged.extend(order.into_iter().rev().map(Operation::Delete));
    arranged
}

/// One transaction: every operation accepted, or none.
fn transact(
    before: &Entries,
    operations: &[Operation],
    handler: &mut dyn Handler,
) -> Result<Entries, ChangeError> {
    let mut entries = before.clone();
    let mut todo = arrange(before, operations);
    let mut faults: Vec<Problem> = Vec::new();
    loop {
        let mut deferred = Vec::new();
        let mut missing = Vec::new();
        let count = todo.len();
        for operation in todo {
            let id = operation.id().clone();
            let old = entries.get(&id).cloned();
            carry_out(&mut entries, &operation);
            match handler.accept(&operation, &entries) {
                Ok(()) => {}
                Err(rejection) => {
                    match old {
                        Some(old) => entries.insert(id, old),
                        None => entries.remove(&id),
                    };
                    match rejection {
                        Rejection::NotFound(problem) => {
                            missing.push(*problem);
                            deferred.push(operation);
                        }
                        Rejection::Refused(problems) => faults.extend(problems),
                    }
                }
            }
        }
        if deferred.is_empty() || deferred.len() == count || !faults.is_empty() {
            faults.extend(missing);
            break;
        }
        todo = deferred;
    }
    if faults.is_empty() {
        match handler.finish(&entries) {
            Ok(()) => return Ok(entries),
            Err(problems) => faults = problems,
        }
    }
    handler.rollback();
    Err(ChangeError::Rejected(faults))
}

/// References of an entry to entries that are not there, by the listed paths; names of modules are left out by the caller.
pub fn missing_references(entry: &Entry, entries: &Entries) -> Vec<Id> {
    let mut missing = Vec::new();
    order::references(entry, &mut |reference| {
        if let order::Reference::Entry(id) = reference
            && !entries.contains_key(&id)
        {
            missing.push(id);
        }
    });
    missing
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Code;
    use crate::value::{Map, Value};

    fn entry(id: &str, func: Option<&str>) -> Entry {
        let mut data = Value::Map(Map::new());
        if let Some(func) = func {
            data.set(&["func"], func.into());
        }
        Entry::new(Id::parse(id).unwrap(), "k", Map::new(), data)
    }

    fn create(id: &str, func: Option<&str>) -> Operation {
        Operation::Create(Arc::new(entry(id, func)))
    }

    /// Accepts an entry when the `late` entry it names is there; refuses names that begin with `bad`.
    #[derive(Default)]
    struct Strict {
        accepted: Vec<String>,
        rolled_back: bool,
    }

    impl Handler for Strict {
        fn accept(&mut self, operation: &Operation, entries: &Entries) -> Result<(), Rejection> {
            let id = operation.id();
            if id.name().starts_with("bad") {
                return Err(Rejection::Refused(vec![Problem::error(Code::Source, format!("{id} is bad"))]));
            }
            let late = entries.get(id).and_then(|entry| entry.text("late")).and_then(Id::parse);
            if late.is_some_and(|late| !entries.contains_key(&late)) {
                return Err(Rejection::NotFound(Box::new(Problem::error(
                    Code::MissingReference,
                    format!("{id} waits"),
                ))));
            }
            self.accepted.push(format!("{} {id}", operation.kind()));
            Ok(())
        }
        fn finish(&mut self, _: &Entries) -> Result<(), Vec<Problem>> {
            Ok(())
        }
        fn commit(&mut self, _: &Snapshot, _: &[Operation]) {}
        fn rollback(&mut self) {
            self.rolled_back = true;
        }
    }

    #[test]
    fn dependencies_first_and_deletes_in_reverse() {
        let registry = Registry::new(true);
        let mut handler = Strict::default();
        registry.baseline(vec![entry("a:a", Some("a:z")), entry("a:z", None)], &mut handler).unwrap();
        assert_eq!(handler.accepted, ["entry.create a:z", "entry.create a:a"]);
        let mut handler = Strict::default();
        let deletes = [Operation::Delete(Id::new("a", "z")), Operation::Delete(Id::new("a", "a"))];
        registry.apply(&deletes, &mut handler).unwrap();
        assert_eq!(handler.accepted, ["entry.delete a:a", "entry.delete a:z"]);
        assert_eq!(registry.snapshot().version, 1);
        assert!(registry.snapshot().is_empty());
        assert_eq!(registry.snapshot_at(0).unwrap().len(), 2);
        assert!(registry.snapshot_at(2).is_none());
    }

    #[test]
    fn what_is_not_found_waits_for_the_rest() {
        let registry = Registry::new(true);
        let mut first = entry("a:a", None);
        first.data.set(&["late"], "a:b".into());
        let mut handler = Strict::default();
        registry.baseline(vec![first.clone(), entry("a:b", None)], &mut handler).unwrap();
        assert_eq!(handler.accepted, ["entry.create a:b", "entry.create a:a"]);
        let registry = Registry::new(true);
        let mut handler = Strict::default();
        let error = registry.baseline(vec![first, entry("a:c", None)], &mut handler).unwrap_err();
        assert!(handler.rolled_back);
        assert_eq!(error.to_string(), "a:a waits");
        assert!(registry.snapshot().is_empty());
    }

    #[test]
    fn all_faults_or_nothing() {
        let registry = Registry::new(true);
        let error = registry
            .apply(
                &[create("a:bad1", None), create("a:ok", None), create("a:bad2", None)],
                &mut Strict::default(),
            )
            .unwrap_err();
        assert_eq!(error.to_string(), "a:bad1 is bad\na:bad2 is bad");
        assert_eq!(registry.snapshot().version, 0);
        assert!(registry.snapshot().is_empty());
    }

    #[test]
    fn existence_is_checked_along_the_way() {
        let registry = Registry::new(true);
        registry.apply(&[create("a:x", None)], &mut NoHandler).unwrap();
        let x = Id::new("a", "x");
        assert_eq!(
            registry.apply(&[create("a:x", None)], &mut NoHandler).unwrap_err(),
            ChangeError::Exists(x.clone())
        );
        assert_eq!(
            registry.apply(&[Operation::Delete(Id::new("a", "y"))], &mut NoHandler).unwrap_err(),
            ChangeError::Missing(Id::new("a", "y"))
        );
        assert_eq!(registry.apply(&[], &mut NoHandler).unwrap_err(), ChangeError::Empty);
        registry.apply(&[Operation::Delete(x.clone()), create("a:x", Some("b:c"))], &mut NoHandler).unwrap();
        assert_eq!(registry.snapshot().get(&x).unwrap().text("func"), Some("b:c"));
        assert_eq!(registry.snapshot_at(1).unwrap().get(&x).unwrap().text("func"), None);
    }

    #[test]
    fn random_changes_can_be_taken_back() {
        let registry = Registry::new(true);
        let mut random = wippy_random::Random::new(1);
        let mut random = |limit| random.below(limit);
        let mut states = vec![registry.snapshot()];
        for round in 0..300 {
            let now = registry.snapshot();
            let mut operations = Vec::new();
            for _ in 0..=random(3) {
                let id = Id::new("a", &format!("e{}", random(12)));
                if operations.iter().any(|operation: &Operation| operation.id() == &id) {
                    continue;
                }
                let new = Arc::new(entry(id.as_str(), Some(&format!("a:e{}", round % 12))));
                operations.push(match (now.get(&id).is_some(), random(2)) {
                    (true, 0) => Operation::Delete(id),
                    (true, _) => Operation::Update(new),
                    _ => Operation::Create(new),
                });
            }
            registry.apply(&operations, &mut NoHandler).unwrap();
            states.push(registry.snapshot());
        }
        for (version, state) in states.iter().enumerate() {
            let back = registry.snapshot_at(version as u64).unwrap();
            assert!(delta(&back, state).is_empty(), "version {version}");
        }
    }
}
