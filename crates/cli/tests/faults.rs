//! What goes wrong in applications, on the real binary: one clear message each, the documented state and exit code, and
//! nothing hangs.

#![cfg(unix)]

mod support;

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use support::{Outcome, Scratch, Watched, finish, wippy};

const HOSTS: &str = "namespace: app\nentries:\n  - {name: processes, kind: process.host, lifecycle: {auto_start: true, stop_timeout: 1s}}\n  - {name: terminal, kind: terminal.host, lifecycle: {auto_start: true}}\n";

fn application(entries: &str) -> Scratch {
    let folder = Scratch::new();
    folder.file("src/_index.yaml", format!("{HOSTS}{entries}"));
    folder
}

/// An application with a service `app:s` whose process does this.
fn service(body: &str, lifecycle: &str) -> Scratch {
    application(&format!(
        "  - {{name: s, kind: process.service, process: p, host: processes, lifecycle: {{auto_start: true{lifecycle}}}}}\n\
         \x20 - name: p\n    kind: process.lua\n    modules: [time, env, logger]\n    source: |\n      local time = require('time')\n      return {{main = function() {body} end}}\n"
    ))
}

fn count(text: &str, part: &str) -> usize {
    text.matches(part).count()
}

/// Boots what cannot start and answers the messages.
#[track_caller]
fn refused(entries: &str) -> String {
    let begun = Instant::now();
    let Outcome { code, out, err } = wippy(&["run"]).within(&application(entries)).outcome();
    assert!(code == 1 && out.is_empty() && begun.elapsed() < Duration::from_secs(20), "{code} {out} {err}");
    err
}

#[test]
fn what_cannot_start_says_why_once() {
    let once = |entries: &str, message: &str| {
        let err = refused(entries);
        assert!(err.contains(message) && count(&err, "error[") == 1, "{message}: {err}");
        assert!(err.contains("--> src/_index.yaml:"), "{err}");
    };
    once(
        "  - {name: x, kind: library.lua, source: 'file://nope.lua'}\n",
        "source of app:x: there is no file src/nope.lua",
    );
    once(
        "  - {name: x, kind: library.lua, source: 'return 1', imports: {y: 'app:nope'}}\n",
        "app:x imports app:nope, which does not exist",
    );
    once(
        "  - {name: a, kind: library.lua, source: 'return 1', imports: {b: 'app:b'}}\n  - {name: b, kind: library.lua, source: 'return 1', imports: {a: 'app:a'}}\n",
        "entries import each other in a circle: app:a -> app:b -> app:a",
    );
    once(
        "  - {name: p, kind: process.lua, source: 'return 1'}\n  - {name: a, kind: process.service, process: p, host: processes, lifecycle: {auto_start: true, requires: [b]}}\n  - {name: b, kind: process.service, process: p, host: processes, lifecycle: {requires: [a]}}\n",
        "services require each other in a circle: app:a -> app:b -> app:a",
    );
    once("  - {name: a, kind: library.lua\n  - name: [\n", "cannot read this file");
    once("\t- {name: a, kind: library.lua}\n", "cannot read this file");
}

#[test]
fn a_second_definition_wins_and_is_reported() {
    let folder = application(
        "  - {name: x, kind: process.lua, source: 'return {main = function() return \"first\" end}'}\n  - {name: x, kind: process.lua, source: 'return {main = function() return \"second\" end}'}\n",
    );
    let outcome = wippy(&["run", "-x", "app:x", "-c"]).within(&folder).outcome();
    assert_eq!((outcome.code, outcome.out.as_str()), (0, "second\n"), "{outcome:?}");
    assert_eq!(
        count(&outcome.err, "defined more than once, the last definition is used: app:x"),
        1,
        "{outcome:?}"
    );
}

#[test]
fn a_service_that_fails_at_start_is_given_up_after_its_attempts() {
    let mut app =
        Watched::start(service("error('no luck')", ", restart: {initial_delay: 20ms, max_attempts: 3}"));
    app.until("service app:s is Failed", 3);
    app.signal("-TERM");
    let Outcome { code, err: log, .. } = app.end();
    assert_eq!((code, count(&log, "service app:s is Starting")), (0, 3), "{log}");
    assert_eq!(count(&log, "app:p:2: no luck"), 3, "{log}");
    assert_eq!(count(&log, "retry_in"), 2, "{log}");
}

