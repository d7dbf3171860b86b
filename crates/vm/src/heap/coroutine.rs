//! Coroutines: their stacks, which are cells of their own, and their open upvalues.
//!
//! Not here: resuming and yielding (`execute`). Invariants: all slots of a stack are initialised, those at and above
//! `top` of a suspended coroutine are dead; frames refer to the stack by pointers that move with it.

use std::ptr::{null, null_mut};

use super::anchors::Ticket;
use super::class::rounded;
use super::object::{Coroutine, Header, Kind, Status, Upvalue};
use super::slot::{self, Slot};
use super::{Heap, OutOfMemory};
use crate::execute::frame::{After, Continuation, Frame, LuaState, MULTIPLE, State, flag};
use crate::execute::hook::Hook;

/// Usable slots of a new stack.
const FIRST_SLOTS: usize = 11;

/// Slots after `stack_end` that may be written without a check.
pub(crate) const SPARE_SLOTS: usize = 5;

/// Frames of a new coroutine, the base frame included.
const FIRST_FRAMES: usize = 3;

/// Frames up to which a frame stack is never shrunk.
const SMALL_FRAMES: usize = 16;

/// Slots up to which stacks double; what is beyond grows by what is needed.
const LARGEST_STACK: usize = 1_000_000;

/// `flags` of a coroutine: it is in the list of those to scan again.
pub(super) const TOUCHED: u8 = 1;
/// `flags` of a coroutine: an explicit collection has spared what its open upvalues hold.
pub(super) const SPARED: u8 = 2;

pub(super) fn stack_bytes(slots: usize) -> usize {
    size_of::<Header>() + (slots + SPARE_SLOTS) * size_of::<Slot>()
}

pub(super) fn frame_bytes(frames: usize) -> usize {
    size_of::<Header>() + frames * size_of::<Frame>()
}

/// The cell of a stack or frame stack.
#[inline(always)]
pub(super) fn cell_of<T>(start: *mut T) -> *mut Header {
    start.cast::<Header>().wrapping_sub(1)
}

impl Coroutine {
    /// Usable slots.
    pub(crate) fn slots(&self) -> usize {
        // SAFETY: both point into the stack.
        unsafe { self.stack_end.offset_from(self.stack) as usize }
    }

    pub(super) fn frame_capacity(&self) -> usize {
        // SAFETY: both point into the frame stack.
        unsafe { self.frames_end.offset_from(self.frames) as usize }
    }
}

impl Heap {
    /// A suspended coroutine with an empty stack and its base frame: the slot `stack[0]` is the base frame's function
    /// (nil), `base` and `top` are the slot after it.
    pub(crate) fn coroutine(&mut self) -> Result<*mut Coroutine, OutOfMemory> {
        let co = self.main_coroutine()?;
        self.destructible.push(co.cast());
        Ok(co)
    }

    /// The same for the main coroutine, which lives as long as the heap.
    pub(crate) fn main_coroutine(&mut self) -> Result<*mut Coroutine, OutOfMemory> {
        let stack = self.part(stack_bytes(FIRST_SLOTS))?;
        let frames = match self.part(frame_bytes(FIRST_FRAMES)) {
            Ok(frames) => frames.cast::<Frame>(),
            Err(OutOfMemory) => {
                // SAFETY: nothing refers to it yet.
                unsafe { self.memory.free(cell_of(stack), stack_bytes(FIRST_SLOTS)) };
                return Err(OutOfMemory);
            }
        };
        let stack = stack.cast::<Slot>();
        const BYTES: usize = size_of::<Coroutine>();
        let header =
            Header { kind: Kind::Coroutine, mark: self.memory.epoch, flags: 0, small: 0, size: BYTES as u32 };
        let co = self.memory.small(BYTES, header).cast::<Coroutine>();
        // SAFETY: all three cells are fresh and large enough.
        unsafe {
            fill_nil(stack, FIRST_SLOTS + SPARE_SLOTS);
            frames.write(Frame {
                base: stack.add(1),
                state: State { lua: LuaState { pc: null(), constants: null() } },
                function_offset: 1,
                wanted: MULTIPLE,
                after: After::Finish,
                flags: flag::NATIVE,
                results_at: 0,
                continuation: Continuation::Return,
                operand: 0,
            });
            (*co).stack = stack;
            (*co).stack_end = stack.add(FIRST_SLOTS);
            (*co).top = stack.add(1);
            (*co).frames = frames;
            (*co).frames_end = frames.add(FIRST_FRAMES);
            (*co).frame = frames;
            (*co).open_upvalues = null_mut();
            (*co).resumer = null_mut();
            (*co).hook = null_mut();
            (*co).status = Status::Suspended;
            (*co).scheduled = false;
            (*co).handlers = 0;
            (*co).nested = 0;
            (*co).generation = 0;
        }
        Ok(co)
    }

