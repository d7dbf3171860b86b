//! Pids as text: `{host|0x00001}`.
//!
//! Everything inside works with numbers; this is the only place that knows the text. A host is part of the text for
//! people and for routing, not for identity.

use wippy_scheduler::Pid;

/// Writes a pid as scripts see it. The number has 5 digits, or 6, 8 or 16 if it needs them; nobody is `{|}`.
pub fn format_pid(host: &str, pid: Pid) -> String {
    let number = pid.raw();
    let digits = match number {
        0 => return "{|}".to_owned(),
        1..=0xf_ffff => 5,
        0x10_0000..=0xff_ffff => 6,
        0x100_0000..=0xffff_ffff => 8,
        _ => 16,
    };
    // Written by hand: every spawn and every event needs it, and formatting costs ten times as much.
    let mut text = String::with_capacity(host.len() + digits + 5);
    text.push('{');
    text.push_str(host);
    text.push_str("|0x");
    for place in (0..digits).rev() {
        let digit = (number >> (4 * place)) as usize & 15;
        text.push(char::from(b"0123456789abcdef"[digit]));
    }
    text.push('}');
    text
}

/// Why a text is no pid.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PidError {
    /// It does not stand in braces.
    Braces,
    /// There is no `|`.
    Pipe,
    /// What follows the `|` is no number of a process.
    Number,
}

impl std::fmt::Display for PidError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            PidError::Braces => "invalid pid format: missing braces",
            PidError::Pipe => "invalid pid format: missing pipe",
            PidError::Number => "invalid pid format: not a number",
        })
    }
}

impl std::error::Error for PidError {}

/// Reads a pid: host and number. The old form in three parts counts from its second pipe.
///
/// # Errors
/// When the text is no pid.
pub fn parse_pid(text: &[u8]) -> Result<(&[u8], Pid), PidError> {
    let inner = match text {
        [b'{', inner @ .., b'}'] if !inner.is_empty() => inner,
        _ => return Err(PidError::Braces),
    };
    let pipe = inner.iter().position(|&b| b == b'|').ok_or(PidError::Pipe)?;
    let last = inner.iter().rposition(|&b| b == b'|').unwrap_or(pipe);
    let (host, digits) = (&inner[..pipe], &inner[last + 1..]);
    if host.is_empty() && digits.is_empty() {
        return Ok((host, Pid::SYSTEM));
    }
    let Some(digits) = digits.strip_prefix(b"0x").filter(|digits| (1..=16).contains(&digits.len())) else {
        return Err(PidError::Number);
    };
    let mut number = 0;
    for digit in digits {
        let value = (*digit as char).to_digit(16).ok_or(PidError::Number)?;
        number = number << 4 | u64::from(value);
    }
    Ok((host, Pid::from_raw(number)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pids_are_read_as_they_are_written() {
        for number in
            [1, 0xabc, 0xf_ffff, 0x10_0000, 0xff_ffff, 0x100_0000, 0xffff_ffff, 0x1_0000_0000, u64::MAX]
        {
            let text = format_pid("app:processes", Pid::from_raw(number));
            assert_eq!(
                parse_pid(text.as_bytes()),
                Ok((&b"app:processes"[..], Pid::from_raw(number))),
                "{text}"
            );
        }
        assert_eq!(format_pid("h", Pid::from_raw(1)), "{h|0x00001}");
        assert_eq!(format_pid("h", Pid::from_raw(0x10_0000)), "{h|0x100000}");
        assert_eq!(format_pid("h", Pid::SYSTEM), "{|}");
        assert_eq!(parse_pid(b"{|}"), Ok((&b""[..], Pid::SYSTEM)));
        assert_eq!(parse_pid(b"{h|x|0x00001}"), Ok((&b"h"[..], Pid::from_raw(1))));
    }

    #[test]
    fn other_texts_are_names() {
        for (text, error) in [
            ("", PidError::Braces),
            ("{}", PidError::Braces),
            ("name", PidError::Braces),
            ("{name}", PidError::Pipe),
            ("{h|}", PidError::Number),
            ("{h|1}", PidError::Number),
            ("{h|0x}", PidError::Number),
            ("{h|0xfffffffffffffffff}", PidError::Number),
            ("{h|0xg}", PidError::Number),
        ] {
            assert_eq!(parse_pid(text.as_bytes()), Err(error), "{text}");
        }
    }
}
