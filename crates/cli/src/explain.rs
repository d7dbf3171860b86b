//! Long texts for diagnostic codes: `wippy explain CODE`.
//!
//! The texts stand beside the codes, where they are declared; this lays them out.

use wippy::typecheck::diagnostic::Code;
use wippy_app::problem::Code as Fault;

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
    let found = Fault::ALL.iter().find(|fault| fault.code().eq_ignore_ascii_case(code))?;
    Some(format!("{}: {}\n\nFound when an application is loaded or checked.\n", found.code(), found.title()))
}

/// All codes.
pub(crate) fn codes() -> impl Iterator<Item = &'static str> {
    Code::ALL.iter().map(|code| code.text()).chain(Fault::ALL.iter().map(|fault| fault.code()))
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