#[test]
fn a_service_that_fails_again_and_again_is_started_again_and_again() {
    let body = "time.sleep('10ms') error('tired')";
    let mut app = Watched::start(service(body, ", restart: {initial_delay: 10ms, backoff_factor: 1.0}"));
    app.until("service app:s failed", 5);
    app.signal("-INT");
    let Outcome { code, err: log, .. } = app.end();
    assert!(code == 0 && log.contains("stopped"), "{log}");
}

#[test]
fn a_service_that_ignores_its_end_is_ended() {
    for body in [
        "while true do time.sleep('1h') end",
        "while true do end",
        "process.events() while true do time.sleep('1ms') end",
    ] {
        let mut app = Watched::start(service(body, ", stop_timeout: 200ms"));
        app.until("service app:s is Running", 1);
        app.signal("-INT");
        let begun = Instant::now();
        let Outcome { code, err: log, .. } = app.end();
        assert!(code == 0 && begun.elapsed() < Duration::from_secs(20), "{log}");
        assert!(log.contains("service app:s is Failed") || log.contains("service app:s is Stopped"), "{log}");
    }
}

#[test]
fn a_second_signal_ends_at_once() {
    let mut app =
        Watched::start(service("process.events() while true do time.sleep('1h') end", ", stop_timeout: 20s"));
    app.until("service app:s is Running", 1);
    app.signal("-INT");
    app.until("service app:s is Stopping", 1);
    app.signal("-INT");
    let begun = Instant::now();
    let Outcome { code, err: log, .. } = app.end();
    assert!(code == 1 && begun.elapsed() < Duration::from_secs(10), "{code} {log}");
}

#[test]
fn a_method_that_is_not_there_is_hopeless() {
    let folder = application(
        "  - {name: s, kind: process.service, process: p, host: processes, lifecycle: {auto_start: true}}\n  - {name: p, kind: process.lua, method: begin, source: 'return {main = function() end}'}\n",
    );
    let mut app = Watched::start(folder);
    app.until("service app:s is Exited", 1);
    app.signal("-TERM");
    let Outcome { code, err: log, .. } = app.end();
    assert_eq!((code, count(&log, "method \\\"begin\\\" not found in module")), (0, 1), "{log}");
}

#[test]
fn a_requirement_that_does_not_exist_blocks_the_service_only() {
    let mut app = Watched::start(service("process.events():receive()", ", requires: [nothing]"));
    app.until("runtime ready", 1);
    app.signal("-TERM");
    let Outcome { code, err: log, .. } = app.end();
    assert_eq!(code, 0);
    assert_eq!(
        count(&log, "service app:s cannot start: it requires app:nothing, which does not exist"),
        1,
        "{log}"
    );
}

#[test]
fn a_file_that_goes_away_is_an_error_where_it_is_read() {
    let entries = "  - {name: store, kind: env.storage.file, file_path: ./vars.env}\n  - {name: v, kind: env.variable, storage: store, variable: V, default: fallback}\n  - {name: s, kind: process.service, process: p, host: processes, lifecycle: {auto_start: true}}\n  - name: p\n    kind: process.lua\n    modules: [time, env, logger]\n    source: |\n      local time, env, logger = require('time'), require('env'), require('logger')\n      return {main = function()\n        local last\n        while true do\n          local v, err = env.get('V')\n          local now = tostring(v or err)\n          if now ~= last then logger:info('value ' .. now) last = now end\n          time.sleep('5ms')\n        end\n      end}\n";
    let folder = application(entries);
    let file = folder.file("vars.env", "V=one\n");
    let sources = folder.0.join("src");
    let mut app = Watched::start(folder);
    app.until("value one", 1);
    std::fs::remove_file(&file).expect("the file was there");
    // The sources were read at boot: without their folder everything goes on.
    std::fs::remove_dir_all(&sources).expect("the folder was there");
    app.until("value cannot read", 1);
    app.signal("-TERM");
    assert_eq!(app.end().code, 0);
}

