//! Binary layouts of `string.pack` and `string.unpack` (Lua 5.3 manual, section 6.4.2).
//!
//! Sizes are those of the reference platform: `int` 4 bytes, `long` and `size_t` 8; little-endian unless the format says
//! otherwise, whatever machine this runs on. The natives stand behind the format reader and the codecs they use.

use std::fmt;

use wippy_vm::{Context, Error, Outcome, Result, Value};

/// Largest size of an integer, and largest alignment, in bytes (specified).
const MAX_INTEGER_SIZE: usize = 16;

/// Alignment that `!` alone asks for: that of the widest basic type.
const NATIVE_ALIGNMENT: usize = 8;

/// Size of a Lua integer in bytes.
const INTEGER_SIZE: usize = 8;

/// Largest result of `packsize`, and largest number in a format (chosen to equal the reference implementation).
pub const MAX_SIZE: usize = i32::MAX as usize;

/// What is wrong with a format text, a value for it, or the data.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum PackError {
    /// No such option.
    UnknownOption(u8),
    /// An integral size that is not in 1 to 16.
    SizeOutOfLimits(usize),
    /// `c` without a number.
    MissingSize,
    /// `X` in front of something without an alignment. A fault of argument 1.
    InvalidNextOption,
    /// A fault of argument 1.
    AlignmentNotPowerOfTwo,
    /// A fault of the value.
    IntegerOverflow,
    /// A fault of the value.
    UnsignedOverflow,
    /// The bytes of an integer of this size hold more than a Lua integer can.
    DoesNotFit(usize),
}

impl PackError {
    /// Whether the fault is one of the argument that holds the format, rather than an error on its own.
    #[must_use]
    pub fn blames_format(self) -> bool {
        matches!(self, Self::InvalidNextOption | Self::AlignmentNotPowerOfTwo)
    }
}

impl fmt::Display for PackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::UnknownOption(byte @ b' '..=b'~') => {
                write!(f, "invalid format option '{}'", char::from(byte))
            }
            Self::UnknownOption(byte) => write!(f, "invalid format option '<\\{byte}>'"),
            Self::SizeOutOfLimits(size) => {
                write!(f, "integral size ({size}) out of limits [1,{MAX_INTEGER_SIZE}]")
            }
            Self::MissingSize => f.write_str("missing size for format option 'c'"),
            Self::InvalidNextOption => f.write_str("invalid next option for option 'X'"),
            Self::AlignmentNotPowerOfTwo => f.write_str("format asks for alignment not power of 2"),
            Self::IntegerOverflow => f.write_str("integer overflow"),
            Self::UnsignedOverflow => f.write_str("unsigned overflow"),
            Self::DoesNotFit(size) => write!(f, "{size}-byte integer does not fit into Lua Integer"),
        }
    }
}

impl std::error::Error for PackError {}

/// What an option of the format stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A signed integer.
    Signed,
    /// An unsigned integer.
    Unsigned,
    /// A single-precision float.
    Single,
    /// A double-precision float.
    Double,
    /// A text of exactly the field's size.
    Fixed,
    /// A text behind its length, which is an unsigned integer of the field's size.
    Counted,
    /// A text that ends with a zero byte.
    ZeroEnded,
    /// One byte of padding.
    Padding,
    /// Nothing but the padding in front of it, or a setting.
    Nothing,
}

/// One option, read together with the state of the format at its place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Field {
    /// What it stands for.
    pub kind: Kind,
    /// Its bytes; of a [`Kind::Counted`], those of the length alone.
    pub size: usize,
    /// Bytes of padding in front of it.
    pub padding: usize,
    /// Whether the least significant byte comes first.
    pub little: bool,
}

/// Reads a format text option by option.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    at: usize,
    little: bool,
    alignment: usize,
}

impl Default for Format {
    fn default() -> Self {
        Self { at: 0, little: true, alignment: 1 }
    }
}

