//! From the syntax of an annotation to a [`Type`], with or without a [`Scope`] to look names up in.
//!
//! Names of enclosing generic parameters become parameters, names that the scope knows become what it says, predeclared
//! names become their types, and all other names stay names. Invariant: the parser limits the nesting of annotations,
//! so this may recurse.

use std::sync::Arc;

use wippy_parser::ast::{
    self, Expression, ExpressionKind, FunctionTypeParameter, GenericParameter, RecordItem, RecordType,
    TableItem, TypeExpression, TypePack, TypeReference, UnaryOperator, Vararg,
};
use wippy_parser::{Interner, Symbol};

use crate::declaration::{Declaration, Named};
use crate::error::{Error, ErrorKind};
use crate::ty::{
    Annotation, Basic, Constant, Field, FunctionType, Indexer, Literal, Pack, Parameter, Type, TypeKind,
    TypeParameter,
};

/// The type that an annotation describes; its names are in `interner`.
///
/// # Errors
/// `typeof(e)`, arguments of annotations that are not constants, and fields declared twice.
pub fn lower(annotation: &TypeExpression<'_>, interner: &Interner) -> Result<Type, Error> {
    lower_in(annotation, interner, &mut NoScope)
}

/// As [`lower`], with names looked up in `scope`.
///
/// # Errors
/// As [`lower`]; `typeof(e)` only if the scope gives it no type.
pub fn lower_in(
    annotation: &TypeExpression<'_>,
    interner: &Interner,
    scope: &mut dyn Scope,
) -> Result<Type, Error> {
    Lowering { interner, scope, generics: Vec::new() }.ty(annotation)
}

/// Gives `declaration` the meaning of `type Name<…> = …`.
///
/// # Errors
/// As [`lower_in`]; the declaration stays undefined.
pub fn lower_alias(
    alias: &ast::TypeAlias<'_>,
    declaration: &Declaration,
    interner: &Interner,
    scope: &mut dyn Scope,
) -> Result<(), Error> {
    let mut lowering = Lowering { interner, scope, generics: Vec::new() };
    let parameters = lowering.declaration_generics(alias.generics)?;
    let body = lowering.ty(&alias.ty)?;
    declaration.define(parameters, body);
    Ok(())
}

/// Gives `declaration` the meaning of `interface Name<…>: … … end`.
///
/// # Errors
/// As [`lower_in`]; the declaration stays undefined.
pub fn lower_interface(
    interface: &ast::Interface<'_>,
    declaration: &Declaration,
    interner: &Interner,
    scope: &mut dyn Scope,
) -> Result<(), Error> {
    let mut lowering = Lowering { interner, scope, generics: Vec::new() };
    let parameters = lowering.declaration_generics(interface.generics)?;
    let parents = lowering.types(interface.parents)?;
    let fields = lowering.interface_items(interface.items)?;
    declaration.define(parameters, Type::new(TypeKind::Interface { parents, fields }));
    Ok(())
}

/// What a name means in a place of a program.
#[derive(Clone, Debug)]
pub enum Meaning {
    /// A declaration, to be used with the arguments that follow the name.
    Declaration(Arc<Declaration>),
    /// A type; arguments make no sense.
    Type(Type),
}

/// Where type names and `typeof` get their meaning.
pub trait Scope {
    /// What a name, or a path of names between dots, means; `None` leaves it to the predeclared names.
    fn resolve(&mut self, path: &[ast::Name]) -> Option<Meaning>;

    /// The type that `typeof(expression)` stands for, if it is known.
    fn type_of(&mut self, expression: &Expression<'_>) -> Option<Type>;

    /// The module that a variable before a dot holds, if that is known; else the path keeps the variable's name.
    fn module(&mut self, variable: ast::Name) -> Option<Arc<str>> {
        let _ = variable;
        None
    }

    /// Whether to go on after an error as far as that makes sense: a field that is declared twice counts once, an
    /// annotation with arguments that are not constant does not count.
    fn tolerates(&mut self, error: &Error) -> bool {
        let _ = error;
        false
    }
}

/// No names beside the predeclared ones.
struct NoScope;

impl Scope for NoScope {
    fn resolve(&mut self, _: &[ast::Name]) -> Option<Meaning> {
        None
    }

