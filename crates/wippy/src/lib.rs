//! wippy: Lua 5.3 for Rust programs, without a C toolchain.
//!
//! [`Interpreter`] is a Lua state with the standard library; everything it runs can be stopped between any two
//! instructions, also inside a pattern match or a sort, and has limits of memory and time.
//!
//! ```
//! use wippy::Interpreter;
//!
//! let mut lua = Interpreter::new();
//! lua.run(b"greeting = ('hello'):upper() .. ' ' .. 6 * 7", "=example", &[])?;
//! assert_eq!(lua.eval_text("greeting")?, "HELLO 42");
//! # Ok::<(), wippy::Stop>(())
//! ```
//!
//! Natives are functions over a [`Context`]:
//!
//! ```
//! use wippy::{Context, Interpreter, Native, Outcome, Result};
//!
//! fn double(cx: &mut Context<'_>) -> Result<Outcome> {
//!     let n = cx.check_integer(1)?;
//!     Ok(cx.returns(2 * n))
//! }
//! static DOUBLE: Native = Native { name: "double", function: double, signature: "(n: integer) -> integer" };
//!
//! let mut lua = Interpreter::new();
//! lua.enter(|cx| {
//!     let globals = cx.globals();
//!     cx.set_field(globals, DOUBLE.name, &DOUBLE)
//! })?;
//! assert_eq!(lua.eval_text("double(21)")?, "42");
//! # Ok::<(), wippy::Stop>(())
//! ```

pub mod convert;
mod interpreter;
pub mod manual;
mod module;
#[cfg(feature = "processes")]
mod processes;
pub mod signatures;
mod waits;

pub use convert::{FromLua, IntoValues, LuaStr, ToLua};
pub use interpreter::{Candidate, Ended, Enlister, Interpreter, Interrupt, Stop};
pub use module::{HostState, Module, TypedFunction, host};
#[cfg(feature = "processes")]
pub use processes::{
    Builder, Deterministic, Exit, Inbox, IntoPayload, Message, Pid, ProcessInfo, Program, Received, Runtime,
    RuntimeError, Spawn, Statistics,
};
#[cfg(feature = "processes")]
pub use wippy_runtime as runtime;
pub use wippy_stdlib as stdlib;
pub use wippy_typecheck as typecheck;
pub use wippy_vm as vm;
pub use wippy_vm::{
    Closure, Context, Coroutine, Error, ErrorKind, Failure, Library, Limits, LoadMode, Name, Native,
    NativeClosure, NativeFunction, Outcome, Place, Result, Resume, Str, Table, Then, UserData, Value, Vm,
};

/// The examples of the embedding guide, run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/embedding.md")]
struct EmbeddingGuide;
