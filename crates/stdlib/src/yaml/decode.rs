//! YAML text to a tree: the first document of a text.
//!
//! Structure comes from the parser's events, the meaning of scalars from [`super::scalar`]. Invariant: nesting and the
//! number of values, aliases written out, are limited.

use std::collections::{BTreeMap, HashMap, HashSet};

use saphyr_parser::{Event, Parser, ScalarStyle, Tag};

use super::scalar;
use crate::neutral::{MOST_NESTED, Neutral};

/// Most values of a document, aliases written out.
const MOST_VALUES: usize = 1_000_000;

type Map = BTreeMap<Box<[u8]>, Neutral>;

/// A list or map that is open.
enum Open {
    List { items: Vec<Neutral>, anchor: usize },
    Map { entries: Map, seen: HashSet<Vec<u8>>, merged: Vec<Neutral>, key: Option<Key>, anchor: usize },
}

/// What the next value of a map is for.
enum Key {
    Name(Vec<u8>),
    /// `<<`: its entries are taken over.
    Merge,
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    anchors: HashMap<usize, Neutral>,
    values: usize,
    root: Option<Neutral>,
}

/// The first document of a text, `null` if there is none.
///
/// # Errors
/// The first fault, as a sentence.
pub(super) fn decode(text: &str) -> Result<Neutral, String> {
    let mut builder = Builder::default();
    let mut parser = Parser::new_from_str(text.strip_prefix('\u{feff}').unwrap_or(text));
    while let Some(event) = parser.next_event() {
        let (event, range) = event.map_err(|error| {
            let at = error.marker();
            format!("{} at line {}, column {}", error.info(), at.line(), at.col() + 1)
        })?;
        let done = matches!(event, Event::DocumentEnd);
        builder.take(event).map_err(|message| {
            format!("{message} at line {}, column {}", range.start.line(), range.start.col() + 1)
        })?;
        if done {
            break;
        }
    }
    Ok(builder.root.unwrap_or(Neutral::Null))
}

impl Builder {
    fn take(&mut self, event: Event<'_>) -> Result<(), String> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let data = match tag.as_deref() {
                    Some(tag) => tagged(&text, tag)?,
                    None if style == ScalarStyle::Plain => scalar::plain(&text)?,
                    None => Neutral::Text(text.as_bytes().into()),
                };
                let is_plain = style == ScalarStyle::Plain;
                self.add(data, anchor, Some((text.as_bytes(), is_plain)))
            }
            Event::SequenceStart(anchor, _) => self.deeper(Open::List { items: Vec::new(), anchor }),
            Event::MappingStart(anchor, _) => self.deeper(Open::Map {
                entries: Map::new(),
                seen: HashSet::new(),
                merged: Vec::new(),
                key: None,
                anchor,
            }),
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::Alias(anchor) => {
                let Some(data) = self.anchors.get(&anchor) else {
                    return Err("this alias stands inside the value it names".to_owned());
                };
                self.count(size(data))?;
                let data = self.anchors.get(&anchor).cloned().unwrap_or(Neutral::Null);
                let text = match &data {
                    Neutral::Text(text) => Some(text.clone()),
                    _ => None,
                };
                self.add(data, 0, text.as_deref().map(|text| (text, false)))
            }
            _ => Ok(()),
        }
    }

    fn deeper(&mut self, open: Open) -> Result<(), String> {
        if self.open.len() >= MOST_NESTED {
            return Err(format!("more than {MOST_NESTED} levels of nesting"));
        }
        self.open.push(open);
        Ok(())
    }

    fn count(&mut self, more: usize) -> Result<(), String> {
        self.values += more;
        if self.values > MOST_VALUES { Err(format!("more than {MOST_VALUES} values")) } else { Ok(()) }
    }

    fn close(&mut self) -> Result<(), String> {
        match self.open.pop() {
            Some(Open::List { items, anchor }) => self.add(Neutral::List(items), anchor, None),
            Some(Open::Map { mut entries, mut seen, merged, anchor, .. }) => {
                for source in merged {
                    merge(source, &mut entries, &mut seen)?;
                }
                self.add(Neutral::Map(entries), anchor, None)
            }
            None => Ok(()),
        }
    }

    /// Puts a finished value where it belongs. Of a scalar also its text, which may be a key, and whether it is without
    /// quotes.
    fn add(&mut self, data: Neutral, anchor: usize, text: Option<(&[u8], bool)>) -> Result<(), String> {
        self.count(1)?;
        if anchor > 0 {
            // What an anchor keeps is a copy.
            self.count(size(&data))?;
            self.anchors.insert(anchor, data.clone());
        }
        match self.open.last_mut() {
            None => self.root = Some(data),
            Some(Open::List { items, .. }) => items.push(data),
            Some(Open::Map { entries, seen, merged, key, .. }) => match key.take() {
                Some(Key::Merge) => merged.push(data),
                Some(Key::Name(name)) => {
                    entries.insert(name.into(), data);
                }
                None => {
                    let Some((text, is_plain)) = text else {
                        return Err("a list or map cannot be a key".to_owned());
                    };
                    if is_plain && text == b"<<" {
                        *key = Some(Key::Merge);
                        return Ok(());
                    }
                    if !seen.insert(text.to_vec()) {
                        return Err(format!("the key \"{}\" occurs twice", String::from_utf8_lossy(text)));
                    }
                    *key = Some(Key::Name(text.to_vec()));
                }
            },
        }
        Ok(())
    }
}

