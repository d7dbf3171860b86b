//! [`Type`]: the structure of a type as it was declared, in declaration order.
//!
//! `==` compares structure as it was written, named types by their declaration; that `A | B` and `B | A`, or a name and
//! what it stands for, are one type is decided by [`crate::Canon`].
//! Invariant: immutable and shared; cloning costs a reference count. Parentheses are gone, unions and intersections
//! are flat and have at least two members, an optional type is not optional again.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::declaration::{Declaration, Named};

/// A type. Cheap to clone, `Send` and `Sync`.
#[derive(Clone)]
pub struct Type(Arc<Node>);

struct Node {
    kind: TypeKind,
    /// Levels of nesting, names not followed; at least 1.
    depth: u32,
}

/// Most levels of nesting of a type that a running program may build; walks recurse on nesting.
pub const MAX_TYPE_DEPTH: u32 = 100;

/// The forms of a type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TypeKind {
    /// A predeclared type: `any`, `string`, …
    Basic(Basic),
    /// A type with one value: `"a"`, `42`, `true`
    Literal(Literal),
    /// A type by its name, not looked up: `User`, `json.Value<T>`
    Reference {
        /// The names between dots, at least one.
        path: Vec<Arc<str>>,
        /// The generic arguments.
        arguments: Vec<Type>,
    },
    /// A declared type, by what declares it: `User`, `Box<number>`
    Named(Named),
    /// A generic declaration without arguments, as a value: `Box`
    Generic(DeclarationRef),
    /// A type that a host module defines: `channel.Channel<T>`
    Host {
        /// Its name with the module's: `channel.Channel`
        name: Arc<str>,
        /// The generic arguments.
        arguments: Vec<Type>,
    },
    /// The body of an interface declaration.
    Interface {
        /// The interfaces it extends, in order.
        parents: Vec<Type>,
        /// Its own items, in declaration order; methods are fields of function type.
        fields: Vec<Field>,
    },
    /// What a function returns, as a type of its own: `(A, B)`
    Tuple(Pack),
    /// A generic parameter of an enclosing function type or declaration.
    Parameter(Arc<str>),
    /// `{T}`
    Array {
        /// The type of the elements.
        element: Type,
        /// Whether elements cannot be assigned.
        readonly: bool,
    },
    /// `{[K]: V}`
    Map {
        /// Keys and values.
        indexer: Indexer,
        /// Whether values cannot be assigned.
        readonly: bool,
    },
    /// `{a: T, b?: U, [K]: V}`, `{}`
    Record {
        /// In declaration order, names unique.
        fields: Vec<Field>,
        /// All other keys.
        indexer: Option<Indexer>,
        /// Whether no field can be assigned.
        readonly: bool,
    },
    /// `T?`
    Optional(Type),
    /// `A | B`
    Union(Vec<Type>),
    /// `A & B`
    Intersection(Vec<Type>),
    /// `(A) -> B`
    Function(FunctionType),
    /// `T[K]`: the type of a field or an element
    Access {
        /// The table type.
        object: Type,
        /// The type of the key.
        key: Type,
    },
    /// `keyof(T)`
    Keyof(Type),
    /// `T @name(…)`
    Annotated {
        /// What is annotated.
        ty: Type,
        /// The annotation.
        annotation: Annotation,
    },
}

/// A declaration that compares by identity.
#[derive(Clone, Debug)]
pub struct DeclarationRef(pub Arc<Declaration>);

impl PartialEq for DeclarationRef {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for DeclarationRef {}

impl Hash for DeclarationRef {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.0).hash(state);
    }
}

/// Declares the predeclared types: variant, names (the first is shown), meaning.
macro_rules! basic_types {
    ($($(#[$doc:meta])* $variant:ident $name:literal $(or $other:literal)?,)*) => {
        /// The predeclared types.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Basic {
            $($(#[$doc])* $variant,)*
        }

        impl Basic {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// As it is written.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// The predeclared type of this name.
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $($name $(| $other)? => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

basic_types! {
    /// Every value, unchecked.
    Any "any",
    /// Every value, to be checked before use.
    Unknown "unknown",
    /// No value.
    Never "never",
    /// `nil`
    Nil "nil",
    /// `true` and `false`
    Boolean "boolean" or "bool",
    /// Integers and floats.
    Number "number",
    /// Integers.
    Integer "integer" or "int",
    /// Strings.
    String "string",
    /// Tables of any shape.
    Table "table",
    /// Functions of any signature; a keyword, so no annotation can spell it.
    Function "function",
    /// Coroutines.
    Thread "thread",
    /// Host objects.
    Userdata "userdata",
    /// Structured errors.
    Error "error",
    /// Types as values.
    Type "type",
    /// The receiver, inside an interface or a method.
    SelfType "self",
}

/// The value of a literal type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Literal {
    /// `true`, `false`
    Boolean(bool),
    /// `42`
    Integer(i64),
    /// `1.5`, as its bits, so that types can be compared and hashed; never NaN.
    Float(u64),
    /// `"text"`
    String(Arc<[u8]>),
}

/// A field of a record.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Field {
    /// Its name; any bytes, when it was written as `["name"]`.
    pub name: Arc<[u8]>,
    /// Its type.
    pub ty: Type,
    /// Whether it may be absent.
    pub optional: bool,
    /// Whether it cannot be assigned.
    pub readonly: bool,
}

/// `[K]: V`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Indexer {
    /// The type of the keys.
    pub key: Type,
    /// The type of the values.
    pub value: Type,
}

/// A function type, or the signature of a builtin.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FunctionType {
    /// `<T, U: Bound>`
    pub generics: Vec<TypeParameter>,
    /// The parameters before `...`.
    pub parameters: Vec<Parameter>,
    /// The type of each further argument, if there may be any.
    pub vararg: Option<Type>,
    /// What it returns; absent if the type does not say (`fun(x: T)`).
    pub result: Option<Pack>,
}

/// A generic parameter.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TypeParameter {
    /// Its name.
    pub name: Arc<str>,
    /// What an argument must be a subtype of.
    pub bound: Option<Type>,
    /// The argument if none is given.
    pub default: Option<Type>,
}

/// A parameter of a function type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Parameter {
    /// Its name, if it was written.
    pub name: Option<Arc<str>>,
    /// Its type.
    pub ty: Type,
    /// Whether it was written with `?:`.
    pub optional: bool,
}

/// The types of a list of values.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Pack {
    /// The types of the first values.
    pub items: Vec<Type>,
    /// The type of each further value, if there may be any.
    pub tail: Option<Type>,
}

