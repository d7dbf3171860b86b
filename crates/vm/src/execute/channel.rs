//! Channels: handing values from one scheduled coroutine to another, or from the owner to one.
//!
//! What a script sees of them (names, errors, result tables) is the library's. Who gives way to whom follows the order
//! that the specification promises: an operation that wakes somebody puts the running coroutine at the end of the run
//! queue and the other one behind it; with an empty queue that means that the running one just goes on.

use std::collections::VecDeque;

use crate::error::{ErrorKind, Result};
use crate::heap::channel::{self, Waiter};
use crate::heap::handle::{Case, Channel, Table, UserData, Value};
use crate::heap::object::{Coroutine, Kind};
use crate::heap::slot::{Slot, tag};
use crate::native::{Outcome, Request, Then};

use super::context::Context;
use super::fate::{self, Chain, Fate, Link};

/// What an attempt to send or receive came to.
pub enum Transfer<'gc> {
    /// It must wait.
    Blocked,
    /// The channel is closed (and drained, for a receiver).
    Closed,
    /// The value was taken or handed over. If somebody was woken and others were ready before, the running coroutine
    /// is in the run queue already and must answer with [`Context::gives_way`].
    Done {
        /// What was received; of a send what was sent.
        value: Value<'gc>,
        /// Whether to answer with [`Context::gives_way`].
        gives_way: bool,
    },
}

/// What became of a value that the owner pushed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Push {
    /// A receiver has it, or the buffer.
    Taken,
    /// There is no room and nobody waits.
    Full,
    /// The channel is closed.
    Closed,
}

impl<'gc> Value<'gc> {
    /// The channel that it is, if it is one.
    #[inline]
    pub fn as_channel(self) -> Option<Channel<'gc>> {
        let Value::UserData(userdata) = self else { return None };
        // SAFETY: the cell is valid by its brand; its kind says what it is.
        unsafe {
            let raw = userdata.raw();
            ((*raw).header.kind == Kind::Channel).then(|| Channel::from_raw(raw.cast()))
        }
    }

    /// The case of a select that it is, if it is one.
    #[inline]
    pub fn as_case(self) -> Option<Case<'gc>> {
        let Value::UserData(userdata) = self else { return None };
        // SAFETY: as in `as_channel`.
        unsafe {
            let raw = userdata.raw();
            ((*raw).header.kind == Kind::Case).then(|| Case::from_raw(raw.cast()))
        }
    }
}

impl<'gc> From<Channel<'gc>> for Value<'gc> {
    fn from(channel: Channel<'gc>) -> Value<'gc> {
        // SAFETY: a channel begins with the fields of a userdata.
        Value::UserData(unsafe { UserData::from_raw(channel.raw().cast()) })
    }
}

impl<'gc> From<Case<'gc>> for Value<'gc> {
    fn from(case: Case<'gc>) -> Value<'gc> {
        // SAFETY: a case begins with the fields of a userdata.
        Value::UserData(unsafe { UserData::from_raw(case.raw().cast()) })
    }
}

impl<'gc> Channel<'gc> {
    /// Whether it was closed.
    pub fn is_closed(self) -> bool {
        // SAFETY: the channel is valid by its brand.
        unsafe { (*self.raw()).closed }
    }

    /// Values in its buffer.
    pub fn len(self) -> usize {
        // SAFETY: as above.
        unsafe { (*self.raw()).buffer.len() }
    }

    /// Whether its buffer holds nothing.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Whether a value that the owner pushes now would be taken: somebody waits for it, or there is room.
    pub fn accepts(self) -> bool {
        // SAFETY: as above.
        unsafe {
            let raw = self.raw();
            !(*raw).closed && (self.has_room() || self.has_waiter(false))
        }
    }

    /// Whether its buffer takes another value.
    #[inline]
    fn has_room(self) -> bool {
        // SAFETY: as above.
        unsafe { (*self.raw()).buffer.len() < (*self.raw()).capacity }
    }

    /// From now on a receiver that finds nothing asks the owner before it waits
    /// ([`Outside::feed`](super::outside::Outside::feed)).
    pub fn set_fed(self) {
        // SAFETY: the channel is valid by its brand.
        unsafe { (*self.raw()).fed = true }
    }

