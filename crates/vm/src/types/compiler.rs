//! From a type to its validator.
//!
//! Nodes are numbered when they are first needed and filled in from a list of what is still to do, so that neither
//! recursive types nor long chains of declarations make the compiler recurse. Invariant: when it is done every number
//! that was given out is a node.

use std::collections::{HashMap, VecDeque};
use std::sync::OnceLock;

use regex::bytes::Regex;
use wippy_typecheck::{Annotation, Basic, Constant, DeclarationRef, Literal as TypeLiteral, Type, TypeKind};

use super::program::{
    Check, Field, Foreign, Literal, MAX_REACH, NO_SCALAR, Node, NodeId, Program, Record, Scalar, Tags,
    Validator,
};
use crate::heap::shared::Immortal;
use crate::heap::slot::tag;
use crate::number::Number;

/// Most nodes of a program; only types that grow as they are followed need more.
const MAX_NODES: usize = 20_000;

const fn bit(tag: u32) -> u32 {
    1 << tag
}

const NIL: u32 = bit(tag::NIL);
const TABLE: u32 = bit(tag::TABLE);
const FUNCTION: u32 = bit(tag::CLOSURE) | bit(tag::NATIVE_CLOSURE) | bit(tag::NATIVE);
const NUMBER: u32 = bit(tag::INTEGER) | bit(tag::FLOAT);
const BOOLEAN: u32 = bit(tag::TRUE) | bit(tag::FALSE);
const USERDATA: u32 = bit(tag::USERDATA) | bit(tag::LIGHT_USERDATA);
/// Every kind of value.
pub(crate) const ANYTHING: u32 = (1 << (tag::NIL + 1)) - 1;

/// The validator of a type.
pub(super) fn compile(ty: &Type) -> Program {
    let mut compiler =
        Compiler { program: Program::default(), known: HashMap::new(), queue: VecDeque::new() };
    compiler.node(ty);
    while let Some((id, ty)) = compiler.queue.pop_front() {
        let node = compiler.translate(id, &ty);
        compiler.program.nodes[id as usize] = node;
    }
    let mut program = compiler.program;
    let reach = reach(&program);
    let recursive = reach.contains(&None);
    for node in &mut program.nodes {
        if let Node::Array { recursive: it, .. }
        | Node::Map { recursive: it, .. }
        | Node::Record { recursive: it, .. } = node
        {
            *it = recursive;
        }
    }
    program.shallow = reach.iter().map(|reach| reach.is_some_and(|reach| reach <= MAX_REACH)).collect();
    for record in &mut program.records {
        for field in &mut record.fields {
            if let Node::Mask(mask) = program.nodes[field.node as usize] {
                field.mask = mask | if field.optional { NIL } else { 0 };
            }
        }
    }
    program
}

struct Compiler {
    program: Program,
    known: HashMap<Type, NodeId>,
    queue: VecDeque<(NodeId, Type)>,
}

impl Compiler {
    /// The node of a type, to be filled in.
    fn node(&mut self, ty: &Type) -> NodeId {
        if let Some(&id) = self.known.get(ty) {
            return id;
        }
        if self.program.nodes.len() >= MAX_NODES {
            let reason = format!("type {} is too large to be checked", ty.brief());
            let node = self.nothing(reason);
            return self.finished(node, ty);
        }
        let id = self.finished(Node::Mask(0), ty);
        self.known.insert(ty.clone(), id);
        self.queue.push_back((id, ty.clone()));
        id
    }

    /// A node that is complete; `ty` is what messages call it.
    fn finished(&mut self, node: Node, ty: &Type) -> NodeId {
        let id = self.program.nodes.len() as NodeId;
        self.program.nodes.push(node);
        self.program.types.push(ty.clone());
        id
    }

    fn nothing(&mut self, reason: String) -> Node {
        self.program.reasons.push(reason);
        Node::Nothing(self.program.reasons.len() as u32 - 1)
    }

