//! Loops, walked until what is known at their head no longer changes, a bounded number of times.
//!
//! Invariant: a walk that is repeated takes back what it reported.

use wippy_parser::Span;
use wippy_parser::ast::{ExpressionKind, GenericFor, NumericFor, Repeat, While};

use super::expression::Purpose;
use super::flow::{Delta, Place};
use super::names::{Meaning, Variable};
use super::types::{Node, Ty};
use super::{Checker, LoopFrame};
use crate::diagnostic::Code;

/// How often a loop is walked before what it changes is given up.
const ROUNDS: u32 = 3;

impl<'a> Checker<'_, 'a> {
    /// Walks a loop until what is known at its head is stable. `body` walks one round from the head and leaves the
    /// state at the place where the loop goes on.
    pub(super) fn fixpoint(&mut self, span: Span, body: &mut dyn FnMut(&mut Self, bool)) {
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
    pub(super) fn given_up(&mut self, variable: Variable, joined: Ty) -> Ty {
        let declared = self.declared_type(variable);
        if declared == Ty::NONE {
            return Ty::DYN;
        }
        // Perhaps it was not assigned yet.
        if self.types.accepts_nil(joined) { self.types.optional(declared) } else { declared }
    }

    /// After a loop: the ways out meet. `normal` tells whether the end of the walk is one of them.
    pub(super) fn leave_loop(&mut self, normal: Option<Delta>) {
        let mut exits = std::mem::take(&mut self.loop_exits);
        let mark = self.loop_mark;
        exits.extend(normal);
        self.flow.undo(mark);
        self.reachable = !exits.is_empty();
        self.meet(&exits);
    }

    pub(super) fn while_loop(&mut self, node: &'a While<'a>, span: Span) {
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

    pub(super) fn repeat_loop(&mut self, node: &'a Repeat<'a>, span: Span) {
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

    pub(super) fn numeric_for(&mut self, node: &'a NumericFor<'a>, span: Span) {
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
    pub(super) fn after_for(&mut self) {
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

    pub(super) fn generic_for(&mut self, node: &'a GenericFor<'a>, span: Span) {
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
    pub(super) fn iterated(&mut self, node: &'a GenericFor<'a>) -> Vec<Ty> {
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
}
