//! Syntax of types: what may stand after a colon, a cast or `type Name =`.
//!
//! Only syntax: names are not looked up and nothing is simplified; `typecheck` turns these nodes into types.
//! Invariant: nesting of these nodes is limited ([`crate::MAX_DEPTH`]), so a walk may recurse.

use crate::ast::{Expression, Name, Vararg};
use crate::interner::Symbol;
use crate::span::Span;

/// A type as it was written.
#[derive(Clone, Copy, Debug)]
pub struct TypeExpression<'a> {
    /// From the first to the last token.
    pub span: Span,
    /// Which form it has.
    pub kind: TypeKind<'a>,
}

/// The forms of a type.
#[derive(Clone, Copy, Debug)]
pub enum TypeKind<'a> {
    /// `nil`
    Nil,
    /// `true`
    True,
    /// `false`
    False,
    /// `42`, `-1`
    Integer(i64),
    /// `1.5`, `-0.5`
    Float(f64),
    /// `"text"`
    String(Symbol),
    /// `integer`, `json.Value`, `Map<K, V>`
    Reference(&'a TypeReference<'a>),
    /// `{a: T, [K]: V}`, `{[K]: V}`, `{}`, `readonly {…}`
    Record(&'a RecordType<'a>),
    /// `{T}`, `T[]`, `readonly {T}`
    Array {
        /// The type of the elements.
        element: &'a TypeExpression<'a>,
        /// Whether `readonly` stands before it.
        readonly: bool,
    },
    /// `T?`
    Optional(&'a TypeExpression<'a>),
    /// `T[K]`: the type of a field or an element
    Access {
        /// The table type.
        object: &'a TypeExpression<'a>,
        /// The type of the key.
        key: &'a TypeExpression<'a>,
    },
    /// `T @name(…)`
    Annotated {
        /// What is annotated.
        ty: &'a TypeExpression<'a>,
        /// The annotation.
        annotation: &'a Annotation<'a>,
    },
    /// `A | B | C`: at least two members, in source order; a member is no union unless it is in parentheses or is a
    /// function type's result
    Union(&'a [TypeExpression<'a>]),
    /// `A & B & C`: at least two members, in source order
    Intersection(&'a [TypeExpression<'a>]),
    /// `(a: A, B?) -> C`, `fun(a: A): B`
    Function(&'a FunctionType<'a>),
    /// `(T)`
    Paren(&'a TypeExpression<'a>),
    /// `typeof(expression)`
    Typeof(&'a Expression<'a>),
    /// `keyof(T)`
    Keyof(&'a TypeExpression<'a>),
}

/// `a.b.Name<Arguments>`
#[derive(Clone, Copy, Debug)]
pub struct TypeReference<'a> {
    /// The names between dots, at least one.
    pub path: &'a [Name],
    /// The generic arguments; empty if there are no angle brackets.
    pub arguments: &'a [TypeExpression<'a>],
}

/// A table type with named fields or an indexer or both.
#[derive(Clone, Copy, Debug)]
pub struct RecordType<'a> {
    /// In source order; at most one [`RecordItem::Indexer`].
    pub items: &'a [RecordItem<'a>],
    /// Whether `readonly` stands before the braces.
    pub readonly: bool,
}

/// An entry of a [`RecordType`].
#[derive(Clone, Copy, Debug)]
pub enum RecordItem<'a> {
    /// `name: T`, `name?: T`, `["any text"]: T`
    Field(RecordField<'a>),
    /// `[K]: V`
    Indexer {
        /// The type of the keys.
        key: &'a TypeExpression<'a>,
        /// The type of the values.
        value: &'a TypeExpression<'a>,
    },
}

/// A named field of a record or an interface.
#[derive(Clone, Copy, Debug)]
pub struct RecordField<'a> {
    /// Its name; for `["text"]: T` the text.
    pub name: Name,
    /// Written with `?:`.
    pub optional: bool,
    /// Written with `readonly`.
    pub readonly: bool,
    /// Its type.
    pub ty: &'a TypeExpression<'a>,
}

