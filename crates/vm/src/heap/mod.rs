//! The heap of one interpreter: every Lua object, byte accounting, limits, the collector.
//!
//! Single-threaded, without locks or reference counts. The interpreter holds raw pointers and tells the collector its
//! roots; allocation never collects, only [`Heap::step`] and [`Heap::full`] do, at safepoints that the interpreter
//! chooses. Invariant: between safepoints every object that the interpreter can still reach is reachable from
//! [`Roots`], and every store into a cell that is not a stack was followed by [`Heap::barrier`].
#![allow(unsafe_code, reason = "objects are raw cells in blocks; docs/unsafe.md lists the invariants")]

pub(crate) mod anchors;
pub(crate) mod arrival;
pub(crate) mod channel;
pub(crate) mod chunks;
mod class;
pub(crate) mod code;
mod collect;
mod coroutine;
mod finalize;
mod functions;
mod gray;
pub(crate) mod growth;
pub(crate) mod handle;
pub(crate) mod hash;
pub(crate) mod image;
mod insert;
pub(crate) mod libraries;
mod memory;
pub(crate) mod metatables;
mod names;
pub(crate) mod object;
mod pool;
pub(crate) mod program;
pub(crate) mod ready;
mod rehash;
pub(crate) mod shared;
pub(crate) mod slot;
pub(crate) mod string;
pub(crate) mod table;
pub(crate) mod template;
pub(crate) mod text;
mod trace;
mod weak;

use std::any::Any;
use std::collections::VecDeque;
use std::ptr::{NonNull, null_mut};

use anchors::Anchors;
use hashbrown::HashMap;
use smallvec::SmallVec;

use code::Code;
use gray::Segments;
use libraries::Libraries;
use memory::Memory;
use object::{
    Closure, Coroutine, Header, HostData, Kind, NativeClosure, StringObject, Table, Upvalue, UserData,
};
use ready::Ready;
use slot::Slot;

use crate::lazy::Lazy;
use crate::native::Native;
use crate::types::KeptType;

/// Most bytes of data that a userdata has in its cell.
const MOST_IN_CELL: usize = 128;

/// Basic types whose values share a metatable; see `execute::state::basic_type`.
pub(crate) const BASIC_TYPES: usize = 7;

/// The memory limit would be passed, or the system has no more memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct OutOfMemory;

/// What the collector starts from.
pub(crate) struct Roots {
    pub(crate) registry: *mut Table,
    pub(crate) globals: *mut Table,
    pub(crate) main: *mut Coroutine,
    /// The coroutine that runs.
    pub(crate) current: *mut Coroutine,
    /// Metatables of types that have one for all their values.
    pub(crate) metatables: metatables::Metatables,
    /// An error value on its way.
    pub(crate) error: Slot,
    /// Whatever else must live.
    pub(crate) extra: Lazy<Vec<Slot>>,
    /// Scheduled coroutines that can go on.
    pub(crate) ready: Ready,
    /// What the outside world still has to answer.
    pub(crate) anchors: Lazy<Anchors>,
    /// Values that natives keep for good, by number. Most processes have one: their inbox.
    pub(crate) kept: SmallVec<[Slot; 1]>,
}

/// What the collector does next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    /// Waits for allocation.
    Idle,
    /// Follows references.
    Mark,
    /// Looks for unreachable objects with a finalizer.
    Separate,
    /// Follows references from those: what they need lives until their finalizers have run.
    Revive,
    /// Ends objects that own something outside the heap.
    Destroy,
    /// Finds dead cells.
    Sweep,
}

/// Part of a large table that is still to be traced.
#[derive(Clone, Copy)]
struct Slice {
    table: *mut Table,
    from: u32,
}

