//! Call and return instructions, variable arguments, closures: the common cases inline.

use crate::bytecode::instruction::{Instruction, Op};
use crate::bytecode::prototype::UpvalueDescription;
use crate::heap::OutOfMemory;
use crate::heap::code::Code;
use crate::heap::object::{Closure, Coroutine};
use crate::heap::slot::{Slot, copy, copy_down, tag, write};
use crate::native::{NativeFunction, Request, Then};

use super::call::{Ended, begin, deliver, ensure_stack, perform, push_lua, store_results};
use super::context::Context;
use super::cursor::{Cursor, Live, conclude, fail, leave_or_go_on, out_of_fuel, safepoint};
use super::fields;
use super::frame::{After, Continuation, Frame, LuaState, MULTIPLE, State as FrameState, flag};
use super::park;
use super::state::{NATIVE_SLOTS, State};
use super::typed;
use super::unwind::Origin;

/// The code of a Lua frame's function.
#[inline(always)]
pub(crate) unsafe fn code_of<'a>(frame: *const Frame) -> &'a Code {
    // SAFETY: a Lua frame's function slot holds its closure, whose code lives as long as it.
    unsafe { &*(*(*(*frame).function()).as_closure()).code }
}

#[inline(always)]
pub(crate) unsafe fn call<const HOOKED: bool>(cur: &mut Cursor, state: *mut State, i: Instruction) -> bool {
    // SAFETY: operands of verified code; with `b == 0` the top is that of the open result list before.
    unsafe {
        let function = cur.a(i);
        let co = (*state).current();
        let top = if i.b() != 0 { function.add(i.b()) } else { (*co).top };
        if (*function).tag == tag::CLOSURE && !HOOKED {
            (*state).fuel -= 1;
            if (*state).fuel < 0 {
                cur.save();
                return out_of_fuel(state);
            }
            let code = &*(*(*function).as_closure()).code;
            let base = function.add(1);
            let end = base.add(code.registers as usize);
            if !code.is_vararg && end <= (*co).stack_end && cur.frame.add(2) < (*co).frames_end {
                cur.save();
                let parameters = base.add(code.parameters as usize);
                let mut at = top;
                while at < parameters {
                    (*at).tag = tag::NIL;
                    at = at.add(1);
                }
                let frame = cur.frame.add(1);
                (*frame).base = base;
                (*frame).state.lua =
                    LuaState { pc: code.instructions.as_ptr(), constants: code.constants.as_ptr() };
                (*frame).function_offset = 1;
                (*frame).wanted = i.c() as i16 - 1;
                (*frame).after = After::Store;
                (*frame).flags = 0;
                (*frame).continuation = Continuation::Return;
                (*co).frame = frame;
                cur.frame = frame;
                cur.base = base;
                cur.pc = code.instructions.as_ptr();
                cur.constants = code.constants.as_ptr();
                return false;
            }
        }
        cur.save();
        (*co).top = top;
        let wanted = i.c() as i16 - 1;
        let leaves = match (*function).tag {
            tag::NATIVE if !HOOKED => call_native(state, function, (*function).as_native().function, wanted),
            _ => slow_call(state, function, wanted, HOOKED),
        };
        if leaves {
            return true;
        }
        cur.reload(state);
        false
    }
}

/// A call that is not of the common kind: natives, variable arguments, `__call`, stack growth.
///
/// # Safety
/// As for [`begin`]; the active frame must be a Lua frame whose `pc` is saved.
#[inline(never)]
pub(crate) unsafe fn slow_call(state: *mut State, function: *mut Slot, wanted: i16, hooked: bool) -> bool {
    // SAFETY: as for `begin`.
    unsafe {
        match (*function).tag {
            tag::NATIVE if !hooked => call_native(state, function, (*function).as_native().function, wanted),
            tag::NATIVE_CLOSURE if !hooked => {
                let native = (*(*function).as_native_closure()).native.function;
                call_native(state, function, native, wanted)
            }
            tag::CLOSURE => {
                let co = (*state).current();
                let result = push_lua(&mut *state, co, function, wanted, After::Store);
                conclude(state, result)
            }
            tag::TYPE
                if !hooked
                    && (*(*state).current()).top == function.add(2)
                    && typed::call(&mut *state, function, wanted) =>
            {
                false
            }
            _ => {
                let result = begin(&mut *state, function, wanted, After::Store);
                conclude(state, result)
            }
        }
    }
}

