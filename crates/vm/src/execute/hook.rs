//! Debug hooks: a Lua function called on calls, returns, lines and every n instructions (manual 6.10, `sethook`).
//!
//! A hook runs in a frame above the interrupted function, which then repeats its instruction or goes on. Natives have
//! call and return events as well. Invariant: while a hook runs, no other hook event of its coroutine fires.

use crate::bytecode::instruction::{Instruction, Op};
use crate::error::Result;
use crate::heap::object::Coroutine;
use crate::heap::shared;
use crate::heap::slot::Slot;

use super::call::{begin, ensure_stack};
use super::frame::{After, Continuation, Frame, flag};
use super::names;
use super::state::State;
use super::unwind::live_top;

/// Events a hook asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct HookMask {
    /// A function is called.
    pub call: bool,
    /// A function returns.
    pub returns: bool,
    /// A new line begins, or a loop goes back.
    pub line: bool,
    /// Every so many instructions; zero for never.
    pub count: u32,
}

/// Events of one instruction, in the order in which they are told.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Debug)]
enum Told {
    Nothing,
    Call,
    Count,
    Line,
    Return,
}

/// A coroutine's own hook. As in the reference implementation, those that it creates do not have it.
pub(crate) struct Hook {
    pub(crate) function: Slot,
    pub(crate) mask: HookMask,
    /// Instructions until the next count event.
    left: u32,
    /// A hook function is running.
    active: bool,
    /// Events of the current instruction that were told before the hook ran.
    told: Told,
    /// The current instruction comes again because its hook has run.
    again: bool,
    /// Where the last instruction was, to notice new lines.
    last_frame: *const Frame,
    last_pc: *const Instruction,
}

impl Hook {
    pub(crate) fn new(function: Slot, mask: HookMask, active: bool) -> Hook {
        Hook {
            function,
            mask,
            left: mask.count,
            active,
            told: Told::Nothing,
            again: false,
            last_frame: std::ptr::null(),
            last_pc: std::ptr::null(),
        }
    }

    /// Its coroutine has it no more.
    ///
    /// # Safety
    /// The hook must be null or valid, and nobody may use it afterwards.
    pub(crate) unsafe fn release(this: *mut Hook) {
        if !this.is_null() {
            // SAFETY: the caller's promise; hooks are boxed when they are set.
            unsafe { drop(Box::from_raw(this)) };
        }
    }
}

/// Calls the hook function with an event above everything live.
unsafe fn fire(state: &mut State, co: *mut Coroutine, event: &str, line: Option<u32>) -> Result<()> {
    // SAFETY: the hook is valid while it is set; `live_top` is above everything live; room is made first.
    unsafe {
        let hook = (*co).hook;
        let open_top = (*co).top.offset_from_unsigned((*co).stack);
        let top = live_top(co);
        (*co).top = top;
        let at = ensure_stack(state, co, top, 4)?;
        // The top that was found may end an open list of values; `returned` puts it back.
        *at = Slot::integer(open_top as i64);
        let at = at.add(1);
        *at = (*hook).function;
        *at.add(1) = Slot::string(shared::intern(event.as_bytes()));
        *at.add(2) = line.map_or(Slot::NIL, |line| Slot::integer(i64::from(line)));
        (*co).top = at.add(3);
        begin(state, at, 0, After::Hook)?;
        (*hook).active = true;
        Ok(())
    }
}

/// The hook function has returned.
///
/// # Safety
/// The coroutine must be valid, its top where the hook function was called.
pub(crate) unsafe fn returned(state: &mut State, co: *mut Coroutine) {
    // SAFETY: the caller's promise; `fire` has put the distance of the old top below the function.
    unsafe {
        (*co).top = (*co).stack.add((*(*co).top.sub(1)).as_integer() as usize);
        abandoned(co);
        let frame = (*co).frame;
        if !(*frame).is_native() {
            (*frame).state.lua.pc = (*frame).state.lua.pc.sub(1);
            if !(*co).hook.is_null() {
                (*(*co).hook).again = true;
            }
        }
        state.hooked = !(*co).hook.is_null();
    }
}

/// The hook function has been left by an error.
///
/// # Safety
/// The coroutine must be valid.
pub(crate) unsafe fn abandoned(co: *mut Coroutine) {
    // SAFETY: the caller's promise.
    unsafe {
        if !(*co).hook.is_null() {
            (*(*co).hook).active = false;
        }
    }
}

