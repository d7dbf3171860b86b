//! Layouts of everything that lives in a heap.
//!
//! Only data and trivial accessors; allocation is in `alloc`, tracing in `collect`, the table algorithms in `table`.
//! Invariant: every cell begins with a [`Header`], and the collector can tell its extent from the header alone.

use std::any::Any;
use std::ptr::NonNull;

use super::code::Code;
use super::slot::Slot;
use crate::execute::frame::Frame;
use crate::native::Native;

/// What a cell is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Kind {
    /// On a free list, or the unused rest of a block.
    Free,
    String,
    Table,
    /// Array part of a table; marked by its owner.
    Array,
    /// Hash part of a table; marked by its owner.
    Nodes,
    Closure,
    NativeClosure,
    Upvalue,
    UserData,
    /// A channel; see [`super::channel`]. Its tag is that of userdata.
    Channel,
    /// A case of a select. Its tag is that of userdata.
    Case,
    Coroutine,
    /// Value or frame stack of a coroutine; marked by its owner.
    Part,
    /// Functions loaded at run time, owned by this heap; see [`super::code`].
    Code,
}

/// First word of every cell.
#[repr(C)]
pub(crate) struct Header {
    pub(crate) kind: Kind,
    /// 1 or 2, alternating with each collection, or [`IMMORTAL`]; "marked in this cycle" is `mark & epoch != 0`.
    pub(crate) mark: u8,
    /// Meaning depends on the kind.
    pub(crate) flags: u8,
    /// Table: log2 of the node count. Closures: number of upvalues.
    pub(crate) small: u8,
    /// Bytes of the cell, header included; of a `Nodes` cell the index of the last free node instead.
    pub(crate) size: u32,
}

/// Mark of cells outside every heap: the collector never follows, writes or frees them.
pub(crate) const IMMORTAL: u8 = 3;

/// Bit of the mark of a table that a walk over its graph has met; nobody looks while the collector may run.
pub(crate) const MET: u8 = 4;

/// Longest string that is entered into the caches and hashed at birth, in bytes.
pub(crate) const SHORT_STRING_BYTES: usize = 40;

/// A string: immutable bytes with their hash.
#[repr(C)]
pub(crate) struct StringObject {
    pub(crate) header: Header,
    /// Seeded hash of length and bytes; for a long string zero until first asked for.
    pub(crate) hash: u32,
    pub(crate) len: u32,
    // `len` bytes follow, and a zero byte.
}

/// `flags` of a table that is used as a metatable: the event is known to be absent.
pub(crate) mod absent {
    pub(crate) const INDEX: u8 = 1;
    pub(crate) const NEWINDEX: u8 = 2;
    pub(crate) const EQ: u8 = 4;
    pub(crate) const LEN: u8 = 8;
    pub(crate) const CALL: u8 = 16;
    pub(crate) const ALL: u8 = 31;
}
/// `flags` of a table: its entry in the finalizer list exists (its metatable had `__gc` when it was set).
pub(crate) const TABLE_FINALIZER: u8 = 32;
/// `flags` of a table: it is traced in part, the rest waits (only while the collector marks).
pub(crate) const TABLE_SLICED: u8 = 64;
/// `flags` of a table that must not be written in place: shared, or read-only. Writers take the slow path.
pub(crate) const TABLE_FROZEN: u8 = 128;

/// A table, 40 bytes.
#[repr(C)]
pub(crate) struct Table {
    pub(crate) header: Header,
    /// `capacity` slots, of which the first `len` are initialised; the others are nil for Lua.
    pub(crate) array: *mut Slot,
    pub(crate) len: u32,
    pub(crate) capacity: u32,
    /// `1 << header.small` nodes; the shared empty node when there is no hash part.
    pub(crate) nodes: *mut Node,
    pub(crate) metatable: *mut Table,
}

/// An entry of the hash part, 24 bytes.
///
/// Never write a whole [`Slot`] over its first half: the padding would destroy key tag and link.
#[repr(C)]
pub(crate) struct Node {
    pub(crate) payload: u64,
    pub(crate) tag: u8,
    /// Kind of the key; [`super::slot::tag::NIL`] when the node was never used.
    pub(crate) key_tag: u8,
    /// Low half of a string key's hash.
    pub(crate) hash: u16,
    /// Distance to the next node of the chain, in nodes; zero at the end.
    pub(crate) next: i32,
    pub(crate) key: u64,
}

/// A Lua function: `header.small` upvalue pointers follow.
#[repr(C)]
pub(crate) struct Closure {
    pub(crate) header: Header,
    pub(crate) code: *const Code,
    // `[*mut Upvalue; header.small]`
}

/// A builtin with upvalues: `header.small` slots follow.
#[repr(C)]
pub(crate) struct NativeClosure {
    pub(crate) header: Header,
    pub(crate) native: &'static Native,
    // `[Slot; header.small]`
}

/// A variable captured by closures. Open: `value` points into a stack and `next` links the coroutine's open upvalues
/// by descending address. Closed: `value` points to `closed`.
#[repr(C)]
pub(crate) struct Upvalue {
    pub(crate) header: Header,
    pub(crate) value: *mut Slot,
    pub(crate) closed: Slot,
}

