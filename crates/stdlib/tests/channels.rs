//! The channel cases of the conformance suite while everything is collected at every opportunity.

use wippy_vm::{LoadMode, Step, Vm};

#[test]
fn channels_under_the_stress_collector() {
    let source = include_str!("../../../lua-testsuite/wippy/channel.lua");
    // As many collections as instructions: a tenth of the coroutines will do.
    let source = source.replace("10000", "100").replace("5000", "50");
    for fuel in [1, 7, 100_000] {
        let mut vm = Vm::default();
        vm.enter(wippy_stdlib::open).expect("no limit");
        vm.set_stress(true);
        vm.start(|cx| {
            let chunk = cx.load(source.as_bytes(), b"@channel.lua", LoadMode::ANY)?;
            cx.push(chunk);
            Ok(())
        })
        .expect("the case compiles");
        loop {
            match vm.run(fuel) {
                Step::OutOfFuel => {}
                Step::Finished => break,
                Step::Parked => panic!("{}", vm.deadlock()),
                Step::Failed(failure) => panic!("{failure}\n{}", failure.traceback),
            }
        }
    }
}
