//! Types as text: the syntax a user writes, with parentheses only where they are needed.
//!
//! Not the text of run-time values. Invariant: reading the text again gives an equal type (except for the keyword
//! `function`, which no annotation can spell, and for text that [`Brief`] has cut).

use std::fmt::{self, Write};

use wippy_parser::name::is_name;

use crate::ty::{
    Annotation, Constant, Field, FunctionType, Indexer, Literal, Pack, Parameter, Type, TypeKind,
    TypeParameter,
};

/// A type as messages show it: long ones are cut with `...`.
#[derive(Clone, Copy, Debug)]
pub struct Brief<'t>(&'t Type);

/// How much of a type a message shows.
#[derive(Clone, Copy)]
struct Limits {
    fields: usize,
    members: usize,
    depth: usize,
    bytes: usize,
}

/// Specified for messages (types at run time, "Path and type text").
const BRIEF: Limits = Limits { fields: 8, members: 6, depth: 6, bytes: 800 };

const FULL: Limits = Limits { fields: usize::MAX, members: usize::MAX, depth: usize::MAX, bytes: usize::MAX };

impl Type {
    /// The type as messages show it: at most 8 fields, 6 members of a union, 6 levels and 800 bytes.
    pub fn brief(&self) -> Brief<'_> {
        Brief(self)
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut printer = Printer::new(FULL);
        printer.ty(self, Place::Anywhere);
        f.write_str(&printer.out)
    }
}

impl fmt::Display for FunctionType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut printer = Printer::new(FULL);
        printer.function(self);
        f.write_str(&printer.out)
    }
}

impl fmt::Display for Brief<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut printer = Printer::new(BRIEF);
        printer.ty(self.0, Place::Anywhere);
        if printer.out.len() > BRIEF.bytes {
            let cut = printer.out.floor_char_boundary(BRIEF.bytes);
            printer.out.truncate(cut);
            printer.out.push_str("...");
        }
        f.write_str(&printer.out)
    }
}

/// Where a type stands, which decides whether it needs parentheses.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// Where any type may stand.
    Anywhere,
    /// A member of a union, and whether it is the last.
    Union { last: bool },
    /// A member of an intersection, and whether it is the last.
    Intersection { last: bool },
    /// Before a suffix such as `?`.
    Suffixed,
}

struct Printer {
    out: String,
    limits: Limits,
    depth: usize,
}

impl Printer {
    fn new(limits: Limits) -> Self {
        Self { out: String::new(), limits, depth: 0 }
    }

