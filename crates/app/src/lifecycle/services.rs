//! Which entries are services, and which of them need which.
//!
//! Pure. A reference to an entry that is no service is followed through to the services behind it.

use std::collections::{BTreeMap, BTreeSet};

use crate::entry::Entry;
use crate::id::Id;
use crate::kinds::{self, Role};
use crate::registry::Snapshot;
use crate::registry::order;

/// Whether entries of this kind start and stop.
pub fn is_service(entry: &Entry) -> bool {
    kinds::find(&entry.kind)
        .is_some_and(|kind| matches!(kind.role, Role::Host | Role::Terminal | Role::Service | Role::Server))
}

/// Every service and the services it needs.
pub fn needs(snapshot: &Snapshot) -> BTreeMap<Id, BTreeSet<Id>> {
    let variables = order::variables(snapshot.iter().map(|entry| &**entry));
    let direct: BTreeMap<&Id, BTreeSet<Id>> = snapshot
        .iter()
        .map(|entry| (&entry.id, order::dependencies(entry, &|id| snapshot.get(id).is_some(), &variables)))
        .collect();
    let services = snapshot.iter().filter(|entry| is_service(entry));
    services
        .map(|service| {
            let mut found = BTreeSet::new();
            let mut seen: BTreeSet<&Id> = BTreeSet::new();
            let mut todo: Vec<&Id> = direct[&service.id].iter().collect();
            while let Some(id) = todo.pop() {
                if !seen.insert(id) {
                    continue;
                }
                match snapshot.get(id) {
                    Some(entry) if is_service(entry) => {
                        found.insert(id.clone());
                    }
                    Some(_) => todo.extend(direct.get(id).into_iter().flatten()),
                    None => {}
                }
            }
            (service.id.clone(), found)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::yaml;
    use crate::registry::{Registry, state::NoHandler};
    use crate::value::Map;

    #[test]
    fn references_are_followed_through() {
        let entry = |id: &str, kind: &str, data: &str| {
            let data = yaml::parse(data).unwrap().map_or(crate::value::Value::Null, |node| node.value());
            Entry::new(Id::parse(id).unwrap(), kind, Map::new(), data)
        };
        let registry = Registry::new(false);
        let entries = vec![
            entry("a:host", "process.host", ""),
            entry("a:other", "process.host", ""),
            entry("a:p", "process.lua", "source: x\nserver: other"),
            entry("a:s", "process.service", "process: p\nhost: host"),
        ];
        let snapshot = registry.baseline(entries, &mut NoHandler).unwrap();
        let needs = needs(&snapshot);
        let of: Vec<&str> = needs[&Id::new("a", "s")].iter().map(Id::as_str).collect();
        assert_eq!(of, ["a:host", "a:other"]);
        assert_eq!(needs.len(), 3);
    }
}
