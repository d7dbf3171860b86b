//! Calling a type: validation of a value, or instantiation of a generic; and `T:is(v)`.
//!
//! Invariant: the value that comes back is the one that was given, by identity.

use std::sync::Arc;

use wippy_typecheck::{Declaration, MAX_TYPE_DEPTH, Type, TypeKind, is_subtype};
use wippy_vm::{Context, Error, Outcome, Result, TypeRef, Value};

use super::failure;

/// `T(…)`; argument 1 is the type.
pub(super) fn call(cx: &mut Context<'_>) -> Result<Outcome> {
    let ty = cx.check_type(1)?;
    let given = cx.len() - 1;
    let name = ty.value().text();
    if given == 0 {
        return Err(Error::message(format!("type {name} expects at least 1 argument")));
    }
    let types = (2..=given + 1).filter(|&index| {
        let value = cx.get(index);
        cx.as_type(value).is_some()
    });
    let types = types.count();
    if let TypeKind::Generic(declaration) = ty.value().ty().kind()
        && types > 0
    {
        if types < given {
            return Err(mixed(name));
        }
        return instantiate(cx, &declaration.0, given);
    }
    match given {
        1 => validate(cx, ty),
        _ if types == given => Err(Error::message(format!("type {name} is not generic"))),
        _ if types > 0 => Err(mixed(name)),
        _ => Err(Error::message(format!("type {name} validation expects 1 value, got {given}"))),
    }
}

fn mixed(name: &str) -> Error {
    Error::message(format!("type {name} does not accept mixed type/value arguments"))
}

fn validate<'gc>(cx: &mut Context<'gc>, ty: TypeRef<'gc>) -> Result<Outcome> {
    let value = cx.get(2);
    match cx.type_failure(ty, value) {
        None => Ok(cx.returns(value)),
        Some(failure) => Err(failure::raised(cx, ty, value, &failure)),
    }
}

/// `G(T1, …)`: the arguments are slots 2 on.
fn instantiate(cx: &mut Context<'_>, generic: &Arc<Declaration>, given: usize) -> Result<Outcome> {
    let parameters = generic.parameters();
    let name = generic.name();
    if given > parameters.len() || given < generic.required() {
        let expected = parameters.len();
        return Err(Error::message(format!("generic {name} expects {expected} type arguments, got {given}")));
    }
    let mut environment: Vec<(Arc<str>, Type)> = Vec::new();
    let mut arguments = Vec::new();
    for (at, parameter) in parameters.iter().enumerate() {
        let argument = if at < given {
            let value = cx.get(at + 2);
            let ty = cx.as_type(value).ok_or_else(|| mixed(name))?;
            arguments.push(ty.value().ty().clone());
            ty.value().ty().clone()
        } else {
            let default = parameter.default.as_ref().ok_or_else(|| mixed(name))?;
            default.substitute(&environment)
        };
        if argument.depth() >= MAX_TYPE_DEPTH {
            return Err(Error::message(format!("generic {name}: argument {} is nested too deep", at + 1)));
        }
        if let Some(bound) = &parameter.bound {
            let bound = bound.substitute(&environment);
            if !is_subtype(&argument, &bound) {
                let bound = failure::text(&bound);
                return Err(Error::message(format!(
                    "generic {name}: argument {} must be a subtype of {bound}",
                    at + 1
                )));
            }
        }
        environment.push((parameter.name.clone(), argument));
    }
    let instance = cx.type_value(&Type::named(generic.clone(), arguments));
    Ok(cx.returns(instance))
}

/// `T:is(value)`
pub(super) fn is(cx: &mut Context<'_>) -> Result<Outcome> {
    let ty = cx.check_type(1)?;
    let value = cx.get(2);
    answer(cx, ty, value)
}

/// `T.is(value)`; the type is upvalue 1.
pub(super) fn bound_is(cx: &mut Context<'_>) -> Result<Outcome> {
    let (ty, value) = (cx.upvalue(1), cx.get(1));
    let ty = cx.as_type(ty).ok_or_else(|| Error::message("a type is missing"))?;
    answer(cx, ty, value)
}

fn answer<'gc>(cx: &mut Context<'gc>, ty: TypeRef<'gc>, value: Value<'gc>) -> Result<Outcome> {
    match cx.type_failure(ty, value) {
        None => {
            cx.push(value);
            cx.push(Value::Nil);
        }
        Some(reason) => {
            let error = failure::object(cx, &reason, ty.value().text())?;
            cx.push(Value::Nil);
            cx.push(error);
        }
    }
    Ok(cx.returns_top(2))
}
