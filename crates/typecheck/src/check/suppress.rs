//! Comments that steer the checker: `--!strict`, `--!nocheck`, `-- lint: ignore E0004`.
//!
//! Found by a scan of the lines, not by the lexer. Invariant: a comment hides only the codes it names, on its own line,
//! or on the next one if it stands alone; one that hides nothing is reported itself.

use std::cell::Cell;

use wippy_parser::{LineIndex, Offset, Span};

use crate::diagnostic::{Code, Diagnostic};

/// The comments of one text that matter.
#[derive(Debug, Default)]
pub(super) struct Comments {
    pub(super) strict: bool,
    pub(super) unchecked: bool,
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    codes: Vec<Code>,
    /// The line it is about; none: the whole text.
    line: Option<u32>,
    span: Span,
    used: Cell<bool>,
}

impl Comments {
    pub(super) fn new(text: &[u8], lines: &LineIndex) -> Self {
        let mut comments = Self::default();
        let mut at = 0;
        while let Some(found) = find(&text[at..], b"--") {
            let start = at + found;
            let end = text[start..]
                .iter()
                .position(|&b| b == b'\n' || b == b'\r')
                .map_or(text.len(), |n| start + n);
            let comment = String::from_utf8_lossy(&text[start + 2..end]).into_owned();
            let comment = comment.trim();
            let line_start =
                text[..start].iter().rposition(|&b| b == b'\n' || b == b'\r').map_or(0, |n| n + 1);
            let alone = text[line_start..start].iter().all(u8::is_ascii_whitespace);
            let line = lines.line(Offset(start as u32)).0;
            if alone && comments.rules.is_empty() && line <= 3 {
                comments.strict |= comment == "!strict";
                comments.unchecked |= comment == "!nocheck";
            }
            if let Some(rest) = comment.strip_prefix("lint: ignore") {
                let span = Span::new(Offset(start as u32), Offset(end as u32));
                let (whole, list) = match rest.strip_prefix("-file") {
                    Some(list) => (true, list),
                    None => (false, rest),
                };
                let codes: Vec<Code> = list
                    .split([' ', ',', '\t'])
                    .filter_map(Code::from_text)
                    .filter(|it| it.is_suppressible())
                    .collect();
                if !codes.is_empty() {
                    let target = if whole { None } else { Some(if alone { line + 1 } else { line }) };
                    comments.rules.push(Rule { codes, line: target, span, used: Cell::new(false) });
                }
            }
            at = end;
            if at >= text.len() {
                break;
            }
        }
        comments
    }

    /// Takes away what is hidden, and adds what is to be said about the comments.
    pub(super) fn apply(&self, diagnostics: &mut Vec<Diagnostic>, lines: &LineIndex, style: bool) {
        if self.rules.is_empty() {
            return;
        }
        diagnostics.retain(|diagnostic| {
            let line = lines.line(diagnostic.span.start).0;
            let hidden = self.rules.iter().find(|rule| {
                rule.codes.contains(&diagnostic.code) && rule.line.is_none_or(|target| target == line)
            });
            if let Some(rule) = hidden {
                rule.used.set(true);
            }
            hidden.is_none()
        });
        for rule in &self.rules {
            // Style rules that did not run cannot have been hidden.
            let ran = style || rule.codes.iter().any(|code| !code.is_style_rule());
            if !rule.used.get() && ran && !self.unchecked {
                let names: Vec<&str> = rule.codes.iter().map(|code| code.text()).collect();
                diagnostics.push(Diagnostic {
                    code: Code::W0009,
                    span: rule.span,
                    message: format!("unused suppression of {}", names.join(", ")),
                    help: None,
                });
            }
        }
    }
}

fn find(text: &[u8], pattern: &[u8; 2]) -> Option<usize> {
    text.windows(2).position(|window| window == pattern)
}