    fn type_of(&mut self, _: &Expression<'_>) -> Option<Type> {
        None
    }
}

struct Lowering<'i> {
    interner: &'i Interner,
    scope: &'i mut dyn Scope,
    /// The generic parameters in force.
    generics: Vec<Symbol>,
}

impl Lowering<'_> {
    fn bytes(&self, symbol: Symbol) -> Arc<[u8]> {
        self.interner.resolve(symbol).into()
    }

    /// The text of a name, which is ASCII.
    fn name(&self, symbol: Symbol) -> Arc<str> {
        String::from_utf8_lossy(self.interner.resolve(symbol)).into()
    }

    fn ty(&mut self, node: &TypeExpression<'_>) -> Result<Type, Error> {
        let kind = match node.kind {
            ast::TypeKind::Nil => TypeKind::Basic(Basic::Nil),
            ast::TypeKind::True => TypeKind::Literal(Literal::Boolean(true)),
            ast::TypeKind::False => TypeKind::Literal(Literal::Boolean(false)),
            ast::TypeKind::Integer(value) => TypeKind::Literal(Literal::Integer(value)),
            ast::TypeKind::Float(value) => TypeKind::Literal(Literal::float(value)),
            ast::TypeKind::String(symbol) => TypeKind::Literal(Literal::String(self.bytes(symbol))),
            ast::TypeKind::Reference(reference) => self.reference(reference)?,
            ast::TypeKind::Record(record) => self.record(record)?,
            ast::TypeKind::Array { element, readonly } => {
                TypeKind::Array { element: self.ty(element)?, readonly }
            }
            ast::TypeKind::Optional(inner) => return Ok(self.ty(inner)?.optional()),
            ast::TypeKind::Access { object, key } => {
                TypeKind::Access { object: self.ty(object)?, key: self.ty(key)? }
            }
            ast::TypeKind::Annotated { ty, annotation } => {
                let ty = self.ty(ty)?;
                match self.annotation(annotation) {
                    Ok(annotation) => TypeKind::Annotated { ty, annotation },
                    Err(error) if self.scope.tolerates(&error) => return Ok(ty),
                    Err(error) => return Err(error),
                }
            }
            ast::TypeKind::Union(members) => return Ok(Type::union(self.types(members)?)),
            ast::TypeKind::Intersection(members) => return Ok(Type::intersection(self.types(members)?)),
            ast::TypeKind::Function(function) => TypeKind::Function(self.function(function)?),
            ast::TypeKind::Paren(inner) => return self.ty(inner),
            ast::TypeKind::Keyof(inner) => TypeKind::Keyof(self.ty(inner)?),
            ast::TypeKind::Typeof(expression) => match self.scope.type_of(expression) {
                Some(ty) => return Ok(ty),
                None => return Err(Error::new(ErrorKind::TypeofNeedsProgram, node.span)),
            },
        };
        Ok(Type::new(kind))
    }

    fn types(&mut self, nodes: &[TypeExpression<'_>]) -> Result<Vec<Type>, Error> {
        nodes.iter().map(|node| self.ty(node)).collect()
    }

    fn reference(&mut self, reference: &TypeReference<'_>) -> Result<TypeKind, Error> {
        if let ([name], []) = (reference.path, reference.arguments) {
            let text = self.name(name.symbol);
            if self.generics.contains(&name.symbol) {
                return Ok(TypeKind::Parameter(text));
            }
        }
        match self.scope.resolve(reference.path) {
            Some(Meaning::Declaration(declaration)) => {
                let arguments = self.types(reference.arguments)?;
                return Ok(TypeKind::Named(Named { declaration, arguments }));
            }
            Some(Meaning::Type(ty)) => return Ok(ty.kind().clone()),
            None => {}
        }
        if let ([name], []) = (reference.path, reference.arguments) {
            let text = self.name(name.symbol);
            if let Some(basic) = Basic::from_name(&text) {
                return Ok(TypeKind::Basic(basic));
            }
        }
        let mut path: Vec<Arc<str>> = reference.path.iter().map(|name| self.name(name.symbol)).collect();
        if let [variable, _] = reference.path
            && let Some(module) = self.scope.module(*variable)
        {
            path[0] = module;
        }
        Ok(TypeKind::Reference { path, arguments: self.types(reference.arguments)? })
    }

    fn record(&mut self, record: &RecordType<'_>) -> Result<TypeKind, Error> {
        let readonly = record.readonly;
        let mut fields: Vec<Field> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        let mut indexer = None;
        for item in record.items {
            match item {
                RecordItem::Field(field) => {
                    let name = self.bytes(field.name.symbol);
                    if !seen.insert(name.clone()) {
                        self.duplicate(&name, field.name.span)?;
                        continue;
                    }
                    let ty = self.ty(field.ty)?;
                    fields.push(Field { name, ty, optional: field.optional, readonly: field.readonly });
                }
                RecordItem::Indexer { key, value } => match self.ty(key)?.kind() {
                    // `[("name")]`: the parser sees through a string, but not through parentheses.
                    TypeKind::Literal(Literal::String(name)) => {
                        if !seen.insert(name.clone()) {
                            self.duplicate(name, key.span)?;
                            continue;
                        }
                        let ty = self.ty(value)?;
                        fields.push(Field { name: name.clone(), ty, optional: false, readonly: false });
                    }
                    _ => indexer = Some(Indexer { key: self.ty(key)?, value: self.ty(value)? }),
                },
            }
        }
        Ok(match indexer {
            Some(indexer) if fields.is_empty() => TypeKind::Map { indexer, readonly },
            indexer => TypeKind::Record { fields, indexer, readonly },
        })
    }

    /// The parameters of a declaration, which stay in force.
    fn declaration_generics(
        &mut self,
        generics: &[GenericParameter<'_>],
    ) -> Result<Vec<TypeParameter>, Error> {
        self.generics.extend(generics.iter().map(|generic| generic.name.symbol));
        generics.iter().map(|generic| self.generic(generic)).collect()
    }

    fn interface_items(&mut self, items: &[ast::InterfaceItem<'_>]) -> Result<Vec<Field>, Error> {
        let mut fields: Vec<Field> = Vec::new();
        for item in items {
            let (name, field) = match item {
                ast::InterfaceItem::Field(field) => {
                    let ty = self.ty(field.ty)?;
                    let (optional, readonly) = (field.optional, field.readonly);
                    (field.name, Field { name: self.bytes(field.name.symbol), ty, optional, readonly })
                }
                ast::InterfaceItem::Method(method) => {
                    let name = self.bytes(method.name.symbol);
                    let outside = self.generics.len();
                    self.generics.extend(method.generics.iter().map(|generic| generic.name.symbol));
                    let function = self.method(method);
                    self.generics.truncate(outside);
                    let ty = Type::new(TypeKind::Function(function?));
                    (method.name, Field { name, ty, optional: false, readonly: false })
                }
            };
            if fields.iter().any(|known| known.name == field.name) {
                self.duplicate(&field.name, name.span)?;
                continue;
            }
            fields.push(field);
        }
        Ok(fields)
    }

    /// A field that exists already.
    fn duplicate(&mut self, name: &[u8], span: wippy_parser::Span) -> Result<(), Error> {
        let error = Error::new(ErrorKind::DuplicateField(name.to_vec()), span);
        if self.scope.tolerates(&error) { Ok(()) } else { Err(error) }
    }

    fn method(&mut self, method: &ast::InterfaceMethod<'_>) -> Result<FunctionType, Error> {
        Ok(FunctionType {
            generics: method.generics.iter().map(|it| self.generic(it)).collect::<Result<_, _>>()?,
            parameters: method.parameters.iter().map(|it| self.binding(it)).collect::<Result<_, _>>()?,
            vararg: self.vararg(method.vararg)?,
            result: self.return_annotation(method.result)?,
        })
    }

    /// A parameter of a declared function; `self` without a type is the receiver, any other one is anything.
    fn binding(&mut self, binding: &ast::Binding<'_>) -> Result<Parameter, Error> {
        let ty = match binding.ty {
            Some(ty) => self.ty(ty)?,
            None if binding.name.symbol == Symbol::SELF => Type::basic(Basic::SelfType),
            None => Type::basic(Basic::Any),
        };
        Ok(Parameter { name: Some(self.name(binding.name.symbol)), ty, optional: binding.optional })
    }

    fn return_annotation(
        &mut self,
        annotation: Option<ast::ReturnAnnotation<'_>>,
    ) -> Result<Option<Pack>, Error> {
        match annotation {
            Some(ast::ReturnAnnotation::Types(pack)) => self.pack(pack).map(Some),
            Some(ast::ReturnAnnotation::Asserts(_)) => Ok(Some(Pack::default())),
            None => Ok(None),
        }
    }

    fn function(&mut self, function: &ast::FunctionType<'_>) -> Result<FunctionType, Error> {
        let outside = self.generics.len();
        self.generics.extend(function.generics.iter().map(|generic| generic.name.symbol));
        let lowered = self.function_parts(function);
        self.generics.truncate(outside);
        lowered
    }

    fn function_parts(&mut self, function: &ast::FunctionType<'_>) -> Result<FunctionType, Error> {
        Ok(FunctionType {
            generics: function.generics.iter().map(|it| self.generic(it)).collect::<Result<_, _>>()?,
            parameters: function.parameters.iter().map(|it| self.parameter(it)).collect::<Result<_, _>>()?,
            vararg: self.vararg(function.vararg)?,
            result: function.result.map(|pack| self.pack(pack)).transpose()?,
        })
    }

    fn generic(&mut self, generic: &GenericParameter<'_>) -> Result<TypeParameter, Error> {
        Ok(TypeParameter {
            name: self.name(generic.name.symbol),
            bound: generic.bound.map(|bound| self.ty(bound)).transpose()?,
            default: generic.default.map(|default| self.ty(default)).transpose()?,
        })
    }

    fn parameter(&mut self, parameter: &FunctionTypeParameter<'_>) -> Result<Parameter, Error> {
        Ok(Parameter {
            name: parameter.name.map(|name| self.name(name.symbol)),
            ty: self.ty(parameter.ty)?,
            optional: parameter.optional,
        })
    }

    /// `...` without a type stands for any values.
    fn vararg(&mut self, vararg: Option<Vararg<'_>>) -> Result<Option<Type>, Error> {
        match vararg {
            None => Ok(None),
            Some(Vararg { ty: None, .. }) => Ok(Some(Type::basic(Basic::Any))),
            Some(Vararg { ty: Some(ty), .. }) => self.ty(ty).map(Some),
        }
    }

    fn pack(&mut self, pack: &TypePack<'_>) -> Result<Pack, Error> {
        Ok(Pack { items: self.types(pack.items)?, tail: self.vararg(pack.tail)? })
    }

    // ---- annotations ----

    fn annotation(&mut self, annotation: &ast::Annotation<'_>) -> Result<Annotation, Error> {
        let arguments = match annotation.arguments {
            None => None,
            Some(arguments) => Some(arguments.iter().map(|it| self.constant(it)).collect::<Result<_, _>>()?),
        };
        Ok(Annotation { name: self.name(annotation.name.symbol), arguments })
    }

    fn constant(&self, expression: &Expression<'_>) -> Result<Constant, Error> {
        let literal = match expression.kind {
            ExpressionKind::Nil => return Ok(Constant::Nil),
            ExpressionKind::True => Literal::Boolean(true),
            ExpressionKind::False => Literal::Boolean(false),
            ExpressionKind::Integer(value) => Literal::Integer(value),
            ExpressionKind::Float(value) => Literal::float(value),
            ExpressionKind::String(symbol) => Literal::String(self.bytes(symbol)),
            ExpressionKind::Unary { operator: UnaryOperator::Negate, operand } => match operand.kind {
                ExpressionKind::Integer(value) => Literal::Integer(value.wrapping_neg()),
                ExpressionKind::Float(value) => Literal::float(-value),
                _ => return Err(Error::new(ErrorKind::ArgumentNotConstant, expression.span)),
            },
            ExpressionKind::Table(items) => return self.constant_table(items),
            _ => return Err(Error::new(ErrorKind::ArgumentNotConstant, expression.span)),
        };
        Ok(Constant::Literal(literal))
    }

    fn constant_table(&self, items: &[TableItem<'_>]) -> Result<Constant, Error> {
        let entry = |item: &TableItem<'_>| {
            Ok(match item {
                TableItem::Item(value) => (None, self.constant(value)?),
                TableItem::Named { name, value } => {
                    let key = Constant::Literal(Literal::String(self.bytes(name.symbol)));
                    (Some(key), self.constant(value)?)
                }
                TableItem::Keyed(item) => (Some(self.constant(&item.key)?), self.constant(&item.value)?),
            })
        };
        Ok(Constant::Table(items.iter().map(entry).collect::<Result<_, _>>()?))
    }
}

#[cfg(test)]
mod tests {
    use crate::{ErrorKind, Type, TypeKind, parse_type};

    fn kind(text: &str) -> TypeKind {
        parse_type(text).expect(text).kind().clone()
    }

    #[test]
    fn names_in_scope_of_generics_are_parameters() {
        let TypeKind::Function(function) = kind("<T>(T, U) -> T") else { panic!("a function") };
        assert!(matches!(function.parameters[0].ty.kind(), TypeKind::Parameter(name) if &**name == "T"));
        assert!(
            matches!(function.parameters[1].ty.kind(), TypeKind::Reference { path, .. } if &*path[0] == "U")
        );
        let TypeKind::Union(members) = kind("(<T>() -> T) | T") else { panic!("a union") };
        assert!(matches!(members[1].kind(), TypeKind::Reference { .. }));
    }

    #[test]
    fn forms_of_tables() {
        assert!(matches!(kind("{}"), TypeKind::Record { .. }));
        assert!(matches!(kind("{string}"), TypeKind::Array { readonly: false, .. }));
        assert!(matches!(kind("string[]"), TypeKind::Array { readonly: false, .. }));
        assert!(matches!(kind("readonly {string}"), TypeKind::Array { readonly: true, .. }));
        assert!(matches!(kind("{[string]: any}"), TypeKind::Map { .. }));
        let TypeKind::Record { fields, indexer, .. } =
            kind("{readonly a?: any, [string]: any, [\"b c\"]: any}")
        else {
            panic!("a record")
        };
        assert!(fields[0].readonly && fields[0].optional && indexer.is_some());
        assert_eq!(&*fields[1].name, b"b c");
    }

    #[test]
    fn parentheses_and_doubled_marks_vanish() {
        assert_eq!(parse_type("((string))").ok(), parse_type("string").ok());
        assert_eq!(parse_type("string??").ok(), parse_type("string?").ok());
        assert_eq!(parse_type("A | (B | C)").ok(), parse_type("A | B | C").ok());
        assert_eq!(parse_type("bool").ok(), Some(Type::basic(crate::Basic::Boolean)));
    }

    #[track_caller]
    fn check_error(text: &str, expected: &str) {
        assert_eq!(parse_type(text).map_err(|error| error.to_string()), Err(expected.to_owned()));
    }

    #[test]
    fn what_is_no_type_on_its_own() {
        check_error("typeof(x)", "'typeof' has no meaning outside a program");
        check_error("number @min(x)", "arguments of an annotation must be constants");
        check_error("number @min(- -1)", "arguments of an annotation must be constants");
        check_error("{a: number, a: string}", "field 'a' is declared twice");
        let error = parse_type("{a: typeof(x)}").expect_err("typeof");
        assert_eq!((error.kind(), error.span().start.0), (&ErrorKind::TypeofNeedsProgram, 4));
    }
}
