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
            Builtin::Error | Builtin::Exit => {
                for argument in arguments {
                    self.value(argument, Ty::NONE);
                }
                Some(Pack::one(Ty::NEVER))
            }
            Builtin::SetMetatable => {
                let [table, metatable] = arguments else { return None };
                let table_ty = self.value(table, expected);
                let meta_ty = self.value(metatable, Ty::NONE);
                Some(Pack::one(self.with_metatable(table_ty, meta_ty)))
            }
            Builtin::GetMetatable | Builtin::RawGet | Builtin::Next => {
                for argument in arguments {
                    self.value(argument, Ty::NONE);
                }
                Some(Pack::dynamic())
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
            Builtin::MathType => {
                for argument in arguments {
                    self.value(argument, Ty::NONE);
                }
                let ty = self.types.optional(Ty::STRING);
                Some(Pack::one(if self.frame.strict { ty } else { Ty::DYN }))
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
            Builtin::MathAbs | Builtin::MathMax | Builtin::MathMin => {
                let mut result = Ty::NEVER;
                for (at, argument) in arguments.iter().enumerate() {
                    let ty = if self.frame.strict {
                        self.checked(argument, Ty::NUMBER, Purpose::Argument(at))
                    } else {
                        self.value(argument, Ty::NONE)
                    };
                    let one = if ty.is_any() {
                        Ty::DYN
                    } else if self.types.assignable(ty, Ty::INTEGER) {
                        Ty::INTEGER
                    } else {
                        Ty::NUMBER
                    };
                    result = self.types.join(result, one);
                }
                if arguments.is_empty()
                    || arguments.last().is_some_and(Expression::is_multiple) && arguments.len() == 1
                {
                    result = Ty::NUMBER;
                }
                Some(Pack::one(if result == Ty::DYN { Ty::NUMBER } else { result }))
            }
            Builtin::MathFloor | Builtin::MathCeil => {
                for (at, argument) in arguments.iter().enumerate().take(1) {
                    if self.frame.strict {
                        self.checked(argument, Ty::NUMBER, Purpose::Argument(at));
                    } else {
                        self.value(argument, Ty::NONE);
                    }
                }
                Some(Pack::one(Ty::INTEGER))
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
            Builtin::TableRemove => {
                let mut element = Ty::DYN;
                for (at, argument) in arguments.iter().enumerate() {
                    let ty = self.value(argument, Ty::NONE);
                    if at == 0 {
                        element = self.element_of(ty);
                    }
                }
                let result = self.types.optional(element);
                Some(Pack::one(if self.frame.strict { result } else { Ty::DYN }))
            }
            Builtin::TableUnpack | Builtin::Unpack => {
                let mut element = Ty::DYN;
                for (at, argument) in arguments.iter().enumerate() {
                    let ty = self.value(argument, Ty::NONE);
                    if at == 0 {
                        element = self.element_of(ty);
                    }
                }
                let tail = if self.frame.strict { element } else { Ty::DYN };
                Some(Pack { items: Vec::new(), tail: Some(tail), rows: None })
            }
            Builtin::TableSort => {
                let (table, rest) = arguments.split_first()?;
                let ty = self.value(table, Ty::NONE);
                let element = self.element_of(ty);
                if let Some(less) = rest.first() {
                    let wanted = self.comparator(element);
                    self.value(less, wanted);
                }
                Some(Pack::default())
            }
            Builtin::TableConcat => {
                for (at, argument) in arguments.iter().enumerate() {
                    let ty = self.value(argument, Ty::NONE);
                    if at == 0 && self.frame.strict {
                        let element = self.element_of(ty);
                        let text = self.types.join(Ty::STRING, Ty::NUMBER);
                        if !self.types.assignable(element, text) {
                            let wanted = self.types.array(text);
                            let message = self.mismatch(ty, wanted, Purpose::Argument(0));
                            self.report(Code::E0000, argument.span, message);
                        }
                    }
                }
                Some(Pack::one(Ty::STRING))
            }
            Builtin::TablePack => {
                for argument in arguments {
                    let ty = self.value(argument, Ty::NONE);
                    self.escape(ty);
                }
                Some(Pack::one(Ty::DYN))
            }
            Builtin::Require => {
                let [argument] = arguments else { return None };
                self.value(argument, Ty::NONE);
                let ExpressionKind::String(name) = argument.kind else { return Some(Pack::one(Ty::DYN)) };
                Some(Pack::one(self.required(name, argument.span)))
            }
            Builtin::None | Builtin::Row | Builtin::MathRandom | Builtin::StringFind => None,
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

    /// What a list holds.
    pub(super) fn element_of(&mut self, ty: Ty) -> Ty {
        let ty = self.types.expand(ty);
        match *self.types.node(ty) {
            Node::Array { element, .. } => element,
            Node::Map { value, .. } => value,
            Node::Shape(number) => {
                let shape = &self.types.shapes[number as usize];
                if shape.open || !self.frame.strict { Ty::DYN } else { shape.element.unwrap_or(Ty::DYN) }
            }
            _ => Ty::DYN,
        }
    }

    pub(super) fn comparator(&mut self, element: Ty) -> Ty {
        let parameter = super::types::Parameter { name: None, ty: element };
        self.types.function(Function {
            generics: Vec::new(),
            parameters: vec![parameter.clone(), parameter],
            vararg: None,
            result: Returns::Unknown,
            annotated: true,
            method: false,
            asserts: None,
            builtin: Builtin::None,
            source: 0,
        })
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
