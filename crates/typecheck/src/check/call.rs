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
pub(super) struct Receiver {
    pub(super) ty: Ty,
}

impl<'a> Checker<'_, 'a> {
    /// `f(…)` where `f` has type `callee`.
    pub(super) fn call(&mut self, call: &'a Call<'a>, callee: Ty, span: Span, expected: Ty) -> Pack {
        let at = call.function.span;
        let pack = self.call_type(callee, call.arguments, None, at, span, expected);
        self.after_call();
        pack
    }

    pub(super) fn call_type(
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

    pub(super) fn not_callable(&mut self, ty: Ty, span: Span) {
        let shown = self.show(ty);
        self.report(Code::E0002, span, format!("expected function, got {shown}"));
    }

    /// Arguments of which nothing is demanded.
    pub(super) fn unchecked_arguments(
        &mut self,
        arguments: &'a [Expression<'a>],
        receiver: Option<Receiver>,
    ) {
        if let Some(receiver) = receiver {
            self.escape(receiver.ty);
        }
        for argument in arguments {
            let ty = self.value(argument, Ty::NONE);
            self.escape(ty);
        }
    }

    /// The first of several signatures that takes the arguments.
    pub(super) fn call_overloaded(
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

    pub(super) fn method_call_inner(
        &mut self,
        call: &'a MethodCall<'a>,
        object: Ty,
        span: Span,
        expected: Ty,
    ) -> Pack {
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
            return self.type_method(receiver, inner, call, span, expected);
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
    pub(super) fn reports_method(&mut self, ty: Ty, name: Symbol) -> bool {
        match *self.types.node(ty) {
            Node::Shape(number) => self.is_closed(number, name),
            Node::Record(_) | Node::Named(..) => true,
            _ => self.frame.strict,
        }
    }

    /// A call may change captured variables.
    pub(super) fn after_call(&mut self) {
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
    pub(super) fn call_function(
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
                let target = self.types.non_nil(guide);
                let target = self.types.expand(target);
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
            if lenient {
                // Lua converts where it can: what the row promises holds, whatever was given.
                for binding in &mut bindings {
                    if let Some(bound) = self.types.parameters[binding.0 as usize].bound
                        && !self.types.assignable(binding.1, bound)
                    {
                        binding.1 = bound;
                    }
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
        match function.builtin {
            Builtin::MathRandom if !arguments.is_empty() => pack = Pack::one(Ty::INTEGER),
            Builtin::StringFind | Builtin::StringMatch | Builtin::StringGmatch => {
                self.found_by_pattern(function.builtin, arguments.get(1 - offset.min(1)), &mut pack);
            }
            _ => {}
        }
        if lenient { self.soften_pack(pack) } else { pack }
    }

    /// Checks arguments against the parameters of a generic function, once its generics are known.
    pub(super) fn check_instance(
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
    pub(super) fn check_arity(
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
        let help = |wanted: usize| {
            let (wanted, own) = (wanted.saturating_sub(offset), given - offset);
            let plural = if wanted == 1 { "" } else { "s" };
            Some(format!("the function takes {wanted} argument{plural}, this call has {own}"))
        };
        if known < required {
            let help = if required == function.parameters.len() { help(required) } else { None };
            self.report_with(Code::E0003, span, "not enough arguments".to_owned(), help);
        } else if given > function.parameters.len() && function.vararg.is_none() {
            let first = function.parameters.len().saturating_sub(offset);
            if let Some(argument) = arguments.get(first)
                && !(argument.is_multiple() && first + 1 == arguments.len())
            {
                let help = help(function.parameters.len());
                self.report_with(Code::E0003, argument.span, "too many arguments".to_owned(), help);
            }
        }
    }

    /// What the call established about its arguments.
    pub(super) fn apply_facts(
        &mut self,
        function: &Function,
        arguments: &'a [Expression<'a>],
        offset: usize,
    ) {
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

    /// In code without annotations, results of builtins that may be nil are not held against it, and tables and objects
    /// may be asked for fields that they do not have.
    pub(super) fn soften(&mut self, ty: Ty) -> Ty {
        let expanded = self.types.expand(ty);
        match self.types.node(expanded) {
            Node::Array { .. } | Node::Map { .. } | Node::Record(_) | Node::Union(_) => Ty::DYN,
            _ => ty,
        }
    }

    pub(super) fn soften_pack(&mut self, pack: Pack) -> Pack {
        let items = pack.items.iter().map(|&ty| self.soften(ty)).collect();
        let tail = pack.tail.map(|ty| self.soften(ty));
        Pack { items, tail, rows: None }
    }
}
