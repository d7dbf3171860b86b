//! What the source calls a value: names of variables, fields and functions, found in the code when an error is made.
//!
//! Nothing here runs on the common path. The names follow the reference implementation's `getobjname`: the
//! instruction that loaded a register tells what it is.

use crate::bytecode::instruction::{Instruction, Op};
use crate::error::{Error, ErrorKind, Name};
use crate::heap::code::Code;
use crate::heap::handle::{self, Value};
use crate::heap::slot::{Slot, tag};
use crate::heap::{string, table};

use super::event::{self, Event};
use super::frame::Frame;
use super::state::State;

/// Type name of a value as messages show it: `__name` of the metatable if that is a string. What stands for a text (an
/// error object) is told by its text, and its type is plain userdata.
///
/// # Safety
/// The value must be valid.
pub(crate) unsafe fn type_name(state: &State, value: Slot) -> String {
    // SAFETY: the caller's promise.
    unsafe {
        let stands_for_text =
            || Value::from_slot(value).host_object().is_some_and(|object| object.text().is_some());
        if value.tag == tag::TABLE || value.tag == tag::USERDATA && !stands_for_text() {
            let metatable = state.metatable(value);
            if !metatable.is_null() {
                let name = table::get_string(metatable, event::name_string(Event::Name));
                if name.tag == tag::STRING {
                    return String::from_utf8_lossy(string::bytes(name.as_string())).into_owned();
                }
            }
        }
        if value.tag == tag::LIGHT_USERDATA {
            return "light userdata".to_owned();
        }
        handle::type_name(value.tag).to_owned()
    }
}

/// The error of an operation on a value that does not support it, named if the running Lua instruction names it.
///
/// # Safety
/// The value must be valid.
#[cold]
pub(crate) unsafe fn operand_error(state: &State, operation: &'static str, value: Slot) -> Error {
    // SAFETY: the caller's promise.
    unsafe {
        ErrorKind::Operand { operation, found: type_name(state, value), name: operand_name(state, value) }
            .into()
    }
}

/// The error of an operation on the value in a slot of the active frame, which may hold the same value twice.
///
/// # Safety
/// The slot must be valid.
#[cold]
pub(crate) unsafe fn slot_error(state: &State, operation: &'static str, slot: *const Slot) -> Error {
    // SAFETY: the caller's promise; the active frame's `pc` is saved.
    unsafe {
        let frame = (*state.current()).frame;
        let name = if state.in_native || (*frame).is_native() {
            None
        } else {
            let (code, pc) = position(frame);
            let register = slot.offset_from((*frame).base);
            usize::try_from(register).ok().and_then(|register| describe_register(code, pc, register))
        };
        ErrorKind::Operand { operation, found: type_name(state, *slot), name }.into()
    }
}

/// The code and the index of the current instruction of a Lua frame.
///
/// # Safety
/// The frame must be a valid Lua frame whose `pc` was saved.
pub(crate) unsafe fn position<'a>(frame: *const Frame) -> (&'a Code, usize) {
    // SAFETY: the slot at `function` holds the closure of a Lua frame; its code lives as long as it.
    unsafe {
        let code = &*(*(*(*frame).function()).as_closure()).code;
        let pc = (*frame).state.lua.pc.offset_from(code.instructions.as_ptr());
        (code, (pc - 1).max(0) as usize)
    }
}

/// The name of the operand of the interrupted instruction that holds this very value.
///
/// # Safety
/// The value must be valid.
#[cold]
pub(crate) unsafe fn operand_name(state: &State, value: Slot) -> Option<Name> {
    // SAFETY: the running coroutine's active frame is valid; register numbers of verified code are in range.
    unsafe {
        if state.in_native {
            return None;
        }
        let frame = (*state.current()).frame;
        if (*frame).is_native() {
            return None;
        }
        let (code, pc) = position(frame);
        let i = code.instructions[pc];
        let is_register = |r: usize| {
            let slot = *(*frame).base.add(r);
            slot.tag == value.tag && slot.payload == value.payload
        };
        let register = |r: usize| if is_register(r) { describe_register(code, pc, r) } else { None };
        match i.op() {
            Op::GetField | Op::GetIndex | Op::GetTable | Op::Method => register(i.b()),
            Op::SetField
            | Op::SetFieldConst
            | Op::SetIndex
            | Op::SetIndexConst
            | Op::SetTable
            | Op::SetTableConst => register(i.a()),
            Op::GetUpvalueField => Some(upvalue(code, i.b())),
            Op::SetUpvalueField | Op::SetUpvalueFieldConst => Some(upvalue(code, i.a())),
            Op::Call | Op::TailCall | Op::CallType => register(i.a()),
            Op::IsType => Some(is_method()),
            Op::Neg | Op::BNot | Op::Len => register(i.b()),
            op if is_arithmetic(op) => {
                use crate::bytecode::instruction::Operand;
                // A constant has no name here, be it an operand of its own or loaded into a register.
                let [_, left, right] = op.operands();
                if left == Operand::Register && is_register(i.b()) {
                    // Were the left operand fit, the right one would be blamed.
                    return describe_register(code, pc, i.b()).filter(|name| name.kind != "constant");
                }
                let name = if right == Operand::Register { register(i.c()) } else { None };
                name.filter(|name| name.kind != "constant")
            }
            _ => None,
        }
    }
}

