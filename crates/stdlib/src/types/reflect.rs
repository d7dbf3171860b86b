//! What a type says about itself: kind, fields, members, parameters.
//!
//! Names and validators are looked through, optional marks are not. A method that means nothing for a kind of type
//! answers nil; lists come as iterators for `for … in`. Invariant: order is that of the declaration.

use wippy_typecheck::{Annotation, Basic, Constant, Field, FunctionType, Literal, Type, TypeKind};
use wippy_vm::{Context, Native, Outcome, Result, TypeRef, Value};

/// What `:kind()` answers for a type.
pub(super) fn kind_of(ty: &Type) -> &'static str {
    let shape = ty.bare();
    match shape.kind() {
        TypeKind::Basic(Basic::Error) | TypeKind::Host { .. } => "host",
        TypeKind::Basic(Basic::SelfType) | TypeKind::Parameter(_) => "unknown",
        TypeKind::Basic(basic) => basic.name(),
        TypeKind::Literal(_) => "literal",
        TypeKind::Optional(_) => "optional",
        TypeKind::Union(members) if members.iter().any(is_nil) => "optional",
        TypeKind::Union(_) => "union",
        TypeKind::Intersection(_) => "intersection",
        TypeKind::Tuple(_) => "tuple",
        TypeKind::Array { .. } => "array",
        TypeKind::Map { .. } => "map",
        TypeKind::Record { .. } => "record",
        TypeKind::Interface { .. } => "interface",
        TypeKind::Function(_) => "function",
        TypeKind::Generic(_) => "generic",
        TypeKind::Reference { path, .. } if path.len() > 1 => "host",
        _ => "unknown",
    }
}

fn is_nil(ty: &Type) -> bool {
    matches!(ty.kind(), TypeKind::Basic(Basic::Nil))
}

/// What an optional type is when it is not nil.
pub(super) fn inner_of(ty: &Type) -> Option<Type> {
    match ty.bare().kind() {
        TypeKind::Optional(inner) => Some(inner.clone()),
        TypeKind::Union(members) if members.iter().any(is_nil) => {
            Some(Type::union(members.iter().filter(|member| !is_nil(member)).cloned().collect()))
        }
        _ => None,
    }
}

/// The validators around a type, innermost first, those behind its name included.
pub(super) fn validators_of(ty: &Type) -> Vec<Annotation> {
    let mut annotations = Vec::new();
    let mut ty = ty.shape();
    // Each step takes one annotation off; names that never end are cut by `shape`.
    for _ in 0..wippy_typecheck::MAX_TYPE_DEPTH {
        let TypeKind::Annotated { ty: inner, annotation } = ty.kind() else { break };
        annotations.push(annotation.clone());
        ty = inner.shape();
    }
    annotations.reverse();
    annotations
}

fn this<'gc>(cx: &mut Context<'gc>) -> Result<&'gc Type> {
    Ok(cx.check_type(1)?.value().ty())
}

/// Answers with a type or nil.
fn answer(cx: &mut Context<'_>, ty: Option<Type>) -> Result<Outcome> {
    push_type(cx, ty.as_ref());
    Ok(cx.returns_top(1))
}

fn push_type(cx: &mut Context<'_>, ty: Option<&Type>) {
    match ty {
        Some(ty) => {
            let ty = cx.type_value(ty);
            cx.push(ty);
        }
        None => cx.push(Value::Nil),
    }
}

fn push_bytes(cx: &mut Context<'_>, text: Option<&[u8]>) -> Result<()> {
    match text {
        Some(text) => {
            let text = cx.string(text)?;
            cx.push(text);
        }
        None => cx.push(Value::Nil),
    }
    Ok(())
}

fn function_of(ty: &Type) -> Option<FunctionType> {
    match ty.bare().kind() {
        TypeKind::Function(function) => Some(function.clone()),
        _ => None,
    }
}

// ---- single answers ----

/// `:kind()`
pub(super) fn kind(cx: &mut Context<'_>) -> Result<Outcome> {
    let kind = kind_of(this(cx)?);
    let kind = cx.name(kind);
    Ok(cx.returns(kind))
}

/// `:name()`
pub(super) fn name(cx: &mut Context<'_>) -> Result<Outcome> {
    let ty = this(cx)?;
    let name: Option<&str> = match ty.kind() {
        TypeKind::Named(named) => Some(named.declaration.name()),
        TypeKind::Generic(declaration) => Some(declaration.0.name()),
        TypeKind::Basic(basic) => Some(basic.name()),
        TypeKind::Host { name, .. } => Some(name),
        _ => None,
    };
    push_bytes(cx, name.map(str::as_bytes))?;
    Ok(cx.returns_top(1))
}

