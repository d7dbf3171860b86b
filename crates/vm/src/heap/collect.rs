//! The collector's course: when it works, how much, and the end of marking.
//!
//! Incremental mark and sweep. Marks alternate between two values, so nothing has to be unmarked; new cells are born
//! marked. Not here: how an object is traced (`trace`), weak tables (`weak`), finalizers (`finalize`), sweeping
//! (`memory`). Invariant: while marking, a marked and traced object refers to marked objects or to such as wait in
//! the gray list; stacks are exempt and scanned again at the end.

use std::ptr::null_mut;

use super::code::Unit;
use super::object::{Coroutine, Header, HostData, Kind, UserData};
use super::slot::Slot;
use super::{Heap, Phase, coroutine};

/// A cycle starts when the heap is this large relative to what the last one found alive.
pub(super) const DEFAULT_PAUSE: u32 = 200;

/// Speed of the collector relative to allocation, in percent of half of what it does: 200 is four bytes of work for
/// every byte allocated. The number is the reference implementation's.
pub(super) const DEFAULT_STEP: u32 = 200;

/// The checking heap collects all the time, in steps of a few objects.
const CHECKING: bool = cfg!(feature = "check-heap");

/// Work of one step, in weighted bytes: about 20 microseconds of marking.
const STEP_WORK: isize = if CHECKING { 4 * 1024 } else { 64 * 1024 };

/// Most work of one step, however much was allocated since the last: about a millisecond.
const LARGEST_STEP_WORK: isize = if CHECKING { STEP_WORK } else { 4 << 20 };

/// No cycle starts below this many bytes.
const FIRST_CYCLE_BYTES: usize = 24 * 1024;

/// The same for a frugal heap. Measured: a message to each of 1,000 processes in turn takes half the time if what each of
/// them leaves behind stays in the processor's caches; earlier cycles cost more than that gains.
const FIRST_FRUGAL_BYTES: usize = 10 * 1024;

/// Work that is never spent.
const UNBOUNDED: isize = isize::MAX / 2;

/// Work of ending one object that owns something.
const DESTROY_WORK: isize = 256;

/// Kilobytes of work at every safepoint that the variable `WIPPY_STRESS` asks of a checking heap, in weighted bytes: so
/// whole programs run under the stress collector. A heap that is smaller than that is collected every time.
pub(super) fn stress_from_outside() -> isize {
    if !CHECKING {
        return 0;
    }
    let kilobytes = std::env::var("WIPPY_STRESS").ok().and_then(|text| text.parse::<u32>().ok());
    kilobytes.map_or(0, |kilobytes| kilobytes as isize * 1024)
}

impl Heap {
    /// Whether the collector should be given a step now.
    #[inline(always)]
    pub(crate) fn wants_collection(&self) -> bool {
        self.memory.debt > 0
    }

    /// Does a bounded amount of work; how much, in weighted bytes.
    ///
    /// # Safety
    /// `top` of the running coroutine is its first dead slot, and everything reachable is reachable from the roots.
    /// The stacks of all coroutines but the running one may move.
    pub(crate) unsafe fn step(&mut self) -> isize {
        // SAFETY: the caller's promise.
        unsafe {
            if self.stress_work > 0 && !self.stopped {
                let mut budget = self.stress_work;
                // What a cycle under way has missed the next one finds. A complete collection that the program asked for
                // goes on by this, and is not begun anew.
                for _ in 0..1 + u8::from(self.phase != Phase::Idle) {
                    self.run(&mut budget);
                }
                self.set_next_cycle();
                return 0;
            }
            if self.stopped {
                if self.over_limit() {
                    self.full();
                    return self.bytes() as isize;
                }
                self.set_next_cycle();
                return 0;
            }
            // A few large allocations owe as much work as many small ones, but meet few safepoints.
            let owed = self.memory.debt.max(0) as i128 * i128::from(self.step_percent) / 50;
            let work = owed.min(LARGEST_STEP_WORK as i128).max(STEP_WORK as i128) as isize;
            self.work(work);
            work
        }
    }

    /// A step asked for by `collectgarbage("step", kilobytes)`: works as if that much had been allocated; zero is one
    /// small step. True if that ended a cycle.
    ///
    /// # Safety
    /// As for [`Heap::step`].
    pub(crate) unsafe fn step_for(&mut self, kilobytes: usize) -> bool {
        const SMALLEST: isize = 1024;
        let work = (kilobytes as u128 * 1024 * u128::from(self.step_percent) / 50).min(1 << 50) as isize;
        // SAFETY: the caller's promise.
        let ended = unsafe { self.work(work.max(SMALLEST)) };
        if self.stopped {
            self.set_next_cycle();
        }
        ended
    }

