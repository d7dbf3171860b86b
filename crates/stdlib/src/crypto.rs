//! `crypto`: random bytes, keyed digests, keys from passwords, comparison in constant time.
//!
//! Encryption and tokens are not here yet. Randomness is the system's. Invariant: what takes long because it must, runs
//! on a thread made for that.

use wippy_vm::arguments::to_number;
use wippy_vm::number::Number;
use wippy_vm::{Context, Library, Outcome, Result, Then, Ticket, Value, library};

use crate::errors::{self, ErrorValue};
use crate::requests::{Answer, Request};
use crate::{hash, modules, uuid};

/// The functions of `crypto` itself.
pub static LIBRARY: Library = library!(
    "crypto",
    [
        /// Equality that takes as long wherever texts differ.
        ("constant_time_compare", constant_time_compare, "(a: string, b: string) -> boolean"),
        /// A key of so many bytes out of a password.
        (
            "pbkdf2",
            pbkdf2,
            "(password: string, salt: string, iterations: number, key_length: number, hash: string?) -> (string, error?)"
        ),
    ]
);

/// `crypto.random`
pub static RANDOM: Library = library!(
    "random",
    [
        /// Random bytes of the system.
        ("bytes", random_bytes, "(n: number) -> (string, error?)"),
        /// Random text of letters and digits, or of other characters.
        ("string", random_string, "(n: number, charset: string?) -> (string, error?)"),
        /// A random identifier.
        ("uuid", random_uuid, "() -> (string, error?)"),
    ]
);

/// `crypto.hmac`
pub static HMAC: Library = library!(
    "hmac",
    [
        /// A keyed digest, as hexadecimal text.
        ("sha256", hmac_sha256, "(key: string, data: string) -> (string, error?)"),
        /// A keyed digest, as hexadecimal text.
        ("sha512", hmac_sha512, "(key: string, data: string) -> (string, error?)"),
    ]
);

/// The libraries of the module.
pub static LIBRARIES: &[&Library] = &[&LIBRARY, &RANDOM, &HMAC];

/// Most bytes that are made at once.
const MOST_BYTES: i64 = 1 << 20;

/// Makes the table `crypto` and those in it.
pub(crate) fn build<'gc>(cx: &mut Context<'gc>) -> Result<Value<'gc>> {
    let crypto = modules::table(cx, &LIBRARY, LIBRARIES.len())?;
    for library in &LIBRARIES[1..] {
        let table = modules::table(cx, library, 0)?;
        table.freeze();
        cx.set_field(crypto, library.name, table)?;
    }
    crypto.freeze();
    Ok(crypto.into())
}

/// An argument that must be a number; a fraction is cut off.
fn whole(cx: &Context<'_>, index: usize) -> Result<i64> {
    match to_number(cx.get(index)) {
        Some(Number::Integer(integer)) => Ok(integer),
        Some(Number::Float(float)) => Ok(float as i64),
        None => Err(cx.type_error(index, "number")),
    }
}

fn refuse(cx: &mut Context<'_>, message: &str) -> Result<Outcome> {
    errors::fails(cx, ErrorValue::invalid(message))
}

fn random(count: usize) -> Result<Vec<u8>, ErrorValue> {
    let mut bytes = vec![0; count];
    getrandom::fill(&mut bytes).map_err(|error| ErrorValue::internal(error.to_string()))?;
    Ok(bytes)
}

fn answer(cx: &mut Context<'_>, result: Result<Vec<u8>, ErrorValue>) -> Result<Outcome> {
    match result {
        Ok(bytes) => {
            let text = cx.string(&bytes)?;
            Ok(cx.returns(text))
        }
        Err(error) => errors::fails(cx, error),
    }
}

/// Argument 1 as a number of bytes that may be made.
fn count(cx: &Context<'_>) -> Result<Option<usize>> {
    let count = whole(cx, 1)?;
    Ok((1..=MOST_BYTES).contains(&count).then_some(count as usize))
}

const OUT_OF_RANGE: &str = "length must be between 1 and 1048576";

fn random_bytes(cx: &mut Context<'_>) -> Result<Outcome> {
    match count(cx)? {
        Some(count) => answer(cx, random(count)),
        None => refuse(cx, OUT_OF_RANGE),
    }
}

fn random_string(cx: &mut Context<'_>) -> Result<Outcome> {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let Some(count) = count(cx)? else { return refuse(cx, OUT_OF_RANGE) };
    let letters = match cx.get(2) {
        Value::String(letters) => letters.as_bytes(),
        _ => LETTERS,
    };
    if letters.is_empty() {
        return refuse(cx, "charset cannot be empty");
    }
    answer(cx, sampled(count, letters))
}

