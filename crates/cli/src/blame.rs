//! From an uncaught run-time error to a diagnostic: where it happened, what to point at, what may have been meant.
//!
//! Pure: it works on the message and the stack as plain data and knows no interpreter. The message that a program
//! sees through `pcall` is never changed, only taken apart here.

use std::rc::Rc;

use wippy_parser::nearest::nearest;

use crate::diagnostic::{Diagnostic, Note, Place, Source};

/// An error that reached the top.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    /// The error value as text, position included if it has one.
    pub(crate) message: Vec<u8>,
    /// The functions that were running, the innermost first.
    pub(crate) stack: Vec<Activation>,
    /// How many are left out in its middle.
    pub(crate) skipped: usize,
}

/// One running function.
#[derive(Debug, Clone, Default)]
pub(crate) struct Activation {
    /// The chunk as messages name it; `[C]` for a builtin.
    pub(crate) chunk: Vec<u8>,
    /// The chunk name as given to `load`: `@file`, `=name`, or the text itself.
    pub(crate) source: Vec<u8>,
    /// Line, zero when unknown.
    pub(crate) line: usize,
    /// First byte of the text to point at within its line, from 1; zero when unknown.
    pub(crate) column: usize,
    /// Bytes to point at.
    pub(crate) width: usize,
    /// What is running: `function 'f'`, `main chunk`.
    pub(crate) what: String,
}

/// The texts that errors point into.
pub(crate) trait Sources {
    /// The text of a chunk, by its name as given to `load` and as messages show it.
    fn find(&self, source: &[u8], chunk: &[u8]) -> Option<Rc<Source>>;
}

/// The names a misspelt one is compared with.
pub(crate) trait Candidates {
    /// Global variables, or the fields of the table that this global path leads to.
    fn of(&self, path: &[&str]) -> Vec<String>;
}

/// Lines of a stack that are shown at each end of a long one.
const STACK_END: usize = 10;

/// Describes a failure.
pub(crate) fn diagnostic(
    failure: &Failure,
    sources: &dyn Sources,
    candidates: &dyn Candidates,
) -> Diagnostic {
    let (position, message) = match position(&failure.message) {
        Some((chunk, line, rest)) => (Some((chunk, line)), rest),
        None => (None, failure.message.as_slice()),
    };
    let text = String::from_utf8_lossy(message);
    let mut diagnostic = Diagnostic::error(message);
    let mut help = None;
    match culprit(failure, position) {
        Some(Culprit::Activation(activation)) => {
            match sources
                .find(&activation.source, &activation.chunk)
                .filter(|source| has_line(source, activation.line))
            {
                Some(source) => {
                    let place = place(&source, activation, &text);
                    help = meant(&text, &source, &place, candidates);
                    // At an operator the value is somewhere beside it.
                    let operator =
                        source.text.get(place.start).is_some_and(|b| b"+-*/%^#&|~<>.=".contains(b));
                    let label = if operator { String::new() } else { found(&text) };
                    diagnostic = diagnostic.label(&source, Place::Bytes(place), label);
                }
                None => diagnostic = elsewhere(diagnostic, &activation.chunk, activation.line),
            }
        }
        Some(Culprit::Line(chunk, line)) => {
            match sources.find(b"", chunk).filter(|source| has_line(source, line)) {
                Some(source) => {
                    let whole = trimmed_line(&source, line);
                    diagnostic = diagnostic.label(&source, Place::Bytes(whole), "");
                }
                None => diagnostic = elsewhere(diagnostic, chunk, line),
            }
        }
        None => {}
    }
    let stack = stack_lines(failure);
    if !stack.is_empty() {
        diagnostic = diagnostic.note(Note { word: "stack", lines: stack });
    }
    match help {
        Some(help) => diagnostic.note(Note::new("help", help)),
        None => diagnostic,
    }
}

