//! Shared by the tests: random numbers, cutting programs into tokens, the reference implementation as an oracle.
//!
//! Not a test itself. Invariant: everything derives from a seed, so that a failure repeats.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::io::Write;
use std::process::{Command, Stdio};

use wippy_parser::{Bump, Interner, SyntaxError, parse};

/// How often the tests with random programs go round: `WIPPY_FUZZ`, or what suits a normal run.
pub(crate) fn rounds(normal: usize) -> usize {
    std::env::var("WIPPY_FUZZ").ok().and_then(|text| text.parse().ok()).unwrap_or(normal)
}

/// The error of parsing `source`, if it has one.
pub(crate) fn error_of(source: &[u8]) -> Option<SyntaxError> {
    parse(source, &Bump::new(), &mut Interner::new()).err()
}

/// `LINE: message`, or `ok`.
pub(crate) fn verdict(source: &[u8]) -> Vec<u8> {
    match error_of(source) {
        None => b"ok".to_vec(),
        Some(error) => [error.line().to_string().as_bytes(), b": ", &error.message()].concat(),
    }
}

/// Cuts a program into tokens and the blanks between them; joined, they are the program again.
pub(crate) fn cut(source: &[u8]) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    let mut rest = source;
    while let Some(&first) = rest.first() {
        let len = match first {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'0'..=b'9' => {
                rest.iter().position(|b| !(b.is_ascii_alphanumeric() || *b == b'_')).unwrap_or(rest.len())
            }
            b' ' | b'\n' => rest.iter().position(|b| !matches!(b, b' ' | b'\n')).unwrap_or(rest.len()),
            b'"' | b'\'' => rest[1..].iter().position(|b| *b == first).map_or(rest.len(), |end| end + 2),
            b'-' if rest.starts_with(b"--") => rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len()),
            _ => {
                let symbols: [&[u8]; 12] =
                    [b"...", b"..", b"::", b"//", b"<<", b">>", b"<=", b">=", b"==", b"~=", b"[[", b"]]"];
                symbols.iter().find(|symbol| rest.starts_with(symbol)).map_or(1, |symbol| symbol.len())
            }
        };
        let (piece, tail) = rest.split_at(len);
        pieces.push(piece);
        rest = tail;
    }
    pieces
}

/// What the reference implementation says about each program: `LINE: message`, or `ok`. Nothing if it is not installed.
pub(crate) fn oracle(programs: &[Vec<u8>]) -> Option<Vec<Vec<u8>>> {
    oracle_for("'ok'", programs)
}

/// The same, with the text that the Lua expression `when_good` makes of `chunk` in place of `ok`.
pub(crate) fn oracle_for(when_good: &str, programs: &[Vec<u8>]) -> Option<Vec<Vec<u8>>> {
    // Programs go in as "length newline bytes"; verdicts come back the same way.
    let driver = format!(
        r#"
        for line in io.lines() do
            local program = io.read(tonumber(line)) or ""
            local chunk, message = load(program, "=c", "t")
            local verdict = chunk and ({when_good}) or message:gsub("^c:", "", 1)
            io.write(#verdict, "\n", verdict)
        end"#
    );
    let mut child = Command::new("lua5.3")
        .args(["-e", &driver])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    let mut input = child.stdin.take().expect("standard input is piped");
    let bytes: Vec<u8> =
        programs.iter().flat_map(|p| [format!("{}\n", p.len()).into_bytes(), p.clone()].concat()).collect();
    let writer = std::thread::spawn(move || input.write_all(&bytes));
    let output = child.wait_with_output().ok()?;
    writer.join().expect("the writer does not panic").expect("the oracle reads everything");
    let mut rest = output.stdout.as_slice();
    let mut verdicts = Vec::new();
    while let Some(end) = rest.iter().position(|b| *b == b'\n') {
        let len: usize = std::str::from_utf8(&rest[..end]).ok()?.parse().ok()?;
        verdicts.push(rest[end + 1..][..len].to_vec());
        rest = &rest[end + 1 + len..];
    }
    assert_eq!(verdicts.len(), programs.len(), "the oracle answers every program");
    Some(verdicts)
}
