//! Walking and rebuilding types: parts, substitution of parameters, and [`Type::shape`], what a name stands for.
//!
//! No relation between types is decided here. Invariant: nothing follows a name without a bound on the steps, so that
//! declarations that refer only to themselves cost nothing worse than an unresolved type.

use std::sync::Arc;

use crate::ty::{
    Basic, Field, FunctionType, Indexer, Literal, Pack, Parameter, Type, TypeKind, TypeParameter,
};

/// Most names that are followed one after another.
const MAX_STEPS: usize = 64;

impl TypeKind {
    /// Calls `visit` for every type that is written inside this one, arguments of names included.
    pub fn each_part(&self, visit: &mut dyn FnMut(&Type)) {
        let pack = |pack: &Pack, visit: &mut dyn FnMut(&Type)| {
            pack.items.iter().chain(&pack.tail).for_each(visit);
        };
        match self {
            Self::Basic(_) | Self::Literal(_) | Self::Parameter(_) | Self::Generic(_) => {}
            Self::Reference { arguments, .. } | Self::Host { arguments, .. } => {
                arguments.iter().for_each(visit);
            }
            Self::Named(named) => named.arguments.iter().for_each(visit),
            Self::Array { element: inner, .. } | Self::Optional(inner) | Self::Keyof(inner) => visit(inner),
            Self::Annotated { ty, .. } => visit(ty),
            Self::Map { indexer, .. } => {
                visit(&indexer.key);
                visit(&indexer.value);
            }
            Self::Record { fields, indexer, .. } => {
                fields.iter().for_each(|field| visit(&field.ty));
                if let Some(indexer) = indexer {
                    visit(&indexer.key);
                    visit(&indexer.value);
                }
            }
            Self::Interface { parents, fields } => {
                parents.iter().for_each(&mut *visit);
                fields.iter().for_each(|field| visit(&field.ty));
            }
            Self::Union(members) | Self::Intersection(members) => members.iter().for_each(visit),
            Self::Access { object, key } => {
                visit(object);
                visit(key);
            }
            Self::Tuple(items) => pack(items, visit),
            Self::Function(function) => {
                for generic in &function.generics {
                    generic.bound.iter().chain(&generic.default).for_each(&mut *visit);
                }
                function.parameters.iter().for_each(|parameter| visit(&parameter.ty));
                function.vararg.iter().for_each(&mut *visit);
                if let Some(result) = &function.result {
                    pack(result, visit);
                }
            }
        }
    }
}

/// Types by the names of the parameters they stand for.
pub type Environment = [(Arc<str>, Type)];

impl Type {
    /// The type with `environment`'s types in place of the parameters they name.
    pub fn substitute(&self, environment: &Environment) -> Type {
        if environment.is_empty() || !self.mentions(environment) {
            return self.clone();
        }
        let all = |types: &[Type]| types.iter().map(|ty| ty.substitute(environment)).collect::<Vec<_>>();
        let fields = |fields: &[Field]| {
            let field = |field: &Field| Field { ty: field.ty.substitute(environment), ..field.clone() };
            fields.iter().map(field).collect::<Vec<_>>()
        };
        let indexer = |indexer: &Indexer| Indexer {
            key: indexer.key.substitute(environment),
            value: indexer.value.substitute(environment),
        };
        Type::new(match self.kind() {
            TypeKind::Parameter(name) => match environment.iter().rev().find(|(known, _)| known == name) {
                Some((_, ty)) => return ty.clone(),
                None => return self.clone(),
            },
            TypeKind::Basic(_) | TypeKind::Literal(_) | TypeKind::Generic(_) => return self.clone(),
            TypeKind::Reference { path, arguments } => {
                TypeKind::Reference { path: path.clone(), arguments: all(arguments) }
            }
            TypeKind::Host { name, arguments } => {
                TypeKind::Host { name: name.clone(), arguments: all(arguments) }
            }
            TypeKind::Named(named) => return Type::named(named.declaration.clone(), all(&named.arguments)),
            TypeKind::Array { element, readonly } => {
                TypeKind::Array { element: element.substitute(environment), readonly: *readonly }
            }
            TypeKind::Map { indexer: it, readonly } => {
                TypeKind::Map { indexer: indexer(it), readonly: *readonly }
            }
            TypeKind::Record { fields: list, indexer: it, readonly } => TypeKind::Record {
                fields: fields(list),
                indexer: it.as_ref().map(indexer),
                readonly: *readonly,
            },
            TypeKind::Interface { parents, fields: list } => {
                TypeKind::Interface { parents: all(parents), fields: fields(list) }
            }
            TypeKind::Optional(inner) => return inner.substitute(environment).optional(),
            TypeKind::Union(members) => return Type::union(all(members)),
            TypeKind::Intersection(members) => return Type::intersection(all(members)),
            TypeKind::Access { object, key } => {
                TypeKind::Access { object: object.substitute(environment), key: key.substitute(environment) }
            }
            TypeKind::Keyof(inner) => TypeKind::Keyof(inner.substitute(environment)),
            TypeKind::Annotated { ty, annotation } => {
                TypeKind::Annotated { ty: ty.substitute(environment), annotation: annotation.clone() }
            }
            TypeKind::Tuple(pack) => TypeKind::Tuple(substitute_pack(pack, environment)),
            TypeKind::Function(function) => TypeKind::Function(function.substitute(environment)),
        })
    }