/// Where to point.
enum Culprit<'a> {
    /// At what this function was doing.
    Activation(&'a Activation),
    /// At a line that no running function is at.
    Line(&'a [u8], usize),
}

/// The running function that the message names, else the innermost Lua function if the message has no position.
fn culprit<'a>(failure: &'a Failure, position: Option<(&'a [u8], usize)>) -> Option<Culprit<'a>> {
    let mut lua = failure.stack.iter().filter(|activation| activation.line > 0);
    match position {
        Some((chunk, line)) => Some(
            lua.find(|activation| activation.chunk == chunk && activation.line == line)
                .map_or(Culprit::Line(chunk, line), Culprit::Activation),
        ),
        None => lua.next().map(Culprit::Activation),
    }
}

/// Takes `chunk:line: ` off the front of a message.
fn position(message: &[u8]) -> Option<(&[u8], usize, &[u8])> {
    let first_line = message.split(|&b| b == b'\n').next()?;
    let mut from = 0;
    while let Some(colon) = first_line[from..].iter().position(|&b| b == b':').map(|at| at + from) {
        let digits = first_line[colon + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let end = colon + 1 + digits;
        if colon > 0 && digits > 0 && first_line[end..].starts_with(b": ") {
            let line = std::str::from_utf8(&first_line[colon + 1..end]).ok()?.parse().ok()?;
            return Some((&message[..colon], line, &message[end + 2..]));
        }
        from = colon + 1;
    }
    None
}

fn has_line(source: &Source, line: usize) -> bool {
    source.line(line).is_some()
}

/// A place whose text is not at hand.
fn elsewhere(diagnostic: Diagnostic, chunk: &[u8], line: usize) -> Diagnostic {
    let nothing = Rc::new(Source::new(chunk, ""));
    diagnostic.label(&nothing, Place::Line(line), "")
}

/// The bytes to point at: the variable that the message names, if it is within what was running.
fn place(source: &Source, activation: &Activation, message: &str) -> std::ops::Range<usize> {
    let Some(line) = source.line(activation.line) else { return 0..0 };
    let known = activation.column > 0 && line.start + activation.column - 1 <= line.end;
    let whole = if known {
        let start = line.start + activation.column - 1;
        start..(start + activation.width.max(1)).min(line.end.max(start + 1))
    } else {
        trimmed_line(source, activation.line)
    };
    let Some(name) = named(message).map(|(_, name)| name) else { return whole };
    let text = &source.text[whole.start..whole.end.min(source.text.len())];
    let mut places = words(text).filter(|word| &text[word.clone()] == name.as_bytes());
    match (places.next(), places.next()) {
        (Some(only), None) => whole.start + only.start..whole.start + only.end,
        _ => whole,
    }
}

fn trimmed_line(source: &Source, number: usize) -> std::ops::Range<usize> {
    let Some(line) = source.line(number) else { return 0..0 };
    let text = &source.text[line.clone()];
    let blank = text.len() - text.trim_ascii_start().len();
    line.start + blank..line.start + blank + text.trim_ascii().len()
}

/// The names and keywords of a text, as ranges.
fn words(text: &[u8]) -> impl Iterator<Item = std::ops::Range<usize>> {
    let is_word = |byte: u8| byte == b'_' || byte.is_ascii_alphanumeric();
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text[at..].iter().position(|&byte| is_word(byte))?;
        let end =
            text[start..].iter().position(|&byte| !is_word(byte)).map_or(text.len(), |length| start + length);
        at = end;
        Some(start..end)
    })
}

/// `(field 'user')` at the end of a message: `("field", "user")`.
fn named(message: &str) -> Option<(&str, &str)> {
    let (_, inside) = message.strip_suffix("')")?.rsplit_once(" (")?;
    inside.split_once(" '")
}

/// What stands beside the caret: `nil here`.
fn found(message: &str) -> String {
    message
        .strip_prefix("attempt to ")
        .and_then(|rest| rest.rsplit_once(" value"))
        .and_then(|(before, _)| before.rsplit_once(" a "))
        .filter(|(_, kind)| !kind.contains(' '))
        .map_or_else(String::new, |(_, kind)| format!("{kind} here"))
}

/// A name that exists and is nearly the one that was nil.
fn meant(
    message: &str,
    source: &Source,
    place: &std::ops::Range<usize>,
    candidates: &dyn Candidates,
) -> Option<String> {
    if !message.contains("a nil value") {
        return None;
    }
    let (kind, name) = named(message)?;
    let names = match kind {
        "global" => candidates.of(&[]),
        "field" | "method" => {
            let before = &source.text[..place.start.min(source.text.len())];
            candidates.of(&path_before(before)?)
        }
        _ => return None,
    };
    nearest(name, names.iter().map(String::as_str)).map(|near| format!("did you mean '{near}'?"))
}

/// The names in front of a field: `a.b.` gives `a`, `b`.
fn path_before(text: &[u8]) -> Option<Vec<&str>> {
    let mut path = Vec::new();
    let mut rest = text;
    while let [shorter @ .., b'.' | b':'] = rest {
        let start =
            shorter.iter().rposition(|&b| b != b'_' && !b.is_ascii_alphanumeric()).map_or(0, |at| at + 1);
        path.push(std::str::from_utf8(&shorter[start..]).ok().filter(|name| !name.is_empty())?);
        rest = &shorter[..start];
    }
    path.reverse();
    (!path.is_empty()).then_some(path)
}

/// One line for each running function, builtins at the top left out; none if there is only the place itself.
fn stack_lines(failure: &Failure) -> Vec<Vec<u8>> {
    let stack = &failure.stack;
    let first = stack.iter().position(|activation| activation.line > 0).unwrap_or(stack.len());
    let stack = &stack[first..];
    let lua = stack.iter().filter(|activation| activation.line > 0).count();
    if lua < 2 {
        return Vec::new();
    }
    let line = |activation: &Activation| {
        let mut line = activation.chunk.clone();
        if activation.line > 0 {
            line.extend_from_slice(format!(":{}", activation.line).as_bytes());
        }
        line.extend_from_slice(format!(" in {}", activation.what).as_bytes());
        line
    };
    if failure.skipped == 0 && stack.len() <= 2 * STACK_END + 1 {
        return stack.iter().map(line).collect();
    }
    let mut lines: Vec<Vec<u8>> = stack[..STACK_END].iter().map(line).collect();
    lines.push(format!("... {} more", stack.len() - 2 * STACK_END + failure.skipped).into_bytes());
    lines.extend(stack[stack.len() - STACK_END..].iter().map(line));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Format, render};

    struct One(&'static str);

    impl Sources for One {
        fn find(&self, _: &[u8], chunk: &[u8]) -> Option<Rc<Source>> {
            (chunk == b"f.lua").then(|| Rc::new(Source::new("f.lua", self.0)))
        }
    }

    impl Candidates for One {
        fn of(&self, path: &[&str]) -> Vec<String> {
            let names: &[&str] = match path {
                [] => &["print", "pairs", "string"],
                ["string"] => &["format", "find"],
                _ => &[],
            };
            names.iter().map(|name| (*name).to_owned()).collect()
        }
    }

    fn at(line: usize, column: usize, width: usize, what: &str) -> Activation {
        Activation {
            chunk: b"f.lua".to_vec(),
            source: b"@f.lua".to_vec(),
            line,
            column,
            width,
            what: what.to_owned(),
        }
    }

    fn builtin(name: &str) -> Activation {
        Activation { chunk: b"[C]".to_vec(), what: format!("function '{name}'"), ..Activation::default() }
    }

    #[track_caller]
    fn check(text: &'static str, message: &str, stack: Vec<Activation>, expected: &str) {
        let failure = Failure { message: message.as_bytes().to_vec(), stack, skipped: 0 };
        let diagnostic = diagnostic(&failure, &One(text), &One(text));
        let text = String::from_utf8(render(&diagnostic, Format::Human, false)).unwrap();
        assert_eq!(text, expected, "\n{text}");
    }

    #[test]
    fn a_field_is_pointed_at_within_what_ran() {
        check(
            "local x = req.user.id",
            "f.lua:1: attempt to index a nil value (field 'user')",
            vec![at(1, 11, 11, "local 'f'"), at(1, 1, 3, "main chunk")],
            "error: attempt to index a nil value (field 'user')
 --> f.lua:1:15
  |
1 | local x = req.user.id
  |               ^^^^ nil here
  |
  = stack: f.lua:1 in local 'f'
           f.lua:1 in main chunk
",
        );
    }

    #[test]
    fn without_a_column_the_line_is_pointed_at() {
        check(
            "  error('boom')  \n",
            "f.lua:1: boom",
            vec![builtin("error"), at(1, 0, 0, "main chunk")],
            "error: boom\n --> f.lua:1:3\n  |\n1 |   error('boom')\n  |   ^^^^^^^^^^^^^\n",
        );
    }

    #[test]
    fn a_message_without_a_position_happened_in_the_innermost_function() {
        check(
            "error('x', 0)",
            "x",
            vec![builtin("error"), at(1, 1, 13, "main chunk")],
            "error: x\n --> f.lua:1:1\n  |\n1 | error('x', 0)\n  | ^^^^^^^^^^^^^\n",
        );
        check("", "x: y", Vec::new(), "error: x: y\n");
    }

    #[test]
    fn a_message_about_another_line_is_shown_there() {
        check(
            "one()\ntwo()\n",
            "f.lua:2: passed on",
            vec![at(1, 1, 5, "main chunk")],
            "error: passed on\n --> f.lua:2:1\n  |\n2 | two()\n  | ^^^^^\n",
        );
        check("x", "gone.lua:7: boom", vec![at(1, 1, 1, "main chunk")], "error: boom\n --> gone.lua:7\n");
        check("x", "f.lua:70: boom", vec![at(1, 1, 1, "main chunk")], "error: boom\n --> f.lua:70\n");
    }

    #[test]
    fn misspelt_names_are_guessed() {
        check(
            "prnit(1)",
            "f.lua:1: attempt to call a nil value (global 'prnit')",
            vec![at(1, 1, 8, "main chunk")],
            "error: attempt to call a nil value (global 'prnit')
 --> f.lua:1:1
  |
1 | prnit(1)
  | ^^^^^ nil here
  |
  = help: did you mean 'print'?
",
        );
        check(
            "return string.fromat('x')",
            "f.lua:1: attempt to call a nil value (field 'fromat')",
            vec![at(1, 8, 18, "main chunk")],
            "error: attempt to call a nil value (field 'fromat')
 --> f.lua:1:15
  |
1 | return string.fromat('x')
  |               ^^^^^^ nil here
  |
  = help: did you mean 'format'?
",
        );
    }

    #[test]
    fn long_stacks_are_cut_in_the_middle() {
        let stack: Vec<Activation> = (0..1000).map(|_| at(1, 1, 3, "function 'f'")).collect();
        let lines = stack_lines(&Failure { message: Vec::new(), stack, skipped: 20 });
        assert_eq!(lines.len(), 21);
        assert_eq!(lines[10], b"... 1000 more");
    }

    #[test]
    fn positions_are_found_behind_colons_in_names() {
        assert_eq!(position(b"C:\\f.lua:3: x: 4: y"), Some((&b"C:\\f.lua"[..], 3, &b"x: 4: y"[..])));
        assert_eq!(position(b"no position"), None);
        assert_eq!(position(b":3: x"), None);
        assert_eq!(position(b"a\nf.lua:3: x"), None);
    }

    #[test]
    fn any_message_and_stack_can_be_described() {
        let pieces: [&[u8]; 12] = [
            b"f.lua",
            b":",
            b"1",
            b": ",
            b"attempt to call a nil value",
            b" (global 'prnit')",
            b" (",
            b"')",
            b"\n",
            b"\xff",
            b"string.",
            b"x",
        ];
        for seed in 0..2000 {
            let mut random = wippy_random::Random::new(seed);
            let message = random.text(&pieces, 8);
            let stack = (0..random.below(4))
                .map(|_| at(random.below(4), random.below(30), random.below(30), "f"))
                .collect();
            let text: &'static str = ["", "prnit(1)\n\nstring.x()", "日.prnit"][random.below(3)];
            let failure = Failure { message, stack, skipped: 0 };
            let shown = render(&diagnostic(&failure, &One(text), &One(text)), Format::Human, false);
            assert!(shown.starts_with(b"error: "), "seed {seed}");
        }
    }
}
