//! Results that depend on each other: values or an error, a value and whether there was one.
//!
//! Such a list has rows, each a way in which the function returns; a test of one result rules rows out. Invariant: rows
//! are known from the declaration, or from a body all of whose returns are of two sorts, never guessed.

use std::sync::Arc;

use super::Checker;
use super::types::{Function, Node, Pack, Returns, Ty};

/// All ways in which a function returns.
type Rows = Arc<[Vec<Ty>]>;

impl Checker<'_, '_> {
    /// The rows of a declared list: one that ends in an optional error after optional values is either the values or
    /// the error. Functions of the environment may end in a boolean that says whether there are values.
    pub(super) fn correlated_rows(&mut self, items: &[Ty]) -> Option<Rows> {
        let (&last, values) = items.split_last()?;
        if !values.iter().any(|&ty| self.types.is_optional(ty)) {
            return None;
        }
        if self.of_environment && last == Ty::BOOLEAN {
            return Some(self.rows(values, Ty::TRUE, Ty::FALSE));
        }
        if !self.types.is_optional(last) || !self.is_error_like(last) {
            return None;
        }
        // Another value of the same kind may be meant as the error.
        let error = self.types.non_nil(last);
        if values.iter().any(|&ty| self.types.non_nil(ty) == error) {
            return None;
        }
        Some(self.rows(values, Ty::NIL, error))
    }

    /// The values with what tells that they are there, and none of those that may be absent with what tells that.
    fn rows(&mut self, values: &[Ty], there: Ty, absent: Ty) -> Rows {
        let mut good: Vec<Ty> = values.iter().map(|&ty| self.types.non_nil(ty)).collect();
        good.push(there);
        let mut bad: Vec<Ty> =
            values.iter().map(|&ty| if self.types.is_optional(ty) { Ty::NIL } else { ty }).collect();
        bad.push(absent);
        Arc::from(vec![good, bad])
    }

    fn is_error_like(&mut self, ty: Ty) -> bool {
        let inner = self.types.non_nil(ty);
        let inner = self.types.expand(inner);
        match self.types.node(inner) {
            Node::Record(record) => {
                record.field(super::relate::known::MESSAGE).is_some_and(|field| field.ty == Ty::STRING)
            }
            _ => inner == Ty::ERROR || inner == Ty::STRING,
        }
    }

    /// What a function of this chunk declares to return; with rows if its body shows that it returns either values and
    /// nil or nil and an error, though the declaration alone does not say which result is the error.
    pub(super) fn proven(&mut self, function: &Function, pack: &Pack) -> Pack {
        let rows = function
            .source
            .checked_sub(1)
            .filter(|&number| number >= self.function_base && pack.rows.is_none() && pack.tail.is_none())
            .and_then(|number| self.proven_rows(&pack.items, number));
        Pack { rows: rows.or_else(|| pack.rows.clone()), ..pack.clone() }
    }

    fn proven_rows(&mut self, items: &[Ty], number: u32) -> Option<Rows> {
        let (&last, values) = items.split_last()?;
        if !self.types.is_optional(last)
            || !self.is_error_like(last)
            || !values.iter().any(|&ty| self.types.is_optional(ty))
        {
            return None;
        }
        let returned = self.inferred_returns(number).rows?;
        let (mut good, mut bad) = (false, false);
        for row in returned.iter() {
            let given = |at: usize| row.get(at).copied().unwrap_or(Ty::NIL);
            let optional = (0..values.len()).filter(|&at| self.types.is_optional(values[at]));
            let optional: Vec<Ty> = optional.map(given).collect();
            if given(values.len()) == Ty::NIL {
                if optional.iter().any(|&ty| !ty.is_any() && self.types.accepts_nil(ty)) {
                    return None;
                }
                good = true;
            } else if optional.iter().all(|&ty| ty == Ty::NIL) {
                bad = true;
            } else {
                return None;
            }
        }
        (good && bad).then(|| {
            let error = self.types.non_nil(last);
            self.rows(values, Ty::NIL, error)
        })
    }

    /// What a function returns, inferred from its body if need be.
    pub(super) fn returns_of(&mut self, function: &Function) -> Pack {
        match &function.result {
            Returns::Declared(pack) => self.proven(function, pack),
            Returns::Unknown => Pack::dynamic(),
            &Returns::Inferred(number) => self.inferred_returns(number),
        }
    }
}
