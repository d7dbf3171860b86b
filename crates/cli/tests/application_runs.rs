//! Applications that run, on the real binary: exit codes, services, signals, calls, tests, examples.
//!
//! Every test states what a person types and what they see.

#![cfg(unix)]

mod support;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use support::{Outcome, Scratch, Watched, finish, wippy};

const HOSTS: &str = "namespace: app\nentries:\n  - {name: processes, kind: process.host, lifecycle: {auto_start: true, stop_timeout: 1s}}\n  - {name: terminal, kind: terminal.host, lifecycle: {auto_start: true}}\n";

/// An application with both hosts and these entries.
fn application(entries: &str, files: &[(&str, &str)]) -> Scratch {
    let folder = Scratch::new();
    folder.file("src/_index.yaml", format!("{HOSTS}{entries}"));
    for (name, text) in files {
        folder.file(&format!("src/{name}"), text);
    }
    folder
}

fn cli(body: &str) -> Scratch {
    let entry = "  - {name: cli, kind: process.lua, source: 'file://cli.lua', method: main, modules: [io]}\n";
    application(
        entry,
        &[("cli.lua", &format!("local io = require('io')\nreturn {{ main = function(...) {body} end }}\n"))],
    )
}

fn run_cli(body: &str, arguments: &[&str]) -> Outcome {
    let all: Vec<&str> = ["run", "-x", "app:cli"].into_iter().chain(arguments.iter().copied()).collect();
    wippy(&all).within(&cli(body)).outcome()
}

#[test]
fn the_result_of_the_terminal_process_is_the_exit_code() {
    let hi = run_cli("io.print('hi') return 0", &[]);
    assert_eq!((hi.code, hi.out.as_str(), hi.err.as_str()), (0, "hi\n", ""));
    assert_eq!(run_cli("return 7", &[]).code, 7);
    assert_eq!(run_cli("return false", &[]).code, 1);
    assert_eq!(run_cli("return {}", &[]).code, 0);
    let bye = run_cli("return 'bye'", &[]);
    assert_eq!((bye.code, bye.out.as_str()), (0, "bye\n"));
    let boom = run_cli("error('boom')", &[]);
    assert!(boom.code == 1 && boom.err.contains("boom"), "{boom:?}");
    let bad = run_cli("return nil, 'bad'", &[]);
    assert!(bad.code == 1 && bad.err.contains("bad"), "{bad:?}");
    let exit = run_cli("require('system').exit(5) return 0", &[]);
    assert!(exit.code == 1 && exit.err.contains("module 'system' not found"), "{exit:?}");
}

#[test]
fn arguments_reach_the_process() {
    let outcome = run_cli(
        "io.print(select('#', ...), ...) io.print(table.concat(io.args(), '|'))",
        &["a", "b c", "--", "-v"],
    );
    assert_eq!((outcome.code, outcome.out.as_str()), (0, "3\ta\tb c\t-v\na|b c|-v\n"));
}

#[test]
fn mistakes_in_entries_end_the_boot_at_once() {
    let check = |entries: &str, part: &str| {
        let begun = Instant::now();
        let outcome = wippy(&["run"])
            .within(&application(entries, &[("x.lua", "return {main = function() end}")]))
            .outcome();
        assert!(outcome.code == 1 && outcome.err.contains(part), "{part}: {outcome:?}");
        assert!(begun.elapsed() < Duration::from_secs(10));
    };
    check("  - {name: x, kind: proces.lua, source: 'file://x.lua'}\n", "did you mean \"process.lua\"");
    check(
        "  - {name: x, kind: process.lua, source: 'file://x.lua', modules: [jsn]}\n",
        "did you mean \"json\"",
    );
    check(
        "  - {name: x, kind: process.lua, source: 'file://../../x.lua'}\n",
        "app:x: file://../../x.lua leads outside",
    );
    check("  - {name: x, kind: process.lua, source: 'local x ='}\n", "app:x");
    check(
        "  - {name: s, kind: process.service, process: nope, host: processes}\n",
        "there is no entry app:nope",
    );
    check(
        "  - {name: x, kind: library.lua, source: 'return 1', imports: {a: 'app:y'}}\n  - {name: y, kind: library.lua, source: 'return 1', imports: {a: 'app:x'}}\n",
        "app:x -> app:y -> app:x",
    );
    check(
        "  - {name: x, kind: process.lua, source: 'file://x.lua'}\n  - {name: a, kind: process.service, process: x, host: processes, lifecycle: {auto_start: true, requires: [b]}}\n  - {name: b, kind: process.service, process: x, host: processes, lifecycle: {requires: [a]}}\n",
        "app:a -> app:b -> app:a",
    );
    let outcome = wippy(&["run", "-o", "app:nope:x=1"]).within(&application("", &[])).outcome();
    assert!(outcome.code == 1 && outcome.err.contains("app:nope"), "{outcome:?}");
}

