//! Where the loop is: program counter, registers and constants of the active Lua function, in local variables.
//!
//! The loop keeps a [`Cursor`] by value and never lets its address escape, so that its fields live in machine
//! registers. `pc` is written back to the frame before anything that can look at it ([`Cursor::save`]), everything is
//! read again after anything that can change it ([`Cursor::reload`]).

use crate::bytecode::instruction::Instruction;
use crate::error::{Error, Result};
use crate::heap::slot::Slot;

use super::call::{Exit, settle, start_finalizer};
use super::frame::Frame;
use super::state::State;
use super::unwind::{Origin, raise};

/// See the module.
pub(crate) struct Cursor {
    /// The instruction after the current one.
    pub(crate) pc: *const Instruction,
    pub(crate) base: *mut Slot,
    pub(crate) constants: *const Slot,
    pub(crate) frame: *mut Frame,
}

impl Cursor {
    /// # Safety
    /// The active frame must be a Lua frame.
    #[inline(always)]
    pub(crate) unsafe fn new(state: *mut State) -> Cursor {
        // SAFETY: the caller's promise.
        unsafe {
            let frame = (*(*state).current()).frame;
            let lua = (*frame).state.lua;
            Cursor { pc: lua.pc, base: (*frame).base, constants: lua.constants, frame }
        }
    }

    /// # Safety
    /// The active frame must be a Lua frame.
    #[inline(always)]
    pub(crate) unsafe fn reload(&mut self, state: *mut State) {
        // SAFETY: the caller's promise.
        *self = unsafe { Cursor::new(state) };
    }

    /// Goes on in this frame, which the caller has made the active one.
    ///
    /// # Safety
    /// It must be a Lua frame.
    #[inline(always)]
    pub(crate) unsafe fn reload_from(&mut self, frame: *mut Frame) {
        // SAFETY: the caller's promise.
        unsafe {
            let lua = (*frame).state.lua;
            *self = Cursor { pc: lua.pc, base: (*frame).base, constants: lua.constants, frame };
        }
    }

    /// # Safety
    /// The frame must still be valid.
    #[inline(always)]
    pub(crate) unsafe fn save(&self) {
        // SAFETY: the caller's promise.
        unsafe { (*self.frame).state.lua.pc = self.pc }
    }

    /// Register `a`.
    #[inline(always)]
    pub(crate) fn a(&self, i: Instruction) -> *mut Slot {
        self.base.wrapping_add(i.a())
    }

    /// Register `b`.
    #[inline(always)]
    pub(crate) fn b(&self, i: Instruction) -> *mut Slot {
        self.base.wrapping_add(i.b())
    }

    /// Register `c`.
    #[inline(always)]
    pub(crate) fn c(&self, i: Instruction) -> *mut Slot {
        self.base.wrapping_add(i.c())
    }

    /// Constant `b`.
    #[inline(always)]
    pub(crate) fn kb(&self, i: Instruction) -> *const Slot {
        self.constants.wrapping_add(i.b())
    }

    /// Constant `c`.
    #[inline(always)]
    pub(crate) fn kc(&self, i: Instruction) -> *const Slot {
        self.constants.wrapping_add(i.c())
    }

    /// Takes or skips the `Jump` that follows a conditional instruction.
    ///
    /// # Safety
    /// The next instruction must be that jump.
    #[inline(always)]
    pub(crate) unsafe fn branch(&mut self, take: bool) {
        // SAFETY: the caller's promise; verified jumps stay inside the code.
        unsafe {
            if take {
                let distance = (*self.pc).to_sj();
                self.pc = self.pc.offset(1 + distance);
            } else {
                self.pc = self.pc.add(1);
            }
        }
    }
}

/// After work that may have pushed frames or failed: runs natives and error handling until a Lua function is on top.
/// Returns whether the loop must be left.
///
/// # Safety
/// The state must be consistent, with the `pc` of Lua frames saved, and no other reference to it.
#[inline]
pub(crate) unsafe fn conclude(state: *mut State, result: Result<()>) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        if let Err(error) = result {
            return fail(state, error, Origin::Lua);
        }
        if (*(*(*state).current()).frame).is_native() { leave_or_go_on(state) } else { changes_loop(state) }
    }
}

