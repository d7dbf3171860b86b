//! A type printed and read again is the same type, for types made at random.

use wippy_random::Random;
use wippy_typecheck::parse_type;

fn atom(random: &mut Random) -> String {
    random
        .pick(&[
            "any",
            "nil",
            "string",
            "A",
            "m.B",
            "T",
            "true",
            "1",
            "-2",
            "2.5",
            "\"s\\0\"",
            "'\\'q'",
            "{}",
            "self",
            "fun",
            "readonly {A}",
            "A @int",
            "A @min(-1, {x = 1, 2, [3] = nil})",
        ])
        .to_owned()
}

/// A type that is parenthesised or printed bare, as the dice fall, wherever both are allowed.
fn ty(random: &mut Random, depth: u32) -> String {
    if depth == 0 {
        return atom(random);
    }
    let inner = |random: &mut Random| ty(random, depth - 1);
    let closed = |random: &mut Random| format!("({})", ty(random, depth - 1));
    match random.below(14) {
        0 => format!("{}?", closed(random)),
        1 => format!("{}[]", closed(random)),
        2 => format!("{}[{}]", closed(random), inner(random)),
        3 => format!("{{{}}}", inner(random)),
        4 => format!("{{[{}]: {}}}", closed(random), inner(random)),
        5 => format!("{{a: {}, b?: {}; readonly c: {},}}", inner(random), inner(random), inner(random)),
        6 => format!("{} | {}", closed(random), closed(random)),
        7 => format!("{} & {} & {}", closed(random), closed(random), atom(random)),
        8 => format!("{} | {} & {}", atom(random), closed(random), closed(random)),
        9 => {
            format!("({}, x?: {}, ...{}) -> {}", closed(random), inner(random), inner(random), inner(random))
        }
        10 => format!("<T: {} = {}>(T) -> ({}, T, ...T)", inner(random), inner(random), inner(random)),
        11 => format!("fun(x: {}): {}", inner(random), inner(random)),
        12 => format!("Map< {}, {}>", inner(random), inner(random)),
        _ => format!("keyof({}) @check(\"x\")", inner(random)),
    }
}

#[test]
fn printed_types_read_back() {
    for seed in 1..=3000u64 {
        let mut random = Random::new(seed);
        let depth = 1 + random.below(4) as u32;
        let text = ty(&mut random, depth);
        let first = parse_type(&text).unwrap_or_else(|error| panic!("seed {seed}: {text}: {error}"));
        let printed = first.to_string();
        let second = parse_type(&printed).unwrap_or_else(|error| panic!("seed {seed}: {printed}: {error}"));
        assert_eq!(first, second, "seed {seed}: {text} printed as {printed}");
        assert_eq!(printed, second.to_string());
    }
}
