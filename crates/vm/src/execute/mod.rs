//! The interpreter: one loop over the instructions of Lua functions; everything else is reached from it by name.
//!
//! The loop runs while a Lua function is on top of the frame stack. Natives, coroutine switches and errors are settled
//! between instructions (`call::settle`); the Rust stack never grows with Lua depth. Invariant: code is compiled here
//! or verified (`bytecode::verify`), so every operand is in range and no bounds are checked.
#![allow(unsafe_code, reason = "registers, constants and frames are raw pointers; see docs/unsafe.md")]

pub(crate) mod arithmetic;
mod bulk;
pub(crate) mod call;
pub(crate) mod channel;
pub(crate) mod compare;
pub(crate) mod concat;
pub(crate) mod context;
mod crossing;
pub(crate) mod cursor;
pub(crate) mod debug;
pub(crate) mod event;
pub(crate) mod explain;
pub(crate) mod fate;
pub(crate) mod fields;
mod foreign;
mod fragment;
pub(crate) mod frame;
pub(crate) mod hook;
mod host;
pub(crate) mod huge;
pub(crate) mod image;
mod index;
pub(crate) mod invoke;
pub(crate) mod iterate;
pub(crate) mod leaf;
pub(crate) mod load;
pub(crate) mod loops;
pub(crate) mod memory;
mod met;
pub(crate) mod names;
pub(crate) mod objects;
mod operations;
mod operators;
pub(crate) mod outside;
pub(crate) mod packing;
pub(crate) mod parcel;
pub(crate) mod park;
pub(crate) mod reading;
pub(crate) mod shape;
pub(crate) mod sorting;
pub(crate) mod state;
mod switch;
mod text;
pub(crate) mod typed;
mod unpacking;
pub(crate) mod unwind;
pub(crate) mod validate;
pub(crate) mod vm;
mod warm;

use crate::bytecode::instruction::{Instruction, Op};
use crate::heap::slot::{copy, tag};

use call::Exit;
use cursor::{Cursor, conclude, out_of_fuel};
use event::Event;
pub(crate) use operators::concatenate_from;
use state::State;

/// Runs until control goes back to the host.
///
/// # Safety
/// The state must be consistent, with no other reference to it.
#[inline]
pub(crate) unsafe fn run(state: *mut State) -> Exit {
    // SAFETY: the caller's promise.
    unsafe {
        let is_native = (*(*(*state).current()).frame).is_native();
        if is_native && cursor::leave_or_go_on(state) && (*state).exit != Exit::OtherLoop {
            return (*state).exit;
        }
        loop {
            (*state).loop_is_hooked = (*state).hooked;
            let finished = if (*state).hooked { run_loop::<true>(state) } else { run_loop::<false>(state) };
            if finished && (*state).exit != Exit::OtherLoop {
                return (*state).exit;
            }
        }
    }
}

