//! A real server and bytes on real sockets.

mod support;

use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use support::{Reply, route, route_with, start};
use wippy_http::intake::{BodyError, Order};
use wippy_http::middleware::{self, Options};
use wippy_http::{Ending, Event, Exchange, Flow, Route, StatusCode, Target, Timeouts, Transfer};

const WAIT: Duration = Duration::from_secs(30);

fn done(exchange: &Exchange) {
    exchange.finish(Ending::Returned(None));
}

fn reading(exchange: &Arc<Exchange>, most: Option<usize>, limit: u64, within: Option<Duration>) {
    let own = Arc::clone(exchange);
    exchange.read(Order {
        most,
        limit,
        within,
        told: Box::new(move |read| {
            let text = match read {
                Ok(Some(bytes)) => String::from_utf8_lossy(&bytes).into_owned(),
                Ok(None) => "(end)".to_owned(),
                Err(error) => error.to_string(),
            };
            let _ = own.write(text.as_bytes());
            done(&own);
        }),
    });
}

fn routes() -> Vec<Route<Target>> {
    vec![
        route("GET /text", |exchange| {
            let _ = exchange.write(b"hello");
            done(&exchange);
        }),
        route("GET /u/{id}/{name}", |exchange| {
            let request = exchange.request();
            let value =
                |name: &[u8]| String::from_utf8_lossy(request.parameter(name).unwrap_or(b"-")).into_owned();
            let path = String::from_utf8_lossy(&request.path).into_owned();
            let text = format!("{} {} {path} {}", value(b"id"), value(b"name"), request.host);
            let _ = exchange.write(text.as_bytes());
            done(&exchange);
        }),
        route("POST /body", |exchange| reading(&exchange, None, 1000, None)),
        route("POST /small", |exchange| reading(&exchange, None, 4, None)),
        route("POST /piece", |exchange| reading(&exchange, Some(3), 1000, None)),
        route("POST /late", |exchange| reading(&exchange, None, 1000, Some(Duration::from_millis(20)))),
        route("POST /ignore", |exchange| {
            let _ = exchange.write(b"ignored");
            done(&exchange);
        }),
        route("GET /none", |exchange| {
            assert_eq!(exchange.finish(Ending::Returned(None)), Some("no response sent"));
        }),
        route("GET /fail", |exchange| {
            let _ = exchange.set_status(StatusCode::CREATED);
            let _ = exchange.write(b"half");
            exchange.finish(Ending::Failed(b"boom".to_vec()));
        }),
        route("GET /cut", |exchange| {
            let _ = exchange.write(b"half");
            let own = Arc::clone(&exchange);
            assert_eq!(exchange.flush(), Ok(Flow::Full));
            exchange.when_drained(Box::new(move |_| {
                own.finish(Ending::Failed(b"boom".to_vec()));
            }));
        }),
        route("GET /json", |exchange| {
            exchange.finish(Ending::Returned(Some(b"{}".to_vec())));
        }),
        route("GET /204", |exchange| {
            let _ = exchange.set_status(StatusCode::NO_CONTENT);
            let _ = exchange.write(b"dropped");
            done(&exchange);
        }),
        route("GET /100", |exchange| {
            let _ = exchange.set_status(StatusCode::from_u16(103).expect("a status"));
            done(&exchange);
        }),
        route("GET /lies", |exchange| {
            let name = |name: &'static str| wippy_http::HeaderName::from_static(name);
            let value = wippy_http::HeaderValue::from_static;
            let _ = exchange.set_header(name("content-length"), value("99"));
            let _ = exchange.set_header(name("transfer-encoding"), value("gzip"));
            let _ = exchange.write(b"truth");
            done(&exchange);
        }),
        route("GET /big", |exchange| {
            for _ in 0..3 {
                let _ = exchange.write(&[b'x'; 5000]);
                let _ = exchange.flush();
            }
            done(&exchange);
        }),
        route("GET /chunked", |exchange| {
            let _ = exchange.set_transfer(Transfer::Chunked);
            let _ = exchange.write(b"c");
            done(&exchange);
        }),
        route("GET /events", |exchange| {
            let _ = exchange.begin_events();
            let _ = exchange.write(b"event: n\ndata: 1\n\n");
            let _ = exchange.flush();
            let _ = exchange.begin_events();
            done(&exchange);
        }),
    ]
}

