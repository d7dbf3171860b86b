//! Programs that are long in one direction: compile time and memory stay linear, nothing overflows.

use std::fmt::Write;

use wippy_vm::bytecode::instruction::Op;
use wippy_vm::bytecode::prototype::Prototype;
use wippy_vm::compile::compile_source;

fn has(prototype: &Prototype, op: Op) -> bool {
    prototype.main().code.iter().any(|instruction| instruction.op() == op)
}

fn chain_of_elseif(arms: usize) -> String {
    let mut source = "local x = 1 if x == 0 then x = 1\n".to_owned();
    for i in 0..arms {
        let _ = writeln!(source, "elseif x == {i} then x = {i}");
    }
    source + "end"
}

#[test]
fn a_long_chain_of_elseif() {
    super::compile(chain_of_elseif(45_000).as_bytes());
}

#[test]
fn a_structure_longer_than_a_jump() {
    let error =
        compile_source(chain_of_elseif(200_000).as_bytes(), b"=c").expect_err("the jumps are too long");
    assert!(error.to_string().contains("control structure too long near"), "{error}");
    let error = compile_source(format!("while x do {} end", "x = y ".repeat(1 << 18)).as_bytes(), b"=c");
    assert!(
        error.expect_err("the jumps are too long").to_string().contains("control structure too long near")
    );
}

#[test]
fn long_chains_of_operators() {
    let folded = super::compile(format!("local a = 1{} return a", "+1".repeat(1_000_000)).as_bytes());
    assert_eq!(folded.main().code.len(), 3);
    super::compile(format!("local a = 1 local b = a{}", "+a".repeat(300_000)).as_bytes());
    super::compile(format!("local a, b = ... local x = a{}", " and b".repeat(120_000)).as_bytes());
    super::compile(format!("local a, b = ... if a{} then f() end", " or b".repeat(120_000)).as_bytes());
    super::compile(format!("local a = ... return a{}", " < a".repeat(100_000)).as_bytes());
}

#[test]
fn long_chains_of_suffixes() {
    super::compile(format!("return a{}", ".b".repeat(200_000)).as_bytes());
    super::compile(format!("return a{}", "()".repeat(200_000)).as_bytes());
    super::compile(format!("return a{}", ":b()".repeat(100_000)).as_bytes());
    super::compile(format!("return a{}", "[1]".repeat(100_000)).as_bytes());
}

#[test]
fn many_statements() {
    super::compile(
        "local x, y = 1, 2\n"
            .chars()
            .chain("x = y + 1\nfoo.bar(x, y)\n".repeat(50_000).chars())
            .collect::<String>()
            .as_bytes(),
    );
}

#[test]
fn a_large_table() {
    let items = (0..1_000_000).map(|i| (i % 70_000).to_string()).collect::<Vec<_>>().join(",");
    let prototype = super::compile(format!("return {{{items}}}").as_bytes());
    assert!(has(&prototype, Op::NewTableX) && has(&prototype, Op::LoadConst));
}

#[test]
fn more_constants_than_a_short_operand_holds() {
    let items = (0..100_000).map(|i| format!("'s{i}'")).collect::<Vec<_>>().join(",");
    let prototype = super::compile(
        format!("local t = {{{items}}} t.x = t.y x = y t:m() return t == 'z', t + 0.5").as_bytes(),
    );
    assert!(has(&prototype, Op::LoadConstX) && !has(&prototype, Op::Method));
}

#[test]
fn many_labels_and_gotos() {
    let mut source = String::new();
    for i in 0..30_000 {
        let _ = writeln!(source, "goto l{i}");
    }
    for i in 0..30_000 {
        let _ = writeln!(source, "::l{i}::");
    }
    super::compile(source.as_bytes());
}

#[test]
fn many_breaks_and_loops() {
    super::compile(format!("while x do {} end", "if x then break end ".repeat(50_000)).as_bytes());
    super::compile("while x do if x then break end end ".repeat(30_000).as_bytes());
}

#[test]
fn one_long_line_and_many_short_ones() {
    super::compile("x = 1 ".repeat(100_000).as_bytes());
    super::compile(("\n".repeat(1_000_000) + "x = 1").as_bytes());
}

#[test]
fn loops_longer_than_their_jumps() {
    let body = "x = y ".repeat(20_000);
    for (head, after) in [
        ("for i = 1, 2 do ", Op::ForLoopInt),
        ("for i = 1, n, 2 do ", Op::ForLoop),
        ("for k, v in pairs(t) do ", Op::ForNext),
        ("while x do ", Op::Loop),
        ("repeat local z = x f(function() return z end) ", Op::Loop),
    ] {
        let end = if head.starts_with("repeat") { "until x" } else { "end" };
        let prototype = super::compile(format!("{head}{body} if x then break end {end} x = 1").as_bytes());
        assert!(has(&prototype, after));
    }
}
