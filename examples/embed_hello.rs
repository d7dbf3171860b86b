//! The smallest embedding: run a chunk, read a value.
//!
//! `cargo run --example embed_hello`

#![expect(clippy::print_stdout, reason = "an example prints what it does")]

use wippy::{Interpreter, Stop};

fn main() -> Result<(), Stop> {
    let mut lua = Interpreter::new();
    lua.run(b"greeting = 'Hello from ' .. _VERSION", "=hello", &[])?;
    println!("{}", lua.eval_text("greeting")?);
    Ok(())
}
