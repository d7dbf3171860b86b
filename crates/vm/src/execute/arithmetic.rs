//! Arithmetic and bitwise operations: the fast cases inline, the rest out of line (Lua 5.3 manual, 3.4.1 to 3.4.3).

use crate::error::{Error, ErrorKind, Result};
use crate::heap::slot::{Slot, tag};
use crate::heap::string;
use crate::number::{self, Number};

use super::event::Event;
use super::index::metamethod;
use super::names;
use super::state::State;

/// Value of an operand as a float, if it is a number.
#[inline(always)]
pub(crate) fn to_float(value: Slot) -> Option<f64> {
    match value.tag {
        tag::FLOAT => Some(value.as_float()),
        tag::INTEGER => Some(value.as_integer() as f64),
        _ => None,
    }
}

/// A number, or a string that reads as one.
///
/// # Safety
/// The value must be valid.
pub(crate) unsafe fn coerce(value: Slot) -> Option<Number> {
    match value.tag {
        tag::INTEGER => Some(Number::Integer(value.as_integer())),
        tag::FLOAT => Some(Number::Float(value.as_float())),
        // SAFETY: the caller's promise.
        tag::STRING => number::parse(unsafe { string::bytes(value.as_string()) }),
        _ => None,
    }
}

/// Applies an arithmetic operation to numbers; `None` where the operands do not suit it (bitwise on a fraction).
///
/// # Errors
/// Integer division or modulo by zero.
pub(crate) fn on_numbers(event: Event, a: Number, b: Number) -> Result<Option<Slot>> {
    use Number::{Float, Integer};
    let (x, y) = match (event, a, b) {
        (Event::Add, Integer(a), Integer(b)) => return Ok(Some(Slot::integer(a.wrapping_add(b)))),
        (Event::Sub, Integer(a), Integer(b)) => return Ok(Some(Slot::integer(a.wrapping_sub(b)))),
        (Event::Mul, Integer(a), Integer(b)) => return Ok(Some(Slot::integer(a.wrapping_mul(b)))),
        (Event::IDiv, Integer(_), Integer(0)) => return Err(Error::message("attempt to divide by zero")),
        (Event::Mod, Integer(_), Integer(0)) => return Err(Error::message("attempt to perform 'n%0'")),
        (Event::IDiv, Integer(a), Integer(b)) => return Ok(number::floor_divide(a, b).map(Slot::integer)),
        (Event::Mod, Integer(a), Integer(b)) => return Ok(number::modulo(a, b).map(Slot::integer)),
        (Event::Neg, Integer(a), _) => return Ok(Some(Slot::integer(a.wrapping_neg()))),
        (Event::BAnd | Event::BOr | Event::BXor | Event::Shl | Event::Shr | Event::BNot, _, _) => {
            let (Some(a), Some(b)) = (a.to_integer(), b.to_integer()) else { return Ok(None) };
            return Ok(Some(Slot::integer(match event {
                Event::BAnd => a & b,
                Event::BOr => a | b,
                Event::BXor => a ^ b,
                Event::Shl => number::shift_left(a, b),
                Event::Shr => number::shift_right(a, b),
                _ => !a,
            })));
        }
        (_, Integer(a), Integer(b)) => (a as f64, b as f64),
        (_, Integer(a), Float(b)) => (a as f64, b),
        (_, Float(a), Integer(b)) => (a, b as f64),
        (_, Float(a), Float(b)) => (a, b),
    };
    Ok(Some(Slot::float(match event {
        Event::Add => x + y,
        Event::Sub => x - y,
        Event::Mul => x * y,
        Event::Div => x / y,
        Event::Pow => number::power(x, y),
        Event::IDiv => number::floor_divide_floats(x, y),
        Event::Mod => number::modulo_floats(x, y),
        _ => -x,
    })))
}

/// What an operation on any values comes to: the result, or the metamethod to call with both operands.
///
/// # Errors
/// When the operands do not suit the operation.
///
/// # Safety
/// The values must be valid.
#[cold]
#[inline(never)]
pub(crate) unsafe fn slow(state: &State, event: Event, a: Slot, b: Slot) -> Result<Result<Slot, Slot>> {
    // SAFETY: the caller's promise.
    unsafe {
        // Strings become floats in arithmetic and integers in bitwise operations.
        let bitwise =
            matches!(event, Event::BAnd | Event::BOr | Event::BXor | Event::Shl | Event::Shr | Event::BNot);
        if let (Some(x), Some(y)) = (coerce(a), coerce(b)) {
            let as_float = |slot: Slot, n: Number| {
                if slot.tag == tag::STRING && !bitwise { Number::Float(n.to_float()) } else { n }
            };
            if let Some(result) = on_numbers(event, as_float(a, x), as_float(b, y))? {
                return Ok(Ok(result));
            }
        }
        let mut function = metamethod(state, a, event);
        if function.is_nil() {
            function = metamethod(state, b, event);
        }
        if !function.is_nil() {
            return Ok(Err(function));
        }
        let numeric = |slot| coerce(slot).is_some();
        if bitwise {
            if numeric(a) && numeric(b) {
                let culprit = if coerce(a).and_then(Number::to_integer).is_none() { a } else { b };
                return Err(ErrorKind::NoInteger { name: names::operand_name(state, culprit) }.into());
            }
            let culprit = if numeric(a) { b } else { a };
            return Err(names::operand_error(state, "perform bitwise operation on", culprit));
        }
        let culprit = if numeric(a) { b } else { a };
        Err(names::operand_error(state, "perform arithmetic on", culprit))
    }
}
