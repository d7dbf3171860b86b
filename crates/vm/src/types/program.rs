//! Validators as flat programs: nodes that refer to one another by index, so that recursive types are finite.
//!
//! Made by [`super::compiler`], run by [`crate::execute::validate`]. Invariant: every index in a program is in range.

use std::sync::OnceLock;

use regex::bytes::Regex;
use wippy_typecheck::Type;

use crate::heap::template::Template;

pub(crate) use crate::heap::shared::Immortal as Name;

/// Index of a node.
pub(crate) type NodeId = u32;

/// Most nodes on a way down from a shallow one.
pub(crate) const MAX_REACH: usize = 24;

/// What a value must be. Lists (`first`, `count`) lie in [`Program::lists`].
#[derive(Clone, Copy, Debug)]
pub(crate) enum Node {
    /// Its tag is among these, a bit each.
    Mask(u32),
    /// Its tag is among these, or the other node accepts it.
    Either { mask: u32, other: NodeId },
    /// An integer, or a float with an integer value.
    Integer,
    /// Equal to one of `literals[first..][..count]`.
    Literal { first: u32, count: u32 },
    /// A table with only integer keys from 1 on.
    Array { element: NodeId, recursive: bool },
    /// A table; every pair.
    Map { key: NodeId, value: NodeId, recursive: bool },
    /// `records[i]`
    Record { record: u32, recursive: bool },
    /// A table whose positions 1 to `count` are as in the list.
    Tuple { first: u32, count: u32 },
    /// One of the nodes in the list.
    Union { first: u32, count: u32 },
    /// `tags[i]`
    Tagged(u32),
    /// All nodes in the list.
    All { first: u32, count: u32 },
    /// The inner node, then `validators[first..][..count]`; all of it at once if `scalars[scalar]` says the same.
    Annotated { inner: NodeId, first: u32, count: u32, scalar: u32 },
    /// A host object whose metatable has this `__name`: `names[i]`.
    Host(u32),
    /// What `foreign[i]` names: a host object, or a value of a type that a module holds.
    Foreign(u32),
    /// Nothing; `reasons[i]` says why.
    Nothing(u32),
}

/// A type of another module, or one of host objects: `m.T`.
#[derive(Debug)]
pub(crate) struct Foreign {
    /// What `__name` of host objects says.
    pub(crate) host: Name,
    pub(crate) module: Name,
    /// The field of the module.
    pub(crate) member: Name,
    /// Arguments, if the field is a generic type.
    pub(crate) arguments: Vec<Type>,
}

/// In place of the index of a [`Scalar`]: there is none.
pub(crate) const NO_SCALAR: u32 = u32::MAX;

/// Numbers and texts within limits: what most annotated types come to, tested in one go.
#[derive(Debug)]
pub(crate) struct Scalar {
    /// A bit for each tag that is accepted; no tables among them.
    pub(crate) mask: u32,
    /// Whether floats must have an integer value.
    pub(crate) integral: bool,
    /// Whether floats have limits, so that NaN is none of them.
    pub(crate) bounded: bool,
    /// Least and greatest integer.
    pub(crate) integers: (i64, i64),
    /// Least and greatest float.
    pub(crate) floats: (f64, f64),
    /// Least and greatest length of a text in bytes.
    pub(crate) length: (u32, u32),
    /// What a text must match.
    pub(crate) pattern: Option<Regex>,
}

/// A record or an interface.
#[derive(Debug)]
pub(crate) struct Record {
    /// In declaration order.
    pub(crate) fields: Box<[Field]>,
    /// Key and value of all other pairs.
    pub(crate) rest: Option<(NodeId, NodeId)>,
    /// Whether host objects may have the fields as well.
    pub(crate) userdata: bool,
    /// What its tables begin as, made when a document is first read as one.
    pub(crate) template: OnceLock<Option<Template>>,
}

/// A field.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: Name,
    /// The name's hash.
    pub(crate) hash: u32,
    /// Whether a document writes the name as it is, between quotes.
    pub(crate) is_plain: bool,
    /// If the node is a mask, the mask with nil where the field may be absent; else 0.
    pub(crate) mask: u32,
    pub(crate) node: NodeId,
    /// Whether it may be absent, or its type accepts nil.
    pub(crate) optional: bool,
}

/// A literal.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Literal {
    Boolean(bool),
    Integer(i64),
    Float(f64),
    String(Name),
}

/// A union of records that one field tells apart.
#[derive(Debug)]
pub(crate) struct Tags {
    pub(crate) field: Name,
    /// Each value of the field with the record it selects.
    pub(crate) variants: Box<[(Literal, NodeId)]>,
    /// What `expected` says about an unknown tag.
    pub(crate) expected: Type,
}

/// A validator behind an `@`.
#[derive(Debug)]
pub(crate) struct Validator {
    pub(crate) check: Check,
    /// Its name, without `@`.
    pub(crate) name: &'static str,
    /// Its argument as written.
    pub(crate) argument: String,
}

/// What a validator checks.
#[derive(Debug)]
pub(crate) enum Check {
    Min(Literal),
    Max(Literal),
    MinLen(i64),
    MaxLen(i64),
    Pattern(Regex),
    /// A pattern that is no regular expression.
    InvalidRegex,
    /// An argument that makes no sense for a pattern.
    InvalidPattern,
}

/// A compiled validator.
#[derive(Debug, Default)]
pub(crate) struct Program {
    pub(crate) nodes: Vec<Node>,
    /// The type behind each node, as messages name it.
    pub(crate) types: Vec<Type>,
    /// Whether every way down from a node ends after at most [`MAX_REACH`] others.
    pub(crate) shallow: Vec<bool>,
    pub(crate) lists: Vec<NodeId>,
    pub(crate) literals: Vec<Literal>,
    pub(crate) records: Vec<Record>,
    pub(crate) tags: Vec<Tags>,
    pub(crate) validators: Vec<Validator>,
    pub(crate) scalars: Vec<Scalar>,
    pub(crate) names: Vec<Name>,
    pub(crate) foreign: Vec<Foreign>,
    pub(crate) reasons: Vec<String>,
}

impl Program {
    /// The nodes of a list.
    pub(crate) fn list(&self, first: u32, count: u32) -> &[NodeId] {
        &self.lists[first as usize..][..count as usize]
    }
}
