//! Arguments of natives: what they must be, and what a native says when they are not.
//!
//! Wording is that of the reference implementation; the name of the function in front of it is added where the error
//! is raised. Numbers and numeric strings stand in for each other as in the language (Lua 5.3 manual, section 3.4.3).

use crate::error::{Error, ErrorKind, Result};
use crate::execute::context::Context;
use crate::heap::handle::{Str, Table, Value};
use crate::number::{self, Number};

/// The number a value is or, if it is a numeric string, stands for.
#[inline]
#[must_use]
pub fn to_number(value: Value<'_>) -> Option<Number> {
    match value {
        Value::Integer(integer) => Some(Number::Integer(integer)),
        Value::Float(float) => Some(Number::Float(float)),
        Value::String(text) => number::parse(text.as_bytes()),
        _ => None,
    }
}

/// The integer a value is equal to, numeric strings included.
#[inline]
#[must_use]
pub fn to_integer(value: Value<'_>) -> Option<i64> {
    match value {
        Value::Integer(integer) => Some(integer),
        other => to_number(other)?.to_integer(),
    }
}

impl From<Number> for Value<'_> {
    fn from(number: Number) -> Self {
        match number {
            Number::Integer(integer) => Value::Integer(integer),
            Number::Float(float) => Value::Float(float),
        }
    }
}

impl<'gc> Context<'gc> {
    /// `bad argument #index to 'function' (message)`
    #[cold]
    pub fn argument_error(&self, index: usize, message: impl Into<Vec<u8>>) -> Error {
        Error::new(ErrorKind::Argument { index, message: message.into() })
    }

    /// The error for an argument of another type than `expected`.
    #[cold]
    pub fn type_error(&self, index: usize, expected: &str) -> Error {
        let found = match self.get(index) {
            Value::LightUserData(_) => "light userdata".to_owned(),
            Value::Nil if !self.has(index) => "no value".to_owned(),
            value => self.type_name(value),
        };
        self.argument_error(index, format!("{expected} expected, got {found}"))
    }

    /// Argument `index`, which may be `nil` but not absent.
    ///
    /// # Errors
    /// When it is absent.
    #[inline]
    pub fn check_any(&self, index: usize) -> Result<Value<'gc>> {
        if self.has(index) { Ok(self.get(index)) } else { Err(self.argument_error(index, "value expected")) }
    }

    /// Argument `index` as an integer.
    ///
    /// # Errors
    /// When it is no number, or has no integer representation.
    #[inline]
    pub fn check_integer(&self, index: usize) -> Result<i64> {
        match self.get(index) {
            Value::Integer(integer) => Ok(integer),
            other => to_integer(other).ok_or_else(|| self.integer_error(index)),
        }
    }

    #[cold]
    fn integer_error(&self, index: usize) -> Error {
        match to_number(self.get(index)) {
            Some(_) => self.argument_error(index, "number has no integer representation"),
            None => self.type_error(index, "number"),
        }
    }

    /// Argument `index` as a number.
    ///
    /// # Errors
    /// When it is none.
    #[inline]
    pub fn check_number(&self, index: usize) -> Result<Number> {
        to_number(self.get(index)).ok_or_else(|| self.type_error(index, "number"))
    }

    /// Argument `index` as a float.
    ///
    /// # Errors
    /// When it is no number.
    #[inline]
    pub fn check_float(&self, index: usize) -> Result<f64> {
        match self.get(index) {
            Value::Float(float) => Ok(float),
            _ => Ok(self.check_number(index)?.to_float()),
        }
    }

    /// Argument `index` as a string; a number becomes its text, and so does an object that has one (an error).
    ///
    /// # Errors
    /// When it is neither, or when the memory limit would be passed.
    #[inline]
    pub fn check_string(&mut self, index: usize) -> Result<Str<'gc>> {
        match self.get(index) {
            Value::String(text) => Ok(text),
            other => self.text_of(other)?.ok_or_else(|| self.type_error(index, "string")),
        }
    }

    /// Argument `index` as a table.
    ///
    /// # Errors
    /// When it is none.
    #[inline]
    pub fn check_table(&self, index: usize) -> Result<Table<'gc>> {
        match self.get(index) {
            Value::Table(table) => Ok(table),
            _ => Err(self.type_error(index, "table")),
        }
    }

    /// Argument `index`, which must be a function.
    ///
    /// # Errors
    /// When it is none.
    #[inline]
    pub fn check_function(&self, index: usize) -> Result<Value<'gc>> {
        let value = self.get(index);
        if value.is_function() { Ok(value) } else { Err(self.type_error(index, "function")) }
    }

    /// Argument `index` as an integer, or `default` if it is absent or `nil`.
    ///
    /// # Errors
    /// As [`Self::check_integer`].
    #[inline]
    pub fn optional_integer(&self, index: usize, default: i64) -> Result<i64> {
        if self.get(index).is_nil() { Ok(default) } else { self.check_integer(index) }
    }

    /// Argument `index` as a float, or `default` if it is absent or `nil`.
    ///
    /// # Errors
    /// As [`Self::check_float`].
    pub fn optional_float(&self, index: usize, default: f64) -> Result<f64> {
        if self.get(index).is_nil() { Ok(default) } else { self.check_float(index) }
    }

    /// Argument `index` as a string, unless it is absent or `nil`.
    ///
    /// # Errors
    /// As [`Self::check_string`].
    #[inline]
    pub fn optional_string(&mut self, index: usize) -> Result<Option<Str<'gc>>> {
        if self.get(index).is_nil() { Ok(None) } else { self.check_string(index).map(Some) }
    }

    /// Which of `options` argument `index` names; the one called `default` if it is absent or `nil`.
    ///
    /// # Errors
    /// When it is no string, or names none of them.
    pub fn check_option(&mut self, index: usize, default: Option<&str>, options: &[&str]) -> Result<usize> {
        let given = match (self.get(index), default) {
            (Value::Nil, Some(name)) => name.as_bytes(),
            _ => self.check_string(index)?.as_bytes(),
        };
        options
            .iter()
            .position(|option| option.as_bytes() == given)
            .ok_or_else(|| self.argument_error(index, [b"invalid option '", given, b"'"].concat()))
    }
}
