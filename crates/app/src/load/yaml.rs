//! YAML text to a document with positions.
//!
//! Structure comes from the parser's events, the meaning of scalars from `scalar`. Invariant: no input makes it
//! recurse, loop or grow without bound: nesting and the number of nodes (aliases written out) are limited.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Tag};

use super::node::{Content, DEPTH, Key, NODES, Node, SyntaxError};
use super::scalar;
use crate::problem::Span;
use crate::value::Value;

/// Reads the first document of a text; `None` if the text has none.
///
/// # Errors
/// The first fault.
pub fn parse(text: &str) -> Result<Option<Node>, SyntaxError> {
    Builder::default().run(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// A collection that is still open.
enum Open {
    List { items: Vec<Node>, at: Place },
    Map { pairs: Vec<(Key, Node)>, seen: HashSet<Arc<str>>, merged: Vec<Node>, key: Option<Key>, at: Place },
}

#[derive(Clone, Copy)]
struct Place {
    span: Span,
    anchor: usize,
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
    root: Option<Node>,
}

fn span(start: &Marker, end: &Marker) -> Span {
    let length = if start.line() == end.line() { end.col().saturating_sub(start.col()) } else { 0 };
    Span { line: start.line() as u32, column: start.col() as u32 + 1, length: length as u32 }
}

fn fault<T>(span: Span, message: impl Into<String>) -> Result<T, SyntaxError> {
    Err(SyntaxError { span, message: message.into() })
}

impl Builder {
    fn run(mut self, text: &str) -> Result<Option<Node>, SyntaxError> {
        let mut parser = Parser::new_from_str(text);
        while let Some(event) = parser.next_event() {
            let (event, range) = event.map_err(|error| {
                let at = error.marker();
                SyntaxError { span: span(at, at), message: advise(text, at.line(), error.info()) }
            })?;
            let at = span(&range.start, &range.end);
            match event {
                Event::Scalar(text, style, anchor, tag) => {
                    let value = match style {
                        ScalarStyle::Plain => plain(&text, tag.as_deref()),
                        _ => Value::text(&*text),
                    };
                    self.add(Node { span: at, content: Content::Scalar(value) }, anchor, Some(&text))?;
                }
                Event::SequenceStart(anchor, _) => {
                    self.deeper(at)?;
                    self.open.push(Open::List { items: Vec::new(), at: Place { span: at, anchor } });
                }
                Event::MappingStart(anchor, _) => {
                    self.deeper(at)?;
                    self.open.push(Open::Map {
                        pairs: Vec::new(),
                        seen: HashSet::new(),
                        merged: Vec::new(),
                        key: None,
                        at: Place { span: at, anchor },
                    });
                }
                Event::SequenceEnd | Event::MappingEnd => self.close()?,
                Event::Alias(anchor) => {
                    let Some(mut node) = self.anchors.get(&anchor).cloned() else {
                        return fault(at, "this alias stands inside the value it names");
                    };
                    self.count(size(&node), at)?;
                    node.span = at;
                    let name = node.as_text().map(str::to_owned);
                    self.add(node, 0, name.as_deref())?;
                }
                Event::DocumentEnd => break,
                _ => {}
            }
        }
        Ok(self.root)
    }

    fn deeper(&self, at: Span) -> Result<(), SyntaxError> {
        if self.open.len() >= DEPTH {
            fault(at, format!("more than {DEPTH} levels of nesting"))
        } else {
            Ok(())
        }
    }

    fn count(&mut self, more: usize, at: Span) -> Result<(), SyntaxError> {
        self.nodes += more;
        if self.nodes > NODES {
            fault(at, format!("more than {NODES} values in one document"))
        } else {
            Ok(())
        }
    }

    fn close(&mut self) -> Result<(), SyntaxError> {
        match self.open.pop() {
            Some(Open::List { items, at }) => {
                self.add(Node { span: at.span, content: Content::List(items) }, at.anchor, None)
            }
            Some(Open::Map { mut pairs, mut seen, merged, at, .. }) => {
                for source in merged {
                    merge(source, &mut pairs, &mut seen)?;
                }
                self.add(Node { span: at.span, content: Content::Map(pairs) }, at.anchor, None)
            }
            None => Ok(()),
        }
    }

    /// Puts a finished node where it belongs; `text` is its text if it may be a key.
    fn add(&mut self, node: Node, anchor: usize, text: Option<&str>) -> Result<(), SyntaxError> {
        let at = node.span;
        self.count(1, at)?;
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::List { items, .. }) => items.push(node),
            Some(Open::Map { pairs, merged, key: waiting, seen, .. }) => match waiting.take() {
                Some(key) if &*key.text == "<<" => merged.push(node),
                Some(key) => pairs.push((key, node)),
                None => {
                    let Some(text) = text else { return fault(at, "a list or map cannot be a key") };
                    let key = Key { text: text.into(), span: at };
                    if text != "<<" && !seen.insert(Arc::clone(&key.text)) {
                        return fault(at, format!("the key \"{text}\" occurs twice"));
                    }
                    *waiting = Some(key);
                }
            },
        }
        Ok(())
    }
}

/// `<<: *base` adds the keys of other maps that the map does not have itself.
fn merge(
    source: Node,
    pairs: &mut Vec<(Key, Node)>,
    seen: &mut HashSet<Arc<str>>,
) -> Result<(), SyntaxError> {
    match source.content {
        Content::Map(others) => {
            for (key, node) in others {
                if seen.insert(Arc::clone(&key.text)) {
                    pairs.push((key, node));
                }
            }
            Ok(())
        }
        Content::List(items) => items.into_iter().try_for_each(|item| match item.content {
            Content::Map(_) => merge(item, pairs, seen),
            _ => fault(item.span, "only maps can be merged with <<"),
        }),
        Content::Scalar(_) => fault(source.span, "only maps can be merged with <<"),
    }
}

