//! Placeholders inside entries: `${env:NAME}`, `${env:NAME|default}`, `${NAME|default}`, and keys ending in `_env`.
//!
//! Resolved when an entry is decoded, never stored back. Invariant: names are registered variables, never straight the
//! operating system's, and the text of a program (`source`) is never touched.

use std::sync::Arc;

use super::config::coerce;
use super::scalar;
use crate::value::{Map, Value};

/// A placeholder that has no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unset {
    /// The path of the field it stands in.
    pub path: String,
    /// The variable.
    pub name: String,
}

/// One piece of a text.
enum Piece<'a> {
    Text(&'a str),
    Variable { name: &'a str, fallback: Option<&'a str> },
}

/// Splits a text at its placeholders; `None` if it has none.
fn split(text: &str) -> Option<Vec<Piece<'_>>> {
    if !text.contains("${") {
        return None;
    }
    let mut pieces = Vec::new();
    let mut from = 0;
    let mut at = 0;
    while let Some(found) = text[at..].find("${").map(|found| at + found) {
        if found > from && text.as_bytes()[found - 1] == b'$' {
            pieces.push(Piece::Text(&text[from..found - 1]));
            from = found;
            at = found + 2;
            continue;
        }
        let Some(end) = text[found..].find('}').map(|end| found + end) else { break };
        let inside = &text[found + 2..end];
        at = end + 1;
        let (name, fallback) = match inside.split_once('|') {
            Some((name, fallback)) => (name, Some(fallback)),
            None => (inside, None),
        };
        let variable = match name.strip_prefix("env:") {
            Some(name) if !name.is_empty() => Some(name),
            None if fallback.is_some() && upper_snake(name) => Some(name),
            _ => None,
        };
        if let Some(name) = variable {
            pieces.push(Piece::Text(&text[from..found]));
            pieces.push(Piece::Variable { name, fallback });
            from = at;
        }
    }
    pieces.push(Piece::Text(&text[from..]));
    Some(pieces)
}

fn upper_snake(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase() || c == '_')
        && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}

/// Calls `each` with every variable a value names in placeholders, the sources of programs left out.
pub fn names<'a>(value: &'a Value, each: &mut dyn FnMut(&'a str)) {
    match value {
        Value::Text(text) => {
            for piece in split(text).into_iter().flatten() {
                if let Piece::Variable { name, .. } = piece {
                    each(name);
                }
            }
        }
        Value::List(items) => items.iter().for_each(|item| names(item, each)),
        Value::Map(map) => {
            map.iter().filter(|(key, _)| &***key != "source").for_each(|(_, item)| names(item, each))
        }
        _ => {}
    }
}

/// The payload of an entry with its placeholders and `_env` keys resolved.
///
/// # Errors
/// The first placeholder without a value.
pub fn decode(data: &Value, lookup: &dyn Fn(&str) -> Option<String>) -> Result<Value, Unset> {
    walk(data, "", lookup)
}

fn walk(value: &Value, path: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Result<Value, Unset> {
    match value {
        Value::Text(text) => match split(text) {
            Some(pieces) => resolve(&pieces, path, lookup),
            None => Ok(value.clone()),
        },
        Value::List(items) => {
            let items =
                items.iter().enumerate().map(|(at, item)| walk(item, &format!("{path}.{at}"), lookup));
            Ok(Value::List(items.collect::<Result<_, _>>()?))
        }
        Value::Map(map) => {
            let mut out = Map::new();
            for (key, item) in map {
                let below = if path.is_empty() { key.to_string() } else { format!("{path}.{key}") };
                let item = if &**key == "source" { item.clone() } else { walk(item, &below, lookup)? };
                out.insert(Arc::clone(key), item);
            }
            for (key, item) in map {
                let field = key.strip_suffix("_env").filter(|field| !field.is_empty());
                if let (Some(field), Some(name)) = (field, item.as_text())
                    && let Some(value) = lookup(name).filter(|value| !value.is_empty())
                {
                    out.insert(field.into(), Value::text(value));
                }
            }
            Ok(Value::Map(out))
        }
        other => Ok(other.clone()),
    }
}

fn resolve(
    pieces: &[Piece<'_>],
    path: &str,
    lookup: &dyn Fn(&str) -> Option<String>,
) -> Result<Value, Unset> {
    let value = |name: &str, fallback: Option<&str>| {
        lookup(name)
            .or_else(|| fallback.map(str::to_owned))
            .ok_or_else(|| Unset { path: path.to_owned(), name: name.to_owned() })
    };
    if let [Piece::Text(""), Piece::Variable { name, fallback }, Piece::Text("")] = pieces {
        let text = value(name, *fallback)?;
        let typed = fallback
            .is_some_and(|fallback| !matches!(scalar::resolve(fallback), Value::Text(_) | Value::Null));
        return Ok(if typed { coerce(&text) } else { Value::text(text) });
    }
    let mut out = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Variable { name, fallback } => out.push_str(&value(name, *fallback)?),
        }
    }
    Ok(Value::text(out))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode_text(text: &str) -> Result<Value, Unset> {
        let lookup = |name: &str| match name {
            "HOST" => Some("h".to_owned()),
            "app.env:port" => Some("90".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        };
        decode(&Value::text(text), &lookup)
    }

    #[test]
    fn forms() {
        let cases: &[(&str, Value)] = &[
            ("${env:HOST}", "h".into()),
            ("${env:app.env:port}", "90".into()),
            ("${env:app.env:port|80}", Value::Integer(90)),
            ("${env:NOPE|80}", Value::Integer(80)),
            ("${NOPE|true}", Value::Boolean(true)),
            ("${NOPE|:8081}", ":8081".into()),
            ("http://${env:HOST}:${NOPE|80}/", "http://h:80/".into()),
            ("$${env:HOST}", "${env:HOST}".into()),
            ("${HOST}", "${HOST}".into()),
            ("${lower|x}", "${lower|x}".into()),
            ("${", "${".into()),
            ("a${env:}b", "a${env:}b".into()),
            ("${NOPE|}", "".into()),
        ];
        for (text, value) in cases {
            assert_eq!(decode_text(text).as_ref(), Ok(value), "{text}");
        }
        assert_eq!(decode_text("x${env:NOPE}").unwrap_err().name, "NOPE");
    }

    #[test]
    fn env_keys_supply_the_field_beside_them() {
        let mut value = Value::Null;
        value.set(&["password_env"], "HOST".into());
        value.set(&["password"], "old".into());
        value.set(&["user_env"], "NOPE".into());
        value.set(&["user"], "u".into());
        value.set(&["source"], "return '${env:NOPE}'".into());
        let lookup = |name: &str| (name == "HOST").then(|| "new".to_owned());
        let decoded = decode(&value, &lookup).unwrap();
        assert_eq!(decoded.get("password"), Some(&"new".into()));
        assert_eq!(decoded.get("user"), Some(&"u".into()));
        let mut found = Vec::new();
        names(&value, &mut |name| found.push(name.to_owned()));
        assert!(found.is_empty());
    }
}