/// Letters, all equally likely.
fn sampled(count: usize, letters: &[u8]) -> Result<Vec<u8>, ErrorValue> {
    let length = letters.len() as u64;
    // Numbers in the incomplete last stretch would favour the first letters.
    let limit = u64::MAX - u64::MAX % length;
    let mut out = Vec::with_capacity(count);
    while out.len() < count {
        for word in random((count - out.len()) * 8)?.chunks_exact(8) {
            let number = word.iter().fold(0u64, |number, &byte| number << 8 | u64::from(byte));
            if number < limit {
                out.push(letters[(number % length) as usize]);
            }
        }
    }
    Ok(out)
}

fn random_uuid(cx: &mut Context<'_>) -> Result<Outcome> {
    answer(cx, uuid::random_uuid().map(String::into_bytes))
}

fn keyed(cx: &mut Context<'_>, digest: fn(&[u8], &[u8]) -> Vec<u8>) -> Result<Outcome> {
    let (key, data) = (cx.check_string(1)?, cx.check_string(2)?);
    if key.is_empty() {
        return refuse(cx, "key cannot be empty");
    }
    let _ = cx.charge(data.len() / 16);
    let digest = hash::hexadecimal(&digest(key.as_bytes(), data.as_bytes()));
    answer(cx, Ok(digest.into_bytes()))
}

fn hmac_sha256(cx: &mut Context<'_>) -> Result<Outcome> {
    keyed(cx, hash::keyed_sha256)
}

fn hmac_sha512(cx: &mut Context<'_>) -> Result<Outcome> {
    keyed(cx, hash::keyed_sha512)
}

/// `crypto.constant_time_compare(a, b)`
fn constant_time_compare(cx: &mut Context<'_>) -> Result<Outcome> {
    let (a, b) = (cx.check_string(1)?.as_bytes(), cx.check_string(2)?.as_bytes());
    let difference = a.iter().zip(b).fold(0, |difference, (a, b)| std::hint::black_box(difference | (a ^ b)));
    Ok(cx.returns(a.len() == b.len() && difference == 0))
}

/// `crypto.pbkdf2(password, salt, iterations, key_length [, hash])` (RFC 8018, section 5.2)
fn pbkdf2(cx: &mut Context<'_>) -> Result<Outcome> {
    let (password, salt) = (cx.check_string(1)?, cx.check_string(2)?);
    let (iterations, length) = (whole(cx, 3)?, whole(cx, 4)?);
    let digest: fn(&[u8], &[u8]) -> Vec<u8> = match cx.get(5) {
        Value::String(name) if name.as_bytes() == b"sha512" => hash::keyed_sha512,
        Value::String(name) if name.as_bytes() != b"sha256" => {
            return refuse(cx, "unsupported hash algorithm");
        }
        _ => hash::keyed_sha256,
    };
    if password.is_empty() || salt.is_empty() {
        return refuse(cx, "password and salt cannot be empty");
    }
    if !(1..=10_000_000).contains(&iterations) {
        return refuse(cx, "iterations must be between 1 and 10000000");
    }
    if !(1..=MOST_BYTES).contains(&length) {
        return refuse(cx, "key length must be between 1 and 1048576");
    }
    let (password, salt) = (password.as_bytes().to_vec(), salt.as_bytes().to_vec());
    cx.truncate(0);
    let job = move || -> Answer {
        let key = derived(&password, &salt, iterations, length as usize, digest);
        Box::new(move |cx: &mut Context<'_>, ticket: Ticket| {
            let key = cx.string(&key).map_or(Value::Nil, Value::String);
            cx.wake(ticket, &[key]);
        })
    };
    Ok(cx.operation(Box::new(Request::Block(Box::new(job))), Then::Return))
}

fn derived(
    password: &[u8],
    salt: &[u8],
    iterations: i64,
    length: usize,
    digest: fn(&[u8], &[u8]) -> Vec<u8>,
) -> Vec<u8> {
    let mut key = Vec::with_capacity(length + 64);
    let mut block = 1u32;
    while key.len() < length {
        let mut last = digest(password, &[salt, &block.to_be_bytes()].concat());
        let mut sum = last.clone();
        for _ in 1..iterations {
            last = digest(password, &last);
            sum.iter_mut().zip(&last).for_each(|(sum, byte)| *sum ^= byte);
        }
        key.extend_from_slice(&sum);
        block += 1;
    }
    key.truncate(length);
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_from_passwords() {
        let key = derived(b"password", b"salt", 2, 32, hash::keyed_sha256);
        assert_eq!(
            hash::hexadecimal(&key),
            "ae4d0c95af6b46d32d0adff928f06dd02a303f8ef3c251dfd6e2d85a95474c43"
        );
        assert_eq!(derived(b"p", b"s", 1, 100, hash::keyed_sha512).len(), 100);
    }
}