    unsafe fn work(&mut self, work: isize) -> bool {
        let mut budget = work;
        // SAFETY: the caller's promise, passed on.
        let ended = unsafe { self.run(&mut budget) };
        if ended {
            self.set_next_cycle();
        } else {
            let paid = (work - budget) as i128 * 50 / i128::from(self.step_percent);
            self.memory.postpone(paid.min(1 << 60) as isize);
        }
        ended
    }

    /// A complete collection.
    ///
    /// # Safety
    /// As for [`Heap::step`].
    pub(crate) unsafe fn full(&mut self) {
        self.begin_full();
        // SAFETY: the caller's promise.
        while !unsafe { self.go_on_full(UNBOUNDED) } {}
    }

    /// Whether a complete collection now is short and may give a good part of the heap back.
    pub(crate) fn is_worth_tidying(&self) -> bool {
        /// Bytes up to which a collection takes microseconds.
        const SMALL: usize = 64 * 1024;
        /// Bytes that are not worth one.
        const LITTLE: usize = 1280;
        let bytes = self.bytes();
        let fresh = bytes.saturating_sub(self.live_bytes);
        !self.stopped && bytes <= SMALL && fresh > (self.live_bytes / 4).max(LITTLE)
    }

    /// Begins a complete collection; [`Heap::full_piece`] does it.
    pub(crate) fn begin_full(&mut self) {
        // A cycle under way has missed what became garbage since it began.
        self.wanted_cycles = if self.phase == Phase::Idle { 1 } else { 2 };
        if self.phase == Phase::Mark {
            // It must not make anything due either: through weak tables a finalizer would see what was marked before
            // it became garbage.
            for object in self.finalizers.iter() {
                self.gray.push(object.as_header());
            }
        }
    }

    /// Does about a millisecond's piece of the complete collection that was begun; true if that was the last one.
    ///
    /// # Safety
    /// As for [`Heap::step`].
    pub(crate) unsafe fn full_piece(&mut self) -> bool {
        // SAFETY: the caller's promise.
        unsafe { self.go_on_full(self.stress_work.max(LARGEST_STEP_WORK)) }
    }

    unsafe fn go_on_full(&mut self, work: isize) -> bool {
        let mut budget = work;
        // A step that the heap took by itself may have ended the last cycle.
        while self.wanted_cycles > 0 {
            if budget <= 0 {
                return false;
            }
            // SAFETY: the caller's promise.
            unsafe { self.run(&mut budget) };
        }
        self.set_next_cycle();
        true
    }

    pub(super) unsafe fn run(&mut self, budget: &mut isize) -> bool {
        self.abandon_growth();
        while *budget > 0 {
            // SAFETY: the caller's promise; phases follow one another as their contracts ask.
            unsafe {
                match self.phase {
                    Phase::Idle => self.begin(),
                    Phase::Mark => {
                        if self.propagate(budget) {
                            self.end_marking();
                        }
                    }
                    Phase::Separate => {
                        if self.separate_some(budget) {
                            self.phase = Phase::Revive;
                        }
                    }
                    Phase::Revive => {
                        if self.propagate(budget) {
                            self.converge_ephemerons();
                            self.end_revival(0);
                        }
                    }
                    Phase::Destroy => self.destroy(budget),
                    Phase::Sweep => {
                        if self.memory.sweep(budget) {
                            self.phase = Phase::Idle;
                            self.wanted_cycles = self.wanted_cycles.saturating_sub(1);
                            return true;
                        }
                    }
                }
            }
        }
        false
    }

    unsafe fn begin(&mut self) {
        debug_assert!(!self.marking && self.gray.is_empty() && self.slices.is_empty());
        self.memory.epoch ^= 3;
        self.marking = true;
        self.phase = Phase::Mark;
        self.live_bytes = 0;
        // SAFETY: roots are alive.
        unsafe {
            self.mark_roots();
            self.mark_libraries();
            self.touched(self.roots.current);
        }
    }

    unsafe fn mark_roots(&mut self) {
        let roots = &self.roots;
        let cells =
            [roots.registry.cast::<Header>(), roots.globals.cast(), roots.main.cast(), roots.current.cast()];
        for cell in cells.into_iter().chain(roots.metatables.all().map(|metatable| metatable.cast())) {
            if !cell.is_null() {
                self.gray.push(cell);
            }
        }
        for co in roots.ready.iter() {
            self.gray.push(co.cast());
        }
        let values = std::iter::once(&roots.error)
            .chain(roots.extra.iter())
            .chain(self.due.iter())
            .chain(roots.anchors.values())
            .chain(roots.kept.iter());
        for value in values {
            if value.is_collectable() {
                self.gray.push(value.as_header());
            }
        }
    }

