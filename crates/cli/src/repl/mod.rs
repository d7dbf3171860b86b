//! The interactive prompt.

pub(crate) mod complete;
pub(crate) mod editor;
pub(crate) mod history;
pub(crate) mod meta;
