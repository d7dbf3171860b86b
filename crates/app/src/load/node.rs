//! A document with positions: what YAML and JSON files are read into.
//!
//! Not yet entries. Invariant: every value and every key knows the line and column it stands at.

use std::sync::Arc;

use crate::problem::Span;
use crate::value::{Map, Value};

/// How deep documents may nest; whoever walks a [`Node`] may recurse.
pub const DEPTH: usize = 100;
/// How many nodes one document may have, with aliases written out.
pub const NODES: usize = 500_000;

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where.
    pub span: Span,
    /// What.
    pub content: Content,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// A value without parts.
    Scalar(Value),
    /// Nodes in order.
    List(Vec<Node>),
    /// Keys and values in the order of the file; no key occurs twice.
    Map(Vec<(Key, Node)>),
}

/// A key and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// The text; numbers and truth values are keys by their text.
    pub text: Arc<str>,
    /// Where.
    pub span: Span,
}

/// Why a text is no document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// Where reading stopped.
    pub span: Span,
    /// What was wrong there.
    pub message: String,
}

impl Node {
    /// The keys and values, if it is a map.
    pub fn as_map(&self) -> Option<&[(Key, Node)]> {
        match &self.content {
            Content::Map(pairs) => Some(pairs),
            _ => None,
        }
    }

    /// The value of a key, if this is a map that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.as_map()?.iter().find(|(name, _)| &*name.text == key).map(|(_, node)| node)
    }

    /// The text, if it is a text.
    pub fn as_text(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The value without positions.
    pub fn value(&self) -> Value {
        match &self.content {
            Content::Scalar(value) => value.clone(),
            Content::List(items) => Value::List(items.iter().map(Node::value).collect()),
            Content::Map(pairs) => Value::Map(map(pairs)),
        }
    }
}

/// Pairs without positions.
pub fn map(pairs: &[(Key, Node)]) -> Map {
    pairs.iter().map(|(key, node)| (Arc::clone(&key.text), node.value())).collect()
}