fn size(node: &Node) -> usize {
    1 + match &node.content {
        Content::Scalar(_) => 0,
        Content::List(items) => items.iter().map(size).sum(),
        Content::Map(pairs) => pairs.iter().map(|(_, node)| 1 + size(node)).sum(),
    }
}

fn plain(text: &str, tag: Option<&Tag>) -> Value {
    match tag {
        Some(tag) if tag.is_yaml_core_schema() && tag.suffix == "str" => Value::text(text),
        Some(tag) if tag.is_yaml_core_schema() && tag.suffix == "float" => match scalar::resolve(text) {
            Value::Integer(number) => Value::Float(number as f64),
            other => other,
        },
        _ => scalar::resolve(text),
    }
}

/// The parser's words, or plainer ones for the mistake that everybody makes.
fn advise(text: &str, line: usize, info: &str) -> String {
    let indent = |line: &str| line.starts_with('\t') || line.trim_start_matches(' ').starts_with('\t');
    let near = text.lines().skip(line.saturating_sub(2)).take(2).any(indent);
    if near
        && (info.contains("tab")
            || info.contains("indent")
            || info.contains("start any token")
            || info.contains("block"))
    {
        "tabs cannot indent YAML; use spaces".to_owned()
    } else {
        info.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Value {
        parse(text).unwrap().map_or(Value::Null, |node| node.value())
    }

    #[test]
    fn what_real_applications_rely_on() {
        let text = "version: \"1.0\"\nnamespace: app\naddr: :8080\nmode: 0600\nmodules: [time, json]\nratio: 1.0\ncount: 1\nmeta:\n  graph.rule: \"true\"\n  at: '@x'\nbody: |\n  a\n   b\n";
        let value = value(text);
        assert_eq!(value.get("addr").and_then(Value::as_text), Some(":8080"));
        assert_eq!(value.get("mode"), Some(&Value::Integer(384)));
        assert_eq!(value.get("modules"), Some(&Value::List(vec!["time".into(), "json".into()])));
        assert_eq!(value.get("ratio"), Some(&Value::Float(1.0)));
        assert_eq!(value.at(&["meta", "graph.rule"]).and_then(Value::as_text), Some("true"));
        assert_eq!(value.get("body").and_then(Value::as_text), Some("a\n b\n"));
        assert_eq!(value.get("version").and_then(Value::as_text), Some("1.0"));
    }

    #[test]
    fn keys_and_values_know_where_they_stand() {
        let node = parse("a: 1\nbé:\n  - x\n  - kind: y\n").unwrap().unwrap();
        let list = node.get("bé").unwrap();
        let Content::List(items) = &list.content else { panic!() };
        let kind = items[1].get("kind").unwrap();
        assert_eq!((kind.span.line, kind.span.column, kind.span.length), (4, 11, 1));
        let (key, _) = &items[1].as_map().unwrap()[0];
        assert_eq!((key.span.line, key.span.column, key.span.length), (4, 5, 4));
    }

    #[test]
    fn only_the_first_document_counts() {
        assert_eq!(value("a: 1\n---\nb: [\n").get("a"), Some(&Value::Integer(1)));
        assert_eq!(parse("").unwrap(), None);
        assert_eq!(parse("# nothing\n").unwrap(), None);
    }

    #[test]
    fn anchors_and_merges() {
        let value = value("base: &b {x: 1, y: 2}\nmore: *b\nown:\n  y: 3\n  <<: *b\n");
        assert_eq!(value.at(&["more", "x"]), Some(&Value::Integer(1)));
        assert_eq!(value.at(&["own", "y"]), Some(&Value::Integer(3)));
        assert_eq!(value.at(&["own", "x"]), Some(&Value::Integer(1)));
    }

    #[test]
    fn faults_have_a_place_and_words() {
        let error = parse("entries:\n\t- name: x\n").unwrap_err();
        assert_eq!(error.span.line, 2, "{error:?}");
        assert!(error.message.contains("tabs cannot indent"), "{error:?}");
        let error = parse("a: 1\na: 2\n").unwrap_err();
        assert_eq!((error.span.line, error.span.column), (2, 1));
        assert!(error.message.contains("twice"));
        assert!(parse("a: [1, 2\nb: 3\n").is_err());
        assert!(parse("? [a]\n: b\n").is_err());
        assert!(parse("a: &x [*x]\n").is_err());
    }

    #[test]
    fn no_input_explodes() {
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let item = format!("*a{}", level - 1);
            bomb.push_str(&format!("a{level}: &a{level} [{}]\n", vec![item; 9].join(", ")));
        }
        assert!(parse(&bomb).unwrap_err().message.contains("values in one document"));
        assert!(parse(&"[".repeat(5000)).is_err());
        assert!(parse(&format!("{}x", "- ".repeat(5000))).is_err());
    }

    #[test]
    fn random_bytes_never_panic() {
        let mut random = wippy_random::Random::new(1);
        let alphabet: Vec<char> = "ab:- \n\t{}[]&*|>'\"#,!%@?0.~<é\u{feff}".chars().collect();
        for round in 0..3000 {
            let mut text = String::new();
            for _ in 0..(round % 60) {
                text.push(alphabet[random.below(alphabet.len())]);
            }
            let _ = parse(&text);
        }
    }
}
