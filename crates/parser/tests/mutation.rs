//! Broken programs: the same verdict, line and text as the reference implementation gives.
//!
//! Programs are made from `ok/statements.lua` and `ok/expressions.lua` by deleting, replacing, inserting or swapping
//! tokens, or cutting the text off. Where we differ by design, `by_design` says why.

#![expect(clippy::print_stdout, reason = "a test says what it skips")]

mod common;

use std::fs;

use common::{cut, oracle, rounds, verdict};
use wippy_random::Random;

const TOKENS: &[&str] = &[
    "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in", "local",
    "nil", "not", "or", "repeat", "return", "then", "true", "until", "while", "+", "-", "*", "/", "%", "^",
    "#", "==", "~=", "<=", ">=", "<", ">", "=", "(", ")", "{", "}", "[", "]", "::", ";", ":", ",", ".", "..",
    "...", "//", "<<", ">>", "&", "~", "|", "!", "?", "->", "$", "@", "x", "y", "type", "as", "1", "2.5",
    "0x", "3f", "'s'", "'a\nb'", "\"q\\z\"", "\"\\q\"", "[[l]]", "[==[", "f()", "a.b", "--c\n", "\n",
];

/// Why the reference implementation may say something else; `line_text` is the line of its error and the one before.
fn by_design(program: &[u8], reference: &str, line_text: &str) -> Option<&'static str> {
    let scopes =
        ["no visible label", "inside a loop", "outside a vararg", "already defined", "jumps into the scope"];
    if scopes.iter().any(|text| reference.contains(text)) {
        return Some("scopes are the compiler's, which only sees programs that parse");
    }
    let near = reference.rsplit_once(" near ").map_or("", |(_, near)| near);
    if ["':'", "'::'", "'<'", "'!'", "'?'", "'@'", "'as'", "'type'"].contains(&near) {
        return Some("a type may stand here");
    }
    let label = reference.contains("<name> expected") || reference.contains("'::' expected");
    if label && line_text.contains("::") {
        return Some("a cast, where only a label could stand");
    }
    let pieces = cut(program);
    if pieces.contains(&b"as".as_slice()) {
        return Some("a cast; a variable called `as` cannot begin a statement on the line of the one before");
    }
    pieces.contains(&b"type".as_slice()).then_some("an alias, where two names could not stand")
}

fn mutant(random: &mut Random, corpus: &[Vec<u8>]) -> Vec<u8> {
    let mut pieces = cut(&corpus[random.below(corpus.len())]);
    for _ in 0..=random.below(2) {
        let tokens: Vec<usize> =
            (0..pieces.len()).filter(|&at| !pieces[at].iter().all(u8::is_ascii_whitespace)).collect();
        if tokens.is_empty() {
            break;
        }
        let at = tokens[random.below(tokens.len())];
        match random.below(10) {
            0 | 1 => drop(pieces.remove(at)),
            2..=4 => pieces[at] = random.pick(TOKENS).as_bytes(),
            5..=7 => {
                let token = random.pick(TOKENS).as_bytes();
                pieces.splice(at..at, [token, b" "]);
            }
            8 => pieces.truncate(at),
            _ => pieces.swap(at, tokens[random.below(tokens.len())]),
        }
    }
    pieces.concat()
}

#[test]
fn errors_are_those_of_the_reference_implementation() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/ok/");
    let corpus: Vec<Vec<u8>> = ["statements", "expressions"]
        .iter()
        .map(|name| fs::read(format!("{folder}{name}.lua")).unwrap())
        .collect();
    let mut random = Random::new(53);
    let programs: Vec<Vec<u8>> = (0..rounds(4000)).map(|_| mutant(&mut random, &corpus)).collect();
    let Some(verdicts) = oracle(&programs) else {
        println!("skipped: lua5.3 is not installed");
        return;
    };
    let mut rejected = 0;
    let mut different = Vec::new();
    let mut designed = 0;
    for (program, reference) in programs.iter().zip(&verdicts) {
        rejected += usize::from(reference != b"ok");
        let ours = verdict(program);
        if ours == *reference {
            continue;
        }
        let (reference, ours) = (String::from_utf8_lossy(reference), String::from_utf8_lossy(&ours));
        let line: usize = reference.split(':').next().and_then(|line| line.parse().ok()).unwrap_or(1);
        let text = String::from_utf8_lossy(program);
        let lines: Vec<&str> =
            text.lines().skip(line.saturating_sub(2)).take(if line < 2 { 1 } else { 2 }).collect();
        let line_text = lines.join("\n");
        match by_design(program, &reference, &line_text) {
            Some(_) => designed += 1,
            None => different.push(format!("theirs: {reference}\nours:   {ours}\nline:   {line_text}\n")),
        }
    }
    println!("{} programs, {rejected} rejected, {designed} differ by design", programs.len());
    assert!(different.is_empty(), "{} differ:\n{}", different.len(), different.join("\n"));
    assert!(designed * 10 < programs.len(), "the exceptions are too wide: {designed}");
}

/// The messages of `err/syntax.lua`, which holds plain Lua only.
#[test]
fn golden_errors_are_those_of_the_reference_implementation() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/err/syntax.lua");
    let programs: Vec<Vec<u8>> = fs::read_to_string(path)
        .unwrap()
        .lines()
        .map(|line| line.replace("\\n", "\n").into_bytes())
        .collect();
    let Some(verdicts) = oracle(&programs) else {
        println!("skipped: lua5.3 is not installed");
        return;
    };
    for (program, reference) in programs.iter().zip(verdicts) {
        let (program, ours) = (String::from_utf8_lossy(program), verdict(program));
        assert_eq!(String::from_utf8_lossy(&ours), String::from_utf8_lossy(&reference), "{program}");
    }
}
