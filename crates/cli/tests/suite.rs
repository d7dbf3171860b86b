//! The suite of rows in `applications/suite`: what every module promises to applications, on the real binary.
//!
//! An application of its own with a function per module; its runner finds them by their metadata, calls each, and
//! prints what failed.

#![cfg(unix)]

mod support;

use std::path::{Path, PathBuf};

use support::{Scratch, wippy};

/// Copies a folder, so that what runs there may write.
fn copy(from: &Path, to: &Scratch, below: &str) {
    let mut names: Vec<PathBuf> = std::fs::read_dir(from)
        .expect("the fixture is there")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    names.sort();
    for path in names {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let below = format!("{below}/{name}");
        match path.is_dir() {
            true => copy(&path, to, &below),
            false => drop(to.file(&below, std::fs::read(&path).expect("the fixture can be read"))),
        }
    }
}

#[test]
fn every_row_of_every_module() {
    let folder = Scratch::new();
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/applications/suite/src"), &folder, "src");
    let outcome = wippy(&["run", "suite"]).within(&folder).variable("SUITE_HOME", "here").outcome();
    assert!(outcome.code == 0 && !outcome.out.contains("FAILED"), "{}{}", outcome.out, outcome.err);
    let modules: Vec<&str> = outcome.out.lines().filter(|line| line.ends_with("\tok")).collect();
    assert!(modules.len() >= 15, "{}", outcome.out);
}
