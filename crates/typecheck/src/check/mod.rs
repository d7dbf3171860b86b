//! The checker: one pass over a chunk that follows what is known about each value.
//!
//! [`Session`] holds what chunks share: types, the environment, the modules checked so far; [`Project`] adds texts under
//! edit. Neither knows files: whoever uses them provides texts. Invariant: the report on a chunk depends on its text, the reports on what it requires and the
//! environment, on nothing else; so an unchanged chunk is never checked twice.

#[cfg(test)]
mod agreement;
mod annotation;
mod builtins;
mod call;
mod correlated;
mod environment;
mod expression;
mod facts;
mod fields;
mod flow;
mod generics;
mod interface;
mod lint;
mod loops;
mod names;
mod narrow;
mod operators;
mod patterns;
mod project;
mod relate;
mod resolve;
mod select;
mod session;
mod show;
mod statement;
mod suppress;
mod table;
mod type_values;
mod typeof_type;
mod types;
mod writes;

use std::rc::Rc;
use std::sync::Arc;

use wippy_parser::ast::{Chunk, Expression};
use wippy_parser::nearest::nearest;
use wippy_parser::{Interner, LineIndex, Span, Symbol};

use self::flow::{Delta, Flow};
use self::names::{FaultKind, Meaning, Names, Variable, VariableKind};
use self::types::{Function, Inferred, Map, Pack, Set, Ty, Types};
use crate::diagnostic::{Code, Diagnostic};

pub use environment::Environment;
pub use project::Project;
pub use session::{Options, Report, Resolution, Resolver, Session};

/// How deep functions may be nested in one another while they are walked.
const BODY_DEPTH: u32 = 400;

/// Variables bound together to the values of one call.
#[derive(Clone, Debug)]
struct Group {
    members: Vec<Variable>,
    rows: Arc<[Vec<Ty>]>,
}

#[derive(Debug)]
struct LoopFrame {
    mark: usize,
    breaks: Vec<Delta>,
}

/// A function whose body is to be walked.
#[derive(Clone, Debug)]
struct FunctionState {
    signature: Function,
    captured: Vec<(Variable, Ty)>,
    /// Results the context asks for.
    expected: Option<Pack>,
    strict: bool,
}

/// The function being walked.
#[derive(Debug, Default)]
struct Frame {
    main: bool,
    /// Whether its code is annotated, and so checked in full.
    strict: bool,
    declared: Option<Pack>,
    /// Whether the results were written as its annotation.
    returns_written: bool,
    vararg: Option<Ty>,
    loops: Vec<LoopFrame>,
    collected: Vec<Pack>,
    collected_too_many: bool,
}

/// The walk over one chunk.
struct Checker<'s, 'a> {
    types: &'s mut Types,
    interner: &'s mut Interner,
    globals: &'s Map<Symbol, Ty>,
    environment_types: &'s Map<Symbol, u32>,
    /// What `require` gives, by name.
    modules: &'s Map<Symbol, session::Module>,
    /// Modules of the environment, whether required or not.
    host_modules: &'s Map<Symbol, session::Module>,
    source: &'a [u8],
    lines: &'s LineIndex,
    names: Rc<Names<'a>>,
    flow: Flow,
    /// By variable: declared, or what it holds where nothing else is known.
    bases: Vec<Ty>,
    states: Vec<Option<FunctionState>>,
    queued: Vec<bool>,
    queue: Vec<u32>,
    kinds: Map<Variable, &'a Expression<'a>>,
    tests: Map<Variable, (&'a Expression<'a>, Ty)>,
    groups: Vec<Group>,
    /// Channels that a select tells apart, each with a type of its own.
    channels: Map<Variable, Ty>,
    constructors: Map<u32, (u32, Ty)>,
    shape_variables: Map<u32, Variable>,
    volatile: Vec<Variable>,
    diagnostics: Vec<Diagnostic>,
    frame: Frame,
    reachable: bool,
    probe: bool,
    silent: u32,
    demands: u32,
    depth: u32,
    loop_depth: u32,
    loop_exits: Vec<Delta>,
    loop_mark: usize,
    steps: u64,
    step_limit: u64,
    function_base: u32,
    /// Inferred tables before this one belong to other chunks and stay as they are.
    shape_base: u32,
    /// Those of them that this chunk may have written to.
    opened: Set<u32>,
    generic_base: u32,
    definition_base: u32,
    /// Whether what is read are the rows of the environment.
    of_environment: bool,
    /// Whether types are being declared, before anything is known about values.
    hoisting: bool,
    /// Whether the chunk has annotations at all.
    strict_file: bool,
    strict_file_forced: bool,
    options_strict_any: bool,
    options_strict_index: bool,
    style: bool,
    /// How often a similar name may still be looked for, which takes a while.
    suggestions: u32,
    /// What the chunk returns.
    export: Ty,
}

