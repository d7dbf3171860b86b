//! What each name of a chunk stands for: variables, functions, types; and facts about variables that need the whole chunk.
//!
//! One walk before anything is inferred. No types here. Invariant: every later look-up is an index: [`Names::at`] maps
//! the offset of a name (or of the word `function`, or of a loop) to what it is.

use wippy_parser::ast::{Expression, ExpressionKind, FunctionBody, GenericParameter, Name, TypeExpression};
use wippy_parser::{Offset, Span, Symbol};

use super::relate::known;
use super::types::{Map, Set};

/// A local variable, by its number in [`Names::variables`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Variable(pub(super) u32);

/// What a name resolves to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A global, or nothing.
    None,
    Variable(Variable),
    /// An alias or interface of this chunk, by its number in [`Names::definitions`].
    Definition(u32),
    /// A generic parameter, by its number in [`Names::generics`].
    Generic(u32),
    /// A function, by its number in [`Names::functions`].
    Function(u32),
    /// A loop, by its number in [`Names::loops`].
    Loop(u32),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum VariableKind {
    Local,
    Parameter,
    Loop,
    Function,
    /// The receiver of a method of the class that another variable holds.
    Receiver(Option<Variable>),
}

pub(super) struct VariableInfo<'a> {
    pub(super) name: Symbol,
    pub(super) span: Span,
    /// The function it belongs to.
    pub(super) function: u32,
    pub(super) kind: VariableKind,
    pub(super) annotated: bool,
    /// What it is declared with.
    pub(super) annotation: Option<&'a TypeExpression<'a>>,
    pub(super) value: Option<&'a Expression<'a>>,
    pub(super) initialised: bool,
    /// How often it is assigned after its declaration.
    pub(super) assigned: u32,
    pub(super) reads: u32,
    pub(super) captured: bool,
    /// Bound to `{…}` or `setmetatable({…}, …)` where it is declared.
    pub(super) table: bool,
    /// The class of `setmetatable(…, class)`, if that is what it is bound to.
    pub(super) class: Option<Variable>,
    /// The one function ever assigned to it, if it is declared without a value for that.
    pub(super) late: Option<u32>,
    /// Bound to `require("…")`.
    pub(super) import: Option<Symbol>,
}

pub(super) struct FunctionInfo<'a> {
    /// None for the chunk itself.
    pub(super) body: Option<&'a FunctionBody<'a>>,
    pub(super) captures: Vec<Variable>,
    /// Whether it has annotations of its own, beside those of functions inside it.
    pub(super) typed: bool,
    pub(super) receiver: Option<Variable>,
}

#[derive(Debug, Default)]
pub(super) struct LoopInfo {
    /// Variables of outside that are assigned inside.
    pub(super) assigned: Vec<Variable>,
    /// Names of fields assigned inside.
    pub(super) fields: Set<Symbol>,
    pub(super) first: u32,
}

pub(super) struct DefinitionInfo<'a> {
    pub(super) name: Name,
    pub(super) generics: Vec<u32>,
    pub(super) source: DefinitionSource<'a>,
}

#[derive(Clone, Copy)]
pub(super) enum DefinitionSource<'a> {
    Alias(&'a wippy_parser::ast::TypeAlias<'a>),
    Interface(&'a wippy_parser::ast::Interface<'a>),
}

/// Something wrong with a name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fault {
    pub(super) kind: FaultKind,
    pub(super) name: Name,
    /// The function it stands in.
    pub(super) function: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FaultKind {
    /// One list declares it twice.
    DuplicateLocal,
    DuplicateLabel,
    UndefinedLabel,
    BreakOutside,
}

/// A generic parameter as it was declared.
#[derive(Clone, Copy)]
pub(super) struct GenericInfo<'a> {
    pub(super) node: &'a GenericParameter<'a>,
}

pub(super) struct Names<'a> {
    pub(super) at: Vec<u32>,
    pub(super) variables: Vec<VariableInfo<'a>>,
    pub(super) functions: Vec<FunctionInfo<'a>>,
    pub(super) loops: Vec<LoopInfo>,
    pub(super) definitions: Vec<DefinitionInfo<'a>>,
    pub(super) generics: Vec<GenericInfo<'a>>,
    /// Aliases of the outermost block: what other files see.
    pub(super) exported: Vec<(Symbol, u32)>,
    /// Fields assigned to receivers of which nothing is known.
    pub(super) written: Set<Symbol>,
    /// Fields assigned to the table a variable is bound to.
    pub(super) fields: Map<Variable, Set<Symbol>>,
    /// Fields assigned to instances of the class a variable holds.
    pub(super) instance_fields: Map<Variable, Set<Symbol>>,
    /// Globals that are assigned.
    pub(super) globals: Set<Symbol>,
    /// Types that are declared twice in a block, with the first declaration.
    pub(super) duplicates: Vec<(Name, Span)>,
    /// Names that cannot stand where they do.
    pub(super) faults: Vec<Fault>,
    /// Declarations that hide another variable.
    pub(super) shadowing: Vec<Name>,
    /// Assignments to globals: name and whether it is a function declaration.
    pub(super) global_writes: Vec<(Name, bool)>,
    /// Modules required by a literal name.
    pub(super) requires: Vec<(Symbol, Span)>,
    /// Metatables or code made at run time are used: what operators do is anyone's guess.
    pub(super) tricky: bool,
    /// `_ENV` is mentioned: globals are not what they seem.
    pub(super) environment_used: bool,
}

const TAG: u32 = 7;

impl<'a> Names<'a> {
    pub(super) fn at(&self, offset: Offset) -> Meaning {
        let entry = self.at.get(offset.index()).copied().unwrap_or(0);
        let number = entry >> 3;
        match entry & TAG {
            1 => Meaning::Variable(Variable(number)),
            2 => Meaning::Definition(number),
            3 => Meaning::Generic(number),
            4 => Meaning::Function(number),
            5 => Meaning::Loop(number),
            _ => Meaning::None,
        }
    }

    pub(super) fn variable(&self, variable: Variable) -> &VariableInfo<'a> {
        &self.variables[variable.0 as usize]
    }

    pub(super) fn function_at(&self, body: &FunctionBody<'_>) -> u32 {
        match self.at(body.keyword.start) {
            Meaning::Function(number) => number,
            _ => 0,
        }
    }
}

/// The module of `require("…")`.
pub(super) fn imported(value: &Expression<'_>) -> Option<Symbol> {
    let ExpressionKind::Call(call) = value.kind else { return None };
    match (call.function.kind, call.arguments) {
        (ExpressionKind::Name(known::REQUIRE), [argument]) => match argument.kind {
            ExpressionKind::String(symbol) => Some(symbol),
            _ => None,
        },
        _ => None,
    }
}
