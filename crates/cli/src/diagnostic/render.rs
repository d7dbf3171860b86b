//! A [`Diagnostic`] as text, for people or one line for tools.
//!
//! The only place that knows the layout and the colours.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::excerpt::Excerpt;
use super::{Diagnostic, Label, Place, Severity, Source};

/// `--error-format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Several lines with an excerpt.
    Human,
    /// `file:line:column: error: message`.
    Short,
}

/// The text of `diagnostic`, with a newline at its end.
pub(crate) fn render(diagnostic: &Diagnostic, format: Format, colour: bool) -> Vec<u8> {
    match format {
        Format::Human => Human { out: Vec::new(), paint: Paint(colour), gutter: 0 }.render(diagnostic),
        Format::Short => short(diagnostic, Paint(colour)),
    }
}

/// Escape sequences, or none.
#[derive(Clone, Copy)]
struct Paint(bool);

impl Paint {
    const BLUE: &str = "\x1b[34m";
    const CYAN: &str = "\x1b[36m";
    const RESET: &str = "\x1b[0m";

    fn severity(severity: Severity) -> &'static str {
        match severity {
            Severity::Error => "\x1b[1;31m",
            Severity::Warning => "\x1b[1;33m",
            Severity::Hint => "\x1b[1;36m",
        }
    }

    fn put(self, out: &mut Vec<u8>, colour: &str, text: &[u8]) {
        if self.0 && !text.is_empty() {
            out.extend_from_slice(colour.as_bytes());
            out.extend_from_slice(text);
            out.extend_from_slice(Self::RESET.as_bytes());
        } else {
            out.extend_from_slice(text);
        }
    }

    /// `error[E0001]`.
    fn head(self, out: &mut Vec<u8>, diagnostic: &Diagnostic) {
        let mut head = diagnostic.severity.word().to_owned();
        if let Some(code) = diagnostic.code {
            head = format!("{head}[{code}]");
        }
        self.put(out, Self::severity(diagnostic.severity), head.as_bytes());
        out.extend_from_slice(b": ");
    }

    /// Text whose `quoted` parts are types or names.
    fn prose(self, out: &mut Vec<u8>, text: &[u8]) {
        let mut rest = text;
        let quoted = |text: &[u8]| {
            let open = text.iter().position(|&b| b == b'`')?;
            Some((open, text[open + 1..].iter().position(|&b| b == b'`')?))
        };
        while let Some((open, length)) = quoted(rest).filter(|_| self.0) {
            out.extend_from_slice(&rest[..open]);
            self.put(out, Self::CYAN, &rest[open..open + length + 2]);
            rest = &rest[open + length + 2..];
        }
        out.extend_from_slice(rest);
    }
}

fn short(diagnostic: &Diagnostic, paint: Paint) -> Vec<u8> {
    let mut out = Vec::new();
    if let Some(label) = diagnostic.labels.first() {
        position(&mut out, label);
        out.extend_from_slice(b": ");
    }
    paint.head(&mut out, diagnostic);
    let first_line = diagnostic.message.split(|&b| b == b'\n').next().unwrap_or_default();
    paint.prose(&mut out, first_line);
    out.push(b'\n');
    out
}

/// `file:line:column`.
fn position(out: &mut Vec<u8>, label: &Label) {
    out.extend_from_slice(&label.source.name);
    match &label.place {
        Place::Bytes(range) => {
            let (line, column) = label.source.position(range.start);
            out.extend_from_slice(format!(":{line}:{column}").as_bytes());
        }
        Place::Line(line) => out.extend_from_slice(format!(":{line}").as_bytes()),
    }
}

struct Human {
    out: Vec<u8>,
    paint: Paint,
    /// Digits of the longest line number.
    gutter: usize,
}

