//! No input makes the parser, the walk or the printer panic. `WIPPY_FUZZ=n` runs longer.

mod common;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};

use common::{cut, rounds};
use wippy_parser::ast::Expression;
use wippy_parser::visit::{Visitor, walk};
use wippy_parser::{Bump, Interner, SyntaxError, parse, print::print};
use wippy_random::Random;

struct Nothing;

impl Visitor<'_> for Nothing {
    fn expression(&mut self, expression: &Expression<'_>) {
        assert!(expression.span.start < expression.span.end);
    }
}

fn survive(source: &[u8], arena: &mut Bump) -> bool {
    let mut interner = Interner::new();
    let accepted = match parse(source, arena, &mut interner) {
        Ok(chunk) => {
            walk(&chunk, &mut Nothing);
            assert!(print(&chunk, &interner).ends_with('\n'));
            true
        }
        Err(error) => {
            check_error(source, &error);
            false
        }
    };
    arena.reset();
    accepted
}

fn check_error(source: &[u8], error: &SyntaxError) {
    assert!(!error.message().is_empty());
    assert!(error.line().0 >= 1);
    assert!(error.span().start <= error.span().end && error.span().end.index() <= source.len());
}

/// Runs `survive` and says what did not.
fn check(source: &[u8], seed: u64, arena: &mut Bump) -> bool {
    catch_unwind(AssertUnwindSafe(|| survive(source, arena)))
        .unwrap_or_else(|_| panic!("seed {seed}: {:?}", String::from_utf8_lossy(source)))
}

const TOKENS: &[&str] = &[
    "and",
    "break",
    "do",
    "else",
    "elseif",
    "end",
    "false",
    "for",
    "function",
    "goto",
    "if",
    "in",
    "local",
    "nil",
    "not",
    "or",
    "repeat",
    "return",
    "then",
    "true",
    "until",
    "while",
    "+",
    "-",
    "*",
    "/",
    "%",
    "^",
    "#",
    "==",
    "~=",
    "<=",
    ">=",
    "<",
    ">",
    "=",
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    "::",
    ";",
    ":",
    ",",
    ".",
    "..",
    "...",
    "//",
    "<<",
    ">>",
    "&",
    "~",
    "|",
    "!",
    "?",
    "?:",
    "->",
    "$",
    "@",
    "@a",
    "@a(",
    "x",
    "y",
    "A",
    "B",
    "type",
    "export",
    "interface",
    "as",
    "typeof",
    "typeof(",
    "keyof(",
    "fun(",
    "asserts",
    "is",
    "readonly",
    "1",
    "2.5",
    "0x",
    "3f",
    "'s'",
    "'a\nb'",
    "\"\\q\"",
    "[[l]]",
    "[==[",
    "[=",
    "--",
    "--[[",
    "\n",
    "\r\n",
    "\0",
    "\u{e9}",
    "f(x)",
    "a.b",
    "local x: ",
    "function f(",
    "type T = ",
    "interface I ",
    "x = ",
    "if x then ",
    "for i = 1, 2 do ",
    "::l::",
];

#[test]
fn soups_of_tokens() {
    let mut arena = Bump::new();
    let mut accepted = 0;
    for seed in 0..rounds(60_000) as u64 {
        let mut random = Random::new(seed + 1);
        let mut soup = String::new();
        for _ in 0..=random.below(16) {
            soup += random.pick(TOKENS);
            soup += random.pick(&[" ", " ", " ", "", "\n"]);
        }
        accepted += usize::from(check(soup.as_bytes(), seed, &mut arena));
    }
    assert!(accepted > 0);
}

#[test]
fn bytes_changed() {
    let names = ["statements", "expressions", "annotations", "words"];
    let corpus: Vec<Vec<u8>> = names
        .iter()
        .map(|n| fs::read(format!("{}/tests/ok/{n}.lua", env!("CARGO_MANIFEST_DIR"))).unwrap())
        .collect();
    let corpus: Vec<Vec<&[u8]>> = corpus.iter().map(|program| cut(program)).collect();
    let mut arena = Bump::new();
    for seed in 0..rounds(40_000) as u64 {
        let mut random = Random::new(seed + 1);
        let pieces = &corpus[random.below(corpus.len())];
        let start = random.below(pieces.len());
        let len = random.below(60);
        let mut source = pieces[start..].iter().take(len).copied().collect::<Vec<_>>().concat();
        for _ in 0..=random.below(3) {
            let at = random.below(source.len() + 1);
            match random.below(4) {
                0 if at < source.len() => drop(source.remove(at)),
                1 if at < source.len() => source[at] = random.bits() as u8,
                2 => source.truncate(at),
                _ => source.insert(at, random.bits() as u8),
            }
        }
        check(&source, seed, &mut arena);
    }
}

#[test]
fn any_bytes() {
    let mut arena = Bump::new();
    for seed in 0..rounds(10_000) as u64 {
        let mut random = Random::new(seed + 1);
        let source: Vec<u8> = (0..random.below(40)).map(|_| random.bits() as u8).collect();
        check(&source, seed, &mut arena);
    }
}
