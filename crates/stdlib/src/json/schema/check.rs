//! A document judged by a schema: every failure with the place in the document and the keyword.
//!
//! Invariant: the depth of nested checks is limited, so schemas that refer to themselves without end are an error.

use std::collections::BTreeSet;

use super::compile::{Schema, number, shown};
use crate::plain::Plain;

/// Nested parts of schemas that are looked at, at most.
const MOST_NESTED: usize = 300;

/// Failures that are collected, at most.
const MOST_FAILURES: usize = 100;

/// Keywords that are looked at, at most: schemas that refer to themselves twice can ask for any number.
const MOST_STEPS: usize = 10_000_000;

/// What is wrong at a place of a document.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Failure {
    /// JSON pointer of the place.
    pub(super) path: String,
    pub(super) keyword: String,
    pub(super) message: String,
}

/// What of a list or map some part has looked at.
#[derive(Default)]
struct Seen {
    members: BTreeSet<String>,
    items: BTreeSet<usize>,
}

impl Seen {
    fn merge(&mut self, other: Seen) {
        self.members.extend(other.members);
        self.items.extend(other.items);
    }
}

/// What came of judging a document.
pub(super) struct Verdict {
    /// None mean that it is valid.
    pub(super) failures: Vec<Failure>,
    /// Keywords that were looked at.
    pub(super) steps: usize,
}

/// Judges a document.
pub(super) fn check(schema: &Schema, document: &Plain) -> Verdict {
    let mut checking = Checking { schema, path: Vec::new(), failures: Vec::new(), depth: 0, steps: 0 };
    checking.part(&schema.root, "", document, &mut Seen::default());
    Verdict { failures: checking.failures, steps: checking.steps }
}

struct Checking<'a> {
    schema: &'a Schema,
    path: Vec<String>,
    failures: Vec<Failure>,
    depth: usize,
    steps: usize,
}

impl<'a> Checking<'a> {
    fn fail(&mut self, keyword: &str, message: String) {
        if self.failures.len() < MOST_FAILURES {
            let path: String = self
                .path
                .iter()
                .map(|token| format!("/{}", token.replace('~', "~0").replace('/', "~1")))
                .collect();
            let path = if path.is_empty() { "/".to_owned() } else { path };
            self.failures.push(Failure { path, keyword: keyword.to_owned(), message });
        }
    }

    /// Whether a value is valid by a part; failures are not kept.
    fn accepts(&mut self, part: &'a Plain, base: &str, value: &Plain, seen: &mut Seen) -> bool {
        let kept = std::mem::take(&mut self.failures);
        let mut inner = Seen::default();
        self.part(part, base, value, &mut inner);
        let valid = self.failures.is_empty();
        self.failures = kept;
        if valid {
            seen.merge(inner);
        }
        valid
    }

    fn at(&mut self, token: String, part: &'a Plain, base: &str, value: &Plain) {
        self.path.push(token);
        self.part(part, base, value, &mut Seen::default());
        self.path.pop();
    }

    fn part(&mut self, part: &'a Plain, base: &str, value: &Plain, seen: &mut Seen) {
        let map = match part {
            Plain::Map(map) => map,
            Plain::Boolean(true) => return,
            _ => return self.fail("false", "no value is valid here".to_owned()),
        };
        if self.depth >= MOST_NESTED {
            return self.fail("$ref", "the schema refers to itself without end".to_owned());
        }
        self.steps += 1 + map.len();
        if self.steps > MOST_STEPS {
            return self.fail("$ref", "the schema asks for too much work".to_owned());
        }
        self.depth += 1;
        let own;
        let base = match map.get("$id") {
            Some(Plain::Text(_)) => {
                own = self.schema.resolve(
                    base,
                    match map.get("$id") {
                        Some(Plain::Text(id)) => id,
                        _ => "",
                    },
                );
                own.as_ref().map_or(base, |(_, base)| base.as_str())
            }
            _ => base,
        };
        for (keyword, argument) in map {
            self.keyword(map, keyword, argument, base, value, seen);
        }
        if self.schema.has_unevaluated {
            self.unevaluated(map, base, value, seen);
        }
        self.depth -= 1;
    }

