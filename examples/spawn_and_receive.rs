//! A process with a module written in Rust, spoken to from Rust.
//!
//! `cargo run --example spawn_and_receive`

#![expect(clippy::print_stdout, reason = "an example prints what it does")]

use std::time::Duration;

use wippy::{Context, LuaStr, Module, Received, Result, Runtime, function};

/// Host state: shared by all processes, reached from natives.
struct App {
    greeting: String,
}

fn greeter() -> Module {
    Module::new("greeter").function(function!("greet", "(name: string) -> string", greet))
}

/// `greeter.greet(name)`: the configured greeting, addressed to `name`.
fn greet(cx: &mut Context<'_>, name: LuaStr) -> Result<String> {
    let name = String::from_utf8_lossy(&name.0).into_owned();
    Ok(format!("{}, {name}!", wippy::host::<App>(cx)?.greeting))
}

const SOURCE: &str = r#"
    local greeter = require("greeter")
    local parent = ...
    local msg = process.inbox():receive()           -- suspends this process only
    process.send(parent, "greeted", greeter.greet(msg:payload():data()))
"#;

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let runtime =
        Runtime::builder().workers(4).host(App { greeting: "Hello".into() }).module(greeter()).build()?;
    let program = runtime.compile("greeter.lua", SOURCE)?; // syntax errors surface here
    let mut inbox = runtime.inbox()?; // a mailbox owned by Rust
    let child = runtime.spawn(&program, (&inbox,)).memory_limit_bytes(1 << 20).monitor(&inbox).start()?;
    runtime.send(child, "greet", "Ada")?;

    match inbox.receive(Duration::from_secs(1))? {
        Received::Message(message) => println!("{}: {}", message.topic(), message.decode::<String>()?),
        Received::Exit { pid, reason } => eprintln!("{} stopped: {reason}", runtime.pid_text(pid)),
        Received::TimedOut => eprintln!("no answer within one second"),
    }
    runtime.shutdown(Duration::from_secs(5))?;
    Ok(())
}
