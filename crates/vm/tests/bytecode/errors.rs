//! Errors only the compiler can find, in the words and at the lines of the reference implementation.

use wippy_vm::compile::compile_source;

#[track_caller]
fn check(source: &str, expected: &str) {
    let error = compile_source(source.as_bytes(), b"=c").expect_err("the program is invalid");
    assert_eq!(error.to_string(), expected);
}

#[test]
fn gotos_and_labels() {
    check("do goto x end\n\n", "c:3: no visible label 'x' for <goto> at line 1");
    check("goto l1; do ::l1:: end", "c:1: no visible label 'l1' for <goto> at line 1");
    check("function f() goto x end ::x::", "c:1: no visible label 'x' for <goto> at line 1");
    check("if false then goto x end", "c:1: no visible label 'x' for <goto> at line 1");
    check("::a::\n::b::\n::a::", "c:3: label 'a' already defined on line 1");
    check("goto x; local a ::x:: print(a)", "c:1: <goto x> at line 1 jumps into the scope of local 'a'");
    check("goto a;\nlocal x;\n::a::;\nlocal y", "c:4: <goto a> at line 1 jumps into the scope of local 'x'");
    check(
        "repeat goto x; local a; ::x:: ; until a",
        "c:1: <goto x> at line 1 jumps into the scope of local 'a'",
    );
}

#[test]
fn breaks() {
    check("break", "c:1: <break> at line 1 not inside a loop");
    check("function f()\nbreak\nend\nlocal x", "c:4: <break> at line 2 not inside a loop");
    check("for i = 1, 2 do f(function() break end) end", "c:1: <break> at line 1 not inside a loop");
    check("if x then break end", "c:1: <break> at line 1 not inside a loop");
}

#[test]
fn varargs() {
    check("function f()\nreturn 1, ...\nend", "c:2: cannot use '...' outside a vararg function near '...'");
    check(
        "function f(...) return function() return ... end end",
        "c:1: cannot use '...' outside a vararg function near '...'",
    );
}

#[test]
fn limits() {
    let locals = |count: usize| (0..count).map(|i| format!("local a{i}\n")).collect::<String>();
    check(&locals(201), "c:202: too many local variables (limit is 200) in main function near <eof>");
    check(
        &format!("local function f()\n{}end", locals(201)),
        "c:203: too many local variables (limit is 200) in function at line 1 near 'end'",
    );
    check(
        &format!("{}for i = 1, 2 do end", locals(197)),
        "c:198: too many local variables (limit is 200) in main function near '='",
    );
    let uses = |letter: char| (0..150).map(|i| format!("{letter}{i} = 1 ")).collect::<String>();
    check(
        &format!(
            "{}local function f()\n{}\nlocal function g()\n{}\n{} end end",
            locals(150),
            locals(150).replace('a', "b").replace("locbl", "local"),
            uses('a'),
            uses('b'),
        ),
        "c:305: too many upvalues (limit is 255) in function at line 303 near '='",
    );
    check(
        &format!("f({})", vec!["x"; 300].join(",")),
        "c:1: function or expression needs too many registers near 'x'",
    );
    check(
        &format!("{} = 1", vec!["x"; 201].join(",")),
        "c:1: too many C levels (limit is 200) in main function near ','",
    );
    let functions = "f = function() end\n".repeat(65_537);
    check(&functions, "c:65538: too many functions (limit is 65536) in main function near <eof>");
}

#[test]
fn chunk_names_are_shortened() {
    let error = compile_source(b"break", b"break").expect_err("the program is invalid");
    assert_eq!(error.message(), b"[string \"break\"]:1: <break> at line 1 not inside a loop");
    assert_eq!(error.line(), 1);
    let error = compile_source(b"x =", b"@dir/file.lua").expect_err("the program is invalid");
    assert_eq!(error.message(), b"dir/file.lua:1: unexpected symbol near <eof>");
}
