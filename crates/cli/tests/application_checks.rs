//! The acceptance checks of applications and of their commands that no other file holds, on the real binary.
//!
//! Every test states what a person types and what they see.

#![cfg(unix)]

mod support;

use support::{Outcome, Scratch, Watched, expect, wippy};

const HOSTS: &str = "version: \"1.0\"\nnamespace: app\nentries:\n  - {name: processes, kind: process.host, lifecycle: {auto_start: true}}\n  - {name: terminal, kind: terminal.host, lifecycle: {auto_start: true}}\n";

/// An application with both hosts and these entries.
fn application(entries: &str) -> Scratch {
    Scratch::with("src/_index.yaml", format!("{HOSTS}{entries}"))
}

/// A process entry with this body of `main`.
fn process(name: &str, more: &str, body: &str) -> String {
    format!(
        "  - name: {name}\n    kind: process.lua\n    {more}\n    source: |\n      return {{main = function(...)\n        {body}\n      end}}\n"
    )
}

/// A service for it.
fn service(name: &str, process: &str, lifecycle: &str) -> String {
    format!(
        "  - {{name: {name}, kind: process.service, process: {process}, host: processes, lifecycle: {{auto_start: true{lifecycle}}}}}\n"
    )
}

fn hello() -> Scratch {
    application(&process(
        "hello",
        "meta: {command: {name: hello, short: Say hello}}\n    modules: [io]",
        "io.print('hello', ...) return 0",
    ))
}

#[test]
fn a_command_is_reached_in_three_ways_with_and_without_a_lock() {
    let folder = hello();
    for lock in [false, true] {
        if lock {
            assert_eq!(wippy(&["init"]).within(&folder).outcome().code, 0);
        }
        for words in [&["run", "-x", "app:hello"][..], &["run", "-x", "hello"], &["run", "hello"]] {
            expect(wippy(words).within(&folder), 0, "hello\n", "");
        }
    }
}

#[test]
fn a_command_that_is_not_there_starts_nothing() {
    let store = "  - {name: store, kind: env.storage.file, file_path: ./started.env, auto_create: true}\n  - {name: started, kind: env.variable, storage: store, variable: STARTED}\n";
    let up = process("up", "modules: [env]", "env.set('STARTED', 'yes')");
    let folder = application(&format!("{up}{}{store}", service("s", "up", "")));
    expect(
        wippy(&["run", "nosuch"]).within(&folder),
        1,
        "",
        "error: command \"nosuch\" not found. Use 'wippy run list' to see available commands\n",
    );
    assert!(!folder.0.join("started.env").exists());
}

#[test]
fn logs_go_to_standard_error_only() {
    let entries = format!("{}{}", process("p", "", "process.events():receive()"), service("s", "p", ""));
    let mut app = Watched::start_with(&["run", "-c"], application(&entries));
    app.until("service app:s is Running", 1);
    app.signal("-INT");
    let Outcome { code, out, err } = app.end();
    assert_eq!((code, out.as_str()), (0, ""), "{err}");
    assert!(err.contains("shutting down (press Ctrl+C again to force exit)"), "{err}");
}

