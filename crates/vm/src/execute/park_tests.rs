//! Tests of parking: natives of their own, no library.

use crate::{Context, Library, LoadMode, Outcome, Result, Step, Then, Ticket, Value, Vm};

static LIBRARY: Library = crate::library!(
    "test",
    [
        ("spawn", spawn, "(f: any) -> any"),
        ("ask", ask, "(what: any) -> any"),
        ("keep", keep, "(value: any) -> integer"),
        ("log", log, "(what: any)"),
        ("yield", yield_, "(...any)"),
        ("pcall", pcall, "(f: any, ...any) -> (boolean, ...any)"),
        ("create", create, "(f: any) -> any"),
        ("resume", resume, "(co: any, ...any) -> (boolean, ...any)"),
        ("status", status, "(co: any) -> string"),
        ("collect", collect, "()"),
    ]
);

struct Log(Vec<String>);

fn spawn(cx: &mut Context<'_>) -> Result<Outcome> {
    cx.truncate(1);
    Ok(cx.spawns())
}

fn ask(cx: &mut Context<'_>) -> Result<Outcome> {
    let what = text(cx.get(1));
    Ok(cx.operation(Box::new(what), Then::Return))
}

fn keep(cx: &mut Context<'_>) -> Result<Outcome> {
    let ticket = cx.anchor(cx.get(1));
    Ok(cx.returns(ticket.number() as i64))
}

fn log(cx: &mut Context<'_>) -> Result<Outcome> {
    let what = text(cx.get(1));
    cx.host::<Log>().expect("set").0.push(what);
    Ok(cx.returns_none())
}

fn yield_(cx: &mut Context<'_>) -> Result<Outcome> {
    let count = cx.len();
    cx.yields(count, Then::Return)
}

fn pcall(cx: &mut Context<'_>) -> Result<Outcome> {
    let count = cx.len() - 1;
    Ok(cx.protected_call(count, false))
}

fn create(cx: &mut Context<'_>) -> Result<Outcome> {
    let co = cx.create_coroutine(cx.get(1))?;
    Ok(cx.returns(co))
}

fn resume(cx: &mut Context<'_>) -> Result<Outcome> {
    let count = cx.len() - 1;
    Ok(cx.resumes(count, true))
}

fn status(cx: &mut Context<'_>) -> Result<Outcome> {
    let Value::Coroutine(co) = cx.get(1) else { return Err(cx.type_error(1, "thread")) };
    let name = cx.name(cx.coroutine_status(co));
    Ok(cx.returns(name))
}

fn collect(cx: &mut Context<'_>) -> Result<Outcome> {
    Ok(cx.collect(crate::Collection::Full, Then::Return))
}

fn text(value: Value<'_>) -> String {
    match value {
        Value::String(text) => text.to_string_lossy().into_owned(),
        Value::Integer(integer) => integer.to_string(),
        Value::Boolean(boolean) => boolean.to_string(),
        other => other.type_name().to_owned(),
    }
}

fn start(source: &str) -> Vm {
    let mut vm = Vm::default();
    vm.set_stress(true);
    vm.set_host(Log(Vec::new()));
    vm.enter(|cx| LIBRARY.install(cx, cx.globals())).expect("room");
    vm.start(|cx| {
        let chunk = cx.load(source.as_bytes(), b"=test", LoadMode::ANY)?;
        cx.push(chunk);
        Ok(())
    })
    .expect("compiles");
    vm
}

fn logged(vm: &mut Vm) -> String {
    vm.enter(|cx| cx.host::<Log>().expect("set").0.join(" "))
}

fn asked(vm: &mut Vm) -> Vec<(Ticket, String)> {
    let text = |request: Box<dyn std::any::Any + Send>| *request.downcast::<String>().expect("a text");
    vm.take_operations().into_iter().map(|operation| (operation.ticket, text(operation.request))).collect()
}

fn answer(vm: &mut Vm, ticket: Ticket, value: i64) -> bool {
    vm.enter(|cx| {
        cx.push(1);
        let woken = cx.wake(ticket, &[Value::Integer(value), Value::Boolean(true)]);
        assert!(matches!(cx.get(1), Value::Integer(1)), "the context's slots stay in place");
        woken
    })
}

/// Runs in small slices until everything waits or has ended.
fn run(vm: &mut Vm) -> Step {
    loop {
        match vm.run(3) {
            Step::OutOfFuel => {}
            step => return step,
        }
    }
}

#[test]
fn the_main_coroutine_parks_and_goes_on_with_what_it_is_given() {
    let mut vm = start("local a, b = ask('x') log(a) log(b) return a + 1");
    assert!(matches!(run(&mut vm), Step::Parked));
    assert!(matches!(vm.run(10), Step::Parked));
    let asked = asked(&mut vm);
    assert_eq!(asked[0].1, "x");
    assert_eq!(vm.outstanding(), 1);
    assert!(answer(&mut vm, asked[0].0, 41));
    assert!(!answer(&mut vm, asked[0].0, 42), "a ticket is answered once");
    assert!(matches!(run(&mut vm), Step::Finished));
    assert_eq!(logged(&mut vm), "41 true");
    vm.results(|cx| assert!(matches!(cx.get(1), Value::Integer(42))));
}

