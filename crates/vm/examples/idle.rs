//! What an idle interpreter takes: makes many that run a shared program up to a wait, then ends them.
//!
//! `cargo run --release -p wippy-vm --example idle -- 100000`

#![expect(clippy::print_stdout, reason = "this program reports to a terminal")]

use std::time::Instant;

use wippy_vm::{Context, Image, Limits, Native, Outcome, Program, Result, Step, Then, Vm};

static WAIT: Native = Native { name: "wait", function: wait, signature: "() -> any" };

const WORKER: &[u8] = b"
    local function loop()
        local record = {n = 0, name = 'worker'}
        while true do
            wait()
            record.n = record.n + 1
        end
    end
    loop()";

fn wait(cx: &mut Context<'_>) -> Result<Outcome> {
    let (_ticket, outcome) = cx.park(Then::Return);
    Ok(outcome)
}

/// Resident bytes of this OS process.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = status.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0_usize);
    pages * 4096
}

fn main() -> Result<()> {
    let count: usize = std::env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(100_000);
    let image = Image::build(|cx| {
        let globals = cx.globals();
        cx.set_field(globals, "_G", globals)?;
        cx.set_field(globals, "wait", &WAIT)
    })?;
    let program = Program::compile(WORKER, b"=idle")?;
    for round in 1..=3 {
        let before = resident();
        let start = Instant::now();
        let mut all: Vec<Vm> = Vec::with_capacity(count);
        for _ in 0..count {
            let mut vm = Vm::with_image(Limits::default(), &image);
            vm.start(|cx| {
                let main = cx.load_program(&program);
                cx.push(main);
                Ok(())
            })?;
            let step = vm.run(1000);
            assert!(matches!(step, Step::Parked), "it waits");
            all.push(vm);
        }
        let made = start.elapsed();
        let peak = resident();
        let counted = all.first().map_or(0, Vm::memory_bytes);
        let start = Instant::now();
        drop(all);
        let ended = start.elapsed();
        println!(
            "round {round}: {} resident bytes each, {counted} counted; made in {} ns, ended in {} ns; {} bytes each stay",
            peak.saturating_sub(before) / count,
            made.as_nanos() as usize / count,
            ended.as_nanos() as usize / count,
            resident().saturating_sub(before) / count,
        );
    }
    Ok(())
}
