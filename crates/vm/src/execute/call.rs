//! Calls and returns outside the loop's common case: frames for any callee, natives and their requests, delivery of
//! results to whoever waits for them, coroutine switches.
//!
//! Nothing here recurses: a call pushes a frame, and [`settle`] runs native frames until a Lua function is on top.

use crate::error::{Error, ErrorKind, Result};
use crate::heap::object::{Coroutine, Status};
use crate::heap::slot::{Slot, copy, copy_down, read, tag, write};
use crate::native::{Collection, NativeFunction, Outcome, Request, Then};

use super::context::Context;
use super::event::Event;
use super::frame::{After, Continuation, Frame, LuaState, MULTIPLE, State as FrameState, flag};
use super::index::{is_function, metamethod};
use super::state::{HANDLER_STACK_SLOTS, MAX_STACK_SLOTS, NATIVE_SLOTS, State};
use super::switch::{hand_down, hand_over, resume, switch};
use super::unwind::{Origin, raise};
use super::{concatenate_from, hook, names, park, typed};

/// Why the interpreter gives control back to the host.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Exit {
    /// The main function returned; its results are the topmost slots of the main coroutine, from this index on.
    Finished(usize),
    /// Fuel is spent; calling `run` again goes on.
    OutOfFuel,
    /// An error reached the top; its value is the pending error.
    Failed,
    /// Every scheduled coroutine waits.
    Parked,
    /// The coroutine that runs now has a hook and the one before had none, or the other way round: not for the host, the
    /// other loop goes on.
    OtherLoop,
}

/// Makes room for `need` slots above the top; returns where `at` is now.
///
/// # Safety
/// `co` must be the running coroutine and `at` point into its stack.
#[inline]
pub(crate) unsafe fn ensure_stack(
    state: &mut State,
    co: *mut Coroutine,
    at: *mut Slot,
    need: usize,
) -> Result<*mut Slot> {
    // SAFETY: the caller's promise.
    unsafe {
        if (*co).stack_end.offset_from_unsigned((*co).top.min((*co).stack_end)) >= need
            && (*co).top <= (*co).stack_end
        {
            return Ok(at);
        }
        grow_stack(state, co, at, need)
    }
}

#[cold]
#[inline(never)]
unsafe fn grow_stack(state: &mut State, co: *mut Coroutine, at: *mut Slot, need: usize) -> Result<*mut Slot> {
    // SAFETY: `ensure_stack`'s promise; positions are kept as distances while the stack moves.
    unsafe {
        let used = (*co).top.offset_from_unsigned((*co).stack);
        let most = if state.handlers > 0 { MAX_STACK_SLOTS + HANDLER_STACK_SLOTS } else { MAX_STACK_SLOTS };
        if used + need > most {
            let again = state.handlers > 0;
            return Err(if again { ErrorKind::InHandler } else { ErrorKind::StackOverflow }.into());
        }
        let offset = at.offset_from((*co).stack);
        state.heap.grow_stack(co, need)?;
        Ok((*co).stack.offset(offset))
    }
}

/// Pushes an empty frame.
unsafe fn push_frame(state: &mut State, co: *mut Coroutine) -> Result<*mut Frame> {
    // SAFETY: the coroutine is valid; the frame after the active one is free when it is not the end.
    unsafe {
        if (*co).frame.add(1) >= (*co).frames_end {
            state.heap.grow_frames(co)?;
        }
        let frame = (*co).frame.add(1);
        (*co).frame = frame;
        Ok(frame)
    }
}

/// Gives a fresh coroutine its base frame; its function and arguments are pushed above it.
///
/// # Safety
/// The coroutine must be fresh.
pub(crate) unsafe fn prepare_coroutine(co: *mut Coroutine) {
    // SAFETY: a fresh coroutine has room for a frame and some slots.
    unsafe {
        *(*co).stack = Slot::NIL;
        (*co).top = (*co).stack.add(1);
        (*co).frame = (*co).frames;
        (*co).frame.write(Frame {
            base: (*co).top,
            state: FrameState { lua: LuaState { pc: std::ptr::null(), constants: std::ptr::null() } },
            function_offset: 1,
            wanted: MULTIPLE,
            after: After::Finish,
            flags: flag::NATIVE,
            results_at: 0,
            continuation: Continuation::Return,
            operand: 0,
        });
    }
}

