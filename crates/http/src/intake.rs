//! The body of a request, read when the handler orders it.
//!
//! A task on the server's thread owns the body and serves orders one after the other. Invariant: nothing is read that
//! was not ordered, but for the rest of a piece that has come already.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Duration;

use hyper::body::{Body, Bytes, Incoming};

use crate::exchange::Exchange;

/// Why a body could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BodyError {
    /// There is none, or it has been read.
    None,
    /// It is longer than it may be.
    TooLarge,
    /// It took longer than this.
    Late(Duration),
    /// The connection failed.
    Failed(String),
    /// The handler has ended.
    Finished,
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BodyError::None => f.write_str("no body"),
            BodyError::TooLarge => f.write_str("request body too large"),
            BodyError::Late(limit) => write!(f, "request timeout after {}ms", limit.as_millis()),
            BodyError::Failed(why) => write!(f, "failed to read body: {why}"),
            BodyError::Finished => f.write_str("request is finished"),
        }
    }
}

impl std::error::Error for BodyError {}

/// What an order came to; `None` at the end of the body.
pub type Read = Result<Option<Vec<u8>>, BodyError>;

/// Something to be read.
pub struct Order {
    /// Most bytes of a piece; `None` for all that is left.
    pub most: Option<usize>,
    /// Most bytes of the whole body.
    pub limit: u64,
    /// Longest time; nothing means none.
    pub within: Option<Duration>,
    /// Who hears of it.
    pub told: Box<dyn FnOnce(Read) + Send>,
}

impl Order {
    pub(crate) fn answer(self, read: Read) {
        (self.told)(read);
    }
}

/// What the handler's side knows of the body.
pub(crate) struct Intake {
    orders: VecDeque<Order>,
    at_end: bool,
    /// The task that serves orders.
    pub(crate) waker: Option<Waker>,
}

impl Intake {
    pub(crate) fn new(has_body: bool) -> Intake {
        Intake { orders: VecDeque::new(), at_end: !has_body, waker: None }
    }

    /// Why an order is not taken.
    pub(crate) fn refuses(&self, order: &Order) -> Option<BodyError> {
        (self.at_end && order.most.is_none()).then_some(BodyError::None)
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.at_end
    }

    pub(crate) fn set_read(&mut self) {
        self.at_end = true;
    }

    pub(crate) fn push(&mut self, order: Order) {
        self.orders.push_back(order);
    }

    pub(crate) fn pop(&mut self) -> Option<Order> {
        self.orders.pop_front()
    }

    /// The orders that nobody serves.
    pub(crate) fn close(&mut self) -> VecDeque<Order> {
        std::mem::take(&mut self.orders)
    }
}

/// A body, and what is left of the piece that came last.
struct Source {
    body: Incoming,
    rest: Bytes,
    read: u64,
    ended: bool,
}

impl Source {
    /// The next bytes, at most so many; `None` at the end.
    async fn piece(&mut self, most: usize, limit: u64) -> Read {
        while self.rest.is_empty() {
            if self.ended {
                return Ok(None);
            }
            match poll_fn(|cx| pin!(&mut self.body).poll_frame(cx)).await {
                None => self.ended = true,
                Some(Err(error)) => return Err(BodyError::Failed(reason(&error))),
                // Trailers are nothing that handlers see.
                Some(Ok(frame)) => self.rest = frame.into_data().unwrap_or_default(),
            }
        }
        self.read += self.rest.len().min(most) as u64;
        if self.read > limit {
            return Err(BodyError::TooLarge);
        }
        let piece = self.rest.split_to(self.rest.len().min(most));
        Ok(Some(piece.to_vec()))
    }

    async fn whole(&mut self, limit: u64) -> Read {
        let announced = self.body.size_hint().exact().unwrap_or(0);
        if announced.saturating_add(self.read) > limit {
            return Err(BodyError::TooLarge);
        }
        let mut all = Vec::with_capacity(announced.min(1 << 20) as usize);
        while let Some(piece) = self.piece(usize::MAX, limit).await? {
            all.extend_from_slice(&piece);
        }
        Ok(Some(all))
    }
}

fn reason(error: &hyper::Error) -> String {
    if error.is_incomplete_message() { "unexpected EOF".to_owned() } else { error.to_string() }
}

/// Serves the orders of a handler until it ends. `late` is when the connection's own limit for the request is over.
pub(crate) async fn serve(exchange: Arc<Exchange>, body: Incoming, late: Option<tokio::time::Instant>) {
    let mut source = Source { body, rest: Bytes::new(), read: 0, ended: false };
    while let Some(order) = poll_fn(|cx| exchange.poll_order(cx)).await {
        let read = {
            let own = order.within.map(|within| tokio::time::Instant::now() + within);
            let due = [own, late].into_iter().flatten().min();
            let reading = async {
                match order.most {
                    Some(most) => source.piece(most, order.limit).await,
                    None => source.whole(order.limit).await,
                }
            };
            let mut reading = pin!(reading);
            let mut clock = pin!(due.map(tokio::time::sleep_until));
            poll_fn(|cx| {
                if exchange.poll_over(cx).is_ready() {
                    return Poll::Ready(Err(BodyError::Finished));
                }
                if let Poll::Ready(read) = reading.as_mut().poll(cx) {
                    return Poll::Ready(read);
                }
                match clock.as_mut().as_pin_mut().map(|clock| clock.poll(cx)) {
                    Some(Poll::Ready(())) => Poll::Ready(Err(match order.within {
                        Some(within) if own == due => BodyError::Late(within),
                        _ => BodyError::Failed("read timeout".to_owned()),
                    })),
                    _ => Poll::Pending,
                }
            })
            .await
        };
        if order.most.is_none() && read.is_ok() || read == Ok(None) {
            exchange.set_read();
        }
        order.answer(read);
    }
}
