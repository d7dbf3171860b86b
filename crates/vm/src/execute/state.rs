//! The state of one interpreter: its heap, fuel, and what a native asked for last.
//!
//! Everything in `execute/` works on a raw pointer to it, because the loop, natives and the collector take turns on
//! the same data. Invariant between instructions: the running coroutine's frames and stack are consistent, and
//! `heap.roots.current` is that coroutine.

use std::any::Any;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;
use std::sync::Arc;

use crate::error::ExitRequest;
use crate::heap::Heap;
use crate::heap::chunks::{self, INTERPRETER_BYTES};
use crate::heap::image::Image;
use crate::heap::libraries::PLACE_BYTES;
use crate::heap::object::{Coroutine, Table};
use crate::heap::slot::{Slot, tag};
use crate::lazy::Lazy;
use crate::native::Then;

use super::call::Exit;
use super::host::HostValues;
use super::outside::Ear;
use super::park::Operation;

/// Most slots that a value stack may have; as the reference implementation's `LUAI_MAXSTACK`.
pub(crate) const MAX_STACK_SLOTS: usize = 1_000_000;

/// Slots beyond [`MAX_STACK_SLOTS`] that message handlers may use.
pub(crate) const HANDLER_STACK_SLOTS: usize = 4_000;

/// Slots that are free above the arguments when a native is called; the stack grows when it pushes more.
pub(crate) const NATIVE_SLOTS: usize = 2;

/// Message handlers that may fail inside one another before the error gives up on them.
pub(crate) const MAX_NESTED_HANDLERS: u32 = 200;

/// Coroutines that may be resumed inside one another.
pub(crate) const MAX_NESTED_COROUTINES: u32 = 10_000;

/// See the module.
pub(crate) struct State {
    /// Units of work left before control goes back to the host; may be negative.
    pub(crate) fuel: i64,
    /// Objects, strings, roots.
    pub(crate) heap: Heap,
    /// How the native that answered last goes on; read at once by the interpreter.
    pub(crate) then: Then,
    /// First slot of the running native, for those without a frame.
    pub(crate) native_base: *mut Slot,
    /// Whether the running native has a frame of its own.
    pub(crate) native_framed: bool,
    /// Whether a native runs at all.
    pub(crate) in_native: bool,
    /// Whether the running coroutine has a hook, so that the hooked loop must run.
    pub(crate) hooked: bool,
    /// Whether the hooked loop is the one that runs.
    pub(crate) loop_is_hooked: bool,
    /// Why the loop was left.
    pub(crate) exit: Exit,
    /// The program has asked to end; the exit is [`Exit::Failed`] then.
    pub(crate) exit_request: Option<ExitRequest>,
    /// Message handlers that are running.
    pub(crate) handlers: u32,
    /// Coroutines that wait for one they have resumed.
    pub(crate) nested: u32,
    /// All scheduled coroutines are parked; the main one stands in as the running one.
    pub(crate) idle: bool,
    /// Coroutines are scheduled here: a yield without a resumer gives others their turn.
    pub(crate) scheduling: bool,
    /// What natives ask of the owner, in order.
    pub(crate) outbox: Lazy<Vec<Operation>>,
    /// Who answers the questions of natives; only while the owner runs the interpreter.
    pub(crate) outside: Option<Ear>,
    /// Whether finalizers may be started.
    pub(crate) finalizers: bool,
    /// Values by type that the host lends to natives.
    pub(crate) host: HostValues,
}

/// Bytes that the state takes of its block, and the place of its libraries, if it has some.
const STATE_BYTES: usize = size_of::<State>().next_multiple_of(16);

const _: () = assert!(STATE_BYTES <= 704);

/// The owner of a state. Like a box, but the state is in a block of the heaps' pool, whose rest is the heap's first.
pub(crate) struct OwnedState(NonNull<State>);

impl OwnedState {
    /// Puts a state with a heap that has no cells yet in its block.
    pub(crate) fn new(state: State, image: Option<Arc<Image>>) -> OwnedState {
        let block = chunks::take(INTERPRETER_BYTES);
        let used = STATE_BYTES + if image.is_some() { PLACE_BYTES.next_multiple_of(8) } else { 0 };
        // SAFETY: the block is unused memory that is large enough, blocks are aligned to 8 bytes at least, and its
        // parts do not overlap; it is given back when the heap is gone.
        unsafe {
            let state_at = block.cast::<State>();
            state_at.write(state);
            let heap = &mut (*state_at).heap;
            heap.account_state(used);
            if let Some(image) = image {
                heap.set_image(image, block.add(STATE_BYTES));
            }
            heap.begin_in(block.add(used), INTERPRETER_BYTES - used);
            OwnedState(NonNull::new_unchecked(state_at))
        }
    }
}

impl Deref for OwnedState {
    type Target = State;

    fn deref(&self) -> &State {
        // SAFETY: the state is valid as long as its owner.
        unsafe { self.0.as_ref() }
    }
}

impl DerefMut for OwnedState {
    fn deref_mut(&mut self) -> &mut State {
        // SAFETY: as above.
        unsafe { self.0.as_mut() }
    }
}

impl Drop for OwnedState {
    fn drop(&mut self) {
        // SAFETY: the owner goes, so nobody uses the state; the block was taken with this size.
        unsafe {
            self.0.drop_in_place();
            chunks::give(self.0.as_ptr().cast(), INTERPRETER_BYTES);
        }
    }
}

impl State {
    /// The host's value of a type.
    #[inline]
    pub(crate) fn host<T: Any + Send>(&mut self) -> Option<&mut T> {
        self.host.get()
    }

    /// Sets the host's value of a type.
    pub(crate) fn set_host<T: Any + Send>(&mut self, value: T) {
        // SAFETY: a state lies in its block and stays there (`OwnedState`).
        unsafe { self.host.set(value) }
    }

    /// Forgets the host's value of a type.
    pub(crate) fn remove_host<T: Any + Send>(&mut self) {
        self.host.remove::<T>();
    }

    /// The running coroutine.
    #[inline(always)]
    pub(crate) fn current(&self) -> *mut Coroutine {
        self.heap.roots.current
    }

    /// The metatable of any value; null if it has none.
    ///
    /// # Safety
    /// The value must be valid.
    #[inline]
    pub(crate) unsafe fn metatable(&self, value: Slot) -> *mut Table {
        // SAFETY: the caller's promise; the tag says what the payload is.
        unsafe {
            match value.tag {
                tag::TABLE => (*value.as_table()).metatable,
                tag::USERDATA => (*value.as_userdata()).metatable,
                // Types have no metatable, and nobody can give them one.
                tag::TYPE => std::ptr::null_mut(),
                other => self.heap.basic_metatable(basic_type(other)),
            }
        }
    }
}

/// Index of a value's basic type in the list of shared metatables.
pub(crate) fn basic_type(tag: u32) -> usize {
    match tag {
        tag::INTEGER | tag::FLOAT => 0,
        tag::STRING => 1,
        tag::CLOSURE | tag::NATIVE | tag::NATIVE_CLOSURE => 2,
        tag::COROUTINE => 3,
        tag::TRUE | tag::FALSE => 4,
        tag::LIGHT_USERDATA => 5,
        _ => 6,
    }
}