#[test]
fn a_failing_service_waits_longer_each_time() {
    let entries = format!(
        "{}{}",
        process("p", "", "error('no luck')"),
        service("s", "p", ", restart: {initial_delay: 100ms, jitter: 0, max_attempts: 3}")
    );
    let mut app = Watched::start(application(&entries));
    app.until("service app:s failed", 3);
    app.signal("-TERM");
    let Outcome { code, err, .. } = app.end();
    let waits: Vec<&str> =
        err.split("\"retry_in\": \"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!((code, waits.as_slice()), (0, &["100ms", "200ms"][..]), "{err}");
}

#[test]
fn requirements_write_into_entries() {
    let entries = |default: &str| {
        format!(
            "  - name: host_id\n    kind: ns.requirement{default}\n    targets: [{{entry: s, path: .host}}, {{entry: p, path: meta.host}}]\n{}  - {{name: s, kind: process.service, process: p, lifecycle: {{auto_start: true}}}}\n",
            process(
                "p",
                "modules: [logger, registry]",
                "logger:info('host ' .. registry.get('app:p').meta.host) process.events():receive()"
            )
        )
    };
    let mut app = Watched::start(application(&entries("\n    default: app:processes")));
    app.until("host app:processes", 1);
    app.signal("-TERM");
    assert_eq!(app.end().code, 0);
    let outcome = wippy(&["run"]).within(&application(&entries(""))).outcome();
    assert_eq!(outcome.code, 1);
    for part in ["warning[Y0016]: requirement app:host_id has no value", "app:s lacks the key \"host\""] {
        assert!(outcome.err.contains(part), "{part}: {}", outcome.err);
    }
}

#[test]
fn variables_come_from_the_system_or_their_default() {
    let folder = application(&format!(
        "  - {{name: os, kind: env.storage.os}}\n  - {{name: addr, kind: env.variable, storage: os, variable: CHECKED_ADDR}}\n{}  - {{name: s, kind: process.service, process: p, host: processes, input: [\"${{env:CHECKED_ADDR|:8081}}\", \"at ${{env:CHECKED_ADDR|:8081}}\", \"$${{kept}}\"], lifecycle: {{auto_start: true}}}}\n",
        process("p", "modules: [logger]", "logger:info(table.concat({...}, ' ')) process.events():receive()")
    ));
    for (value, said) in [(None, ":8081 at :8081 ${kept}"), (Some(":8082"), ":8082 at :8082 ${kept}")] {
        let run = wippy(&["run"]).within(&folder);
        let run = match value {
            Some(value) => run.variable("CHECKED_ADDR", value),
            None => run,
        };
        let mut app = Watched::of(run);
        app.until(&format!("\tapp:p\t{said}\t"), 1);
        app.signal("-TERM");
        assert_eq!(app.end().code, 0);
    }
}

#[test]
fn a_filter_without_prefix_is_dropped_with_one_warning() {
    let folder = application(&process(
        "p",
        "modules: [registry, io]",
        "io.print(#registry.find({kind = 'registry.entry'}), #registry.find({['.kind'] = '*.host'}))",
    ));
    let outcome = wippy(&["run", "-x", "p", "-v"]).within(&folder).outcome();
    assert_eq!((outcome.code, outcome.out.as_str()), (0, "3\t2\n"), "{outcome:?}");
    assert_eq!(outcome.err.matches("metadata field must use 'meta.' prefix").count(), 1, "{}", outcome.err);
}

#[test]
fn ten_thousand_processes_with_tickers_end_together() {
    let body = "local began = time.now()\n        \
        for _ = 1, 10000 do assert(process.spawn('app:ticking', 'app:processes')) end\n        \
        io.print('started') return 0";
    let folder = application(&format!(
        "{}{}",
        process("main", "modules: [io, time]", body),
        process(
            "ticking",
            "modules: [time]",
            "local t = time.ticker('1s') while true do t:channel():receive() end"
        )
    ));
    expect(wippy(&["run", "-x", "main"]).within(&folder), 0, "started\n", "");
}

#[test]
fn lint_answers_machines_and_people() {
    let folder =
        application("  - {name: l, kind: library.lua, source: \"local n: number = 's' return n\"}\n");
    let json = wippy(&["lint", "--json"]).within(&folder).outcome();
    assert_eq!((json.code, json.out.lines().count()), (1, 1), "{json:?}");
    for part in
        ["{\"diagnostics\":[{\"entry_id\":\"app:l\",\"code\":\"E", "\"total_entries\":3,\"error_count\":1"]
    {
        assert!(json.out.contains(part), "{part}: {}", json.out);
    }
    let people = wippy(&["lint"]).within(&folder).outcome();
    assert!(people.code == 1 && people.out.contains("app:l:1:") && people.out.contains("^"), "{people:?}");
    assert!(people.out.ends_with("Checked 3 entries: 1 error\n"), "{people:?}");
    assert_eq!(wippy(&["lint", "--level", "error", "--code", "E0099"]).within(&folder).outcome().code, 0);
    let folder = application("  - {name: l, kind: library.lua, source: 'local x = 1 return 2'}\n");
    let rules = wippy(&["lint", "--rules"]).within(&folder).outcome();
    assert!(rules.code == 0 && rules.out.contains("W0004"), "{rules:?}");
    assert_eq!(wippy(&["lint", "--rules", "--deny", "warnings"]).within(&folder).outcome().code, 1);
    assert_eq!(wippy(&["lint"]).within(&folder).outcome().code, 0);
}

#[test]
fn a_terminal_process_reads_and_writes() {
    let body = "while true do\n          local line, err = io.readline()\n          \
        if not line then io.print('end', err:message(), err:kind() == '') break end\n          \
        io.print('[' .. line .. ']')\n        end\n        \
        io.eprint('to', 'err') io.write('w', 1, nil, '\\n') io.print('a', 1, nil, true)\n        \
        io.print(io.flush(), select(2, io.raw()):kind(), #io.args(), ...) return 0";
    let folder = application(&process("p", "modules: [io]", body));
    let expected = "[a]\n[]\n[b]\nend\tEOF\ttrue\nw1nil\na\t1\tnil\ttrue\ntrue\tUnavailable\t2\tx\ty z\n";
    expect(
        wippy(&["run", "-x", "app:p", "x", "y z"]).within(&folder).input("a\r\n\nb"),
        0,
        expected,
        "to\terr\n",
    );
    let body = "local few = io.read(3) io.print(few, io.readline(), io.read(0)) io.print(select(2, io.read()):message())";
    let folder = application(&process("p", "modules: [io]", body));
    expect(wippy(&["run", "-x", "p"]).within(&folder).input("abcdef\nghi"), 0, "abc\tdef\tghi\nEOF\n", "");
}

#[test]
fn a_program_may_ask_for_the_end_and_need_not_wait_for_the_deaf() {
    let body = "system.exit(3) while true do time.sleep('1h') end";
    let folder = application(&process("p", "modules: [system, time]", body));
    let begun = std::time::Instant::now();
    expect(wippy(&["run", "-x", "p"]).within(&folder), 3, "", "");
    // Deaf processes have two seconds, not the ten of their host.
    assert!(begun.elapsed() < std::time::Duration::from_secs(9), "{:?}", begun.elapsed());
}

#[test]
fn print_and_logger_write_lines() {
    let body = "print('a', nil, 1) logger:with({a = 1}):named('n'):info('m', {b = {1, 2}, e = errors.new('text')}) process.events():receive()";
    let entries = format!("{}{}", process("p", "modules: [logger]", body), service("s", "p", ""));
    let mut app = Watched::start(application(&entries));
    app.until("\tm\t", 1);
    app.signal("-TERM");
    let Outcome { code, out, err } = app.end();
    assert_eq!((code, out.as_str()), (0, ""));
    let line = |part: &str| err.lines().find(|line| line.contains(part)).unwrap_or_default().to_owned();
    let printed = line("\ta nil 1\t");
    assert!(printed.contains("\tINFO\tapp:p\t") && printed.contains("\"location\": \"app:p:2\""), "{err}");
    assert!(printed.contains("\"pid\": \"{app:processes|0x0000"), "{err}");
    let logged = line("\tm\t");
    assert!(logged.contains("\tn\tm\t{\"a\": 1, \"b\": [1, 2], \"e\": \"text\", "), "{err}");
}

#[test]
fn strict_mode_denies_what_nobody_was_allowed() {
    let body = "local _, e = funcs.call('app:f') logger:info(e and e:kind() .. ': ' .. e:message() or 'called') process.events():receive()";
    let entries = format!(
        "  - {{name: all, kind: security.policy, policy: {{actions: '*', resources: '*', effect: allow}}}}\n  - {{name: f, kind: function.lua, method: run, source: 'return {{run = function() end}}'}}\n{}{}{}",
        process("p", "modules: [logger, funcs]", body),
        service("nobody", "p", ""),
        service("somebody", "p", ", security: {actor: {id: 'service:x'}, policies: [app:all]}"),
    );
    for (strict, denied, called) in [(false, 0, 2), (true, 1, 1)] {
        let folder = application(&entries);
        folder.file(".wippy.yaml", format!("version: '1.0'\nsecurity:\n  strict_mode: {strict}\n"));
        let mut app = Watched::start(folder);
        app.until("\tapp:p\t", 2);
        app.signal("-TERM");
        let Outcome { code, err, .. } = app.end();
        let count = |part: &str| err.matches(part).count();
        assert_eq!(
            (code, count("\tPermissionDenied: not allowed: app:f\t"), count("\tcalled\t")),
            (0, denied, called),
            "{err}"
        );
    }
}