/// Begins a call of the value in `function` with the arguments above it, up to the top: pushes a frame.
///
/// # Errors
/// When the value cannot be called, or there is no room for the frame.
///
/// # Safety
/// `function` must lie in the running coroutine's stack, below its top.
pub(crate) unsafe fn begin(
    state: &mut State,
    mut function: *mut Slot,
    wanted: i16,
    after: After,
) -> Result<()> {
    // SAFETY: the caller's promise; slots up to the top are valid.
    unsafe {
        let co = state.current();
        if !is_function(*function) {
            let mut handler = metamethod(state, *function, Event::Call);
            let mut in_place = false;
            if !is_function(handler) {
                match typed::callee(state, function) {
                    Some(found) => (handler, in_place) = found,
                    None => return Err(names::operand_error(state, "call", *function)),
                }
            }
            if !in_place {
                function = ensure_stack(state, co, function, 1)?;
                let count = (*co).top.offset_from_unsigned(function);
                std::ptr::copy(function, function.add(1), count);
                (*co).top = (*co).top.add(1);
            }
            *function = handler;
        }
        match (*function).tag {
            tag::CLOSURE => {
                state.fuel -= 1;
                push_lua(state, co, function, wanted, after)
            }
            tag::NATIVE => push_native(state, co, function, (*function).as_native().function, wanted, after),
            _ => {
                let native = (*(*function).as_native_closure()).native;
                push_native(state, co, function, native.function, wanted, after)
            }
        }
    }
}

/// Pushes the frame of a Lua function: missing parameters become nil, extra arguments stay below the registers of a
/// function with variable arguments.
///
/// # Safety
/// As for [`begin`]; the slot must hold a Lua function.
pub(crate) unsafe fn push_lua(
    state: &mut State,
    co: *mut Coroutine,
    function: *mut Slot,
    wanted: i16,
    after: After,
) -> Result<()> {
    // SAFETY: the caller's promise; room for all registers is made before they are written.
    unsafe {
        let code = &*(*(*function).as_closure()).code;
        let parameters = code.parameters as usize;
        let arguments = (*co).top.offset_from_unsigned(function) - 1;
        let registers = code.registers as usize;
        let need = if code.is_vararg { registers + parameters } else { registers.saturating_sub(arguments) };
        let function = ensure_stack(state, co, function, need)?;
        for i in arguments..parameters {
            *function.add(1 + i) = Slot::NIL;
        }
        let mut base = function.add(1);
        let mut flags = 0;
        if code.is_vararg {
            flags = flag::VARARG;
            if arguments > parameters {
                base = (*co).top;
            } else {
                base = base.add(parameters);
            }
            for i in 0..parameters {
                copy(base.add(i), function.add(1 + i));
                *function.add(1 + i) = Slot::NIL;
            }
        }
        let frame = push_frame(state, co)?;
        frame.write(Frame {
            base,
            state: FrameState {
                lua: LuaState { pc: code.instructions.as_ptr(), constants: code.constants.as_ptr() },
            },
            function_offset: base.offset_from_unsigned(function) as u32,
            wanted,
            after,
            flags,
            results_at: 0,
            continuation: Continuation::Return,
            operand: 0,
        });
        Ok(())
    }
}

unsafe fn push_native(
    state: &mut State,
    co: *mut Coroutine,
    function: *mut Slot,
    native: NativeFunction,
    wanted: i16,
    after: After,
) -> Result<()> {
    // SAFETY: as for `begin`.
    unsafe {
        let function = ensure_stack(state, co, function, NATIVE_SLOTS)?;
        let frame = push_frame(state, co)?;
        frame.write(Frame {
            base: function.add(1),
            state: FrameState { step: native },
            function_offset: 1,
            wanted,
            after,
            flags: flag::NATIVE,
            results_at: 0,
            continuation: Continuation::Step,
            operand: 0,
        });
        Ok(())
    }
}

