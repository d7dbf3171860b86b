//! Style rules: W0001 to W0007.
//!
//! They look at the tree and at what names stand for, never at types. Invariant: names that begin with an underscore
//! are never blamed.

use wippy_parser::ast::{BinaryOperator, Chunk, Expression, ExpressionKind, Statement, StatementKind};
use wippy_parser::visit::{self, Visitor};
use wippy_parser::{Interner, Span, Symbol};

use super::names::{Names, Variable, VariableKind};
use super::show::text;
use super::types::{Map, Ty};
use crate::diagnostic::{Code, Diagnostic};

pub(super) fn run(
    chunk: &Chunk<'_>,
    names: &Names<'_>,
    interner: &Interner,
    globals: &Map<Symbol, Ty>,
    out: &mut Vec<Diagnostic>,
) {
    let mut rules = Rules { names, interner, out };
    rules.variables();
    rules.globals(globals);
    for name in &names.shadowing {
        let shown = text(interner, name.symbol);
        if !shown.starts_with('_') {
            rules.say(
                Code::W0007,
                name.span,
                format!("variable '{shown}' shadows a variable in an outer scope"),
            );
        }
    }
    visit::walk(chunk, &mut rules);
}

struct Rules<'r, 'a> {
    names: &'r Names<'a>,
    interner: &'r Interner,
    out: &'r mut Vec<Diagnostic>,
}

impl Rules<'_, '_> {
    fn say(&mut self, code: Code, span: Span, message: String) {
        self.out.push(Diagnostic { code, span, message, help: None });
    }

    /// W0004, W0005, W0006
    fn variables(&mut self) {
        for at in 0..self.names.variables.len() {
            let info = self.names.variable(Variable(at as u32));
            if info.reads > 0 {
                continue;
            }
            let shown = text(self.interner, info.name);
            if shown.starts_with('_') || shown == "..." {
                continue;
            }
            let (span, kind, import) = (info.span, info.kind, info.import);
            match kind {
                VariableKind::Receiver(_) => {}
                VariableKind::Parameter if shown == "self" => {}
                VariableKind::Parameter => {
                    self.say(Code::W0005, span, format!("parameter '{shown}' is unused"));
                }
                VariableKind::Loop => {
                    self.say(
                        Code::W0004,
                        span,
                        format!("loop variable '{shown}' is declared but never used"),
                    );
                }
                VariableKind::Local | VariableKind::Function => match import {
                    Some(module) => {
                        let module = text(self.interner, module);
                        self.say(Code::W0006, span, format!("imported module '{module}' is never used"));
                    }
                    None => {
                        self.say(Code::W0004, span, format!("variable '{shown}' is declared but never used"))
                    }
                },
            }
        }
    }

    /// W0002
    fn globals(&mut self, globals: &Map<Symbol, Ty>) {
        for &(name, is_function) in &self.names.global_writes {
            let shown = text(self.interner, name.symbol);
            if globals.contains_key(&name.symbol) || shown.starts_with('_') {
                continue;
            }
            let message = if is_function {
                format!("function '{shown}' declared as global; consider using 'local function'")
            } else {
                format!("assignment to global variable '{shown}'; consider using 'local'")
            };
            self.say(Code::W0002, name.span, message);
        }
    }

    fn empty(&mut self, block: &wippy_parser::ast::Block<'_>, span: Span, what: &str) {
        if block.statements.iter().all(|it| matches!(it.kind, StatementKind::Empty)) {
            self.say(Code::W0001, span, format!("empty {what} block"));
        }
    }

    /// Whether two expressions are the same name, literal or field path.
    fn same(&self, a: &Expression<'_>, b: &Expression<'_>) -> bool {
        let (mut a, mut b) = (a, b);
        loop {
            match (a.kind, b.kind) {
                (ExpressionKind::Name(left), ExpressionKind::Name(right)) => {
                    return left == right && self.names.at(a.span.start) == self.names.at(b.span.start);
                }
                (
                    ExpressionKind::Field { object: l, name: x },
                    ExpressionKind::Field { object: r, name: y },
                ) if x.symbol == y.symbol => {
                    (a, b) = (l, r);
                }
                (ExpressionKind::Paren(l), ExpressionKind::Paren(r)) => (a, b) = (l, r),
                (ExpressionKind::Nil, ExpressionKind::Nil)
                | (ExpressionKind::True, ExpressionKind::True)
                | (ExpressionKind::False, ExpressionKind::False) => return true,
                (ExpressionKind::Integer(l), ExpressionKind::Integer(r)) => return l == r,
                (ExpressionKind::Float(l), ExpressionKind::Float(r)) => return l.to_bits() == r.to_bits(),
                (ExpressionKind::String(l), ExpressionKind::String(r)) => return l == r,
                _ => return false,
            }
        }
    }
}

impl<'a> Visitor<'a> for Rules<'_, 'a> {
    fn statement(&mut self, statement: &Statement<'a>) {
        let span = Span::new(statement.span.start, statement.span.start);
        match statement.kind {
            StatementKind::While(node) => self.empty(&node.block, span, "while"),
            StatementKind::Repeat(node) => self.empty(&node.block, span, "repeat"),
            StatementKind::NumericFor(node) => self.empty(&node.block, span, "for"),
            StatementKind::GenericFor(node) => self.empty(&node.block, span, "for"),
            StatementKind::If(node) => {
                for arm in node.arms {
                    self.empty(&arm.block, Span::new(arm.keyword, arm.keyword), "if");
                }
                if let Some(block) = &node.otherwise {
                    self.empty(block, span, "else");
                }
            }
            _ => {}
        }
    }

    fn expression(&mut self, expression: &Expression<'a>) {
        if let ExpressionKind::Binary(binary) = expression.kind
            && matches!(
                binary.operator,
                BinaryOperator::Equal
                    | BinaryOperator::NotEqual
                    | BinaryOperator::Less
                    | BinaryOperator::LessEqual
                    | BinaryOperator::Greater
                    | BinaryOperator::GreaterEqual
            )
            && self.same(binary.left(), binary.right())
        {
            let truth = matches!(
                binary.operator,
                BinaryOperator::Equal | BinaryOperator::LessEqual | BinaryOperator::GreaterEqual
            );
            let message = format!("comparison of identical expressions; result is always {truth}");
            self.say(Code::W0003, expression.span, message);
        }
    }
}