/// What a walk reads and does not change.
#[derive(Clone, Copy)]
struct Shared<'s, 'a> {
    globals: &'s Map<Symbol, Ty>,
    environment_types: &'s Map<Symbol, u32>,
    modules: &'s Map<Symbol, session::Module>,
    host_modules: &'s Map<Symbol, session::Module>,
    source: &'a [u8],
    lines: &'s LineIndex,
}

/// Statements and loop rounds a walk may take before it gives up, beside one for each byte of the text.
const STEPS: u64 = 2_000_000;

impl<'s, 'a> Checker<'s, 'a> {
    fn new(
        types: &'s mut Types,
        interner: &'s mut Interner,
        shared: Shared<'s, 'a>,
        names: Rc<Names<'a>>,
    ) -> Self {
        let Shared { globals, environment_types, modules, host_modules, source, lines } = shared;
        let function_base = types.inferred.len() as u32;
        let shape_base = types.shapes.len() as u32;
        Self {
            types,
            interner,
            globals,
            environment_types,
            modules,
            host_modules,
            source,
            lines,
            flow: Flow::new(names.variables.len()),
            bases: vec![Ty::NONE; names.variables.len()],
            states: names.functions.iter().map(|_| None).collect(),
            queued: vec![false; names.functions.len()],
            queue: Vec::new(),
            kinds: Map::default(),
            tests: Map::default(),
            groups: Vec::new(),
            channels: Map::default(),
            constructors: Map::default(),
            shape_variables: Map::default(),
            volatile: Vec::new(),
            diagnostics: Vec::new(),
            frame: Frame::default(),
            reachable: true,
            probe: false,
            silent: 0,
            demands: 0,
            depth: 0,
            loop_depth: 0,
            loop_exits: Vec::new(),
            loop_mark: 0,
            steps: 0,
            step_limit: STEPS + source.len() as u64,
            function_base,
            shape_base,
            opened: Set::default(),
            of_environment: false,
            generic_base: 0,
            definition_base: 0,
            hoisting: false,
            strict_file: false,
            strict_file_forced: false,
            options_strict_any: false,
            options_strict_index: false,
            style: false,
            suggestions: 50,
            export: Ty::DYN,
            names,
        }
    }
}

