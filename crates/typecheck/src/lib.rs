//! Types of annotated Lua: what they are, how they are read, how they are shown.
//!
//! Knows the syntax tree and [`Type`]; knows nothing of values, the interpreter or files. Named types are kept as
//! names: nothing here has an environment to look them up in.
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

mod display;
mod error;
mod lower;
mod signature;
mod ty;

pub use display::Brief;
pub use error::{Error, ErrorKind};
pub use lower::lower;
pub use signature::{parse_signature, parse_type};
pub use ty::{
    Annotation, Basic, Constant, Field, FunctionType, Indexer, Literal, Pack, Parameter, Type, TypeKind,
    TypeParameter,
};
