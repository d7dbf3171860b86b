//! Concatenation: operands from the right, strings and numbers together in one new string, metamethods in between
//! (Lua 5.3 manual, section 3.4.6).

use crate::error::Result;
use crate::heap::slot::{Slot, tag};
use crate::heap::string;
use crate::number;

use super::event::Event;
use super::huge;
use super::index::metamethod;
use super::names;
use super::state::State;

/// A number as text, in a buffer that is used again.
pub(crate) struct NumberText(Vec<u8>);

impl NumberText {
    pub(crate) fn new() -> NumberText {
        NumberText(Vec::new())
    }

    /// Writes an integer or a float as `tostring` shows it.
    pub(crate) fn write(&mut self, value: Slot) -> &[u8] {
        self.0.clear();
        if value.tag == tag::INTEGER {
            number::write_integer(&mut self.0, value.as_integer());
        } else {
            number::write_float(&mut self.0, value.as_float());
        }
        &self.0
    }
}

/// How far a concatenation came.
pub(crate) enum Progress {
    /// The value is in the first operand's slot.
    Done,
    /// `function` must be called with `count` operands from `left` on; its result replaces them, and the work goes on
    /// from there to the left.
    Call { function: Slot, left: usize, count: usize },
}

/// Concatenates `operands[0..count]` (at least two) into the first one.
///
/// # Safety
/// `operands` must point to `count` valid slots that may be overwritten.
pub(crate) unsafe fn concatenate(
    state: &mut State,
    operands: *mut Slot,
    mut count: usize,
) -> Result<Progress> {
    // SAFETY: the caller's promise; indices stay below `count`.
    unsafe {
        while count > 1 {
            let mut first = count;
            while first > 0 && is_text(*operands.add(first - 1)) {
                first -= 1;
            }
            if count - first >= 2 {
                let Some(joined) = join(state, operands.add(first), count - first)? else {
                    let function = Slot::native(&huge::JOIN);
                    return Ok(Progress::Call { function, left: first, count: count - first });
                };
                *operands.add(first) = joined;
                count = first + 1;
                continue;
            }
            let (a, b) = (*operands.add(count - 2), *operands.add(count - 1));
            let mut function = metamethod(state, a, Event::Concat);
            if function.is_nil() {
                function = metamethod(state, b, Event::Concat);
            }
            if function.is_nil() {
                let culprit = if is_text(a) { count - 1 } else { count - 2 };
                return Err(names::slot_error(state, "concatenate", operands.add(culprit)));
            }
            return Ok(Progress::Call { function, left: count - 2, count: 2 });
        }
        Ok(Progress::Done)
    }
}

fn is_text(value: Slot) -> bool {
    matches!(value.tag, tag::STRING | tag::INTEGER | tag::FLOAT)
}

/// Joins strings and numbers; nothing if that is more work than one instruction may do.
unsafe fn join(state: &mut State, operands: *mut Slot, count: usize) -> Result<Option<Slot>> {
    // SAFETY: `concatenate` passes valid slots that hold strings or numbers.
    unsafe {
        let mut total = 0usize;
        let mut number = NumberText::new();
        let mut last_nonempty = None;
        let mut nonempty = 0;
        for i in 0..count {
            let operand = operands.add(i);
            if (*operand).tag != tag::STRING {
                let text = state.heap.string(number.write(*operand))?;
                *operand = Slot::string(text);
            }
            let len = (*(*operand).as_string()).len as usize;
            if len > 0 {
                nonempty += 1;
                last_nonempty = Some(*operand);
            }
            total += len;
        }
        if nonempty <= 1 {
            return Ok(Some(last_nonempty.unwrap_or(*operands)));
        }
        if total > u32::MAX as usize - 64 {
            return Err(crate::error::ErrorKind::Memory.into());
        }
        if total >= string::HUGE_BYTES && state.heap.has_room(total) {
            return Ok(None);
        }
        let result = state.heap.string_uninit(total)?;
        let mut to = string::data(result);
        for i in 0..count {
            let part = string::bytes((*operands.add(i)).as_string());
            std::ptr::copy_nonoverlapping(part.as_ptr(), to, part.len());
            to = to.add(part.len());
        }
        Ok(Some(Slot::string(state.heap.finish_string(result))))
    }
}