#[test]
fn requests_are_answered() {
    let running = start(routes(), Timeouts::default());
    for (head, body, status, answer) in [
        ("GET /text", "", 200, "hello"),
        ("GET http://other/u/a%20b/c?x=1", "", 200, "a b c /u/a b/c other"),
        ("POST /body", "data", 200, "data"),
        ("POST /small", "12345", 200, "request body too large"),
        ("POST /small", "1234", 200, "1234"),
        ("POST /body", "", 200, "no body"),
        ("POST /piece", "abcdef", 200, "abc"),
        ("POST /ignore", "abcdef", 200, "ignored"),
        ("GET /none", "", 500, "no response sent\n"),
        ("GET /fail", "", 500, "boom\n"),
        ("GET /json", "", 200, "{}"),
        ("GET /204", "", 204, ""),
        ("GET /lies", "", 200, "truth"),
        ("GET /nowhere", "", 404, "404 page not found\n"),
        ("GET /%zz", "", 400, "400 Bad Request\n"),
        ("GET /a/../text", "", 307, ""),
        ("PUT /text", "", 405, "Method Not Allowed\n"),
        ("OPTIONS /text", "", 204, ""),
        ("CONNECT h:1", "", 400, "400 Bad Request\n"),
        ("OPTIONS *", "", 400, "400 Bad Request\n"),
    ] {
        let reply = running.ask(head, body);
        assert_eq!((reply.status, reply.whole().as_str()), (status, answer), "{head}");
    }
    let reply = running.ask("GET /text", "");
    assert_eq!(
        (reply.header("content-type"), reply.header("content-length")),
        (Some("text/plain; charset=utf-8"), Some("5"))
    );
    assert_eq!(running.ask("PUT /text", "").header("allow"), Some("GET, HEAD, OPTIONS"));
    assert_eq!(running.ask("GET //text?a=b", "").header("location"), Some("/text?a=b"));
    assert_eq!(running.ask("GET /lies", "").header("content-length"), Some("5"));
    assert!(running.send("GET /text HTTP/1.1\r\nConnection: close\r\n\r\n").starts_with("HTTP/1.1 400"));
    // What such a status means as the last one is nobody's business; it is no panic.
    let _ = running.ask("GET /100", "");
}

#[test]
fn heads_alone_keep_the_length() {
    let running = start(routes(), Timeouts::default());
    for (path, status, length) in [
        ("/text", 200, Some("5")),
        ("/json", 200, Some("2")),
        ("/fail", 500, Some("5")),
        ("/nowhere", 404, Some("19")),
        ("/big", 200, None),
        ("/204", 204, None),
    ] {
        let reply = running.ask(&format!("HEAD {path}"), "");
        assert_eq!(
            (reply.status, reply.header("content-length"), reply.body.as_str()),
            (status, length, ""),
            "{path}"
        );
    }
}

#[test]
fn bodies_come_in_pieces() {
    let running = start(routes(), Timeouts::default());
    assert_eq!(running.ask("GET /big", "").whole(), "x".repeat(15000));
    let reply = running.ask("GET /chunked", "");
    assert_eq!(
        (reply.header("transfer-encoding"), reply.header("cache-control")),
        (Some("chunked"), Some("no-cache"))
    );
    assert_eq!(reply.whole(), "c");
    let reply = running.ask("GET /events", "");
    assert_eq!(reply.header("content-type"), Some("text/event-stream"));
    assert_eq!(reply.whole(), "event: n\ndata: 1\n\n");
    let cut = running.send("GET /cut HTTP/1.1\r\nHost: h\r\n\r\n");
    assert!(cut.contains("half") && !cut.ends_with("0\r\n\r\n"), "{cut}");
    let chunks = "POST /body HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n";
    assert_eq!(Reply::parse(&running.send(chunks)).body, "abc");
    let late = "POST /late HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 5\r\n\r\nab";
    assert_eq!(Reply::parse(&running.send(late)).body, "request timeout after 20ms");
}

#[test]
fn a_connection_serves_many_requests() {
    let running = start(routes(), Timeouts::default());
    let mut stream = running.connect();
    for _ in 0..3 {
        stream.write_all(b"GET /text HTTP/1.1\r\nHost: h\r\n\r\n").expect("written");
        let mut seen = Vec::new();
        let mut buffer = [0; 1000];
        while !seen.ends_with(b"hello") {
            let length = stream.read(&mut buffer).expect("read");
            assert!(length > 0);
            seen.extend_from_slice(&buffer[..length]);
        }
    }
    // Two at once.
    let two =
        "GET /text HTTP/1.1\r\nHost: h\r\n\r\nGET /json HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    let answer = running.send(two);
    assert!(answer.contains("hello") && answer.ends_with("{}"), "{answer}");
}

