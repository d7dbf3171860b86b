//! The `bit32` library of Lua 5.2, which stock 5.3 keeps (Lua 5.2 manual, section 6.7).
//!
//! All results are integers from 0 to 2^32 - 1; arguments are taken modulo 2^32.

use wippy_vm::{Context, Error, Library, Outcome, Result, library};

/// The library's rows.
pub static LIBRARY: Library = library!(
    "bit32",
    [
        /// Shifts right and keeps the sign.
        ("arshift", arshift, "(x: integer, by: integer) -> integer"),
        /// And of all arguments, in 32 bits.
        ("band", band, "(...integer) -> integer"),
        /// Inverts 32 bits.
        ("bnot", bnot, "(x: integer) -> integer"),
        /// Or of all arguments.
        ("bor", bor, "(...integer) -> integer"),
        /// Whether the and of all arguments is not 0.
        ("btest", btest, "(...integer) -> boolean"),
        /// Exclusive or of all arguments.
        ("bxor", bxor, "(...integer) -> integer"),
        /// The bits of a field.
        ("extract", extract, "(x: integer, field: integer, width: integer?) -> integer"),
        /// Rotates left.
        ("lrotate", lrotate, "(x: integer, by: integer) -> integer"),
        /// Shifts left.
        ("lshift", lshift, "(x: integer, by: integer) -> integer"),
        /// Replaces the bits of a field.
        ("replace", replace, "(x: integer, v: integer, field: integer, width: integer?) -> integer"),
        /// Rotates right.
        ("rrotate", rrotate, "(x: integer, by: integer) -> integer"),
        /// Shifts right.
        ("rshift", rshift, "(x: integer, by: integer) -> integer"),
    ]
);

fn check_word(cx: &Context<'_>, index: usize) -> Result<u32> {
    Ok(cx.check_integer(index)? as u32)
}

fn returns_word(cx: &mut Context<'_>, word: u32) -> Outcome {
    cx.returns(i64::from(word))
}

fn fold(cx: &Context<'_>, start: u32, combine: fn(u32, u32) -> u32) -> Result<u32> {
    (1..=cx.len()).try_fold(start, |sum, index| Ok(combine(sum, check_word(cx, index)?)))
}

fn band(cx: &mut Context<'_>) -> Result<Outcome> {
    let word = fold(cx, u32::MAX, |a, b| a & b)?;
    Ok(returns_word(cx, word))
}

fn btest(cx: &mut Context<'_>) -> Result<Outcome> {
    let word = fold(cx, u32::MAX, |a, b| a & b)?;
    Ok(cx.returns(word != 0))
}

fn bor(cx: &mut Context<'_>) -> Result<Outcome> {
    let word = fold(cx, 0, |a, b| a | b)?;
    Ok(returns_word(cx, word))
}

fn bxor(cx: &mut Context<'_>) -> Result<Outcome> {
    let word = fold(cx, 0, |a, b| a ^ b)?;
    Ok(returns_word(cx, word))
}

fn bnot(cx: &mut Context<'_>) -> Result<Outcome> {
    let word = !check_word(cx, 1)?;
    Ok(returns_word(cx, word))
}

/// `word` moved to the left, to the right if `by` is negative.
fn shift(word: u32, by: i64) -> u32 {
    match by {
        0..32 => word << by,
        -31..0 => word >> -by,
        _ => 0,
    }
}

fn lshift(cx: &mut Context<'_>) -> Result<Outcome> {
    let by = cx.check_integer(2)?;
    let word = shift(check_word(cx, 1)?, by);
    Ok(returns_word(cx, word))
}

fn rshift(cx: &mut Context<'_>) -> Result<Outcome> {
    let by = cx.check_integer(2)?;
    let word = shift(check_word(cx, 1)?, by.saturating_neg());
    Ok(returns_word(cx, word))
}

fn arshift(cx: &mut Context<'_>) -> Result<Outcome> {
    let word = check_word(cx, 1)?;
    let by = cx.check_integer(2)?;
    let word = if by < 0 { shift(word, by.saturating_neg()) } else { (word as i32 >> by.min(31)) as u32 };
    Ok(returns_word(cx, word))
}

fn lrotate(cx: &mut Context<'_>) -> Result<Outcome> {
    let by = (cx.check_integer(2)? & 31) as u32;
    let word = check_word(cx, 1)?.rotate_left(by);
    Ok(returns_word(cx, word))
}

fn rrotate(cx: &mut Context<'_>) -> Result<Outcome> {
    let by = (cx.check_integer(2)? & 31) as u32;
    let word = check_word(cx, 1)?.rotate_right(by);
    Ok(returns_word(cx, word))
}

/// The field given by arguments `index` and `index + 1`: its lowest bit, and its members moved to bit 0.
fn check_field(cx: &Context<'_>, index: usize) -> Result<(u32, u32)> {
    let field = cx.check_integer(index)?;
    let width = cx.optional_integer(index + 1, 1)?;
    if field < 0 {
        return Err(cx.argument_error(index, "field cannot be negative"));
    }
    if width <= 0 {
        return Err(cx.argument_error(index + 1, "width must be positive"));
    }
    if field.saturating_add(width) > 32 {
        return Err(Error::message("trying to access non-existent bits"));
    }
    Ok((field as u32, u32::MAX >> (32 - width)))
}

fn extract(cx: &mut Context<'_>) -> Result<Outcome> {
    let word = check_word(cx, 1)?;
    let (field, mask) = check_field(cx, 2)?;
    Ok(returns_word(cx, word >> field & mask))
}

fn replace(cx: &mut Context<'_>) -> Result<Outcome> {
    let word = check_word(cx, 1)?;
    let value = check_word(cx, 2)?;
    let (field, mask) = check_field(cx, 3)?;
    Ok(returns_word(cx, word & !(mask << field) | (value & mask) << field))
}
