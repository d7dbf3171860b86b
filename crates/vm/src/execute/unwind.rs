//! Errors meet protected frames: turning an error into a Lua value, calling message handlers, discarding frames.

use crate::bytecode::chunk_id::chunk_id;
use crate::error::{Error, ErrorKind, Name, Result};
use crate::heap::object::{Coroutine, Status};
use crate::heap::shared;
use crate::heap::slot::{Slot, tag};
use crate::heap::{string, table};

use super::call::{Exit, begin, end_native, ensure_stack};
use super::frame::{After, Continuation, Frame, flag};
use super::names;
use super::state::{MAX_NESTED_HANDLERS, State};

/// Who raised an error.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Origin {
    /// An instruction of the active Lua frame.
    Lua,
    /// A native called by the active Lua frame, without a frame of its own.
    Unframed,
    /// The native whose frame is active.
    Framed,
}

/// Raises an error: continues at the nearest protected call, or returns the exit.
///
/// # Safety
/// The state must be consistent, the `pc` of the active frame saved.
#[cold]
#[inline(never)]
pub(crate) unsafe fn raise(state: &mut State, error: Error, mut origin: Origin) -> Option<Exit> {
    // SAFETY: the caller's promise.
    unsafe {
        if origin == Origin::Unframed && show_native(state) {
            origin = Origin::Framed;
        }
        if let ErrorKind::Exit(request) = error.kind() {
            state.in_native = false;
            state.exit_request = Some(*request);
            return Some(Exit::Failed);
        }
        let handled = !matches!(error.kind(), ErrorKind::Memory | ErrorKind::InHandler);
        let value = to_value(state, &error, origin);
        state.in_native = false;
        let mut pending = propagate(state, value, handled);
        loop {
            match pending {
                Ok(exit) => return exit,
                Err(error) => {
                    let value = to_value(state, &error, Origin::Lua);
                    let handled = !matches!(error.kind(), ErrorKind::Memory | ErrorKind::InHandler);
                    pending = propagate(state, value, handled);
                }
            }
        }
    }
}

/// Gives the native that fails a frame, so that message handlers and tracebacks see it; `false` if there is no room.
unsafe fn show_native(state: &mut State) -> bool {
    // SAFETY: as for `raise`; the native's window is above the active frame's registers in use.
    unsafe {
        let co = state.current();
        if (*co).frame.add(1) >= (*co).frames_end && state.heap.grow_frames(co).is_err() {
            return false;
        }
        let frame = (*co).frame.add(1);
        frame.write(Frame {
            base: state.native_base,
            state: super::frame::State {
                lua: super::frame::LuaState { pc: std::ptr::null(), constants: std::ptr::null() },
            },
            function_offset: 1,
            wanted: 0,
            after: After::Store,
            flags: flag::NATIVE,
            results_at: 0,
            continuation: Continuation::Return,
            operand: 0,
        });
        (*co).frame = frame;
        true
    }
}

/// Carries an error value to the nearest protected call of the chain of running coroutines.
unsafe fn propagate(state: &mut State, mut value: Slot, mut handled: bool) -> Result<Option<Exit>> {
    // SAFETY: frames between the base frame and the active one are valid.
    unsafe {
        loop {
            let co = state.current();
            let mut frame = (*co).frame;
            while frame > (*co).frames {
                if (*frame).after == After::Finalizer {
                    value = finalizer_error(state, value);
                    handled = false;
                    discard_above(state, co, frame.sub(1));
                    (*co).top = (*frame).function();
                    state.finalizers = true;
                }
                if (*frame).is_native() && (*frame).flags & flag::PROTECTED != 0 {
                    break;
                }
                frame = frame.sub(1);
            }
            if frame > (*co).frames {
                state.heap.roots.error = value;
                if handled && (*frame).flags & flag::HANDLER != 0 {
                    if state.handlers >= MAX_NESTED_HANDLERS {
                        return Err(ErrorKind::InHandler.into());
                    }
                    let handler = *(*frame).base;
                    return call_handler(state, co, handler, value);
                }
                return stop_at(state, co, frame, value);
            }
            if co == state.heap.roots.main || (*co).resumer.is_null() {
                // A scheduled coroutine has no resumer: its error is the program's.
                state.heap.roots.error = value;
                return Ok(Some(Exit::Failed));
            }
            // The coroutine dies; its frames stay for `debug.traceback`.
            (*co).status = Status::Dead;
            state.nested -= 1;
            let resumer = (*co).resumer;
            (*co).resumer = std::ptr::null_mut();
            (*resumer).status = Status::Running;
            state.heap.roots.current = resumer;
            state.heap.touched(co);
            state.heap.touched(resumer);
            state.hooked = !(*resumer).hook.is_null();
            let waiting = (*resumer).frame;
            if (*waiting).flags & flag::STATUS != 0 {
                (*waiting).flags &= !flag::STATUS;
                let first = (*waiting).base.add((*waiting).results_at as usize);
                *first = Slot::FALSE;
                *first.add(1) = value;
                (*resumer).top = first.add(2);
                return end_native(state, first, 2);
            }
            // A wrapped coroutine: the error goes on in the resumer, with its position before a message.
            if value.tag == tag::STRING {
                let mut text = position_prefix(waiting.sub(1));
                if !text.is_empty() {
                    text.extend_from_slice(string::bytes(value.as_string()));
                    value = text_value(state, &text);
                }
            }
        }
    }
}

