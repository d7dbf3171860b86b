//! A schema made ready: its parts by address, its patterns compiled, its mistakes found.
//!
//! Draft 2020-12 of JSON Schema, and what older drafts spell differently. Nothing is ever fetched: a reference that
//! leads out of the document is a mistake. Invariant: every `$ref` in a compiled schema leads to a part of it.

use std::collections::HashMap;

use regex::Regex;

use crate::plain::Plain;

/// A schema that can be used.
pub(super) struct Schema {
    pub(super) root: Plain,
    /// Parts with a name of their own, by absolute address, as steps from the root.
    named: HashMap<String, Vec<Step>>,
    pub(super) patterns: HashMap<String, Regex>,
    /// Some part asks what no other part has looked at.
    pub(super) has_unevaluated: bool,
}

#[derive(Clone, Debug)]
enum Step {
    Member(String),
    Item(usize),
}

/// Keywords whose value is a schema.
const ONE: &[&str] = &[
    "additionalItems",
    "additionalProperties",
    "contains",
    "contentSchema",
    "else",
    "if",
    "items",
    "not",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
];

/// Keywords whose value is a list of schemas.
const LIST: &[&str] = &["allOf", "anyOf", "items", "oneOf", "prefixItems"];

/// Keywords whose value is a map of schemas.
const MAP: &[&str] =
    &["$defs", "definitions", "dependencies", "dependentSchemas", "patternProperties", "properties"];

