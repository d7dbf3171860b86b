//! Names in annotations: types, generic parameters, modules that types come from.
//!
//! Invariant: nesting of annotations is limited by the parser, so this may recurse.

use wippy_parser::ast::{
    GenericParameter, RecordItem, ReturnAnnotation, TypeExpression, TypeKind, TypePack, Vararg,
};

use super::super::names::{GenericInfo, Meaning};
use super::Walk;

impl<'a> Walk<'a> {
    pub(super) fn generics(&mut self, list: &'a [GenericParameter<'a>]) -> Vec<u32> {
        let mut numbers = Vec::with_capacity(list.len());
        for node in list {
            let number = self.names.generics.len() as u32;
            self.names.generics.push(GenericInfo { node });
            self.bind(node.name.symbol, Meaning::Generic(number), true);
            self.set(node.name.span.start, Meaning::Generic(number));
            numbers.push(number);
        }
        for node in list {
            for ty in [node.bound, node.default].into_iter().flatten() {
                self.ty(ty);
            }
        }
        numbers
    }

    pub(super) fn types(&mut self, list: &'a [TypeExpression<'a>]) {
        for ty in list {
            self.ty(ty);
        }
    }

    pub(super) fn pack(&mut self, pack: &TypePack<'a>) {
        self.types(pack.items);
        self.vararg(pack.tail);
    }

    pub(super) fn vararg(&mut self, vararg: Option<Vararg<'a>>) {
        if let Some(ty) = vararg.and_then(|vararg| vararg.ty) {
            self.ty(ty);
        }
    }

    pub(super) fn result(&mut self, result: Option<ReturnAnnotation<'a>>) {
        match result {
            None => {}
            Some(ReturnAnnotation::Types(pack)) => self.pack(pack),
            Some(ReturnAnnotation::Asserts(asserts)) => {
                if let Some(ty) = &asserts.ty {
                    self.ty(ty);
                }
            }
        }
    }

    pub(super) fn ty(&mut self, node: &TypeExpression<'a>) {
        match node.kind {
            TypeKind::Nil
            | TypeKind::True
            | TypeKind::False
            | TypeKind::Integer(_)
            | TypeKind::Float(_)
            | TypeKind::String(_) => {}
            TypeKind::Reference(reference) => {
                self.types(reference.arguments);
                let Some(first) = reference.path.first() else { return };
                if reference.path.len() == 1 {
                    let meaning = self.look_up(first.symbol, true);
                    self.set(first.span.start, meaning);
                } else {
                    let meaning = self.look_up(first.symbol, false);
                    self.set(first.span.start, meaning);
                    self.read(meaning);
                }
            }
            TypeKind::Record(record) => {
                for item in record.items {
                    match item {
                        RecordItem::Field(field) => self.ty(field.ty),
                        RecordItem::Indexer { key, value } => {
                            self.ty(key);
                            self.ty(value);
                        }
                    }
                }
            }
            TypeKind::Array { element, .. } => self.ty(element),
            TypeKind::Optional(inner) | TypeKind::Paren(inner) | TypeKind::Keyof(inner) => self.ty(inner),
            TypeKind::Access { object, key } => {
                self.ty(object);
                self.ty(key);
            }
            TypeKind::Annotated { ty, .. } => self.ty(ty),
            TypeKind::Union(list) | TypeKind::Intersection(list) => self.types(list),
            TypeKind::Function(function) => {
                let mark = self.bindings.len();
                self.generics(function.generics);
                for parameter in function.parameters {
                    self.ty(parameter.ty);
                }
                self.vararg(function.vararg);
                if let Some(result) = function.result {
                    self.pack(result);
                }
                self.leave(mark);
            }
            TypeKind::Typeof(expression) => self.expression(expression),
        }
    }
}
