//! Middleware: what stands around handlers, by name.
//!
//! A layer sees the head of a request before its handler and the head of the response behind it; bodies pass, but
//! compressed. Invariant: THE table of names is `NAMES`; what is not in it does not exist.

mod compress;
mod cors;
mod options;
mod ratelimit;
mod real_ip;

use std::sync::Arc;

use crate::reply::Head;
use crate::request::Request;

pub(crate) use compress::Squeeze;
pub use options::Options;

/// Something around handlers.
pub trait Layer: Send + Sync {
    /// Looks at a request before its handler does; answers it in the handler's place, perhaps.
    fn before(&self, _request: &mut Request) -> Option<Head> {
        None
    }

    /// Looks at a response; bytes of a body that comes piece by piece go through what is answered, if anything is.
    fn after(&self, _request: &Request, _head: &mut Head) -> Option<Compression> {
        None
    }
}

pub use compress::Compression;

/// Makes a layer of its options.
type Make = fn(&Options) -> Result<Arc<dyn Layer>, String>;

/// A name that routers may list.
struct Name {
    name: &'static str,
    /// `None`: documented, and not in this release.
    make: Option<Make>,
}

/// THE table of middleware.
const NAMES: &[Name] = &[
    Name { name: "compress", make: Some(compress::make) },
    Name { name: "cors", make: Some(cors::make) },
    Name { name: "endpoint_firewall", make: None },
    Name { name: "metrics", make: None },
    Name { name: "otel", make: None },
    Name { name: "ratelimit", make: Some(ratelimit::make) },
    Name { name: "real_ip", make: Some(real_ip::make) },
    Name { name: "resource_firewall", make: None },
    Name { name: "sendfile", make: None },
    Name { name: "sse_relay", make: None },
    Name { name: "token_auth", make: None },
    Name { name: "websocket_relay", make: None },
];

/// Every name, for suggestions.
pub fn names() -> impl Iterator<Item = &'static str> {
    NAMES.iter().map(|row| row.name)
}

/// Makes a layer.
///
/// # Errors
/// Why there is none of this name, or not with these options.
pub fn make(name: &str, options: &Options) -> Result<Arc<dyn Layer>, String> {
    match NAMES.iter().find(|row| row.name == name).map(|row| row.make) {
        None => Err(format!("unknown middleware \"{name}\"")),
        Some(None) => Err(format!("middleware \"{name}\" is not supported by this build")),
        Some(Some(make)) => make(options).map_err(|why| format!("{name}: {why}")),
    }
}

/// Runs the layers that a request has passed behind its response, innermost first.
pub(crate) fn after(layers: &[Arc<dyn Layer>], request: &Request, head: &mut Head) -> Option<Squeeze> {
    let mut compression = None;
    for layer in layers.iter().rev() {
        compression = compression.or(layer.after(request, head));
    }
    compression.map(Squeeze::new)
}
