//! Values as text: JSON and YAML.
//!
//! For people and for tools that read our output. Invariant: what is printed as YAML reads back as the same value.

use std::fmt::Write as _;

use wippy_stdlib::json::quote;

use crate::load::scalar;
use crate::value::Value;

/// Compact JSON; a float that JSON cannot say becomes `null`.
pub fn json(value: &Value) -> String {
    let mut out = String::new();
    write_json(value, None, 0, &mut out);
    out
}

/// JSON over several lines, two spaces per level.
pub fn json_lines(value: &Value) -> String {
    let mut out = String::new();
    write_json(value, Some(2), 0, &mut out);
    out
}

fn write_json(value: &Value, indent: Option<usize>, depth: usize, out: &mut String) {
    let line = |depth: usize, out: &mut String| {
        if let Some(indent) = indent {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', indent * depth));
        }
    };
    match value {
        Value::Null => out.push_str("null"),
        Value::Boolean(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Integer(number) => {
            let _ = write!(out, "{number}");
        }
        Value::Float(number) => out.push_str(&float(*number).unwrap_or_else(|| "null".to_owned())),
        Value::Text(text) => quote(text, out),
        Value::List(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                line(depth + 1, out);
                write_json(item, indent, depth + 1, out);
            }
            if !items.is_empty() {
                line(depth, out);
            }
            out.push(']');
        }
        Value::Map(map) => {
            out.push('{');
            for (at, (key, item)) in map.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                line(depth + 1, out);
                quote(key, out);
                out.push(':');
                if indent.is_some() {
                    out.push(' ');
                }
                write_json(item, indent, depth + 1, out);
            }
            if !map.is_empty() {
                line(depth, out);
            }
            out.push('}');
        }
    }
}

/// The shortest text that reads back as the same float, always recognisable as one.
fn float(number: f64) -> Option<String> {
    let text = number.is_finite().then(|| format!("{number:?}"))?;
    Some(text)
}

/// Block YAML, ending in a newline.
pub fn yaml(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Map(map) if !map.is_empty() => write_yaml(value, 0, 2, &mut out),
        Value::List(items) if !items.is_empty() => write_yaml(value, 0, 2, &mut out),
        _ => {
            write_inline(value, 0, 2, &mut out);
            out.push('\n');
        }
    }
    out
}

/// Block YAML with another width of indentation.
pub fn yaml_indented(value: &Value, indent: usize) -> String {
    let mut out = String::new();
    write_yaml(value, 0, indent, &mut out);
    out
}

fn pad(depth: usize, indent: usize, out: &mut String) {
    out.extend(std::iter::repeat_n(' ', depth * indent));
}

fn write_yaml(value: &Value, depth: usize, indent: usize, out: &mut String) {
    match value {
        Value::Map(map) => {
            for (key, item) in map {
                pad(depth, indent, out);
                write_text(key, out);
                out.push(':');
                write_below(item, depth, indent, out);
            }
        }
        Value::List(items) => {
            for item in items {
                pad(depth, indent, out);
                out.push('-');
                write_below(item, depth, indent, out);
            }
        }
        _ => {}
    }
}

/// What stands behind `key:` or `-`.
fn write_below(item: &Value, depth: usize, indent: usize, out: &mut String) {
    let nested = match item {
        Value::Map(map) => !map.is_empty(),
        Value::List(items) => !items.is_empty(),
        _ => false,
    };
    if nested {
        out.push('\n');
        write_yaml(item, depth + 1, indent, out);
    } else {
        out.push(' ');
        write_inline(item, depth + 1, indent, out);
        out.push('\n');
    }
}

fn write_inline(value: &Value, depth: usize, indent: usize, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::List(_) => out.push_str("[]"),
        Value::Map(_) => out.push_str("{}"),
        Value::Text(text) if block_fits(text) => {
            out.push_str(if text.ends_with('\n') { "|" } else { "|-" });
            for line in text.lines() {
                out.push('\n');
                if !line.is_empty() {
                    pad(depth.max(1), indent, out);
                    out.push_str(line);
                }
            }
        }
        Value::Text(text) => write_text(text, out),
        Value::Float(number) => match float(*number) {
            Some(text) => out.push_str(&text),
            None if number.is_nan() => out.push_str(".nan"),
            None => out.push_str(if *number > 0.0 { ".inf" } else { "-.inf" }),
        },
        other => out.push_str(&json(other)),
    }
}

/// Whether a text of several lines survives as a `|` block.
fn block_fits(text: &str) -> bool {
    text.trim_end_matches('\n').contains('\n')
        && !text.starts_with([' ', '\n', '\t'])
        && !text.ends_with("\n\n")
        && text.lines().all(|line| !line.ends_with([' ', '\t']))
        && text.chars().all(|c| {
            c == '\n'
                || c == '\t'
                || (!c.is_control() && !matches!(c, '\u{feff}' | '\u{85}' | '\u{2028}' | '\u{2029}'))
        })
}

fn write_text(text: &str, out: &mut String) {
    let plain = !text.is_empty()
        && text.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '/' | '.' | '$'))
        && text.chars().all(|c| {
            c.is_alphanumeric()
                || matches!(c, '_' | '/' | '.' | '-' | ' ' | '$' | '+' | '(' | ')' | ':' | '=')
        })
        && !text.contains(": ")
        && !text.ends_with([':', ' '])
        && matches!(scalar::resolve(text), Value::Text(_));
    if plain {
        out.push_str(text);
    } else {
        quote(text, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::yaml as read;

    #[test]
    fn json_keeps_the_nature_of_numbers() {
        let value = Value::List(vec![
            Value::Integer(1),
            Value::Float(1.0),
            Value::Float(f64::NAN),
            Value::from("a\"\n"),
        ]);
        assert_eq!(json(&value), r#"[1,1.0,null,"a\"\n"]"#);
    }

    #[test]
    fn yaml_reads_back() {
        let mut value = Value::Null;
        for (at, text) in [
            "x",
            "",
            "true",
            "1.0",
            "a: b",
            "# no",
            "- x",
            "line\nline\n",
            "line\n  two",
            " lead\nx",
            "0600",
            ":8080",
            "é",
            "a\u{7}",
            "x\n\n",
            "null",
            "~",
            "a:",
            "trailing \nx",
            "tab\tx\ny",
        ]
        .iter()
        .enumerate()
        {
            value.set(&["texts", &format!("k{at}")], Value::from(*text));
            value.set(&["keys", text], Value::Integer(at as i64));
        }
        value.set(
            &["n"],
            Value::List(vec![
                Value::Integer(-3),
                Value::Float(2.5),
                Value::Float(1e300),
                Value::Null,
                Value::List(vec![]),
                Value::Boolean(false),
            ]),
        );
        let text = yaml(&value);
        let back = read::parse(&text)
            .map(|node| node.expect("a document").value())
            .map_err(|e| format!("{e:?}\n{text}"))
            .unwrap();
        assert_eq!(back, value, "{text}");
    }
}
