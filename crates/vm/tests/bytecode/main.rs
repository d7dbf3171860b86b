//! Bytecode: listings of small programs, the verifier's rules, hostile dumps, and compile time.
//!
//! Nothing here runs code. `UPDATE_EXPECT=1` rewrites the listings (`.asm` beside `.lua`); `WIPPY_FUZZ=100000` sets how
//! many mutated dumps are tried.

mod errors;
mod hostile;
mod listings;
mod long_programs;
mod pieces;
mod random_programs;
mod verifier;

use wippy_vm::bytecode::dump::dump;
use wippy_vm::bytecode::prototype::Prototype;
use wippy_vm::bytecode::undump::undump;
use wippy_vm::bytecode::verify::verify;
use wippy_vm::compile::compile_source;

/// Compiles a program that must be valid, and checks what holds for every prototype.
#[track_caller]
fn compile(source: &[u8]) -> Prototype {
    let prototype = compile_source(source, b"=test").unwrap_or_else(|error| panic!("{error}"));
    check_prototype(&prototype);
    prototype
}

/// The verifier accepts it, it survives a round trip through bytes, and its debug information is consistent.
#[track_caller]
fn check_prototype(prototype: &Prototype) {
    if let Err(error) = verify(prototype) {
        panic!("{error}\n{}", wippy_vm::bytecode::disassemble::disassemble(prototype));
    }
    // Types have no binary form.
    if !prototype.mentions_types() {
        let read = undump(&dump(prototype, false)).expect("a dump can be read");
        assert!(read == *prototype, "a dump says the same as its prototype");
    }
    check_debug_information(prototype);
}

/// Every instruction has a line, and locals begin in the order in which registers are given to them.
#[track_caller]
fn check_debug_information(prototype: &Prototype) {
    for function in prototype.functions() {
        assert_eq!(function.positions.len(), function.code.len());
        assert!(function.positions.iter().all(|position| position.line > 0));
        let mut active: Vec<u32> = Vec::new();
        for local in function.locals {
            // A local that begins while another is active ends no later than that one.
            active.retain(|&end_pc| end_pc > local.start_pc);
            assert!(active.iter().all(|&end_pc| local.end_pc <= end_pc), "scopes are nested");
            active.push(local.end_pc);
            assert!(active.len() <= usize::from(function.head.registers));
        }
    }
}