/// Starts the application, waits until a line is logged, sends a signal and collects what it said.
fn run_until(folder: &Scratch, text: &str, signal: &str) -> Outcome {
    let mut app = Watched::of(wippy(&["run"]).within(folder));
    app.until(text, 1);
    app.signal(signal);
    app.end()
}

/// The lines that contain all of these, in order of appearance.
fn lines<'a>(text: &'a str, part: &str) -> Vec<&'a str> {
    text.lines().filter(|line| line.contains(part)).collect()
}

#[test]
fn a_failing_service_is_tried_again_and_given_up() {
    let folder = application(
        "  - {name: x, kind: process.lua, source: \"return {main = function() error('boom') end}\"}\n  - {name: s, kind: process.service, process: x, host: processes, lifecycle: {auto_start: true, restart: {initial_delay: 100ms, max_attempts: 3}}}\n",
        &[],
    );
    let folder_log = run_until(&folder, "service app:s failed\t{\"error\": \"app:x:1: boom\"}", "-TERM");
    assert_eq!(lines(&folder_log.err, "service app:s is Starting").len(), 3, "{}", folder_log.err);
    assert_eq!(folder_log.code, 0);
}

#[test]
fn a_service_that_ends_by_itself_has_exited() {
    let folder = application(
        "  - {name: x, kind: process.lua, source: \"return {main = function() return 1 end}\"}\n  - {name: s, kind: process.service, process: x, host: processes, lifecycle: {auto_start: true}}\n",
        &[],
    );
    let log = run_until(&folder, "service app:s is Exited", "-TERM");
    assert_eq!((log.code, lines(&log.err, "service app:s is Starting").len()), (0, 1), "{}", log.err);
}

#[test]
fn services_start_and_stop_in_order() {
    let service = |name: &str, more: &str| {
        format!(
            "  - {{name: {name}, kind: process.service, process: w, host: processes, lifecycle: {{{more}}}}}\n"
        )
    };
    let entries = format!(
        "  - {{name: w, kind: process.lua, source: \"return {{main = function() process.events():receive() end}}\"}}\n{}{}{}",
        service("a", "auto_start: true, requires: [b]"),
        service("b", "requires: [c]"),
        service("c", "")
    );
    let log = run_until(&application(&entries, &[]), "service app:a is Running", "-TERM");
    let of = |state: &str| -> Vec<String> {
        let found = ["a", "b", "c"].iter().flat_map(|name| {
            log.err
                .match_indices(&format!("service app:{name} is {state}"))
                .map(|(at, _)| (at, (*name).to_owned()))
                .collect::<Vec<_>>()
        });
        let mut found: Vec<(usize, String)> = found.collect();
        found.sort();
        found.into_iter().map(|(_, name)| name).collect()
    };
    assert_eq!(of("Running"), ["c", "b", "a"], "{}", log.err);
    assert_eq!(of("Stopped"), ["a", "b", "c"], "{}", log.err);
    assert_eq!(log.code, 0);
}

#[test]
fn whoever_ignores_a_cancel_is_ended() {
    let folder = application(
        "  - {name: w, kind: process.lua, modules: [time], source: \"return {main = function() process.events() while true do time.sleep('1h') end end}\"}\n  - {name: s, kind: process.service, process: w, host: processes, lifecycle: {auto_start: true, stop_timeout: 500ms}}\n",
        &[],
    );
    let begun = Instant::now();
    let log = run_until(&folder, "service app:s is Running", "-INT");
    assert!(log.err.contains("did not stop within 500ms"), "{}", log.err);
    assert!(log.code == 0 && begun.elapsed() < Duration::from_secs(20), "{}", log.err);
}

#[test]
fn spawned_processes_hear_of_the_end() {
    let folder = application(
        "  - {name: w, kind: process.lua, modules: [logger], source: \"return {main = function() local e = process.events() logger:info('up') logger:info('told: ' .. e:receive().kind) end}\"}\n  - {name: p, kind: process.lua, source: \"return {main = function() process.spawn('app:w', 'app:processes') end}\"}\n  - {name: s, kind: process.service, process: p, host: processes, lifecycle: {auto_start: true}}\n",
        &[],
    );
    let log = run_until(&folder, "\tup", "-INT");
    assert!(log.err.contains("told: pid.cancel"), "{}", log.err);
    assert_eq!(log.code, 0);
}

