//! Lua alone, with a module written in Rust: no processes, no threads.
//!
//! `cargo run --example native_module`

use std::collections::BTreeMap;

use wippy::{Context, Error, Interpreter, Module, Result, function};

/// `words.count(text)`: how often each word occurs.
fn count(_: &mut Context<'_>, text: String) -> Result<BTreeMap<String, i64>> {
    let mut counts = BTreeMap::new();
    for word in text.split_whitespace() {
        *counts.entry(word.to_lowercase()).or_insert(0) += 1;
    }
    Ok(counts)
}

/// `words.nth(text, n)`: the n-th word; an error if there are fewer.
fn nth(_: &mut Context<'_>, text: String, n: usize) -> Result<String> {
    let word = n.checked_sub(1).and_then(|n| text.split_whitespace().nth(n));
    word.map(str::to_owned).ok_or_else(|| Error::message(format!("there is no word {n}")))
}

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let words = Module::new("words")
        .function(function!("count", "(text: string) -> {[string]: integer}", count))
        .function(function!("nth", "(text: string, n: integer) -> string", nth));
    let mut lua = Interpreter::new();
    lua.enter(|cx| words.open(cx))?;
    lua.run(
        br#"
            local words = require("words")
            local text = "the quick fox and the lazy dog"
            print("the occurs " .. words.count(text).the .. " times; the second word is " .. words.nth(text, 2))
            print(pcall(words.nth, text, 12))
            print(pcall(words.nth, text, "last"))
        "#,
        "@example.lua",
        &[],
    )?;
    lua.close();
    Ok(())
}
