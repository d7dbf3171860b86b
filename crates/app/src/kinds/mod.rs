//! What kinds of entries there are, and which keys they have.
//!
//! Knows nothing of how a kind is carried out: that is told apart by [`Role`]. Invariant: THE table is `table::KINDS`;
//! checks at boot, hints of `lint` and the reference in `docs/kinds.md` all derive from it.

pub mod check;
pub mod document;
pub mod table;

use wippy_parser::nearest::nearest;

/// What an entry of a kind is to the runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Stored and found, nothing else.
    Data,
    /// A pooled function.
    Function,
    /// What a spawn runs.
    Process,
    /// Code that others import.
    Library,
    /// Runs processes.
    Host,
    /// Runs the process of the terminal.
    Terminal,
    /// A supervised process.
    Service,
    /// Listens for requests.
    Server,
    /// Keeps variables.
    Storage,
    /// A declared variable.
    Variable,
}

/// Whether this release carries a kind out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Support {
    /// Yes.
    Yes,
    /// It is stored and found, and has no effect yet.
    Stored,
    /// No; an application that uses it does not start.
    Later,
}

/// A kind of entry.
#[derive(Debug)]
pub struct Kind {
    /// As written in `kind:`.
    pub name: &'static str,
    /// What it is to the runtime.
    pub role: Role,
    /// Whether this release carries it out.
    pub support: Support,
    /// One sentence.
    pub summary: &'static str,
    /// Keys of the payload.
    pub keys: &'static [Key],
    /// Keys of the metadata that have a meaning to the kind.
    pub meta: &'static [Key],
}

/// A key of a kind.
#[derive(Debug)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What its value may be.
    pub shape: Shape,
    /// Whether an entry must have it.
    pub required: bool,
    /// The value when it is absent, as text for people; empty if that means something of its own.
    pub default: &'static str,
    /// What it means.
    pub meaning: &'static str,
}

/// What a value may be.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// Anything.
    Any,
    /// Text, not empty.
    Name,
    /// Text.
    Text,
    /// A truth value.
    Switch,
    /// A whole number in this range.
    Whole(i64, i64),
    /// A number that is not negative.
    Number,
    /// A span of time.
    Duration,
    /// Permissions: a number, or text of octal digits.
    Mode,
    /// A scalar of any sort.
    Scalar,
    /// A reference to an entry.
    Id,
    /// A list of references; one alone is accepted.
    Ids,
    /// A list of texts; one alone is accepted.
    Names,
    /// A list of anything.
    List,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A map of anything.
    Map,
    /// A map from aliases to references.
    Imports,
    /// A map with these keys.
    Table(&'static [Key]),
    /// A list of maps with these keys.
    Rows(&'static [Key]),
}

impl Key {
    /// A key that may be absent.
    pub const fn new(name: &'static str, shape: Shape, default: &'static str, meaning: &'static str) -> Key {
        Key { name, shape, required: false, default, meaning }
    }

    /// A key that must be there.
    pub const fn required(name: &'static str, shape: Shape, meaning: &'static str) -> Key {
        Key { name, shape, required: true, default: "", meaning }
    }
}

/// The kind of a name.
pub fn find(name: &str) -> Option<&'static Kind> {
    table::KINDS.iter().find(|kind| kind.name == name)
}

/// The known kind nearest to a name.
pub fn nearest_kind(name: &str) -> Option<&'static str> {
    nearest(name, table::KINDS.iter().map(|kind| kind.name))
}
