//! The process table: slots that are never given back to the allocator, found by pid with two loads.
//!
//! # Protocol
//!
//! A slot stays where it is for as long as the table lives (its memory may be given back meanwhile, [`spare`]), so any
//! thread may look at the shared part of any slot at any time: no reference count, no epoch, no hazard pointer on the
//! path of a message. What belongs to its process (the body, the messages taken, the books) may be touched only through
//! a [`Runnable`], and of those there is at most one per slot:
//!
//! | event | effect on the right to run the slot |
//! |---|---|
//! | [`Table::allocate`] takes a free index | made |
//! | [`Slot::park`] succeeds | given up, kept by the mailbox word `PARKED` |
//! | a push or [`Slot::rouse`] replaces `PARKED` | made again, by the one who did |
//! | [`Table::vacate`] | given up, the index is free |
//!
//! `Runnable` cannot be cloned and is made in this file only. A message pushed to a slot that was reused meanwhile
//! carries the old pid, and the new owner drops it; a look-up that compares pids is therefore a hint, and the
//! receiver's check is what counts. The pid changes under the slot's lock for relations, so whoever holds that lock
//! and finds the pid unchanged knows that the process has not begun to end.

#![expect(
    unsafe_code,
    reason = "type-stable slots: reference counts on the path of a message cost up to 7 ns"
)]

mod ground;
mod noted;
mod spare;

use std::cell::UnsafeCell;
use std::collections::VecDeque;
use std::mem::MaybeUninit;
use std::ptr;

use parking_lot::Mutex;

use self::noted::{Guard, Noted};
use self::spare::{Returned, Spare};
use crate::books::Books;
use crate::letter::Letter;
use crate::links::Relations;
use crate::mailbox::{Chain, List, Mailbox, Parcel, Pushed};
use crate::pid::{HostId, INDEX_BITS, Pid};
use crate::process::Process;
use crate::sync::{AtomicPtr, AtomicU64, Ordering};

/// Slots of one segment: 192 KiB.
const SEGMENT: usize = 1024;

/// Slots whose memory is asked for at once.
const GROUP: usize = ground::GROUP * SEGMENT;
const GROUPS: usize = (1 << INDEX_BITS) / GROUP;

/// Indices that move between a worker and the shared list at once.
const BATCH: usize = 64;

/// Slots that are made before the first one is used again: numbers look like a counter for longer, and the slots
/// of a program with few processes still fit into the second-level cache.
const FRESH: u32 = 4096;

/// Labels of a slot: the host in the low 16 bits, these flags, and, while the slot is vacant, the next generation in
/// the upper 40.
const RUNNING: u64 = 1 << 16;
const EXTERNAL: u64 = 1 << 17;

/// Generations of one slot. After the last its index is retired.
const LAST_GENERATION: u64 = (1 << (64 - INDEX_BITS)) - 1;

/// The right to run one slot. See the protocol at the top of this file.
#[derive(Debug)]
#[must_use = "a process whose right to run is dropped never runs again"]
pub(crate) struct Runnable(u32);

impl Runnable {
    /// The place, as a key.
    pub(crate) fn index(&self) -> u32 {
        self.0
    }

    /// For tests of what only moves it about.
    #[cfg(test)]
    pub(crate) fn of(index: u32) -> Runnable {
        Runnable(index)
    }
}

/// One place for a process.
#[repr(C, align(64))]
pub(crate) struct Slot<P: Process> {
    mailbox: Mailbox<Letter<P>>,
    /// The owner's number, 0 for none.
    pid: AtomicU64,
    /// Messages that were sent in chains, and how many of those were taken: their difference is the backlog.
    sent: AtomicU64,
    received: AtomicU64,
    /// Who is told when the owner ends, and who must forget it.
    noted: Noted,
    /// Fuel used, host and state; written by the owner, read by statistics.
    reductions: AtomicU64,
    labels: AtomicU64,
    /// Written by [`Table::allocate`]; what an owner leaves behind owns nothing.
    owned: UnsafeCell<MaybeUninit<Owned<P>>>,
    /// When the owner was started, in nanoseconds of the scheduler's clock, for people.
    born: AtomicU64,
}

