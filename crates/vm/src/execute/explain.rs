//! Why a value is not of a type: the first failure with its path, or all of them.
//!
//! Runs only after a check has failed. Every step asks [`super::validate`] which parts fail and goes on with those, so
//! nothing recurses; the tables on the way count as valid further down, as they do in the check. Invariant: there is a
//! failure exactly if the check fails.

use std::cmp::Ordering;
use std::fmt::Write;
use std::sync::Arc;

use wippy_typecheck::Type;

use crate::heap::handle::{TypeRef, Value, type_name};
use crate::heap::slot::{Slot, tag};
use crate::heap::{string, table};
use crate::types::program::{Check, Field, Node, NodeId, Program, Tags, Validator};

use super::context::Context;
use super::foreign::Modules;
use super::leaf::{field_of, is_integer, pair_at, passes, select};
use super::validate::{Assumption, Checker, MAX_DEPTH};

/// Most failures that are collected.
const MAX_FAILURES: usize = 1000;
/// Most bytes of a value that a message shows.
const MAX_SHOWN: usize = 80;

/// One reason why a value is not of a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeFailure {
    /// Where, as text; empty at the root.
    pub path: Vec<u8>,
    /// What is wrong there, without the path.
    pub message: Vec<u8>,
    /// The type that the part was to have.
    pub expected: String,
    /// The type of the part, or the value that broke a constraint.
    pub got: Vec<u8>,
    /// The validator that refused the value.
    pub constraint: Option<&'static str>,
}

impl TypeFailure {
    /// The message with the path before it.
    pub fn text(&self) -> Vec<u8> {
        if self.path.is_empty() {
            self.message.clone()
        } else {
            [&self.path, &b": "[..], &self.message].concat()
        }
    }

    /// A field that is not there, at the end of a path.
    pub(crate) fn missing(program: &Program, node: NodeId, path: Vec<u8>) -> TypeFailure {
        TypeFailure {
            path,
            message: b"required field missing".to_vec(),
            expected: program.types[node as usize].brief().to_string(),
            got: b"nil".to_vec(),
            constraint: None,
        }
    }
}

/// A part of a value that fails: something to say, or somewhere to look further.
enum Point {
    Failure(TypeFailure),
    Part { node: NodeId, value: Slot, path: Arc<[u8]> },
}

/// What is still to be said, in order.
enum Item {
    Say(TypeFailure),
    Look(Place),
}

/// A place that fails, with what counts as valid below it.
struct Place {
    node: NodeId,
    value: Slot,
    path: Arc<[u8]>,
    assumed: Vec<Assumption>,
}

/// The first failures, at most `most`, of a value that stands at a path and is not as a node asks.
///
/// # Safety
/// The value must be valid, and nothing may change meanwhile.
pub(crate) unsafe fn collect(
    modules: Modules,
    program: &Program,
    node: NodeId,
    value: Slot,
    path: &[u8],
    most: usize,
) -> Vec<TypeFailure> {
    // SAFETY: as for `collect`.
    unsafe {
        let mut failures = Vec::new();
        let root = Place { node, value, path: Arc::from(path), assumed: Vec::new() };
        let mut items = vec![Item::Look(root)];
        while let Some(item) = items.pop() {
            let place = match item {
                Item::Say(failure) => {
                    failures.push(failure);
                    if failures.len() >= most {
                        break;
                    }
                    continue;
                }
                Item::Look(place) => place,
            };
            let explainer = Explainer::new(modules, program, most > 1, &place);
            let mut points = explainer.points();
            points.truncate(most - failures.len());
            items.extend(points.into_iter().rev().map(|point| match point {
                Point::Failure(failure) => Item::Say(failure),
                Point::Part { node, value, path } => {
                    Item::Look(Place { node, value, path, assumed: explainer.below.clone() })
                }
            }));
        }
        failures
    }
}

struct Explainer<'e> {
    modules: Modules,
    program: &'e Program,
    /// Whether all failures are wanted.
    all: bool,
    place: &'e Place,
    /// What counts as valid below this place.
    below: Vec<Assumption>,
}

