//! Script mode with processes, on the real binary.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A folder of its own for each test.
fn folder(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("wippy-processes-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a temporary folder");
    for (file, text) in files {
        std::fs::write(folder.join(file), text).expect("a file");
    }
    folder
}

fn wippy(folder: &PathBuf, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wippy"));
    command.args(arguments).current_dir(folder).env_remove("LUA_PATH").stdin(Stdio::null());
    command
}

fn run(name: &str, files: &[(&str, &str)], arguments: &[&str]) -> (i32, String, String) {
    let folder = folder(name, files);
    let Output { status, stdout, stderr } = wippy(&folder, arguments).output().expect("it runs");
    let _ = std::fs::remove_dir_all(&folder);
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (status.code().unwrap_or(-1), text(stdout), text(stderr))
}

#[test]
fn the_number_that_main_returns_is_the_exit_code() {
    let file = ("f.lua", "return { main = function(a) return tonumber(a) end }");
    assert_eq!(run("code", &[file], &["f.lua", "7"]), (7, String::new(), String::new()));
    let file = ("g.lua", "process.pid() return { main = function(a) return tonumber(a) end }");
    assert_eq!(run("code2", &[file], &["g.lua", "7"]), (7, String::new(), String::new()));
}

#[test]
fn a_deadlock_is_an_error_with_the_lines() {
    for (name, first) in [("alone", ""), ("process", "process.pid()")] {
        let text = format!(
            "{first}\nlocal c = channel.new()\ncoroutine.spawn(function()\nc:send(1)\nend)\nchannel.new():receive()"
        );
        let begun = Instant::now();
        let (code, _, stderr) = run(name, &[("d.lua", &text)], &["d.lua"]);
        assert_eq!(code, 1);
        assert!(stderr.contains("deadlock: all 2 coroutines blocked"), "{stderr}");
        assert!(stderr.contains("d.lua:4") && stderr.contains("d.lua:6"), "{stderr}");
        assert!(begun.elapsed() < Duration::from_secs(20));
    }
}

#[test]
fn a_function_of_the_script_runs_in_a_process_of_its_own() {
    let text = "
        local sent = {1, {2}, key = 'value'}
        local function w(parent) process.send(parent, 'reply', sent) end
        return {w = w, main = function()
            assert(process.spawn('self:w', nil, process.pid()))
            local got = process.inbox():receive():payload():data()
            assert(got ~= sent and got[1] == 1 and got[2][1] == 2 and got.key == 'value')
            print('equal but distinct')
        end}";
    assert_eq!(
        run("self", &[("s.lua", text)], &["s.lua"]),
        (0, "equal but distinct\n".to_owned(), String::new())
    );
    let text = "
        function w(parent) process.send(parent, 'reply', {5}) end
        assert(process.spawn('self:w', nil, process.pid()))
        print(process.inbox():receive():payload():data()[1])";
    assert_eq!(run("global", &[("s.lua", text)], &["s.lua"]), (0, "5\n".to_owned(), String::new()));
}

#[test]
fn other_files_run_in_processes() {
    let files = [
        (
            "main.lua",
            "local inbox = process.inbox()
            for i = 1, 3 do assert(process.spawn('./worker.lua', nil, process.pid(), i)) end
            local sum = 0
            for i = 1, 3 do sum = sum + inbox:receive():payload():data() end
            print(sum, process.exec('./value.lua', ''))
            local p, e = process.spawn('./none.lua', nil) print(p, e, errors.is(e, errors.NOT_FOUND))",
        ),
        ("worker.lua", "local parent, n = ... process.send(parent, 'n', n * 2)"),
        ("value.lua", "return {main = function() return require('helper').answer end}"),
        ("helper.lua", "return {answer = 42}"),
    ];
    let expected = "12\t42\nnil\tfactory not found\ttrue\n";
    assert_eq!(run("files", &files, &["main.lua"]), (0, expected.to_owned(), String::new()));
}

