//! Tables, read side: lookup, `next`, length. No metamethods, no allocation.
//!
//! The write side is in `insert` and `rehash`. Invariants: integer keys in `1..=capacity` live in the array part and
//! nowhere else; float keys with an integer value are stored as integers; a node whose value is nil is not an entry,
//! but keeps its key and its place in its chain until the next rehash.

use std::ptr::null_mut;

use super::handle::same_types;
use super::libraries::lazy_value;
use super::object::{Header, IMMORTAL, Kind, Node, StringObject, Table};
use super::slot::{Slot, tag};
use super::string;

/// Why a table cannot be written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum TableError {
    /// The key is nil.
    NilKey,
    /// The key is not a number.
    NanKey,
    /// The memory limit would be passed.
    OutOfMemory,
    /// The table has to grow first, piece by piece: see `growth`.
    Growing,
    /// More entries than a table may have.
    Overflow,
    /// The table is read-only.
    Frozen,
}

/// `next` was asked for the entry after a key that is not in the table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InvalidKey;

/// Hash part of every table that has none: one node that is never written.
static EMPTY_NODE: Node =
    Node { payload: 0, tag: tag::NIL as u8, key_tag: tag::NIL as u8, hash: 0, next: 0, key: 0 };

/// The shared empty hash part.
#[inline(always)]
pub(crate) fn empty_nodes() -> *mut Node {
    (&raw const EMPTY_NODE).cast_mut()
}

impl Table {
    /// An empty one outside every heap.
    pub(super) fn immortal() -> Table {
        let header =
            Header { kind: Kind::Table, mark: IMMORTAL, flags: 0, small: 0, size: size_of::<Table>() as u32 };
        Table { header, array: null_mut(), len: 0, capacity: 0, nodes: empty_nodes(), metatable: null_mut() }
    }

    /// Whether there is no hash part.
    #[inline(always)]
    pub(crate) fn has_no_nodes(&self) -> bool {
        std::ptr::eq(self.nodes, empty_nodes())
    }

    /// Number of nodes; 1 for the shared empty part as well.
    #[inline(always)]
    pub(crate) fn node_count(&self) -> usize {
        1 << self.header.small
    }

    #[inline(always)]
    pub(super) fn mask(&self) -> usize {
        self.node_count() - 1
    }
}

impl Node {
    #[inline(always)]
    pub(crate) fn value(&self) -> Slot {
        Slot { payload: self.payload, tag: u32::from(self.tag), aux: 0 }
    }

    #[inline(always)]
    pub(super) fn key(&self) -> Slot {
        Slot { payload: self.key, tag: u32::from(self.key_tag), aux: 0 }
    }

    #[inline(always)]
    pub(super) fn set_value(&mut self, value: Slot) {
        self.payload = value.payload;
        self.tag = value.tag as u8;
    }

    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.tag == tag::NIL as u8
    }
}

