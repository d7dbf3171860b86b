//! `T:parse(v)`: a new value in which defaults are filled in, texts trimmed and coerced as the type says; then checked.
//!
//! `@default(c)` stands for nil, `@trim` takes blanks off both ends of a string, `@coerce` turns texts into numbers and
//! booleans, and numbers and booleans into texts. Invariant: the value that was given is not changed.

use wippy_typecheck::{Basic, Constant, Literal, Type, TypeKind};
use wippy_vm::number::parse as parse_number;
use wippy_vm::{Context, Error, Outcome, Result, Table, Value};

use super::failure;
use super::reflect::validators_of;

/// Most nested containers of a value, as in validation.
const MAX_DEPTH: usize = 200;

/// `T:parse(value)`: the new value and nil, or nil and the error.
pub(super) fn parse(cx: &mut Context<'_>) -> Result<Outcome> {
    let ty = cx.check_type(1)?;
    let value = cx.get(2);
    let parsed = Parser { attempts: 0 }.transform(cx, ty.value().ty(), value, 0)?;
    if cx.is_of_type(ty, parsed) {
        cx.push(parsed);
        cx.push(Value::Nil);
        return Ok(cx.returns_top(2));
    }
    cx.push(Value::Nil);
    match cx.type_failure(ty, parsed) {
        Some(reason) => {
            let error = failure::object(cx, &reason, ty.value().text())?;
            cx.push(error);
        }
        None => cx.push(Value::Nil),
    }
    Ok(cx.returns_top(2))
}

/// Members of unions that may be tried in vain; nested unions multiply.
const MAX_ATTEMPTS: usize = 10_000;

struct Parser {
    attempts: usize,
}

impl Parser {
    /// The value as the type wants it, as far as its annotations say how. Nothing is collected during a step, so handles
    /// may be held; nesting is limited, so this may recurse.
    fn transform<'gc>(
        &mut self,
        cx: &mut Context<'gc>,
        ty: &Type,
        value: Value<'gc>,
        depth: usize,
    ) -> Result<Value<'gc>> {
        if depth > MAX_DEPTH {
            return Err(Error::message(format!("value nested deeper than {MAX_DEPTH}")));
        }
        let bare = ty.bare();
        let mut value = value;
        for annotation in validators_of(ty) {
            let argument = annotation.arguments.as_ref().and_then(|arguments| arguments.first());
            value = match (&*annotation.name, value) {
                ("default", Value::Nil) => match argument {
                    Some(constant) => build(cx, constant)?,
                    None => value,
                },
                ("trim", Value::String(text)) => {
                    let text = text.as_bytes().trim_ascii().to_vec();
                    cx.string(&text)?.into()
                }
                ("coerce", value) => coerce(cx, &bare, value)?,
                _ => value,
            };
        }
        if value.is_nil() {
            return Ok(value);
        }
        match (bare.kind(), value) {
            (TypeKind::Optional(inner), _) => self.transform(cx, inner, value, depth + 1),
            (TypeKind::Union(members), _) => {
                // A member that takes the value as it is needs no trying.
                for member in members {
                    let own = cx.type_value(member);
                    if cx.is_of_type(own, value) {
                        return self.transform(cx, member, value, depth + 1);
                    }
                }
                for member in members {
                    self.attempts += 1;
                    if self.attempts > MAX_ATTEMPTS {
                        return Err(Error::message("too many variants to parse"));
                    }
                    let candidate = self.transform(cx, member, value, depth + 1)?;
                    let member = cx.type_value(member);
                    if cx.is_of_type(member, candidate) {
                        return Ok(candidate);
                    }
                }
                Ok(value)
            }
            (TypeKind::Intersection(parts), _) => {
                for part in parts {
                    value = self.transform(cx, part, value, depth + 1)?;
                }
                Ok(value)
            }
            (TypeKind::Record { .. }, Value::Table(table)) => {
                let copy = copied(cx, table)?;
                for field in bare.all_fields().unwrap_or_default() {
                    let key = cx.string(&field.name)?;
                    let old = copy.get(key.into());
                    let new = self.transform(cx, &field.ty, old, depth + 1)?;
                    if !(old.is_nil() && new.is_nil()) {
                        cx.raw_set(copy, key, new)?;
                    }
                }
                Ok(copy.into())
            }
            (TypeKind::Array { element: inner, .. }, Value::Table(table)) => {
                self.each(cx, table, None, inner, depth).map(Into::into)
            }
            (TypeKind::Map { indexer, .. }, Value::Table(table)) => {
                self.each(cx, table, Some(&indexer.key), &indexer.value, depth).map(Into::into)
            }
            _ => Ok(value),
        }
    }

    /// A copy in which every value, and every key if there is a type for it, was transformed.
    fn each<'gc>(
        &mut self,
        cx: &mut Context<'gc>,
        table: Table<'gc>,
        keys: Option<&Type>,
        values: &Type,
        depth: usize,
    ) -> Result<Table<'gc>> {
        let copy = cx.table(table.length().clamp(0, 1 << 20) as usize, 0)?;
        let mut key = Value::Nil;
        while let Ok(Some((next, value))) = table.next(key) {
            let value = self.transform(cx, values, value, depth + 1)?;
            let own = match keys {
                Some(ty) => self.transform(cx, ty, next, depth + 1)?,
                None => next,
            };
            cx.raw_set(copy, own, value)?;
            key = next;
        }
        Ok(copy)
    }
}