/// Whether the loop must be left for the other one.
///
/// # Safety
/// As for [`conclude`].
#[inline]
unsafe fn changes_loop(state: *mut State) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        let changes = (*state).hooked != (*state).loop_is_hooked;
        if changes {
            (*state).exit = Exit::OtherLoop;
        }
        changes
    }
}

/// Runs natives until a Lua function is on top; returns whether the loop must be left.
///
/// # Safety
/// As for [`conclude`].
#[inline]
pub(crate) unsafe fn leave_or_go_on(state: *mut State) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        match settle(state) {
            None => changes_loop(state),
            Some(exit) => {
                (*state).exit = exit;
                true
            }
        }
    }
}

/// Raises an error; returns whether the loop must be left.
///
/// # Safety
/// As for [`conclude`].
#[cold]
#[inline(never)]
pub(crate) unsafe fn fail(state: *mut State, error: Error, origin: Origin) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        if let Some(exit) = raise(&mut *state, error, origin) {
            (*state).exit = exit;
            return true;
        }
        leave_or_go_on(state)
    }
}

/// Gives control back to the host with the current instruction still to be done.
///
/// # Safety
/// As for [`conclude`].
#[cold]
#[inline(never)]
pub(crate) unsafe fn out_of_fuel(state: *mut State) -> bool {
    // SAFETY: the active frame is a Lua frame whose `pc` was saved.
    unsafe {
        let frame = (*(*state).current()).frame;
        (*frame).state.lua.pc = (*frame).state.lua.pc.sub(1);
        (*state).exit = Exit::OutOfFuel;
        true
    }
}

/// Gives the collector a step and charges its work as fuel, so that a slice of a process with a large heap is no longer
/// than another's.
///
/// # Safety
/// As for [`Heap::step`](crate::heap::Heap::step).
pub(crate) unsafe fn collect(state: &mut State) {
    /// Weighted bytes of the collector's work for a unit of fuel. A step of 64 KB takes 20 microseconds in a cached heap
    /// and five times that in a large one; a unit of fuel is a call or a loop, and takes about 10 nanoseconds.
    const WORK_PER_UNIT: isize = 16;

    // SAFETY: the caller's promise.
    let work = unsafe { state.heap.step() };
    state.fuel = state.fuel.saturating_sub((work / WORK_PER_UNIT) as i64);
}

/// What is live in the registers of the active Lua function after an instruction.
#[derive(Clone, Copy)]
pub(crate) enum Live {
    /// The first so many registers; the instruction's result is the topmost temporary value.
    Registers(usize),
    /// Everything up to the coroutine's top: an open result list.
    Open,
}

/// A collection step between two instructions, and the finalizers that become due. Returns whether the loop must be
/// left.
///
/// # Safety
/// As for [`conclude`].
#[cold]
#[inline(never)]
pub(crate) unsafe fn safepoint(state: *mut State, live: Live) -> bool {
    // SAFETY: the caller's promise. Dead registers are cleared by the collector, so they never dangle; a finalizer's
    // call stands right above what is live, and its return restores the top to there.
    unsafe {
        let co = (*state).current();
        match live {
            Live::Registers(count) => (*co).top = (*(*co).frame).base.add(count),
            Live::Open => {}
        }
        collect(&mut *state);
        let heap = &mut (*state).heap;
        let over = heap.bytes() > heap.limit();
        if over {
            heap.full();
        }
        let result = if over && (*state).heap.bytes() > (*state).heap.limit() {
            Err(crate::error::ErrorKind::Memory.into())
        } else {
            Ok(())
        };
        if result.is_ok() && (*state).finalizers {
            start_finalizer(&mut *state);
        }
        conclude(state, result)
    }
}
