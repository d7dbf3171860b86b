//! Hostile input: mutated sources, mutated binary chunks, library calls with random arguments.
//!
//! Nothing is compared; what counts is that nothing panics, crashes, outlives its fuel or outgrows its limit.
//! `WIPPY_ROBUSTNESS=100` multiplies the counts (10^6 sources, 10^5 chunks, 10^5 calls). Invariant: every case
//! depends on its number alone, and a panic prints the number.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use wippy::{Interpreter, Limits};
use wippy_random::Random;
use wippy_vm::compile::compile_source;
use wippy_vm::{LoadMode, Step};

/// Cases of each test before multiplication.
const SOURCES: u64 = 10_000;
const CHUNKS: u64 = 1_000;
const CALLS: u64 = 1_000;

/// Fuel of one run, and the time it may take at most: generous, for builds without optimisation.
const FUEL: u64 = 20_000;
const LONGEST: Duration = Duration::from_secs(5);

/// Heap of the states that run hostile input.
const MEMORY_BYTES: usize = 32 << 20;

fn times() -> u64 {
    std::env::var("WIPPY_ROBUSTNESS").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}

/// Says which case it was when the test panics.
struct Case(u64);

impl Drop for Case {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("panicked in case {}", self.0);
        }
    }
}

/// Changes a few bytes: replaced, removed, repeated, swapped for another piece of the text.
fn mutate(random: &mut Random, text: &[u8], words: &[&[u8]]) -> Vec<u8> {
    let mut text = text.to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(text.len() + 1);
        match random.below(6) {
            0 if at < text.len() => text[at] = random.bits() as u8,
            1 if at < text.len() => drop(text.drain(at..(at + 1 + random.below(20)).min(text.len()))),
            2 => drop(text.splice(at..at, words[random.below(words.len())].iter().copied())),
            3 => {
                let from = random.below(text.len() + 1);
                let piece = text[from..(from + random.below(60)).min(text.len())].to_vec();
                drop(text.splice(at..at, piece));
            }
            4 => text.truncate(at),
            _ if at < text.len() => text[at] ^= 1 << random.below(8),
            _ => {}
        }
    }
    text
}

fn lua_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the tree can be read") {
        let path = entry.expect("the tree can be read").path();
        if path.is_dir() {
            lua_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "lua") {
            found.push(path);
        }
    }
}

fn corpus() -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = Vec::new();
    for folder in ["lua-testsuite", "benches", "examples"] {
        lua_files(&root.join(folder), &mut files);
    }
    files.sort();
    // Short pieces of long files: the mutation should hit something that matters.
    let mut pieces = Vec::new();
    for file in files {
        let text = fs::read(file).expect("the tree can be read");
        pieces.extend(text.chunks(1500).map(<[u8]>::to_vec));
    }
    pieces
}

#[test]
fn mutated_sources_compile_or_are_refused() {
    let corpus = corpus();
    let words: [&[u8]; 24] = [
        b" end ",
        b" function ",
        b"(",
        b")",
        b"{",
        b"}",
        b"[[",
        b"]]",
        b"--[==[",
        b" goto a ",
        b"::a::",
        b" local ",
        b" = ",
        b"...",
        b"0x",
        b"1e",
        b"'",
        b"\"",
        b"\\",
        b" until ",
        b" repeat ",
        b": ",
        b" type ",
        b"@",
    ];
    for number in 0..SOURCES * times() {
        let _case = Case(number);
        let mut random = Random::new(number);
        let source = &corpus[random.below(corpus.len())];
        let source = mutate(&mut random, source, &words);
        drop(compile_source(&source, b"=mutated"));
    }
}

fn state() -> Interpreter {
    Interpreter::with_limits(Limits { memory_bytes: MEMORY_BYTES })
}

/// Runs a chunk with one argument on limited fuel; answers whether the state may be used again.
fn run(lua: &mut Interpreter, source: &[u8], argument: &[u8]) -> bool {
    let started = Instant::now();
    let prepared = lua.vm().start(|cx| {
        let chunk = cx.load(source, b"=driver", LoadMode::ANY)?;
        cx.push(chunk);
        let argument = cx.string(argument)?;
        cx.push(argument);
        Ok(())
    });
    assert!(prepared.is_ok(), "the driver compiles");
    let step = lua.vm().run(FUEL);
    assert!(started.elapsed() < LONGEST, "fuel was spent, control did not come back");
    !matches!(step, Step::OutOfFuel)
}

/// A chunk that is refused or runs; a driver that is Lua itself cannot fail.
const LOAD_AND_RUN: &[u8] = b"local f = load(..., 'mutated', 'b') if f then return pcall(f, 1, 'a', {}) end";