/// Calls a metamethod for the interrupted instruction of the running Lua function, with the operands as arguments.
///
/// # Errors
/// As [`begin`].
///
/// # Safety
/// The active frame must be a Lua frame; the values must be valid.
#[inline]
pub(crate) unsafe fn metacall<const N: usize>(
    state: &mut State,
    function: Slot,
    arguments: [Slot; N],
    after: After,
) -> Result<()> {
    // SAFETY: the caller's promise.
    unsafe { metacall_with(state, function, &arguments, after) }
}

/// The same with any number of arguments, which must not lie in the stack.
///
/// # Errors
/// As [`begin`].
///
/// # Safety
/// As for [`metacall`].
#[inline(always)]
pub(crate) unsafe fn metacall_with(
    state: &mut State,
    function: Slot,
    arguments: &[Slot],
    after: After,
) -> Result<()> {
    // SAFETY: the registers end where the call is put; spare slots follow every stack's end.
    unsafe {
        let co = state.current();
        let frame = (*co).frame;
        if is_runaway(co) {
            return Err(Error::message("C stack overflow"));
        }
        let code = &*(*(*(*frame).function()).as_closure()).code;
        let window_end = (*frame).base.add(code.registers as usize);
        (*co).top = window_end;
        let at = ensure_stack(state, co, window_end, arguments.len() + 1)?;
        write(at, function);
        for (i, &argument) in arguments.iter().enumerate() {
            write(at.add(1 + i), argument);
        }
        (*co).top = at.add(1 + arguments.len());
        if function.tag == tag::CLOSURE {
            state.fuel -= 1;
            return push_lua(state, co, at, 1, after);
        }
        begin(state, at, 1, after)
    }
}

/// Whether metamethods call one another without end: far down, and every fourth of the last frames is one of theirs.
/// The reference implementation stops much earlier, at 200 levels of its own stack; a deep recursion that now and
/// then uses a metamethod is no runaway.
unsafe fn is_runaway(co: *mut Coroutine) -> bool {
    const DEEP: usize = 8_000;
    const LOOK_AT: usize = 256;
    // SAFETY: frames between the base frame and the active one are valid.
    unsafe {
        if (*co).frame.offset_from_unsigned((*co).frames) < DEEP {
            return false;
        }
        let metamethods = (0..LOOK_AT).filter(|&n| {
            !matches!((*(*co).frame.sub(n)).after, After::Store | After::Native | After::Finish)
        });
        metamethods.count() >= LOOK_AT / 4
    }
}

/// A frame that has ended, as far as delivering its results needs it.
#[derive(Clone, Copy)]
pub(crate) struct Ended {
    pub(crate) function: *mut Slot,
    pub(crate) wanted: i16,
    pub(crate) after: After,
    pub(crate) operand: u8,
}

impl Ended {
    /// # Safety
    /// The frame must be valid.
    pub(crate) unsafe fn of(frame: *const Frame) -> Ended {
        // SAFETY: the caller's promise.
        unsafe {
            Ended {
                function: (*frame).function(),
                wanted: (*frame).wanted,
                after: (*frame).after,
                operand: (*frame).operand,
            }
        }
    }
}

