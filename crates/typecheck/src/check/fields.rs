//! Reading of fields and elements.
//!
//! Invariant: a missing field of an inferred table is reported only if nothing unseen can have written it.

use wippy_parser::{Span, Symbol};

use super::Checker;
use super::relate::{ShapeField, known};
use super::types::{Node, Ty};
use crate::diagnostic::Code;

/// The outcome of looking a field up.
enum Found {
    Type(Ty),
    Missing,
    NotIndexable,
}

impl Checker<'_, '_> {
    /// `object.name`; `probe`: asking for a field that is not there is no mistake.
    pub(super) fn read_field(&mut self, object: Ty, name: Symbol, span: Span, probe: bool) -> Ty {
        match object {
            Ty::DYN | Ty::ANY => return Ty::DYN,
            Ty::UNKNOWN => return Ty::UNKNOWN,
            Ty::NEVER => return Ty::DYN,
            _ if self.types.libraries.contains(&object) => return self.read_library(object, name, span),
            _ => {}
        }
        let ty = self.indexed(object, span);
        if !self.types.is_union(ty) {
            return match self.find_field(ty, name) {
                Found::Type(found) => self.types.with_self(found, object),
                Found::Missing => {
                    if probe && matches!(self.types.node(ty), Node::Shape(_)) {
                        return Ty::NIL;
                    }
                    self.missing_field(object, ty, name, span, false);
                    Ty::DYN
                }
                Found::NotIndexable => {
                    if self.frame.strict {
                        let shown = self.show(object);
                        self.report(Code::E0005, span, format!("cannot index type {shown}"));
                    }
                    Ty::DYN
                }
            };
        }
        let members = self.flattened(ty);
        let mut found: Vec<Ty> = Vec::with_capacity(members.len());
        let mut missing: Vec<Ty> = Vec::new();
        let mut present = None;
        for member in members {
            let expanded = self.types.expand(member);
            match self.find_field(expanded, name) {
                Found::Type(ty) => {
                    let ty = self.types.with_self(ty, member);
                    found.push(ty);
                    present = Some(member);
                }
                Found::Missing | Found::NotIndexable => missing.push(member),
            }
        }
        match (missing.first(), present) {
            (None, _) => {}
            (Some(_), Some(_)) if probe => found.push(Ty::NIL),
            (Some(&absent), Some(present)) => {
                let (text, a, b) = (self.text(name), self.show(absent), self.show(present));
                let help = None;
                self.report_with(
                    Code::E0004,
                    span,
                    format!("field '{text}' missing on {a} (present on {b})"),
                    help,
                );
                return Ty::DYN;
            }
            (Some(_), None) => {
                self.missing_field(object, ty, name, span, true);
                return Ty::DYN;
            }
        }
        self.types.union(&found)
    }

    /// `string.rep`: a library has what its rows declare. Programs and later versions add to libraries, so another name
    /// is a mistake only where types are written, and only if it looks like one that is there.
    fn read_library(&mut self, library: Ty, name: Symbol, span: Span) -> Ty {
        if self.names.written.contains(&name) {
            return Ty::DYN;
        }
        let Node::Record(record) = self.types.node(library).clone() else { return Ty::DYN };
        if let Some(field) = record.field(name) {
            return field.ty;
        }
        if self.frame.strict && self.types.complete.contains(&library) && self.silent == 0 {
            let text = self.text(name);
            if let Some(help) = self.suggest_field(library, &text) {
                let message = format!("field '{text}' does not exist on this library");
                self.report_with(Code::E0004, span, message, Some(help));
            }
        }
        Ty::DYN
    }

    pub(super) fn missing_field(&mut self, object: Ty, ty: Ty, name: Symbol, span: Span, declared: bool) {
        if let Node::Shape(number) = *self.types.node(ty)
            && !declared
            && !self.is_closed(number, name)
        {
            return;
        }
        let text = self.text(name);
        // A key in brackets asks; a name after a dot means it.
        if !self.frame.strict && self.source.get(span.start.index()) != text.as_bytes().first() {
            return;
        }
        let shown = self.show(object);
        let help = self.suggest_field(ty, &text);
        self.report_with(Code::E0004, span, format!("field '{text}' does not exist on type {shown}"), help);
    }