/// The part of a slot that only the holder of its [`Runnable`] touches.
pub(crate) struct Owned<P: Process> {
    /// The process; `None` for a mailbox owned by Rust code.
    pub(crate) body: Option<P>,
    /// Taken messages that the process has not read yet.
    pub(crate) inbox: List<Letter<P>>,
    /// Timers, operations and sources, if there are any.
    pub(crate) books: Option<Box<Books>>,
    /// Fuel owed for sends to crowded mailboxes.
    pub(crate) debt: u32,
    pub(crate) trap_links: bool,
    /// It went to sleep and has not made a step since.
    pub(crate) asleep: bool,
}

impl<P: Process> Owned<P> {
    fn nothing() -> Owned<P> {
        Owned { body: None, inbox: List::new(), books: None, debt: 0, trap_links: false, asleep: false }
    }
}

// SAFETY: the shared part is atomics, one of them with a lock; `owned` is reached through a `Runnable` only, of which
// there is at most one per slot, and which passes from thread to thread through queues or through the mailbox word (release on
// parking, acquire on the push that wakes). What it holds is `Send`.
unsafe impl<P: Process> Sync for Slot<P> {}
// SAFETY: as above; a slot holds no thread-bound value (`P`, messages and signals are `Send`).
unsafe impl<P: Process> Send for Slot<P> {}