/// Hands `count` results, from `first` on, of a call whose frame was popped to whoever waits for them.
/// Returns the exit if the main function has ended.
///
/// # Errors
/// Raises what continuing the interrupted instruction raises.
///
/// # Safety
/// The active frame must be the caller's.
#[cold]
#[inline(never)]
pub(crate) unsafe fn deliver(
    state: &mut State,
    ended: Ended,
    first: *mut Slot,
    count: usize,
) -> Result<Option<Exit>> {
    // SAFETY: results and destinations lie in the running coroutine's stack; `pc - 1` is the interrupted instruction.
    unsafe {
        let co = state.current();
        let caller = (*co).frame;
        let result = || if count > 0 { read(first) } else { Slot::NIL };
        match ended.after {
            After::Store => store_results(co, ended, first, count),
            After::Register => {
                let i = *(*caller).state.lua.pc.sub(1);
                write((*caller).base.add(i.a()), result());
            }
            After::Condition | After::NegatedCondition => {
                let truth = !result().is_falsy() ^ (ended.after == After::NegatedCondition);
                let pc = (*caller).state.lua.pc;
                let i = *pc.sub(1);
                (*caller).state.lua.pc =
                    if truth == (i.c() != 0) { pc.offset(1 + (*pc).to_sj()) } else { pc.add(1) };
            }
            After::Concat => {
                let left = ended.operand as usize;
                write((*caller).base.add(left), result());
                let i = *(*caller).state.lua.pc.sub(1);
                concatenate_from(state, i, left + 1 - i.b())?;
            }
            After::Discard => {}
            After::Native => {
                copy_down(ended.function, first, count);
                (*co).top = ended.function.add(count);
            }
            After::Finalizer => {
                (*co).top = ended.function;
                state.finalizers = true;
            }
            After::Hook => {
                (*co).top = ended.function;
                hook::returned(state, co);
            }
            After::Handler => {
                state.handlers -= 1;
                return super::unwind::handled(state, result());
            }
            After::Finish => return finish(state, co, first, count),
        }
        Ok(None)
    }
}

/// Stores results where a call instruction wants them.
#[inline]
pub(crate) unsafe fn store_results(co: *mut Coroutine, ended: Ended, first: *mut Slot, count: usize) {
    // SAFETY: as for `deliver`.
    unsafe {
        if ended.wanted == MULTIPLE {
            copy_down(ended.function, first, count);
            (*co).top = ended.function.add(count);
        } else {
            let wanted = ended.wanted as usize;
            copy_down(ended.function, first, count.min(wanted));
            for i in count..wanted {
                (*ended.function.add(i)).tag = tag::NIL;
            }
        }
    }
}

/// The first function of a coroutine has returned.
unsafe fn finish(
    state: &mut State,
    co: *mut Coroutine,
    first: *mut Slot,
    count: usize,
) -> Result<Option<Exit>> {
    // SAFETY: as for `deliver`; a coroutine that runs and is not the main one has a resumer.
    unsafe {
        if co == state.heap.roots.main {
            let at = first.offset_from_unsigned((*co).stack);
            (*co).top = first.add(count);
            return Ok(Some(Exit::Finished(at)));
        }
        let resumer = (*co).resumer;
        if resumer.is_null() {
            return Ok(park::ended(state, co));
        }
        (*co).top = first.add(count);
        hand_over(state, co, resumer, count)?;
        (*co).status = Status::Dead;
        state.nested -= 1;
        switch(state, co, resumer);
        Ok(None)
    }
}

/// Ends the active native frame with `count` results from `first` on.
///
/// # Errors
/// As [`deliver`].
///
/// # Safety
/// The active frame must be native, the results in its slots.
pub(crate) unsafe fn end_native(
    state: &mut State,
    mut first: *mut Slot,
    mut count: usize,
) -> Result<Option<Exit>> {
    // SAFETY: the slot below the results belongs to the native, at worst it is its own function's.
    unsafe {
        let co = state.current();
        let frame = (*co).frame;
        if (*frame).flags & flag::STATUS != 0 {
            first = first.sub(1);
            *first = Slot::TRUE;
            count += 1;
        }
        if state.hooked && hook::native_returns(state, co, first, count)? {
            return Ok(None);
        }
        let ended = Ended::of(frame);
        (*co).frame = frame.sub(1);
        if ended.after == After::Store && !(*frame.sub(1)).is_native() {
            store_results(co, ended, first, count);
            return Ok(None);
        }
        deliver(state, ended, first, count)
    }
}

