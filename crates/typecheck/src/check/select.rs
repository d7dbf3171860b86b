//! `channel.select`: which channel an answer came from tells what its value is.
//!
//! The answer is a union with one member for each case. A channel held by a variable that never changes gets a type of its
//! own, so that `result.channel == timeout` tells the members apart. Invariant: a list of cases that is not written out
//! where it is used leaves the answer as the row declares it.

use wippy_parser::ast::{Expression, ExpressionKind, TableItem};

use super::Checker;
use super::names::{Meaning, Variable};
use super::relate::known;
use super::types::{Definition, Field, Node, Pack, Ty};

impl<'a> Checker<'_, 'a> {
    /// The answer of `channel.select{a:case_receive(), b:case_send(1)}`.
    pub(super) fn select_cases(&mut self, arguments: &'a [Expression<'a>]) -> Option<Pack> {
        let (cases, rest) = arguments.split_first()?;
        let ExpressionKind::Table(items) = cases.kind else { return None };
        let mut sources: Vec<(&Expression<'a>, bool)> = Vec::with_capacity(items.len());
        let mut default = !rest.is_empty();
        for item in items {
            match item {
                TableItem::Item(value) => {
                    let ExpressionKind::MethodCall(call) = value.kind else { return None };
                    match self.interner.resolve(call.name.symbol) {
                        b"case_receive" => sources.push((&call.object, true)),
                        b"case_send" => sources.push((&call.object, false)),
                        _ => return None,
                    }
                }
                TableItem::Named { name, .. } => default |= self.interner.resolve(name.symbol) == b"default",
                TableItem::Keyed(_) => return None,
            }
        }
        for argument in arguments {
            self.value(argument, Ty::NONE);
        }
        if sources.is_empty() || sources.len() > 32 {
            return Some(Pack::dynamic());
        }
        let mut members = Vec::with_capacity(sources.len() + 1);
        for (object, receives) in sources {
            let channel = self.peek(object);
            let element = if receives { self.element_of_channel(channel) } else { Ty::DYN };
            let own = self.own_type(object, channel);
            members.push(self.answer(own, element, false));
        }
        if default {
            members.push(self.answer(Ty::NIL, Ty::NIL, true));
        }
        let result = self.types.union(&members);
        let error = self.types.optional(Ty::ERROR);
        Some(Pack { items: vec![result, error], tail: None, rows: None })
    }

    fn answer(&mut self, channel: Ty, value: Ty, default: bool) -> Ty {
        let field = |name, ty| Field { name, ty, optional: false, readonly: false };
        let (ok, default) = (Ty::BOOLEAN, if default { Ty::TRUE } else { Ty::NIL });
        let fields = vec![
            field(known::CHANNEL, channel),
            field(known::VALUE, value),
            field(known::OK, ok),
            field(known::DEFAULT, default),
        ];
        self.types.record(fields, None, false)
    }

    /// What `T` is in `Channel<T>`.
    fn element_of_channel(&mut self, channel: Ty) -> Ty {
        match self.types.node(channel) {
            Node::Named(_, arguments) => match arguments[..] {
                [element] => element,
                _ => Ty::DYN,
            },
            _ => Ty::DYN,
        }
    }

    /// The type of one channel alone, if it has a name that always means it.
    fn own_type(&mut self, object: &Expression<'a>, channel: Ty) -> Ty {
        let Some(variable) = self.constant_variable(object) else { return channel };
        if let Some(&known) = self.channels.get(&variable) {
            return known;
        }
        let number = self.types.definitions.len() as u32;
        let name = self.names.variable(variable).name;
        self.types.definitions.push(Definition { name, parameters: Vec::new(), body: channel });
        let own = self.types.add(Node::Named(number, [].into()));
        self.channels.insert(variable, own);
        own
    }

    /// The variable an expression names, if it is never assigned again.
    fn constant_variable(&self, expression: &Expression<'a>) -> Option<Variable> {
        let ExpressionKind::Name(_) = expression.kind else { return None };
        let Meaning::Variable(variable) = self.names.at(expression.span.start) else { return None };
        (self.names.variable(variable).assigned == 0).then_some(variable)
    }

    /// The own type of the channel that an expression names.
    pub(super) fn channel_constant(&self, expression: &Expression<'a>) -> Option<Ty> {
        self.channels.get(&self.constant_variable(expression)?).copied()
    }

    pub(super) fn is_channel_constant(&self, ty: Ty) -> bool {
        self.channels.values().any(|&own| own == ty)
    }

    /// `result.channel == timeout`: the members of the type of `result` that came from that channel, or the others.
    /// Whether the comparison is of that kind.
    pub(super) fn narrow_channel(
        &mut self,
        subject: &Expression<'a>,
        other: &Expression<'a>,
        equal: bool,
    ) -> bool {
        let ExpressionKind::Field { object, name } = subject.kind else { return false };
        let Some(own) = self.channel_constant(other) else { return false };
        self.narrow_members(
            object,
            &mut |checker, member| match checker.declared_field(member, name.symbol) {
                Some(field) if checker.is_channel_constant(field) => (field == own) == equal,
                Some(Ty::NIL) => !equal,
                _ => true,
            },
        );
        true
    }
}
