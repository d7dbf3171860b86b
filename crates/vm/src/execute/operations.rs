//! What natives do as Lua's operators would: the answer, or the call that has to give it.
//!
//! Nothing is called here: a method that finds a metamethod pushes it with its arguments, and the native asks for the call.

use crate::error::Result;
use crate::heap::handle::{Str, Value};

use super::context::Context;
use super::event::Event;
use super::{compare, concat, index};

impl<'gc> Context<'gc> {
    /// `object[key]`. `None`: a metamethod must be called; it and its arguments were pushed, answer with
    /// `cx.call(2, ...)` and take the first result.
    ///
    /// # Errors
    /// When the value cannot be indexed.
    #[inline]
    pub fn index(&mut self, object: Value<'gc>, key: impl Into<Value<'gc>>) -> Result<Option<Value<'gc>>> {
        let key = key.into().slot();
        // SAFETY: the values are valid by their brand.
        unsafe {
            match index::lookup(self.st(), object.slot(), key)? {
                index::Lookup::Value(value) => Ok(Some(Value::from_slot(value))),
                index::Lookup::Call { function, object } => {
                    self.push_slot(function);
                    self.push_slot(object);
                    self.push_slot(key);
                    Ok(None)
                }
            }
        }
    }

    /// `object[key] = value`. `false`: a metamethod must be called; it and its arguments were pushed, answer with
    /// `cx.call(3, ...)`.
    ///
    /// # Errors
    /// When the value cannot be indexed, or the key is `nil` or NaN.
    pub fn set_index(
        &mut self,
        object: Value<'gc>,
        key: impl Into<Value<'gc>>,
        value: impl Into<Value<'gc>>,
    ) -> Result<bool> {
        let (key, value) = (key.into().slot(), value.into().slot());
        // SAFETY: the values are valid by their brand.
        unsafe {
            match index::assign(self.st(), object.slot(), key, value)? {
                None => Ok(true),
                Some(index::AssignCall { function, object }) => {
                    self.push_slot(function);
                    self.push_slot(object);
                    self.push_slot(key);
                    self.push_slot(value);
                    Ok(false)
                }
            }
        }
    }

    /// `#object`. `None`: a metamethod must be called; answer with `cx.call(1, ...)` and take the first result.
    ///
    /// # Errors
    /// When the value has no length.
    pub fn length(&mut self, object: Value<'gc>) -> Result<Option<Value<'gc>>> {
        // SAFETY: the value is valid by its brand.
        unsafe {
            match index::length(self.st(), object.slot())? {
                Ok(value) => Ok(Some(Value::from_slot(value))),
                Err(function) => {
                    self.push_slot(function);
                    self.push_slot(object.slot());
                    Ok(None)
                }
            }
        }
    }

    /// `left < right`. `None`: a metamethod must be called; answer with `cx.call(2, ...)`, the truth of the first
    /// result is the answer.
    ///
    /// # Errors
    /// When the values have no order.
    #[inline]
    pub fn less_than(&mut self, left: Value<'gc>, right: Value<'gc>) -> Result<Option<bool>> {
        // SAFETY: the values are valid by their brand.
        unsafe {
            match compare::less_than(self.st(), left.slot(), right.slot())? {
                compare::Comparison::Known(answer) => Ok(Some(answer)),
                compare::Comparison::Call { function, .. } => {
                    self.push_slot(function);
                    self.push_slot(left.slot());
                    self.push_slot(right.slot());
                    Ok(None)
                }
            }
        }
    }

    /// Text of a number or string as concatenation and `%s`-like conversions see it; `None` for other values.
    ///
    /// # Errors
    /// When the memory limit would be passed.
    pub fn coerce_string(&mut self, value: Value<'gc>) -> Result<Option<Str<'gc>>> {
        Ok(match value {
            Value::String(s) => Some(s),
            Value::Integer(_) | Value::Float(_) => {
                let mut buffer = concat::NumberText::new();
                let text = buffer.write(value.slot());
                Some(self.string(text)?)
            }
            _ => None,
        })
    }

    /// What `tostring` answers. `None`: `__tostring` must be called; answer with `cx.call(1, ...)`, then the first
    /// result must be a string.
    ///
    /// # Errors
    /// When the memory limit would be passed.
    pub fn display(&mut self, value: Value<'gc>) -> Result<Option<Str<'gc>>> {
        let method = self.metamethod(value, Event::ToString);
        if !method.is_nil() {
            self.push(method);
            self.push(value);
            return Ok(None);
        }
        if let Some(text) = self.coerce_string(value)? {
            return Ok(Some(text));
        }
        let text = match value {
            Value::Nil => "nil".to_owned(),
            Value::Boolean(b) => b.to_string(),
            Value::Type(ty) => ty.value().text().to_owned(),
            other => {
                let name = self.type_name(other);
                format!("{name}: {:#x}", other.address().unwrap_or(0))
            }
        };
        Ok(Some(self.string(text.as_bytes())?))
    }

    /// Type name as messages show it: `__name` of the metatable if that is a string.
    pub fn type_name(&self, value: Value<'gc>) -> String {
        // SAFETY: the value is valid by its brand.
        unsafe { super::names::type_name(self.st(), value.slot()) }
    }
}