#[test]
fn calls_registry_events_and_processes() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/applications/calls/src");
    let folder = Scratch::new();
    for name in ["_index.yaml", "check.lua"] {
        folder.file(&format!("src/{name}"), std::fs::read(source.join(name)).expect("the fixture is there"));
    }
    let outcome = wippy(&["run", "-x", "check", "a", "b c"]).within(&folder).outcome();
    assert_eq!((outcome.code, outcome.out.as_str()), (0, "failed\t0\n"), "{outcome:?}");
}

#[test]
fn calls_end_when_they_return_and_processes_hear_of_newer_code() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/applications/editions/src/_index.yaml");
    let folder = Scratch::with("src/_index.yaml", std::fs::read(source).expect("the fixture is there"));
    let outcome = wippy(&["run", "main"]).within(&folder).outcome();
    let expected = "three returned early\ttrue\n/1\t/2\t/3\ninline\t1\t2\n\
                    version\t1\tnil\t1\nevent\tpid.outdated\tapp:lib\ttrue\n\
                    version\t2\t1\t1\nevent\tpid.outdated\tapp:lib\ttrue\nversion\t3\t2\t1\n\
                    nil\tapp:lib:1: unexpected symbol near <eof>\t2\n";
    assert_eq!((outcome.code, outcome.out.as_str()), (0, expected), "{outcome:?}");
}

#[test]
fn types_are_looked_at_where_the_configuration_says_so() {
    let folder = cli("local n: number = 'x' return 0");
    let run = |flags: &[&str]| {
        let all: Vec<&str> = ["run", "-x", "app:cli"].into_iter().chain(flags.iter().copied()).collect();
        wippy(&all).within(&folder).outcome()
    };
    assert_eq!(run(&["-c"]).code, 0);
    assert!(!run(&["-c"]).err.contains("cannot assign"));
    let warned = run(&["-c", "--set", "lua.type_system.enabled=true"]);
    assert!(warned.code == 0 && warned.err.contains("src/cli.lua:2:"), "{warned:?}");
    let strict = run(&["--set", "lua.type_system.enabled=true", "--set", "lua.type_system.strict=true"]);
    assert!(
        strict.code == 1 && strict.err.contains("cannot assign") && strict.err.contains("E0000"),
        "{strict:?}"
    );
}

#[test]
fn files_are_tested_without_an_application() {
    let folder = Scratch::new();
    folder.file("calc.lua", "return {add = function(a, b) return a + b end}");
    folder.file("deep/calc_test.lua", "local test, calc, time = require('test'), require('calc'), require('time')\ntest.describe('calc', function()\n  test.it('adds', function() test.eq(calc.add(1, 2), 3) end)\n  test.it('waits', function() time.sleep('1ms') test.ok(process.pid()) end)\n  test.it_skip('later', function() end)\nend)\n");
    folder.file("plain_test.lua", "assert(1 + 1 == 2)");
    let passed = wippy(&["test", "."]).within(&folder).outcome();
    assert!(passed.code == 0 && passed.out.contains("PASSED   3 passed   1 skipped"), "{passed:?}");
    folder.file("false_test.lua", "return false");
    folder.file("syntax_test.lua", "local x = ");
    folder.file("exit_test.lua", "os.exit(0)");
    let failed = wippy(&["test", "."]).within(&folder).outcome();
    assert!(failed.code == 1 && failed.out.contains("FAILED   3 passed   3 failed"), "{failed:?}");
    for part in ["returned false", "syntax_test.lua:1: unexpected symbol", "os.exit(0) ended the file"] {
        assert!(failed.out.contains(part), "{part}: {}", failed.out);
    }
    assert_eq!(wippy(&["test", "plain_test.lua"]).within(&folder).outcome().code, 0);
    assert_eq!(wippy(&["test", ".", "nomatch"]).within(&folder).outcome().code, 1);
}

#[test]
fn examples_print_what_they_promise() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/apps");
    let mut count = 0;
    let mut folders: Vec<PathBuf> =
        std::fs::read_dir(&examples).expect("examples").filter_map(|e| Some(e.ok()?.path())).collect();
    folders.sort();
    for folder in folders.iter().filter(|folder| folder.is_dir()) {
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).expect("an example has it");
        let (command, expected) = (read("command"), read("expected"));
        let words: Vec<&str> = command.split_whitespace().collect();
        let outcome = wippy(&words).at(folder).outcome();
        assert_eq!(
            (outcome.code, outcome.out.as_str(), outcome.err.as_str()),
            (0, expected.as_str(), ""),
            "{}",
            folder.display()
        );
        count += 1;
    }
    assert!(count >= 6);
}

