//! Long texts for diagnostic codes: `wippy explain CODE`.
//!
//! The texts stand beside the codes, where they are declared; this lays them out.

use wippy::typecheck::diagnostic::Code;

use crate::app;

/// The text for `code`, in any case of letters.
pub(crate) fn text(code: &str) -> Option<String> {
    let Some(code) = Code::from_text(code) else { return entry(code) };
    let row = code.row();
    let mut out =
        format!("{}: {}\n\n{}\n\nSeverity: {}\n", row.code, row.name, row.meaning, row.severity.word());
    for (title, example) in [("Wrong", row.wrong), ("Right", row.right)] {
        if !example.is_empty() {
            out.push_str(&format!("\n{title}:\n\n{}", indented(example)));
        }
    }
    Some(out)
}

/// A code about entries of an application.
fn entry(code: &str) -> Option<String> {
    let (code, title) = app::faults().find(|(fault, _)| fault.eq_ignore_ascii_case(code))?;
    Some(format!("{code}: {title}\n\nFound when an application is loaded or checked.\n"))
}

/// All codes.
pub(crate) fn codes() -> impl Iterator<Item = &'static str> {
    Code::ALL.iter().map(|code| code.text()).chain(app::faults().map(|(code, _)| code))
}

fn indented(code: &str) -> String {
    code.lines().map(|line| format!("    {line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_found_in_any_case() {
        assert!(text("w0004").expect("listed").starts_with("W0004: no-unused-vars\n\n"));
        assert_eq!(text("W9999"), None);
    }
}
