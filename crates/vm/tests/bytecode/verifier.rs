//! One crafted prototype for each rule of the verifier.

use std::sync::Arc;

use wippy_vm::bytecode::instruction::{Instruction, Op};
use wippy_vm::bytecode::prototype::{Constant, LocalDescription, Position, Prototype, UpvalueDescription};
use wippy_vm::bytecode::verify::{Fault, verify};

/// A function of six registers, one upvalue and the constants nil, 1 and "s".
fn prototype(code: &[Instruction]) -> Prototype {
    Prototype {
        code: code.to_vec(),
        constants: vec![Constant::Nil, Constant::Integer(1), Constant::String(Arc::from(b"s".as_slice()))],
        prototypes: Vec::new(),
        upvalues: vec![UpvalueDescription { name: Arc::default(), in_stack: true, index: 0 }],
        parameters: 0,
        is_vararg: true,
        registers: 6,
        source: Arc::default(),
        line_defined: 0,
        last_line_defined: 0,
        positions: Vec::new(),
        locals: Vec::new(),
    }
}

fn abc(op: Op, a: u8, b: u8, c: u8) -> Instruction {
    Instruction::abc(op, a, b, c)
}

fn jump(op: Op, distance: i32) -> Instruction {
    Instruction::sj(op, distance)
}

const END: Instruction = Instruction::abc(Op::Return0, 0, 0, 0);
const EXTRA: Instruction = Instruction::ax(Op::Extra, 0);

#[track_caller]
fn accept(code: &[Instruction]) {
    assert_eq!(verify(&prototype(code)), Ok(()));
}

#[track_caller]
fn refuse(fault: Fault, pc: usize, code: &[Instruction]) {
    let error = verify(&prototype(code)).expect_err("a rule is broken");
    assert_eq!((error.fault, error.pc), (fault, Some(pc)), "{error}");
}

#[test]
fn code_ends() {
    accept(&[END]);
    accept(&[abc(Op::Move, 0, 1, 0), jump(Op::Loop, -2)]);
    assert_eq!(verify(&prototype(&[])).map_err(|error| error.fault), Err(Fault::Size));
    refuse(Fault::End, 0, &[abc(Op::Move, 0, 1, 0)]);
    refuse(Fault::End, 0, &[jump(Op::Jump, 0)]);
}

#[test]
fn operations_exist() {
    refuse(Fault::Opcode, 0, &[Instruction(0xff), END]);
}

#[test]
fn registers_are_in_range() {
    accept(&[abc(Op::Move, 5, 5, 0), END]);
    refuse(Fault::Register, 0, &[abc(Op::Move, 6, 0, 0), END]);
    refuse(Fault::Register, 0, &[abc(Op::Add, 0, 0, 6), END]);
    refuse(Fault::Register, 0, &[abc(Op::LoadNil, 0, 6, 0), END]);
    refuse(Fault::Register, 0, &[abc(Op::Method, 5, 0, 2), END]);
    refuse(Fault::Register, 0, &[abc(Op::Call, 3, 4, 1), END]);
    refuse(Fault::Register, 0, &[abc(Op::Call, 3, 1, 5), END]);
    accept(&[abc(Op::Call, 3, 3, 4), END]);
    refuse(Fault::Register, 0, &[abc(Op::Vararg, 2, 0, 6), END]);
    refuse(Fault::Register, 0, &[abc(Op::Return, 2, 6, 0)]);
    refuse(Fault::Register, 0, &[abc(Op::SetList, 2, 4, 0), EXTRA, END]);
    refuse(Fault::Register, 0, &[Instruction::asbx(Op::ForPrep, 3, 0), END]);
    refuse(Fault::Register, 0, &[Instruction::asbx(Op::ForLoop, 3, -1), END]);
    let call = [
        Instruction::asbx(Op::ForIn, 0, 0),
        abc(Op::ForCall, 0, 0, 4),
        Instruction::asbx(Op::ForNext, 0, -2),
    ];
    refuse(Fault::Register, 1, &[&call[..], &[END]].concat());
}

#[test]
fn constants_are_in_range_and_of_their_kind() {
    accept(&[abc(Op::GetField, 0, 0, 2), abc(Op::AddRK, 0, 0, 1), abc(Op::SetTableConst, 0, 0, 0), END]);
    refuse(Fault::Constant, 0, &[Instruction::abx(Op::LoadConst, 0, 3), END]);
    refuse(Fault::Constant, 0, &[abc(Op::LoadConstX, 0, 0, 0), Instruction::ax(Op::Extra, 3), END]);
    refuse(Fault::Constant, 0, &[abc(Op::GetField, 0, 0, 1), END]);
    refuse(Fault::Constant, 0, &[abc(Op::AddRK, 0, 0, 2), END]);
    refuse(Fault::Constant, 0, &[abc(Op::AddKR, 0, 0, 0), END]);
    refuse(Fault::Constant, 0, &[abc(Op::SetUpvalueFieldConst, 0, 2, 3), END]);
}

#[test]
fn upvalues_and_prototypes_exist() {
    refuse(Fault::Upvalue, 0, &[abc(Op::GetUpvalue, 0, 1, 0), END]);
    refuse(Fault::Upvalue, 0, &[abc(Op::SetUpvalueField, 1, 2, 0), END]);
    refuse(Fault::Prototype, 0, &[Instruction::abx(Op::Closure, 0, 0), END]);
}

