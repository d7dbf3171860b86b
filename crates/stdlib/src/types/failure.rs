//! A value that is not of a type, as a structured error.
//!
//! The facts come from the machine; kind, message and details are made here and nowhere else.

use wippy_typecheck::Type;
use wippy_vm::{Context, Error, Result, TypeFailure, TypeRef, UserData, Value};

use crate::errors::{self, Details, ErrorValue, Item};

/// What is known of a failure against the type of this text.
pub(crate) fn facts(failure: &TypeFailure, asked: &str) -> Vec<(&'static str, Item)> {
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
    facts
}

/// The error of a failure with this message.
pub(crate) fn error_with(message: Vec<u8>, facts: Vec<(&'static str, Item)>) -> ErrorValue {
    ErrorValue::invalid(message).with_details(Details::facts(facts))
}

/// The error that `T:is(v)` answers with.
pub(super) fn error(failure: &TypeFailure, asked: &str) -> ErrorValue {
    error_with(failure.text(), facts(failure, asked))
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
pub(super) fn raised<'gc>(
    cx: &mut Context<'gc>,
    ty: TypeRef<'gc>,
    value: Value<'gc>,
    failure: &TypeFailure,
) -> Error {
    let asked = ty.value().text();
    let mut message = failure.text();
    if !failure.path.is_empty() || failure.constraint.is_some() {
        let mut whole = format!("expected {asked}, got {}: ", value.type_name()).into_bytes();
        whole.append(&mut message);
        message = whole;
    }
    let error = error_with(message, facts(failure, asked));
    match errors::object(cx, error) {
        Ok(object) => cx.throw(object),
        Err(error) => error,
    }
}

/// The text of a type in messages.
pub(super) fn text(ty: &Type) -> String {
    ty.brief().to_string()
}
