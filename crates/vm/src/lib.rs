//! The Lua 5.3 virtual machine: compiler, bytecode, interpreter, heap and collector.
//!
//! Usable alone as a plain Lua without libraries (`wippy-stdlib` has those). It knows no processes, threads, clocks,
//! files or sockets, and nothing in it blocks: [`Vm::run`] takes an amount of fuel and answers finished, out of fuel,
//! or failed.
//!
//! ```
//! use wippy_vm::{LoadMode, Step, Value, Vm};
//!
//! let mut vm = Vm::default();
//! vm.start(|cx| {
//!     let chunk = cx.load(b"local a, b = ... return a * b", b"=example", LoadMode::ANY)?;
//!     cx.push(chunk);
//!     cx.push(6);
//!     cx.push(7);
//!     Ok(())
//! })?;
//! assert!(matches!(vm.run(1000), Step::Finished));
//! vm.results(|cx| assert!(matches!(cx.get(1), Value::Integer(42))));
//! # Ok::<(), wippy_vm::Error>(())
//! ```

pub mod arguments;
pub mod bytecode;
pub mod compile;
mod error;
mod execute;
mod heap;
mod host_object;
mod lazy;
pub mod library;
mod native;
pub mod number;
mod types;

pub use error::{Error, ErrorKind, ExitRequest, Name, Result};
pub use execute::channel::{Push, Transfer};
pub use execute::context::Context;
pub use execute::debug::{Activation, FunctionInfo};
pub use execute::event::Event;
pub use execute::explain::TypeFailure;
pub use execute::fate::{Chain, Fate, Link};
pub use execute::hook::HookMask;
pub use execute::iterate::{IPAIRS_STEP, NEXT};
pub use execute::load::{Compiled, LoadMode};
pub use execute::memory::Memory;
pub use execute::outside::Outside;
pub use execute::parcel::{Morsel, Packed, Parcel, Tokens};
pub use execute::park::{Kept, Operation, Waiting};
pub use execute::reading::{TypeField, TypePath, TypePlace, TypeRecord, TypeShape};
pub use execute::shape::Shape;
pub use execute::sorting::{ItemSort, Sorting};
pub use execute::vm::{Failure, Limits, Place, Step, Vm};
pub use heap::anchors::Ticket;
pub use heap::chunks::{is_worth_purging as is_worth_releasing, purge as release_memory};
pub use heap::handle::{
    Case, Channel, Closure, Coroutine, NativeClosure, Str, Table, TypeRef, UserData, Value,
};
pub use heap::image::{Image, MakeUserData};
pub use heap::program::Program;
pub use heap::text::Text;
pub use host_object::HostObject;
pub use library::Library;
pub use native::{Collection, Native, NativeFunction, Outcome, Resume, Then};
pub use types::{KeptType, TypeLibrary, TypeValue};
