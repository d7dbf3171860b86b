//! The checker over whole programs: those that run get no errors, those with a planted mistake get one on its line, and
//! nothing makes it fail or hang.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use wippy::signatures::environment;
use wippy::typecheck::check::{Options, Resolution, Resolver, Session};
use wippy::typecheck::diagnostic::{Code, Severity};
use wippy_random::Random;

fn session() -> Session {
    Session::new(&environment(), Options::default())
}

/// Errors and warnings of a text: code, line, message.
fn findings(session: &mut Session, name: &str, text: &str) -> Vec<(Code, usize, String)> {
    let report = session.check(name, text.as_bytes(), &mut ());
    report
        .diagnostics
        .iter()
        .filter(|it| it.code.severity() != Severity::Hint)
        .map(|it| (it.code, text[..it.span.start.index()].matches('\n').count() + 1, it.message.clone()))
        .collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.filter_map(Result::ok) {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "lua") {
            found.push(path);
        }
    }
}

#[test]
fn programs_that_run_have_no_errors() {
    let mut files = Vec::new();
    for folder in ["examples", "benches", "lua-testsuite", "tests"] {
        sources(&root().join(folder), &mut files);
    }
    assert!(files.len() > 100, "{}", files.len());
    let mut faults = Vec::new();
    let mut session = session();
    for file in files {
        let bytes = fs::read(&file).expect("readable");
        let bytes = wippy_parser::strip_shebang(&bytes);
        let report = session.check(&file.to_string_lossy(), bytes, &mut ());
        for finding in report.diagnostics.iter() {
            if finding.code != Code::P0001 && finding.code.severity() != Severity::Hint {
                faults.push(format!("{}: {} {}", file.display(), finding.code.text(), finding.message));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

// ---- planted mistakes ----

const NAMES: &[&str] =
    &["width", "title", "count", "owner", "price", "email", "depth", "label", "total", "score"];
const TYPES: &[(&str, &str, &str)] =
    &[("number", "1.5", "\"x\""), ("string", "\"x\"", "true"), ("boolean", "true", "1")];

/// A program with one mistake, and the line of the mistake; `None` as kind gives the program without any.
fn program(random: &mut Random, kind: Option<usize>) -> (String, usize) {
    let start = random.below(NAMES.len());
    let names: Vec<&str> = (0..4).map(|at| NAMES[(start + at) % NAMES.len()]).collect();
    let types: Vec<(&str, &str, &str)> = (0..4).map(|_| TYPES[random.below(TYPES.len())]).collect();
    let n = random.below(1000);
    let mut lines: Vec<String> = Vec::new();
    let mut mistake = 0;
    let mut put = |lines: &mut Vec<String>, this: usize, good: String, bad: String| {
        if kind == Some(this) {
            mistake = lines.len() + 1;
            lines.push(bad);
        } else {
            lines.push(good);
        }
    };
    let fields: Vec<String> = (0..4).map(|at| format!("{}: {}", names[at], types[at].0)).collect();
    lines.push(format!("type Item{n} = {{{}, next?: Item{n}}}", fields.join(", ")));
    lines.push("type Shape = {kind: \"circle\", radius: number} | {kind: \"square\", side: number} | {kind: \"dot\"}".into());
    let values: Vec<String> = (0..4).map(|at| format!("{} = {}", names[at], types[at].1)).collect();
    put(
        &mut lines,
        0,
        format!("local item: Item{n} = {{{}}}", values.join(", ")),
        format!("local item: Item{n} = {{{}}}", values[..3].join(", ")),
    );
    let wrong: Vec<String> = (0..4)
        .map(|at| format!("{} = {}", names[at], if at == 2 { types[at].2 } else { types[at].1 }))
        .collect();
    put(
        &mut lines,
        1,
        format!("local other: Item{n} = {{{}}}", values.join(", ")),
        format!("local other: Item{n} = {{{}}}", wrong.join(", ")),
    );
    lines.push(format!("local function first{n}(list: {{Item{n}}}, at: integer): Item{n}?"));
    lines.push("    return list[at]".into());
    lines.push("end".into());
    lines.push(format!("local function name{n}(it: Item{n}): {}", types[0].0));
    put(&mut lines, 2, format!("    return it.{}", names[0]), format!("    return it.{}x", names[0]));
    lines.push("end".into());
    lines.push(format!("local function pick{n}(it: Item{n}?): {}", types[1].0));
    put(
        &mut lines,
        3,
        format!("    if it == nil then return {} end return it.{}", types[1].1, names[1]),
        format!("    return it.{}", names[1]),
    );
    lines.push("end".into());
    lines.push(format!("local function wrong{n}(it: Item{n}): {}", types[3].0));
    put(&mut lines, 4, format!("    return it.{}", names[3]), format!("    return {}", types[3].2));
    lines.push("end".into());
    put(&mut lines, 5, format!("local a = name{n}(item)"), format!("local a = name{n}({})", types[0].1));
    put(
        &mut lines,
        6,
        format!("local b = first{n}({{item, other}}, 1)"),
        format!("local b = first{n}({{item, other}})"),
    );
    put(&mut lines, 7, format!("if b then print(b.{}) end", names[2]), format!("print(b.{})", names[2]));
    lines.push("local function area(shape: Shape): number".into());
    put(
        &mut lines,
        8,
        "    if shape.kind == \"circle\" then return shape.radius elseif shape.kind == \"square\" then return shape.side else return 0 end".into(),
        "    if shape.kind == \"circle\" then return shape.radius elseif shape.kind == \"square\" then return shape.radius else return 0 end".into(),
    );
    lines.push("end".into());
    lines.push("local function show(shape: Shape)".into());
    put(
        &mut lines,
        9,
        "    if shape.kind == \"circle\" then print(1) elseif shape.kind == \"square\" then print(2) elseif shape.kind == \"dot\" then print(3) end".into(),
        "    if shape.kind == \"circle\" then print(1) elseif shape.kind == \"square\" then print(2) end".into(),
    );
    lines.push("end".into());
    put(
        &mut lines,
        10,
        "local list: {number} = {1, 2, 3}".into(),
        "local list: {number} = {1, \"2\", 3}".into(),
    );
    lines.push("local map: {[string]: number} = {a = 1}".into());
    put(&mut lines, 11, "local m: number = map.a or 0".into(), "local m: number = map.a".into());
    put(
        &mut lines,
        12,
        "local up: string = (\"x\"):upper()".into(),
        "local up: string = (\"x\"):uper()".into(),
    );
    put(&mut lines, 13, "local sum: number = list[1] + 1".into(), "local sum: number = list + 1".into());
    lines.push("local function each<T>(xs: {T}, f: (T) -> ()) for _, x in ipairs(xs) do f(x) end end".into());
    put(
        &mut lines,
        14,
        format!("each({{item}}, function(it) print(it.{}) end)", names[1]),
        format!("each({{item}}, function(it) print(it.{}y) end)", names[1]),
    );
    put(
        &mut lines,
        15,
        format!("item.{} = {}", names[0], types[0].1),
        format!("item.{} = {}", names[0], types[0].2),
    );
    put(&mut lines, 16, "local text: string = tostring(m)".into(), "local text: string = m".into());
    lines.push("local function may(x: string?): string".into());
    put(&mut lines, 17, "    return x and x:lower() or \"\"".into(), "    return x:lower()".into());
    lines.push("end".into());
    lines.push("local function both(x: number): (number, string)".into());
    put(&mut lines, 18, "    return x, \"s\"".into(), "    return x".into());
    lines.push("end".into());
    lines.push("local function every(x: number): number".into());
    put(&mut lines, 19, "    if x > 0 then return 1 else return 2 end".into(), "    return x > 0".into());
    lines.push("end".into());
    lines.push("local ok: number, why: string = both(1)".into());
    lines.push(
        "print(a, m, up, sum, text, ok, why, area, show, pick, wrong, may, every)"
            .replace("pick, wrong", &format!("pick{n}, wrong{n}")),
    );
    (lines.join("\n"), mistake)
}

const KINDS: usize = 20;

#[test]
fn planted_mistakes_are_found() {
    let mut random = Random::new(1);
    let (mut total, mut reported) = (0, 0);
    let mut missed = Vec::new();
    for round in 0..20 {
        let (clean, _) = program(&mut random, None);
        let found = findings(&mut session(), "clean.lua", &clean);
        assert!(found.is_empty(), "round {round}: {found:?}\n{clean}");
        for kind in 0..KINDS {
            let (text, line) = program(&mut random, Some(kind));
            total += 1;
            let found = findings(&mut session(), "wrong.lua", &text);
            if found.iter().any(|it| it.1 == line) {
                reported += 1;
            } else {
                missed.push(format!(
                    "kind {kind}, line {line}: {}\n{found:?}",
                    text.lines().nth(line - 1).unwrap_or_default()
                ));
            }
        }
    }
    assert!(total >= 300);
    assert!(reported * 100 >= total * 95, "{reported} of {total}\n{}", missed.join("\n"));
}

// ---- robustness ----

#[test]
fn mutated_sources_never_break_the_checker() {
    // WIPPY_MUTATIONS=100000 for the long run.
    let count: usize =
        std::env::var("WIPPY_MUTATIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(1500);
    let seed = std::env::var("WIPPY_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(0x5EED_u64);
    let mut random = Random::new(seed);
    let mut files = Vec::new();
    sources(&root().join("examples"), &mut files);
    sources(&root().join("lua-testsuite/wippy"), &mut files);
    files.sort();
    let mut pool: Vec<String> = files
        .iter()
        .filter_map(|file| fs::read_to_string(file).ok())
        .filter(|text| text.len() < 6000)
        .collect();
    for _ in 0..20 {
        pool.push(program(&mut random, None).0);
    }
    let mut words: Vec<String> = Vec::new();
    for text in &pool {
        let pieces = text.split_inclusive(|c: char| !c.is_alphanumeric() && c != '_');
        words.extend(pieces.take(200).map(str::to_owned));
    }
    let mut session = session();
    for round in 0..count {
        if session.size() > 200_000 {
            session = self::session();
        }
        let mut pieces: Vec<&str> = pool[random.below(pool.len())]
            .split_inclusive(|c: char| !c.is_alphanumeric() && c != '_')
            .collect();
        for _ in 0..1 + random.below(4) {
            let at = random.below(pieces.len().max(1));
            match random.below(4) {
                0 if pieces.len() > 1 => {
                    pieces.remove(at);
                }
                1 => pieces.insert(at, &words[random.below(words.len())]),
                2 if pieces.len() > 1 => {
                    let other = random.below(pieces.len());
                    pieces.swap(at, other);
                }
                _ => pieces[at] = &words[random.below(words.len())],
            }
        }
        let text = pieces.concat();
        let begin = Instant::now();
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            session.check("mutated.lua", text.as_bytes(), &mut ());
        }));
        assert!(outcome.is_ok(), "seed {seed}, round {round}:\n{text}");
        assert!(begin.elapsed() < Duration::from_secs(20), "seed {seed}, round {round}: slow\n{text}");
    }
}

/// Runs a check in a thread with the stack of a main thread, and says how long it took.
fn timed(text: String) -> (Duration, Vec<(Code, usize, String)>) {
    let thread = std::thread::Builder::new().stack_size(8 << 20);
    let handle = thread.spawn(move || {
        let mut session = session();
        let begin = Instant::now();
        let found = findings(&mut session, "large.lua", &text);
        (begin.elapsed(), found)
    });
    handle.expect("a thread").join().expect("no panic")
}

#[test]
fn pathological_programs_end_soon() {
    let union: Vec<String> = (0..2000).map(|at| format!("{{k: \"k{at}\", v{at}: number}}")).collect();
    let literals: Vec<String> = (0..2000).map(|at| format!("\"l{at}\"")).collect();
    let long_function = format!(
        "local function f(x: number?): number\nlocal y: number = 0\n{}return y\nend",
        "if x then y = y + x else y = y - 1 end\n".repeat(10_000)
    );
    let nested_loops = format!(
        "local a, b, c = 1, nil, nil\n{}a = b b = c c = a{}",
        "while a do ".repeat(60),
        " end".repeat(60)
    );
    let cases: Vec<(&str, String)> = vec![
        ("union of records", format!("type U = {}\nlocal function f(u: U, w: U): U return w end f({{k = \"k7\", v7 = 1}}, nil :: any)", union.join(" | "))),
        ("union of literals", format!("type L = {}\ntype M = {}\nlocal function f(a: L): M return a end", literals.join(" | "), literals.join(" | "))),
        ("long function", long_function),
        ("long sum", format!("local x: number = {}1", "1 + ".repeat(50_000))),
        ("long and", format!("local c: any, x = 1, nil x = {}c", "c and ".repeat(50_000))),
        ("long or of tests", format!("local function f(s: string) if {}s == \"z\" then print(s) end end", "s == \"a\" or ".repeat(20_000))),
        ("long chain", format!("local c: any = 1 local x = c{}", ".a".repeat(50_000))),
        ("long call chain", format!("local c: any = 1 local x = c{}", ":m()".repeat(20_000))),
        ("recursive generics", "type T<A> = {a: T<{A}>, b: T<{x: A}>, c: T<{y: A, z: T<A>}>}\nlocal function f(x: T<number>): T<string> return x end".to_owned()),
        ("mutual recursion", "type A<X> = {l: B<{X}>, r: B<X>} type B<X> = {l: A<X>, r: A<{X}>, v: X}\nlocal function f(x: A<number>, y: B<any>): A<integer> return x end".to_owned()),
        ("nested loops", nested_loops),
        ("nested functions", format!("{}return 1{}", "local function f(x) return function() ".repeat(60), " end end".repeat(60))),
        ("chain of functions", (0..3000).map(|at| format!("local function f{}() return f{}() end ", at, at - 1)).map(|line| line.replace("f-1", "print")).collect::<String>().replace("local function", "do local function").replace("end ", "end end ")),
        ("many branches", format!("local x\n{}print(x)", (0..3000).map(|at| format!("if print() then x = {{v{at} = 1}} end\n")).collect::<String>())),
        ("many fields", format!("local t: {{number}} = {{}} local s = {{}}\n{}", (0..5000).map(|at| format!("s.f{at} = {at}\n")).collect::<String>())),
        ("large constructor", format!("local t: {{number | string}} = {{{}}}", "1, \"a\", 2.5, ".repeat(30_000))),
        ("deep type", format!("type T = {}number{}\nlocal function f(a: T): T return a end", "{a: {".repeat(40), "}}".repeat(40))),
        ("intersections", format!("type T = {}\nlocal function f(x: T): {{a0: number}} return x end", (0..60).map(|at| format!("{{a{at}: number}}")).collect::<Vec<_>>().join(" & "))),
        ("aliases", format!("{}local x: T2999? = nil", (1..3000).map(|at| format!("type T{at} = T{}\n", at - 1)).collect::<String>().replacen("T0\n", "number\n", 1))),
        ("alias circle", format!("{}type T0 = T999\n", (1..1000).map(|at| format!("type T{at} = T{}\n", at - 1)).collect::<String>())),
    ];
    // A debug build on a busy machine is many times slower than what users run.
    let limit = Duration::from_secs(if cfg!(debug_assertions) { 30 } else { 1 });
    let mut slow = Vec::new();
    for (name, text) in cases {
        let (time, _) = timed(text);
        eprintln!("{name}: {time:?}");
        if time > limit {
            slow.push(format!("{name}: {time:?}"));
        }
    }
    assert!(slow.is_empty(), "{slow:?}");
}

// ---- many files ----

struct Project(Vec<(String, Arc<[u8]>)>);

impl Resolver for Project {
    fn resolve(&mut self, _from: &str, name: &str) -> Resolution {
        match self.0.iter().find(|it| it.0 == name) {
            Some((name, text)) => Resolution::Chunk { name: name.clone(), text: Arc::clone(text) },
            None => Resolution::Unknown,
        }
    }
}

fn module(at: usize, functions: usize, body: &str) -> Arc<[u8]> {
    let mut text = String::from("local M = {}\ntype Row = {id: integer, name: string}\n");
    if at > 0 {
        text.push_str(&format!("local before = require(\"m{}\")\n", at - 1));
        text.push_str("local row: before.Row = before.make0(1)\nprint(row.name)\n");
    }
    for function in 0..functions {
        text.push_str(&format!(
            "function M.make{function}(id: integer): Row\n    local name = {body}\n    return {{id = id, name = name}}\nend\n"
        ));
    }
    text.push_str("return M\n");
    Arc::from(text.as_bytes())
}

#[test]
fn a_changed_function_is_checked_alone() {
    let mut project = Project((0..50).map(|at| (format!("m{at}"), module(at, 100, "\"x\""))).collect());
    let mut session = session();
    let check_all = |session: &mut Session, project: &mut Project| -> (usize, usize) {
        let (mut fresh, mut errors) = (0, 0);
        for at in 0..project.0.len() {
            let (name, text) = project.0[at].clone();
            let report = session.check(&name, &text, project);
            fresh += usize::from(report.fresh);
            errors += report.diagnostics.iter().filter(|it| it.code.severity() == Severity::Error).count();
        }
        (fresh, errors)
    };
    assert_eq!(check_all(&mut session, &mut project), (50, 0));
    assert_eq!(check_all(&mut session, &mut project), (0, 0));
    // A body changes: no other file notices.
    project.0[20].1 = module(20, 100, "\"y\" .. id");
    assert_eq!(check_all(&mut session, &mut project), (1, 0));
    // A mistake in it is found.
    project.0[20].1 = module(20, 100, "id");
    assert_eq!(check_all(&mut session, &mut project), (1, 100));
    // What others see changes: they are checked again.
    project.0[20].1 = module(20, 101, "\"x\"");
    let (fresh, errors) = check_all(&mut session, &mut project);
    assert!((2..50).contains(&fresh) && errors == 0, "{fresh} {errors}");
}

#[test]
fn modules_bring_their_types() {
    let library = "type Config = {host: string, port: integer}\nlocal M = {}\nfunction M.open(config: Config): string return config.host end\nreturn M\n";
    let mut project = Project(vec![("mylib".to_owned(), Arc::from(library.as_bytes()))]);
    let user = "local lib = require(\"mylib\")\nlocal c: lib.Config = {host = \"h\"}\nlocal s: number = lib.open({host = \"h\", port = 1})\nlocal n: lib.Nope = nil\n";
    let report = session().check("user", user.as_bytes(), &mut project);
    let found: Vec<(Code, usize)> = report
        .diagnostics
        .iter()
        .map(|it| (it.code, user[..it.span.start.index()].matches('\n').count() + 1))
        .collect();
    assert_eq!(found, [(Code::E0000, 2), (Code::E0000, 3), (Code::E0012, 4)]);
    struct Strict;
    impl Resolver for Strict {
        fn resolve(&mut self, _from: &str, _name: &str) -> Resolution {
            Resolution::Undeclared
        }
    }
    let report = session().check("user", b"local m = require(\"nope\")", &mut Strict);
    assert_eq!(report.diagnostics[0].code, Code::E0026);
    assert_eq!(
        report.diagnostics[0].message,
        "require(\"nope\") is not declared in _index.yaml imports or modules"
    );
}
