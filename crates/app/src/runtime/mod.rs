//! Programs of entries inside interpreters: what they see, and how they are brought up.
//!
//! `app` is what all of them share, `engine` what runs them. Invariant: an instance sees its entry's modules and
//! imports and nothing else.

pub mod alarm;
pub mod app;
pub mod boot;
pub mod convert;
pub mod edition;
pub mod engine;
pub mod functions;
mod globals;
pub mod home;
pub mod hosts;
mod launch;
mod lines;
pub mod modules;
mod news;
pub mod order;
mod stopping;
pub mod unit;
pub mod world;

pub use app::App;
pub use home::Home;
pub use unit::TEST_MODULE;
pub use wippy_vm::Parcel as Arguments;
