//! Whatever the compiler makes of a program, the verifier accepts: random programs and every program at hand.

use std::path::{Path, PathBuf};
use std::{env, fs};

use wippy_vm::compile::compile_source;

use wippy_random::Random;

/// Writes programs that are syntactically valid; some break a rule of scopes.
struct Writer {
    random: Random,
    out: String,
    depth: u32,
}

const NAMES: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "_ENV"];
const BINARY: [&str; 21] = [
    "+", "-", "*", "/", "//", "%", "^", "..", "&", "|", "~", "<<", ">>", "==", "~=", "<", "<=", ">", ">=",
    "and", "or",
];

impl Writer {
    fn pick(&mut self, items: &[&'static str]) -> &'static str {
        items[self.random.below(items.len())]
    }

    fn put(&mut self, text: &str) {
        self.out.push_str(text);
        self.out.push(if self.random.below(8) == 0 { '\n' } else { ' ' });
    }

    fn name(&mut self) {
        let name = self.pick(&NAMES);
        self.put(name);
    }

    fn names(&mut self) {
        self.name();
        while self.random.below(3) == 0 {
            self.put(",");
            self.name();
        }
    }

    fn expressions(&mut self) {
        self.expression();
        while self.random.below(3) == 0 {
            self.put(",");
            self.expression();
        }
    }

    fn expression(&mut self) {
        self.depth += 1;
        let choice = if self.depth > 12 { self.random.below(8) } else { self.random.below(24) };
        match choice {
            0 => self.put("nil"),
            1 => self.put("true"),
            2 => self.put("false"),
            3 => {
                let number = self.pick(&[
                    "0",
                    "1",
                    "255",
                    "256",
                    "1.0",
                    "-0.0",
                    "0.5",
                    "1e300",
                    "70000",
                    "0xffffffffff",
                ]);
                self.put(number);
            }
            4 => {
                let string = self.pick(&["''", "'x'", "\"long\"", "[[\nlines\n]]"]);
                self.put(string);
            }
            5..=7 => self.name(),
            8..=12 => {
                self.expression();
                let operator = self.pick(&BINARY);
                self.put(operator);
                self.expression();
            }
            13 => {
                let operator = self.pick(&["-", "not", "#", "~"]);
                self.put(operator);
                self.expression();
            }
            14 => {
                self.put("(");
                self.expression();
                self.put(")");
            }
            15 => self.function(),
            16 | 17 => self.table(),
            18 => self.put("..."),
            19 | 20 => self.call(),
            _ => self.place(),
        }
        self.depth -= 1;
    }

    /// Something that can be assigned to.
    fn place(&mut self) {
        self.name();
        while self.depth < 14 && self.random.below(3) == 0 {
            if self.random.below(2) == 0 {
                self.put(".");
                let name = self.pick(&NAMES);
                self.put(name);
            } else {
                self.put("[");
                self.expression();
                self.put("]");
            }
        }
    }

    fn call(&mut self) {
        self.place();
        if self.random.below(4) == 0 {
            self.put(":m");
        }
        self.put("(");
        if self.random.below(3) > 0 {
            self.expressions();
        }
        self.put(")");
    }

    fn table(&mut self) {
        self.put("{");
        for _ in 0..self.random.below(6) {
            match self.random.below(4) {
                0 => self.put("x ="),
                1 => {
                    self.put("[");
                    self.expression();
                    self.put("] =");
                }
                _ => {}
            }
            self.expression();
            self.put(";");
        }
        self.put("}");
    }

    fn function(&mut self) {
        self.put("function (");
        self.names();
        if self.random.below(16) > 0 {
            self.put(", ...");
        }
        self.put(")");
        self.block();
        self.put("end");
    }

    fn block(&mut self) {
        self.depth += 3;
        let statements = if self.depth > 14 { 1 } else { self.random.below(5) };
        for _ in 0..statements {
            self.statement();
        }
        match self.random.below(6) {
            0 => {
                self.put("return");
                if self.random.below(4) > 0 {
                    self.expressions();
                }
                self.put(";");
            }
            1 => self.put("::last::"),
            _ => {}
        }
        self.depth -= 3;
    }

    fn statement(&mut self) {
        let choice = if self.depth > 14 { self.random.below(5) } else { self.random.below(17) };
        self.depth += 1;
        match choice {
            0 => {
                self.place();
                self.put("=");
                self.expressions();
            }
            1 => {
                self.place();
                self.put(",");
                self.place();
                self.put("=");
                self.expressions();
            }
            2 | 3 => {
                self.put("local");
                self.names();
                if self.random.below(3) > 0 {
                    self.put("=");
                    self.expressions();
                }
            }
            4 => self.call(),
            5 => self.enclosed("do", "end"),
            6 => {
                self.put("while");
                self.expression();
                self.enclosed("do", "end");
            }
            7 => {
                self.enclosed("repeat", "until");
                self.expression();
            }
            8 => {
                self.put("if");
                self.expression();
                self.enclosed("then", "else");
                self.enclosed("", "end");
            }
            9 => {
                let is_loose = self.random.below(16) == 0;
                if !is_loose {
                    self.put("while a do ::again::");
                }
                self.put("if");
                self.expression();
                let jump = self.pick(&["then break end", "then goto done end", "then goto again end"]);
                self.put(jump);
                if !is_loose {
                    self.statement();
                    self.put("if b then break end ::done:: end");
                }
            }
            10 => {
                self.put("for");
                self.name();
                self.put("=");
                self.expression();
                self.put(",");
                self.expression();
                if self.random.below(2) == 0 {
                    self.put(", 1");
                }
                self.enclosed("do", "end");
            }
            11 => {
                self.put("for");
                self.names();
                self.put("in");
                self.expressions();
                self.enclosed("do", "end");
            }
            12 => {
                self.put("local function");
                self.name();
                self.out.push('(');
                self.names();
                self.put(")");
                self.enclosed("", "end");
            }
            13 => {
                self.put("function a.b:c()");
                self.enclosed("", "end");
            }
            14 => self.put("do ::again:: local x = a if x then goto again end end"),
            15 => self.put("while a do local x = b c = function() return x end if x then break end end"),
            _ => self.put(";"),
        }
        self.depth -= 1;
        self.put(";");
    }

    fn enclosed(&mut self, open: &str, close: &str) {
        self.put(open);
        self.block();
        self.put(close);
    }
}

#[test]
fn random_programs_pass_the_verifier() {
    let rounds = env::var("WIPPY_FUZZ").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(3_000);
    let mut valid = 0;
    for seed in 0..rounds {
        let mut writer = Writer { random: Random::new(seed + 1), out: String::new(), depth: 0 };
        for _ in 0..6 {
            writer.statement();
        }
        match compile_source(writer.out.as_bytes(), b"=random") {
            Ok(prototype) => {
                super::check_prototype(&prototype);
                valid += 1;
            }
            Err(error) => {
                let message = error.to_string();
                let scope = [
                    "not inside a loop",
                    "no visible label",
                    "jumps into the scope",
                    "already defined",
                    "outside a vararg",
                ];
                assert!(
                    scope.iter().any(|part| message.contains(part)),
                    "seed {seed}: {message}\n{}",
                    writer.out
                );
            }
        }
    }
    assert!(valid > rounds / 5, "enough programs are valid: {valid}");
}

/// Compiles every Lua file below `folder`.
fn compile_folder(folder: &Path) -> usize {
    let mut folders = vec![folder.to_path_buf()];
    let mut compiled = 0;
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
        for path in entries.map(|entry| entry.path()).collect::<Vec<PathBuf>>() {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "lua") {
                let source = fs::read(&path).expect("the file can be read");
                if let Ok(prototype) = compile_source(wippy_parser::strip_shebang(&source), b"=file") {
                    super::check_prototype(&prototype);
                    compiled += 1;
                }
            }
        }
    }
    compiled
}

#[test]
fn the_conformance_cases_pass_the_verifier() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    assert!(compile_folder(&root.join("lua-testsuite")) > 20);
    assert!(compile_folder(&root.join("benches")) > 10);
}

/// The official suite is no part of this tree; `WIPPY_LUA_TESTS` names its folder.
#[test]
fn the_official_suite_passes_the_verifier() {
    if let Some(folder) = env::var_os("WIPPY_LUA_TESTS") {
        assert!(compile_folder(Path::new(&folder)) > 20);
    }
}
