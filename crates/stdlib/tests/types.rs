//! Types as values: the run-time rows of the specification, the guide, and validators against a naive model.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use std::fmt::Write;
use std::path::Path;

use support::printed;
use wippy_random::Random;

fn run_file(name: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/types").join(name);
    let source = std::fs::read_to_string(path).unwrap();
    for (fuel, stress) in [(u64::from(u32::MAX), false), (7, false), (u64::from(u32::MAX), true)] {
        printed(name, source.as_bytes(), fuel, stress);
    }
}

#[test]
fn rows_of_the_specification() {
    run_file("rows.lua");
}

#[test]
fn binding_of_names() {
    run_file("binding.lua");
}

#[test]
fn values_and_operators() {
    run_file("values.lua");
}

#[test]
fn reflection() {
    run_file("reflection.lua");
}

#[test]
fn failures_and_validators() {
    run_file("validation.lua");
}

#[test]
fn types_of_modules() {
    run_file("modules.lua");
}

#[test]
fn documents_read_under_a_type() {
    run_file("decode_as.lua");
}

#[test]
fn yaml_both_ways() {
    run_file("yaml.lua");
}

#[test]
fn schemas_and_parsing() {
    run_file("schema.lua");
}

/// Every block of Lua in the guide runs and prints what its comments `--> text` say, in order.
#[test]
fn the_guide_tells_the_truth() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/types-at-run-time.md");
    let guide = std::fs::read_to_string(path).unwrap();
    let mut blocks = 0;
    for (at, block) in guide.split("```lua\n").skip(1).enumerate() {
        let source = block.split("```").next().unwrap();
        let expected: Vec<&str> =
            source.lines().filter_map(|line| line.split_once("--> ")).map(|(_, text)| text).collect();
        let output = printed(&format!("block {at}"), source.as_bytes(), u64::from(u32::MAX), false);
        assert_eq!(output.lines().collect::<Vec<_>>(), expected, "block {at}:\n{source}");
        blocks += 1;
    }
    assert!(blocks > 5);
}

// ---- a model ----

