//! Channels and the cases of a select: userdata to scripts, cells of their own kind here.
//!
//! Only the data and its memory; who waits and who is woken is in `execute::channel`. Invariants: both begin with the
//! fields of a userdata, so a value with that tag may lead to them; a waiter whose coroutine has been woken since, or
//! does not wait at all, is stale, counts as absent and is dropped by the next collection at the latest.

use std::collections::VecDeque;
use std::ptr::null_mut;

use super::object::{Coroutine, Header, HostData, Kind, Status, Table, UserData};
use super::slot::Slot;
use super::{Heap, OutOfMemory};
use crate::lazy::Lazy;

/// A coroutine that waits at a channel.
#[derive(Clone, Copy)]
pub(crate) struct Waiter {
    pub(crate) co: *mut Coroutine,
    /// The coroutine's generation when it began to wait.
    pub(crate) generation: u64,
    /// Zero for `send` and `receive`; of a select the slot (from 1) of its case.
    pub(crate) case: u32,
    /// Whether it wants to send.
    pub(crate) sends: bool,
}

impl Waiter {
    /// Whether the coroutine still waits for this.
    ///
    /// # Safety
    /// The coroutine is not freed: it is not, as long as collections drop what is stale.
    #[inline]
    pub(crate) unsafe fn is_live(&self) -> bool {
        // SAFETY: the caller's promise.
        unsafe { (*self.co).generation == self.generation && (*self.co).status == Status::Parked }
    }
}

/// Waiters in the order in which they began to wait. One, the usual number, takes no memory of its own.
pub(crate) struct Waiters {
    /// Without a coroutine if there are none.
    first: Waiter,
    rest: Lazy<VecDeque<Waiter>>,
}

impl Waiters {
    const NOBODY: Waiter = Waiter { co: null_mut(), generation: 0, case: 0, sends: false };

    const fn new() -> Waiters {
        Waiters { first: Waiters::NOBODY, rest: Lazy::new() }
    }

    #[inline]
    pub(crate) fn front(&self) -> Option<&Waiter> {
        (!self.first.co.is_null()).then_some(&self.first)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Waiter> {
        self.front().into_iter().chain(self.rest.iter())
    }

    #[inline]
    fn push_back(&mut self, waiter: Waiter) {
        if self.first.co.is_null() {
            self.first = waiter;
        } else {
            self.rest.push_back(waiter);
        }
    }

    /// Forgets the first waiter, if there never was room made for more; whether it was so.
    #[inline(always)]
    pub(crate) fn drop_only(&mut self) -> bool {
        let is_only = self.rest.is_unused();
        if is_only {
            self.first.co = null_mut();
        }
        is_only
    }

    #[inline]
    pub(crate) fn pop_front(&mut self) -> Option<Waiter> {
        let first = *self.front()?;
        match self.rest.used().and_then(VecDeque::pop_front) {
            Some(next) => self.first = next,
            None => self.first.co = null_mut(),
        }
        Some(first)
    }

    pub(crate) fn remove(&mut self, at: usize) -> Option<Waiter> {
        match at.checked_sub(1) {
            None => self.pop_front(),
            Some(at) => self.rest.used()?.remove(at),
        }
    }

    fn retain(&mut self, keep: impl Fn(&Waiter) -> bool) {
        if let Some(rest) = self.rest.used() {
            rest.retain(&keep);
        }
        if self.front().is_some_and(|first| !keep(first)) {
            self.pop_front();
        }
    }
}

/// A channel.
#[repr(C)]
pub(crate) struct Channel {
    pub(crate) base: UserData,
    /// At most `capacity` values.
    pub(crate) buffer: Lazy<VecDeque<Slot>>,
    /// Who waits. Both directions only where one select wants both.
    pub(crate) waiters: Waiters,
    /// The receive case, made once; null until then.
    pub(crate) receive_case: *mut Case,
    pub(crate) capacity: usize,
    pub(crate) closed: bool,
    /// The owner has values for it: a receiver asks before it waits.
    pub(crate) fed: bool,
    /// It owns memory outside the heap, and the heap knows that.
    listed: bool,
}

/// A case of a select; the value of a send case is the user value.
#[repr(C)]
pub(crate) struct Case {
    pub(crate) base: UserData,
    pub(crate) channel: *mut Channel,
    pub(crate) sends: bool,
}

impl Channel {
    /// Bytes outside the cell.
    fn outside(&self) -> usize {
        self.buffer.capacity() * size_of::<Slot>() + self.waiters.rest.capacity() * size_of::<Waiter>()
    }
}

impl Heap {
    fn userdata_part(&self, kind: Kind, bytes: usize, metatable: *mut Table, user_value: Slot) -> UserData {
        let header = Header { kind, mark: self.memory.epoch, flags: 0, small: 0, size: bytes as u32 };
        UserData { header, metatable, user_value, data: HostData::NONE }
    }