/// A call of a constant type, or of its method `is`: the answer at once if the type accepts the value.
#[inline(never)]
pub(crate) unsafe fn call_type<const HOOKED: bool>(state: *mut State, i: Instruction) -> bool {
    // SAFETY: operands of verified code.
    unsafe {
        let co = (*state).current();
        let function = (*(*co).frame).base.add(i.a());
        let wanted = i.c() as i16 - 1;
        if i.op() == Op::IsType {
            if HOOKED && (*function.add(1)).tag == tag::TYPE {
                write(function, typed::is_method());
            } else if typed::is(&mut *state, function, wanted) {
                return false;
            }
        } else if !HOOKED && typed::call(&mut *state, function, wanted) {
            return false;
        }
        (*co).top = function.add(i.b());
        slow_call(state, function, wanted, HOOKED)
    }
}

/// Calls a native without giving it a frame; it gets one if it asks for more than to return.
#[inline(never)]
unsafe fn call_native(state: *mut State, function: *mut Slot, native: NativeFunction, wanted: i16) -> bool {
    // SAFETY: the arguments lie between the function and the top; room is made first.
    unsafe {
        let co = (*state).current();
        let mut function = function;
        if (*co).stack_end < (*co).top.wrapping_add(NATIVE_SLOTS) {
            function = match ensure_stack(&mut *state, co, function, NATIVE_SLOTS) {
                Ok(at) => at,
                Err(error) => return conclude(state, Err(error)),
            };
        }
        let offset = function.offset_from_unsigned((*co).stack);
        (*state).native_base = function.add(1);
        (*state).native_framed = false;
        (*state).in_native = true;
        let mut cx = Context::new(state, function.add(1));
        let answer = native(&mut cx);
        (*state).in_native = false;
        let function = (*co).stack.add(offset);
        match answer {
            Ok(outcome) => {
                // With a frame if the native has just set a hook, which is to hear of its return.
                if let Request::Return(count) = outcome.0
                    && !(*state).hooked
                {
                    let count = count as usize;
                    let first = (*co).top.sub(count);
                    if wanted == 1 && count > 0 {
                        copy(function, first);
                    } else if wanted == 0 {
                        // Nobody looks at them.
                    } else if wanted == MULTIPLE {
                        copy_down(function, first, count);
                        (*co).top = function.add(count);
                    } else {
                        let wanted = wanted as usize;
                        copy_down(function, first, count.min(wanted));
                        for n in count..wanted {
                            (*function.add(n)).tag = tag::NIL;
                        }
                    }
                    if !(*state).heap.wants_collection() {
                        return false;
                    }
                    let live = if wanted == MULTIPLE {
                        Live::Open
                    } else {
                        let base = (*(*co).frame).base;
                        Live::Registers(function.offset_from_unsigned(base) + wanted as usize)
                    };
                    return safepoint(state, live);
                }
                match outcome.0 {
                    Request::Park(count) => park_native(state, function, wanted, count),
                    request => frame_native(state, function, wanted, request),
                }
            }
            Err(error) => {
                (*state).native_base = function.add(1);
                native_failed(state, error)
            }
        }
    }
}

#[cold]
#[inline(never)]
unsafe fn native_failed(state: *mut State, error: crate::error::Error) -> bool {
    // SAFETY: the active frame is the Lua caller's.
    unsafe { fail(state, error, Origin::Unframed) }
}