fn is_arithmetic(op: Op) -> bool {
    (Op::Add as u8..=Op::ShrKR as u8).contains(&(op as u8))
}

/// Event and operands of an arithmetic instruction's family: `(event, left is constant, right is constant)`.
pub(crate) fn arithmetic_event(op: Op) -> (Event, bool, bool) {
    const EVENTS: [Event; 12] = [
        Event::Add,
        Event::Sub,
        Event::Mul,
        Event::Div,
        Event::Mod,
        Event::Pow,
        Event::IDiv,
        Event::BAnd,
        Event::BOr,
        Event::BXor,
        Event::Shl,
        Event::Shr,
    ];
    let index = (op as u8 - Op::Add as u8) as usize;
    (EVENTS[index / 3], index % 3 == 2, index % 3 == 1)
}

fn upvalue(code: &Code, index: usize) -> Name {
    Name { kind: "upvalue", name: upvalue_name(code, index) }
}

/// The source name of an upvalue; `?` when stripped.
pub(crate) fn upvalue_name(code: &Code, index: usize) -> String {
    match code.upvalue_name(index) {
        b"" => "?".to_owned(),
        name => String::from_utf8_lossy(name).into_owned(),
    }
}

/// The name of the `n`-th active local variable at an instruction, from 0.
pub(crate) fn local_name(code: &Code, n: usize, pc: usize) -> Option<&[u8]> {
    code.locals
        .iter()
        .take_while(|local| local.start_pc as usize <= pc)
        .filter(|local| pc < local.end_pc as usize)
        .nth(n)
        .map(|local| code.name(local.name))
}

/// What the register holds just before the instruction at `pc`.
pub(crate) fn describe_register(code: &Code, pc: usize, register: usize) -> Option<Name> {
    if let Some(name) = local_name(code, register, pc) {
        return Some(Name { kind: "local", name: String::from_utf8_lossy(name).into_owned() });
    }
    let at = setter(code, pc, register)?;
    let i = code.instructions[at];
    match i.op() {
        Op::Move if i.b() < i.a() => describe_register(code, at, i.b()),
        Op::GetUpvalue => Some(upvalue(code, i.b())),
        Op::GetUpvalueField => {
            let kind = if upvalue_name(code, i.b()) == "_ENV" { "global" } else { "field" };
            Some(Name { kind, name: constant_text(code, i.c()) })
        }
        Op::GetField => {
            let is_env = local_name(code, i.b(), at).is_some_and(|name| name == b"_ENV");
            Some(Name { kind: if is_env { "global" } else { "field" }, name: constant_text(code, i.c()) })
        }
        Op::GetTable => {
            // A constant key beyond the reach of an operand is in a register, and so is `_ENV` then.
            let table = describe_register(code, at, i.b());
            let is_env =
                table.is_some_and(|table| table.name == "_ENV" && matches!(table.kind, "local" | "upvalue"));
            let kind = match is_env {
                true => "global",
                false if is_wide_method(code, at) => "method",
                false => "field",
            };
            match describe_register(code, at, i.c()) {
                Some(Name { kind: "constant", name }) => Some(Name { kind, name }),
                _ => Some(Name { kind, name: "?".to_owned() }),
            }
        }
        Op::GetIndex => Some(Name { kind: "field", name: "?".to_owned() }),
        Op::Method => Some(Name { kind: "method", name: constant_text(code, i.c()) }),
        Op::LoadConst => constant(code, i.bx()),
        Op::LoadConstX => constant(code, code.instructions[at + 1].to_ax()),
        _ => None,
    }
}