    /// Whether it is certain that an inferred table does not get a field anywhere.
    pub(super) fn is_closed(&self, number: u32, name: Symbol) -> bool {
        let shape = &self.types.shapes[number as usize];
        if shape.open
            || self.opened.contains(&number)
            || shape.potential.contains(&name)
            || self.names.written.contains(&name)
        {
            return false;
        }
        if self.names.environment_used {
            return false;
        }
        self.frame.strict
            || (self.frame.main
                && !self.names.tricky
                && !shape.escaped
                && !shape.fields.is_empty()
                && shape.name.is_some()
                && self.loop_depth == 0)
    }

    fn find_field(&mut self, ty: Ty, name: Symbol) -> Found {
        match self.types.node(ty).clone() {
            Node::Basic => match ty {
                Ty::DYN | Ty::ANY | Ty::TABLE | Ty::USERDATA | Ty::TYPE | Ty::SELF | Ty::NEVER => {
                    Found::Type(Ty::DYN)
                }
                Ty::UNKNOWN => Found::Type(Ty::UNKNOWN),
                Ty::STRING => self.find_library_field(self.types.string_fields, name),
                Ty::ERROR => self.find_library_field(self.types.error_fields, name),
                _ => Found::NotIndexable,
            },
            Node::String(_) => self.find_library_field(self.types.string_fields, name),
            Node::Integer(_) | Node::Float(_) | Node::Function(_) => Found::NotIndexable,
            Node::Record(record) => match record.field(name) {
                Some(field) if field.optional => Found::Type(self.types.optional(field.ty)),
                Some(field) => Found::Type(field.ty),
                None => match record.indexer {
                    Some((key, value)) => {
                        let literal = self.types.string(name);
                        if self.types.assignable(literal, key) {
                            Found::Type(self.types.optional(value))
                        } else {
                            Found::Missing
                        }
                    }
                    None => match record.field(known::INDEX) {
                        Some(_) => Found::Type(Ty::DYN),
                        None => Found::Missing,
                    },
                },
            },
            Node::Map { key, value, .. } => {
                let literal = self.types.string(name);
                if self.types.assignable(literal, key) {
                    Found::Type(self.types.optional(value))
                } else {
                    Found::Missing
                }
            }
            Node::Array { .. } => Found::Missing,
            Node::Shape(number) => match self.types.shape_field(number, name) {
                ShapeField::Known(ty) => Found::Type(ty),
                ShapeField::Unknown => Found::Type(Ty::DYN),
                ShapeField::Missing if self.is_closed(number, name) => Found::Missing,
                ShapeField::Missing => Found::Type(Ty::DYN),
            },
            Node::Parameter(number) => match self.types.parameters[number as usize].bound {
                Some(bound) => {
                    let bound = self.types.expand(bound);
                    self.find_field(bound, name)
                }
                None => Found::NotIndexable,
            },
            Node::Intersection(list) => {
                for &member in list.iter() {
                    let member = self.types.expand(member);
                    if let Found::Type(ty) = self.find_field(member, name) {
                        return Found::Type(ty);
                    }
                }
                Found::Missing
            }
            Node::TypeValue(_) | Node::Union(_) | Node::Named(..) => Found::Type(Ty::DYN),
        }
    }

    fn find_library_field(&mut self, library: Ty, name: Symbol) -> Found {
        match self.types.node(library) {
            Node::Record(record) => match record.field(name) {
                Some(field) => Found::Type(field.ty),
                // Programs extend the string library.
                None if !self.frame.strict
                    || self.names.written.contains(&name)
                    || self.names.globals.contains(&name) =>
                {
                    Found::Type(Ty::DYN)
                }
                None => Found::Missing,
            },
            _ => Found::Type(Ty::DYN),
        }
    }

    /// The field a method call finds; none if there is none.
    pub(super) fn method_field(&mut self, ty: Ty, name: Symbol) -> Option<Ty> {
        let expanded = self.types.expand(ty);
        match self.find_field(expanded, name) {
            Found::Type(found) => Some(self.types.with_self(found, ty)),
            Found::Missing | Found::NotIndexable => None,
        }
    }