impl Format {
    /// The next field of `text`, when `total` bytes stand in front of it.
    ///
    /// # Errors
    /// When the format is malformed at this place.
    pub fn next(&mut self, text: &[u8], total: usize) -> std::result::Result<Option<Field>, PackError> {
        if self.at >= text.len() {
            return Ok(None);
        }
        let letter = text[self.at];
        let (kind, size) = self.option(text)?;
        let mut align = size;
        if letter == b'X' {
            let (next, size) = if self.at < text.len() { self.option(text)? } else { (Kind::Nothing, 0) };
            if next == Kind::Fixed || size == 0 {
                return Err(PackError::InvalidNextOption);
            }
            align = size;
        }
        let mut padding = 0;
        if align > 1 && kind != Kind::Fixed {
            let align = align.min(self.alignment);
            if !align.is_power_of_two() {
                return Err(PackError::AlignmentNotPowerOfTwo);
            }
            padding = total.wrapping_neg() & (align - 1);
        }
        Ok(Some(Field { kind, size, padding, little: self.little }))
    }

    /// Reads one option; settings take effect.
    fn option(&mut self, text: &[u8]) -> std::result::Result<(Kind, usize), PackError> {
        let letter = text[self.at];
        self.at += 1;
        Ok(match letter {
            b'b' => (Kind::Signed, 1),
            b'B' => (Kind::Unsigned, 1),
            b'h' => (Kind::Signed, 2),
            b'H' => (Kind::Unsigned, 2),
            b'l' | b'j' => (Kind::Signed, 8),
            b'L' | b'J' | b'T' => (Kind::Unsigned, 8),
            b'i' => (Kind::Signed, self.limited(text, 4)?),
            b'I' => (Kind::Unsigned, self.limited(text, 4)?),
            b'f' => (Kind::Single, 4),
            b'd' | b'n' => (Kind::Double, 8),
            b's' => (Kind::Counted, self.limited(text, 8)?),
            b'c' => (Kind::Fixed, self.number(text).ok_or(PackError::MissingSize)?),
            b'z' => (Kind::ZeroEnded, 0),
            b'x' => (Kind::Padding, 1),
            b'X' | b' ' => (Kind::Nothing, 0),
            b'<' | b'=' => {
                self.little = true;
                (Kind::Nothing, 0)
            }
            b'>' => {
                self.little = false;
                (Kind::Nothing, 0)
            }
            b'!' => {
                self.alignment = self.limited(text, NATIVE_ALIGNMENT)?;
                (Kind::Nothing, 0)
            }
            _ => return Err(PackError::UnknownOption(letter)),
        })
    }

    /// The number at this place; a digit that would make it too large is left for the next option.
    fn number(&mut self, text: &[u8]) -> Option<usize> {
        let mut value = None;
        while let Some(digit @ b'0'..=b'9') = text.get(self.at) {
            let sum = value.unwrap_or(0) * 10 + usize::from(digit - b'0');
            value = Some(sum);
            self.at += 1;
            if sum > (MAX_SIZE - 9) / 10 {
                break;
            }
        }
        value
    }

    fn limited(&mut self, text: &[u8], default: usize) -> std::result::Result<usize, PackError> {
        match self.number(text) {
            None => Ok(default),
            Some(size @ 1..=MAX_INTEGER_SIZE) => Ok(size),
            Some(size) => Err(PackError::SizeOutOfLimits(size)),
        }
    }
}

/// Appends `value` as the integer `field`.
///
/// # Errors
/// When the field is too small for it.
pub fn write_integer(out: &mut Vec<u8>, field: Field, value: i64) -> std::result::Result<(), PackError> {
    let signed = field.kind == Kind::Signed;
    if field.size < INTEGER_SIZE {
        let bits = 8 * field.size as u32;
        let limit = 1i64 << (bits - 1);
        if signed && !(-limit..limit).contains(&value) {
            return Err(PackError::IntegerOverflow);
        }
        if !signed && value as u64 >> bits != 0 {
            return Err(PackError::UnsignedOverflow);
        }
    }
    let extension = if signed && value < 0 { 0xFF } else { 0 };
    let mut bytes = [extension; MAX_INTEGER_SIZE];
    bytes[..INTEGER_SIZE].copy_from_slice(&value.to_le_bytes());
    let bytes = &mut bytes[..field.size];
    if !field.little {
        bytes.reverse();
    }
    out.extend_from_slice(bytes);
    Ok(())
}

