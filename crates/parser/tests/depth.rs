//! Nesting is limited and fast to refuse; chains to the left are not limited.

mod common;

use std::time::{Duration, Instant};

use common::error_of;
use wippy_parser::ast::StatementKind;
use wippy_parser::visit::{Visitor, walk};
use wippy_parser::{Bump, Interner, parse, print::print};

fn repeated(start: &str, part: &str, times: usize, end: &str, close: &str) -> Vec<u8> {
    [start, &part.repeat(times), end, &close.repeat(times)].concat().into_bytes()
}

/// What nests: start, what is repeated, middle, what is repeated to close it; how often the reference implementation
/// allows it.
const NESTS: &[(&str, &str, &str, &str, usize)] = &[
    ("x=", "(", "1", ")", 197),
    ("x=", "{", "1", "}", 197),
    ("", "do ", "", " end", 199),
    ("", "f(", "", ")", 199),
    ("x=", "a..", "a", "", 197),
    ("x=", "- ", "a", "", 197),
    ("x=", "not ", "a", "", 197),
    ("x=", "a^", "a", "", 197),
    ("x=", "a+(", "a", ")", 98),
    ("", "while a do ", "", " end", 198),
    ("", "if a then ", "", " end", 198),
    ("", "if a then else ", "", " end", 198),
    ("", "repeat ", "", " until a", 199),
    ("a", ",a", "=1", "", 198),
];

#[test]
fn nesting_is_limited_as_in_the_reference_implementation() {
    for &(start, part, end, close, allowed) in NESTS {
        assert_eq!(error_of(&repeated(start, part, allowed, end, close)), None, "{part}");
        let error = error_of(&repeated(start, part, allowed + 1, end, close)).expect(part);
        assert!(error.to_string().starts_with("too many C levels (limit is 200) in "), "{part}: {error}");
    }
}

#[test]
fn the_innermost_function_is_named() {
    let error = error_of(&repeated("\n\nfunction f()\n x=", "(", 300, "1", ")")).unwrap();
    assert_eq!(error.to_string(), "too many C levels (limit is 200) in function at line 3 near '('");
    let error = error_of(&repeated("x=", "(", 300, "1", ")")).unwrap();
    assert_eq!(error.to_string(), "too many C levels (limit is 200) in main function near '('");
}

#[test]
fn deep_nesting_is_refused_at_once() {
    let more = [
        ("", "function f() ", "", " end"),
        ("x=", "function() x=", "1", " end"),
        ("x=", "a[", "1", "]"),
        ("x=", "f{", "1", "}"),
        ("x=", "{a=", "1", "}"),
        ("", "for i=1,2 do ", "", " end"),
        ("local x: ", "(", "A", ")"),
        ("local x: ", "{", "A", "}"),
        ("local x: ", "A<", "B", ">"),
        ("local x: ", "() -> ", "A", ""),
        ("local x: ", "fun(): ", "A", ""),
        ("local x: A | ", "() -> A | ", "A", ""),
        ("local x: ", "<T: ", "A", ">"),
        ("local x: A", "?", "", ""),
        ("local x: A", "[]", "", ""),
        ("local x: A", "[A", "", "]"),
        ("local x: A", "@a", "", ""),
        ("local x: A", "@a(b as A", "", ")"),
        ("local x: ", "typeof(", "a", ")"),
        ("local x: ", "keyof(", "a", ")"),
        ("x = a :: ", "typeof(b :: ", "A", ")"),
    ];
    let nests = NESTS.iter().map(|&(start, part, end, close, _)| (start, part, end, close));
    for (start, part, end, close) in nests.chain(more) {
        let program = repeated(start, part, 100_000, end, close);
        let began = Instant::now();
        let error = error_of(&program).unwrap_or_else(|| panic!("{part} is accepted"));
        assert!(error.to_string().contains("too many C levels"), "{part}: {error}");
        assert!(began.elapsed() < Duration::from_secs(1), "{part}");
    }
}

struct Count(usize);

impl Visitor<'_> for Count {
    fn expression(&mut self, _: &wippy_parser::ast::Expression<'_>) {
        self.0 += 1;
    }
}

#[test]
fn left_chains_are_not_limited() {
    const TIMES: usize = 30_000;
    for (start, part, each) in [
        ("x = 1", "+1", 2),
        ("x = a", " and a", 2),
        ("x = a", ".b", 1),
        ("x = a", "[1]", 2),
        ("x = a", "()", 1),
        ("a", "'s'", 2),
        ("x = a", ":b()", 1),
        ("x = a", "!", 1),
        ("x = a", " as A", 1),
        ("x = a", "-b*c", 4),
    ] {
        let program = repeated(start, part, TIMES, "", "");
        let arena = Bump::new();
        let mut interner = Interner::new();
        let chunk = parse(&program, &arena, &mut interner).unwrap_or_else(|error| panic!("{part}: {error}"));
        let mut count = Count(0);
        walk(&chunk, &mut count);
        assert!(count.0 > each * TIMES && count.0 <= each * TIMES + 2, "{part}: {}", count.0);
        assert!(print(&chunk, &interner).len() > TIMES);
    }
}

#[test]
fn long_lists_are_not_limited() {
    for (start, part, end) in [
        ("x = {", "1,", "}"),
        ("f(1", ",1", ")"),
        ("if a then ", "elseif b then ", "end"),
        ("", "x = 1\n", ""),
        ("", ";", ""),
        ("local x: A", "|A", ""),
        ("local x: A", "&A", ""),
        ("local x: {", "a: A,", "}"),
        ("interface A ", "a: A ", "end"),
    ] {
        assert_eq!(error_of(&repeated(start, part, 30_000, end, "")), None, "{part}");
    }
}

#[test]
fn the_statement_after_a_deep_one_starts_afresh() {
    let deep = repeated("x=", "(", 150, "1", ")");
    let program = [deep.clone(), b" ".to_vec(), deep].concat();
    let arena = Bump::new();
    let chunk = parse(&program, &arena, &mut Interner::new()).unwrap();
    assert!(matches!(chunk.block.statements[1].kind, StatementKind::Assign(_)));
}