    fn list(&mut self, nodes: &[NodeId]) -> (u32, u32) {
        let first = self.program.lists.len() as u32;
        self.program.lists.extend_from_slice(nodes);
        (first, nodes.len() as u32)
    }

    fn host(&mut self, name: &str) -> Node {
        self.program.names.push(Immortal::of(name.as_bytes()));
        Node::Host(self.program.names.len() as u32 - 1)
    }

    fn translate(&mut self, id: NodeId, ty: &Type) -> Node {
        let members = ty.members();
        match members.as_slice() {
            [only] => self.shape(id, only),
            // `type T = T?` and its like.
            [] => Node::Mask(0),
            many => self.union(ty, many),
        }
    }

    /// What a shape that is no union comes to.
    fn shape(&mut self, id: NodeId, shape: &Type) -> Node {
        match shape.kind() {
            TypeKind::Basic(Basic::Integer) => Node::Integer,
            TypeKind::Basic(Basic::Error) => self.host("error"),
            TypeKind::Basic(basic) => Node::Mask(mask(*basic)),
            TypeKind::Literal(literal) => self.literals(std::slice::from_ref(literal)),
            TypeKind::Function(_) => Node::Mask(FUNCTION),
            TypeKind::Array { element, .. } => Node::Array { element: self.node(element), recursive: false },
            TypeKind::Map { indexer, .. } => {
                Node::Map { key: self.node(&indexer.key), value: self.node(&indexer.value), recursive: false }
            }
            TypeKind::Record { indexer, .. } => {
                let rest = indexer.as_ref().map(|it| (self.node(&it.key), self.node(&it.value)));
                self.record(id, shape, rest, false)
            }
            TypeKind::Interface { .. } => self.record(id, shape, None, true),
            TypeKind::Tuple(pack) => {
                let nodes: Vec<NodeId> = pack.items.iter().map(|item| self.node(item)).collect();
                let (first, count) = self.list(&nodes);
                Node::Tuple { first, count }
            }
            TypeKind::Intersection(parts) => {
                let nodes: Vec<NodeId> = parts.iter().map(|part| self.node(part)).collect();
                let (first, count) = self.list(&nodes);
                Node::All { first, count }
            }
            TypeKind::Annotated { .. } => self.annotated(shape),
            TypeKind::Host { name, .. } => self.host(name),
            TypeKind::Reference { path, arguments } if path.len() == 2 => {
                let name = |text: &str| Immortal::of(text.as_bytes());
                self.program.foreign.push(Foreign {
                    host: name(&path.join(".")),
                    module: name(&path[0]),
                    member: name(&path[1]),
                    arguments: arguments.clone(),
                });
                Node::Foreign(self.program.foreign.len() as u32 - 1)
            }
            TypeKind::Reference { path, .. } if path.len() > 2 => self.host(&path.join(".")),
            TypeKind::Reference { path, .. } => self.nothing(format!("unresolved type {}", path.join("."))),
            TypeKind::Generic(DeclarationRef(declaration)) => {
                self.nothing(format!("generic {} needs type arguments", declaration.name()))
            }
            // Erased, or no shape.
            _ => Node::Mask(ANYTHING),
        }
    }

    fn literals(&mut self, literals: &[TypeLiteral]) -> Node {
        let first = self.program.literals.len() as u32;
        self.program.literals.extend(literals.iter().map(literal));
        Node::Literal { first, count: literals.len() as u32 }
    }

