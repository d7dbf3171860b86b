//! Literals and odd bytes: the same value or the same message as the reference implementation gives.

#![expect(clippy::print_stdout, reason = "a test says what it skips")]

mod common;

use common::{oracle, oracle_for, rounds, verdict};
use wippy_parser::ast::{ExpressionKind, StatementKind};
use wippy_parser::{Bump, Interner, parse, strip_shebang};
use wippy_random::Random;

/// Shows the value that a chunk returns, so that equal text means equal value.
const SHOW: &str = r#"(function(value)
    if math.type(value) == "integer" then return string.format("integer %d", value) end
    if value == math.huge then return "float inf" end
    if math.type(value) == "float" then return (string.format("float %s", string.pack(">d", value):gsub(".", function(byte)
        return string.format("%02x", byte:byte())
    end))) end
    return (value:gsub(".", function(byte) return string.format("%02x", byte:byte()) end))
end)(chunk())"#;

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What [`SHOW`] gives for the first value returned, or the message.
fn shown(source: &[u8]) -> String {
    let arena = Bump::new();
    let mut interner = Interner::new();
    let chunk = match parse(source, &arena, &mut interner) {
        Ok(chunk) => chunk,
        Err(error) => {
            let message = [error.line().to_string().as_bytes(), b": ", &error.message()].concat();
            return String::from_utf8_lossy(&message).into_owned();
        }
    };
    match chunk.block.statements {
        [statement] => match statement.kind {
            StatementKind::Return([value]) => match value.kind {
                ExpressionKind::Integer(value) => format!("integer {value}"),
                ExpressionKind::Float(f64::INFINITY) => "float inf".to_owned(),
                ExpressionKind::Float(value) => format!("float {}", hexadecimal(&value.to_be_bytes())),
                ExpressionKind::String(symbol) => hexadecimal(interner.resolve(symbol)),
                _ => "no literal".to_owned(),
            },
            _ => "no return".to_owned(),
        },
        _ => "no statement".to_owned(),
    }
}

fn compare(programs: &[Vec<u8>]) {
    let Some(verdicts) = oracle_for(SHOW, programs) else {
        println!("skipped: lua5.3 is not installed");
        return;
    };
    for (program, expected) in programs.iter().zip(verdicts) {
        assert_eq!(shown(program), String::from_utf8_lossy(&expected), "{}", program.escape_ascii());
    }
}

#[test]
fn random_strings() {
    const PIECES: &[&[u8]] = &[
        b"a",
        b"'",
        b"\"",
        b"\\n",
        b"\\a",
        b"\\\\",
        b"\\'",
        b"\\\"",
        b"\\\n",
        b"\\\r\n",
        b"\\\n\r",
        b"\\z",
        b"\\z \n\r\t ",
        b"\\x41",
        b"\\x4",
        b"\\xfF",
        b"\\0",
        b"\\65",
        b"\\0651",
        b"\\300",
        b"\\255",
        b"\\u{48}",
        b"\\u{20AC}",
        b"\\u{10FFFF}",
        b"\\u{110000}",
        b"\\u{}",
        b"\\u{7",
        b"\\u7",
        b"\\u",
        b"\\q",
        b"\\",
        b"\0",
        b"\n",
        b"\r",
        b"\xff",
        b"\xc3\xa9",
        b"9",
        b"]]",
        b"]=]",
        b"[[",
        b"--",
        b"\x0b",
    ];
    let mut random = Random::new(11);
    let programs: Vec<Vec<u8>> = (0..rounds(6000))
        .map(|_| {
            let (open, close): (&[u8], &[u8]) =
                [(&b"'"[..], &b"'"[..]), (b"\"", b"\""), (b"[[", b"]]"), (b"[=[\n", b"]=]")][random.below(4)];
            let body: Vec<u8> = (0..random.below(6)).flat_map(|_| random.pick(PIECES).to_vec()).collect();
            [b"return ", open, &body, close].concat()
        })
        .collect();
    compare_strings(programs);
}

/// A string that ends early leaves a rest, which makes no literal; only the verdict counts then.
fn compare_strings(programs: Vec<Vec<u8>>) {
    let (literals, others): (Vec<_>, Vec<_>) =
        programs.into_iter().partition(|program| !shown(program).starts_with("no "));
    compare(&literals);
    assert!(literals.len() > others.len());
}

#[test]
fn random_numerals() {
    const PIECES: &[&[u8]] = &[
        b"0",
        b"1",
        b"9",
        b"12345678901234567890",
        b"ffffffff",
        b"a",
        b"E",
        b"e",
        b"p",
        b"P",
        b"x",
        b".",
        b"+",
        b"-",
        b"5",
        b"00",
        b"308",
        b"1023",
        b"1074",
    ];
    let mut random = Random::new(12);
    let programs: Vec<Vec<u8>> = (0..rounds(10_000))
        .map(|_| {
            let start = random.pick(&[&b"0x"[..], b"0X", b"", b"1", b"."]);
            let body: Vec<u8> = (0..=random.below(5)).flat_map(|_| random.pick(PIECES).to_vec()).collect();
            [b"return ", start, &body].concat()
        })
        .filter(|program| !shown(program).starts_with("no "))
        .collect();
    compare(&programs);
}

#[test]
fn odd_bytes() {
    let programs: Vec<Vec<u8>> = [
        &b"\x01"[..],
        b"\xc8",
        b"\xef\xbb\xbfx=1",
        b"#x",
        b"x = = 'a\0b'",
        b"x = 1 'a\\0b'",
        b"x = 1 'a\\tb\\\nc' = 2",
        b"x = 1 [[\r\na\r\nb]]",
        b"'\\\0'",
        b"x\0=1",
        b"\r\n\r\n=",
        b"\n\r\n\r=",
        b"\n\n\r\r=",
        b"x = [[\r\n\r\n",
        b"--[[\r\n]]\r\n=",
        b"--[==[ ]] ]=] ]==] =",
        b"-- c\r=",
        b"--",
        b"--[",
        b"--[=",
        b"x = 1 \x7f",
        b"x = \"\x01\x7f\xff\" =",
        b"x = 0x7fffffffffffffff .. 1e308 =",
        b"goto \xe9",
        b"\xe9 = 1",
        b"x = ~= 1",
        b"x = a ~ = 1",
        b"return\t1\x0b\x0c=",
    ]
    .iter()
    .map(|program| program.to_vec())
    .collect();
    let Some(verdicts) = oracle(&programs) else {
        println!("skipped: lua5.3 is not installed");
        return;
    };
    for (program, expected) in programs.iter().zip(verdicts) {
        assert_eq!(verdict(program).escape_ascii().to_string(), expected.escape_ascii().to_string());
    }
}

#[test]
fn first_lines_that_a_file_may_have() {
    assert_eq!(strip_shebang(b"#!/usr/bin/env wippy\nreturn 1"), b"\nreturn 1");
    assert_eq!(strip_shebang(b"\xef\xbb\xbf# x\r\nreturn 1"), b"\nreturn 1");
    assert_eq!(strip_shebang(b"\xef\xbb\xbfreturn 1"), b"return 1");
    assert_eq!(strip_shebang(b"#"), b"");
    assert_eq!(strip_shebang(b"x = #y"), b"x = #y");
    assert_eq!(strip_shebang(b"# only\n"), b"\n");
    assert_eq!(strip_shebang(b"# x\n\x1bLua"), b"\x1bLua");
    assert_eq!(strip_shebang(b"\n# x"), b"\n# x");
    assert_eq!(strip_shebang(b""), b"");
}