/// The integer that `bytes` hold, which are all those of `field`.
///
/// # Errors
/// When it is too large for a Lua integer.
pub fn read_integer(bytes: &[u8], field: Field) -> std::result::Result<i64, PackError> {
    let signed = field.kind == Kind::Signed;
    let size = bytes.len();
    let significance = |index: usize| if field.little { bytes[index] } else { bytes[size - 1 - index] };
    let mut value = 0u64;
    for index in (0..size.min(INTEGER_SIZE)).rev() {
        value = value << 8 | u64::from(significance(index));
    }
    if size < INTEGER_SIZE && signed {
        let unused = 64 - 8 * size as u32;
        return Ok((value << unused) as i64 >> unused);
    }
    let extension = if signed && (value as i64) < 0 { 0xFF } else { 0 };
    if (INTEGER_SIZE..size).any(|index| significance(index) != extension) {
        return Err(PackError::DoesNotFit(size));
    }
    Ok(value as i64)
}

/// Appends `value` as the float `field`.
pub fn write_float(out: &mut Vec<u8>, field: Field, value: f64) {
    let mut bytes = [0u8; 8];
    let bytes = if field.kind == Kind::Single {
        bytes[..4].copy_from_slice(&(value as f32).to_le_bytes());
        &mut bytes[..4]
    } else {
        bytes = value.to_le_bytes();
        &mut bytes[..]
    };
    if !field.little {
        bytes.reverse();
    }
    out.extend_from_slice(bytes);
}

/// The float that `bytes` hold, which are all those of `field`.
#[must_use]
pub fn read_float(bytes: &[u8], field: Field) -> f64 {
    let bits = bytes.iter().enumerate().fold(0u64, |sum, (index, &byte)| {
        let place = if field.little { index } else { bytes.len() - 1 - index };
        sum | u64::from(byte) << (8 * place)
    });
    if field.kind == Kind::Single { f64::from(f32::from_bits(bits as u32)) } else { f64::from_bits(bits) }
}

/// The error of a faulty format, which is argument 1.
fn raised(cx: &Context<'_>, fault: PackError) -> Error {
    if fault.blames_format() {
        cx.argument_error(1, fault.to_string())
    } else {
        Error::message(fault.to_string())
    }
}

/// The format in argument 1; like a C string, it ends at the first zero byte.
fn check_format<'gc>(cx: &mut Context<'gc>) -> Result<&'gc [u8]> {
    let text = cx.check_string(1)?.as_bytes();
    Ok(&text[..memchr::memchr(0, text).unwrap_or(text.len())])
}

