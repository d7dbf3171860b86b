//! What becomes of a native's result, as the code of the Lua function that called it shows.
//!
//! The usual way to what a message says is a chain, `inbox:receive():payload():data()`: what is made between its links is
//! seen by nobody. A native that knows what the links answer may answer with the end of the chain, and its caller goes on
//! behind it. Only for methods that no program can replace and that do nothing but answer. Invariant: no hook watches, and
//! between the native's return and the end of the chain there is nothing but those method calls.

use std::marker::PhantomData;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};

use crate::bytecode::instruction::{Instruction, Op};
use crate::heap::handle::Value;
use crate::heap::object::{Coroutine, StringObject};
use crate::heap::slot::{Slot, tag};
use crate::heap::{shared, string};
use crate::native::{Outcome, Request};

use super::context::Context;
use super::frame::{After, Continuation, Frame, flag};

/// What becomes of a result.
pub enum Fate<'gc> {
    /// Nobody looks at it.
    Dropped,
    /// Methods are called on it, each on what the one before answered and with nothing else.
    Chained(Chain<'gc>),
    /// Anything.
    Kept,
}

/// Method calls that follow a native, as many as [`Context::fate`] was asked about.
pub struct Chain<'gc> {
    /// Of the Lua function that called the native.
    frame: *mut Frame,
    /// Behind the last call.
    end: *const Instruction,
    /// All results of the last call are kept, not only the first.
    is_open: bool,
    brand: PhantomData<*mut fn(&'gc ()) -> &'gc ()>,
}

impl Chain<'_> {
    /// Whether all results of the last call are kept, not only the first.
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// Makes the Lua function go on behind the chain: the native's first result is what the last method would answer. Not
    /// for open chains; those end with [`Context::returns_end`].
    pub fn skip(self) {
        // SAFETY: the brand says that the step is the one in which the frame was seen; it is not active meanwhile.
        unsafe { (*self.frame).state.lua.pc = self.end }
    }
}

/// Instructions of one link: the method is looked up, and called.
const LINK: usize = 2;

/// Where an instruction has its operands, and what says that a call has one result.
const OPERAND_B: u32 = Instruction::abc(Op::Call, 0, u8::MAX, 0).0 ^ Op::Call as u32;
const OPERAND_C: u32 = Instruction::abc(Op::Call, 0, 0, u8::MAX).0 ^ Op::Call as u32;
const ONE_RESULT: u32 = Instruction::abc(Op::Call, 0, 0, 2).0 ^ Op::Call as u32;

/// A method that may be a link; to be a `static`.
pub struct Link {
    name: &'static str,
    /// The name as programs have it; null until one was seen that is never freed.
    seen: AtomicPtr<StringObject>,
}

impl Link {
    /// The method of this name.
    pub const fn new(name: &'static str) -> Link {
        Link { name, seen: AtomicPtr::new(null_mut()) }
    }

    /// Whether a constant is the name, as far as it was seen.
    #[inline(always)]
    fn is_seen_as(&self, value: &Slot) -> bool {
        value.tag == tag::STRING && value.as_string() == self.seen.load(Ordering::Relaxed)
    }

    /// # Safety
    /// The value is valid.
    #[cold]
    #[inline(never)]
    unsafe fn is_named(&self, value: &Slot) -> bool {
        if value.tag != tag::STRING {
            return false;
        }
        let name = value.as_string();
        // SAFETY: the caller's string is valid; one that is never freed has its address for ever.
        unsafe {
            let is_it = string::bytes(name) == self.name.as_bytes();
            if is_it && shared::is_eternal(name) {
                self.seen.store(name, Ordering::Relaxed);
            }
            is_it
        }
    }
}

