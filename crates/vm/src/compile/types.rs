//! What type names mean, and types as constants.
//!
//! Types have a namespace of their own, lexical and hoisted: the declarations of a block are in force from its first
//! statement. A declaration is also a value of its block, immutable and without a register; a local of the same name
//! hides it from its own declaration on. Annotations have no other effect than to say what `typeof` of a variable is.
//! Invariant: a program without type declarations is compiled as if this file did not exist.

use std::sync::Arc;

use wippy_parser::ast::{
    Block, Expression, ExpressionKind, GenericParameter, Interface, Name, StatementKind, TableItem,
    TypeAlias, TypeExpression,
};
use wippy_parser::error::{SyntaxError, SyntaxErrorKind};
use wippy_parser::interner::{Interner, Symbol};
use wippy_parser::span::{Offset, Span};
use wippy_typecheck::{
    Basic, Declaration, DeclarationRef, Error as LowerError, Field, Meaning, Scope, Type, TypeKind,
    lower_alias, lower_in, lower_interface,
};

use super::Compiler;
use super::declared::{DeclaredTypes, is_relative_module, relative_module};
use super::descriptor::{Descriptor, Kind};

/// Nested constructors that `typeof` looks into.
const MAX_CONSTRUCTOR_DEPTH: u32 = 16;

/// The type names in scope, of all functions being compiled, outermost first.
#[derive(Default)]
pub(super) struct Types<'a> {
    bindings: Vec<Binding<'a>>,
    /// Symbol -> 1 + index of its innermost binding; empty while nothing was ever declared.
    innermost: Vec<u32>,
    /// Variables with an annotation or a constructor, innermost last.
    variables: Vec<Described<'a>>,
    /// Variables of blocks with declarations that hold modules, innermost last.
    modules: Vec<Module>,
}

/// A variable that is initialised with `require("name")`; as types are hoisted, it counts in its whole block.
#[derive(Clone, Copy)]
struct Module {
    variable: Symbol,
    name: Symbol,
    /// Type names in scope where its block began.
    types: u32,
}

/// A name in the type namespace.
struct Binding<'a> {
    symbol: Symbol,
    /// What `innermost` held before.
    shadowed: u32,
    /// Variables that were in scope where its block began.
    variables: u32,
    at: Offset,
    meaning: Bound<'a>,
}

#[derive(Clone)]
enum Bound<'a> {
    Declaration {
        declaration: Arc<Declaration>,
        is_generic: bool,
    },
    /// A type parameter of a function.
    Parameter(&'a GenericParameter<'a>),
}

/// What is known of a variable's type.
#[derive(Clone, Copy)]
struct Described<'a> {
    variable: u32,
    /// Type names in scope where it was declared.
    types: u32,
    by: Description<'a>,
}

#[derive(Clone, Copy)]
enum Description<'a> {
    Annotation {
        ty: &'a TypeExpression<'a>,
        optional: bool,
    },
    /// The constructor it was initialised with.
    Constructor(&'a Expression<'a>),
}

