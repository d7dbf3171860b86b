//! `typeof(e)` in a type.
//!
//! What declarations and constants say holds wherever the type is declared; what is inferred is known only where the walk
//! has come to. Invariant: `e` is not evaluated and nothing is reported about it.

use wippy_parser::ast::{Expression, ExpressionKind, TableItem, TypeAlias, TypeKind};

use super::Checker;
use super::names::Meaning;
use super::types::{Field, Ty};

impl<'a> Checker<'_, 'a> {
    /// `type T = typeof(e)` is reached: what was not known when types were declared is known now.
    pub(super) fn reach_alias(&mut self, alias: &TypeAlias<'a>) {
        if let TypeKind::Typeof(_) = alias.ty.kind
            && let Meaning::Definition(number) = self.names.at(alias.name.span.start)
        {
            let number = self.definition_base + number;
            if self.types.definitions[number as usize].body == Ty::ANY {
                let body = self.quietly(|checker| checker.lower(&alias.ty));
                self.types.define(number, body);
            }
        }
    }

    /// `typeof(e)` in a type: what is declared about it, else what is inferred where it stands.
    pub(super) fn type_of_expression(&mut self, expression: &Expression<'a>) -> Ty {
        if let Some(ty) = self.static_type(expression, 0) {
            return ty;
        }
        if self.hoisting {
            return Ty::ANY;
        }
        let ty = self.quietly(|checker| checker.value(expression, Ty::NONE));
        if ty == Ty::NEVER { Ty::ANY } else { self.types.widen(ty) }
    }

    /// What is declared about an expression: what `typeof(e)` is as a value.
    pub(super) fn declared_by(&mut self, expression: &Expression<'a>) -> Option<Ty> {
        let mut root = expression;
        while let ExpressionKind::Paren(inner) | ExpressionKind::Field { object: inner, .. } = root.kind {
            root = inner;
        }
        let is_declared = match root.kind {
            ExpressionKind::Cast(_) => true,
            ExpressionKind::Name(_) => match self.names.at(root.span.start) {
                Meaning::Variable(variable) => self.names.variable(variable).annotation.is_some(),
                _ => false,
            },
            _ => false,
        };
        if is_declared { self.static_type(expression, 0) } else { None }
    }

    /// What declarations and constants say about an expression, wherever it stands.
    fn static_type(&mut self, expression: &Expression<'a>, depth: u32) -> Option<Ty> {
        if depth > 16 {
            return None;
        }
        match expression.kind {
            ExpressionKind::Paren(inner) => self.static_type(inner, depth + 1),
            ExpressionKind::Cast(cast) => Some(self.lower(&cast.ty)),
            ExpressionKind::Field { object, name } => {
                let object = self.static_type(object, depth + 1)?;
                let key = self.types.string(name.symbol);
                Some(self.access_type(object, key))
            }
            ExpressionKind::Call(_) => {
                let module = super::names::imported(expression)?;
                Some(self.required(module, expression.span))
            }
            ExpressionKind::Name(_) => {
                let Meaning::Variable(variable) = self.names.at(expression.span.start) else { return None };
                let info = self.names.variable(variable);
                match (info.annotation, info.value) {
                    (Some(annotation), _) => Some(self.lower(annotation)),
                    (None, Some(value)) if info.assigned == 0 => match value.kind {
                        ExpressionKind::Table(_) | ExpressionKind::Call(_) => {
                            self.static_type(value, depth + 1)
                        }
                        _ => None,
                    },
                    _ => None,
                }
            }
            ExpressionKind::Table(items) => self.static_table(items, depth + 1),
            _ => {
                let literal = self.literal_type(expression)?;
                Some(self.types.widen(literal))
            }
        }
    }

    /// A constructor of constants: a record or a list.
    fn static_table(&mut self, items: &'a [TableItem<'a>], depth: u32) -> Option<Ty> {
        let mut fields: Vec<Field> = Vec::new();
        let mut elements: Vec<Ty> = Vec::new();
        for item in items {
            match item {
                TableItem::Item(value) => elements.push(self.static_type(value, depth)?),
                TableItem::Named { name, value } => {
                    let ty = self.static_type(value, depth)?;
                    fields.push(Field { name: name.symbol, ty, optional: false, readonly: false });
                }
                TableItem::Keyed(_) => return None,
            }
        }
        match (fields.is_empty(), elements.is_empty()) {
            (_, true) => Some(self.types.record(fields, None, false)),
            (true, false) => {
                let element = self.types.union(&elements);
                Some(self.types.array(element))
            }
            (false, false) => None,
        }
    }
}