/// `:field(name)`
pub(super) fn field(cx: &mut Context<'_>) -> Result<Outcome> {
    let ty = this(cx)?;
    let name = cx.check_string(2)?.as_bytes().to_vec();
    let found = ty.all_fields().and_then(|fields| fields.into_iter().find(|field| *field.name == *name));
    let readonly = is_readonly(ty) == Some(true);
    match found {
        Some(field) => {
            push_type(cx, Some(&field.ty));
            cx.push(field.optional);
            cx.push(field.readonly || readonly);
            Ok(cx.returns_top(3))
        }
        None => Ok(cx.returns(Value::Nil)),
    }
}

/// `:elem()`
pub(super) fn elem(cx: &mut Context<'_>) -> Result<Outcome> {
    let element = match this(cx)?.bare().kind() {
        TypeKind::Array { element, .. } => Some(element.clone()),
        TypeKind::Tuple(pack) => {
            let mut items: Vec<Type> = Vec::new();
            for item in pack.items.iter().chain(&pack.tail) {
                if !items.contains(item) {
                    items.push(item.clone());
                }
            }
            Some(if items.is_empty() { Type::basic(Basic::Never) } else { Type::union(items) })
        }
        _ => None,
    };
    answer(cx, element)
}

/// `:key()`
pub(super) fn key(cx: &mut Context<'_>) -> Result<Outcome> {
    let indexer = this(cx)?.indexer();
    answer(cx, indexer.map(|indexer| indexer.key))
}

/// `:val()`
pub(super) fn val(cx: &mut Context<'_>) -> Result<Outcome> {
    let indexer = this(cx)?.indexer();
    answer(cx, indexer.map(|indexer| indexer.value))
}

/// `:inner()`
pub(super) fn inner(cx: &mut Context<'_>) -> Result<Outcome> {
    let inner = inner_of(this(cx)?);
    answer(cx, inner)
}

/// `:variadic()`
pub(super) fn variadic(cx: &mut Context<'_>) -> Result<Outcome> {
    let vararg = function_of(this(cx)?).and_then(|function| function.vararg);
    answer(cx, vararg)
}

/// `:ret()`
pub(super) fn ret(cx: &mut Context<'_>) -> Result<Outcome> {
    let result = function_of(this(cx)?).and_then(|function| function.result).and_then(|pack| {
        match (pack.items.as_slice(), &pack.tail) {
            ([], None) => None,
            ([only], None) => Some(only.clone()),
            _ => Some(Type::new(TypeKind::Tuple(pack))),
        }
    });
    answer(cx, result)
}

/// `:generic()`
pub(super) fn generic(cx: &mut Context<'_>) -> Result<Outcome> {
    let generic = match this(cx)?.kind() {
        TypeKind::Named(named) if !named.declaration.parameters().is_empty() => {
            let declaration = wippy_typecheck::DeclarationRef(named.declaration.clone());
            Some(Type::new(TypeKind::Generic(declaration)))
        }
        _ => None,
    };
    answer(cx, generic)
}

/// `:value()`
pub(super) fn value(cx: &mut Context<'_>) -> Result<Outcome> {
    match this(cx)?.bare().kind() {
        TypeKind::Literal(literal) => push_literal(cx, literal)?,
        _ => cx.push(Value::Nil),
    }
    Ok(cx.returns_top(1))
}

fn push_literal(cx: &mut Context<'_>, literal: &Literal) -> Result<()> {
    match literal {
        Literal::Boolean(value) => cx.push(*value),
        Literal::Integer(value) => cx.push(*value),
        Literal::Float(bits) => cx.push(f64::from_bits(*bits)),
        Literal::String(text) => push_bytes(cx, Some(text))?,
    }
    Ok(())
}

/// `:readonly()`
pub(super) fn readonly(cx: &mut Context<'_>) -> Result<Outcome> {
    let answer = is_readonly(this(cx)?).map_or(Value::Nil, Value::Boolean);
    Ok(cx.returns(answer))
}

fn is_readonly(ty: &Type) -> Option<bool> {
    match ty.bare().kind() {
        TypeKind::Array { readonly, .. }
        | TypeKind::Map { readonly, .. }
        | TypeKind::Record { readonly, .. } => Some(*readonly),
        _ => None,
    }
}

// ---- iterators ----

/// A list that an iterator walks: how many items a type has, and pushing one of them.
struct Walk {
    native: Native,
    applies: fn(&Type) -> bool,
}

/// Answers with an iterator over a list of the type in slot 1, or nil.
fn iterate(cx: &mut Context<'_>, walk: &'static Walk) -> Result<Outcome> {
    let ty = cx.check_type(1)?;
    if !(walk.applies)(ty.value().ty()) {
        return Ok(cx.returns(Value::Nil));
    }
    let iterator = cx.native_closure(&walk.native, &[Value::Type(ty), Value::Integer(0)]);
    Ok(cx.returns(iterator))
}