impl Schema {
    /// Makes a schema ready. Empty lists where only a map or a schema may stand are taken as empty maps, for a script
    /// has no other way to write those.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn compile(root: Plain) -> Result<Schema, String> {
        let mut root = root;
        amend(&mut root);
        let mut schema = Schema {
            root: Plain::Null,
            named: HashMap::new(),
            patterns: HashMap::new(),
            has_unevaluated: false,
        };
        let mut references = Vec::new();
        schema.visit(&root, "", &mut Vec::new(), &mut references)?;
        schema.root = root;
        for (base, reference) in references {
            if schema.resolve(&base, &reference).is_none() {
                return Err(format!("unresolvable reference '{reference}'"));
            }
        }
        Ok(schema)
    }

    fn visit(
        &mut self,
        part: &Plain,
        base: &str,
        steps: &mut Vec<Step>,
        references: &mut Vec<(String, String)>,
    ) -> Result<(), String> {
        let map = match part {
            Plain::Boolean(_) => return Ok(()),
            Plain::Map(map) => map,
            other => return Err(format!("{} is not of type \"object\" or \"boolean\"", shown(other))),
        };
        let mut base = base.to_owned();
        if let Some(Plain::Text(id)) = map.get("$id").or_else(|| map.get("id")) {
            let id = joined(&base, id);
            if let Some(id) = id.strip_suffix('#').or((!id.contains('#')).then_some(&id)) {
                self.named.insert(id.to_owned(), steps.clone());
                base = id.to_owned();
            } else {
                self.named.insert(id, steps.clone());
            }
        }
        for keyword in ["$anchor", "$dynamicAnchor"] {
            if let Some(Plain::Text(anchor)) = map.get(keyword) {
                self.named.insert(format!("{base}#{anchor}"), steps.clone());
            }
        }
        for keyword in ["$ref", "$dynamicRef"] {
            if let Some(Plain::Text(reference)) = map.get(keyword) {
                references.push((base.clone(), reference.clone()));
            }
        }
        for (keyword, value) in map {
            self.check_keyword(keyword, value)?;
            steps.push(Step::Member(keyword.clone()));
            match value {
                Plain::Map(parts) if MAP.contains(&keyword.as_str()) => {
                    for (name, part) in parts {
                        if keyword == "dependencies" && matches!(part, Plain::List(_)) {
                            continue;
                        }
                        steps.push(Step::Member(name.clone()));
                        self.visit(part, &base, steps, references)?;
                        steps.pop();
                    }
                }
                Plain::List(parts) if LIST.contains(&keyword.as_str()) => {
                    for (index, part) in parts.iter().enumerate() {
                        steps.push(Step::Item(index));
                        self.visit(part, &base, steps, references)?;
                        steps.pop();
                    }
                }
                part if ONE.contains(&keyword.as_str()) => self.visit(part, &base, steps, references)?,
                _ => {}
            }
            steps.pop();
        }
        Ok(())
    }

    /// Whether a keyword's value is what it must be; compiles patterns.
    fn check_keyword(&mut self, keyword: &str, value: &Plain) -> Result<(), String> {
        let fits = match keyword {
            "type" => match value {
                Plain::List(names) => names.iter().all(is_type),
                name => is_type(name),
            },
            "properties" | "patternProperties" | "$defs" | "definitions" | "dependentSchemas"
            | "dependencies" | "dependentRequired" => matches!(value, Plain::Map(_)),
            "allOf" | "anyOf" | "oneOf" | "prefixItems" => {
                matches!(value, Plain::List(list) if !list.is_empty())
            }
            "required" => {
                matches!(value, Plain::List(list) if list.iter().all(|name| matches!(name, Plain::Text(_))))
            }
            "enum" => matches!(value, Plain::List(_)),
            "minLength" | "maxLength" | "minItems" | "maxItems" | "minProperties" | "maxProperties"
            | "minContains" | "maxContains" => number(value).is_some_and(|n| n >= 0.0 && n.trunc() == n),
            "multipleOf" => number(value).is_some_and(|n| n > 0.0),
            "minimum" | "maximum" => number(value).is_some(),
            "exclusiveMinimum" | "exclusiveMaximum" => {
                number(value).is_some() || matches!(value, Plain::Boolean(_))
            }
            "uniqueItems" => matches!(value, Plain::Boolean(_)),
            "pattern" | "$ref" | "$dynamicRef" | "$id" | "$anchor" => matches!(value, Plain::Text(_)),
            "unevaluatedProperties" | "unevaluatedItems" => {
                self.has_unevaluated = true;
                true
            }
            _ => true,
        };
        if !fits {
            return Err(format!("invalid value of '{keyword}': {}", shown(value)));
        }
        match (keyword, value) {
            ("pattern", Plain::Text(pattern)) => self.add_pattern(pattern),
            ("patternProperties", Plain::Map(parts)) => {
                parts.keys().try_for_each(|pattern| self.add_pattern(pattern))
            }
            _ => Ok(()),
        }
    }

    fn add_pattern(&mut self, pattern: &str) -> Result<(), String> {
        if !self.patterns.contains_key(pattern) {
            let regex = Regex::new(&translated(pattern))
                .map_err(|error| format!("invalid pattern '{pattern}': {error}"))?;
            self.patterns.insert(pattern.to_owned(), regex);
        }
        Ok(())
    }

    /// The part that a reference leads to, and its base.
    pub(super) fn resolve(&self, base: &str, reference: &str) -> Option<(&Plain, String)> {
        let address = joined(base, reference);
        let (document, fragment) = address.split_once('#').unwrap_or((&address, ""));
        if !fragment.is_empty() && !fragment.starts_with('/') {
            return Some((self.walk(self.named.get(&address)?)?, document.to_owned()));
        }
        let start = match self.named.get(document) {
            Some(steps) => self.walk(steps)?,
            None if document.is_empty() => &self.root,
            None => return None,
        };
        let part = fragment.split('/').skip(1).try_fold(start, |part, token| {
            let token = unescaped(token);
            match part {
                Plain::Map(map) => map.get(&token),
                Plain::List(items) => items.get(token.parse::<usize>().ok()?),
                _ => None,
            }
        })?;
        matches!(part, Plain::Map(_) | Plain::Boolean(_)).then(|| (part, document.to_owned()))
    }

    /// During [`Schema::compile`] the root is not in place yet; then only names are looked up.
    fn walk(&self, steps: &[Step]) -> Option<&Plain> {
        steps.iter().try_fold(&self.root, |part, step| match (step, part) {
            (Step::Member(name), Plain::Map(map)) => map.get(name),
            (Step::Item(index), Plain::List(items)) => items.get(*index),
            _ => None,
        })
    }
}