    /// To be called when the interpreter switches to a coroutine: its stack is scanned again at the end of marking.
    ///
    /// # Safety
    /// The coroutine is null or alive.
    #[inline(always)]
    pub(crate) unsafe fn touched(&mut self, co: *mut Coroutine) {
        if self.marking && !co.is_null() {
            // SAFETY: the caller's promise.
            unsafe { self.note_touched(co) }
        }
    }

    #[inline(never)]
    unsafe fn note_touched(&mut self, co: *mut Coroutine) {
        // SAFETY: the caller's coroutine is alive.
        unsafe {
            if (*co).header.flags & coroutine::TOUCHED == 0 {
                (*co).header.flags |= coroutine::TOUCHED;
                self.touched.push(co);
            }
        }
    }

    /// The indivisible end of marking: what has changed behind the collector's back, weak tables, finalizers.
    unsafe fn end_marking(&mut self) {
        // SAFETY: roots and touched coroutines are alive; marking is complete but for them.
        unsafe {
            self.mark_roots();
            let touched = std::mem::take(&mut self.touched);
            for &co in touched.iter() {
                (*co).header.flags &= !coroutine::TOUCHED;
                self.scan_again(co);
            }
            self.propagate_all();
            if self.wanted_cycles == 1 {
                self.spare_open_upvalues();
            }
            self.converge_ephemerons();
            // Values go before finalizers bring objects back, keys after (manual, section 2.5.4).
            self.clear_weak_values(0, 0);
            let change = self.strings.purge(self.memory.epoch);
            self.memory.account(change);
            self.purge_names();
            self.forget_closures();
            self.weak_values.clear();
            self.marking = false;
            self.begin_separation();
            // Through its weak keys the program could still see what is dead. If there are none, nothing that is
            // unmarked can be reached any more, and there is no hurry.
            if !self.ephemerons.is_empty() || !self.all_weak.is_empty() {
                let cleared = self.all_weak.len();
                while !self.separate_some(&mut { UNBOUNDED }) {}
                if !self.gray.is_empty() {
                    self.propagate_all();
                    self.converge_ephemerons();
                }
                self.end_revival(cleared);
            }
        }
    }

    /// The end of marking once more, for what finalizers have brought back: its weak tables and functions. The first
    /// `cleared` tables that are weak in both are without dead values already.
    unsafe fn end_revival(&mut self, cleared: usize) {
        // SAFETY: marking is complete.
        unsafe {
            self.clear_weak_keys();
            self.clear_weak_values(0, cleared);
            self.forget_closures();
        }
        self.weak_values.clear();
        self.ephemerons.clear();
        self.all_weak.clear();
        self.gray.release();
        self.slices.clear();
        self.phase = Phase::Destroy;
        self.destroy_from = 0;
        self.destroy_kept = 0;
    }

    /// The variables of an unreachable coroutine outlive one explicit collection, as in the reference implementation,
    /// where two collections are needed to break such a cycle. Automatic ones do without this look at all coroutines.
    unsafe fn spare_open_upvalues(&mut self) {
        // SAFETY: the list names live cells; marking is complete.
        unsafe {
            for n in 0..self.destructible.len() {
                let object = self.destructible[n];
                if object.is_null()
                    || (*object).kind != Kind::Coroutine
                    || (*object).mark & self.memory.epoch != 0
                {
                    continue;
                }
                let co = object.cast::<Coroutine>();
                if (*co).open_upvalues.is_null() || (*co).header.flags & coroutine::SPARED != 0 {
                    continue;
                }
                (*co).header.flags |= coroutine::SPARED;
                let mut upvalue = (*co).open_upvalues;
                while !upvalue.is_null() {
                    let value = *(*upvalue).value;
                    if value.is_collectable() {
                        self.gray.push(value.as_header());
                    }
                    upvalue = (*upvalue).next_open();
                }
            }
            self.propagate_all();
        }
    }

    pub(super) unsafe fn propagate_all(&mut self) {
        // SAFETY: the caller's promise.
        unsafe { while !self.propagate(&mut { UNBOUNDED }) {} }
    }

