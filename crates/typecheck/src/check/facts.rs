//! What the shape of code tells: chains of tests that leave a case out, functions that return only for good arguments.
//!
//! Read off the tree. Invariant: a fact about a parameter holds whenever the function returns.

use wippy_parser::ast::{Block, Expression, ExpressionKind, If, StatementKind};
use wippy_parser::{Offset, Span, Symbol};

use super::Checker;
use super::names::{Meaning, VariableKind};
use super::relate::known;
use super::types::{FactKind, Ty};
use crate::diagnostic::Code;

impl<'a> Checker<'_, 'a> {
    // ---- exhaustiveness ----

    /// A chain without `else` that compares one place with some of the literals it may be.
    pub(super) fn check_exhaustive(&mut self, node: &'a If<'a>) {
        if node.otherwise.is_some() || node.arms.len() < 2 || self.silent > 0 {
            return;
        }
        let mut subject: Option<&Expression<'a>> = None;
        let mut tested: Vec<Ty> = Vec::new();
        for arm in node.arms {
            let mut pending = vec![&arm.condition];
            while let Some(condition) = pending.pop() {
                match condition.kind {
                    ExpressionKind::Paren(inner) => pending.push(inner),
                    ExpressionKind::Binary(binary)
                        if binary.operator == wippy_parser::ast::BinaryOperator::Or =>
                    {
                        pending.push(binary.right());
                        pending.push(binary.left());
                    }
                    ExpressionKind::Binary(binary)
                        if binary.operator == wippy_parser::ast::BinaryOperator::Equal =>
                    {
                        let (place, literal) = match self.case_of(binary.right()) {
                            Some(literal) => (binary.left(), literal),
                            None => match self.case_of(binary.left()) {
                                Some(literal) => (binary.right(), literal),
                                None => return,
                            },
                        };
                        match subject {
                            None => subject = Some(place),
                            Some(known) if self.same_expression(known, place) => {}
                            Some(_) => return,
                        }
                        tested.push(literal);
                    }
                    _ => return,
                }
            }
        }
        let Some(subject) = subject else { return };
        if tested.len() < 2 {
            return;
        }
        let Some((ty, shown)) = self.closed_subject(subject) else { return };
        let members = self.types.members(ty);
        if members.len() < 2
            || !members.iter().all(|&member| {
                self.types.is_literal(member) || member == Ty::NIL || self.is_channel_constant(member)
            })
        {
            return;
        }
        if !tested.iter().any(|ty| members.contains(ty)) {
            return;
        }
        let missing: Vec<String> =
            members.iter().filter(|ty| !tested.contains(ty)).map(|&ty| self.show(ty)).collect();
        if !missing.is_empty() {
            let word = if missing.len() == 1 { "missing case" } else { "missing cases" };
            let span = Span::new(node.arms[0].keyword, Offset(node.arms[0].keyword.0 + 2));
            self.report(
                Code::E0014,
                span,
                format!("non-exhaustive match on {shown}; {word}: {}", missing.join(", ")),
            );
        }
    }

    /// What a comparison with an expression tests for: a literal, or one of the channels of a select.
    fn case_of(&mut self, expression: &Expression<'a>) -> Option<Ty> {
        self.literal_type(expression).or_else(|| self.channel_constant(expression))
    }

    /// The literals a declared place may hold, and its text.
    pub(super) fn closed_subject(&mut self, subject: &Expression<'a>) -> Option<(Ty, String)> {
        let shown = String::from_utf8_lossy(subject.span.slice(self.source)).into_owned();
        let ty = self.peek(subject);
        if self.is_channel_constant(ty) {
            return None;
        }
        let mut ty = self.types.expand(ty);
        if ty.is_any() || ty == Ty::UNKNOWN {
            return None;
        }
        // A local that was compared from the start holds its own literal only.
        if let ExpressionKind::Name(_) = subject.kind
            && let Meaning::Variable(variable) = self.names.at(subject.span.start)
            && !self.names.variable(variable).annotated
            && self.names.variable(variable).kind == VariableKind::Local
            && self.types.is_literal(ty)
        {
            ty = Ty::NONE;
        }
        (ty != Ty::NONE).then_some((ty, shown))
    }

    // ---- facts about parameters ----

    /// What a function establishes about its parameters when it returns, read off its first statements.
    pub(super) fn facts_of(&self, number: u32) -> Vec<super::types::Fact> {
        let Some(body) = self.names.functions[number as usize].body else { return Vec::new() };
        let offset = u32::from(body.has_self);
        let parameter = |expression: &Expression<'a>| -> Option<u32> {
            let ExpressionKind::Name(_) = expression.kind else { return None };
            let Meaning::Variable(variable) = self.names.at(expression.span.start) else { return None };
            let info = self.names.variable(variable);
            if info.assigned > 0 {
                return None;
            }
            let at = body
                .parameters
                .iter()
                .position(|it| self.names.at(it.name.span.start) == Meaning::Variable(variable))?;
            Some(at as u32 + offset)
        };
        let mut facts = Vec::new();
        for statement in body.block.statements.iter().take(8) {
            match statement.kind {
                StatementKind::If(node) if node.arms.len() == 1 && node.otherwise.is_none() => {
                    let arm = &node.arms[0];
                    if self.always_raises(&arm.block) {
                        self.facts_from(&arm.condition, false, &parameter, &mut facts, 0);
                    } else if arm
                        .block
                        .statements
                        .iter()
                        .any(|it| matches!(it.kind, StatementKind::Return(_)))
                    {
                        break;
                    }
                }
                StatementKind::Call(call) => {
                    let ExpressionKind::Call(call) = call.kind else { continue };
                    if let ExpressionKind::Name(symbol) = call.function.kind
                        && self.names.at(call.function.span.start) == Meaning::None
                        && self.interner.resolve(symbol) == b"assert"
                        && let Some(condition) = call.arguments.first()
                    {
                        self.facts_from(condition, true, &parameter, &mut facts, 0);
                    }
                }
                StatementKind::Local(_) | StatementKind::Assign(_) | StatementKind::Empty => {}
                _ => break,
            }
        }
        facts
    }

    /// Whether a block ends in a call of `error`, for certain.
    pub(super) fn always_raises(&self, block: &Block<'a>) -> bool {
        let Some(last) = block.statements.last() else { return false };
        let StatementKind::Call(call) = last.kind else { return false };
        let ExpressionKind::Call(call) = call.kind else { return false };
        let ExpressionKind::Name(symbol) = call.function.kind else { return false };
        self.names.at(call.function.span.start) == Meaning::None
            && self.interner.resolve(symbol) == b"error"
            && block.statements.iter().all(|it| {
                !matches!(it.kind, StatementKind::Return(_) | StatementKind::Goto(_) | StatementKind::Break)
            })
    }

    pub(super) fn facts_from(
        &self,
        condition: &Expression<'a>,
        truth: bool,
        parameter: &dyn Fn(&Expression<'a>) -> Option<u32>,
        facts: &mut Vec<super::types::Fact>,
        depth: u32,
    ) {
        use wippy_parser::ast::{BinaryOperator, UnaryOperator};
        if depth > 16 {
            return;
        }
        let mut add = |parameter: u32, kind: FactKind| facts.push(super::types::Fact { parameter, kind });
        match condition.kind {
            ExpressionKind::Paren(inner) => self.facts_from(inner, truth, parameter, facts, depth + 1),
            ExpressionKind::Unary { operator: UnaryOperator::Not, operand } => {
                self.facts_from(operand, !truth, parameter, facts, depth + 1);
            }
            ExpressionKind::Name(_) => {
                if let Some(at) = parameter(condition) {
                    add(at, if truth { FactKind::Truthy } else { FactKind::Falsy });
                }
            }
            ExpressionKind::Binary(binary) => match (binary.operator, truth) {
                (BinaryOperator::And, true) | (BinaryOperator::Or, false) => {
                    self.facts_from(binary.left(), truth, parameter, facts, depth + 1);
                    self.facts_from(binary.right(), truth, parameter, facts, depth + 1);
                }
                (BinaryOperator::Equal | BinaryOperator::NotEqual, _) => {
                    let equal = (binary.operator == BinaryOperator::Equal) == truth;
                    if let (Some(at), ExpressionKind::Nil) = (parameter(binary.left()), binary.right().kind) {
                        add(at, if equal { FactKind::Nil } else { FactKind::NonNil });
                    } else if let (ExpressionKind::Call(call), ExpressionKind::String(word), true) =
                        (binary.left().kind, binary.right().kind, equal)
                        && let (ExpressionKind::Name(Symbol::TYPE), [argument]) =
                            (call.function.kind, call.arguments)
                        && self.names.at(call.function.span.start) == Meaning::None
                        && let Some(at) = parameter(argument)
                    {
                        add(at, FactKind::IsKind(word));
                    }
                }
                _ => {}
            },
            _ => {}
        }
    }

    /// Whether two expressions are the same name or field path.
    pub(super) fn same_expression(&self, a: &Expression<'_>, b: &Expression<'_>) -> bool {
        let (mut a, mut b) = (a, b);
        loop {
            match (a.kind, b.kind) {
                (ExpressionKind::Name(left), ExpressionKind::Name(right)) => {
                    return left == right && self.names.at(a.span.start) == self.names.at(b.span.start);
                }
                (
                    ExpressionKind::Field { object: left, name: one },
                    ExpressionKind::Field { object: right, name: two },
                ) if one.symbol == two.symbol => (a, b) = (left, right),
                _ => return false,
            }
        }
    }

    /// The symbol under which a constant key is kept in paths.
    pub(super) fn key_symbol(&mut self, key: &Expression<'_>) -> Option<Symbol> {
        match key.kind {
            ExpressionKind::String(symbol) => Some(symbol),
            ExpressionKind::Integer(value) => Some(self.interner.intern(format!("\0[{value}]").as_bytes())),
            _ => None,
        }
    }

    pub(super) fn is_builtin_name(&self, expression: &Expression<'_>, symbol: Symbol) -> bool {
        matches!(expression.kind, ExpressionKind::Name(name) if name == symbol)
            && self.names.at(expression.span.start) == Meaning::None
            && !self.names.globals.contains(&symbol)
    }

    /// `math.type`
    pub(super) fn is_math_type(&self, expression: &Expression<'_>) -> bool {
        let ExpressionKind::Field { object, name } = expression.kind else { return false };
        name.symbol == Symbol::TYPE && self.is_builtin_name(object, known::MATH)
    }
}
