//! `uuid`: identifiers of 128 bits (RFC 9562), made, read and written.
//!
//! Versions 1, 3, 4, 5 and 7. Those with a time in them are made in ascending order within the program. Invariant:
//! text is lower-case and hyphenated unless asked for otherwise.

use std::sync::atomic::{AtomicU64, Ordering};

use wippy_vm::{Context, Library, Outcome, Result, Value, library};

use crate::errors::{self, ErrorValue};
use crate::hash;
use crate::{clock, modules};

/// The functions of `uuid`.
pub static LIBRARY: Library = library!(
    "uuid",
    [
        /// The identifier in another form: `standard`, `simple` or `urn`.
        ("format", format_native, "(uuid: string, how: string?) -> (string, error?)"),
        /// Version, variant and what else is in it.
        ("parse", parse_native, "(uuid: string) -> (any, error?)"),
        /// From the time and the machine.
        ("v1", v1, "() -> (string, error?)"),
        /// From a name, by MD5.
        ("v3", v3, "(namespace: string, name: string) -> (string, error?)"),
        /// From random numbers.
        ("v4", v4, "() -> (string, error?)"),
        /// From a name, by SHA-1.
        ("v5", v5, "(namespace: string, name: string) -> (string, error?)"),
        /// From the time and random numbers; sorts by time.
        ("v7", v7, "() -> (string, error?)"),
        /// Whether a value is an identifier.
        ("validate", validate, "(value: any) -> boolean"),
        /// Its variant.
        ("variant", variant_native, "(uuid: string) -> (string, error?)"),
        /// Its version.
        ("version", version_native, "(uuid: string) -> (integer, error?)"),
    ]
);

/// The libraries of the module.
pub static LIBRARIES: &[&Library] = &[&LIBRARY];

/// Makes the table `uuid`.
pub(crate) fn build<'gc>(cx: &mut Context<'gc>) -> Result<Value<'gc>> {
    let table = modules::table(cx, &LIBRARY, 0)?;
    table.freeze();
    Ok(table.into())
}

type Uuid = [u8; 16];

/// Between the beginning of the Gregorian calendar and 1970, in units of 100 ns.
const GREGORIAN: u64 = 0x01b2_1dd2_1381_4000;

/// Random bytes of the system.
fn random<const N: usize>() -> Result<[u8; N], ErrorValue> {
    let mut bytes = [0; N];
    match getrandom::fill(&mut bytes) {
        Ok(()) => Ok(bytes),
        Err(error) => Err(ErrorValue::internal(error.to_string())),
    }
}

/// Sets version and variant.
fn stamped(mut uuid: Uuid, version: u8) -> Uuid {
    uuid[6] = uuid[6] & 0x0f | version << 4;
    uuid[8] = uuid[8] & 0x3f | 0x80;
    uuid
}

/// A number that is larger than all before it, `now` if possible.
fn ascending(last: &AtomicU64, now: u64) -> u64 {
    let mut next = now;
    // The update never refuses.
    let _ = last.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| {
        next = now.max(last + 1);
        Some(next)
    });
    next
}

/// A random one.
pub(crate) fn random_uuid() -> Result<String, ErrorValue> {
    Ok(hyphenated(&stamped(random()?, 4)))
}

fn hyphenated(uuid: &Uuid) -> String {
    let text = hash::hexadecimal(uuid);
    format!("{}-{}-{}-{}-{}", &text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..])
}

/// Reads any of the accepted spellings.
fn parse(text: &[u8]) -> Option<Uuid> {
    let body = match text.len() {
        36 | 32 => text,
        38 => text.strip_prefix(b"{")?.strip_suffix(b"}")?,
        45 if text[..9].eq_ignore_ascii_case(b"urn:uuid:") => &text[9..],
        _ => return None,
    };
    let digits: Vec<u8> = if body.len() == 36 {
        if [8, 13, 18, 23].iter().any(|&at| body[at] != b'-') {
            return None;
        }
        body.iter()
            .enumerate()
            .filter(|(at, _)| ![8, 13, 18, 23].contains(at))
            .map(|(_, &byte)| byte)
            .collect()
    } else {
        body.to_vec()
    };
    let mut uuid = [0; 16];
    for (byte, pair) in uuid.iter_mut().zip(digits.chunks_exact(2)) {
        let digit = |byte: u8| char::from(byte).to_digit(16);
        *byte = (digit(pair[0])? * 16 + digit(pair[1])?) as u8;
    }
    (digits.len() == 32).then_some(uuid)
}

fn answer(cx: &mut Context<'_>, result: Result<Uuid, ErrorValue>) -> Result<Outcome> {
    match result {
        Ok(uuid) => {
            let text = cx.string(hyphenated(&uuid).as_bytes())?;
            Ok(cx.returns(text))
        }
        Err(error) => errors::fails(cx, error),
    }
}

fn v4(cx: &mut Context<'_>) -> Result<Outcome> {
    answer(cx, random().map(|uuid| stamped(uuid, 4)))
}

fn v1(cx: &mut Context<'_>) -> Result<Outcome> {
    static LAST: AtomicU64 = AtomicU64::new(0);
    let now = (clock::wall(cx).max(0) / 100) as u64;
    let result = random().map(|mut uuid: Uuid| {
        let time = ascending(&LAST, now.wrapping_add(GREGORIAN));
        uuid[..4].copy_from_slice(&(time as u32).to_be_bytes());
        uuid[4..6].copy_from_slice(&((time >> 32) as u16).to_be_bytes());
        uuid[6..8].copy_from_slice(&((time >> 48) as u16).to_be_bytes());
        // A node that no network card has.
        uuid[10] |= 1;
        stamped(uuid, 1)
    });
    answer(cx, result)
}

