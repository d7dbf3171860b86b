//! Tables: constructors, reading and writing of fields, inferred tables, classes.
//!
//! Invariant: what is said about an inferred table holds only while nothing unseen can write to it; a table that
//! escapes becomes open, and reading an unknown field of an open table gives `any`.

use wippy_parser::ast::{Expression, ExpressionKind, TableItem};
use wippy_parser::{Span, Symbol};

use super::Checker;
use super::expression::Purpose;
use super::names::Variable;
use super::relate::{ShapeField, known};
use super::types::{Node, Record, Ty};
use crate::diagnostic::Code;

/// How many different element types a constructor keeps apart.
const ELEMENTS: usize = 16;

/// The outcome of looking a field up.
enum Found {
    Type(Ty),
    Missing,
    NotIndexable,
}

impl<'a> Checker<'_, 'a> {
    // ---- constructors ----

    /// `{…}`
    pub(super) fn table(&mut self, items: &'a [TableItem<'a>], span: Span, expected: Ty) -> Ty {
        if expected != Ty::NONE {
            // The caller compares and reports; here the expectation only guides what is inside.
            let wanted = self.types.expand(expected);
            if let Node::Record(_) | Node::Array { .. } | Node::Map { .. } = self.types.node(wanted) {
                return self.shape_of(items, span, expected);
            }
        }
        self.shape_of(items, span, Ty::NONE)
    }

    fn shape_of(&mut self, items: &'a [TableItem<'a>], span: Span, expected: Ty) -> Ty {
        let (number, ty) = match self.constructors.get(&span.start.0) {
            Some(&(number, ty)) => (number, ty),
            None => {
                let made = self.types.new_shape();
                self.constructors.insert(span.start.0, made);
                made
            }
        };
        let mut elements: Vec<Ty> = Vec::new();
        let count = items.len();
        for (at, item) in items.iter().enumerate() {
            match item {
                TableItem::Item(value) if at + 1 == count && value.is_multiple() => {
                    let pack = self.multiple(value);
                    elements.extend(pack.items.iter().copied());
                    elements.extend(pack.tail);
                }
                TableItem::Item(value) => {
                    let wanted = self.element_expectation(expected);
                    let ty = self.value(value, wanted);
                    elements.push(ty);
                }
                TableItem::Named { name, value } => {
                    let wanted = self.field_expectation(expected, name.symbol);
                    let ty = self.value(value, wanted);
                    self.add_field(number, name.symbol, ty);
                }
                TableItem::Keyed(item) => {
                    let key = self.value(&item.key, Ty::NONE);
                    let ty = self.value(&item.value, Ty::NONE);
                    match *self.types.node(key) {
                        Node::String(name) => self.add_field(number, name, ty),
                        _ if key == Ty::INTEGER || matches!(self.types.node(key), Node::Integer(_)) => {
                            elements.push(ty);
                        }
                        _ => self.open(number, ty),
                    }
                }
            }
            if elements.len() > ELEMENTS {
                let joined = self.join_elements(&elements);
                elements.clear();
                elements.push(joined);
            }
        }
        if !elements.is_empty() {
            let joined = self.join_elements(&elements);
            self.add_element(number, joined);
        }
        ty
    }

    fn join_elements(&mut self, elements: &[Ty]) -> Ty {
        let joined = self.types.union(elements);
        let many = self.types.members(joined).len();
        let joined =
            if elements.len() > ELEMENTS || many > ELEMENTS { self.types.widen(joined) } else { joined };
        if !self.frame.strict && self.types.is_union(joined) {
            let wide = self.types.widen(joined);
            return if self.types.is_union(wide) { Ty::DYN } else { joined };
        }
        joined
    }

    fn field_expectation(&mut self, expected: Ty, name: Symbol) -> Ty {
        if expected == Ty::NONE {
            return Ty::NONE;
        }
        self.field_target(expected, name)
    }

    fn element_expectation(&mut self, expected: Ty) -> Ty {
        if expected == Ty::NONE {
            return Ty::NONE;
        }
        self.index_target(expected, Ty::INTEGER)
    }

    /// A constructor where a table type is expected: every part is checked against it. None if the expected type says
    /// nothing about tables.
    pub(super) fn table_against(
        &mut self,
        items: &'a [TableItem<'a>],
        span: Span,
        expected: Ty,
        purpose: Purpose,
    ) -> Option<Ty> {
        let target = self.types.expand(expected);
        match self.types.node(target).clone() {
            Node::Record(record) => {
                self.table_against_record(items, span, expected, &record, purpose);
                Some(expected)
            }
            Node::Array { element, .. } => {
                let count = items.len();
                for (at, item) in items.iter().enumerate() {
                    match item {
                        TableItem::Item(value) if at + 1 == count && value.is_multiple() => {
                            let pack = self.multiple(value);
                            let first = self.first(&pack);
                            if !(pack.items.is_empty() && pack.tail.is_none()) {
                                let first =
                                    if pack.items.is_empty() { self.types.non_nil(first) } else { first };
                                self.expect(first, element, value, Purpose::Element);
                            }
                        }
                        TableItem::Item(value) => {
                            self.checked(value, element, Purpose::Element);
                        }
                        TableItem::Named { name, value } => {
                            self.value(value, Ty::NONE);
                            self.unexpected_field(expected, name.symbol, name.span);
                        }
                        TableItem::Keyed(item) => {
                            let key = self.value(&item.key, Ty::NONE);
                            if !self.types.assignable(key, Ty::NUMBER) {
                                self.wrong_key(key, expected, item.key.span);
                            }
                            self.checked(&item.value, element, Purpose::Element);
                        }
                    }
                }
                Some(expected)
            }
            Node::Map { key, value, .. } => {
                self.table_against_map(items, expected, key, value);
                Some(expected)
            }
            Node::Union(_) => {
                let member = self.choose_member(items, target)?;
                self.table_against(items, span, member, purpose)
            }
            _ => None,
        }
    }

    fn table_against_map(&mut self, items: &'a [TableItem<'a>], expected: Ty, key: Ty, value: Ty) {
        let stored = self.types.optional(value);
        for item in items {
            match item {
                TableItem::Item(item) => {
                    if !self.types.assignable(Ty::INTEGER, key) {
                        self.wrong_key(Ty::INTEGER, expected, item.span);
                    }
                    if item.is_multiple() {
                        let pack = self.multiple(item);
                        let first = self.first(&pack);
                        self.expect(first, stored, item, Purpose::Element);
                    } else {
                        self.checked(item, value, Purpose::Element);
                    }
                }
                TableItem::Named { name, value: item } => {
                    let literal = self.types.string(name.symbol);
                    if !self.types.assignable(literal, key) {
                        self.wrong_key(literal, expected, name.span);
                    }
                    self.checked(item, stored, Purpose::Field(name.symbol));
                }
                TableItem::Keyed(item) => {
                    let given = self.value(&item.key, Ty::NONE);
                    if !self.types.assignable(given, key) {
                        self.wrong_key(given, expected, item.key.span);
                    }
                    self.checked(&item.value, stored, Purpose::Element);
                }
            }
        }
    }

    fn table_against_record(
        &mut self,
        items: &'a [TableItem<'a>],
        span: Span,
        expected: Ty,
        record: &Record,
        purpose: Purpose,
    ) {
        let mut seen: Vec<Symbol> = Vec::with_capacity(items.len());
        let mut dynamic = false;
        for item in items {
            let (name, key_span, value) = match item {
                TableItem::Named { name, value } => (Some(name.symbol), name.span, *value),
                TableItem::Keyed(item) => {
                    let key = self.value(&item.key, Ty::NONE);
                    match *self.types.node(key) {
                        Node::String(name) => (Some(name), item.key.span, &item.value),
                        _ => {
                            let ty = self.value(&item.value, Ty::NONE);
                            match record.indexer {
                                Some((wanted, value)) => {
                                    if self.types.assignable(key, wanted) {
                                        let stored = self.types.optional(value);
                                        self.expect(ty, stored, &item.value, Purpose::Element);
                                    } else if key == Ty::STRING {
                                        dynamic = true;
                                    } else {
                                        self.wrong_key(key, expected, item.key.span);
                                    }
                                }
                                None => dynamic = true,
                            }
                            continue;
                        }
                    }
                }
                TableItem::Item(value) => (None, value.span, value),
            };
            let Some(name) = name else {
                match record.indexer {
                    Some((key, element)) if self.types.assignable(Ty::INTEGER, key) => {
                        if value.is_multiple() {
                            self.multiple(value);
                        } else {
                            self.checked(value, element, Purpose::Element);
                        }
                    }
                    _ => {
                        let shown = self.show(expected);
                        self.value(value, Ty::NONE);
                        self.report(
                            Code::E0000,
                            key_span,
                            format!("cannot assign table to {shown}: unexpected list item"),
                        );
                    }
                }
                continue;
            };
            seen.push(name);
            match record.field(name) {
                Some(field) => {
                    let wanted = if field.optional { self.types.optional(field.ty) } else { field.ty };
                    self.checked(value, wanted, Purpose::Field(name));
                }
                None => match record.indexer {
                    Some((key, element)) => {
                        let literal = self.types.string(name);
                        if self.types.assignable(literal, key) {
                            let stored = self.types.optional(element);
                            self.checked(value, stored, Purpose::Field(name));
                        } else {
                            self.value(value, Ty::NONE);
                            self.unexpected_field(expected, name, key_span);
                        }
                    }
                    None => {
                        self.value(value, Ty::NONE);
                        self.unexpected_field(expected, name, key_span);
                    }
                },
            }
        }
        if dynamic {
            return;
        }
        for field in &record.fields {
            if !field.optional && !seen.contains(&field.name) && !self.types.accepts_nil(field.ty) {
                let (name, to) = (self.text(field.name), self.show(expected));
                let verb = match purpose {
                    Purpose::Return | Purpose::ReturnAt(_) => format!("cannot return table, expected {to}"),
                    Purpose::Argument(at) => format!("argument {}: expected {to}, got table", at + 1),
                    _ => format!("cannot assign table to {to}"),
                };
                self.report(Code::E0000, span, format!("{verb}: missing field '{name}'"));
                return;
            }
        }
    }

    fn unexpected_field(&mut self, expected: Ty, name: Symbol, span: Span) {
        let (text, to) = (self.text(name), self.show(expected));
        let help = self.suggest_field(expected, &text);
        self.report_with(
            Code::E0000,
            span,
            format!("cannot assign table to {to}: unexpected field '{text}'"),
            help,
        );
    }

    fn wrong_key(&mut self, key: Ty, table: Ty, span: Span) {
        let (key, table) = (self.show(key), self.show(table));
        self.report(Code::E0018, span, format!("cannot use {key} as key of {table}"));
    }

    /// The member of a union that a constructor is meant to be: by a field with a literal type, else by the names.
    fn choose_member(&mut self, items: &[TableItem<'a>], union: Ty) -> Option<Ty> {
        let members = self.flattened(union);
        let mut best: Option<(i64, Ty)> = None;
        let mut tables = 0;
        for member in members {
            let expanded = self.types.expand(member);
            let score = match self.types.node(expanded).clone() {
                Node::Record(record) => {
                    let mut score: i64 = 0;
                    for item in items {
                        let TableItem::Named { name, value } = item else { continue };
                        match record.field(name.symbol) {
                            Some(field) => match self.literal_type(value) {
                                Some(literal) if self.is_literal_union(field.ty) => {
                                    score +=
                                        if self.types.assignable(literal, field.ty) { 1000 } else { -1000 };
                                }
                                _ => score += 1,
                            },
                            None => score -= 1,
                        }
                    }
                    for field in &record.fields {
                        let given = items.iter().any(
                            |item| matches!(item, TableItem::Named { name, .. } if name.symbol == field.name),
                        );
                        if !given && !field.optional {
                            score -= 1;
                        }
                    }
                    if items.iter().any(|item| matches!(item, TableItem::Item(_))) && record.indexer.is_none()
                    {
                        score -= 500;
                    }
                    score
                }
                Node::Array { .. } => {
                    if items.iter().all(|item| matches!(item, TableItem::Item(_))) {
                        10
                    } else {
                        -500
                    }
                }
                Node::Map { .. } => -1,
                Node::Basic if expanded == Ty::TABLE || expanded.is_any() || expanded == Ty::UNKNOWN => {
                    return None;
                }
                Node::Intersection(_) | Node::Parameter(_) => return None,
                _ => continue,
            };
            tables += 1;
            if best.is_none_or(|(known, _)| score > known) {
                best = Some((score, member));
            }
        }
        let _ = tables;
        best.map(|(_, member)| member)
    }

    fn is_literal_union(&mut self, ty: Ty) -> bool {
        let ty = self.types.expand(ty);
        self.types.members(ty).iter().all(|&member| self.types.is_literal(member))
    }

    fn flattened(&mut self, ty: Ty) -> Vec<Ty> {
        let mut list = Vec::new();
        let mut pending = vec![ty];
        while let Some(ty) = pending.pop() {
            let expanded = self.types.expand(ty);
            match self.types.node(expanded) {
                Node::Union(members) if list.len() < 512 => pending.extend(members.iter().rev()),
                _ => list.push(ty),
            }
        }
        list
    }

    // ---- inferred tables ----

    pub(super) fn name_shape(&mut self, number: u32, variable: Variable) {
        let info = self.names.variable(variable);
        let shape = &mut self.types.shapes[number as usize];
        if shape.name.is_none() {
            shape.name = Some(info.name);
            self.shape_variables.insert(number, variable);
        }
        if let Some(fields) = self.names.fields.get(&variable) {
            self.types.shapes[number as usize].potential.extend(fields.iter().copied());
        }
        if let Some(class) = info.class
            && let Some(fields) = self.names.instance_fields.get(&class)
        {
            self.types.shapes[number as usize].potential.extend(fields.iter().copied());
        }
    }

    pub(super) fn add_field(&mut self, number: u32, name: Symbol, ty: Ty) {
        let ty = if ty == Ty::NEVER { Ty::DYN } else { ty };
        let known = self.types.shapes[number as usize].get(name);
        let joined = match known {
            None => {
                self.types.shapes[number as usize].fields.push((name, ty));
                return;
            }
            Some(known) if known == ty => return,
            Some(known) => known,
        };
        let mut joined = self.types.join(joined, ty);
        if !self.frame.strict && self.types.is_union(joined) {
            let wide = self.types.widen(joined);
            joined = if self.types.is_union(wide) { Ty::DYN } else { wide };
        }
        if let Some(field) = self.types.shapes[number as usize].fields.iter_mut().find(|it| it.0 == name) {
            field.1 = joined;
        }
    }

    pub(super) fn add_element(&mut self, number: u32, ty: Ty) {
        let ty = if ty == Ty::NEVER { Ty::DYN } else { ty };
        let joined = match self.types.shapes[number as usize].element {
            None => ty,
            Some(known) if known == ty => return,
            Some(known) => {
                let known = self.types.widen(known);
                let ty = self.types.widen(ty);
                self.join_elements(&[known, ty])
            }
        };
        self.types.shapes[number as usize].element = Some(joined);
    }

    /// Something unknown was written.
    fn open(&mut self, number: u32, ty: Ty) {
        self.types.shapes[number as usize].open = true;
        self.escape(ty);
    }

    /// A value goes where its uses cannot be seen.
    pub(super) fn escape(&mut self, ty: Ty) {
        if !self.types.is_shaped(ty) {
            return;
        }
        let mut pending = vec![ty];
        let mut steps = 0;
        while let Some(ty) = pending.pop() {
            steps += 1;
            if steps > 10_000 {
                return;
            }
            match self.types.node(ty).clone() {
                Node::Shape(number) => {
                    let shape = &mut self.types.shapes[number as usize];
                    if shape.open && shape.escaped {
                        continue;
                    }
                    shape.open = true;
                    shape.escaped = true;
                    let shape = &self.types.shapes[number as usize];
                    pending.extend(shape.fields.iter().map(|it| it.1));
                    pending.extend(shape.element);
                    pending.extend(shape.instance);
                }
                Node::Union(list) => pending.extend(list.iter()),
                _ => {}
            }
        }
    }

    /// What `self` is in a method of the class `class`.
    pub(super) fn instance_of(&mut self, class: Ty) -> Ty {
        let Node::Shape(number) = *self.types.node(class) else {
            return match self.types.node(class) {
                Node::Record(_) | Node::Named(..) => class,
                _ => Ty::DYN,
            };
        };
        if let Some(instance) = self.types.shapes[number as usize].instance {
            return instance;
        }
        let Some(&variable) = self.shape_variables.get(&number) else { return Ty::DYN };
        let has_index = self.names.fields.get(&variable).is_some_and(|fields| fields.contains(&known::INDEX))
            || self.types.shapes[number as usize].get(known::INDEX).is_some();
        if !has_index {
            return class;
        }
        let (instance, ty) = self.types.new_shape();
        let name = self.types.shapes[number as usize].name;
        let shape = &mut self.types.shapes[instance as usize];
        shape.name = name;
        shape.metatable = Some(class);
        if let Some(fields) = self.names.instance_fields.get(&variable) {
            shape.potential.extend(fields.iter().copied());
        }
        self.types.shapes[number as usize].instance = Some(ty);
        ty
    }

    /// `setmetatable(table, metatable)`
    pub(super) fn with_metatable(&mut self, table: Ty, metatable: Ty) -> Ty {
        let Node::Shape(number) = *self.types.node(table) else { return table };
        let Node::Shape(meta) = *self.types.node(metatable) else {
            if metatable != Ty::NIL {
                self.types.shapes[number as usize].metatable = Some(Ty::DYN);
                self.types.shapes[number as usize].open = true;
            }
            return table;
        };
        let is_class = self.shape_variables.contains_key(&meta);
        let anonymous = !self.shape_variables.contains_key(&number);
        if is_class && anonymous {
            let instance = self.instance_of(metatable);
            if let Node::Shape(target) = *self.types.node(instance)
                && target != meta
            {
                let (fields, element, open) = {
                    let shape = &self.types.shapes[number as usize];
                    (shape.fields.clone(), shape.element, shape.open)
                };
                for (name, ty) in fields {
                    self.add_field(target, name, ty);
                }
                if let Some(element) = element {
                    self.add_element(target, element);
                }
                self.types.shapes[target as usize].open |= open;
                return instance;
            }
        }
        // A metatable that is not a class of ours may have any `__index`.
        self.types.shapes[number as usize].metatable = Some(metatable);
        if let Some(instance) = self.types.shapes[meta as usize].instance
            && let Node::Shape(instance) = *self.types.node(instance)
        {
            let potential = self.types.shapes[instance as usize].potential.clone();
            self.types.shapes[number as usize].potential.extend(potential);
        }
        table
    }

    // ---- reading ----

    /// `object.name`; `probe`: asking for a field that is not there is no mistake.
    pub(super) fn read_field(&mut self, object: Ty, name: Symbol, span: Span, probe: bool) -> Ty {
        match object {
            Ty::DYN | Ty::ANY => return Ty::DYN,
            Ty::UNKNOWN => return Ty::UNKNOWN,
            Ty::NEVER => return Ty::DYN,
            _ if self.names.written.contains(&name) && self.types.libraries.contains(&object) => {
                return Ty::DYN;
            }
            _ => {}
        }
        let mut ty = self.types.expand(object);
        if self.types.is_union(ty) && self.types.is_optional(ty) {
            let text = "cannot index optional value without nil check".to_owned();
            self.report(Code::E0023, span, text);
            let rest = self.types.non_nil(ty);
            ty = self.types.expand(rest);
        }
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

    fn missing_field(&mut self, object: Ty, ty: Ty, name: Symbol, span: Span, declared: bool) {
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
        if shape.open || shape.potential.contains(&name) || self.names.written.contains(&name) {
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
        let mut ty = self.types.expand(object);
        if self.types.is_union(ty) && self.types.is_optional(ty) {
            self.report(Code::E0023, span, "cannot index optional value without nil check".to_owned());
            let rest = self.types.non_nil(ty);
            ty = self.types.expand(rest);
        }
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
                Node::Integer(_) | Node::Float(_) | Node::Function(_) => {
                    self.not_indexable(object, span);
                    Ty::DYN
                }
                Node::Basic
                    if matches!(
                        expanded,
                        Ty::NUMBER
                            | Ty::INTEGER
                            | Ty::BOOLEAN
                            | Ty::TRUE
                            | Ty::FALSE
                            | Ty::NIL
                            | Ty::FUNCTION
                    ) =>
                {
                    self.not_indexable(object, span);
                    Ty::DYN
                }
                _ => Ty::DYN,
            };
            found.push(one);
        }
        self.types.union(&found)
    }

    fn not_indexable(&mut self, object: Ty, span: Span) {
        if self.frame.strict {
            let shown = self.show(object);
            self.report(Code::E0005, span, format!("cannot index type {shown}"));
        }
    }

    // ---- writing ----

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
        let mut ty = self.types.expand(object);
        if self.types.is_union(ty) && self.types.is_optional(ty) {
            self.report(Code::E0023, span, "cannot index optional value without nil check".to_owned());
            let rest = self.types.non_nil(ty);
            ty = self.types.expand(rest);
        }
        for member in self.flattened(ty) {
            let expanded = self.types.expand(member);
            match self.types.node(expanded).clone() {
                Node::Shape(number) => self.add_field(number, name, given),
                Node::Record(record) => match record.field(name) {
                    Some(field) => {
                        if field.readonly || record.readonly {
                            let text = self.text(name);
                            self.report(
                                Code::E0008,
                                span,
                                format!("cannot assign to readonly field '{text}'"),
                            );
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
                            let text = self.text(name);
                            self.report(
                                Code::E0008,
                                span,
                                format!("cannot assign to readonly field '{text}'"),
                            );
                        }
                    }
                },
                Node::Map { key, readonly, .. } => {
                    let literal = self.types.string(name);
                    if !self.types.assignable(literal, key) {
                        self.wrong_key(literal, object, span);
                    } else if readonly {
                        let text = self.text(name);
                        self.report(Code::E0008, span, format!("cannot assign to readonly field '{text}'"));
                    }
                }
                Node::Array { .. } => {
                    let literal = self.types.string(name);
                    self.wrong_key(literal, object, span);
                }
                Node::Integer(_) | Node::Float(_) | Node::Function(_) | Node::String(_) => {
                    self.not_indexable(object, span);
                }
                Node::Basic
                    if matches!(
                        expanded,
                        Ty::NUMBER
                            | Ty::INTEGER
                            | Ty::STRING
                            | Ty::BOOLEAN
                            | Ty::TRUE
                            | Ty::FALSE
                            | Ty::NIL
                            | Ty::FUNCTION
                    ) =>
                {
                    self.not_indexable(object, span);
                }
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
        let mut ty = self.types.expand(object);
        if self.types.is_union(ty) && self.types.is_optional(ty) {
            self.report(Code::E0023, span, "cannot index optional value without nil check".to_owned());
            let rest = self.types.non_nil(ty);
            ty = self.types.expand(rest);
        }
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
                        self.report(
                            Code::E0008,
                            object_span,
                            "cannot assign to an element of a readonly array".to_owned(),
                        );
                    }
                }
                Node::Map { key: wanted, readonly, .. } => {
                    if !self.types.assignable(key, wanted) {
                        self.wrong_key(key, object, span);
                    } else if readonly {
                        self.report(
                            Code::E0008,
                            object_span,
                            "cannot assign to a value of a readonly map".to_owned(),
                        );
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
                Node::Integer(_) | Node::Float(_) | Node::Function(_) | Node::String(_) => {
                    self.not_indexable(object, span);
                }
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
                    self.types.shapes[number as usize].open = true;
                }
                self.add_element(number, given);
            }
            Node::Array { element, readonly } => {
                if readonly {
                    self.report(
                        Code::E0008,
                        argument.span,
                        "cannot assign to an element of a readonly array".to_owned(),
                    );
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