#[test]
fn a_spawned_coroutine_runs_until_it_waits_and_then_its_spawner() {
    let mut vm = start(
        "local co = spawn(function() log('child') spawn(function() log('grandchild') ask(1) log('gc2') end)
            log('child2') ask(2) log('child3') end)
         log('main') log(status(co)) log(resume(co)) ask(3) log(status(co)) log('end')",
    );
    assert!(matches!(run(&mut vm), Step::Parked));
    assert_eq!(logged(&mut vm), "child grandchild child2 main suspended false");
    let asked = asked(&mut vm);
    for n in [1, 0, 2] {
        assert!(answer(&mut vm, asked[n].0, 0));
    }
    assert!(matches!(run(&mut vm), Step::Finished));
    assert_eq!(
        logged(&mut vm),
        "child grandchild child2 main suspended false child3 gc2 dead end",
        "the run queue is in the order of waking"
    );
}

#[test]
fn a_nested_coroutine_parks_with_all_that_wait_for_it() {
    let mut vm = start(
        "local inner
         local outer = create(function()
            inner = create(function() local v = ask('x') log(v) yield('y') log('again') ask('z') end)
            log(select == nil) local ok, v = resume(inner) log(v) resume(inner)
            return 'done'
         end)
         spawn(function() ask('other') log(status(outer)) log(status(inner)) log(resume(inner)) end)
         local ok, result = pcall(resume, outer)
         log(result)",
    );
    assert!(matches!(run(&mut vm), Step::Parked));
    let asked1 = asked(&mut vm);
    assert_eq!(format!("{} {}", asked1[0].1, asked1[1].1), "other x");
    assert!(answer(&mut vm, asked1[0].0, 1));
    assert!(matches!(run(&mut vm), Step::Parked));
    assert_eq!(logged(&mut vm), "true normal normal false");
    assert!(answer(&mut vm, asked1[1].0, 7));
    assert!(matches!(run(&mut vm), Step::Parked));
    assert_eq!(logged(&mut vm), "true normal normal false 7 y again");
    let asked2 = asked(&mut vm);
    assert!(answer(&mut vm, asked2[0].0, 7));
    assert!(matches!(run(&mut vm), Step::Finished));
    assert_eq!(logged(&mut vm), "true normal normal false 7 y again true");
}

#[test]
fn a_bare_yield_gives_others_their_turn_once_there_are_others() {
    let mut vm = start(
        "log(pcall(yield)) spawn(function() log('a') yield() log('b') end) log('c') yield(1, 2) log('d')",
    );
    assert!(matches!(run(&mut vm), Step::Finished));
    assert_eq!(logged(&mut vm), "false a c b d");
}

#[test]
fn an_error_in_a_spawned_coroutine_is_the_programs() {
    let mut vm = start("spawn(function()\n ask(1) local x = nil + 1 end) pcall(ask, 2)");
    assert!(matches!(run(&mut vm), Step::Parked));
    let asked = asked(&mut vm);
    assert!(answer(&mut vm, asked[0].0, 1));
    let Step::Failed(failure) = run(&mut vm) else { panic!("it fails") };
    assert_eq!(failure.to_string(), "test:2: attempt to perform arithmetic on a nil value");
    assert!(!answer(&mut vm, asked[1].0, 1) || vm.outstanding() == 0);
}

#[test]
fn a_wake_can_raise() {
    let mut vm = start("log(pcall(ask, 1)) local ok, e = pcall(ask, 2) log(ok) log(e)");
    run(&mut vm);
    for _ in 0..2 {
        let ticket = asked(&mut vm)[0].0;
        vm.enter(|cx| {
            let text = cx.string(b"no").expect("room");
            assert!(cx.wake_with_error(ticket, text));
        });
        run(&mut vm);
    }
    assert_eq!(logged(&mut vm), "false false no");
}

#[test]
fn a_deadlock_names_the_lines() {
    let mut vm = start("spawn(function()\n ask(1) end)\n\nask(2)");
    let failure = vm.finish().expect_err("nobody answers");
    assert_eq!(
        failure.to_string(),
        "deadlock: all 2 coroutines blocked\n  test:4: main coroutine waits in global 'ask'\n  \
         test:2: coroutine waits in global 'ask'"
    );
}

#[test]
fn what_main_leaves_behind_is_forgotten() {
    let mut vm = start("spawn(function() ask(1) log('never') end) keep({}) return 1");
    assert!(matches!(run(&mut vm), Step::Finished));
    let ticket = asked(&mut vm)[0].0;
    vm.start(|cx| {
        let chunk = cx.load(b"collect() ask(5)", b"=again", LoadMode::ANY)?;
        cx.push(chunk);
        Ok(())
    })
    .expect("compiles");
    assert!(!answer(&mut vm, ticket, 1));
    assert!(matches!(run(&mut vm), Step::Parked));
    assert_eq!(vm.waiting().len(), 1);
    assert_eq!(logged(&mut vm), "");
}

#[test]
fn many_coroutines_wait_and_go_on() {
    let mut vm = start(
        "local n = 0 for i = 1, 20000 do spawn(function() local v = ask(i) n = n + v end) end log(n) ask(0) log(n)",
    );
    vm.set_stress(false);
    assert!(matches!(run(&mut vm), Step::Parked));
    for (ticket, _) in asked(&mut vm) {
        assert!(answer(&mut vm, ticket, 1));
    }
    assert!(matches!(run(&mut vm), Step::Finished));
    assert_eq!(logged(&mut vm), "0 20000");
}
