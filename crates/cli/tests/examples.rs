//! Every program in `examples/` prints what stands beside it, and so does every one in the guide to processes.

mod support;

use std::path::Path;

use support::{Outcome, Scratch, wippy};

#[test]
fn examples_print_what_they_promise() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let mut count = 0;
    for entry in std::fs::read_dir(&folder).expect("the examples are there") {
        let path = entry.expect("the folder can be read").path();
        if path.extension().is_none_or(|extension| extension != "lua") {
            continue;
        }
        count += 1;
        let expected =
            std::fs::read_to_string(path.with_extension("out")).expect("an .out file beside each example");
        let outcome = wippy(&[&path.to_string_lossy()]).outcome();
        assert_eq!(outcome, Outcome { code: 0, out: expected, err: String::new() }, "{}", path.display());
    }
    assert!(count >= 8, "only {count} examples found");
}

/// Every block of Lua in the guide is a script that prints what its comments `--> text` say, in order.
#[test]
fn the_guide_to_processes_tells_the_truth() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let guide = std::fs::read_to_string(root.join("docs/processes.md")).expect("the guide is there");
    let folder = Scratch::new();
    let mut count = 0;
    for (at, block) in guide.split("```lua\n").skip(1).enumerate() {
        let source = block.split("```").next().expect("split gives one part at least");
        let promised = source.lines().filter_map(|line| line.split_once("--> "));
        let expected: String = promised.map(|(_, text)| format!("{text}\n")).collect();
        let script = folder.file("guide.lua", source);
        let outcome = wippy(&[&script.to_string_lossy()]).outcome();
        assert_eq!(outcome, Outcome { code: 0, out: expected, err: String::new() }, "block {at}:\n{source}");
        count += 1;
    }
    assert!(count >= 8, "only {count} blocks found");
}
