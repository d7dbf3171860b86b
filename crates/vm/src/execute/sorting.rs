//! `ItemSort`: the items of a plain array in ascending order, in place, a piece of the work at a time.
//!
//! Only for arrays of integers, of floats without NaN, or of short strings: anything else is for a sort that asks.
//! Quicksort down to leaves that are sorted at once; pivots are medians of samples at random places, so no arrangement
//! of the items is slow. Invariant: the program may run between two pieces, so each piece looks anew at the table, and
//! a string is touched only after a look at its tag.

use std::cmp::Ordering;

use wippy_random::Random;

use crate::heap::handle::Table;
use crate::heap::object;
use crate::heap::slot::{Slot, tag};
use crate::heap::string;

use super::context::Context;

/// Items of a leaf (chosen: half a millisecond's work); comparing strings waits for memory.
const NUMBERS_PER_LEAF: usize = 1 << 15;
const STRINGS_PER_LEAF: usize = 1 << 12;

/// Items looked at, moved or partitioned in one piece (chosen: about as much work).
const PIECE_ITEMS: usize = 1 << 16;

/// Longest string that is compared within a piece, in bytes.
const LONGEST_STRING: usize = 1 << 10;

/// Items that a pivot is the median of.
const SAMPLE: usize = 15;

/// How far a sort came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sorting {
    /// All is in order.
    Done,
    /// There is more to do: charge for the piece, and go on.
    More {
        /// What it cost, in units of fuel.
        fuel: usize,
    },
    /// The items are not, or no longer, of a kind that can be sorted like this; they are all still there.
    Refused,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum ItemKind {
    Integers,
    Floats,
    Strings,
}

impl ItemKind {
    fn of(item: Slot) -> Option<ItemKind> {
        match item.tag {
            tag::INTEGER => Some(ItemKind::Integers),
            tag::FLOAT => Some(ItemKind::Floats),
            tag::STRING => Some(ItemKind::Strings),
            _ => None,
        }
    }

    /// Whether an item is of this kind and has a place in the order.
    ///
    /// # Safety
    /// The item is valid.
    unsafe fn fits(self, item: Slot) -> bool {
        match self {
            ItemKind::Integers => item.tag == tag::INTEGER,
            ItemKind::Floats => item.tag == tag::FLOAT && !item.as_float().is_nan(),
            // SAFETY: the caller's promise, and the tag.
            ItemKind::Strings => unsafe {
                item.tag == tag::STRING && (*item.as_string()).len as usize <= LONGEST_STRING
            },
        }
    }

    fn leaf(self) -> usize {
        match self {
            ItemKind::Integers | ItemKind::Floats => NUMBERS_PER_LEAF,
            ItemKind::Strings => STRINGS_PER_LEAF,
        }
    }