pub(super) fn pack(cx: &mut Context<'_>) -> Result<Outcome> {
    let text = check_format(cx)?;
    // The first argument that is missing counts as `nil`.
    cx.push(Value::Nil);
    let mut format = Format::default();
    let mut out = Vec::new();
    let mut argument = 1;
    while let Some(field) = format.next(text, out.len()).map_err(|fault| raised(cx, fault))? {
        cx.check_room(out.len() + field.padding + field.size)?;
        out.resize(out.len() + field.padding, 0);
        if !matches!(field.kind, Kind::Padding | Kind::Nothing) {
            argument += 1;
        }
        match field.kind {
            Kind::Signed | Kind::Unsigned => {
                let value = cx.check_integer(argument)?;
                write_integer(&mut out, field, value)
                    .map_err(|fault| cx.argument_error(argument, fault.to_string()))?;
            }
            Kind::Single | Kind::Double => write_float(&mut out, field, cx.check_float(argument)?),
            Kind::Fixed => {
                let bytes = cx.check_string(argument)?.as_bytes();
                if bytes.len() > field.size {
                    return Err(cx.argument_error(argument, "string longer than given size"));
                }
                let end = out.len() + field.size;
                out.extend_from_slice(bytes);
                out.resize(end, 0);
            }
            Kind::Counted => {
                let bytes = cx.check_string(argument)?.as_bytes();
                cx.check_room(out.len() + bytes.len())?;
                let count = Field { kind: Kind::Unsigned, ..field };
                write_integer(&mut out, count, bytes.len() as i64)
                    .map_err(|_| cx.argument_error(argument, "string length does not fit in given size"))?;
                out.extend_from_slice(bytes);
            }
            Kind::ZeroEnded => {
                let bytes = cx.check_string(argument)?.as_bytes();
                if bytes.contains(&0) {
                    return Err(cx.argument_error(argument, "string contains zeros"));
                }
                cx.check_room(out.len() + bytes.len())?;
                out.extend_from_slice(bytes);
                out.push(0);
            }
            Kind::Padding => out.push(0),
            Kind::Nothing => {}
        }
    }
    let result = cx.string(&out)?;
    Ok(cx.returns(result))
}

pub(super) fn packsize(cx: &mut Context<'_>) -> Result<Outcome> {
    let text = check_format(cx)?;
    let mut format = Format::default();
    let mut total = 0;
    while let Some(field) = format.next(text, total).map_err(|fault| raised(cx, fault))? {
        if matches!(field.kind, Kind::Counted | Kind::ZeroEnded) {
            return Err(cx.argument_error(1, "variable-length format"));
        }
        total += field.padding + field.size;
        if total > MAX_SIZE {
            return Err(cx.argument_error(1, "format result too large"));
        }
    }
    Ok(cx.returns(total as i64))
}

