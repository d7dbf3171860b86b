//! Lua processes: interpreters on the scheduler, and the modules `process` and `ctx`.
//!
//! A process owns an interpreter and a mail room; the scheduler runs it in slices and knows no Lua. Where code comes
//! from and which hosts there are is asked through [`Programs`] and [`HostList`], so that scripts and applications bring
//! their own. Nothing here prints, and nothing blocks a worker.

mod addresses;
mod ask;
mod census;
mod end;
mod few;
mod library;
mod local;
mod mail;
mod message;
mod own;
mod parting;
mod pid;
mod prepare;
mod process;
mod programs;
mod room;
mod runtime;
mod shared;
pub mod supervisor;
mod upgradable;

pub use census::Census;
pub use end::{Cause, End, Linger, OnEnd};
pub use library::{
    CTX, Caller, Enlist, GLOBALS, LIBRARY, PROCESS, REGISTRY, caller, ctx_module, open, permitted, subscribe,
    unsubscribe,
};
pub use local::{Inherited, Values};
pub use mail::{Fault, Mail, Output, error_of};
pub use pid::{PidError, format_pid, parse_pid};
pub use process::{Adoption, LuaProcess};
pub use programs::{Entry, HostList, Loaded, Loader, OneHost, Programs, Start, not_found};
pub use runtime::{Launch, Options, Runtime, Starter, image, image_with};
pub use shared::{Casualty, OnExit, OnFailure, Setup};
pub use wippy_scheduler as scheduler;