/// Calls a message handler above everything that is on the stack.
unsafe fn call_handler(
    state: &mut State,
    co: *mut Coroutine,
    handler: Slot,
    value: Slot,
) -> Result<Option<Exit>> {
    // SAFETY: `live_top` is above everything live; room is made first.
    unsafe {
        state.handlers += 1;
        let top = live_top(co);
        (*co).top = top;
        let at = ensure_stack(state, co, top, 2)?;
        *at = handler;
        *at.add(1) = value;
        (*co).top = at.add(2);
        begin(state, at, 1, After::Handler)?;
        Ok(None)
    }
}

/// First slot above everything live of the running coroutine.
///
/// # Safety
/// The coroutine must be valid.
#[inline]
pub(crate) unsafe fn live_top(co: *mut Coroutine) -> *mut Slot {
    // SAFETY: a Lua frame's closure is in its function slot.
    unsafe {
        let frame = (*co).frame;
        if (*frame).is_native() {
            (*co).top
        } else {
            let code = &*(*(*(*frame).function()).as_closure()).code;
            (*co).top.max((*frame).base.add(code.registers as usize))
        }
    }
}

/// A message handler has returned: its result is the error value now.
///
/// # Errors
/// As [`end_native`].
///
/// # Safety
/// As for [`raise`].
pub(crate) unsafe fn handled(state: &mut State, value: Slot) -> Result<Option<Exit>> {
    // SAFETY: the protected frame whose handler ran is below the active one.
    unsafe {
        let co = state.current();
        let mut frame = (*co).frame;
        while (*frame).flags & flag::PROTECTED == 0 {
            frame = frame.sub(1);
        }
        stop_at(state, co, frame, value)
    }
}

/// Ends a protected call with an error value.
unsafe fn stop_at(
    state: &mut State,
    co: *mut Coroutine,
    frame: *mut Frame,
    value: Slot,
) -> Result<Option<Exit>> {
    // SAFETY: the frame is one of the coroutine's; its window has room for two results.
    unsafe {
        discard_above(state, co, frame);
        let first = (*frame).base.add((*frame).results_at as usize);
        state.heap.close_upvalues(co, first);
        (*frame).flags &= !(flag::PROTECTED | flag::HANDLER | flag::STATUS);
        if (*frame).continuation != Continuation::Return {
            // The native wants to know: the error value is the only result, the flag tells what it is.
            (*frame).flags |= flag::HANDLER;
            *first = value;
            (*co).top = first.add(1);
            return Ok(None);
        }
        *first = Slot::FALSE;
        *first.add(1) = value;
        (*co).top = first.add(2);
        end_native(state, first, 2)
    }
}

/// Discards the frames above `frame` and closes the upvalues of their registers.
unsafe fn discard_above(state: &mut State, co: *mut Coroutine, frame: *mut Frame) {
    // SAFETY: the frame is one of the coroutine's.
    unsafe {
        while (*co).frame > frame {
            let last = (*co).frame;
            (*last).discard();
            match (*last).after {
                After::Handler => state.handlers -= 1,
                After::Finalizer => state.finalizers = true,
                After::Hook => super::hook::abandoned(co),
                _ => {}
            }
            state.heap.close_upvalues(co, (*last).function());
            (*co).frame = last.sub(1);
        }
    }
}

/// Discards all frames of the main coroutine, so that it can run something else after a failure.
///
/// # Safety
/// The state must be consistent.
pub(crate) unsafe fn reset(state: &mut State) {
    // SAFETY: the base frame is never discarded.
    unsafe {
        let main = state.heap.roots.main;
        let mut co = state.current();
        while co != main && !co.is_null() {
            (*co).status = Status::Dead;
            co = (*co).resumer;
        }
        state.heap.roots.current = main;
        (*main).status = Status::Running;
        discard_above(state, main, (*main).frames);
        state.heap.close_upvalues(main, (*main).stack);
        (*main).top = (*main).stack.add(1);
        state.in_native = false;
        state.handlers = 0;
        state.nested = 0;
        super::park::forget_all(state);
        state.hooked = !(*main).hook.is_null();
    }
}

fn text_value(state: &mut State, text: &[u8]) -> Slot {
    match state.heap.string(text) {
        Ok(text) => Slot::string(text),
        Err(_) => memory_message(),
    }
}

fn memory_message() -> Slot {
    Slot::string(shared::intern(b"not enough memory"))
}

unsafe fn finalizer_error(state: &mut State, value: Slot) -> Slot {
    // SAFETY: the value is valid.
    let message = unsafe {
        if value.tag == tag::STRING { string::bytes(value.as_string()) } else { b"no message".as_slice() }
    };
    let text = [b"error in __gc metamethod (", message, b")"].concat();
    text_value(state, &text)
}

