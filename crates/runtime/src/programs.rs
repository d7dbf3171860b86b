//! Where the code of processes comes from.
//!
//! A script finds files, an application its registry; the runtime asks through [`Programs`] and knows neither.

use std::fmt;
use std::sync::Arc;

use wippy_stdlib::errors::{Details, ErrorValue, Kind};
use wippy_vm::{Image, Limits, Native, Program, Vm};

/// How a program is started.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Start {
    /// The chunk runs first, before there is a process, and must not wait; then this method of the table it returns is
    /// called with the arguments.
    Method(Box<str>),
    /// The chunk itself is the process and gets the arguments. If it returns a table with a function `main`, that is
    /// called with them, too.
    Chunk,
    /// The chunk is run only to learn of this function: of the table it returns, or, if it wants to wait or start
    /// processes before it returns, a global one.
    Function(Box<str>),
    /// A native runs first, before there is a process, and must not wait; the function it answers is called with the
    /// arguments.
    Loaded(Loaded),
}

/// Prepares the interpreters of an entry.
pub trait Loader: Send + Sync {
    /// Gives an interpreter the host values that its program needs.
    fn furnish(&self, vm: &mut Vm);
    /// The native that loads the program and answers its function.
    fn native(&self) -> &'static Native;
}

/// A loader; two are equal if they are the same.
#[derive(Clone)]
pub struct Loaded(pub Arc<dyn Loader>);

impl PartialEq for Loaded {
    fn eq(&self, other: &Loaded) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Loaded {}

impl fmt::Debug for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Loaded")
    }
}

/// What a process runs. Immutable, shared by all that run it.
#[derive(Clone)]
pub struct Entry {
    /// What `process.id()` answers, and what messages call it.
    pub id: Arc<str>,
    /// Its code.
    pub program: Program,
    /// How it begins.
    pub start: Start,
    /// The libraries that it finds; all of them and `process`, if `None`.
    pub image: Option<Arc<Image>>,
    /// What it may use.
    pub limits: Limits,
}

/// Finds programs. Called on worker threads: an answer should not take long.
pub trait Programs: Send + Sync {
    /// The entry of an id; `from` is that of the process that asks.
    ///
    /// # Errors
    /// When there is none ([`not_found`]), or it cannot be read.
    fn find(&self, id: &str, from: &str) -> Result<Arc<Entry>, ErrorValue>;
}

/// Whether processes may be started on a host.
pub trait HostList: Send + Sync {
    /// The name of the host that a process named; `None` if it named none.
    ///
    /// # Errors
    /// When there is no such host, or it takes no processes now.
    fn resolve(&self, name: Option<&str>) -> Result<Arc<str>, ErrorValue>;
}

/// One host, whatever processes call it.
pub struct OneHost(pub Arc<str>);

impl HostList for OneHost {
    fn resolve(&self, name: Option<&str>) -> Result<Arc<str>, ErrorValue> {
        match name {
            None | Some("") => Ok(Arc::clone(&self.0)),
            Some(name) if *name == *self.0 => Ok(Arc::clone(&self.0)),
            Some(name) => Err(ErrorValue::new(Kind::NOT_FOUND, "host not found")
                .retryable(Some(false))
                .with_details(Details::of([("host_id", name.into())]))),
        }
    }
}

/// The error for an id that names nothing.
pub fn not_found(id: &str) -> ErrorValue {
    ErrorValue::new(Kind::NOT_FOUND, "factory not found")
        .retryable(Some(false))
        .with_details(Details::of([("factory_id", id.into())]))
}