impl<'e> Explainer<'e> {
    fn new(modules: Modules, program: &'e Program, all: bool, place: &'e Place) -> Self {
        let mut below = place.assumed.clone();
        if place.value.tag == tag::TABLE && is_container(program, place.node) {
            below.push((place.value.payload, place.node));
        }
        Explainer { modules, program, all, place, below }
    }

    fn ty(&self) -> &Type {
        &self.program.types[self.place.node as usize]
    }

    /// Whether a part fails, with the tables on the way to it counted as valid.
    unsafe fn fails(&self, node: NodeId, value: Slot) -> bool {
        // SAFETY: as for `collect`.
        unsafe { !Checker::new(self.program, &self.below, 0, self.modules).accepts(node, value) }
    }

    fn mismatch(&self, ty: &Type) -> Point {
        let (expected, got) = (ty.brief().to_string(), type_name(self.place.value.tag));
        let message = format!("expected {expected}, got {got}").into_bytes();
        self.failure(self.place.path.to_vec(), message, expected, got.into())
    }

    fn failure(&self, path: Vec<u8>, message: Vec<u8>, expected: String, got: Vec<u8>) -> Point {
        Point::Failure(TypeFailure { path, message, expected, got, constraint: None })
    }

    /// The same value, looked at as another node.
    fn same(&self, node: NodeId) -> Vec<Point> {
        vec![Point::Part { node, value: self.place.value, path: self.place.path.clone() }]
    }

    /// What of the place fails; never empty.
    unsafe fn points(&self) -> Vec<Point> {
        // SAFETY: as for `collect`.
        unsafe {
            let Place { node, value, ref path, ref assumed } = *self.place;
            let is_table = value.tag == tag::TABLE;
            if is_table && is_container(self.program, node) && assumed.len() >= MAX_DEPTH {
                let message = format!("value nested deeper than {MAX_DEPTH}").into_bytes();
                let expected = self.ty().brief().to_string();
                return vec![self.failure(path.to_vec(), message, expected, b"table".to_vec())];
            }
            let points = match self.program.nodes[node as usize] {
                Node::Either { mask, other } => {
                    let optional = mask & !(1 << tag::NIL) == 0;
                    if self.fits(other, value) && (optional || self.all) { self.same(other) } else { vec![] }
                }
                Node::Union { first, count } => match self.nearest(self.program.list(first, count)) {
                    Some(node) if self.all => self.same(node),
                    _ => vec![],
                },
                Node::Tagged(_) if !is_table => vec![],
                Node::Tagged(tags) => {
                    let tags = &self.program.tags[tags as usize];
                    match select(tags, value) {
                        Some(variant) => self.same(variant),
                        None => vec![self.unknown_tag(tags)],
                    }
                }
                Node::All { first, count } => {
                    let parts =
                        self.program.list(first, count).iter().filter(|&&part| self.fails(part, value));
                    let failing: Vec<_> = parts.flat_map(|&part| self.same(part)).collect();
                    failing
                }
                Node::Annotated { inner, first, count, .. } => {
                    if self.fails(inner, value) {
                        self.same(inner)
                    } else {
                        let validators = &self.program.validators[first as usize..][..count as usize];
                        let failing = validators.iter().filter(|validator| !passes(validator, value));
                        failing.map(|validator| self.constraint(validator)).collect()
                    }
                }
                Node::Record { record, .. } => {
                    let record = &self.program.records[record as usize];
                    if is_table || record.userdata && value.tag == tag::USERDATA {
                        let mut points = self.fields(&record.fields);
                        if let (Some((key, node)), true) = (record.rest, is_table) {
                            points.extend(self.pairs(key, node, &record.fields));
                        }
                        points
                    } else {
                        vec![]
                    }
                }
                Node::Array { element, .. } if is_table => self.elements(element),
                Node::Map { key, value, .. } if is_table => self.pairs(key, value, &[]),
                Node::Tuple { first, count } if is_table => {
                    let items = self.program.list(first, count).iter().enumerate();
                    items
                        .map(|(at, &node)| {
                            let at = at as i64 + 1;
                            (node, table::get_integer(value.as_table(), at), Slot::integer(at))
                        })
                        .filter(|&(node, item, _)| self.fails(node, item))
                        .map(|(node, value, key)| Point::Part { node, value, path: self.step(key) })
                        .collect()
                }
                Node::Foreign(foreign) => match self.modules.find(&self.program.foreign[foreign as usize]) {
                    Some((ty, inside)) => {
                        let most = if self.all { MAX_FAILURES } else { 1 };
                        let failures = collect(inside, ty.program(), 0, value, path, most);
                        failures.into_iter().map(Point::Failure).collect()
                    }
                    None => vec![],
                },
                Node::Nothing(reason) => {
                    let reason = &self.program.reasons[reason as usize];
                    let expected = self.ty().brief().to_string();
                    let got = type_name(value.tag).into();
                    vec![self.failure(path.to_vec(), reason.clone().into_bytes(), expected, got)]
                }
                _ => vec![],
            };
            if points.is_empty() { vec![self.mismatch(self.ty())] } else { points }
        }
    }

