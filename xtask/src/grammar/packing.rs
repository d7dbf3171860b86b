//! Sparse tables laid over one another: each row has a base, and its entry for a column stands at base plus column.
//!
//! Nothing about grammars here. Invariant: rows with different entries have different bases, so an entry belongs to the
//! row that asks if the column noted beside it is the one that is asked for.

use std::collections::{BTreeMap, BTreeSet};

/// A table of rows over one another.
pub(super) struct Packed<T> {
    /// For each row where it begins.
    pub(super) bases: Vec<usize>,
    /// The entries; nothing where no row has one.
    pub(super) entries: Vec<Option<(usize, T)>>,
}

/// Packs rows of entries by column. `columns` is the number of columns that may be asked for.
pub(super) fn pack<T: Copy + Ord>(rows: &[Vec<(usize, T)>], columns: usize) -> Packed<T> {
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_key(|&row| std::cmp::Reverse(rows[row].len()));
    let mut packed = Packed { bases: vec![0; rows.len()], entries: Vec::new() };
    let mut placed: BTreeMap<&[(usize, T)], usize> = BTreeMap::new();
    let mut taken = BTreeSet::new();
    for row in order {
        let entries = &rows[row][..];
        if entries.is_empty() {
            continue;
        }
        let base = *placed.entry(entries).or_insert_with(|| {
            let fits = |base: usize| {
                !taken.contains(&base)
                    && entries.iter().all(|&(column, _)| {
                        packed.entries.get(base + column).is_none_or(|entry| entry.is_none())
                    })
            };
            let base = (0..).find(|&base| fits(base)).unwrap_or(0);
            taken.insert(base);
            for &(column, entry) in entries {
                let at = base + column;
                if packed.entries.len() <= at {
                    packed.entries.resize(at + 1, None);
                }
                packed.entries[at] = Some((column, entry));
            }
            base
        });
        packed.bases[row] = base;
    }
    // Empty rows begin behind all others, and every question stays inside.
    let end = packed.entries.len();
    for (base, row) in packed.bases.iter_mut().zip(rows) {
        if row.is_empty() {
            *base = end;
        }
    }
    packed.entries.resize(end + columns, None);
    packed
}
