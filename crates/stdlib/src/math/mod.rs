//! The `math` library (Lua 5.3 manual, section 6.7), with the functions stock 5.3 keeps for compatibility.
//!
//! Integers stay integers wherever the manual says so; the rules of both kinds are those of `wippy_vm::number`.

mod random;

use std::cell::RefCell;

use wippy_vm::arguments::{to_integer, to_number};
use wippy_vm::number::{self, Number};
use wippy_vm::{Context, Error, Library, Outcome, Result, Table, Value, library};

use crate::steps::{self, Next, Steps};

pub use random::Random;

/// The library's rows. `random` and `randomseed` share a generator and are added by `constants`.
pub static LIBRARY: Library = library!(
    "math",
    [
        /// The absolute value.
        ("abs", abs, "<T: number>(x: T) -> T"),
        /// The arc cosine, in radians.
        ("acos", acos, "(x: number) -> number"),
        /// The arc sine, in radians.
        ("asin", asin, "(x: number) -> number"),
        /// The arc tangent of `y/x`, in the quadrant of both.
        ("atan", atan, "(y: number, x: number?) -> number"),
        /// The arc tangent of `y/x`; the old name of `atan`.
        ("atan2", atan, "(y: number, x: number?) -> number"),
        /// The least integer that is not less.
        ("ceil", ceil, "(x: number) -> integer"),
        /// The cosine of an angle in radians.
        ("cos", cos, "(x: number) -> number"),
        /// The hyperbolic cosine.
        ("cosh", cosh, "(x: number) -> number"),
        /// Radians as degrees.
        ("deg", deg, "(x: number) -> number"),
        /// e to the power of `x`.
        ("exp", exp, "(x: number) -> number"),
        /// The greatest integer that is not greater.
        ("floor", floor, "(x: number) -> integer"),
        /// The remainder of a division that rounds towards zero.
        ("fmod", fmod, "(x: number, y: number) -> number"),
        /// Mantissa and exponent.
        ("frexp", frexp, "(x: number) -> (number, integer)"),
        /// `x` times 2 to the power of an exponent.
        ("ldexp", ldexp, "(x: number, exponent: integer) -> number"),
        /// The logarithm, natural or to a base.
        ("log", log, "(x: number, base: number?) -> number"),
        /// The logarithm to base 10.
        ("log10", log10, "(x: number) -> number"),
        /// The greatest argument.
        ("max", max, "<T: number>(x: T, ...T) -> T"),
        /// The least argument.
        ("min", min, "<T: number>(x: T, ...T) -> T"),
        /// The integral part and the fraction.
        ("modf", modf, "(x: number) -> (number, number)"),
        /// `x` to the power of `y`.
        ("pow", pow, "(x: number, y: number) -> number"),
        /// Degrees as radians.
        ("rad", rad, "(x: number) -> number"),
        /// The sine of an angle in radians.
        ("sin", sin, "(x: number) -> number"),
        /// The hyperbolic sine.
        ("sinh", sinh, "(x: number) -> number"),
        /// The square root.
        ("sqrt", sqrt, "(x: number) -> number"),
        /// The tangent of an angle in radians.
        ("tan", tan, "(x: number) -> number"),
        /// The hyperbolic tangent.
        ("tanh", tanh, "(x: number) -> number"),
        /// The integer that a number is, or nil.
        ("tointeger", tointeger, "(x: any) -> integer?"),
        /// `integer`, `float`, or nil for what is no number.
        ("type", type_, "(x: any) -> string?"),
        /// Whether `m` is below `n` as unsigned integers.
        ("ult", ult, "(m: integer, n: integer) -> boolean"),
    ]
);

/// The functions that share the generator.
pub static GENERATORS: Library = library!(
    "math",
    [
        /// A random number: from 0 to 1, from 1 to `m`, or from `m` to `n`.
        ("random", random, "(m: integer?, n: integer?) -> number"),
        /// Seeds the generator.
        ("randomseed", randomseed, "(x: number) -> ()"),
    ]
);

/// Seed of the first sequence of an interpreter, if its host has set one with `Vm::set_host`.
#[derive(Clone, Copy, Debug)]
pub struct RandomSeed(pub u64);

