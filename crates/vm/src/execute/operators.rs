//! Arithmetic, bitwise, comparison and concatenation instructions.
//!
//! Numbers are handled inline; strings that read as numbers, metamethods and errors out of line.

use crate::bytecode::instruction::Instruction;
use crate::error::Result;
use crate::heap::handle::raw_equals;
use crate::heap::slot::{Slot, copy, tag};
use crate::heap::string;
use crate::number;

use super::arithmetic::{self, to_float};
use super::call::{metacall, metacall_with};
use super::compare::{self, Comparison};
use super::concat::{Progress, concatenate};
use super::cursor::{Cursor, Live, conclude, safepoint};
use super::event::Event;
use super::fields::retry_or_fail;
use super::frame::After;
use super::index;
use super::state::State;

#[inline(always)]
pub(crate) unsafe fn put_integer(to: *mut Slot, value: i64) {
    // SAFETY: the destination is a register.
    unsafe {
        (*to).payload = value as u64;
        (*to).tag = tag::INTEGER;
    }
}

#[inline(always)]
pub(crate) unsafe fn put_float(to: *mut Slot, value: f64) {
    // SAFETY: the destination is a register.
    unsafe {
        (*to).payload = value.to_bits();
        (*to).tag = tag::FLOAT;
    }
}

#[inline(always)]
pub(crate) unsafe fn put_boolean(to: *mut Slot, value: bool) {
    // SAFETY: the destination is a register.
    unsafe { (*to).tag = if value { tag::TRUE } else { tag::FALSE } }
}

/// What the operands of an arithmetic instruction are.
macro_rules! arithmetic_instruction {
    ($name:ident, $event:ident, |$x:ident, $y:ident| integer: $integer:expr, float: $float:expr) => {
        #[inline(always)]
        pub(crate) unsafe fn $name(
            cur: &mut Cursor,
            state: *mut State,
            to: *mut Slot,
            left: *const Slot,
            right: *const Slot,
        ) -> bool {
            // SAFETY: operands of verified code.
            unsafe {
                if (*left).tag | (*right).tag == tag::INTEGER {
                    let ($x, $y) = ((*left).as_integer(), (*right).as_integer());
                    let result: Option<i64> = $integer;
                    if let Some(result) = result {
                        put_integer(to, result);
                        return false;
                    }
                } else if (*left).tag == tag::FLOAT && (*right).tag == tag::FLOAT {
                    let ($x, $y) = ((*left).as_float(), (*right).as_float());
                    put_float(to, $float);
                    return false;
                } else if (*left).tag | (*right).tag == tag::FLOAT {
                    let $x = if (*left).tag == tag::FLOAT {
                        (*left).as_float()
                    } else {
                        (*left).as_integer() as f64
                    };
                    let $y = if (*right).tag == tag::FLOAT {
                        (*right).as_float()
                    } else {
                        (*right).as_integer() as f64
                    };
                    put_float(to, $float);
                    return false;
                }
                slow_arithmetic(cur, state, Event::$event, left, right)
            }
        }
    };
}

arithmetic_instruction!(add, Add, |x, y| integer: Some(x.wrapping_add(y)), float: x + y);
arithmetic_instruction!(subtract, Sub, |x, y| integer: Some(x.wrapping_sub(y)), float: x - y);
arithmetic_instruction!(multiply, Mul, |x, y| integer: Some(x.wrapping_mul(y)), float: x * y);
arithmetic_instruction!(modulo, Mod, |x, y|
    integer: if y > 0 { let r = if (x | y) >> 32 == 0 { i64::from(x as u32 % y as u32) } else { x % y }; Some(if r < 0 { r + y } else { r }) } else { None },
    float: number::modulo_floats(x, y));
arithmetic_instruction!(floor_divide, IDiv, |x, y|
    integer: if y > 0 { let q = x / y; Some(if x % y < 0 { q - 1 } else { q }) } else { None },
    float: number::floor_divide_floats(x, y));

/// Division and power always give floats.
macro_rules! float_instruction {
    ($name:ident, $event:ident, |$x:ident, $y:ident| $float:expr) => {
        #[inline(always)]
        pub(crate) unsafe fn $name(
            cur: &mut Cursor,
            state: *mut State,
            to: *mut Slot,
            left: *const Slot,
            right: *const Slot,
        ) -> bool {
            // SAFETY: operands of verified code.
            unsafe {
                if let (Some($x), Some($y)) = (to_float(*left), to_float(*right)) {
                    put_float(to, $float);
                    return false;
                }
                slow_arithmetic(cur, state, Event::$event, left, right)
            }
        }
    };
}