/// A function type.
#[derive(Clone, Copy, Debug)]
pub struct FunctionType<'a> {
    /// `<T, U: Bound>`
    pub generics: &'a [GenericParameter<'a>],
    /// The parameters before `...`.
    pub parameters: &'a [FunctionTypeParameter<'a>],
    /// The type of further arguments, if there may be any.
    pub vararg: Option<Vararg<'a>>,
    /// What it returns; absent only for `fun(…)` without a colon.
    pub result: Option<&'a TypePack<'a>>,
}

/// A parameter of a function type.
#[derive(Clone, Copy, Debug)]
pub struct FunctionTypeParameter<'a> {
    /// Its name, if it has one.
    pub name: Option<Name>,
    /// Written with `?:`.
    pub optional: bool,
    /// Its type.
    pub ty: &'a TypeExpression<'a>,
}

/// The types of a list of values: what a function returns.
#[derive(Clone, Copy, Debug)]
pub struct TypePack<'a> {
    /// From the first to the last token, parentheses included.
    pub span: Span,
    /// The types of the first values.
    pub items: &'a [TypeExpression<'a>],
    /// The type of further values, if there may be any.
    pub tail: Option<Vararg<'a>>,
}

/// What follows the colon after a parameter list.
#[derive(Clone, Copy, Debug)]
pub enum ReturnAnnotation<'a> {
    /// `: A, B`, `: (A, B)`, `: ()`
    Types(&'a TypePack<'a>),
    /// `: asserts name is T`
    Asserts(&'a AssertsAnnotation<'a>),
}

/// `asserts name is T`: after a normal return, `name` is truthy, or is of type `T`.
#[derive(Clone, Copy, Debug)]
pub struct AssertsAnnotation<'a> {
    /// From `asserts` to the end of the type.
    pub span: Span,
    /// The parameter.
    pub name: Name,
    /// The type after `is`.
    pub ty: Option<TypeExpression<'a>>,
}

/// A generic parameter.
#[derive(Clone, Copy, Debug)]
pub struct GenericParameter<'a> {
    /// Its name.
    pub name: Name,
    /// The type after the colon.
    pub bound: Option<&'a TypeExpression<'a>>,
    /// The type after `=`.
    pub default: Option<&'a TypeExpression<'a>>,
}

/// `@name`, `@name(arguments)`
#[derive(Clone, Copy, Debug)]
pub struct Annotation<'a> {
    /// From `@` to the last token.
    pub span: Span,
    /// The name after `@`.
    pub name: Name,
    /// The arguments; absent without parentheses.
    pub arguments: Option<&'a [Expression<'a>]>,
}

/// `type Name<T> = …`
#[derive(Clone, Copy, Debug)]
pub struct TypeAlias<'a> {
    /// Written with `export`.
    pub exported: bool,
    /// The name it declares.
    pub name: Name,
    /// Its generic parameters.
    pub generics: &'a [GenericParameter<'a>],
    /// What the name stands for.
    pub ty: TypeExpression<'a>,
}

/// `interface Name<T>: Parent … end`
#[derive(Clone, Copy, Debug)]
pub struct Interface<'a> {
    /// Written with `export`.
    pub exported: bool,
    /// The name it declares.
    pub name: Name,
    /// Its generic parameters.
    pub generics: &'a [GenericParameter<'a>],
    /// The interfaces it extends; each is a [`TypeKind::Reference`].
    pub parents: &'a [TypeExpression<'a>],
    /// Its fields and methods.
    pub items: &'a [InterfaceItem<'a>],
}

/// An entry of an interface.
#[derive(Clone, Copy, Debug)]
pub enum InterfaceItem<'a> {
    /// `name: T`
    Field(RecordField<'a>),
    /// `function name(…): T`
    Method(&'a InterfaceMethod<'a>),
}

/// `function name<T>(parameters): result`
#[derive(Clone, Copy, Debug)]
pub struct InterfaceMethod<'a> {
    /// From `function` to the last token.
    pub span: Span,
    /// The name of the field.
    pub name: Name,
    /// Its generic parameters.
    pub generics: &'a [GenericParameter<'a>],
    /// The parameters, `self` included where it is written.
    pub parameters: &'a [crate::ast::Binding<'a>],
    /// `...` as the last parameter.
    pub vararg: Option<Vararg<'a>>,
    /// What it returns.
    pub result: Option<ReturnAnnotation<'a>>,
}
