//! HTTP/1.1 servers whose requests are answered on other threads.
//!
//! Knows no Lua and no entries of applications. `routes` says which handler answers a request, `middleware` what stands
//! around it, `exchange` is a request and its response as the handler sees them, `server` the thread that moves bytes.
//! Invariant: nothing here waits for a handler but the request's own task, and no handler waits on the server's thread.

mod clock;
mod connection;
pub mod exchange;
pub mod intake;
pub mod middleware;
pub mod multipart;
pub mod path;
pub mod pattern;
pub mod reply;
pub mod request;
pub mod routes;
pub mod server;
pub mod site;
mod sniff;

pub use exchange::Exchange;
pub use hyper::body::Bytes;
pub use hyper::header::{HeaderName, HeaderValue};
pub use hyper::{Method, StatusCode};
pub use pattern::Pattern;
pub use reply::{Ending, Flow, Refused, Transfer};
pub use request::Request;
pub use routes::{Route, Table};
pub use server::{Event, Server};
pub use site::{Handler, Service, Site, Target, Timeouts};
