//! Large chunks are parsed and compiled piece by piece: what comes out is what the whole tree gives.

use std::fmt::Write;

use wippy_parser::{Bump, Interner};
use wippy_random::Random;
use wippy_vm::bytecode::disassemble::disassemble;
use wippy_vm::bytecode::prototype::Prototype;
use wippy_vm::compile::{compile, compile_source};

/// The chunk compiled from its whole tree.
fn whole(source: &str) -> Prototype {
    let (arena, mut interner) = (Bump::new(), Interner::new());
    let chunk = wippy_parser::parse(source.as_bytes(), &arena, &mut interner).expect("the program is valid");
    compile(&chunk, &interner, source.as_bytes(), b"=test").expect("the program is valid")
}

#[track_caller]
fn check(source: &str) {
    let pieces = compile_source(source.as_bytes(), b"=test").unwrap_or_else(|error| panic!("{error}"));
    super::check_prototype(&pieces);
    // Declared types are equal to themselves only.
    let same = match pieces.mentions_types() {
        true => disassemble(&pieces) == disassemble(&whole(source)),
        false => pieces == whole(source),
    };
    assert!(same, "pieces and whole differ");
}

/// Statements that remember something from one to the next: locals, labels, gotos, upvalues, what does nothing.
fn statements(random: &mut Random, count: usize) -> String {
    let mut source = String::from("local first, second = 1\n");
    let (mut locals, mut labels) = (2, 0);
    for i in 0..count {
        let _ = match random.below(12) {
            0 if locals < 150 => {
                locals += 1;
                writeln!(source, "local v{locals} = first -- {i}")
            }
            0 | 1 => writeln!(source, "x{i} = {{ first, key = 'text {i}', [{i}] = second }}"),
            2 => writeln!(
                source,
                "function f{i}(a, b) return a + first, function() return second .. b end end"
            ),
            3 => {
                labels += 1;
                writeln!(source, "if first then goto l{labels} end do local gone = {i} end ::l{labels}::")
            }
            4 => writeln!(source, "; ;"),
            5 => writeln!(source, "for i = 1, {i} do if i > first then break end t.x[i] = #'{i}' end"),
            6 => writeln!(source, "for k, v in pairs(t) do\n second = k or v and not first\nend"),
            7 if labels > 0 => writeln!(source, "if second then goto l{} end", 1 + random.below(labels)),
            8 => writeln!(source, "(f or g)(first, {i}):m 'x' {{}}"),
            9 => writeln!(source, "first, t[{i}] = {i}.5, ..."),
            10 => writeln!(source, "repeat local until_here = {i} until until_here == first --[[ {i}\n]]"),
            _ => writeln!(source, "::alone{i}:: ; first = -first ~ {i} << 2"),
        };
    }
    source
}

#[test]
fn pieces_give_the_same_code() {
    for seed in 1..=8 {
        let random = &mut Random::new(seed);
        let count = 500 + random.below(4000);
        let source = statements(random, count);
        let end = random.pick(&["", "return first", "::last:: ;", "return ...;", ";;;; ::a:: ::b::"]);
        check(&(source + end));
    }
}

#[test]
fn types_count_in_the_whole_chunk() {
    let random = &mut Random::new(7);
    let source = format!("local made = Late({{ x = 1 }})\n{}", statements(random, 3000));
    check(&format!("{source}\ntype Late = {{ x: number }}"));
    check(&format!("{source}\ninterface Late x: number end"));
    check(&format!("local held: {{ x: number }} = made\n{source}\nlocal ty = typeof(held)"));
    check(&format!("local held = {{ x = 1 }}\n{source}\nlocal ty: typeof(held) = held\nreturn typeof(ty)"));
    let code = compile_source(format!("{source}\ntype Late = {{ x: number }}").as_bytes(), b"=test");
    assert!(code.expect("the program is valid").mentions_types());
}

#[test]
fn what_is_wrong_is_found_in_every_piece() {
    let random = &mut Random::new(3);
    let (before, after) = (statements(random, 2000), "x = { y }\n".repeat(5000));
    let line = before.lines().count() + 1;
    let wrong = [
        ("x = = 1", "unexpected symbol near '='"),
        ("break", "<break> at line"),
        ("goto nowhere", "no visible label 'nowhere'"),
        ("x = 'open", "unfinished string near ''open'"),
        ("::twice:: x = 1 ::twice::", "label 'twice' already defined"),
        ("local a <const> = 1", "near '<'"),
    ];
    for (statement, message) in wrong {
        let source = format!("{before}{statement}\n{after}");
        let error =
            compile_source(source.as_bytes(), b"=test").expect_err("the program is invalid").to_string();
        assert!(error.contains(message), "{error}");
        if !message.contains("at line") && !message.contains("visible") {
            assert!(error.starts_with(&format!("test:{line}:")), "{error}");
        }
    }
    let source = format!("{before}{after}end");
    let error = compile_source(source.as_bytes(), b"=test").expect_err("the program is invalid").to_string();
    assert!(error.contains("<eof> expected near 'end'"), "{error}");
}
