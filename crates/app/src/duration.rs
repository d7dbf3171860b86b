//! Spans of time as configuration writes them: `500ms`, `1m30s`, `2h45m`.
//!
//! Never negative. Invariant: nothing overflows silently; what does not fit in 64 bits of nanoseconds is an error.

use std::time::Duration;

use crate::value::Value;

/// Reads a duration. A bare `0` means none.
///
/// # Errors
/// What is wrong with the text, as a phrase.
pub fn parse(text: &str) -> Result<Duration, String> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let wrong = || format!("invalid duration \"{text}\" (examples: 500ms, 5s, 1m30s)");
    let mut rest = text;
    let mut total: f64 = 0.0;
    let mut exact: u128 = 0;
    let mut parts = 0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(rest.len());
        let (number, tail) = rest.split_at(end);
        let end = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(end);
        let scale: u64 = match unit {
            "ns" => 1,
            "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            "" => return Err(format!("missing unit in duration \"{text}\" (examples: 500ms, 5s, 1m30s)")),
            _ => {
                return Err(format!(
                    "unknown unit \"{unit}\" in duration \"{text}\" (known: ns us ms s m h)"
                ));
            }
        };
        match number.parse::<u64>() {
            Ok(number) => exact += u128::from(number) * u128::from(scale),
            Err(_) => total += number.parse::<f64>().map_err(|_| wrong())? * scale as f64,
        }
        rest = tail;
        parts += 1;
    }
    let nanos = exact + total as u128;
    match u64::try_from(nanos) {
        Ok(nanos) if parts > 0 && nanos <= i64::MAX as u64 => Ok(Duration::from_nanos(nanos)),
        Ok(_) if parts == 0 => Err(wrong()),
        _ => Err(format!("duration \"{text}\" is too long")),
    }
}

/// Reads a duration from an entry: text, or the number 0.
///
/// # Errors
/// What is wrong with it, as a phrase.
pub fn from_value(value: &Value) -> Result<Duration, String> {
    match value {
        Value::Text(text) => parse(text),
        Value::Integer(0) => Ok(Duration::ZERO),
        Value::Float(number) if *number == 0.0 => Ok(Duration::ZERO),
        Value::Integer(number) => parse(&number.to_string()),
        other => Err(format!("expected a duration such as 5s, got {}", other.sort())),
    }
}

/// The compact form: `1m30s`, `1.5s`, `250ms`, `0s`.
pub fn show(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    let decimal = |whole: u128, part: u128, width: usize, unit: &str| {
        let digits = format!("{part:0width$}");
        match digits.trim_end_matches('0') {
            "" => format!("{whole}{unit}"),
            digits => format!("{whole}.{digits}{unit}"),
        }
    };
    match nanos {
        0 => "0s".to_owned(),
        1..1_000 => format!("{nanos}ns"),
        1_000..1_000_000 => decimal(nanos / 1_000, nanos % 1_000, 3, "\u{b5}s"),
        1_000_000..1_000_000_000 => decimal(nanos / 1_000_000, nanos % 1_000_000, 6, "ms"),
        _ => {
            let seconds = nanos / 1_000_000_000;
            let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
            let tail = decimal(seconds % 60, nanos % 1_000_000_000, 9, "s");
            match (hours, minutes) {
                (0, 0) => tail,
                (0, _) => format!("{minutes}m{tail}"),
                _ => format!("{hours}h{minutes}m{tail}"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_add_up() {
        let millis = |text| parse(text).map(|d| d.as_millis());
        assert_eq!(millis("500ms"), Ok(500));
        assert_eq!(millis("1m30s"), Ok(90_000));
        assert_eq!(millis("2h45m"), Ok(9_900_000));
        assert_eq!(millis("1.5s"), Ok(1_500));
        assert_eq!(millis("0"), Ok(0));
        assert_eq!(parse("7us"), Ok(Duration::from_micros(7)));
    }

    #[test]
    fn nonsense_is_named() {
        for (text, part) in [
            ("5", "missing unit"),
            ("1d", "unknown unit \"d\""),
            ("", "invalid"),
            ("s", "invalid"),
            ("1..5s", "invalid"),
            ("9999999999h", "too long"),
            ("-1s", ""),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
        assert!(from_value(&Value::Integer(5)).is_err());
        assert_eq!(from_value(&Value::Integer(0)), Ok(Duration::ZERO));
    }

    #[test]
    fn shown_compactly() {
        for text in ["0s", "250ms", "1.5s", "1m30s", "2h45m0s", "17ns", "1.5\u{b5}s"] {
            assert_eq!(
                show(parse(text.replace("0s", if text == "0s" { "0ns" } else { "0s" }).as_str()).unwrap()),
                text
            );
        }
    }
}