float_instruction!(divide, Div, |x, y| x / y);
float_instruction!(power, Pow, |x, y| if y == 2.0 { x * x } else { number::power(x, y) });

macro_rules! bitwise_instruction {
    ($name:ident, $event:ident, |$x:ident, $y:ident| $result:expr) => {
        #[inline(always)]
        pub(crate) unsafe fn $name(
            cur: &mut Cursor,
            state: *mut State,
            to: *mut Slot,
            left: *const Slot,
            right: *const Slot,
        ) -> bool {
            // SAFETY: operands of verified code.
            unsafe {
                if (*left).tag | (*right).tag == tag::INTEGER {
                    let ($x, $y) = ((*left).as_integer(), (*right).as_integer());
                    put_integer(to, $result);
                    return false;
                }
                slow_arithmetic(cur, state, Event::$event, left, right)
            }
        }
    };
}

bitwise_instruction!(bit_and, BAnd, |x, y| x & y);
bitwise_instruction!(bit_or, BOr, |x, y| x | y);
bitwise_instruction!(bit_xor, BXor, |x, y| x ^ y);
bitwise_instruction!(shift_left, Shl, |x, y| number::shift_left(x, y));
bitwise_instruction!(shift_right, Shr, |x, y| number::shift_right(x, y));

#[inline(always)]
unsafe fn slow_arithmetic(
    cur: &mut Cursor,
    state: *mut State,
    event: Event,
    left: *const Slot,
    right: *const Slot,
) -> bool {
    // SAFETY: operands of verified code.
    unsafe {
        cur.save();
        if general_arithmetic(state, event, left, right) {
            return true;
        }
        cur.reload(state);
        false
    }
}

#[cold]
#[inline(never)]
unsafe fn general_arithmetic(state: *mut State, event: Event, left: *const Slot, right: *const Slot) -> bool {
    // SAFETY: operands of verified code; the result goes to register `a` of the current instruction.
    unsafe {
        let st = &mut *state;
        let result = match arithmetic::slow(st, event, *left, *right) {
            Ok(Ok(value)) => {
                let frame = (*st.current()).frame;
                let i = *(*frame).state.lua.pc.sub(1);
                *(*frame).base.add(i.a()) = value;
                Ok(())
            }
            Ok(Err(function)) => metacall(st, function, [*left, *right], After::Register),
            Err(error) => Err(error),
        };
        conclude(state, result)
    }
}

#[inline(always)]
pub(crate) unsafe fn negate(
    cur: &mut Cursor,
    state: *mut State,
    to: *mut Slot,
    operand: *const Slot,
) -> bool {
    // SAFETY: operands of verified code.
    unsafe {
        match (*operand).tag {
            tag::INTEGER => put_integer(to, (*operand).as_integer().wrapping_neg()),
            tag::FLOAT => put_float(to, -(*operand).as_float()),
            _ => return slow_arithmetic(cur, state, Event::Neg, operand, operand),
        }
        false
    }
}

#[inline(always)]
pub(crate) unsafe fn bit_not(
    cur: &mut Cursor,
    state: *mut State,
    to: *mut Slot,
    operand: *const Slot,
) -> bool {
    // SAFETY: operands of verified code.
    unsafe {
        if (*operand).tag == tag::INTEGER {
            put_integer(to, !(*operand).as_integer());
            return false;
        }
        slow_arithmetic(cur, state, Event::BNot, operand, operand)
    }
}

#[inline(always)]
pub(crate) unsafe fn length(cur: &mut Cursor, state: *mut State, i: Instruction) -> bool {
    // SAFETY: operands of verified code.
    unsafe {
        let operand = cur.b(i);
        if (*operand).tag == tag::TABLE && (*(*operand).as_table()).metatable.is_null() {
            put_integer(cur.a(i), crate::heap::table::length((*operand).as_table()));
            return false;
        }
        if (*operand).tag == tag::STRING {
            put_integer(cur.a(i), i64::from((*(*operand).as_string()).len));
            return false;
        }
        cur.save();
        if slow_length(state, operand) {
            return true;
        }
        cur.reload(state);
        false
    }
}

#[cold]
#[inline(never)]
unsafe fn slow_length(state: *mut State, operand: *const Slot) -> bool {
    // SAFETY: operands of verified code.
    unsafe {
        let st = &mut *state;
        let object = *operand;
        let result = match index::length(st, object) {
            Ok(Ok(value)) => {
                let frame = (*st.current()).frame;
                let i = *(*frame).state.lua.pc.sub(1);
                *(*frame).base.add(i.a()) = value;
                Ok(())
            }
            // The reference implementation passes the operand twice.
            Ok(Err(function)) => metacall(st, function, [object, object], After::Register),
            Err(error) => Err(error),
        };
        conclude(state, result)
    }
}