    /// # Safety
    /// Both items are of this kind.
    #[inline(always)]
    unsafe fn order(self, a: Slot, b: Slot) -> Ordering {
        match self {
            ItemKind::Integers => a.as_integer().cmp(&b.as_integer()),
            ItemKind::Floats => a.as_float().total_cmp(&b.as_float()),
            // SAFETY: the caller's promise.
            ItemKind::Strings => unsafe { string::bytes(a.as_string()).cmp(string::bytes(b.as_string())) },
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// Items before `at` are of one kind; so far they ascend, or descend, if that is still possible.
    Look { at: usize, ascending: bool, descending: bool },
    /// All descend: the first `at` have changed places with the last.
    Reverse { at: usize },
    /// The next range is taken from the list.
    Next,
    /// The pivot is at `low`; `low + 1..middle` are less (with `equal`: or equal), `middle..at` are not.
    Partition { low: usize, high: usize, middle: usize, at: usize, equal: bool },
}

/// A sort under way.
#[derive(Debug)]
pub struct ItemSort {
    count: usize,
    kind: Option<ItemKind>,
    phase: Phase,
    /// Ranges that are still to be sorted.
    waiting: Vec<(usize, usize)>,
    random: Random,
}

impl ItemSort {
    /// A sort of the first `count` items of a table.
    pub fn new(count: usize) -> ItemSort {
        ItemSort {
            count,
            kind: None,
            phase: Phase::Look { at: 0, ascending: true, descending: true },
            waiting: Vec::new(),
            random: Random::new(1),
        }
    }

    /// Does a piece of the work.
    pub fn step<'gc>(&mut self, cx: &mut Context<'gc>, table: Table<'gc>) -> Sorting {
        let t = table.raw();
        // SAFETY: the table is valid by its brand, and nothing else touches it during this call. Moving items counts as
        // storing them, which the collector is told at the end.
        unsafe {
            if self.count > (*t).len as usize || (*t).header.flags & object::TABLE_FROZEN != 0 {
                return Sorting::Refused;
            }
            if self.count == 0 {
                return Sorting::Done;
            }
            let items = std::slice::from_raw_parts_mut((*t).array, self.count);
            let Some(kind) = self.kind.or_else(|| ItemKind::of(items[0])) else { return Sorting::Refused };
            self.kind = Some(kind);
            let sorting = match kind {
                // Each kind has its own copy of the loops.
                ItemKind::Integers => self.piece(items, ItemKind::Integers),
                ItemKind::Floats => self.piece(items, ItemKind::Floats),
                ItemKind::Strings => self.piece(items, ItemKind::Strings),
            };
            cx.st().heap.rearranged(t);
            sorting
        }
    }

    /// # Safety
    /// The items are valid.
    #[inline(always)]
    unsafe fn piece(&mut self, items: &mut [Slot], kind: ItemKind) -> Sorting {
        // SAFETY: the caller's promise; `sort_leaf` and `partition` look at the tags of strings before they compare.
        unsafe {
            match self.phase {
                Phase::Look { at, ascending, descending } => {
                    self.look(items, kind, at, ascending, descending)
                }
                Phase::Reverse { at } => {
                    let half = items.len() / 2;
                    let end = half.min(at + PIECE_ITEMS);
                    for k in at..end {
                        items.swap(k, items.len() - 1 - k);
                    }
                    self.phase = Phase::Reverse { at: end };
                    if end == half { Sorting::Done } else { Sorting::More { fuel: (end - at) / 2 } }
                }
                Phase::Next => match self.waiting.pop() {
                    None => Sorting::Done,
                    Some((low, high)) if high - low <= kind.leaf() => {
                        let leaf = &mut items[low..high];
                        if !sort_leaf(leaf, kind) {
                            return Sorting::Refused;
                        }
                        let each = if kind == ItemKind::Strings { 16 } else { 2 };
                        Sorting::More { fuel: each * leaf.len() }
                    }
                    Some((low, high)) => {
                        let Some(pivot) = self.pivot(items, kind, low, high) else { return Sorting::Refused };
                        items.swap(low, pivot);
                        self.phase =
                            Phase::Partition { low, high, middle: low + 1, at: low + 1, equal: false };
                        Sorting::More { fuel: SAMPLE }
                    }
                },
                Phase::Partition { low, high, middle, at, equal } => {
                    self.partition(items, kind, (low, high), (middle, at), equal)
                }
            }
        }
    }

    /// # Safety
    /// As for [`ItemSort::piece`].
    #[inline(always)]
    unsafe fn look(
        &mut self,
        items: &mut [Slot],
        kind: ItemKind,
        at: usize,
        mut ascending: bool,
        mut descending: bool,
    ) -> Sorting {
        let end = items.len().min(at + PIECE_ITEMS);
        // SAFETY: the caller's promise; what is compared was found to be of the kind, the item before by the piece
        // before, unless the program has changed it since.
        unsafe {
            if at > 0 && !kind.fits(items[at - 1]) {
                return Sorting::Refused;
            }
            for k in at..end {
                if !kind.fits(items[k]) {
                    return Sorting::Refused;
                }
                if k > 0 && (ascending || descending) {
                    let order = kind.order(items[k - 1], items[k]);
                    ascending &= order != Ordering::Greater;
                    descending &= order == Ordering::Greater;
                }
            }
        }
        self.phase = Phase::Look { at: end, ascending, descending };
        if end == items.len() {
            if ascending {
                return Sorting::Done;
            }
            if descending {
                self.phase = Phase::Reverse { at: 0 };
            } else {
                self.waiting.push((0, end));
                self.phase = Phase::Next;
            }
        }
        Sorting::More { fuel: if kind == ItemKind::Strings { end - at } else { (end - at) / 4 } }
    }

    /// The place of an item that is probably near the middle of a range; nothing if the items have changed.
    ///
    /// # Safety
    /// As for [`ItemSort::piece`].
    unsafe fn pivot(&mut self, items: &[Slot], kind: ItemKind, low: usize, high: usize) -> Option<usize> {
        let mut places = [low; SAMPLE];
        for place in &mut places {
            *place = low + self.random.below(high - low);
        }
        // SAFETY: the caller's promise; all are of the kind before they are compared.
        unsafe {
            if !places.iter().all(|&place| kind.fits(items[place])) {
                return None;
            }
            places.sort_unstable_by(|&a, &b| kind.order(items[a], items[b]));
        }
        Some(places[SAMPLE / 2])
    }

    /// Goes on with a partition; without branches that depend on the items.
    ///
    /// # Safety
    /// As for [`ItemSort::piece`].
    #[inline(always)]
    unsafe fn partition(
        &mut self,
        items: &mut [Slot],
        kind: ItemKind,
        (low, high): (usize, usize),
        (mut middle, at): (usize, usize),
        equal: bool,
    ) -> Sorting {
        let end = high.min(at + if kind == ItemKind::Strings { PIECE_ITEMS / 8 } else { PIECE_ITEMS });
        let pivot = items[low];
        // SAFETY: the caller's promise; strings are of the kind before they are compared.
        unsafe {
            if !kind.fits(pivot) {
                return Sorting::Refused;
            }
            for k in at..end {
                let item = items[k];
                if kind == ItemKind::Strings && !kind.fits(item) {
                    return Sorting::Refused;
                }
                let left = match equal {
                    true => kind.order(item, pivot) != Ordering::Greater,
                    false => kind.order(item, pivot) == Ordering::Less,
                };
                items[k] = items[middle];
                items[middle] = item;
                middle += usize::from(left);
            }
        }
        self.phase = Phase::Partition { low, high, middle, at: end, equal };
        if end == high {
            items.swap(low, middle - 1);
            self.phase = Phase::Next;
            if equal {
                // The items up to `middle` equal the pivot, which is the least of all.
                self.waiting.push((middle, high));
            } else if middle == low + 1 {
                // Nothing is less: those that are equal come next.
                self.phase = Phase::Partition { low, high, middle: low + 1, at: low + 1, equal: true };
            } else {
                self.waiting.push((middle, high));
                self.waiting.push((low, middle - 1));
            }
        }
        Sorting::More { fuel: if kind == ItemKind::Strings { 8 * (end - at) } else { (end - at) / 2 } }
    }
}

/// Sorts few items; whether they are all of the kind.
///
/// # Safety
/// The items are valid.
#[inline(always)]
unsafe fn sort_leaf(items: &mut [Slot], kind: ItemKind) -> bool {
    // SAFETY: the caller's promise; strings are looked at before they are compared.
    unsafe {
        if kind == ItemKind::Strings && !items.iter().all(|&item| kind.fits(item)) {
            return false;
        }
        items.sort_unstable_by(|&a, &b| kind.order(a, b));
    }
    true
}
