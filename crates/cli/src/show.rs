//! Values as the prompt and `wippy eval` show them.
//!
//! Strings are quoted, tables opened up to three levels and forty items each, cycles marked. No metamethod runs, so
//! showing a value never changes it and never fails.

use wippy::{Context, Table, Value};
use wippy_parser::name::is_name;

/// Tables inside tables that are opened.
const LEVELS: usize = 3;
/// Items of one table that are shown.
const ITEMS: usize = 40;
/// A table longer than this takes several lines.
const WIDTH: usize = 80;
/// Bytes of a string inside a table that are shown.
const STRING: usize = 200;

/// The text of one value, without a newline at its end.
pub(crate) fn show<'gc>(cx: &mut Context<'gc>, value: Value<'gc>) -> Vec<u8> {
    let mut out = Vec::new();
    Shower { cx, open: Vec::new() }.value(&mut out, value, 0);
    out
}

struct Shower<'a, 'gc> {
    cx: &'a mut Context<'gc>,
    /// The tables around the current one.
    open: Vec<Table<'gc>>,
}

impl<'gc> Shower<'_, 'gc> {
    fn value(&mut self, out: &mut Vec<u8>, value: Value<'gc>, indent: usize) {
        match value {
            Value::String(string) => {
                let bytes = string.as_bytes();
                let shown = if self.open.is_empty() { bytes.len() } else { bytes.len().min(STRING) };
                quote(out, &bytes[..shown]);
                if shown < bytes.len() {
                    out.extend_from_slice(b"...");
                }
            }
            Value::Table(table) => self.table(out, table, indent),
            Value::Closure(closure) => {
                let info = self.cx.function_info(closure.into());
                let line = info.line_defined.max(1);
                out.extend_from_slice(format!("function: {}:{line}", info.short_source).as_bytes());
            }
            Value::Native(native) => {
                out.extend_from_slice(format!("function: builtin {}", native.name).as_bytes())
            }
            Value::NativeClosure(closure) => {
                out.extend_from_slice(format!("function: builtin {}", closure.native().name).as_bytes());
            }
            other => self.raw(out, other),
        }
    }

    /// As `tostring` without metamethods.
    fn raw(&mut self, out: &mut Vec<u8>, value: Value<'gc>) {
        match (value, value.address()) {
            (Value::Nil | Value::Boolean(_) | Value::Integer(_) | Value::Float(_), _) | (_, None) => {
                if let Ok(Some(text)) = self.cx.display(value) {
                    out.extend_from_slice(text.as_bytes());
                }
            }
            (_, Some(address)) => {
                let kind = self.cx.type_name(value);
                out.extend_from_slice(format!("{kind}: {address:#014x}").as_bytes());
            }
        }
    }

    fn table(&mut self, out: &mut Vec<u8>, table: Table<'gc>, indent: usize) {
        if self.open.iter().any(|outer| outer.is(table)) {
            out.extend_from_slice(b"<cycle>");
            return;
        }
        if self.open.len() == LEVELS {
            let empty = matches!(table.next(Value::Nil), Ok(None));
            out.extend_from_slice(if empty { b"{}" } else { b"{...}" });
            return;
        }
        self.open.push(table);
        let items = self.items(table, indent + 2);
        self.open.pop();
        lay_out(out, &items, indent);
    }

    /// The items of a table: the sequence, then other entries, names first and in order.
    fn items(&mut self, table: Table<'gc>, indent: usize) -> Vec<Vec<u8>> {
        let mut items = Vec::new();
        let mut length = 0;
        loop {
            let item = table.get_integer(length + 1);
            if item.is_nil() {
                break;
            }
            length += 1;
            if items.len() < ITEMS {
                let mut text = Vec::new();
                self.value(&mut text, item, indent);
                items.push(text);
            }
        }
        let mut count = usize::try_from(length).unwrap_or(usize::MAX);
        let mut entries = Vec::new();
        let mut key = Value::Nil;
        while let Ok(Some((next, value))) = table.next(key) {
            key = next;
            if !matches!(key, Value::Integer(n) if (1..=length).contains(&n)) {
                entries.push((key, value));
            }
        }
        count += entries.len();
        entries.sort_by(|(a, _), (b, _)| order(*a).cmp(&order(*b)));
        for (key, value) in entries.into_iter().take(ITEMS - items.len()) {
            let mut text = Vec::new();
            match key {
                Value::String(name) if is_name(name.as_bytes()) => text.extend_from_slice(name.as_bytes()),
                key => {
                    text.push(b'[');
                    self.key(&mut text, key);
                    text.push(b']');
                }
            }
            text.extend_from_slice(b" = ");
            self.value(&mut text, value, indent);
            items.push(text);
        }
        if count > items.len() {
            items.push(format!("... {} more", count - items.len()).into_bytes());
        }
        items
    }

    /// A key that is no name; tables are not opened.
    fn key(&mut self, out: &mut Vec<u8>, key: Value<'gc>) {
        match key {
            Value::Table(_) => self.raw(out, key),
            key => self.value(out, key, 0),
        }
    }
}