/// Empty lists become empty maps where a list makes no sense.
fn amend(part: &mut Plain) {
    let Plain::Map(map) = part else { return };
    for (keyword, value) in map {
        let keyword = keyword.as_str();
        let is_empty_list = matches!(value, Plain::List(items) if items.is_empty());
        let wants_map = MAP.contains(&keyword)
            || (ONE.contains(&keyword) && !LIST.contains(&keyword))
            || matches!(keyword, "items" | "dependentRequired");
        if is_empty_list && wants_map {
            *value = Plain::Map(Default::default());
        }
        match value {
            Plain::Map(parts) if MAP.contains(&keyword) => {
                for part in parts.values_mut() {
                    if matches!(part, Plain::List(items) if items.is_empty()) && keyword != "dependencies" {
                        *part = Plain::Map(Default::default());
                    }
                    amend(part);
                }
            }
            Plain::List(parts) if LIST.contains(&keyword) => {
                for part in parts {
                    if matches!(part, Plain::List(items) if items.is_empty()) {
                        *part = Plain::Map(Default::default());
                    }
                    amend(part);
                }
            }
            part if ONE.contains(&keyword) => amend(part),
            _ => {}
        }
    }
}

fn is_type(name: &Plain) -> bool {
    const TYPES: [&str; 7] = ["array", "boolean", "integer", "null", "number", "object", "string"];
    matches!(name, Plain::Text(name) if TYPES.contains(&name.as_str()))
}

/// A number as a float.
pub(super) fn number(value: &Plain) -> Option<f64> {
    match value {
        Plain::Integer(integer) => Some(*integer as f64),
        Plain::Float(float) => Some(*float),
        _ => None,
    }
}

/// A short text for messages.
pub(super) fn shown(value: &Plain) -> String {
    const MOST: usize = 60;
    let mut out = Vec::new();
    crate::json::write_plain(&mut out, value);
    let text = String::from_utf8_lossy(&out);
    match text.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}...", &text[..at]),
        None => text.into_owned(),
    }
}

/// In patterns of web pages `\d`, `\w` and `\s` are about ASCII digits and letters; and `$` is the very end.
fn translated(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        match (character, characters.clone().next()) {
            ('\\', Some(letter)) => {
                characters.next();
                match letter {
                    'd' => out.push_str("[0-9]"),
                    'D' => out.push_str("[^0-9]"),
                    'w' => out.push_str("[0-9A-Za-z_]"),
                    'W' => out.push_str("[^0-9A-Za-z_]"),
                    '/' | '-' => {
                        out.push('\\');
                        out.push(letter);
                    }
                    letter => {
                        out.push('\\');
                        out.push(letter);
                    }
                }
            }
            (character, _) => out.push(character),
        }
    }
    out
}

/// `~1` and `~0` of a pointer, and percent signs of an address.
fn unescaped(token: &str) -> String {
    let mut bytes = Vec::with_capacity(token.len());
    let mut rest = token.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        let code = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match (byte, code.and_then(|digits| u8::from_str_radix(digits, 16).ok())) {
            (b'%', Some(code)) => {
                bytes.push(code);
                rest = &after[2..];
            }
            _ => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).replace("~1", "/").replace("~0", "~")
}

/// An address seen from a base.
fn joined(base: &str, reference: &str) -> String {
    let base = base.split('#').next().unwrap_or_default();
    if reference.is_empty() || reference.starts_with('#') {
        return format!("{base}{reference}");
    }
    let has_scheme = reference.split_once(':').is_some_and(|(scheme, _)| {
        !scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
    });
    if has_scheme || base.is_empty() {
        return reference.to_owned();
    }
    let authority =
        base.find("://").map_or(0, |at| base[at + 3..].find('/').map_or(base.len(), |slash| at + 3 + slash));
    if reference.starts_with('/') {
        return format!("{}{reference}", &base[..authority]);
    }
    let folder = base[authority..].rfind('/').map_or(base.len(), |at| authority + at + 1);
    let slash = if folder == base.len() && !base.ends_with('/') { "/" } else { "" };
    format!("{}{slash}{reference}", &base[..folder])
}
