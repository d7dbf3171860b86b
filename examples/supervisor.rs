//! A supervisor starts a worker again each time it fails, and gives up when that happens too often.
//!
//! `cargo run --example supervisor`

#![expect(clippy::print_stdout, reason = "an example prints what it does")]

use std::time::Duration;

use wippy::{Received, Runtime};

const WORKER: &str = r#"
    local parent = ...
    process.send(parent, "started", process.pid())
    error("as always")
"#;

const ROOT: &str = r#"
    local parent = ...
    return require("supervisor").run{
        strategy = "one_for_one", intensity = 2, period = "10s",
        children = {{id = "worker", entry = "worker.lua", args = {parent}}},
    }
"#;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = Runtime::builder().program("worker.lua", WORKER).build()?;
    let root = runtime.compile("root.lua", ROOT)?;
    let mut inbox = runtime.inbox()?;
    runtime.spawn(&root, (&inbox,)).monitor(&inbox).start()?;
    loop {
        match inbox.receive(Duration::from_secs(10))? {
            Received::Message(message) => println!("{}", message.topic()),
            Received::Exit { reason, .. } => {
                println!("supervisor: {reason}");
                break;
            }
            Received::TimedOut => break,
        }
    }
    runtime.shutdown(Duration::from_secs(1))?;
    Ok(())
}
