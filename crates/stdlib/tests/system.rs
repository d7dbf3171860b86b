//! `package`, `io` and `os` against recorded output of the reference interpreter: `system/<name>.lua` and `.out`.
//!
//! Where `lua5.3` is installed the recordings themselves are checked; `UPDATE_EXPECT=1` makes them anew.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use support::{Sink, output, ready};
use wippy_stdlib::io::redirect_stdin;

const INPUT: &str = "first line\n12 0x1F nothing\nlast";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/system")
}

/// What a script prints here, and how it ends.
fn ours(name: &str, stress: bool) -> String {
    let source = std::fs::read(folder().join(name).with_extension("lua")).unwrap();
    let sink = Sink::default();
    let mut vm = ready(&format!("{name}.lua"), &source, &sink, stress);
    vm.enter(|cx| redirect_stdin(cx, Box::new(INPUT.as_bytes()))).unwrap();
    let end = match vm.finish() {
        Ok(()) => 0,
        Err(failure) => match failure.exit {
            Some(exit) => {
                if exit.close {
                    vm.close();
                }
                exit.code
            }
            None => panic!("{name}: {failure}\n{}", failure.traceback),
        },
    };
    format!("{}exit {end}\n", output(&mut vm, &sink))
}

/// What it prints under the reference interpreter, if there is one.
fn reference(name: &str) -> Option<String> {
    let mut child = Command::new("lua5.3")
        .arg(format!("{name}.lua"))
        .current_dir(folder())
        .env("LUA_PATH", "./?.lua;./?/init.lua")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    child.stdin.take().unwrap().write_all(INPUT.as_bytes()).ok();
    let output = child.wait_with_output().unwrap();
    Some(format!("{}exit {}\n", String::from_utf8_lossy(&output.stdout), output.status.code().unwrap_or(-1)))
}

#[track_caller]
fn check(name: &str) {
    let recording = folder().join(name).with_extension("out");
    if let Some(reference) = reference(name) {
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(&recording, &reference).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&recording).unwrap(), reference, "the recording of {name}");
    }
    let expected = std::fs::read_to_string(&recording).unwrap();
    for stress in [false, true] {
        let ours = ours(name, stress);
        for (line, (ours, expected)) in ours.lines().zip(expected.lines()).enumerate() {
            assert_eq!(ours, expected, "{name}, line {} of the output", line + 1);
        }
        assert_eq!(ours, expected, "{name}");
    }
}

#[test]
fn files_are_read_by_formats() {
    check("read");
}

#[test]
fn files_are_written_and_sought() {
    check("write");
}

#[test]
fn default_files_can_be_changed() {
    check("default");
}

#[test]
fn pipes_tell_how_programs_ended() {
    check("pipes");
}

#[test]
fn misuse_of_files_is_refused() {
    check("refusals");
}

#[test]
fn modules_are_required() {
    check("require");
}

#[test]
fn dates_are_formatted_and_normalised() {
    check("dates");
}

#[test]
fn files_are_removed_and_programs_run() {
    check("programs");
}

#[test]
fn exit_cannot_be_caught() {
    check("exit");
}

#[test]
fn exit_closes_when_asked() {
    check("exit_close");
}

/// `require` of names that begin with dots is this implementation's own.
#[test]
fn relative_names_are_seen_from_the_asking_file() {
    let folder = std::env::temp_dir().join(format!("wippy-relative-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("lib/deep")).unwrap();
    let put = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    put("lib/a.lua", "return { 'a', ..., require './b', require './deep', pcall(require, './none') }");
    put("lib/b.lua", "return { 'b', ... }");
    put("lib/deep/init.lua", "return require '../b'");
    let source = "local a = require './lib/a'
        assert(a == require './lib/../lib/a')
        assert(a[1] == 'a' and a[3][1] == 'b' and a[4] ~= a[3] or a[4] == a[3])
        assert(a[5] == false and a[6]:find(\"module '.+/lib/none' not found:\\n\\tno file '.+/lib/none.lua'\\n\\tno file\"))
        local co = coroutine.wrap(function() return require './yielding' end)
        assert(co() == 'yielded' and co() == 'module')";
    put("yielding.lua", "coroutine.yield 'yielded' return 'module'");
    let name = format!("{}/main.lua", folder.display());
    let mut vm = ready(&name, source.as_bytes(), &Sink::default(), false);
    let result = vm.finish();
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(result.is_ok(), "{}", result.unwrap_err());
}

/// What `print` wrote leaves before a program is started, what `io.write` wrote does not.
#[test]
fn printed_lines_come_before_what_programs_print() {
    let sink = Sink::default();
    let mut vm = ready("x", b"print 'a' io.write 'b' os.execute 'true'", &sink, false);
    vm.finish().unwrap();
    assert_eq!(*sink.0.lock().unwrap(), b"a\n");
    assert_eq!(output(&mut vm, &sink), "a\nb");
}