#[test]
fn a_handler_hears_that_its_client_has_gone() {
    let (sender, gone) = mpsc::channel();
    let (began, begun) = mpsc::channel();
    let routes = vec![route("GET /wait", move |exchange| {
        let (sender, own) = (sender.clone(), Arc::clone(&exchange));
        exchange.on_gone(Box::new(move || {
            let _ = sender.send(own.write(b"x").is_err());
        }));
        let _ = began.send(());
    })];
    let running = start(routes, Timeouts::default());
    let mut stream = running.connect();
    stream.write_all(b"GET /wait HTTP/1.1\r\nHost: h\r\n\r\n").expect("written");
    begun.recv_timeout(WAIT).expect("the handler began");
    drop(stream);
    assert_eq!(gone.recv_timeout(WAIT), Ok(true));
}

#[test]
fn a_stopping_server_finishes_what_it_has_begun() {
    let (began, begun) = mpsc::channel();
    let routes = vec![route("GET /wait", move |exchange| drop(began.send(exchange)))];
    let running = start(routes, Timeouts::default());
    let mut idle = running.connect();
    let mut stream = running.connect();
    stream.write_all(b"GET /wait HTTP/1.1\r\nHost: h\r\n\r\n").expect("written");
    let exchange = begun.recv_timeout(WAIT).expect("the handler began");
    running.server.stop(WAIT);
    // The idle connection is closed, and then nobody is let in.
    let mut rest = Vec::new();
    let _ = idle.read_to_end(&mut rest);
    assert!(rest.is_empty());
    let _ = exchange.write(b"last");
    done(&exchange);
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("the connection ends");
    assert!(answer.ends_with("last"), "{answer}");
    assert_eq!(running.events.recv_timeout(WAIT), Ok(Event::Ended(None)));
    assert!(std::net::TcpStream::connect(running.address).is_err());
}

#[test]
fn a_server_that_is_cut_tells_its_handlers() {
    let (began, begun) = mpsc::channel();
    let (sender, gone) = mpsc::channel();
    let routes = vec![route("GET /wait", move |exchange| {
        let sender = sender.clone();
        exchange.on_gone(Box::new(move || {
            let _ = sender.send(());
        }));
        let _ = began.send(());
    })];
    let running = start(routes, Timeouts::default());
    let mut stream = running.connect();
    stream.write_all(b"GET /wait HTTP/1.1\r\nHost: h\r\n\r\n").expect("written");
    begun.recv_timeout(WAIT).expect("the handler began");
    running.server.stop(WAIT);
    running.server.cut();
    gone.recv_timeout(WAIT).expect("the handler is told");
    assert_eq!(running.events.recv_timeout(WAIT), Ok(Event::Ended(None)));
}

#[test]
fn an_address_that_is_taken_ends_it() {
    let running = start(Vec::new(), Timeouts::default());
    let (sender, events) = mpsc::channel();
    let hear = Box::new(move |event| drop(sender.send(event)));
    let _server =
        wippy_http::Server::start(running.address.to_string(), Arc::default(), hear).expect("a thread");
    let Ok(Event::Ended(Some(why))) = events.recv_timeout(WAIT) else { panic!("it ends") };
    assert!(why.contains(&running.address.to_string()), "{why}");
}

#[test]
fn routes_change_while_requests_run() {
    let running = start(Vec::new(), Timeouts::default());
    assert_eq!(running.ask("GET /text", "").status, 404);
    let table = wippy_http::Table::new(routes()).expect("no conflicts");
    running.site.replace(wippy_http::Service { routes: table, timeouts: Timeouts::default() });
    assert_eq!(running.ask("GET /text", "").status, 200);
}

