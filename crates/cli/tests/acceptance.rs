//! The acceptance checks of the command line, each on the real binary, and bad input.
//!
//! Every test states what a person types and exactly what they see.

mod support;

use std::time::{Duration, Instant};

use support::{Scratch, expect, finish, shell, wippy};

// --- the first word, help, version -----------------------------------------------------------------------------

#[test]
fn version_is_one_line() {
    let number = env!("CARGO_PKG_VERSION");
    for flag in ["--version", "-V", "-v"] {
        expect(wippy(&[flag]), 0, &format!("wippy {number}\n"), "");
    }
    expect(wippy(&["version", "--short"]), 0, &format!("{number}\n"), "");
    assert!(wippy(&["version"]).outcome().out.starts_with(&format!("wippy {number}\n")));
}

#[test]
fn help_is_plain_and_names_every_command() {
    let commands = [
        "run",
        "init",
        "test",
        "lint",
        "check",
        "registry list|show",
        "version",
        "help",
        "completion",
        "completions",
        "repl",
        "eval",
        "update",
        "install",
        "add",
        "fmt",
        "types",
        "schema",
        "explain",
        "new",
        "pack",
        "publish",
        "search",
        "auth login|logout|status",
        "readme",
    ];
    let outcome = shell("wippy --help | cat").outcome();
    assert_eq!((outcome.code, outcome.err.as_str()), (0, ""));
    assert!(!outcome.out.contains('\x1b'));
    for command in commands {
        assert!(outcome.out.contains(command), "{command}");
    }
    assert_eq!(wippy(&["help"]).outcome(), wippy(&["--help"]).outcome());
    assert_eq!(wippy(&["help", "eval"]).outcome(), wippy(&["eval", "--help"]).outcome());
}

#[test]
fn typing_errors_are_answered_with_the_nearest_name() {
    expect(
        wippy(&["rnu"]),
        2,
        "",
        "error: unknown command or file \"rnu\"; did you mean \"run\"?\nRun 'wippy --help' for usage.\n",
    );
    expect(
        wippy(&["run", "--exce", "x"]),
        2,
        "",
        "error: unknown flag \"--exce\" for 'wippy run'; did you mean \"--exec\"?\nRun 'wippy run --help' for usage.\n",
    );
    expect(
        wippy(&["nosuch.lua"]),
        2,
        "",
        "error: unknown command or file \"nosuch.lua\": no such file\nRun 'wippy --help' for usage.\n",
    );
}

#[test]
fn later_commands_say_so() {
    for command in ["publish", "fmt"] {
        expect(wippy(&[command]), 1, "", &format!("'wippy {command}' is not supported yet\n"));
    }
    let explained = wippy(&["explain", "W0004"]).outcome();
    assert_eq!((explained.code, explained.err.as_str()), (0, ""));
    assert!(explained.out.starts_with("W0004: no-unused-vars\n"));
    assert_eq!(wippy(&["explain", "Q1"]).outcome().code, 2);
}

#[test]
fn completion_scripts_are_accepted_by_their_shells() {
    for shell_name in ["bash", "zsh", "fish"] {
        if shell(&format!("command -v {shell_name}")).outcome().code != 0 {
            eprintln!("skipped: {shell_name} is not installed");
            continue;
        }
        expect(shell(&format!("wippy completion {shell_name} | {shell_name} -n")), 0, "", "");
    }
    assert!(wippy(&["completion", "powershell"]).outcome().out.contains("Register-ArgumentCompleter"));
}

// --- code from the command line and from standard input --------------------------------------------------------

#[test]
fn code_from_the_command_line() {
    expect(wippy(&["-e", "print(1+1)"]), 0, "2\n", "");
    expect(wippy(&["-e", "x=1", "-e", "print(x)"]), 0, "1\n", "");
    expect(wippy(&["-e", "1+1"]), 1, "", {
        "error: unexpected symbol near '1'\n --> (command line):1:1\n  |\n1 | 1+1\n  | ^\n"
    });
    expect(wippy(&["-e", ""]), 0, "", "");
}