/// On one line if it fits; else filled if all items are short, else one item to a line.
fn lay_out(out: &mut Vec<u8>, items: &[Vec<u8>], indent: usize) {
    let total: usize = items.iter().map(|item| item.len() + 2).sum();
    let flat = items.iter().all(|item| !item.contains(&b'\n'));
    if flat && indent + total <= WIDTH {
        out.push(b'{');
        out.extend_from_slice(&items.join(&b", "[..]));
        out.push(b'}');
        return;
    }
    let fill = items.iter().all(|item| item.len() <= 16 && !item.contains(&b'\n'));
    out.push(b'{');
    let mut column = usize::MAX;
    for item in items {
        if !fill || column.saturating_add(item.len() + 2) > WIDTH {
            out.push(b'\n');
            out.extend(std::iter::repeat_n(b' ', indent + 2));
            column = indent + 2;
        } else {
            out.push(b' ');
            column += 1;
        }
        out.extend_from_slice(item);
        out.push(b',');
        column += item.len() + 1;
    }
    out.push(b'\n');
    out.extend(std::iter::repeat_n(b' ', indent));
    out.push(b'}');
}

/// Names before numbers before all other keys.
fn order(key: Value<'_>) -> (u8, &[u8], i64) {
    match key {
        Value::String(name) => (0, name.as_bytes(), 0),
        Value::Integer(n) => (1, b"", n),
        _ => (2, b"", 0),
    }
}

/// A Lua string literal for `bytes`.
fn quote(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'"');
    for chunk in bytes.utf8_chunks() {
        let text = chunk.valid();
        for (at, c) in text.char_indices() {
            match c {
                '"' => out.extend_from_slice(b"\\\""),
                '\\' => out.extend_from_slice(b"\\\\"),
                '\n' => out.extend_from_slice(b"\\n"),
                '\r' => out.extend_from_slice(b"\\r"),
                '\t' => out.extend_from_slice(b"\\t"),
                c if c.is_control() && c.is_ascii() => {
                    let digit_follows = text[at + 1..].starts_with(|next: char| next.is_ascii_digit());
                    let code = c as u32;
                    let escape = if digit_follows { format!("\\{code:03}") } else { format!("\\{code}") };
                    out.extend_from_slice(escape.as_bytes());
                }
                c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        for byte in chunk.invalid() {
            out.extend_from_slice(format!("\\x{byte:02x}").as_bytes());
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(bytes: &[u8]) -> String {
        let mut out = Vec::new();
        quote(&mut out, bytes);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn strings_are_literals() {
        assert_eq!(quoted(b"a\"b\\\n\t"), r#""a\"b\\\n\t""#);
        assert_eq!(quoted(b"\x00x\x001\x7f"), r#""\0x\0001\127""#);
        assert_eq!(quoted("é\u{65e5}".as_bytes()), "\"é日\"");
        assert_eq!(quoted(b"\xff\xfe"), r#""\xff\xfe""#);
    }

    #[test]
    fn long_tables_take_several_lines() {
        let shown = |items: &[&str]| {
            let mut out = Vec::new();
            lay_out(&mut out, &items.iter().map(|item| item.as_bytes().to_vec()).collect::<Vec<_>>(), 0);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(shown(&[]), "{}");
        assert_eq!(shown(&["1", "x = 2"]), "{1, x = 2}");
        let wide = "a".repeat(60);
        assert_eq!(shown(&[&wide, "b"]).lines().count(), 1);
        assert_eq!(shown(&[&wide, &wide]), format!("{{\n  {wide},\n  {wide},\n}}"));
        let numbers: Vec<String> = (1..=40).map(|n| n.to_string()).collect();
        let text = shown(&numbers.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(text.lines().count(), 4, "{text}");
        assert!(text.lines().all(|line| line.len() <= WIDTH));
    }

    #[test]
    fn only_names_stand_without_brackets() {}
}
