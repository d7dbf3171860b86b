//! Types of annotated Lua: what they are, how they are read, how they are shown.
//!
//! Knows the syntax tree and [`Type`]; knows nothing of values, the interpreter or files. What names mean is asked of a
//! [`Scope`]; names without a meaning are kept as names.
//! Invariant: a type is immutable and may be shared between threads.
//!
//! ```
//! use wippy_typecheck::{parse_signature, parse_type};
//!
//! let signature = parse_signature("(s: string, n: integer, sep: string?) -> string")?;
//! assert_eq!(signature.parameters.len(), 3);
//! assert_eq!(signature.to_string(), "(s: string, n: integer, sep: string?) -> string");
//!
//! let ty = parse_type("{number}[] | nil")?;
//! assert_eq!(ty.to_string(), "{{number}} | nil");
//! # Ok::<(), wippy_typecheck::Error>(())
//! ```

mod canon;
pub mod check;
mod declaration;
pub mod diagnostic;
mod display;
mod error;
mod lower;
mod parts;
mod signature;
mod subtype;
mod ty;

pub use canon::{Canon, equivalent};
pub use declaration::{Declaration, Named};
pub use display::Brief;
pub use error::{Error, ErrorKind};
pub use lower::{Meaning, Scope, lower, lower_alias, lower_in, lower_interface};
pub use parts::Environment;
pub use signature::{parse_signature, parse_type};
pub use subtype::{Relation, assignable, is_subtype};
pub use ty::{
    Annotation, Basic, Constant, DeclarationRef, Field, FunctionType, Indexer, Literal, MAX_TYPE_DEPTH, Pack,
    Parameter, Type, TypeKind, TypeParameter,
};
