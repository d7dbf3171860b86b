//! What can be refused, with the facts; wording is up to the caller.

use std::fmt;

use crate::pid::Pid;
use crate::process::Process;
use crate::spawn::Spawn;

/// There is no such process (any more).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NoProcess(pub Pid);

impl fmt::Display for NoProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("process not found")
    }
}

impl std::error::Error for NoProcess {}

/// A message whose receiver is gone, handed back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Undelivered<M>(pub M);

impl<M> fmt::Debug for Undelivered<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Undelivered")
    }
}

impl<M> fmt::Display for Undelivered<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("process not found")
    }
}

impl<M> std::error::Error for Undelivered<M> {}

/// Why a monitor was not made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MonitorError {
    /// The process to watch is gone.
    NoProcess(Pid),
    /// It is watched already; the first monitor stays.
    Already(Pid),
}

impl fmt::Display for MonitorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            MonitorError::NoProcess(_) => "pid not registered",
            MonitorError::Already(_) => "already monitoring pid",
        })
    }
}

impl std::error::Error for MonitorError {}

/// Why a name was not registered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NameError {
    /// Another process has it.
    Taken(Pid),
    /// The process that should get it is gone.
    NoProcess(Pid),
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NameError::Taken(_) => "name already registered",
            NameError::NoProcess(_) => "process not found",
        })
    }
}

impl std::error::Error for NameError {}

/// Why a process was not started.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum SpawnError {
    /// The name it should get is this process's.
    NameTaken(Pid),
    /// The process that should watch it or be linked to it is gone.
    NoProcess(Pid),
    /// As many processes run as are allowed.
    Limit(usize),
    /// The scheduler is ending.
    ShuttingDown,
}

impl fmt::Display for SpawnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SpawnError::NameTaken(_) => f.write_str("name already registered"),
            SpawnError::NoProcess(_) => f.write_str("pid not registered"),
            SpawnError::Limit(_) => f.write_str("max processes limit exceeded"),
            SpawnError::ShuttingDown => f.write_str("scheduler is shutting down"),
        }
    }
}

impl std::error::Error for SpawnError {}

/// A process that was not started, with the reason.
pub struct Refused<P: Process> {
    /// Why.
    pub reason: SpawnError,
    /// What should have been started, untouched.
    pub spawn: Box<Spawn<P>>,
}

impl<P: Process> fmt::Debug for Refused<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason.fmt(f)
    }
}

impl<P: Process> fmt::Display for Refused<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason.fmt(f)
    }
}

impl<P: Process> std::error::Error for Refused<P> {}
