//! Style rules and the comments that steer the checker: a snippet, and the codes and lines reported.

use wippy::signatures::environment;
use wippy::typecheck::check::{Options, Session};
use wippy::typecheck::diagnostic::Code::{self, *};

#[track_caller]
fn expect(text: &str, expected: &[(Code, usize)]) {
    let mut session = Session::new(&environment(), Options { style: true, ..Options::default() });
    let report = session.check("style.lua", text.as_bytes(), &mut ());
    let found: Vec<(Code, usize)> = report
        .diagnostics
        .iter()
        .map(|it| (it.code, text[..it.span.start.index()].matches('\n').count() + 1))
        .collect();
    assert_eq!(found, expected, "{text}");
}

#[test]
fn empty_blocks() {
    expect(
        "local x = print\nif x then\nelse\n    x()\nend\nwhile x do end\nfor _ = 1, 2 do end",
        &[(W0001, 2), (W0001, 6), (W0001, 7)],
    );
}

#[test]
fn globals() {
    expect("count = 1\nfunction f() end\nprint = nil\n_x = 1", &[(W0002, 1), (W0002, 2)]);
}

#[test]
fn identical_operands() {
    expect(
        "local a = {b = 1}\nprint(a.b == a.b, 1 < 1, a ~= a.b)\nprint(a ~= a)",
        &[(W0003, 2), (W0003, 2), (W0003, 3)],
    );
}

#[test]
fn unused_names() {
    expect(
        "local used, unused, _ignored = 1, 2, 3\nprint(used)\nlocal t = {}\nt.x = 1\nlocal function f(a, b, _c, ...) return a end\nfor i = 1, 2 do print(f) end",
        &[(W0004, 1), (W0005, 5), (W0004, 6)],
    );
    expect("local json = require(\"json\")\nlocal time = require(\"time\")\nprint(time)", &[(W0006, 1)]);
    expect("local C = {}\nfunction C:m() return 1 end\nreturn C", &[]);
}

#[test]
fn shadowing() {
    expect(
        "local total = 0\nfor _, total in ipairs({1}) do\n    print(total)\nend\nprint(total)",
        &[(W0007, 2)],
    );
}

#[test]
fn suppression() {
    expect("local n: number = \"a\" -- lint: ignore E0000\nprint(n)", &[]);
    expect("-- lint: ignore E0000\nlocal n: number = \"a\"\nprint(n)", &[]);
    expect("local n: number = \"a\" -- lint: ignore E0004\nprint(n)", &[(E0000, 1), (W0009, 1)]);
    expect("-- lint: ignore-file W0002\na = 1\nb = 2", &[]);
    expect("--!nocheck\nlocal n: number = \"a\"\nprint(n)", &[]);
    expect("--!strict\nlocal a: any = 1\nlocal n: number = a\nprint(n)", &[(W0011, 3)]);
}

#[test]
fn hints_of_the_checker() {
    expect("local s: string = \"a\"\nprint(s!)", &[(W0010, 2)]);
    expect(
        "local function f(x: unknown) if type(x) == \"strnig\" then print(1) end end\nf(1)",
        &[(W0008, 1)],
    );
    expect("local n: number, s: string = 1, \"a\"\nprint(n == s)", &[(W0012, 2)]);
    expect("local function f(): number\n    error(\"x\")\n    print(1)\nend\nprint(f)", &[(E0009, 3)]);
}