impl Human {
    fn render(mut self, diagnostic: &Diagnostic) -> Vec<u8> {
        self.gutter = diagnostic.labels.iter().filter_map(shown_line).max().unwrap_or(0).to_string().len();
        self.paint.head(&mut self.out, diagnostic);
        self.paint.prose(&mut self.out, &diagnostic.message);
        self.out.push(b'\n');

        let mut excerpts = false;
        let mut arrow = "-->";
        let mut rest: &[Label] = &diagnostic.labels;
        while let Some(first) = rest.first() {
            let same = |label: &&Label| Rc::ptr_eq(&label.source, &first.source);
            let group: Vec<&Label> = diagnostic.labels.iter().filter(same).collect();
            excerpts = self.block(arrow, &group, &diagnostic.labels[0], diagnostic.severity);
            arrow = ":::";
            // Labels of one source stand together.
            rest = &rest[rest.iter().take_while(same).count()..];
        }
        if excerpts && !diagnostic.notes.is_empty() {
            self.bar("");
            self.end_line();
        }
        for note in &diagnostic.notes {
            self.pad();
            self.paint.put(&mut self.out, Paint::BLUE, b" =");
            self.out.extend_from_slice(format!(" {}: ", note.word).as_bytes());
            for (at, line) in note.lines.iter().enumerate() {
                if at > 0 {
                    self.out.extend(std::iter::repeat_n(b' ', self.gutter + 5 + note.word.len()));
                }
                self.paint.prose(&mut self.out, line);
                self.out.push(b'\n');
            }
        }
        self.out
    }

    /// The places in one source: its name and position, then the lines; answers whether there were any.
    fn block(&mut self, arrow: &str, group: &[&Label], primary: &Label, severity: Severity) -> bool {
        self.pad();
        self.paint.put(&mut self.out, Paint::BLUE, arrow.as_bytes());
        self.out.push(b' ');
        position(&mut self.out, group[0]);
        self.out.push(b'\n');

        let mut lines: BTreeMap<usize, Vec<&Label>> = BTreeMap::new();
        for label in group {
            if let Some(line) = shown_line(label) {
                lines.entry(line).or_default().push(label);
            }
        }
        if lines.is_empty() {
            return false;
        }
        self.bar("");
        self.end_line();
        let mut previous = None;
        for (number, labels) in lines {
            if previous.is_some_and(|previous| previous + 1 < number) {
                self.out.extend_from_slice(b"...\n");
            }
            previous = Some(number);
            self.line(number, &labels, primary, severity);
        }
        true
    }

    /// One source line and what is said about it.
    fn line(&mut self, number: usize, labels: &[&Label], primary: &Label, severity: Severity) {
        let source: &Source = &labels[0].source;
        let Some(line) = source.line(number) else { return };
        let mut spans: Vec<_> = labels.iter().map(|label| (span_in(label, &line), *label)).collect();
        spans.sort_by_key(|(span, _)| std::cmp::Reverse(span.start));
        let focus = labels.iter().find(|label| std::ptr::eq(**label, primary)).unwrap_or(&labels[0]);
        let excerpt = Excerpt::new(&source.text[line.clone()], span_in(focus, &line).start);

        self.bar(&number.to_string());
        if !excerpt.text.is_empty() {
            self.out.push(b' ');
            self.out.extend_from_slice(excerpt.text.trim_end().as_bytes());
        }
        self.end_line();
        for (span, label) in spans {
            let columns = excerpt.columns(&span);
            let is_primary = std::ptr::eq(label, primary);
            let (mark, colour) =
                if is_primary { ('^', Paint::severity(severity)) } else { ('-', Paint::BLUE) };
            self.bar("");
            self.out.extend(std::iter::repeat_n(b' ', columns.start + 1));
            let mut marks: String = std::iter::repeat_n(mark, columns.len()).collect();
            if !label.text.is_empty() {
                marks.push(' ');
                marks.push_str(&label.text);
            }
            self.paint.put(&mut self.out, colour, marks.as_bytes());
            self.end_line();
        }
    }

