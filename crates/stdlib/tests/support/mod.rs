//! What several tests need: what a program prints. Asserts nothing itself.

#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use wippy_stdlib::io::{flush_all, redirect_stdout};
use wippy_vm::{LoadMode, Step, Vm};

/// Memory to print into.
#[derive(Clone, Default)]
pub(crate) struct Sink(pub(crate) Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An interpreter with the library that prints into `sink` and is about to run `source`; `stress` collects at every
/// chance.
pub(crate) fn ready(name: &str, source: &[u8], sink: &Sink, stress: bool) -> Vm {
    let mut vm = Vm::default();
    vm.set_stress(stress);
    vm.enter(|cx| -> wippy_vm::Result<()> {
        wippy_stdlib::open(cx)?;
        redirect_stdout(cx, Box::new(sink.clone())).unwrap();
        Ok(())
    })
    .unwrap();
    vm.start(|cx| {
        let chunk = cx.load(source, format!("@{name}").as_bytes(), LoadMode::ANY)?;
        cx.push(chunk);
        Ok(())
    })
    .unwrap_or_else(|error| panic!("{name}: {error}"));
    vm
}

/// What `source` prints when it gets `fuel` at a time; `stress` collects at every chance.
pub(crate) fn printed(name: &str, source: &[u8], fuel: u64, stress: bool) -> String {
    let sink = Sink::default();
    let mut vm = ready(name, source, &sink, stress);
    loop {
        match vm.run(fuel) {
            Step::OutOfFuel => {}
            Step::Finished => break,
            Step::Failed(failure) => panic!("{name}: {failure}\n{}", failure.traceback),
            Step::Parked => panic!("{name}: {}", vm.deadlock()),
        }
    }
    output(&mut vm, &sink)
}

/// What has been printed so far.
pub(crate) fn output(vm: &mut Vm, sink: &Sink) -> String {
    vm.enter(flush_all).unwrap();
    let output = sink.0.lock().unwrap();
    String::from_utf8_lossy(&output).into_owned()
}
