//! The constant pool of a function, and arithmetic on constants while compiling.
//!
//! Equal constants share an index; integers and floats of equal value do not, nor do `0.0` and `-0.0`. Folding leaves
//! to run time whatever can fail or whose result a constant cannot hold faithfully. Invariant: looking up a constant
//! is one hash probe.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use foldhash::fast::FixedState;
use wippy_parser::ast::BinaryOperator;
use wippy_parser::interner::Symbol;

use crate::bytecode::prototype::Constant;

/// A constant by identity.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Nil,
    Boolean(bool),
    Integer(i64),
    /// The bits of a float.
    Float(u64),
    String(Symbol),
}

/// The constants of one function.
#[derive(Default)]
pub(super) struct Constants {
    values: Vec<Constant>,
    index: HashMap<Key, u32, FixedState>,
}

impl Constants {
    pub(super) fn nil(&mut self) -> u32 {
        self.enter(Key::Nil, || Constant::Nil)
    }

    pub(super) fn boolean(&mut self, value: bool) -> u32 {
        self.enter(Key::Boolean(value), || Constant::Boolean(value))
    }

    pub(super) fn number(&mut self, value: Number) -> u32 {
        match value {
            Number::Integer(value) => self.enter(Key::Integer(value), || Constant::Integer(value)),
            Number::Float(value) => self.enter(Key::Float(value.to_bits()), || Constant::Float(value)),
        }
    }

    /// The index of a string; `text` is asked only when it is new.
    pub(super) fn string(&mut self, symbol: Symbol, text: impl FnOnce() -> Constant) -> u32 {
        self.enter(Key::String(symbol), text)
    }

    pub(super) fn into_values(self) -> Vec<Constant> {
        self.values
    }

    fn enter(&mut self, key: Key, value: impl FnOnce() -> Constant) -> u32 {
        match self.index.entry(key) {
            Entry::Occupied(entry) => *entry.get(),
            Entry::Vacant(entry) => {
                let index = self.values.len() as u32;
                self.values.push(value());
                *entry.insert(index)
            }
        }
    }
}

/// A number known while compiling.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number {
    Integer(i64),
    Float(f64),
}

impl Number {
    fn to_float(self) -> f64 {
        match self {
            Self::Integer(value) => value as f64,
            Self::Float(value) => value,
        }
    }

    /// The integer of equal value, if there is one.
    fn to_integer(self) -> Option<i64> {
        match self {
            Self::Integer(value) => Some(value),
            Self::Float(value) => {
                let fits = value.floor() == value && (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&value);
                fits.then_some(value as i64)
            }
        }
    }

    fn is_zero(self) -> bool {
        self.to_float() == 0.0
    }
}

/// The value of `left operator right`, unless it is better computed at run time.
pub(super) fn fold(operator: BinaryOperator, left: Number, right: Number) -> Option<Number> {
    use BinaryOperator as B;
    match operator {
        B::BitAnd | B::BitOr | B::BitXor | B::ShiftLeft | B::ShiftRight => {
            let (x, y) = (left.to_integer()?, right.to_integer()?);
            Some(Number::Integer(match operator {
                B::BitAnd => x & y,
                B::BitOr => x | y,
                B::BitXor => x ^ y,
                B::ShiftLeft => shift_left(x, y),
                _ => shift_left(x, y.wrapping_neg()),
            }))
        }
        B::Divide | B::FloorDivide | B::Modulo if right.is_zero() => None,
        B::Add | B::Subtract | B::Multiply | B::FloorDivide | B::Modulo => match (left, right) {
            (Number::Integer(x), Number::Integer(y)) => Some(Number::Integer(match operator {
                B::Add => x.wrapping_add(y),
                B::Subtract => x.wrapping_sub(y),
                B::Multiply => x.wrapping_mul(y),
                B::FloorDivide => floor_divide(x, y),
                _ => x.wrapping_sub(floor_divide(x, y).wrapping_mul(y)),
            })),
            _ => float(operator, left.to_float(), right.to_float()),
        },
        B::Divide | B::Power => float(operator, left.to_float(), right.to_float()),
        B::Concat
        | B::Equal
        | B::NotEqual
        | B::Less
        | B::LessEqual
        | B::Greater
        | B::GreaterEqual
        | B::And
        | B::Or => None,
    }
}

/// The value of `-operand`.
pub(super) fn fold_negate(operand: Number) -> Option<Number> {
    match operand {
        Number::Integer(value) => Some(Number::Integer(value.wrapping_neg())),
        Number::Float(value) => faithful(-value),
    }
}