    /// The line number, right-aligned, and a bar.
    fn bar(&mut self, number: &str) {
        let text = format!("{number:>width$} |", width = self.gutter);
        self.paint.put(&mut self.out, Paint::BLUE, text.as_bytes());
    }

    fn pad(&mut self) {
        self.out.extend(std::iter::repeat_n(b' ', self.gutter));
    }

    fn end_line(&mut self) {
        self.out.push(b'\n');
    }
}

/// The line that is shown for `label`, if its text is at hand.
fn shown_line(label: &Label) -> Option<usize> {
    match &label.place {
        Place::Bytes(range) => Some(label.source.line_of(range.start.min(label.source.text.len()))),
        Place::Line(_) => None,
    }
}

/// The part of `label` that is on the line, relative to its start.
fn span_in(label: &Label, line: &std::ops::Range<usize>) -> std::ops::Range<usize> {
    match &label.place {
        Place::Bytes(range) => {
            let start = range.start.clamp(line.start, line.end);
            let end = range.end.clamp(start, line.end);
            start - line.start..end - line.start
        }
        Place::Line(_) => 0..0,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Note;
    use super::*;

    fn check(diagnostic: &Diagnostic, expected: &str) {
        let text = String::from_utf8(render(diagnostic, Format::Human, false)).unwrap();
        assert_eq!(text, expected, "\n{text}");
    }

    fn source(name: &str, text: &str) -> Rc<Source> {
        Rc::new(Source::new(name, text))
    }

    /// The bytes of the first `word` in `source`.
    fn at(source: &Source, word: &str) -> Place {
        let text = String::from_utf8_lossy(&source.text).into_owned();
        let start = text.find(word).expect("the word is there");
        Place::Bytes(start..start + word.len())
    }

    #[test]
    fn the_documented_example() {
        let text = format!("{}    local id = req.user.id\n", "\n".repeat(11));
        let source = source("src/api/handler.lua", &text);
        let diagnostic = Diagnostic::error("attempt to index a nil value (field 'user')")
            .label(&source, at(&source, "user"), "nil here")
            .note(Note::new("entry", "app.api:handler"))
            .note(Note {
                word: "stack",
                lines: vec![
                    b"src/api/handler.lua:12 in function 'load_user'".to_vec(),
                    b"src/api/handler.lua:30 in function 'handler'".to_vec(),
                ],
            })
            .note(Note::new("help", "check the value before indexing it, or declare it as optional"));
        check(
            &diagnostic,
            "error: attempt to index a nil value (field 'user')
  --> src/api/handler.lua:12:20
   |
12 |     local id = req.user.id
   |                    ^^^^ nil here
   |
   = entry: app.api:handler
   = stack: src/api/handler.lua:12 in function 'load_user'
            src/api/handler.lua:30 in function 'handler'
   = help: check the value before indexing it, or declare it as optional
",
        );
    }

    #[test]
    fn several_places_in_one_source() {
        let source = source("f.lua", "if x then\n  y()\n\nz = (\n");
        let end = source.end();
        let diagnostic = Diagnostic::error("'end' expected (to close 'if' at line 1) near <eof>")
            .code("P0001")
            .label(&source, Place::Bytes(end..end), "'end' expected")
            .label(&source, at(&source, "if"), "this block is not closed");
        check(
            &diagnostic,
            "error[P0001]: 'end' expected (to close 'if' at line 1) near <eof>
 --> f.lua:4:6
  |
1 | if x then
  | -- this block is not closed
...
4 | z = (
  |      ^ 'end' expected
",
        );
    }

    #[test]
    fn places_on_one_line_and_in_two_sources() {
        let one = source("one.lua", "local a, b = b, a");
        let two = source("two.lua", "\n\nreturn a");
        let diagnostic = Diagnostic {
            severity: Severity::Warning,
            ..Diagnostic::error("mixed up")
                .label(&one, Place::Bytes(6..7), "first")
                .label(&one, Place::Bytes(13..14), "second")
                .label(&two, Place::Bytes(9..10), "used here")
        };
        check(
            &diagnostic,
            "warning: mixed up
 --> one.lua:1:7
  |
1 | local a, b = b, a
  |              - second
  |       ^ first
 ::: two.lua:3:8
  |
3 | return a
  |        - used here
",
        );
    }

    #[test]
    fn without_a_text_there_is_only_the_position() {
        let gone = source("gone.lua", "");
        let diagnostic =
            Diagnostic::error("boom").label(&gone, Place::Line(7), "").note(Note::new("help", "look again"));
        check(&diagnostic, "error: boom\n --> gone.lua:7\n  = help: look again\n");
        check(&Diagnostic::error("boom\nbang"), "error: boom\nbang\n");
    }

    #[test]
    fn a_place_over_several_lines_ends_with_its_first() {
        let source = source("f.lua", "x = {\n  1,\n}\n");
        let diagnostic = Diagnostic::error("bad").label(&source, Place::Bytes(4..11), "");
        check(&diagnostic, "error: bad\n --> f.lua:1:5\n  |\n1 | x = {\n  |     ^\n");
    }

    #[test]
    fn tabs_and_wide_characters_keep_the_caret_aligned() {
        let source = source("f.lua", "\tlocal 日本 = nope.x\n");
        let diagnostic = Diagnostic::error("bad").label(&source, at(&source, "nope"), "nil here");
        check(
            &diagnostic,
            "error: bad
 --> f.lua:1:13
  |
1 |     local 日本 = nope.x
  |                  ^^^^ nil here
",
        );
    }

    #[test]
    fn short_is_one_line() {
        let source = source("f.lua", "x = = 1");
        let diagnostic = Diagnostic::error("unexpected symbol near '='\nmore").code("P0001").label(
            &source,
            Place::Bytes(4..5),
            "x",
        );
        assert_eq!(
            String::from_utf8(render(&diagnostic, Format::Short, false)).unwrap(),
            "f.lua:1:5: error[P0001]: unexpected symbol near '='\n"
        );
    }

    #[test]
    fn colours_mark_severity_gutter_and_quoted_types() {
        let source = source("f.lua", "x");
        let diagnostic = Diagnostic::error("not a `number`").label(&source, Place::Bytes(0..1), "here");
        assert_eq!(
            String::from_utf8(render(&diagnostic, Format::Human, true)).unwrap(),
            "\x1b[1;31merror\x1b[0m: not a \x1b[36m`number`\x1b[0m\n \x1b[34m-->\x1b[0m f.lua:1:1\n\
             \x1b[34m  |\x1b[0m\n\x1b[34m1 |\x1b[0m x\n\x1b[34m  |\x1b[0m \x1b[1;31m^ here\x1b[0m\n"
        );
    }

    #[test]
    fn any_place_in_any_text_can_be_shown() {
        let pieces: [&[u8]; 10] = [
            b"x",
            b"\n",
            b"\r\n",
            b"\t",
            b"\xff",
            "日".as_bytes(),
            b" ",
            b"\0",
            b"e\xcc\x81",
            b"long name of a thing ",
        ];
        for seed in 0..2000 {
            let mut random = wippy_random::Random::new(seed);
            let text = random.text(&pieces, 60);
            let length = text.len();
            let source = Rc::new(Source::new("f.lua", text));
            let mut diagnostic = Diagnostic::error(random.text(&pieces, 5));
            for _ in 0..random.below(4) {
                let start = random.below(length + 3);
                let place = match random.below(5) {
                    0 => Place::Line(random.below(10)),
                    _ => Place::Bytes(start..start + random.below(length + 3)),
                };
                diagnostic = diagnostic.label(&source, place, "here");
            }
            for colour in [false, true] {
                let shown = render(&diagnostic, Format::Human, colour);
                assert!(shown.ends_with(b"\n"), "seed {seed}");
                assert!(!render(&diagnostic, Format::Short, colour).is_empty(), "seed {seed}");
            }
        }
    }
}
