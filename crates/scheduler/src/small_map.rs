//! A map from numbers to a byte that costs nothing when it is small and does not get slow when it is large.
//!
//! Up to [`SCANNED`] entries are searched one by one; more get an index. Invariant: the order of iteration depends
//! on the operations only, never on a hash seed, so that a run can be repeated.

use std::hash::BuildHasherDefault;

use hashbrown::HashMap;
use smallvec::SmallVec;

/// Entries that are searched without an index: two cache lines of keys, chosen.
const SCANNED: usize = 16;

/// Numbers given out by a scheduler are no attack: spreading them is enough.
#[derive(Default)]
pub(crate) struct Spread(u64);

impl std::hash::Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        let mixed = (self.0 ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ mixed >> 32;
    }
}

type Index = HashMap<u64, u32, BuildHasherDefault<Spread>>;

/// See the module documentation.
#[derive(Default)]
pub(crate) struct SmallMap {
    entries: SmallVec<[(u64, u8); 1]>,
    /// Boxed: null in nearly every map, 8 bytes instead of 32.
    index: Option<Box<Index>>,
}

impl SmallMap {
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, u8)> {
        self.entries.iter().copied()
    }

    pub(crate) fn get(&self, key: u64) -> Option<u8> {
        self.place(key).map(|at| self.entries[at].1)
    }

    /// Sets the value of a key; 0 removes it. Answers with the value before, 0 for none.
    pub(crate) fn set(&mut self, key: u64, value: u8) -> u8 {
        match (self.place(key), value) {
            (None, 0) => 0,
            (None, _) => {
                self.insert(key, value);
                0
            }
            (Some(at), 0) => self.remove_at(at),
            (Some(at), _) => std::mem::replace(&mut self.entries[at].1, value),
        }
    }

    fn place(&self, key: u64) -> Option<usize> {
        match &self.index {
            Some(index) => index.get(&key).map(|&at| at as usize),
            None => self.entries.iter().position(|entry| entry.0 == key),
        }
    }

    fn insert(&mut self, key: u64, value: u8) {
        let at = self.entries.len();
        self.entries.push((key, value));
        match &mut self.index {
            Some(index) => {
                index.insert(key, at as u32);
            }
            None if at >= SCANNED => {
                let numbered = self.entries.iter().enumerate().map(|(at, entry)| (entry.0, at as u32));
                self.index = Some(Box::new(numbered.collect()));
            }
            None => {}
        }
    }

    fn remove_at(&mut self, at: usize) -> u8 {
        let (key, value) = self.entries.swap_remove(at);
        if let Some(index) = &mut self.index {
            index.remove(&key);
            if let Some(moved) = self.entries.get(at) {
                index.insert(moved.0, at as u32);
            }
            if self.entries.len() < SCANNED / 2 {
                self.index = None;
            }
        }
        if self.entries.spilled() && self.entries.capacity() > 4 * self.entries.len().max(4) {
            self.entries.shrink_to_fit();
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn it_behaves_like_a_map_at_every_size() {
        let mut random = wippy_random::Random::new(1);
        let mut next = move || random.bits();
        for range in [3, 20, 60, 1000] {
            let (mut map, mut model) = (SmallMap::default(), BTreeMap::new());
            for _ in 0..4000 {
                let (key, value) = (next() % range, (next() % 3) as u8);
                let before = model.get(&key).copied().unwrap_or(0);
                if value == 0 {
                    model.remove(&key)
                } else {
                    model.insert(key, value)
                };
                assert_eq!(map.set(key, value), before);
                assert_eq!(map.get(key).unwrap_or(0), value);
                assert_eq!((map.iter().count(), map.is_empty()), (model.len(), model.is_empty()));
            }
            let mut seen: Vec<_> = map.iter().collect();
            seen.sort_unstable();
            assert_eq!(seen, model.into_iter().collect::<Vec<_>>());
        }
    }
}
