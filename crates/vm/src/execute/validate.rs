//! Runs validators: whether a value is of a type. Raw reads only: no metamethod runs and nothing is changed.
//!
//! An explicit stack holds the containers that are being looked into; flat ones are checked without it, and nothing is
//! allocated unless a value is deep or very large. Why a value fails is [`super::explain`]'s business. Invariant: the
//! check ends, because a table that is being checked against a node counts as valid for that node, and what nests more
//! than 200 levels deep is refused.

use hashbrown::HashSet;
use smallvec::SmallVec;

use crate::heap::object::{StringObject, Table};
use crate::heap::slot::{Slot, tag};
use crate::heap::{string, table};
use crate::number;
use crate::types::program::{Check, Field, Literal, Node, NodeId, Program, Record, Tags, Validator};

use super::event::{self, Event};

/// Most nested containers of a value.
pub(crate) const MAX_DEPTH: usize = 200;
/// Most `__index` tables that are followed for a field.
const MAX_INDEX_STEPS: usize = 16;
/// Values after which results are remembered, so that a table reached on many ways is not checked as often.
const MANY: usize = 100_000;

/// A table that is being checked against a node.
pub(crate) type Assumption = (u64, NodeId);

/// A node in progress.
#[derive(Clone, Copy)]
struct Frame {
    node: NodeId,
    /// What of it comes next; see [`Checker::advance`].
    at: usize,
    value: Slot,
}

/// One check.
pub(crate) struct Checker<'p> {
    program: &'p Program,
    /// What counts as valid from the start.
    assumed: &'p [Assumption],
    frames: SmallVec<[Frame; 16]>,
    /// Containers that are being looked into.
    depth: usize,
    /// Unions on the stack: while there are any, a result may rest on an assumption that is given up.
    unions: usize,
    /// Values looked at.
    pub(crate) work: usize,
    valid: Option<Box<HashSet<Assumption>>>,
    /// Whether something was refused only for its depth.
    pub(crate) too_deep: bool,
}

/// Whether the bit of a value's tag is set.
#[inline(always)]
fn is_in(mask: u32, value: Slot) -> bool {
    mask >> value.tag & 1 != 0
}

impl<'p> Checker<'p> {
    pub(crate) fn new(program: &'p Program, assumed: &'p [Assumption]) -> Self {
        Checker {
            program,
            assumed,
            frames: SmallVec::new(),
            depth: assumed.len(),
            unions: 0,
            work: 0,
            valid: None,
            too_deep: false,
        }
    }

    #[inline(always)]
    fn node(&self, id: NodeId) -> Node {
        debug_assert!((id as usize) < self.program.nodes.len());
        // SAFETY: indices in a program are in range.
        unsafe { *self.program.nodes.get_unchecked(id as usize) }
    }

    /// Whether a value is what a node asks for.
    ///
    /// # Safety
    /// The value must be valid, and nothing may change it or what it holds meanwhile.
    pub(crate) unsafe fn accepts(&mut self, node: NodeId, value: Slot) -> bool {
        // SAFETY: the caller's promise.
        unsafe {
            let mut verdict = self.enter(node, value);
            while !self.frames.is_empty() {
                verdict = self.advance(verdict);
            }
            verdict.unwrap_or(false)
        }
    }

    /// What a node says about a value without looking into containers; `None` if it must.
    #[inline(always)]
    unsafe fn leaf(&mut self, node: NodeId, value: Slot) -> Option<bool> {
        // SAFETY: as for `accepts`.
        unsafe {
            match self.node(node) {
                Node::Mask(mask) => Some(is_in(mask, value)),
                Node::Integer => Some(is_integer(value)),
                Node::Literal { first, count } => Some(self.is_literal(first, count, value)),
                Node::Either { mask, other } => {
                    if is_in(mask, value) {
                        Some(true)
                    } else {
                        self.simple(other, value)
                    }
                }
                Node::Annotated { inner, first, count } => match self.simple(inner, value)? {
                    true => Some(self.passes(first, count, value)),
                    false => Some(false),
                },
                Node::Host(name) => Some(is_host(self.program.names[name as usize].bytes(), value)),
                Node::Nothing(_) => Some(false),
                Node::Array { .. }
                | Node::Map { .. }
                | Node::Record { .. }
                | Node::Tuple { .. }
                | Node::Union { .. }
                | Node::Tagged(_)
                | Node::All { .. } => None,
            }
        }
    }

