//! Statements: declarations, assignments, control flow, and what is known where paths meet.
//!
//! Loops are walked until what is known at their head no longer changes, a bounded number of times. Invariant: a walk
//! that is repeated takes back what it reported.

use wippy_parser::ast::{
    Assign, Block, Expression, ExpressionKind, FunctionStatement, If, Local, Statement, StatementKind,
};
use wippy_parser::{Span, Symbol};

use super::expression::Purpose;
use super::flow::{Delta, SlotKind};
use super::names::{Meaning, Variable};
use super::types::{Node, Pack, Ty};
use super::{Checker, Group};
use crate::diagnostic::Code;

impl<'a> Checker<'_, 'a> {
    pub(super) fn block(&mut self, block: &Block<'a>) {
        let mark = self.flow.mark();
        let mut told = !self.reachable;
        for statement in block.statements {
            if self.exhausted() {
                return;
            }
            if let StatementKind::Label(_) = statement.kind {
                self.reachable = true;
                self.meet_anything(mark);
                told = false;
                continue;
            }
            if !self.reachable {
                if !told && !matches!(statement.kind, StatementKind::Empty) {
                    told = true;
                    self.reachable = true;
                    self.report(Code::E0009, statement.span, "unreachable code".to_owned());
                    self.reachable = false;
                }
                self.skip_statement(statement);
                continue;
            }
            self.statement(statement);
        }
    }

    /// Functions declared in dead code still have a type, so that nothing that mentions them is blamed.
    pub(super) fn skip_statement(&mut self, statement: &Statement<'a>) {
        if let StatementKind::LocalFunction(local) = statement.kind
            && let Meaning::Variable(variable) = self.names.at(local.name.span.start)
        {
            self.flow.assign(variable, Ty::DYN);
        }
    }

    /// A label: whatever changed since the start of its block may come from anywhere.
    pub(super) fn meet_anything(&mut self, mark: usize) {
        for slot in self.flow.touched(mark) {
            let ty = match self.flow.kind(slot) {
                SlotKind::Variable(variable) => self.base_type(variable),
                SlotKind::Group | SlotKind::Path => Ty::NONE,
            };
            self.flow.put_slot(slot, ty);
        }
    }

    pub(super) fn statement(&mut self, statement: &Statement<'a>) {
        match statement.kind {
            StatementKind::Empty | StatementKind::Interface(_) => {}
            StatementKind::TypeAlias(alias) => self.reach_alias(alias),
            StatementKind::Label(_) => {}
            StatementKind::Call(call) => {
                let pack = self.multiple(call);
                if pack.items.first() == Some(&Ty::NEVER) {
                    self.reachable = false;
                }
            }
            StatementKind::Assign(assign) => self.assign(assign),
            StatementKind::Local(local) => self.local(local, statement.span),
            StatementKind::LocalFunction(local) => {
                if let Meaning::Variable(variable) = self.names.at(local.name.span.start) {
                    let ty = self.function_value(local.body, Ty::NONE, None);
                    self.declare(variable, ty);
                    self.capture_self(local.body, variable, ty);
                }
            }
            StatementKind::Function(function) => self.function_statement(function),
            StatementKind::Do(block) => self.block(block),
            StatementKind::While(node) => self.while_loop(node, statement.span),
            StatementKind::Repeat(node) => self.repeat_loop(node, statement.span),
            StatementKind::If(node) => self.if_chain(node),
            StatementKind::NumericFor(node) => self.numeric_for(node, statement.span),
            StatementKind::GenericFor(node) => self.generic_for(node, statement.span),
            StatementKind::Return(values) => self.return_values(values, statement.span),
            StatementKind::Break => {
                if let Some(frame) = self.frame.loops.last() {
                    let delta = self.flow.delta(frame.mark);
                    if let Some(frame) = self.frame.loops.last_mut() {
                        frame.breaks.push(delta);
                    }
                }
                self.reachable = false;
            }
            StatementKind::Goto(_) => self.reachable = false,
        }
    }

    // ---- declarations and assignments ----

    /// Gives a fresh variable its type.
    pub(super) fn declare(&mut self, variable: Variable, ty: Ty) {
        let info = self.names.variable(variable);
        let (reassigned, captured) = (info.assigned > 0, info.captured);
        let ty = if reassigned { self.types.widen(ty) } else { ty };
        if reassigned && captured {
            // Any call may change it.
            self.escape(ty);
            let base = self.base_type(variable);
            self.flow.assign(variable, base);
            return;
        }
        self.bases[variable.0 as usize] = if info.annotated {
            self.bases[variable.0 as usize]
        } else if reassigned {
            Ty::DYN
        } else {
            ty
        };
        self.flow.assign(variable, ty);
    }

    /// The type a variable has when nothing is known about the way to the current point.
    pub(super) fn base_type(&mut self, variable: Variable) -> Ty {
        let known = self.bases[variable.0 as usize];
        if known != Ty::NONE {
            return known;
        }
        let info = self.names.variable(variable);
        if let Some(late) = info.late
            && let Some(body) = self.names.functions[late as usize].body
        {
            let ty = self.function_type_of(body, None);
            self.bases[variable.0 as usize] = ty;
            return ty;
        }
        Ty::DYN
    }

    /// The type a variable was annotated with, or `NONE`.
    pub(super) fn declared_type(&self, variable: Variable) -> Ty {
        if self.names.variable(variable).annotated { self.bases[variable.0 as usize] } else { Ty::NONE }
    }

    pub(super) fn local(&mut self, local: &Local<'a>, _span: Span) {
        let mut declared: Vec<Ty> = Vec::with_capacity(local.names.len());
        for binding in local.names {
            declared.push(match binding.ty {
                Some(ty) => self.lower(ty),
                None => Ty::NONE,
            });
        }
        let pack = self.values(local.values, &declared, Purpose::Assign);
        let mut variables = Vec::with_capacity(local.names.len());
        for (at, binding) in local.names.iter().enumerate() {
            let Meaning::Variable(variable) = self.names.at(binding.name.span.start) else { continue };
            variables.push(variable);
            let given = pack.items.get(at).copied().or(pack.tail);
            if declared[at] != Ty::NONE {
                self.bases[variable.0 as usize] = declared[at];
                if let (Some(ty), Some(value)) = (binding.ty, local.values.get(at)) {
                    self.check_constant(ty, value, 0);
                }
                let assigned = match given {
                    Some(given) if at < local.values.len() || !local.values.is_empty() => {
                        if at >= local.values.len() {
                            // Values beyond the written ones come from the last one.
                            let span = local.values.last().map_or(binding.name.span, |value| value.span);
                            self.expect_plain(given, declared[at], span, Purpose::Assign);
                        }
                        self.narrowed_declaration(declared[at], given)
                    }
                    None if !local.values.is_empty() => {
                        self.expect_plain(Ty::NIL, declared[at], binding.name.span, Purpose::Assign);
                        declared[at]
                    }
                    _ if self.types.accepts_nil(declared[at]) => {
                        self.narrowed_declaration(declared[at], Ty::NIL)
                    }
                    _ => Ty::NIL,
                };
                let info = self.names.variable(variable);
                if info.captured && info.assigned > 0 {
                    self.flow.assign(variable, declared[at]);
                } else {
                    self.flow.assign(variable, assigned);
                }
            } else {
                let ty = match given {
                    Some(given) => given,
                    None => Ty::NIL,
                };
                if let Node::Shape(number) = *self.types.node(ty)
                    && self.names.variable(variable).table
                {
                    self.name_shape(number, variable);
                }
                let late = self.names.variable(variable).late.is_some();
                if late && local.values.is_empty() {
                    let base = self.base_type(variable);
                    self.flow.assign(variable, base);
                } else {
                    self.declare(variable, ty);
                }
                if let Some(value) = local.values.get(at) {
                    self.note_kind(variable, value);
                }
            }
        }
        if variables.len() == local.names.len() {
            self.correlate(&variables, &pack, local.values);
        }
    }

    /// `local k = type(x)`, `local v = T:is(x)`: a test of the variable is a test of `x`.
    pub(super) fn note_kind(&mut self, variable: Variable, value: &'a Expression<'a>) {
        if self.names.variable(variable).assigned == 0
            && let ExpressionKind::MethodCall(call) = value.kind
            && let [argument] = call.arguments
            && let ExpressionKind::Name(_) = argument.kind
            && let Meaning::Variable(tested) = self.names.at(argument.span.start)
            && self.names.variable(tested).assigned == 0
            && let Some(ty) = self.tested_type(&call.object, call.name.symbol)
        {
            self.tests.insert(variable, (argument, ty));
        }
        if self.names.variable(variable).assigned == 0
            && let ExpressionKind::Call(call) = value.kind
            && let (ExpressionKind::Name(Symbol::TYPE), [argument]) = (call.function.kind, call.arguments)
            && self.names.at(call.function.span.start) == Meaning::None
        {
            self.kinds.insert(variable, argument);
        }
    }

    /// Remembers that variables were bound together to values that depend on each other.
    pub(super) fn correlate(&mut self, variables: &[Variable], pack: &Pack, values: &[Expression<'a>]) {
        let Some(rows) = &pack.rows else { return };
        if values.len() != 1 {
            return;
        }
        if variables.iter().any(|&it| {
            let info = self.names.variable(it);
            info.captured && info.assigned > 0
        }) {
            return;
        }
        let number = self.groups.len() as u32;
        self.groups.push(Group { members: variables.to_vec(), rows: rows.clone() });
        for &variable in variables {
            self.flow.set_group(variable, Some(number));
        }
    }

    /// What is known after a value of type `given` was stored in a variable declared as `declared`.
    pub(super) fn narrowed_declaration(&mut self, declared: Ty, given: Ty) -> Ty {
        let expanded = self.types.expand(declared);
        if given == Ty::NIL {
            return declared;
        }
        if given.is_any()
            || given == Ty::UNKNOWN
            || !(self.types.is_union(expanded) || expanded == Ty::UNKNOWN)
        {
            return declared;
        }
        if expanded == Ty::UNKNOWN {
            return declared;
        }
        let kept = self.types.filter(expanded, &mut |types, member| {
            let members = types.members(given);
            members.iter().any(|&it| types.assignable(it, member) || types.assignable(member, it))
        });
        if kept == Ty::NEVER || kept == expanded { declared } else { kept }
    }

    pub(super) fn assign(&mut self, assign: &Assign<'a>) {
        let mut expected = Vec::with_capacity(assign.targets.len());
        for target in assign.targets {
            expected.push(self.target_type(target));
        }
        let pack = self.values(assign.values, &expected, Purpose::Assign);
        let mut variables = Vec::new();
        for (at, target) in assign.targets.iter().enumerate() {
            let given = pack.items.get(at).copied().or(pack.tail).unwrap_or(Ty::NIL);
            if at >= assign.values.len() && expected[at] != Ty::NONE {
                let span = assign.values.last().map_or(target.span, |value| value.span);
                self.expect_plain(given, expected[at], span, Purpose::Assign);
            }
            if let Some(variable) = self.store(target, given) {
                variables.push(variable);
            }
        }
        if variables.len() == assign.targets.len() {
            self.correlate(&variables, &pack, assign.values);
        }
    }

    /// What a target is declared to hold, or `NONE`.
    pub(super) fn target_type(&mut self, target: &Expression<'a>) -> Ty {
        match target.kind {
            ExpressionKind::Name(_) => match self.names.at(target.span.start) {
                Meaning::Variable(variable) => self.declared_type(variable),
                _ => Ty::NONE,
            },
            ExpressionKind::Field { object, name } => {
                let ty = self.quietly(|checker| checker.value(object, Ty::NONE));
                self.field_target(ty, name.symbol)
            }
            ExpressionKind::Index { object, key } => {
                let ty = self.quietly(|checker| checker.value(object, Ty::NONE));
                let key = self.quietly(|checker| checker.value(key, Ty::NONE));
                self.index_target(ty, key)
            }
            _ => Ty::NONE,
        }
    }

    /// Stores a value; answers the variable if the target is a local one.
    pub(super) fn store(&mut self, target: &Expression<'a>, given: Ty) -> Option<Variable> {
        match target.kind {
            ExpressionKind::Name(symbol) => match self.names.at(target.span.start) {
                Meaning::Variable(variable) => {
                    self.assign_variable(variable, given);
                    return Some(variable);
                }
                Meaning::Definition(_) => {
                    let text = self.text(symbol);
                    self.report(Code::E0008, target.span, format!("cannot assign to type '{text}'"));
                }
                _ => self.escape(given),
            },
            ExpressionKind::Field { object, name } => {
                let ty = self.value(object, Ty::NONE);
                self.write_field(ty, name.symbol, given, name.span);
                if let Some(parent) = self.place(object)
                    && let Some(place) = self.flow.child(parent, name.symbol)
                {
                    self.flow.forget_fields(place);
                    let known = self.stored_type(ty, name.symbol, given);
                    self.flow.set(place, known);
                }
            }
            ExpressionKind::Index { object, key } => {
                let ty = self.value(object, Ty::NONE);
                let key_ty = self.value(key, Ty::NONE);
                self.write_index(ty, key_ty, given, key.span, object.span);
                if let Some(parent) = self.place(object) {
                    match self.key_symbol(key) {
                        Some(symbol) => {
                            if let Some(place) = self.flow.child(parent, symbol) {
                                self.flow.forget_fields(place);
                                self.flow.set(place, Ty::NONE);
                            }
                        }
                        None => self.flow.forget_fields(parent),
                    }
                }
            }
            _ => {}
        }
        None
    }

    /// What is known about a field right after `given` was stored in it.
    pub(super) fn stored_type(&mut self, object: Ty, name: Symbol, given: Ty) -> Ty {
        let declared = self.field_target(object, name);
        if declared == Ty::NONE {
            return Ty::NONE;
        }
        self.narrowed_declaration(declared, given)
    }

    pub(super) fn assign_variable(&mut self, variable: Variable, given: Ty) {
        let declared = self.declared_type(variable);
        let info = self.names.variable(variable);
        if info.captured {
            let base = self.base_type(variable);
            if declared == Ty::NONE {
                self.escape(given);
            }
            self.flow.assign(variable, base);
            return;
        }
        let ty = if declared == Ty::NONE {
            self.types.widen(given)
        } else {
            self.narrowed_declaration(declared, given)
        };
        self.flow.assign(variable, ty);
    }

    pub(super) fn function_statement(&mut self, function: &'a FunctionStatement<'a>) {
        let last = function.method.or(function.fields.last().copied());
        let meaning = self.names.at(function.base.span.start);
        let Some(last) = last else {
            let ty = self.function_value(function.body, Ty::NONE, None);
            if let Meaning::Variable(variable) = meaning {
                let declared = self.declared_type(variable);
                if declared != Ty::NONE {
                    self.expect_plain(ty, declared, function.base.span, Purpose::Assign);
                }
                self.assign_variable(variable, ty);
            }
            return;
        };
        let base = self.name_type(function.base.symbol, function.base.span);
        let mut object = base;
        for field in
            function.fields.iter().take(function.fields.len() - usize::from(function.method.is_none()))
        {
            object = self.read_field(object, field.symbol, field.span, true);
        }
        let receiver = self.instance_of(object);
        let declared = self.field_target(object, last.symbol);
        let ty = self.function_value(function.body, declared, Some(receiver));
        if declared != Ty::NONE {
            self.expect_plain(ty, declared, last.span, Purpose::Assign);
        }
        self.write_field(object, last.symbol, ty, last.span);
    }

    // ---- results ----

    pub(super) fn return_values(&mut self, values: &'a [Expression<'a>], span: Span) {
        let declared = self.frame.declared.clone();
        let expected: Vec<Ty> = match &declared {
            Some(pack) => pack.items.clone(),
            None => Vec::new(),
        };
        let pack = self.values(values, &expected, Purpose::Return);
        if let Some(declared) = &declared {
            if declared.items == [Ty::NEVER] {
                self.report(Code::E0000, span, "cannot return from a function declared as never".to_owned());
            }
            for (at, &ty) in declared.items.iter().enumerate().skip(values.len()) {
                match pack.items.get(at).copied().or(pack.tail) {
                    Some(given) => {
                        let span = values.last().map_or(span, |value| value.span);
                        self.expect_plain(given, ty, span, Purpose::ReturnAt(at));
                    }
                    None if !self.types.accepts_nil(ty) && ty != Ty::NEVER => {
                        let (message, span) = if at == 0 {
                            ("missing return value".to_owned(), span)
                        } else {
                            let shown = self.show(ty);
                            (format!("missing return value at position {} (expected {shown})", at + 1), span)
                        };
                        self.report(Code::E0010, span, message);
                        break;
                    }
                    None => {}
                }
            }
            if declared.tail.is_none()
                && values.len() > declared.items.len()
                && !values.is_empty()
                && self.frame.returns_written
            {
                let extra = &values[declared.items.len()];
                let at = declared.items.len() + 1;
                self.report(
                    Code::E0000,
                    extra.span,
                    format!("too many return values: the function returns {}, this is number {at}", at - 1),
                );
            }
        }
        if self.reachable {
            if self.frame.main {
                pack.items.iter().for_each(|&ty| self.export(ty));
            }
            if self.frame.collected.len() < 32 {
                self.frame.collected.push(pack);
            } else {
                self.frame.collected_too_many = true;
            }
        }
        self.reachable = false;
    }

    // ---- control flow ----

    /// Where exits meet; the state is that before them.
    pub(super) fn meet(&mut self, exits: &[Delta]) {
        if let [exit] = exits {
            self.flow.apply(exit);
            return;
        }
        for (slot, values) in self.flow.differences(exits) {
            let first = values[0];
            if values.iter().all(|&value| value == first) {
                self.flow.put_slot(slot, first);
                continue;
            }
            let ty = match self.flow.kind(slot) {
                SlotKind::Group => Ty::NONE,
                SlotKind::Path => {
                    if values.contains(&Ty::NONE) {
                        Ty::NONE
                    } else {
                        self.types.union(&values)
                    }
                }
                SlotKind::Variable(variable) => self.meet_variable(variable, &values),
            };
            self.flow.put_slot(slot, ty);
        }
    }

    pub(super) fn meet_variable(&mut self, variable: Variable, values: &[Ty]) -> Ty {
        if values.contains(&Ty::NONE) {
            return values.iter().copied().find(|&ty| ty != Ty::NONE).unwrap_or(Ty::NONE);
        }
        let info = self.names.variable(variable);
        if !info.annotated && info.assigned > 0 && !self.frame.strict {
            // Which of the values it is may depend on things that are not tracked.
            return Ty::DYN;
        }
        self.types.union(values)
    }

    pub(super) fn if_chain(&mut self, node: &'a If<'a>) {
        let start = self.flow.mark();
        let mut exits: Vec<Delta> = Vec::new();
        self.check_exhaustive(node);
        for arm in node.arms {
            self.condition(&arm.condition);
            let before = self.flow.mark();
            let reachable = self.reachable;
            self.narrow(&arm.condition, true);
            self.block(&arm.block);
            if self.reachable {
                exits.push(self.flow.delta(start));
            }
            self.flow.undo(before);
            self.reachable = reachable;
            self.narrow(&arm.condition, false);
        }
        if let Some(block) = &node.otherwise {
            self.block(block);
        }
        if self.reachable {
            exits.push(self.flow.delta(start));
        }
        self.flow.undo(start);
        self.reachable = !exits.is_empty();
        self.meet(&exits);
    }
}