/// Where code goes on behind links of these names that begin at `pc`, each on the value in `register`, and whether the last
/// call keeps all its results. `None` if it says anything else.
///
/// # Safety
/// The code is verified, `pc` stands behind one of its calls, and the constants are its own.
#[inline(never)]
unsafe fn follow(
    mut pc: *const Instruction,
    constants: *const Slot,
    register: u8,
    methods: &[Link],
) -> Option<(*const Instruction, bool)> {
    let look_up = Instruction::abc(Op::Method, register, register, 0).0;
    let call = Instruction::abc(Op::Call, register, 2, 0).0;
    let mut is_open = false;
    for method in methods {
        // SAFETY: every function ends with a return, so what follows an instruction of another kind can be read; constants
        // of verified code are in range.
        unsafe {
            let link = *pc;
            if is_open || link.0 & !OPERAND_C != look_up {
                return None;
            }
            let name = &*constants.add(link.c());
            if !method.is_seen_as(name) && !method.is_named(name) {
                return None;
            }
            let called = (*pc.add(1)).0;
            if called & !OPERAND_C != call {
                return None;
            }
            match called & OPERAND_C {
                0 => is_open = true,
                ONE_RESULT => {}
                _ => return None,
            }
            pc = pc.add(LINK);
        }
    }
    Some((pc, is_open))
}

/// What becomes of what the call that a Lua function has just made leaves in a slot.
///
/// # Safety
/// The frame is that of a Lua function with its `pc` saved, the slot one of its registers.
#[inline(always)]
unsafe fn of<'gc>(frame: *mut Frame, slot: *const Slot, methods: &[Link]) -> Fate<'gc> {
    // SAFETY: the caller's promise; before a saved `pc` there is the instruction that has just run.
    unsafe {
        let lua = (*frame).state.lua;
        let register = slot.offset_from_unsigned((*frame).base) as u8;
        let call = |results: u8| Instruction::abc(Op::Call, register, 0, results).0;
        // Whatever it is called with.
        let first = (*lua.pc.sub(1)).0 & !OPERAND_B;
        if first != call(2) {
            return if first == call(1) { Fate::Dropped } else { Fate::Kept };
        }
        match follow(lua.pc, lua.constants, register, methods) {
            Some((end, is_open)) => Fate::Chained(Chain { frame, end, is_open, brand: PhantomData }),
            None => Fate::Kept,
        }
    }
}

/// What becomes of the first value that is handed to a coroutine whose native will only return it.
///
/// # Safety
/// The coroutine is parked.
#[inline(always)]
pub(super) unsafe fn of_waiting<'gc>(co: *mut Coroutine, methods: &[Link]) -> Fate<'gc> {
    // SAFETY: a parked coroutine has its native's frame on top; one that stores for a Lua function lies above that function's
    // frame, and the called value in one of its registers.
    unsafe {
        let native = (*co).frame;
        let returns = (*native).continuation == Continuation::Return
            && (*native).after == After::Store
            && (*native).flags & flag::STATUS == 0;
        let caller = native.sub(1);
        if !returns || (*caller).is_native() || !(*co).hook.is_null() {
            return Fate::Kept;
        }
        match of(caller, (*native).function(), methods) {
            Fate::Chained(Chain { is_open: true, .. }) => Fate::Kept,
            fate => fate,
        }
    }
}

impl<'gc> Context<'gc> {
    /// What becomes of the first result of the running native, if it returns at once: whether it is dropped, or these
    /// methods are called on it.
    #[inline]
    pub fn fate(&self, methods: &[Link]) -> Fate<'gc> {
        let state = self.st();
        if state.native_framed || state.hooked || !state.in_native {
            return Fate::Kept;
        }
        // SAFETY: a native without a frame was called by the Lua function whose frame is active and has its `pc` saved; the
        // called value is in the slot below the arguments.
        unsafe {
            let caller = (*state.current()).frame;
            if (*caller).is_native() { Fate::Kept } else { of(caller, self.base.sub(1), methods) }
        }
    }

    /// Answers with what the last method of a chain would.
    pub fn returns_end(&mut self, value: impl Into<Value<'gc>>, chain: Chain<'gc>) -> Outcome {
        let is_open = chain.is_open();
        chain.skip();
        self.push(value);
        Outcome(if is_open { Request::ReturnOpen } else { Request::Return(1) })
    }
}
