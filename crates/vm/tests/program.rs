//! Shared programs: compiled once, run by many interpreters, gone with the last of them.

#![allow(clippy::unwrap_used, reason = "tests")]

use wippy_vm::{Limits, LoadMode, Program, Value, Vm};

fn start(vm: &mut Vm, program: &Program) {
    vm.start(|cx| {
        let main = cx.load_program(program);
        cx.push(main);
        Ok(())
    })
    .unwrap();
}

#[track_caller]
fn integer(vm: &mut Vm) -> i64 {
    vm.finish().unwrap();
    vm.results(|cx| match cx.get(1) {
        Value::Integer(i) => i,
        other => panic!("a {} value", other.type_name()),
    })
}

const SOURCE: &[u8] = b"
    counter = counter or 0
    local point = {first_field = 1, second_field = 2}
    local function make(n) return function() counter = counter + n return counter end end
    local f, g = make(point.first_field), make(point['second_' .. 'field'])
    local text = 'a constant that is longer than the strings which are interned'
    return f() + g() + #text";

#[test]
fn interpreters_share_code_but_no_state() {
    let program = Program::compile(SOURCE, b"=shared").unwrap();
    let mut vms: Vec<Vm> = (0..3).map(|_| Vm::new(Limits::default())).collect();
    for vm in &mut vms {
        vm.set_stress(true);
    }
    for round in 0..3 {
        for vm in &mut vms {
            start(vm, &program);
            assert_eq!(integer(vm), 6 * round + 1 + 3 + 61);
        }
    }
    // What refers to constants outlives the handle.
    drop(program);
    for vm in &mut vms {
        vm.start(|cx| {
            let chunk = cx.load(b"return counter", b"=own", LoadMode::ANY)?;
            cx.push(chunk);
            Ok(())
        })
        .unwrap();
        assert_eq!(integer(vm), 9);
    }
}

#[test]
fn threads_run_the_same_program_at_the_same_time() {
    let program = Program::compile(SOURCE, b"=shared").unwrap();
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let program = program.clone();
            std::thread::spawn(move || {
                for _ in 0..100 {
                    let mut vm = Vm::new(Limits::default());
                    start(&mut vm, &program);
                    assert_eq!(integer(&mut vm), 65);
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
}

#[test]
fn constants_of_other_programs_are_the_same_strings() {
    let writer = Program::compile(b"shared_table = {some_field = 1} return 0", b"=a").unwrap();
    let reader = Program::compile(b"return shared_table.some_field", b"=b").unwrap();
    let mut vm = Vm::new(Limits::default());
    start(&mut vm, &writer);
    assert_eq!(integer(&mut vm), 0);
    drop(writer);
    start(&mut vm, &reader);
    assert_eq!(integer(&mut vm), 1);
}

#[test]
fn what_does_not_compile_or_verify_is_refused() {
    assert_eq!(
        Program::compile(b"x =", b"@f.lua").unwrap_err().to_string(),
        "f.lua:1: unexpected symbol near <eof>"
    );
    assert!(Program::compile(b"\x1bnonsense", b"=x").is_err());
    let mut vm = Vm::new(Limits::default());
    let binary = vm.enter(|cx| {
        let function = cx.load(b"return 7", b"=x", LoadMode::ANY).unwrap();
        cx.dump(function, false).expect("it mentions no types")
    });
    let program = Program::compile(&binary, b"=x").unwrap();
    start(&mut vm, &program);
    assert_eq!(integer(&mut vm), 7);
}
