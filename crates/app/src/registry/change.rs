//! Change sets: what is to be done to the registry.
//!
//! Data and its validation; `state` carries it out. Invariant: operations on one ID keep their order.

use std::fmt;
use std::sync::Arc;

use crate::entry::Entry;
use crate::id::Id;
use crate::problem::Problem;

/// One thing to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Operation {
    /// A new entry.
    Create(Arc<Entry>),
    /// Another value for an entry.
    Update(Arc<Entry>),
    /// An entry less.
    Delete(Id),
}

impl Operation {
    /// The entry it is about.
    pub fn id(&self) -> &Id {
        match self {
            Operation::Create(entry) | Operation::Update(entry) => &entry.id,
            Operation::Delete(id) => id,
        }
    }

    /// Its name on the event bus and in `ops()`.
    pub fn kind(&self) -> &'static str {
        match self {
            Operation::Create(_) => "entry.create",
            Operation::Update(_) => "entry.update",
            Operation::Delete(_) => "entry.delete",
        }
    }
}

/// Why a change set was not applied. Nothing changed.
#[derive(Debug, Clone, PartialEq)]
pub enum ChangeError {
    /// There is nothing in it.
    Empty,
    /// An entry to be created exists.
    Exists(Id),
    /// An entry to be changed or deleted does not exist.
    Missing(Id),
    /// Entries were rejected.
    Rejected(Vec<Problem>),
}

impl fmt::Display for ChangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ChangeError::Empty => f.write_str("no changes to apply"),
            ChangeError::Exists(id) => write!(f, "entry already exists: {id}"),
            ChangeError::Missing(id) => write!(f, "entry not found: {id}"),
            ChangeError::Rejected(problems) => {
                for (at, problem) in problems.iter().enumerate() {
                    if at > 0 {
                        f.write_str("\n")?;
                    }
                    write!(f, "{problem}")?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for ChangeError {}
