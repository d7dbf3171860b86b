//! What the end of a terminal process means for the program: text and exit code.
//!
//! Pure. The low eight bits of a code are what the operating system reports.

use crate::value::Value;

/// How the program ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgramEnd {
    /// The exit code.
    pub code: u8,
    /// What goes to standard output, without the newline behind it.
    pub out: Option<String>,
}

/// The end for a value that the process returned.
pub fn of_value(value: &Value) -> ProgramEnd {
    let code = |code: u8| ProgramEnd { code, out: None };
    match value {
        Value::Null | Value::List(_) | Value::Map(_) | Value::Boolean(true) => code(0),
        Value::Boolean(false) => code(1),
        Value::Integer(number) => code((*number & 0xff) as u8),
        Value::Float(number) if number.is_finite() => code((number.trunc().rem_euclid(256.0)) as u8),
        Value::Float(_) => code(1),
        Value::Text(text) => ProgramEnd { code: 0, out: Some(text.to_string()) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes() {
        let code = |value: Value| of_value(&value).code;
        assert_eq!(code(Value::Null), 0);
        assert_eq!(code(Value::Integer(7)), 7);
        assert_eq!(code(Value::Integer(-1)), 255);
        assert_eq!(code(Value::Integer(256)), 0);
        assert_eq!(code(Value::Float(3.9)), 3);
        assert_eq!(code(Value::Float(-1.5)), 255);
        assert_eq!(code(Value::Float(f64::NAN)), 1);
        assert_eq!(code(Value::Boolean(false)), 1);
        assert_eq!(of_value(&"bye".into()), ProgramEnd { code: 0, out: Some("bye".into()) });
    }
}