#[test]
fn slow_clients_are_cut_off() {
    let (sender, gone) = mpsc::channel();
    let slow = move |exchange: Arc<Exchange>| {
        let sender = sender.clone();
        exchange.on_gone(Box::new(move || {
            let _ = sender.send(());
        }));
    };
    let short = Some(Duration::from_millis(50));
    let only = |timeouts: Timeouts| timeouts;
    for timeouts in [
        only(Timeouts { read: short, ..Timeouts::default() }),
        only(Timeouts { idle: short, ..Timeouts::default() }),
    ] {
        let running = start(Vec::new(), timeouts);
        assert_eq!(running.send(""), "");
        if timeouts.read.is_some() {
            assert_eq!(running.send("GET /te"), "");
        }
    }
    let running = start(vec![route("GET /slow", slow)], Timeouts { write: short, ..Timeouts::default() });
    assert_eq!(running.send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n"), "");
    gone.recv_timeout(WAIT).expect("the handler is told");
    let routes = vec![route("POST /body", |exchange| reading(&exchange, None, 1000, None))];
    let running = start(routes, Timeouts { read: short, ..Timeouts::default() });
    let half = "POST /body HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 5\r\n\r\nab";
    assert_eq!(Reply::parse(&running.send(half)).body, "failed to read body: read timeout");
}

#[test]
fn heads_are_limited() {
    let running = start(routes(), Timeouts::default());
    let long =
        format!("GET /text HTTP/1.1\r\nHost: h\r\nX: {}\r\nConnection: close\r\n\r\n", "y".repeat(900_000));
    assert!(running.send(long).ends_with("hello"));
    let longer =
        format!("GET /text HTTP/1.1\r\nHost: h\r\nX: {}\r\nConnection: close\r\n\r\n", "y".repeat(1_200_000));
    assert!(running.send(longer).starts_with("HTTP/1.1 431"));
}

#[test]
fn middleware_is_around_the_handler() {
    let layer = |name: &str, key: &str, value: &str| {
        let options: Options = [(key.to_owned(), value.to_owned())].into_iter().collect();
        middleware::make(name, &options).expect("a layer")
    };
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let layers = vec![
        layer("cors", "", ""),
        layer("real_ip", "", ""),
        layer("ratelimit", "ratelimit.burst", "2"),
        layer("compress", "", ""),
    ];
    let routes = vec![route_with("GET /x", layers, move |exchange| {
        counted.fetch_add(1, Ordering::Relaxed);
        let _ = exchange.write(exchange.request().remote.as_bytes());
        done(&exchange);
    })];
    let running = start(routes, Timeouts::default());
    let preflight = running.ask("OPTIONS /x\nOrigin: http://a\nAccess-Control-Request-Method: GET", "");
    assert_eq!((preflight.status, preflight.header("access-control-allow-origin")), (204, Some("http://a")));
    let reply = running.ask("GET /x\nOrigin: http://a\nX-Real-IP: 9.9.9.9", "");
    assert_eq!(
        (reply.body.as_str(), reply.header("access-control-allow-origin")),
        ("9.9.9.9", Some("http://a"))
    );
    assert_eq!(running.ask("GET /x\nX-Real-IP: 9.9.9.9", "").status, 200);
    let limited = running.ask("GET /x\nX-Real-IP: 9.9.9.9\nOrigin: http://a", "");
    assert_eq!((limited.status, limited.header("access-control-allow-origin")), (429, Some("http://a")));
    assert_eq!(calls.load(Ordering::Relaxed), 2);
}

/// Random bytes near requests: some answer or none, and the server goes on.
#[test]
fn any_bytes_are_survived() {
    let running = start(routes(), Timeouts { read: Some(Duration::from_millis(200)), ..Timeouts::default() });
    let pieces: &[&[u8]] = &[
        b"GET ",
        b"POST ",
        b"/text",
        b"/body",
        b"/big",
        b" HTTP/1.1",
        b" HTTP/1.0",
        b"\r\n",
        b"\r\n\r\n",
        b"Host: h\r\n",
        b"Content-Length: 3\r\n",
        b"Content-Length: -1\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Connection: close\r\n",
        b"Expect: 100-continue\r\n",
        b"Upgrade: x\r\n",
        b"3\r\nabc\r\n",
        b"0\r\n\r\n",
        b"ffffffffffffffff\r\n",
        b"\0",
        b"\xff",
        b"%",
        b"//",
        b"../",
        b" ",
        b"?",
        b"#",
    ];
    for seed in 0..300 {
        let mut random = wippy_random::Random::new(seed);
        let mut bytes = random.text(pieces, 14);
        if random.chance(50) {
            let mut start = b"POST /body HTTP/1.1\r\nHost: h\r\n".to_vec();
            start.append(&mut bytes);
            bytes = start;
        }
        let mut stream = running.connect();
        let _ = stream.write_all(&bytes);
        if random.chance(70) {
            let _ = stream.shutdown(std::net::Shutdown::Write);
            let _ = stream.read_to_end(&mut Vec::new());
        }
    }
    assert_eq!(running.ask("GET /text", "").body, "hello");
}

#[test]
fn errors_have_texts() {
    assert_eq!(BodyError::Late(Duration::from_millis(7)).to_string(), "request timeout after 7ms");
}