#[test]
fn failures_that_nobody_watches_are_reported_in_a_line() {
    let text = "function bad() error('broken') end
        process.spawn('self:bad', nil)
        process.spawn_monitored('self:bad', nil)
        print(process.events():receive().result.error)
        local _, e = process.exec('self:none', nil) print(e)";
    let (code, stdout, stderr) = run("fails", &[("b.lua", text)], &["b.lua"]);
    assert_eq!((code, stdout.as_str()), (0, "b.lua:1: broken\nmethod \"none\" not found in module\n"));
    assert_eq!(stderr, "error: b.lua:1: broken (process b.lua:bad)\n");
}

#[test]
fn a_child_that_exits_ends_the_program() {
    let text = "function quit() os.exit(9) end process.spawn('self:quit', nil) channel.new():receive(process.inbox())";
    assert_eq!(run("exit", &[("e.lua", text)], &["e.lua"]).0, 9);
}

const WATCHED: &str = "
    function idle() process.inbox():receive() end
    local pid = process.spawn('self:idle', nil)
    process.registry.register('the idle one', pid)
    for _ = 1, 2000 do
        for _, row in ipairs(require('system').hosts.processes('script:processes')) do
            if row.source == 'w.lua:idle' and row.state == 'parked' and row.steps > 0 then return end
        end
        require('time').sleep('5ms')
    end";

fn row<'a>(table: &'a str, entry: &str) -> &'a str {
    table.lines().find(|line| line.contains(entry)).unwrap_or_else(|| panic!("no {entry} in:\n{table}"))
}

#[test]
fn the_statistics_show_each_process_and_where_it_waits() {
    let (code, stdout, stderr) = run("stats", &[("w.lua", WATCHED)], &["--stats", "w.lua"]);
    assert_eq!((code, stdout.as_str()), (0, ""));
    let head: Vec<&str> = stderr.lines().next().expect("a head").split_whitespace().collect();
    assert_eq!(head, ["PID", "NAME", "ENTRY", "STATE", "HEAP", "MAIL", "REDUCTIONS", "AT"]);
    let idle = row(&stderr, "w.lua:idle");
    assert!(idle.starts_with("{script:processes|0x") && idle.contains(" the idle one "), "{idle}");
    // It may be seen on its way back to sleep from an earlier question, and the main program on its way out.
    let state = ["parked", "running", "queued"].iter().any(|state| idle.contains(&format!(" {state} ")));
    assert!(state && idle.ends_with("w.lua:2 in method 'receive'"), "{idle}");
    assert!(stderr.contains(" processes: ") && stderr.contains("; 2 started, "), "{stderr}");
    assert!(stderr.contains(" steals, ") && stderr.contains("run queues "), "{stderr}");

    let (_, _, stderr) = run("alone", &[("a.lua", "print(1)")], &["--stats", "a.lua"]);
    assert_eq!(stderr, "no processes: the program has asked for none\n");
}