/// Does what a native that has a frame asked for.
///
/// # Errors
/// What the request itself raises; it is an error of the native.
///
/// # Safety
/// The active frame must be the native's.
pub(crate) unsafe fn perform(state: &mut State, request: Request) -> Result<Option<Exit>> {
    // SAFETY: natives ask for no more slots than they pushed (`Context`), so all pointers stay in their window.
    unsafe {
        let co = state.current();
        let frame = (*co).frame;
        let top = (*co).top;
        let below = |count: u32| {
            let have = top.offset_from_unsigned((*frame).base);
            top.sub((count as usize).min(have))
        };
        match request {
            Request::Return(count) => {
                let first = below(count);
                end_native(state, first, top.offset_from_unsigned(first))
            }
            // Asked for by natives without a frame only, and they have their answer (`invoke::frame_native`).
            Request::ReturnOpen => end_native(state, top.sub(1), 1),
            Request::Call(count) | Request::CallProtected(count) | Request::CallHandled(count) => {
                let function = below(count + 1);
                (*frame).results_at = function.offset_from_unsigned((*frame).base) as u32;
                let then = std::mem::replace(&mut state.then, Then::Return);
                let status = if matches!(then, Then::Return) { flag::STATUS } else { 0 };
                (*frame).set_continuation(then);
                (*frame).flags &= !flag::HANDLER;
                (*frame).flags |= match request {
                    Request::CallProtected(_) => flag::PROTECTED | status,
                    Request::CallHandled(_) => flag::PROTECTED | status | flag::HANDLER,
                    _ => 0,
                };
                begin(state, function, MULTIPLE, After::Native)?;
                Ok(None)
            }
            Request::Resume(count) | Request::ResumeWrapped(count) => {
                let at = below(count + 1);
                (*frame).results_at = at.offset_from_unsigned((*frame).base) as u32;
                resume(state, co, (*at).as_coroutine(), count as usize, matches!(request, Request::Resume(_)))
            }
            Request::Yield(count) => {
                let first = below(count);
                (*frame).results_at = first.offset_from_unsigned((*frame).base) as u32;
                let then = std::mem::replace(&mut state.then, Then::Return);
                (*frame).set_continuation(then);
                let resumer = (*co).resumer;
                if resumer.is_null() {
                    (*co).top = first;
                    return Ok(park::reschedule(state, co));
                }
                if !hand_down(co, resumer, count as usize) {
                    hand_over(state, co, resumer, count as usize)?;
                }
                (*co).status = Status::Suspended;
                state.nested -= 1;
                (*co).resumer = std::ptr::null_mut();
                switch(state, co, resumer);
                Ok(None)
            }
            Request::Park(count) => Ok(park::park(state, co, count)),
            Request::Spawn => {
                let function = below(1);
                (*frame).results_at = function.offset_from_unsigned((*frame).base) as u32;
                park::spawn(state, co, function)?;
                Ok(None)
            }
            Request::Pause => {
                (*frame).results_at = top.offset_from_unsigned((*frame).base) as u32;
                let then = std::mem::replace(&mut state.then, Then::Return);
                (*frame).set_continuation(then);
                Ok(Some(Exit::OutOfFuel))
            }
            Request::Collect(collection) => {
                (*frame).results_at = top.offset_from_unsigned((*frame).base) as u32;
                let then = std::mem::replace(&mut state.then, Then::Return);
                (*frame).set_continuation(then);
                let ended = match collection {
                    Collection::Full => {
                        state.heap.begin_full();
                        state.heap.full_piece()
                    }
                    Collection::More => state.heap.full_piece(),
                    Collection::Step(kilobytes) => state.heap.step_for(kilobytes),
                };
                let co = state.current();
                *(*co).top = Slot::boolean(ended);
                (*co).top = (*co).top.add(1);
                Ok(None)
            }
        }
    }
}