/// See the module.
pub(crate) struct Heap {
    memory: Memory,
    /// The collector is marking: stores must pass the barrier.
    marking: bool,
    /// Cycles that a complete collection still has to end; at 1, this is the one that the program has asked for.
    wanted_cycles: u8,
    phase: Phase,
    /// Who writes to a table can do so again later, when the table has grown.
    patient: bool,
    /// A growth was given up; the next one is made in one piece, so that it comes to its end.
    growth_failed: bool,
    /// Work done at every safepoint, in weighted bytes; zero in all heaps but those of tests.
    stress_work: isize,
    stopped: bool,
    seed: u64,
    strings: string::Cache,
    /// Constants of code that belongs to this heap; none where all code is shared.
    names: Option<Box<names::Names>>,
    /// What lives.
    pub(crate) roots: Roots,
    /// This heap's view of its image; null if it has none.
    libraries: *mut Libraries,
    /// Shared code that this heap uses.
    programs: program::Programs,
    gray: Segments<*mut Header>,
    slices: Lazy<Segments<Slice>>,
    /// A large table that grows.
    growth: Option<Box<growth::Growth>>,
    /// Coroutines that ran during this marking.
    touched: Lazy<Vec<*mut Coroutine>>,
    weak_values: Lazy<Vec<*mut Table>>,
    ephemerons: Lazy<Vec<*mut Table>>,
    /// Whether the last look at all ephemerons has seen a dead key.
    dead_keys: bool,
    /// Cycles begin early: see [`Heap::set_frugal`].
    frugal: bool,
    all_weak: Lazy<Vec<*mut Table>>,
    /// Functions that remember a closure, which this marking may not reach.
    remembering: Lazy<Vec<*const Code>>,
    /// Types that values of this heap may be, by address.
    types: Option<Box<HashMap<usize, KeptType>>>,
    /// Objects that own something outside the heap.
    destructible: Vec<*mut Header>,
    destroy_from: usize,
    destroy_kept: usize,
    /// Objects with a finalizer, in order of registration.
    finalizers: Lazy<Vec<Slot>>,
    /// While they are separated: entries below the first have not been looked at, those from the second on are kept.
    separating: (usize, usize),
    /// Objects whose finalizer is due, in the order of calling.
    due: Lazy<VecDeque<Slot>>,
    /// Bytes found alive by this or the last marking.
    live_bytes: usize,
    pause_percent: u32,
    step_percent: u32,
    /// The string `__mode`.
    mode: *const StringObject,
}

// SAFETY: every pointer in a heap leads to cells of that heap, which nobody else refers to, or to immutable immortal
// cells; host data in userdata and continuations is `Send` by its type.
unsafe impl Send for Heap {}

impl Heap {
    /// An empty heap that may use `limit_bytes`.
    pub(crate) fn new(limit_bytes: usize) -> Heap {
        let mut heap = Heap {
            memory: Memory::new(limit_bytes, 0),
            marking: false,
            wanted_cycles: 0,
            phase: Phase::Idle,
            patient: false,
            growth_failed: false,
            stress_work: collect::stress_from_outside(),
            stopped: false,
            seed: hash::seed(),
            strings: string::Cache::new(),
            names: None,
            roots: Roots {
                registry: null_mut(),
                globals: null_mut(),
                main: null_mut(),
                current: null_mut(),
                metatables: metatables::Metatables::new(),
                error: Slot::NIL,
                extra: Lazy::new(),
                ready: Ready::new(),
                anchors: Lazy::new(),
                kept: SmallVec::new(),
            },
            libraries: null_mut(),
            programs: program::Programs::default(),
            gray: Segments::new(),
            slices: Lazy::new(),
            growth: None,
            touched: Lazy::new(),
            weak_values: Lazy::new(),
            ephemerons: Lazy::new(),
            dead_keys: false,
            frugal: false,
            all_weak: Lazy::new(),
            remembering: Lazy::new(),
            types: None,
            destructible: Vec::new(),
            destroy_from: 0,
            destroy_kept: 0,
            finalizers: Lazy::new(),
            separating: (0, 0),
            due: Lazy::new(),
            live_bytes: 0,
            pause_percent: collect::DEFAULT_PAUSE,
            step_percent: collect::DEFAULT_STEP,
            mode: shared::intern(b"__mode"),
        };
        heap.set_next_cycle();
        heap
    }

    /// A type as a value of this heap, which keeps it as long as it lives itself.
    pub(crate) fn keep_type(&mut self, ty: KeptType) -> Slot {
        /// What is accounted for a type and its validator, in bytes; an estimate.
        const TYPE_BYTES: isize = 512;
        let address = std::ptr::from_ref(&*ty);
        if let KeptType::Basic(_) = ty {
            return Slot::ty(address);
        }
        let types = self.types.get_or_insert_default();
        if types.insert(address as usize, ty).is_none() {
            self.memory.account(TYPE_BYTES);
        }
        Slot::ty(address)
    }