    fn record(&mut self, id: NodeId, shape: &Type, rest: Option<(NodeId, NodeId)>, userdata: bool) -> Node {
        let fields = shape.all_fields().unwrap_or_default();
        let fields = fields
            .into_iter()
            .map(|field| {
                let own = matches!(field.ty.bare().kind(), TypeKind::Basic(Basic::SelfType));
                let name = Immortal::of(&field.name);
                Field {
                    name,
                    hash: name.hash(),
                    is_plain: std::str::from_utf8(&field.name).is_ok()
                        && field.name.iter().all(|byte| *byte >= b' ' && !matches!(byte, b'"' | b'\\')),
                    mask: 0,
                    node: if own && userdata { id } else { self.node(&field.ty) },
                    optional: field.optional || field.ty.accepts_nil(),
                }
            })
            .collect();
        self.program.records.push(Record { fields, rest, userdata, template: OnceLock::new() });
        Node::Record { record: self.program.records.len() as u32 - 1, recursive: false }
    }

    fn union(&mut self, ty: &Type, members: &[Type]) -> Node {
        let mut accepted = 0;
        let mut literals = Vec::new();
        let mut others: Vec<Type> = Vec::new();
        for member in members {
            match member.kind() {
                TypeKind::Basic(Basic::Integer | Basic::Error) => others.push(member.clone()),
                TypeKind::Basic(basic) => accepted |= mask(*basic),
                TypeKind::Function(_) => accepted |= FUNCTION,
                TypeKind::Literal(literal) => literals.push(literal.clone()),
                _ => others.push(member.clone()),
            }
        }
        let mut nodes = Vec::new();
        if !literals.is_empty() {
            let node = self.literals(&literals);
            nodes.push(self.finished(node, ty));
        }
        let tagged = if literals.is_empty() { self.tagged(&others) } else { None };
        match tagged {
            Some(node) => nodes.push(self.finished(node, ty)),
            None => nodes.extend(others.iter().map(|other| self.node(other)).collect::<Vec<_>>()),
        }
        let other = match nodes.as_slice() {
            [] => return Node::Mask(accepted),
            [only] => *only,
            many => {
                let (first, count) = self.list(many);
                let node = Node::Union { first, count };
                if accepted == 0 {
                    return node;
                }
                self.finished(node, ty)
            }
        };
        Node::Either { mask: accepted, other }
    }

    /// The union of records that one required field with a different literal in each tells apart.
    fn tagged(&mut self, members: &[Type]) -> Option<Node> {
        let fields: Vec<_> = members
            .iter()
            .map(|member| match member.kind() {
                TypeKind::Record { fields, .. } => Some(fields),
                _ => None,
            })
            .collect::<Option<_>>()?;
        let (first, _) = fields.split_first()?;
        if fields.len() < 2 {
            return None;
        }
        let tag_of = |list: &Vec<wippy_typecheck::Field>, name: &[u8]| {
            let field = list.iter().find(|field| *field.name == *name && !field.optional)?;
            match field.ty.bare().kind() {
                TypeKind::Literal(literal) => Some(literal.clone()),
                _ => None,
            }
        };
        for field in *first {
            let tags: Option<Vec<TypeLiteral>> =
                fields.iter().map(|list| tag_of(list, &field.name)).collect();
            let Some(tags) = tags else { continue };
            let distinct = tags.iter().enumerate().all(|(at, tag)| !tags[..at].contains(tag));
            if !distinct {
                continue;
            }
            let types = tags.iter().map(|tag| Type::new(TypeKind::Literal(tag.clone()))).collect();
            let variants = tags.iter().zip(members).map(|(tag, member)| (literal(tag), self.node(member)));
            let tags = Tags {
                field: Immortal::of(&field.name),
                variants: variants.collect(),
                expected: Type::union(types),
            };
            self.program.tags.push(tags);
            return Some(Node::Tagged(self.program.tags.len() as u32 - 1));
        }
        None
    }