#[test]
fn a_script_sees_its_processes() {
    let text = "
        function idle() process.inbox():receive() end
        local system, before = require('system'), require('time').now():unix_nano()
        process.spawn('self:idle', nil)
        local rows
        repeat -- until both have come to a step in which they could tell of themselves
            rows = assert(system.hosts.processes('script:processes'))
            table.sort(rows, function(a, b) return a.source < b.source end)
            local idle = rows[2]
        until idle.source == 's.lua:idle' and idle.state == 'parked' and idle.stats.at:find('receive') and rows[1].steps > 0
        local hosts = assert(system.hosts.list())
        print(#hosts, hosts[1].id, hosts[1].processes, hosts[1].workers > 0, hosts[1].executed > 0)
        for _, row in ipairs(rows) do
            local state = row.source == 's.lua' and 'at work' or row.state
            print(row.source, state, row.steps > 0, row.stats.heap > 0, row.stats.at, row.started_at >= before - 1e9)
        end
        print(system.hosts.processes('nowhere'))
        print(select(2, system.hosts.processes('')), system.runtime.goroutines())";
    let (code, stdout, stderr) = run("system", &[("s.lua", text)], &["s.lua"]);
    let expected = "1\tscript:processes\t2\ttrue\ttrue\n\
                    s.lua\tat work\ttrue\ttrue\ts.lua:7 in field 'processes'\ttrue\n\
                    s.lua:idle\tparked\ttrue\ttrue\ts.lua:2 in method 'receive'\ttrue\n\
                    nil\thost not found\nhost ID required\t2\n";
    assert_eq!((code, stdout.as_str(), stderr.as_str()), (0, expected, ""));
}

#[cfg(unix)]
mod signals {
    use super::*;

    #[test]
    fn a_signal_shows_the_processes_and_disturbs_nobody() {
        use std::io::{BufRead, BufReader};
        let text = "
            function spin() while true do end end
            local pid = process.spawn('self:spin', nil)
            print('on') io.stdout:flush()
            io.read()
            print(process.terminate(pid))";
        let folder = folder("usr1", &[("u.lua", text)]);
        let mut command = wippy(&folder, &["u.lua"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("it runs");
        let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut messages = BufReader::new(child.stderr.take().expect("a pipe"));
        let mut line = String::new();
        output.read_line(&mut line).expect("text");
        let status =
            Command::new("kill").args(["-USR1", &child.id().to_string()]).status().expect("kill exists");
        assert!(status.success());
        let mut table = String::new();
        while !table.contains("run queues") {
            assert!(messages.read_line(&mut table).expect("text") > 0, "{table}");
        }
        assert!(row(&table, "u.lua:spin").ends_with("u.lua:2"), "{table}");
        drop(child.stdin.take());
        line.clear();
        output.read_line(&mut line).expect("text");
        assert_eq!((line.as_str(), child.wait().expect("it ends").code()), ("true\n", Some(0)));
        let _ = std::fs::remove_dir_all(&folder);
    }

    /// Sends SIGINT when the program has printed a line; answers code, all output, and how long it then took.
    fn interrupted(name: &str, text: &str) -> (i32, String, Duration) {
        use std::io::{BufRead, BufReader, Read};
        let folder = folder(name, &[("i.lua", text)]);
        let mut child = wippy(&folder, &["i.lua"]).stdout(Stdio::piped()).spawn().expect("it runs");
        let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut all = String::new();
        output.read_line(&mut all).expect("text");
        let status =
            Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill exists");
        assert!(status.success());
        let begun = Instant::now();
        output.read_to_string(&mut all).expect("text");
        let code = child.wait().expect("it ends").code().unwrap_or(-1);
        let _ = std::fs::remove_dir_all(&folder);
        (code, all, begun.elapsed())
    }

    #[test]
    fn ctrl_c_kills_who_does_not_listen() {
        for (name, text) in [
            ("loop", "print('on') io.stdout:flush() while true do end"),
            ("waits", "process.inbox() print('on') io.stdout:flush() process.inbox():receive()"),
            (
                "child",
                "function spin() while true do end end process.spawn('self:spin', nil)
                       print('on') io.stdout:flush() while true do end",
            ),
        ] {
            let (code, output, took) = interrupted(name, text);
            assert_eq!((code, output.as_str()), (130, "on\n"), "{name}");
            assert!(took < Duration::from_secs(20), "{name}: {took:?}");
        }
    }

    #[test]
    fn ctrl_c_asks_who_listens() {
        let text = "local events = process.events() print('on') io.stdout:flush()
            local e = events:receive() print(e.kind == process.event.CANCEL) return 1";
        let (code, output, _) = interrupted("asked", text);
        assert_eq!((code, output.as_str()), (0, "on\ntrue\n"));
    }
}

#[test]
fn a_main_program_that_a_link_ends_says_so() {
    let text = "
        local function bad() error('broken') end
        return {bad = bad, main = function()
            process.spawn_linked('self:bad', nil)
            process.inbox():receive()
        end}";
    let (code, _, stderr) = run("linked", &[("l.lua", text)], &["l.lua"]);
    assert_eq!(code, 1);
    assert!(stderr.contains("linked process failed"), "{stderr}");
}
