//! From the syntax of annotations to checker types, with the names of the chunk.
//!
//! Reports unknown names, wrong argument counts and misused validators. Invariant: nesting of annotations is limited by
//! the parser, so this may recurse.

use std::sync::Arc;

use wippy_parser::ast::{
    Annotation, Expression, ExpressionKind, FunctionBody, FunctionType, InterfaceItem, RecordField,
    RecordItem, RecordType, ReturnAnnotation, TypeExpression, TypeKind, TypePack, TypeReference,
    UnaryOperator, Vararg,
};
use wippy_parser::nearest::nearest;
use wippy_parser::{Span, Symbol};

use super::Checker;
use super::names::{DefinitionSource, Meaning};
use super::types::{
    Builtin, Definition, Field, Function, LITERAL_LIMIT, Node, Pack, Parameter, ParameterInfo, Record,
    Returns, Ty, UNION_LIMIT,
};
use crate::diagnostic::Code;
use crate::ty::Basic;

/// Names of validators, and whether their argument is a number or a string (none: anything).
const VALIDATORS: &[(&str, Option<bool>)] = &[
    ("min", Some(true)),
    ("max", Some(true)),
    ("min_len", Some(true)),
    ("max_len", Some(true)),
    ("pattern", Some(false)),
    ("default", None),
    ("coerce", None),
    ("trim", None),
    ("rename", Some(false)),
];

pub(super) fn basic(basic: Basic) -> Ty {
    match basic {
        Basic::Any => Ty::ANY,
        Basic::Unknown => Ty::UNKNOWN,
        Basic::Never => Ty::NEVER,
        Basic::Nil => Ty::NIL,
        Basic::Boolean => Ty::BOOLEAN,
        Basic::Number => Ty::NUMBER,
        Basic::Integer => Ty::INTEGER,
        Basic::String => Ty::STRING,
        Basic::Table => Ty::TABLE,
        Basic::Function => Ty::FUNCTION,
        Basic::Thread => Ty::THREAD,
        Basic::Userdata => Ty::USERDATA,
        Basic::Error => Ty::ERROR,
        Basic::Type => Ty::TYPE,
        Basic::SelfType => Ty::SELF,
    }
}