    fn annotated(&mut self, shape: &Type) -> Node {
        let mut annotations = Vec::new();
        let mut inner = shape.clone();
        for _ in 0..MAX_NODES {
            let TypeKind::Annotated { ty, annotation } = inner.kind() else { break };
            annotations.push(annotation.clone());
            // A name behind an annotation may stand for something annotated.
            let next = ty.clone();
            inner = match next.shape().kind() {
                TypeKind::Annotated { .. } => next.shape(),
                _ => next,
            };
        }
        let node = self.node(&inner);
        let first = self.program.validators.len() as u32;
        self.program.validators.extend(annotations.iter().rev().filter_map(validator));
        let count = self.program.validators.len() as u32 - first;
        let scalar = match scalar(&inner, &self.program.validators[first as usize..]) {
            Some(scalar) => {
                self.program.scalars.push(scalar);
                self.program.scalars.len() as u32 - 1
            }
            None => NO_SCALAR,
        };
        Node::Annotated { inner: node, first, count, scalar }
    }
}

/// Largest bound of a [`Scalar`]: integers up to it are floats as well.
const MAX_EXACT: i64 = 1 << 53;

/// A basic type and its validators as one test, if they are of that kind.
fn scalar(inner: &Type, validators: &[Validator]) -> Option<Scalar> {
    let [only] = <[Type; 1]>::try_from(inner.members()).ok()?;
    let TypeKind::Basic(basic) = only.kind() else { return None };
    let accepted = mask(*basic);
    if *basic == Basic::Error || accepted & TABLE != 0 {
        return None;
    }
    let mut scalar = Scalar {
        mask: accepted,
        integral: *basic == Basic::Integer,
        bounded: false,
        integers: (i64::MIN, i64::MAX),
        floats: (f64::NEG_INFINITY, f64::INFINITY),
        length: (0, u32::MAX),
        pattern: None,
    };
    let exact = |bound: Literal| match bound {
        Literal::Integer(i) if (-MAX_EXACT..=MAX_EXACT).contains(&i) => Some(i as f64),
        Literal::Float(f) if f.abs() <= MAX_EXACT as f64 => Some(f),
        _ => None,
    };
    for validator in validators {
        match &validator.check {
            Check::Min(bound) => {
                let bound = exact(*bound)?;
                scalar.bounded = true;
                scalar.floats.0 = scalar.floats.0.max(bound);
                scalar.integers.0 = scalar.integers.0.max(bound.ceil() as i64);
            }
            Check::Max(bound) => {
                let bound = exact(*bound)?;
                scalar.bounded = true;
                scalar.floats.1 = scalar.floats.1.min(bound);
                scalar.integers.1 = scalar.integers.1.min(bound.floor() as i64);
            }
            Check::MinLen(least) => scalar.length.0 = scalar.length.0.max(u32::try_from(*least).ok()?),
            Check::MaxLen(most) => {
                scalar.length.1 = scalar.length.1.min(u32::try_from(*most).unwrap_or(u32::MAX));
            }
            Check::Pattern(pattern) if scalar.pattern.is_none() => scalar.pattern = Some(pattern.clone()),
            Check::Pattern(_) | Check::InvalidRegex | Check::InvalidPattern => return None,
        }
    }
    Some(scalar)
}

fn mask(basic: Basic) -> u32 {
    match basic {
        Basic::Any | Basic::Unknown | Basic::SelfType => ANYTHING,
        Basic::Never => 0,
        Basic::Nil => NIL,
        Basic::Boolean => BOOLEAN,
        Basic::Number | Basic::Integer => NUMBER,
        Basic::String => bit(tag::STRING),
        Basic::Table => TABLE,
        Basic::Function => FUNCTION,
        Basic::Thread => bit(tag::COROUTINE),
        Basic::Userdata | Basic::Error => USERDATA,
        Basic::Type => bit(tag::TYPE),
    }
}

fn literal(literal: &TypeLiteral) -> Literal {
    match literal {
        TypeLiteral::Boolean(value) => Literal::Boolean(*value),
        TypeLiteral::Integer(value) => Literal::Integer(*value),
        TypeLiteral::Float(bits) => {
            let value = f64::from_bits(*bits);
            match Number::Float(value).to_integer() {
                Some(value) => Literal::Integer(value),
                None => Literal::Float(value),
            }
        }
        TypeLiteral::String(text) => Literal::String(Immortal::of(text)),
    }
}