fn v7(cx: &mut Context<'_>) -> Result<Outcome> {
    /// Milliseconds in the upper bits, a counter in the lower twelve.
    static LAST: AtomicU64 = AtomicU64::new(0);
    let now = (clock::wall(cx).max(0) / 1_000_000) as u64;
    let result = random().map(|mut uuid: Uuid| {
        // The counter starts low, so that it rarely borrows from the next millisecond.
        let start = u64::from(uuid[7]);
        let time = ascending(&LAST, now << 12 | start);
        uuid[..6].copy_from_slice(&(time >> 12).to_be_bytes()[2..]);
        uuid[6..8].copy_from_slice(&((time & 0xfff) as u16).to_be_bytes());
        stamped(uuid, 7)
    });
    answer(cx, result)
}

fn named(cx: &mut Context<'_>, version: u8, digest: fn(&[u8], &[u8]) -> Uuid) -> Result<Outcome> {
    let (Value::String(namespace), Value::String(name)) = (cx.get(1), cx.get(2)) else {
        return errors::fails(cx, ErrorValue::invalid("namespace and name must be strings"));
    };
    match parse(namespace.as_bytes()) {
        Some(namespace) => answer(cx, Ok(stamped(digest(&namespace, name.as_bytes()), version))),
        None => errors::fails(cx, ErrorValue::invalid("invalid namespace UUID")),
    }
}

fn v3(cx: &mut Context<'_>) -> Result<Outcome> {
    named(cx, 3, hash::md5_of)
}

fn v5(cx: &mut Context<'_>) -> Result<Outcome> {
    named(cx, 5, hash::sha1_of)
}

/// `uuid.validate(x)`
fn validate(cx: &mut Context<'_>) -> Result<Outcome> {
    let valid = matches!(cx.get(1), Value::String(text) if parse(text.as_bytes()).is_some());
    Ok(cx.returns(valid))
}

/// Argument 1, or why it is none.
fn argument(cx: &Context<'_>) -> Result<Uuid, ErrorValue> {
    match cx.get(1) {
        Value::String(text) => {
            parse(text.as_bytes()).ok_or_else(|| ErrorValue::invalid("invalid UUID format"))
        }
        _ => Err(ErrorValue::invalid("input must be a string")),
    }
}

fn variant(uuid: &Uuid) -> &'static str {
    match uuid[8] >> 5 {
        0b111 => "Future",
        0b110 => "Microsoft",
        0b100 | 0b101 => "RFC4122",
        _ => "Reserved",
    }
}

fn version_native(cx: &mut Context<'_>) -> Result<Outcome> {
    match argument(cx) {
        Ok(uuid) => Ok(cx.returns(i64::from(uuid[6] >> 4))),
        Err(error) => errors::fails(cx, error),
    }
}

fn variant_native(cx: &mut Context<'_>) -> Result<Outcome> {
    match argument(cx) {
        Ok(uuid) => {
            let name = cx.name(variant(&uuid));
            Ok(cx.returns(name))
        }
        Err(error) => errors::fails(cx, error),
    }
}

/// Seconds since 1970 of versions that have a time.
fn timestamp(uuid: &Uuid) -> Option<i64> {
    let number = |bytes: &[u8]| bytes.iter().fold(0u64, |number, &byte| number << 8 | u64::from(byte));
    match uuid[6] >> 4 {
        1 => {
            let time = (number(&uuid[6..8]) & 0xfff) << 48 | number(&uuid[4..6]) << 32 | number(&uuid[..4]);
            Some((time as i64 - GREGORIAN as i64).div_euclid(10_000_000))
        }
        7 => Some((number(&uuid[..6]) / 1000) as i64),
        _ => None,
    }
}

/// `uuid.parse(s)`
fn parse_native(cx: &mut Context<'_>) -> Result<Outcome> {
    let uuid = match argument(cx) {
        Ok(uuid) => uuid,
        Err(error) => return errors::fails(cx, error),
    };
    let table = cx.table(0, 4)?;
    let name = cx.name(variant(&uuid));
    cx.set_field(table, "version", i64::from(uuid[6] >> 4))?;
    cx.set_field(table, "variant", name)?;
    if let Some(seconds) = timestamp(&uuid) {
        cx.set_field(table, "timestamp", seconds)?;
    }
    if uuid[6] >> 4 == 1 {
        let node = cx.string(&uuid[10..])?;
        cx.set_field(table, "node", node)?;
    }
    Ok(cx.returns(table))
}

/// `uuid.format(s [, how])`
fn format_native(cx: &mut Context<'_>) -> Result<Outcome> {
    let uuid = match argument(cx) {
        Ok(uuid) => uuid,
        Err(error) => return errors::fails(cx, error),
    };
    let how = match cx.get(2) {
        Value::String(how) => how.as_bytes(),
        _ => b"standard",
    };
    let text = match how {
        b"standard" => hyphenated(&uuid),
        b"simple" => hash::hexadecimal(&uuid),
        b"urn" => format!("urn:uuid:{}", hyphenated(&uuid)),
        _ => return errors::fails(cx, ErrorValue::invalid("unsupported format")),
    };
    let text = cx.string(text.as_bytes())?;
    Ok(cx.returns(text))
}