/// The Lua value of an error, as `pcall` will see it.
unsafe fn to_value(state: &mut State, error: &Error, origin: Origin) -> Slot {
    // SAFETY: as for `raise`.
    unsafe {
        let frame = (*state.current()).frame;
        let (caller, native) = match origin {
            Origin::Framed => (frame.sub(1), Some((*frame).function())),
            Origin::Unframed => (frame, Some(state.native_base.sub(1))),
            Origin::Lua => (frame, None),
        };
        match error.kind() {
            ErrorKind::Thrown => state.heap.roots.error,
            ErrorKind::Memory => memory_message(),
            ErrorKind::Plain(bytes) | ErrorKind::Syntax(bytes) => text_value(state, bytes),
            ErrorKind::InHandler => text_value(state, b"error in error handling"),
            ErrorKind::Argument { index, message } => {
                let tail = origin == Origin::Framed && (*frame).flags & flag::TAIL != 0;
                let text = argument_message(state, caller, native, tail, *index, message);
                text_value(state, &[position_prefix(caller), text].concat())
            }
            // Operations that a native has done on its own behalf stand at no line.
            ErrorKind::Operand { .. }
            | ErrorKind::Compare { .. }
            | ErrorKind::NoInteger { .. }
            | ErrorKind::Operation(_)
                if origin != Origin::Lua =>
            {
                text_value(state, error.to_string().as_bytes())
            }
            _ => text_value(state, &[position_prefix(caller), error.to_string().into_bytes()].concat()),
        }
    }
}

/// "bad argument #1 to 'insert' (table expected, got nil)", as the reference implementation's `luaL_argerror`.
unsafe fn argument_message(
    state: &State,
    caller: *const Frame,
    native: Option<*mut Slot>,
    tail: bool,
    mut index: usize,
    message: &[u8],
) -> Vec<u8> {
    // SAFETY: as for `raise`.
    unsafe {
        let name = if tail || (*caller).is_native() { None } else { names::called_name(caller) };
        if let Some(Name { kind: "method", name }) = &name {
            index -= 1;
            if index == 0 {
                return [b"calling '", name.as_bytes(), b"' on bad self (", message, b")"].concat();
            }
        }
        let name = match name {
            Some(name) => Some(name.name),
            None => {
                native.and_then(|native| global_name(state, *native).or_else(|| own_name(state, *native)))
            }
        };
        let who = name.as_deref().unwrap_or("?");
        [format!("bad argument #{index} to '{who}' (").as_bytes(), message, b")"].concat()
    }
}

/// The name that a builtin was declared with, where no table of loaded modules could tell: in applications.
///
/// # Safety
/// The value must be valid.
unsafe fn own_name(state: &State, function: Slot) -> Option<String> {
    // SAFETY: the registry is a root; a builtin's payload is its row.
    unsafe {
        let loaded = table::get(state.heap.registry(), Slot::string(shared::intern(b"_LOADED")));
        (loaded.tag != tag::TABLE && function.tag == tag::NATIVE)
            .then(|| function.as_native().name.to_owned())
    }
}

/// The name under which a loaded module holds a function: `string.rep`, `print`.
///
/// # Safety
/// The value must be valid.
pub(crate) unsafe fn global_name(state: &State, function: Slot) -> Option<String> {
    // SAFETY: the registry is a root; what tables hold is valid.
    unsafe {
        let key = Slot::string(shared::intern(b"_LOADED"));
        let loaded = table::get(state.heap.registry(), key);
        if loaded.tag != tag::TABLE {
            return None;
        }
        let mut module_at = 0;
        while let Some((after, name, module)) = table::next_at(loaded.as_table(), module_at) {
            module_at = after;
            if name.tag != tag::STRING || module.tag != tag::TABLE {
                continue;
            }
            let mut at = 0;
            while let Some((after, key, value)) = table::next_at(module.as_table(), at) {
                at = after;
                if key.tag == tag::STRING && value.tag == function.tag && value.payload == function.payload {
                    let name = String::from_utf8_lossy(string::bytes(name.as_string()));
                    let key = String::from_utf8_lossy(string::bytes(key.as_string()));
                    return Some(if name == "_G" { key.into_owned() } else { format!("{name}.{key}") });
                }
            }
        }
        None
    }
}

/// `file:line: ` of the current instruction of a Lua frame; empty for other frames.
///
/// # Safety
/// The frame must be valid, its `pc` saved.
pub(crate) unsafe fn position_prefix(frame: *const Frame) -> Vec<u8> {
    // SAFETY: the caller's promise.
    unsafe {
        if (*frame).is_native() {
            return Vec::new();
        }
        let (code, pc) = names::position(frame);
        let mut text = chunk_id(code.source());
        match code.positions.get(pc) {
            Some(position) => text.extend_from_slice(format!(":{}: ", position.line).as_bytes()),
            None => text.extend_from_slice(b":-1: "),
        }
        text
    }
}