/// A frame for the native that has just run.
///
/// # Errors
/// When the memory limit would be passed; what the native has planned is forgotten then.
///
/// # Safety
/// The function slot is that of the native, the active frame the caller's.
#[inline(always)]
unsafe fn push_native(
    state: &mut State,
    co: *mut Coroutine,
    function: *mut Slot,
    wanted: i16,
) -> Result<(), OutOfMemory> {
    // SAFETY: the caller's promise; room is made first.
    unsafe {
        if (*co).frame.add(1) >= (*co).frames_end
            && let Err(error) = state.heap.grow_frames(co)
        {
            state.then = Then::Return;
            return Err(error);
        }
        let frame = (*co).frame.add(1);
        (*co).frame = frame;
        frame.write(Frame {
            base: function.add(1),
            state: FrameState { lua: LuaState { pc: std::ptr::null(), constants: std::ptr::null() } },
            function_offset: 1,
            wanted,
            after: After::Store,
            flags: flag::NATIVE,
            results_at: 0,
            continuation: Continuation::Return,
            operand: 0,
        });
        Ok(())
    }
}

/// Gives the native that has just run a frame, in which it waits: for values, or for its turn.
#[inline(never)]
unsafe fn park_native(state: *mut State, function: *mut Slot, wanted: i16, count: u32) -> bool {
    // SAFETY: the function slot and its window are those of the native.
    unsafe {
        let st = &mut *state;
        let co = st.current();
        if let Err(error) = push_native(st, co, function, wanted) {
            return conclude(state, Err(error.into()));
        }
        match park::park(st, co, count) {
            Some(exit) => {
                (*state).exit = exit;
                true
            }
            None => (*(*(*state).current()).frame).is_native() && leave_or_go_on(state),
        }
    }
}

/// Gives the native that has just run a frame, and does what it asked for.
#[inline(never)]
unsafe fn frame_native(state: *mut State, function: *mut Slot, wanted: i16, request: Request) -> bool {
    // SAFETY: the function slot and its window are those of the native.
    unsafe {
        let st = &mut *state;
        let co = st.current();
        if request == Request::ReturnOpen {
            copy(function, (*co).top.sub(1));
            (*co).top = function.add(1);
            return st.heap.wants_collection() && safepoint(state, Live::Open);
        }
        if let Err(error) = push_native(st, co, function, wanted) {
            return conclude(state, Err(error.into()));
        }
        match perform(st, request) {
            Ok(None) => {
                if (*(*(*state).current()).frame).is_native() {
                    leave_or_go_on(state)
                } else {
                    false
                }
            }
            Ok(Some(exit)) => {
                (*state).exit = exit;
                true
            }
            Err(error) => fail(state, error, Origin::Framed),
        }
    }
}

/// A tail call: a Lua function takes over the frame; anything else is called in the ordinary way, and the `Return`
/// that follows hands its results on.
#[inline(never)]
pub(crate) unsafe fn tail_call<const HOOKED: bool>(state: *mut State, i: Instruction) -> bool {
    // SAFETY: operands of verified code.
    unsafe {
        let st = &mut *state;
        let co = st.current();
        let frame = (*co).frame;
        let function = (*frame).base.add(i.a());
        if i.b() != 0 {
            (*co).top = function.add(i.b());
        }
        st.fuel -= 1;
        if st.fuel < 0 {
            return out_of_fuel(state);
        }
        if (*function).tag != tag::CLOSURE {
            return slow_call(state, function, MULTIPLE, HOOKED);
        }
        if i.c() != 0 {
            st.heap.close_upvalues(co, (*frame).base);
        }
        let ended = Ended::of(frame);
        let count = (*co).top.offset_from_unsigned(function);
        copy_down(ended.function, function, count);
        (*co).top = ended.function.add(count);
        (*co).frame = frame.sub(1);
        let operand = (*frame).operand;
        let result = push_lua(st, co, ended.function, ended.wanted, ended.after);
        if let Err(error) = result {
            // The frame that ended still stands above the active one: the error is raised in its name.
            (*co).frame = frame;
            return conclude(state, Err(error));
        }
        (*(*co).frame).flags |= flag::TAIL;
        (*(*co).frame).operand = operand;
        false
    }
}

