//! The acceptance cases of the checker: a snippet, and the code and line of what is said about it.
//!
//! Every snippet stands after the same prelude, on its first line; lines are counted from the snippet's own first one.

use std::sync::Arc;

use wippy::signatures::environment;
use wippy::typecheck::check::{Environment, Options, Resolution, Resolver, Session};
use wippy::typecheck::diagnostic::{Code, Severity};

const PRELUDE: &str = "type Point = {x: number, y: number} type User = {name: string, age: number} \
     local function any_(): any end local c: any, a: any, b: any, v: any, t: any, y: any, x: any = 1, 1, 1, 1, 1, 1, 1 \
     local f: any, g: any, h: any, name: any = 1, 1, 1, 1 \
     local e: {k: \"a\"} | {k: \"b\"} | {k: \"c\"} = any_() ";

fn world() -> Environment {
    environment()
        .module("json", "encode", "(value: any, options: any?) -> (string, error?)")
        .module("json", "decode", "(text: string) -> (any, error?)")
        .declare(
            "interface Database\n  function query(self, sql: string, ...: any): ({any}?, error?)\n  function release(self): ()\nend",
        )
        .global("sql.get", "(id: string) -> (Database?, error?)")
        .global("sql.now", "() -> integer")
}

/// What the snippets require.
struct Library;

impl Resolver for Library {
    fn resolve(&mut self, _from: &str, name: &str) -> Resolution {
        match name {
            "mylib" => Resolution::Chunk {
                name: name.to_owned(),
                text: Arc::from(&b"type Config = {host: string, port: integer}\nreturn {}"[..]),
            },
            "nope" => Resolution::Undeclared,
            _ => Resolution::Unknown,
        }
    }
}

fn check(snippet: &str) -> Vec<(Code, u32)> {
    let source = format!("{PRELUDE}\n{snippet}");
    let mut session = Session::new(&world(), Options::default());
    let report = session.check("snippet.lua", source.as_bytes(), &mut Library);
    report
        .diagnostics
        .iter()
        .map(|it| {
            let line = source[..it.span.start.index()].matches('\n').count() as u32;
            (it.code, line)
        })
        .collect()
}

const ADD: &str = "local function add(a: number, b: number): number return a + b end\n";
const CLASS: &str = "local R = {}\nR.__index = R\nfunction R:hi(n: string): string return n end\n";
const GET: &str = "local function get(): (string?, error?) return any_(), any_() end local d, err = get()\n";
const EVENT: &str = "type Ev = {k: \"a\", n: number} | {k: \"b\", s: string}\n";

