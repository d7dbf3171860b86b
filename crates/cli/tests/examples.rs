//! Every program in `examples/` prints what stands beside it.

mod support;

use std::path::Path;

use support::{Outcome, wippy};

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