    unsafe fn destroy(&mut self, budget: &mut isize) {
        // SAFETY: no cell is freed before this phase ends, so all headers are readable.
        unsafe {
            while self.destroy_from < self.destructible.len() {
                if *budget <= 0 {
                    return;
                }
                let object = self.destructible[self.destroy_from];
                self.destroy_from += 1;
                *budget -= 16;
                if (*object).mark & self.memory.epoch != 0 {
                    self.destructible[self.destroy_kept] = object;
                    self.destroy_kept += 1;
                } else {
                    *budget -= DESTROY_WORK;
                    // Until the slot is reused or cut off the list must not name an ended object.
                    self.destructible[self.destroy_from - 1] = null_mut();
                    self.end_object(object);
                }
            }
        }
        self.destructible.truncate(self.destroy_kept);
        if self.destructible.capacity() > 64 && self.destructible.len() < self.destructible.capacity() / 4 {
            self.destructible.shrink_to(self.destructible.len() * 2);
        }
        self.memory.begin_sweep();
        self.phase = Phase::Sweep;
    }

    /// Releases what an object owns outside the heap.
    ///
    /// # Safety
    /// The object is null, or nobody will use it any more and its cell is not yet freed.
    pub(super) unsafe fn end_object(&mut self, object: *mut Header) {
        if object.is_null() {
            return;
        }
        // SAFETY: the kind says what the object is.
        unsafe {
            match (*object).kind {
                Kind::UserData => (*object.cast::<UserData>()).data = HostData::NONE,
                Kind::Channel => self.destroy_channel(object.cast()),
                Kind::Coroutine => self.destroy_coroutine(object.cast()),
                Kind::Code => {
                    let released = Unit::release(object.cast());
                    self.memory.account(-(released as isize));
                }
                _ => debug_assert!(false, "only these own something"),
            }
        }
    }

    /// So many bytes have come with a message. Mostly it is read and forgotten when the next one comes, so most of it does
    /// not bring the next cycle nearer: else every other large message would cost one, which marks whatever lives.
    pub(crate) fn put_off(&mut self, arrived: usize) {
        if !CHECKING && self.stress_work == 0 && self.phase == Phase::Idle {
            self.memory.put_off(arrived * 7 / 8);
        }
    }

    /// Chooses when the next cycle starts, from what is known to be alive.
    pub(super) fn set_next_cycle(&mut self) {
        let threshold = if self.stress_work > 0 {
            0
        } else if self.stopped {
            usize::MAX
        } else if CHECKING {
            self.bytes() + 512
        } else {
            let live = self.live_bytes;
            let wanted = (live as u128 * u128::from(self.pause_percent) / 100).min(1 << 60) as usize;
            // What was allocated since is part of the heap now: leave room to work.
            let first = if self.frugal { FIRST_FRUGAL_BYTES } else { FIRST_CYCLE_BYTES };
            wanted.max(self.bytes() + live / 2).max(first)
        };
        self.memory.set_threshold(threshold.min(self.limit()));
    }

    /// `collectgarbage("setpause")`: percent of the live bytes at which the next cycle starts; the old value.
    pub(crate) fn set_pause(&mut self, percent: i64) -> i64 {
        let percent = percent.clamp(0, i64::from(u32::MAX)) as u32;
        i64::from(std::mem::replace(&mut self.pause_percent, percent))
    }

    /// `collectgarbage("setstepmul")`: percent of work per allocated byte; the old value.
    pub(crate) fn set_step_multiplier(&mut self, percent: i64) -> i64 {
        // Less would let the heap outgrow the collector.
        let percent = percent.clamp(20, i64::from(u32::MAX)) as u32;
        i64::from(std::mem::replace(&mut self.step_percent, percent))
    }

    /// From now on even a small heap is collected: it is one of many. Said before each of many short runs it does not put
    /// the next cycle off each time.
    pub(crate) fn set_frugal(&mut self) {
        if !std::mem::replace(&mut self.frugal, true) && self.phase == Phase::Idle {
            self.set_next_cycle();
        }
    }

    /// No cycle starts on its own from now on, unless the limit is reached.
    pub(crate) fn stop(&mut self) {
        self.stopped = true;
        self.set_next_cycle();
    }

    /// Undoes [`Heap::stop`].
    pub(crate) fn restart(&mut self) {
        self.stopped = false;
        self.memory.set_threshold(self.bytes());
    }

    /// Whether cycles start on their own.
    pub(crate) fn is_running(&self) -> bool {
        !self.stopped
    }

    /// For tests: collect at every safepoint.
    pub(crate) fn set_stress(&mut self, on: bool) {
        self.stress_work = if on { UNBOUNDED } else { 0 };
        self.set_next_cycle();
    }

    /// Marks a value that came out of a list which is no root any more.
    pub(super) fn keep(&mut self, value: Slot) {
        self.barrier(value);
    }
}