#[derive(Clone, Debug)]
enum Ty {
    Number,
    Integer,
    String,
    Boolean,
    Nil,
    Any,
    LiteralText(&'static str),
    LiteralInteger(i64),
    Optional(Box<Ty>),
    Union(Vec<Ty>),
    Array(Box<Ty>),
    Map(Box<Ty>, Box<Ty>),
    Record(Vec<(&'static str, bool, Ty)>),
    Min(i64),
    MaxLen(Box<Ty>, usize),
}

#[derive(Clone, Debug)]
enum Val {
    Nil,
    Boolean(bool),
    Integer(i64),
    Float(f64),
    Text(&'static str),
    Table(Vec<Val>, Vec<(&'static str, Val)>),
}

const NAMES: [&str; 4] = ["a", "b", "c", "kind"];
const TEXTS: [&str; 4] = ["", "a", "b", "long text"];

fn random_type(random: &mut Random, depth: u32) -> Ty {
    let limit = if depth == 0 { 9 } else { 15 };
    let inner = |random: &mut Random| Box::new(random_type(random, depth - 1));
    match random.below(limit) {
        0 => Ty::Number,
        1 => Ty::Integer,
        2 => Ty::String,
        3 => Ty::Boolean,
        4 => Ty::Nil,
        5 => Ty::Any,
        6 => Ty::LiteralText(TEXTS[random.below(3)]),
        7 => Ty::LiteralInteger(random.below(3) as i64),
        8 => Ty::Min(random.below(3) as i64),
        9 => Ty::Optional(inner(random)),
        10 => {
            let count = 2 + random.below(3);
            Ty::Union((0..count).map(|_| random_type(random, depth - 1)).collect())
        }
        11 => Ty::Array(inner(random)),
        12 => Ty::Map(inner(random), inner(random)),
        13 => Ty::MaxLen(inner(random), random.below(4)),
        _ => {
            let count = random.below(4);
            let field = |at: usize, random: &mut Random| {
                (NAMES[at], random.below(3) == 0, random_type(random, depth - 1))
            };
            Ty::Record((0..count).map(|at| field(at, random)).collect())
        }
    }
}

fn random_value(random: &mut Random, depth: u32) -> Val {
    match random.below(if depth == 0 { 7 } else { 10 }) {
        0 => Val::Nil,
        1 => Val::Boolean(random.below(2) == 0),
        2 | 3 => Val::Integer(random.below(5) as i64 - 1),
        4 => Val::Float([0.5, 1.0, -2.0][random.below(3)]),
        5 | 6 => Val::Text(TEXTS[random.below(4)]),
        _ => {
            let items = (0..random.below(3)).map(|_| random_value(random, depth - 1));
            let items: Vec<Val> = items.filter(|item| !matches!(item, Val::Nil)).collect();
            let mut fields = Vec::new();
            for name in NAMES {
                if random.below(2) == 0 {
                    let value = random_value(random, depth - 1);
                    if !matches!(value, Val::Nil) {
                        fields.push((name, value));
                    }
                }
            }
            if random.below(2) == 0 { Val::Table(items, Vec::new()) } else { Val::Table(Vec::new(), fields) }
        }
    }
}

fn type_text(ty: &Ty) -> String {
    match ty {
        Ty::Number => "number".into(),
        Ty::Integer => "integer".into(),
        Ty::String => "string".into(),
        Ty::Boolean => "boolean".into(),
        Ty::Nil => "nil".into(),
        Ty::Any => "any".into(),
        Ty::LiteralText(text) => format!("{text:?}"),
        Ty::LiteralInteger(value) => value.to_string(),
        Ty::Optional(inner) => format!("({})?", type_text(inner)),
        Ty::Union(members) => {
            let members: Vec<String> = members.iter().map(|it| format!("({})", type_text(it))).collect();
            members.join(" | ")
        }
        Ty::Array(inner) => format!("{{{}}}", type_text(inner)),
        // A literal text as key would be a field.
        Ty::Map(key, value) => format!("{{[nil | {}]: {}}}", type_text(key), type_text(value)),
        Ty::Record(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|(name, optional, ty)| {
                    format!("{name}{}: {}", if *optional { "?" } else { "" }, type_text(ty))
                })
                .collect();
            format!("{{{}}}", fields.join(", "))
        }
        Ty::Min(least) => format!("any @min({least})"),
        Ty::MaxLen(inner, most) => format!("({}) @max_len({most})", type_text(inner)),
    }
}

fn value_text(value: &Val, out: &mut String) {
    match value {
        Val::Nil => out.push_str("nil"),
        Val::Boolean(value) => write!(out, "{value}").unwrap(),
        Val::Integer(value) => write!(out, "{value}").unwrap(),
        Val::Float(value) => write!(out, "{value:?}").unwrap(),
        Val::Text(text) => write!(out, "{text:?}").unwrap(),
        Val::Table(items, fields) => {
            out.push('{');
            for item in items {
                value_text(item, out);
                out.push_str(", ");
            }
            for (name, value) in fields {
                write!(out, "{name} = ").unwrap();
                value_text(value, out);
                out.push_str(", ");
            }
            out.push('}');
        }
    }
}

/// What the rules say, word for word.
fn accepts(ty: &Ty, value: &Val) -> bool {
    match (ty, value) {
        (Ty::Any, _) => true,
        (Ty::Number, Val::Integer(_) | Val::Float(_)) => true,
        (Ty::Integer, Val::Integer(_)) => true,
        (Ty::Integer, Val::Float(value)) => value.fract() == 0.0,
        (Ty::String, Val::Text(_)) | (Ty::Boolean, Val::Boolean(_)) | (Ty::Nil, Val::Nil) => true,
        (Ty::LiteralText(text), Val::Text(value)) => text == value,
        (Ty::LiteralInteger(literal), Val::Integer(value)) => literal == value,
        (Ty::LiteralInteger(literal), Val::Float(value)) => *literal as f64 == *value,
        (Ty::Optional(_), Val::Nil) => true,
        (Ty::Optional(inner), value) => accepts(inner, value),
        (Ty::Union(members), value) => {
            // A record whose tag is known is not tried as another one, which cannot make a difference.
            members.iter().any(|member| accepts(member, value))
        }
        (Ty::Array(inner), Val::Table(items, fields)) => {
            fields.is_empty() && items.iter().all(|item| accepts(inner, item))
        }
        (Ty::Map(key, inner), Val::Table(items, fields)) => {
            let positions = items
                .iter()
                .zip(1..)
                .all(|(item, at)| accepts(key, &Val::Integer(at)) && accepts(inner, item));
            positions
                && fields.iter().all(|(name, value)| accepts(key, &Val::Text(name)) && accepts(inner, value))
        }
        (Ty::Record(declared), Val::Table(_, fields)) => {
            declared.iter().all(|(name, optional, ty)| match fields.iter().find(|(field, _)| field == name) {
                Some((_, value)) => accepts(ty, value),
                None => *optional || accepts(ty, &Val::Nil),
            })
        }
        (Ty::Min(least), Val::Integer(value)) => value >= least,
        (Ty::Min(least), Val::Float(value)) => *value >= *least as f64,
        (Ty::Min(_), _) => true,
        (Ty::MaxLen(inner, most), value) => {
            let short = match value {
                Val::Text(text) => text.len() <= *most,
                Val::Table(items, _) => items.len() <= *most,
                _ => true,
            };
            accepts(inner, value) && short
        }
        _ => false,
    }
}

#[test]
fn validators_agree_with_a_naive_model() {
    let seed = 0x9e37_79b9_7f4a_7c15;
    let mut random = Random::new(seed);
    let mut source = String::new();
    let mut expected = String::new();
    for case in 0..1500 {
        let ty = random_type(&mut random, 3);
        writeln!(source, "do type T{case} = {}", type_text(&ty)).unwrap();
        for _ in 0..6 {
            let value = random_value(&mut random, 3);
            let mut text = String::new();
            value_text(&value, &mut text);
            // All ways of asking agree, and there is a reason exactly if the answer is no.
            writeln!(
                source,
                "do local v = {text} local r, e = T{case}:is(v) assert(rawequal(r, v) or e ~= nil)
                assert((e == nil) == pcall(T{case}, v)) assert((#T{case}:check(v) == 0) == (e == nil))
                io.write(e == nil and '1' or '0') end"
            )
            .unwrap();
            expected.push(if accepts(&ty, &value) { '1' } else { '0' });
        }
        source.push_str("end\n");
        if case % 50 == 49 {
            let answers = printed("model", source.as_bytes(), u64::from(u32::MAX), false);
            let first = answers.bytes().zip(expected.bytes()).position(|(a, b)| a != b);
            assert!(answers == expected, "seed {seed:#x}, case {case}, answer {first:?} of\n{source}");
            source.clear();
            expected.clear();
        }
    }
}