    /// [`Self::leaf`] for nodes that are no more than a test of the value itself.
    #[inline(always)]
    unsafe fn simple(&self, node: NodeId, value: Slot) -> Option<bool> {
        // SAFETY: as for `accepts`.
        unsafe {
            match self.node(node) {
                Node::Mask(mask) => Some(is_in(mask, value)),
                Node::Integer => Some(is_integer(value)),
                Node::Literal { first, count } => Some(self.is_literal(first, count, value)),
                _ => None,
            }
        }
    }

    unsafe fn is_literal(&self, first: u32, count: u32, value: Slot) -> bool {
        let literals = &self.program.literals[first as usize..][..count as usize];
        // SAFETY: as for `accepts`.
        literals.iter().any(|literal| unsafe { equals_literal(value, *literal) })
    }

    unsafe fn passes(&self, first: u32, count: u32, value: Slot) -> bool {
        let validators = &self.program.validators[first as usize..][..count as usize];
        // SAFETY: as for `accepts`.
        validators.iter().all(|validator| unsafe { passes(validator, value) })
    }

    /// Begins with a node: the verdict, or `None` with a frame on the stack that will have it.
    unsafe fn enter(&mut self, mut node: NodeId, value: Slot) -> Option<bool> {
        // SAFETY: as for `accepts`.
        unsafe {
            loop {
                if let Some(verdict) = self.leaf(node, value) {
                    return Some(verdict);
                }
                match self.node(node) {
                    Node::Either { other, .. } => node = other,
                    Node::Tagged(tags) => {
                        let tags = &self.program.tags[tags as usize];
                        match select(tags, value) {
                            Some(variant) => node = variant,
                            None => return Some(false),
                        }
                    }
                    Node::Union { .. } => {
                        self.unions += 1;
                        return self.push(node, value);
                    }
                    Node::All { .. } | Node::Annotated { .. } => return self.push(node, value),
                    container => return self.enter_container(node, container, value),
                }
            }
        }
    }

    fn push(&mut self, node: NodeId, value: Slot) -> Option<bool> {
        self.frames.push(Frame { node, at: 0, value });
        None
    }

    #[inline(always)]
    unsafe fn enter_container(&mut self, id: NodeId, node: Node, value: Slot) -> Option<bool> {
        // SAFETY: as for `accepts`.
        unsafe {
            let userdata = value.tag == tag::USERDATA
                && matches!(node, Node::Record { record, .. } if self.program.records[record as usize].userdata);
            if value.tag != tag::TABLE && !userdata {
                return Some(false);
            }
            let recursive = match node {
                Node::Array { recursive, .. }
                | Node::Map { recursive, .. }
                | Node::Record { recursive, .. } => recursive,
                _ => false,
            };
            if recursive && self.is_assumed(id, value) || self.work > MANY && self.is_known(id, value) {
                return Some(true);
            }
            if self.depth >= MAX_DEPTH {
                self.too_deep = true;
                return Some(false);
            }
            let mut at = 0;
            let flat = match node {
                Node::Array { element, .. } => match self.node(element) {
                    Node::Mask(mask) => Some(self.array_of(value.as_table(), mask)),
                    _ => None,
                },
                Node::Record { record, .. } => {
                    let program = self.program;
                    let record = &program.records[record as usize];
                    match self.fields(record, value, 0) {
                        Ok(()) if record.rest.is_none() => Some(true),
                        Ok(()) => {
                            at = record.fields.len();
                            None
                        }
                        Err(Some(deep)) => {
                            at = deep;
                            None
                        }
                        Err(None) => Some(false),
                    }
                }
                _ => None,
            };
            if let Some(valid) = flat {
                return Some(if valid { self.succeed(id, value) } else { false });
            }
            self.depth += 1;
            self.frames.push(Frame { node: id, at, value });
            None
        }
    }

    /// Whether this very table is being checked against this very node.
    fn is_assumed(&self, node: NodeId, value: Slot) -> bool {
        self.frames.iter().any(|frame| frame.node == node && frame.value.payload == value.payload)
            || self.assumed.contains(&(value.payload, node))
    }

    fn is_known(&self, node: NodeId, value: Slot) -> bool {
        self.valid.as_ref().is_some_and(|valid| valid.contains(&(value.payload, node)))
    }

    fn succeed(&mut self, node: NodeId, value: Slot) -> bool {
        if self.work > MANY && self.unions == 0 {
            self.valid.get_or_insert_default().insert((value.payload, node));
        }
        true
    }

