//! A tree as YAML text, in blocks.
//!
//! Pure. Invariant: the text ends with one line break and reads as the same tree (whole floats as integers).

use std::cmp::Ordering;

use super::scalar::is_taken;
use crate::neutral::Neutral;

/// How maps are laid out.
#[derive(Default)]
pub(super) struct Layout {
    /// Names that come first.
    pub(super) order: Vec<Vec<u8>>,
    /// Whether the others are sorted bytewise, and not as people count.
    pub(super) sorted: bool,
}

/// The text of a tree.
pub(super) fn emit(data: &Neutral, layout: &Layout) -> Vec<u8> {
    let step = if layout.order.is_empty() && !layout.sorted { 4 } else { 2 };
    let mut emitter = Emitter { out: Vec::new(), layout, step };
    emitter.value(data, 0, Start::Line);
    emitter.out
}

struct Emitter<'a> {
    out: Vec<u8>,
    layout: &'a Layout,
    step: usize,
}

/// Where a value begins.
#[derive(Clone, Copy, PartialEq)]
enum Start {
    /// At the beginning of a line.
    Line,
    /// After the colon of a key, which stands in this column.
    Key(usize),
    /// After the dash of an item.
    Dash,
}

impl Emitter<'_> {
    fn indent(&mut self, columns: usize) {
        self.out.resize(self.out.len() + columns, b' ');
    }

    /// Writes a value whose lines begin at `column`.
    fn value(&mut self, data: &Neutral, column: usize, start: Start) {
        match data {
            Neutral::List(items) if !items.is_empty() => {
                if let Start::Key(_) = start {
                    self.out.push(b'\n');
                }
                for (at, item) in items.iter().enumerate() {
                    if at > 0 || start != Start::Dash {
                        self.indent(column);
                    }
                    self.out.extend_from_slice(b"- ");
                    self.value(item, column + 2, Start::Dash);
                }
            }
            Neutral::Map(entries) if !entries.is_empty() => {
                if let Start::Key(_) = start {
                    self.out.push(b'\n');
                }
                let mut entries: Vec<_> = entries.iter().collect();
                entries.sort_by(|(a, _), (b, _)| self.layout.compare(a, b));
                for (at, (name, value)) in entries.into_iter().enumerate() {
                    if at > 0 || start != Start::Dash {
                        self.indent(column);
                    }
                    self.key(name);
                    self.out.push(b':');
                    // The next column that is whole steps from the left.
                    let inner = (column / self.step + 1) * self.step;
                    self.value(value, inner, Start::Key(column));
                }
            }
            scalar => {
                if let Start::Key(_) = start {
                    self.out.push(b' ');
                }
                self.scalar(scalar, column, start);
                self.out.push(b'\n');
            }
        }
    }

    fn key(&mut self, name: &[u8]) {
        match std::str::from_utf8(name) {
            // A key is one line.
            Ok(name) if name.contains('\n') => double_quoted(&mut self.out, name),
            _ => self.text(name, 0, Start::Line),
        }
    }

    fn scalar(&mut self, data: &Neutral, column: usize, start: Start) {
        match data {
            Neutral::Null => self.out.extend_from_slice(b"null"),
            Neutral::Boolean(true) => self.out.extend_from_slice(b"true"),
            Neutral::Boolean(false) => self.out.extend_from_slice(b"false"),
            Neutral::Integer(integer) => self.out.extend_from_slice(integer.to_string().as_bytes()),
            Neutral::Float(float) => self.out.extend_from_slice(float_text(*float).as_bytes()),
            Neutral::Text(text) => self.text(text, column, start),
            Neutral::List(_) => self.out.extend_from_slice(b"[]"),
            Neutral::Map(_) => self.out.extend_from_slice(b"{}"),
        }
    }

    fn text(&mut self, bytes: &[u8], column: usize, start: Start) {
        let Ok(text) = std::str::from_utf8(bytes) else {
            self.out.extend_from_slice(b"!!binary ");
            self.out.extend_from_slice(&crate::base64::encode(bytes));
            return;
        };
        let odd = |c: char| {
            c != '\n' && (c.is_control() || matches!(c, '\u{feff}' | '\u{2028}' | '\u{2029}' | '\u{85}'))
        };
        if is_taken(text) || text.chars().any(odd) {
            double_quoted(&mut self.out, text);
        } else if text.contains('\n') {
            self.block(text, column, start);
        } else if is_safe(text) {
            self.out.extend_from_slice(bytes);
        } else {
            self.out.push(b'\'');
            self.out.extend_from_slice(text.replace('\'', "''").as_bytes());
            self.out.push(b'\'');
        }
    }

    /// A text with line breaks, as it is.
    fn block(&mut self, text: &str, column: usize, start: Start) {
        let body = text.trim_end_matches('\n');
        if body.is_empty() {
            return double_quoted(&mut self.out, text);
        }
        let indent = column.max(if start == Start::Line { self.step } else { 1 });
        self.out.push(b'|');
        if body.starts_with([' ', '\n']) {
            // The digit counts from the indent of what the text stands in.
            let digit = match start {
                Start::Key(outer) => indent - outer,
                Start::Dash => 2,
                Start::Line => indent,
            };
            self.out.extend_from_slice(digit.to_string().as_bytes());
        }
        match text.len() - body.len() {
            0 => self.out.push(b'-'),
            1 => {}
            _ => self.out.push(b'+'),
        }
        let kept = if text.len() - body.len() > 1 { &text[..text.len() - 1] } else { body };
        for line in kept.split('\n') {
            self.out.push(b'\n');
            if !line.is_empty() {
                self.indent(indent);
                self.out.extend_from_slice(line.as_bytes());
            }
        }
    }
}

