//! What refers to what, and the order that follows from it.
//!
//! Pure. Invariant: the order depends on the entries alone, never on how they came: ties are broken by ID, and a
//! circle is cut at its smallest ID.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::LazyLock;

use crate::entry::Entry;
use crate::id::Id;
use crate::load::placeholder;
use crate::value::Value;

/// THE list of paths that hold references; `*` is one key or every item of a list.
pub const PATHS: &[&str] = &[
    "meta.parent",
    "meta.depends_on",
    "meta.groups",
    "meta.server",
    "meta.router",
    "meta.*_env",
    "data.config",
    "data.groups",
    "data.imports.*",
    "data.*.depends_on",
    "data.lifecycle.requires",
    "data.lifecycle.depends_on",
    "data.lifecycle.security.policies",
    "data.lifecycle.security.groups",
    "data.security.policies",
    "data.func",
    "data.fs",
    "data.env",
    "data.*_env",
    "data.set",
    "data.server",
    "data.middleware",
    "data.post_middleware",
    "data.network",
    "data.tls.*_env",
    "data.process",
    "data.host",
    "data.driver",
    "data.queue",
    "data.dead_letter.queue",
    "data.storage",
    "data.storages",
    "data.store",
    "data.database",
    "data.token_store",
    "data.contracts.*.contract",
    "data.contracts.*.methods.*",
];

static SPLIT: LazyLock<Vec<Vec<&'static str>>> =
    LazyLock::new(|| PATHS.iter().map(|path| path.split('.').collect()).collect());

/// Calls `each` with every text that may be a reference of an entry.
pub fn references(entry: &Entry, each: &mut dyn FnMut(Reference)) {
    for path in SPLIT.iter() {
        let rest = &path[1..];
        let variable = path[path.len() - 1].ends_with("_env");
        // A bare name among imports is a built-in module.
        let imports = path[1] == "imports";
        let mut found = |value: &Value| {
            if !(imports && value.as_text().is_some_and(|text| Id::parse(text).is_none())) {
                leaf(value, entry.id.namespace(), variable, each);
            }
        };
        if path[0] == "meta" {
            // Metadata is a map of its own.
            descend_map(&entry.meta, rest, &mut found);
        } else if let Value::Map(map) = &entry.data {
            descend_map(map, rest, &mut found);
        }
    }
    placeholder::names(&entry.data, &mut |name| each(Reference::Variable(name.to_owned())));
}

/// Something an entry refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// An entry, which need not exist.
    Entry(Id),
    /// A variable, by public name or ID.
    Variable(String),
}

fn descend_map(map: &crate::value::Map, path: &[&str], found: &mut dyn FnMut(&Value)) {
    let Some((key, rest)) = path.split_first() else { return };
    if let Some(suffix) = key.strip_prefix('*') {
        for (_, value) in map.iter().filter(|(name, _)| name.ends_with(suffix) && name.len() > suffix.len()) {
            descend(value, rest, found);
        }
    } else if let Some(value) = map.get(*key) {
        descend(value, rest, found);
    }
}

fn descend(value: &Value, path: &[&str], found: &mut dyn FnMut(&Value)) {
    match (path.split_first(), value) {
        (None, value) => found(value),
        (Some(_), Value::Map(map)) => descend_map(map, path, found),
        (Some((&"*", rest)), Value::List(items)) => items.iter().for_each(|item| descend(item, rest, found)),
        _ => {}
    }
}

fn leaf(value: &Value, namespace: &str, variable: bool, each: &mut dyn FnMut(Reference)) {
    match value {
        Value::List(items) => items.iter().for_each(|item| leaf(item, namespace, variable, each)),
        Value::Text(text) if variable => each(Reference::Variable(text.to_string())),
        other => {
            if let Some(id) = Id::from_value(other, namespace) {
                each(Reference::Entry(id));
            }
        }
    }
}

/// Public names of variables.
pub fn variables<'a>(entries: impl Iterator<Item = &'a Entry>) -> HashMap<String, Id> {
    let variables = entries.filter(|entry| &*entry.kind == "env.variable");
    variables.filter_map(|entry| Some((entry.text("variable")?.to_owned(), entry.id.clone()))).collect()
}

