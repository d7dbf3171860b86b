//! The tree as text, for golden files and for looking at it: `(operator part part)`, one statement a line.
//!
//! Not a formatter: it does not give back the program. Invariant: two trees that differ in more than spans print
//! differently, and left chains are printed with a loop.

use std::fmt::Write;

use crate::annotation::*;
use crate::ast::*;
use crate::interner::{Interner, Symbol};

/// The text of `chunk`, whose names and strings are in `interner`.
pub fn print(chunk: &Chunk<'_>, interner: &Interner) -> String {
    let mut printer = Printer { interner, out: String::new(), depth: 0 };
    printer.statements(&chunk.block);
    printer.out
}

struct Printer<'i> {
    interner: &'i Interner,
    out: String,
    /// How far the line is indented, in steps.
    depth: usize,
}

impl Printer<'_> {
    // ---- pieces ----

    fn text(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn line(&mut self) {
        self.out.push('\n');
        self.out.extend(std::iter::repeat_n("  ", self.depth));
    }

    fn name(&mut self, name: Name) {
        self.symbol(name.symbol);
    }

    fn symbol(&mut self, symbol: Symbol) {
        let text = String::from_utf8_lossy(self.interner.resolve(symbol));
        self.out.push_str(&text);
    }

    fn string(&mut self, symbol: Symbol) {
        let text = self.interner.resolve(symbol).escape_ascii().to_string();
        self.text("\"");
        self.text(&text);
        self.text("\"");
    }

    fn number(&mut self, number: impl std::fmt::Debug) {
        write!(self.out, "{number:?}").expect("a string takes whatever is written");
    }

    /// `(word` … `)`
    fn node(&mut self, word: &str, parts: impl FnOnce(&mut Self)) {
        self.text("(");
        self.text(word);
        parts(self);
        self.text(")");
    }

    fn spaced<T>(&mut self, items: &[T], mut print: impl FnMut(&mut Self, &T)) {
        for item in items {
            self.text(" ");
            print(self, item);
        }
    }

    // ---- statements ----

    /// An indented block on lines of its own.
    fn block(&mut self, block: &Block<'_>) {
        self.depth += 1;
        if !block.statements.is_empty() {
            self.line();
        }
        self.statements(block);
        self.depth -= 1;
    }

    fn statements(&mut self, block: &Block<'_>) {
        for (at, statement) in block.statements.iter().enumerate() {
            if at > 0 {
                self.line();
            }
            self.statement(statement);
        }
        if self.depth == 0 {
            self.line();
        }
    }

    fn statement(&mut self, statement: &Statement<'_>) {
        match statement.kind {
            StatementKind::Empty => self.text("(;)"),
            StatementKind::Call(call) => self.node("do ", |p| p.expression(call)),
            StatementKind::Assign(assign) => self.node("set", |p| {
                p.spaced(assign.targets, Self::expression);
                p.text(" =");
                p.spaced(assign.values, Self::expression);
            }),
            StatementKind::Local(local) => self.node("local", |p| {
                p.spaced(local.names, Self::binding);
                if !local.values.is_empty() {
                    p.text(" =");
                    p.spaced(local.values, Self::expression);
                }
            }),
            StatementKind::LocalFunction(local) => self.node("local-function ", |p| {
                p.name(local.name);
                p.function(local.body);
            }),
            StatementKind::Function(function) => self.node("set-function ", |p| {
                p.name(function.base);
                for field in function.fields {
                    p.text(".");
                    p.name(*field);
                }
                if let Some(method) = function.method {
                    p.text(":");
                    p.name(method);
                }
                p.function(function.body);
            }),
            StatementKind::Do(block) => self.node("block", |p| p.block(block)),
            StatementKind::While(node) => self.node("while ", |p| {
                p.expression(&node.condition);
                p.block(&node.block);
            }),
            StatementKind::Repeat(node) => self.node("repeat", |p| {
                p.block(&node.block);
                p.line();
                p.text("until ");
                p.expression(&node.condition);
            }),
            StatementKind::If(node) => self.node("", |p| p.if_parts(node)),
            StatementKind::NumericFor(node) => self.node("for ", |p| {
                p.binding(&node.variable);
                p.text(" = ");
                p.expression(&node.start);
                p.text(" ");
                p.expression(&node.limit);
                p.spaced(node.step.as_slice(), Self::expression);
                p.block(&node.block);
            }),
            StatementKind::GenericFor(node) => self.node("for", |p| {
                p.spaced(node.names, Self::binding);
                p.text(" in");
                p.spaced(node.values, Self::expression);
                p.block(&node.block);
            }),
            StatementKind::Return(values) => self.node("return", |p| p.spaced(values, Self::expression)),
            StatementKind::Break => self.text("(break)"),
            StatementKind::Goto(label) => self.node("goto ", |p| p.name(label)),
            StatementKind::Label(label) => self.node("label ", |p| p.name(label)),
            StatementKind::TypeAlias(alias) => self.node(exported(alias.exported, "type "), |p| {
                p.name(alias.name);
                p.generics(alias.generics);
                p.text(" ");
                p.ty(&alias.ty);
            }),
            StatementKind::Interface(node) => {
                self.node(exported(node.exported, "interface "), |p| p.interface(node));
            }
        }
    }

    fn if_parts(&mut self, node: &If<'_>) {
        for (at, arm) in node.arms.iter().enumerate() {
            if at > 0 {
                self.line();
            }
            self.text(if at == 0 { "if " } else { "elseif " });
            self.expression(&arm.condition);
            self.block(&arm.block);
        }
        if let Some(otherwise) = &node.otherwise {
            self.line();
            self.text("else");
            self.block(otherwise);
        }
    }

    fn interface(&mut self, node: &Interface<'_>) {
        self.name(node.name);
        self.generics(node.generics);
        if !node.parents.is_empty() {
            self.text(" :");
            self.spaced(node.parents, Self::ty);
        }
        self.depth += 1;
        for item in node.items {
            self.line();
            match item {
                InterfaceItem::Field(field) => self.field(field),
                InterfaceItem::Method(method) => self.node("function ", |p| {
                    p.name(method.name);
                    p.generics(method.generics);
                    p.parameters(method.parameters, method.vararg);
                    p.result(method.result);
                }),
            }
        }
        self.depth -= 1;
    }

    // ---- expressions ----

    fn expression(&mut self, expression: &Expression<'_>) {
        let mut chain = Vec::new();
        let mut node = expression;
        while let Some(left) = node.left() {
            self.text("(");
            self.text(chain_word(node));
            self.text(" ");
            chain.push(node);
            node = left;
        }
        self.operand(node);
        while let Some(node) = chain.pop() {
            self.right_parts(node);
            self.text(")");
        }
    }

    /// What follows the left part of a chain.
    fn right_parts(&mut self, node: &Expression<'_>) {
        match node.kind {
            ExpressionKind::Index { key, .. } => self.spaced(std::slice::from_ref(key), Self::expression),
            ExpressionKind::Field { name, .. } => self.spaced(&[name], |p, name| p.name(*name)),
            ExpressionKind::Call(call) => self.spaced(call.arguments, Self::expression),
            ExpressionKind::MethodCall(call) => {
                self.text(" ");
                self.name(call.name);
                self.spaced(call.arguments, Self::expression);
            }
            ExpressionKind::Binary(binary) => self.spaced(&[*binary.right()], Self::expression),
            ExpressionKind::Cast(cast) => self.spaced(&[cast.ty], Self::ty),
            _ => {}
        }
    }

    /// An expression without a left part.
    fn operand(&mut self, node: &Expression<'_>) {
        match node.kind {
            ExpressionKind::Nil => self.text("nil"),
            ExpressionKind::True => self.text("true"),
            ExpressionKind::False => self.text("false"),
            ExpressionKind::Vararg => self.text("..."),
            ExpressionKind::Integer(value) => self.number(value),
            ExpressionKind::Float(value) => self.number(value),
            ExpressionKind::String(symbol) => self.string(symbol),
            ExpressionKind::Name(symbol) => self.symbol(symbol),
            ExpressionKind::Function(body) => self.node("function", |p| p.function(body)),
            ExpressionKind::Table(items) => self.node("table", |p| p.spaced(items, Self::item)),
            ExpressionKind::Unary { operator, operand } => {
                let word = match operator {
                    UnaryOperator::Negate => "neg ",
                    UnaryOperator::Not => "not ",
                    UnaryOperator::Length => "len ",
                    UnaryOperator::BitNot => "bnot ",
                };
                self.node(word, |p| p.expression(operand));
            }
            ExpressionKind::Paren(inner) => self.node("paren ", |p| p.expression(inner)),
            _ => {}
        }
    }

    fn item(&mut self, item: &TableItem<'_>) {
        match item {
            TableItem::Item(value) => self.expression(value),
            TableItem::Named { name, value } => {
                self.name(*name);
                self.text("=");
                self.expression(value);
            }
            TableItem::Keyed(item) => {
                self.text("[");
                self.expression(&item.key);
                self.text("]=");
                self.expression(&item.value);
            }
        }
    }

    fn function(&mut self, body: &FunctionBody<'_>) {
        self.generics(body.generics);
        if body.has_self {
            self.text(" self");
        }
        self.parameters(body.parameters, body.vararg);
        self.result(body.result);
        self.block(&body.block);
    }

    fn parameters(&mut self, parameters: &[Binding<'_>], vararg: Option<Vararg<'_>>) {
        self.text(" [");
        for (at, parameter) in parameters.iter().enumerate() {
            if at > 0 {
                self.text(" ");
            }
            self.binding(parameter);
        }
        if let Some(vararg) = vararg {
            if !parameters.is_empty() {
                self.text(" ");
            }
            self.vararg(vararg);
        }
        self.text("]");
    }

    fn binding(&mut self, binding: &Binding<'_>) {
        self.name(binding.name);
        if let Some(ty) = binding.ty {
            self.text(if binding.optional { "?:" } else { ":" });
            self.ty(ty);
        }
    }

    fn vararg(&mut self, vararg: Vararg<'_>) {
        self.text("...");
        if let Some(ty) = vararg.ty {
            self.text(":");
            self.ty(ty);
        }
    }

    // ---- types ----

    fn result(&mut self, result: Option<ReturnAnnotation<'_>>) {
        match result {
            None => {}
            Some(ReturnAnnotation::Types(pack)) => {
                self.text(" -> ");
                self.pack(pack);
            }
            Some(ReturnAnnotation::Asserts(asserts)) => {
                self.text(" -> ");
                self.node("asserts ", |p| {
                    p.name(asserts.name);
                    p.spaced(asserts.ty.as_slice(), Self::ty);
                });
            }
        }
    }

    fn pack(&mut self, pack: &TypePack<'_>) {
        self.node("pack", |p| {
            p.spaced(pack.items, Self::ty);
            p.spaced(pack.tail.as_slice(), |p, tail| p.vararg(*tail));
        });
    }

    fn generics(&mut self, generics: &[GenericParameter<'_>]) {
        for generic in generics {
            self.text(" <");
            self.name(generic.name);
            if let Some(bound) = generic.bound {
                self.text(":");
                self.ty(bound);
            }
            if let Some(default) = generic.default {
                self.text("=");
                self.ty(default);
            }
            self.text(">");
        }
    }

    fn field(&mut self, field: &RecordField<'_>) {
        if field.readonly {
            self.text("readonly ");
        }
        self.name(field.name);
        self.text(if field.optional { "?:" } else { ":" });
        self.ty(field.ty);
    }

    fn ty(&mut self, ty: &TypeExpression<'_>) {
        match ty.kind {
            TypeKind::Nil => self.text("nil"),
            TypeKind::True => self.text("true"),
            TypeKind::False => self.text("false"),
            TypeKind::Integer(value) => self.number(value),
            TypeKind::Float(value) => self.number(value),
            TypeKind::String(symbol) => self.string(symbol),
            TypeKind::Reference(reference) => self.reference(reference),
            TypeKind::Record(record) => {
                let word = if record.readonly { "readonly-record" } else { "record" };
                self.node(word, |p| p.spaced(record.items, Self::record_item));
            }
            TypeKind::Array { element, readonly } => {
                self.node(if readonly { "readonly-array " } else { "array " }, |p| p.ty(element));
            }
            TypeKind::Optional(inner) => self.node("optional ", |p| p.ty(inner)),
            TypeKind::Access { object, key } => self.node("access", |p| p.spaced(&[*object, *key], Self::ty)),
            TypeKind::Annotated { ty, annotation } => self.node("annotated ", |p| {
                p.ty(ty);
                p.text(" @");
                p.name(annotation.name);
                if let Some(arguments) = annotation.arguments {
                    p.text(" with");
                    p.spaced(arguments, Self::expression);
                }
            }),
            TypeKind::Union(members) => self.node("union", |p| p.spaced(members, Self::ty)),
            TypeKind::Intersection(members) => self.node("inter", |p| p.spaced(members, Self::ty)),
            TypeKind::Function(function) => self.function_type(function),
            TypeKind::Paren(inner) => self.node("paren ", |p| p.ty(inner)),
            TypeKind::Typeof(value) => self.node("typeof ", |p| p.expression(value)),
            TypeKind::Keyof(inner) => self.node("keyof ", |p| p.ty(inner)),
        }
    }

    fn reference(&mut self, reference: &TypeReference<'_>) {
        for (at, name) in reference.path.iter().enumerate() {
            if at > 0 {
                self.text(".");
            }
            self.name(*name);
        }
        if !reference.arguments.is_empty() {
            self.text("<");
            for (at, argument) in reference.arguments.iter().enumerate() {
                if at > 0 {
                    self.text(" ");
                }
                self.ty(argument);
            }
            self.text(">");
        }
    }

    fn record_item(&mut self, item: &RecordItem<'_>) {
        match item {
            RecordItem::Field(field) => self.field(field),
            RecordItem::Indexer { key, value } => {
                self.text("[");
                self.ty(key);
                self.text("]:");
                self.ty(value);
            }
        }
    }

    fn function_type(&mut self, function: &FunctionType<'_>) {
        self.node("fn", |p| {
            p.generics(function.generics);
            p.spaced(function.parameters, |p, parameter| {
                if let Some(name) = parameter.name {
                    p.name(name);
                    p.text(if parameter.optional { "?:" } else { ":" });
                }
                p.ty(parameter.ty);
            });
            p.spaced(function.vararg.as_slice(), |p, vararg| p.vararg(*vararg));
            if let Some(result) = function.result {
                p.text(" -> ");
                p.pack(result);
            }
        });
    }
}

/// What opens a node that continues its left part.
fn chain_word(node: &Expression<'_>) -> &'static str {
    match node.kind {
        ExpressionKind::Index { .. } => "index",
        ExpressionKind::Field { .. } => "field",
        ExpressionKind::Call(_) => "call",
        ExpressionKind::MethodCall(_) => "method",
        ExpressionKind::Binary(binary) => binary.operator.text(),
        ExpressionKind::Cast(Cast { style: CastStyle::Colons, .. }) => "::",
        ExpressionKind::Cast(Cast { style: CastStyle::As, .. }) => "as",
        ExpressionKind::NonNil(_) => "!",
        _ => "",
    }
}

fn exported(exported: bool, word: &'static str) -> &'static str {
    match (exported, word) {
        (true, "type ") => "export-type ",
        (true, _) => "export-interface ",
        (false, word) => word,
    }
}
