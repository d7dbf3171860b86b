//! Calls: arguments against parameters, generics, methods, overloads, and the builtins no signature describes.
//!
//! Invariant: arguments are evaluated once; function literals last, because their parameters may follow from the others.

use wippy_parser::ast::{Call, Expression, ExpressionKind, MethodCall};
use wippy_parser::{Span, Symbol};

use super::Checker;
use super::expression::Purpose;
use super::types::{Builtin, Function, Node, Pack, Returns, Ty};
use crate::diagnostic::Code;

/// The receiver of a method call.
#[derive(Clone, Copy)]
struct Receiver {
    ty: Ty,
}

impl<'a> Checker<'_, 'a> {
    /// `f(…)` where `f` has type `callee`.
    pub(super) fn call(&mut self, call: &'a Call<'a>, callee: Ty, span: Span, expected: Ty) -> Pack {
        let at = call.function.span;
        let pack = self.call_type(callee, call.arguments, None, at, span, expected);
        self.after_call();
        pack
    }

    fn call_type(
        &mut self,
        callee: Ty,
        arguments: &'a [Expression<'a>],
        receiver: Option<Receiver>,
        at: Span,
        span: Span,
        expected: Ty,
    ) -> Pack {
        if callee.is_any() || callee == Ty::NEVER {
            self.unchecked_arguments(arguments, receiver);
            return Pack::dynamic();
        }
        let mut ty = self.types.expand(callee);
        if self.types.is_union(ty) && self.types.is_optional(ty) {
            self.report(Code::E0021, at, "cannot call optional value without nil check".to_owned());
            let rest = self.types.non_nil(ty);
            ty = self.types.expand(rest);
        }
        match self.types.node(ty).clone() {
            Node::Function(function) => self.call_function(&function, arguments, receiver, span, expected),
            Node::TypeValue(inner) => {
                self.unchecked_arguments(arguments, None);
                Pack::one(inner)
            }
            Node::Union(list) => {
                let mut result = Ty::NEVER;
                for (at_member, &member) in list.iter().enumerate() {
                    let pack = if at_member == 0 {
                        self.call_type(member, arguments, receiver, at, span, expected)
                    } else {
                        // The same arguments, for another function.
                        let mark = self.flow.mark();
                        let pack = self.call_type(member, arguments, receiver, at, span, expected);
                        self.flow.undo(mark);
                        pack
                    };
                    let first = self.first(&pack);
                    result = self.types.join(result, first);
                }
                Pack { items: vec![result], tail: Some(Ty::DYN), rows: None }
            }
            Node::Intersection(list) => self.call_overloaded(&list, arguments, receiver, at, span, expected),
            Node::Shape(number) => match self.types.metamethod(ty, super::relate::known::CALL) {
                Some(method) if !method.is_any() => {
                    self.call_type(method, arguments, Some(Receiver { ty }), at, span, expected)
                }
                Some(_) => {
                    self.unchecked_arguments(arguments, None);
                    Pack::dynamic()
                }
                None => {
                    self.unchecked_arguments(arguments, None);
                    let metatable = self.types.shapes[number as usize].metatable;
                    if self.frame.strict && metatable.is_none() && !self.types.shapes[number as usize].open {
                        self.not_callable(callee, at);
                    }
                    Pack::dynamic()
                }
            },
            Node::Parameter(number) => match self.types.parameters[number as usize].bound {
                Some(bound) => self.call_type(bound, arguments, receiver, at, span, expected),
                None => {
                    self.unchecked_arguments(arguments, receiver);
                    if self.frame.strict {
                        self.not_callable(callee, at);
                    }
                    Pack::dynamic()
                }
            },
            Node::Basic => {
                self.unchecked_arguments(arguments, receiver);
                match ty {
                    Ty::UNKNOWN => Pack::one(Ty::UNKNOWN),
                    Ty::FUNCTION | Ty::TABLE | Ty::USERDATA | Ty::TYPE | Ty::SELF | Ty::ERROR => {
                        Pack::dynamic()
                    }
                    _ => {
                        if self.frame.strict {
                            self.not_callable(callee, at);
                        }
                        Pack::dynamic()
                    }
                }
            }
            Node::Record(record) => {
                self.unchecked_arguments(arguments, receiver);
                if record.field(super::relate::known::CALL).is_none() && self.frame.strict {
                    self.not_callable(callee, at);
                }
                Pack::dynamic()
            }
            _ => {
                self.unchecked_arguments(arguments, receiver);
                if self.frame.strict {
                    self.not_callable(callee, at);
                }
                Pack::dynamic()
            }
        }
    }

    fn not_callable(&mut self, ty: Ty, span: Span) {
        let shown = self.show(ty);
        self.report(Code::E0002, span, format!("expected function, got {shown}"));
    }

    /// Arguments of which nothing is demanded.
    fn unchecked_arguments(&mut self, arguments: &'a [Expression<'a>], receiver: Option<Receiver>) {
        if let Some(receiver) = receiver {
            self.escape(receiver.ty);
        }
        for argument in arguments {
            let ty = self.value(argument, Ty::NONE);
            self.escape(ty);
        }
    }

    /// The first of several signatures that takes the arguments.
    fn call_overloaded(
        &mut self,
        list: &[Ty],
        arguments: &'a [Expression<'a>],
        receiver: Option<Receiver>,
        at: Span,
        span: Span,
        expected: Ty,
    ) -> Pack {
        let said = self.diagnostics.len();
        let mut first = None;
        for &member in list {
            let mark = self.flow.mark();
            let pack = self.call_type(member, arguments, receiver, at, span, expected);
            let blamed = self.diagnostics.len() > said;
            if !blamed {
                return pack;
            }
            self.flow.undo(mark);
            let complaints = self.diagnostics.split_off(said);
            first.get_or_insert((complaints, pack));
        }
        match first {
            Some((complaints, pack)) => {
                self.diagnostics.extend(complaints);
                pack
            }
            None => Pack::dynamic(),
        }
    }

    /// `object:name(…)`
    pub(super) fn method_call(
        &mut self,
        call: &'a MethodCall<'a>,
        object: Ty,
        span: Span,
        expected: Ty,
    ) -> Pack {
        let pack = self.method_call_inner(call, object, span, expected);
        self.after_call();
        pack
    }

    fn method_call_inner(&mut self, call: &'a MethodCall<'a>, object: Ty, span: Span, expected: Ty) -> Pack {
        if object.is_any() || object == Ty::NEVER {
            self.unchecked_arguments(call.arguments, None);
            return Pack::dynamic();
        }
        if object == Ty::UNKNOWN {
            self.unchecked_arguments(call.arguments, None);
            return Pack::one(Ty::UNKNOWN);
        }
        let name = call.name;
        let mut ty = self.types.expand(object);
        let mut receiver = object;
        if self.types.is_union(ty) && self.types.is_optional(ty) {
            self.report(
                Code::E0021,
                name.span,
                "cannot call method on optional value without nil check".to_owned(),
            );
            receiver = self.types.non_nil(ty);
            ty = self.types.expand(receiver);
        }
        if let Node::TypeValue(inner) = *self.types.node(ty) {
            self.unchecked_arguments(call.arguments, None);
            if name.symbol == Symbol::IS {
                let optional = self.types.optional(inner);
                let error = self.types.optional(Ty::ERROR);
                let rows: Vec<Vec<Ty>> = vec![vec![inner, Ty::NIL], vec![Ty::NIL, Ty::ERROR]];
                return Pack { items: vec![optional, error], tail: None, rows: Some(rows.into()) };
            }
            return Pack::dynamic();
        }
        if !self.types.is_union(ty) {
            return match self.method_field(receiver, name.symbol) {
                Some(method) => {
                    if self.types.is_optional(method) && self.frame.strict {
                        let text = "cannot call optional value without nil check".to_owned();
                        self.report(Code::E0021, name.span, text);
                    }
                    let method = self.types.non_nil(method);
                    self.call_type(
                        method,
                        call.arguments,
                        Some(Receiver { ty: receiver }),
                        name.span,
                        span,
                        expected,
                    )
                }
                None => {
                    self.unchecked_arguments(call.arguments, None);
                    if self.reports_method(ty, name.symbol) {
                        let text = self.text(name.symbol);
                        let help = self.suggest_field(ty, &text);
                        self.report_with(Code::E0022, name.span, format!("no method {text}"), help);
                    }
                    Pack::dynamic()
                }
            };
        }
        let members = self.types.members(ty);
        let (mut with, mut without) = (Vec::new(), None);
        for &member in members.iter() {
            match self.method_field(member, name.symbol) {
                Some(method) => with.push((member, method)),
                None => without = Some(member),
            }
        }
        if let Some(absent) = without {
            self.unchecked_arguments(call.arguments, None);
            if self.frame.strict || matches!(self.types.node(absent), Node::Record(_) | Node::Named(..)) {
                let text = self.text(name.symbol);
                let message = match with.first() {
                    Some(&(member, _)) => {
                        let (a, b) = (self.show(member), self.show(absent));
                        format!("no method {text} (exists on {a}, missing on {b})")
                    }
                    None => format!("no method {text}"),
                };
                self.report(Code::E0022, name.span, message);
            }
            return Pack::dynamic();
        }
        let mut result = Ty::NEVER;
        let mut only = None;
        for (at, &(member, method)) in with.iter().enumerate() {
            let pack = if at == 0 {
                self.call_type(
                    method,
                    call.arguments,
                    Some(Receiver { ty: member }),
                    name.span,
                    span,
                    expected,
                )
            } else {
                self.quietly(|checker| {
                    checker.call_type(
                        method,
                        call.arguments,
                        Some(Receiver { ty: member }),
                        name.span,
                        span,
                        expected,
                    )
                })
            };
            let first = self.first(&pack);
            result = self.types.join(result, first);
            only = Some(pack);
        }
        match only {
            Some(pack) if with.len() == 1 => pack,
            _ => Pack { items: vec![result], tail: Some(Ty::DYN), rows: None },
        }
    }

    /// Whether a missing method is certain.
    fn reports_method(&mut self, ty: Ty, name: Symbol) -> bool {
        match *self.types.node(ty) {
            Node::Shape(number) => self.is_closed(number, name),
            Node::Record(_) | Node::Named(..) => true,
            _ => self.frame.strict,
        }
    }

    /// A call may change captured variables.
    fn after_call(&mut self) {
        if self.volatile.is_empty() {
            return;
        }
        for at in 0..self.volatile.len() {
            let variable = self.volatile[at];
            let base = self.base_type(variable);
            if self.flow.variable(variable) != base {
                self.flow.assign(variable, base);
            } else {
                self.flow.forget_fields(super::flow::Place(variable.0));
            }
        }
    }

    /// Calls a function whose signature is known.
    fn call_function(
        &mut self,
        function: &Function,
        arguments: &'a [Expression<'a>],
        receiver: Option<Receiver>,
        span: Span,
        expected: Ty,
    ) -> Pack {
        if function.builtin != Builtin::None
            && receiver.is_none()
            && let Some(pack) = self.call_builtin(function, arguments, expected)
        {
            return pack;
        }
        let is_builtin = function.builtin != Builtin::None;
        let lenient = is_builtin && !self.frame.strict;
        let offset = usize::from(receiver.is_some());
        let mut bindings: Vec<(u32, Ty)> = Vec::new();
        let generic = !function.generics.is_empty();
        let given_count = arguments.len() + offset;
        let spreads = arguments.last().is_some_and(Expression::is_multiple);

        if let Some(receiver) = receiver {
            match function.parameters.first() {
                Some(parameter) => {
                    if generic {
                        self.infer(parameter.ty, receiver.ty, &mut bindings, 0);
                    }
                    let plain = parameter.ty == Ty::SELF || parameter.ty.is_any();
                    if !plain && !lenient && !function.method && !self.types.is_parametric(parameter.ty) {
                        let at = Span::new(span.start, span.start);
                        self.expect_plain(receiver.ty, parameter.ty, at, Purpose::Argument(0));
                    }
                    if parameter.ty == Ty::DYN && function.source == 0 {
                        self.escape(receiver.ty);
                    }
                }
                None => self.escape(receiver.ty),
            }
        }

        let mut types: Vec<Ty> = Vec::with_capacity(arguments.len());
        let mut postponed: Vec<usize> = Vec::new();
        let mut extra: Option<Pack> = None;
        for (at, argument) in arguments.iter().enumerate() {
            let position = at + offset;
            let wanted = function.parameters.get(position).map(|it| it.ty).or(function.vararg);
            let last = at + 1 == arguments.len();
            let Some(wanted) = wanted else {
                let ty = self.value(argument, Ty::NONE);
                self.escape(ty);
                types.push(ty);
                continue;
            };
            if matches!(argument.kind, ExpressionKind::Function(_)) && generic {
                postponed.push(at);
                types.push(Ty::DYN);
                continue;
            }
            if last && argument.is_multiple() {
                let pack = self.multiple(argument);
                let first = self.first(&pack);
                types.push(first);
                if generic {
                    self.infer(wanted, first, &mut bindings, 0);
                } else if !(lenient || pack.items.is_empty() && position > 0 && pack.tail.is_none()) {
                    self.expect(first, wanted, argument, Purpose::Argument(at));
                }
                if wanted.is_any() || lenient {
                    self.escape(first);
                }
                extra = Some(pack);
                continue;
            }
            let ty = if generic && self.types.is_parametric(wanted) {
                let guide = self.types.substitute(wanted, &bindings);
                let guide = if self.types.is_parametric(guide) { Ty::NONE } else { guide };
                let ty = self.value(argument, guide);
                self.infer(wanted, ty, &mut bindings, 0);
                ty
            } else if lenient {
                let guide =
                    if matches!(argument.kind, ExpressionKind::Function(_)) { wanted } else { Ty::NONE };
                self.value(argument, guide)
            } else {
                self.checked(argument, wanted, Purpose::Argument(at))
            };
            if wanted.is_any() && function.source == 0 && !is_builtin || wanted == Ty::DYN || lenient {
                self.escape(ty);
            }
            types.push(ty);
        }

        let Returns::Declared(_) = &function.result else {
            self.check_arity(
                function,
                arguments,
                given_count,
                offset,
                spreads,
                extra.as_ref(),
                span,
                lenient,
            );
            let pack = self.returns_of(function);
            self.apply_facts(function, arguments, offset);
            return pack;
        };

        if generic {
            if expected != Ty::NONE
                && let Returns::Declared(pack) = &function.result
                && let Some(&first) = pack.items.first()
            {
                let mut more = bindings.clone();
                self.infer(first, expected, &mut more, 0);
                for binding in more {
                    if !bindings.iter().any(|it| it.0 == binding.0) {
                        bindings.push(binding);
                    }
                }
            }
            for at in postponed {
                let position = at + offset;
                let wanted =
                    function.parameters.get(position).map(|it| it.ty).or(function.vararg).unwrap_or(Ty::DYN);
                let guide = self.types.substitute(wanted, &bindings);
                let free: Vec<(u32, Ty)> =
                    function.generics.iter().map(|&number| (number, Ty::DYN)).collect();
                let target = self.types.expand(guide);
                let guide = match self.types.node(target).clone() {
                    // What the literal returns decides; its parameters are known or anything.
                    Node::Function(inner) => {
                        let mut inner = Function::clone(&inner);
                        for parameter in &mut inner.parameters {
                            parameter.ty = self.types.substitute(parameter.ty, &free);
                        }
                        if let Returns::Declared(pack) = &inner.result
                            && pack.items.iter().any(|&ty| self.types.is_parametric(ty))
                        {
                            inner.result = Returns::Unknown;
                        }
                        self.types.function(inner)
                    }
                    _ => Ty::NONE,
                };
                let ty = self.value(&arguments[at], guide);
                self.infer(wanted, ty, &mut bindings, 0);
                types[at] = ty;
            }
            for &number in &function.generics {
                if !bindings.iter().any(|it| it.0 == number) {
                    let default = self.types.parameters[number as usize].default;
                    bindings.push((number, default.unwrap_or(Ty::DYN)));
                }
            }
            self.check_instance(function, &bindings, arguments, &types, offset, lenient);
        }
        self.check_arity(function, arguments, given_count, offset, spreads, extra.as_ref(), span, lenient);
        if let (Some(pack), false, false) = (&extra, lenient, generic) {
            // Further values of the last argument.
            let first = arguments.len();
            for (at, &ty) in pack.items.iter().enumerate().skip(1) {
                let position = first + at - 1;
                if let Some(parameter) = function.parameters.get(position + offset)
                    && let Some(argument) = arguments.last()
                {
                    self.expect(ty, parameter.ty, argument, Purpose::Argument(position));
                }
            }
        }
        let pack = self.returns_of(function);
        let mut pack = self.types.substitute_pack(&pack, &bindings);
        if let Some(receiver) = receiver {
            for item in &mut pack.items {
                *item = self.types.with_self(*item, receiver.ty);
            }
        }
        self.apply_facts(function, arguments, offset);
        if lenient { self.soften_pack(pack) } else { pack }
    }

    /// Checks arguments against the parameters of a generic function, once its generics are known.
    fn check_instance(
        &mut self,
        function: &Function,
        bindings: &[(u32, Ty)],
        arguments: &'a [Expression<'a>],
        types: &[Ty],
        offset: usize,
        lenient: bool,
    ) {
        if lenient {
            return;
        }
        for &(number, ty) in bindings {
            let Some(bound) = self.types.parameters[number as usize].bound else { continue };
            let bound = self.types.substitute(bound, bindings);
            if self.types.assignable(ty, bound) {
                continue;
            }
            let at = function
                .parameters
                .iter()
                .skip(offset)
                .position(|it| matches!(*self.types.node(it.ty), Node::Parameter(own) if own == number));
            match at {
                Some(at) if at < arguments.len() => {
                    let message = self.mismatch(ty, bound, Purpose::Argument(at));
                    self.report(Code::E0000, arguments[at].span, message);
                }
                _ => {
                    let name = self.types.parameters[number as usize].name;
                    let (name, ty, bound) = (self.text(name), self.show(ty), self.show(bound));
                    let span = arguments.first().map_or(Span::default(), |argument| argument.span);
                    self.report(
                        Code::E0020,
                        span,
                        format!("type argument {name}: {ty} does not satisfy {bound}"),
                    );
                }
            }
            return;
        }
        for (at, &ty) in types.iter().enumerate() {
            let Some(wanted) = function.parameters.get(at + offset).map(|it| it.ty).or(function.vararg)
            else {
                continue;
            };
            if !self.types.is_parametric(wanted) {
                if matches!(arguments[at].kind, ExpressionKind::Function(_)) {
                    self.expect(ty, wanted, &arguments[at], Purpose::Argument(at));
                }
                continue;
            }
            let wanted = self.types.substitute(wanted, bindings);
            if arguments[at].is_multiple() && at + 1 == arguments.len() && ty == Ty::NIL {
                continue;
            }
            self.expect(ty, wanted, &arguments[at], Purpose::Argument(at));
        }
    }

    #[allow(clippy::too_many_arguments, reason = "the facts of one call")]
    fn check_arity(
        &mut self,
        function: &Function,
        arguments: &'a [Expression<'a>],
        given: usize,
        offset: usize,
        spreads: bool,
        extra: Option<&Pack>,
        span: Span,
        lenient: bool,
    ) {
        if !function.annotated || function.parameters.is_empty() || lenient {
            return;
        }
        let mut required = 0;
        for (at, parameter) in function.parameters.iter().enumerate() {
            if parameter.ty != Ty::SELF && !self.types.accepts_nil(parameter.ty) || (at < offset) {
                required = at + 1;
            }
        }
        let known = match extra {
            Some(pack) if spreads => match pack.tail {
                Some(_) => usize::MAX,
                None if self.frame.strict => given - 1 + pack.items.len(),
                None => usize::MAX,
            },
            _ if spreads => usize::MAX,
            _ => given,
        };
        if known < required {
            let end = Span::new(span.start, span.end);
            self.report(Code::E0003, end, "not enough arguments".to_owned());
        } else if given > function.parameters.len() && function.vararg.is_none() {
            let first = function.parameters.len().saturating_sub(offset);
            if let Some(argument) = arguments.get(first)
                && !(argument.is_multiple() && first + 1 == arguments.len())
            {
                self.report(Code::E0003, argument.span, "too many arguments".to_owned());
            }
        }
    }

    /// What the call established about its arguments.
    fn apply_facts(&mut self, function: &Function, arguments: &'a [Expression<'a>], offset: usize) {
        if let Some((parameter, target)) = function.asserts
            && let Some(argument) = (parameter as usize).checked_sub(offset).and_then(|at| arguments.get(at))
        {
            self.apply_assertion(argument, target);
        }
        let Some(number) = function.source.checked_sub(1) else { return };
        let facts = match self.types.facts.get(number as usize) {
            Some(facts) if facts.is_empty() => return,
            Some(facts) => facts.clone(),
            None => return,
        };
        for fact in facts {
            if let Some(argument) =
                (fact.parameter as usize).checked_sub(offset).and_then(|at| arguments.get(at))
            {
                self.apply_fact(argument, fact.kind);
            }
        }
    }

    /// In code without annotations, results of builtins that may be nil are not held against it.
    pub(super) fn soften(&mut self, ty: Ty) -> Ty {
        let expanded = self.types.expand(ty);
        if self.types.is_union(expanded) { Ty::DYN } else { ty }
    }

    fn soften_pack(&mut self, pack: Pack) -> Pack {
        let items = pack.items.iter().map(|&ty| self.soften(ty)).collect();
        let tail = pack.tail.map(|ty| self.soften(ty));
        Pack { items, tail, rows: None }
    }

    // ---- generics ----

    /// Collects what `given` says about the generic parameters in `wanted`.
    fn infer(&mut self, wanted: Ty, given: Ty, bindings: &mut Vec<(u32, Ty)>, depth: u32) {
        if depth > 12 || !self.types.is_parametric(wanted) || given == Ty::NONE {
            return;
        }
        let depth = depth + 1;
        match self.types.node(wanted).clone() {
            Node::Parameter(number) => {
                let bound = self.types.parameters[number as usize].bound;
                let keeps = bound.is_some_and(|bound| self.mentions_literals(bound));
                let given = if keeps { given } else { self.types.widen(given) };
                if given == Ty::NEVER {
                    return;
                }
                match bindings.iter().position(|it| it.0 == number) {
                    None => bindings.push((number, given)),
                    Some(at) => {
                        let known = bindings[at].1;
                        if !self.types.assignable(given, known) {
                            bindings[at].1 = if self.types.assignable(known, given) {
                                given
                            } else {
                                // Arguments that disagree: the first one decides, the other one is blamed.
                                known
                            };
                        } else if known.is_any() && !given.is_any() {
                            bindings[at].1 = given;
                        }
                    }
                }
            }
            Node::Array { element, .. } => {
                let given = self.types.expand(given);
                match self.types.node(given).clone() {
                    Node::Array { element: own, .. } => self.infer(element, own, bindings, depth),
                    Node::Map { value, .. } => self.infer(element, value, bindings, depth),
                    Node::Shape(number) => {
                        if let Some(own) = self.types.shapes[number as usize].element {
                            self.infer(element, own, bindings, depth);
                        }
                    }
                    Node::Union(list) => {
                        for &member in list.iter() {
                            self.infer(wanted, member, bindings, depth);
                        }
                    }
                    _ if given.is_any() => self.infer(element, given, bindings, depth),
                    _ => {}
                }
            }
            Node::Map { key, value, .. } => {
                let given = self.types.expand(given);
                match self.types.node(given).clone() {
                    Node::Map { key: k, value: v, .. } => {
                        self.infer(key, k, bindings, depth);
                        self.infer(value, v, bindings, depth);
                    }
                    Node::Array { element, .. } => {
                        self.infer(key, Ty::INTEGER, bindings, depth);
                        self.infer(value, element, bindings, depth);
                    }
                    Node::Record(record) => {
                        self.infer(key, Ty::STRING, bindings, depth);
                        let all: Vec<Ty> = record.fields.iter().map(|field| field.ty).collect();
                        let joined = self.types.union(&all);
                        self.infer(value, joined, bindings, depth);
                    }
                    Node::Shape(number) => {
                        let shape = &self.types.shapes[number as usize];
                        let all: Vec<Ty> = shape.fields.iter().map(|field| field.1).collect();
                        let element = shape.element;
                        if !all.is_empty() {
                            self.infer(key, Ty::STRING, bindings, depth);
                            let joined = self.types.union(&all);
                            self.infer(value, joined, bindings, depth);
                        }
                        if let Some(element) = element {
                            self.infer(key, Ty::INTEGER, bindings, depth);
                            self.infer(value, element, bindings, depth);
                        }
                    }
                    _ if given.is_any() => {
                        self.infer(key, given, bindings, depth);
                        self.infer(value, given, bindings, depth);
                    }
                    _ => {}
                }
            }
            Node::Union(list) => {
                // What is not covered by the other members belongs to the parameter.
                let rest = self.types.filter(given, &mut |types, member| {
                    !list.iter().any(|&own| !types.is_parametric(own) && types.assignable(member, own))
                });
                for &member in list.iter() {
                    if self.types.is_parametric(member) {
                        self.infer(member, rest, bindings, depth);
                    }
                }
            }
            Node::Intersection(list) => {
                for &member in list.iter() {
                    self.infer(member, given, bindings, depth);
                }
            }
            Node::Named(definition, parameters) => {
                if let Node::Named(own, arguments) = self.types.node(given).clone()
                    && own == definition
                {
                    for (&parameter, &argument) in parameters.iter().zip(arguments.iter()) {
                        self.infer(parameter, argument, bindings, depth);
                    }
                    return;
                }
                let expanded = self.types.expand(wanted);
                self.infer(expanded, given, bindings, depth);
            }
            Node::Record(record) => {
                let given = self.types.expand(given);
                for field in &record.fields {
                    let own = match self.types.node(given).clone() {
                        Node::Record(own) => own.field(field.name).map(|it| it.ty),
                        Node::Shape(number) => self.types.shapes[number as usize].get(field.name),
                        _ => None,
                    };
                    if let Some(own) = own {
                        self.infer(field.ty, own, bindings, depth);
                    }
                }
            }
            Node::Function(function) => {
                let given = self.types.expand(given);
                let Node::Function(own) = self.types.node(given).clone() else { return };
                for (parameter, own) in function.parameters.iter().zip(&own.parameters) {
                    if !own.ty.is_any() {
                        self.infer(parameter.ty, own.ty, bindings, depth);
                    }
                }
                let Returns::Declared(pack) = &function.result else { return };
                if pack.items.iter().all(|&ty| !self.types.is_parametric(ty)) {
                    return;
                }
                let pack = pack.clone();
                let returns = self.returns_of(&own);
                for (at, &item) in pack.items.iter().enumerate() {
                    let own = returns.items.get(at).copied().or(returns.tail).unwrap_or(Ty::NIL);
                    self.infer(item, own, bindings, depth);
                }
            }
            _ => {}
        }
    }

    fn mentions_literals(&mut self, ty: Ty) -> bool {
        let ty = self.types.expand(ty);
        self.types.members(ty).iter().any(|&member| self.types.is_literal(member) && ty != Ty::BOOLEAN)
    }

    // ---- builtins ----

    fn call_builtin(
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
            Builtin::None | Builtin::Row => None,
        }
    }

    /// `assert(f())`: the values, the first one not nil.
    fn asserted(&mut self, pack: Pack) -> Pack {
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
    fn element_of(&mut self, ty: Ty) -> Ty {
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

    fn comparator(&mut self, element: Ty) -> Ty {
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