    /// The innermost coroutines of all chains that are parked, in the order in which they were made.
    pub(crate) fn parked_coroutines(&self) -> Vec<*mut Coroutine> {
        let is_parked = |object: &*mut Header| {
            // SAFETY: the list names cells that are not freed yet; the kind says what they are.
            unsafe {
                !object.is_null()
                    && (**object).kind == Kind::Coroutine
                    && (*object.cast::<Coroutine>()).status == Status::Parked
            }
        };
        let main = std::iter::once(self.roots.main.cast::<Header>());
        main.chain(self.destructible.iter().copied()).filter(is_parked).map(<*mut Header>::cast).collect()
    }

    /// Keeps a value for the outside world, and a coroutine's generation with it.
    pub(crate) fn anchor(&mut self, value: Slot, generation: u64) -> Ticket {
        self.barrier(value);
        self.roots.anchors.add(value, generation)
    }

    fn part(&mut self, bytes: usize) -> Result<*mut u8, OutOfMemory> {
        let header = Header { kind: Kind::Part, mark: self.memory.epoch, flags: 0, small: 0, size: 0 };
        let cell = self.memory.cell(bytes, header)?;
        // SAFETY: a cell begins with its header.
        Ok(unsafe { cell.add(1).cast() })
    }

    /// Makes room for at least `needed` slots above `top`; the stack may move.
    ///
    /// # Safety
    /// The coroutine is alive and its frames and open upvalues point into its stack.
    pub(crate) unsafe fn grow_stack(&mut self, co: *mut Coroutine, needed: usize) -> Result<(), OutOfMemory> {
        // SAFETY: the caller's promise.
        unsafe {
            let slots = (*co).slots();
            let used = (*co).top.offset_from((*co).stack) as usize;
            let wanted = used.saturating_add(needed);
            if wanted <= slots {
                return Ok(());
            }
            self.move_stack(co, wanted.max((slots * 2).min(LARGEST_STACK)))
        }
    }

    /// Gives the coroutine a stack of `slots` usable slots; not fewer than are in use.
    unsafe fn move_stack(&mut self, co: *mut Coroutine, slots: usize) -> Result<(), OutOfMemory> {
        // SAFETY: the caller's promise, as in `grow_stack`.
        unsafe {
            let old = (*co).stack;
            let old_slots = (*co).slots();
            let bytes = rounded(stack_bytes(slots));
            let slots = (bytes - size_of::<Header>()) / size_of::<Slot>() - SPARE_SLOTS;
            let fresh = self.part(bytes)?.cast::<Slot>();
            let kept = old_slots.min(slots) + SPARE_SLOTS;
            for i in 0..kept {
                slot::copy(fresh.add(i), old.add(i));
            }
            fill_nil(fresh.add(kept), slots + SPARE_SLOTS - kept);
            let moved = |p: *mut Slot| fresh.add(p.offset_from(old) as usize);
            (*co).stack = fresh;
            (*co).stack_end = fresh.add(slots);
            (*co).top = moved((*co).top);
            let mut frame = (*co).frames;
            while frame <= (*co).frame {
                (*frame).base = moved((*frame).base);
                frame = frame.add(1);
            }
            let mut upvalue = (*co).open_upvalues;
            while !upvalue.is_null() {
                (*upvalue).value = moved((*upvalue).value);
                upvalue = (*upvalue).next_open();
            }
            self.memory.free(cell_of(old), stack_bytes(old_slots));
            Ok(())
        }
    }

    /// Makes room for at least one more frame; the frames may move.
    ///
    /// # Safety
    /// The coroutine is alive.
    pub(crate) unsafe fn grow_frames(&mut self, co: *mut Coroutine) -> Result<(), OutOfMemory> {
        // SAFETY: the caller's promise.
        unsafe {
            let capacity = (*co).frame_capacity();
            self.move_frames(co, capacity * 2)
        }
    }

    unsafe fn move_frames(&mut self, co: *mut Coroutine, capacity: usize) -> Result<(), OutOfMemory> {
        // SAFETY: as in `grow_frames`; `capacity` is more than the frames in use.
        unsafe {
            let old = (*co).frames;
            let old_capacity = (*co).frame_capacity();
            let used = (*co).frame.offset_from(old) as usize + 1;
            let bytes = rounded(frame_bytes(capacity));
            let capacity = (bytes - size_of::<Header>()) / size_of::<Frame>();
            let fresh = self.part(bytes)?.cast::<Frame>();
            fresh.copy_from_nonoverlapping(old, used);
            (*co).frames = fresh;
            (*co).frames_end = fresh.add(capacity);
            (*co).frame = fresh.add(used - 1);
            self.memory.free(cell_of(old), frame_bytes(old_capacity));
            Ok(())
        }
    }