/// The loop. Returns `true` when control goes back to the host, `false` when hooks were switched on or off.
#[inline(never)]
unsafe fn run_loop<const HOOKED: bool>(state: *mut State) -> bool {
    // SAFETY: the active frame is a Lua frame (`run`); operands of verified code are in range; `pc` is saved before
    // anything that can observe it and everything is reloaded after anything that can change it.
    unsafe {
        let mut cur = Cursor::new(state);
        loop {
            if HOOKED {
                if !(*state).hooked {
                    cur.save();
                    return false;
                }
                cur.pc = cur.pc.add(1);
                cur.save();
                let told = hook::instruction(&mut *state);
                if !matches!(told, Ok(false)) {
                    if conclude(state, told.map(drop)) {
                        return true;
                    }
                    cur.reload(state);
                    continue;
                }
                cur.pc = cur.pc.sub(1);
            }
            let i: Instruction = *cur.pc;
            cur.pc = cur.pc.add(1);

            /// Leaves the loop if the instruction says so.
            macro_rules! leave {
                ($leave:expr) => {
                    if $leave {
                        return true;
                    }
                };
            }
            /// Work done out of line that may push frames.
            macro_rules! outside {
                ($work:expr) => {{
                    cur.save();
                    leave!($work);
                    cur.reload(state);
                    if !HOOKED && (*state).hooked {
                        return false;
                    }
                }};
            }
            /// Work done inline on some operands.
            macro_rules! inline {
                ($module:ident::$f:ident($x:expr, $y:expr, $z:expr)) => {{
                    let (x, y, z) = ($x, $y, $z);
                    leave!($module::$f(&mut cur, state, x, y, z));
                }};
                ($module:ident::$f:ident($x:expr, $y:expr)) => {{
                    let (x, y) = ($x, $y);
                    leave!($module::$f(&mut cur, state, x, y));
                }};
            }
            macro_rules! binary {
                ($f:ident, RR) => {
                    inline!(operators::$f(cur.a(i), cur.b(i), cur.c(i)))
                };
                ($f:ident, RK) => {
                    inline!(operators::$f(cur.a(i), cur.b(i), cur.kc(i)))
                };
                ($f:ident, KR) => {
                    inline!(operators::$f(cur.a(i), cur.kb(i), cur.c(i)))
                };
            }

            // Verified code has no other codes.
            let op = std::mem::transmute::<u8, Op>(i.0 as u8);
            match op {
                Op::Move => copy(cur.a(i), cur.b(i)),
                Op::LoadInt => operators::put_integer(cur.a(i), i.sbx() as i64),
                Op::LoadFloat => operators::put_float(cur.a(i), i.sbx() as f64),
                Op::LoadConst => copy(cur.a(i), cur.constants.add(i.bx())),
                Op::LoadConstX => {
                    copy(cur.a(i), cur.constants.add((*cur.pc).to_ax()));
                    cur.pc = cur.pc.add(1);
                }
                Op::LoadNil => {
                    for n in 0..=i.b() {
                        (*cur.a(i).add(n)).tag = tag::NIL;
                    }
                }
                Op::LoadTrue => (*cur.a(i)).tag = tag::TRUE,
                Op::LoadFalse => (*cur.a(i)).tag = tag::FALSE,
                Op::LoadFalseSkip => {
                    (*cur.a(i)).tag = tag::FALSE;
                    cur.pc = cur.pc.add(1);
                }

                Op::GetUpvalue => copy(cur.a(i), fields::upvalue(&cur, i.b())),
                Op::SetUpvalue => fields::set_upvalue(&cur, state, i),
                Op::GetUpvalueField => {
                    let object = fields::upvalue(&cur, i.b());
                    inline!(fields::get_string(cur.a(i), object, cur.kc(i)))
                }
                Op::SetUpvalueField => {
                    let object = fields::upvalue(&cur, i.a());
                    inline!(fields::set_string(object, cur.kb(i), cur.c(i)))
                }
                Op::SetUpvalueFieldConst => {
                    let object = fields::upvalue(&cur, i.a());
                    inline!(fields::set_string(object, cur.kb(i), cur.kc(i)))
                }

                Op::NewTable => outside!(fields::new_table(state, i, i.c())),
                Op::NewTableX => {
                    let array = (*cur.pc).to_ax();
                    cur.pc = cur.pc.add(1);
                    outside!(fields::new_table(state, i, array))
                }
                Op::GetTable => leave!(fields::get_table(&mut cur, state, i)),
                Op::GetField => inline!(fields::get_string(cur.a(i), cur.b(i), cur.kc(i))),
                Op::GetIndex => leave!(fields::get_index(&mut cur, state, i)),
                Op::SetTable => inline!(fields::set_table(i, cur.c(i))),
                Op::SetTableConst => inline!(fields::set_table(i, cur.kc(i))),
                Op::SetField => inline!(fields::set_string(cur.a(i), cur.kb(i), cur.c(i))),
                Op::SetFieldConst => inline!(fields::set_string(cur.a(i), cur.kb(i), cur.kc(i))),
                Op::SetIndex => inline!(fields::set_index(i, cur.c(i))),
                Op::SetIndexConst => inline!(fields::set_index(i, cur.kc(i))),
                Op::SetList => {
                    let start = i.c() << 24 | (*cur.pc).to_ax();
                    cur.pc = cur.pc.add(1);
                    outside!(fields::set_list(state, i, start))
                }
                Op::Method => leave!(invoke::method(&mut cur, state, i)),

                Op::Add => binary!(add, RR),
                Op::AddRK => binary!(add, RK),
                Op::AddKR => binary!(add, KR),
                Op::Sub => binary!(subtract, RR),
                Op::SubRK => binary!(subtract, RK),
                Op::SubKR => binary!(subtract, KR),
                Op::Mul => binary!(multiply, RR),
                Op::MulRK => binary!(multiply, RK),
                Op::MulKR => binary!(multiply, KR),
                Op::Div => binary!(divide, RR),
                Op::DivRK => binary!(divide, RK),
                Op::DivKR => binary!(divide, KR),
                Op::Mod => binary!(modulo, RR),
                Op::ModRK => binary!(modulo, RK),
                Op::ModKR => binary!(modulo, KR),
                Op::Pow => binary!(power, RR),
                Op::PowRK => binary!(power, RK),
                Op::PowKR => binary!(power, KR),
                Op::IDiv => binary!(floor_divide, RR),
                Op::IDivRK => binary!(floor_divide, RK),
                Op::IDivKR => binary!(floor_divide, KR),
                Op::BAnd => binary!(bit_and, RR),
                Op::BAndRK => binary!(bit_and, RK),
                Op::BAndKR => binary!(bit_and, KR),
                Op::BOr => binary!(bit_or, RR),
                Op::BOrRK => binary!(bit_or, RK),
                Op::BOrKR => binary!(bit_or, KR),
                Op::BXor => binary!(bit_xor, RR),
                Op::BXorRK => binary!(bit_xor, RK),
                Op::BXorKR => binary!(bit_xor, KR),
                Op::Shl => binary!(shift_left, RR),
                Op::ShlRK => binary!(shift_left, RK),
                Op::ShlKR => binary!(shift_left, KR),
                Op::Shr => binary!(shift_right, RR),
                Op::ShrRK => binary!(shift_right, RK),
                Op::ShrKR => binary!(shift_right, KR),

                Op::Neg => inline!(operators::negate(cur.a(i), cur.b(i))),
                Op::BNot => inline!(operators::bit_not(cur.a(i), cur.b(i))),
                Op::Not => operators::put_boolean(cur.a(i), (*cur.b(i)).is_falsy()),
                Op::Len => leave!(operators::length(&mut cur, state, i)),
                Op::Concat => outside!(operators::concat(state, i)),

                Op::Jump => cur.pc = cur.pc.offset(i.to_sj()),
                Op::Loop => {
                    (*state).fuel -= 1;
                    if (*state).fuel < 0 {
                        cur.save();
                        return out_of_fuel(state);
                    }
                    cur.pc = cur.pc.offset(i.to_sj());
                }
                Op::Close => (*state).heap.close_upvalues((*state).current(), cur.a(i)),
                Op::Test => cur.branch((*cur.a(i)).is_falsy() != (i.c() != 0)),
                Op::TestSet => {
                    let value = cur.b(i);
                    let take = (*value).is_falsy() != (i.c() != 0);
                    if take {
                        copy(cur.a(i), value);
                    }
                    cur.branch(take);
                }
                Op::Eq => inline!(operators::equal(i, cur.a(i), cur.b(i))),
                Op::EqConst => operators::equal_constant(&mut cur, i),
                Op::Lt => inline!(operators::less_than(i, cur.a(i), cur.b(i))),
                Op::LtConst => leave!(operators::order_constant(&mut cur, state, i, Event::Lt, false)),
                Op::GtConst => leave!(operators::order_constant(&mut cur, state, i, Event::Lt, true)),
                Op::Le => inline!(operators::less_equal(i, cur.a(i), cur.b(i))),
                Op::LeConst => leave!(operators::order_constant(&mut cur, state, i, Event::Le, false)),
                Op::GeConst => leave!(operators::order_constant(&mut cur, state, i, Event::Le, true)),

                Op::Call => {
                    leave!(invoke::call::<HOOKED>(&mut cur, state, i));
                    if !HOOKED && (*state).hooked {
                        cur.save();
                        return false;
                    }
                }
                Op::TailCall => outside!(invoke::tail_call::<HOOKED>(state, i)),
                Op::CallType | Op::IsType => outside!(invoke::call_type::<HOOKED>(state, i)),
                Op::Return => leave!(invoke::return_many(&mut cur, state, i)),
                Op::Return0 => leave!(invoke::return_none(&mut cur, state)),
                Op::Return1 => leave!(invoke::return_one(&mut cur, state, i)),
                Op::Vararg => outside!(invoke::varargs(state, i)),
                Op::Closure => outside!(invoke::closure(state, i)),

                Op::ForPrep | Op::ForPrepInt => leave!(loops::for_prepare(&mut cur, state, i)),
                Op::ForLoop => {
                    (*state).fuel -= 1;
                    if (*state).fuel < 0 {
                        cur.save();
                        return out_of_fuel(state);
                    }
                    loops::for_loop(&mut cur, i);
                }
                Op::ForLoopInt => {
                    (*state).fuel -= 1;
                    if (*state).fuel < 0 {
                        cur.save();
                        return out_of_fuel(state);
                    }
                    loops::for_loop_integer(&mut cur, i);
                }
                Op::ForIn => cur.pc = cur.pc.offset(i.sbx()),
                Op::ForCall => {
                    (*state).fuel -= 1;
                    if (*state).fuel < 0 {
                        cur.save();
                        return out_of_fuel(state);
                    }
                    leave!(loops::for_call(&mut cur, state, i));
                }
                Op::ForNext => loops::for_next(&mut cur, i),
                Op::Extra => {}
            }
        }
    }
}
