//! `cargo xtask tidy`: rules of this tree that no compiler checks.
//!
//! Every source file opens with a module comment and stays below a length; `unsafe` stands only in the files
//! that may hold it, each block with its reason (tests of those files excepted); relative links in Markdown lead somewhere.
//! Invariant: it reads files and changes nothing.

use std::fs;
use std::path::{Path, PathBuf};

use crate::options::Options;
use crate::{Failure, workspace};

/// Lines of one source file; past this there is a second noun in it.
const LONGEST_FILE: usize = 900;

/// How the paths of the only files begin that may hold `unsafe`.
const UNSAFE_FOLDERS: [&str; 4] = [
    "crates/scheduler/src/mailbox",
    "crates/scheduler/src/table",
    "crates/vm/src/execute",
    "crates/vm/src/heap",
];

/// Lines before `unsafe` in which its reason must begin.
const REASON_WITHIN: usize = 12;

/// Checks all files and lists every fault.
pub(crate) fn run(options: Options) -> Result<(), Failure> {
    options.finish()?;
    let root = workspace::root();
    let mut faults = Vec::new();
    for folder in ["crates", "xtask", "tests"] {
        for path in workspace::files_below(&root.join(folder), "rs")? {
            source(&root, &path, &mut faults)?;
        }
    }
    for path in pages(&root)? {
        links(&root, &path, &mut faults)?;
    }
    for fault in &faults {
        println!("{fault}");
    }
    if faults.is_empty() { Ok(()) } else { Err(format!("{} faults", faults.len()).into()) }
}

fn source(root: &Path, path: &Path, faults: &mut Vec<String>) -> Result<(), Failure> {
    let name = path.strip_prefix(root)?.to_string_lossy().into_owned();
    let text = fs::read_to_string(path)?;
    let lines: Vec<&str> = text.lines().collect();
    let generated =
        lines.iter().take(3).any(|line| line.contains("auto-generated") || line.contains("generated"));
    if generated {
        return Ok(());
    }
    if !lines.first().is_some_and(|line| line.starts_with("//!")) {
        faults.push(format!("{name}: does not open with a `//!` comment"));
    }
    if lines.len() > LONGEST_FILE {
        faults.push(format!("{name}: {} lines, at most {LONGEST_FILE}", lines.len()));
    }
    let allowed = UNSAFE_FOLDERS.iter().any(|folder| name.starts_with(folder));
    for (at, line) in lines.iter().enumerate().filter(|(_, line)| opens_unsafe(line)) {
        if !allowed {
            faults.push(format!("{name}:{}: unsafe outside of {}", at + 1, UNSAFE_FOLDERS.join(", ")));
        } else if line.contains("unsafe {") && !explained(&lines, at) {
            faults.push(format!("{name}:{}: no `// SAFETY:` near this block", at + 1));
        }
    }
    Ok(())
}

/// Whether the line holds the keyword in code, not in a comment or a string.
fn opens_unsafe(line: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    ["unsafe {", "unsafe fn", "unsafe impl", "unsafe trait"].iter().any(|form| code.contains(form))
        && !code.contains('"')
}

fn explained(lines: &[&str], at: usize) -> bool {
    lines[at.saturating_sub(REASON_WITHIN)..=at]
        .iter()
        .any(|line| line.contains("SAFETY") || line.contains("# Safety"))
}

/// The Markdown files of the root and of `docs/`.
fn pages(root: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut pages = workspace::files_below(&root.join("docs"), "md")?;
    for entry in fs::read_dir(root)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "md") {
            pages.push(path);
        }
    }
    Ok(pages)
}

fn links(root: &Path, path: &Path, faults: &mut Vec<String>) -> Result<(), Failure> {
    let text = fs::read_to_string(path)?;
    let folder = path.parent().unwrap_or(root);
    let mut rest = text.as_str();
    while let Some(at) = rest.find("](") {
        rest = &rest[at + 2..];
        let Some(end) = rest.find(')') else { break };
        let target = rest[..end].split('#').next().unwrap_or_default();
        let outside = target.contains("://") || target.starts_with("mailto:");
        if !target.is_empty() && !outside && !target.contains(' ') && !folder.join(target).exists() {
            faults
                .push(format!("{}: no file behind the link '{target}'", path.strip_prefix(root)?.display()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::opens_unsafe;

    #[test]
    fn only_code_counts_as_unsafe() {
        assert!(opens_unsafe("    let x = unsafe { read(p) };"));
        assert!(opens_unsafe("unsafe impl Send for Heap {}"));
        assert!(!opens_unsafe("// unsafe { } in a comment"));
        assert!(!opens_unsafe("let word = \"unsafe {\";"));
        assert!(!opens_unsafe("#![deny(unsafe_code)]"));
    }
}
