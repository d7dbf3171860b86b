//! Pids as text: `{host|0x00001}`.
//!
//! Everything inside works with numbers; this is the only place that knows the text. A host is part of the text for
//! people and for routing, not for identity.

use smallvec::SmallVec;
use wippy_scheduler::Pid;

/// The text of a pid. Every spawn and every event makes one, so it needs no allocation unless its host's name is long.
pub(crate) struct PidText(SmallVec<[u8; 64]>);

impl PidText {
    /// The number has 5 digits, or 6, 8 or 16 if it needs them; nobody is `{|}`.
    pub(crate) fn new(host: &str, pid: Pid) -> PidText {
        let number = pid.raw();
        let digits = match number {
            0 => return PidText(SmallVec::from_slice(b"{|}")),
            1..=0xf_ffff => 5,
            0x10_0000..=0xff_ffff => 6,
            0x100_0000..=0xffff_ffff => 8,
            _ => 16,
        };
        let mut text = SmallVec::with_capacity(host.len() + digits + 5);
        text.push(b'{');
        text.extend_from_slice(host.as_bytes());
        let mut rest = *b"|0x0000000000000000}";
        let all = [hexadecimal((number >> 32) as u32), hexadecimal(number as u32)];
        let end = 3 + digits;
        rest[3..end].copy_from_slice(&all.as_flattened()[16 - digits..]);
        rest[end] = b'}';
        text.extend_from_slice(&rest[..=end]);
        PidText(text)
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Eight digits at once; formatting costs ten times as much.
fn hexadecimal(number: u32) -> [u8; 8] {
    let mut places = u64::from(number);
    places = (places << 16 | places) & 0x0000_ffff_0000_ffff;
    places = (places << 8 | places) & 0x00ff_00ff_00ff_00ff;
    places = (places << 4 | places) & 0x0f0f_0f0f_0f0f_0f0f;
    let letters = (places + 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101;
    (places + 0x3030_3030_3030_3030 + letters * u64::from(b'a' - b'9' - 1)).to_be_bytes()
}

impl From<PidText> for String {
    fn from(text: PidText) -> String {
        String::from_utf8_lossy(&text.0).into_owned()
    }
}

/// Writes a pid as scripts see it. The number has 5 digits, or 6, 8 or 16 if it needs them; nobody is `{|}`.
pub fn format_pid(host: &str, pid: Pid) -> String {
    PidText::new(host, pid).into()
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
        for number in [0_u32, 1, 9, 10, 0xf0, 0x0123_4567, 0x89ab_cdef, 0xfedc_ba98, u32::MAX] {
            assert_eq!(hexadecimal(number), format!("{number:08x}").as_bytes());
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
