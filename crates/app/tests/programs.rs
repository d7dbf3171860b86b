//! Programs of entries in interpreters of their own: what they see, and what they cannot reach.

use std::sync::Arc;

use wippy_app::entry::Entry;
use wippy_app::id::Id;
use wippy_app::load::yaml;
use wippy_app::log::{Layout, Level, Log, Options};
use wippy_app::registry::{ChangeError, Operation};
use wippy_app::runtime::app::App;
use wippy_app::runtime::home::Home;
use wippy_app::runtime::{boot, convert};
use wippy_app::value::{Map, Value};
use wippy_stdlib::errors::error_of;
use wippy_stdlib::requests::Request;
use wippy_vm::{Limits, Step, Value as Lua, Vm};

/// Entries by ID: kind, source, and the rest as YAML.
type Row<'a> = (&'a str, &'a str, &'a str, &'a str);

fn entry(row: &Row<'_>) -> Entry {
    let (id, kind, source, rest) = row;
    let mut data =
        yaml::parse(rest).expect("the rest is YAML").map_or(Value::Map(Map::new()), |node| node.value());
    if !source.is_empty() {
        data.set(&["source"], Value::text(*source));
    }
    let meta = match &mut data {
        Value::Map(map) => map.remove("meta").and_then(|meta| meta.as_map().cloned()).unwrap_or_default(),
        _ => Map::new(),
    };
    Entry::new(Id::parse(id).expect("an ID"), kind, meta, data)
}

fn silent() -> Log {
    Log::start(Options { layout: Layout::Plain, least: Level::Error, silent: true, thin: false })
}