impl<'a> Checker<'_, 'a> {
    /// Enters the generic parameters and definitions of the chunk, then gives them their structure.
    pub(super) fn declare_types(&mut self) {
        self.hoisting = true;
        self.generic_base = self.types.parameters.len() as u32;
        self.definition_base = self.types.definitions.len() as u32;
        for at in 0..self.names.generics.len() {
            let name = self.names.generics[at].node.name.symbol;
            self.types.parameters.push(ParameterInfo { name, bound: None, default: None });
        }
        for at in 0..self.names.definitions.len() {
            let definition = &self.names.definitions[at];
            let parameters = definition.generics.iter().map(|number| number + self.generic_base).collect();
            let name = definition.name.symbol;
            self.types.definitions.push(Definition { name, parameters, body: Ty::NONE });
        }
        for (name, first) in self.names.duplicates.clone() {
            let line = self.line_of(first);
            let name_text = self.text(name.symbol);
            self.report(
                Code::E0017,
                name.span,
                format!("type '{name_text}' already declared on line {line}"),
            );
        }
        for at in 0..self.names.generics.len() {
            let node = self.names.generics[at].node;
            let bound = node.bound.map(|bound| self.lower(bound));
            let default = node.default.map(|default| self.lower(default));
            let info = &mut self.types.parameters[self.generic_base as usize + at];
            info.bound = bound;
            info.default = default;
        }
        for at in 0..self.names.definitions.len() {
            let body = match self.names.definitions[at].source {
                DefinitionSource::Alias(alias) => self.lower(&alias.ty),
                DefinitionSource::Interface(interface) => {
                    let body = self.lower_interface(interface.items);
                    let mut parts = vec![body];
                    for parent in interface.parents {
                        parts.push(self.lower(parent));
                    }
                    parts.reverse();
                    self.types.intersection(&parts)
                }
            };
            let number = self.definition_base as usize + at;
            self.types.definitions[number].body = body;
        }
        for at in self.circular_definitions() {
            let name = self.names.definitions[at].name;
            self.types.definitions[self.definition_base as usize + at].body = Ty::ANY;
            let text = self.text(name.symbol);
            self.report(Code::E0013, name.span, format!("type '{text}' refers only to itself"));
        }
        self.hoisting = false;
    }

    /// Definitions of this chunk that lead back to themselves without passing a table or a function.
    fn circular_definitions(&self) -> Vec<usize> {
        let count = self.names.definitions.len();
        let mut to: Vec<Vec<usize>> = vec![Vec::new(); count];
        let mut from: Vec<Vec<usize>> = vec![Vec::new(); count];
        for (at, targets) in to.iter_mut().enumerate() {
            let mut pending = vec![self.types.definitions[self.definition_base as usize + at].body];
            while let Some(ty) = pending.pop() {
                match self.types.node(ty) {
                    Node::Named(number, _) => {
                        if let Some(target) = number.checked_sub(self.definition_base) {
                            targets.push(target as usize);
                            from[target as usize].push(at);
                        }
                    }
                    Node::Union(list) | Node::Intersection(list) => pending.extend(list.iter()),
                    _ => {}
                }
            }
        }
        // What ends somewhere is no circle; of the rest, what nothing of the rest leads to is none either.
        let mut left = vec![true; count];
        for (ahead, behind) in [(&to, &from), (&from, &to)] {
            let mut open: Vec<usize> =
                (0..count).map(|at| ahead[at].iter().filter(|&&it| left[it]).count()).collect();
            let mut ready: Vec<usize> = (0..count).filter(|&at| left[at] && open[at] == 0).collect();
            while let Some(at) = ready.pop() {
                left[at] = false;
                for &other in &behind[at] {
                    open[other] = open[other].saturating_sub(1);
                    if left[other] && open[other] == 0 {
                        ready.push(other);
                    }
                }
            }
        }
        (0..count).filter(|&at| left[at]).collect()
    }

    fn lower_interface(&mut self, items: &'a [InterfaceItem<'a>]) -> Ty {
        let mut fields = Vec::with_capacity(items.len());
        for item in items {
            match item {
                InterfaceItem::Field(field) => {
                    let field = self.lower_field(field);
                    fields.push(field);
                }
                InterfaceItem::Method(method) => {
                    let mut parameters = Vec::new();
                    for (at, binding) in method.parameters.iter().enumerate() {
                        let ty = match binding.ty {
                            Some(ty) => {
                                let ty = self.lower(ty);
                                if binding.optional { self.types.optional(ty) } else { ty }
                            }
                            None if at == 0 && binding.name.symbol == Symbol::SELF => Ty::SELF,
                            None => Ty::ANY,
                        };
                        parameters.push(Parameter { name: Some(binding.name.symbol), ty });
                    }
                    let is_method =
                        method.parameters.first().is_some_and(|it| it.name.symbol == Symbol::SELF);
                    let vararg = method.vararg.map(|vararg| self.lower_vararg(vararg));
                    let (result, asserts) = self.lower_result(method.result, &parameters);
                    let generics =
                        method.generics.iter().filter_map(|it| self.generic_number(it.name.span)).collect();
                    let ty = self.types.function(Function {
                        generics,
                        parameters,
                        vararg,
                        result: result.map_or(Returns::Unknown, Returns::Declared),
                        annotated: true,
                        method: is_method,
                        asserts,
                        builtin: Builtin::None,
                        source: 0,
                    });
                    fields.push(Field { name: method.name.symbol, ty, optional: false, readonly: false });
                }
            }
        }
        self.types.record(fields, None, false)
    }

    pub(super) fn generic_number(&self, span: Span) -> Option<u32> {
        match self.names.at(span.start) {
            Meaning::Generic(number) => Some(self.generic_base + number),
            _ => None,
        }
    }

    fn lower_field(&mut self, field: &RecordField<'a>) -> Field {
        let ty = self.lower(field.ty);
        Field { name: field.name.symbol, ty, optional: field.optional, readonly: field.readonly }
    }

    /// The type that an annotation describes.
    pub(super) fn lower(&mut self, node: &TypeExpression<'a>) -> Ty {
        match node.kind {
            TypeKind::Nil => Ty::NIL,
            TypeKind::True => Ty::TRUE,
            TypeKind::False => Ty::FALSE,
            TypeKind::Integer(value) => self.types.add(Node::Integer(value)),
            TypeKind::Float(value) => self.types.add(Node::Float(value.to_bits())),
            TypeKind::String(symbol) => self.types.string(symbol),
            TypeKind::Reference(reference) => self.lower_reference(reference, node.span),
            TypeKind::Record(record) => self.lower_record(record),
            TypeKind::Array { element, readonly } => {
                let element = self.lower(element);
                self.types.add(Node::Array { element, readonly })
            }
            TypeKind::Optional(inner) => {
                let inner = self.lower(inner);
                self.types.optional(inner)
            }
            TypeKind::Access { object, key } => {
                let object = self.lower(object);
                let key = self.lower(key);
                self.access_type(object, key)
            }
            TypeKind::Annotated { ty, annotation } => {
                self.check_validator(annotation);
                self.lower(ty)
            }
            TypeKind::Union(list) => {
                let literals = list
                    .iter()
                    .filter(|it| {
                        matches!(
                            it.kind,
                            TypeKind::String(_) | TypeKind::Integer(_) | TypeKind::Float(_) | TypeKind::Nil
                        )
                    })
                    .count();
                if list.len() - literals > UNION_LIMIT || literals > LITERAL_LIMIT {
                    self.report(Code::E0011, node.span, "type too deep, treated as any".to_owned());
                    return Ty::DYN;
                }
                let members: Vec<Ty> = list.iter().map(|it| self.lower(it)).collect();
                self.types.union(&members)
            }
            TypeKind::Intersection(list) => {
                if list.len() > UNION_LIMIT {
                    self.report(Code::E0011, node.span, "type too deep, treated as any".to_owned());
                    return Ty::DYN;
                }
                let members: Vec<Ty> = list.iter().map(|it| self.lower(it)).collect();
                self.types.intersection(&members)
            }
            TypeKind::Function(function) => self.lower_function(function),
            TypeKind::Paren(inner) => self.lower(inner),
            TypeKind::Keyof(inner) => {
                let inner = self.lower(inner);
                self.keys_of(inner)
            }
            TypeKind::Typeof(expression) => self.type_of_expression(expression),
        }
    }

    fn lower_reference(&mut self, reference: &TypeReference<'a>, span: Span) -> Ty {
        let arguments: Vec<Ty> = reference.arguments.iter().map(|it| self.lower(it)).collect();
        let Some(first) = reference.path.first() else { return Ty::ANY };
        if reference.path.len() > 1 {
            return self.imported_type(reference, arguments, span);
        }
        match self.names.at(first.span.start) {
            Meaning::Generic(number) => self.types.add(Node::Parameter(self.generic_base + number)),
            Meaning::Definition(number) => self.named(self.definition_base + number, arguments, span),
            _ => {
                let text = self.text(first.symbol);
                if let Some(found) = Basic::from_name(&text) {
                    return basic(found);
                }
                if let Some(&number) = self.environment_types.get(&first.symbol) {
                    return self.named(number, arguments, span);
                }
                let upper = text.chars().next().is_some_and(char::is_uppercase);
                if upper && let Some(found) = Basic::from_name(&text.to_lowercase()) {
                    return basic(found);
                }
                let suggestion = self.suggest_type(&text);
                self.report_with(Code::E0012, first.span, format!("unknown type '{text}'"), suggestion);
                Ty::DYN
            }
        }
    }

    /// A definition with its arguments, defaults filled in, bounds checked.
    pub(super) fn named(&mut self, number: u32, mut arguments: Vec<Ty>, span: Span) -> Ty {
        let parameters = self.types.definitions[number as usize].parameters.clone();
        let required =
            parameters.iter().filter(|&&it| self.types.parameters[it as usize].default.is_none()).count();
        if arguments.len() > parameters.len() || arguments.len() < required {
            let name = self.text(self.types.definitions[number as usize].name);
            let expected = if arguments.len() < required { required } else { parameters.len() };
            let plural = if expected == 1 { "" } else { "s" };
            self.report(
                Code::E0025,
                span,
                format!("{name} expects {expected} type argument{plural}, got {}", arguments.len()),
            );
        }
        arguments.truncate(parameters.len());
        while arguments.len() < parameters.len() {
            let info = &self.types.parameters[parameters[arguments.len()] as usize];
            let missing = info.default.unwrap_or(Ty::ANY);
            let bindings: Vec<(u32, Ty)> =
                parameters.iter().copied().zip(arguments.iter().copied()).collect();
            let missing = self.types.substitute(missing, &bindings);
            arguments.push(missing);
        }
        for (&parameter, &argument) in parameters.iter().zip(&arguments) {
            let info = self.types.parameters[parameter as usize].clone();
            if let Some(bound) = info.bound
                && self.ready(argument)
                && self.ready(bound)
                && !self.types.assignable(argument, bound)
            {
                let (name, given, bound) = (self.text(info.name), self.show(argument), self.show(bound));
                self.report(
                    Code::E0020,
                    span,
                    format!("type argument {name}: {given} does not satisfy {bound}"),
                );
            }
        }
        self.types.add(Node::Named(number, arguments.into()))
    }

    /// Whether a type can be looked into already: the definitions of a chunk come one after the other.
    fn ready(&self, ty: Ty) -> bool {
        match self.types.node(ty) {
            Node::Named(number, _) => self.types.definitions[*number as usize].body != Ty::NONE,
            _ => true,
        }
    }

    fn lower_record(&mut self, record: &RecordType<'a>) -> Ty {
        let mut fields: Vec<Field> = Vec::with_capacity(record.items.len());
        let mut indexer = None;
        for item in record.items {
            match item {
                RecordItem::Field(field) => {
                    let field = self.lower_field(field);
                    if let Some(known) = fields.iter_mut().find(|known| known.name == field.name) {
                        *known = field;
                    } else {
                        fields.push(field);
                    }
                }
                RecordItem::Indexer { key, value } => {
                    let (key, value) = (self.lower(key), self.lower(value));
                    match *self.types.node(key) {
                        Node::String(name) => {
                            fields.push(Field {
                                name,
                                ty: value,
                                optional: false,
                                readonly: record.readonly,
                            });
                        }
                        _ => indexer = Some((key, value)),
                    }
                }
            }
        }
        match indexer {
            Some((key, value)) if fields.is_empty() => {
                self.types.add(Node::Map { key, value, readonly: record.readonly })
            }
            _ => {
                self.types.add(Node::Record(Arc::new(Record { fields, indexer, readonly: record.readonly })))
            }
        }
    }

    pub(super) fn lower_vararg(&mut self, vararg: Vararg<'a>) -> Ty {
        vararg.ty.map_or(Ty::DYN, |ty| self.lower(ty))
    }

    pub(super) fn lower_pack(&mut self, pack: &TypePack<'a>) -> Pack {
        let items: Vec<Ty> = pack.items.iter().map(|it| self.lower(it)).collect();
        let tail = pack.tail.map(|tail| self.lower_vararg(tail));
        let rows = if tail.is_none() { self.correlated_rows(&items) } else { None };
        Pack { items, tail, rows }
    }

    fn lower_function(&mut self, function: &FunctionType<'a>) -> Ty {
        let mut parameters = Vec::with_capacity(function.parameters.len());
        for parameter in function.parameters {
            let mut ty = self.lower(parameter.ty);
            if parameter.optional {
                ty = self.types.optional(ty);
            }
            parameters.push(Parameter { name: parameter.name.map(|name| name.symbol), ty });
        }
        let vararg = function.vararg.map(|vararg| self.lower_vararg(vararg));
        let result = match function.result {
            Some(pack) => Returns::Declared(self.lower_pack(pack)),
            None => Returns::Unknown,
        };
        let generics = function.generics.iter().filter_map(|it| self.generic_number(it.name.span)).collect();
        let method = parameters.first().is_some_and(|it| it.name == Some(Symbol::SELF) || it.ty == Ty::SELF);
        self.types.function(Function {
            generics,
            parameters,
            vararg,
            result,
            annotated: true,
            method,
            asserts: None,
            builtin: Builtin::None,
            source: 0,
        })
    }

    /// Declared results, and what the function asserts.
    pub(super) fn lower_result(
        &mut self,
        result: Option<ReturnAnnotation<'a>>,
        parameters: &[Parameter],
    ) -> (Option<Pack>, Option<(u32, Option<Ty>)>) {
        match result {
            None => (None, None),
            Some(ReturnAnnotation::Types(pack)) => (Some(self.lower_pack(pack)), None),
            Some(ReturnAnnotation::Asserts(asserts)) => {
                let ty = asserts.ty.as_ref().map(|ty| self.lower(ty));
                let at = parameters.iter().position(|it| it.name == Some(asserts.name.symbol));
                (Some(Pack::default()), at.map(|at| (at as u32, ty)))
            }
        }
    }

    /// The signature of a function of the source.
    pub(super) fn lower_signature(&mut self, body: &FunctionBody<'a>, receiver: Option<Ty>) -> Function {
        let number = self.names.function_at(body);
        let mut parameters = Vec::with_capacity(body.parameters.len() + 1);
        if body.has_self {
            parameters.push(Parameter { name: Some(Symbol::SELF), ty: receiver.unwrap_or(Ty::DYN) });
        }
        let mut annotated = !body.generics.is_empty() || body.result.is_some();
        for (at, binding) in body.parameters.iter().enumerate() {
            let ty = match binding.ty {
                Some(ty) => {
                    annotated = true;
                    let ty = self.lower(ty);
                    if binding.optional { self.types.optional(ty) } else { ty }
                }
                None if at == 0 && binding.name.symbol == Symbol::SELF => receiver.unwrap_or(Ty::DYN),
                None => Ty::DYN,
            };
            parameters.push(Parameter { name: Some(binding.name.symbol), ty });
        }
        let vararg = body.vararg.map(|vararg| self.lower_vararg(vararg));
        annotated |= body.vararg.is_some_and(|vararg| vararg.ty.is_some());
        let (result, asserts) = self.lower_result(body.result, &parameters);
        let global = self.function_base + number;
        let method = body.has_self || parameters.first().is_some_and(|it| it.name == Some(Symbol::SELF));
        Function {
            generics: body.generics.iter().filter_map(|it| self.generic_number(it.name.span)).collect(),
            annotated,
            parameters,
            vararg,
            result: result.map_or(Returns::Inferred(global), Returns::Declared),
            method,
            asserts,
            builtin: Builtin::None,
            source: global + 1,
        }
    }

    fn keys_of(&mut self, ty: Ty) -> Ty {
        let ty = self.types.expand(ty);
        match self.types.node(ty).clone() {
            Node::Record(record) => {
                let names: Vec<Ty> =
                    record.fields.iter().map(|field| self.types.string(field.name)).collect();
                let key = record.indexer.map_or(Ty::NEVER, |(key, _)| key);
                let names = self.types.union(&names);
                self.types.join(names, key)
            }
            Node::Map { key, .. } => key,
            Node::Array { .. } => Ty::INTEGER,
            _ => Ty::ANY,
        }
    }

    pub(super) fn access_type(&mut self, object: Ty, key: Ty) -> Ty {
        let object = self.types.expand(object);
        match self.types.node(object).clone() {
            Node::Record(record) => {
                let Node::String(name) = *self.types.node(key) else {
                    return record.indexer.map_or(Ty::ANY, |(_, value)| value);
                };
                match record.field(name) {
                    Some(field) if field.optional => self.types.optional(field.ty),
                    Some(field) => field.ty,
                    None => Ty::ANY,
                }
            }
            Node::Map { value, .. } => value,
            Node::Array { element, .. } => element,
            _ => Ty::ANY,
        }
    }

    // ---- validators ----

    fn check_validator(&mut self, annotation: &Annotation<'a>) {
        let name = self.text(annotation.name.symbol);
        let Some(&(_, numeric)) = VALIDATORS.iter().find(|it| it.0 == name) else {
            let help = nearest(&name, VALIDATORS.iter().map(|it| it.0))
                .map(|near| format!("did you mean '@{near}'?"));
            self.report_with(Code::E0024, annotation.span, format!("unknown validator '@{name}'"), help);
            return;
        };
        let arguments = annotation.arguments.unwrap_or_default();
        let Some(numeric) = numeric else { return };
        let fits = match arguments {
            [argument] if numeric => constant_number(argument).is_some(),
            [argument] => matches!(argument.kind, ExpressionKind::String(_)),
            _ => false,
        };
        if !fits {
            let kind = if numeric { "a number" } else { "a string" };
            self.report(Code::E0024, annotation.span, format!("@{name} expects {kind}"));
        }
    }

    /// A constant that violates a validator of the type it is declared with.
    pub(super) fn check_constant(&mut self, node: &TypeExpression<'a>, value: &Expression<'a>, depth: u32) {
        match node.kind {
            TypeKind::Annotated { ty, annotation } => {
                self.check_constant(ty, value, depth);
                let name = self.text(annotation.name.symbol);
                let Some([argument]) = annotation.arguments else { return };
                let Some(limit) = constant_number(argument) else { return };
                let actual = match (name.as_str(), value.kind) {
                    ("min" | "max", _) => constant_number(value),
                    ("min_len" | "max_len", ExpressionKind::String(symbol)) => {
                        Some(self.interner.resolve(symbol).len() as f64)
                    }
                    _ => None,
                };
                let Some(actual) = actual else { return };
                let violated = if name.starts_with("min") { actual < limit } else { actual > limit };
                if violated {
                    let bytes = self.source;
                    let shown = String::from_utf8_lossy(value.span.slice(bytes)).into_owned();
                    let rule = String::from_utf8_lossy(annotation.span.slice(bytes)).into_owned();
                    self.report(Code::E0024, value.span, format!("value {shown} violates {rule}"));
                }
            }
            TypeKind::Optional(inner) | TypeKind::Paren(inner) => self.check_constant(inner, value, depth),
            TypeKind::Reference(reference) if depth < 8 => {
                let [name] = reference.path else { return };
                if let Meaning::Definition(number) = self.names.at(name.span.start)
                    && let DefinitionSource::Alias(alias) = self.names.definitions[number as usize].source
                {
                    self.check_constant(&alias.ty, value, depth + 1);
                }
            }
            _ => {}
        }
    }
}

/// The value of a numeral, with or without a sign.
fn constant_number(expression: &Expression<'_>) -> Option<f64> {
    match expression.kind {
        ExpressionKind::Integer(value) => Some(value as f64),
        ExpressionKind::Float(value) => Some(value),
        ExpressionKind::Unary { operator: UnaryOperator::Negate, operand } => match operand.kind {
            ExpressionKind::Integer(value) => Some(-(value as f64)),
            ExpressionKind::Float(value) => Some(-value),
            _ => None,
        },
        _ => None,
    }
}