    /// An open channel.
    pub(crate) fn channel(&mut self, capacity: usize, metatable: *mut Table) -> *mut Channel {
        const BYTES: usize = size_of::<Channel>();
        let base = self.userdata_part(Kind::Channel, BYTES, metatable, Slot::NIL);
        let header = Header { ..base.header };
        let cell = self.memory.small(BYTES, header).cast::<Channel>();
        // SAFETY: the cell is fresh and of this size; it is written as a whole.
        unsafe {
            cell.write(Channel {
                base,
                buffer: Lazy::new(),
                waiters: Waiters::new(),
                receive_case: null_mut(),
                capacity,
                closed: false,
                fed: false,
                listed: false,
            });
        }
        self.barrier_cell(metatable.cast());
        cell
    }

    /// A channel is about to get a queue of its own, which has to be released with it.
    unsafe fn list_channel(&mut self, channel: *mut Channel) {
        // SAFETY: the caller's channel is alive.
        if !std::mem::replace(unsafe { &mut (*channel).listed }, true) {
            self.destructible.push(channel.cast());
        }
    }

    /// A case of a select.
    ///
    /// # Safety
    /// The channel and the value are alive.
    pub(crate) unsafe fn case(
        &mut self,
        channel: *mut Channel,
        sends: bool,
        value: Slot,
        metatable: *mut Table,
    ) -> *mut Case {
        const BYTES: usize = size_of::<Case>();
        let value = Slot { aux: 0, ..value };
        let base = self.userdata_part(Kind::Case, BYTES, metatable, value);
        let header = Header { ..base.header };
        let cell = self.memory.small(BYTES, header).cast::<Case>();
        // SAFETY: the cell is fresh and of this size; it is written as a whole. It owns nothing outside the heap.
        unsafe { cell.write(Case { base, channel, sends }) };
        self.barrier(value);
        self.barrier_cell(channel.cast());
        self.barrier_cell(metatable.cast());
        cell
    }

    /// Makes room for one more entry of a queue that is part of a channel.
    fn room<T>(&mut self, queue: &mut VecDeque<T>) -> Result<(), OutOfMemory> {
        let (len, capacity) = (queue.len(), queue.capacity());
        if len < capacity {
            return Ok(());
        }
        let more = capacity.max(2);
        if !self.has_room(more * size_of::<T>()) {
            return Err(OutOfMemory);
        }
        queue.reserve_exact(more);
        self.memory.account(((queue.capacity() - capacity) * size_of::<T>()) as isize);
        Ok(())
    }

    /// Appends a value to a channel's buffer.
    ///
    /// # Safety
    /// The channel and the value are alive.
    pub(crate) unsafe fn buffer(&mut self, channel: *mut Channel, value: Slot) -> Result<(), OutOfMemory> {
        // SAFETY: the caller's promise; nothing else refers to the queue meanwhile.
        unsafe {
            self.list_channel(channel);
            let queue = &mut *(*channel).buffer;
            self.room(queue)?;
            queue.push_back(Slot { aux: 0, ..value });
        }
        self.barrier(value);
        Ok(())
    }

