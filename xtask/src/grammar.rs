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
    let fingerprint = fingerprint(&fs::read(&grammar)?);
    Ok(format!(
        "//! The LR(1) parser generated from `grammar.lalrpop` by `cargo xtask grammar`; edit that, never this.\n\
         //!\n\
         //! Invariant: made from the grammar whose fingerprint is {fingerprint:016x}; a test of this crate compares it.\n\n\
         {parser}"
    ))
}

/// FNV-1a over the text without carriage returns; `crates/parser/tests/grammar.rs` computes the same.
fn fingerprint(text: &[u8]) -> u64 {
    let bytes = text.iter().filter(|&&byte| byte != b'\r');
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
