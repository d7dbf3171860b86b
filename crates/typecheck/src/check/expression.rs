//! Expressions: what type each has, against what is expected of it.
//!
//! Left chains (`a.b.c()`, `a + b + c`) are walked with a loop, everything else recurses on nesting, which the parser
//! limits. Invariant: an expression that was blamed has type `any` for those around it, so one mistake is told once.

use smallvec::SmallVec;
use wippy_parser::ast::{Binary, BinaryOperator, Expression, ExpressionKind, FunctionBody};
use wippy_parser::{Span, Symbol};

use super::flow::Place;
use super::names::{Meaning, Variable};
use super::types::{Inferred, Node, Pack, Returns, Ty};
use super::{Checker, FunctionState};
use crate::diagnostic::Code;

/// What a value is wanted for; decides the wording of a mismatch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Assign,
    Return,
    ReturnAt(usize),
    Argument(usize),
    Field(Symbol),
    Element,
}

impl<'a> Checker<'_, 'a> {
    /// The type of an expression, one value. `expected` guides it (`NONE`: nothing is expected) but is not enforced.
    pub(super) fn value(&mut self, expression: &Expression<'a>, expected: Ty) -> Ty {
        match expression.kind {
            ExpressionKind::Name(symbol) => return self.read_name(symbol, expression.span),
            ExpressionKind::Call(_) | ExpressionKind::MethodCall(_) | ExpressionKind::Vararg => {
                let pack = self.multiple_expecting(expression, expected);
                return self.first(&pack);
            }
            _ => {}
        }
        if expression.left().is_none() {
            return self.atom(expression, expected);
        }
        let probe = std::mem::take(&mut self.probe);
        let mut chain: SmallVec<[&Expression<'a>; 8]> = SmallVec::new();
        let mut bottom = expression;
        while let Some(left) = bottom.left() {
            chain.push(bottom);
            bottom = left;
        }
        self.probe = chain.last().is_some_and(|parent| probes_left(parent));
        let mut ty = self.atom(bottom, Ty::NONE);
        for at in (0..chain.len()).rev() {
            let node = chain[at];
            self.probe = match at.checked_sub(1) {
                None => probe,
                Some(parent) => probes_left(chain[parent]),
            };
            let expected = if at == 0 { expected } else { Ty::NONE };
            ty = self.step(node, ty, expected);
        }
        self.probe = false;
        ty
    }

    pub(super) fn first(&mut self, pack: &Pack) -> Ty {
        pack.items.first().copied().or(pack.tail).unwrap_or(Ty::NIL)
    }

    /// An expression that continues nothing to its left.
    pub(super) fn atom(&mut self, expression: &Expression<'a>, expected: Ty) -> Ty {
        let probe = std::mem::take(&mut self.probe);
        match expression.kind {
            ExpressionKind::Nil => Ty::NIL,
            ExpressionKind::True => Ty::TRUE,
            ExpressionKind::False => Ty::FALSE,
            ExpressionKind::Integer(value) => self.types.add(Node::Integer(value)),
            ExpressionKind::Float(value) => self.types.add(Node::Float(value.to_bits())),
            ExpressionKind::String(symbol) => self.types.string(symbol),
            ExpressionKind::Vararg => {
                let pack = self.vararg_pack();
                self.first(&pack)
            }
            ExpressionKind::Name(symbol) => self.read_name(symbol, expression.span),
            ExpressionKind::Function(body) => self.function_value(body, expected, None),
            ExpressionKind::Table(items) => self.table(items, expression.span, expected),
            ExpressionKind::Unary { operator, operand } => self.unary(operator, operand, expression),
            ExpressionKind::Paren(inner) => {
                self.probe = probe;
                self.value(inner, expected)
            }
            _ => Ty::DYN,
        }
    }

    /// The node of a left chain whose left part has type `left`.
    pub(super) fn step(&mut self, node: &Expression<'a>, left: Ty, expected: Ty) -> Ty {
        match node.kind {
            ExpressionKind::Field { object, name } => {
                if let Some(known) = self.known_path(object, name.symbol) {
                    return known;
                }
                let probe = std::mem::take(&mut self.probe);
                self.read_field(left, name.symbol, name.span, probe)
            }
            ExpressionKind::Index { object, key } => {
                let probe = std::mem::take(&mut self.probe);
                let key_ty = self.value(key, Ty::NONE);
                if let Some(symbol) = self.constant_key(key)
                    && let Some(known) = self.known_path(object, symbol)
                {
                    return known;
                }
                self.read_index(left, key_ty, key.span, probe)
            }
            ExpressionKind::Call(call) => {
                self.probe = false;
                let pack = self.call(call, left, node.span, expected);
                self.first(&pack)
            }
            ExpressionKind::MethodCall(call) => {
                self.probe = false;
                let pack = self.method_call(call, left, node.span, expected);
                self.first(&pack)
            }
            ExpressionKind::Binary(binary) => {
                self.probe = false;
                self.binary(&binary, left, expected)
            }
            ExpressionKind::Cast(cast) => {
                self.probe = false;
                let target = self.lower(&cast.ty);
                if !self.types.overlaps(left, target) {
                    let (from, to) = (self.show(left), self.show(target));
                    self.report(
                        Code::E0000,
                        node.span,
                        format!("cannot cast {from} to {to}: go through any"),
                    );
                }
                target
            }
            ExpressionKind::NonNil(_) => {
                self.probe = false;
                if !left.is_any() && left != Ty::UNKNOWN && left != Ty::NEVER && !self.types.accepts_nil(left)
                {
                    self.report(Code::W0010, node.span, "'!' on a value that is never nil".to_owned());
                }
                self.types.non_nil(left)
            }
            _ => Ty::DYN,
        }
    }

    /// All values of an expression.
    pub(super) fn multiple(&mut self, expression: &Expression<'a>) -> Pack {
        self.multiple_expecting(expression, Ty::NONE)
    }

    pub(super) fn multiple_expecting(&mut self, expression: &Expression<'a>, expected: Ty) -> Pack {
        self.probe = false;
        match expression.kind {
            ExpressionKind::Vararg => self.vararg_pack(),
            ExpressionKind::Call(call) => {
                let left = self.value(&call.function, Ty::NONE);
                self.call(call, left, expression.span, expected)
            }
            ExpressionKind::MethodCall(call) => {
                let left = self.value(&call.object, Ty::NONE);
                self.method_call(call, left, expression.span, expected)
            }
            _ => Pack::one(self.value(expression, expected)),
        }
    }

    pub(super) fn vararg_pack(&self) -> Pack {
        match self.frame.vararg {
            Some(ty) if !ty.is_any() => Pack { items: Vec::new(), tail: Some(ty), rows: None },
            _ => Pack::dynamic(),
        }
    }

    /// The values of a list, each checked against what is expected of it; the last one may give any number.
    pub(super) fn values(&mut self, list: &[Expression<'a>], expected: &[Ty], purpose: Purpose) -> Pack {
        let mut pack = Pack::default();
        let Some((last, before)) = list.split_last() else { return pack };
        for (at, value) in before.iter().enumerate() {
            let ty =
                self.checked(value, expected.get(at).copied().unwrap_or(Ty::NONE), at_position(purpose, at));
            pack.items.push(ty);
        }
        let wanted = expected.get(before.len()).copied().unwrap_or(Ty::NONE);
        if !last.is_multiple() {
            let ty = self.checked(last, wanted, at_position(purpose, before.len()));
            pack.items.push(ty);
            return pack;
        }
        let spread = self.multiple_expecting(last, wanted);
        let first = self.first(&spread);
        let fallback = spread.items.is_empty() && spread.tail.is_none();
        if wanted != Ty::NONE {
            let first = if fallback { Ty::NIL } else { first };
            self.expect(first, wanted, last, at_position(purpose, before.len()));
        }
        if before.is_empty() {
            return spread;
        }
        pack.items.extend(spread.items);
        pack.tail = spread.tail;
        pack
    }

    /// The type of a value of which `expected` is demanded; says so if it does not fit.
    pub(super) fn checked(&mut self, value: &Expression<'a>, expected: Ty, purpose: Purpose) -> Ty {
        if expected == Ty::NONE {
            return self.value(value, expected);
        }
        let mut inner = value;
        while let ExpressionKind::Paren(next) = inner.kind {
            inner = next;
        }
        if let ExpressionKind::Table(items) = inner.kind
            && let Some(ty) = self.table_against(items, inner.span, expected, purpose)
        {
            return ty;
        }
        if let ExpressionKind::Binary(binary) = inner.kind
            && matches!(binary.operator, BinaryOperator::And | BinaryOperator::Or)
            && matches!(binary.right().kind, ExpressionKind::Table(_))
        {
            return self.checked_choice(&binary, expected, purpose);
        }
        let ty = self.value(value, expected);
        self.expect(ty, expected, value, purpose);
        ty
    }

    /// `x or {…}` where a type is expected: the table is checked against it, too.
    pub(super) fn checked_choice(&mut self, binary: &Binary<'a>, expected: Ty, purpose: Purpose) -> Ty {
        let is_and = binary.operator == BinaryOperator::And;
        self.probe = true;
        let left = self.value(binary.left(), expected);
        self.probe = false;
        let kept = if is_and { self.types.falsy(left) } else { self.types.truthy(left) };
        if kept != Ty::NEVER {
            self.expect(kept, expected, binary.left(), purpose);
        }
        let mark = self.flow.mark();
        let reachable = self.reachable;
        self.narrow(binary.left(), is_and);
        let right = self.checked(binary.right(), expected, purpose);
        self.flow.undo(mark);
        self.reachable = reachable;
        self.types.join(kept, right)
    }

    /// Says so if a value of type `given` does not fit.
    pub(super) fn expect(&mut self, given: Ty, expected: Ty, value: &Expression<'a>, purpose: Purpose) {
        self.expect_plain(given, expected, value.span, purpose);
    }

    pub(super) fn expect_plain(&mut self, given: Ty, expected: Ty, span: Span, purpose: Purpose) {
        if expected == Ty::NONE {
            return;
        }
        if self.options_strict_any && given.is_any() && !expected.is_any() && expected != Ty::UNKNOWN {
            let shown = self.show(expected);
            self.report(Code::W0011, span, format!("any flows into {shown}"));
        }
        if self.types.assignable(given, expected) {
            self.note_limit(span);
            return;
        }
        let message = self.mismatch(given, expected, purpose);
        self.report(Code::E0000, span, message);
    }

    /// Why a value does not fit, as a sentence.
    pub(super) fn mismatch(&mut self, given: Ty, expected: Ty, purpose: Purpose) -> String {
        let (from, to) = (self.show(given), self.show(expected));
        let detail = self.mismatch_detail(given, expected);
        match purpose {
            Purpose::Assign => format!("cannot assign {from} to {to}{detail}"),
            Purpose::Return | Purpose::ReturnAt(0) => format!("cannot return {from}, expected {to}{detail}"),
            Purpose::ReturnAt(at) => {
                format!("cannot return {from} at position {}, expected {to}{detail}", at + 1)
            }
            Purpose::Argument(at) => format!("argument {}: expected {to}, got {from}{detail}", at + 1),
            Purpose::Field(name) => {
                let name = self.text(name);
                format!("cannot assign {from} to {to}: field '{name}': expected {to}, got {from}{detail}")
            }
            Purpose::Element => format!("cannot assign {from} to {to}{detail}"),
        }
    }

    /// Which field is to blame.
    pub(super) fn mismatch_detail(&mut self, given: Ty, expected: Ty) -> String {
        let wanted = self.types.expand(expected);
        let Node::Record(wanted) = self.types.node(wanted).clone() else { return String::new() };
        let given = self.types.expand(given);
        for field in &wanted.fields {
            let own = match self.types.node(given).clone() {
                Node::Record(own) => own
                    .field(field.name)
                    .map(|own| if own.optional { self.types.optional(own.ty) } else { own.ty }),
                Node::Shape(number) => match self.types.shape_field(number, field.name) {
                    super::relate::ShapeField::Known(ty) => Some(ty),
                    super::relate::ShapeField::Unknown => continue,
                    super::relate::ShapeField::Missing => None,
                },
                _ => return String::new(),
            };
            let name = self.text(field.name);
            match own {
                None if field.optional || self.types.accepts_nil(field.ty) => {}
                None => return format!(": missing field '{name}'"),
                Some(own) => {
                    let target = if field.optional { self.types.optional(field.ty) } else { field.ty };
                    let both = self.types.assignable(own, target)
                        && (field.readonly || self.types.assignable(target, own));
                    if !both {
                        let (from, to) = (self.show(own), self.show(target));
                        return format!(": field '{name}': expected {to}, got {from}");
                    }
                }
            }
        }
        String::new()
    }

    // ---- names ----

    /// A variable is read.
    pub(super) fn read_name(&mut self, symbol: Symbol, span: Span) -> Ty {
        self.probe = false;
        match self.names.at(span.start) {
            Meaning::Variable(variable) => {
                let ty = self.flow.variable(variable);
                if ty == Ty::NONE {
                    return self.base_type(variable);
                }
                let declared = self.declared_type(variable);
                if declared != Ty::NONE
                    && !self.names.variable(variable).initialised
                    && !self.types.accepts_nil(declared)
                    && self.types.accepts_nil(ty)
                    && !ty.is_any()
                {
                    let text = self.text(symbol);
                    self.report(
                        Code::E0015,
                        span,
                        format!("variable '{text}' is used before being assigned"),
                    );
                    self.flow.set(Place(variable.0), declared);
                    return declared;
                }
                ty
            }
            Meaning::Definition(number) => {
                let definition = &self.types.definitions[(self.definition_base + number) as usize];
                let arguments: Vec<Ty> = definition.parameters.iter().map(|_| Ty::ANY).collect();
                let named = self.types.add(Node::Named(self.definition_base + number, arguments.into()));
                self.types.add(Node::TypeValue(named))
            }
            _ => self.global(symbol, span),
        }
    }

    /// As [`Self::read_name`], without a word.
    pub(super) fn name_type(&mut self, symbol: Symbol, span: Span) -> Ty {
        self.quietly(|checker| checker.read_name(symbol, span))
    }

    pub(super) fn global(&mut self, symbol: Symbol, span: Span) -> Ty {
        if self.names.environment_used || self.names.globals.contains(&symbol) {
            return Ty::DYN;
        }
        if let Some(&ty) = self.globals.get(&symbol) {
            return ty;
        }
        // In code without annotations a name may be provided by whoever runs it, unless it looks misspelt.
        if self.silent == 0 && (self.frame.strict || self.strict_file) {
            let text = self.text(symbol);
            let help = self.suggest_global(&text);
            if self.frame.strict || help.is_some() {
                self.report_with(Code::E0001, span, format!("undefined variable '{text}'"), help);
            }
        }
        Ty::DYN
    }

    /// What was learned about a field path.
    pub(super) fn known_path(&mut self, object: &Expression<'a>, name: Symbol) -> Option<Ty> {
        let parent = self.find_place(object)?;
        let place = self.flow.find(parent, name)?;
        let ty = self.flow.get(place);
        (ty != Ty::NONE).then_some(ty)
    }

    pub(super) fn constant_key(&mut self, key: &Expression<'a>) -> Option<Symbol> {
        match key.kind {
            ExpressionKind::String(_) | ExpressionKind::Integer(_) => self.key_symbol(key),
            _ => None,
        }
    }

    // ---- functions ----

    /// A function literal or declaration.
    pub(super) fn function_value(
        &mut self,
        body: &'a FunctionBody<'a>,
        expected: Ty,
        receiver: Option<Ty>,
    ) -> Ty {
        let number = self.names.function_at(body);
        let mut function = self.lower_signature(body, receiver);
        let mut expected_result = None;
        if expected != Ty::NONE {
            let expected = self.types.expand(expected);
            let expected = self.types.non_nil(expected);
            let expected = self.types.expand(expected);
            if let Node::Function(wanted) = self.types.node(expected).clone() {
                for (at, parameter) in function.parameters.iter_mut().enumerate() {
                    if parameter.ty != Ty::DYN {
                        continue;
                    }
                    parameter.ty = match wanted.parameters.get(at) {
                        Some(wanted) => wanted.ty,
                        None => wanted.vararg.unwrap_or(Ty::DYN),
                    };
                }
                if function.vararg == Some(Ty::DYN)
                    && let Some(vararg) = wanted.vararg
                {
                    function.vararg = Some(vararg);
                }
                if let (Returns::Inferred(_), Returns::Declared(pack)) = (&function.result, &wanted.result)
                    && !pack.items.iter().any(|&ty| self.types.is_parametric(ty))
                {
                    expected_result = Some(pack.clone());
                }
            }
        }
        let captured = self.snapshot(number);
        let parameters = function.clone();
        let ty = self.types.function(function);
        let strict = self.names.functions[number as usize].typed || (self.frame.strict && !self.frame.main);
        let state = FunctionState {
            signature: parameters,
            captured,
            expected: expected_result,
            strict: strict || self.strict_file_forced,
        };
        self.states[number as usize] = Some(state);
        if self.silent == 0 && !self.queued[number as usize] {
            self.queued[number as usize] = true;
            self.queue.push(number);
        }
        ty
    }

    /// The type of a function that is declared further down.
    pub(super) fn function_type_of(&mut self, body: &'a FunctionBody<'a>, receiver: Option<Ty>) -> Ty {
        let function = self.quietly(|checker| checker.lower_signature(body, receiver));
        self.types.function(function)
    }

    pub(super) fn snapshot(&mut self, number: u32) -> Vec<(Variable, Ty)> {
        let captures = self.names.functions[number as usize].captures.clone();
        captures
            .into_iter()
            .map(|variable| {
                let ty = match self.names.variable(variable).assigned {
                    0 => self.flow.variable(variable),
                    _ => Ty::NONE,
                };
                (variable, ty)
            })
            .collect()
    }

    /// A local function sees itself.
    pub(super) fn capture_self(&mut self, body: &FunctionBody<'a>, variable: Variable, ty: Ty) {
        let number = self.names.function_at(body);
        if let Some(state) = &mut self.states[number as usize] {
            for entry in &mut state.captured {
                if entry.0 == variable && self.names.variables[variable.0 as usize].assigned == 0 {
                    entry.1 = ty;
                }
            }
        }
    }

    /// What the body of a function returns.
    pub(super) fn inferred_returns(&mut self, number: u32) -> Pack {
        match self.types.inferred.get(number as usize) {
            Some(Inferred::Known(pack)) => pack.clone(),
            Some(Inferred::Unknown) if number >= self.function_base && self.demands < 6 => {
                let local = number - self.function_base;
                if self.states.get(local as usize).is_none_or(Option::is_none) || self.exhausted() {
                    return Pack::dynamic();
                }
                self.types.inferred[number as usize] = Inferred::InProgress;
                self.demands += 1;
                self.silent += 1;
                self.body(local);
                self.silent -= 1;
                self.demands -= 1;
                match &self.types.inferred[number as usize] {
                    Inferred::Known(pack) => pack.clone(),
                    _ => Pack::dynamic(),
                }
            }
            _ => Pack::dynamic(),
        }
    }
}

fn at_position(purpose: Purpose, at: usize) -> Purpose {
    match purpose {
        Purpose::Return => Purpose::ReturnAt(at),
        purpose => purpose,
    }
}

/// Whether a missing field is no mistake in the left operand of `parent`.
fn probes_left(parent: &Expression<'_>) -> bool {
    match parent.kind {
        ExpressionKind::Binary(binary) => matches!(
            binary.operator,
            BinaryOperator::And | BinaryOperator::Or | BinaryOperator::Equal | BinaryOperator::NotEqual
        ),
        _ => false,
    }
}