/// Runs a step of the native whose frame is active.
unsafe fn run_step(state: *mut State, frame: *mut Frame, then: Then) -> Result<Outcome> {
    // SAFETY: the context is the only user of the state during the step; its slots are the frame's.
    unsafe {
        (*state).native_base = (*frame).base;
        (*state).native_framed = true;
        (*state).in_native = true;
        let mut cx = Context::new(state, (*frame).base);
        let result = match then {
            Then::Step(step) => step(&mut cx),
            Then::Resume(object) => object.resume(&mut cx),
            Then::Return => {
                let at = (*frame).results_at as usize;
                let count = cx.len().saturating_sub(at);
                Ok(cx.returns_top(count))
            }
        };
        (*state).in_native = false;
        result
    }
}

/// Runs native frames until a Lua function is on top (`None`) or control goes back to the host.
///
/// # Safety
/// The state must be consistent, with no other reference to it.
#[inline(never)]
pub(crate) unsafe fn settle(state: *mut State) -> Option<Exit> {
    // SAFETY: the caller's promise; every step leaves the state consistent.
    unsafe {
        loop {
            let co = (*state).current();
            let mut frame = (*co).frame;
            if !(*frame).is_native() {
                return None;
            }
            if frame == (*co).frames {
                // Only the main coroutine's base frame can be reached this way, by a host that runs nothing.
                return Some(Exit::Finished((*co).top.offset_from_unsigned((*co).stack)));
            }
            // Natives that call natives pass no instruction that would charge them.
            (*state).fuel -= 1;
            if (*state).fuel < 0 {
                return Some(Exit::OutOfFuel);
            }
            if (*state).heap.wants_collection() {
                super::cursor::collect(&mut *state);
                frame = (*co).frame;
            }
            if (*state).finalizers && start_finalizer(&mut *state) {
                continue;
            }
            if (*state).hooked {
                match hook::native_called(&mut *state, co) {
                    Ok(true) => continue,
                    Ok(false) => {}
                    Err(error) => {
                        if let Some(exit) = raise(&mut *state, error, Origin::Lua) {
                            return Some(exit);
                        }
                        continue;
                    }
                }
            }
            let then = (*frame).take_continuation();
            let answer = if matches!(then, Then::Return) {
                let first = (*frame).base.add((*frame).results_at as usize);
                let count = (*co).top.offset_from_unsigned(first);
                end_native(&mut *state, first, count)
            } else {
                if (*frame).flags & flag::PROTECTED != 0 {
                    // The protected call has succeeded; what the native does now is not protected by it.
                    (*frame).flags &= !(flag::PROTECTED | flag::HANDLER);
                }
                match run_step(state, frame, then) {
                    Ok(outcome) => perform(&mut *state, outcome.0),
                    Err(error) => Err(error),
                }
            };
            match answer {
                Ok(None) => {}
                Ok(Some(exit)) => return Some(exit),
                Err(error) => {
                    if let Some(exit) = raise(&mut *state, error, Origin::Framed) {
                        return Some(exit);
                    }
                }
            }
        }
    }
}

/// Begins the call of a pending finalizer above the top, if there is one that can be called.
///
/// # Safety
/// The running coroutine's top must be above everything live.
pub(crate) unsafe fn start_finalizer(state: &mut State) -> bool {
    // SAFETY: the caller's promise; room is made before anything is written.
    unsafe {
        while let Some(object) = state.heap.next_finalizable() {
            let function = metamethod(state, object, Event::Gc);
            if !is_function(function) {
                continue;
            }
            let co = state.current();
            state.heap.roots.extra.push(object);
            let at = ensure_stack(state, co, (*co).top, 2);
            state.heap.roots.extra.pop();
            let Ok(at) = at else { continue };
            *at = function;
            *at.add(1) = object;
            (*co).top = at.add(2);
            if begin(state, at, 0, After::Finalizer).is_ok() {
                state.finalizers = false;
                return true;
            }
            (*co).top = at;
        }
        false
    }
}