#[test]
fn eval_prints_every_value_on_its_own_line() {
    expect(wippy(&["eval", "1+1, \"a\""]), 0, "2\n\"a\"\n", "");
    expect(
        wippy(&["eval", "nil, 2^53, 7 // 2, {1, x = {2}}"]),
        0,
        "nil\n9.007199254741e+15\n3\n{1, x = {2}}\n",
        "",
    );
    assert_eq!(wippy(&["eval", "error('no')"]).outcome().code, 1);
    assert_eq!(wippy(&["eval", "1 +"]).outcome().code, 1);
}

#[test]
fn standard_input_is_a_script() {
    expect(shell("echo 'print(...)' | wippy - a b"), 0, "a\tb\n", "");
    expect(shell("echo 'print(1)' | wippy"), 0, "1\n", "");
    expect(wippy(&["-"]).input("local x = = 1"), 1, "", {
        "error: unexpected symbol near '='\n --> stdin:1:11\n  |\n1 | local x = = 1\n  |           ^\n"
    });
}

#[test]
fn the_environment_may_ask_for_code_before_the_script() {
    let folder = Scratch::with("init.lua", "#!x\nx = 'from the file'");
    let with = |value: &str| wippy(&["-e", "print(x)"]).within(&folder).variable("LUA_INIT", value);
    expect(with("x = 5"), 0, "5\n", "");
    expect(with("@init.lua"), 0, "from the file\n", "");
    expect(with("x = 5").variable("LUA_INIT_5_3", "x = 6"), 0, "6\n", "");
    expect(with("@gone.lua"), 1, "", "error: cannot open gone.lua: No such file or directory\n");
    let failed = with("error('no')").outcome();
    assert_eq!((failed.code, failed.out.as_str()), (1, ""));
    assert!(failed.err.contains("LUA_INIT:1:1"), "{}", failed.err);
}

#[test]
fn flags_after_the_script_are_its_arguments() {
    let folder = Scratch::with("f.lua", "print(arg[0], arg[1], ...)");
    expect(wippy(&["f.lua", "-v", "--x"]).within(&folder), 0, "f.lua\t-v\t-v\t--x\n", "");
    expect(wippy(&["run", "f.lua", "-v", "--x"]).within(&folder), 0, "f.lua\t-v\t-v\t--x\n", "");
    expect(
        wippy(&["-e", "print(#arg, arg[-1] ~= nil)", "f.lua", "a"]).within(&folder),
        0,
        "1\ttrue\nf.lua\ta\ta\n",
        "",
    );
}

// --- how a program ends ----------------------------------------------------------------------------------------

#[test]
fn exit_codes_are_the_programs_own() {
    for (code, expected) in [("os.exit(3)", 3), ("os.exit(true)", 0), ("os.exit(false)", 1), ("return 5", 0)]
    {
        let folder = Scratch::with("f.lua", code);
        expect(wippy(&["f.lua"]).within(&folder), expected, "", "");
    }
    let folder = Scratch::with("f.lua", "return { main = function(a) return tonumber(a) end }");
    expect(wippy(&["f.lua", "7"]).within(&folder), 7, "", "");
}

#[test]
fn an_uncaught_error_shows_its_line() {
    let folder = Scratch::with("f.lua", "error(\"boom\")\n");
    let outcome = wippy(&["f.lua"]).within(&folder).outcome();
    assert_eq!((outcome.code, outcome.out.as_str()), (1, ""));
    let expected = "error: boom\n --> f.lua:1:1\n  |\n1 | error(\"boom\")\n  | ^^^^^\n";
    assert!(outcome.err.starts_with(expected), "{}", outcome.err);
    let short = wippy(&["--error-format", "short", "f.lua"]).within(&folder).outcome();
    assert_eq!(short.err, "f.lua:1:1: error: boom\n");
}