#[inline(always)]
pub(crate) unsafe fn equal(
    cur: &mut Cursor,
    state: *mut State,
    i: Instruction,
    left: *const Slot,
    right: *const Slot,
) -> bool {
    // SAFETY: operands of verified code.
    unsafe {
        let wanted = i.c() != 0;
        if (*left).tag == (*right).tag {
            match (*left).tag {
                tag::FLOAT => cur.branch(((*left).as_float() == (*right).as_float()) == wanted),
                tag::STRING if !string::are_huge((*left).as_string(), (*right).as_string()) => {
                    let same = (*left).payload == (*right).payload
                        || string::equal((*left).as_string(), (*right).as_string());
                    cur.branch(same == wanted);
                }
                tag::STRING | tag::TABLE | tag::USERDATA | tag::TYPE
                    if (*left).payload != (*right).payload =>
                {
                    cur.save();
                    if slow_compare(state, Event::Eq, left, right, wanted) {
                        return true;
                    }
                    cur.reload(state);
                }
                other => cur.branch(((*left).payload == (*right).payload || other >= tag::TRUE) == wanted),
            }
        } else if (*left).tag | (*right).tag == tag::FLOAT {
            cur.branch(raw_equals(*left, *right) == wanted);
        } else if (*left).tag == tag::TYPE || (*right).tag == tag::TYPE {
            cur.save();
            if slow_compare(state, Event::Eq, left, right, wanted) {
                return true;
            }
            cur.reload(state);
        } else {
            cur.branch(!wanted);
        }
        false
    }
}

/// Equality with a constant, which needs no metamethod.
#[inline(always)]
pub(crate) unsafe fn equal_constant(cur: &mut Cursor, i: Instruction) {
    // SAFETY: operands of verified code.
    unsafe {
        let (left, right) = (cur.a(i), cur.kb(i));
        let wanted = i.c() != 0;
        let same = if (*left).tag == (*right).tag {
            match (*left).tag {
                tag::FLOAT => (*left).as_float() == (*right).as_float(),
                tag::STRING => {
                    (*left).payload == (*right).payload
                        || string::equal((*left).as_string(), (*right).as_string())
                }
                other => (*left).payload == (*right).payload || other >= tag::TRUE,
            }
        } else {
            (*left).tag | (*right).tag == tag::FLOAT && raw_equals(*left, *right)
        };
        cur.branch(same == wanted);
    }
}

macro_rules! order_instruction {
    ($name:ident, $event:ident, $op:tt) => {
        #[inline(always)]
        pub(crate) unsafe fn $name(
            cur: &mut Cursor,
            state: *mut State,
            i: Instruction,
            left: *const Slot,
            right: *const Slot,
        ) -> bool {
            // SAFETY: operands of verified code.
            unsafe {
                let wanted = i.c() != 0;
                if (*left).tag | (*right).tag == tag::INTEGER {
                    cur.branch(((*left).as_integer() $op (*right).as_integer()) == wanted);
                    return false;
                }
                if (*left).tag == tag::FLOAT && (*right).tag == tag::FLOAT {
                    cur.branch(((*left).as_float() $op (*right).as_float()) == wanted);
                    return false;
                }
                cur.save();
                if slow_compare(state, Event::$event, left, right, wanted) {
                    return true;
                }
                cur.reload(state);
                false
            }
        }
    };
}

order_instruction!(less_than, Lt, <);
order_instruction!(less_equal, Le, <=);

/// A comparison that the inline case does not decide; sets the frame's `pc` behind or through the following jump.
#[inline(never)]
pub(crate) unsafe fn slow_compare(
    state: *mut State,
    event: Event,
    left: *const Slot,
    right: *const Slot,
    wanted: bool,
) -> bool {
    // SAFETY: operands of verified code.
    unsafe {
        let st = &mut *state;
        let (a, b) = (*left, *right);
        let comparison = match event {
            Event::Eq => Ok(compare::equals(st, a, b)),
            Event::Lt => compare::less_than(st, a, b),
            _ => compare::less_equal(st, a, b),
        };
        let result = match comparison {
            Ok(Comparison::Known(answer)) => {
                let frame = (*st.current()).frame;
                let pc = (*frame).state.lua.pc;
                (*frame).state.lua.pc =
                    if answer == wanted { pc.offset(1 + (*pc).to_sj()) } else { pc.add(1) };
                return false;
            }
            Ok(Comparison::Call { function, swapped: false }) => {
                metacall(st, function, [a, b], After::Condition)
            }
            Ok(Comparison::Call { function, swapped: true }) => {
                metacall(st, function, [b, a], After::NegatedCondition)
            }
            Err(error) => Err(error),
        };
        conclude(state, result)
    }
}

