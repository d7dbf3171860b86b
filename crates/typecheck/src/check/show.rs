//! Types of the checker as a reader would write them.
//!
//! For messages and hover. Invariant: the text is short: what is deeper or longer than a message bears is cut with `...`.

use std::fmt::Write as _;

use wippy_parser::{Interner, Symbol};

use super::types::{Node, Pack, Returns, Ty, Types};

const DEPTH: u32 = 4;
const LENGTH: usize = 160;
const MEMBERS: usize = 10;

impl Types {
    /// The text of a type.
    pub(super) fn show(&self, interner: &Interner, ty: Ty) -> String {
        let mut show = Show { types: self, interner, out: String::new() };
        show.ty(ty, 0, false);
        show.out
    }
}

/// The text of a symbol.
pub(super) fn text(interner: &Interner, symbol: Symbol) -> String {
    String::from_utf8_lossy(interner.resolve(symbol)).into_owned()
}

struct Show<'t> {
    types: &'t Types,
    interner: &'t Interner,
    out: String,
}

impl Show<'_> {
    fn list(&mut self, list: &[Ty], separator: &str, depth: u32) {
        for (at, &ty) in list.iter().enumerate() {
            if at > 0 {
                self.out.push_str(separator);
            }
            if at >= MEMBERS || self.out.len() > LENGTH {
                self.out.push_str("...");
                return;
            }
            self.ty(ty, depth, separator != ", ");
        }
    }

    /// `tight`: a union or a function needs parentheses here.
    fn ty(&mut self, ty: Ty, depth: u32, tight: bool) {
        if depth > DEPTH || self.out.len() > LENGTH {
            self.out.push_str("...");
            return;
        }
        let depth = depth + 1;
        let _ = match self.types.node(ty) {
            Node::Basic => write!(self.out, "{}", ty.basic_name().unwrap_or("any")),
            Node::Integer(value) => write!(self.out, "{value}"),
            Node::Float(bits) => write!(self.out, "{:?}", f64::from_bits(*bits)),
            Node::String(symbol) => write!(self.out, "{:?}", text(self.interner, *symbol)),
            Node::Array { element, readonly } => {
                self.out.push_str(if *readonly { "readonly {" } else { "{" });
                self.ty(*element, depth, false);
                self.out.push('}');
                Ok(())
            }
            Node::Map { key, value, readonly } => {
                self.out.push_str(if *readonly { "readonly {[" } else { "{[" });
                self.ty(*key, depth, false);
                self.out.push_str("]: ");
                self.ty(*value, depth, false);
                self.out.push('}');
                Ok(())
            }
            Node::Record(record) => {
                self.out.push_str(if record.readonly { "readonly {" } else { "{" });
                for (at, field) in record.fields.iter().enumerate() {
                    if at > 0 {
                        self.out.push_str(", ");
                    }
                    if at >= MEMBERS || self.out.len() > LENGTH {
                        self.out.push_str("...");
                        break;
                    }
                    if field.readonly {
                        self.out.push_str("readonly ");
                    }
                    self.out.push_str(&text(self.interner, field.name));
                    self.out.push_str(if field.optional { "?: " } else { ": " });
                    self.ty(field.ty, depth, false);
                }
                if let Some((key, value)) = record.indexer {
                    self.out.push_str(if record.fields.is_empty() { "[" } else { ", [" });
                    self.ty(key, depth, false);
                    self.out.push_str("]: ");
                    self.ty(value, depth, false);
                }
                self.out.push('}');
                Ok(())
            }
            Node::Function(function) => {
                if tight {
                    self.out.push('(');
                }
                if !function.generics.is_empty() {
                    self.out.push('<');
                    for (at, &number) in function.generics.iter().enumerate() {
                        if at > 0 {
                            self.out.push_str(", ");
                        }
                        let name = self.types.parameters[number as usize].name;
                        self.out.push_str(&text(self.interner, name));
                    }
                    self.out.push('>');
                }
                self.out.push('(');
                for (at, parameter) in function.parameters.iter().enumerate() {
                    if at > 0 {
                        self.out.push_str(", ");
                    }
                    if let Some(name) = parameter.name {
                        let _ = write!(self.out, "{}: ", text(self.interner, name));
                    }
                    self.ty(parameter.ty, depth, false);
                }
                if let Some(vararg) = function.vararg {
                    self.out.push_str(if function.parameters.is_empty() { "..." } else { ", ..." });
                    self.ty(vararg, depth, true);
                }
                self.out.push_str(") -> ");
                match &function.result {
                    Returns::Declared(pack) => self.pack(pack, depth),
                    Returns::Inferred(number) => match self.types.inferred.get(*number as usize) {
                        Some(super::types::Inferred::Known(pack)) => self.pack(pack, depth),
                        _ => self.out.push_str("any"),
                    },
                    Returns::Unknown => self.out.push_str("any"),
                }
                if tight {
                    self.out.push(')');
                }
                Ok(())
            }
            Node::Union(list) => {
                let mut rest: Vec<Ty> = list.iter().copied().filter(|&ty| ty != Ty::NIL).collect();
                if rest.len() == list.len() {
                    if tight {
                        self.out.push('(');
                    }
                    self.list(&rest, " | ", depth);
                    if tight {
                        self.out.push(')');
                    }
                } else if let [one] = rest[..] {
                    self.ty(one, depth, true);
                    self.out.push('?');
                } else {
                    if tight {
                        self.out.push('(');
                    }
                    rest.push(Ty::NIL);
                    self.list(&rest, " | ", depth);
                    if tight {
                        self.out.push(')');
                    }
                }
                Ok(())
            }
            Node::Intersection(list) => {
                self.list(list, " & ", depth);
                Ok(())
            }
            Node::Parameter(number) => {
                let name = self.types.parameters[*number as usize].name;
                write!(self.out, "{}", text(self.interner, name))
            }
            Node::Named(number, arguments) => {
                let name = self.types.definitions[*number as usize].name;
                self.out.push_str(&text(self.interner, name));
                if !arguments.is_empty() {
                    self.out.push('<');
                    self.list(arguments, ", ", depth);
                    self.out.push('>');
                }
                Ok(())
            }
            Node::Shape(number) => {
                self.shape(*number, depth);
                Ok(())
            }
            Node::TypeValue(inner) => {
                self.out.push_str("Type<");
                self.ty(*inner, depth, false);
                self.out.push('>');
                Ok(())
            }
        };
    }

    fn shape(&mut self, number: u32, depth: u32) {
        let shape = &self.types.shapes[number as usize];
        match (shape.fields.is_empty(), shape.element) {
            (true, Some(element)) => {
                self.out.push('{');
                self.ty(element, depth, false);
            }
            _ => {
                self.out.push('{');
                for (at, (name, ty)) in shape.fields.iter().enumerate() {
                    if at > 0 {
                        self.out.push_str(", ");
                    }
                    if at >= MEMBERS || self.out.len() > LENGTH {
                        self.out.push_str("...");
                        break;
                    }
                    let _ = write!(self.out, "{}: ", text(self.interner, *name));
                    self.ty(*ty, depth, false);
                }
                if let Some(element) = shape.element {
                    self.out.push_str(", [integer]: ");
                    self.ty(element, depth, false);
                }
            }
        }
        self.out.push('}');
    }

    fn pack(&mut self, pack: &Pack, depth: u32) {
        match (pack.items.as_slice(), pack.tail) {
            ([one], None) => self.ty(*one, depth, false),
            (items, tail) => {
                self.out.push('(');
                self.list(items, ", ", depth);
                if let Some(tail) = tail {
                    self.out.push_str(if items.is_empty() { "..." } else { ", ..." });
                    self.ty(tail, depth, true);
                }
                self.out.push(')');
            }
        }
    }
}