    fn unknown_tag(&self, tags: &Tags) -> Point {
        // SAFETY: the place's value is a valid table.
        let found = unsafe { field_of(self.place.value, tags.field, tags.field.hash()) };
        let path = step_name(&self.place.path, tags.field.bytes());
        let expected = tags.expected.brief().to_string();
        let got = type_name(found.tag);
        let message = match found.is_nil() {
            true => "required field missing".to_owned(),
            false => format!("expected {expected}, got {got}"),
        };
        self.failure(path, message.into_bytes(), expected, got.into())
    }

    unsafe fn fields(&self, fields: &[Field]) -> Vec<Point> {
        // SAFETY: as for `collect`; the value is a table or a host object.
        unsafe {
            let mut points = Vec::new();
            for field in fields {
                let found = field_of(self.place.value, field.name, field.hash);
                if found.is_nil() {
                    if !field.optional {
                        let path = step_name(&self.place.path, field.name.bytes());
                        points.push(Point::Failure(TypeFailure::missing(self.program, field.node, path)));
                    }
                } else if self.fails(field.node, found) {
                    let path = step_name(&self.place.path, field.name.bytes()).into();
                    points.push(Point::Part { node: field.node, value: found, path });
                }
                if !self.all && !points.is_empty() {
                    break;
                }
            }
            points
        }
    }

    unsafe fn elements(&self, element: NodeId) -> Vec<Point> {
        // SAFETY: as for `collect`; the value is a table.
        unsafe {
            let mut failing: Vec<(Slot, Slot)> = Vec::new();
            let mut foreign: Option<Slot> = None;
            // The array part is in order: nothing comes before its first failure.
            let t = self.place.value.as_table();
            for at in 0..if self.all { 0 } else { (*t).len as usize } {
                let (key, item) = pair_at(t, (*t).len as usize, at);
                if !item.is_nil() && self.fails(element, item) {
                    return vec![Point::Part { node: element, value: item, path: self.step(key) }];
                }
            }
            self.each_pair(|key, item| {
                if key.tag != tag::INTEGER || key.as_integer() < 1 {
                    if foreign.is_none_or(|other| order(key, other) == Ordering::Less) {
                        foreign = Some(key);
                    }
                } else if self.fails(element, item) {
                    failing.push((key, item));
                }
            });
            failing.sort_by(|a, b| order(a.0, b.0));
            let part = |(key, value)| Point::Part { node: element, value, path: self.step(key) };
            let mut points: Vec<Point> = failing.into_iter().map(part).collect();
            if let Some(key) = foreign {
                let expected = self.ty().brief().to_string();
                let mut message = format!("expected {expected}, got table with key ").into_bytes();
                message.extend_from_slice(&shown(key));
                let got = [b"table with key ", &*shown(key)].concat();
                points.push(self.failure(self.place.path.to_vec(), message, expected, got));
            }
            points
        }
    }

