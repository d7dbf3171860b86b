//! Writing of fields and elements: what a place is declared to hold, and what a write does to an inferred table.
//!
//! Whether the value fits is checked before. Invariant: a write is reported as readonly only if the key may be written to
//! at all.

use wippy_parser::ast::{Expression, ExpressionKind};
use wippy_parser::{Span, Symbol};

use super::Checker;
use super::expression::Purpose;
use super::types::{Node, Ty};
use crate::diagnostic::Code;

impl<'a> Checker<'_, 'a> {
    // ---- targets ----

    /// What a field is declared to hold, or `NONE`.
    pub(super) fn field_target(&mut self, object: Ty, name: Symbol) -> Ty {
        if object.is_any() || object == Ty::NONE || self.types.libraries.contains(&object) {
            return Ty::NONE;
        }
        let ty = self.types.non_nil(object);
        let ty = self.types.expand(ty);
        match self.types.node(ty).clone() {
            Node::Record(record) => match record.field(name) {
                Some(field) if field.optional => self.types.optional(field.ty),
                Some(field) => field.ty,
                None => match record.indexer {
                    Some((key, value)) => {
                        let literal = self.types.string(name);
                        if self.types.assignable(literal, key) {
                            self.types.optional(value)
                        } else {
                            Ty::NONE
                        }
                    }
                    None => Ty::NONE,
                },
            },
            Node::Map { value, .. } => self.types.optional(value),
            Node::Union(list) => {
                let mut result = Ty::NONE;
                for &member in list.iter() {
                    let target = self.field_target(member, name);
                    if target == Ty::NONE {
                        return Ty::NONE;
                    }
                    result = if result == Ty::NONE || self.types.assignable(target, result) {
                        target
                    } else {
                        result
                    };
                }
                result
            }
            Node::Parameter(number) => match self.types.parameters[number as usize].bound {
                Some(bound) => self.field_target(bound, name),
                None => Ty::NONE,
            },
            _ => Ty::NONE,
        }
    }

    /// What an element is declared to hold, or `NONE`.
    pub(super) fn index_target(&mut self, object: Ty, key: Ty) -> Ty {
        if object.is_any() || object == Ty::NONE {
            return Ty::NONE;
        }
        if let Node::String(name) = *self.types.node(key) {
            return self.field_target(object, name);
        }
        let ty = self.types.non_nil(object);
        let ty = self.types.expand(ty);
        match self.types.node(ty).clone() {
            Node::Array { element, .. } => self.types.optional(element),
            Node::Map { value, .. } => self.types.optional(value),
            Node::Record(record) => match record.indexer {
                Some((_, value)) => self.types.optional(value),
                None => Ty::NONE,
            },
            _ => Ty::NONE,
        }
    }

    // ---- writing ----

    fn readonly_field(&mut self, name: Symbol, span: Span) {
        let text = self.text(name);
        self.report(Code::E0008, span, format!("cannot assign to readonly field '{text}'"));
    }

    fn readonly_part(&mut self, what: &str, span: Span) {
        self.report(Code::E0008, span, format!("cannot assign to {what}"));
    }

    /// `object.name = given`; whether the value fits was checked before.
    pub(super) fn write_field(&mut self, object: Ty, name: Symbol, given: Ty, span: Span) {
        if object.is_any()
            || object == Ty::UNKNOWN
            || object == Ty::NEVER
            || self.types.libraries.contains(&object)
        {
            self.escape(given);
            return;
        }
        let ty = self.indexed(object, span);
        for member in self.flattened(ty) {
            let expanded = self.types.expand(member);
            match self.types.node(expanded).clone() {
                Node::Shape(number) => self.add_field(number, name, given),
                Node::Record(record) => match record.field(name) {
                    Some(field) => {
                        if field.readonly || record.readonly {
                            self.readonly_field(name, span);
                        }
                    }
                    None => {
                        let literal = self.types.string(name);
                        let indexed =
                            record.indexer.is_some_and(|(key, _)| self.types.assignable(literal, key));
                        if !indexed {
                            let (text, shown) = (self.text(name), self.show(object));
                            let help = self.suggest_field(expanded, &text);
                            self.report_with(
                                Code::E0004,
                                span,
                                format!("field '{text}' does not exist on type {shown}"),
                                help,
                            );
                        } else if record.readonly {
                            self.readonly_field(name, span);
                        }
                    }
                },
                Node::Map { key, readonly, .. } => {
                    let literal = self.types.string(name);
                    if !self.types.assignable(literal, key) {
                        self.wrong_key(literal, object, span);
                    } else if readonly {
                        self.readonly_field(name, span);
                    }
                }
                Node::Array { .. } => {
                    let literal = self.types.string(name);
                    self.wrong_key(literal, object, span);
                }
                Node::String(_) => self.not_indexable(object, span),
                _ if expanded == Ty::STRING || !self.has_fields(expanded) => self.not_indexable(object, span),
                _ => self.escape(given),
            }
        }
    }

    /// `object[key] = given`
    pub(super) fn write_index(&mut self, object: Ty, key: Ty, given: Ty, span: Span, object_span: Span) {
        if let Node::String(name) = *self.types.node(key) {
            self.write_field(object, name, given, span);
            return;
        }
        if object.is_any() || object == Ty::UNKNOWN || object == Ty::NEVER {
            self.escape(given);
            return;
        }
        let ty = self.indexed(object, span);
        for member in self.flattened(ty) {
            let expanded = self.types.expand(member);
            match self.types.node(expanded).clone() {
                Node::Shape(number) => {
                    if self.types.assignable(key, Ty::NUMBER) && !key.is_any() {
                        if given != Ty::NIL {
                            self.add_element(number, given);
                        }
                    } else {
                        self.open(number, given);
                    }
                }
                Node::Array { readonly, .. } => {
                    if !self.types.assignable(key, Ty::NUMBER) {
                        self.wrong_key(key, object, span);
                    } else if readonly {
                        self.readonly_part("an element of a readonly array", object_span);
                    }
                }
                Node::Map { key: wanted, readonly, .. } => {
                    if !self.types.assignable(key, wanted) {
                        self.wrong_key(key, object, span);
                    } else if readonly {
                        self.readonly_part("a value of a readonly map", object_span);
                    }
                }
                Node::Record(record) => match record.indexer {
                    Some((wanted, _)) => {
                        if !self.types.assignable(key, wanted) && !self.types.assignable(key, Ty::STRING) {
                            self.wrong_key(key, object, span);
                        }
                    }
                    None => {
                        if self.frame.strict && !self.types.overlaps(key, Ty::STRING) {
                            self.wrong_key(key, object, span);
                        }
                    }
                },
                Node::String(_) => self.not_indexable(object, span),
                _ if !self.has_fields(expanded) => self.not_indexable(object, span),
                _ => self.escape(given),
            }
        }
    }

    /// The element type of `t[#t + 1] = v`, `table.insert(t, v)`.
    pub(super) fn append(
        &mut self,
        table: Ty,
        given: Ty,
        argument: &Expression<'a>,
        value: &Expression<'a>,
        at: usize,
    ) {
        let ty = self.types.expand(table);
        match self.types.node(ty).clone() {
            Node::Shape(number) => {
                if matches!(value.kind, ExpressionKind::Vararg) {
                    self.open(number, given);
                }
                self.add_element(number, given);
            }
            Node::Array { element, readonly } => {
                if readonly {
                    self.readonly_part("an element of a readonly array", argument.span);
                }
                self.expect(given, element, value, Purpose::Argument(at));
            }
            Node::Map { key, value: stored, .. } if self.types.assignable(Ty::INTEGER, key) => {
                self.expect(given, stored, value, Purpose::Argument(at));
            }
            _ => self.escape(given),
        }
    }
}