    /// All types that values of this heap may be.
    fn kept_types(&self) -> Vec<KeptType> {
        self.types.iter().flat_map(|types| types.values()).cloned().collect()
    }

    /// Bytes in use: live objects and dead ones that are not yet found.
    #[inline]
    pub(crate) fn bytes(&self) -> usize {
        self.memory.bytes() + self.library_bytes()
    }

    /// Makes memory that outlives the heap its first block.
    ///
    /// # Safety
    /// `place` is aligned to 8 bytes, has `bytes`, which are a few hundred, and is used by nobody else; the heap has
    /// no cells yet.
    pub(crate) unsafe fn begin_in(&mut self, place: *mut u8, bytes: usize) {
        // SAFETY: the caller's promise.
        unsafe { self.memory.begin_in(place, bytes) }
    }

    /// Counts what the interpreter itself takes, outside of cells.
    pub(crate) fn account_state(&mut self, bytes: usize) {
        self.memory.account(bytes as isize);
    }

    /// Most bytes that may be in use.
    pub(crate) fn limit(&self) -> usize {
        self.memory.limit()
    }

    /// Sets the limit; what is in use may already be above it.
    pub(crate) fn set_limit(&mut self, limit_bytes: usize) {
        self.memory.set_limit(limit_bytes);
    }

    /// Whether small allocations have passed the limit; to be asked at safepoints, after a collection.
    #[inline]
    pub(crate) fn over_limit(&self) -> bool {
        self.memory.refuses(0)
    }

    /// Whether `more` bytes could be allocated within the limit.
    pub(crate) fn has_room(&self, more: usize) -> bool {
        !self.memory.refuses(more)
    }

    /// Whether references are being followed just now.
    #[inline(always)]
    pub(crate) fn is_marking(&self) -> bool {
        self.marking
    }

    /// Mark for an object whose references are filled in later without a barrier: while marking it is born unmarked,
    /// so that it is traced when it is reached.
    #[inline(always)]
    fn pale(&self) -> u8 {
        if self.marking { self.memory.epoch ^ 3 } else { self.memory.epoch }
    }

    /// A Lua function without its upvalues: `upvalues` null pointers, to be filled in before the next safepoint.
    #[inline]
    pub(crate) fn closure(&mut self, code: *const Code, upvalues: usize) -> *mut Closure {
        debug_assert!(upvalues <= usize::from(u8::MAX));
        let bytes = size_of::<Closure>() + upvalues * size_of::<*mut Upvalue>();
        let header = Header {
            kind: Kind::Closure,
            mark: self.pale(),
            flags: 0,
            small: upvalues as u8,
            size: bytes as u32,
        };
        let cell = self.function_cell(bytes, header).cast::<Closure>();
        // SAFETY: the cell has room for that many pointers behind the fixed part.
        unsafe {
            (*cell).code = code;
            let first = cell.add(1).cast::<*mut Upvalue>();
            for i in 0..upvalues {
                first.add(i).write(null_mut());
            }
        }
        cell
    }

    /// A builtin with `upvalues` values, all nil, to be filled in before the next safepoint.
    pub(crate) fn native_closure(&mut self, native: &'static Native, upvalues: usize) -> *mut NativeClosure {
        debug_assert!(upvalues <= usize::from(u8::MAX));
        let bytes = size_of::<NativeClosure>() + upvalues * size_of::<Slot>();
        let header = Header {
            kind: Kind::NativeClosure,
            mark: self.pale(),
            flags: 0,
            small: upvalues as u8,
            size: bytes as u32,
        };
        let cell = self.function_cell(bytes, header).cast::<NativeClosure>();
        // SAFETY: the cell has room for that many slots behind the fixed part; the field is written, not dropped.
        unsafe {
            (&raw mut (*cell).native).write(native);
            coroutine::fill_nil(cell.add(1).cast(), upvalues);
        }
        cell
    }

    #[inline(always)]
    fn function_cell(&mut self, bytes: usize, header: Header) -> *mut Header {
        if bytes <= 256 { self.memory.small(bytes, header) } else { self.memory.unlimited(bytes, header) }
    }