/// A copy of a table's own entries; no metatable.
fn copied<'gc>(cx: &mut Context<'gc>, table: Table<'gc>) -> Result<Table<'gc>> {
    let copy = cx.table(0, 0)?;
    let mut key = Value::Nil;
    while let Ok(Some((next, value))) = table.next(key) {
        cx.raw_set(copy, next, value)?;
        key = next;
    }
    Ok(copy)
}

fn coerce<'gc>(cx: &mut Context<'gc>, ty: &Type, value: Value<'gc>) -> Result<Value<'gc>> {
    let basic = match ty.kind() {
        TypeKind::Basic(basic) => *basic,
        TypeKind::Optional(inner) => match inner.bare().kind() {
            TypeKind::Basic(basic) => *basic,
            _ => return Ok(value),
        },
        _ => return Ok(value),
    };
    Ok(match (basic, value) {
        (Basic::Number | Basic::Integer, Value::String(text)) => {
            parse_number(text.as_bytes()).map_or(value, Value::from)
        }
        (Basic::Boolean, Value::String(text)) => match text.as_bytes() {
            b"true" | b"1" => Value::Boolean(true),
            b"false" | b"0" => Value::Boolean(false),
            _ => value,
        },
        (Basic::String, Value::Integer(_) | Value::Float(_)) => {
            cx.coerce_string(value)?.map_or(value, Value::String)
        }
        (Basic::String, Value::Boolean(boolean)) => cx.name(if boolean { "true" } else { "false" }).into(),
        _ => value,
    })
}

/// A constant as a value.
fn build<'gc>(cx: &mut Context<'gc>, constant: &Constant) -> Result<Value<'gc>> {
    Ok(match constant {
        Constant::Nil => Value::Nil,
        Constant::Literal(Literal::Boolean(value)) => Value::Boolean(*value),
        Constant::Literal(Literal::Integer(value)) => Value::Integer(*value),
        Constant::Literal(Literal::Float(bits)) => Value::Float(f64::from_bits(*bits)),
        Constant::Literal(Literal::String(text)) => cx.string(text)?.into(),
        Constant::Table(entries) => {
            let table = cx.table(entries.len(), 0)?;
            let mut at = 0;
            for (key, value) in entries {
                let value = build(cx, value)?;
                let key = match key {
                    Some(key) => build(cx, key)?,
                    None => {
                        at += 1;
                        Value::Integer(at)
                    }
                };
                if !key.is_nil() {
                    cx.raw_set(table, key, value)?;
                }
            }
            table.into()
        }
    })
}