/// The check behind an annotation; none for names that mean nothing here, and for arguments of the wrong kind.
fn validator(annotation: &Annotation) -> Option<Validator> {
    let argument = annotation.arguments.as_ref().and_then(|arguments| arguments.first());
    let literal_argument = match argument {
        Some(Constant::Literal(it)) => Some(it),
        _ => None,
    };
    let number = || match literal_argument.map(literal) {
        Some(number @ (Literal::Integer(_) | Literal::Float(_))) => Some(number),
        _ => None,
    };
    let length = || match number() {
        Some(Literal::Integer(length)) if length >= 0 => Some(length),
        _ => None,
    };
    let (name, check) = match &*annotation.name {
        "min" => ("min", Check::Min(number()?)),
        "max" => ("max", Check::Max(number()?)),
        "min_len" => ("min_len", Check::MinLen(length()?)),
        "max_len" => ("max_len", Check::MaxLen(length()?)),
        "pattern" => {
            let check = match literal_argument {
                Some(TypeLiteral::String(text)) => {
                    let pattern = std::str::from_utf8(text).ok().and_then(|text| Regex::new(text).ok());
                    pattern.map_or(Check::InvalidRegex, Check::Pattern)
                }
                _ => Check::InvalidPattern,
            };
            ("pattern", check)
        }
        _ => return None,
    };
    let argument =
        literal_argument.map_or_else(String::new, |it| Type::new(TypeKind::Literal(it.clone())).to_string());
    Some(Validator { check, name, argument })
}

/// For each node the number of nodes on the longest way down from it; none if a way leads back.
fn reach(program: &Program) -> Vec<Option<usize>> {
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        New,
        Open,
        Done,
    }
    let count = program.nodes.len();
    let mut states = vec![State::New; count];
    let mut reach = vec![Some(0); count];
    let mut stack: Vec<(NodeId, Vec<NodeId>)> = Vec::new();
    for start in 0..count as NodeId {
        if states[start as usize] == State::New {
            states[start as usize] = State::Open;
            stack.push((start, successors(program, start)));
        }
        while let Some((id, rest)) = stack.last_mut() {
            let id = *id as usize;
            let Some(next) = rest.pop() else {
                states[id] = State::Done;
                stack.pop();
                if let Some((above, _)) = stack.last() {
                    reach[*above as usize] = longer(reach[*above as usize], reach[id]);
                }
                continue;
            };
            match states[next as usize] {
                State::Open => reach[id] = None,
                State::Done => reach[id] = longer(reach[id], reach[next as usize]),
                State::New => {
                    states[next as usize] = State::Open;
                    stack.push((next, successors(program, next)));
                }
            }
        }
    }
    reach
}

fn longer(known: Option<usize>, below: Option<usize>) -> Option<usize> {
    Some(known?.max(below? + 1))
}

fn successors(program: &Program, id: NodeId) -> Vec<NodeId> {
    match program.nodes[id as usize] {
        Node::Mask(_) | Node::Integer | Node::Literal { .. } => vec![],
        Node::Host(_) | Node::Foreign(_) | Node::Nothing(_) => vec![],
        Node::Either { other, .. } => vec![other],
        Node::Array { element, .. } => vec![element],
        Node::Map { key, value, .. } => vec![key, value],
        Node::Record { record, .. } => {
            let record = &program.records[record as usize];
            let rest = record.rest.into_iter().flat_map(|(key, value)| [key, value]);
            record.fields.iter().map(|field| field.node).chain(rest).collect()
        }
        Node::Tuple { first, count } | Node::Union { first, count } | Node::All { first, count } => {
            program.list(first, count).to_vec()
        }
        Node::Tagged(tags) => program.tags[tags as usize].variants.iter().map(|(_, node)| *node).collect(),
        Node::Annotated { inner, .. } => vec![inner],
    }
}
