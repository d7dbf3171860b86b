//! One request and its response, as the handler on another thread sees them.
//!
//! The connection's side (`crate::connection`, `crate::intake`) polls; the handler's side never blocks: what takes time ends
//! in a callback. Invariant: callbacks and wakers are called with the lock released, and each callback once at most.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use hyper::StatusCode;
use hyper::body::Bytes;
use hyper::header::{HeaderName, HeaderValue};

use crate::intake::{BodyError, Intake, Order};
use crate::reply::{Ending, Flow, Head, Refused, Reply, Transfer};
use crate::request::Request;

/// What a writer is told when it may go on.
type Drained = Box<dyn FnOnce(Result<(), Refused>) + Send>;

/// See the module.
pub struct Exchange {
    request: Request,
    state: Mutex<State>,
}

struct State {
    reply: Reply,
    intake: Intake,
    finished: bool,
    gone: bool,
    on_gone: Option<Box<dyn FnOnce() + Send>>,
    drained: Vec<Drained>,
}

impl Exchange {
    /// Of a request; `has_body` says whether bytes follow it.
    pub(crate) fn new(request: Request, has_body: bool) -> Arc<Exchange> {
        let state = State {
            reply: Reply::new(request.method == hyper::Method::HEAD),
            intake: Intake::new(has_body),
            finished: false,
            gone: false,
            on_gone: None,
            drained: Vec::new(),
        };
        Arc::new(Exchange { request, state: Mutex::new(state) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The request.
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// Whether its handler has ended.
    pub fn is_finished(&self) -> bool {
        self.state().finished
    }

    /// Whether the handler has said anything that counts as an answer.
    pub fn is_touched(&self) -> bool {
        self.state().reply.is_touched()
    }

    /// Calls `told` when the client goes away before the response has left.
    pub fn on_gone(&self, told: Box<dyn FnOnce() + Send>) {
        let mut state = self.state();
        if state.finished {
            return;
        }
        if state.gone {
            drop(state);
            return told();
        }
        state.on_gone = Some(told);
    }

    fn with<T>(&self, change: impl FnOnce(&mut Reply) -> Result<T, Refused>) -> Result<T, Refused> {
        let mut state = self.state();
        if state.finished {
            return Err(Refused::Finished);
        }
        change(&mut state.reply)
    }

    /// Stages the status.
    ///
    /// # Errors
    /// When the head has left.
    pub fn set_status(&self, status: StatusCode) -> Result<(), Refused> {
        self.with(|reply| reply.set_status(status))
    }

    /// Stages a header in place of those of its name.
    ///
    /// # Errors
    /// When the head has left.
    pub fn set_header(&self, name: HeaderName, value: HeaderValue) -> Result<(), Refused> {
        self.with(|reply| reply.set_header(name, value))
    }

    /// Stages the media type, which alone is no answer.
    ///
    /// # Errors
    /// When the head has left.
    pub fn set_content_type(&self, value: HeaderValue) -> Result<(), Refused> {
        self.with(|reply| reply.set_content_type(value))
    }

    /// Stages how the body is sent, which alone is no answer.
    ///
    /// # Errors
    /// When the head has left.
    pub fn set_transfer(&self, transfer: Transfer) -> Result<(), Refused> {
        self.with(|reply| reply.set_transfer(transfer))
    }

    /// Makes it a stream of events, if it is none yet.
    ///
    /// # Errors
    /// When the head has left.
    pub fn begin_events(&self) -> Result<(), Refused> {
        self.with(Reply::begin_events)
    }

    /// Adds to the body.
    ///
    /// # Errors
    /// When the handler has ended or the client has gone.
    pub fn write(&self, bytes: &[u8]) -> Result<Flow, Refused> {
        self.send(|reply| reply.write(bytes))
    }

    /// The same, and says that it is JSON if nothing was written before.
    ///
    /// # Errors
    /// When the handler has ended or the client has gone.
    pub fn write_json(&self, text: &[u8]) -> Result<Flow, Refused> {
        self.send(|reply| {
            reply.say_json();
            reply.write(text)
        })
    }

    /// Sends the head and what was written.
    ///
    /// # Errors
    /// When the handler has ended or the client has gone.
    pub fn flush(&self) -> Result<Flow, Refused> {
        self.send(Reply::flush)
    }

    fn send(&self, change: impl FnOnce(&mut Reply) -> Flow) -> Result<Flow, Refused> {
        let mut state = self.state();
        if state.finished {
            return Err(Refused::Finished);
        }
        if state.gone {
            return Err(Refused::Gone);
        }
        let flow = change(&mut state.reply);
        let waker = state.reply.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
        Ok(flow)
    }

    /// Calls `told` when everything that was written has left, or never will.
    pub fn when_drained(&self, told: Drained) {
        let mut state = self.state();
        let answer = if state.gone {
            Err(Refused::Gone)
        } else if state.finished || state.reply.is_drained() {
            Ok(())
        } else {
            return state.drained.push(told);
        };
        drop(state);
        told(answer);
    }

    /// Reads from the body of the request.
    pub fn read(&self, order: Order) {
        let mut state = self.state();
        let refusal = if state.finished { Some(BodyError::Finished) } else { state.intake.refuses(&order) };
        match refusal {
            Some(why) => {
                drop(state);
                order.answer(Err(why));
            }
            None if state.intake.is_at_end() => {
                drop(state);
                order.answer(Ok(None));
            }
            None => {
                state.intake.push(order);
                let waker = state.intake.waker.take();
                drop(state);
                if let Some(waker) = waker {
                    waker.wake();
                }
            }
        }
    }

    /// Whether nothing of the body is left, or never was anything.
    pub fn is_read(&self) -> bool {
        self.state().intake.is_at_end()
    }

    /// The handler has ended. Answers what is wrong with that, if anything.
    pub fn finish(&self, ending: Ending) -> Option<&'static str> {
        let mut state = self.state();
        if std::mem::replace(&mut state.finished, true) {
            return None;
        }
        let complaint = state.reply.finish(ending);
        let on_gone = state.on_gone.take();
        let wakers = [state.reply.waker.take(), state.intake.waker.take()];
        let orders = state.intake.close();
        drop(state);
        wakers.into_iter().flatten().for_each(std::task::Waker::wake);
        orders.into_iter().for_each(|order| order.answer(Err(BodyError::Finished)));
        drop(on_gone);
        complaint
    }

    /// The client has gone before the response had left.
    pub(crate) fn leave(&self) {
        let mut state = self.state();
        if std::mem::replace(&mut state.gone, true) {
            return;
        }
        state.reply.discard();
        let told = state.on_gone.take();
        let drained = std::mem::take(&mut state.drained);
        let waker = state.intake.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
        drained.into_iter().for_each(|told| told(Err(Refused::Gone)));
        if let Some(told) = told {
            told();
        }
    }

    /// The head, when it may leave.
    pub(crate) fn poll_head(&self, cx: &Context<'_>) -> Poll<Head> {
        let mut state = self.state();
        match state.reply.take_head() {
            Some(head) => Poll::Ready(head),
            None => {
                state.reply.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    /// The next piece of the body; an error cuts the connection.
    pub(crate) fn poll_piece(&self, cx: &Context<'_>) -> Poll<Option<Result<Bytes, ()>>> {
        let mut state = self.state();
        let piece = state.reply.take_piece();
        if piece.is_none() {
            state.reply.waker = Some(cx.waker().clone());
        }
        let taken = if state.reply.is_drained() { std::mem::take(&mut state.drained) } else { Vec::new() };
        drop(state);
        taken.into_iter().for_each(|told| told(Ok(())));
        piece.map_or(Poll::Pending, Poll::Ready)
    }

    /// The next order of the handler; `None` when none will come.
    pub(crate) fn poll_order(&self, cx: &Context<'_>) -> Poll<Option<Order>> {
        let mut state = self.state();
        if state.finished || state.gone {
            let orders = state.intake.close();
            drop(state);
            drop(orders);
            return Poll::Ready(None);
        }
        match state.intake.pop() {
            Some(order) => Poll::Ready(Some(order)),
            None => {
                state.intake.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Whether nobody waits for the body of the request any more.
    pub(crate) fn poll_over(&self, cx: &Context<'_>) -> Poll<()> {
        let mut state = self.state();
        if state.finished || state.gone {
            return Poll::Ready(());
        }
        state.intake.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    /// The body of the request has been read to its end.
    pub(crate) fn set_read(&self) {
        self.state().intake.set_read();
    }
}
