//! Data of entries: what YAML and JSON can say, independent of any heap.
//!
//! Not a Lua value: maps have text keys and no identity. Invariant: an integer stays an integer and a float a float
//! from the file to whoever reads the entry.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// A map; keys are sorted, so that whatever is printed from it is repeatable.
pub type Map = BTreeMap<Arc<str>, Value>;

/// One value inside an entry.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value {
    /// Nothing.
    #[default]
    Null,
    /// A truth value.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// Another number.
    Float(f64),
    /// Text.
    Text(Arc<str>),
    /// Values in order.
    List(Vec<Value>),
    /// Named values.
    Map(Map),
}

impl Value {
    /// A text value.
    pub fn text(text: impl Into<Arc<str>>) -> Value {
        Value::Text(text.into())
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The map, if it is one.
    pub fn as_map(&self) -> Option<&Map> {
        match self {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The items, if it is a list.
    pub fn as_list(&self) -> Option<&[Value]> {
        match self {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    /// The whole number; a float without a fraction counts.
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Value::Integer(number) => Some(*number),
            // Exactly representable bounds, so that the conversion below cannot saturate.
            Value::Float(number) if number.fract() == 0.0 && number.abs() < 9.0e18 => Some(*number as i64),
            _ => None,
        }
    }

    /// The number as a float.
    pub fn as_float(&self) -> Option<f64> {
        match self {
            Value::Integer(number) => Some(*number as f64),
            Value::Float(number) => Some(*number),
            _ => None,
        }
    }

    /// The truth value, if it is one.
    pub fn as_boolean(&self) -> Option<bool> {
        match self {
            Value::Boolean(flag) => Some(*flag),
            _ => None,
        }
    }

    /// The value of a key, if this is a map that has it.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.as_map()?.get(key)
    }

    /// The value below a path of keys.
    pub fn at(&self, path: &[&str]) -> Option<&Value> {
        path.iter().try_fold(self, |value, key| value.get(key))
    }

    /// What sort of value it is, for messages.
    pub fn sort(&self) -> &'static str {
        match self {
            Value::Null => "nothing",
            Value::Boolean(_) => "a boolean",
            Value::Integer(_) => "an integer",
            Value::Float(_) => "a number",
            Value::Text(_) => "a string",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }

    /// Whether it is one of the values without parts.
    pub fn is_scalar(&self) -> bool {
        !matches!(self, Value::List(_) | Value::Map(_))
    }

    /// A scalar as text, as a variable or a program argument sees it; `None` for lists and maps.
    pub fn scalar_text(&self) -> Option<Arc<str>> {
        match self {
            Value::Text(text) => Some(Arc::clone(text)),
            Value::List(_) | Value::Map(_) => None,
            other => Some(other.to_string().into()),
        }
    }

    /// Equal by value, where `1` and `1.0` are the same number.
    pub fn same(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::Integer(a), Value::Float(b)) | (Value::Float(b), Value::Integer(a)) => {
                *a as f64 == *b && b.abs() < 9.0e18 && *b as i64 == *a
            }
            _ => self == other,
        }
    }

    /// Sets the value below a path of keys, making maps on the way. What stood in the way and is no map is replaced.
    pub fn set(&mut self, path: &[&str], new: Value) {
        let Some((key, rest)) = path.split_first() else {
            *self = new;
            return;
        };
        if !matches!(self, Value::Map(_)) {
            *self = Value::Map(Map::new());
        }
        if let Value::Map(map) = self {
            map.entry(Arc::from(*key)).or_default().set(rest, new);
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::text(text)
    }
}

/// Scalars as they would be written, lists and maps as JSON.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => Ok(()),
            Value::Text(text) => f.write_str(text),
            other => f.write_str(&crate::print::json(other)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn setting_makes_maps_on_the_way() {
        let mut value = Value::Integer(1);
        value.set(&["a", "b"], Value::Boolean(true));
        value.set(&["a", "c"], Value::from("x"));
        assert_eq!(value.at(&["a", "b"]), Some(&Value::Boolean(true)));
        assert_eq!(value.at(&["a", "c"]).and_then(Value::as_text), Some("x"));
        assert_eq!(value.at(&["a", "b", "c"]), None);
    }

    #[test]
    fn numbers_are_the_same_by_value_and_keep_their_nature() {
        assert!(Value::Integer(1).same(&Value::Float(1.0)));
        assert!(!Value::Integer(i64::MAX).same(&Value::Float(9_223_372_036_854_775_807.0)));
        assert_ne!(Value::Integer(1), Value::Float(1.0));
        assert_eq!(Value::Float(2.0).as_integer(), Some(2));
        assert_eq!(Value::Float(f64::NAN).as_integer(), None);
        assert_eq!(Value::Float(1e300).as_integer(), None);
    }
}
