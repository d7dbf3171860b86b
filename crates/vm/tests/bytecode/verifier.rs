//! One crafted prototype for each rule of the verifier.

use wippy_vm::bytecode::instruction::{Instruction, Op};
use wippy_vm::bytecode::prototype::{
    Constant, Function, Head, LocalDescription, Position, Prototype, Text, UpvalueDescription,
};
use wippy_vm::bytecode::verify::{Fault, verify};

/// A function of six registers, one upvalue and the constants nil, 1 and "s".
const FUNCTION: Function<'_> = Function {
    code: &[END],
    constants: &[Constant::Nil, Constant::Integer(1), Constant::String(Text(0))],
    functions: &[],
    upvalues: &[UpvalueDescription { name: Text::NONE, in_stack: true, index: 0 }],
    positions: &[],
    locals: &[],
    head: Head { parameters: 0, is_vararg: true, registers: 6, line_defined: 0, last_line_defined: 0 },
};

/// A chunk of these functions.
fn chunk(functions: &[Function<'_>]) -> Prototype {
    let mut prototype = Prototype::default();
    prototype.strings.push(b"s");
    for function in functions {
        prototype.push(*function);
    }
    prototype
}

fn prototype(code: &[Instruction]) -> Prototype {
    chunk(&[Function { code, ..FUNCTION }])
}

const fn abc(op: Op, a: u8, b: u8, c: u8) -> Instruction {
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
    let capturing = |end: Instruction| {
        let code = &[end];
        verify(&chunk(&[FUNCTION, Function { code, functions: &[0], ..FUNCTION }]))
    };
    assert_eq!(capturing(abc(Op::Return, 0, 1, 1)), Ok(()));
    for end in [END, abc(Op::Return1, 0, 0, 0), abc(Op::Return, 0, 1, 0)] {
        assert_eq!(capturing(end).map_err(|error| error.fault), Err(Fault::Close));
    }
}

#[test]
fn the_frame_is_consistent() {
    let inner = Function {
        upvalues: &[UpvalueDescription { name: Text::NONE, in_stack: false, index: 0 }],
        ..FUNCTION
    };
    let outer = Function { functions: &[0], ..FUNCTION };
    assert_eq!(verify(&chunk(&[inner, outer])), Ok(()));
    let check = |fault: Fault, functions: [Function<'_>; 2]| {
        assert_eq!(verify(&chunk(&functions)).map_err(|error| error.fault), Err(fault));
    };
    let with = |head: Head| [inner, Function { head, ..outer }];
    check(Fault::Size, with(Head { registers: 1, ..outer.head }));
    check(Fault::Size, with(Head { parameters: 7, ..outer.head }));
    check(Fault::Size, [inner, Function { upvalues: &[FUNCTION.upvalues[0]; 256], ..outer }]);
    let beyond = UpvalueDescription { name: Text::NONE, in_stack: false, index: 1 };
    check(Fault::Capture, [Function { upvalues: &[beyond], ..inner }, outer]);
    check(Fault::DebugInformation, [inner, Function { positions: &[Position::default(); 2], ..outer }]);
    let late = LocalDescription { name: Text::NONE, start_pc: 0, end_pc: 2 };
    check(Fault::DebugInformation, [inner, Function { locals: &[late], ..outer }]);
    check(Fault::End, [Function { code: &[abc(Op::Move, 0, 0, 0)], ..inner }, outer]);
    assert_eq!(verify(&Prototype::default()).map_err(|error| error.fault), Err(Fault::Size));
}