    fn keyword(
        &mut self,
        map: &'a std::collections::BTreeMap<String, Plain>,
        keyword: &str,
        argument: &'a Plain,
        base: &str,
        value: &Plain,
        seen: &mut Seen,
    ) {
        match keyword {
            "$ref" | "$dynamicRef" => {
                if let Plain::Text(reference) = argument
                    && let Some((part, base)) = self.schema.resolve(base, reference)
                {
                    self.part(part, &base, value, seen);
                }
            }
            "type" => {
                let valid = match argument {
                    Plain::List(names) => names.iter().any(|name| is_of(name, value)),
                    name => is_of(name, value),
                };
                if !valid {
                    self.fail(keyword, format!("{} is not of type {}", shown(value), shown(argument)));
                }
            }
            "const" if !equal(argument, value) => {
                self.fail(keyword, format!("{} was expected", shown(argument)));
            }
            "enum" => {
                if let Plain::List(choices) = argument
                    && !choices.iter().any(|choice| equal(choice, value))
                {
                    self.fail(keyword, format!("{} is not one of {}", shown(value), shown(argument)));
                }
            }
            "allOf" | "anyOf" | "oneOf" | "not" | "if" => {
                self.combination(map, keyword, argument, base, value, seen);
            }
            _ => match value {
                Plain::Integer(_) | Plain::Float(_) => self.number(map, keyword, argument, value),
                Plain::Text(text) => self.text(keyword, argument, text),
                Plain::List(items) => self.list(map, keyword, argument, base, items, seen),
                Plain::Map(members) => self.map(map, keyword, argument, base, members, seen),
                Plain::Null | Plain::Boolean(_) => {}
            },
        }
    }