impl<P: Process> Slot<P> {
    /// What zeroed memory is, too.
    #[cfg_attr(
        all(target_os = "linux", not(loom), not(miri)),
        expect(dead_code, reason = "memory comes zeroed")
    )]
    fn vacant() -> Slot<P> {
        Slot {
            mailbox: Mailbox::new(),
            pid: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            received: AtomicU64::new(0),
            noted: Noted::new(),
            reductions: AtomicU64::new(0),
            labels: AtomicU64::new(0),
            owned: UnsafeCell::new(MaybeUninit::uninit()),
            born: AtomicU64::new(0),
        }
    }

    /// Whose slot it is now; [`Pid::SYSTEM`] for nobody's.
    pub(crate) fn pid(&self) -> Pid {
        Pid::from_raw(self.pid.load(Ordering::Acquire))
    }

    /// The relations, if the slot still is this process's and it has not begun to end.
    pub(crate) fn relations(&self, pid: Pid) -> Option<RelationsGuard<'_>> {
        let guard = self.noted.lock();
        (self.pid() == pid).then_some(RelationsGuard(guard))
    }

    /// Messages waiting, as far as senders counted them.
    pub(crate) fn backlog(&self) -> u64 {
        self.sent
            .load(Ordering::Relaxed)
            .wrapping_sub(self.received.load(Ordering::Relaxed))
            .min(u64::from(u32::MAX))
    }

    /// Owner only (it is the only writer, so this need not be one operation): `messages` counted ones were read.
    pub(crate) fn count_received(&self, messages: u32) {
        let received = self.received.load(Ordering::Relaxed);
        self.received.store(received + u64::from(messages), Ordering::Relaxed);
    }

    /// Pushes one message to this slot, which was found by the message's target; the right to run it if this wakes it.
    ///
    /// # Errors
    /// The message, if the process is gone.
    pub(crate) fn push(&self, parcel: Parcel<Letter<P>>) -> Result<Option<Runnable>, Parcel<Letter<P>>> {
        let index = parcel.target().index();
        match self.mailbox.push(parcel) {
            Pushed::Queued => Ok(None),
            Pushed::Wake => Ok(Some(Runnable(index))),
            Pushed::Closed(parcel) => Err(parcel),
        }
    }

    /// Puts the process of this slot to sleep; the right to run comes back if something has arrived.
    pub(crate) fn park(&self, runnable: Runnable) -> Result<(), Runnable> {
        debug_assert_eq!(self.pid().index(), runnable.0, "the right to this slot");
        if self.mailbox.park() { Ok(()) } else { Err(runnable) }
    }

    /// The right to run whoever sleeps in this slot, which was found by this pid: another one, if that has just ended.
    pub(crate) fn rouse(&self, found_by: Pid) -> Option<Runnable> {
        self.mailbox.rouse().then(|| Runnable(found_by.index()))
    }

    pub(crate) fn is_parked(&self) -> bool {
        self.mailbox.is_parked()
    }

    pub(crate) fn has_news(&self) -> bool {
        self.mailbox.has_news()
    }

    /// Owner only: takes what has arrived. See [`Mailbox::take`].
    pub(crate) fn take(&self, list: &mut List<Letter<P>>, look: impl FnMut(Pid, Pid, &Letter<P>)) -> bool {
        self.mailbox.take(list, look)
    }

    /// Owner only, as in `count_received`.
    pub(crate) fn add_reductions(&self, used: u64) {
        let before = self.reductions.load(Ordering::Relaxed);
        self.reductions.store(before.wrapping_add(used), Ordering::Relaxed);
    }

    pub(crate) fn reductions(&self) -> u64 {
        self.reductions.load(Ordering::Relaxed)
    }

    pub(crate) fn born(&self) -> u64 {
        self.born.load(Ordering::Relaxed)
    }

    pub(crate) fn set_born(&self, now: u64) {
        self.born.store(now, Ordering::Relaxed);
    }

    pub(crate) fn host(&self) -> HostId {
        HostId((self.labels.load(Ordering::Relaxed) & 0xffff) as u16)
    }

    /// Owner only: whether a worker runs it right now, for statistics.
    pub(crate) fn set_running(&self, running: bool) {
        let others = self.labels.load(Ordering::Relaxed) & !RUNNING;
        self.labels.store(others | if running { RUNNING } else { 0 }, Ordering::Relaxed);
    }

    pub(crate) fn is_running(&self) -> bool {
        self.labels.load(Ordering::Relaxed) & RUNNING != 0
    }

    /// Whether this is a mailbox owned by Rust code.
    pub(crate) fn is_external(&self) -> bool {
        self.labels.load(Ordering::Relaxed) & EXTERNAL != 0
    }
}

/// A look into the relations of a process that has not begun to end.
pub(crate) struct RelationsGuard<'a>(Guard<'a>);

impl RelationsGuard<'_> {
    pub(crate) fn get(&self) -> Option<&Relations> {
        self.0.noted.as_deref()
    }

    pub(crate) fn get_mut(&mut self) -> &mut Relations {
        self.0.noted.get_or_insert_default()
    }

    /// Gives the memory back if nothing is noted.
    pub(crate) fn tidy(&mut self) {
        if self.0.noted.as_deref().is_some_and(Relations::is_empty) {
            self.0.noted = None;
        }
    }
}

/// All slots.
pub(crate) struct Table<P: Process> {
    groups: Box<[AtomicPtr<Slot<P>>]>,
    growth: Mutex<Growth>,
    returned: Returned,
}

struct Growth {
    /// Free indices, the one free for longest first.
    free: VecDeque<u32>,
    /// The first index that was never used. Index 0 never is: pid 0 means nobody.
    fresh: u32,
    /// Segments that have given their memory back.
    spare: Vec<Spare>,
}

/// Free indices of one worker.
#[derive(Debug, Default)]
pub(crate) struct Free(VecDeque<u32>);

impl<P: Process> Table<P> {
    pub(crate) fn new() -> Table<P> {
        let groups = (0..GROUPS).map(|_| AtomicPtr::new(ptr::null_mut())).collect();
        let growth = Mutex::new(Growth { free: VecDeque::new(), fresh: 1, spare: Vec::new() });
        Table { groups, growth, returned: Returned::new() }
    }

