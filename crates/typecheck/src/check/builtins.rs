//! Builtins whose effect on types no signature expresses: `assert`, `setmetatable`, `pcall`, `pairs`, ...
//!
//! Which ones is declared in [`Builtin`]; what the others do follows from their rows. Invariant: without annotations
//! around, a result that may be nil is `any`.

use wippy_parser::ast::{Expression, ExpressionKind};

use super::Checker;
use super::expression::Purpose;
use super::types::{Builtin, Function, Node, Pack, Returns, Ty};
use crate::diagnostic::Code;

impl<'a> Checker<'_, 'a> {
    pub(super) fn call_builtin(
        &mut self,
        function: &Function,
        arguments: &'a [Expression<'a>],
        expected: Ty,
    ) -> Option<Pack> {
        match function.builtin {
            Builtin::Assert => {
                let (first, rest) = arguments.split_first()?;
                if rest.is_empty() && first.is_multiple() {
                    let pack = self.multiple(first);
                    return Some(self.asserted(pack));
                }
                self.probe = true;
                let ty = self.value(first, Ty::NONE);
                self.probe = false;
                for argument in rest {
                    self.value(argument, Ty::NONE);
                }
                self.narrow(first, true);
                let kept = self.types.truthy(ty);
                if !self.reachable || kept == Ty::NEVER && !ty.is_any() {
                    if self.frame.strict || matches!(first.kind, ExpressionKind::False | ExpressionKind::Nil)
                    {
                        self.reachable = true;
                        return Some(Pack::one(Ty::NEVER));
                    }
                    self.reachable = true;
                    return Some(Pack::dynamic());
                }
                Some(Pack { items: vec![kept], tail: Some(Ty::DYN), rows: None })
            }
            Builtin::SetMetatable => {
                let [table, metatable] = arguments else { return None };
                let table_ty = self.value(table, expected);
                let meta_ty = self.value(metatable, Ty::NONE);
                Some(Pack::one(self.with_metatable(table_ty, meta_ty)))
            }
            Builtin::RawSet => {
                let mut first = Ty::DYN;
                for (at, argument) in arguments.iter().enumerate() {
                    let ty = self.value(argument, Ty::NONE);
                    if at == 0 {
                        first = ty;
                    }
                    self.escape(ty);
                }
                Some(Pack::one(first))
            }
            Builtin::Ipairs | Builtin::Pairs => {
                for argument in arguments {
                    self.value(argument, Ty::NONE);
                }
                Some(Pack::dynamic())
            }
            Builtin::Pcall => {
                let (callee, rest) = arguments.split_first()?;
                let ty = self.value(callee, Ty::NONE);
                for argument in rest {
                    let ty = self.value(argument, Ty::NONE);
                    self.escape(ty);
                }
                let expanded = self.types.expand(ty);
                let Node::Function(callee) = self.types.node(expanded).clone() else {
                    return Some(Pack { items: vec![Ty::BOOLEAN], tail: Some(Ty::DYN), rows: None });
                };
                let returns = match &callee.result {
                    Returns::Declared(pack) if callee.generics.is_empty() => pack.clone(),
                    _ => return Some(Pack { items: vec![Ty::BOOLEAN], tail: Some(Ty::DYN), rows: None }),
                };
                if returns.tail.is_some() || returns.items.is_empty() || returns.items[0] == Ty::NEVER {
                    return Some(Pack { items: vec![Ty::BOOLEAN], tail: Some(Ty::DYN), rows: None });
                }
                let mut good = vec![Ty::TRUE];
                good.extend(returns.items.iter().copied());
                let mut bad = vec![Ty::FALSE];
                bad.resize(good.len(), Ty::ANY);
                let mut items = vec![Ty::BOOLEAN];
                items.resize(good.len(), Ty::DYN);
                Some(Pack { items, tail: Some(Ty::DYN), rows: Some(vec![good, bad].into()) })
            }
            Builtin::Xpcall => {
                for argument in arguments {
                    let ty = self.value(argument, Ty::NONE);
                    self.escape(ty);
                }
                Some(Pack { items: vec![Ty::BOOLEAN], tail: Some(Ty::DYN), rows: None })
            }
            Builtin::Select => {
                for argument in arguments {
                    let ty = self.value(argument, Ty::NONE);
                    self.escape(ty);
                }
                match arguments.first().map(|it| it.kind) {
                    Some(ExpressionKind::String(_)) => Some(Pack::one(Ty::INTEGER)),
                    _ => Some(Pack::dynamic()),
                }
            }
            Builtin::TypeOf => {
                self.probe = true;
                for argument in arguments {
                    self.value(argument, Ty::NONE);
                    self.probe = false;
                }
                self.probe = false;
                Some(Pack::one(Ty::STRING))
            }
            Builtin::TypeValueOf => {
                let [argument] = arguments else { return None };
                let ty = match self.declared_by(argument) {
                    Some(ty) => ty,
                    None => {
                        self.value(argument, Ty::NONE);
                        Ty::UNKNOWN
                    }
                };
                Some(Pack::one(self.types.add(Node::TypeValue(ty))))
            }
            Builtin::ToNumber => {
                let [argument] = arguments else { return None };
                let ty = self.value(argument, Ty::NONE);
                if self.types.assignable(ty, Ty::INTEGER) && !ty.is_any() {
                    return Some(Pack::one(Ty::INTEGER));
                }
                if self.types.assignable(ty, Ty::NUMBER) && !ty.is_any() {
                    return Some(Pack::one(Ty::NUMBER));
                }
                let result = self.types.optional(Ty::NUMBER);
                Some(Pack::one(if self.frame.strict { result } else { Ty::DYN }))
            }
            Builtin::TableInsert => {
                let (table, value) = match arguments {
                    [table, value] => (table, value),
                    [table, position, value] => {
                        self.value(position, Ty::NONE);
                        (table, value)
                    }
                    _ => return None,
                };
                let ty = self.value(table, Ty::NONE);
                let wanted = match self.index_target(ty, Ty::INTEGER) {
                    Ty::NONE => Ty::NONE,
                    target => self.types.non_nil(target),
                };
                let inner = wanted != Ty::NONE && matches!(value.kind, ExpressionKind::Table(_));
                if inner {
                    self.checked(value, wanted, Purpose::Argument(arguments.len() - 1));
                    return Some(Pack::default());
                }
                let given = self.value(value, wanted);
                self.append(ty, given, table, value, arguments.len() - 1);
                Some(Pack::default())
            }
            Builtin::Require => {
                let [argument] = arguments else { return None };
                self.value(argument, Ty::NONE);
                let ExpressionKind::String(name) = argument.kind else { return Some(Pack::one(Ty::DYN)) };
                Some(Pack::one(self.required(name, argument.span)))
            }
            Builtin::ChannelSelect => self.select_cases(arguments),
            Builtin::None
            | Builtin::Row
            | Builtin::MathRandom
            | Builtin::StringFind
            | Builtin::StringGmatch
            | Builtin::StringMatch => None,
        }
    }

    /// `assert(f())`: the values, the first one not nil.
    pub(super) fn asserted(&mut self, pack: Pack) -> Pack {
        let mut pack = pack;
        if let Some(rows) = &pack.rows {
            let mut kept: Vec<Vec<Ty>> = Vec::new();
            for row in rows.iter() {
                let first = row.first().copied().unwrap_or(Ty::NIL);
                if self.types.truthy(first) != Ty::NEVER {
                    kept.push(row.clone());
                }
            }
            if !kept.is_empty() {
                for (at, item) in pack.items.iter_mut().enumerate() {
                    let column: Vec<Ty> =
                        kept.iter().map(|row| row.get(at).copied().unwrap_or(Ty::NIL)).collect();
                    if !item.is_any() {
                        *item = self.types.union(&column);
                    }
                }
            }
            pack.rows = None;
        }
        if let Some(first) = pack.items.first_mut() {
            *first = self.types.truthy(*first);
        }
        pack
    }

    /// The variables of `for … in pairs(t)` and the like.
    pub(super) fn iterated_builtin(&mut self, call: &Expression<'a>, _count: usize) -> Option<Vec<Ty>> {
        let ExpressionKind::Call(node) = call.kind else { return None };
        let callee = self.peek(&node.function);
        let Node::Function(function) = self.types.node(callee).clone() else { return None };
        let is_pairs = match function.builtin {
            Builtin::Pairs => true,
            Builtin::Ipairs => false,
            _ => return None,
        };
        let [argument] = node.arguments else { return None };
        let mut ty = self.value(argument, Ty::NONE);
        self.after_call();
        if ty.is_any() || ty == Ty::UNKNOWN {
            return Some(if is_pairs { vec![Ty::DYN, Ty::DYN] } else { vec![Ty::INTEGER, Ty::DYN] });
        }
        if self.types.is_optional(ty) && self.frame.strict {
            let shown = self.show(ty);
            self.report(Code::E0000, argument.span, format!("argument 1: expected table, got {shown}"));
        }
        ty = self.types.non_nil(ty);
        let mut keys = Ty::NEVER;
        let mut values = Ty::NEVER;
        let expanded = self.types.expand(ty);
        let members = self.types.members(expanded);
        for &member in members.iter() {
            let member = self.types.expand(member);
            let (key, value) = match self.types.node(member).clone() {
                Node::Array { element, .. } => (Ty::INTEGER, element),
                Node::Map { key, value, .. } => (key, value),
                Node::Record(record) => {
                    let mut values: Vec<Ty> = record.fields.iter().map(|field| field.ty).collect();
                    let mut key = if record.fields.is_empty() { Ty::NEVER } else { Ty::STRING };
                    if let Some((k, v)) = record.indexer {
                        key = self.types.join(key, k);
                        values.push(v);
                    }
                    let joined = self.types.union(&values);
                    let joined = self.types.non_nil(joined);
                    if is_pairs {
                        if key == Ty::NEVER { (Ty::DYN, Ty::DYN) } else { (key, joined) }
                    } else {
                        (Ty::INTEGER, record.indexer.map_or(Ty::DYN, |it| it.1))
                    }
                }
                Node::Shape(number) => {
                    let shape = &self.types.shapes[number as usize];
                    match shape.element {
                        Some(element) if shape.fields.is_empty() && !shape.open && self.frame.strict => {
                            (Ty::INTEGER, element)
                        }
                        _ if is_pairs => (Ty::DYN, Ty::DYN),
                        _ => (Ty::INTEGER, Ty::DYN),
                    }
                }
                Node::Basic
                    if self.frame.strict
                        && matches!(
                            member,
                            Ty::STRING
                                | Ty::NUMBER
                                | Ty::INTEGER
                                | Ty::BOOLEAN
                                | Ty::TRUE
                                | Ty::FALSE
                                | Ty::NIL
                        ) =>
                {
                    let shown = self.show(member);
                    self.report(
                        Code::E0000,
                        argument.span,
                        format!("argument 1: expected table, got {shown}"),
                    );
                    (Ty::DYN, Ty::DYN)
                }
                Node::String(_) | Node::Integer(_) | Node::Float(_) | Node::Function(_)
                    if self.frame.strict =>
                {
                    let shown = self.show(member);
                    self.report(
                        Code::E0000,
                        argument.span,
                        format!("argument 1: expected table, got {shown}"),
                    );
                    (Ty::DYN, Ty::DYN)
                }
                _ => (Ty::DYN, Ty::DYN),
            };
            keys = self.types.join(keys, key);
            values = self.types.join(values, value);
        }
        Some(if is_pairs { vec![keys, values] } else { vec![Ty::INTEGER, values] })
    }
}