    /// Whether a parameter that `environment` names occurs anywhere.
    fn mentions(&self, environment: &Environment) -> bool {
        if let TypeKind::Parameter(name) = self.kind() {
            return environment.iter().any(|(known, _)| known == name);
        }
        let mut found = false;
        self.kind().each_part(&mut |part| found = found || part.mentions(environment));
        found
    }

    /// What the type is once names are followed and `T[K]` and `keyof(T)` are worked out: never one of these.
    /// Declarations that lead nowhere, and accesses without a meaning, become a [`TypeKind::Reference`].
    pub fn shape(&self) -> Type {
        let mut ty = self.clone();
        for _ in 0..MAX_STEPS {
            ty = match ty.kind() {
                TypeKind::Named(named) => match named.expand() {
                    Some(body) => body,
                    None if named.declaration.body().is_some() => {
                        return Type::new(TypeKind::Generic(crate::ty::DeclarationRef(
                            named.declaration.clone(),
                        )));
                    }
                    None => return unresolved(&ty),
                },
                TypeKind::Access { object, key } => match access(object, key) {
                    Some(found) => found,
                    None => return unresolved(&ty),
                },
                TypeKind::Keyof(inner) => match keys(inner) {
                    Some(found) => found,
                    None => return unresolved(&ty),
                },
                _ => return ty,
            };
        }
        unresolved(self)
    }

    /// [`Type::shape`] without validators around it.
    pub fn bare(&self) -> Type {
        let mut ty = self.shape();
        for _ in 0..MAX_STEPS {
            ty = match ty.kind() {
                TypeKind::Annotated { ty: inner, .. } => inner.shape(),
                _ => return ty,
            };
        }
        ty
    }

    /// The members of a union, what names and optional marks stand for included; the type alone if it is none.
    /// No member is a union or an optional type, and none occurs twice in the same words. Annotated members stay whole.
    pub fn members(&self) -> Vec<Type> {
        let mut members = Vec::new();
        let mut names = Vec::new();
        self.collect_members(&mut members, &mut names);
        members
    }

    fn collect_members(&self, members: &mut Vec<Type>, names: &mut Vec<Type>) {
        if matches!(self.kind(), TypeKind::Named(_)) {
            if names.contains(self) || names.len() >= MAX_STEPS {
                return;
            }
            names.push(self.clone());
        }
        let shape = self.shape();
        match shape.kind() {
            TypeKind::Union(list) => list.iter().for_each(|member| member.collect_members(members, names)),
            TypeKind::Optional(inner) => {
                inner.collect_members(members, names);
                let nil = Type::basic(Basic::Nil);
                if !members.contains(&nil) {
                    members.push(nil);
                }
            }
            _ if members.contains(&shape) => {}
            _ => members.push(shape),
        }
    }