/// Whether a `GetTable` gets a method whose name is beyond the reach of a `Method` instruction's operand: the receiver
/// has been copied behind the result.
fn is_wide_method(code: &Code, at: usize) -> bool {
    let get = code.instructions[at];
    code.instructions[at.saturating_sub(2)..at]
        .iter()
        .any(|i| i.op() == Op::Move && i.a() == get.a() + 1 && (i.b() == get.b() || get.b() == i.a()))
}

fn constant(code: &Code, index: usize) -> Option<Name> {
    (code.constants[index].tag == tag::STRING)
        .then(|| Name { kind: "constant", name: constant_text(code, index) })
}

fn constant_text(code: &Code, index: usize) -> String {
    let slot = code.constants[index];
    if slot.tag == tag::STRING {
        // SAFETY: a string constant lives as long as its code.
        String::from_utf8_lossy(unsafe { string::bytes(slot.as_string()) }).into_owned()
    } else {
        "?".to_owned()
    }
}

/// The last instruction before `pc` that set the register on the straight way there.
fn setter(code: &Code, last: usize, register: usize) -> Option<usize> {
    let mut found = None;
    let mut jump_target = 0;
    let mut pc = 0;
    while pc < last {
        let i = code.instructions[pc];
        let op = i.op();
        let changes = match op {
            Op::LoadNil => (i.a()..=i.a() + i.b()).contains(&register),
            Op::ForCall => register >= i.a() + 3,
            Op::Call | Op::TailCall | Op::CallType | Op::IsType | Op::Vararg => register >= i.a(),
            Op::Method => register == i.a() || register == i.a() + 1,
            Op::Jump => {
                let target = (pc as isize + 1 + i.to_sj()) as usize;
                if target <= last && target > jump_target {
                    jump_target = target;
                }
                false
            }
            _ => writes_a(op) && i.a() == register,
        };
        if changes {
            found = if pc < jump_target { None } else { Some(pc) };
        }
        pc += 1;
    }
    found
}

/// Whether the instruction's only effect on registers is to set `R[a]`.
fn writes_a(op: Op) -> bool {
    !matches!(
        op,
        Op::SetUpvalue
            | Op::SetUpvalueField
            | Op::SetUpvalueFieldConst
            | Op::SetTable
            | Op::SetTableConst
            | Op::SetField
            | Op::SetFieldConst
            | Op::SetIndex
            | Op::SetIndexConst
            | Op::SetList
            | Op::Jump
            | Op::Loop
            | Op::Close
            | Op::Test
            | Op::Eq
            | Op::EqConst
            | Op::Lt
            | Op::LtConst
            | Op::GtConst
            | Op::Le
            | Op::LeConst
            | Op::GeConst
            | Op::Return
            | Op::Return0
            | Op::Return1
            | Op::Extra
    )
}

/// The method that `IsType` stands for.
fn is_method() -> Name {
    Name { kind: "method", name: "is".to_owned() }
}

/// How the function running in the callee of this Lua frame was called: the name its caller gives it.
///
/// # Safety
/// The frame must be a valid Lua frame whose `pc` was saved.
pub(crate) unsafe fn called_name(frame: *const Frame) -> Option<Name> {
    // SAFETY: the caller's promise.
    let (code, pc) = unsafe { position(frame) };
    let i: Instruction = code.instructions[pc];
    let metamethod = |event: Event| Some(Name { kind: "metamethod", name: event.name().to_owned() });
    match i.op() {
        Op::Call | Op::TailCall | Op::CallType => describe_register(code, pc, i.a()),
        Op::IsType => Some(is_method()),
        Op::ForCall => Some(Name { kind: "for iterator", name: "for iterator".to_owned() }),
        Op::GetField | Op::GetIndex | Op::GetTable | Op::GetUpvalueField | Op::Method => {
            metamethod(Event::Index)
        }
        Op::SetField
        | Op::SetFieldConst
        | Op::SetIndex
        | Op::SetIndexConst
        | Op::SetTable
        | Op::SetTableConst
        | Op::SetUpvalueField
        | Op::SetUpvalueFieldConst => metamethod(Event::NewIndex),
        Op::Neg => metamethod(Event::Neg),
        Op::BNot => metamethod(Event::BNot),
        Op::Len => metamethod(Event::Len),
        Op::Concat => metamethod(Event::Concat),
        Op::Eq => metamethod(Event::Eq),
        Op::Lt | Op::LtConst | Op::GtConst => metamethod(Event::Lt),
        Op::Le | Op::LeConst | Op::GeConst => metamethod(Event::Le),
        op if is_arithmetic(op) => metamethod(arithmetic_event(op).0),
        _ => None,
    }
}