    fn text(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn format(&mut self, arguments: fmt::Arguments<'_>) {
        self.out.write_fmt(arguments).expect("a string takes whatever is written");
    }

    /// `first, second, …`, cut after `limit` items.
    fn list<T>(&mut self, items: &[T], separator: &str, limit: usize, mut print: impl FnMut(&mut Self, &T)) {
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                self.text(separator);
            }
            if at == limit {
                return self.text("...");
            }
            print(self, item);
        }
    }

    fn ty(&mut self, ty: &Type, place: Place) {
        if self.depth >= self.limits.depth || self.out.len() > self.limits.bytes {
            return self.text("...");
        }
        self.depth += 1;
        if needs_parentheses(ty.kind(), place) {
            self.text("(");
            self.kind(ty.kind());
            self.text(")");
        } else {
            self.kind(ty.kind());
        }
        self.depth -= 1;
    }

    fn kind(&mut self, kind: &TypeKind) {
        match kind {
            TypeKind::Basic(basic) => self.text(basic.name()),
            TypeKind::Literal(literal) => self.literal(literal),
            TypeKind::Reference { path, arguments } => self.name(&path.join("."), arguments),
            TypeKind::Host { name, arguments } => self.name(name, arguments),
            TypeKind::Named(named) => self.name(named.declaration.name(), &named.arguments),
            TypeKind::Generic(declaration) => self.text(declaration.0.name()),
            TypeKind::Parameter(name) => self.text(name),
            TypeKind::Tuple(pack) => self.open_pack(pack),
            TypeKind::Interface { parents, fields } => {
                for parent in parents {
                    self.ty(parent, Place::Intersection { last: false });
                    self.text(" & ");
                }
                self.text("interface {");
                self.list(fields, ", ", self.limits.fields, Self::field);
                self.text("}");
            }
            TypeKind::Array { element, readonly } => {
                self.readonly(*readonly);
                self.text("{");
                self.ty(element, Place::Anywhere);
                self.text("}");
            }
            TypeKind::Map { indexer, readonly } => {
                self.readonly(*readonly);
                self.text("{");
                self.indexer(indexer);
                self.text("}");
            }
            TypeKind::Record { fields, indexer, readonly } => {
                self.readonly(*readonly);
                self.text("{");
                self.list(fields, ", ", self.limits.fields, Self::field);
                if let Some(indexer) = indexer {
                    self.text(if fields.is_empty() { "" } else { ", " });
                    self.indexer(indexer);
                }
                self.text("}");
            }
            TypeKind::Optional(inner) => {
                self.ty(inner, Place::Suffixed);
                self.text("?");
            }
            TypeKind::Union(members) => self.members(members, " | ", |last| Place::Union { last }),
            TypeKind::Intersection(members) => {
                self.members(members, " & ", |last| Place::Intersection { last })
            }
            TypeKind::Function(function) => self.function(function),
            TypeKind::Access { object, key } => {
                self.ty(object, Place::Suffixed);
                self.text("[");
                self.ty(key, Place::Anywhere);
                self.text("]");
            }
            TypeKind::Keyof(inner) => {
                self.text("keyof(");
                self.ty(inner, Place::Anywhere);
                self.text(")");
            }
            TypeKind::Annotated { ty, annotation } => {
                self.ty(ty, Place::Suffixed);
                self.annotation(annotation);
            }
        }
    }

    /// A name with its type arguments.
    fn name(&mut self, name: &str, arguments: &[Type]) {
        self.text(name);
        if arguments.is_empty() {
            return;
        }
        self.text("<");
        let start = self.out.len();
        self.list(arguments, ", ", usize::MAX, |p, it| p.ty(it, Place::Anywhere));
        if self.out[start..].starts_with('<') {
            self.out.insert(start, ' '); // `<<` would be one token
        }
        self.text(">");
    }

    fn members(&mut self, members: &[Type], separator: &str, place: fn(bool) -> Place) {
        let last = members.len().saturating_sub(1);
        let mut at = 0;
        self.list(members, separator, self.limits.members, |p, member| {
            p.ty(member, place(at == last));
            at += 1;
        });
    }

    fn readonly(&mut self, readonly: bool) {
        if readonly {
            self.text("readonly ");
        }
    }

    fn indexer(&mut self, indexer: &Indexer) {
        self.text("[");
        self.ty(&indexer.key, Place::Anywhere);
        self.text("]: ");
        self.ty(&indexer.value, Place::Anywhere);
    }

    fn field(&mut self, field: &Field) {
        self.readonly(field.readonly);
        if is_name(&field.name) {
            self.text(&String::from_utf8_lossy(&field.name));
        } else {
            self.text("[");
            self.string(&field.name);
            self.text("]");
        }
        self.text(if field.optional { "?: " } else { ": " });
        self.ty(&field.ty, Place::Anywhere);
    }

    fn function(&mut self, function: &FunctionType) {
        if !function.generics.is_empty() {
            self.text("<");
            self.list(&function.generics, ", ", usize::MAX, Self::generic);
            self.text(">");
        }
        // Only the form with a word can leave the result open.
        self.text(if function.result.is_none() { "fun(" } else { "(" });
        self.list(&function.parameters, ", ", usize::MAX, Self::parameter);
        if let Some(vararg) = &function.vararg {
            self.text(if function.parameters.is_empty() { "..." } else { ", ..." });
            self.ty(vararg, Place::Anywhere);
        }
        self.text(")");
        if let Some(result) = &function.result {
            self.text(" -> ");
            self.pack(result);
        }
    }

    fn generic(&mut self, generic: &TypeParameter) {
        self.text(&generic.name);
        if let Some(bound) = &generic.bound {
            self.text(": ");
            self.ty(bound, Place::Anywhere);
        }
        if let Some(default) = &generic.default {
            self.text(" = ");
            self.ty(default, Place::Anywhere);
        }
    }

    fn parameter(&mut self, parameter: &Parameter) {
        if let Some(name) = &parameter.name {
            self.text(name);
            self.text(if parameter.optional { "?: " } else { ": " });
        }
        self.ty(&parameter.ty, Place::Anywhere);
    }

    fn pack(&mut self, pack: &Pack) {
        if let ([only], None) = (pack.items.as_slice(), &pack.tail) {
            return self.ty(only, Place::Anywhere);
        }
        self.open_pack(pack);
    }

    /// A list of types in parentheses, however many there are.
    fn open_pack(&mut self, pack: &Pack) {
        self.text("(");
        self.list(&pack.items, ", ", usize::MAX, |p, it| p.ty(it, Place::Anywhere));
        if let Some(tail) = &pack.tail {
            self.text(if pack.items.is_empty() { "..." } else { ", ..." });
            self.ty(tail, Place::Anywhere);
        }
        self.text(")");
    }

    // ---- constants ----

    fn annotation(&mut self, annotation: &Annotation) {
        self.text(" @");
        self.text(&annotation.name);
        if let Some(arguments) = &annotation.arguments {
            self.text("(");
            self.list(arguments, ", ", usize::MAX, Self::constant);
            self.text(")");
        }
    }

    fn constant(&mut self, constant: &Constant) {
        match constant {
            Constant::Nil => self.text("nil"),
            Constant::Literal(literal) => self.literal(literal),
            Constant::Table(entries) => {
                self.text("{");
                self.list(entries, ", ", usize::MAX, |p, (key, value)| {
                    if let Some(key) = key {
                        p.text("[");
                        p.constant(key);
                        p.text("] = ");
                    }
                    p.constant(value);
                });
                self.text("}");
            }
        }
    }

    fn literal(&mut self, literal: &Literal) {
        match literal {
            Literal::Boolean(value) => self.format(format_args!("{value}")),
            // In decimal its magnitude would be a float.
            Literal::Integer(i64::MIN) => self.text("0x8000000000000000"),
            Literal::Integer(value) => self.format(format_args!("{value}")),
            Literal::Float(bits) => match f64::from_bits(*bits) {
                f64::INFINITY => self.text("1e999"),
                f64::NEG_INFINITY => self.text("-1e999"),
                value => self.format(format_args!("{value:?}")),
            },
            Literal::String(bytes) => self.string(bytes),
        }
    }

    fn string(&mut self, bytes: &[u8]) {
        self.text("\"");
        for chunk in bytes.utf8_chunks() {
            for letter in chunk.valid().chars() {
                match letter {
                    '"' | '\\' => self.format(format_args!("\\{letter}")),
                    '\n' => self.text("\\n"),
                    _ if letter.is_ascii_control() => self.format(format_args!("\\{:03}", u32::from(letter))),
                    _ => self.out.push(letter),
                }
            }
            for byte in chunk.invalid() {
                self.format(format_args!("\\{byte:03}"));
            }
        }
        self.text("\"");
    }
}

