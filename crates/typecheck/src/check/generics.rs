//! What arguments say about generic parameters.
//!
//! Invariant: the first argument that says something about a parameter decides; later ones may only widen it.

use super::Checker;
use super::types::{Node, Returns, Ty};

impl<'a> Checker<'_, 'a> {
    /// What an inferred list holds, as far as that is certain.
    fn element_of(&self, number: u32) -> Ty {
        let shape = &self.types.shapes[number as usize];
        if shape.open || !self.frame.strict { Ty::DYN } else { shape.element.unwrap_or(Ty::DYN) }
    }

    /// Collects what `given` says about the generic parameters in `wanted`.
    pub(super) fn infer(&mut self, wanted: Ty, given: Ty, bindings: &mut Vec<(u32, Ty)>, depth: u32) {
        if depth > 12 || !self.types.is_parametric(wanted) || given == Ty::NONE {
            return;
        }
        let depth = depth + 1;
        match self.types.node(wanted).clone() {
            Node::Parameter(number) => {
                let bound = self.types.parameters[number as usize].bound;
                let keeps = bound.is_some_and(|bound| self.mentions_literals(bound));
                let given = if keeps { given } else { self.types.widen(given) };
                if given == Ty::NEVER {
                    return;
                }
                match bindings.iter().position(|it| it.0 == number) {
                    None => bindings.push((number, given)),
                    Some(at) => {
                        let known = bindings[at].1;
                        if !self.types.assignable(given, known) {
                            bindings[at].1 = if self.types.assignable(known, given) {
                                given
                            } else {
                                // Arguments that disagree: the first one decides, the other one is blamed.
                                known
                            };
                        } else if known.is_any() && !given.is_any() {
                            bindings[at].1 = given;
                        }
                    }
                }
            }
            Node::Array { element, .. } => {
                let given = self.types.expand(given);
                match self.types.node(given).clone() {
                    Node::Array { element: own, .. } => self.infer(element, own, bindings, depth),
                    Node::Map { value, .. } => self.infer(element, value, bindings, depth),
                    Node::Shape(number) => {
                        let own = self.element_of(number);
                        self.infer(element, own, bindings, depth);
                    }
                    Node::Union(list) => {
                        for &member in list.iter() {
                            self.infer(wanted, member, bindings, depth);
                        }
                    }
                    _ if given.is_any() => self.infer(element, given, bindings, depth),
                    _ => {}
                }
            }
            Node::Map { key, value, .. } => {
                let given = self.types.expand(given);
                match self.types.node(given).clone() {
                    Node::Map { key: k, value: v, .. } => {
                        self.infer(key, k, bindings, depth);
                        self.infer(value, v, bindings, depth);
                    }
                    Node::Array { element, .. } => {
                        self.infer(key, Ty::INTEGER, bindings, depth);
                        self.infer(value, element, bindings, depth);
                    }
                    Node::Record(record) => {
                        self.infer(key, Ty::STRING, bindings, depth);
                        let all: Vec<Ty> = record.fields.iter().map(|field| field.ty).collect();
                        let joined = self.types.union(&all);
                        self.infer(value, joined, bindings, depth);
                    }
                    Node::Shape(number) => {
                        let shape = &self.types.shapes[number as usize];
                        let all: Vec<Ty> = shape.fields.iter().map(|field| field.1).collect();
                        let element = shape.element;
                        if shape.open || !self.frame.strict {
                            self.infer(key, Ty::DYN, bindings, depth);
                            self.infer(value, Ty::DYN, bindings, depth);
                            return;
                        }
                        if !all.is_empty() {
                            self.infer(key, Ty::STRING, bindings, depth);
                            let joined = self.types.union(&all);
                            self.infer(value, joined, bindings, depth);
                        }
                        if let Some(element) = element {
                            self.infer(key, Ty::INTEGER, bindings, depth);
                            self.infer(value, element, bindings, depth);
                        }
                    }
                    _ if given.is_any() => {
                        self.infer(key, given, bindings, depth);
                        self.infer(value, given, bindings, depth);
                    }
                    _ => {}
                }
            }
            Node::Union(list) => {
                // What is not covered by the other members belongs to the parameter.
                let rest = self.types.filter(given, &mut |types, member| {
                    !list.iter().any(|&own| !types.is_parametric(own) && types.assignable(member, own))
                });
                for &member in list.iter() {
                    if self.types.is_parametric(member) {
                        self.infer(member, rest, bindings, depth);
                    }
                }
            }
            Node::Intersection(list) => {
                for &member in list.iter() {
                    self.infer(member, given, bindings, depth);
                }
            }
            Node::Named(definition, parameters) => {
                if let Node::Named(own, arguments) = self.types.node(given).clone()
                    && own == definition
                {
                    for (&parameter, &argument) in parameters.iter().zip(arguments.iter()) {
                        self.infer(parameter, argument, bindings, depth);
                    }
                    return;
                }
                let expanded = self.types.expand(wanted);
                self.infer(expanded, given, bindings, depth);
            }
            Node::Record(record) => {
                let given = self.types.expand(given);
                for field in &record.fields {
                    let own = match self.types.node(given).clone() {
                        Node::Record(own) => own.field(field.name).map(|it| it.ty),
                        Node::Shape(number) => self.types.shapes[number as usize].get(field.name),
                        _ => None,
                    };
                    if let Some(own) = own {
                        self.infer(field.ty, own, bindings, depth);
                    }
                }
            }
            Node::Function(function) => {
                let given = self.types.expand(given);
                let Node::Function(own) = self.types.node(given).clone() else { return };
                for (parameter, own) in function.parameters.iter().zip(&own.parameters) {
                    if !own.ty.is_any() {
                        self.infer(parameter.ty, own.ty, bindings, depth);
                    }
                }
                let Returns::Declared(pack) = &function.result else { return };
                if pack.items.iter().all(|&ty| !self.types.is_parametric(ty)) {
                    return;
                }
                let pack = pack.clone();
                let returns = self.returns_of(&own);
                for (at, &item) in pack.items.iter().enumerate() {
                    let own = returns.items.get(at).copied().or(returns.tail).unwrap_or(Ty::NIL);
                    self.infer(item, own, bindings, depth);
                }
            }
            _ => {}
        }
    }

    pub(super) fn mentions_literals(&mut self, ty: Ty) -> bool {
        let ty = self.types.expand(ty);
        self.types.members(ty).iter().any(|&member| self.types.is_literal(member) && ty != Ty::BOOLEAN)
    }
}