/// The library's fields that are no rows.
///
/// # Errors
/// When the memory limit would be passed.
pub(crate) fn constants<'gc>(cx: &mut Context<'gc>, table: Table<'gc>) -> Result<()> {
    cx.set_field(table, "pi", std::f64::consts::PI)?;
    cx.set_field(table, "huge", f64::INFINITY)?;
    cx.set_field(table, "maxinteger", i64::MAX)?;
    cx.set_field(table, "mininteger", i64::MIN)?;
    let generator = cx.userdata_on_demand(|_| Box::new(RefCell::new(None::<Random>)), None);
    for native in GENERATORS.functions {
        let closure = cx.native_closure(native, &[generator.into()]);
        cx.set_field(table, native.name, closure)?;
    }
    Ok(())
}

macro_rules! of_float {
    ($($(#[doc = $doc:literal])* $name:ident = $function:expr;)*) => { $(
        fn $name(cx: &mut Context<'_>) -> Result<Outcome> {
            let function: fn(f64) -> f64 = $function;
            let result = function(cx.check_float(1)?);
            Ok(cx.returns(result))
        }
    )* };
}

// Outside their domains `acos`, `asin` and the decimal logarithm answer what the C library does, a NaN without a sign:
// programs print it. That of every other function here has one.
of_float! {
    acos = |x| if x.abs() > 1.0 { f64::NAN } else { x.acos() };
    asin = |x| if x.abs() > 1.0 { f64::NAN } else { x.asin() };
    cos = f64::cos;
    cosh = f64::cosh;
    deg = |x| x * (180.0 / std::f64::consts::PI);
    exp = f64::exp;
    log10 = decimal_logarithm;
    rad = |x| x * (std::f64::consts::PI / 180.0);
    sin = f64::sin;
    sinh = f64::sinh;
    sqrt = f64::sqrt;
    tan = f64::tan;
    tanh = f64::tanh;
}

fn abs(cx: &mut Context<'_>) -> Result<Outcome> {
    Ok(match cx.get(1) {
        Value::Integer(integer) => cx.returns(integer.wrapping_abs()),
        _ => {
            let float = cx.check_float(1)?;
            cx.returns(float.abs())
        }
    })
}

fn atan(cx: &mut Context<'_>) -> Result<Outcome> {
    let y = cx.check_float(1)?;
    let x = cx.optional_float(2, 1.0)?;
    Ok(cx.returns(y.atan2(x)))
}

/// Answers with a whole float, as an integer if that has room for it.
fn returns_whole(cx: &mut Context<'_>, float: f64) -> Outcome {
    match number::float_to_integer(float) {
        Some(integer) => cx.returns(integer),
        None => cx.returns(float),
    }
}

fn ceil(cx: &mut Context<'_>) -> Result<Outcome> {
    if let Value::Integer(integer) = cx.get(1) {
        return Ok(cx.returns(integer));
    }
    let float = cx.check_float(1)?.ceil();
    Ok(returns_whole(cx, float))
}

fn floor(cx: &mut Context<'_>) -> Result<Outcome> {
    if let Value::Integer(integer) = cx.get(1) {
        return Ok(cx.returns(integer));
    }
    let float = cx.check_float(1)?.floor();
    Ok(returns_whole(cx, float))
}

pub(crate) fn fmod(cx: &mut Context<'_>) -> Result<Outcome> {
    if let (Value::Integer(a), Value::Integer(b)) = (cx.get(1), cx.get(2)) {
        if b == 0 {
            return Err(cx.argument_error(2, "zero"));
        }
        return Ok(cx.returns(a.wrapping_rem(b)));
    }
    let divisor = cx.check_float(2)?;
    let result = number::remainder(cx.check_float(1)?, divisor);
    Ok(cx.returns(result))
}

fn frexp(cx: &mut Context<'_>) -> Result<Outcome> {
    let (fraction, exponent) = split(cx.check_float(1)?);
    cx.push(fraction);
    cx.push(exponent);
    Ok(cx.returns_top(2))
}

/// `float` as a fraction in `[0.5, 1)` and a power of two.
fn split(float: f64) -> (f64, i64) {
    const EXPONENT: u64 = 0x7FF << 52;
    if float == 0.0 || !float.is_finite() {
        return (float, 0);
    }
    // Subnormal numbers are lifted into the normal range first.
    let (float, lifted) =
        if float.abs() < f64::MIN_POSITIVE { (float * 2f64.powi(64), 64) } else { (float, 0) };
    let bits = float.to_bits();
    let exponent = ((bits & EXPONENT) >> 52) as i64 - 1022;
    (f64::from_bits(bits & !EXPONENT | 1022 << 52), exponent - lifted)
}

fn ldexp(cx: &mut Context<'_>) -> Result<Outcome> {
    let float = cx.check_float(1)?;
    // Like a C `int`, the exponent wraps around.
    let exponent = cx.check_integer(2)? as i32;
    Ok(cx.returns(scale(float, exponent)))
}

/// `float * 2^exponent`, rounded once.
fn scale(float: f64, exponent: i32) -> f64 {
    let (fraction, own) = split(float);
    let total = own + i64::from(exponent);
    if fraction == 0.0 || !fraction.is_finite() || (-1021..=1024).contains(&total) {
        // Within the normal range both factors are exact.
        let half = total as i32 / 2;
        return if fraction == 0.0 || !fraction.is_finite() {
            float
        } else {
            fraction * 2f64.powi(half) * 2f64.powi(total as i32 - half)
        };
    }
    if total > 1024 {
        return fraction * f64::INFINITY;
    }
    // Below it the last multiplication rounds; what is before it is exact.
    let deep = (total + 1000).max(-200) as i32;
    fraction * 2f64.powi(-1000) * 2f64.powi(deep)
}

fn decimal_logarithm(x: f64) -> f64 {
    if x < 0.0 { f64::NAN } else { x.log10() }
}

fn log(cx: &mut Context<'_>) -> Result<Outcome> {
    let x = cx.check_float(1)?;
    if cx.get(2).is_nil() {
        return Ok(cx.returns(x.ln()));
    }
    let base = cx.check_float(2)?;
    let result = if base == 2.0 {
        x.log2()
    } else if base == 10.0 {
        decimal_logarithm(x)
    } else {
        x.ln() / base.ln()
    };
    Ok(cx.returns(result))
}

fn max(cx: &mut Context<'_>) -> Result<Outcome> {
    extreme(cx, true)
}

fn min(cx: &mut Context<'_>) -> Result<Outcome> {
    extreme(cx, false)
}

fn extreme(cx: &mut Context<'_>, largest: bool) -> Result<Outcome> {
    if cx.is_empty() {
        return Err(cx.argument_error(1, "value expected"));
    }
    let mut best = cx.get(1);
    for index in 2..=cx.len() {
        let candidate = cx.get(index);
        let (less, more) = if largest { (best, candidate) } else { (candidate, best) };
        match (less, more) {
            (Value::Integer(a), Value::Integer(b)) => best = if a < b { candidate } else { best },
            (Value::Float(a), Value::Float(b)) => best = if a < b { candidate } else { best },
            _ => return steps::run(Extreme { largest, best: 1, next: 2, count: cx.len() }, cx),
        }
    }
    Ok(cx.returns(best))
}

/// `max` or `min` under way. Any values that have an order will do.
struct Extreme {
    largest: bool,
    /// Slot of the best value so far.
    best: usize,
    /// Slot of the value to compare it with.
    next: usize,
    /// Number of arguments.
    count: usize,
}

impl Steps for Extreme {
    fn step(&mut self, cx: &mut Context<'_>, called: bool) -> Result<Next> {
        let mut answer = if called { Some(cx.take_result().is_truthy()) } else { None };
        while self.next <= self.count {
            let (best, next) = (cx.get(self.best), cx.get(self.next));
            let better = match answer.take() {
                Some(better) => Some(better),
                None if self.largest => cx.less_than(best, next)?,
                None => cx.less_than(next, best)?,
            };
            match better {
                Some(true) => self.best = self.next,
                Some(false) => {}
                None => return Ok(Next::Call(2)),
            }
            self.next += 1;
        }
        cx.push_copy(self.best);
        Ok(Next::Return(1))
    }
}

fn modf(cx: &mut Context<'_>) -> Result<Outcome> {
    if let Value::Integer(integer) = cx.get(1) {
        cx.push(integer);
        cx.push(0.0);
        return Ok(cx.returns_top(2));
    }
    let float = cx.check_float(1)?;
    let whole = float.trunc();
    match number::float_to_integer(whole) {
        Some(integer) => cx.push(integer),
        None => cx.push(whole),
    }
    cx.push(if float.is_infinite() { 0.0 } else { float - whole });
    Ok(cx.returns_top(2))
}

fn pow(cx: &mut Context<'_>) -> Result<Outcome> {
    let result = number::power(cx.check_float(1)?, cx.check_float(2)?);
    Ok(cx.returns(result))
}

fn tointeger(cx: &mut Context<'_>) -> Result<Outcome> {
    let integer = to_integer(cx.check_any(1)?);
    Ok(match integer {
        Some(integer) => cx.returns(integer),
        None => cx.returns(Value::Nil),
    })
}

fn type_(cx: &mut Context<'_>) -> Result<Outcome> {
    let name = match cx.check_any(1)? {
        Value::Integer(_) => "integer",
        Value::Float(_) => "float",
        _ => return Ok(cx.returns(Value::Nil)),
    };
    let name = cx.string(name.as_bytes())?;
    Ok(cx.returns(name))
}

fn ult(cx: &mut Context<'_>) -> Result<Outcome> {
    let less = (cx.check_integer(1)? as u64) < cx.check_integer(2)? as u64;
    Ok(cx.returns(less))
}

/// Calls `f` with the generator in the running closure's upvalue; it is seeded when it is first used.
fn with_generator<R>(cx: &mut Context<'_>, f: impl FnOnce(&mut Random) -> R) -> Result<R> {
    let Value::UserData(generator) = cx.upvalue(1) else {
        return Err(Error::message("the random generator is gone"));
    };
    let Some(generator) = generator.get::<RefCell<Option<Random>>>() else {
        return Err(Error::message("the random generator is gone"));
    };
    let mut generator = generator.borrow_mut();
    let generator = generator.get_or_insert_with(|| {
        let seed = cx.host::<RandomSeed>().map_or(0, |seed| seed.0);
        Random::new(seed)
    });
    Ok(f(generator))
}

fn random(cx: &mut Context<'_>) -> Result<Outcome> {
    let (low, high) = match cx.len() {
        0 => {
            let float = with_generator(cx, Random::float)?;
            return Ok(cx.returns(float));
        }
        1 => (1, cx.check_integer(1)?),
        2 => (cx.check_integer(1)?, cx.check_integer(2)?),
        _ => return Err(Error::message("wrong number of arguments")),
    };
    if low > high {
        return Err(cx.argument_error(1, "interval is empty"));
    }
    if low < 0 && high > i64::MAX + low {
        return Err(cx.argument_error(1, "interval too large"));
    }
    let integer = with_generator(cx, |generator| generator.integer(low, high))?;
    Ok(cx.returns(integer))
}

fn randomseed(cx: &mut Context<'_>) -> Result<Outcome> {
    let seed = match to_number(cx.get(1)) {
        Some(Number::Integer(integer)) => integer as u64,
        Some(Number::Float(float)) => {
            number::float_to_integer(float).map_or(float.to_bits(), |whole| whole as u64)
        }
        None => return Err(cx.type_error(1, "number")),
    };
    with_generator(cx, |generator| *generator = Random::new(seed))?;
    Ok(cx.returns_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_and_powers_of_two() {
        for (float, expected) in [
            (8.0, (0.5, 4)),
            (0.0, (0.0, 0)),
            (5e-324, (0.5, -1073)),
            (-3.0, (-0.75, 2)),
            (f64::MAX, (1.0 - f64::EPSILON / 2.0, 1024)),
        ] {
            assert_eq!(split(float), expected);
            assert_eq!(scale(expected.0, expected.1 as i32), float);
        }
        assert_eq!(scale(1.0, 1024), f64::INFINITY);
        assert_eq!(scale(1.0, -1074), 5e-324);
        assert_eq!(scale(1.0, -1075), 0.0);
        assert_eq!(scale(1.5, -1075), 5e-324);
        assert_eq!(scale(-0.0, 5), -0.0);
    }
}