    fn combination(
        &mut self,
        map: &'a std::collections::BTreeMap<String, Plain>,
        keyword: &str,
        argument: &'a Plain,
        base: &str,
        value: &Plain,
        seen: &mut Seen,
    ) {
        let parts: &'a [Plain] = match argument {
            Plain::List(parts) => parts,
            part => std::slice::from_ref(part),
        };
        match keyword {
            "allOf" => parts.iter().for_each(|part| self.part(part, base, value, seen)),
            "anyOf" => {
                // All of them are asked, for what they look at.
                let valid = parts.iter().filter(|part| self.accepts(part, base, value, seen)).count();
                if valid == 0 {
                    self.fail(keyword, format!("{} is not valid under any of the schemas", shown(value)));
                }
            }
            "oneOf" => {
                let valid = parts.iter().filter(|part| self.accepts(part, base, value, seen)).count();
                if valid != 1 {
                    let how = if valid == 0 { "none" } else { "more than one" };
                    self.fail(keyword, format!("{} is valid under {how} of the schemas", shown(value)));
                }
            }
            "not" => {
                if self.accepts(argument, base, value, &mut Seen::default()) {
                    self.fail(
                        keyword,
                        format!("{} is valid under a schema that it must not be", shown(value)),
                    );
                }
            }
            _ => {
                let branch = if self.accepts(argument, base, value, seen) { "then" } else { "else" };
                if let Some(part) = map.get(branch) {
                    self.part(part, base, value, seen);
                }
            }
        }
    }

    fn number(
        &mut self,
        map: &std::collections::BTreeMap<String, Plain>,
        keyword: &str,
        argument: &Plain,
        value: &Plain,
    ) {
        let Some(order) = compare(value, argument) else { return };
        // In the oldest drafts the exclusive keywords are flags beside the limit.
        let excludes = |flag: &str| matches!(map.get(flag), Some(Plain::Boolean(true)));
        let (valid, relation) = match keyword {
            "minimum" if excludes("exclusiveMinimum") => (order.is_gt(), "greater than"),
            "maximum" if excludes("exclusiveMaximum") => (order.is_lt(), "less than"),
            "minimum" => (order.is_ge(), "at least"),
            "maximum" => (order.is_le(), "at most"),
            "exclusiveMinimum" => (order.is_gt(), "greater than"),
            "exclusiveMaximum" => (order.is_lt(), "less than"),
            "multipleOf" => (is_multiple(value, argument), "a multiple of"),
            _ => return,
        };
        if !valid {
            self.fail(keyword, format!("{} is not {relation} {}", shown(value), shown(argument)));
        }
    }

    fn text(&mut self, keyword: &str, argument: &Plain, text: &str) {
        match (keyword, argument) {
            ("minLength" | "maxLength", limit) => {
                self.size(keyword, limit, text.chars().count(), &Plain::Text(text.to_owned()));
            }
            ("pattern", Plain::Text(pattern)) => {
                let matches = self.schema.patterns.get(pattern).is_some_and(|pattern| pattern.is_match(text));
                if !matches {
                    let text = Plain::Text(text.to_owned());
                    self.fail(keyword, format!("{} does not match \"{pattern}\"", shown(&text)));
                }
            }
            _ => {}
        }
    }

    /// A keyword that limits a size from below (`min...`) or above.
    fn size(&mut self, keyword: &str, limit: &Plain, size: usize, value: &Plain) {
        let Some(limit) = number(limit) else { return };
        let (valid, how) = if keyword.starts_with("min") {
            (size as f64 >= limit, "shorter")
        } else {
            (size as f64 <= limit, "longer")
        };
        if !valid {
            self.fail(keyword, format!("{} is {how} than {limit}", shown(value)));
        }
    }

    fn list(
        &mut self,
        map: &'a std::collections::BTreeMap<String, Plain>,
        keyword: &str,
        argument: &'a Plain,
        base: &str,
        items: &[Plain],
        seen: &mut Seen,
    ) {
        match (keyword, argument) {
            ("minItems" | "maxItems", limit) => {
                self.size(keyword, limit, items.len(), &Plain::List(items.to_vec()));
            }
            ("uniqueItems", Plain::Boolean(true)) if has_equals(items) => {
                self.fail(keyword, format!("{} has equal items", shown(&Plain::List(items.to_vec()))));
            }
            // A list of schemas is the older spelling.
            ("prefixItems" | "items", Plain::List(parts)) => {
                for (index, (part, item)) in parts.iter().zip(items).enumerate() {
                    seen.items.insert(index);
                    self.at(index.to_string(), part, base, item);
                }
            }
            ("items" | "additionalItems", part) => {
                let before = match (keyword, map.get("prefixItems"), map.get("items")) {
                    ("items", Some(Plain::List(parts)), _) => parts.len(),
                    ("items", ..) => 0,
                    (_, _, Some(Plain::List(parts))) => parts.len(),
                    _ => return,
                };
                for (index, item) in items.iter().enumerate().skip(before) {
                    seen.items.insert(index);
                    self.at(index.to_string(), part, base, item);
                }
            }
            ("contains", part) => {
                let mut count = 0;
                for (index, item) in items.iter().enumerate() {
                    if self.accepts(part, base, item, &mut Seen::default()) {
                        seen.items.insert(index);
                        count += 1;
                    }
                }
                let least = map.get("minContains").and_then(number).unwrap_or(1.0);
                let most = map.get("maxContains").and_then(number).unwrap_or(f64::INFINITY);
                if !(least..=most).contains(&f64::from(count)) {
                    self.fail(keyword, format!("{count} items are valid under the schema of 'contains'"));
                }
            }
            _ => {}
        }
    }

    fn map(
        &mut self,
        map: &'a std::collections::BTreeMap<String, Plain>,
        keyword: &str,
        argument: &'a Plain,
        base: &str,
        members: &std::collections::BTreeMap<String, Plain>,
        seen: &mut Seen,
    ) {
        match (keyword, argument) {
            ("minProperties" | "maxProperties", limit) => {
                self.size(keyword, limit, members.len(), &Plain::Map(members.clone()));
            }
            ("required", Plain::List(names)) => self.required(keyword, names, members),
            ("properties", Plain::Map(parts)) => {
                for (name, part) in parts {
                    if let Some(member) = members.get(name) {
                        seen.members.insert(name.clone());
                        self.at(name.clone(), part, base, member);
                    }
                }
            }
            ("patternProperties", Plain::Map(parts)) => {
                for (pattern, part) in parts {
                    for (name, member) in members {
                        if self.schema.patterns.get(pattern).is_some_and(|pattern| pattern.is_match(name)) {
                            seen.members.insert(name.clone());
                            self.at(name.clone(), part, base, member);
                        }
                    }
                }
            }
            ("additionalProperties", part) => {
                for (name, member) in members {
                    let is_known =
                        matches!(map.get("properties"), Some(Plain::Map(parts)) if parts.contains_key(name));
                    let is_matched = matches!(map.get("patternProperties"), Some(Plain::Map(parts))
                    if parts.keys().any(|pattern| {
                        self.schema.patterns.get(pattern).is_some_and(|pattern| pattern.is_match(name))
                    }));
                    if is_known || is_matched {
                        continue;
                    }
                    seen.members.insert(name.clone());
                    if matches!(part, Plain::Boolean(false)) {
                        self.fail(keyword, format!("'{name}' was not expected"));
                    } else {
                        self.at(name.clone(), part, base, member);
                    }
                }
            }
            ("propertyNames", part) => {
                for name in members.keys() {
                    if !self.accepts(part, base, &Plain::Text(name.clone()), &mut Seen::default()) {
                        self.fail(keyword, format!("the name '{name}' is not valid"));
                    }
                }
            }
            ("dependentRequired" | "dependentSchemas" | "dependencies", Plain::Map(parts)) => {
                for (name, part) in parts {
                    if members.contains_key(name) {
                        match part {
                            Plain::List(names) => self.required(keyword, names, members),
                            part => self.part(part, base, &Plain::Map(members.clone()), seen),
                        }
                    }
                }
            }
            _ => {}
        }
    }

    fn required(
        &mut self,
        keyword: &str,
        names: &[Plain],
        members: &std::collections::BTreeMap<String, Plain>,
    ) {
        for name in names {
            if let Plain::Text(name) = name
                && !members.contains_key(name)
            {
                self.fail(keyword, format!("'{name}' is a required property"));
            }
        }
    }

    /// The keywords about what no other one has looked at; they come last.
    fn unevaluated(
        &mut self,
        map: &'a std::collections::BTreeMap<String, Plain>,
        base: &str,
        value: &Plain,
        seen: &mut Seen,
    ) {
        match value {
            Plain::Map(members) => {
                let Some(part) = map.get("unevaluatedProperties") else { return };
                for (name, member) in members {
                    if seen.members.insert(name.clone()) {
                        if matches!(part, Plain::Boolean(false)) {
                            self.fail("unevaluatedProperties", format!("'{name}' was not expected"));
                        } else {
                            self.at(name.clone(), part, base, member);
                        }
                    }
                }
            }
            Plain::List(items) => {
                let Some(part) = map.get("unevaluatedItems") else { return };
                for (index, item) in items.iter().enumerate() {
                    if seen.items.insert(index) {
                        self.at(index.to_string(), part, base, item);
                    }
                }
            }
            _ => {}
        }
    }
}

