//! The checker of types, as the command uses it.
//!
//! What it finds beyond syntax, and nothing of how that is shown.

use wippy::signatures::environment;
pub(super) use wippy::typecheck::check::Session;
use wippy::typecheck::check::{Options, Report, Resolver};

/// A checker that knows what scripts see.
pub(super) fn begin(options: Options) -> Session {
    Session::new(&environment(), options)
}

/// What there is to say about a text. Nothing changes while files are checked, so each is looked at once.
pub(super) fn check(session: &mut Session, chunk: &str, text: &[u8], resolver: &mut dyn Resolver) -> Report {
    session.check_now(chunk, text, resolver)
}