/// Before an instruction of the active Lua frame, whose `pc` is saved as the *following* one: tells its events.
/// Returns whether a hook function was called; then the instruction has not run.
///
/// # Errors
/// When the hook cannot be called.
///
/// # Safety
/// The active frame must be a Lua frame.
pub(crate) unsafe fn instruction(state: &mut State) -> Result<bool> {
    // SAFETY: the caller's promise; code pointers stay inside the function's code.
    unsafe {
        let co = state.current();
        let hook = (*co).hook;
        if hook.is_null() || (*hook).active {
            return Ok(false);
        }
        let frame = (*co).frame;
        let next = (*frame).state.lua.pc;
        let at = next.sub(1);
        let (code, pc) = names::position(frame);
        let mask = (*hook).mask;
        let told = if std::mem::take(&mut (*hook).again) { (*hook).told } else { Told::Nothing };
        if told < Told::Call && mask.call && pc == 0 && (*frame).flags & flag::HOOKED == 0 {
            (*frame).flags |= flag::HOOKED;
            (*hook).told = Told::Call;
            let event = if (*frame).flags & flag::TAIL != 0 { "tail call" } else { "call" };
            fire(state, co, event, None)?;
            return Ok(true);
        }
        if told < Told::Count && mask.count > 0 {
            (*hook).left -= 1;
            if (*hook).left == 0 {
                (*hook).left = mask.count;
                (*hook).told = Told::Count;
                fire(state, co, "count", None)?;
                return Ok(true);
            }
        }
        if told < Told::Line {
            // Back in a function from a call: what ran last there is the call, one instruction before.
            let returned = (*hook).last_frame != frame.cast_const();
            let last = if returned { at.wrapping_sub(1) } else { (*hook).last_pc };
            (*hook).last_frame = frame;
            (*hook).last_pc = at;
            if mask.line && !code.positions.is_empty() {
                let start = code.instructions.as_ptr();
                let inside = last >= start && last < start.add(code.instructions.len());
                let line = code.positions[pc].line;
                // A loop body begins anew each time, also the first: in the reference implementation by a jump back.
                let enters_loop =
                    inside && matches!((*last).op(), Op::ForPrep | Op::ForPrepInt) && at == last.add(1);
                if pc == 0
                    || !inside
                    || enters_loop
                    || at <= last
                    || code.positions[last.offset_from_unsigned(start)].line != line
                {
                    (*hook).told = Told::Line;
                    fire(state, co, "line", Some(line))?;
                    return Ok(true);
                }
            }
        }
        if told < Told::Return && mask.returns && matches!((*at).op(), Op::Return | Op::Return0 | Op::Return1)
        {
            (*hook).told = Told::Return;
            fire(state, co, "return", None)?;
            return Ok(true);
        }
        Ok(false)
    }
}

/// Before the first step of the active native frame: tells the call. Returns whether a hook function was called.
///
/// # Errors
/// When the hook cannot be called.
///
/// # Safety
/// The active frame must be native.
pub(crate) unsafe fn native_called(state: &mut State, co: *mut Coroutine) -> Result<bool> {
    // SAFETY: the caller's promise.
    unsafe {
        let hook = (*co).hook;
        let frame = (*co).frame;
        if hook.is_null()
            || (*hook).active
            || !(*hook).mask.call
            || (*frame).flags & flag::HOOKED != 0
            || (*frame).continuation != Continuation::Step
        {
            return Ok(false);
        }
        (*frame).flags |= flag::HOOKED;
        fire(state, co, "call", None)?;
        Ok(true)
    }
}

/// Before the active native frame ends with results: tells the return. Returns whether a hook function was called;
/// the frame ends again when that is done.
///
/// # Errors
/// When the hook cannot be called.
///
/// # Safety
/// The active frame must be native, the results the topmost slots.
pub(crate) unsafe fn native_returns(
    state: &mut State,
    co: *mut Coroutine,
    first: *mut Slot,
    count: usize,
) -> Result<bool> {
    // SAFETY: the caller's promise.
    unsafe {
        let hook = (*co).hook;
        let frame = (*co).frame;
        if hook.is_null() || (*hook).active || !(*hook).mask.returns || (*frame).flags & flag::RETURNED != 0 {
            return Ok(false);
        }
        (*frame).flags |= flag::RETURNED;
        (*frame).flags &= !(flag::STATUS | flag::PROTECTED | flag::HANDLER);
        (*frame).results_at = first.offset_from((*frame).base).max(0) as u32;
        if first < (*frame).base {
            // A status took the place of the function: make room for it.
            let at = ensure_stack(state, co, first, 1)?;
            std::ptr::copy(at, at.add(1), count);
            *at = *at.add(1);
        }
        (*co).top = (*frame).base.add((*frame).results_at as usize + count);
        fire(state, co, "return", None)?;
        Ok(true)
    }
}
