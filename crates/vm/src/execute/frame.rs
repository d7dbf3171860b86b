//! Activations: one 40-byte record per running function, on a stack of its own.
//!
//! What a frame is *not*: a place for Lua values; those are in the value stack, where the collector sees them.
//! Invariant: `base` and `function` point into the stack of the coroutine that owns the frame, and the slot at
//! `function` holds the called value for as long as the frame lives.

use crate::bytecode::instruction::Instruction;
use crate::heap::slot::Slot;
use crate::native::{NativeFunction, Resume, Then};

/// What happens to the results of a call when its frame returns; stored in the callee's frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum After {
    /// To the slots from `function` on, as many as `wanted` says; the caller is Lua code.
    Store,
    /// The first result to the register named by the instruction that was interrupted (`a` operand).
    Register,
    /// The truth of the first result decides the conditional instruction that was interrupted.
    Condition,
    /// The same, negated: `a <= b` asked as `not (b < a)`.
    NegatedCondition,
    /// The first result replaces the two operands of an interrupted concatenation, which goes on.
    Concat,
    /// Thrown away; the interrupted instruction is complete.
    Discard,
    /// To the native frame below, which is continued.
    Native,
    /// The coroutine's first function: its results go to the resumer.
    Finish,
    /// Result of a debug hook: thrown away, the interrupted instruction runs again from its beginning.
    Hook,
    /// Result of a message handler: it becomes the error value.
    Handler,
    /// Result of a finalizer: thrown away, execution goes on as if it had not run.
    Finalizer,
}

/// Bits of [`Frame::flags`].
pub(crate) mod flag {
    /// A native function; `native` of the union is valid.
    pub(crate) const NATIVE: u8 = 1;
    /// Errors of the functions it called stop here.
    pub(crate) const PROTECTED: u8 = 2;
    /// With `PROTECTED`: the message handler of the call is in the slot at `base`. Alone: the protected call has
    /// failed, and its result is the error value.
    pub(crate) const HANDLER: u8 = 4;
    /// Entered by a tail call: the real caller is unknown.
    pub(crate) const TAIL: u8 = 8;
    /// Builtin continuation: results are preceded by `true` (protected calls, `coroutine.resume`).
    pub(crate) const STATUS: u8 = 16;
    /// The call hook has been told about this frame.
    pub(crate) const HOOKED: u8 = 32;
    /// A Lua function with variable arguments below `base`.
    pub(crate) const VARARG: u8 = 64;
    /// The return hook has been told about this frame.
    pub(crate) const RETURNED: u8 = 128;
}

/// All results of a call are wanted.
pub(crate) const MULTIPLE: i16 = -1;

/// State of a Lua activation.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct LuaState {
    /// Next instruction; kept in a local variable while the frame runs.
    pub(crate) pc: *const Instruction,
    pub(crate) constants: *const Slot,
}

/// Which part of [`State`] a native frame uses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Continuation {
    /// Return what the awaited call yields. Also the mark of a Lua frame.
    Return,
    /// `state.step`.
    Step,
    /// `state.object`, owned.
    Object,
}

/// Kind-dependent part of a frame.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) union State {
    pub(crate) lua: LuaState,
    pub(crate) step: NativeFunction,
    pub(crate) object: *mut dyn Resume,
}

/// One activation.
#[repr(C)]
pub(crate) struct Frame {
    /// First register of a Lua function; first argument of a native one.
    pub(crate) base: *mut Slot,
    /// Kind-dependent part.
    pub(crate) state: State,
    /// Distance in slots from `base` down to the called function.
    pub(crate) function_offset: u32,
    /// Number of results that the caller wants, or [`MULTIPLE`].
    pub(crate) wanted: i16,
    pub(crate) after: After,
    pub(crate) flags: u8,
    /// Native: number of slots below the results of the call that it waits for.
    pub(crate) results_at: u32,
    /// Native: how it goes on after the call that it waits for.
    pub(crate) continuation: Continuation,
    /// Callee of an interrupted concatenation: register of the left operand.
    pub(crate) operand: u8,
}

const _: () = assert!(size_of::<Frame>() == 40);

impl Frame {
    /// Slot of the called function.
    #[inline(always)]
    pub(crate) fn function(&self) -> *mut Slot {
        self.base.wrapping_sub(self.function_offset as usize)
    }

    #[inline(always)]
    pub(crate) fn is_native(&self) -> bool {
        self.flags & flag::NATIVE != 0
    }

    /// Takes the continuation of a native frame; afterwards it is [`Then::Return`].
    pub(crate) fn take_continuation(&mut self) -> Then {
        debug_assert!(self.is_native());
        // SAFETY: `continuation` says which part is valid; an object came from `Box::into_raw` in
        // `set_continuation`, and the mark is cleared here, so it is given back once.
        unsafe {
            match std::mem::replace(&mut self.continuation, Continuation::Return) {
                Continuation::Return => Then::Return,
                Continuation::Step => Then::Step(self.state.step),
                Continuation::Object => Then::Resume(Box::from_raw(self.state.object)),
            }
        }
    }

    /// Sets the continuation of a native frame that has none.
    pub(crate) fn set_continuation(&mut self, then: Then) {
        debug_assert!(self.continuation == Continuation::Return);
        match then {
            Then::Return => {}
            Then::Step(step) => {
                self.state = State { step };
                self.continuation = Continuation::Step;
            }
            Then::Resume(object) => {
                self.state = State { object: Box::into_raw(object) };
                self.continuation = Continuation::Object;
            }
        }
    }

    /// Drops what the frame owns, when it is discarded without being continued.
    pub(crate) fn discard(&mut self) {
        if self.is_native() {
            drop(self.take_continuation());
        }
    }
}
