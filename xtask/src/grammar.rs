//! `cargo xtask grammar`: generates the parser from its grammar; `--check` only says whether that changes anything.
//!
//! The generated file is committed, so that building wippy needs no generator.
//! Invariant: the same grammar and generator give the same file, byte for byte.

use std::fs;

use crate::Failure;
use crate::options::Options;
use crate::workspace::{self, Scratch};

const GRAMMAR: &str = "crates/parser/src/grammar.lalrpop";
const GENERATED: &str = "crates/parser/src/grammar.rs";

/// Runs the command.
pub(crate) fn run(mut options: Options) -> Result<(), Failure> {
    let check = options.flag("--check");
    options.finish()?;
    let generated = generate()?;
    let path = workspace::root().join(GENERATED);
    let current = fs::read_to_string(&path).unwrap_or_default();
    if current == generated {
        println!("{GENERATED} is up to date");
        return Ok(());
    }
    if check {
        return Err(format!("{GENERATED} is not what {GRAMMAR} gives: run `cargo xtask grammar`").into());
    }
    fs::write(&path, generated)?;
    println!("{GENERATED} written");
    Ok(())
}

/// The text of the generated file.
fn generate() -> Result<String, Failure> {
    let grammar = workspace::root().join(GRAMMAR);
    let scratch = Scratch::new("grammar")?;
    lalrpop::Configuration::new()
        .set_out_dir(scratch.path())
        .emit_rerun_directives(false)
        .force_build(true)
        .log_quiet()
        .process_file(&grammar)
        .map_err(|error| format!("{GRAMMAR}: {error}"))?;
    let parser = fs::read_to_string(scratch.path().join("grammar.rs"))?;
    let units = units(&parser)?;
    // The parser's own loop stands in for the one of the library, with the same face.
    let parser = parser
        .replace("extern crate lalrpop_util as __lalrpop_util;", "use crate::driver as __lalrpop_util;");
    let fingerprint = fingerprint(&fs::read(&grammar)?);
    Ok(format!(
        "//! The LR(1) parser generated from `grammar.lalrpop` by `cargo xtask grammar`; edit that, never this.\n\
         //!\n\
         //! Invariant: made from the grammar whose fingerprint is {fingerprint:016x}; a test of this crate compares it.\n\n\
         {parser}\n\
         /// For each reduction that only renames a symbol the nonterminal it makes, -1 for all others.\n\
         pub(crate) const UNITS: &[i16] = &{units:?};\n"
    ))
}

/// Finds the reductions `A = B` whose action hands on what it is given, in the text of a generated parser.
fn units(parser: &str) -> Result<Vec<i16>, Failure> {
    let body = |name: &str| {
        let start = parser.find(&format!("fn {name}<"))?;
        parser[start..].split("\n}").next()
    };
    let mut units = Vec::new();
    while let Some(start) = parser.find(&format!("fn __reduce{}<", units.len())) {
        let text = &parser[start..];
        let text = &text[..text.find("\n    }").ok_or("a reduction without an end")?];
        units.push(unit(text, body).unwrap_or(-1));
    }
    if units.is_empty() {
        return Err("the generated parser looks different: no reductions found".into());
    }
    Ok(units)
}

/// The nonterminal that the reduction `text` makes, if it hands on its only symbol unchanged.
fn unit<'p>(text: &str, body: impl Fn(&str) -> Option<&'p str>) -> Option<i16> {
    let between = |text: &'_ str, before: &str, after: &str| -> Option<String> {
        let (_, rest) = text.split_once(before)?;
        rest.split_once(after).map(|(found, _)| found.trim().to_owned())
    };
    if text.matches("__pop_Variant").count() != 1 {
        return None;
    }
    let taken = between(text, "__pop_Variant", "(")?;
    let made = between(text, "__Symbol::Variant", "(__nt)")?;
    let (_, nonterminal) = text.rsplit_once("(1, ")?;
    let action = body(&format!("__action{}", between(text, "super::__action", "::")?))?;
    let (_, statements) = action.rsplit_once("\n{")?;
    let argument = between(action, "(_, ", ", _): ")?;
    let hands_on = taken == made && action.matches("(_, ").count() == 1 && statements.trim() == argument;
    hands_on.then(|| nonterminal.split_once(')')?.0.parse().ok()).flatten()
}

/// FNV-1a over the text without carriage returns; `crates/parser/tests/grammar.rs` computes the same.
fn fingerprint(text: &[u8]) -> u64 {
    let bytes = text.iter().filter(|&&byte| byte != b'\r');
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
