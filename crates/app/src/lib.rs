//! Applications: how a folder of definition files becomes a running system.
//!
//! Four layers, each knowing only the ones before it: `load` (files to entries), `kinds` (what entries may be),
//! `registry` (entries in versions), `lifecycle` (services, as a pure state machine). Above them `runtime` brings programs
//! up in interpreters. Invariant: nothing here prints, and what is wrong is data ([`problem::Problem`]) until a front end shows it.

pub mod bus;
pub mod calls;
pub mod duration;
pub mod entry;
pub mod env;
pub mod files;
#[cfg_attr(not(feature = "http"), path = "no_http.rs")]
mod http;
pub mod id;
pub mod imports;
pub mod kinds;
pub mod lifecycle;
pub mod load;
pub mod log;
pub mod modules;
pub mod pattern;
pub mod print;
pub mod problem;
pub mod registry;
pub mod runtime;
pub mod security;
pub mod value;
pub mod verify;
