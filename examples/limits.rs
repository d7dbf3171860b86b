//! Limits: a process that wants too much memory and one that never ends harm nobody else.
//!
//! `cargo run --example limits`

#![expect(clippy::print_stdout, reason = "an example prints what it does")]

use std::time::Duration;

use wippy::{Received, Runtime};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = Runtime::builder().workers(2).build()?;
    let mut inbox = runtime.inbox()?;

    let greedy = runtime.compile("greedy.lua", "local t = {} for i = 1, 1e9 do t[i] = {i} end")?;
    runtime.spawn(&greedy, ()).memory_limit_bytes(4 << 20).monitor(&inbox).start()?;
    if let Received::Exit { reason, .. } = inbox.receive(Duration::from_secs(60))? {
        println!("greedy: {reason}");
    }

    let endless = runtime.compile("endless.lua", "while true do end")?;
    let spinning = runtime.spawn(&endless, ()).monitor(&inbox).start()?;
    let quick = runtime.compile("quick.lua", "return 6 * 7")?;
    runtime.spawn(&quick, ()).monitor(&inbox).start()?;
    if let Received::Exit { reason, .. } = inbox.receive(Duration::from_secs(60))? {
        println!("quick, beside an endless loop: {}", reason.decode::<i64>()?);
    }
    runtime.terminate(spinning)?;
    if let Received::Exit { reason, .. } = inbox.receive(Duration::from_secs(60))? {
        println!("endless: {reason}");
    }
    runtime.shutdown(Duration::from_secs(1))?;
    Ok(())
}