/// Spreads a word over the low 32 bits.
#[inline(always)]
fn mix(word: u64) -> usize {
    (word.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize
}

/// log2 of the nodes of a table whose integer keys lie where the reference implementation puts them.
const FAITHFUL_LOG: u8 = 10;

/// Where an integer key goes among so many nodes, given by their log2; to be masked.
///
/// Neighbours stay neighbours: numbers from 0 on fill the nodes in order, and come in order in a traversal, which programs
/// rely on. In large tables the upper bits count as well, so that keys which share their lower ones do not meet.
#[inline(always)]
fn spread_integer(key: u64, log: u8) -> usize {
    if log > FAITHFUL_LOG { key as usize ^ mix(key >> log) } else { key as usize }
}

/// Exponent and upper bits of a float that is no integer, as the reference implementation adds them up: so its keys come in
/// the same order in a traversal.
fn spread_float(key: f64) -> usize {
    if !key.is_finite() {
        return 0;
    }
    // As a fraction of at least one half times a power of two; a subnormal number is made normal first.
    const SCALE: u32 = 54;
    let is_normal = key.abs() >= f64::MIN_POSITIVE;
    let scaled = if is_normal { key } else { key * (1_u64 << SCALE) as f64 };
    let bits = scaled.to_bits();
    let exponent = (bits >> 52 & 0x7ff) as i32 - 1022 - if is_normal { 0 } else { SCALE as i32 };
    let fraction = f64::from_bits(bits & !(0x7ff << 52) | 1022 << 52);
    let upper = (fraction * 2_147_483_648.0) as i64;
    let sum = (exponent as u32).wrapping_add(upper as u32);
    (if sum <= i32::MAX as u32 { sum } else { !sum }) as usize
}

/// The key as tables store it: floats with an integer value become integers, booleans lose their stale payload.
#[inline(always)]
pub(super) fn normal(key: Slot) -> Slot {
    match key.tag {
        tag::FLOAT => match integer_of(key.as_float()) {
            Some(i) => Slot::integer(i),
            None => key,
        },
        tag::TRUE => Slot::TRUE,
        tag::FALSE => Slot::FALSE,
        _ => key,
    }
}

/// The integer that equals a float, if there is one.
#[inline(always)]
fn integer_of(f: f64) -> Option<i64> {
    // 2^63 itself is out of range; the cast saturates, so it must be excluded.
    let i = f as i64;
    if i as f64 == f && f < 9_223_372_036_854_775_808.0 { Some(i) } else { None }
}

/// First node of the chain in which a normalised key is or belongs.
///
/// # Safety
/// The table is alive, and so is a string key.
#[inline(always)]
pub(super) unsafe fn main_position(t: *const Table, key: Slot) -> *mut Node {
    // SAFETY: the masked hash is below the number of nodes.
    unsafe {
        let hash = match key.tag {
            tag::STRING => string::hash(key.as_string()) as usize,
            tag::INTEGER => spread_integer(key.payload, (*t).header.small),
            tag::FLOAT => spread_float(key.as_float()) % ((*t).mask() | 1),
            tag::TRUE => 1,
            tag::FALSE => 0,
            tag::TYPE => mix((*key.as_type()).canon().fingerprint()),
            _ => mix(key.payload >> 3),
        };
        (*t).nodes.add(hash & (*t).mask())
    }
}

/// The node of a string key, or null. Nodes whose value is nil are found as well.
///
/// # Safety
/// Both are alive.
#[inline(always)]
pub(crate) unsafe fn find_string(t: *const Table, s: *const StringObject) -> *mut Node {
    // SAFETY: chains stay within the nodes; string keys of nodes with a string tag are alive.
    unsafe {
        let hash = string::hash(s);
        let mut node = (*t).nodes.add(hash as usize & (*t).mask());
        loop {
            if (*node).key_tag == tag::STRING as u8
                && ((*node).key == s as u64
                    || ((*node).hash == hash as u16
                        && equal_strings((*node).key as *const StringObject, s, hash)))
            {
                return node;
            }
            match (*node).next {
                0 => return null_mut(),
                next => node = node.offset(next as isize),
            }
        }
    }
}

/// Raw read of a name whose hash is at hand, where the key is often another object with the same bytes.
///
/// # Safety
/// Both are alive, and the hash is the name's.
#[inline(always)]
pub(crate) unsafe fn get_name(t: *const Table, name: *const StringObject, hash: u32) -> Slot {
    // SAFETY: chains stay within the nodes; a node's string key is alive and has its hash computed.
    unsafe {
        let mut node = (*t).nodes.add(hash as usize & (*t).mask());
        loop {
            if (*node).key_tag == tag::STRING as u8 {
                let key = (*node).key as *const StringObject;
                if std::ptr::eq(key, name)
                    || (*node).hash == hash as u16 && (*key).hash == hash && string::same_bytes(key, name)
                {
                    return value_of(t, node);
                }
            }
            match (*node).next {
                0 => return Slot::NIL,
                next => node = node.offset(next as isize),
            }
        }
    }
}

/// Equality of strings whose hashes are known to agree in their low half.
#[cold]
#[inline(never)]
unsafe fn equal_strings(a: *const StringObject, b: *const StringObject, hash: u32) -> bool {
    // SAFETY: the caller's promise that both are alive; a node's string key has its hash computed.
    unsafe { (*a).hash == hash && string::equal(a, b) }
}

/// The node of an integer key that is not in the array part, or null.
#[inline(always)]
pub(super) unsafe fn find_integer(t: *const Table, i: i64) -> *mut Node {
    // SAFETY: chains stay within the nodes.
    unsafe {
        let mut node = (*t).nodes.add(spread_integer(i as u64, (*t).header.small) & (*t).mask());
        loop {
            if (*node).key == i as u64 && (*node).key_tag == tag::INTEGER as u8 {
                return node;
            }
            match (*node).next {
                0 => return null_mut(),
                next => node = node.offset(next as isize),
            }
        }
    }
}

/// The node of a normalised key that is not in the array part, or null.
#[inline]
pub(super) unsafe fn find(t: *const Table, key: Slot) -> *mut Node {
    // SAFETY: the caller's promise, passed on; chains stay within the nodes.
    unsafe {
        if key.tag == tag::STRING {
            return find_string(t, key.as_string());
        }
        let mut node = main_position(t, key);
        loop {
            if u32::from((*node).key_tag) == key.tag
                && ((*node).key == key.payload || key.tag == tag::TYPE && same_types((*node).key(), key))
            {
                return node;
            }
            match (*node).next {
                0 => return null_mut(),
                next => node = node.offset(next as isize),
            }
        }
    }
}

/// The value of a node of the table.
///
/// # Safety
/// Both are valid.
#[inline(always)]
pub(crate) unsafe fn value_of(t: *const Table, node: *mut Node) -> Slot {
    // SAFETY: the caller's promise.
    unsafe { if u32::from((*node).tag) > tag::NIL { part_value(t, node) } else { (*node).value() } }
}

#[cold]
#[inline(never)]
unsafe fn part_value(t: *const Table, node: *mut Node) -> Slot {
    // SAFETY: as in `value_of`.
    unsafe { lazy_value(t, node) }
}

#[inline(always)]
unsafe fn value_or_nil(t: *const Table, node: *mut Node) -> Slot {
    // SAFETY: null or a node of the table.
    if node.is_null() { Slot::NIL } else { unsafe { value_of(t, node) } }
}

/// Raw read of any key; nil for nil and NaN.
///
/// # Safety
/// The table and the key are alive.
#[inline]
pub(crate) unsafe fn get(t: *const Table, key: Slot) -> Slot {
    // SAFETY: the caller's promise.
    unsafe {
        match key.tag {
            tag::STRING => get_string(t, key.as_string()),
            tag::INTEGER => get_integer(t, key.as_integer()),
            tag::NIL => Slot::NIL,
            tag::FLOAT => match integer_of(key.as_float()) {
                Some(i) => get_integer(t, i),
                None => value_or_nil(t, find(t, key)),
            },
            _ => value_or_nil(t, find(t, normal(key))),
        }
    }
}

/// Raw read of a string key.
///
/// # Safety
/// Both are alive.
#[inline(always)]
pub(crate) unsafe fn get_string(t: *const Table, s: *const StringObject) -> Slot {
    // SAFETY: the caller's promise.
    unsafe { value_or_nil(t, find_string(t, s)) }
}

/// Raw read of an integer key.
///
/// # Safety
/// The table is alive.
#[inline(always)]
pub(crate) unsafe fn get_integer(t: *const Table, i: i64) -> Slot {
    // SAFETY: slots below `len` are initialised.
    unsafe {
        let index = (i as u64).wrapping_sub(1);
        if index < u64::from((*t).len) {
            let slot = (*t).array.add(index as usize);
            Slot { payload: (*slot).payload, tag: (*slot).tag, aux: 0 }
        } else if (*t).has_no_nodes() || index < u64::from((*t).capacity) {
            Slot::NIL
        } else {
            value_or_nil(t, find_integer(t, i))
        }
    }
}

/// The entry after `key` in the table's order (nil: the first), or none at the end. A key whose entry was removed
/// since still has its place.
///
/// # Safety
/// The table is alive, and so is the key.
pub(crate) unsafe fn next(t: *const Table, key: Slot) -> Result<Option<(Slot, Slot)>, InvalidKey> {
    // SAFETY: the caller's promise.
    unsafe {
        let position = position_after(t, key)?;
        Ok(next_at(t, position).map(|(_, key, value)| (key, value)))
    }
}

/// Position from which [`next_at`] finds the entry after `key`.
///
/// # Safety
/// As for [`next`].
pub(crate) unsafe fn position_after(t: *const Table, key: Slot) -> Result<u32, InvalidKey> {
    // SAFETY: the caller's promise; a found node is one of the table's.
    unsafe {
        let key = normal(key);
        let capacity = (*t).capacity;
        match key.tag {
            tag::NIL => return Ok(0),
            tag::INTEGER => {
                let index = key.payload.wrapping_sub(1);
                if index < u64::from(capacity) {
                    return Ok(index as u32 + 1);
                }
            }
            _ => {}
        }
        let mut node = find(t, key);
        if node.is_null() && key.is_collectable() {
            node = find_dead(t, key);
        }
        if node.is_null() || (*t).has_no_nodes() {
            return Err(InvalidKey);
        }
        Ok(capacity + node.offset_from((*t).nodes) as u32 + 1)
    }
}

/// The node whose key, since collected, had this key's address.
#[cold]
unsafe fn find_dead(t: *const Table, key: Slot) -> *mut Node {
    // SAFETY: the caller's promise; chains stay within the nodes.
    unsafe {
        let mut node = main_position(t, key);
        loop {
            if (*node).key == key.payload && (*node).key_tag == tag::DEAD_KEY as u8 {
                return node;
            }
            match (*node).next {
                0 => return null_mut(),
                next => node = node.offset(next as isize),
            }
        }
    }
}

/// The used part of the array.
///
/// # Safety
/// The table is alive and unchanged as long as the slice is used, and not one that shares its nodes with an image.
pub(super) unsafe fn items<'a>(t: *const Table) -> &'a [Slot] {
    // SAFETY: slots below `len` are initialised.
    unsafe { if (*t).len == 0 { &[] } else { std::slice::from_raw_parts((*t).array, (*t).len as usize) } }
}

/// All nodes, empty ones too.
///
/// # Safety
/// The table is alive and unchanged as long as the slice is used.
pub(super) unsafe fn nodes<'a>(t: *const Table) -> &'a [Node] {
    // SAFETY: a table has at least the shared empty node.
    unsafe { std::slice::from_raw_parts((*t).nodes, (*t).node_count()) }
}

/// The first entry at or after a position (0: the beginning) with the position after it.
///
/// # Safety
/// The table is alive.
#[inline]
pub(crate) unsafe fn next_at(t: *const Table, position: u32) -> Option<(u32, Slot, Slot)> {
    // SAFETY: positions below `len` are array slots, those from `capacity` on are nodes.
    unsafe {
        let (len, capacity) = ((*t).len, (*t).capacity);
        let mut at = position;
        while at < len {
            let slot = (*t).array.add(at as usize);
            at += 1;
            if (*slot).tag != tag::NIL {
                return Some((at, Slot::integer(i64::from(at)), Slot { aux: 0, ..*slot }));
            }
        }
        let mut at = at.max(capacity);
        let end = capacity as usize + (*t).node_count();
        while (at as usize) < end {
            let node = (*t).nodes.add((at - capacity) as usize);
            at += 1;
            if !(*node).is_empty() {
                return Some((at, (*node).key(), value_of(t, node)));
            }
        }
        None
    }
}

/// The key of the entry that ends at a position which [`next_at`] gave, even if its value is gone.
///
/// # Safety
/// The table must be valid.
pub(crate) unsafe fn key_before(t: *const Table, position: u32) -> Option<Slot> {
    // SAFETY: positions up to `capacity` are array slots, those above it are nodes; the bound is checked.
    unsafe {
        let at = position.checked_sub(1)?;
        let capacity = (*t).capacity;
        if at < capacity {
            return Some(Slot::integer(i64::from(position)));
        }
        let index = (at - capacity) as usize;
        if index >= (*t).node_count() {
            return None;
        }
        let key = (*(*t).nodes.add(index)).key();
        if key.tag == tag::DEAD_KEY { None } else { Some(key) }
    }
}

/// A border of the table: `t[n]` is not nil (or n is 0) and `t[n + 1]` is nil.
///
/// # Safety
/// The table is alive.
#[inline]
pub(crate) unsafe fn length(t: *const Table) -> i64 {
    // SAFETY: slots below `len` are initialised.
    unsafe {
        let len = (*t).len;
        if len > 0 && (*(*t).array.add(len as usize - 1)).tag == tag::NIL {
            return i64::from(border_below(t, len));
        }
        if len < (*t).capacity || (*t).has_no_nodes() { i64::from(len) } else { unbound(t, len) }
    }
}

/// A border below array slot `above`, which is nil.
#[cold]
unsafe fn border_below(t: *const Table, above: u32) -> u32 {
    let (mut low, mut high) = (0, above);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        // SAFETY: `middle - 1` is below the array's length.
        if unsafe { (*(*t).array.add(middle as usize - 1)).tag } == tag::NIL {
            high = middle;
        } else {
            low = middle;
        }
    }
    low
}

/// A border at or above `from`, which is one unless the hash part goes on.
#[cold]
unsafe fn unbound(t: *const Table, from: u32) -> i64 {
    // SAFETY: the caller's table is alive.
    let present = |i: i64| unsafe { !get_integer(t, i).is_nil() };
    let mut low = i64::from(from);
    if !present(low + 1) {
        return low;
    }
    let mut high = low + 1;
    while present(high) {
        low = high;
        if high > i64::MAX / 2 {
            // Keys chosen to mislead the doubling; look one by one.
            let mut i = 1;
            while present(i) {
                i += 1;
            }
            return i - 1;
        }
        high *= 2;
    }
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if present(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}
