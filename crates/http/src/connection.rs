//! One connection: requests in, exchanges to handlers, responses out.
//!
//! Runs on the server's thread. Invariant: every exchange ends, by its handler or by the client's leaving, and whoever
//! handles it is told of the latter.

use std::convert::Infallible;
use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::body::{Body as _, Bytes, Frame, Incoming, SizeHint};
use hyper::header::{self, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Response, StatusCode, Version};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::watch;

use crate::clock::Clock;
use crate::exchange::Exchange;
use crate::intake;
use crate::middleware::{self, Squeeze};
use crate::path::Path;
use crate::reply::{Head, Payload};
use crate::request::Request;
use crate::routes::Found;
use crate::server::Stage;
use crate::site::Site;

/// Longest head of a request.
const LONGEST_HEAD: usize = 1 << 20;

/// Serves a connection to its end.
pub(crate) async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    site: Arc<Site>,
    mut stage: watch::Receiver<Stage>,
) {
    // Without it small responses would wait for each other.
    let _ = stream.set_nodelay(true);
    let clock = Rc::new(Clock::new(site.service().timeouts));
    let io = TokioIo::new(Watched { stream, clock: Rc::clone(&clock) });
    let own = Rc::clone(&clock);
    let service = service_fn(move |request| {
        let (site, clock) = (Arc::clone(&site), Rc::clone(&own));
        async move { Ok::<_, Infallible>(answer(&site, &clock, peer, request).await) }
    });
    let mut builder = http1::Builder::new();
    builder.max_buf_size(LONGEST_HEAD).header_read_timeout(None);
    let mut connection = pin!(builder.serve_connection(io, service));
    let mut changes = pin!(async move {
        let mut seen = *stage.borrow_and_update();
        while seen == Stage::Open && stage.changed().await.is_ok() {
            seen = *stage.borrow_and_update();
        }
    });
    let mut told = false;
    poll_fn(|cx| {
        if !told && changes.as_mut().poll(cx).is_ready() {
            told = true;
            connection.as_mut().graceful_shutdown();
        }
        // How a connection ends is of no interest: the exchanges on it have been told.
        if connection.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        // Behind the connection, which moves the deadlines.
        clock.poll_late(cx)
    })
    .await;
}

async fn answer(
    site: &Site,
    clock: &Rc<Clock>,
    peer: SocketAddr,
    request: hyper::Request<Incoming>,
) -> Response<Body> {
    let service = site.service();
    let late = clock.headed(service.timeouts);
    let (parts, body) = request.into_parts();
    let done = |head: Head| response(head, None, None, Some(Rc::clone(clock)));
    if parts.version == Version::HTTP_11 && !parts.headers.contains_key(header::HOST) {
        return done(Head::text(StatusCode::BAD_REQUEST, "400 Bad Request: missing required Host header"));
    }
    let length: usize = parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if length > LONGEST_HEAD {
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        return done(Head::text(status, "431 Request Header Fields Too Large\n"));
    }
    let raw = parts.uri.path();
    let query = parts.uri.query();
    let (target, layers, parameters) = match service.routes.find(&parts.method, raw, query) {
        Found::Route(route, parameters) => (Some(&route.target), &route.target.layers, parameters),
        Found::Options(route) => (None, &route.target.options, Vec::new()),
        other => return done(without_route(&other, &parts.method)),
    };
    let Some(Path { decoded, .. }) = Path::parse(raw) else {
        return done(Head::text(StatusCode::BAD_REQUEST, "400 Bad Request\n"));
    };
    let host =
        parts.uri.authority().map(ToString::to_string).or_else(|| {
            parts.headers.get(header::HOST).and_then(|host| host.to_str().ok()).map(str::to_owned)
        });
    let mut request = Request {
        method: parts.method,
        path: decoded,
        query: query.map(str::to_owned),
        host: host.unwrap_or_default(),
        headers: parts.headers,
        remote: peer.to_string(),
        parameters,
        length: body.size_hint().exact(),
    };
    let mut passed = 0;
    let mut stopped = None;
    for layer in layers.iter() {
        passed += 1;
        stopped = layer.before(&mut request);
        if stopped.is_some() {
            break;
        }
    }
    let layers = &layers[..passed];
    match (stopped, target) {
        (Some(mut head), _) => {
            let squeeze = middleware::after(layers, &request, &mut head);
            only_head(&request.method, &mut head);
            response(head, None, squeeze, Some(Rc::clone(clock)))
        }
        (None, None) => {
            let mut head = Head::empty(StatusCode::NO_CONTENT);
            middleware::after(layers, &request, &mut head);
            done(head)
        }
        (None, Some(target)) => {
            let has_body = !body.is_end_stream();
            let exchange = Exchange::new(request, has_body);
            let seat = Seat(Some(Arc::clone(&exchange)));
            if has_body {
                tokio::task::spawn_local(intake::serve(Arc::clone(&exchange), body, late));
            }
            target.handler.handle(Arc::clone(&exchange));
            let mut head = poll_fn(|cx| exchange.poll_head(cx)).await;
            let squeeze = middleware::after(layers, exchange.request(), &mut head);
            response(head, Some(seat), squeeze, Some(Rc::clone(clock)))
        }
    }
}

