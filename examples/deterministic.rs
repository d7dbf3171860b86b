//! Processes without threads, in virtual time: the same seed gives the same interleaving, so a failure can be repeated.
//!
//! `cargo run --example deterministic`

#![expect(clippy::print_stdout, reason = "an example prints what it does")]

use std::time::Duration;

use wippy::{Received, Runtime};

const RACER: &str = r#"
    local parent, name = ...
    for _ = 1, 3 do process.send(parent, "step", name) end
    require("time").sleep("1h")                     -- virtual time: takes no time at all
    process.send(parent, "step", name .. "!")
"#;

fn race(seed: u64) -> Result<String, Box<dyn std::error::Error>> {
    let mut runtime = Runtime::builder().deterministic(seed)?;
    let racer = runtime.compile("racer.lua", RACER)?;
    let mut inbox = runtime.inbox()?;
    for name in ["a", "b", "c"] {
        runtime.spawn(&racer, (&inbox, name)).start()?;
    }
    runtime.run_until_idle();
    runtime.advance(Duration::from_secs(3600));
    let mut order = String::new();
    while let Received::Message(message) = inbox.receive(Duration::ZERO)? {
        order += &message.decode::<String>()?;
    }
    Ok(order)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for seed in 1..=3 {
        let order = race(seed)?;
        assert_eq!(order, race(seed)?);
        println!("seed {seed}: {order}");
    }
    Ok(())
}