    /// The fields of a record or an interface, those of the interfaces it extends first; absent for other types.
    pub fn all_fields(&self) -> Option<Vec<Field>> {
        fn collect(ty: &Type, fields: &mut Vec<Field>, steps: &mut usize) -> bool {
            *steps += 1;
            if *steps > 1000 {
                return false;
            }
            let shape = ty.bare();
            let (parents, own): (&[Type], _) = match shape.kind() {
                TypeKind::Record { fields, .. } => (&[], fields),
                TypeKind::Interface { parents, fields } => (parents, fields),
                _ => return false,
            };
            for parent in parents {
                collect(parent, fields, steps);
            }
            for field in own {
                match fields.iter_mut().find(|known| known.name == field.name) {
                    Some(known) => *known = field.clone(),
                    None => fields.push(field.clone()),
                }
            }
            true
        }
        let mut fields = Vec::new();
        collect(self, &mut fields, &mut 0).then_some(fields)
    }

    /// The indexer of a map or of a record that has one.
    pub fn indexer(&self) -> Option<Indexer> {
        match self.bare().kind() {
            TypeKind::Map { indexer, .. } => Some(indexer.clone()),
            TypeKind::Record { indexer, .. } => indexer.clone(),
            _ => None,
        }
    }

    /// Whether nil is one of its values.
    pub fn accepts_nil(&self) -> bool {
        self.members().iter().any(|member| match member.kind() {
            TypeKind::Basic(basic) => matches!(basic, Basic::Nil | Basic::Any | Basic::Unknown),
            TypeKind::Annotated { ty, .. } => ty.accepts_nil(),
            TypeKind::Intersection(parts) => parts.iter().all(Type::accepts_nil),
            _ => false,
        })
    }
}

fn unresolved(ty: &Type) -> Type {
    Type::new(TypeKind::Reference { path: vec![ty.to_string().into()], arguments: Vec::new() })
}

/// `object[key]` among types.
fn access(object: &Type, key: &Type) -> Option<Type> {
    let object = object.bare();
    if let TypeKind::Union(members) = object.kind() {
        return Some(Type::union(members.iter().map(|member| access(member, key)).collect::<Option<_>>()?));
    }
    let key = key.bare();
    if let TypeKind::Union(members) = key.kind() {
        return Some(Type::union(
            members.iter().map(|member| access(&object, member)).collect::<Option<_>>()?,
        ));
    }
    if let (TypeKind::Literal(Literal::String(name)), Some(fields)) = (key.kind(), object.all_fields())
        && let Some(field) = fields.into_iter().find(|field| field.name == *name)
    {
        return Some(if field.optional { field.ty.optional() } else { field.ty });
    }
    match object.kind() {
        TypeKind::Array { element, .. } => {
            let number = matches!(
                key.kind(),
                TypeKind::Basic(Basic::Number | Basic::Integer) | TypeKind::Literal(Literal::Integer(_))
            );
            number.then(|| element.clone())
        }
        _ => object.indexer().map(|indexer| indexer.value),
    }
}

/// `keyof(T)`
fn keys(ty: &Type) -> Option<Type> {
    let shape = ty.bare();
    if let TypeKind::Array { .. } = shape.kind() {
        return Some(Type::basic(Basic::Integer));
    }
    let mut keys: Vec<Type> = Vec::new();
    let fields = shape.all_fields();
    let indexer = shape.indexer();
    if fields.is_none() && indexer.is_none() {
        return None;
    }
    for field in fields.into_iter().flatten() {
        keys.push(Type::new(TypeKind::Literal(Literal::String(field.name))));
    }
    keys.extend(indexer.map(|indexer| indexer.key));
    Some(if keys.is_empty() { Type::basic(Basic::Never) } else { Type::union(keys) })
}

fn substitute_pack(pack: &Pack, environment: &Environment) -> Pack {
    Pack {
        items: pack.items.iter().map(|ty| ty.substitute(environment)).collect(),
        tail: pack.tail.as_ref().map(|ty| ty.substitute(environment)),
    }
}