    /// `object[key]`
    pub(super) fn read_index(&mut self, object: Ty, key: Ty, span: Span, probe: bool) -> Ty {
        if let Node::String(name) = *self.types.node(key) {
            let expanded = self.types.expand(object);
            if !matches!(self.types.node(expanded), Node::Array { .. }) {
                return self.read_field(object, name, span, probe);
            }
        }
        match object {
            Ty::DYN | Ty::ANY | Ty::NEVER => return Ty::DYN,
            Ty::UNKNOWN => return Ty::UNKNOWN,
            _ => {}
        }
        let ty = self.indexed(object, span);
        let members = self.flattened(ty);
        let mut found = Vec::with_capacity(members.len());
        for member in members {
            let expanded = self.types.expand(member);
            let one = match self.types.node(expanded).clone() {
                Node::Array { element, .. } => {
                    if !self.types.assignable(key, Ty::NUMBER) {
                        self.wrong_key(key, object, span);
                        return Ty::DYN;
                    }
                    if self.options_strict_index { self.types.optional(element) } else { element }
                }
                Node::Map { key: wanted, value, .. } => {
                    if !self.types.assignable(key, wanted) && !self.types.overlaps(key, wanted) {
                        self.wrong_key(key, object, span);
                        return Ty::DYN;
                    }
                    self.types.optional(value)
                }
                Node::Record(record) => match record.indexer {
                    Some((wanted, value)) if self.types.overlaps(key, wanted) => {
                        let mut joined = self.types.optional(value);
                        if key == Ty::STRING {
                            for field in &record.fields {
                                joined = self.types.join(joined, field.ty);
                            }
                        }
                        joined
                    }
                    _ if self.types.overlaps(key, Ty::STRING) => {
                        // Which field it is shows only at run time, unless the key is one of some literals.
                        let keys = self.types.members(key);
                        let mut parts = vec![];
                        for &key in keys.iter() {
                            match *self.types.node(key) {
                                Node::String(name) => match record.field(name) {
                                    Some(field) if field.optional => {
                                        parts.push(self.types.optional(field.ty))
                                    }
                                    Some(field) => parts.push(field.ty),
                                    None => {
                                        parts.push(Ty::NIL);
                                    }
                                },
                                _ => {
                                    parts.push(Ty::NIL);
                                    parts.extend(record.fields.iter().map(|field| field.ty));
                                }
                            }
                        }
                        self.types.union(&parts)
                    }
                    _ => {
                        if self.frame.strict {
                            self.wrong_key(key, object, span);
                        }
                        Ty::DYN
                    }
                },
                Node::Shape(number) => {
                    let shape = &self.types.shapes[number as usize];
                    let element = shape.element;
                    let numeric = self.types.assignable(key, Ty::NUMBER) && !key.is_any();
                    match element {
                        // What an inferred list holds beyond what was seen is unknown.
                        Some(element)
                            if numeric && self.frame.strict && !self.types.shapes[number as usize].open =>
                        {
                            element
                        }
                        _ => Ty::DYN,
                    }
                }
                _ => {
                    if !self.has_fields(expanded) {
                        self.not_indexable(object, span);
                    }
                    Ty::DYN
                }
            };
            found.push(one);
        }
        self.types.union(&found)
    }

    /// What an index goes into: a value that may be nil is reported, and taken for one that is not.
    pub(super) fn indexed(&mut self, object: Ty, span: Span) -> Ty {
        let ty = self.types.expand(object);
        if !self.types.is_union(ty) || !self.types.is_optional(ty) {
            return ty;
        }
        self.report(Code::E0023, span, "cannot index optional value without nil check".to_owned());
        let rest = self.types.non_nil(ty);
        self.types.expand(rest)
    }

    /// Whether values of a type can be indexed at all, for reading.
    pub(super) fn has_fields(&self, ty: Ty) -> bool {
        match self.types.node(ty) {
            Node::Integer(_) | Node::Float(_) | Node::Function(_) => false,
            Node::Basic => !matches!(
                ty,
                Ty::NUMBER | Ty::INTEGER | Ty::BOOLEAN | Ty::TRUE | Ty::FALSE | Ty::NIL | Ty::FUNCTION
            ),
            _ => true,
        }
    }

    pub(super) fn not_indexable(&mut self, object: Ty, span: Span) {
        if self.frame.strict {
            let shown = self.show(object);
            self.report(Code::E0005, span, format!("cannot index type {shown}"));
        }
    }
}
