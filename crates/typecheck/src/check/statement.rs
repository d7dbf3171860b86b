//! Statements: declarations, assignments, control flow, and what is known where paths meet.
//!
//! Loops are walked until what is known at their head no longer changes, a bounded number of times. Invariant: a walk
//! that is repeated takes back what it reported.

use wippy_parser::ast::{
    Assign, Block, Expression, ExpressionKind, FunctionStatement, GenericFor, If, Local, NumericFor, Repeat,
    Statement, StatementKind, While,
};
use wippy_parser::{Offset, Span, Symbol};

use super::expression::Purpose;
use super::flow::{Delta, Place, SlotKind};
use super::names::{Meaning, Variable, VariableKind};
use super::relate::known;
use super::types::{FactKind, Node, Pack, Ty};
use super::{Checker, Group, LoopFrame};
use crate::diagnostic::Code;

/// How often a loop is walked before what it changes is given up.
const ROUNDS: u32 = 3;

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
    fn skip_statement(&mut self, statement: &Statement<'a>) {
        if let StatementKind::LocalFunction(local) = statement.kind
            && let Meaning::Variable(variable) = self.names.at(local.name.span.start)
        {
            self.flow.assign(variable, Ty::DYN);
        }
    }

    /// A label: whatever changed since the start of its block may come from anywhere.
    fn meet_anything(&mut self, mark: usize) {
        for slot in self.flow.touched(mark) {
            let ty = match self.flow.kind(slot) {
                SlotKind::Variable(variable) => self.base_type(variable),
                SlotKind::Group | SlotKind::Path => Ty::NONE,
            };
            self.flow.put_slot(slot, ty);
        }
    }

    fn statement(&mut self, statement: &Statement<'a>) {
        match statement.kind {
            StatementKind::Empty | StatementKind::TypeAlias(_) | StatementKind::Interface(_) => {}
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

    fn local(&mut self, local: &Local<'a>, _span: Span) {
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
    fn note_kind(&mut self, variable: Variable, value: &'a Expression<'a>) {
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
    fn correlate(&mut self, variables: &[Variable], pack: &Pack, values: &[Expression<'a>]) {
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

    fn assign(&mut self, assign: &Assign<'a>) {
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
    fn target_type(&mut self, target: &Expression<'a>) -> Ty {
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
    fn store(&mut self, target: &Expression<'a>, given: Ty) -> Option<Variable> {
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
    fn stored_type(&mut self, object: Ty, name: Symbol, given: Ty) -> Ty {
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

    fn function_statement(&mut self, function: &'a FunctionStatement<'a>) {
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

    fn return_values(&mut self, values: &'a [Expression<'a>], span: Span) {
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
            if self.frame.main || self.frame.escapes {
                for &ty in &pack.items {
                    self.escape(ty);
                }
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

    fn meet_variable(&mut self, variable: Variable, values: &[Ty]) -> Ty {
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

    fn if_chain(&mut self, node: &'a If<'a>) {
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

    /// Walks a loop until what is known at its head is stable. `body` walks one round from the head and leaves the
    /// state at the place where the loop goes on.
    fn fixpoint(&mut self, span: Span, body: &mut dyn FnMut(&mut Self, bool)) {
        let (assigned, fields_written) = match self.names.at(span.start) {
            Meaning::Loop(number) => {
                let info = &self.names.loops[number as usize];
                (info.assigned.clone(), !info.fields.is_empty())
            }
            _ => (Vec::new(), false),
        };
        if fields_written && let Meaning::Loop(number) = self.names.at(span.start) {
            let names = std::rc::Rc::clone(&self.names);
            let fields = &names.loops[number as usize].fields;
            self.flow.forget_named(&|symbol| fields.contains(&symbol));
        }
        // Fields and groups of variables that change inside are not known at the head.
        for &variable in &assigned {
            self.flow.forget_fields(Place(variable.0));
            self.flow.set_group(variable, None);
        }
        self.loop_depth += 1;
        let rounds = if self.loop_depth > 3 { 1 } else { ROUNDS };
        let mark = self.flow.mark();
        let mut round = 0;
        loop {
            let said = self.diagnostics.len();
            let collected = self.frame.collected.len();
            let entry: Vec<Ty> = assigned.iter().map(|&it| self.flow.variable(it)).collect();
            self.frame.loops.push(LoopFrame { mark, breaks: Vec::new() });
            body(self, false);
            // What comes around again.
            let mut changed = false;
            let mut head = entry.clone();
            if self.reachable {
                for (at, &variable) in assigned.iter().enumerate() {
                    let back = self.flow.variable(variable);
                    if back == entry[at] || entry[at] == Ty::NONE {
                        continue;
                    }
                    let joined = self.meet_variable(variable, &[entry[at], back]);
                    if joined != entry[at] {
                        changed = true;
                        head[at] = joined;
                    }
                }
            }
            let frame = self.frame.loops.pop();
            if !changed || round > ROUNDS || self.exhausted() {
                if let Some(frame) = frame {
                    self.loop_exits = frame.breaks;
                }
                break;
            }
            // Once more, from what was learned.
            self.diagnostics.truncate(said);
            self.frame.collected.truncate(collected);
            self.flow.undo(mark);
            self.reachable = true;
            for (at, &variable) in assigned.iter().enumerate() {
                if head[at] == entry[at] {
                    continue;
                }
                let ty = if round + 1 >= rounds { self.given_up(variable, head[at]) } else { head[at] };
                self.flow.set(Place(variable.0), ty);
            }
            round += 1;
        }
        self.loop_depth -= 1;
        self.loop_mark = mark;
    }

    /// The type of a variable that does not settle.
    fn given_up(&mut self, variable: Variable, joined: Ty) -> Ty {
        let declared = self.declared_type(variable);
        if declared == Ty::NONE {
            return Ty::DYN;
        }
        // Perhaps it was not assigned yet.
        if self.types.accepts_nil(joined) { self.types.optional(declared) } else { declared }
    }

    /// After a loop: the ways out meet. `normal` tells whether the end of the walk is one of them.
    fn leave_loop(&mut self, normal: Option<Delta>) {
        let mut exits = std::mem::take(&mut self.loop_exits);
        let mark = self.loop_mark;
        exits.extend(normal);
        self.flow.undo(mark);
        self.reachable = !exits.is_empty();
        self.meet(&exits);
    }

    fn while_loop(&mut self, node: &'a While<'a>, span: Span) {
        let forever = matches!(node.condition.kind, ExpressionKind::True);
        self.fixpoint(span, &mut |checker, _| {
            checker.condition(&node.condition);
            checker.narrow(&node.condition, true);
            checker.block(&node.block);
        });
        // The way out starts at the head, with the condition false.
        let exits = std::mem::take(&mut self.loop_exits);
        let (mark, back, reachable) = (self.loop_mark, self.flow.delta(self.loop_mark), self.reachable);
        self.flow.undo(mark);
        self.reachable = true;
        let normal = if forever {
            None
        } else {
            let mut ways = vec![Delta::new()];
            if reachable {
                ways.push(back);
            }
            self.meet(&ways);
            self.quietly(|checker| checker.condition(&node.condition));
            self.narrow(&node.condition, false);
            let normal = self.reachable.then(|| self.flow.delta(mark));
            self.flow.undo(mark);
            normal
        };
        self.loop_exits = exits;
        self.loop_mark = mark;
        self.leave_loop(normal);
    }

    fn repeat_loop(&mut self, node: &'a Repeat<'a>, span: Span) {
        self.fixpoint(span, &mut |checker, _| {
            checker.block(&node.block);
            if checker.reachable {
                checker.condition(&node.condition);
            }
        });
        let mark = self.loop_mark;
        let exits = std::mem::take(&mut self.loop_exits);
        let normal = if self.reachable && !matches!(node.condition.kind, ExpressionKind::False) {
            self.narrow(&node.condition, true);
            self.reachable.then(|| self.flow.delta(mark))
        } else {
            None
        };
        self.flow.undo(mark);
        self.loop_exits = exits;
        self.loop_mark = mark;
        self.leave_loop(normal);
    }

    fn numeric_for(&mut self, node: &'a NumericFor<'a>, span: Span) {
        let mut all_integers = true;
        for (what, value) in
            [("init", Some(&node.start)), ("limit", Some(&node.limit)), ("step", node.step.as_ref())]
        {
            let Some(value) = value else { continue };
            let ty = self.value(value, Ty::NONE);
            if what != "limit" {
                all_integers &= self.types.assignable(ty, Ty::INTEGER) && !ty.is_any();
            }
            if !self.types.assignable(ty, Ty::NUMBER) && self.is_blamed(ty, value) {
                let shown = self.show(ty);
                self.report(Code::E0000, value.span, format!("for loop {what} must be numeric, got {shown}"));
            }
        }
        let ty = if all_integers { Ty::INTEGER } else { Ty::NUMBER };
        let variable = match self.names.at(node.variable.name.span.start) {
            Meaning::Variable(variable) => Some(variable),
            _ => None,
        };
        let declared = node.variable.ty.map(|declared| self.lower(declared));
        if let (Some(declared), Some(variable)) = (declared, variable) {
            self.bases[variable.0 as usize] = declared;
            self.expect_plain(ty, declared, node.variable.name.span, Purpose::Assign);
        }
        self.fixpoint(span, &mut |checker, _| {
            if let Some(variable) = variable {
                match declared {
                    Some(declared) => checker.flow.assign(variable, declared),
                    None => checker.declare(variable, ty),
                }
            }
            checker.block(&node.block);
        });
        self.after_for();
    }

    /// A `for` loop may run no round at all.
    fn after_for(&mut self) {
        let mark = self.loop_mark;
        let mut ways = vec![Delta::new()];
        if self.reachable {
            ways.push(self.flow.delta(mark));
        }
        ways.append(&mut self.loop_exits);
        self.flow.undo(mark);
        self.reachable = true;
        self.meet(&ways);
    }

    fn generic_for(&mut self, node: &'a GenericFor<'a>, span: Span) {
        let types = self.iterated(node);
        let mut variables = Vec::with_capacity(node.names.len());
        for (at, binding) in node.names.iter().enumerate() {
            let Meaning::Variable(variable) = self.names.at(binding.name.span.start) else { continue };
            let given = types.get(at).copied().unwrap_or(Ty::DYN);
            let ty = match binding.ty {
                Some(ty) => {
                    let declared = self.lower(ty);
                    self.bases[variable.0 as usize] = declared;
                    self.expect_plain(given, declared, binding.name.span, Purpose::Assign);
                    declared
                }
                None => given,
            };
            variables.push((variable, ty, binding.ty.is_some()));
        }
        self.fixpoint(span, &mut |checker, _| {
            for &(variable, ty, declared) in &variables {
                if declared {
                    checker.flow.assign(variable, ty);
                } else {
                    checker.declare(variable, ty);
                }
            }
            checker.block(&node.block);
        });
        self.after_for();
    }

    /// The types of the variables of a generic `for`.
    fn iterated(&mut self, node: &'a GenericFor<'a>) -> Vec<Ty> {
        if let [call] = node.values
            && let Some(types) = self.iterated_builtin(call, node.names.len())
        {
            return types;
        }
        let pack = self.values(node.values, &[], Purpose::Assign);
        let Some(&iterator) = pack.items.first() else { return Vec::new() };
        let iterator = self.types.expand(iterator);
        match self.types.node(iterator).clone() {
            Node::Function(function) => {
                let mut returns = self.returns_of(&function);
                if let Some(first) = returns.items.first_mut() {
                    *first = self.types.non_nil(*first);
                }
                (0..node.names.len())
                    .map(|at| returns.items.get(at).copied().or(returns.tail).unwrap_or(Ty::NIL))
                    .map(|ty| if self.frame.strict { ty } else { self.soften(ty) })
                    .collect()
            }
            _ => Vec::new(),
        }
    }

    // ---- exhaustiveness ----

    /// A chain without `else` that compares one place with some of the literals it may be.
    fn check_exhaustive(&mut self, node: &'a If<'a>) {
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
                        pending.push(binary.right);
                        pending.push(binary.left);
                    }
                    ExpressionKind::Binary(binary)
                        if binary.operator == wippy_parser::ast::BinaryOperator::Equal =>
                    {
                        let (place, literal) = match self.literal_type(binary.right) {
                            Some(literal) => (binary.left, literal),
                            None => match self.literal_type(binary.left) {
                                Some(literal) => (binary.right, literal),
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
            || !members.iter().all(|&member| self.types.is_literal(member) || member == Ty::NIL)
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

    /// The literals a declared place may hold, and its text.
    fn closed_subject(&mut self, subject: &Expression<'a>) -> Option<(Ty, String)> {
        let shown = String::from_utf8_lossy(subject.span.slice(self.source)).into_owned();
        let ty = self.peek(subject);
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
    fn always_raises(&self, block: &Block<'a>) -> bool {
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

    fn facts_from(
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
                    self.facts_from(binary.left, truth, parameter, facts, depth + 1);
                    self.facts_from(binary.right, truth, parameter, facts, depth + 1);
                }
                (BinaryOperator::Equal | BinaryOperator::NotEqual, _) => {
                    let equal = (binary.operator == BinaryOperator::Equal) == truth;
                    if let (Some(at), ExpressionKind::Nil) = (parameter(binary.left), binary.right.kind) {
                        add(at, if equal { FactKind::Nil } else { FactKind::NonNil });
                    } else if let (ExpressionKind::Call(call), ExpressionKind::String(word), true) =
                        (binary.left.kind, binary.right.kind, equal)
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