/// The value of `~operand`.
pub(super) fn fold_bit_not(operand: Number) -> Option<Number> {
    Some(Number::Integer(!operand.to_integer()?))
}

fn float(operator: BinaryOperator, x: f64, y: f64) -> Option<Number> {
    faithful(match operator {
        BinaryOperator::Add => x + y,
        BinaryOperator::Subtract => x - y,
        BinaryOperator::Multiply => x * y,
        BinaryOperator::Divide => x / y,
        BinaryOperator::FloorDivide => (x / y).floor(),
        BinaryOperator::Modulo => {
            let rest = x % y;
            if rest * y < 0.0 { rest + y } else { rest }
        }
        _ => x.powf(y),
    })
}

/// Neither a NaN nor a zero (whose sign matters) becomes a constant by folding.
fn faithful(value: f64) -> Option<Number> {
    (!value.is_nan() && value != 0.0).then_some(Number::Float(value))
}

/// Rounds towards minus infinity; `divisor` is not zero.
fn floor_divide(dividend: i64, divisor: i64) -> i64 {
    let quotient = dividend.wrapping_div(divisor);
    let inexact = dividend.wrapping_rem(divisor) != 0;
    if inexact && (dividend < 0) != (divisor < 0) { quotient - 1 } else { quotient }
}

/// Logical shift; negative distances go right, distances of 64 and more give 0.
fn shift_left(value: i64, distance: i64) -> i64 {
    let bits = value as u64;
    match distance {
        0..=63 => (bits << distance) as i64,
        -63..=-1 => (bits >> -distance) as i64,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::Number::{Float, Integer};
    use super::*;

    #[test]
    fn equal_constants_share_an_index_but_subtypes_do_not() {
        let mut constants = Constants::default();
        let one = constants.number(Integer(1));
        assert_eq!(constants.number(Integer(1)), one);
        assert_ne!(constants.number(Float(1.0)), one);
        assert_ne!(constants.number(Float(0.0)), constants.number(Float(-0.0)));
        assert_ne!(constants.nil(), constants.boolean(false));
        assert_eq!(constants.into_values().len(), 6);
    }

    #[test]
    fn folding_follows_the_rules_of_the_language() {
        use BinaryOperator as B;
        assert_eq!(fold(B::FloorDivide, Integer(-7), Integer(2)), Some(Integer(-4)));
        assert_eq!(fold(B::Modulo, Integer(-7), Integer(2)), Some(Integer(1)));
        assert_eq!(fold(B::Modulo, Float(-7.5), Integer(2)), Some(Float(0.5)));
        assert_eq!(fold(B::Modulo, Integer(i64::MIN), Integer(-1)), Some(Integer(0)));
        assert_eq!(fold(B::FloorDivide, Integer(i64::MIN), Integer(-1)), Some(Integer(i64::MIN)));
        assert_eq!(fold(B::Divide, Integer(1), Integer(2)), Some(Float(0.5)));
        assert_eq!(fold(B::Add, Integer(i64::MAX), Integer(1)), Some(Integer(i64::MIN)));
        assert_eq!(fold(B::ShiftLeft, Integer(1), Integer(64)), Some(Integer(0)));
        assert_eq!(fold(B::ShiftLeft, Integer(-1), Integer(-63)), Some(Integer(1)));
        assert_eq!(fold(B::ShiftRight, Integer(-1), Integer(i64::MIN)), Some(Integer(0)));
        assert_eq!(fold(B::BitAnd, Float(3.0), Integer(5)), Some(Integer(1)));
    }

    #[test]
    fn what_can_fail_or_lose_a_sign_is_left_to_run_time() {
        use BinaryOperator as B;
        assert_eq!(fold(B::FloorDivide, Integer(1), Integer(0)), None);
        assert_eq!(fold(B::Modulo, Integer(1), Integer(0)), None);
        assert_eq!(fold(B::Divide, Integer(1), Float(-0.0)), None);
        assert_eq!(fold(B::Multiply, Float(0.0), Integer(-1)), None);
        assert_eq!(fold(B::BitOr, Float(0.5), Integer(1)), None);
        assert_eq!(fold(B::Subtract, Float(f64::INFINITY), Float(f64::INFINITY)), None);
        assert_eq!(fold_negate(Float(0.0)), None);
        assert_eq!(fold_negate(Integer(0)), Some(Integer(0)));
    }
}
