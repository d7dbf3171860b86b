//! `cargo xtask grammar`: generates the parser from its grammar; `--check` only says whether that changes anything.
//!
//! LALRPOP judges the grammar, makes the automaton and writes the actions; what it wrote is read again here, the
//! automaton is made smaller and faster, and `crates/parser/src/driver.rs` runs it. The generated file is committed, so
//! that building wippy needs no generator.
//! Invariant: the same grammar and generator give the same file, byte for byte.

mod automaton;
mod packing;
mod print;
mod text;

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
    let source = fs::read_to_string(scratch.path().join("grammar.rs"))?;
    let parser = text::Parser::read(&source)
        .map_err(|what| format!("the parser that LALRPOP wrote looks different: {what}"))?;
    let fingerprint = fingerprint(&fs::read(&grammar)?);
    print::file(&parser, &automaton::Automaton::of(&parser), fingerprint)
}

/// FNV-1a over the text without carriage returns; `crates/parser/tests/grammar.rs` computes the same.
fn fingerprint(text: &[u8]) -> u64 {
    let bytes = text.iter().filter(|&&byte| byte != b'\r');
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