impl<'a> Checker<'_, 'a> {
    /// Walks the chunk, then every function in it.
    fn run(&mut self, chunk: &Chunk<'a>) {
        for number in 0..self.names.functions.len() {
            let facts = self.facts_of(number as u32);
            self.types.facts.push(facts);
            self.types.inferred.push(Inferred::Unknown);
        }
        self.declare_types();
        self.report_names();
        self.strict_file = self.names.functions.iter().any(|function| function.typed);
        self.frame = Frame {
            main: true,
            strict: self.names.functions[0].typed || self.strict_file_forced,
            vararg: Some(Ty::DYN),
            ..Frame::default()
        };
        self.reachable = true;
        self.block(&chunk.block);
        let collected = std::mem::take(&mut self.frame.collected);
        let mut export: Vec<Ty> =
            collected.iter().map(|pack| pack.items.first().copied().unwrap_or(Ty::DYN)).collect();
        if self.reachable {
            export.push(Ty::TRUE);
        }
        self.export = if export.len() == 1 { export[0] } else { Ty::DYN };
        // Functions come in the order in which they were met; their own functions are appended.
        let mut next = 0;
        while next < self.queue.len() {
            let number = self.queue[next];
            next += 1;
            self.body(number);
        }
    }

    /// What the walk over names found wrong.
    fn report_names(&mut self) {
        let names = Rc::clone(&self.names);
        for fault in &names.faults {
            let text = self.text(fault.name.symbol);
            let (code, message) = match fault.kind {
                FaultKind::DuplicateLocal if text.starts_with('_') => continue,
                // Nothing fails because of it, so it is a matter for those who write types.
                FaultKind::DuplicateLocal if !names.functions[fault.function as usize].typed => continue,
                FaultKind::DuplicateLocal => (Code::E0017, format!("duplicate local '{text}'")),
                FaultKind::DuplicateLabel => (Code::E0017, format!("duplicate label '{text}'")),
                FaultKind::UndefinedLabel => (Code::E0001, format!("undefined label '{text}'")),
                FaultKind::BreakOutside => (Code::E0019, "break outside loop".to_owned()),
            };
            self.report(code, fault.name.span, message);
        }
    }

    /// Walks the body of a function, from what was known where it was made.
    fn body(&mut self, number: u32) {
        let names = Rc::clone(&self.names);
        let Some(body) = names.functions[number as usize].body else { return };
        let Some(state) = self.states[number as usize].clone() else { return };
        if self.depth > BODY_DEPTH {
            return;
        }
        self.depth += 1;
        let declared = match &state.signature.result {
            types::Returns::Declared(pack) => Some(pack.clone()),
            _ => state.expected.clone(),
        };
        let frame = Frame {
            main: false,
            strict: state.strict,
            returns_written: body.result.is_some(),
            declared,
            vararg: state.signature.vararg,
            ..Frame::default()
        };
        let before = std::mem::replace(&mut self.frame, frame);
        let (reachable, loop_depth, loop_mark) = (self.reachable, self.loop_depth, self.loop_mark);
        let loop_exits = std::mem::take(&mut self.loop_exits);
        let volatile = std::mem::take(&mut self.volatile);
        let probe = std::mem::take(&mut self.probe);
        self.loop_depth = 0;
        self.reachable = true;
        let mark = self.flow.mark();
        for &(variable, ty) in &state.captured {
            let ty = if ty == Ty::NONE { self.base_type(variable) } else { ty };
            self.flow.assign(variable, ty);
        }
        let mut parameters = state.signature.parameters.iter();
        if body.has_self {
            let ty = parameters.next().map_or(Ty::DYN, |it| it.ty);
            if let Some(receiver) = names.functions[number as usize].receiver {
                self.bind_parameter(receiver, ty, false);
            }
        }
        for (binding, parameter) in body.parameters.iter().zip(parameters) {
            if let Meaning::Variable(variable) = names.at(binding.name.span.start) {
                self.bind_parameter(variable, parameter.ty, binding.ty.is_some());
            }
        }
        self.block(&body.block);
        if self.reachable {
            self.frame.collected.push(Pack::default());
            if let Some(declared) = self.frame.declared.clone()
                && self.frame.returns_written
            {
                let missing =
                    declared.items.first().is_some_and(|&ty| ty == Ty::NEVER || !self.types.accepts_nil(ty));
                if missing {
                    self.report(Code::E0010, body.keyword, "missing return".to_owned());
                }
            }
        }
        let frame = std::mem::replace(&mut self.frame, before);
        let returns = self.returned(&frame);
        let global = (self.function_base + number) as usize;
        self.types.inferred[global] = Inferred::Known(returns);
        self.flow.undo(mark);
        (self.reachable, self.loop_depth, self.loop_mark) = (reachable, loop_depth, loop_mark);
        self.loop_exits = loop_exits;
        self.volatile = volatile;
        self.probe = probe;
        self.depth -= 1;
    }

    fn bind_parameter(&mut self, variable: Variable, ty: Ty, annotated: bool) {
        let ty = if ty == Ty::SELF { Ty::DYN } else { ty };
        self.bases[variable.0 as usize] = ty;
        let info = self.names.variable(variable);
        if info.assigned > 0 && !annotated && !matches!(info.kind, VariableKind::Receiver(_)) {
            self.bases[variable.0 as usize] = Ty::DYN;
            let start = if info.captured { Ty::DYN } else { ty };
            self.flow.assign(variable, start);
            return;
        }
        self.flow.assign(variable, ty);
    }

    /// What a function returns, from its `return` statements.
    fn returned(&mut self, frame: &Frame) -> Pack {
        if frame.collected_too_many {
            return Pack::dynamic();
        }
        if frame.collected.is_empty() {
            return Pack::one(Ty::NEVER);
        }
        if frame.collected.iter().any(|pack| pack.tail.is_some()) {
            let first: Vec<Ty> = frame
                .collected
                .iter()
                .map(|pack| pack.items.first().copied().or(pack.tail).unwrap_or(Ty::NIL))
                .collect();
            let first = self.types.union(&first);
            return Pack { items: vec![self.settled(first, frame.strict)], tail: Some(Ty::DYN), rows: None };
        }
        let width = frame.collected.iter().map(|pack| pack.items.len()).max().unwrap_or(0);
        let mut items = Vec::with_capacity(width);
        for at in 0..width {
            let column: Vec<Ty> =
                frame.collected.iter().map(|pack| pack.items.get(at).copied().unwrap_or(Ty::NIL)).collect();
            let joined = self.types.union(&column);
            items.push(self.settled(joined, frame.strict));
        }
        let rows = (width > 1 && frame.collected.len() > 1 && frame.collected.len() <= 8).then(|| {
            frame
                .collected
                .iter()
                .map(|pack| {
                    let row: Vec<Ty> =
                        (0..width).map(|at| pack.items.get(at).copied().unwrap_or(Ty::NIL)).collect();
                    row.into_iter().map(|ty| self.types.widen(ty)).collect()
                })
                .collect::<Vec<Vec<Ty>>>()
                .into()
        });
        Pack { items, tail: None, rows }
    }

    /// An inferred result: a mixture found in code without annotations is not held against its callers.
    fn settled(&mut self, ty: Ty, strict: bool) -> Ty {
        if !self.types.is_union(ty) {
            return ty;
        }
        let wide = self.types.widen(ty);
        if !self.types.is_union(wide) || strict { wide } else { Ty::DYN }
    }

    // ---- small services ----

    fn quietly<R>(&mut self, work: impl FnOnce(&mut Self) -> R) -> R {
        self.silent += 1;
        let probe = std::mem::take(&mut self.probe);
        let result = work(self);
        self.probe = probe;
        self.silent -= 1;
        result
    }

    /// Whether the walk took so long that the rest is skipped.
    fn exhausted(&mut self) -> bool {
        self.steps += 1;
        self.steps > self.step_limit
    }

    fn report(&mut self, code: Code, span: Span, message: String) {
        self.report_with(code, span, message, None);
    }

    fn report_with(&mut self, code: Code, span: Span, message: String, help: Option<String>) {
        if self.silent == 0 && self.reachable {
            self.diagnostics.push(Diagnostic { code, span, message, help });
        }
    }

    /// Says that something was too large to be analysed.
    fn note_limit(&mut self, span: Span) {
        if self.types.gave_up {
            self.types.gave_up = false;
            self.report(Code::E0011, span, "type too deep, treated as any".to_owned());
        }
    }

    fn show(&self, ty: Ty) -> String {
        self.types.show(self.interner, ty)
    }

    fn text(&self, symbol: Symbol) -> String {
        show::text(self.interner, symbol)
    }

    fn line_of(&self, span: Span) -> u32 {
        self.lines.line(span.start).0
    }

    // ---- did you mean ----

    fn suggest_type(&self, text: &str) -> Option<String> {
        let own = self.names.definitions.iter().map(|it| self.text(it.name.symbol));
        let names: Vec<String> =
            own.chain(crate::ty::Basic::ALL.iter().map(|it| it.name().to_owned())).collect();
        nearest(text, names.iter().map(String::as_str)).map(|near| format!("did you mean '{near}'?"))
    }

    fn suggest_global(&mut self, text: &str) -> Option<String> {
        self.suggestions = self.suggestions.checked_sub(1)?;
        let variables = self.names.variables.iter().map(|it| it.name);
        let names: Vec<String> =
            self.globals.keys().copied().chain(variables).map(|it| self.text(it)).collect();
        let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
        names.sort_unstable();
        names.dedup();
        nearest(text, names).map(|near| format!("did you mean '{near}'?"))
    }

    fn suggest_field(&mut self, ty: Ty, text: &str) -> Option<String> {
        self.suggestions = self.suggestions.checked_sub(1)?;
        let mut names: Vec<String> = Vec::new();
        let mut pending = vec![ty];
        while let Some(ty) = pending.pop() {
            if ty == Ty::STRING && self.types.string_fields != ty {
                pending.push(self.types.string_fields);
                continue;
            }
            match self.types.node(ty) {
                types::Node::Record(record) => {
                    names.extend(record.fields.iter().map(|it| self.text(it.name)))
                }
                types::Node::Shape(number) => {
                    let shape = &self.types.shapes[*number as usize];
                    names.extend(shape.fields.iter().map(|it| self.text(it.0)));
                }
                types::Node::String(_) => pending.push(self.types.string_fields),
                types::Node::Union(list) if names.len() < 500 => pending.extend(list.iter()),
                types::Node::Named(number, _) if names.len() < 500 => {
                    let body = self.types.definitions[*number as usize].body;
                    if body != Ty::NONE && pending.len() < 100 {
                        pending.push(body);
                    }
                }
                _ => {}
            }
            if names.len() > 1000 || pending.len() > 1000 {
                break;
            }
        }
        nearest(text, names.iter().map(String::as_str)).map(|near| format!("did you mean '{near}'?"))
    }

    /// The type of `require(name)`.
    fn required(&mut self, name: Symbol, _span: Span) -> Ty {
        self.modules.get(&name).map_or(Ty::DYN, |module| module.export)
    }

    /// `module.Type<…>`
    fn imported_type(
        &mut self,
        reference: &wippy_parser::ast::TypeReference<'a>,
        arguments: Vec<Ty>,
        span: Span,
    ) -> Ty {
        let [module, name] = reference.path else { return Ty::DYN };
        let Meaning::Variable(variable) = self.names.at(module.span.start) else {
            if self.globals.contains_key(&module.symbol) || self.modules.contains_key(&module.symbol) {
                let host = self.host_modules.get(&module.symbol);
                return match host.and_then(|host| host.types.get(&name.symbol)) {
                    Some(&number) => self.named(number, arguments, span),
                    None => Ty::DYN,
                };
            }
            let text = self.text(module.symbol);
            self.report(Code::E0012, module.span, format!("unknown type '{text}'"));
            return Ty::DYN;
        };
        let Some(import) = self.names.variable(variable).import else { return Ty::DYN };
        let Some(known) = self.modules.get(&import) else { return Ty::DYN };
        if !known.complete {
            return Ty::DYN;
        }
        match known.types.get(&name.symbol) {
            Some(&number) => self.named(number, arguments, span),
            None => {
                let (module, name_text) = (self.text(import), self.text(name.symbol));
                self.report(Code::E0012, name.span, format!("module '{module}' has no type '{name_text}'"));
                Ty::DYN
            }
        }
    }
}
