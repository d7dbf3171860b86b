//! `docs/modules.md` is what `wippy types` says, and says something about every function. `UPDATE_EXPECT=1` rewrites it.

use std::path::Path;
use std::process::Command;

fn printed(words: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_wippy")).args(words).output().expect("the command runs");
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn the_page_of_modules_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/modules.md");
    let current = printed(&["types", "--format", "markdown"]);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, &current).expect("writable");
    }
    let page = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(page == current, "docs/modules.md is out of date (UPDATE_EXPECT=1 rewrites it)");
    let silent: Vec<&str> = current.lines().filter(|line| line.ends_with("|  |")).collect();
    assert!(silent.is_empty(), "functions without a comment at their rows:\n{}", silent.join("\n"));
}

#[test]
fn every_module_is_found_by_its_name() {
    for name in
        ["globals", "process", "supervisor", "funcs", "registry", "events", "env", "contract", "security"]
    {
        let text = printed(&["types", name]);
        assert!(text.starts_with(&format!("-- {name} (")), "{text}");
    }
    assert!(printed(&["types", "env"]).contains("env.get: (key: string) -> (string?, error?)"));
    assert!(printed(&["types", "funcs"]).contains("funcs.Future:cancel: "));
}
