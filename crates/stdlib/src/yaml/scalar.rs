//! What a YAML scalar without quotes means: the core schema, binary and octal numbers, `_` in numbers, and dates.
//!
//! Pure. Invariant: what is not clearly something else is text.

use crate::neutral::Neutral;

/// What is wrong with a scalar.
pub(super) type Fault = String;

/// The value of a scalar without quotes and tag.
///
/// # Errors
/// An integer that is too large for one and not for 64 bits.
pub(super) fn plain(text: &str) -> Result<Neutral, Fault> {
    if let Some(known) = word(text) {
        return Ok(known);
    }
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) {
        return Ok(Neutral::Text(text.as_bytes().into()));
    }
    if let Some(integer) = integer(text) {
        return integer;
    }
    if let Some(seconds) = timestamp(text) {
        return Ok(Neutral::Float(seconds));
    }
    Ok(float(text).map_or_else(|| Neutral::Text(text.as_bytes().into()), Neutral::Float))
}

/// Whether a text without quotes would be something else than this text.
pub(super) fn is_taken(text: &str) -> bool {
    const WORDS: [&str; 6] = ["y", "n", "yes", "no", "on", "off"];
    !matches!(plain(text), Ok(Neutral::Text(_))) || WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

fn word(text: &str) -> Option<Neutral> {
    Some(match text {
        "" | "~" | "null" | "Null" | "NULL" => Neutral::Null,
        "true" | "True" | "TRUE" => Neutral::Boolean(true),
        "false" | "False" | "FALSE" => Neutral::Boolean(false),
        ".nan" | ".NaN" | ".NAN" => Neutral::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Neutral::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Neutral::Float(f64::NEG_INFINITY),
        _ => return None,
    })
}

fn integer(text: &str) -> Option<Result<Neutral, Fault>> {
    let (negative, body) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (digits, base) = if let Some(digits) = body.strip_prefix("0x") {
        (digits, 16)
    } else if let Some(digits) = body.strip_prefix("0o") {
        (digits, 8)
    } else if let Some(digits) = body.strip_prefix("0b") {
        (digits, 2)
    } else if body.len() > 1
        && body.starts_with('0')
        && body.bytes().all(|byte| matches!(byte, b'0'..=b'7' | b'_'))
    {
        (body, 8)
    } else {
        (body, 10)
    };
    let fine = digits.starts_with(|c: char| c.is_digit(base))
        && digits.chars().all(|c| c == '_' || c.is_digit(base));
    if !fine {
        return None;
    }
    let digits: String = digits.chars().filter(|c| *c != '_').collect();
    Some(match u128::from_str_radix(&digits, base) {
        Ok(magnitude) => {
            let value = i128::try_from(magnitude).unwrap_or(i128::MAX);
            let value = if negative { -value } else { value };
            match i64::try_from(value) {
                Ok(integer) => Ok(Neutral::Integer(integer)),
                Err(_) if u64::try_from(value).is_ok() => Err(format!("integer {text} overflows")),
                Err(_) => Ok(Neutral::Float(value as f64)),
            }
        }
        Err(_) if base == 10 => Ok(Neutral::Float(
            digits.parse::<f64>().unwrap_or(f64::INFINITY) * if negative { -1.0 } else { 1.0 },
        )),
        Err(_) => Err(format!("integer {text} overflows")),
    })
}

/// `[-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`, with `_` between digits; none if it is not finite.
fn float(text: &str) -> Option<f64> {
    let body = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match body.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (body, None),
    };
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let any = |part: &str| part.bytes().any(|byte| byte.is_ascii_digit());
    let exponent_fine = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        any(exponent) && exponent.bytes().all(|byte| byte.is_ascii_digit())
    });
    if !(digits(whole) && digits(fraction) && (any(whole) || any(fraction)) && exponent_fine) {
        return None;
    }
    let text: String = text.chars().filter(|c| *c != '_').collect();
    text.parse().ok().filter(|float: &f64| float.is_finite())
}

