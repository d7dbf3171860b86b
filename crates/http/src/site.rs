//! What a server serves: its routes, and how long things may take, replaced as wholes while it runs.
//!
//! Invariant: a request goes on with the table it was matched by, whatever comes after.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use crate::exchange::Exchange;
use crate::middleware::Layer;
use crate::routes::Table;

/// Answers requests. Called on the server's thread; it must not take long, and ends the exchange from wherever it likes.
pub trait Handler: Send + Sync {
    /// Begins to answer a request; [`Exchange::finish`] is the end.
    fn handle(&self, exchange: Arc<Exchange>);
}

/// Middleware, outermost first.
pub type Layers = Vec<Arc<dyn Layer>>;

/// What belongs to a route.
#[derive(Clone)]
pub struct Target {
    /// Who answers.
    pub handler: Arc<dyn Handler>,
    /// What is around the handler.
    pub layers: Arc<Layers>,
    /// What is around the table's own answer to `OPTIONS`.
    pub options: Arc<Layers>,
}

/// Limits of a connection; nothing means none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timeouts {
    /// For a whole request, its body included.
    pub read: Option<Duration>,
    /// From the end of a request's head to the end of the response.
    pub write: Option<Duration>,
    /// Between two requests; without it, that for reading.
    pub idle: Option<Duration>,
}

/// What is served at one time.
#[derive(Default)]
pub struct Service {
    /// The routes.
    pub routes: Table<Target>,
    /// The limits.
    pub timeouts: Timeouts,
}

/// See the module.
#[derive(Default)]
pub struct Site {
    service: RwLock<Arc<Service>>,
}

impl Site {
    /// What is served now.
    pub fn service(&self) -> Arc<Service> {
        Arc::clone(&self.service.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Serves something else from the next request on.
    pub fn replace(&self, service: Service) {
        let fresh = Arc::new(service);
        let old =
            std::mem::replace(&mut *self.service.write().unwrap_or_else(PoisonError::into_inner), fresh);
        drop(old);
    }
}