fn is_of(name: &Plain, value: &Plain) -> bool {
    let Plain::Text(name) = name else { return false };
    match name.as_str() {
        "null" => matches!(value, Plain::Null),
        "boolean" => matches!(value, Plain::Boolean(_)),
        "number" => matches!(value, Plain::Integer(_) | Plain::Float(_)),
        "integer" => match value {
            Plain::Integer(_) => true,
            Plain::Float(float) => float.is_finite() && float.trunc() == *float,
            _ => false,
        },
        "string" => matches!(value, Plain::Text(_)),
        "array" => matches!(value, Plain::List(_)),
        "object" => matches!(value, Plain::Map(_)),
        _ => false,
    }
}

fn compare(a: &Plain, b: &Plain) -> Option<std::cmp::Ordering> {
    match (a, b) {
        (Plain::Integer(a), Plain::Integer(b)) => Some(a.cmp(b)),
        _ => number(a)?.partial_cmp(&number(b)?),
    }
}

fn is_multiple(value: &Plain, of: &Plain) -> bool {
    if let (Plain::Integer(value), Plain::Integer(of)) = (value, of) {
        return *of != 0 && value.wrapping_rem(*of) == 0;
    }
    let (Some(value), Some(of)) = (number(value), number(of)) else { return false };
    let quotient = value / of;
    // Decimal fractions are not exact, so neither is this.
    quotient.is_finite() && (quotient - quotient.round()).abs() <= 1e-9 * quotient.abs().max(1.0)
}

/// Equality of JSON values: numbers by their value.
fn equal(a: &Plain, b: &Plain) -> bool {
    match (a, b) {
        (Plain::Integer(_) | Plain::Float(_), Plain::Integer(_) | Plain::Float(_)) => {
            compare(a, b).is_some_and(std::cmp::Ordering::is_eq)
        }
        (Plain::List(a), Plain::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (Plain::Map(a), Plain::Map(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|((ka, a), (kb, b))| ka == kb && equal(a, b))
        }
        _ => a == b,
    }
}

fn has_equals(items: &[Plain]) -> bool {
    // Equal values have equal texts, numbers apart; and long lists are mostly of one kind.
    if items.iter().all(|item| matches!(item, Plain::Text(_))) {
        let mut texts: Vec<&str> = items
            .iter()
            .filter_map(|item| if let Plain::Text(text) = item { Some(text.as_str()) } else { None })
            .collect();
        texts.sort_unstable();
        return texts.windows(2).any(|pair| pair[0] == pair[1]);
    }
    if items.iter().all(|item| matches!(item, Plain::Integer(_) | Plain::Float(_))) {
        let mut numbers: Vec<&Plain> = items.iter().collect();
        numbers.sort_by(|a, b| compare(a, b).unwrap_or(std::cmp::Ordering::Equal));
        return numbers.windows(2).any(|pair| equal(pair[0], pair[1]));
    }
    items.iter().enumerate().any(|(index, item)| items[..index].iter().any(|other| equal(item, other)))
}