    /// Whether somebody waits to receive.
    pub fn is_awaited(self) -> bool {
        self.has_waiter(false)
    }

    fn has_waiter(self, sends: bool) -> bool {
        // SAFETY: waiters that a collection has left are not freed.
        unsafe {
            let waiters = &(*self.raw()).waiters;
            if waiters.front().is_none_or(|first| first.sends == sends && first.is_live()) {
                return waiters.front().is_some();
            }
            waiters.iter().any(|waiter| waiter.sends == sends && waiter.is_live())
        }
    }

    /// The first who waits to receive.
    #[inline(always)]
    fn first_receiver(self) -> Option<Waiter> {
        // SAFETY: as above.
        unsafe {
            let waiters = &(*self.raw()).waiters;
            let first = waiters.front()?;
            if !first.sends && first.is_live() { Some(*first) } else { self.later_receiver() }
        }
    }

    #[inline(never)]
    fn later_receiver(self) -> Option<Waiter> {
        // SAFETY: as above.
        unsafe {
            let waiters = &(*self.raw()).waiters;
            waiters.iter().find(|waiter| !waiter.sends && waiter.is_live()).copied()
        }
    }

    /// Takes the first waiter of a direction out of the queue.
    #[inline(always)]
    fn take_waiter(self, sends: bool) -> Option<Waiter> {
        // SAFETY: as above.
        unsafe {
            let waiters = &mut (*self.raw()).waiters;
            let first = *waiters.front()?;
            if first.sends == sends && first.is_live() && waiters.drop_only() {
                return Some(first);
            }
        }
        self.find_waiter(sends)
    }

    #[inline(never)]
    fn find_waiter(self, sends: bool) -> Option<Waiter> {
        // SAFETY: as above.
        unsafe {
            let waiters = &mut (*self.raw()).waiters;
            while let Some(first) = waiters.front() {
                if !first.is_live() {
                    waiters.pop_front();
                } else if first.sends == sends {
                    return waiters.pop_front();
                } else {
                    // A select that wants both directions stands in front.
                    let at = waiters.iter().position(|waiter| waiter.sends == sends && waiter.is_live())?;
                    return waiters.remove(at);
                }
            }
            None
        }
    }
}

impl<'gc> Case<'gc> {
    /// Its channel.
    pub fn channel(self) -> Channel<'gc> {
        // SAFETY: the case is valid by its brand, and keeps its channel alive.
        unsafe { Channel::from_raw((*self.raw()).channel) }
    }

    /// Whether it sends.
    pub fn sends(self) -> bool {
        // SAFETY: as above.
        unsafe { (*self.raw()).sends }
    }

    /// What it sends.
    pub fn value(self) -> Value<'gc> {
        // SAFETY: as above.
        unsafe { Value::from_slot((*self.raw()).base.user_value) }
    }
}

/// The value that a parked sender offers.
///
/// # Safety
/// The waiter must be live and a sender.
unsafe fn offered(waiter: &Waiter) -> Slot {
    // SAFETY: a parked coroutine has its native's frame on top: `send(channel, value)`, or a select whose slots are its
    // cases (`Context::park_at`).
    unsafe {
        let base = (*(*waiter.co).frame).base;
        if waiter.case == 0 {
            *base.add(1)
        } else {
            let case = (*base.add(waiter.case as usize - 1)).as_userdata();
            (*case).user_value
        }
    }
}

impl<'gc> Context<'gc> {
    /// Makes a channel with a buffer for `capacity` values.
    pub fn channel(&mut self, capacity: usize, metatable: Table<'gc>) -> Channel<'gc> {
        // SAFETY: a fresh object of this heap.
        unsafe { Channel::from_raw(self.st().heap.channel(capacity, metatable.raw())) }
    }

    /// The receive case of a channel; always the same one.
    pub fn receive_case(&mut self, channel: Channel<'gc>, metatable: Table<'gc>) -> Case<'gc> {
        let heap = &mut self.st().heap;
        // SAFETY: the channel is valid by its brand; the barrier follows the store.
        unsafe {
            let raw = channel.raw();
            if (*raw).receive_case.is_null() {
                let case = heap.case(raw, false, Slot::NIL, metatable.raw());
                (*raw).receive_case = case;
                heap.barrier_cell(case.cast());
            }
            Case::from_raw((*raw).receive_case)
        }
    }