    /// Whether all entries have positive integer keys and values whose tags are in the mask.
    unsafe fn array_of(&mut self, t: *const Table, mask: u32) -> bool {
        // SAFETY: as for `accepts`; the array part has `len` initialised slots.
        unsafe {
            let mask = mask | 1 << tag::NIL;
            let (array, len) = ((*t).array, (*t).len as usize);
            self.work += len;
            for i in 0..len {
                if mask >> (*array.add(i)).tag & 1 == 0 {
                    return false;
                }
            }
            if (*t).has_no_nodes() {
                return true;
            }
            for i in 0..(*t).node_count() {
                let node = (*t).nodes.add(i);
                let value = table::value_of(t, node);
                if value.is_nil() {
                    continue;
                }
                let positive = (*node).key_tag == tag::INTEGER as u8 && (*node).key as i64 >= 1;
                if !positive || !is_in(mask, value) {
                    return false;
                }
            }
            self.work += (*t).node_count();
            true
        }
    }

    /// Checks fields from `from` on as far as no container must be looked into; the one where that is so comes back.
    #[inline(always)]
    unsafe fn fields(&mut self, record: &Record, value: Slot, from: usize) -> Result<(), Option<usize>> {
        // SAFETY: as for `accepts`.
        unsafe {
            self.work += record.fields.len();
            for (at, field) in record.fields.iter().enumerate().skip(from) {
                let found = field_of(value, field.name.raw());
                if field.mask != 0 {
                    if !is_in(field.mask, found) {
                        return Err(None);
                    }
                } else if found.is_nil() {
                    if !field.optional {
                        return Err(None);
                    }
                } else {
                    match self.leaf(field.node, found) {
                        Some(true) => {}
                        Some(false) => return Err(None),
                        None => return Err(Some(at)),
                    }
                }
            }
            Ok(())
        }
    }

    /// Goes on with the frame on top, given what its last part came to.
    unsafe fn advance(&mut self, part: Option<bool>) -> Option<bool> {
        // SAFETY: as for `accepts`.
        unsafe {
            let top = self.frames.len() - 1;
            let Frame { node: id, at, value } = self.frames[top];
            let program = self.program;
            let node = self.node(id);
            match node {
                Node::Union { first, count } => {
                    if part == Some(true) {
                        return self.end(true);
                    }
                    match program.list(first, count).get(at) {
                        None => self.end(false),
                        Some(&member) => {
                            self.frames[top].at = at + 1;
                            self.enter(member, value)
                        }
                    }
                }
                _ if part == Some(false) => self.end(false),
                Node::All { first, count } => match program.list(first, count).get(at) {
                    None => self.end(true),
                    Some(&member) => {
                        self.frames[top].at = at + 1;
                        self.enter(member, value)
                    }
                },
                Node::Annotated { inner, first, count } => {
                    if at == 0 {
                        self.frames[top].at = 1;
                        return self.enter(inner, value);
                    }
                    let passes = self.passes(first, count, value);
                    self.end(passes)
                }
                Node::Record { record, .. } => {
                    let record = &program.records[record as usize];
                    self.advance_record(top, record)
                }
                Node::Array { element, .. } => self.advance_array(top, element),
                Node::Map { key, value, .. } => self.advance_pairs(top, key, value, &[], at),
                Node::Tuple { first, count } => {
                    let items = program.list(first, count);
                    for (position, &wanted) in items.iter().enumerate().skip(at) {
                        let item = table::get_integer(value.as_table(), position as i64 + 1);
                        self.frames[top].at = position + 1;
                        match self.enter(wanted, item) {
                            Some(true) => {}
                            Some(false) => return self.end(false),
                            None => return None,
                        }
                    }
                    self.end(true)
                }
                _ => self.end(false),
            }
        }
    }

    /// Takes the top frame off.
    fn end(&mut self, verdict: bool) -> Option<bool> {
        if let Some(frame) = self.frames.pop() {
            match self.node(frame.node) {
                Node::Union { .. } => self.unions -= 1,
                Node::All { .. } | Node::Annotated { .. } => {}
                _ => {
                    self.depth -= 1;
                    if verdict {
                        self.succeed(frame.node, frame.value);
                    }
                }
            }
        }
        Some(verdict)
    }