fn app(rows: &[Row<'_>]) -> Result<Arc<App>, String> {
    let app = App::new(silent(), true);
    match app.baseline(rows.iter().map(entry).collect()) {
        Ok(_) => Ok(Arc::new(app)),
        Err(problems) => Err(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")),
    }
}

/// Calls the function of an entry and answers its first result, or the error as text.
fn call(app: &Arc<App>, id: &str) -> Result<Value, String> {
    let id = Id::parse(id).expect("an ID");
    let bundle = app.bundle(&id).ok_or("no such program")?;
    let mut vm = Vm::with_image(Limits::default(), &bundle.image);
    vm.set_host(Home { app: Arc::clone(app), entry: id, bundle: Arc::clone(&bundle) });
    vm.set_scheduling();
    vm.start(|cx| {
        cx.push(Lua::Native(boot::caller()));
        Ok(())
    })
    .expect("there is room");
    loop {
        match vm.run(1_000_000) {
            Step::Finished => break,
            Step::OutOfFuel => {}
            Step::Parked => {
                for operation in vm.take_operations() {
                    if let Ok(request) = operation.request.downcast::<Request>()
                        && let Request::Block(job) = *request
                    {
                        let answer = job();
                        vm.enter(|cx| answer(cx, operation.ticket));
                    }
                }
            }
            _ => {
                return Err(vm.error_value(|cx, value| match error_of(value) {
                    Some(error) => String::from_utf8_lossy(error.message()).into_owned(),
                    None => cx
                        .coerce_string(value)
                        .ok()
                        .flatten()
                        .map_or("?".to_owned(), |text| text.to_string_lossy().into_owned()),
                }));
            }
        }
    }
    Ok(vm.results(|cx| convert::from_lua(cx, cx.get(1)).unwrap_or(Value::Null)))
}

fn run(source: &str, rest: &str) -> Result<Value, String> {
    let source = format!("return {{ main = function(...) {source} end }}");
    call(&app(&[("app:x", "process.lua", &source, rest)])?, "app:x")
}

#[test]
fn only_what_is_listed_is_there() {
    let source = "local seen = {}
        for _, name in ipairs{'load', 'loadstring', 'dofile', 'loadfile', 'collectgarbage', 'debug', 'rawlen', 'utf8', 'io', 'time'} do
            if _G[name] ~= nil then seen[#seen + 1] = name end
        end
        return table.concat(seen, ' ')";
    assert_eq!(run(source, ""), Ok("".into()));
    assert_eq!(run(source, "modules: [time]"), Ok("time".into()));
    assert_eq!(
        run(
            "return require('time') == time and type(os.time()) == 'number' and os.exit == nil and os.getenv == nil",
            "modules: [time]"
        ),
        Ok(Value::Boolean(true))
    );
    let error = run("return require('json')", "").unwrap_err();
    assert!(
        error.contains("module 'json' not found")
            && error.contains("not declared in imports or modules of app:x"),
        "{error}"
    );
    assert_eq!(
        run(
            "return package.path == '' and package.loaded == nil and unpack == table.unpack and string.gfind('ab', '.')() == 'a'",
            ""
        ),
        Ok(Value::Boolean(true))
    );
}

#[test]
fn libraries_of_the_language_are_read_only() {
    for statement in [
        "string.x = 1",
        "os.time = nil",
        "table.insert = nil",
        "time.sleep = nil",
        "rawset(string, 'x', 1)",
        "errors.new = 1",
        "getmetatable('').__index = nil",
        "setmetatable(string, {})",
    ] {
        let source = format!("return (pcall(function() {statement} end))");
        assert_eq!(run(&source, "modules: [time]"), Ok(Value::Boolean(false)), "{statement}");
    }
    assert!(run("return string.dump(function() end)", "").unwrap_err().contains("unable to dump"));
}

#[test]
fn tricks_do_not_reach_what_is_not_listed() {
    let rows: &[Row<'_>] = &[
        ("app:lib", "library.lua", "leak = _G; return { globals = _G, env = _ENV, require = require, t = time }", "modules: [time, registry]"),
        (
            "app:x",
            "process.lua",
            "return { main = function()
                local found = {}
                local function try(name, f) local ok, v = pcall(f); if ok and v then found[#found + 1] = name end end
                try('global of a library', function() return time or registry or leak end)
                try('load through the string metatable', function() return getmetatable('').__index.load end)
                try('metatable of globals', function() return getmetatable(_G) end)
                try('metatable of a library environment', function() return getmetatable(lib.globals) end)
                try('debug', function() return require('debug') end)
                try('package', function() return package.loaded or package.searchers or package.preload end)
                try('error metatable', function() return getmetatable(errors.new('x')) end)
                try('environment of a function', function() return getfenv end)
                try('a module nobody listed', function() return lib.globals.env or lib.require('env') end)
                try('traceback', function() return select(2, xpcall(error, function(e) return debug end)) end)
                return table.concat(found, ', ')
            end }",
            "imports: {lib: 'app:lib'}",
        ),
    ];
    assert_eq!(call(&app(rows).unwrap(), "app:x"), Ok("".into()));
}

#[test]
fn each_library_has_its_own_names() {
    let rows: &[Row<'_>] = &[
        ("a:util", "library.lua", "return 'of a'", ""),
        ("b:util", "library.lua", "return 'of b'", ""),
        ("a:one", "library.lua", "return require('util') .. '/' .. util", "imports: {util: 'a:util'}"),
        ("b:two", "library.lua", "shared = 1; return require('util')", "imports: {util: 'b:util'}"),
        (
            "app:x",
            "function.lua",
            "local one, two = require('one'), require('two') return { run = function() return one .. ' ' .. two .. ' ' .. tostring(util) .. tostring(shared) end }",
            "method: run\nimports: {one: 'a:one', two: 'b:two'}",
        ),
    ];
    assert_eq!(call(&app(rows).unwrap(), "app:x"), Ok("of a/of a of b nilnil".into()));
}

#[test]
fn types_of_libraries_are_types_of_their_users() {
    let shapes = "type Point = {x: number, y: number}
        type Hidden = {name: string}
        return {Point = Point}";
    let lines = "local geometry = require('geometry')
        type Line = {from: geometry.Point, to: geometry.Point}
        return {Line = Line}";
    let main = "local g, l = require('geometry'), require('lines')
        type Drawing = {lines: {l.Line}, owner: g.Hidden}
        local function main()
            local p: g.Point = {x = 1, y = 2}
            local good = {lines = {{from = p, to = p}}, owner = {name = 'a'}}
            local bad = {lines = {{from = p, to = {x = 1}}}, owner = {name = 'a'}}
            local _, one = Drawing:is(bad)
            good.owner.name = 1
            local _, two = Drawing:is(good)
            good.owner.name = 'b'
            return table.concat({
                tostring(Drawing:is(good) == good), tostring(typeof(p) == g.Point), one:message(), two:message(),
                tostring(pcall(string, 1)), string('x'),
            }, '; ')
        end
        return {main = main}";
    let app = app(&[
        ("a:shapes", "library.lua", shapes, ""),
        ("a:lines", "library.lua", lines, "imports: {geometry: 'a:shapes'}"),
        ("a:main", "function.lua", main, "method: main\nimports: {geometry: 'a:shapes', lines: 'a:lines'}"),
    ])
    .expect("it loads");
    let expected = "true; true; lines[1].to.y: required field missing; owner.name: expected string, got number; false; x";
    assert_eq!(call(&app, "a:main"), Ok(expected.into()));
}

#[test]
fn a_library_is_evaluated_once_and_before_its_users() {
    let rows: &[Row<'_>] = &[
        (
            "a:base",
            "library.lua",
            "local count = 0 return { next = function() count = count + 1 return count end }",
            "",
        ),
        ("a:one", "library.lua", "return require('base').next()", "imports: {base: 'a:base'}"),
        ("a:two", "library.lua", "return require('b').next()", "imports: {b: 'a:base', one: 'a:one'}"),
        (
            "app:x",
            "process.lua",
            "return function() return one * 100 + two * 10 + base.next() end",
            "imports: {one: 'a:one', two: 'a:two', base: 'a:base'}",
        ),
    ];
    assert_eq!(call(&app(rows).unwrap(), "app:x"), Ok(Value::Integer(123)));
}

#[test]
fn faults_of_programs_are_named() {
    let refused = |rows: &[Row<'_>]| app(rows).err().expect("it is refused");
    assert!(refused(&[("app:x", "process.lua", "local x = ", "")]).contains("<eof>"));
    assert!(
        refused(&[("app:x", "process.lua", "return 1", "modules: [jsn]")]).contains("did you mean \"json\"")
    );
    assert!(
        refused(&[("app:x", "process.lua", "return 1", "imports: {a: 'b:c'}")])
            .contains("imports b:c, which does not exist")
    );
    let circle: &[Row<'_>] = &[
        ("a:x", "library.lua", "return 1", "imports: {y: 'a:y'}"),
        ("a:y", "library.lua", "return 1", "imports: {x: 'a:x'}"),
    ];
    assert!(refused(circle).contains("a:x -> a:y -> a:x"), "{}", refused(circle));
    let at =
        |source: &str| call(&app(&[("app:x", "process.lua", source, "")]).unwrap(), "app:x").unwrap_err();
    assert_eq!(at("return {}"), "method \"main\" not found in module");
    assert!(
        at("error('boom')").starts_with("failed to execute script: app:x:1: boom"),
        "{}",
        at("error('boom')")
    );
    assert_eq!(at("return { main = function()\nerror('boom') end }"), "app:x:2: boom");
}

#[test]
fn variables_are_read_and_written() {
    let rows: &[Row<'_>] = &[
        ("app:mem", "env.storage.memory", "", ""),
        ("app:level", "env.variable", "", "storage: mem\nvariable: LEVEL\ndefault: 3"),
        (
            "app:x",
            "process.lua",
            "return function()
                assert(env.get('LEVEL') == '3')
                assert(env.set('LEVEL', '4') and env.get('level') == '4' and env.get_all().LEVEL == '4')
                local none, why = env.get('PATH')
                assert(none == nil and why:kind() == errors.NOT_FOUND)
                return 'fine'
            end",
            "modules: [env]",
        ),
    ];
    assert_eq!(call(&app(rows).unwrap(), "app:x"), Ok("fine".into()));
}

#[test]
fn the_registry_is_read_and_changed() {
    let rows: &[Row<'_>] = &[
        ("app:add", "function.lua", "return function(a, b) return a + b end", "method: run\nmeta: {type: tool, tags: [x, y]}"),
        (
            "app:x",
            "process.lua",
            "return function()
                assert(registry.get('app:add').kind == 'function.lua')
                local _, e = registry.get('app:nope')
                assert(e:kind() == errors.NOT_FOUND)
                assert(#registry.find({kind = 'x'}) == #registry.find({}))
                assert(#registry.find({['.kind'] = 'function.lua', ['.ns'] = 'app'}) == 1)
                assert(#registry.find({['meta.tags'] = {'x'}}) == 1)
                local id = registry.parse_id('a.b:c')
                assert(id.ns == 'a.b' and id.name == 'c')
                local snap = registry.snapshot()
                assert(math.type(registry.current_version():id()) == 'integer')
                local none, empty = snap:changes():apply()
                assert(none == nil and empty:kind() == errors.INVALID)
                local v = assert(snap:changes():create{id = 'app:twice', kind = 'function.lua', meta = {}, data = {source = 'return {run = function(x) return 2 * x end}', method = 'run'}}:apply())
                assert(v:id() == 1 and tostring(v) == 'registry.Version{v1}')
                assert(snap:get('app:twice') == nil and registry.get('app:twice').data.method == 'run')
                local _, again = registry.snapshot():changes():create{id = 'app:twice', kind = 'registry.entry'}:apply()
                assert(again:kind() == errors.ALREADY_EXISTS)
                local _, bad = registry.snapshot():changes():create{id = 'app:bad', kind = 'function.lua', data = {source = 'return (', method = 'run'}}:apply()
                assert(bad:kind() == errors.INVALID and registry.get('app:bad') == nil)
                assert(registry.snapshot():changes():delete('app:twice'):apply():id() == 2)
                assert(registry.apply_version(registry.current_version():previous()))
                assert(registry.get('app:twice'))
                return #registry.versions()
            end",
            "modules: [registry]",
        ),
    ];
    let app = app(rows).unwrap();
    assert_eq!(call(&app, "app:x"), Ok(Value::Integer(4)));
    assert!(app.bundle(&Id::new("app", "twice")).is_some());
}

#[test]
fn a_change_of_a_library_renews_its_users_only() {
    let rows: &[Row<'_>] = &[
        ("app:lib", "library.lua", "return 1", ""),
        ("app:uses", "process.lua", "return function() return lib end", "imports: {lib: 'app:lib'}"),
        ("app:other", "process.lua", "return function() return 0 end", ""),
    ];
    let app = app(rows).unwrap();
    let (uses, other) = (Id::new("app", "uses"), Id::new("app", "other"));
    let before = (app.bundle(&uses).unwrap(), app.bundle(&other).unwrap());
    app.apply(&[Operation::Update(Arc::new(entry(&("app:lib", "library.lua", "return 2", ""))))]).unwrap();
    assert!(!Arc::ptr_eq(&before.0, &app.bundle(&uses).unwrap()));
    assert!(Arc::ptr_eq(&before.1, &app.bundle(&other).unwrap()));
    assert_eq!(call(&app, "app:uses"), Ok(Value::Integer(2)));
    let refused = app.apply(&[Operation::Delete(Id::new("app", "lib"))]);
    assert!(matches!(refused, Err(ChangeError::Rejected(_))), "an import cannot vanish");
    assert_eq!(call(&app, "app:uses"), Ok(Value::Integer(2)));
}

#[test]
fn absent_modules_fail_softly() {
    let source = "local v, e = sql.get('app:db') return v == nil and e:kind() == errors.UNAVAILABLE";
    assert_eq!(run(source, "modules: [sql]"), Ok(Value::Boolean(true)));
}