#[test]
fn an_uncaught_error_names_the_value_and_the_callers() {
    let folder = Scratch::with(
        "f.lua",
        "local function load_user(req)\n    local id = req.user.id\n    return id\nend\n\n\
         local function handler()\n    local id = load_user({})\n    return id\nend\n\nhandler()\n",
    );
    expect(wippy(&["f.lua"]).within(&folder), 1, "", {
        "error: attempt to index a nil value (field 'user')
 --> f.lua:2:20
  |
2 |     local id = req.user.id
  |                    ^^^^ nil here
  |
  = stack: f.lua:2 in upvalue 'load_user'
           f.lua:7 in local 'handler'
           f.lua:11 in main chunk
"
    });
}

#[test]
fn a_syntax_error_points_at_the_end() {
    for text in ["local x = ", "local x = \n"] {
        let folder = Scratch::with("f.lua", text);
        expect(wippy(&["f.lua"]).within(&folder), 1, "", {
            "error: unexpected symbol near <eof>\n --> f.lua:1:10\n  |\n1 | local x =\n  |          ^\n"
        });
    }
}

#[test]
fn a_missing_end_shows_the_line_that_opened_the_block() {
    let folder = Scratch::with("f.lua", "local x\nif x then\n    print(x)\n");
    let outcome = wippy(&["f.lua"]).within(&folder).outcome();
    assert_eq!(outcome.code, 1);
    assert!(outcome.err.contains("2 | if x then\n  | --"), "{}", outcome.err);
}

#[test]
fn misspelt_names_are_recognised() {
    let outcome = wippy(&["-e", "prnit(1)"]).outcome();
    assert!(outcome.err.contains("= help: did you mean 'print'?\n"), "{}", outcome.err);
    let outcome = wippy(&["-e", "print(string.fromat('%d', 1))"]).outcome();
    assert!(outcome.err.contains("= help: did you mean 'format'?\n"), "{}", outcome.err);
}

#[test]
fn pcall_sees_the_plain_message() {
    let folder = Scratch::with(
        "f.lua",
        "print(pcall(error, \"m\"))\nprint(pcall(function() error(\"m\") end))\n\
         print(pcall(function() local t = nil; t.x = 1 end))\nprint(load('x ='))\n",
    );
    let ours = wippy(&["f.lua"]).within(&folder).outcome();
    assert_eq!(
        ours.out,
        "false\tm\nfalse\tf.lua:2: m\nfalse\tf.lua:3: attempt to index a nil value (local 't')\n\
         nil\t[string \"x =\"]:1: unexpected symbol near <eof>\n"
    );
    if shell("command -v lua5.3").outcome().code == 0 {
        assert_eq!(ours.out, shell("lua5.3 f.lua").within(&folder).outcome().out);
    } else {
        eprintln!("skipped: lua5.3 is not installed");
    }
}

#[test]
fn error_objects_are_described() {
    for (code, message) in [
        ("error({})", "error: (error object is a table value)"),
        ("error()", "error: (error object is a nil value)"),
        ("error(setmetatable({}, {__tostring = function() return 'hi' end}))", "error: hi"),
        ("error('plain', 0)", "error: plain"),
    ] {
        let outcome = wippy(&["-e", code]).outcome();
        assert_eq!(outcome.code, 1, "{code}");
        assert_eq!(outcome.err.lines().next(), Some(message), "{code}");
    }
}

#[cfg(unix)]
#[test]
fn a_script_with_an_interpreter_line_runs_by_itself() {
    use std::os::unix::fs::PermissionsExt;

    let folder = Scratch::new();
    let path = folder.file("tool", "#!/usr/bin/env wippy\nprint(\"ran\", ...)\nerror(\"x\")\n");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("the mode can be set");
    let outcome = shell("./tool a").within(&folder).outcome();
    assert_eq!((outcome.code, outcome.out.as_str()), (1, "ran\ta\n"));
    assert!(outcome.err.contains("./tool:3:1"), "{}", outcome.err);
}

#[test]
fn a_closed_output_ends_the_program_quietly() {
    expect(
        shell("yes | head -100000 | wippy -e 'for l in io.lines() do print(l) end' | head -1"),
        0,
        "y\n",
        "",
    );
    let outcome = shell("wippy -e 'while true do print(1) end' | head -1; exit ${PIPESTATUS[0]}").outcome();
    assert_eq!((outcome.code, outcome.out.as_str(), outcome.err.as_str()), (141, "1\n", ""));
    expect(shell("wippy --help | head -1; exit ${PIPESTATUS[0]}"), 0, "wippy - run Lua 5.3 programs\n", "");
}