#[test]
fn new_applications_run_and_pass_their_tests() {
    let folder = Scratch::new();
    wippy(&["new", "c"]).within(&folder).outcome();
    let greeted = wippy(&["run", "greet", "Ada"]).below(&folder, "c").outcome();
    assert_eq!((greeted.code, greeted.out.as_str(), greeted.err.as_str()), (0, "Hello, Ada!\n", ""));
    let tested = wippy(&["test"]).below(&folder, "c").outcome();
    assert!(tested.code == 0 && tested.out.contains("PASSED   1 passed"), "{tested:?}");
    wippy(&["new", "s", "--template", "service"]).within(&folder).outcome();
    let asked = wippy(&["run", "ask"]).below(&folder, "s").outcome();
    assert!(asked.code == 0 && asked.out.starts_with("count: "), "{asked:?}");
}

#[test]
fn tests_of_an_application_are_run() {
    let index = "  - {name: calc, kind: library.lua, source: 'file://calc.lua'}\n  - {name: calc_test, kind: function.lua, meta: {type: test, suite: calc}, source: 'file://calc_test.lua', method: run, imports: {test: 'wippy.test:test', calc: 'app:calc'}}\n";
    let calc = "return { add = function(a, b) return a + b end, div = function(a, b) if b == 0 then return nil, 'division by zero' end return a / b end }";
    let test = "local test, calc = require('test'), require('calc')\nreturn { run = test.run_cases(function()\n  test.describe('calculator', function()\n    test.it('adds', function() test.eq(calc.add(1, 2), 3) end)\n    test.it('divides', function() test.eq(calc.div(6, 3), 2.0) end)\n    test.it('returns error on divide by zero', function()\n      local v, err = calc.div(1, 0)\n      test.is_nil(v)\n      test.has_error(v, err)\n    end)\n    test.it_skip('not implemented yet', function() end)\n  end)\nend) }\n";
    let folder = application(index, &[("calc.lua", calc), ("calc_test.lua", test)]);
    let outcome = wippy(&["test"]).within(&folder).outcome();
    assert!(outcome.code == 0 && outcome.out.contains("PASSED   3 passed   1 skipped"), "{outcome:?}");
    folder.file("src/calc.lua", calc.replace("a + b", "a - b"));
    let outcome = wippy(&["test"]).within(&folder).outcome();
    assert!(outcome.code == 1 && outcome.out.contains("FAILED   2 passed   1 failed"), "{outcome:?}");
    assert!(outcome.out.contains("src/calc_test.lua:4: expected 3, got -1"), "{}", outcome.out);
    assert_eq!(wippy(&["test", "nomatch"]).within(&folder).outcome().code, 1);
}

#[test]
fn lint_checks_entries_and_their_programs() {
    let folder = application(
        "  - {name: cli, kind: process.lua, source: 'file://cli.lua', methd: main, modules: [io]}\n",
        &[("cli.lua", "local io = require(\"io\")\nreturn { main = function() io.print(\"x\") end }\n")],
    );
    let clean = wippy(&["lint"]).within(&folder).outcome();
    assert_eq!((clean.code, clean.out.as_str()), (0, "No issues found\nChecked 3 entries\n"), "{clean:?}");
    let hints = wippy(&["lint", "--level", "hint"]).within(&folder).outcome();
    assert!(hints.out.contains("Y0011") && hints.out.contains("did you mean \"method\""), "{hints:?}");
    folder.file("src/cli.lua", "local json = require(\"json\")\nlocal n: number = \"s\"\nreturn { main = function() return json, n end }\n");
    let found = wippy(&["lint"]).within(&folder).outcome();
    assert!(found.code == 1 && found.out.contains("src/cli.lua:2:"), "{found:?}");
    assert!(
        found.out.contains("require(\"json\") is not declared in _index.yaml imports or modules"),
        "{}",
        found.out
    );
}

#[test]
fn nothing_to_run_stays_up_and_says_so() {
    let folder = Scratch::new();
    wippy(&["init"]).within(&folder).outcome();
    let log = run_until(&folder, "nothing to run: no auto_start service", "-TERM");
    assert_eq!(log.code, 0);
    let empty = wippy(&["run"]).within(&Scratch::new()).outcome();
    assert!(empty.code == 1 && empty.err.contains("wippy init"), "{empty:?}");
    drop(finish(wippy(&["--version"]).start()));
}