impl FunctionType {
    /// The function type with `environment`'s types in place of the parameters they name; its own generic parameters
    /// are renamed where a type that is put in mentions one of the same name.
    pub fn substitute(&self, environment: &Environment) -> FunctionType {
        let mut inner: Vec<(Arc<str>, Type)> = environment
            .iter()
            .filter(|(name, _)| !self.generics.iter().any(|generic| generic.name == *name))
            .cloned()
            .collect();
        let outside: Vec<Type> = inner.iter().map(|(_, ty)| ty.clone()).collect();
        let mut names = Vec::with_capacity(self.generics.len());
        for generic in &self.generics {
            let probe = [(generic.name.clone(), Type::basic(Basic::Never))];
            let mut name = generic.name.clone();
            if outside.iter().any(|ty| ty.mentions(&probe)) {
                name = format!("{name}_").into();
                inner.push((generic.name.clone(), Type::new(TypeKind::Parameter(name.clone()))));
            }
            names.push(name);
        }
        let generics = self.generics.iter().zip(names).map(|(generic, name)| TypeParameter {
            name,
            bound: generic.bound.as_ref().map(|ty| ty.substitute(&inner)),
            default: generic.default.as_ref().map(|ty| ty.substitute(&inner)),
        });
        FunctionType {
            generics: generics.collect(),
            parameters: self
                .parameters
                .iter()
                .map(|parameter| Parameter { ty: parameter.ty.substitute(&inner), ..parameter.clone() })
                .collect(),
            vararg: self.vararg.as_ref().map(|ty| ty.substitute(&inner)),
            result: self.result.as_ref().map(|pack| substitute_pack(pack, &inner)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::declaration::Declaration;
    use crate::parse_type;

    fn ty(text: &str) -> Type {
        parse_type(text).expect(text)
    }

    fn parameter(name: &str) -> TypeParameter {
        TypeParameter { name: name.into(), bound: None, default: None }
    }

    #[test]
    fn names_lead_to_what_they_stand_for() {
        let boxed = Declaration::new("Box", 1);
        let value = Type::new(TypeKind::Parameter("T".into()));
        let field = Field { name: b"value"[..].into(), ty: value, optional: false, readonly: false };
        let body = TypeKind::Record { fields: vec![field], indexer: None, readonly: false };
        boxed.define(vec![parameter("T")], Type::new(body));
        let of_number = Type::named(boxed.clone(), vec![ty("number")]);
        assert_eq!(of_number.shape().to_string(), "{value: number}");
        assert!(matches!(Type::named(boxed, vec![]).shape().kind(), TypeKind::Generic(_)));
    }

    #[test]
    fn a_name_for_itself_is_unresolved() {
        let a = Declaration::new("A", 1);
        a.define(vec![], Type::named(a.clone(), vec![]));
        assert!(matches!(Type::named(a, vec![]).shape().kind(), TypeKind::Reference { .. }));
        let b = Declaration::new("B", 1);
        b.define(vec![], Type::named(b.clone(), vec![]).optional());
        assert_eq!(Type::named(b, vec![]).members(), [Type::basic(Basic::Nil)]);
    }

    #[test]
    fn keys_and_fields_of_types() {
        assert_eq!(ty("keyof({a: number, b?: string})").shape().to_string(), "\"a\" | \"b\"");
        assert_eq!(ty("{a: number, b?: string}[\"b\"]").shape().to_string(), "string?");
        assert_eq!(ty("{string}[number]").shape().to_string(), "string");
        assert!(matches!(ty("{a: number}[\"c\"]").shape().kind(), TypeKind::Reference { .. }));
    }

    #[test]
    fn substitution_does_not_capture() {
        let TypeKind::Function(function) = ty("<U>(T, U) -> U").kind().clone() else { panic!("a function") };
        let outer = Type::new(TypeKind::Parameter("U".into()));
        let t = FunctionType {
            parameters: vec![Parameter {
                name: None,
                ty: Type::new(TypeKind::Parameter("T".into())),
                optional: false,
            }],
            ..function
        };
        let result = t.substitute(&[("T".into(), outer)]);
        assert_eq!(Type::new(TypeKind::Function(result)).to_string(), "<U_>(U) -> U_");
    }
}
