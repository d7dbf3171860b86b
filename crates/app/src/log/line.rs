//! One log line in its three layouts.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use wippy_stdlib::json::quote;
pub use wippy_stdlib::logger::Level;

use crate::value::{Map, Value};

/// The word as JSON lines have it.
fn lower(level: Level) -> &'static str {
    match level {
        Level::Debug => "debug",
        Level::Info => "info",
        Level::Warn => "warn",
        Level::Error => "error",
    }
}

fn paint(level: Level) -> &'static str {
    match level {
        Level::Debug => "\x1b[35m",
        Level::Info => "\x1b[34m",
        Level::Warn => "\x1b[33m",
        Level::Error => "\x1b[31m",
    }
}

/// How lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Tabs between date, level, name, message and fields.
    Plain,
    /// For people: elapsed seconds, padded columns, perhaps colours.
    Console {
        /// Whether colours are used.
        colour: bool,
    },
    /// One JSON object per line.
    Json,
}

/// A line to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// How important.
    pub level: Level,
    /// Who says it.
    pub name: String,
    /// What.
    pub message: String,
    /// More about it, sorted by key.
    pub fields: Map,
}

impl Line {
    /// The text, ending in a newline. `at` is the time of day, `elapsed` the time since the program began.
    pub fn text(&self, layout: Layout, at: SystemTime, elapsed: Duration) -> String {
        let mut out = String::new();
        match layout {
            Layout::Plain => {
                let _ = write!(
                    out,
                    "{}\t{}\t{}\t{}",
                    date(at, ' ', ""),
                    self.level.word(),
                    self.name,
                    clean(&self.message)
                );
                if !self.fields.is_empty() {
                    out.push('\t');
                    spaced(&Value::Map(self.fields.clone()), &mut out);
                }
            }
            Layout::Console { colour } => {
                let (on, off) = if colour { (paint(self.level), "\x1b[0m") } else { ("", "") };
                let _ = write!(
                    out,
                    "{:6.2}s {on}{:5}{off} {:12} {}",
                    elapsed.as_secs_f64(),
                    self.level.word(),
                    self.name,
                    clean(&self.message)
                );
                if !self.fields.is_empty() {
                    out.push(' ');
                    spaced(&Value::Map(self.fields.clone()), &mut out);
                }
            }
            Layout::Json => {
                let mut map = self.fields.clone();
                map.insert("level".into(), lower(self.level).into());
                map.insert("ts".into(), date(at, 'T', "Z").as_str().into());
                map.insert("logger".into(), self.name.as_str().into());
                map.insert("msg".into(), self.message.as_str().into());
                spaced(&Value::Map(map), &mut out);
            }
        }
        out.push('\n');
        out
    }
}

/// Line ends and control characters of a message cannot forge another line.
fn clean(text: &str) -> String {
    if !text.contains(|c: char| c.is_control() && c != '\t') {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() && c != '\t' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// JSON with one space behind `:` and `,`.
fn spaced(value: &Value, out: &mut String) {
    match value {
        Value::List(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                spaced(item, out);
            }
            out.push(']');
        }
        Value::Map(map) => {
            out.push('{');
            for (at, (key, item)) in map.iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                quote(key, out);
                out.push_str(": ");
                spaced(item, out);
            }
            out.push('}');
        }
        other => out.push_str(&crate::print::json(other)),
    }
}

/// `2026-01-31 10:00:00`, in UTC, with milliseconds when there is a zone behind it.
fn date(at: SystemTime, between: char, zone: &str) -> String {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (days, seconds) = ((since.as_secs() / 86_400) as i64, since.as_secs() % 86_400);
    // Days since 1970 to a date of the proleptic Gregorian calendar, in eras of 400 years that begin in March.
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let fraction = if zone.is_empty() { String::new() } else { format!(".{:03}", since.subsec_millis()) };
    format!(
        "{year:04}-{month:02}-{day:02}{between}{:02}:{:02}:{:02}{fraction}{zone}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line() -> Line {
        let fields =
            [("b".into(), Value::List(vec![Value::Integer(1), Value::Float(2.0)])), ("a".into(), "x".into())];
        Line {
            level: Level::Info,
            name: "app".into(),
            message: "two\nlines".into(),
            fields: fields.into_iter().collect(),
        }
    }

    #[test]
    fn the_three_layouts() {
        let at = UNIX_EPOCH + Duration::from_millis(1_769_853_600_250);
        let text = |layout| line().text(layout, at, Duration::from_millis(1234));
        assert_eq!(
            text(Layout::Plain),
            "2026-01-31 10:00:00\tINFO\tapp\ttwo\\nlines\t{\"a\": \"x\", \"b\": [1, 2.0]}\n"
        );
        assert_eq!(
            text(Layout::Console { colour: false }),
            "  1.23s INFO  app          two\\nlines {\"a\": \"x\", \"b\": [1, 2.0]}\n"
        );
        assert_eq!(
            text(Layout::Json),
            "{\"a\": \"x\", \"b\": [1, 2.0], \"level\": \"info\", \"logger\": \"app\", \"msg\": \"two\\nlines\", \"ts\": \"2026-01-31T10:00:00.250Z\"}\n"
        );
    }

    #[test]
    fn dates() {
        let at = |seconds: u64| date(UNIX_EPOCH + Duration::from_secs(seconds), ' ', "");
        assert_eq!(at(0), "1970-01-01 00:00:00");
        assert_eq!(at(951_782_399), "2000-02-28 23:59:59");
        assert_eq!(at(951_868_800), "2000-03-01 00:00:00");
        assert_eq!(at(4_102_444_799), "2099-12-31 23:59:59");
    }
}
