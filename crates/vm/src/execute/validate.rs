//! Runs validators: whether a value is of a type. Raw reads only: no metamethod runs and nothing is changed.
//!
//! Types whose nesting is known and small, nearly all, are judged by bounded recursion ([`Checker::shallow`]); for the
//! others an explicit stack holds the containers that are being looked into. Nothing is allocated unless a value is deep
//! or very large. Why a value fails is [`super::explain`]'s business. Invariant: the check ends, because a table that is
//! being checked against a node counts as valid for that node, and what nests more than 200 levels deep is refused.

use hashbrown::HashSet;
use smallvec::SmallVec;

use crate::heap::object::Table;
use crate::heap::slot::{Slot, tag};
use crate::heap::{string, table};
use crate::types::program::{Field, Foreign, MAX_REACH, NO_SCALAR, Node, NodeId, Program, Record};

use super::foreign::Modules;
use super::leaf::{field_of, is_host, is_in, is_integer, is_literal, is_scalar, pair_at, passes_all, select};

/// Most nested containers of a value.
pub(crate) const MAX_DEPTH: usize = 200;
/// Values after which results are remembered, so that a table reached on many ways is not checked as often; more where
/// the heap has room for more.
const MANY: usize = 100_000;
/// Bytes of a heap for each value that may be looked at before that.
const BYTES_PER_VALUE: usize = 4;

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
    /// Values after which results are remembered.
    many: usize,
    /// Where the modules are whose types are asked.
    modules: Modules,
    valid: Option<Box<HashSet<Assumption>>>,
}

