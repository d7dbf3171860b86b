//! Dumps that someone has tampered with: reading and verifying them ends, with an answer.

use std::env;

use wippy_vm::bytecode::dump::{SIGNATURE, VERSION, dump};
use wippy_vm::bytecode::instruction::{Instruction, Op};
use wippy_vm::bytecode::prototype::{Function, Head, Prototype};
use wippy_vm::bytecode::undump::{UndumpError, undump};
use wippy_vm::bytecode::verify::verify;
use wippy_vm::{LoadMode, Step, Vm};

use wippy_random::Random;

const PROGRAMS: [&str; 4] = [
    include_str!("closures.lua"),
    include_str!("calls.lua"),
    include_str!("loops.lua"),
    include_str!("tables.lua"),
];

#[test]
fn mutated_dumps_are_answered() {
    let rounds = env::var("WIPPY_FUZZ").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(20_000);
    let dumps: Vec<Vec<u8>> = PROGRAMS
        .iter()
        .flat_map(|program| {
            let prototype = super::compile(program.as_bytes());
            [dump(&prototype, false), dump(&prototype, true)]
        })
        .collect();
    let (mut read, mut accepted) = (0, 0);
    for seed in 0..rounds {
        let mut random = Random::new(seed);
        let mut bytes = dumps[random.below(dumps.len())].clone();
        for _ in 0..=random.below(3) {
            let at = random.below(bytes.len());
            match random.below(4) {
                0 => bytes[at] = random.below(256) as u8,
                1 => bytes[at] ^= 1 << random.below(8),
                2 => drop(bytes.remove(at)),
                _ => bytes.insert(at, random.below(256) as u8),
            }
        }
        if let Ok(prototype) = undump(&bytes) {
            read += 1;
            accepted += u64::from(verify(&prototype).is_ok());
            // Whatever was read can be listed and written again.
            let again = undump(&dump(&prototype, false)).expect("a dump can be read");
            assert_eq!(format!("{again:?}"), format!("{prototype:?}"), "seed {seed}");
        }
    }
    assert!(
        read > rounds / 20 && accepted > 0 && accepted < read,
        "mutations reach the verifier: {read}, {accepted}"
    );
}

#[test]
fn prefixes_are_refused() {
    for program in PROGRAMS {
        let bytes = dump(&super::compile(program.as_bytes()), false);
        for length in 0..bytes.len() {
            assert_eq!(undump(&bytes[..length]), Err(UndumpError::Truncated), "length {length}");
        }
    }
}

#[test]
fn deep_nesting_is_refused() {
    // Stripped, without strings: 100,000 functions without code, each with the one before nested in it.
    let mut bytes = [SIGNATURE, &[VERSION, 1, 0, 0xa0, 0x8d, 0x06]].concat();
    for number in 0..100_000 {
        bytes.extend_from_slice(&[0, 0, 2, 0, 0, 0, 0, 0, u8::from(number > 0)]);
    }
    assert_eq!(undump(&bytes), Err(UndumpError::Malformed("functions nested too deeply")));
}

/// The verifier does not follow values, so a loop may count in registers that hold anything.
#[test]
fn loops_over_anything_leave_only_numbers() {
    let index = |register| Instruction::abc(Op::GetIndex, 4, register, 1);
    for (op, kinds) in [
        (Op::ForLoopInt, [Op::NewTable, Op::NewTable, Op::NewTable]),
        (Op::ForLoop, [Op::NewTable, Op::NewTable, Op::NewTable]),
        (Op::ForLoop, [Op::LoadInt, Op::NewTable, Op::NewTable]),
    ] {
        let begin = (0..3).zip(kinds).map(|(register, kind)| Instruction::abc(kind, register, 0, 0));
        for register in 0..4 {
            let mut prototype = Prototype::default();
            let rest = [Instruction::asbx(op, 0, 0), index(register), Instruction::abc(Op::Return0, 0, 0, 0)];
            let code: Vec<Instruction> = begin.clone().chain(rest).collect();
            prototype.push(Function {
                code: &code,
                constants: &[],
                functions: &[],
                upvalues: &[],
                positions: &[],
                locals: &[],
                head: Head {
                    parameters: 0,
                    is_vararg: true,
                    registers: 6,
                    line_defined: 0,
                    last_line_defined: 0,
                },
            });
            let mut vm = Vm::default();
            vm.start(|cx| {
                let chunk = cx.load(&dump(&prototype, true), b"=crafted", LoadMode::ANY)?;
                cx.push(chunk);
                Ok(())
            })
            .expect("the verifier accepts it");
            // Indexing what the loop wrote is an error; indexing a table is none.
            let step = vm.run(1000);
            assert!(matches!(step, Step::Failed(_) | Step::Finished), "{op:?} {register}");
        }
    }
}