/// A service that writes log lines until it is asked to end.
const NOISY: &str = "local logger, events, ticker = require('logger'), process.events(), time.ticker('1ms') for i = 1, 1e9 do local r = channel.select{events:case_receive(), ticker:channel():case_receive()} if r.channel == events then return end logger:info('line ' .. i) end";

#[test]
fn a_log_that_cannot_be_written_stops_nobody() {
    let full = std::fs::File::options().write(true).open("/dev/full");
    let Ok(full) = full else { return };
    let folder = application(&format!(
        "  - {{name: store, kind: env.storage.file, file_path: ./up.env, auto_create: true}}\n\
         \x20 - {{name: up, kind: env.variable, storage: store, variable: UP}}\n\
         \x20 - {{name: s, kind: process.service, process: p, host: processes, lifecycle: {{auto_start: true}}}}\n\
         \x20 - name: p\n    kind: process.lua\n    modules: [time, env, logger]\n    source: |\n      \
         local time, env = require('time'), require('env')\n      \
         return {{main = function() env.set('UP', 'yes') {NOISY} end}}\n"
    ));
    let mut command = Command::new(support::binary());
    command.arg("run").current_dir(&folder.0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(full);
    let mut child = command.spawn().expect("the program starts");
    let begun = Instant::now();
    while !std::fs::read_to_string(folder.0.join("up.env")).is_ok_and(|text| text.contains("yes")) {
        assert!(begun.elapsed() < Duration::from_secs(30), "the service did not begin");
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(50));
    assert!(child.try_wait().expect("it can be waited for").is_none(), "it runs on");
    let status = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(status.is_ok_and(|status| status.success()));
    assert_eq!(child.wait().expect("the program ends").code(), Some(0));
}

#[test]
fn a_stopped_program_goes_on_where_it_was() {
    let mut app = Watched::start(service(NOISY, ""));
    app.until("line 5", 1);
    app.signal("-STOP");
    std::thread::sleep(Duration::from_millis(100));
    app.signal("-CONT");
    let lines = count(&String::from_utf8_lossy(&app.seen), "line ");
    app.until("line ", lines + 20);
    app.signal("-STOP");
    app.signal("-INT");
    app.signal("-CONT");
    let Outcome { code, err: log, .. } = app.end();
    assert!(code == 0 && log.contains("stopped"), "{log}");
}

#[test]
fn output_that_nobody_reads_ends_the_program_quietly() {
    let folder = application(
        "  - {name: p, kind: process.lua, modules: [io], source: \"local io = require('io') return {main = function() while true do io.print('line') end end}\"}\n",
    );
    let mut child = wippy(&["run", "-x", "app:p"]).within(&folder).start();
    let mut out = child.stdout.take().expect("the output is a pipe");
    out.read_exact(&mut [0; 64]).expect("something is written");
    drop(out);
    let mut err = String::new();
    child.stderr.take().expect("a pipe").read_to_string(&mut err).expect("the pipe can be read");
    assert_eq!((child.wait().expect("it ends").code(), err.as_str()), (Some(141), ""));
}

#[test]
fn a_full_disk_for_output_is_an_error_of_the_program() {
    let folder = application(
        "  - {name: p, kind: process.lua, modules: [io], source: \"local io = require('io') return {main = function() local ok, err = io.print('line') return err and 3 or 0 end}\"}\n",
    );
    let Ok(full) = std::fs::File::options().write(true).open("/dev/full") else { return };
    let mut command = Command::new(support::binary());
    command.args(["run", "-x", "app:p"]).current_dir(&folder.0).stdout(full);
    assert_eq!(command.status().expect("the program runs").code(), Some(3));
    drop(finish(wippy(&["--version"]).start()));
}

#[test]
fn the_table_needs_a_terminal() {
    let outcome = wippy(&["top"]).within(&application("")).outcome();
    assert!(outcome.code == 2 && outcome.err.contains("draws on a terminal"), "{outcome:?}");
}