#[cfg(unix)]
#[test]
fn ctrl_c_stops_any_loop() {
    for code in [
        "while true do end",
        "pcall(function() while true do end end)",
        "string.rep('x', 1e9):find(('x-'):rep(30) .. 'y')",
        "while true do pcall(error) end",
        "table.sort({3, 2, 1}, function() while true do end end)",
    ] {
        let child = wippy(&["-e", code]).start();
        std::thread::sleep(Duration::from_millis(700));
        let pid = child.id();
        let sent = Instant::now();
        assert_eq!(shell(&format!("kill -INT {pid}")).outcome().code, 0, "{code}");
        let outcome = finish(child);
        assert!(sent.elapsed() < Duration::from_secs(20), "{code}");
        assert_eq!((outcome.code, outcome.err.as_str()), (130, ""), "{code}");
    }
}

#[cfg(unix)]
#[test]
fn termination_is_told_apart() {
    let child = wippy(&["-e", "while true do end"]).start();
    std::thread::sleep(Duration::from_millis(300));
    let pid = child.id();
    assert_eq!(shell(&format!("kill -TERM {pid}")).outcome().code, 0);
    assert_eq!(finish(child).code, 143);
}

// --- checking --------------------------------------------------------------------------------------------------

#[test]
fn check_reports_every_file() {
    let folder = Scratch::with("good.lua", "local x: number = 1\nreturn x\n");
    expect(wippy(&["check", "good.lua"]).within(&folder), 0, "No issues found\nChecked 1 file\n", "");
    folder.file("lib/bad.lua", "if x then\n");
    folder.file("lib/notes.txt", "not lua");
    expect(
        wippy(&["lint", "good.lua", "lib"]).within(&folder),
        1,
        "error[P0001]: 'end' expected (to close 'if' at line 1) near <eof>
 --> lib/bad.lua:1:10
  |
1 | if x then
  |          ^
  | -- not closed

Checked 2 files: 1 error
",
        "lint failed: 1 error\n",
    );
    expect(
        wippy(&["check", "--json", "lib"]).within(&folder),
        1,
        {
            "{\"diagnostics\":[{\"entry_id\":\"lib/bad.lua\",\"code\":\"P0001\",\"severity\":\"error\",\
         \"message\":\"'end' expected (to close 'if' at line 1) near <eof>\",\"line\":1,\"column\":10,\"end_line\":1,\"end_column\":10}],\"total_entries\":1,\
         \"error_count\":1,\"warning_count\":0,\"hint_count\":0}\n"
        },
        "lint failed: 1 error\n",
    );
    expect(
        wippy(&["check", "--summary", "lib"]).within(&folder),
        1,
        "By namespace:\n  lib                            1 issue (1 error)\n\nBy error code:\n  P0001    [error  ]    1 occurrences\n\nChecked 1 file: 1 error\n",
        "lint failed: 1 error\n",
    );
    expect(
        wippy(&["check", "--error-format", "short", "lib"]).within(&folder),
        1,
        "lib/bad.lua:1:10: error[P0001]: 'end' expected (to close 'if' at line 1) near <eof>\nChecked 1 file: 1 error\n",
        "lint failed: 1 error\n",
    );
    expect(
        wippy(&["check", "nosuch.lua"]).within(&folder),
        1,
        "",
        "error: cannot open nosuch.lua: No such file or directory\n",
    );
    let outcome = wippy(&["check"]).within(&folder).outcome();
    assert!(outcome.code == 1 && outcome.err.contains("no application in this directory"), "{}", outcome.err);
}