    unsafe fn pairs(&self, key_node: NodeId, value_node: NodeId, declared: &[Field]) -> Vec<Point> {
        // SAFETY: as for `collect`; the value is a table.
        unsafe {
            let mut failing: Vec<(Slot, Slot, bool)> = Vec::new();
            self.each_pair(|key, item| {
                let own = key.tag == tag::STRING
                    && declared.iter().any(|field| string::equal(field.name.raw(), key.as_string()));
                if own {
                    return;
                }
                if self.fails(key_node, key) {
                    failing.push((key, key, true));
                } else if self.fails(value_node, item) {
                    failing.push((key, item, false));
                }
            });
            failing.sort_by(|a, b| order(a.0, b.0));
            let part = |(key, value, is_key)| {
                let path = if is_key {
                    Arc::from([&self.place.path, &b"[key]"[..]].concat())
                } else {
                    self.step(key)
                };
                Point::Part { node: if is_key { key_node } else { value_node }, value, path }
            };
            failing.into_iter().map(part).collect()
        }
    }

    unsafe fn each_pair(&self, mut visit: impl FnMut(Slot, Slot)) {
        // SAFETY: as for `collect`; the value is a table.
        unsafe {
            let t = self.place.value.as_table();
            let len = (*t).len as usize;
            let end = len + if (*t).has_no_nodes() { 0 } else { (*t).node_count() };
            for position in 0..end {
                let (key, item) = pair_at(t, len, position);
                if !item.is_nil() {
                    visit(key, item);
                }
            }
        }
    }

    fn constraint(&self, validator: &Validator) -> Point {
        let message = match validator.check {
            Check::Min(_) => "value below minimum",
            Check::Max(_) => "value above maximum",
            Check::MinLen(_) => "length below minimum",
            Check::MaxLen(_) => "length above maximum",
            Check::Pattern(_) => "pattern mismatch",
            Check::InvalidRegex => "invalid regex",
            Check::InvalidPattern => "invalid pattern argument",
        };
        Point::Failure(TypeFailure {
            path: self.place.path.to_vec(),
            message: message.into(),
            expected: format!("@{}({})", validator.name, validator.argument),
            got: match self.place.value.tag {
                // SAFETY: the place's value is valid.
                tag::STRING => unsafe { string::bytes(self.place.value.as_string()) }.into(),
                _ => shown(self.place.value),
            },
            constraint: Some(validator.name),
        })
    }

    /// Whether a value is at least of the kind that a node is about, so that what fails lies further in.
    fn fits(&self, node: NodeId, value: Slot) -> bool {
        let mut node = node;
        loop {
            match self.program.nodes[node as usize] {
                Node::Mask(mask) => return mask >> value.tag & 1 != 0,
                Node::Integer => return is_integer(value),
                Node::Annotated { inner, .. } => node = inner,
                Node::Either { other, .. } => node = other,
                Node::Array { .. }
                | Node::Map { .. }
                | Node::Record { .. }
                | Node::Tuple { .. }
                | Node::Tagged(_)
                | Node::All { .. } => return value.tag == tag::TABLE,
                Node::Union { .. } => return true,
                Node::Foreign(_) => return value.tag == tag::TABLE,
                Node::Literal { .. } | Node::Host(_) | Node::Nothing(_) => return false,
            }
        }
    }

    /// The member of a union that a value comes closest to: the one with the fewest parts that fail.
    unsafe fn nearest(&self, members: &[NodeId]) -> Option<NodeId> {
        // SAFETY: as for `collect`.
        let count = |node: NodeId| unsafe {
            let Place { value, ref path, ref assumed, .. } = *self.place;
            let place = Place { node, value, path: path.clone(), assumed: assumed.clone() };
            Explainer::new(self.modules, self.program, true, &place).points().len()
        };
        members
            .iter()
            .copied()
            .filter(|&node| self.fits(node, self.place.value))
            .min_by_key(|&node| count(node))
    }

    fn step(&self, key: Slot) -> Arc<[u8]> {
        let mut path = self.place.path.to_vec();
        // SAFETY: keys of a valid table are valid.
        unsafe {
            match key.tag {
                tag::STRING => return step_name(&path, string::bytes(key.as_string())).into(),
                _ => {
                    path.push(b'[');
                    path.extend_from_slice(&shown(key));
                    path.push(b']');
                }
            }
        }
        path.into()
    }
}

/// Whether a node looks into tables by itself.
fn is_container(program: &Program, node: NodeId) -> bool {
    matches!(
        program.nodes[node as usize],
        Node::Array { .. } | Node::Map { .. } | Node::Record { .. } | Node::Tuple { .. }
    )
}

