//! What a condition teaches about places, in the branch where it holds and in the one where it does not.
//!
//! Conditions are looked at here, not evaluated: nothing is reported. Invariant: what is learned is only ever a part of
//! what was known, and a lesson that would leave nothing of an inferred type is ignored.

use smallvec::SmallVec;
use wippy_parser::Symbol;
use wippy_parser::ast::{BinaryOperator, Expression, ExpressionKind, UnaryOperator};
use wippy_parser::nearest::nearest;

use super::Checker;
use super::flow::Place;
use super::names::Meaning;
use super::types::{FactKind, Node, Ty};
use crate::diagnostic::Code;

/// How many nodes of a condition are looked at.
const NODES: u32 = 64;

/// The words `type()` answers.
const KINDS: &[&str] =
    &["nil", "boolean", "number", "string", "table", "function", "thread", "userdata", "type", "error"];

impl<'a> Checker<'_, 'a> {
    /// Evaluates a condition.
    pub(super) fn condition(&mut self, condition: &Expression<'a>) {
        self.probe = true;
        self.value(condition, Ty::NONE);
        self.probe = false;
    }

    /// Learns from `condition` being true or false.
    pub(super) fn narrow(&mut self, condition: &Expression<'a>, truth: bool) {
        let mut budget = NODES;
        self.narrow_within(condition, truth, &mut budget);
    }

    fn narrow_within(&mut self, condition: &Expression<'a>, truth: bool, budget: &mut u32) {
        if *budget == 0 || !self.reachable {
            return;
        }
        *budget -= 1;
        match condition.kind {
            ExpressionKind::Paren(inner) => self.narrow_within(inner, truth, budget),
            ExpressionKind::Unary { operator: UnaryOperator::Not, operand } => {
                self.narrow_within(operand, !truth, budget);
            }
            ExpressionKind::True if !truth => self.reachable = false,
            ExpressionKind::False | ExpressionKind::Nil if truth => self.reachable = false,
            ExpressionKind::Binary(binary) => match binary.operator {
                BinaryOperator::And | BinaryOperator::Or => {
                    if (binary.operator == BinaryOperator::And) == truth {
                        self.narrow_within(binary.left(), truth, budget);
                        self.narrow_within(binary.right(), truth, budget);
                        return;
                    }
                    // Either the left one decides, or it does not and the right one does.
                    let mark = self.flow.mark();
                    let mut exits = Vec::new();
                    self.narrow_within(binary.left(), truth, budget);
                    if self.reachable {
                        exits.push(self.flow.delta(mark));
                    }
                    self.flow.undo(mark);
                    self.reachable = true;
                    self.narrow_within(binary.left(), !truth, budget);
                    self.narrow_within(binary.right(), truth, budget);
                    if self.reachable {
                        exits.push(self.flow.delta(mark));
                    }
                    self.flow.undo(mark);
                    self.reachable = !exits.is_empty();
                    self.meet(&exits);
                }
                BinaryOperator::Equal | BinaryOperator::NotEqual => {
                    let equal = (binary.operator == BinaryOperator::Equal) == truth;
                    if self.literal_type(binary.right()).is_some() {
                        self.narrow_equal(binary.left(), binary.right(), equal, budget);
                    } else if self.literal_type(binary.left()).is_some() {
                        self.narrow_equal(binary.right(), binary.left(), equal, budget);
                    } else if !self.narrow_channel(binary.left(), binary.right(), equal)
                        && !self.narrow_channel(binary.right(), binary.left(), equal)
                        && equal
                    {
                        self.narrow_same(binary.left(), binary.right());
                    }
                }
                _ => {}
            },
            ExpressionKind::MethodCall(call) => {
                if let [argument] = call.arguments
                    && let Some(ty) = self.tested_type(&call.object, call.name.symbol)
                {
                    self.narrow_to(argument, ty, truth);
                }
            }
            ExpressionKind::Name(_) | ExpressionKind::Field { .. } | ExpressionKind::Index { .. } => {
                self.narrow_truth(condition, truth);
            }
            _ => {}
        }
    }

    /// The type that `T:is(…)` tests.
    pub(super) fn tested_type(&mut self, object: &Expression<'a>, name: Symbol) -> Option<Ty> {
        if name != Symbol::IS {
            return None;
        }
        let ty = self.peek(object);
        match *self.types.node(ty) {
            Node::TypeValue(inner) => Some(inner),
            _ => None,
        }
    }

    fn narrow_truth(&mut self, condition: &Expression<'a>, truth: bool) {
        let ty = self.peek(condition);
        if truth {
            let left = self.types.truthy(ty);
            self.refine(condition, ty, left);
        } else {
            let left = self.types.falsy(ty);
            self.refine(condition, ty, left);
        }
        if let ExpressionKind::Name(_) = condition.kind
            && truth
            && let Meaning::Variable(variable) = self.names.at(condition.span.start)
            && let Some(&(argument, ty)) = self.tests.get(&variable)
        {
            self.narrow_to(argument, ty, true);
        }
        // `x.f`: members of the type of `x` whose `f` can be so.
        if let ExpressionKind::Field { object, name } = condition.kind {
            self.narrow_members(object, &mut |checker, member| {
                let Some(field) = checker.declared_field(member, name.symbol) else {
                    return !truth || checker.may_have_more(member);
                };
                let left = if truth { checker.types.truthy(field) } else { checker.types.falsy(field) };
                left != Ty::NEVER
            });
        }
    }

    /// Whether values of a member may have fields it does not declare.
    fn may_have_more(&mut self, member: Ty) -> bool {
        !matches!(self.types.node(member), Node::Record(_))
    }

    /// The type of a field as a member of a union declares it.
    pub(super) fn declared_field(&mut self, member: Ty, name: Symbol) -> Option<Ty> {
        let member = self.types.expand(member);
        match self.types.node(member).clone() {
            Node::Record(record) => match record.field(name) {
                Some(field) if field.optional => Some(self.types.optional(field.ty)),
                Some(field) => Some(field.ty),
                None => record.indexer.map(|(_, value)| self.types.optional(value)),
            },
            Node::Map { value, .. } => Some(self.types.optional(value)),
            _ => None,
        }
    }

    /// Keeps members of the (union) type of a place.
    pub(super) fn narrow_members(
        &mut self,
        object: &Expression<'a>,
        keep: &mut dyn FnMut(&mut Self, Ty) -> bool,
    ) {
        let ty = self.peek(object);
        let expanded = self.types.expand(ty);
        if !self.types.is_union(expanded) {
            return;
        }
        let flat = self.flat_members(expanded, 0);
        let mut kept = Vec::with_capacity(flat.len());
        for &member in &flat {
            let inner = self.types.expand(member);
            if keep(self, inner) {
                kept.push(member);
            }
        }
        if kept.len() < flat.len() {
            let left = self.types.union(&kept);
            self.refine(object, ty, left);
        }
    }

    /// The members of a union, aliases of unions looked into.
    fn flat_members(&mut self, ty: Ty, depth: u32) -> Vec<Ty> {
        let mut flat = Vec::new();
        let expanded = self.types.expand(ty);
        if depth > 8 || !self.types.is_union(expanded) {
            return vec![ty];
        }
        let members = self.types.members(expanded);
        for &member in members.iter() {
            let inner = self.types.expand(member);
            if self.types.is_union(inner) {
                flat.extend(self.flat_members(inner, depth + 1));
            } else {
                flat.push(member);
            }
        }
        flat
    }

    fn narrow_equal(
        &mut self,
        subject: &Expression<'a>,
        literal: &Expression<'a>,
        equal: bool,
        budget: &mut u32,
    ) {
        let Some(value) = self.literal_type(literal) else { return };
        // `f(x) == true`
        if (value == Ty::TRUE || value == Ty::FALSE)
            && let ExpressionKind::MethodCall(_) | ExpressionKind::Binary(_) | ExpressionKind::Unary { .. } =
                subject.kind
        {
            if equal || value == Ty::TRUE {
                self.narrow_within(subject, (value == Ty::TRUE) == equal, budget);
            }
            return;
        }
        if let (Some(argument), ExpressionKind::String(word)) = (self.kind_argument(subject), literal.kind) {
            self.narrow_kind(argument, word, equal, literal);
            return;
        }
        if let ExpressionKind::Call(call) = subject.kind
            && self.is_math_type(&call.function)
            && let [argument] = call.arguments
        {
            if let ExpressionKind::String(word) = literal.kind
                && self.interner.resolve(word) == b"integer"
                && equal
            {
                let ty = self.peek(argument);
                let left = if ty.is_any() || ty == Ty::UNKNOWN || ty == Ty::NUMBER {
                    Ty::INTEGER
                } else {
                    self.types.filter(ty, &mut |types, member| types.lua_kind(member) == Some("number"))
                };
                let left = if left == Ty::NUMBER { Ty::INTEGER } else { left };
                self.refine(argument, ty, left);
            }
            return;
        }
        let ty = self.peek(subject);
        let left = self.with_literal(ty, value, equal);
        self.refine(subject, ty, left);
        if let ExpressionKind::Field { object, name } = subject.kind {
            self.narrow_members(object, &mut |checker, member| {
                let Some(field) = checker.declared_field(member, name.symbol) else {
                    return value == Ty::NIL && equal
                        || value != Ty::NIL && !equal
                        || checker.may_have_more(member);
                };
                checker.with_literal(field, value, equal) != Ty::NEVER
            });
        }
    }

    /// What is left of a type when its value equals a literal, or does not.
    fn with_literal(&mut self, ty: Ty, value: Ty, equal: bool) -> Ty {
        if ty.is_any() || ty == Ty::UNKNOWN {
            return if equal { value } else { ty };
        }
        if !equal {
            return self.types.filter(ty, &mut |_, member| member != value);
        }
        let left = self.types.filter(ty, &mut |types, member| types.overlaps(member, value));
        let expanded = self.types.expand(left);
        // `string`, compared with a literal, is that literal from then on.
        if !self.types.is_union(expanded) && self.types.assignable(value, expanded) && !expanded.is_any() {
            return match self.types.node(expanded) {
                Node::Basic if expanded != Ty::NUMBER && expanded != Ty::INTEGER => value,
                _ => left,
            };
        }
        if value == Ty::NIL && left != Ty::NEVER { Ty::NIL } else { left }
    }

    /// The argument of `type(x)`, also through a variable that holds its result.
    fn kind_argument(&mut self, subject: &Expression<'a>) -> Option<&'a Expression<'a>> {
        match subject.kind {
            ExpressionKind::Call(call) => match call.arguments {
                [argument] if self.is_builtin_name(&call.function, Symbol::TYPE) => Some(argument),
                _ => None,
            },
            ExpressionKind::Name(_) => match self.names.at(subject.span.start) {
                Meaning::Variable(variable) => self.kinds.get(&variable).copied(),
                _ => None,
            },
            _ => None,
        }
    }

    fn narrow_kind(&mut self, argument: &Expression<'a>, word: Symbol, equal: bool, at: &Expression<'a>) {
        let text = self.text(word);
        let Some(kind) = KINDS.iter().copied().find(|kind| *kind == text) else {
            if self.frame.strict {
                let help =
                    nearest(&text, KINDS.iter().copied()).map(|near| format!("did you mean \"{near}\"?"));
                self.report_with(Code::W0008, at.span, format!("type() never returns \"{text}\""), help);
            }
            return;
        };
        let ty = self.peek(argument);
        let left = self.of_kind(ty, kind, equal);
        self.refine(argument, ty, left);
    }

    /// The values of a type for which `type()` answers `kind`, or does not.
    fn of_kind(&mut self, ty: Ty, kind: &str, equal: bool) -> Ty {
        if ty.is_any() || ty == Ty::UNKNOWN {
            if !equal {
                return ty;
            }
            return match kind {
                "nil" => Ty::NIL,
                "boolean" => Ty::BOOLEAN,
                "number" => Ty::NUMBER,
                "string" => Ty::STRING,
                "function" if ty == Ty::UNKNOWN => Ty::FUNCTION,
                "thread" => Ty::THREAD,
                "table" if ty == Ty::UNKNOWN => Ty::TABLE,
                "userdata" if ty == Ty::UNKNOWN => Ty::USERDATA,
                _ => ty,
            };
        }
        self.types.filter(ty, &mut |types, member| match types.lua_kind(member) {
            Some(own) => (own == kind) == equal,
            None => true,
        })
    }

    /// `T:is(x)`
    fn narrow_to(&mut self, argument: &Expression<'a>, target: Ty, truth: bool) {
        let ty = self.peek(argument);
        if truth {
            let left = self.meet_types(ty, target);
            self.refine(argument, ty, left);
        } else if !self.types.accepts_nil(target) && !self.types.overlaps(target, Ty::FALSE) {
            let left = self.types.filter(ty, &mut |types, member| {
                member.is_any() || member == Ty::UNKNOWN || !types.assignable(member, target)
            });
            self.refine(argument, ty, left);
        }
    }

    /// What two types have in common.
    pub(super) fn meet_types(&mut self, ty: Ty, target: Ty) -> Ty {
        if ty.is_any() || ty == Ty::UNKNOWN || self.types.assignable(target, ty) {
            return target;
        }
        let left = self.types.filter(ty, &mut |types, member| types.overlaps(member, target));
        if left == Ty::NEVER || self.types.assignable(left, target) { left } else { target }
    }

    /// `x == y`: both have what they have in common.
    fn narrow_same(&mut self, a: &Expression<'a>, b: &Expression<'a>) {
        let (left, right) = (self.peek(a), self.peek(b));
        for (subject, own, other) in [(a, left, right), (b, right, left)] {
            if own.is_any() || other.is_any() || other == Ty::UNKNOWN || own == Ty::UNKNOWN {
                continue;
            }
            let kept = self.types.filter(own, &mut |types, member| types.overlaps(member, other));
            if kept != Ty::NEVER {
                self.refine(subject, own, kept);
            }
        }
        for (subject, other) in [(a, right), (b, left)] {
            if let ExpressionKind::Field { object, name } = subject.kind
                && !other.is_any()
                && other != Ty::UNKNOWN
            {
                self.narrow_members(object, &mut |checker, member| match checker
                    .declared_field(member, name.symbol)
                {
                    Some(field) => checker.types.overlaps(field, other),
                    None => true,
                });
            }
        }
    }

    /// What a call that returned established about one of its arguments.
    pub(super) fn apply_fact(&mut self, argument: &Expression<'a>, kind: FactKind) {
        let mut budget = NODES;
        match kind {
            FactKind::Truthy => self.narrow_within(argument, true, &mut budget),
            FactKind::Falsy => self.narrow_within(argument, false, &mut budget),
            FactKind::Nil | FactKind::NonNil => {
                let ty = self.peek(argument);
                let left = self.with_literal(ty, Ty::NIL, kind == FactKind::Nil);
                self.refine(argument, ty, left);
            }
            FactKind::IsKind(word) => {
                let text = self.text(word);
                let ty = self.peek(argument);
                let left = self.of_kind(ty, &text, true);
                self.refine(argument, ty, left);
            }
        }
    }

    /// `asserts x is T`
    pub(super) fn apply_assertion(&mut self, argument: &Expression<'a>, target: Option<Ty>) {
        match target {
            Some(target) => self.narrow_to(argument, target, true),
            None => self.narrow(argument, true),
        }
    }

    // ---- places ----

    /// The place of an expression, made if need be.
    pub(super) fn place(&mut self, expression: &Expression<'a>) -> Option<Place> {
        let (root, keys) = self.path(expression)?;
        keys.iter().rev().try_fold(root, |place, &key| self.flow.child(place, key))
    }

    /// The place an expression stands for, if one was made for it.
    pub(super) fn find_place(&mut self, expression: &Expression<'a>) -> Option<Place> {
        let (root, keys) = self.path(expression)?;
        if !self.flow.has_fields(root) {
            return None;
        }
        keys.iter().rev().try_fold(root, |place, &key| self.flow.find(place, key))
    }

    /// The variable a path of constant keys begins with, and its keys, the last one first. Longer paths have no
    /// places; chains may be as long as the text.
    fn path(&mut self, expression: &Expression<'a>) -> Option<(Place, SmallVec<[Symbol; 4]>)> {
        let mut keys = SmallVec::new();
        let mut at = expression;
        loop {
            match at.kind {
                ExpressionKind::Name(_) => match self.names.at(at.span.start) {
                    Meaning::Variable(variable) => return Some((Place(variable.0), keys)),
                    _ => return None,
                },
                ExpressionKind::Paren(inner) => at = inner,
                _ if keys.len() >= super::flow::DEPTH as usize => return None,
                ExpressionKind::Field { object, name } => {
                    keys.push(name.symbol);
                    at = object;
                }
                ExpressionKind::Index { object, key } => {
                    keys.push(self.constant_key(key)?);
                    at = object;
                }
                _ => return None,
            }
        }
    }

    /// The type of a name or field path, without evaluating or reporting anything.
    pub(super) fn peek(&mut self, expression: &Expression<'a>) -> Ty {
        match expression.kind {
            ExpressionKind::Name(symbol) => self.name_type(symbol, expression.span),
            ExpressionKind::Field { .. } | ExpressionKind::Index { .. } => self.quietly(|checker| {
                checker.probe = true;
                let ty = checker.value(expression, Ty::NONE);
                checker.probe = false;
                ty
            }),
            ExpressionKind::Paren(inner) => self.peek(inner),
            _ => Ty::DYN,
        }
    }

    /// Replaces what is known about a place.
    fn refine(&mut self, expression: &Expression<'a>, before: Ty, after: Ty) {
        if before == after {
            return;
        }
        let Some(place) = self.place(expression) else { return };
        if after == Ty::NEVER {
            if self.is_declared_place(place) {
                self.reachable = false;
            }
            return;
        }
        self.flow.set(place, after);
        if self.flow.is_variable(place) {
            let variable = self.flow.root(place);
            let info = self.names.variable(variable);
            if info.captured && info.assigned > 0 && !self.volatile.contains(&variable) {
                self.volatile.push(variable);
            }
            self.apply_group(variable);
        }
    }

    /// Whether the type of a place was written down, so that nothing being left of it means something.
    fn is_declared_place(&mut self, place: Place) -> bool {
        let root = self.flow.root(place);
        if self.names.variable(root).annotated {
            return true;
        }
        let ty = self.flow.variable(root);
        ty != Ty::NONE && !ty.is_any() && self.frame.strict && matches!(self.types.node(ty), Node::Named(..))
    }

    /// A variable of a correlated group changed: the others follow.
    pub(super) fn apply_group(&mut self, variable: super::names::Variable) {
        let Some(number) = self.flow.group(variable) else { return };
        let group = self.groups[number as usize].clone();
        let mut possible: Vec<Vec<Ty>> = Vec::new();
        for row in group.rows.iter() {
            let fits = group.members.iter().enumerate().all(|(at, &member)| {
                if self.flow.group(member) != Some(number) {
                    return true;
                }
                let known = self.flow.variable(member);
                let own = row.get(at).copied().unwrap_or(Ty::NIL);
                known == Ty::NONE || self.types.overlaps(known, own)
            });
            if fits {
                possible.push(row.clone());
            }
        }
        if possible.is_empty() || possible.len() == group.rows.len() {
            return;
        }
        for (at, &member) in group.members.iter().enumerate() {
            if member == variable || self.flow.group(member) != Some(number) {
                continue;
            }
            let column: Vec<Ty> =
                possible.iter().map(|row| row.get(at).copied().unwrap_or(Ty::NIL)).collect();
            let joined = self.types.union(&column);
            let known = self.flow.variable(member);
            let left = if known.is_any() || known == Ty::UNKNOWN {
                joined
            } else {
                self.types.filter(known, &mut |types, part| types.overlaps(part, joined))
            };
            if left != Ty::NEVER && left != known {
                self.flow.set(Place(member.0), left);
            }
        }
    }
}
