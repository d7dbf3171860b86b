//! Development commands that are more than a cargo alias: `cargo xtask <command>`.
//!
//! Not part of what is shipped. Invariant: every command takes the interpreter as an argument, so each can
//! be proven by running the reference interpreter against itself.

#![expect(clippy::print_stdout, reason = "this program reports to a terminal")]

mod arguments;
mod bench;
mod check;
mod conformance;
mod fuzz;
mod gate;
mod grammar;
mod job;
mod official;
mod options;
mod order;
mod schemas;
mod settings;
mod tidy;
mod workspace;

use std::process::ExitCode;

use options::Options;

/// Why a command failed, as a sentence for the person at the terminal.
pub(crate) type Failure = Box<dyn std::error::Error>;

const HELP: &str = "\
cargo xtask <command> [options]        --bin PATH: the interpreter, else the newest build of wippy

  check [--ci] [STEP]                  format, tidy, clippy, tests, docs, no C; --ci: comparisons as well
  tidy                                 rules of this tree that no compiler checks
  gate                                 proof that the build needs no C compiler
  official DIR                         the official Lua 5.3 suite, against lua-testsuite/expected.toml
  conformance [--require-oracle] [TEXT]   lua-testsuite/, in wippy and in lua5.3; TEXT: only such paths
  grammar [--check]                    generate the parser from crates/parser/src/grammar.lalrpop
  arguments [--require-oracle] [GROUP...] chapter 6 with all kinds of arguments, in wippy and in lua5.3
  fuzz programs [--count N] [--seed S]    random programs, in wippy and in lua5.3; --print shows them
  bench [--rounds N] [--suite DIR] [--only TEXT] [--instructions] [--write] INTERPRETER...
                                       benches/ in several interpreters, ratios to the first
  bench actors [--rounds N] [--only NAME] [--most COUNT] [--write]
                                       benches/actors beside Erlang and Go
  schemas [--count N] [--require-oracle]  schemas of types against python's jsonschema, on generated values
  guard [--accept]                     instruction counts of xtask/guard/ against recorded ones
  order BINARY MAP                     what stands together in the release binary: crates/cli/order.ld
  help                                 this text
";

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let command = words.next().unwrap_or_else(|| "help".to_owned());
    if command == "measure" {
        return bench::measure::run(words).unwrap_or_else(|failure| {
            eprintln!("xtask measure: {failure}");
            ExitCode::FAILURE
        });
    }
    let options = Options::new(words);
    let result = match command.as_str() {
        "arguments" => arguments::run(options),
        "official" => official::run(options),
        "conformance" => conformance::run(options),
        "bench" => bench::run(options),
        "guard" => bench::guard::run(options),
        "order" => order::run(options),
        "check" => check::run(options),
        "gate" => gate::run(options),
        "schemas" => schemas::run(options),
        "tidy" => tidy::run(options),
        "fuzz" => fuzz::run(options),
        "grammar" => grammar::run(options),
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(())
        }
        unknown => Err(format!("unknown command '{unknown}'; `cargo xtask help` lists them").into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask {command}: {failure}");
            ExitCode::FAILURE
        }
    }
}