    unsafe fn advance_record(&mut self, top: usize, record: &Record) -> Option<bool> {
        // SAFETY: as for `accepts`.
        unsafe {
            let Frame { mut at, value, .. } = self.frames[top];
            while at < record.fields.len() {
                match self.fields(record, value, at) {
                    Ok(()) => at = record.fields.len(),
                    Err(None) => return self.end(false),
                    Err(Some(deep)) => {
                        let Field { name, node, .. } = &record.fields[deep];
                        at = deep + 1;
                        self.frames[top].at = at;
                        match self.enter(*node, field_of(value, name.raw())) {
                            Some(true) => {}
                            Some(false) => return self.end(false),
                            None => return None,
                        }
                    }
                }
            }
            match record.rest {
                Some((key, node)) if value.tag == tag::TABLE => {
                    self.advance_pairs(top, key, node, &record.fields, at - record.fields.len())
                }
                _ => self.end(true),
            }
        }
    }

    unsafe fn advance_array(&mut self, top: usize, element: NodeId) -> Option<bool> {
        // SAFETY: as for `accepts`; positions beyond the array part count nodes.
        unsafe {
            let Frame { mut at, value, .. } = self.frames[top];
            let t = value.as_table();
            let len = (*t).len as usize;
            let end = len + if (*t).has_no_nodes() { 0 } else { (*t).node_count() };
            while at < end {
                let item = if at < len {
                    *(*t).array.add(at)
                } else {
                    let node = (*t).nodes.add(at - len);
                    let item = table::value_of(t, node);
                    let positive = (*node).key_tag == tag::INTEGER as u8 && (*node).key as i64 >= 1;
                    if !item.is_nil() && !positive {
                        return self.end(false);
                    }
                    item
                };
                at += 1;
                if item.is_nil() {
                    continue;
                }
                self.work += 1;
                self.frames[top].at = at;
                match self.enter(element, item) {
                    Some(true) => {}
                    Some(false) => return self.end(false),
                    None => return None,
                }
            }
            self.end(true)
        }
    }

    /// Pairs beside the declared fields. `at` counts keys and values: twice the position, and one more after the key.
    unsafe fn advance_pairs(
        &mut self,
        top: usize,
        key: NodeId,
        value: NodeId,
        declared: &[Field],
        mut at: usize,
    ) -> Option<bool> {
        // SAFETY: as for `accepts`; positions beyond the array part count nodes.
        unsafe {
            let t = self.frames[top].value.as_table();
            let len = (*t).len as usize;
            let end = len + if (*t).has_no_nodes() { 0 } else { (*t).node_count() };
            while at / 2 < end {
                let (found, item) = pair_at(t, len, at / 2);
                let skipped = item.is_nil()
                    || found.tag == tag::STRING
                        && declared.iter().any(|field| string::equal(field.name.raw(), found.as_string()));
                if skipped {
                    at = (at / 2 + 1) * 2;
                    continue;
                }
                self.work += 1;
                let (node, part) = if at.is_multiple_of(2) { (key, found) } else { (value, item) };
                at += 1;
                self.frames[top].at = at + declared.len();
                match self.enter(node, part) {
                    Some(true) => {}
                    Some(false) => return self.end(false),
                    None => return None,
                }
            }
            self.end(true)
        }
    }
}

/// The pair at a position of the traversal; its value is nil where there is none.
pub(crate) unsafe fn pair_at(t: *const Table, len: usize, position: usize) -> (Slot, Slot) {
    // SAFETY: the position is below the length of the array part and the number of nodes together.
    unsafe {
        if position < len {
            return (Slot::integer(position as i64 + 1), *(*t).array.add(position));
        }
        let node = (*t).nodes.add(position - len);
        let key = Slot { payload: (*node).key, tag: u32::from((*node).key_tag), aux: 0 };
        (key, table::value_of(t, node))
    }
}

/// The field of a table or a host object: its own, or that of the tables its `__index` leads to.
///
/// # Safety
/// The value must be a valid table or userdata.
#[inline(always)]
pub(crate) unsafe fn field_of(value: Slot, name: *const StringObject) -> Slot {
    // SAFETY: the caller's promise.
    unsafe {
        if value.tag == tag::TABLE {
            let t = value.as_table();
            let found = table::get_string(t, name);
            if !found.is_nil() {
                return found;
            }
            if (*t).metatable.is_null() {
                return Slot::NIL;
            }
            return inherited((*t).metatable, name);
        }
        inherited((*value.as_userdata()).metatable, name)
    }
}