#[test]
fn colours_follow_the_stream_the_environment_and_the_flag() {
    let folder = Scratch::with("bad.lua", "x = = 1\n");
    let coloured = |run: support::Run| run.within(&folder).outcome().out.contains('\x1b');
    assert!(!coloured(shell("wippy check bad.lua | cat")));
    assert!(coloured(shell("wippy --color always check bad.lua | cat")));
    assert!(coloured(shell("wippy check --color=always bad.lua | cat").variable("NO_COLOR", "1")));
    assert!(coloured(shell("wippy check bad.lua | cat").variable("CLICOLOR_FORCE", "1")));
    assert!(!coloured(shell("wippy check --no-color bad.lua | cat").variable("CLICOLOR_FORCE", "1")));
    if shell("script -qec true /dev/null").outcome().code != 0 {
        eprintln!("skipped: script is not installed");
        return;
    }
    let terminal = |line: &str| shell(&format!("script -qec '{line}' /dev/null")).variable("TERM", "xterm");
    assert!(coloured(terminal("wippy check bad.lua")));
    assert!(!coloured(terminal("wippy check bad.lua").variable("NO_COLOR", "1")));
    assert!(!coloured(terminal("wippy check bad.lua").variable("TERM", "dumb")));
}

// --- the prompt without a terminal -----------------------------------------------------------------------------

#[test]
fn the_prompt_reads_a_stream_without_showing_itself() {
    expect(wippy(&["repl"]).input("local x = 2\nx * 21\n"), 0, "42\n", "");
    expect(
        wippy(&["repl"]).input("for i = 1, 2 do\nprint(i)\nend\n=\"a\", nil\n_\n"),
        0,
        "1\n2\n\"a\"\nnil\nnil\n",
        "",
    );
    expect(wippy(&["repl"]).input("local function f() return x end\nx = 5\nf()"), 0, "5\n", "");
    expect(wippy(&["repl"]).input("os.exit(4)\nprint(1)\n"), 4, "", "");
    expect(
        wippy(&["repl"]).input(":type 1, 'x', {}, 2.0\n:quit\nprint(1)\n"),
        0,
        "integer\nstring\ntable\nfloat\n",
        "",
    );
    let outcome = wippy(&["repl"]).input("error('no')\nnil + 1\n1 +\n").outcome();
    assert_eq!((outcome.code, outcome.out.as_str()), (0, ""));
    assert_eq!(outcome.err.matches("error: ").count(), 3, "{}", outcome.err);
    expect(wippy(&["-i", "-e", "x = 6"]).input("x\n"), 0, "6\n", "");
}

#[test]
fn locals_of_the_prompt_are_real_locals() {
    let input = "local n = 1\nlocal function get() return n end\nn = 2\nget()\nlocal n = 3\nget()\nn\nrawget(_G, 'n')\n";
    expect(wippy(&["repl"]).input(input), 0, "2\n2\n3\nnil\n", "");
}

#[test]
fn values_are_shown_in_full_but_not_for_ever() {
    expect(wippy(&["eval", "{{{{1}}}}"]), 0, "{{{{...}}}}\n", "");
    expect(
        wippy(&["eval", "(function() local t = {} t.self = t return t end)()"]),
        0,
        "{self = <cycle>}\n",
        "",
    );
    let outcome =
        wippy(&["eval", "(function() local t = {} for i = 1, 50 do t[i] = i end return t end)()"]).outcome();
    assert!(
        outcome.out.contains("40") && !outcome.out.contains("41") && outcome.out.contains("10 more"),
        "{}",
        outcome.out
    );
    expect(wippy(&["eval", "'a\\n\\0b\\\\\"'"]), 0, "\"a\\n\\0b\\\\\\\"\"\n", "");
    expect(wippy(&["eval", "function() end"]), 0, "function: (command line):1\n", "");
}

// --- modules ---------------------------------------------------------------------------------------------------