fn needs_parentheses(kind: &TypeKind, place: Place) -> bool {
    match place {
        Place::Anywhere => false,
        Place::Intersection { .. } if matches!(kind, TypeKind::Interface { parents, .. } if !parents.is_empty()) => {
            true
        }
        Place::Union { last } => matches!(kind, TypeKind::Union(_)) || !last && ends_in_function(kind),
        Place::Intersection { last } => {
            let compound = matches!(kind, TypeKind::Union(_) | TypeKind::Intersection(_));
            compound || !last && ends_in_function(kind)
        }
        Place::Suffixed => {
            matches!(kind, TypeKind::Union(_) | TypeKind::Intersection(_) | TypeKind::Function(_))
        }
    }
}

/// Whether what follows the type would be taken into the result of a function type.
fn ends_in_function(kind: &TypeKind) -> bool {
    match kind {
        TypeKind::Function(_) => true,
        TypeKind::Union(members) | TypeKind::Intersection(members) => {
            members.last().is_some_and(|last| ends_in_function(last.kind()))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::parse_type;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let ty = parse_type(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(ty.to_string(), expected, "{text}");
        assert_eq!(parse_type(expected).as_ref(), Ok(&ty), "{expected} reads as another type");
    }

    #[track_caller]
    fn same(text: &str) {
        check(text, text);
    }

    #[test]
    fn every_form() {
        for text in [
            "any",
            "nil",
            "User",
            "json.Value<string, Box<T>>",
            "{number}",
            "readonly {number}",
            "{[string]: number}",
            "{}",
            "{x: number, y?: string, readonly z: any, readonly w?: any, [string]: any}",
            "readonly {x: number}",
            "{[\"content-type\"]: string, [\"end\"]: any, readonly: boolean}",
            "number?",
            "\"a\" | \"b\" | 1 | -1 | 1.5 | true | nil",
            "A & B | C & D",
            "(A | B) & C",
            "(A | B)?",
            "{A | B}",
            "T[\"field\"][number]",
            "keyof(T)[string]",
            "Map< <T>(T) -> T, A>",
            "(A & B)[number]",
            "string @min_len(1) @pattern(\"^a\\\\b\") @one_of({1, [\"a\"] = -2.5, [3] = {nil}})",
            "{number @min(0)} @max_len(3)",
            "(number, string) -> boolean",
            "(a: A, b?: B, ...any) -> (A, ...B)",
            "(...any) -> ()",
            "() -> (...any)",
            "<T, U: Bound = D<T>>(T, ...U) -> T",
            "fun(x: number)",
            "fun(...any)",
            "() -> A | B",
            "(() -> A) | B",
            "A | () -> B",
            "A & () -> B",
            "(A & () -> B) | C",
            "A | B & () -> C",
            "(() -> A)?",
            "() -> () -> A",
            "(() -> A) -> A",
            "() -> (A, () -> B)",
            "0x8000000000000000",
            "1e999 | -1e999",
        ] {
            same(text);
        }
    }

    #[test]
    fn spelling_is_normalised() {
        check("  number [ ]", "{number}");
        check("| A | B", "A | B");
        check("(A)", "A");
        check("bool | int", "boolean | integer");
        check("interface {x: A}", "{x: A}");
        check("fun(x: A): B", "(x: A) -> B");
        check("fun(): (A, B)", "() -> (A, B)");
        check("(... : A) -> ((B))", "(...A) -> B");
        check("(...) -> ()", "(...any) -> ()");
        check("{a: A; b: B;}", "{a: A, b: B}");
        check("'it\\'s \\0 \"\\255\\n'", "\"it's \\000 \\\"\\255\\n\"");
        check("0x10 | 1e2 | .5", "16 | 100.0 | 0.5");
        check("{[\"name\"]: A}", "{name: A}");
    }

    #[test]
    fn messages_cut_long_types() {
        let brief = |text: &str| parse_type(text).expect(text).brief().to_string();
        assert_eq!(brief("{a: A}?"), "{a: A}?");
        let fields: String = (0..9).map(|at| format!("f{at}: A,")).collect();
        assert_eq!(
            brief(&format!("{{{fields}}}")),
            "{f0: A, f1: A, f2: A, f3: A, f4: A, f5: A, f6: A, f7: A, ...}"
        );
        assert_eq!(brief("A | B | C | D | E | F | G"), "A | B | C | D | E | F | ...");
        assert_eq!(brief("{{{{{{{{A}}}}}}}}"), "{{{{{{...}}}}}}");
        let long = "x".repeat(900);
        assert_eq!(brief(&long).len(), 803);
    }
}
