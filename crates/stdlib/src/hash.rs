//! `hash`: digests of bytes, with and without a secret, and two fast ones that are none of cryptography.
//!
//! Hexadecimal by default. MD5 and SHA-1 are for interoperability. Invariant: the argument order is data, then secret.

use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use wippy_vm::{Context, Library, Outcome, Result, Value, library};

use crate::errors::{self, ErrorValue};
use crate::modules;

/// The functions of `hash`.
pub static LIBRARY: Library = library!(
    "hash",
    [
        /// FNV-1a in 32 bits.
        ("fnv32", fnv32, "(data: string) -> (integer, error?)"),
        /// FNV-1a in 64 bits.
        ("fnv64", fnv64, "(data: string) -> (number, error?)"),
        /// A keyed digest, as hexadecimal text or raw bytes.
        ("hmac_md5", hmac_md5, "(data: string, secret: string, raw: boolean?) -> (string, error?)"),
        /// A keyed digest, as hexadecimal text or raw bytes.
        ("hmac_sha1", hmac_sha1, "(data: string, secret: string, raw: boolean?) -> (string, error?)"),
        /// A keyed digest, as hexadecimal text or raw bytes.
        ("hmac_sha256", hmac_sha256, "(data: string, secret: string, raw: boolean?) -> (string, error?)"),
        /// A keyed digest, as hexadecimal text or raw bytes.
        ("hmac_sha512", hmac_sha512, "(data: string, secret: string, raw: boolean?) -> (string, error?)"),
        /// A digest, as hexadecimal text or raw bytes.
        ("md5", md5_native, "(data: string, raw: boolean?) -> (string, error?)"),
        /// A digest, as hexadecimal text or raw bytes.
        ("sha1", sha1_native, "(data: string, raw: boolean?) -> (string, error?)"),
        /// A digest, as hexadecimal text or raw bytes.
        ("sha256", sha256_native, "(data: string, raw: boolean?) -> (string, error?)"),
        /// A digest, as hexadecimal text or raw bytes.
        ("sha512", sha512_native, "(data: string, raw: boolean?) -> (string, error?)"),
    ]
);

/// The libraries of the module.
pub static LIBRARIES: &[&Library] = &[&LIBRARY];

/// Makes the table `hash`.
pub(crate) fn build<'gc>(cx: &mut Context<'gc>) -> Result<Value<'gc>> {
    let table = modules::table(cx, &LIBRARY, 0)?;
    table.freeze();
    Ok(table.into())
}

/// Lower-case hexadecimal digits.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write;
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string does not fail.
        let _ = write!(out, "{byte:02x}");
    }
    out
}

/// Argument 1, whose bytes are charged for.
fn data<'gc>(cx: &mut Context<'gc>) -> Option<&'gc [u8]> {
    let Value::String(text) = cx.get(1) else { return None };
    let _ = cx.charge(text.len() / 16);
    Some(text.as_bytes())
}

fn returns(cx: &mut Context<'_>, digest: &[u8], raw: usize) -> Result<Outcome> {
    let text =
        if cx.get(raw).is_truthy() { cx.string(digest)? } else { cx.string(hexadecimal(digest).as_bytes())? };
    Ok(cx.returns(text))
}

fn no_data(cx: &mut Context<'_>) -> Result<Outcome> {
    errors::fails(cx, ErrorValue::invalid("data must be a string"))
}

macro_rules! digests {
    ($( $plain:ident, $keyed:ident, $bytes:ident: $digest:ty; )*) => { $(
        fn $plain(cx: &mut Context<'_>) -> Result<Outcome> {
            match data(cx) {
                Some(data) => returns(cx, &<$digest>::digest(data), 2),
                None => no_data(cx),
            }
        }

        fn $keyed(cx: &mut Context<'_>) -> Result<Outcome> {
            let Some(data) = data(cx) else { return no_data(cx) };
            let Value::String(secret) = cx.get(2) else {
                return errors::fails(cx, ErrorValue::invalid("secret must be a string"));
            };
            returns(cx, &$bytes(secret.as_bytes(), data), 3)
        }

        /// The keyed digest of bytes.
        pub(crate) fn $bytes(secret: &[u8], data: &[u8]) -> Vec<u8> {
            // Keys of any length will do.
            match Hmac::<$digest>::new_from_slice(secret) {
                Ok(mut mac) => {
                    mac.update(data);
                    mac.finalize().into_bytes().to_vec()
                }
                Err(_) => Vec::new(),
            }
        }
    )* };
}

digests! {
    md5_native, hmac_md5, keyed_md5: Md5;
    sha1_native, hmac_sha1, keyed_sha1: Sha1;
    sha256_native, hmac_sha256, keyed_sha256: Sha256;
    sha512_native, hmac_sha512, keyed_sha512: Sha512;
}

/// The MD5 digest of two texts one after the other.
pub(crate) fn md5_of(first: &[u8], second: &[u8]) -> [u8; 16] {
    Md5::new().chain_update(first).chain_update(second).finalize().into()
}

/// The first 16 bytes of the SHA-1 digest of two texts one after the other.
pub(crate) fn sha1_of(first: &[u8], second: &[u8]) -> [u8; 16] {
    let digest: [u8; 20] = Sha1::new().chain_update(first).chain_update(second).finalize().into();
    std::array::from_fn(|index| digest[index])
}

/// `hash.fnv32(data)`: FNV-1, which multiplies first.
fn fnv32(cx: &mut Context<'_>) -> Result<Outcome> {
    let Some(data) = data(cx) else { return no_data(cx) };
    let hash =
        data.iter().fold(0x811c_9dc5u32, |hash, &byte| hash.wrapping_mul(0x0100_0193) ^ u32::from(byte));
    Ok(cx.returns(i64::from(hash)))
}

/// `hash.fnv64(data)`: as a float, whose low bits carry nothing.
fn fnv64(cx: &mut Context<'_>) -> Result<Outcome> {
    let Some(data) = data(cx) else { return no_data(cx) };
    let hash = data
        .iter()
        .fold(0xcbf2_9ce4_8422_2325u64, |hash, &byte| hash.wrapping_mul(0x0100_0000_01b3) ^ u64::from(byte));
    Ok(cx.returns(hash as f64))
}
