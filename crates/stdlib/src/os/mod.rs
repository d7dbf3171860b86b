//! `os`.
pub(crate) mod temporary;
