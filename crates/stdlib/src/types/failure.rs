//! A value that is not of a type, as a structured error.
//!
//! The facts come from the machine; kind, message and details are made here and nowhere else.

use wippy_typecheck::Type;
use wippy_vm::{Context, Error, Result, TypeFailure, TypeRef, UserData, Value};

use crate::errors::{self, Details, ErrorValue, Item};

/// The details of a failure against the type of this text.
fn details(failure: &TypeFailure, asked: &str) -> Details {
    let text = |bytes: &[u8]| Item::Text(bytes.into());
    let mut facts = vec![
        ("expected", Item::from(failure.expected.as_str())),
        ("got", text(&failure.got)),
        ("type", Item::from(asked)),
    ];
    if !failure.path.is_empty() {
        facts.push(("field", text(&failure.path)));
    }
    if let Some(constraint) = failure.constraint {
        facts.push(("constraint", Item::from(constraint)));
    }
    Details::facts(facts)
}

/// The error that `T:is(v)` answers with.
pub(super) fn error(failure: &TypeFailure, asked: &str) -> ErrorValue {
    ErrorValue::invalid(failure.text()).with_details(details(failure, asked))
}

/// The error object that `T:is(v)` answers with.
///
/// # Errors
/// When the memory limit would be passed.
pub(super) fn object<'gc>(
    cx: &mut Context<'gc>,
    failure: &TypeFailure,
    asked: &str,
) -> Result<UserData<'gc>> {
    errors::object(cx, error(failure, asked))
}

/// The error that `T(v)` raises: what was asked for, then where it failed.
pub(super) fn raised<'gc>(cx: &mut Context<'gc>, ty: TypeRef<'gc>, value: Value<'gc>) -> Error {
    let asked = ty.value().text();
    let Some(failure) = cx.type_failure(ty, value) else {
        return Error::message(format!("expected {asked}"));
    };
    let mut message = failure.text();
    if !failure.path.is_empty() || failure.constraint.is_some() {
        let mut whole = format!("expected {asked}, got {}: ", value.type_name()).into_bytes();
        whole.append(&mut message);
        message = whole;
    }
    let error = ErrorValue::invalid(message).with_details(details(&failure, asked));
    match errors::object(cx, error) {
        Ok(object) => cx.throw(object),
        Err(error) => error,
    }
}

/// The text of a type in messages.
pub(super) fn text(ty: &Type) -> String {
    ty.brief().to_string()
}