impl<'p> Checker<'p> {
    /// `bytes` is the size of the heap that the value lies in.
    #[inline(always)]
    pub(crate) fn new(
        program: &'p Program,
        assumed: &'p [Assumption],
        bytes: usize,
        modules: Modules,
    ) -> Self {
        Checker {
            program,
            assumed,
            frames: SmallVec::new(),
            depth: assumed.len(),
            unions: 0,
            work: 0,
            many: MANY.max(bytes / BYTES_PER_VALUE),
            modules,
            valid: None,
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
    #[inline]
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

    /// What a shallow node, or one that is no container, says about a value; `None` after very much work, as when tables
    /// are reached on many ways.
    unsafe fn shallow(&mut self, id: NodeId, value: Slot) -> Option<bool> {
        let program = self.program;
        // SAFETY: as for `accepts`. The recursion ends after `MAX_REACH` nodes.
        unsafe {
            Some(match self.node(id) {
                Node::Mask(mask) => is_in(mask, value),
                Node::Integer => is_integer(value),
                Node::Literal { first, count } => is_literal(program, first, count, value),
                Node::Either { mask, .. } if is_in(mask, value) => true,
                Node::Either { other, .. } => return self.shallow(other, value),
                Node::Annotated { inner, first, count, scalar } => {
                    if let Some(scalar) = program.scalars.get(scalar as usize) {
                        is_scalar(scalar, value)
                    } else {
                        self.shallow(inner, value)? && passes_all(program, first, count, value)
                    }
                }
                Node::Host(name) => is_host(program.names[name as usize].bytes(), value),
                Node::Foreign(foreign) => {
                    let foreign = &program.foreign[foreign as usize];
                    is_host(foreign.host.bytes(), value) || self.is_foreign(foreign, value)
                }
                Node::Nothing(_) => false,
                Node::Record { record, .. } => {
                    let record = &program.records[record as usize];
                    return self.shallow_record(record, value);
                }
                Node::Array { element, .. } if value.tag == tag::TABLE => {
                    return match self.node(element) {
                        Node::Mask(mask) => Some(self.array_of(value.as_table(), mask)),
                        _ => self.shallow_array(value.as_table(), element),
                    };
                }
                Node::Map { key, value: item, .. } if value.tag == tag::TABLE => {
                    return self.shallow_pairs(value.as_table(), key, item, &[]);
                }
                Node::Tuple { first, count } if value.tag == tag::TABLE => {
                    for (&node, at) in program.list(first, count).iter().zip(1..) {
                        if !self.shallow(node, table::get_integer(value.as_table(), at))? {
                            return Some(false);
                        }
                    }
                    true
                }
                Node::Array { .. } | Node::Map { .. } | Node::Tuple { .. } => false,
                Node::Union { first, count } => {
                    for &node in program.list(first, count) {
                        if self.shallow(node, value)? {
                            return Some(true);
                        }
                    }
                    false
                }
                Node::All { first, count } => {
                    for &node in program.list(first, count) {
                        if !self.shallow(node, value)? {
                            return Some(false);
                        }
                    }
                    true
                }
                Node::Tagged(tags) => match select(&program.tags[tags as usize], value) {
                    Some(variant) => return self.shallow(variant, value),
                    None => false,
                },
            })
        }
    }

    /// Asks the type of another module.
    #[cold]
    #[inline(never)]
    unsafe fn is_foreign(&mut self, foreign: &Foreign, value: Slot) -> bool {
        // SAFETY: as for `accepts`. Each module on the way counts, and they are few.
        unsafe {
            let Some((ty, inside)) = self.modules.find(foreign) else { return false };
            let mut checker = Checker::new(ty.program(), &[], 0, inside);
            checker.depth = self.depth;
            let accepted = checker.accepts(0, value);
            self.work += checker.work;
            accepted
        }
    }

    unsafe fn shallow_record(&mut self, record: &Record, value: Slot) -> Option<bool> {
        // SAFETY: as for `accepts`.
        unsafe {
            if value.tag != tag::TABLE && !(record.userdata && value.tag == tag::USERDATA) {
                return Some(false);
            }
            self.work += record.fields.len();
            if self.work > self.many {
                return None;
            }
            for field in &record.fields {
                let found = field_of(value, field.name, field.hash);
                if field.mask != 0 {
                    if !is_in(field.mask, found) {
                        return Some(false);
                    }
                } else if found.is_nil() {
                    if !field.optional {
                        return Some(false);
                    }
                } else if !self.shallow(field.node, found)? {
                    return Some(false);
                }
            }
            match record.rest {
                Some((key, item)) if value.tag == tag::TABLE => {
                    self.shallow_pairs(value.as_table(), key, item, &record.fields)
                }
                _ => Some(true),
            }
        }
    }

    unsafe fn shallow_array(&mut self, t: *const Table, element: NodeId) -> Option<bool> {
        // SAFETY: as for `accepts`; positions beyond the array part count nodes.
        unsafe {
            let (array, len) = ((*t).array, (*t).len as usize);
            self.work += len;
            if self.work > self.many {
                return None;
            }
            for at in 0..len {
                let item = *array.add(at);
                if !item.is_nil() && !self.shallow(element, item)? {
                    return Some(false);
                }
            }
            if (*t).has_no_nodes() {
                return Some(true);
            }
            for at in 0..(*t).node_count() {
                let (key, item) = pair_at(t, len, len + at);
                if !(item.is_nil() || is_position(key) && self.shallow(element, item)?) {
                    return Some(false);
                }
            }
            Some(true)
        }
    }

    /// All pairs beside the declared fields.
    unsafe fn shallow_pairs(
        &mut self,
        t: *const Table,
        key: NodeId,
        item: NodeId,
        declared: &[Field],
    ) -> Option<bool> {
        // SAFETY: as for `accepts`; positions beyond the array part count nodes.
        unsafe {
            let len = (*t).len as usize;
            let end = positions(t);
            self.work += end;
            if self.work > self.many {
                return None;
            }
            for position in 0..end {
                let (found, value) = pair_at(t, len, position);
                if value.is_nil() || is_declared(declared, found) {
                    continue;
                }
                if !(self.shallow(key, found)? && self.shallow(item, value)?) {
                    return Some(false);
                }
            }
            Some(true)
        }
    }

    /// Whether all entries have positive integer keys and values whose tags are in the mask.
    unsafe fn array_of(&mut self, t: *const Table, mask: u32) -> bool {
        // SAFETY: as for `accepts`; the array part has `len` initialised slots.
        unsafe {
            let mask = mask | 1 << tag::NIL;
            let (array, len) = ((*t).array, (*t).len as usize);
            self.work += len;
            for at in 0..len {
                if mask >> (*array.add(at)).tag & 1 == 0 {
                    return false;
                }
            }
            if (*t).has_no_nodes() {
                return true;
            }
            self.work += (*t).node_count();
            (0..(*t).node_count()).all(|at| {
                let (key, value) = pair_at(t, len, len + at);
                value.is_nil() || is_position(key) && is_in(mask, value)
            })
        }
    }

    /// Begins with a node: the verdict, or `None` with a frame on the stack that will have it.
    #[inline]
    unsafe fn enter(&mut self, mut node: NodeId, value: Slot) -> Option<bool> {
        // SAFETY: as for `accepts`.
        unsafe {
            loop {
                if self.program.shallow[node as usize]
                    && self.work <= self.many
                    && self.depth + MAX_REACH < MAX_DEPTH
                    && let Some(verdict) = self.shallow(node, value)
                {
                    return Some(verdict);
                }
                match self.node(node) {
                    Node::Mask(_)
                    | Node::Integer
                    | Node::Literal { .. }
                    | Node::Host(_)
                    | Node::Foreign(_)
                    | Node::Nothing(_) => return self.shallow(node, value),
                    Node::Either { mask, .. } if is_in(mask, value) => return Some(true),
                    Node::Either { other, .. } => node = other,
                    Node::Tagged(tags) => match select(&self.program.tags[tags as usize], value) {
                        Some(variant) => node = variant,
                        None => return Some(false),
                    },
                    Node::Union { .. } => {
                        self.unions += 1;
                        return self.push(node, value);
                    }
                    Node::Annotated { scalar, .. } if scalar != NO_SCALAR => {
                        return self.shallow(node, value);
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

    unsafe fn enter_container(&mut self, id: NodeId, node: Node, value: Slot) -> Option<bool> {
        let userdata = value.tag == tag::USERDATA
            && matches!(node, Node::Record { record, .. } if self.program.records[record as usize].userdata);
        if value.tag != tag::TABLE && !userdata {
            return Some(false);
        }
        let recursive = match node {
            Node::Array { recursive, .. } | Node::Map { recursive, .. } | Node::Record { recursive, .. } => {
                recursive
            }
            _ => false,
        };
        if recursive && self.is_assumed(id, value) || self.work > self.many && self.is_known(id, value) {
            return Some(true);
        }
        if self.depth >= MAX_DEPTH {
            return Some(false);
        }
        self.depth += 1;
        self.push(id, value)
    }

    /// Whether this very table is being checked against this very node.
    fn is_assumed(&self, node: NodeId, value: Slot) -> bool {
        self.frames.iter().any(|frame| frame.node == node && frame.value.payload == value.payload)
            || self.assumed.contains(&(value.payload, node))
    }

    fn is_known(&self, node: NodeId, value: Slot) -> bool {
        self.valid.as_ref().is_some_and(|valid| valid.contains(&(value.payload, node)))
    }

    /// Goes on with the frame on top, given what its last part came to.
    unsafe fn advance(&mut self, part: Option<bool>) -> Option<bool> {
        // SAFETY: as for `accepts`.
        unsafe {
            let top = self.frames.len() - 1;
            let Frame { node: id, at, value } = self.frames[top];
            let program = self.program;
            match self.node(id) {
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
                Node::Annotated { inner, first, count, .. } => {
                    if at == 0 {
                        self.frames[top].at = 1;
                        return self.enter(inner, value);
                    }
                    let passes = passes_all(program, first, count, value);
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
                    if verdict && self.work > self.many && self.unions == 0 {
                        self.valid.get_or_insert_default().insert((frame.value.payload, frame.node));
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
            while let Some(field) = record.fields.get(at) {
                at += 1;
                self.work += 1;
                let found = field_of(value, field.name, field.hash);
                if found.is_nil() {
                    if !field.optional {
                        return self.end(false);
                    }
                    continue;
                }
                self.frames[top].at = at;
                match self.enter(field.node, found) {
                    Some(true) => {}
                    Some(false) => return self.end(false),
                    None => return None,
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
            let end = positions(t);
            while at < end {
                let (key, item) = pair_at(t, len, at);
                at += 1;
                if item.is_nil() {
                    continue;
                }
                if !is_position(key) {
                    return self.end(false);
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
            let end = positions(t);
            while at / 2 < end {
                let (found, item) = pair_at(t, len, at / 2);
                if item.is_nil() || is_declared(declared, found) {
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

/// Whether a key is one of a list.
#[inline(always)]
fn is_position(key: Slot) -> bool {
    key.tag == tag::INTEGER && key.as_integer() >= 1
}

/// Number of positions that [`pair_at`] knows.
#[inline(always)]
unsafe fn positions(t: *const Table) -> usize {
    // SAFETY: the table is valid.
    unsafe { (*t).len as usize + if (*t).has_no_nodes() { 0 } else { (*t).node_count() } }
}

/// Whether a key is the name of a field.
unsafe fn is_declared(declared: &[Field], key: Slot) -> bool {
    // SAFETY: the key is valid and a string where this is asked; a program keeps the names of its fields.
    let names = |field: &Field| unsafe { string::equal(field.name.raw(), key.as_string()) };
    key.tag == tag::STRING && declared.iter().any(names)
}