/// A path that goes on with a string key.
pub(crate) fn step_name(path: &[u8], name: &[u8]) -> Vec<u8> {
    let mut longer = path.to_vec();
    let identifier = name.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_')
        && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    if identifier {
        if !path.is_empty() {
            longer.push(b'.');
        }
        longer.extend_from_slice(name);
    } else {
        longer.push(b'[');
        longer.extend_from_slice(&quoted(name));
        longer.push(b']');
    }
    longer
}

fn quoted(text: &[u8]) -> Vec<u8> {
    let mut out = vec![b'"'];
    for &byte in &text[..text.len().min(MAX_SHOWN)] {
        match byte {
            b'"' | b'\\' => out.extend([b'\\', byte]),
            b'\n' => out.extend(b"\\n"),
            0..=31 | 127 => out.extend(format!("\\{byte:03}").bytes()),
            _ => out.push(byte),
        }
    }
    out.extend(if text.len() > MAX_SHOWN { &b"...\""[..] } else { b"\"" });
    out
}

/// A value as messages show it; no metamethod is asked.
fn shown(value: Slot) -> Vec<u8> {
    // SAFETY: the callers' values are valid.
    unsafe {
        match value.tag {
            tag::STRING => quoted(string::bytes(value.as_string())),
            tag::INTEGER => value.as_integer().to_string().into_bytes(),
            tag::FLOAT => {
                let mut text = Vec::new();
                crate::number::write_float(&mut text, value.as_float());
                text
            }
            tag::TRUE => b"true".to_vec(),
            tag::FALSE => b"false".to_vec(),
            tag::NIL => b"nil".to_vec(),
            tag::TYPE => (*value.as_type()).text().into(),
            other => {
                let mut text = type_name(other).to_owned();
                // A string takes whatever is written.
                let _ = write!(text, ": {:#x}", value.payload);
                text.into_bytes()
            }
        }
    }
}

/// Order of keys in messages: integers, then strings bytewise, then the rest.
fn order(a: Slot, b: Slot) -> Ordering {
    let rank = |key: Slot| match key.tag {
        tag::INTEGER => 0,
        tag::STRING => 1,
        tag::FLOAT => 2,
        other => other,
    };
    // SAFETY: keys of a valid table are valid.
    unsafe {
        match (a.tag, b.tag) {
            (tag::INTEGER, tag::INTEGER) => a.as_integer().cmp(&b.as_integer()),
            (tag::STRING, tag::STRING) => string::bytes(a.as_string()).cmp(string::bytes(b.as_string())),
            (tag::FLOAT, tag::FLOAT) => a.as_float().total_cmp(&b.as_float()),
            _ => rank(a).cmp(&rank(b)).then(a.payload.cmp(&b.payload)),
        }
    }
}

impl<'gc> Context<'gc> {
    /// Whether a value is of a type. Charges fuel for what it looks at.
    pub fn is_of_type(&mut self, ty: TypeRef<'gc>, value: Value<'gc>) -> bool {
        let state = self.st();
        // SAFETY: the value is valid by its brand; nothing runs meanwhile.
        unsafe { super::typed::accepts(state, ty.raw(), value.slot()) }
    }

    /// Why a value is not of a type: the first failure in the order of declarations and keys, none if it is. Charges
    /// fuel.
    pub fn type_failure(&mut self, ty: TypeRef<'gc>, value: Value<'gc>) -> Option<TypeFailure> {
        if self.is_of_type(ty, value) {
            return None;
        }
        // SAFETY: the value is valid by its brand; nothing runs meanwhile.
        unsafe {
            collect(Modules::of(self.st()), ty.value().program(), 0, value.slot(), &[], 1).into_iter().next()
        }
    }

    /// Why a value is not of a type: every failure, of a union those of the nearest variant. Charges fuel.
    pub fn type_failures(&mut self, ty: TypeRef<'gc>, value: Value<'gc>) -> Vec<TypeFailure> {
        if self.is_of_type(ty, value) {
            return Vec::new();
        }
        // SAFETY: the value is valid by its brand; nothing runs meanwhile.
        unsafe { collect(Modules::of(self.st()), ty.value().program(), 0, value.slot(), &[], MAX_FAILURES) }
    }
}
