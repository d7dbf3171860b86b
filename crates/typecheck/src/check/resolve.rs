//! The walk that finds out what each name stands for.
//!
//! One pass in source order; types are hoisted per block. Invariant: a binding is in force exactly inside its block,
//! after its declaration.

mod annotation;

use wippy_parser::ast::{
    Assign, Binding, Block, Chunk, Expression, ExpressionKind, FunctionBody, FunctionStatement,
    InterfaceItem, Name, Statement, StatementKind, TableItem, TypeExpression,
};
use wippy_parser::{Offset, Symbol};

use super::names::{
    DefinitionInfo, DefinitionSource, Fault, FaultKind, FunctionInfo, LoopInfo, Meaning, Names, Variable,
    VariableInfo, VariableKind, imported,
};
use super::relate::known;
use super::types::{Map, Set};

struct Bound {
    symbol: Symbol,
    meaning: Meaning,
    before: u32,
    is_type: bool,
}

struct Walk<'a> {
    names: Names<'a>,
    bindings: Vec<Bound>,
    /// By symbol: the innermost binding, plus one.
    values: Vec<u32>,
    types: Vec<u32>,
    /// The functions around, innermost last.
    stack: Vec<u32>,
    /// The loops around in the innermost function.
    loops: Vec<u32>,
    /// Labels and jumps of the innermost block.
    jumps: Jumps,
}

/// What a block declares and wants in the way of labels.
#[derive(Default)]
struct Jumps {
    labels: Vec<Name>,
    gotos: Vec<Name>,
}

/// Resolves the names of a chunk; `symbols` is how many the interner holds.
pub(super) fn resolve<'a>(chunk: &Chunk<'a>, symbols: usize) -> Names<'a> {
    let main = FunctionInfo { body: None, captures: Vec::new(), typed: false, receiver: None };
    let mut walk = Walk {
        names: Names {
            at: vec![0; chunk.span.end.index() + 1],
            variables: Vec::new(),
            functions: vec![main],
            loops: Vec::new(),
            definitions: Vec::new(),
            generics: Vec::new(),
            exported: Vec::new(),
            written: Set::default(),
            fields: Map::default(),
            instance_fields: Map::default(),
            globals: Set::default(),
            duplicates: Vec::new(),
            faults: Vec::new(),
            shadowing: Vec::new(),
            global_writes: Vec::new(),
            requires: Vec::new(),
            tricky: false,
            environment_used: false,
        },
        bindings: Vec::new(),
        values: vec![0; symbols],
        types: vec![0; symbols],
        stack: vec![0],
        loops: Vec::new(),
        jumps: Jumps::default(),
    };
    walk.block(&chunk.block, true);
    walk.undefined_labels();
    walk.names
}

impl<'a> Walk<'a> {
    fn function(&self) -> u32 {
        self.stack.last().copied().unwrap_or(0)
    }

    fn set(&mut self, offset: Offset, meaning: Meaning) {
        let entry = match meaning {
            Meaning::None => 0,
            Meaning::Variable(variable) => variable.0 << 3 | 1,
            Meaning::Definition(number) => number << 3 | 2,
            Meaning::Generic(number) => number << 3 | 3,
            Meaning::Function(number) => number << 3 | 4,
            Meaning::Loop(number) => number << 3 | 5,
        };
        if let Some(slot) = self.names.at.get_mut(offset.index()) {
            *slot = entry;
        }
    }

    fn bind(&mut self, symbol: Symbol, meaning: Meaning, is_type: bool) {
        let heads = if is_type { &mut self.types } else { &mut self.values };
        let head = &mut heads[symbol.0 as usize];
        self.bindings.push(Bound { symbol, meaning, before: *head, is_type });
        *head = self.bindings.len() as u32;
    }

    fn leave(&mut self, mark: usize) {
        while self.bindings.len() > mark {
            if let Some(bound) = self.bindings.pop() {
                let heads = if bound.is_type { &mut self.types } else { &mut self.values };
                heads[bound.symbol.0 as usize] = bound.before;
            }
        }
    }

