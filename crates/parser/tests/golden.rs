//! `ok/*.lua` parse to the tree in `*.ast`; `err/*.lua` fail as `*.err` says. `UPDATE_EXPECT=1` rewrites both.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use wippy_parser::{Bump, Interner, parse, print::print};

fn programs(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder);
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|it| it == "lua")).collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

fn check(path: &Path, extension: &str, found: &str) {
    let golden = path.with_extension(extension);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&golden, found).unwrap();
    }
    let expected = fs::read_to_string(&golden).unwrap_or_default().replace('\r', "");
    assert_eq!(found, expected, "{} (UPDATE_EXPECT=1 rewrites it)", golden.display());
}

#[test]
fn good_programs_have_their_tree() {
    for path in programs("ok") {
        let source = fs::read(&path).unwrap();
        let arena = Bump::new();
        let mut interner = Interner::new();
        match parse(&source, &arena, &mut interner) {
            Ok(chunk) => check(&path, "ast", &print(&chunk, &interner)),
            Err(error) => panic!("{}:{}: {error}", path.display(), error.line()),
        }
    }
}

/// Each file holds many small programs, one a line; `\n` in a line stands for a line end.
#[test]
fn bad_programs_have_their_message() {
    for path in programs("err") {
        let mut found = String::new();
        for line in fs::read_to_string(&path).unwrap().lines() {
            let verdict = common::verdict(line.replace("\\n", "\n").as_bytes());
            found += &format!("{line}\n    {}\n", String::from_utf8_lossy(&verdict).replace('\n', "\\n"));
        }
        check(&path, "err", &found);
    }
}