#[test]
fn mutated_binary_chunks_are_refused_or_harmless() {
    let functions: [&[u8]; 6] = [
        b"local a, b = ... local t = {a, b, x = 1} for i = 1, 10 do t[i] = i * 2 end return #t, t.x",
        b"local function f(n) if n < 2 then return n end return f(n - 1) + f(n - 2) end return f(10)",
        b"local s = '' for k, v in pairs({1, 2, x = 'y'}) do s = s .. tostring(k) .. tostring(v) end return s:upper()",
        b"goto a do local x = 1 end ::a:: local up = 1 return (function(...) up = up + select('#', ...) return up, ... end)(1, 2)",
        b"local t = setmetatable({}, {__index = function(_, k) return k end}) return t.a, t[1] // 2, ~3 & 7, 2 ^ 0.5, -t.x",
        b"for i = 10, 1, -2.5 do if i > 5 and not (i == 7) then break end end while false do end repeat until true return ...",
    ];
    let mut lua = state();
    let mut dumps = Vec::new();
    for source in functions {
        let dump = b"return string.dump(load((...), '=original'))";
        lua.run(dump, "=dump", &[source]).expect("the originals compile");
        dumps.push(lua.results(|cx| match cx.get(1) {
            wippy_vm::Value::String(text) => text.as_bytes().to_vec(),
            _ => Vec::new(),
        }));
    }
    let words: [&[u8]; 4] = [b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f", b"\x80\x80\x80\x80\x80"];
    for number in 0..CHUNKS * times() {
        let _case = Case(number);
        let mut random = Random::new(number);
        let dump = &dumps[random.below(dumps.len())];
        let chunk = mutate(&mut random, dump, &words);
        if !run(&mut lua, LOAD_AND_RUN, &chunk) || number % 100 == 99 {
            lua = state();
        }
    }
}

/// Calls random functions with random arguments; those that leave the process or touch files are left out.
const RANDOM_CALLS: &[u8] = br##"
local state = tonumber((...))
local function below(n) state = (state * 6364136223846793005 + 1442695040888963407) return (state >> 33) % n + 1 end
local left_out = {exit = 1, execute = 1, popen = 1, remove = 1, rename = 1, open = 1, output = 1, input = 1, lines = 1, tmpfile = 1,
  tmpname = 1, read = 1, close = 1, write = 1, print = 1, dofile = 1, loadfile = 1, require = 1, debug = 1, flush = 1, setlocale = 1, loadlib = 1, searchpath = 1}
local functions = {}
for _, library in ipairs {"_G", "string", "table", "math", "utf8", "coroutine", "os", "debug"} do
  local names = {}
  for name, value in pairs(_G[library]) do if type(value) == "function" and not left_out[name] then names[#names + 1] = name end end
  table.sort(names)
  for _, name in ipairs(names) do functions[#functions + 1] = _G[library][name] end
end
local pcall, select, unpack = pcall, select, table.unpack
local make = {
  function() return nil end, function() return below(2) == 1 end, function() return below(20) - 5 end, function() return (below(1000) - 500) / 7 end,
  function() return ({math.maxinteger, math.mininteger, 2 ^ 53, -2 ^ 63, 1 / 0, 0 / 0, -0.0, 1 << 31})[below(8)] end,
  function() return ({"", "x", "abc", "%d%s", "(a*(.)%1)", "%b()", "[^%w]+", "%", "<i4s2z", "10", "0x1p4", "return ...", "\27Lua", "kv", "crl", "!*t", "nSlutfL", "\0\255"})[below(18)] end,
  function() return ("ab"):rep(below(40)) end, function() return {} end, function() return {3, 1, 2, x = "y"} end,
  function() return setmetatable({}, {__index = function(_, k) return k end, __len = function() return below(9) end, __call = function(...) return ... end, __lt = function() return below(2) == 1 end}) end,
  function() return functions[below(#functions)] end, function() return function(...) return ... end end, function() return function() error({}) end end,
  function() return coroutine.create(function(...) coroutine.yield(...) end) end, function() return io.stdout end,
}
for _ = 1, 20 do
  local arguments, n = {}, below(6) - 1
  for i = 1, n do arguments[i] = make[below(#make)]() end
  pcall(functions[below(#functions)], unpack(arguments, 1, n))
end
"##;

#[test]
fn random_library_calls_neither_panic_nor_hang() {
    let mut lua = state();
    for number in 0..CALLS * times() / 20 {
        let _case = Case(number);
        run(&mut lua, RANDOM_CALLS, number.to_string().as_bytes());
        // What the calls did to metatables, hooks and the collector must not reach the next case.
        lua = state();
    }
}