    fn look_up(&self, symbol: Symbol, is_type: bool) -> Meaning {
        let heads = if is_type { &self.types } else { &self.values };
        match heads[symbol.0 as usize] {
            0 => Meaning::None,
            head => self.bindings[head as usize - 1].meaning,
        }
    }

    fn declare(
        &mut self,
        name: Name,
        kind: VariableKind,
        annotation: Option<&'a TypeExpression<'a>>,
        initialised: bool,
    ) -> Variable {
        if !matches!(kind, VariableKind::Receiver(_))
            && let Meaning::Variable(_) = self.look_up(name.symbol, false)
        {
            self.names.shadowing.push(name);
        }
        let variable = Variable(self.names.variables.len() as u32);
        self.names.variables.push(VariableInfo {
            name: name.symbol,
            span: name.span,
            function: self.function(),
            kind,
            annotated: annotation.is_some(),
            annotation,
            value: None,
            initialised,
            assigned: 0,
            reads: 0,
            captured: false,
            table: false,
            class: None,
            late: None,
            import: None,
        });
        self.bind(name.symbol, Meaning::Variable(variable), false);
        if !matches!(kind, VariableKind::Receiver(_)) {
            self.set(name.span.start, Meaning::Variable(variable));
        }
        variable
    }

    fn typed(&mut self) {
        let function = self.function() as usize;
        self.names.functions[function].typed = true;
    }

    fn fault(&mut self, kind: FaultKind, name: Name) {
        let function = self.function();
        self.names.faults.push(Fault { kind, name, function });
    }

