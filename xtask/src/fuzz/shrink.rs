//! Makes a failing program smaller by leaving out lines, as long as it still fails.
//!
//! Not clever: runs of lines from half the program down to one, again and again until nothing more goes.
//! Invariant: what it returns compiles in the oracle and still differs in the same way.

use super::{Pair, kind};
use crate::Failure;

/// Attempts, so that shrinking takes seconds, not minutes.
const ATTEMPTS: usize = 600;

/// The smallest failing program that was found.
pub(crate) fn shrink(pair: &Pair, source: &str, wanted: &str) -> Result<String, Failure> {
    let mut lines: Vec<&str> = source.lines().collect();
    let mut attempts = 0;
    loop {
        let before = lines.len();
        let mut size = (lines.len() / 2).max(1);
        while size > 0 && attempts < ATTEMPTS {
            let mut at = 0;
            while at < lines.len() && attempts < ATTEMPTS {
                let end = (at + size).min(lines.len());
                let mut fewer = lines[..at].to_vec();
                fewer.extend(&lines[end..]);
                attempts += 1;
                if fails(pair, &fewer, wanted)? {
                    lines = fewer;
                } else if let Some(fewer) = without_frame(&lines, at).filter(|_| size == 1) {
                    attempts += 1;
                    if fails(pair, &fewer, wanted)? {
                        lines = fewer;
                    }
                    at += size;
                } else {
                    at += size;
                }
            }
            size /= 2;
        }
        if lines.len() == before || attempts >= ATTEMPTS {
            let mut text = lines.join("\n");
            text.push('\n');
            return Ok(text);
        }
    }
}

/// The lines without the one at `at` and without the line that closes its block.
fn without_frame<'a>(lines: &[&'a str], at: usize) -> Option<Vec<&'a str>> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let level = indent(lines[at]);
    let close = (at + 1..lines.len()).find(|&next| indent(lines[next]) <= level)?;
    if close == at + 1 {
        return None;
    }
    let kept = lines.iter().enumerate().filter(|(index, _)| *index != at && *index != close);
    Some(kept.map(|(_, line)| *line).collect())
}

fn fails(pair: &Pair, lines: &[&str], wanted: &str) -> Result<bool, Failure> {
    let mut source = lines.join("\n");
    source.push('\n');
    let (ours, theirs) = pair.run(&[("shrunk".to_owned(), source)])?;
    Ok(ours != theirs
        && kind(&ours, &theirs) == wanted
        && !theirs.contains("does not compile")
        && !theirs.contains("ended with"))
}