impl<'a> Compiler<'_, 'a> {
    /// How many type names are in scope, for [`Self::forget_types`].
    pub(super) fn type_count(&self) -> u32 {
        self.types.bindings.len() as u32
    }

    /// Ends the scope of the type names after the first `count`.
    pub(super) fn forget_types(&mut self, count: u32) {
        while self.types.bindings.len() > count as usize {
            if let Some(binding) = self.types.bindings.pop() {
                self.types.innermost[binding.symbol.0 as usize] = binding.shadowed;
            }
        }
        while self.types.modules.last().is_some_and(|module| module.types >= count) {
            self.types.modules.pop();
        }
    }

    /// Ends what is known of variables that are no longer in scope.
    pub(super) fn forget_descriptions(&mut self) {
        let count = self.variables.len() as u32;
        while self.types.variables.last().is_some_and(|described| described.variable >= count) {
            self.types.variables.pop();
        }
    }

    /// Notes the annotation of the newest variable.
    pub(super) fn annotate(&mut self, ty: Option<&'a TypeExpression<'a>>, optional: bool) {
        if let Some(ty) = ty {
            self.describe(Description::Annotation { ty, optional });
        }
    }

    /// Notes what the newest variable was initialised with.
    pub(super) fn initialise(&mut self, value: Option<&'a Expression<'a>>) {
        if let Some(value) = value
            && matches!(value.kind, ExpressionKind::Table(_))
        {
            self.describe(Description::Constructor(value));
        }
    }

    fn describe(&mut self, by: Description<'a>) {
        let variable = self.variables.len() as u32 - 1;
        self.types.variables.push(Described { variable, types: self.type_count(), by });
    }

    fn bind(&mut self, symbol: Symbol, at: Offset, variables: u32, meaning: Bound<'a>) {
        if self.types.innermost.is_empty() {
            self.types.innermost = vec![0; self.interner.len()];
        }
        let innermost = &mut self.types.innermost[symbol.0 as usize];
        let shadowed = std::mem::replace(innermost, self.types.bindings.len() as u32 + 1);
        self.types.bindings.push(Binding { symbol, shadowed, variables, at, meaning });
    }

    /// Brings the type parameters of a function into scope.
    pub(super) fn declare_generics(&mut self, generics: &'a [GenericParameter<'a>]) {
        for generic in generics {
            let variables = self.variables.len() as u32;
            self.bind(generic.name.symbol, generic.name.span.start, variables, Bound::Parameter(generic));
        }
    }

    /// Brings the type declarations of a block into scope and gives them their meaning.
    pub(super) fn declare_types(&mut self, block: &'a Block<'a>) -> Result<(), SyntaxError> {
        let declares = |kind: &StatementKind<'_>| {
            matches!(kind, StatementKind::TypeAlias(_) | StatementKind::Interface(_))
        };
        if !block.statements.iter().any(|statement| declares(&statement.kind)) {
            return Ok(());
        }
        let first = self.type_count();
        for statement in block.statements {
            if let StatementKind::Local(local) = statement.kind {
                let held = local.names.iter().zip(local.values);
                let interner = self.interner;
                let modules = held.filter_map(|(binding, value)| {
                    let name = required_module(value, interner)?;
                    Some(Module { variable: binding.name.symbol, name, types: first })
                });
                self.types.modules.extend(modules);
            }
        }
        for statement in block.statements {
            match statement.kind {
                StatementKind::TypeAlias(alias) => {
                    self.declare(alias.name, !alias.generics.is_empty(), first)?
                }
                StatementKind::Interface(interface) => {
                    self.declare(interface.name, !interface.generics.is_empty(), first)?;
                }
                _ => {}
            }
        }
        for statement in block.statements {
            match statement.kind {
                StatementKind::TypeAlias(alias) => self.define_alias(alias, false),
                StatementKind::Interface(interface) => self.define_interface(interface),
                _ => {}
            }
        }
        Ok(())
    }

    fn declare(&mut self, name: Name, is_generic: bool, first: u32) -> Result<(), SyntaxError> {
        let earlier = self.types.innermost.get(name.symbol.0 as usize).copied().unwrap_or(0);
        if earlier > first {
            let kind = SyntaxErrorKind::TypeAlreadyDeclared {
                name: self.interner.resolve(name.symbol).to_vec(),
                at: self.types.bindings[earlier as usize - 1].at,
            };
            return Err(SyntaxError::without_token(kind, self.source.bytes(), name.span.start));
        }
        let text = String::from_utf8_lossy(self.interner.resolve(name.symbol)).into_owned();
        let declaration = Declaration::new(text, self.source.line(name.span.start));
        let variables = self.variables.len() as u32;
        self.bind(name.symbol, name.span.start, variables, Bound::Declaration { declaration, is_generic });
        Ok(())
    }

    fn declaration(&self, name: Name) -> Option<Arc<Declaration>> {
        let index = self.types.innermost[name.symbol.0 as usize].checked_sub(1)?;
        match &self.types.bindings[index as usize].meaning {
            Bound::Declaration { declaration, .. } => Some(declaration.clone()),
            Bound::Parameter(_) => None,
        }
    }

    /// Defines an alias of the innermost block; one that asks for the type of an expression has to wait for its own
    /// statement, before which the variables are not known.
    pub(super) fn define_alias(&mut self, alias: &'a TypeAlias<'a>, now: bool) {
        let Some(declaration) = self.declaration(alias.name) else { return };
        if declaration.body().is_some() {
            return;
        }
        let interner = self.interner;
        let mut names = Names { limit: self.type_count(), compiler: self, waits: !now, waited: false };
        let lowered = lower_alias(alias, &declaration, interner, &mut names);
        if lowered.is_err() && !names.waited {
            // What only the checker reports makes the type one that accepts everything.
            declaration.define(Vec::new(), Type::basic(Basic::Any));
        }
    }

    fn define_interface(&mut self, interface: &'a Interface<'a>) {
        let Some(declaration) = self.declaration(interface.name) else { return };
        let interner = self.interner;
        let mut names = Names { limit: self.type_count(), compiler: self, waits: false, waited: false };
        if lower_interface(interface, &declaration, interner, &mut names).is_err() {
            declaration.define(Vec::new(), Type::basic(Basic::Any));
        }
    }

    /// The types that are declared here and around.
    pub(super) fn types_in_scope(&self) -> DeclaredTypes {
        let declared = |binding: &Binding<'a>| match &binding.meaning {
            Bound::Declaration { declaration, is_generic } => {
                Some((Arc::clone(declaration.name()), declared_type(declaration, *is_generic)))
            }
            Bound::Parameter(_) => None,
        };
        self.types.bindings.iter().filter_map(declared).collect()
    }

    /// The type that a name means as a value, if it means one here.
    fn type_value(&self, symbol: Symbol) -> Option<Type> {
        let mut index = self.types.innermost.get(symbol.0 as usize).copied().unwrap_or(0);
        loop {
            let binding = &self.types.bindings[index.checked_sub(1)? as usize];
            if self.innermost[symbol.0 as usize] > binding.variables {
                return None;
            }
            if let Bound::Declaration { declaration, is_generic } = &binding.meaning {
                return Some(declared_type(declaration, *is_generic));
            }
            index = binding.shadowed;
        }
    }

    /// The constant that a name means, if it means a type here.
    pub(super) fn type_constant(&mut self, symbol: Symbol) -> Option<Kind> {
        if self.types.bindings.is_empty() {
            return None;
        }
        let ty = self.type_value(symbol)?;
        Some(Kind::Type(self.f.constants.ty(ty, &mut self.out.types)))
    }

    /// The error for an assignment to a name that means a type.
    pub(super) fn assignment_to_type(&self, symbol: Symbol, span: Span) -> SyntaxError {
        let kind = SyntaxErrorKind::AssignmentToType(self.interner.resolve(symbol).to_vec());
        SyntaxError::without_token(kind, self.source.bytes(), span.start)
    }

    /// The value of `typeof(argument)` where it is known while compiling.
    pub(super) fn static_typeof(
        &mut self,
        call: &'a Expression<'a>,
    ) -> Result<Option<Descriptor>, SyntaxError> {
        let ExpressionKind::Call(node) = call.kind else { return Ok(None) };
        let [argument] = node.arguments else { return Ok(None) };
        if self.innermost[Symbol::TYPEOF.0 as usize] != 0 || self.type_value_known(Symbol::TYPEOF) {
            return Ok(None);
        }
        let Some(ty) = self.declared_type(argument, false) else { return Ok(None) };
        let constant = self.f.constants.ty(ty, &mut self.out.types);
        self.pass(call.span.end);
        Ok(Some(Descriptor::new(Kind::Type(constant), call.span)))
    }

    fn type_value_known(&self, symbol: Symbol) -> bool {
        self.type_value(symbol).is_some()
    }

    /// The declared type of a variable, of a cast, or of a field of one; with `constructors` also that of a
    /// constructor and of a local that was initialised with one.
    fn declared_type(&mut self, expression: &Expression<'_>, constructors: bool) -> Option<Type> {
        match expression.kind {
            ExpressionKind::Paren(inner) => self.declared_type(inner, constructors),
            ExpressionKind::Cast(cast) => self.lower(&cast.ty, self.type_count()),
            ExpressionKind::Field { object, name } => {
                let object = self.declared_type(object, constructors)?;
                let wanted = self.interner.resolve(name.symbol);
                let field = object.all_fields()?.into_iter().find(|field| *field.name == *wanted)?;
                Some(if field.optional { field.ty.optional() } else { field.ty })
            }
            ExpressionKind::Name(symbol) => {
                let variable = self.innermost[symbol.0 as usize].checked_sub(1)?;
                if self.type_value_known(symbol) {
                    return None;
                }
                let described =
                    self.types.variables.iter().rev().find(|it| it.variable == variable).copied()?;
                match described.by {
                    Description::Annotation { ty, optional } => {
                        let ty = self.lower(ty, described.types)?;
                        Some(if optional { ty.optional() } else { ty })
                    }
                    Description::Constructor(value) if constructors => constructor_type(value, self, 0),
                    Description::Constructor(_) => None,
                }
            }
            ExpressionKind::Table(_) if constructors => constructor_type(expression, self, 0),
            _ => None,
        }
    }

    /// The type of an annotation in which the first `limit` type names count.
    fn lower(&mut self, ty: &TypeExpression<'_>, limit: u32) -> Option<Type> {
        let interner = self.interner;
        lower_in(ty, interner, &mut Names { limit, compiler: self, waits: false, waited: false }).ok()
    }
}

