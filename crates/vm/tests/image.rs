//! Images: interpreters share them, change their own view of them, and leave others alone.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use wippy_vm::{Context, Image, Limits, LoadMode, NEXT, Native, Outcome, Result, Value, Vm};

static ANSWER: Native = Native { name: "answer", function: answer, signature: "() -> integer" };
static COUNT: Native = Native { name: "count", function: count, signature: "() -> integer" };

fn answer(cx: &mut Context<'_>) -> Result<Outcome> {
    Ok(cx.returns(42))
}

/// Counts its calls in its upvalue.
fn count(cx: &mut Context<'_>) -> Result<Outcome> {
    let Value::Integer(calls) = cx.upvalue(1) else { return Ok(cx.returns_none()) };
    cx.set_upvalue(1, Value::Integer(calls + 1));
    Ok(cx.returns(calls + 1))
}

fn open(cx: &mut Context<'_>) -> Result<()> {
    let globals = cx.globals();
    let library = cx.table(0, 4)?;
    cx.set_field(library, "answer", &ANSWER)?;
    cx.set_field(library, "itself", library)?;
    let items = cx.table(3, 0)?;
    for i in 1..=3 {
        cx.raw_set_integer(items, i, i * 10)?;
    }
    cx.set_field(library, "items", items)?;
    let closure = cx.native_closure(&COUNT, &[Value::Integer(0)]);
    cx.set_field(library, "count", closure)?;
    let frozen = cx.table(0, 1)?;
    cx.set_field(frozen, "x", 1)?;
    frozen.freeze();
    cx.set_field(globals, "frozen", frozen)?;
    cx.set_field(globals, "library", library)?;
    cx.set_field(globals, "next", &NEXT)?;
    cx.set_field(globals, "_G", globals)
}

#[track_caller]
fn run(vm: &mut Vm, source: &str) -> std::result::Result<i64, String> {
    vm.start(|cx| {
        let chunk = cx.load(source.as_bytes(), b"=test", LoadMode::ANY)?;
        cx.push(chunk);
        Ok(())
    })
    .unwrap();
    vm.finish().map_err(|failure| failure.to_string())?;
    Ok(vm.results(|cx| match cx.get(1) {
        Value::Integer(i) => i,
        _ => -1,
    }))
}

fn stressed(image: &Arc<Image>) -> Vm {
    let mut vm = Vm::with_image(Limits::default(), image);
    vm.set_stress(true);
    vm
}

#[test]
fn what_one_interpreter_changes_others_do_not_see() {
    let image = Image::build(open).unwrap();
    let (mut a, mut b) = (stressed(&image), stressed(&image));
    let all = "local n = 0 for k in next, library do n = n + 1 end return n";
    assert_eq!(run(&mut a, all), Ok(4));
    assert_eq!(run(&mut a, "library.more = {7} library.answer = nil new = {1} return #library.items"), Ok(3));
    assert_eq!(
        run(&mut a, "local t = {} for i = 1, 50 do t[i] = {i} end return library.more[1] + new[1]"),
        Ok(8)
    );
    assert_eq!(run(&mut b, "return library.more == nil and new == nil and library.answer()"), Ok(42));
    assert_eq!(run(&mut a, all), Ok(4));
    assert_eq!(run(&mut a, "return library.answer == nil and library.itself == library and 1"), Ok(1));
    assert_eq!(run(&mut a, "library.items[4] = 40 return library.items[4] + #library.items"), Ok(44));
    assert_eq!(run(&mut b, "return library.items[4] == nil and library.items[3]"), Ok(30));
    assert_eq!(run(&mut a, "return library.count() + library.count()"), Ok(3));
    assert_eq!(run(&mut b, "return library.count()"), Ok(1));
    assert_eq!(run(&mut a, "_G[1] = {5} return _G._G[1][1] + library.count()"), Ok(8));
}

/// The registry's natives ask an image's interpreters for its parts as well.
#[test]
fn handles_find_what_is_made_on_demand() {
    let image = Image::build(open).unwrap();
    let mut vm = Vm::with_image(Limits::default(), &image);
    vm.enter(|cx| {
        let globals = cx.globals();
        let Value::Table(library) = cx.field(globals, "library") else { panic!("it is a table") };
        let Value::Table(itself) = cx.field(library, "itself") else { panic!("it is a table") };
        assert!(library.is(itself));
        let mut key = Value::Nil;
        let mut count = 0;
        while let Some((next, value)) = library.next(key).unwrap() {
            assert!(!value.is_nil());
            key = next;
            count += 1;
        }
        assert_eq!(count, 4);
    });
}

#[test]
fn keys_keep_their_order_when_a_table_is_copied() {
    let image = Image::build(open).unwrap();
    let mut vm = stressed(&image);
    let source = "local names, n = {}, 0
        for k in next, library do n = n + 1 names[n] = k end
        local at = 0
        for k in next, library do
            at = at + 1
            if names[at] ~= k then return 0 end
            if at == 2 then library[k] = library[k] end
        end
        return at";
    assert_eq!(run(&mut vm, source), Ok(4));
}

#[test]
fn read_only_images_and_frozen_tables_refuse_to_be_written() {
    let image = Image::build_read_only(open).unwrap();
    let mut vm = stressed(&image);
    for source in [
        "library.x = 1",
        "library.answer = nil",
        "library.items[1] = 2",
        "library.items[4] = 2",
        "frozen.x = 2",
        "library[1] = {}",
    ] {
        let error = run(&mut vm, source).unwrap_err();
        assert!(error.ends_with("attempt to modify a frozen table"), "{source}: {error}");
    }
    assert_eq!(run(&mut vm, "y = {3} _G.z = 4 return y[1] + z + library.answer() + library.count()"), Ok(50));
    let image = Image::build(open).unwrap();
    let mut vm = stressed(&image);
    assert!(run(&mut vm, "frozen.x = 2").is_err());
    assert_eq!(run(&mut vm, "library.x = 2 return frozen.x + library.x"), Ok(3));
    vm.enter(|cx| {
        let globals = cx.globals();
        let Value::Table(library) = cx.field(globals, "library") else { panic!("it is a table") };
        assert!(!library.is_frozen());
        library.freeze();
        assert!(library.is_frozen());
    });
    assert!(run(&mut vm, "library.x = 3").is_err());
    assert_eq!(run(&mut vm, "local t = {} for i = 1, 9 do t = {t} end return library.x"), Ok(2));
}

#[test]
fn interpreters_on_many_threads_share_an_image() {
    let image = Image::build(open).unwrap();
    let threads: Vec<_> = (0..4)
        .map(|n| {
            let image = Arc::clone(&image);
            std::thread::spawn(move || {
                for _ in 0..50 {
                    let mut vm = Vm::with_image(Limits::default(), &image);
                    let source = format!(
                        "library.n = {n} local s = 0 for i = 1, 300 do s = s + library.n end return s"
                    );
                    assert_eq!(run(&mut vm, &source), Ok(300 * n));
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
}

#[test]
fn what_belongs_to_one_interpreter_cannot_be_shared() {
    let refused = Image::build(|cx| {
        let function = cx.load(b"return 1", b"=f", LoadMode::ANY)?;
        let globals = cx.globals();
        cx.set_field(globals, "f", function)
    });
    assert_eq!(refused.unwrap_err().to_string(), "an image cannot hold a Lua function");
    let refused = Image::build(|cx| {
        let globals = cx.globals();
        let object = cx.userdata(Box::new(1_u8), None);
        cx.set_field(globals, "u", object)
    });
    assert!(refused.is_err());
}
