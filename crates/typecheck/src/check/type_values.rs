//! Methods of types as values: `T:is(v)`, `T:parse(v)`, reflection.
//!
//! The methods are the rows of the environment; here is what no row can say: that a value which is accepted has the type.

use wippy_parser::Span;
use wippy_parser::ast::MethodCall;

use super::Checker;
use super::call::Receiver;
use super::types::{Node, Pack, Ty};
use crate::diagnostic::Code;

/// Methods that answer a value of the type, or nil and an error.
const CHECKS: [&str; 2] = ["is", "parse"];

impl<'a> Checker<'_, 'a> {
    /// `T:name(…)` where `T`, of type `receiver`, stands for the type `inner`.
    pub(super) fn type_method(
        &mut self,
        receiver: Ty,
        inner: Ty,
        call: &'a MethodCall<'a>,
        span: Span,
        expected: Ty,
    ) -> Pack {
        let name = call.name;
        let text = self.text(name.symbol);
        if CHECKS.contains(&text.as_str()) {
            self.unchecked_arguments(call.arguments, None);
            let optional = self.types.optional(inner);
            let error = self.types.optional(Ty::ERROR);
            let rows: Vec<Vec<Ty>> = vec![vec![inner, Ty::NIL], vec![Ty::NIL, Ty::ERROR]];
            return Pack { items: vec![optional, error], tail: None, rows: Some(rows.into()) };
        }
        let method = match self.types.node(self.types.type_fields) {
            Node::Record(methods) => methods.field(name.symbol).map(|method| method.ty),
            _ => Some(Ty::DYN),
        };
        match method {
            Some(method) => {
                let receiver = Some(Receiver { ty: receiver });
                self.call_type(method, call.arguments, receiver, name.span, span, expected)
            }
            None => {
                self.unchecked_arguments(call.arguments, None);
                let help = self.suggest_field(self.types.type_fields, &text);
                self.report_with(Code::E0022, name.span, format!("no method {text}"), help);
                Pack::dynamic()
            }
        }
    }
}
