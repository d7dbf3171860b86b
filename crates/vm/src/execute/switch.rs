//! Switches between coroutines: who runs, and how values get from one stack to the other.
//!
//! Who may resume whom is decided here, who is next on the run queue in `park`. Invariant: a coroutine that is left has
//! a native on top, which waits for what it is resumed with.

use crate::error::{Error, ErrorKind, Result};
use crate::heap::object::{Coroutine, Status};
use crate::heap::slot::{Slot, copy_down, tag, write};

use super::call::{Exit, begin, end_native, ensure_stack};
use super::frame::{After, Continuation, MULTIPLE, flag};
use super::state::{MAX_NESTED_COROUTINES, MAX_STACK_SLOTS, NATIVE_SLOTS, State};

/// Moves the topmost `count` slots of one coroutine to the top of another.
///
/// # Errors
/// When there is no room.
///
/// # Safety
/// Both must be valid.
pub(super) unsafe fn hand_over(
    state: &mut State,
    from: *mut Coroutine,
    to: *mut Coroutine,
    count: usize,
) -> Result<()> {
    // SAFETY: both are valid; room is made first.
    unsafe {
        let used = (*to).top.offset_from_unsigned((*to).stack);
        if used + count > MAX_STACK_SLOTS {
            return Err(ErrorKind::StackOverflow.into());
        }
        if (*to).stack_end.offset_from((*to).top) < (count + NATIVE_SLOTS) as isize {
            state.heap.grow_stack(to, count + NATIVE_SLOTS)?;
        }
        let first = (*from).top.sub(count);
        copy_down((*to).top, first, count);
        (*to).top = (*to).top.add(count);
        (*from).top = first;
        Ok(())
    }
}

/// Hands the topmost `count` slots of one coroutine to the Lua function that waits in another, if all that stands between
/// is a native that would only hand them on; whether it was so.
///
/// # Safety
/// Both must be valid, and the second not running.
pub(super) unsafe fn hand_down(from: *mut Coroutine, to: *mut Coroutine, count: usize) -> bool {
    // SAFETY: both are valid; below a native frame that stores for a Lua function there is that function's frame, whose
    // registers hold as many results as it wants; for an open list of them the room is looked at.
    unsafe {
        let native = (*to).frame;
        if !(*native).is_native()
            || (*native).after != After::Store
            || (*native).continuation != Continuation::Return
            || (*native.sub(1)).is_native()
            || !(*to).hook.is_null()
        {
            return false;
        }
        let mut at = (*native).function();
        let status = usize::from((*native).flags & flag::STATUS != 0);
        let wanted = if (*native).wanted == MULTIPLE {
            let total = count + status;
            if (*to).stack_end.offset_from(at) < (total + NATIVE_SLOTS) as isize {
                return false;
            }
            (*to).top = at.add(total);
            total
        } else {
            (*native).wanted as usize
        };
        let room = if status > 0 && wanted > 0 {
            write(at, Slot::TRUE);
            at = at.add(1);
            wanted - 1
        } else {
            wanted
        };
        let first = (*from).top.sub(count);
        copy_down(at, first, count.min(room));
        for n in count..room {
            (*at.add(n)).tag = tag::NIL;
        }
        (*from).top = first;
        (*to).frame = native.sub(1);
        true
    }
}

/// Makes another coroutine the running one; the statuses are the caller's business, except the new one's.
///
/// # Safety
/// Both must be valid.
#[inline]
pub(crate) unsafe fn switch(state: &mut State, from: *mut Coroutine, to: *mut Coroutine) {
    // SAFETY: both are valid.
    unsafe {
        (*to).status = Status::Running;
        state.heap.roots.current = to;
        state.heap.touched(from);
        state.heap.touched(to);
        state.hooked = !(*to).hook.is_null();
    }
}

/// Switches to a coroutine, handing over the topmost `count` slots.
///
/// # Safety
/// The native that asks must have the active frame, and `target` be in a slot of the running coroutine.
pub(super) unsafe fn resume(
    state: &mut State,
    co: *mut Coroutine,
    target: *mut Coroutine,
    count: usize,
    status: bool,
) -> Result<Option<Exit>> {
    // SAFETY: both coroutines are valid; `target`'s value is in a slot of the running one.
    unsafe {
        if (*target).status != Status::Suspended || state.nested >= MAX_NESTED_COROUTINES {
            // A wrapped coroutine that calls itself without arguments looks dead to the reference implementation.
            let text = if (*target).status == Status::Suspended {
                "C stack overflow"
            } else if (*target).status == Status::Dead || (target == co && count == 0 && !status) {
                "cannot resume dead coroutine"
            } else {
                "cannot resume non-suspended coroutine"
            };
            if !status {
                return Err(Error::message(text));
            }
            let message = state.heap.string(text.as_bytes())?;
            let first = (*co).top.sub(count + 1);
            *first = Slot::FALSE;
            let first = ensure_stack(state, co, first, 2)?;
            *first.add(1) = Slot::string(message);
            return end_native(state, first, 2);
        }
        let frame = (*co).frame;
        if status {
            (*frame).flags |= flag::STATUS;
        }
        if !hand_down(co, target, count) {
            hand_over(state, co, target, count)?;
        }
        (*co).top = (*co).top.sub(1);
        (*co).status = Status::Normal;
        state.nested += 1;
        (*target).resumer = co;
        switch(state, co, target);
        if (*target).frame == (*target).frames {
            // `hand_over` put the arguments above the function.
            let function = (*target).stack.add(1);
            begin(state, function, MULTIPLE, After::Finish)?;
        }
        Ok(None)
    }
}
