//! What applications find: the safe libraries, read-only, with their additions; log lines and the terminal through
//! hosts of their owner.

use std::io;
use std::sync::{Arc, Mutex};

use wippy_stdlib::logger::{HostLog, Level, LogSink, Record};
use wippy_stdlib::terminal::{HostTerminal, Output, Terminal};
use wippy_stdlib::{application, modules};
use wippy_vm::{Limits, LoadMode, Step, Vm};

#[derive(Default)]
struct Recorder(Mutex<Vec<String>>);

impl LogSink for Recorder {
    fn wants(&self, level: Level) -> bool {
        level >= Level::Info
    }

    fn log(&self, _: &mut wippy_vm::Context<'_>, record: Record) {
        let Record { level, logger, message, fields } = record;
        self.0.lock().expect("no panics").push(format!("{level:?}|{logger}|{message}|{fields:?}"));
    }
}

#[derive(Default)]
struct Screen(Mutex<Vec<u8>>);

impl Terminal for Screen {
    fn write(&self, output: Output, bytes: &[u8]) -> io::Result<()> {
        let mut screen = self.0.lock().expect("no panics");
        screen.extend_from_slice(if output == Output::Error { b"!" } else { b"" });
        screen.extend_from_slice(bytes);
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        Ok(())
    }

    fn read(&self, _most: usize) -> io::Result<Vec<u8>> {
        Ok(Vec::new())
    }

    fn read_line(&self) -> io::Result<Option<Vec<u8>>> {
        Ok(None)
    }

    fn set_raw(&self, _on: bool) -> bool {
        true
    }

    fn arguments(&self) -> Vec<Vec<u8>> {
        vec![b"x".to_vec(), b"y".to_vec()]
    }
}

fn machine() -> Vm {
    let mut vm = Vm::with_image(Limits::default(), &application::image());
    vm.enter(|cx| {
        let globals = cx.globals();
        for module in modules::MODULES {
            let value = module.load(cx)?;
            cx.set_field(globals, module.name, value)?;
        }
        Ok::<(), wippy_vm::Error>(())
    })
    .expect("modules load");
    vm
}

fn run(vm: &mut Vm, source: &str) {
    vm.start(|cx| {
        let chunk = cx.load(source.as_bytes(), b"=app:entry", LoadMode::ANY)?;
        cx.push(chunk);
        Ok(())
    })
    .expect("it compiles");
    match vm.run(u64::MAX) {
        Step::Finished => {}
        Step::Failed(failure) => panic!("{failure}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_absent_and_what_is_read_only() {
    run(
        &mut machine(),
        r##"
        assert(load == nil and loadstring == nil and loadfile == nil and dofile == nil and collectgarbage == nil)
        assert(debug == nil and rawlen == nil and utf8 == nil and bit32 == nil and require == nil)
        assert(not pcall(function() string.x = 1 end) and not pcall(function() os.time = nil end))
        assert(not pcall(rawset, math, "pi", 3) and not pcall(setmetatable, string, {}))
        assert(select("#", unpack({1, 2, 3})) == 3 and unpack == table.unpack and _VERSION == "Lua 5.3" and _G._G == _G)
        assert(not pcall(string.dump, print)) assert(("abc"):rep(2) == "abcabc")
        local n = 0 for w in string.gfind("a b c", "%a") do n = n + 1 end assert(n == 3)
        assert(table.getn({1, 2}) == 2 and table.maxn({1, [10] = 2, [2.5] = 3}) == 10 and table.maxn({}) == 0)
        local t = table.freeze({1}) assert(table.isfrozen(t) and not table.isfrozen({}))
        local ok, e = pcall(function() t[1] = 2 end) assert(not ok and e:find("attempt to modify a frozen table"))
        assert(not pcall(rawset, t, 1, 2) and not pcall(table.insert, t, 2) and t[1] == 1)
        assert(#table.create(10, 2) == 0 and math.mod(7, 3) == 1 and math.pow(2, 3) == 8.0 and math.log10(100) == 2.0)
        assert(package.path == "" and package.cpath == "" and next(package.loaded or {}) == nil)
        x = 1 assert(_G.x == 1)
        "##,
    );
}

#[test]
fn time_of_applications() {
    run(
        &mut machine(),
        r##"
        assert(os.platform == "wippy" and os.getenv == nil and os.exit == nil and os.execute == nil)
        assert(os.date("%H:%M:%S", os.time{year = 2024, month = 1, day = 2}) == "00:00:00")
        assert(os.date("!%Y-%m-%dT%H:%M:%S", 0) == "1970-01-01T00:00:00" and os.date("!*t", 0).wday == 5)
        assert(os.date("!%q", 0) == "%q" and os.date("!%c", 0) == "Thu Jan  1 00:00:00 1970")
        assert(os.date("%Y", os.time{}) == os.date("%Y") and os.date("*t", os.time{hour = "5"}).hour == 5)
        assert(os.date("!*t", 0).isdst == false and os.difftime(5, 3) == 2.0 and math.type(os.time()) == "integer")
        assert(os.date("%d", os.time{year = 2024, month = 13, day = 32}) == "01" and os.clock() >= 0)
        assert(not pcall(os.time, {year = "x"}))
        "##,
    );
}

#[test]
fn log_lines_reach_the_sink() {
    let mut vm = machine();
    let recorder = Arc::new(Recorder::default());
    vm.set_host(HostLog(Arc::clone(&recorder) as Arc<dyn LogSink>));
    run(
        &mut vm,
        r##"
        print("a", nil, 1, errors.new("e"))
        print()
        logger:with({a = 1, b = 2}):named("n"):named("m"):warn("text", {b = {1, 2}, c = errors.new("c")})
        logger:debug("unseen")
        local cycle = {} cycle.self = cycle
        logger:error("x", {location = "mine", cycle = cycle, [1] = 2, t = time.parse_duration("1s")})
        "##,
    );
    let lines = recorder.0.lock().expect("no panics");
    assert_eq!(
        *lines,
        [
            r##"Info||a nil 1 e|{"location": Text("app:entry:2")}"##,
            r##"Info|||{"location": Text("app:entry:3")}"##,
            r##"Warn|n.m|text|{"a": Integer(1), "b": List([Integer(1), Integer(2)]), "c": Text("c"), "location": Text("app:entry:4")}"##,
            r##"Error||x|{"cycle": Map({"self": Text("<cycle>")}), "location": Text("mine"), "t": Text("1s")}"##,
        ]
    );
}

#[test]
fn the_terminal_is_the_owners() {
    let mut vm = machine();
    run(
        &mut vm,
        r##"
        local ok, e = io.write("x") assert(ok == nil and e:kind() == errors.UNAVAILABLE and e:message() == "no terminal context")
        assert(#io.args() == 0 and io.readline() == nil and io.read() == nil and io.flush() == nil and io.raw() == nil)
        "##,
    );
    let screen = Arc::new(Screen::default());
    vm.set_host(HostTerminal(Arc::clone(&screen) as Arc<dyn Terminal>));
    run(
        &mut vm,
        r##"
        assert(io.print("a", 1, nil, true) and io.write("b", 2, "\n") and io.eprint("c") and io.flush() and io.raw())
        assert(#io.args() == 2 and io.args()[2] == "y")
        "##,
    );
    assert_eq!(screen.0.lock().expect("no panics").as_slice(), b"a\t1\tnil\ttrue\nb2\n!c\n");
}