#[test]
fn jumps_land_on_instructions() {
    accept(&[jump(Op::Jump, 1), END, END]);
    refuse(Fault::Jump, 0, &[jump(Op::Jump, 2), END, END]);
    refuse(Fault::Jump, 1, &[END, jump(Op::Jump, -1), END]);
    refuse(Fault::Jump, 0, &[jump(Op::Loop, 0), END]);
    refuse(Fault::Jump, 0, &[jump(Op::Loop, -2), END]);
    refuse(Fault::Jump, 0, &[jump(Op::Jump, 1), abc(Op::NewTableX, 0, 0, 0), EXTRA, END]);
    refuse(Fault::Jump, 0, &[abc(Op::LoadFalseSkip, 0, 0, 0), abc(Op::LoadConstX, 0, 0, 0), EXTRA, END]);
    refuse(Fault::Jump, 0, &[Instruction::asbx(Op::ForPrep, 0, -1), END]);
    refuse(Fault::Jump, 0, &[Instruction::asbx(Op::ForLoop, 0, 9), END]);
}

#[test]
fn extras_stand_where_they_belong() {
    refuse(Fault::Extra, 0, &[EXTRA, END]);
    refuse(Fault::Extra, 0, &[abc(Op::LoadConstX, 0, 0, 0), END]);
    refuse(Fault::Extra, 2, &[abc(Op::NewTableX, 0, 0, 0), EXTRA, EXTRA, END]);
}

#[test]
fn companions_follow() {
    accept(&[abc(Op::Test, 0, 0, 1), jump(Op::Jump, 0), END]);
    refuse(Fault::Sequence, 0, &[abc(Op::Test, 0, 0, 1), END, END]);
    refuse(Fault::Sequence, 0, &[abc(Op::Lt, 0, 0, 1), jump(Op::Loop, -2), END]);
    refuse(Fault::Sequence, 0, &[abc(Op::TailCall, 0, 1, 0), END]);
    refuse(Fault::Sequence, 0, &[abc(Op::TailCall, 0, 1, 0), abc(Op::Return, 1, 0, 0), END]);
    accept(&[abc(Op::TailCall, 0, 1, 0), abc(Op::Return, 0, 0, 0), END]);
    refuse(Fault::Sequence, 0, &[abc(Op::ForCall, 0, 0, 1), END]);
    refuse(Fault::Sequence, 0, &[Instruction::asbx(Op::ForIn, 0, 0), END]);
}

#[test]
fn flags_and_sizes_are_possible() {
    refuse(Fault::Operand, 0, &[abc(Op::Move, 0, 0, 1), END]);
    refuse(Fault::Operand, 0, &[abc(Op::Test, 0, 0, 2), jump(Op::Jump, 0), END]);
    refuse(Fault::Operand, 0, &[abc(Op::Return, 0, 1, 2)]);
    refuse(Fault::Operand, 0, &[abc(Op::NewTable, 0, 40, 0), END]);
    refuse(Fault::Operand, 0, &[abc(Op::Concat, 0, 2, 1), END]);
}

#[test]
fn open_lists_have_one_producer_and_one_consumer() {
    let open = abc(Op::Vararg, 1, 0, 0);
    accept(&[open, abc(Op::Call, 0, 0, 1), END]);
    accept(&[open, abc(Op::Return, 1, 0, 0)]);
    accept(&[open, abc(Op::SetList, 0, 0, 0), EXTRA, END]);
    refuse(Fault::Top, 0, &[open, END]);
    refuse(Fault::Top, 0, &[open, abc(Op::Call, 1, 0, 1), END]);
    refuse(Fault::Top, 0, &[open, abc(Op::Return, 2, 0, 0)]);
    refuse(Fault::Top, 0, &[abc(Op::Call, 0, 0, 1), END]);
    refuse(Fault::Top, 1, &[abc(Op::Move, 0, 0, 0), abc(Op::Return, 0, 0, 0)]);
    refuse(Fault::Top, 2, &[jump(Op::Jump, 1), open, abc(Op::Return, 1, 0, 0)]);
}

#[test]
fn captured_locals_are_closed() {
    let mut capturing = prototype(&[abc(Op::Return, 0, 1, 1)]);
    capturing.prototypes.push(prototype(&[END]));
    assert_eq!(verify(&capturing), Ok(()));
    for code in [END, abc(Op::Return1, 0, 0, 0), abc(Op::Return, 0, 1, 0)] {
        capturing.code = vec![code];
        assert_eq!(verify(&capturing).map_err(|error| error.fault), Err(Fault::Close));
    }
}

#[test]
fn the_frame_is_consistent() {
    let check = |fault: Fault, change: fn(&mut Prototype)| {
        let mut changed = prototype(&[END]);
        changed.prototypes.push(prototype(&[END]));
        changed.prototypes[0].upvalues[0].in_stack = false;
        assert_eq!(verify(&changed), Ok(()));
        change(&mut changed);
        assert_eq!(verify(&changed).map_err(|error| error.fault), Err(fault));
    };
    check(Fault::Size, |p| p.registers = 1);
    check(Fault::Size, |p| p.parameters = 7);
    check(Fault::Size, |p| p.upvalues = vec![p.upvalues[0].clone(); 256]);
    check(Fault::Capture, |p| p.prototypes[0].upvalues[0].index = 1);
    check(Fault::DebugInformation, |p| p.positions = vec![Position::default(); 2]);
    check(Fault::DebugInformation, |p| {
        p.locals.push(LocalDescription { name: Arc::default(), start_pc: 0, end_pc: 2 });
    });
    check(Fault::End, |p| p.prototypes[0].code = vec![abc(Op::Move, 0, 0, 0)]);
}