/// Number of values in a tree, itself included.
fn size(data: &Neutral) -> usize {
    1 + match data {
        Neutral::List(items) => items.iter().map(size).sum(),
        Neutral::Map(entries) => entries.values().map(size).sum(),
        _ => 0,
    }
}

/// Adds the entries of a map, or of several, that are not there yet.
fn merge(source: Neutral, entries: &mut Map, seen: &mut HashSet<Vec<u8>>) -> Result<(), String> {
    match source {
        Neutral::Map(more) => {
            for (name, value) in more {
                if seen.insert(name.to_vec()) {
                    entries.insert(name, value);
                }
            }
            Ok(())
        }
        Neutral::List(maps) => maps.into_iter().try_for_each(|map| match map {
            Neutral::Map(_) => merge(map, entries, seen),
            _ => Err("only maps can be merged".to_owned()),
        }),
        _ => Err("only maps can be merged".to_owned()),
    }
}

/// A scalar with a tag; tags that mean nothing here leave a text.
fn tagged(text: &str, tag: &Tag) -> Result<Neutral, String> {
    let known = if tag.is_yaml_core_schema() { tag.suffix.as_str() } else { "str" };
    let resolved = || scalar::plain(text);
    let fits = match known {
        "null" => Some(resolved()?).filter(|data| *data == Neutral::Null),
        "bool" => Some(resolved()?).filter(|data| matches!(data, Neutral::Boolean(_))),
        "int" => Some(resolved()?).filter(|data| matches!(data, Neutral::Integer(_))),
        "float" => match resolved()? {
            Neutral::Integer(integer) => Some(Neutral::Float(integer as f64)),
            Neutral::Float(float) if scalar::timestamp(text).is_none() => Some(Neutral::Float(float)),
            _ => None,
        },
        "timestamp" => scalar::timestamp(text).map(Neutral::Float),
        "binary" => {
            let packed: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
            crate::base64::decode(&packed).ok().map(|bytes| Neutral::Text(bytes.into()))
        }
        _ => Some(Neutral::Text(text.as_bytes().into())),
    };
    fits.ok_or_else(|| format!("\"{text}\" is no {known}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Neutral {
        Neutral::Text(text.as_bytes().into())
    }

    fn map(entries: &[(&str, Neutral)]) -> Neutral {
        Neutral::Map(entries.iter().map(|(name, data)| (name.as_bytes().into(), data.clone())).collect())
    }

    #[test]
    fn documents() {
        let cases = [
            ("", Neutral::Null),
            ("# nothing\n", Neutral::Null),
            ("---\n", Neutral::Null),
            ("a\n---\nb\n", text("a")),
            ("- 1\n- x\n-\n", Neutral::List(vec![Neutral::Integer(1), text("x"), Neutral::Null])),
            ("1: a\ntrue: b\n", map(&[("1", text("a")), ("true", text("b"))])),
            (
                "a: &x {b: 1}\nc: *x\n",
                map(&[("a", map(&[("b", Neutral::Integer(1))])), ("c", map(&[("b", Neutral::Integer(1))]))]),
            ),
            (
                "b: &b {x: 1, y: 2}\nd:\n  <<: *b\n  y: 3\n",
                map(&[
                    ("b", map(&[("x", Neutral::Integer(1)), ("y", Neutral::Integer(2))])),
                    ("d", map(&[("y", Neutral::Integer(3)), ("x", Neutral::Integer(1))])),
                ]),
            ),
            (
                "'': 5\n<<: {a: 1}\n<<: {b: 2}\n",
                map(&[("", Neutral::Integer(5)), ("a", Neutral::Integer(1)), ("b", Neutral::Integer(2))]),
            ),
            (
                "[!!str 1, !!int 2, !!float 3, !x 12, \"5\", !!binary aGk=]",
                Neutral::List(vec![
                    text("1"),
                    Neutral::Integer(2),
                    Neutral::Float(3.0),
                    text("12"),
                    text("5"),
                    text("hi"),
                ]),
            ),
        ];
        for (source, value) in cases {
            assert_eq!(decode(source), Ok(value), "{source}");
        }
        for bad in [
            "a: 1\na: 2\n",
            "*x",
            "[a",
            "? [a]\n: b\n",
            "!!int x",
            "<<: 1",
            "a:\n\t- b\n",
            "9223372036854775808",
        ] {
            assert!(decode(bad).is_err(), "{bad}");
        }
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..9 {
            let alias = format!("*a{}", level - 1);
            bomb += &format!("a{level}: &a{level} [{}]\n", vec![alias; 10].join(", "));
        }
        assert!(decode(&bomb).is_err());
        assert!(decode(&"[".repeat(5000)).is_err());
    }
}
