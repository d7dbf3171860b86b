//! A map for the few things that most processes have of a kind: a timer, an operation, a process they watch.
//!
//! Up to [`SCANNED`] entries lie in a list as long as needed and are looked at one by one; more get an index. Invariant:
//! entries are in the list or in the index, never in both.

use std::hash::Hash;

use hashbrown::HashMap;

/// Entries that are searched without an index. Chosen.
const SCANNED: usize = 12;

/// See the module.
pub(crate) struct Few<K, V> {
    list: Vec<(K, V)>,
    index: Option<Box<HashMap<K, V>>>,
}

impl<K, V> Default for Few<K, V> {
    fn default() -> Few<K, V> {
        Few { list: Vec::new(), index: None }
    }
}

impl<K: Eq + Hash, V> Few<K, V> {
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty() && self.index.is_none()
    }

    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        match &mut self.index {
            Some(index) => index.get_mut(key),
            None => self.list.iter_mut().find(|entry| entry.0 == *key).map(|entry| &mut entry.1),
        }
    }

    /// Adds an entry in the place of an earlier one with the key.
    pub(crate) fn insert(&mut self, key: K, value: V) {
        if let Some(known) = self.get_mut(&key) {
            *known = value;
            return;
        }
        if let Some(index) = &mut self.index {
            index.insert(key, value);
            return;
        }
        if self.list.len() == self.list.capacity() {
            // Not more than needed: a list of one is what most have.
            self.list.reserve_exact(self.list.len().max(1));
        }
        self.list.push((key, value));
        if self.list.len() > SCANNED {
            self.index = Some(Box::new(std::mem::take(&mut self.list).into_iter().collect()));
        }
    }

    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        if let Some(index) = &mut self.index {
            let removed = index.remove(key);
            if index.is_empty() {
                self.index = None;
            }
            return removed;
        }
        let at = self.list.iter().position(|entry| entry.0 == *key)?;
        Some(self.list.swap_remove(at).1)
    }

    /// Takes all entries out; the keys.
    pub(crate) fn take_keys(&mut self) -> impl Iterator<Item = K> {
        let Few { list, index } = std::mem::take(self);
        list.into_iter().map(|entry| entry.0).chain(index.into_iter().flat_map(|index| index.into_keys()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_behaves_like_a_map_at_every_size() {
        let mut random = wippy_random::Random::new(1);
        let mut next = move || random.bits();
        for range in [2, 10, 200] {
            let (mut few, mut model) = (Few::default(), HashMap::new());
            for step in 0..3000 {
                let key = next() % range;
                if next() % 2 == 0 {
                    few.insert(key, step);
                    model.insert(key, step);
                } else {
                    assert_eq!(few.remove(&key), model.remove(&key));
                }
                let other = next() % range;
                assert_eq!(few.get_mut(&other).copied(), model.get(&other).copied());
                assert_eq!(few.is_empty(), model.is_empty());
            }
            let mut keys: Vec<u64> = few.take_keys().collect();
            let mut expected: Vec<u64> = model.into_keys().collect();
            keys.sort_unstable();
            expected.sort_unstable();
            assert_eq!(keys, expected);
            assert!(few.is_empty());
        }
    }
}
