//! The constant pool of a function, and arithmetic on constants while compiling.
//!
//! Equal constants share an index; integers and floats of equal value do not, nor do `0.0` and `-0.0`. Folding leaves
//! to run time whatever can fail or whose result a constant cannot hold faithfully. Invariant: looking up a constant
//! is one hash probe, or a look at a dozen.

use std::collections::HashMap;

use foldhash::fast::FixedState;
use wippy_parser::ast::BinaryOperator;
use wippy_typecheck::Type;

use crate::bytecode::prototype::{Constant, Text};
use crate::number::{self, Number};

/// A constant by identity.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Nil,
    Boolean(bool),
    Integer(i64),
    /// The bits of a float.
    Float(u64),
    String(Text),
    /// Number among the types of the chunk.
    Type(u32),
}

/// The constants of one function.
#[derive(Default)]
pub(super) struct Constants {
    values: Vec<Constant>,
    /// The identity of each value.
    keys: Vec<Key>,
    /// Where each is; only filled in once there are many.
    index: HashMap<Key, u32, FixedState>,
}

/// Up to so many constants are looked through.
const FEW: usize = 12;

impl Constants {
    pub(super) fn nil(&mut self) -> u32 {
        self.enter(Key::Nil, Constant::Nil)
    }

    pub(super) fn boolean(&mut self, value: bool) -> u32 {
        self.enter(Key::Boolean(value), Constant::Boolean(value))
    }

    pub(super) fn number(&mut self, value: Number) -> u32 {
        match value {
            Number::Integer(value) => self.enter(Key::Integer(value), Constant::Integer(value)),
            Number::Float(value) => self.enter(Key::Float(value.to_bits()), Constant::Float(value)),
        }
    }

    pub(super) fn string(&mut self, text: Text) -> u32 {
        self.enter(Key::String(text), Constant::String(text))
    }

    /// The index of a type, which is entered among the `types` of the chunk if it is new to this function.
    pub(super) fn ty(&mut self, ty: Type, types: &mut Vec<Type>) -> u32 {
        let is_it = |value: &Constant| matches!(value, Constant::Type(at) if types[*at as usize] == ty);
        if let Some(index) = self.values.iter().position(is_it) {
            return index as u32;
        }
        let number = types.len() as u32;
        types.push(ty);
        self.add(Key::Type(number), Constant::Type(number))
    }

    /// The constants, in order.
    pub(super) fn values(&self) -> &[Constant] {
        &self.values
    }

    /// Forgets all constants.
    pub(super) fn clear(&mut self) {
        self.values.clear();
        self.keys.clear();
        if !self.index.is_empty() {
            // A large index would be slow to clear for each small function that follows.
            self.index = HashMap::default();
        }
    }

    #[inline]
    fn enter(&mut self, key: Key, value: Constant) -> u32 {
        if self.keys.len() <= FEW {
            if let Some(found) = self.keys.iter().position(|known| *known == key) {
                return found as u32;
            }
        } else if let Some(&found) = self.index.get(&key) {
            return found;
        }
        self.add(key, value)
    }

    fn add(&mut self, key: Key, value: Constant) -> u32 {
        let index = self.values.len() as u32;
        self.values.push(value);
        self.keys.push(key);
        if self.keys.len() == FEW + 1 {
            self.index.extend(self.keys.iter().zip(0..).map(|(key, at)| (*key, at)));
        } else if self.keys.len() > FEW {
            self.index.insert(key, index);
        }
        index
    }
}

/// The value of `left operator right`, unless it is better computed at run time.
pub(super) fn fold(operator: BinaryOperator, left: Number, right: Number) -> Option<Number> {
    use BinaryOperator as B;
    match operator {
        B::BitAnd => bitwise(left, right, |x, y| x & y),
        B::BitOr => bitwise(left, right, |x, y| x | y),
        B::BitXor => bitwise(left, right, |x, y| x ^ y),
        B::ShiftLeft => bitwise(left, right, number::shift_left),
        B::ShiftRight => bitwise(left, right, number::shift_right),
        B::Add => arithmetic(left, right, |x, y| Some(x.wrapping_add(y)), |x, y| x + y),
        B::Subtract => arithmetic(left, right, |x, y| Some(x.wrapping_sub(y)), |x, y| x - y),
        B::Multiply => arithmetic(left, right, |x, y| Some(x.wrapping_mul(y)), |x, y| x * y),
        B::Divide | B::FloorDivide | B::Modulo if right.to_float() == 0.0 => None,
        B::FloorDivide => arithmetic(left, right, number::floor_divide, number::floor_divide_floats),
        B::Modulo => arithmetic(left, right, number::modulo, number::modulo_floats),
        B::Divide => faithful(left.to_float() / right.to_float()),
        B::Power => faithful(number::power(left.to_float(), right.to_float())),
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

fn bitwise(left: Number, right: Number, apply: impl Fn(i64, i64) -> i64) -> Option<Number> {
    Some(Number::Integer(apply(left.to_integer()?, right.to_integer()?)))
}

fn arithmetic(
    left: Number,
    right: Number,
    integers: impl Fn(i64, i64) -> Option<i64>,
    floats: impl Fn(f64, f64) -> f64,
) -> Option<Number> {
    match (left, right) {
        (Number::Integer(x), Number::Integer(y)) => integers(x, y).map(Number::Integer),
        _ => faithful(floats(left.to_float(), right.to_float())),
    }
}

/// Neither a NaN nor a zero (whose sign matters) becomes a constant by folding.
fn faithful(value: f64) -> Option<Number> {
    (!value.is_nan() && value != 0.0).then_some(Number::Float(value))
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
        assert_eq!(constants.values().len(), 6);
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
