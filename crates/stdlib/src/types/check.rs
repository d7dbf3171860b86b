//! `T:check(v)`: every failure of a value, not just the first.
//!
//! Invariant: the list is empty exactly if `T:is(v)` accepts the value.

use wippy_vm::{Context, Outcome, Result};

/// `T:check(value)`: a list of tables with `field`, `message`, `expected`, `got`, `constraint`.
pub(super) fn check(cx: &mut Context<'_>) -> Result<Outcome> {
    let ty = cx.check_type(1)?;
    let value = cx.get(2);
    let failures = cx.type_failures(ty, value);
    let list = cx.table(failures.len(), 0)?;
    for (at, failure) in (1..).zip(&failures) {
        let entry = cx.table(0, 5)?;
        cx.raw_set_integer(list, at, entry)?;
        let message = cx.string(&failure.text())?;
        cx.set_field(entry, "message", message)?;
        let expected = cx.string(failure.expected.as_bytes())?;
        cx.set_field(entry, "expected", expected)?;
        let got = cx.string(&failure.got)?;
        cx.set_field(entry, "got", got)?;
        if !failure.path.is_empty() {
            let field = cx.string(&failure.path)?;
            cx.set_field(entry, "field", field)?;
        }
        if let Some(constraint) = failure.constraint {
            let constraint = cx.name(constraint);
            cx.set_field(entry, "constraint", constraint)?;
        }
    }
    Ok(cx.returns(list))
}
