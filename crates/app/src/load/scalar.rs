//! What a plain YAML scalar means: the core schema of YAML 1.2, and octal with a leading zero.
//!
//! Only for unquoted text; quoted text is always text. Invariant: what is not clearly something else is text.

use crate::value::Value;

/// The value of a plain scalar.
pub fn resolve(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Boolean(true),
        "false" | "False" | "FALSE" => return Value::Boolean(false),
        ".nan" | ".NaN" | ".NAN" => return Value::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Value::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Value::Float(f64::NEG_INFINITY),
        _ => {}
    }
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) {
        return Value::text(text);
    }
    integer(text).or_else(|| float(text)).unwrap_or_else(|| Value::text(text))
}

fn integer(text: &str) -> Option<Value> {
    let (sign, digits) = match text.as_bytes()[0] {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (1, text),
    };
    let based = |digits: &str, base| {
        let fine = !digits.is_empty() && digits.chars().all(|c| c.is_digit(base));
        fine.then(|| i64::from_str_radix(digits, base).ok().map(|n| Value::Integer(sign * n)))?
    };
    if let Some(hex) = digits.strip_prefix("0x") {
        return based(hex, 16);
    }
    if let Some(octal) = digits.strip_prefix("0o") {
        return based(octal, 8);
    }
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    // File modes are written 0600.
    if digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|b| b < b'8') {
        return based(digits, 8);
    }
    // What does not fit is a float, as for any number with a fraction.
    Some(text.parse::<i64>().map_or_else(|_| Value::Float(text.parse().unwrap_or(f64::NAN)), Value::Integer))
}

/// `[-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`
fn float(text: &str) -> Option<Value> {
    let body = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match body.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (body, None),
    };
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent_fine = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !exponent.is_empty() && digits(exponent)
    });
    (digits(whole) && digits(fraction) && !(whole.is_empty() && fraction.is_empty()) && exponent_fine)
        .then(|| text.parse().ok().map(Value::Float))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_core_schema() {
        let cases: &[(&str, Value)] = &[
            ("", Value::Null),
            ("~", Value::Null),
            ("true", Value::Boolean(true)),
            ("no", Value::from("no")),
            ("12", Value::Integer(12)),
            ("-12", Value::Integer(-12)),
            ("0600", Value::Integer(384)),
            ("0o600", Value::Integer(384)),
            ("010", Value::Integer(8)),
            ("09", Value::Integer(9)),
            ("0x1F", Value::Integer(31)),
            ("0", Value::Integer(0)),
            ("1.0", Value::Float(1.0)),
            ("1.", Value::Float(1.0)),
            (".5", Value::Float(0.5)),
            ("1e3", Value::Float(1000.0)),
            ("9223372036854775808", Value::Float(9_223_372_036_854_775_808.0)),
            (":8080", Value::from(":8080")),
            ("1.2.3", Value::from("1.2.3")),
            ("1e", Value::from("1e")),
            (".", Value::from(".")),
            ("-", Value::from("-")),
            ("0x", Value::from("0x")),
            ("5s", Value::from("5s")),
            ("2026-01-31", Value::from("2026-01-31")),
            ("-.inf", Value::Float(f64::NEG_INFINITY)),
        ];
        for (text, value) in cases {
            assert_eq!(&resolve(text), value, "{text}");
        }
    }
}