    /// Names that one list declares twice.
    fn distinct(&mut self, list: &[Binding<'a>]) {
        for (at, binding) in list.iter().enumerate().skip(1) {
            if list.len() < 300 && list[..at].iter().any(|it| it.name.symbol == binding.name.symbol) {
                self.fault(FaultKind::DuplicateLocal, binding.name);
            }
        }
    }

    /// Jumps of a function that found no label.
    fn undefined_labels(&mut self) {
        for name in std::mem::take(&mut self.jumps).gotos {
            self.fault(FaultKind::UndefinedLabel, name);
        }
    }

    // ---- statements ----

    fn block(&mut self, block: &Block<'a>, outermost: bool) {
        let mark = self.bindings.len();
        self.statements(block, outermost);
        self.leave(mark);
    }

    fn statements(&mut self, block: &Block<'a>, outermost: bool) {
        self.hoist(block, outermost);
        let around = std::mem::take(&mut self.jumps);
        for statement in block.statements {
            self.statement(statement);
        }
        // What has no label here may have one in a block around.
        let own = std::mem::replace(&mut self.jumps, around);
        let wanted = own.gotos.into_iter();
        self.jumps.gotos.extend(wanted.filter(|it| own.labels.iter().all(|label| label.symbol != it.symbol)));
    }

    /// Types are visible in their whole block.
    fn hoist(&mut self, block: &Block<'a>, outermost: bool) {
        let first = self.names.definitions.len();
        for statement in block.statements {
            let (name, source) = match statement.kind {
                StatementKind::TypeAlias(alias) => (alias.name, DefinitionSource::Alias(alias)),
                StatementKind::Interface(interface) => {
                    (interface.name, DefinitionSource::Interface(interface))
                }
                _ => continue,
            };
            if let Meaning::Definition(known) = self.look_up(name.symbol, true)
                && known as usize >= first
            {
                let span = self.names.definitions[known as usize].name.span;
                self.names.duplicates.push((name, span));
            }
            let number = self.names.definitions.len() as u32;
            self.names.definitions.push(DefinitionInfo { name, generics: Vec::new(), source });
            self.bind(name.symbol, Meaning::Definition(number), true);
            self.bind(name.symbol, Meaning::Definition(number), false);
            self.set(name.span.start, Meaning::Definition(number));
            if outermost {
                self.names.exported.push((name.symbol, number));
            }
            self.typed();
        }
    }

    fn statement(&mut self, statement: &Statement<'a>) {
        match statement.kind {
            StatementKind::Empty => {}
            StatementKind::Break if self.loops.is_empty() => {
                let name = Name { symbol: Symbol::SELF, span: statement.span };
                self.fault(FaultKind::BreakOutside, name);
            }
            StatementKind::Break => {}
            StatementKind::Goto(name) => self.jumps.gotos.push(name),
            StatementKind::Label(name) => {
                let known = self.jumps.labels.iter().any(|label| label.symbol == name.symbol);
                if known {
                    self.fault(FaultKind::DuplicateLabel, name);
                }
                self.jumps.labels.push(name);
            }
            StatementKind::Call(call) => self.expression(call),
            StatementKind::Assign(assign) => self.assign(assign),
            StatementKind::Local(local) => {
                for value in local.values {
                    self.expression(value);
                }
                for binding in local.names {
                    self.annotation(binding);
                }
                self.distinct(local.names);
                for (at, binding) in local.names.iter().enumerate() {
                    let value = local.values.get(at);
                    let spread = local.values.last().is_some_and(Expression::is_multiple);
                    let initialised = value.is_some() || spread;
                    let variable = self.declare(binding.name, VariableKind::Local, binding.ty, initialised);
                    if let Some(value) = value {
                        let (table, class) = self.table_value(value);
                        let info = &mut self.names.variables[variable.0 as usize];
                        info.value = Some(value);
                        info.table = table;
                        info.class = class;
                        info.import = imported(value);
                    }
                }
            }
            StatementKind::LocalFunction(local) => {
                self.declare(local.name, VariableKind::Function, None, true);
                self.body(local.body, None);
            }
            StatementKind::Function(function) => self.function_statement(function),
            StatementKind::Do(block) => self.block(block, false),
            StatementKind::While(node) => {
                self.enter_loop(statement);
                self.expression(&node.condition);
                self.block(&node.block, false);
                self.loops.pop();
            }
            StatementKind::Repeat(node) => {
                self.enter_loop(statement);
                let mark = self.bindings.len();
                self.statements(&node.block, false);
                self.expression(&node.condition);
                self.leave(mark);
                self.loops.pop();
            }
            StatementKind::If(node) => {
                for arm in node.arms {
                    self.expression(&arm.condition);
                    self.block(&arm.block, false);
                }
                if let Some(block) = &node.otherwise {
                    self.block(block, false);
                }
            }
            StatementKind::NumericFor(node) => {
                self.expression(&node.start);
                self.expression(&node.limit);
                if let Some(step) = &node.step {
                    self.expression(step);
                }
                self.annotation(&node.variable);
                self.enter_loop(statement);
                let mark = self.bindings.len();
                self.declare(node.variable.name, VariableKind::Loop, node.variable.ty, true);
                self.statements(&node.block, false);
                self.leave(mark);
                self.loops.pop();
            }
            StatementKind::GenericFor(node) => {
                for value in node.values {
                    self.expression(value);
                }
                self.enter_loop(statement);
                let mark = self.bindings.len();
                self.distinct(node.names);
                for binding in node.names {
                    self.annotation(binding);
                    self.declare(binding.name, VariableKind::Loop, binding.ty, true);
                }
                self.statements(&node.block, false);
                self.leave(mark);
                self.loops.pop();
            }
            StatementKind::Return(values) => {
                for value in values {
                    self.expression(value);
                }
            }
            StatementKind::TypeAlias(alias) => {
                let mark = self.bindings.len();
                let generics = self.generics(alias.generics);
                self.ty(&alias.ty);
                self.leave(mark);
                self.define(alias.name, generics);
            }
            StatementKind::Interface(interface) => {
                let mark = self.bindings.len();
                let generics = self.generics(interface.generics);
                for parent in interface.parents {
                    self.ty(parent);
                }
                for item in interface.items {
                    match item {
                        InterfaceItem::Field(field) => self.ty(field.ty),
                        InterfaceItem::Method(method) => {
                            let mark = self.bindings.len();
                            self.generics(method.generics);
                            for binding in method.parameters {
                                if let Some(ty) = binding.ty {
                                    self.ty(ty);
                                }
                            }
                            self.vararg(method.vararg);
                            self.result(method.result);
                            self.leave(mark);
                        }
                    }
                }
                self.leave(mark);
                self.define(interface.name, generics);
            }
        }
    }

    fn define(&mut self, name: Name, generics: Vec<u32>) {
        if let Meaning::Definition(number) = self.names.at(name.span.start) {
            self.names.definitions[number as usize].generics = generics;
        }
    }

    fn enter_loop(&mut self, statement: &Statement<'a>) {
        let number = self.names.loops.len() as u32;
        let first = self.names.variables.len() as u32;
        self.names.loops.push(LoopInfo { first, ..LoopInfo::default() });
        self.set(statement.span.start, Meaning::Loop(number));
        self.loops.push(number);
    }

    fn assign(&mut self, assign: &Assign<'a>) {
        for value in assign.values {
            self.expression(value);
        }
        for (at, target) in assign.targets.iter().enumerate() {
            let value = assign.values.get(at);
            match target.kind {
                ExpressionKind::Name(symbol) => {
                    let name = Name { symbol, span: target.span };
                    self.assigned(name, false);
                    if let (Meaning::Variable(variable), Some(value)) =
                        (self.names.at(target.span.start), value)
                    {
                        self.note_late(variable, value);
                    }
                }
                ExpressionKind::Field { object, name } => {
                    self.expression(object);
                    self.written(object, name.symbol);
                }
                ExpressionKind::Index { object, key } => {
                    self.expression(object);
                    self.expression(key);
                    if let ExpressionKind::String(symbol) = key.kind {
                        self.written(object, symbol);
                    }
                }
                _ => self.expression(target),
            }
        }
    }

    /// Remembers that the only value of a variable is a function.
    fn note_late(&mut self, variable: Variable, value: &Expression<'a>) {
        let info = &self.names.variables[variable.0 as usize];
        let late = match value.kind {
            ExpressionKind::Function(body) if info.assigned == 1 && !info.initialised && !info.annotated => {
                Some(self.names.function_at(body))
            }
            _ => None,
        };
        self.names.variables[variable.0 as usize].late = late;
    }

    /// A plain variable is assigned.
    fn assigned(&mut self, name: Name, is_function: bool) {
        let meaning = self.look_up(name.symbol, false);
        self.set(name.span.start, meaning);
        match meaning {
            Meaning::Variable(variable) => {
                self.capture(variable);
                let info = &mut self.names.variables[variable.0 as usize];
                info.assigned += 1;
                info.late = None;
                for &number in &self.loops {
                    let info = &mut self.names.loops[number as usize];
                    if variable.0 < info.first && !info.assigned.contains(&variable) {
                        info.assigned.push(variable);
                    }
                }
            }
            Meaning::None => {
                self.names.globals.insert(name.symbol);
                self.names.global_writes.push((name, is_function));
                if name.symbol == Symbol::ENV {
                    self.names.environment_used = true;
                }
            }
            _ => {}
        }
    }

    /// `object.name` is assigned.
    fn written(&mut self, object: &Expression<'a>, name: Symbol) {
        for &number in &self.loops {
            self.names.loops[number as usize].fields.insert(name);
        }
        if let ExpressionKind::Name(symbol) = object.kind
            && symbol == known::G
            && self.look_up(symbol, false) == Meaning::None
        {
            self.names.globals.insert(name);
        }
        if let ExpressionKind::Name(_) = object.kind
            && let Meaning::Variable(variable) = self.names.at(object.span.start)
        {
            let info = &self.names.variables[variable.0 as usize];
            if let VariableKind::Receiver(Some(class)) = info.kind {
                self.names.instance_fields.entry(class).or_default().insert(name);
                // A class may be used as an object, too.
                self.names.fields.entry(class).or_default().insert(name);
                return;
            }
            if let Some(class) = info.class {
                self.names.instance_fields.entry(class).or_default().insert(name);
                return;
            }
            if info.table && info.assigned == 0 {
                self.names.fields.entry(variable).or_default().insert(name);
                return;
            }
        }
        self.names.written.insert(name);
    }

    /// Whether a value is a new table, and of which class.
    fn table_value(&self, value: &Expression<'a>) -> (bool, Option<Variable>) {
        match value.kind {
            ExpressionKind::Table(_) => (true, None),
            ExpressionKind::Call(call) => {
                let ([_, metatable], ExpressionKind::Name(_)) = (call.arguments, call.function.kind) else {
                    return (false, None);
                };
                match (metatable.kind, self.names.at(metatable.span.start)) {
                    (ExpressionKind::Name(_), Meaning::Variable(class))
                        if !matches!(self.names.variable(class).kind, VariableKind::Parameter) =>
                    {
                        match self.names.variable(class).kind {
                            VariableKind::Receiver(class) => (class.is_some(), class),
                            _ => (true, Some(class)),
                        }
                    }
                    (ExpressionKind::Table(_), _) => (true, None),
                    _ => (false, None),
                }
            }
            _ => (false, None),
        }
    }

    fn function_statement(&mut self, function: &FunctionStatement<'a>) {
        let last = function.method.or(function.fields.last().copied());
        let class = match last {
            None => {
                self.assigned(function.base, true);
                None
            }
            Some(last) => {
                let meaning = self.look_up(function.base.symbol, false);
                self.set(function.base.span.start, meaning);
                self.read(meaning);
                let direct = function.fields.len() + usize::from(function.method.is_some()) == 1;
                let base =
                    Expression { span: function.base.span, kind: ExpressionKind::Name(function.base.symbol) };
                if direct {
                    self.written(&base, last.symbol);
                } else {
                    self.names.written.insert(last.symbol);
                    for field in function.fields {
                        self.names.written.insert(field.symbol);
                    }
                }
                match meaning {
                    Meaning::Variable(variable) if direct => Some(variable),
                    _ => None,
                }
            }
        };
        self.body(function.body, Some(class));
        if last.is_none()
            && let Meaning::Variable(variable) = self.names.at(function.base.span.start)
        {
            let number = self.names.function_at(function.body);
            let info = &mut self.names.variables[variable.0 as usize];
            if info.assigned == 1 && !info.initialised && !info.annotated {
                info.late = Some(number);
            }
        }
    }

    fn body(&mut self, body: &'a FunctionBody<'a>, class: Option<Option<Variable>>) {
        let number = self.names.functions.len() as u32;
        self.names.functions.push(FunctionInfo {
            body: Some(body),
            captures: Vec::new(),
            typed: false,
            receiver: None,
        });
        self.set(body.keyword.start, Meaning::Function(number));
        self.stack.push(number);
        let loops = std::mem::take(&mut self.loops);
        let jumps = std::mem::take(&mut self.jumps);
        let mark = self.bindings.len();
        self.distinct(body.parameters);
        if !body.generics.is_empty() {
            self.typed();
        }
        self.generics(body.generics);
        if body.has_self {
            let name = Name { symbol: Symbol::SELF, span: body.keyword };
            let receiver = self.declare(name, VariableKind::Receiver(class.flatten()), None, true);
            self.names.functions[number as usize].receiver = Some(receiver);
        }
        for (at, binding) in body.parameters.iter().enumerate() {
            self.annotation(binding);
            let is_self =
                at == 0 && !body.has_self && binding.name.symbol == Symbol::SELF && binding.ty.is_none();
            let kind = match class.flatten() {
                Some(class) if is_self => VariableKind::Receiver(Some(class)),
                _ => VariableKind::Parameter,
            };
            let variable = self.declare(binding.name, kind, binding.ty, true);
            self.set(binding.name.span.start, Meaning::Variable(variable));
            if is_self && class.flatten().is_some() {
                self.names.functions[number as usize].receiver = Some(variable);
            }
        }
        self.vararg(body.vararg);
        if body.vararg.is_some_and(|vararg| vararg.ty.is_some()) || body.result.is_some() {
            self.typed();
        }
        self.result(body.result);
        self.statements(&body.block, false);
        self.undefined_labels();
        self.jumps = jumps;
        self.leave(mark);
        self.loops = loops;
        self.stack.pop();
    }

    fn annotation(&mut self, binding: &Binding<'a>) {
        if let Some(ty) = binding.ty {
            self.typed();
            self.ty(ty);
        }
    }

    fn read(&mut self, meaning: Meaning) {
        if let Meaning::Variable(variable) = meaning {
            self.names.variables[variable.0 as usize].reads += 1;
            self.capture(variable);
        }
    }

    /// Notes that functions between the variable's own and the current one capture it.
    fn capture(&mut self, variable: Variable) {
        let owner = self.names.variables[variable.0 as usize].function;
        if owner == self.function() {
            return;
        }
        self.names.variables[variable.0 as usize].captured = true;
        for &number in self.stack.iter().rev() {
            if number == owner {
                break;
            }
            let captures = &mut self.names.functions[number as usize].captures;
            if captures.contains(&variable) {
                break;
            }
            captures.push(variable);
        }
    }

    // ---- expressions ----

    fn expression(&mut self, expression: &Expression<'a>) {
        let mut at = expression;
        loop {
            match at.kind {
                ExpressionKind::Nil
                | ExpressionKind::True
                | ExpressionKind::False
                | ExpressionKind::Vararg
                | ExpressionKind::Integer(_)
                | ExpressionKind::Float(_)
                | ExpressionKind::String(_) => {}
                ExpressionKind::Name(symbol) => {
                    let meaning = self.look_up(symbol, false);
                    self.set(at.span.start, meaning);
                    self.read(meaning);
                    if meaning == Meaning::None {
                        self.names.environment_used |= symbol == Symbol::ENV;
                        self.names.tricky |= known::TRICKY.contains(&symbol);
                    }
                }
                ExpressionKind::Function(body) => self.body(body, None),
                ExpressionKind::Table(items) => {
                    for item in items {
                        match item {
                            TableItem::Item(value) => self.expression(value),
                            TableItem::Named { value, .. } => self.expression(value),
                            TableItem::Keyed(item) => {
                                self.expression(&item.key);
                                self.expression(&item.value);
                            }
                        }
                    }
                }
                ExpressionKind::Index { key, .. } => self.expression(key),
                ExpressionKind::Field { .. } => {}
                ExpressionKind::Call(call) => {
                    if let Some(module) = imported(at)
                        && let Some(argument) = call.arguments.first()
                        && self.look_up(known::REQUIRE, false) == Meaning::None
                    {
                        self.names.requires.push((module, argument.span));
                    }
                    for argument in call.arguments {
                        self.expression(argument);
                    }
                }
                ExpressionKind::MethodCall(call) => {
                    for argument in call.arguments {
                        self.expression(argument);
                    }
                }
                ExpressionKind::Binary(binary) => self.expression(binary.right()),
                ExpressionKind::Unary { operand, .. } => self.expression(operand),
                ExpressionKind::Paren(inner) => self.expression(inner),
                ExpressionKind::Cast(cast) => {
                    self.typed();
                    self.ty(&cast.ty);
                }
                ExpressionKind::NonNil(_) => self.typed(),
            }
            match at.left() {
                Some(left) => at = left,
                None => return,
            }
        }
    }
}