#[inline(always)]
pub(crate) unsafe fn return_one(cur: &mut Cursor, state: *mut State, i: Instruction) -> bool {
    // SAFETY: operands of verified code; no open upvalues; the verifier has seen to that).
    unsafe {
        let frame = cur.frame;
        let value = cur.a(i);
        if (*frame).after == After::Store && (*frame).wanted == 1 {
            copy((*frame).function(), value);
            (*(*state).current()).frame = frame.sub(1);
            cur.reload_from(frame.sub(1));
            return false;
        }
        finish_return(cur, state, value, 1)
    }
}

#[inline(always)]
pub(crate) unsafe fn return_none(cur: &mut Cursor, state: *mut State) -> bool {
    // SAFETY: as for `return_one`.
    unsafe {
        let frame = cur.frame;
        if (*frame).after == After::Store && (*frame).wanted == 0 {
            (*(*state).current()).frame = frame.sub(1);
            cur.reload_from(frame.sub(1));
            return false;
        }
        finish_return(cur, state, cur.base, 0)
    }
}

#[inline(always)]
pub(crate) unsafe fn return_many(cur: &mut Cursor, state: *mut State, i: Instruction) -> bool {
    // SAFETY: operands of verified code; with `b == 0` the top is that of the open result list before.
    unsafe {
        let first = cur.a(i);
        let co = (*state).current();
        let count = if i.b() != 0 { i.b() - 1 } else { (*co).top.offset_from_unsigned(first) };
        if i.c() != 0 && !(*co).open_upvalues.is_null() {
            (*state).heap.close_upvalues(co, cur.base);
        }
        finish_return(cur, state, first, count)
    }
}

#[inline(always)]
unsafe fn finish_return(cur: &mut Cursor, state: *mut State, first: *mut Slot, count: usize) -> bool {
    // SAFETY: as for the callers.
    unsafe {
        cur.save();
        if slow_return(state, first, count) {
            return true;
        }
        cur.reload(state);
        false
    }
}

#[inline(never)]
unsafe fn slow_return(state: *mut State, first: *mut Slot, count: usize) -> bool {
    // SAFETY: as for the callers.
    unsafe {
        let st = &mut *state;
        let co = st.current();
        let frame = (*co).frame;
        let ended = Ended::of(frame);
        (*co).frame = frame.sub(1);
        match ended.after {
            After::Store => {
                store_results(co, ended, first, count);
                return false;
            }
            After::Register => {
                let caller = frame.sub(1);
                let to = (*caller).base.add((*(*caller).state.lua.pc.sub(1)).a());
                if count > 0 {
                    copy(to, first);
                } else {
                    (*to).tag = tag::NIL;
                }
                return false;
            }
            After::Discard => return false,
            After::Native => {
                let native = frame.sub(1);
                if (*native).continuation == Continuation::Return
                    && (*native).after == After::Store
                    && !st.hooked
                    && !(*native.sub(1)).is_native()
                {
                    // The native has nothing more to do than to hand the results on.
                    let (mut first, mut count) = (first, count);
                    if (*native).flags & flag::STATUS != 0 {
                        first = first.sub(1);
                        (*first).tag = tag::TRUE;
                        count += 1;
                    }
                    (*co).frame = native.sub(1);
                    store_results(co, Ended::of(native), first, count);
                    return false;
                }
                copy_down(ended.function, first, count);
                (*co).top = ended.function.add(count);
                return leave_or_go_on(state);
            }
            _ => {}
        }
        (*co).top = first.add(count);
        match deliver(st, ended, first, count) {
            Ok(None) => conclude(state, Ok(())),
            Ok(Some(exit)) => {
                (*state).exit = exit;
                true
            }
            Err(error) => conclude(state, Err(error)),
        }
    }
}

