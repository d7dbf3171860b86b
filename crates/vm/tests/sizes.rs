//! What things take, in bytes of heap: measured by making many of them.

#![allow(clippy::unwrap_used, reason = "tests")]
#![cfg(not(feature = "check-heap"))]

use wippy_vm::{
    Context, Image, Limits, LoadMode, Native, Outcome, Program, Result, Step, Then, Value, Vm, release_memory,
};

static WAIT: Native = Native { name: "wait", function: wait, signature: "() -> any" };
static CREATE: Native = Native { name: "create", function: create, signature: "(f: any) -> any" };
static RESUME: Native = Native { name: "resume", function: resume, signature: "(co: any) -> any" };
static YIELD: Native = Native { name: "yield", function: yields, signature: "(...any) -> any" };

static BYTES: Native = Native { name: "bytes", function: bytes, signature: "() -> integer" };

fn bytes(cx: &mut Context<'_>) -> Result<Outcome> {
    let bytes = cx.memory().bytes() as i64;
    Ok(cx.returns(bytes))
}

fn wait(cx: &mut Context<'_>) -> Result<Outcome> {
    let (_ticket, outcome) = cx.park(Then::Return);
    Ok(outcome)
}

fn create(cx: &mut Context<'_>) -> Result<Outcome> {
    let co = cx.create_coroutine(cx.get(1))?;
    Ok(cx.returns(co))
}

fn resume(cx: &mut Context<'_>) -> Result<Outcome> {
    let count = cx.len() - 1;
    Ok(cx.resumes(count, true))
}

fn yields(cx: &mut Context<'_>) -> Result<Outcome> {
    let count = cx.len();
    cx.yields(count, Then::Return)
}

fn image() -> std::sync::Arc<Image> {
    Image::build(|cx| {
        let globals = cx.globals();
        for native in [&WAIT, &BYTES, &CREATE, &RESUME, &YIELD] {
            cx.set_field(globals, native.name, native)?;
        }
        Ok(())
    })
    .unwrap()
}

/// Bytes that a value takes which the expression `make` makes from `i`.
#[track_caller]
fn bytes_of(setup: &str, make: &str) -> i64 {
    let mut vm = Vm::with_image(Limits::default(), &image());
    vm.enter(|cx| cx.memory().stop());
    let source = format!(
        "{setup}
        local all = {{}} for i = 1, 10000 do all[i] = false end
        local before = bytes() for i = 1, 10000 do all[i] = {make} end
        return (bytes() - before + 5000) // 10000"
    );
    vm.start(|cx| {
        let chunk = cx.load(source.as_bytes(), b"=sizes", LoadMode::ANY)?;
        cx.push(chunk);
        Ok(())
    })
    .unwrap();
    vm.finish().unwrap();
    vm.results(|cx| match cx.get(1) {
        Value::Integer(bytes) => bytes,
        other => panic!("a {} value", other.type_name()),
    })
}

#[test]
fn small_values_take_what_their_layout_says() {
    for (make, expected) in [
        ("{}", 40),
        ("{x = 1, y = 2}", 40 + 8 + 2 * 24),
        ("{a = 1, b = 2, c = 3, d = 4}", 40 + 8 + 4 * 24),
        ("{1, 2, 3, 4}", 40 + 8 + 4 * 16),
        ("function() return i end", 24 + 32),
        ("i * 2.5", 0),
    ] {
        let bytes = bytes_of("", make);
        // A little for the tables of the heap itself.
        assert!((expected..=expected + 2).contains(&bytes), "{make}: {bytes} bytes, not {expected}");
    }
}

#[test]
fn a_started_and_suspended_coroutine_takes_less_than_500_bytes() {
    let setup = "local function f() yield() end
        local function start(f, ...) local co = create(f) resume(co, ...) return co end";
    let bytes = bytes_of(setup, "start(f)");
    assert!(bytes < 500, "{bytes} bytes");
    let bytes =
        bytes_of(&format!("{setup} local function g(n) for i = 1, n do yield(i) end end"), "start(g, 10)");
    assert!(bytes < 510, "a generator takes {bytes} bytes");
}

#[test]
fn an_idle_interpreter_is_small_and_leaves_nothing() {
    let image = image();
    let program =
        Program::compile(b"local t = {n = 0, name = 'x'} while true do wait() end", b"=idle").unwrap();
    let make = || {
        let mut vm = Vm::with_image(Limits::default(), &image);
        let fresh = vm.memory_bytes();
        vm.start(|cx| {
            let main = cx.load_program(&program);
            cx.push(main);
            Ok(())
        })
        .unwrap();
        assert!(matches!(vm.run(1000), Step::Parked));
        (vm, fresh)
    };
    let (vm, fresh) = make();
    // Of these, 64 are for a value of the host, which would take as much elsewhere.
    assert!(fresh < 1360, "a fresh interpreter takes {fresh} bytes");
    assert!(vm.memory_bytes() < 1760, "an idle one takes {} bytes", vm.memory_bytes());
    drop((0..1000).map(|_| make()).collect::<Vec<_>>());
    release_memory();
}
