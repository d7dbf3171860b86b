//! A server with handlers made of closures, and a client that sends bytes.
//!
//! Asserts nothing itself but that nothing takes for ever.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use wippy_http::{
    Event, Exchange, Handler, Method, Pattern, Route, Server, Service, Site, Table, Target, Timeouts,
};

/// No test waits longer.
const LIMIT: Duration = Duration::from_secs(30);

type Answer = Box<dyn Fn(Arc<Exchange>) + Send + Sync>;

struct Closure(Answer);

impl Handler for Closure {
    fn handle(&self, exchange: Arc<Exchange>) {
        (self.0)(exchange);
    }
}

/// A route with a closure behind it.
pub(crate) fn route(text: &str, answer: impl Fn(Arc<Exchange>) + Send + Sync + 'static) -> Route<Target> {
    route_with(text, wippy_http::site::Layers::new(), answer)
}

/// The same with middleware.
pub(crate) fn route_with(
    text: &str,
    layers: wippy_http::site::Layers,
    answer: impl Fn(Arc<Exchange>) + Send + Sync + 'static,
) -> Route<Target> {
    let (method, pattern) = text.split_once(' ').expect("method and pattern");
    let layers = Arc::new(layers);
    Route {
        method: method.parse::<Method>().expect("a method"),
        pattern: Pattern::parse(pattern).expect("a pattern"),
        target: Target {
            handler: Arc::new(Closure(Box::new(answer))),
            layers: Arc::clone(&layers),
            options: layers,
        },
    }
}

/// A running server.
pub(crate) struct Running {
    pub(crate) server: Server,
    pub(crate) site: Arc<Site>,
    pub(crate) address: SocketAddr,
    pub(crate) events: mpsc::Receiver<Event>,
}

pub(crate) fn start(routes: Vec<Route<Target>>, timeouts: Timeouts) -> Running {
    let site = Arc::new(Site::default());
    site.replace(Service { routes: Table::new(routes).expect("no conflicts"), timeouts });
    let (sender, events) = mpsc::channel();
    let hear = Box::new(move |event| drop(sender.send(event)));
    let server = Server::start("127.0.0.1:0".to_owned(), Arc::clone(&site), hear).expect("a thread");
    let Ok(Event::Listening(address)) = events.recv_timeout(LIMIT) else { panic!("it listens") };
    Running { server, site, address, events }
}

impl Running {
    /// A connection.
    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("the server takes connections");
        stream.set_read_timeout(Some(LIMIT)).expect("a limit can be set");
        stream
    }

    /// What comes back for these bytes until the connection ends.
    pub(crate) fn send(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut stream = self.connect();
        // The server may close before all of it was read.
        let _ = stream.write_all(bytes.as_ref());
        let mut all = Vec::new();
        let _ = stream.read_to_end(&mut all);
        String::from_utf8_lossy(&all).into_owned()
    }

    /// Status line, headers without the date, and body of the answer to a request.
    pub(crate) fn ask(&self, head: &str, body: &str) -> Reply {
        let (line, headers) = head.split_once('\n').unwrap_or((head, ""));
        let mut text = format!("{line} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n");
        for header in headers.lines() {
            text.push_str(&format!("{header}\r\n"));
        }
        if !body.is_empty() {
            text.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        text.push_str(&format!("\r\n{body}"));
        Reply::parse(&self.send(text))
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    /// As it came, chunks included.
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn parse(text: &str) -> Reply {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
        let headers = lines.filter_map(|line| line.split_once(": "));
        Reply {
            status: status.unwrap_or_else(|| panic!("no answer: {text:?}")),
            headers: headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect(),
            body: body.to_owned(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body without the marks of chunks.
    pub(crate) fn whole(&self) -> String {
        if self.header("transfer-encoding") != Some("chunked") {
            return self.body.clone();
        }
        let (mut rest, mut whole) = (self.body.as_str(), String::new());
        while let Some((length, more)) = rest.split_once("\r\n") {
            let length = usize::from_str_radix(length, 16).expect("a length");
            whole.push_str(&more[..length]);
            rest = &more[length + 2..];
            if length == 0 {
                return whole;
            }
        }
        panic!("no last chunk: {:?}", self.body);
    }
}