    /// Appends a value to a channel's buffer, if that has fewer than `capacity` and needs no memory for it; whether it was so.
    ///
    /// # Safety
    /// The channel and the value are alive.
    #[inline(always)]
    pub(crate) unsafe fn buffer_within(
        &mut self,
        capacity: usize,
        channel: *mut Channel,
        value: Slot,
    ) -> bool {
        // SAFETY: the caller's promise; nothing else refers to the queue meanwhile.
        unsafe {
            match (*channel).buffer.used() {
                Some(queue) if queue.len() < capacity && queue.len() < queue.capacity() => {
                    queue.push_back(Slot { aux: 0, ..value });
                }
                _ => return false,
            }
        }
        self.barrier(value);
        true
    }

    /// The only one who waits at a channel, to receive.
    ///
    /// # Safety
    /// The channel and the coroutine are alive, and nobody waits there.
    #[inline(always)]
    pub(crate) unsafe fn wait_alone_at(&mut self, channel: *mut Channel, co: *mut Coroutine) {
        // SAFETY: the caller's promise.
        unsafe {
            debug_assert!((*channel).waiters.first.co.is_null());
            (*channel).waiters.first = Waiter { co, generation: (*co).generation, case: 0, sends: false };
        }
        self.barrier_cell(co.cast());
    }

    /// Appends a waiter.
    ///
    /// # Safety
    /// The channel and the coroutine are alive.
    pub(crate) unsafe fn wait_at(
        &mut self,
        channel: *mut Channel,
        waiter: Waiter,
    ) -> Result<(), OutOfMemory> {
        // SAFETY: the caller's promise; nothing else refers to the queue meanwhile.
        unsafe {
            let waiters = &mut (*channel).waiters;
            if waiters.front().is_some() {
                self.list_channel(channel);
                let full = waiters.rest.capacity();
                if waiters.rest.len() == full && full > 0 {
                    waiters.retain(|waiter| waiter.is_live());
                    let len = waiters.rest.len();
                    if len > full / 2 && len < full {
                        // Too few were stale to make the look worth its while: the next one is to be far off.
                        waiters.rest.reserve_exact(full);
                        let more = waiters.rest.capacity() - full;
                        self.memory.account((more * size_of::<Waiter>()) as isize);
                    }
                }
                self.room(&mut *waiters.rest)?;
            }
            waiters.push_back(waiter);
        }
        self.barrier_cell(waiter.co.cast());
        Ok(())
    }

    /// Traces a channel; answers its bytes.
    ///
    /// # Safety
    /// The channel is alive.
    pub(super) unsafe fn trace_channel(&mut self, channel: *mut Channel) -> usize {
        // SAFETY: the caller's promise. Waiters found live before this collection are not freed yet.
        unsafe {
            let before = (*channel).outside();
            let Channel { waiters, buffer, .. } = &mut *channel;
            waiters.retain(|waiter| waiter.is_live());
            waiters.rest.used().into_iter().for_each(shrink);
            buffer.used().into_iter().for_each(shrink);
            for waiter in waiters.iter() {
                self.gray.push(waiter.co.cast());
            }
            for value in buffer.iter().filter(|value| value.is_collectable()) {
                self.gray.push(value.as_header());
            }
            if !(*channel).receive_case.is_null() {
                self.gray.push((*channel).receive_case.cast());
            }
            let outside = (*channel).outside();
            self.memory.account(outside as isize - before as isize);
            size_of::<Channel>() + outside
        }
    }

    /// Releases what a dead channel owns.
    ///
    /// # Safety
    /// Nobody uses the channel any more.
    pub(super) unsafe fn destroy_channel(&mut self, channel: *mut Channel) {
        // SAFETY: the caller's promise; empty queues own nothing.
        unsafe {
            self.memory.account(-((*channel).outside() as isize));
            (*channel).buffer.clear();
            (*channel).waiters = Waiters::new();
        }
    }
}

/// Gives memory back when a queue uses little of it.
fn shrink<T>(queue: &mut VecDeque<T>) {
    if queue.capacity() > 16 && queue.len() < queue.capacity() / 4 {
        queue.shrink_to(queue.len() * 2);
    }
}