#[inline(never)]
unsafe fn inherited(mut metatable: *mut Table, name: *const StringObject) -> Slot {
    // SAFETY: metatables are null or valid.
    unsafe {
        for _ in 0..MAX_INDEX_STEPS {
            if metatable.is_null() {
                return Slot::NIL;
            }
            let index = table::get_string(metatable, event::name_string(Event::Index));
            if index.tag != tag::TABLE {
                return Slot::NIL;
            }
            let found = table::get_string(index.as_table(), name);
            if !found.is_nil() {
                return found;
            }
            metatable = (*index.as_table()).metatable;
        }
        Slot::NIL
    }
}

/// The variant that the tag field of a value selects.
///
/// # Safety
/// The value must be valid.
pub(crate) unsafe fn select(tags: &Tags, value: Slot) -> Option<NodeId> {
    // SAFETY: the caller's promise.
    unsafe {
        if value.tag != tag::TABLE {
            return None;
        }
        let found = field_of(value, tags.field.raw());
        let variant = tags.variants.iter().find(|(literal, _)| equals_literal(found, *literal));
        variant.map(|(_, node)| *node)
    }
}

#[inline(always)]
pub(crate) fn is_integer(value: Slot) -> bool {
    value.tag == tag::INTEGER
        || value.tag == tag::FLOAT && number::float_to_integer(value.as_float()).is_some()
}

#[inline(always)]
unsafe fn equals_literal(value: Slot, literal: Literal) -> bool {
    // SAFETY: the value is valid.
    unsafe {
        match literal {
            Literal::String(text) => value.tag == tag::STRING && string::equal(value.as_string(), text.raw()),
            Literal::Integer(i) => match value.tag {
                tag::INTEGER => value.as_integer() == i,
                tag::FLOAT => number::integer_equals_float(i, value.as_float()),
                _ => false,
            },
            Literal::Float(f) => value.tag == tag::FLOAT && value.as_float() == f,
            Literal::Boolean(b) => value.tag == if b { tag::TRUE } else { tag::FALSE },
        }
    }
}

/// Whether a value is a host object of this name.
unsafe fn is_host(name: &[u8], value: Slot) -> bool {
    // SAFETY: the value is valid, and so is its metatable if it is not null.
    unsafe {
        if value.tag != tag::USERDATA {
            return false;
        }
        let metatable = (*value.as_userdata()).metatable;
        if metatable.is_null() {
            return false;
        }
        let own = table::get_string(metatable, event::name_string(Event::Name));
        own.tag == tag::STRING && string::bytes(own.as_string()) == name
    }
}

/// Whether a value passes a validator; those that are not meant for it do not count.
///
/// # Safety
/// The value must be valid.
pub(crate) unsafe fn passes(validator: &Validator, value: Slot) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        match (&validator.check, value.tag) {
            (Check::Min(bound), tag::INTEGER | tag::FLOAT) => at_most(bound_slot(*bound), value),
            (Check::Max(bound), tag::INTEGER | tag::FLOAT) => at_most(value, bound_slot(*bound)),
            (Check::MinLen(least), tag::STRING | tag::TABLE) => length(value) >= *least,
            (Check::MaxLen(most), tag::STRING | tag::TABLE) => length(value) <= *most,
            (Check::Pattern(pattern), tag::STRING) => pattern.is_match(string::bytes(value.as_string())),
            (Check::InvalidRegex | Check::InvalidPattern, tag::STRING) => false,
            _ => true,
        }
    }
}

fn bound_slot(bound: Literal) -> Slot {
    match bound {
        Literal::Integer(i) => Slot::integer(i),
        Literal::Float(f) => Slot::float(f),
        Literal::Boolean(_) | Literal::String(_) => Slot::NIL,
    }
}

/// `a <= b` among numbers.
fn at_most(a: Slot, b: Slot) -> bool {
    match (a.tag, b.tag) {
        (tag::INTEGER, tag::INTEGER) => a.as_integer() <= b.as_integer(),
        (tag::INTEGER, tag::FLOAT) => number::integer_at_most_float(a.as_integer(), b.as_float()),
        (tag::FLOAT, tag::INTEGER) => number::float_at_most_integer(a.as_float(), b.as_integer()),
        (tag::FLOAT, tag::FLOAT) => a.as_float() <= b.as_float(),
        _ => false,
    }
}

unsafe fn length(value: Slot) -> i64 {
    // SAFETY: a valid string or table.
    unsafe {
        if value.tag == tag::STRING {
            i64::from((*value.as_string()).len)
        } else {
            table::length(value.as_table())
        }
    }
}