/// A declaration as a type.
fn declared_type(declaration: &Arc<Declaration>, is_generic: bool) -> Type {
    match is_generic {
        true => Type::new(TypeKind::Generic(DeclarationRef(declaration.clone()))),
        false => Type::named(declaration.clone(), Vec::new()),
    }
}

/// The module that `require("name")` loads.
fn required_module(value: &Expression<'_>, interner: &Interner) -> Option<Symbol> {
    let ExpressionKind::Call(call) = value.kind else { return None };
    let ExpressionKind::Name(function) = call.function.kind else { return None };
    match call.arguments {
        [Expression { kind: ExpressionKind::String(name), .. }]
            if interner.resolve(function) == b"require" =>
        {
            Some(*name)
        }
        _ => None,
    }
}

/// The type of a constructor: a record or an array of the widened types of its constants.
fn constructor_type(value: &Expression<'_>, compiler: &mut Compiler<'_, '_>, depth: u32) -> Option<Type> {
    if depth > MAX_CONSTRUCTOR_DEPTH {
        return None;
    }
    Some(match value.kind {
        ExpressionKind::Nil => Type::basic(Basic::Nil),
        ExpressionKind::True | ExpressionKind::False => Type::basic(Basic::Boolean),
        ExpressionKind::Integer(_) => Type::basic(Basic::Integer),
        ExpressionKind::Float(_) => Type::basic(Basic::Number),
        ExpressionKind::String(_) => Type::basic(Basic::String),
        ExpressionKind::Function(_) => Type::basic(Basic::Function),
        ExpressionKind::Unary { operand, .. } => constructor_type(operand, compiler, depth + 1)?,
        ExpressionKind::Paren(inner) => constructor_type(inner, compiler, depth + 1)?,
        ExpressionKind::Cast(cast) => {
            let limit = compiler.type_count();
            compiler.lower(&cast.ty, limit)?
        }
        ExpressionKind::Table(items) => {
            let mut fields: Vec<Field> = Vec::new();
            let mut elements: Vec<Type> = Vec::new();
            for item in items {
                let (name, value) = match item {
                    TableItem::Item(value) => {
                        elements.push(constructor_type(value, compiler, depth + 1)?);
                        continue;
                    }
                    TableItem::Named { name, value } => (name.symbol, *value),
                    TableItem::Keyed(item) => match item.key.kind {
                        ExpressionKind::String(symbol) => (symbol, &item.value),
                        _ => return None,
                    },
                };
                let name: Arc<[u8]> = compiler.interner.resolve(name).into();
                let ty = constructor_type(value, compiler, depth + 1)?;
                fields.retain(|field| field.name != name);
                fields.push(Field { name, ty, optional: false, readonly: false });
            }
            if elements.is_empty() {
                Type::new(TypeKind::Record { fields, indexer: None, readonly: false })
            } else if fields.is_empty() {
                let mut distinct: Vec<Type> = Vec::new();
                elements.into_iter().for_each(|ty| {
                    if !distinct.contains(&ty) {
                        distinct.push(ty);
                    }
                });
                Type::new(TypeKind::Array { element: Type::union(distinct), readonly: false })
            } else {
                return None;
            }
        }
        _ => return None,
    })
}