    /// A send case of a channel.
    pub fn send_case(
        &mut self,
        channel: Channel<'gc>,
        value: Value<'gc>,
        metatable: Table<'gc>,
    ) -> Case<'gc> {
        // SAFETY: all are valid by their brand.
        unsafe { Case::from_raw(self.st().heap.case(channel.raw(), true, value.slot(), metatable.raw())) }
    }

    /// Puts the running coroutine into the run queue, if others are in it, and the woken one behind it.
    #[inline]
    fn ready_both(&mut self, woken: *mut Coroutine) -> bool {
        let state = self.st();
        let current = state.current();
        let ready = &mut state.heap.roots.ready;
        let gives_way = !ready.is_empty();
        if gives_way {
            ready.push_back(current);
        }
        ready.push_back(woken);
        gives_way
    }

    /// Hands a value to a receiver that waits. A plain one gets the value and `true`; a select the number of its case
    /// before them.
    fn hand_value(&mut self, waiter: Waiter, value: Value<'gc>, ok: bool) {
        // SAFETY: the waiter is live, and its coroutine goes into the run queue next.
        unsafe {
            if waiter.case == 0 && ok {
                self.hand_received(waiter.co, value.slot());
            } else if waiter.case == 0 {
                self.hand_results(waiter.co, &[value, Value::Boolean(ok)], false);
            } else {
                let case = Value::Integer(i64::from(waiter.case));
                self.hand_to(waiter.co, &[case, value, Value::Boolean(ok)]);
            }
        }
    }

    /// Tells a sender that waits what became of its value: a plain one gets the truth, a select the number of its case
    /// and the value before it.
    fn hand_sent(&mut self, waiter: Waiter, taken: bool) {
        // SAFETY: as in `hand_value`.
        unsafe {
            if waiter.case == 0 && taken {
                // What the native goes on with answers just that.
                self.hand_results(waiter.co, &[Value::Boolean(true)], true);
            } else if waiter.case == 0 {
                self.hand_to(waiter.co, &[Value::Boolean(false)]);
            } else {
                let (case, value) = (Value::Integer(i64::from(waiter.case)), offered(&waiter));
                self.hand_to(waiter.co, &[case, Value::from_slot(value), Value::Boolean(taken)]);
            }
        }
    }

    /// The channel in the first slot, if it is one whose buffer nobody waits for.
    #[inline(always)]
    fn quiet_channel(&self) -> Option<*mut channel::Channel> {
        let first = self.slot(1);
        if first.tag != tag::USERDATA {
            return None;
        }
        let raw = first.as_userdata().cast::<channel::Channel>();
        // SAFETY: the cell is valid; its kind says what it is.
        unsafe {
            ((*raw).base.header.kind == Kind::Channel && (*raw).waiters.front().is_none()).then_some(raw)
        }
    }

    /// The commonest send, of slot 2 to the channel in slot 1: into a buffer that has room, with nobody waiting.
    #[inline]
    pub fn send_to_buffer(&mut self) -> Option<Outcome> {
        let raw = self.quiet_channel()?;
        let value = self.slot(2);
        // SAFETY: the channel and the value are alive.
        unsafe {
            if (*raw).closed || !self.st().heap.buffer_within((*raw).capacity, raw, value) {
                return None;
            }
        }
        Some(self.returns(true))
    }

    /// The commonest receives, from the channel in slot 1, at which nobody waits: out of its buffer, of the owner, or by
    /// waiting.
    ///
    /// # Errors
    /// When the memory limit would be passed.
    #[inline(always)]
    pub fn receive_first(&mut self) -> Option<Result<Outcome>> {
        let raw = self.quiet_channel()?;
        // SAFETY: the channel is alive, and what is in it.
        unsafe {
            let value = match (*raw).buffer.used().and_then(VecDeque::pop_front) {
                Some(value) => value,
                None if (*raw).closed => return None,
                None => {
                    let fed = if (*raw).fed { self.feed(Channel::from_raw(raw), true) } else { Ok(None) };
                    match fed {
                        Ok(Some(value)) => value.slot(),
                        Ok(None) => {
                            self.truncate(1);
                            let state = self.st();
                            state.heap.wait_alone_at(raw, state.current());
                            state.then = Then::Return;
                            return Some(Ok(Outcome(Request::Park(0))));
                        }
                        Err(error) => return Some(Err(error)),
                    }
                }
            };
            self.push_slot(value);
            self.push_slot(Slot::TRUE);
            Some(Ok(self.returns_top(2)))
        }
    }

    /// Sends from the running coroutine, if that is possible at once.
    ///
    /// # Errors
    /// When the memory limit would be passed.
    #[inline]
    pub fn try_send(&mut self, channel: Channel<'gc>, value: Value<'gc>) -> Result<Transfer<'gc>> {
        // SAFETY: the channel is valid by its brand.
        unsafe {
            let raw = channel.raw();
            if (*raw).closed {
                return Ok(Transfer::Closed);
            }
            if let Some(waiter) = channel.take_waiter(false) {
                self.hand_value(waiter, value, true);
                let gives_way = self.ready_both(waiter.co);
                return Ok(Transfer::Done { value, gives_way });
            }
            if (*raw).buffer.len() < (*raw).capacity {
                self.st().heap.buffer(raw, value.slot())?;
                return Ok(Transfer::Done { value, gives_way: false });
            }
            Ok(Transfer::Blocked)
        }
    }

    /// Receives into the running coroutine, if that is possible at once; `alone` says that the value will be the native's
    /// first result.
    ///
    /// # Errors
    /// When the memory limit would be passed.
    #[inline]
    pub fn try_receive(&mut self, channel: Channel<'gc>, alone: bool) -> Result<Transfer<'gc>> {
        // SAFETY: the channel is valid by its brand, and what it holds with it.
        unsafe {
            let raw = channel.raw();
            if let Some(value) = (*raw).buffer.pop_front() {
                let mut gives_way = false;
                if let Some(waiter) = channel.take_waiter(true) {
                    self.st().heap.buffer(raw, offered(&waiter))?;
                    self.hand_sent(waiter, true);
                    gives_way = self.ready_both(waiter.co);
                }
                return Ok(Transfer::Done { value: Value::from_slot(value), gives_way });
            }
            if let Some(waiter) = channel.take_waiter(true) {
                let value = offered(&waiter);
                self.hand_sent(waiter, true);
                let gives_way = self.ready_both(waiter.co);
                return Ok(Transfer::Done { value: Value::from_slot(value), gives_way });
            }
            if (*raw).closed {
                return Ok(Transfer::Closed);
            }
            if (*raw).fed
                && let Some(value) = self.feed(channel, alone)?
            {
                return Ok(Transfer::Done { value, gives_way: false });
            }
            Ok(Transfer::Blocked)
        }
    }

    /// Goes on with `then` when the running coroutine's turn has come again, the topmost `count` slots as results.
    pub fn gives_way_to(&mut self, count: usize, then: Then) -> Outcome {
        self.st().then = then;
        Outcome(Request::Park(count as u32))
    }

    /// Answers with the topmost `count` slots; if `gives_way`, when the running coroutine's turn has come again.
    #[inline]
    pub fn gives_way(&mut self, count: usize, gives_way: bool) -> Outcome {
        if gives_way {
            self.gives_way_to(count, Then::Return)
        } else {
            Outcome(Request::Return(count as u32))
        }
    }

    /// Parks the running coroutine in the native `receive(channel)` or `send(channel, value)`, whose arguments must be
    /// its first slots. A receiver is woken with value and status, a sender with whether the value was taken.
    ///
    /// # Errors
    /// When the memory limit would be passed.
    pub fn park_at(&mut self, channel: Channel<'gc>, sends: bool, then: Then) -> Result<Outcome> {
        self.wait_at(channel, sends, 0)?;
        self.st().then = then;
        Ok(Outcome(Request::Park(0)))
    }

    /// Parks the running coroutine in a select whose cases are its first `count` slots; it is woken with the number of
    /// the case, the value, and whether the channel was open.
    ///
    /// # Errors
    /// When the memory limit would be passed, or a slot holds no case.
    pub fn park_select(&mut self, count: usize, then: Then) -> Result<Outcome> {
        for slot in 1..=count {
            let Some(case) = self.get(slot).as_case() else {
                return Err(ErrorKind::Operation("a select waits for cases only").into());
            };
            self.wait_at(case.channel(), case.sends(), slot as u32)?;
        }
        self.st().then = then;
        Ok(Outcome(Request::Park(0)))
    }

    fn wait_at(&mut self, channel: Channel<'gc>, sends: bool, case: u32) -> Result<()> {
        let state = self.st();
        let co = state.current();
        // SAFETY: both are alive.
        unsafe {
            let waiter = Waiter { co, generation: (*co).generation, case, sends };
            Ok(state.heap.wait_at(channel.raw(), waiter)?)
        }
    }

    /// Closes a channel and wakes all who wait at it: senders, then receivers, each in the order they came. Answers
    /// whether there were any; then the native that closes answers with [`Context::gives_way`] after
    /// [`Context::queue_last`].
    pub fn close_channel(&mut self, channel: Channel<'gc>) -> bool {
        // SAFETY: the channel is valid by its brand.
        unsafe {
            if std::mem::replace(&mut (*channel.raw()).closed, true) {
                return false;
            }
        }
        let mut any = false;
        while let Some(waiter) = channel.take_waiter(true) {
            self.hand_sent(waiter, false);
            self.st().heap.roots.ready.push_back(waiter.co);
            any = true;
        }
        while let Some(waiter) = channel.take_waiter(false) {
            self.hand_value(waiter, Value::Nil, false);
            self.st().heap.roots.ready.push_back(waiter.co);
            any = true;
        }
        any
    }

    /// Puts the running coroutine at the end of the run queue; its native must answer with [`Context::gives_way`].
    pub fn queue_last(&mut self) {
        let state = self.st();
        let current = state.current();
        state.heap.roots.ready.push_back(current);
    }

    /// What the first of those who wait to receive will do with the value, if anybody waits.
    #[inline(always)]
    pub fn fate_at(&self, channel: Channel<'gc>, methods: &[Link]) -> Option<Fate<'gc>> {
        let waiter = channel.first_receiver()?;
        Some(match waiter.case {
            // SAFETY: the waiter is live.
            0 => unsafe { fate::of_waiting(waiter.co, methods) },
            _ => Fate::Kept,
        })
    }

    /// Sends, on the owner's behalf, a copy of what another interpreter's native has in a slot to the one whose fate was asked
    /// for ([`Context::fate_at`]), as the end of his chain. Whether there was room for it.
    #[inline(always)]
    pub fn push_copied(
        &mut self,
        channel: Channel<'gc>,
        chain: Chain<'gc>,
        other: &mut Context<'_>,
        slot: usize,
    ) -> bool {
        let Ok(value) = self.copy_of_slot(other, slot) else { return false };
        let Some(waiter) = channel.take_waiter(false) else { return false };
        // SAFETY: the waiter is live, and its coroutine goes into the run queue next.
        unsafe { self.hand_end(waiter.co, value, chain) };
        self.st().heap.roots.ready.push_back(waiter.co);
        true
    }

    /// Sends a value on the owner's behalf: a waiting receiver is put at the end of the run queue, and nobody gives
    /// way.
    ///
    /// # Errors
    /// When the memory limit would be passed; then the value was not sent.
    #[inline]
    pub fn push_to(&mut self, channel: Channel<'gc>, value: impl Into<Value<'gc>>) -> Result<Push> {
        let value = value.into();
        // Nobody waits at a closed one.
        if let Some(waiter) = channel.take_waiter(false) {
            if waiter.case == 0 {
                // SAFETY: the waiter is live, and its coroutine goes into the run queue next.
                unsafe { self.hand_received(waiter.co, value.slot()) };
            } else {
                self.hand_value(waiter, value, true);
            }
            self.st().heap.roots.ready.push_back(waiter.co);
            return Ok(Push::Taken);
        }
        self.push_into(channel, value)
    }

    #[inline(never)]
    fn push_into(&mut self, channel: Channel<'gc>, value: Value<'gc>) -> Result<Push> {
        if channel.is_closed() {
            return Ok(Push::Closed);
        }
        // SAFETY: the channel is valid by its brand.
        unsafe {
            let raw = channel.raw();
            if (*raw).buffer.len() >= (*raw).capacity {
                return Ok(Push::Full);
            }
            self.st().heap.buffer(raw, value.slot())?;
        }
        Ok(Push::Taken)
    }
}
