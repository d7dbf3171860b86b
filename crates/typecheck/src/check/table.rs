//! Tables: constructors, reading and writing of fields, inferred tables, classes.
//!
//! Invariant: what is said about an inferred table holds only while nothing unseen can write to it; a table that
//! escapes becomes open, and reading an unknown field of an open table gives `any`.

use wippy_parser::ast::TableItem;
use wippy_parser::{Span, Symbol};

use super::Checker;
use super::expression::Purpose;
use super::names::Variable;
use super::relate::known;
use super::types::{Node, Record, Ty};
use crate::diagnostic::Code;

/// How many different element types a constructor keeps apart.
const ELEMENTS: usize = 16;

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

    pub(super) fn shape_of(&mut self, items: &'a [TableItem<'a>], span: Span, expected: Ty) -> Ty {
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

    pub(super) fn join_elements(&mut self, elements: &[Ty]) -> Ty {
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

    pub(super) fn field_expectation(&mut self, expected: Ty, name: Symbol) -> Ty {
        if expected == Ty::NONE {
            return Ty::NONE;
        }
        self.field_target(expected, name)
    }

    pub(super) fn element_expectation(&mut self, expected: Ty) -> Ty {
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

    pub(super) fn table_against_map(&mut self, items: &'a [TableItem<'a>], expected: Ty, key: Ty, value: Ty) {
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

    pub(super) fn table_against_record(
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

    pub(super) fn unexpected_field(&mut self, expected: Ty, name: Symbol, span: Span) {
        let (text, to) = (self.text(name), self.show(expected));
        let help = self.suggest_field(expected, &text);
        self.report_with(
            Code::E0000,
            span,
            format!("cannot assign table to {to}: unexpected field '{text}'"),
            help,
        );
    }

    pub(super) fn wrong_key(&mut self, key: Ty, table: Ty, span: Span) {
        let (key, table) = (self.show(key), self.show(table));
        self.report(Code::E0018, span, format!("cannot use {key} as key of {table}"));
    }

    /// The member of a union that a constructor is meant to be: by a field with a literal type, else by the names.
    pub(super) fn choose_member(&mut self, items: &[TableItem<'a>], union: Ty) -> Option<Ty> {
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

    pub(super) fn is_literal_union(&mut self, ty: Ty) -> bool {
        let ty = self.types.expand(ty);
        self.types.members(ty).iter().all(|&member| self.types.is_literal(member))
    }

    pub(super) fn flattened(&mut self, ty: Ty) -> Vec<Ty> {
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
        if number < self.shape_base {
            return;
        }
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

    /// Whether a table belongs to another chunk. It stays as that chunk made it; here it counts as open from now on.
    fn is_foreign(&mut self, number: u32) -> bool {
        let foreign = number < self.shape_base;
        if foreign {
            self.opened.insert(number);
        }
        foreign
    }

    pub(super) fn add_field(&mut self, number: u32, name: Symbol, ty: Ty) {
        if self.is_foreign(number) {
            return self.escape(ty);
        }
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
        if self.is_foreign(number) {
            return self.escape(ty);
        }
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
    pub(super) fn open(&mut self, number: u32, ty: Ty) {
        if !self.is_foreign(number) {
            self.types.shapes[number as usize].open = true;
        }
        self.escape(ty);
    }

    /// A value is what the chunk gives to those that require it: who that is cannot be seen, but what they find is this.
    pub(super) fn export(&mut self, ty: Ty) {
        self.spread(ty, false);
    }

    /// A value goes where its uses cannot be seen.
    pub(super) fn escape(&mut self, ty: Ty) {
        self.spread(ty, true);
    }

    /// Marks the tables that can be reached from a value, `open` or not, as seen by others.
    fn spread(&mut self, ty: Ty, open: bool) {
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
                Node::Shape(number) if self.is_foreign(number) => {}
                Node::Shape(number) => {
                    let shape = &mut self.types.shapes[number as usize];
                    if shape.escaped && (shape.open || !open) {
                        continue;
                    }
                    shape.open |= open;
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
        if self.is_foreign(number) {
            return Ty::DYN;
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
        if self.is_foreign(number) {
            self.escape(metatable);
            return table;
        }
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
}