    /// Gives memory back if a coroutine that does not run uses little of its stacks.
    pub(super) unsafe fn shrink_stacks(&mut self, co: *mut Coroutine) {
        // SAFETY: the collector's coroutine is alive and suspended, so all its references into the stacks are known.
        unsafe {
            let slots = (*co).slots();
            if slots > FIRST_SLOTS {
                let needed = needed_slots(co);
                let wanted = FIRST_SLOTS.max(needed + needed / 4);
                if wanted * 2 <= slots {
                    // Without memory it stays as it is.
                    let _ = self.move_stack(co, wanted);
                }
            }
            let capacity = (*co).frame_capacity();
            let depth = (*co).frame.offset_from((*co).frames) as usize + 1;
            if capacity > SMALL_FRAMES && depth < capacity / 4 {
                let _ = self.move_frames(co, depth * 2);
            }
        }
    }

    /// The upvalue that stands for a slot of the coroutine's stack, made if there is none.
    ///
    /// # Safety
    /// The coroutine is alive and the slot is in its stack, below `top` or to be kept alive otherwise.
    pub(crate) unsafe fn open_upvalue(&mut self, co: *mut Coroutine, slot: *mut Slot) -> *mut Upvalue {
        // SAFETY: the list holds live upvalues, by descending slot.
        unsafe {
            let mut before = null_mut::<Upvalue>();
            let mut at = (*co).open_upvalues;
            while !at.is_null() && (*at).value > slot {
                before = at;
                at = (*at).next_open();
            }
            if !at.is_null() && (*at).value == slot {
                return at;
            }
            let fresh = self.upvalue();
            (*fresh).value = slot;
            (*fresh).closed.payload = at as u64;
            if before.is_null() {
                (*co).open_upvalues = fresh;
            } else {
                (*before).closed.payload = fresh as u64;
            }
            fresh
        }
    }

    /// Closes all upvalues of the coroutine at and above a slot.
    ///
    /// # Safety
    /// As for [`Heap::open_upvalue`].
    pub(crate) unsafe fn close_upvalues(&mut self, co: *mut Coroutine, from: *mut Slot) {
        // SAFETY: the list holds live upvalues that point into the stack.
        unsafe {
            let mut at = (*co).open_upvalues;
            while !at.is_null() && (*at).value >= from {
                let next = (*at).next_open();
                let value = Slot { aux: 0, ..*(*at).value };
                (*at).closed = value;
                (*at).value = &raw mut (*at).closed;
                self.barrier(value);
                at = next;
            }
            (*co).open_upvalues = at;
        }
    }

    /// What must happen before a dead coroutine's cells are freed: upvalues that outlive it are closed, and
    /// continuations of native functions dropped.
    pub(super) unsafe fn destroy_coroutine(&mut self, co: *mut Coroutine) {
        let epoch = self.memory.epoch;
        // SAFETY: marking has ended and no cell was freed since, so all these are readable.
        unsafe {
            let mut at = (*co).open_upvalues;
            while !at.is_null() {
                let next = (*at).next_open();
                if (*at).header.mark & epoch != 0 {
                    (*at).closed = Slot { aux: 0, ..*(*at).value };
                    (*at).value = &raw mut (*at).closed;
                }
                at = next;
            }
            (*co).open_upvalues = null_mut();
            Hook::release(std::mem::replace(&mut (*co).hook, null_mut()));
            drop_continuations(co);
        }
    }
}

/// Slots that a suspended coroutine needs: up to its top, and for every Lua function its registers, which it will write
/// without a check.
unsafe fn needed_slots(co: *mut Coroutine) -> usize {
    // SAFETY: frames up to the active one are initialised; a Lua frame's function slot holds its closure.
    unsafe {
        let mut end = (*co).top;
        let mut frame = (*co).frames;
        while frame <= (*co).frame {
            if !(*frame).is_native() {
                let code = (*(*(*frame).function()).as_closure()).code;
                end = end.max((*frame).base.add(usize::from((*code).registers)));
            }
            frame = frame.add(1);
        }
        end.offset_from((*co).stack) as usize
    }
}

/// Drops what the native frames of a coroutine own.
pub(super) unsafe fn drop_continuations(co: *mut Coroutine) {
    // SAFETY: the frames up to the active one are initialised.
    unsafe {
        let mut frame = (*co).frames;
        while frame <= (*co).frame {
            (*frame).discard();
            frame = frame.add(1);
        }
    }
}

/// Writes nil to `count` slots.
pub(super) unsafe fn fill_nil(slots: *mut Slot, count: usize) {
    for i in 0..count {
        // SAFETY: the caller's slots.
        unsafe { slots.add(i).write(Slot::NIL) }
    }
}
