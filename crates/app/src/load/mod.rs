//! From files to entries.
//!
//! Knows files, text and positions; not the registry's state and nothing that runs. Invariant: every step takes what
//! the one before made and a list of problems to add to, and none of them stops at the first fault.

pub mod application;
pub mod config;
pub mod definition;
pub mod disable;
pub mod inline;
pub mod json;
pub mod layout;
pub mod link;
pub mod lock;
pub mod node;
pub mod overrides;
pub mod placeholder;
pub mod scalar;
pub mod yaml;