/// The answer to what no route matches.
fn without_route<T>(found: &Found<'_, T>, method: &Method) -> Head {
    let mut head = match found {
        Found::Redirect(to) => {
            let mut head = Head::empty(StatusCode::TEMPORARY_REDIRECT);
            if let Ok(to) = HeaderValue::from_str(to) {
                head.headers.insert(header::LOCATION, to);
            }
            head
        }
        Found::Methods(allow) => {
            let mut head = Head::text(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed\n");
            if let Ok(allow) = HeaderValue::from_str(allow) {
                head.headers.insert(header::ALLOW, allow);
            }
            head
        }
        Found::Malformed => Head::text(StatusCode::BAD_REQUEST, "400 Bad Request\n"),
        Found::Nothing | Found::Route(..) | Found::Options(_) => {
            Head::text(StatusCode::NOT_FOUND, "404 page not found\n")
        }
    };
    only_head(method, &mut head);
    head
}

/// Leaves the body out where only the head was asked for; its length is told.
fn only_head(method: &Method, head: &mut Head) {
    if *method == Method::HEAD
        && let Payload::Whole(body) = std::mem::replace(&mut head.body, Payload::None)
    {
        head.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    }
}

fn response(
    head: Head,
    mut seat: Option<Seat>,
    squeeze: Option<Squeeze>,
    clock: Option<Rc<Clock>>,
) -> Response<Body> {
    let body = match head.body {
        Payload::Stream => Source::Stream(seat.take(), squeeze),
        Payload::None => Source::Whole(None),
        Payload::Whole(bytes) => Source::Whole((!bytes.is_empty()).then_some(bytes)),
    };
    // What is complete leaves without its exchange.
    if let Some(mut seat) = seat {
        seat.0 = None;
    }
    let mut body = Body { source: body, clock };
    if body.is_end_stream() {
        body.hand_over();
    }
    let mut response = Response::new(body);
    *response.status_mut() = head.status;
    *response.headers_mut() = head.headers;
    response
}

/// Tells an exchange that its client has gone, unless everything has left before.
struct Seat(Option<Arc<Exchange>>);

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some(exchange) = self.0.take() {
            exchange.leave();
        }
    }
}

/// The body of a response.
struct Body {
    source: Source,
    /// Told when all of it is with the connection.
    clock: Option<Rc<Clock>>,
}

enum Source {
    Whole(Option<Bytes>),
    Stream(Option<Seat>, Option<Squeeze>),
    /// The handler failed; what it had sent leaves before the connection is cut.
    Cut,
}

impl Body {
    fn hand_over(&mut self) {
        if let Some(clock) = self.clock.take() {
            clock.handed_over();
        }
    }
}

/// A response that failed in the middle: the connection is cut.
#[derive(Debug)]
struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the handler failed")
    }
}

impl std::error::Error for Cut {}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        let this = &mut *self;
        match &mut this.source {
            Source::Whole(bytes) => {
                let bytes = bytes.take();
                this.hand_over();
                Poll::Ready(bytes.map(|bytes| Ok(Frame::data(bytes))))
            }
            Source::Cut => Poll::Ready(Some(Err(Cut))),
            Source::Stream(seat, squeeze) => loop {
                let Some(exchange) = seat.as_ref().and_then(|seat| seat.0.as_ref()) else {
                    return Poll::Ready(None);
                };
                let Poll::Ready(piece) = exchange.poll_piece(cx) else { return Poll::Pending };
                let piece = match (piece, squeeze.as_mut()) {
                    (Some(Ok(piece)), Some(squeeze)) => squeeze.add(&piece),
                    (Some(Ok(piece)), None) => piece,
                    (Some(Err(())), _) => {
                        if let Some(mut seat) = seat.take() {
                            seat.0 = None;
                        }
                        // What was handed over before is written out when there is nothing more for a moment.
                        this.source = Source::Cut;
                        cx.waker().wake_by_ref();
                        return Poll::Pending;
                    }
                    (None, squeeze) => {
                        if let Some(mut seat) = seat.take() {
                            seat.0 = None;
                        }
                        let last = squeeze.map(|squeeze| squeeze.finish()).filter(|last| !last.is_empty());
                        this.hand_over();
                        return Poll::Ready(last.map(|last| Ok(Frame::data(last))));
                    }
                };
                if !piece.is_empty() {
                    return Poll::Ready(Some(Ok(Frame::data(piece))));
                }
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.source, Source::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64),
            Source::Stream(..) | Source::Cut => SizeHint::default(),
        }
    }
}

/// A stream that tells the clock what happens on it.
struct Watched {
    stream: TcpStream,
    clock: Rc<Clock>,
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.clock.heard();
        }
        polled
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_flush(cx);
        if polled.is_ready() {
            self.clock.flushed();
        }
        polled
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