/// Whether a text of one line can stand without quotes.
fn is_safe(text: &str) -> bool {
    let first = text.chars().next();
    let indicator = |c: char| {
        matches!(
            c,
            ',' | '[' | ']' | '{' | '}' | '#' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`'
        )
    };
    let leads = match first {
        Some('-' | '?' | ':') => text.len() == 1 || text.as_bytes()[1] == b' ',
        Some(c) => indicator(c),
        None => true,
    };
    !(leads
        || text.starts_with(' ')
        || text.ends_with([' ', ':'])
        || text.contains(": ")
        || text.contains(" #")
        || text.starts_with("---")
        || text.starts_with("..."))
}

fn double_quoted(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend_from_slice(&[b'\\', c as u8]),
            '\n' => out.extend_from_slice(b"\\n"),
            '\t' => out.extend_from_slice(b"\\t"),
            '\r' => out.extend_from_slice(b"\\r"),
            '\0' => out.extend_from_slice(b"\\0"),
            c if (c as u32) < 0x100 && c.is_control() => {
                out.extend_from_slice(format!("\\x{:02X}", c as u32).as_bytes())
            }
            '\u{feff}' | '\u{2028}' | '\u{2029}' => {
                out.extend_from_slice(format!("\\u{:04X}", c as u32).as_bytes());
            }
            c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    out.push(b'"');
}

/// As C's `%g` with as many digits as are needed.
fn float_text(float: f64) -> String {
    if float.is_nan() {
        return ".nan".to_owned();
    }
    if float.is_infinite() {
        return if float > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    let scientific = format!("{float:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&exponent) || float == 0.0 {
        return format!("{float}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs())
}

impl Layout {
    fn compare(&self, a: &[u8], b: &[u8]) -> Ordering {
        let rank =
            |name: &[u8]| self.order.iter().position(|first| first == name).unwrap_or(self.order.len());
        rank(a).cmp(&rank(b)).then_with(|| if self.sorted { a.cmp(b) } else { natural(a, b) })
    }
}

/// The order in which people count: `a2` before `a10`.
fn natural(a: &[u8], b: &[u8]) -> Ordering {
    let (a, b) = (String::from_utf8_lossy(a), String::from_utf8_lossy(b));
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut after_digit = false;
    let equal = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    if equal > 0 {
        after_digit = a[equal - 1].is_ascii_digit();
    }
    let (Some(x), Some(y)) = (a.get(equal), b.get(equal)) else { return a.len().cmp(&b.len()) };
    match (x.is_alphabetic(), y.is_alphabetic()) {
        (true, true) => return x.cmp(y),
        (true, false) => return if after_digit { Ordering::Less } else { Ordering::Greater },
        (false, true) => return if after_digit { Ordering::Greater } else { Ordering::Less },
        (false, false) => {}
    }
    let run = |chars: &[char]| -> Vec<char> {
        chars[equal..].iter().copied().take_while(char::is_ascii_digit).collect()
    };
    let (run_a, run_b) = (run(&a), run(&b));
    let digits = |run: &[char]| run.iter().copied().skip_while(|c| *c == '0').collect::<Vec<char>>();
    let (value_a, value_b) = (digits(&run_a), digits(&run_b));
    let by_value = value_a.len().cmp(&value_b.len()).then_with(|| value_a.cmp(&value_b));
    by_value.then(run_a.len().cmp(&run_b.len())).then(x.cmp(y))
}

#[cfg(test)]
mod tests {
    use super::super::decode::decode;
    use super::*;

    fn text(text: &str) -> Neutral {
        Neutral::Text(text.as_bytes().into())
    }

    fn map(entries: &[(&str, Neutral)]) -> Neutral {
        Neutral::Map(entries.iter().map(|(name, data)| (name.as_bytes().into(), data.clone())).collect())
    }

    fn written(data: &Neutral, layout: &Layout) -> String {
        String::from_utf8(emit(data, layout)).expect("YAML is UTF-8")
    }

    #[test]
    fn blocks() {
        let inner = map(&[("z", Neutral::List(vec![Neutral::Integer(2)])), ("k", Neutral::Integer(1))]);
        let data = map(&[("root", map(&[("list", Neutral::List(vec![Neutral::Integer(7), inner]))]))]);
        assert_eq!(
            written(&data, &Layout::default()),
            "root:\n    list:\n        - 7\n        - k: 1\n          z:\n            - 2\n"
        );
        let first = Layout { order: vec![b"b".to_vec()], sorted: true };
        let data = map(&[
            ("a10", Neutral::Null),
            ("a2", Neutral::Map(Default::default())),
            ("b", Neutral::List(vec![])),
        ]);
        assert_eq!(written(&data, &first), "b: []\na10: null\na2: {}\n");
        assert_eq!(written(&data, &Layout::default()), "a2: {}\na10: null\nb: []\n");
        assert_eq!(written(&Neutral::Map(Default::default()), &Layout::default()), "{}\n");
    }

    #[test]
    fn names_in_the_order_of_counting() {
        let mut names = ["b", "a10", "10", "_x", "a2", "B", "2", "1"];
        names.sort_by(|a, b| natural(a.as_bytes(), b.as_bytes()));
        assert_eq!(names, ["_x", "1", "2", "10", "B", "a2", "a10", "b"]);
    }

    #[test]
    fn scalars() {
        let cases = [
            (Neutral::Float(1e5), "100000"),
            (Neutral::Float(1e6), "1e+06"),
            (Neutral::Float(1e-5), "1e-05"),
            (Neutral::Float(0.1), "0.1"),
            (Neutral::Float(f64::NAN), ".nan"),
            (text("plain text"), "plain text"),
            (text("no"), "\"no\""),
            (text("12"), "\"12\""),
            (text(""), "\"\""),
            (text("a: b"), "'a: b'"),
            (text("it's #1"), "'it''s #1'"),
            (text("# x"), "'# x'"),
            (text("tab\there"), "\"tab\\there\""),
            (text("a\nb"), "|-\n    a\n    b"),
            (text("a\nb\n"), "|\n    a\n    b"),
            (text("a\n\n"), "|+\n    a\n"),
            (Neutral::Text([0xff, 0xfe].as_slice().into()), "!!binary //4="),
        ];
        for (data, expected) in cases {
            let document = map(&[("k", data.clone())]);
            assert_eq!(written(&document, &Layout::default()), format!("k: {expected}\n"), "{data:?}");
        }
        assert_eq!(
            written(&map(&[("n", Neutral::Null), ("1", Neutral::Integer(6))]), &Layout::default()),
            "\"1\": 6\n\"n\": null\n"
        );
    }

    #[test]
    fn what_is_written_reads_as_the_same() {
        let texts = [
            "",
            " lead",
            "trail ",
            "a: b",
            "- x",
            "-x",
            "? y",
            "#",
            "a #b",
            "null",
            "0x1",
            "2024-01-15",
            "line\nbreak",
            " lead\nbreak",
            "\nfirst",
            "end\n",
            "end\n\n",
            "tab\t",
            "\r\n",
            "\u{85}",
            "'",
            "\"",
            "\\",
            "%",
            "@",
            "`",
            "é",
            "---",
            "--- a",
            "...",
            "[x",
            "{",
            "*a",
            "&a",
            "!t",
            "|",
            ">",
            "a,b",
            "key:",
            "1_000",
            "yes",
            "\u{feff}x",
            "\n",
            "<<",
        ];
        for layout in [Layout::default(), Layout { order: Vec::new(), sorted: true }] {
            for source in texts {
                let documents = [
                    map(&[("k", text(source))]),
                    Neutral::List(vec![text(source), Neutral::List(vec![text(source), text("x")])]),
                    map(&[("k", Neutral::List(vec![map(&[("a", text(source)), ("b", text("x"))])]))]),
                ];
                for document in documents {
                    let written = written(&document, &layout);
                    assert_eq!(decode(&written), Ok(document), "{source:?} as\n{written}");
                }
            }
        }
    }
}