/// A comparison with the constant on the left in the source's order: `R > K` is `K < R`.
#[inline(always)]
pub(crate) unsafe fn order_constant(
    cur: &mut Cursor,
    state: *mut State,
    i: Instruction,
    event: Event,
    swapped: bool,
) -> bool {
    // SAFETY: operands of verified code.
    unsafe {
        let (left, right) = (cur.a(i), cur.kb(i));
        let wanted = i.c() != 0;
        if (*left).tag | (*right).tag == tag::INTEGER {
            let (x, y) = ((*left).as_integer(), (*right).as_integer());
            let answer = match (event, swapped) {
                (Event::Lt, false) => x < y,
                (Event::Lt, true) => x > y,
                (_, false) => x <= y,
                (_, true) => x >= y,
            };
            cur.branch(answer == wanted);
            return false;
        }
        if let (Some(x), Some(y)) = (float_operand(left), float_operand(right)) {
            let answer = match (event, swapped) {
                (Event::Lt, false) => x < y,
                (Event::Lt, true) => x > y,
                (_, false) => x <= y,
                (_, true) => x >= y,
            };
            cur.branch(answer == wanted);
            return false;
        }
        cur.save();
        let leave = if swapped {
            slow_compare(state, event, right, left, wanted)
        } else {
            slow_compare(state, event, left, right, wanted)
        };
        if leave {
            return true;
        }
        cur.reload(state);
        false
    }
}

/// An operand as a float where that is exact: a float, or an integer of at most 53 bits.
#[inline(always)]
unsafe fn float_operand(operand: *const Slot) -> Option<f64> {
    // SAFETY: the operand is a register or constant.
    unsafe {
        match (*operand).tag {
            tag::FLOAT => Some((*operand).as_float()),
            tag::INTEGER if (*operand).as_integer().unsigned_abs() < 1 << 53 => {
                Some((*operand).as_integer() as f64)
            }
            _ => None,
        }
    }
}

/// `R[a] = R[b] .. ... .. R[c]`.
#[inline(never)]
pub(crate) unsafe fn concat(state: *mut State, i: Instruction) -> bool {
    // SAFETY: operands of verified code, `b < c`.
    unsafe {
        match concatenate_from(&mut *state, i, i.c() - i.b() + 1) {
            Ok(()) if (*state).heap.wants_collection() => {
                if (*(*(*state).current()).frame).is_native() || called(&*state, i) {
                    return conclude(state, Ok(()));
                }
                safepoint(state, Live::Registers((i.a() + 1).max(i.b())))
            }
            Ok(()) => conclude(state, Ok(())),
            Err(error) => retry_or_fail(state, error),
        }
    }
}

/// Whether the active Lua frame is not the one that runs this instruction: a metamethod was called.
unsafe fn called(state: &State, i: Instruction) -> bool {
    // SAFETY: the active frame is a Lua frame with its `pc` saved or fresh.
    unsafe {
        let frame = (*state.current()).frame;
        let code = &*(*(*(*frame).function()).as_closure()).code;
        let pc = (*frame).state.lua.pc;
        pc == code.instructions.as_ptr() || *pc.sub(1) != i
    }
}

/// Goes on with a concatenation of which the first `count` operands are left.
///
/// # Errors
/// When an operand cannot be concatenated.
///
/// # Safety
/// The active frame must be the one that runs the instruction.
pub(crate) unsafe fn concatenate_from(state: &mut State, i: Instruction, count: usize) -> Result<()> {
    // SAFETY: the caller's promise.
    unsafe {
        let co = state.current();
        let base = (*(*co).frame).base;
        match concatenate(state, base.add(i.b()), count)? {
            Progress::Done => {
                copy(base.add(i.a()), base.add(i.b()));
                Ok(())
            }
            Progress::Call { function, left, count } => {
                let at = base.add(i.b() + left);
                if count == 2 {
                    metacall(state, function, [*at, *at.add(1)], After::Concat)?;
                } else {
                    let operands = std::slice::from_raw_parts(at, count).to_vec();
                    metacall_with(state, function, &operands, After::Concat)?;
                }
                (*(*co).frame).operand = (i.b() + left) as u8;
                Ok(())
            }
        }
    }
}