/// `R[a], ... = ...`
#[inline(never)]
pub(crate) unsafe fn varargs(state: *mut State, i: Instruction) -> bool {
    // SAFETY: operands of verified code; the extra arguments lie between the function's parameters and its registers.
    unsafe {
        let st = &mut *state;
        let co = st.current();
        let frame = (*co).frame;
        let parameters = code_of(frame).parameters as usize;
        let have = ((*frame).function_offset as usize - 1).saturating_sub(parameters);
        let mut to = (*frame).base.add(i.a());
        let wanted = if i.c() == 0 {
            (*co).top = to;
            to = match ensure_stack(st, co, to, have) {
                Ok(to) => to,
                Err(error) => return conclude(state, Err(error)),
            };
            (*co).top = to.add(have);
            have
        } else {
            i.c() - 1
        };
        let from = (*frame).base.sub(have);
        for n in 0..wanted.min(have) {
            copy(to.add(n), from.add(n));
        }
        for n in have..wanted {
            (*to.add(n)).tag = tag::NIL;
        }
        false
    }
}

/// `R[a] = closure of P[bx]`
#[inline(never)]
pub(crate) unsafe fn closure(state: *mut State, i: Instruction) -> bool {
    // SAFETY: operands of verified code; captured registers and upvalues are in range.
    unsafe {
        let st = &mut *state;
        let co = st.current();
        let frame = (*co).frame;
        let parent = (*(*frame).function()).as_closure();
        let children: &[*const Code] = &(*(*parent).code).children;
        let code = *children.get_unchecked(i.bx());
        let descriptions = &(*code).upvalues;
        let last = (*code).last_closure();
        if !last.is_null() && captures_the_same(last, parent, (*frame).base, descriptions) {
            let to = (*frame).base.add(i.a());
            (*to).payload = last as u64;
            (*to).tag = tag::CLOSURE;
            return false;
        }
        let closure = st.heap.closure(code, descriptions.len());
        for (n, description) in descriptions.iter().enumerate() {
            let upvalue = if description.in_stack {
                st.heap.open_upvalue(co, (*frame).base.add(description.index as usize))
            } else {
                *Closure::upvalues(parent).add(description.index as usize)
            };
            *Closure::upvalues(closure).add(n) = upvalue;
        }
        st.heap.remember_closure(code, closure);
        let to = (*frame).base.add(i.a());
        (*to).payload = closure as u64;
        (*to).tag = tag::CLOSURE;
        st.heap.wants_collection() && safepoint(state, Live::Registers(i.a() + 1))
    }
}

/// Whether a closure has the very variables that a new one would capture; then it can be used again (manual 3.4.4).
unsafe fn captures_the_same(
    last: *mut Closure,
    parent: *mut Closure,
    base: *mut Slot,
    descriptions: &[UpvalueDescription],
) -> bool {
    // SAFETY: the closure made last lives until the collector forgets it; its upvalues are as many as described.
    unsafe {
        descriptions.iter().enumerate().all(|(n, description)| {
            let upvalue = *Closure::upvalues(last).add(n);
            if description.in_stack {
                (*upvalue).value == base.add(description.index as usize)
            } else {
                upvalue == *Closure::upvalues(parent).add(description.index as usize)
            }
        })
    }
}

/// `R[a + 1] = R[b]; R[a] = R[b][K[c]]`
#[inline(always)]
pub(crate) unsafe fn method(cur: &mut Cursor, state: *mut State, i: Instruction) -> bool {
    // SAFETY: operands of verified code. The receiver is looked up in its new place, so that `a == b` is no problem.
    unsafe {
        let (object, to) = (cur.b(i), cur.a(i));
        copy(to.add(1), object);
        fields::get_string(cur, state, to, to.add(1), cur.kc(i))
    }
}