#[test]
fn require_finds_files_relative_to_the_one_that_asks() {
    let folder = Scratch::with("a.lua", "print(require(\"./lib/b\"), require(\"other\"))");
    folder.file("lib/b.lua", "return \"b\" .. require(\"./c\")");
    folder.file("lib/c.lua", "return \"c\"");
    folder.file("other.lua", "return \"beside the script\"");
    expect(wippy(&["a.lua"]).within(&folder), 0, "bc\tbeside the script\n", "");
    let elsewhere = Scratch::new();
    let path = folder.0.join("a.lua");
    expect(wippy(&[&path.to_string_lossy()]).within(&elsewhere), 0, "bc\tbeside the script\n", "");
    folder.file("lib/c.lua", "return require(\"./nosuch\")");
    let outcome = wippy(&["a.lua"]).within(&folder).outcome();
    assert_eq!(outcome.code, 1);
    assert!(outcome.err.contains("module './lib/nosuch' not found:"), "{}", outcome.err);
    assert!(outcome.err.contains("no file './lib/nosuch.lua'"), "{}", outcome.err);
    let outcome = wippy(&["-e", "require('some.thing')"]).within(&folder).outcome();
    assert!(outcome.err.contains("no file './some/thing.lua'"), "{}", outcome.err);
}

// --- bad input -------------------------------------------------------------------------------------------------

#[test]
fn odd_files_have_a_defined_meaning() {
    for (text, expected) in [
        (&b""[..], ""),
        (b"\xef\xbb\xbfprint(1)", "1\n"),
        (b"\xef\xbb\xbf#!x\nprint(1)", "1\n"),
        (b"#!x\nprint(1)", "1\n"),
        (b"#", ""),
        (b"print(1)\r\nprint(2)\r\n", "1\n2\n"),
        (b"print('\\z\r\n  x')", "x\n"),
        (b"print(#'a\0b')", "3\n"),
        (b"print('\xff' == '\\xff')", "true\n"),
    ] {
        let folder = Scratch::with("f.lua", text);
        expect(wippy(&["f.lua"]).within(&folder), 0, expected, "");
    }
}

#[test]
fn a_folder_and_an_unreadable_file_are_refused() {
    let folder = Scratch::with("dir.lua/x", "");
    let outcome = wippy(&["dir.lua"]).within(&folder).outcome();
    assert_eq!(outcome.code, 2);
    assert!(outcome.err.contains("\"dir.lua\": it is a folder"), "{}", outcome.err);
    let outcome = wippy(&["--", "gone.lua"]).within(&folder).outcome();
    assert_eq!(
        (outcome.code, outcome.err.as_str()),
        (1, "error: cannot open gone.lua: No such file or directory\n")
    );
}

#[test]
fn a_file_that_changes_meanwhile_is_read_once() {
    // Its own text is gone when the error is shown; the excerpt is of what ran.
    let folder = Scratch::with("f.lua", "io.open('f.lua', 'w'):close()\nlocal t\nt.x = 1");
    let outcome = wippy(&["f.lua"]).within(&folder).outcome();
    assert_eq!(outcome.code, 1);
    assert!(outcome.err.contains("f.lua:3") && outcome.err.contains("t.x = 1"), "{}", outcome.err);
    // Truncated and written again all the time: whatever part is read is a program or a mistake in one.
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let text = "x = 1 ".repeat(20_000);
            for _ in 0..500 {
                folder.file("f.lua", &text);
            }
        });
        for _ in 0..20 {
            let outcome = wippy(&["f.lua"]).within(&folder).outcome();
            assert!(matches!(outcome.code, 0 | 1), "{outcome:?}");
            assert!(!outcome.err.contains("panicked"), "{}", outcome.err);
        }
    });
}

#[test]
fn a_very_long_line_is_shown_in_part() {
    let text = format!("x = \"{}\" = 1", "a".repeat(10_000_000));
    let folder = Scratch::with("f.lua", text);
    let outcome = wippy(&["f.lua"]).within(&folder).outcome();
    assert_eq!(outcome.code, 1);
    assert!(outcome.err.len() < 1000 && outcome.err.contains('^'), "{}", outcome.err.len());
}

#[test]
fn a_memory_limit_is_an_error_of_the_program() {
    let outcome =
        wippy(&["-m", "10M", "-e", "print(pcall(string.rep, 'x', 1e9)) print(#('x'):rep(1000))"]).outcome();
    assert_eq!(
        (outcome.code, outcome.out.as_str()),
        (0, "false\tnot enough memory\n1000\n"),
        "{}",
        outcome.err
    );
    assert_eq!(wippy(&["-m", "lots", "-e", ""]).outcome().code, 2);
}