    /// A closed variable with the value nil.
    #[inline]
    pub(crate) fn upvalue(&mut self) -> *mut Upvalue {
        const BYTES: usize = size_of::<Upvalue>();
        let header =
            Header { kind: Kind::Upvalue, mark: self.pale(), flags: 0, small: 0, size: BYTES as u32 };
        let cell = self.memory.small(BYTES, header).cast::<Upvalue>();
        // SAFETY: the cell is fresh and of this size.
        unsafe {
            (*cell).closed = Slot::NIL;
            (*cell).value = &raw mut (*cell).closed;
        }
        cell
    }

    /// A host object.
    pub(crate) fn userdata(&mut self, data: Option<Box<dyn Any + Send>>) -> *mut UserData {
        const BYTES: usize = size_of::<UserData>();
        let header =
            Header { kind: Kind::UserData, mark: self.memory.epoch, flags: 0, small: 0, size: BYTES as u32 };
        let cell = self.memory.small(BYTES, header).cast::<UserData>();
        // SAFETY: the cell is fresh and of this size; fields are written, not dropped.
        unsafe {
            (*cell).metatable = null_mut();
            (*cell).user_value = Slot::NIL;
            (&raw mut (*cell).data).write(data.map_or(HostData::NONE, HostData::boxed));
        }
        self.own(cell);
        cell
    }

    /// Notes a host object that owns something. It costs the collector more than its cell does, and what it owns lies
    /// outside of the heap: so it brings the next cycle nearer than its bytes would, or small objects that own much
    /// would pile up.
    fn own(&mut self, cell: *mut UserData) {
        /// Bytes of allocation that each counts as, beside its own. Chosen: it pays for its end at any usual pace.
        const OWNED_BYTES: isize = 512;
        self.destructible.push(cell.cast());
        self.memory.postpone(-OWNED_BYTES);
    }

    /// A host object whose data is in its cell. The collector forgets one that owns nothing as it forgets a number.
    pub(crate) fn userdata_in_cell<T: Any + Send>(
        &mut self,
        data: T,
        metatable: *mut Table,
    ) -> *mut UserData {
        const { assert!(align_of::<T>() <= 8 && size_of::<T>() <= MOST_IN_CELL) };
        let bytes = (size_of::<UserData>() + size_of::<T>()).next_multiple_of(8);
        let header =
            Header { kind: Kind::UserData, mark: self.memory.epoch, flags: 0, small: 0, size: bytes as u32 };
        let cell = self.memory.small(bytes, header).cast::<UserData>();
        // SAFETY: the cell is fresh and large enough; cells are aligned to 8 bytes and never move. Fields are written,
        // not dropped.
        unsafe {
            let place = cell.add(1).cast::<T>();
            place.write(data);
            let data: *mut (dyn Any + Send) = place;
            (*cell).metatable = metatable;
            (*cell).user_value = Slot::NIL;
            HostData::write_in_cell(&raw mut (*cell).data, NonNull::new_unchecked(data));
        }
        if std::mem::needs_drop::<T>() {
            self.own(cell);
        }
        self.barrier_cell(metatable.cast());
        cell
    }

    /// To be called after storing `value` into any cell that is not a stack.
    #[inline(always)]
    pub(crate) fn barrier(&mut self, value: Slot) {
        if value.is_collectable() && self.marking {
            self.shade(value.as_header());
        }
    }

    /// [`Heap::barrier`] for a pointer to a cell: a metatable, an upvalue.
    #[inline(always)]
    pub(crate) fn barrier_cell(&mut self, cell: *mut Header) {
        if self.marking {
            self.shade(cell);
        }
    }

    #[cold]
    #[inline(never)]
    fn shade(&mut self, cell: *mut Header) {
        // SAFETY: the barrier is given live cells only.
        if unsafe { (*cell).mark } & self.memory.epoch == 0 {
            self.gray.push(cell);
        }
    }
}

impl Drop for Heap {
    fn drop(&mut self) {
        // The blocks go with `memory`; only what owns something outside is visited.
        if !self.roots.main.is_null() {
            // SAFETY: the main coroutine lives as long as the heap.
            unsafe { self.destroy_coroutine(self.roots.main) };
        }
        for i in 0..self.destructible.len() {
            // SAFETY: the listed objects are alive, or dead and not yet destroyed.
            unsafe { self.end_object(self.destructible[i]) };
        }
        if !self.libraries.is_null() {
            // SAFETY: nobody refers to library tables any more.
            unsafe { Libraries::free(self.libraries) };
        }
    }
}

#[cfg(test)]
mod tests;