/// Number of a row, its chunk, and the codes that are expected with their lines.
type Row = (u32, String, &'static [(Code, u32)]);

fn rows() -> Vec<Row> {
    use Code::*;
    let row = |number: u32, text: &str, expected: &'static [(Code, u32)]| (number, text.to_owned(), expected);
    vec![
        row(1, "local type = 1 type = 2 print(type)", &[]),
        row(2, "x = type\nFoo = 3", &[]),
        row(3, "local as, is, readonly, fun = 1, 2, 3, 4", &[]),
        row(4, "local t = {type = 1, as = 2} t:is() t.readonly = 1", &[(E0022, 1)]),
        row(5, "local y = a as B\nas = 5", &[(E0012, 1)]),
        row(6, "local x = y :: number\n::top::", &[]),
        row(7, "x = y ::a:: z = 1", &[]),
        row(8, "local x = y :: A :: B", &[(P0001, 1)]),
        row(9, "local z = (y :: any) :: string", &[]),
        row(
            10,
            "type Box<T> = {value: T} type Map<K, V> = {[K]: V} local m: Map<string, Box<number>>= {}",
            &[],
        ),
        row(11, "print(8 >> 1, 2 >= 1)", &[]),
        row(12, "local n = v :: string | number", &[]),
        row(13, "local n = (v :: integer) | 1", &[]),
        row(14, "if (v :: number) < 5 then end", &[]),
        row(15, "local f: (number) -> string | nil", &[]),
        row(16, "local cb: (() -> number)? = nil", &[]),
        row(17, "type Foo = any local x: Foo\n(f or g)()", &[]),
        row(18, "f()\n(g or h)()", &[]),
        row(19, "local s: {number @min(0)} @max_len(3) = {1}", &[]),
        row(20, "local x: number< = 42", &[(P0001, 1)]),
        row(21, "local x = 1 @@ 2", &[(P0001, 1)]),
        row(22, "local r: {name?: string, readonly id: integer, [string]: any}", &[]),
        row(23, "local r: {readonly: boolean}", &[]),
        row(24, "type R<T, E> =\n {ok: true, value: T}\n | {ok: false, error: E}", &[]),
        row(25, "local function f(x: any): asserts x is number end", &[]),
        row(26, "for i: integer = 1, 3 do end for k: string, v in pairs(t) do end", &[]),
        row(27, "local x: number = \"hello\"", &[(E0000, 1)]),
        row(28, "local x: string = 42", &[(E0000, 1)]),
        row(29, "local x: number = true", &[(E0000, 1)]),
        row(30, "local x: number = {}", &[(E0000, 1)]),
        row(31, "local x: number = nil", &[(E0000, 1)]),
        row(32, "local x: number\nprint(1)\nprint(x)", &[(E0015, 3)]),
        row(33, "local x: number\nif c then x = 1 else x = 2 end\nprint(x + 1)", &[]),
        row(34, "local x: number? = nil", &[]),
        row(35, "local i: integer = 3.5", &[(E0000, 1)]),
        row(36, "local n: number = 3\nlocal i: integer = n", &[(E0000, 2)]),
        row(37, "local v: number | string = true", &[(E0000, 1)]),
        row(38, "type St = \"a\" | \"b\"\nlocal s: St = \"c\"", &[(E0000, 2)]),
        row(39, "local s = \"a\"\nlocal t: \"a\" | \"b\" = s", &[]),
        row(40, "local a: any = any_()\nlocal n: number = a\na.b.c()", &[]),
        row(41, "local u: unknown = any_()\nlocal n: number = u", &[(E0000, 2)]),
        row(42, "local u: unknown = any_()\nlocal z = u.foo", &[]),
        row(43, "local u: unknown = any_()\nlocal z = u + 1", &[(E0019, 2)]),
        row(44, "local x = 5\nx = \"a\"\nlocal s: string = x", &[]),
        row(45, "local x: number = 5\nx = \"a\"", &[(E0000, 2)]),
        row(46, "local n = \"a\" + \"b\"", &[(E0019, 1)]),
        row(47, "local n = \"x\" .. {}", &[(E0019, 1)]),
        row(48, "local b = 1 < \"2\"", &[(E0019, 1)]),
        row(49, "for i = \"a\", 10 do end", &[(E0000, 1)]),
        row(50, "local x = (123 :: string)", &[(E0000, 1)]),
        row(51, "local p: Point = {x = 1}", &[(E0000, 1)]),
        row(52, "local p: Point = {x = 1, y = \"2\"}", &[(E0000, 1)]),
        row(53, "local p: Point = {x = 1, y = 2, z = 3}", &[(E0000, 1)]),
        row(54, "local w = {x = 1, y = 2, z = 3}\nlocal p: Point = w", &[]),
        row(55, "local p: Point = {x=1,y=2}\nprint(p.z)", &[(E0004, 2)]),
        row(56, "local p: Point = {x=1,y=2}\np.z = 1", &[(E0004, 2)]),
        row(57, "local n: number = 1\nprint(n.foo)", &[(E0005, 2)]),
        row(58, "local M = {}\nfunction M.f(): number return 1 end\nlocal s: string = M.f()", &[(E0000, 3)]),
        row(59, "local t = {}\nt.a = 1\nprint(t.b)", &[(E0004, 3)]),
        row(60, "local xs: {number} = {1, \"2\"}", &[(E0000, 1)]),
        row(61, "local m: {[string]: number} = {a = 1}\nlocal n: number = m.a", &[(E0000, 2)]),
        row(62, "local xs: {number} = {1}\nlocal n: number = xs[1]", &[]),
        row(63, "local r: {readonly id: integer} = {id = 1}\nr.id = 2", &[(E0008, 2)]),
        row(64, "local a: readonly {number} = {1}\na[1] = 2", &[(E0008, 2)]),
        row(65, "local a: {x: integer} = {x = 1}\nlocal b: {x: number} = a", &[(E0000, 2)]),
        row(66, "local a: {x: integer} = {x = 1}\nlocal b: {readonly x: number} = a", &[]),
        row(67, "type P = {name: string} & {age: number}\nlocal p: P = {name = \"a\", age = 1}", &[]),
        row(68, "local C: {host: string, t?: number} = {host = \"h\"}\nlocal n: number = C.t", &[(E0000, 2)]),
        row(69, "local C: {host: string, t?: number} = {host = \"h\"}\nlocal n: number = C.t or 30", &[]),
        row(70, &format!("{ADD}add(1)"), &[(E0003, 2)]),
        row(71, &format!("{ADD}add(1, 2, 3)"), &[(E0003, 2)]),
        row(72, &format!("{ADD}add(\"1\", 2)"), &[(E0000, 2)]),
        row(73, "local function f(x) return x + 1 end\nf()\nf(1, 2)", &[]),
        row(74, "local function f(): number return \"x\" end", &[(E0000, 1)]),
        row(75, "local function f(): number end", &[(E0010, 1)]),
        row(76, "local function f(): number? end", &[]),
        row(77, "local function f(): (number, string) return 1 end", &[(E0010, 1)]),
        row(78, "local x: number = 42\nx()", &[(E0002, 2)]),
        row(
            79,
            "local function f(msg: string): never error(msg) end\nlocal function g(): number f(\"x\") end",
            &[],
        ),
        row(80, "local function f(...: number) end\nf(1, \"a\")", &[(E0000, 2)]),
        row(81, "local function id<T>(x: T): T return x end\nlocal s: string = id(42)", &[(E0000, 2)]),
        row(82, "local function first<T>(a: {T}): T? return a[1] end\nlocal n: number? = first({1, 2})", &[]),
        row(
            83,
            "local function g<T: {name: string}>(o: T): string return o.name end\ng({age = 30})",
            &[(E0000, 2)],
        ),
        row(84, "local f: (number) -> number = function(x) return x * 2 end", &[]),
        row(85, "local f: (number) -> number = function(x: string) return 1 end", &[(E0000, 1)]),
        row(86, &format!("{CLASS}setmetatable({{}}, R):hi(1)"), &[(E0000, 4)]),
        row(87, &format!("{CLASS}setmetatable({{}}, R):bye()"), &[(E0022, 4)]),
        row(88, "local s: string? = nil\nprint(s:upper())", &[(E0021, 2)]),
        row(89, "local p: Point? = any_()\nprint(p.x)", &[(E0023, 2)]),
        row(90, "local p: Point? = any_()\nprint(p!.x)", &[]),
        row(91, "local function f(x: number?): number\nif x ~= nil then return x end\nreturn 0 end", &[]),
        row(92, "local function f(x: number?): number\nif not x then return 0 end\nreturn x end", &[]),
        row(
            93,
            "local function f(x: number | string)\nif type(x) == \"number\" then return x + 1 end\nreturn x:upper() end",
            &[],
        ),
        row(
            94,
            "local function f(x: number | string)\nif type(x) == \"number\" then return x:upper() end end",
            &[(E0022, 2)],
        ),
        row(95, "local n: number = any_() :: number? or 0", &[]),
        row(96, "local function f(x: string?)\nassert(x ~= nil)\nreturn x:upper() end", &[]),
        row(97, &format!("{GET}if err then return nil, err end\nlocal s: string = d"), &[]),
        row(98, &format!("{GET}\nlocal s: string = d"), &[(E0000, 3)]),
        row(
            99,
            &format!("{GET}if err then return nil, err end\nd = get()\nlocal s: string = d"),
            &[(E0000, 4)],
        ),
        row(
            100,
            &format!(
                "{EVENT}local function f(e: Ev)\nif e.k == \"a\" then return e.n else return e.s end end"
            ),
            &[],
        ),
        row(
            101,
            &format!(
                "{EVENT}local function f(e: Ev)\nif e.k == \"a\" then return e.s else return e.s end end"
            ),
            &[(E0004, 3)],
        ),
        row(102, "if e.k == \"a\" then print(1) elseif e.k == \"c\" then print(2) end", &[(E0014, 1)]),
        row(103, "local d: unknown = any_()\nif Point:is(d) then local p: Point = d end", &[]),
        row(104, "local d: unknown = any_()\nlocal p, e = Point:is(d)\nif p then print(p.x + d.x) end", &[]),
        row(
            105,
            "local x: string? = nil\nlocal function g() x = nil end\nif x then g() print(x:upper()) end",
            &[(E0021, 3)],
        ),
        row(106, "local i: integer? = 0\nwhile i do i = i < 9 and i + 1 or nil end", &[]),
        row(
            107,
            "local function chk(v) if v == nil then error(\"nil\") end end\nlocal function f(x: string?)\nchk(x)\nreturn x:upper() end",
            &[],
        ),
        row(108, "local ok, r = pcall(f)\nif not ok then error(r) end", &[]),
        row(109, "local p: Point? = any_()\nlocal n = p and p.x or 0\nlocal m: number = n", &[]),
        row(133, "local json = require(\"json\")\nlocal s: string, err = json.encode({})", &[]),
        row(
            134,
            "local function a() local db, e = sql.get(\"x\") if e then error(e:message()) end return db end\nlocal function b() return a() end\nlocal rows, e = b():query(\"SELECT 1\")",
            &[],
        ),
        row(
            135,
            "local r = channel.select{a:case_receive(), t:case_receive()}\nif r.channel == t then return end\nprint(r.value.kind)",
            &[],
        ),
        row(136, "local m = require(\"nope\")", &[(E0026, 1)]),
        row(137, "local m = require(name)", &[]),
        row(138, "local lib = require(\"mylib\")\nlocal c: lib.Config = {host = \"h\"}", &[(E0000, 2)]),
    ]
}

#[test]
fn acceptance() {
    let mut faults = Vec::new();
    for (number, snippet, expected) in rows() {
        let mut found = check(&snippet);
        found.retain(|(code, _)| code.severity() != Severity::Hint);
        if found != expected {
            faults.push(format!("{number}: expected {expected:?}, found {found:?}\n{snippet}\n"));
        }
    }
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), rows().len(), faults.join("\n"));
}