/// The type that an iterator walks, and the position it has come to.
fn advance<'gc>(cx: &mut Context<'gc>) -> Option<(TypeRef<'gc>, usize)> {
    let (Value::Type(ty), Value::Integer(at)) = (cx.upvalue(1), cx.upvalue(2)) else { return None };
    cx.set_upvalue(2, at + 1);
    Some((ty, usize::try_from(at).ok()?))
}

macro_rules! walks {
    ($($(#[$doc:meta])* $name:ident $walk:ident $next:ident: $applies:expr, |$cx:ident, $ty:ident, $at:ident| $push:expr;)*) => {
        $(
            $(#[$doc])*
            pub(super) fn $name(cx: &mut Context<'_>) -> Result<Outcome> {
                iterate(cx, &$walk)
            }

            static $walk: Walk = Walk {
                native: Native { name: stringify!($name), function: $next, signature: "() -> (...any)" },
                applies: $applies,
            };

            fn $next($cx: &mut Context<'_>) -> Result<Outcome> {
                let Some((ty, $at)) = advance($cx) else { return Ok($cx.returns(Value::Nil)) };
                let $ty = ty.value().ty();
                match $push {
                    Some(count) => Ok($cx.returns_top(count)),
                    None => Ok($cx.returns(Value::Nil)),
                }
            }
        )*
    };
}

walks! {
    /// `:fields()`: name, type, optional, readonly
    fields FIELDS next_field:
        |ty| ty.all_fields().is_some_and(|_| ty.indexer().is_none() || kind_of(ty) == "record"),
        |cx, ty, at| match ty.all_fields().unwrap_or_default().get(at) {
            Some(Field { name, ty: field, optional, readonly }) => {
                let readonly = *readonly || is_readonly(ty) == Some(true);
                push_bytes(cx, Some(name))?;
                push_type(cx, Some(field));
                cx.push(*optional);
                cx.push(readonly);
                Some(4)
            }
            None => None,
        };

    /// `:variants()`: types
    variants VARIANTS next_variant:
        |ty| kind_of(ty) == "union",
        |cx, ty, at| match ty.bare().kind() {
            TypeKind::Union(members) if at < members.len() => {
                push_type(cx, members.get(at));
                Some(1)
            }
            _ => None,
        };

    /// `:parts()`: types
    parts PARTS next_part:
        |ty| kind_of(ty) == "intersection",
        |cx, ty, at| match ty.bare().kind() {
            TypeKind::Intersection(parts) if at < parts.len() => {
                push_type(cx, parts.get(at));
                Some(1)
            }
            _ => None,
        };

    /// `:params()`: type, name, optional
    params PARAMS next_parameter:
        |ty| function_of(ty).is_some(),
        |cx, ty, at| match function_of(ty).and_then(|function| function.parameters.get(at).cloned()) {
            Some(parameter) => {
                push_type(cx, Some(&parameter.ty));
                push_bytes(cx, parameter.name.as_deref().map(str::as_bytes))?;
                cx.push(parameter.optional);
                Some(3)
            }
            None => None,
        };

    /// `:tparams()`: name, bound, default
    tparams TPARAMS next_type_parameter:
        |ty| matches!(ty.kind(), TypeKind::Generic(_)),
        |cx, ty, at| match ty.kind() {
            TypeKind::Generic(declaration) if at < declaration.0.parameters().len() => {
                let parameter = &declaration.0.parameters()[at];
                push_bytes(cx, Some(parameter.name.as_bytes()))?;
                push_type(cx, parameter.bound.as_ref());
                push_type(cx, parameter.default.as_ref());
                Some(3)
            }
            _ => None,
        };

    /// `:args()`: types
    args ARGS next_argument:
        |ty| matches!(ty.kind(), TypeKind::Named(named) if !named.declaration.parameters().is_empty()),
        |cx, ty, at| match ty.kind() {
            TypeKind::Named(named) => {
                let argument = named.all_arguments().and_then(|arguments| arguments.get(at).cloned());
                argument.map(|argument| {
                    push_type(cx, Some(&argument));
                    1
                })
            }
            _ => None,
        };

    /// `:validators()`: name, argument
    validators VALIDATORS next_validator:
        |ty| !validators_of(ty).is_empty(),
        |cx, ty, at| match validators_of(ty).get(at) {
            Some(annotation) => {
                push_bytes(cx, Some(annotation.name.as_bytes()))?;
                match annotation.arguments.as_ref().and_then(|arguments| arguments.first()) {
                    Some(Constant::Literal(literal)) => push_literal(cx, literal)?,
                    _ => cx.push(Value::Nil),
                }
                Some(2)
            }
            None => None,
        };
}