impl Upvalue {
    /// Link to the next open upvalue, kept where the closed value will be.
    #[inline(always)]
    pub(crate) fn next_open(&self) -> *mut Upvalue {
        self.closed.payload as *mut Upvalue
    }
}

/// A host object with an optional metatable.
#[repr(C)]
pub(crate) struct UserData {
    pub(crate) header: Header,
    pub(crate) metatable: *mut Table,
    /// `debug.getuservalue`.
    pub(crate) user_value: Slot,
    /// Dropped when the cell is swept.
    pub(crate) data: HostData,
}

/// What a userdata holds for the host: nothing, a box, or a value right behind it, in the rest of the cell.
pub(crate) struct HostData(Option<NonNull<dyn Any + Send>>);

impl HostData {
    pub(crate) const NONE: HostData = HostData(None);

    /// Takes a box over.
    pub(crate) fn boxed(data: Box<dyn Any + Send>) -> HostData {
        HostData(Some(NonNull::from(Box::leak(data))))
    }

    /// Writes, into a place that was not initialised, that the value right behind the place is held.
    ///
    /// # Safety
    /// It is there, nobody else drops it, and neither moves.
    pub(crate) unsafe fn write_in_cell(place: *mut HostData, data: NonNull<dyn Any + Send>) {
        debug_assert_eq!(place.wrapping_add(1).addr(), data.as_ptr().addr());
        // SAFETY: the caller's promise.
        unsafe { place.write(HostData(Some(data))) }
    }

    /// Where it is.
    #[inline]
    pub(crate) fn pointer(&self) -> Option<NonNull<dyn Any + Send>> {
        self.0
    }

    /// What is held.
    #[inline]
    pub(crate) fn get(&self) -> Option<&(dyn Any + Send)> {
        // SAFETY: what is held is valid until it is dropped here, and nobody else refers to it mutably.
        self.0.map(|data| unsafe { data.as_ref() })
    }
}

impl Drop for HostData {
    fn drop(&mut self) {
        let Some(data) = self.0.take() else { return };
        // No box can lie there.
        let in_cell = std::ptr::from_ref(self).wrapping_add(1).addr() == data.as_ptr().addr();
        // SAFETY: it was taken over, is dropped once, and is a box if it is not in the cell.
        unsafe { if in_cell { data.drop_in_place() } else { drop(Box::from_raw(data.as_ptr())) } }
    }
}

/// State of a coroutine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Status {
    /// Created or yielded.
    Suspended,
    /// On top of the chain of running coroutines.
    Running,
    /// Waits for a coroutine that it resumed.
    Normal,
    /// The innermost coroutine of a chain that waits for something, or for its turn to go on.
    Parked,
    /// Returned or failed.
    Dead,
}

/// A thread of execution: a value stack and a frame stack, nothing native.
///
/// Slots at and above `top` of a coroutine that does not run are dead; the collector clears them.
#[repr(C)]
pub(crate) struct Coroutine {
    pub(crate) header: Header,
    pub(crate) stack: *mut Slot,
    /// First slot after the last usable one; some spare slots follow it.
    pub(crate) stack_end: *mut Slot,
    /// First dead slot; meaningful while not running Lua code, and after instructions with an open result list.
    pub(crate) top: *mut Slot,
    pub(crate) frames: *mut Frame,
    pub(crate) frames_end: *mut Frame,
    /// The active frame; `frames` itself is the base frame, which is never a Lua function.
    pub(crate) frame: *mut Frame,
    /// Open upvalues, highest first.
    pub(crate) open_upvalues: *mut Upvalue,
    /// The coroutine that resumed this one.
    pub(crate) resumer: *mut Coroutine,
    /// Debug hook of this coroutine, if any.
    pub(crate) hook: *mut crate::execute::hook::Hook,
    pub(crate) status: Status,
    /// Made by `coroutine.spawn`: nobody resumes it but the run queue. The main coroutine is not marked.
    pub(crate) scheduled: bool,
    /// While parked: message handlers that run in its chain.
    pub(crate) handlers: u8,
    /// While parked: coroutines of its chain that wait for one they have resumed.
    pub(crate) nested: u32,
    /// How often it was woken: a registration with another number is stale.
    pub(crate) generation: u64,
}

const _: () = {
    assert!(size_of::<Header>() == 8);
    assert!(size_of::<StringObject>() == 16);
    assert!(size_of::<Table>() == 40);
    assert!(size_of::<Node>() == 24);
    assert!(size_of::<Closure>() == 16);
    assert!(size_of::<NativeClosure>() == 16);
    assert!(size_of::<Upvalue>() == 32);
};

impl NativeClosure {
    /// Its upvalues.
    ///
    /// # Safety
    /// The closure must be valid.
    #[inline(always)]
    pub(crate) unsafe fn upvalues(this: *mut NativeClosure) -> *mut Slot {
        // SAFETY: they follow the fixed part.
        unsafe { this.add(1).cast() }
    }
}

impl Closure {
    /// Its upvalues.
    ///
    /// # Safety
    /// The closure must be valid.
    #[inline(always)]
    pub(crate) unsafe fn upvalues(this: *mut Closure) -> *mut *mut Upvalue {
        // SAFETY: they follow the fixed part.
        unsafe { this.add(1).cast() }
    }
}