/// The entries that an entry refers to, among those that exist.
pub fn dependencies(
    entry: &Entry,
    exists: &dyn Fn(&Id) -> bool,
    variables: &HashMap<String, Id>,
) -> BTreeSet<Id> {
    let mut found = BTreeSet::new();
    references(entry, &mut |reference| {
        let id = match reference {
            Reference::Entry(id) => Some(id),
            Reference::Variable(name) => {
                variables.get(&name).cloned().or_else(|| Id::resolve(&name, entry.id.namespace()))
            }
        };
        if let Some(id) = id.filter(|id| *id != entry.id && exists(id)) {
            found.insert(id);
        }
    });
    found
}

/// A graph of what needs what.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    needs: BTreeMap<Id, BTreeSet<Id>>,
}

impl Graph {
    /// Of these entries and the references among them.
    pub fn of<'a>(entries: impl Iterator<Item = &'a Entry> + Clone) -> Graph {
        let variables = variables(entries.clone());
        let ids: BTreeSet<&Id> = entries.clone().map(|entry| &entry.id).collect();
        let needs =
            entries.map(|entry| (entry.id.clone(), dependencies(entry, &|id| ids.contains(id), &variables)));
        Graph { needs: needs.collect() }
    }

    /// With one node and what it needs.
    pub fn add(&mut self, id: Id, needs: BTreeSet<Id>) {
        self.needs.insert(id, needs);
    }

    /// Everything in levels: each needs only what stands in levels before. Circles are cut at their smallest ID.
    pub fn levels(&self) -> Vec<Vec<Id>> {
        let mut waiting: HashMap<&Id, usize> = HashMap::new();
        let mut users: HashMap<&Id, Vec<&Id>> = HashMap::new();
        for (id, needs) in &self.needs {
            let needs = needs.iter().filter(|need| self.needs.contains_key(*need));
            let mut count = 0;
            for need in needs {
                users.entry(need).or_default().push(id);
                count += 1;
            }
            waiting.insert(id, count);
        }
        let mut left: BTreeSet<&Id> = self.needs.keys().collect();
        let mut ready: BTreeSet<&Id> = left.iter().copied().filter(|id| waiting[id] == 0).collect();
        let mut levels = Vec::new();
        while !left.is_empty() {
            if ready.is_empty() {
                // A circle: its smallest member goes first.
                ready.extend(self.smallest_in_circle(&left));
            }
            let mut next = BTreeSet::new();
            for id in &ready {
                left.remove(id);
            }
            for id in &ready {
                for user in users.get(*id).into_iter().flatten() {
                    if let Some(count) = waiting.get_mut(*user) {
                        *count = count.saturating_sub(1);
                        if *count == 0 && left.contains(*user) {
                            next.insert(*user);
                        }
                    }
                }
            }
            levels.push(ready.into_iter().cloned().collect());
            ready = next;
        }
        levels
    }

    fn smallest_in_circle<'a>(&'a self, left: &BTreeSet<&'a Id>) -> Option<&'a Id> {
        // Walk along needs from the smallest: the walk must come back to itself somewhere.
        let mut at = *left.first()?;
        let mut seen = Vec::new();
        loop {
            if let Some(start) = seen.iter().position(|id| *id == at) {
                return seen[start..].iter().copied().min();
            }
            seen.push(at);
            match self.needs[at].iter().find_map(|need| left.get(need).copied()) {
                Some(next) => at = next,
                None => return Some(at),
            }
        }
    }

    /// Everything in one order.
    pub fn order(&self) -> Vec<Id> {
        self.levels().concat()
    }

    /// A circle, if there is one: its members in the order they need each other, the smallest first.
    pub fn circle(&self) -> Option<Vec<Id>> {
        let mut done: BTreeSet<&Id> = BTreeSet::new();
        for start in self.needs.keys() {
            // Depth-first without recursion: the path, and for each of its nodes what is still to be looked at.
            let mut path: Vec<(&Id, std::collections::btree_set::Iter<'_, Id>)> = Vec::new();
            let mut on_path: BTreeSet<&Id> = BTreeSet::new();
            if done.contains(start) {
                continue;
            }
            path.push((start, self.needs[start].iter()));
            on_path.insert(start);
            while let Some((id, rest)) = path.last_mut() {
                match rest.next() {
                    Some(next) if on_path.contains(next) => {
                        let from = path.iter().position(|(id, _)| *id == next).unwrap_or(0);
                        let mut circle: Vec<Id> = path[from..].iter().map(|(id, _)| (*id).clone()).collect();
                        let least = (0..circle.len()).min_by_key(|at| &circle[*at]).unwrap_or(0);
                        circle.rotate_left(least);
                        return Some(circle);
                    }
                    Some(next) => {
                        if let Some((key, needs)) =
                            self.needs.get_key_value(next).filter(|(key, _)| !done.contains(*key))
                        {
                            on_path.insert(key);
                            path.push((key, needs.iter()));
                        }
                    }
                    None => {
                        done.insert(id);
                        on_path.remove(*id);
                        path.pop();
                    }
                }
            }
        }
        None
    }

    /// Everything that needs one of `roots`, directly or through others, `roots` left out.
    pub fn dependants(&self, roots: &BTreeSet<Id>) -> BTreeSet<Id> {
        let mut users: HashMap<&Id, Vec<&Id>> = HashMap::new();
        for (id, needs) in &self.needs {
            for need in needs {
                users.entry(need).or_default().push(id);
            }
        }
        let mut found = BTreeSet::new();
        let mut todo: Vec<&Id> = roots.iter().collect();
        while let Some(id) = todo.pop() {
            for user in users.get(id).into_iter().flatten() {
                if !roots.contains(*user) && found.insert((*user).clone()) {
                    todo.push(user);
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::yaml;

    fn entry(id: &str, data: &str) -> Entry {
        let node = yaml::parse(data).unwrap();
        let mut data = node.map_or(Value::Null, |node| node.value());
        let meta = match &mut data {
            Value::Map(map) => map.remove("meta").and_then(|meta| meta.as_map().cloned()).unwrap_or_default(),
            _ => Default::default(),
        };
        let kind = if id.ends_with("var") { "env.variable" } else { "k" };
        Entry::new(Id::parse(id).unwrap(), kind, meta, data)
    }

    fn needs(data: &str) -> Vec<String> {
        let entry = entry("app:x", data);
        let mut found = Vec::new();
        references(&entry, &mut |reference| {
            found.push(match reference {
                Reference::Entry(id) => id.to_string(),
                Reference::Variable(name) => format!("${name}"),
            });
        });
        found
    }

    #[test]
    fn references_are_found_at_the_listed_paths() {
        assert_eq!(needs("imports: {a: lib, b: 'o:lib', c: ':time'}"), ["o:lib"]);
        assert_eq!(needs("lifecycle: {requires: [a, 'o:b']}"), ["app:a", "o:b"]);
        assert_eq!(needs("meta: {router: r, key_env: K}"), ["app:r", "$K"]);
        assert_eq!(needs("contracts: [{contract: c, methods: {m: f}}]"), ["app:c", "app:f"]);
        assert_eq!(needs("addr: 'x${env:A}${B|1}'\npassword_env: P"), ["$P", "$A", "$B"]);
        assert_eq!(needs("tls: {cert_env: C}\nset: {ns: n, name: m}"), ["n:m", "$C"]);
        assert!(needs("other: thing").is_empty());
    }

    #[test]
    fn levels_follow_needs_and_ties_follow_ids() {
        let entries = [
            entry("app:z", "storage: s"),
            entry("app:s", ""),
            entry("app:var", "variable: NAME\nstorage: s"),
            entry("app:a", "addr: ${env:NAME}"),
            entry("app:b", ""),
        ];
        let graph = Graph::of(entries.iter());
        let order: Vec<String> = graph.order().iter().map(ToString::to_string).collect();
        assert_eq!(order, ["app:b", "app:s", "app:var", "app:z", "app:a"]);
        assert_eq!(graph.circle(), None);
        let roots = [Id::new("app", "s")].into_iter().collect();
        let users: Vec<String> = graph.dependants(&roots).iter().map(ToString::to_string).collect();
        assert_eq!(users, ["app:a", "app:var", "app:z"]);
    }

    #[test]
    fn circles_are_found_and_cut() {
        let entries = [
            entry("a:c", "func: 'a:b'"),
            entry("a:b", "func: 'a:d'"),
            entry("a:d", "func: 'a:c'"),
            entry("a:a", "func: 'a:c'"),
        ];
        let graph = Graph::of(entries.iter());
        let circle: Vec<String> = graph.circle().unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(circle, ["a:b", "a:d", "a:c"]);
        assert_eq!(graph.order().len(), 4);
        assert_eq!(graph.order()[0].as_str(), "a:b");
    }

    #[test]
    fn long_chains_do_not_recurse() {
        let mut graph = Graph::default();
        for n in 0..20_000 {
            graph.add(
                Id::new("a", &format!("{n:06}")),
                [Id::new("a", &format!("{:06}", n + 1))].into_iter().collect(),
            );
        }
        assert_eq!(graph.circle(), None);
        assert_eq!(graph.order().len(), 20_000);
    }
}
