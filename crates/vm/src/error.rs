//! What can go wrong while Lua runs: one pointer-sized error around kinds that hold facts.
//!
//! Text is produced only in `Display`. An error that carries a Lua value keeps the value in the state (where the
//! collector sees it), not here: [`ErrorKind::Thrown`] is only its mark.

use std::fmt;

/// Result of anything that may raise.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error on its way to a protected call or to the host.
pub struct Error(Box<ErrorKind>);

const _: () = assert!(size_of::<Error>() == 8);

/// What a variable is, as messages call it: `field 'x'`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// `local`, `upvalue`, `global`, `field`, `method`, `constant`.
    pub kind: &'static str,
    /// The name in the source.
    pub name: String,
}

/// The facts of an error.
#[derive(Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A Lua value was raised; it is the state's pending error value.
    Thrown,
    /// An operation on a value whose type does not support it.
    Operand {
        /// What was attempted: `index`, `call`, `perform arithmetic on`, `concatenate`, `get length of`.
        operation: &'static str,
        /// Type of the value, `__name` included.
        found: String,
        /// What the source calls the value.
        name: Option<Name>,
    },
    /// An order comparison of values that have no order.
    Compare {
        /// Type of the left operand.
        left: String,
        /// Type of the right operand.
        right: String,
    },
    /// A float without integer value where an integer is needed.
    NoInteger {
        /// What the source calls the value.
        name: Option<Name>,
    },
    /// A message that stands for itself; the position of the running function is put before it.
    Message(String),
    /// An operation of the language that fails whoever does it: the position is put before it only in Lua code.
    Operation(&'static str),
    /// A message without position, raised as it is.
    Plain(Vec<u8>),
    /// An argument that a native function refuses.
    Argument {
        /// Number of the argument, from 1.
        index: usize,
        /// What is wrong with it.
        message: Vec<u8>,
    },
    /// The memory limit would be passed.
    Memory,
    /// Too many nested calls.
    StackOverflow,
    /// A message handler failed again and again.
    InHandler,
    /// Source text that does not compile, or a binary chunk that is refused; the complete message.
    Syntax(Vec<u8>),
    /// The program asks to end; no protected call stops it, the host finds it in [`crate::Failure::exit`].
    Exit(ExitRequest),
}

/// A program's wish to end (`os.exit`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ExitRequest {
    /// Exit code of the process.
    pub code: i32,
    /// Whether the interpreter is to be closed first, finalizers and all.
    pub close: bool,
}

impl Error {
    /// Wraps a kind.
    #[cold]
    pub fn new(kind: ErrorKind) -> Error {
        Error(Box::new(kind))
    }

    /// An error with a message of its own; the position of the Lua function that is running is put before it.
    #[cold]
    pub fn message(text: impl Into<String>) -> Error {
        Error::new(ErrorKind::Message(text.into()))
    }

    /// The facts.
    pub fn kind(&self) -> &ErrorKind {
        &self.0
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Error {
        Error::new(kind)
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ErrorKind::Thrown => f.write_str("(error object)"),
            ErrorKind::Operand { operation, found, name } => {
                write!(f, "attempt to {operation} a {found} value")?;
                match name {
                    Some(Name { kind, name }) => write!(f, " ({kind} '{name}')"),
                    None => Ok(()),
                }
            }
            ErrorKind::Compare { left, right } if left == right => {
                write!(f, "attempt to compare two {left} values")
            }
            ErrorKind::Compare { left, right } => write!(f, "attempt to compare {left} with {right}"),
            ErrorKind::NoInteger { name } => match name {
                Some(Name { kind, name }) => {
                    write!(f, "number ({kind} '{name}') has no integer representation")
                }
                None => f.write_str("number has no integer representation"),
            },
            ErrorKind::Message(text) => f.write_str(text),
            ErrorKind::Operation(text) => f.write_str(text),
            ErrorKind::Plain(bytes) | ErrorKind::Syntax(bytes) => {
                f.write_str(&String::from_utf8_lossy(bytes))
            }
            ErrorKind::Argument { index, message } => {
                write!(f, "bad argument #{index} ({})", String::from_utf8_lossy(message))
            }
            ErrorKind::Memory => f.write_str("not enough memory"),
            ErrorKind::StackOverflow => f.write_str("stack overflow"),
            ErrorKind::Exit(request) => write!(f, "exit with code {}", request.code),
            ErrorKind::InHandler => f.write_str("error in error handling"),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Error {}