#[test]
fn beyond_the_table() {
    use Code::*;
    let cases: &[(&str, &[(Code, u32)])] = &[
        // Channels that a select tells apart.
        (
            "local c: channel.Channel<{kind: string}> = channel.new(1)\nlocal n: channel.Channel<number> = channel.new()\nlocal r = channel.select{c:case_receive(), n:case_receive()}\nif r.channel == c then print(r.value.kind) else print(r.value + 1) end",
            &[],
        ),
        (
            "local c: channel.Channel<{kind: string}> = channel.new(1)\nlocal n: channel.Channel<number> = channel.new()\nlocal r = channel.select{c:case_receive(), n:case_receive()}\nif r.channel ~= c then print(r.value.kind) end",
            &[(E0005, 4)],
        ),
        (
            "local a, b, c = channel.new(), channel.new(), channel.new()\nlocal r = channel.select{a:case_receive(), b:case_receive(), c:case_receive()}\nif r.channel == a then print(1) elseif r.channel == c then print(2) end",
            &[(E0014, 3)],
        ),
        (
            "local a, b = channel.new(), channel.new()\nlocal r = channel.select{a:case_receive(), b:case_receive()}\nif r.channel == a then print(1) elseif r.channel == b then print(2) end",
            &[],
        ),
        (
            "local c: channel.Channel<number> = channel.new()\nc:send(\"x\")\nlocal v = c:receive()\nprint(v + 1)",
            &[(E0000, 2), (E0019, 4)],
        ),
        // A value and whether there was one.
        (
            "local c: channel.Channel<{id: integer}> = channel.new()\nwhile true do local job, ok = c:receive() if not ok then break end print(job.id) end",
            &[],
        ),
        (
            "local c: channel.Channel<{id: integer}> = channel.new()\nlocal job, ok = c:receive()\nif ok then print(job.id) else print(job.id) end",
            &[(E0005, 3)],
        ),
        // Which of two texts is the error is told by the body.
        (
            "local function get(n: integer): (string?, string?)\nif n > 1 then return nil, \"large\" end\nreturn \"small\", nil end\nlocal text, why = get(1)\nif why then print(why) else print(text:upper()) end",
            &[],
        ),
        (
            "local function get(n: integer): (string?, string?)\nif n > 1 then return \"a\", \"b\" end\nreturn \"small\", nil end\nlocal text, why = get(1)\nif why then print(why) else print(text:upper()) end",
            &[(E0021, 5)],
        ),
        // Names.
        ("local a: any, a = 1, 2", &[(E0017, 1)]),
        ("local function f(x: number, y: number, x: number) return x + y end", &[(E0017, 1)]),
        ("goto done\nlocal function f() goto done end\n::done::\n::done::", &[(E0001, 2), (E0017, 4)]),
        ("for i = 1, 2 do goto next print(i) ::next:: end", &[]),
        ("while true do break end\nbreak", &[(E0019, 2)]),
        // typeof in types.
        ("local n: number = 1\ntype N = typeof(n)\nlocal s: string = (1 :: N)", &[(E0000, 3)]),
        (
            "local defaults = {host = \"h\", port = 1}\ntype Options = typeof(defaults)\nlocal o: Options = {host = \"a\"}",
            &[(E0000, 3)],
        ),
        ("local p: {at: {x: number}} = {at = {x = 1}}\nlocal s: typeof(p.at.x) = \"x\"", &[(E0000, 2)]),
        ("local function make() return 1 end\nlocal v = make()\nlocal s: typeof(v) = \"x\"", &[(E0000, 3)]),
        ("local lib = require(\"mylib\")\ntype Lib = typeof(lib)\nlocal l: Lib = lib", &[]),
        // typeof as a value.
        ("local n: number = 1\nlocal t = typeof(n)\nlocal s: string = t(2)", &[(E0000, 3)]),
        ("local function f(v: unknown)\nif typeof(v) == Number then print(1) end end", &[]),
        (
            "local d: unknown = any_()\nlocal p: Point = {x = 1, y = 2}\nlocal q = typeof(p):is(d)\nif q then print(q.x) end print(q.x)",
            &[(E0023, 4)],
        ),
        ("print(User:iss({}), User:kind():upper())", &[(E0022, 1)]),
        ("local n: number = User:kind()", &[(E0000, 1)]),
        (
            "local d: unknown = any_()\nlocal u, why = User:parse(d)\nif u then print(u.age + 1) else print(why:message()) end",
            &[],
        ),
        // Patterns that are written out.
        (
            "local function f(s: string): string local a, b = s:match(\"(%d+)-(%d+)\") if a then return b end return \"\" end",
            &[],
        ),
        ("local function f(s: string): string return s:match(\"(%d+)\") end", &[(E0000, 1)]),
        ("local function f(s: string, at: integer): integer return s:match(\"^%s*()\", at) end", &[]),
        ("for k, v in (\"\"):gmatch(\"(%w+)=()\") do local s: string, n: integer = k, v end", &[]),
        // Rows with generics.
        (
            "local function f(xs: {number})\ntable.sort(xs, function(a, b) return a.x < b end) end",
            &[(E0005, 2)],
        ),
        ("local xs: {number} = {3, 1}\nlocal s: string = table.remove(xs)", &[(E0000, 2)]),
        ("local i: integer = math.max(1, 2)\nlocal j: integer = math.max(1, 2.5)", &[(E0000, 2)]),
        ("local i: integer = math.floor(2.5)\nmath.abs(\"x\")", &[(E0000, 2)]),
        ("local xs: {boolean} = {true}\nprint(table.concat(xs))", &[(E0000, 2)]),
        ("local function f(): number os.exit(1) end", &[]),
        ("local function f(e: error) print(e:mesage()) end", &[(E0022, 1)]),
        ("local s: string = string.fromat(\"x\")", &[(E0004, 1)]),
        ("local s: string = string.trim(\"x\")", &[]),
    ];
    let mut faults = Vec::new();
    for (snippet, expected) in cases {
        let mut found = check(snippet);
        found.retain(|(code, _)| code.severity() != Severity::Hint);
        if found != *expected {
            faults.push(format!("expected {expected:?}, found {found:?}\n{snippet}\n"));
        }
    }
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), cases.len(), faults.join("\n"));
}
