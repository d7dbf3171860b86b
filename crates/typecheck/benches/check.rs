//! How fast the checker is: a generated, typed project of 100,000 lines, cold and after one function changed.
//!
//! `cargo bench --package wippy-typecheck` prints one line per figure; a number of lines per file may be given.
//! `-- --write DIR` writes the project to a folder instead, for other checkers: it is what Luau understands, too.
//! Nothing is random: every run checks the same text.

#![expect(clippy::print_stdout, reason = "a program that prints what it measured")]

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use wippy_typecheck::check::{Environment, Options, Project, Resolution, Resolver};

/// Lines of the whole project.
const LINES: usize = 100_000;
/// Lines of one generated function, with the line after it.
const FUNCTION_LINES: usize = 22;

fn environment() -> Environment {
    Environment::new()
        .global("print", "(...any) -> ()")
        .global("tostring", "(value: any) -> string")
        .global("ipairs", "(table: any) -> (any, any, any)")
        .global("pairs", "(table: any) -> (any, any, any)")
        .global("require", "(name: string) -> any")
        .global("string.format", "(format: string, ...any) -> string")
        .global("string.upper", "(s: string) -> string")
        .global("string.sub", "(s: string, i: number, j: number?) -> string")
        .global("math.floor", "(x: number) -> integer")
        .global("table.insert", "(list: any, value: any) -> ()")
}

/// One function, different in every file and at every place; `edit` changes its body.
fn function(out: &mut String, file: usize, at: usize, edit: usize) {
    let _ = write!(
        out,
        "function M.step{at}(order: Order, limit: number?): (number, string)
    local total = 0
    local names: {{string}} = {{}}
    for index, line in ipairs(order.lines) do
        local price = line.price * line.count + {edit}
        if limit and price > limit then
            price = limit
        end
        total = total + price
        table.insert(names, string.upper(line.name) .. tostring(index))
    end
    local event: Event = {{kind = \"sum\", amount = total}}
    if event.kind == \"sum\" then
        total = total + event.amount
    else
        print(event.text)
    end
    local found = order.note
    local text = if_nil(found, \"none{file}\")
    return total, string.format(\"%s %d %s\", order.id, #names, text)
end

"
    );
}

/// A file of about `lines` lines that requires the one before it; function `edited` is changed `edit` times.
fn source(file: usize, lines: usize, edited: usize, edit: usize) -> Arc<[u8]> {
    let mut out = String::new();
    if file > 0 {
        let _ = writeln!(out, "local before = require(\"./m{}\")", file - 1);
    }
    out.push_str(
        "local M = {}
type Line = {name: string, price: number, count: number}
type Order = {id: string, lines: {Line}, note: string?}
type Event = {kind: \"sum\", amount: number} | {kind: \"text\", text: string}
local function if_nil(value: string?, other: string): string
    return value or other
end

",
    );
    for at in 0..lines.saturating_sub(10) / FUNCTION_LINES {
        function(&mut out, file, at, if at == edited { edit } else { 0 });
    }
    if file > 0 {
        out.push_str("local sum, text = before.step0({id = \"a\", lines = {}}, 4)\nprint(sum + 1, text)\n");
    }
    out.push_str("return M\n");
    Arc::from(out.into_bytes())
}

/// Files are called what `require` calls them, without the dot and the slash.
struct Beside;

impl Resolver for Beside {
    fn resolve(&mut self, _from: &str, name: &str) -> Resolution {
        let name = name.trim_start_matches("./").to_owned();
        Resolution::Chunk { name, text: Arc::from(&b""[..]) }
    }
}

/// Asks for the findings in every file; there are none in this project.
fn check_all(project: &mut Project<Beside>, names: &[String]) {
    for name in names {
        let report = project.diagnostics(name).expect("every file was set");
        assert!(report.diagnostics.is_empty(), "{name}: {:?}", report.diagnostics);
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn median(times: &mut [Duration]) -> f64 {
    times.sort_unstable();
    milliseconds(times[times.len() / 2])
}

fn measure(per_file: usize) {
    let names: Vec<String> = (0..LINES / per_file).map(|file| format!("m{file}")).collect();
    let texts: Vec<Arc<[u8]>> = (0..names.len()).map(|file| source(file, per_file, 0, 0)).collect();
    let lines: usize = texts.iter().map(|text| text.iter().filter(|&&byte| byte == b'\n').count()).sum();
    let (mut cold, mut parse) = (Duration::MAX, Duration::MAX);
    let fill = || {
        let mut project = Project::new(environment(), Options::default(), Beside);
        for (name, text) in names.iter().zip(&texts) {
            project.set_file(name, Arc::clone(text));
        }
        project
    };
    let mut project = fill();
    for _ in 0..3 {
        project = fill();
        let begin = Instant::now();
        check_all(&mut project, &names);
        cold = cold.min(begin.elapsed());
        let begin = Instant::now();
        let mut arena = wippy_parser::Bump::new();
        let mut interner = wippy_parser::Interner::new();
        for text in &texts {
            arena.reset();
            assert!(wippy_parser::parse(text, &arena, &mut interner).is_ok());
        }
        parse = parse.min(begin.elapsed());
    }
    println!(
        "{} files of {per_file} lines: cold {:.1} ms, {:.0} lines/s, of which parsing {:.1} ms",
        names.len(),
        milliseconds(cold),
        lines as f64 / cold.as_secs_f64(),
        milliseconds(parse)
    );
    let middle = names.len() / 2;
    let (mut one, mut all) = (Vec::new(), Vec::new());
    for round in 1..=21 {
        project.set_file(&names[middle], source(middle, per_file, per_file / FUNCTION_LINES / 2, round));
        let begin = Instant::now();
        let report = project.diagnostics(&names[middle]).expect("it was set");
        one.push(begin.elapsed());
        assert!(report.fresh && report.diagnostics.is_empty(), "{:?}", report.diagnostics);
        check_all(&mut project, &names);
        all.push(begin.elapsed());
    }
    println!(
        "  one function changed: its file {:.2} ms, the whole project {:.2} ms (medians of 21)",
        median(&mut one),
        median(&mut all)
    );
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let Some(at) = words.iter().position(|word| word == "--write")
        && let Some(folder) = words.get(at + 1)
    {
        let per_file = words.get(at + 2).and_then(|word| word.parse().ok()).unwrap_or(500);
        for file in 0..LINES / per_file {
            let path = std::path::Path::new(folder).join(format!("m{file}.lua"));
            if let Err(error) = std::fs::write(&path, source(file, per_file, 0, 0)) {
                eprintln!("{}: {error}", path.display());
                std::process::exit(1);
            }
        }
        return;
    }
    match words.iter().find_map(|word| word.parse().ok()) {
        Some(per_file) => measure(per_file),
        None => [500, 5_000, 100_000].into_iter().for_each(measure),
    }
}