    /// The slot of an index that was once allocated.
    #[inline(always)]
    fn at(&self, index: u32) -> Option<&Slot<P>> {
        let group = self.groups.get(index as usize / GROUP)?.load(Ordering::Acquire);
        if group.is_null() {
            return None;
        }
        // SAFETY: a group was zeroed or written before it was published with release ordering, and is given back only
        // when the table is dropped, which `&self` outlives; the number is that of one of its slots.
        Some(unsafe { &*group.add(index as usize % GROUP) })
    }

    /// The slot of a runnable process.
    #[inline(always)]
    pub(crate) fn slot(&self, runnable: &Runnable) -> &Slot<P> {
        self.at(runnable.0).expect("a right to run is made for an allocated slot")
    }

    /// The slot of a process, if it lives (or lived a moment ago).
    #[inline(always)]
    pub(crate) fn find(&self, pid: Pid) -> Option<&Slot<P>> {
        let slot = self.at(pid.index())?;
        (slot.pid() == pid && pid != Pid::SYSTEM).then_some(slot)
    }

    /// The private part of a runnable process's slot.
    #[inline(always)]
    pub(crate) fn owned<'a>(&'a self, runnable: &'a mut Runnable) -> &'a mut Owned<P> {
        let slot = self.slot(runnable);
        // SAFETY: `runnable` is the only right to this slot and is borrowed exclusively for as long as the result; it was
        // made by `allocate`, which has written this part.
        unsafe { (*slot.owned.get()).assume_init_mut() }
    }