/// `@name(arguments)`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Annotation {
    /// The name after `@`.
    pub name: Arc<str>,
    /// The arguments; absent without parentheses.
    pub arguments: Option<Vec<Constant>>,
}

/// An argument of an annotation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Constant {
    /// `nil`
    Nil,
    /// Any other simple value.
    Literal(Literal),
    /// A table constructor: keys (absent for list items) and values, in order.
    Table(Vec<(Option<Constant>, Constant)>),
}

impl PartialEq for Type {
    fn eq(&self, other: &Self) -> bool {
        self.is(other) || self.0.depth == other.0.depth && self.0.kind == other.0.kind
    }
}

impl Eq for Type {}

impl Hash for Type {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.kind.hash(state);
    }
}

impl fmt::Debug for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.kind.fmt(f)
    }
}

impl Type {
    /// A type of this form.
    pub fn new(kind: TypeKind) -> Self {
        let mut inner = 0;
        kind.each_part(&mut |part| inner = inner.max(part.depth()));
        Self(Arc::new(Node { kind, depth: inner + 1 }))
    }

    /// A use of a declaration.
    pub fn named(declaration: Arc<Declaration>, arguments: Vec<Self>) -> Self {
        Self::new(TypeKind::Named(Named { declaration, arguments }))
    }

    /// Levels of nesting, at least 1; what names stand for does not count.
    pub fn depth(&self) -> u32 {
        self.0.depth
    }

    /// Whether both are the very same object, which makes them equal.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// A predeclared type.
    pub fn basic(basic: Basic) -> Self {
        Self::new(TypeKind::Basic(basic))
    }

    /// Its form.
    pub fn kind(&self) -> &TypeKind {
        &self.0.kind
    }

    /// This type or nil; the same type if it is optional already.
    pub fn optional(self) -> Self {
        match self.kind() {
            TypeKind::Optional(_) => self,
            _ => Self::new(TypeKind::Optional(self)),
        }
    }

    /// The union of `members`, of which there is at least one; unions among them are merged into it.
    pub fn union(members: Vec<Self>) -> Self {
        Self::flat(members, TypeKind::Union, |kind| match kind {
            TypeKind::Union(inner) => Some(inner),
            _ => None,
        })
    }

    /// The intersection of `members`, of which there is at least one; intersections among them are merged into it.
    pub fn intersection(members: Vec<Self>) -> Self {
        Self::flat(members, TypeKind::Intersection, |kind| match kind {
            TypeKind::Intersection(inner) => Some(inner),
            _ => None,
        })
    }

    fn flat(
        members: Vec<Self>,
        make: fn(Vec<Self>) -> TypeKind,
        inner: fn(&TypeKind) -> Option<&Vec<Self>>,
    ) -> Self {
        let mut list = Vec::with_capacity(members.len());
        for member in members {
            match inner(member.kind()) {
                Some(inner) => list.extend(inner.iter().cloned()),
                None => list.push(member),
            }
        }
        match list.len() {
            1 => list.swap_remove(0),
            _ => Self::new(make(list)),
        }
    }
}

impl Literal {
    /// The literal for a float.
    pub fn float(value: f64) -> Self {
        Self::Float(value.to_bits())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_shared_between_threads() {
        fn shared<T: Send + Sync + Clone>() {}
        shared::<Type>();
        assert_eq!(size_of::<Type>(), size_of::<usize>());
    }

    #[test]
    fn names_of_predeclared_types_lead_back_to_them() {
        for &basic in Basic::ALL {
            assert_eq!(Basic::from_name(basic.name()), Some(basic));
        }
        assert_eq!(Basic::from_name("int"), Some(Basic::Integer));
        assert_eq!(Basic::from_name("User"), None);
    }

    #[test]
    fn unions_are_flat() {
        let [a, b, c] = [Basic::Nil, Basic::String, Basic::Table].map(Type::basic);
        let inner = Type::union(vec![b.clone(), c.clone()]);
        assert_eq!(Type::union(vec![a.clone(), inner]), Type::union(vec![a.clone(), b, c]));
        assert_eq!(Type::union(vec![a.clone()]), a);
    }
}
