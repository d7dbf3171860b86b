//! `string`, `table`, `math`, `utf8`, `bit32` and `debug` against recorded output of the reference interpreter:
//! `natives/<name>.lua` and `.out`, each also run a few instructions at a time and with a collection at every chance.
//!
//! Where `lua5.3` is installed the recordings themselves are checked; `UPDATE_EXPECT=1` makes them anew.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use support::printed;
use wippy_vm::{LoadMode, Step, Vm};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/natives")
}

#[track_caller]
fn check(name: &str) {
    let recording = folder().join(name).with_extension("out");
    if let Ok(reference) = Command::new("lua5.3").arg(format!("{name}.lua")).current_dir(folder()).output() {
        let reference = String::from_utf8_lossy(&reference.stdout).into_owned();
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(&recording, &reference).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&recording).unwrap(), reference, "the recording of {name}");
    }
    let expected = std::fs::read_to_string(&recording).unwrap();
    let source = std::fs::read(folder().join(name).with_extension("lua")).unwrap();
    for (fuel, stress) in [(1_000_000, false), (1, false), (7, false), (1_000_000, true)] {
        let ours = printed(&format!("{name}.lua"), &source, fuel, stress);
        for (line, (ours, expected)) in ours.lines().zip(expected.lines()).enumerate() {
            assert_eq!(
                ours,
                expected,
                "{name}, line {} of the output, {fuel} fuel, stress {stress}",
                line + 1
            );
        }
        assert_eq!(ours, expected, "{name}, {fuel} fuel, stress {stress}");
    }
}

#[test]
fn strings_are_cut_repeated_and_formatted() {
    check("string");
}

#[test]
fn patterns_are_found_and_replaced() {
    check("pattern");
}

#[test]
fn numbers_are_packed_and_unpacked() {
    check("pack");
}

#[test]
fn lists_are_changed_with_and_without_metamethods() {
    check("table");
}

#[test]
fn lists_are_sorted_by_any_order() {
    check("sort");
}

#[test]
fn numbers_are_computed_and_compared() {
    check("math");
}

#[test]
fn code_points_are_counted_and_found() {
    check("utf8");
}

#[test]
fn words_are_shifted_and_masked() {
    check("bit32");
}

#[test]
fn activations_and_upvalues_are_seen() {
    check("debug");
}

/// The memory limit holds for what natives build, before they build it.
#[test]
fn natives_respect_the_memory_limit() {
    let mut vm = Vm::default();
    vm.enter(wippy_stdlib::open).unwrap();
    vm.set_memory_limit(4 << 20);
    let source = "local big = ('x'):rep(1 << 20)
        for _, f in ipairs {
            function() return ('x'):rep(1 << 30) end,
            function() return big:gsub('x', 'yyyyyyyyyyyyyyyy') end,
            function() local t = {} for i = 1, 64 do t[i] = big end return table.concat(t) end,
            function() return string.format('%s%s%s%s', big, big, big, big) end,
            function() return string.pack('c1000000000', 'x') end,
        } do
            local ok, message = pcall(f)
            assert(not ok and message == 'not enough memory', tostring(message))
        end";
    vm.start(|cx| {
        let chunk = cx.load(source.as_bytes(), b"=limit", LoadMode::ANY)?;
        cx.push(chunk);
        Ok(())
    })
    .unwrap();
    let result = vm.finish();
    assert!(result.is_ok(), "{}", result.unwrap_err());
}

/// A pattern that takes for ever gives control back all the time.
#[test]
fn a_pathological_pattern_can_be_interrupted() {
    let mut vm = Vm::default();
    vm.enter(wippy_stdlib::open).unwrap();
    vm.start(|cx| {
        let source = "return ('a'):rep(3000):find(('a*'):rep(30) .. 'b')";
        let chunk = cx.load(source.as_bytes(), b"=pattern", LoadMode::ANY)?;
        cx.push(chunk);
        Ok(())
    })
    .unwrap();
    for _ in 0..100 {
        assert!(matches!(vm.run(10_000), Step::OutOfFuel));
    }
}