/// Seconds since 1970 of `2024-01-15`, or of a date with a time and perhaps an offset (UTC if none).
pub(super) fn timestamp(text: &str) -> Option<f64> {
    let bytes = text.as_bytes();
    let number = |part: &str| -> Option<i64> {
        (!part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())).then(|| part.parse().ok())?
    };
    if bytes.len() < 8 || bytes[4] != b'-' || !text.is_ascii() {
        return None;
    }
    let (year, rest) = (number(&text[..4])?, &text[5..]);
    let (month, rest) = rest.split_once('-')?;
    let month_width = month.len();
    let day_width = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (day, rest) = rest.split_at(day_width);
    let (month, day) = (number(month)?, number(day)?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let length = *days.get(usize::try_from(month.checked_sub(1)?).ok()?)?;
    if month_width > 2 || day_width > 2 || !(1..=length).contains(&day) {
        return None;
    }
    // Days since 1970 of the first day of a year that begins in March.
    let shifted = if month > 2 { year } else { year - 1 };
    let month_day = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days =
        365 * shifted + shifted.div_euclid(4) - shifted.div_euclid(100) + shifted.div_euclid(400) + month_day
            - 719_468;
    let midnight = days * 86_400;
    if rest.is_empty() {
        return (month_width == 2 && day_width == 2).then_some(midnight as f64);
    }
    let rest =
        rest.strip_prefix(['T', 't']).or_else(|| rest.strip_prefix([' ', '\t']).map(str::trim_start))?;
    let end = rest.find(|c: char| !(c.is_ascii_digit() || matches!(c, ':' | '.'))).unwrap_or(rest.len());
    let (clock, zone) = rest.split_at(end);
    let mut parts = clock.split(':');
    let (hour, minute, second) = (number(parts.next()?)?, number(parts.next()?)?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let (whole, fraction) = second.split_once('.').unwrap_or((second, "0"));
    let (whole, fraction) =
        (number(whole)?, format!("0.{}", number(fraction).map(|_| fraction)?).parse::<f64>().ok()?);
    if hour > 23 || minute > 59 || whole > 60 {
        return None;
    }
    let offset = match zone.trim() {
        "" | "Z" | "z" => 0,
        zone => {
            let sign = match zone.as_bytes()[0] {
                b'+' => 1,
                b'-' => -1,
                _ => return None,
            };
            let (hours, minutes) = match zone[1..].split_once(':') {
                Some((hours, minutes)) => (number(hours)?, number(minutes)?),
                None => (number(&zone[1..])?, 0),
            };
            sign * (hours * 3600 + minutes * 60)
        }
    };
    Some((midnight + hour * 3600 + minute * 60 + whole - offset) as f64 + fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_without_quotes() {
        let text = |text: &str| Neutral::Text(text.as_bytes().into());
        let cases: Vec<(&str, Neutral)> = vec![
            ("", Neutral::Null),
            ("~", Neutral::Null),
            ("True", Neutral::Boolean(true)),
            ("yes", text("yes")),
            ("12", Neutral::Integer(12)),
            ("-1_000", Neutral::Integer(-1000)),
            ("017", Neutral::Integer(15)),
            ("0o17", Neutral::Integer(15)),
            ("0o8", text("0o8")),
            ("0x1F", Neutral::Integer(31)),
            ("0b101", Neutral::Integer(5)),
            ("09", Neutral::Integer(9)),
            (".5", Neutral::Float(0.5)),
            ("1.", Neutral::Float(1.0)),
            ("1e3", Neutral::Float(1000.0)),
            ("-.inf", Neutral::Float(f64::NEG_INFINITY)),
            ("1e999", text("1e999")),
            ("12:30:45", text("12:30:45")),
            ("1.2.3", text("1.2.3")),
            ("-", text("-")),
            ("-9223372036854775808", Neutral::Integer(i64::MIN)),
            ("18446744073709551616", Neutral::Float(18_446_744_073_709_551_616.0)),
            ("2024-01-15", Neutral::Float(1_705_276_800.0)),
            ("2024-02-30", text("2024-02-30")),
            ("1970-01-01T00:00:01Z", Neutral::Float(1.0)),
            ("2001-12-14t21:59:43.10-05:00", Neutral::Float(1_008_385_183.1)),
            ("2001-12-14 21:59:43.10 -5", Neutral::Float(1_008_385_183.1)),
            ("2024-1-5", text("2024-1-5")),
        ];
        for (source, value) in cases {
            assert_eq!(plain(source).expect("it fits"), value, "{source}");
        }
        assert!(plain("9223372036854775808").is_err());
        assert!(is_taken("no") && is_taken("1") && is_taken("~") && is_taken("OFF") && !is_taken("word"));
    }
}