    /// Both at once: `slot` and `owned`.
    #[inline(always)]
    pub(crate) fn enter<'t: 'r, 'r>(&'t self, runnable: &'r mut Runnable) -> (&'t Slot<P>, &'r mut Owned<P>) {
        let slot = self.slot(runnable);
        // SAFETY: as in `owned`; the shared part of the slot and its private part are different fields.
        (slot, unsafe { (*slot.owned.get()).assume_init_mut() })
    }

    /// A free slot with a new pid, its mailbox open, as a process that is about to be queued. `None` when all 16 million
    /// are in use.
    pub(crate) fn allocate(&self, free: &mut Free, host: HostId, external: bool) -> Option<(Pid, Runnable)> {
        let index = match free.0.pop_front() {
            Some(index) => index,
            None => {
                self.refill(free);
                free.0.pop_front()?
            }
        };
        let runnable = Runnable(index);
        let slot = self.slot(&runnable);
        // The generation to use was left by `vacate` where nobody else looks, in the labels.
        let generation = slot.labels.load(Ordering::Relaxed) >> 24;
        let pid = Pid::new(index, generation);
        slot.labels.store(u64::from(host.0) | if external { EXTERNAL } else { 0 }, Ordering::Relaxed);
        slot.reductions.store(0, Ordering::Relaxed);
        slot.sent.store(0, Ordering::Relaxed);
        slot.received.store(0, Ordering::Relaxed);
        // SAFETY: the index was free, so nobody else has a right to this slot, and what was there owns nothing.
        unsafe { (*slot.owned.get()).write(Owned::nothing()) };
        slot.mailbox.open();
        slot.pid.store(pid.raw(), Ordering::Release);
        Some((pid, runnable))
    }

    /// The end, first half: from now on nobody finds the process, and nobody can relate to it. Answers with the
    /// relations it had; the messages it has not taken are added to those it has.
    pub(crate) fn retire(&self, runnable: &mut Runnable) -> Option<Box<Relations>> {
        let slot = self.slot(runnable);
        let mut guard = slot.noted.lock();
        slot.pid.store(0, Ordering::Release);
        let taken = guard.noted.take();
        drop(guard);
        slot.mailbox.close(&mut self.owned(runnable).inbox);
        taken
    }

    /// The end, second half: the index may be used again. The private part must have been cleared.
    pub(crate) fn vacate(&self, free: &mut Free, pid: Pid, runnable: Runnable) {
        let slot = self.slot(&runnable);
        let generation = pid.raw() >> INDEX_BITS;
        if generation >= LAST_GENERATION {
            return;
        }
        slot.labels.store((generation + 1) << 24, Ordering::Relaxed);
        free.0.push_back(runnable.0);
        if free.0.len() > 4 * BATCH {
            self.growth.lock().free.extend(free.0.drain(..BATCH * 2));
            self.returned.add(BATCH * 2);
        }
    }

    /// Pushes one message to a slot found by its target pid; the right to run it if this wakes it.
    ///
    /// # Errors
    /// The message, if the process is gone.
    pub(crate) fn push(&self, parcel: Parcel<Letter<P>>) -> Result<Option<Runnable>, Parcel<Letter<P>>> {
        match self.find(parcel.target()) {
            Some(slot) => slot.push(parcel),
            None => Err(parcel),
        }
    }

    /// Pushes a chain for the process `target`; what is refused is dropped, as its sends have been answered.
    pub(crate) fn push_chain(&self, target: Pid, chain: Chain<Letter<P>>) -> Option<Runnable> {
        let slot = self.find(target)?;
        slot.sent.fetch_add(u64::from(chain.count()), Ordering::Relaxed);
        match slot.mailbox.push_chain(chain) {
            Pushed::Wake => Some(Runnable(target.index())),
            Pushed::Queued | Pushed::Closed(_) => None,
        }
    }

    /// The slots that were ever used, occupied or not, with the pids found in them.
    pub(crate) fn occupied(&self) -> impl Iterator<Item = (Pid, &Slot<P>)> {
        let end = self.growth.lock().fresh;
        (1..end).filter_map(|index| {
            let slot = self.at(index)?;
            let pid = slot.pid();
            (pid != Pid::SYSTEM).then_some((pid, slot))
        })
    }

    #[cold]
    fn refill(&self, free: &mut Free) {
        let mut growth = self.growth.lock();
        if growth.fresh >= FRESH
            && growth.free.len() < BATCH
            && let Some(indices) = self.revive(&mut growth)
        {
            growth.free.extend(indices);
        }
        let reuse = growth.fresh >= FRESH && growth.free.len() >= BATCH;
        if reuse || growth.fresh as usize >= GROUPS * GROUP {
            let count = growth.free.len().min(BATCH);
            free.0.extend(growth.free.drain(..count));
            return;
        }
        let first = growth.fresh;
        let number = first as usize / GROUP;
        let place = &self.groups[number];
        if place.load(Ordering::Relaxed).is_null() {
            place.store(ground::take(), Ordering::Release);
        }
        let end = (number + 1) * GROUP;
        let last = (first as usize + BATCH).min(end) as u32;
        growth.fresh = last;
        free.0.extend(first..last);
    }

    /// Takes the free indices of a worker that ends.
    pub(crate) fn surrender(&self, free: Free) {
        self.growth.lock().free.extend(free.0);
    }
}

impl<P: Process> Drop for Table<P> {
    fn drop(&mut self) {
        let occupied: Vec<usize> = self.occupied().map(|(pid, _)| pid.index() as usize).collect();
        for index in occupied {
            let slot = self.groups[index / GROUP].load(Ordering::Relaxed).wrapping_add(index % GROUP);
            // SAFETY: a slot with a pid was allocated and not retired, so its private part was written; `&mut self` says
            // that nobody looks at the slot any more, and it is not dropped a second time.
            unsafe {
                (*slot).owned.get_mut().assume_init_drop();
                slot.drop_in_place();
            }
        }
        for place in &mut self.groups {
            let group = place.load(Ordering::Relaxed);
            if !group.is_null() {
                // SAFETY: published pointers came from `take`; what its slots owned was dropped.
                unsafe { ground::give(group) };
            }
        }
    }
}