pub(super) fn unpack(cx: &mut Context<'_>) -> Result<Outcome> {
    let text = check_format(cx)?;
    let data = cx.check_string(2)?.as_bytes();
    let position = super::absolute(cx.optional_integer(3, 1)?, data.len());
    let mut at = position.wrapping_sub(1) as usize;
    if at > data.len() {
        return Err(cx.argument_error(3, "initial position out of string"));
    }
    let mut format = Format::default();
    let mut count = 0;
    while let Some(field) = format.next(text, at).map_err(|fault| raised(cx, fault))? {
        let short = |cx: &Context<'_>| cx.argument_error(2, "data string too short");
        let start = at + field.padding;
        let bytes = data.get(start..start + field.size).ok_or_else(|| short(cx))?;
        at = start + field.size;
        let value = match field.kind {
            Kind::Signed | Kind::Unsigned => {
                Value::Integer(read_integer(bytes, field).map_err(|fault| raised(cx, fault))?)
            }
            Kind::Single | Kind::Double => Value::Float(read_float(bytes, field)),
            Kind::Fixed => cx.string(bytes)?.into(),
            Kind::Counted => {
                let count = Field { kind: Kind::Unsigned, ..field };
                let length = read_integer(bytes, count).map_err(|fault| raised(cx, fault))? as u64;
                let rest = &data[at..];
                let length = usize::try_from(length).ok().filter(|&length| length <= rest.len());
                let text = &rest[..length.ok_or_else(|| short(cx))?];
                at += text.len();
                cx.string(text)?.into()
            }
            Kind::ZeroEnded => {
                let rest = &data[at..];
                // A text that runs to the end of the data counts as ended there.
                let length = memchr::memchr(0, rest).unwrap_or(rest.len());
                at += length + 1;
                cx.string(&rest[..length])?.into()
            }
            Kind::Padding | Kind::Nothing => continue,
        };
        cx.reserve_slots(2).map_err(|_| Error::message("stack overflow (too many results)"))?;
        cx.push(value);
        count += 1;
    }
    cx.push((at + 1) as i64);
    Ok(cx.returns_top(count + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fields of a format whose texts are all empty, as `kind size padding`, or the error.
    fn fields(text: &str) -> std::result::Result<Vec<(Kind, usize, usize)>, String> {
        let mut format = Format::default();
        let mut total = 0;
        let mut fields = Vec::new();
        while let Some(field) = format.next(text.as_bytes(), total).map_err(|error| error.to_string())? {
            total += field.padding + field.size;
            fields.push((field.kind, field.size, field.padding));
        }
        Ok(fields)
    }

    fn field(kind: Kind, size: usize, little: bool) -> Field {
        Field { kind, size, padding: 0, little }
    }

    #[test]
    fn sizes_and_alignment() {
        let size = |text| {
            fields(text).expect("valid").iter().map(|(_, size, padding)| size + padding).sum::<usize>()
        };
        assert_eq!(size("bBhHiIlLjJTfdnxi3I7!8d"), 96);
        assert_eq!((size("b!4i"), size("bi!4i"), size("b!4Xd"), size("<b !2 Xi8")), (8, 12, 4, 2));
        assert_eq!(
            (size("!8 xXi8"), size("!16 b i16"), size("Xd!4Xd"), size("c2147483639i8")),
            (8, 32, 0, MAX_SIZE)
        );
    }

    #[test]
    fn faults_have_the_reference_wording() {
        for (text, expected) in [
            ("i0", "integral size (0) out of limits [1,16]"),
            ("!17", "integral size (17) out of limits [1,16]"),
            ("i2147483648", "integral size (214748364) out of limits [1,16]"),
            ("i3r", "invalid format option 'r'"),
            ("\u{7f}", "invalid format option '<\\127>'"),
            ("c", "missing size for format option 'c'"),
            ("c2147483647", "invalid format option '7'"),
            ("X", "invalid next option for option 'X'"),
            ("X i", "invalid next option for option 'X'"),
            ("Xc1", "invalid next option for option 'X'"),
            ("XX", "invalid next option for option 'X'"),
            ("!4i3", "format asks for alignment not power of 2"),
        ] {
            assert_eq!(fields(text), Err(expected.to_owned()), "{text}");
        }
    }

    #[test]
    fn integers_survive_the_round_trip() {
        for size in 1..=16usize {
            for little in [true, false] {
                for value in [0, 1, -1, 127, -128, i64::MAX, i64::MIN, 0x0102_0304_0506_0708] {
                    for kind in [Kind::Signed, Kind::Unsigned] {
                        let field = field(kind, size, little);
                        let mut out = Vec::new();
                        if write_integer(&mut out, field, value).is_ok() {
                            assert_eq!(read_integer(&out, field), Ok(value), "{field:?}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn overflow_is_an_error() {
        let write = |kind, size, value| write_integer(&mut Vec::new(), field(kind, size, true), value);
        assert_eq!(write(Kind::Signed, 1, 128), Err(PackError::IntegerOverflow));
        assert_eq!(write(Kind::Signed, 1, -128), Ok(()));
        assert_eq!(write(Kind::Unsigned, 2, -1), Err(PackError::UnsignedOverflow));
        assert_eq!(write(Kind::Unsigned, 8, -1), Ok(()));
        assert_eq!(read_integer(&[3; 16], field(Kind::Signed, 16, true)), Err(PackError::DoesNotFit(16)));
        assert_eq!(read_integer(&[255; 16], field(Kind::Signed, 16, true)), Ok(-1));
    }

    #[test]
    fn floats_survive_the_round_trip() {
        for little in [true, false] {
            let mut out = Vec::new();
            write_float(&mut out, field(Kind::Double, 8, little), 0.1);
            assert_eq!(read_float(&out, field(Kind::Double, 8, little)), 0.1);
            out.clear();
            write_float(&mut out, field(Kind::Single, 4, little), 1e40);
            assert_eq!(read_float(&out, field(Kind::Single, 4, little)), f64::INFINITY);
        }
    }
}