/// The type names of a compiler, as a scope to lower annotations in.
struct Names<'c, 's, 'a> {
    compiler: &'c mut Compiler<'s, 'a>,
    /// Only names declared before this many others count.
    limit: u32,
    /// Whether types of expressions are not to be asked for yet.
    waits: bool,
    /// Whether one was asked for all the same.
    waited: bool,
}

impl Scope for Names<'_, '_, '_> {
    fn resolve(&mut self, path: &[Name]) -> Option<Meaning> {
        let [name] = path else { return None };
        let types = &self.compiler.types;
        let mut index = types.innermost.get(name.symbol.0 as usize).copied().unwrap_or(0);
        while index > self.limit {
            index = types.bindings[index as usize - 1].shadowed;
        }
        let index = index.checked_sub(1)?;
        match types.bindings[index as usize].meaning.clone() {
            Bound::Declaration { declaration, .. } => Some(Meaning::Declaration(declaration)),
            // What the parameter stands for is not known while compiling.
            Bound::Parameter(generic) => Some(Meaning::Type(
                generic
                    .bound
                    .and_then(|bound| self.compiler.lower(bound, index))
                    .unwrap_or_else(|| Type::basic(Basic::Unknown)),
            )),
        }
    }

    fn type_of(&mut self, expression: &Expression<'_>) -> Option<Type> {
        if self.waits {
            self.waited = true;
            return None;
        }
        Some(self.compiler.declared_type(expression, true).unwrap_or_else(|| Type::basic(Basic::Any)))
    }

    fn module(&mut self, variable: Name) -> Option<Arc<str>> {
        let modules = &self.compiler.types.modules;
        let module = modules.iter().rev().find(|module| module.variable == variable.symbol)?;
        let written = self.compiler.interner.resolve(module.name);
        let name = String::from_utf8_lossy(written);
        if let Some(names) = self.compiler.module_names {
            return Some(names(&name).unwrap_or_else(|| name.into()));
        }
        Some(match is_relative_module(written) {
            true => String::from_utf8_lossy(&relative_module(&self.compiler.out.source, written)).into(),
            false => name.into(),
        })
    }

    fn tolerates(&mut self, _: &LowerError) -> bool {
        !self.waits || !self.waited
    }
}
