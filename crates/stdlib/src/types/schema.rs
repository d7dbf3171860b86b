//! `T:schema()` and `types.from_schema(table)`: types as JSON Schema 2020-12, both ways.
//!
//! What JSON has no value for (functions, threads, host objects) accepts nothing in a schema. Keywords without a
//! counterpart among types are ignored on the way in. Invariant: a schema that was made of a type of plain data reads as
//! a type that accepts the same JSON values.

use std::collections::HashMap;
use std::sync::Arc;

use wippy_typecheck::{
    Annotation, Basic, Constant, Declaration, Field, Indexer, Literal, Pack, Type, TypeKind,
};
use wippy_vm::{Context, Error, Outcome, Result, Table, Value};

use super::reflect::validators_of;

/// Most nested schemas of one.
const MAX_DEPTH: usize = 100;

/// A schema on its way into a heap.
enum Json {
    Literal(Literal),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    fn text(text: &str) -> Json {
        Json::Literal(Literal::String(text.as_bytes().into()))
    }

    fn object<const N: usize>(entries: [(&str, Json); N]) -> Json {
        Json::Object(entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    fn of_type(name: &str) -> Json {
        Json::object([("type", Json::text(name))])
    }
}

/// `T:schema()`
pub(super) fn schema(cx: &mut Context<'_>) -> Result<Outcome> {
    let ty = cx.check_type(1)?.value().ty().clone();
    let mut writer = Writer { root: ty.clone(), named: HashMap::new(), queue: Vec::new() };
    let body = writer.shape(&ty)?;
    let mut entries =
        vec![("$schema".to_owned(), Json::text("https://json-schema.org/draft/2020-12/schema"))];
    match body {
        Json::Object(own) => entries.extend(own),
        other => entries.push(("allOf".to_owned(), Json::List(vec![other]))),
    }
    let mut definitions = Vec::new();
    while let Some((name, ty)) = writer.queue.pop() {
        definitions.push((name, writer.shape(&ty)?));
    }
    if !definitions.is_empty() {
        entries.push(("$defs".to_owned(), Json::Object(definitions)));
    }
    let value = build(cx, &Json::Object(entries))?;
    Ok(cx.returns(value))
}

fn build<'gc>(cx: &mut Context<'gc>, json: &Json) -> Result<Value<'gc>> {
    Ok(match json {
        Json::Literal(Literal::Boolean(value)) => Value::Boolean(*value),
        Json::Literal(Literal::Integer(value)) => Value::Integer(*value),
        Json::Literal(Literal::Float(bits)) => Value::Float(f64::from_bits(*bits)),
        Json::Literal(Literal::String(text)) => cx.string(text)?.into(),
        Json::List(items) => {
            let table = cx.table(items.len(), 0)?;
            for (at, item) in (1..).zip(items) {
                let item = build(cx, item)?;
                cx.raw_set_integer(table, at, item)?;
            }
            table.into()
        }
        Json::Object(entries) => {
            // With room for a member it is an object even without one.
            let table = cx.table(0, entries.len().max(1))?;
            for (name, value) in entries {
                let name = cx.string(name.as_bytes())?;
                let value = build(cx, value)?;
                cx.raw_set(table, name, value)?;
            }
            table.into()
        }
    })
}

struct Writer {
    root: Type,
    /// Names of definitions by type.
    named: HashMap<Type, String>,
    /// Definitions still to be written.
    queue: Vec<(String, Type)>,
}

impl Writer {
    /// A schema, or a reference to one where the type has a name.
    fn ty(&mut self, ty: &Type) -> Result<Json> {
        if *ty == self.root {
            return Ok(Json::object([("$ref", Json::text("#"))]));
        }
        if !matches!(ty.kind(), TypeKind::Named(_)) {
            return self.shape(ty);
        }
        if self.named.len() > 1000 {
            return Err(Error::message(format!("type {} has no finite schema", self.root.brief())));
        }
        let name = match self.named.get(ty) {
            Some(name) => name.clone(),
            None => {
                let mut name = ty.to_string();
                while self.named.values().any(|other| *other == name) {
                    name.push('_');
                }
                self.named.insert(ty.clone(), name.clone());
                self.queue.push((name.clone(), ty.clone()));
                name
            }
        };
        let pointer = name.replace('~', "~0").replace('/', "~1");
        Ok(Json::object([("$ref", Json::text(&format!("#/$defs/{pointer}")))]))
    }

    fn shape(&mut self, ty: &Type) -> Result<Json> {
        let annotations = validators_of(ty);
        let bare = ty.bare();
        let schema = self.bare(&bare)?;
        if annotations.is_empty() {
            return Ok(schema);
        }
        let mut entries = match schema {
            Json::Object(entries) => entries,
            other => vec![("allOf".to_owned(), Json::List(vec![other]))],
        };
        for Annotation { name, arguments } in annotations {
            let argument = match arguments.as_ref().and_then(|arguments| arguments.first()) {
                Some(Constant::Literal(literal)) => literal.clone(),
                _ => continue,
            };
            let is_table = matches!(
                bare.kind(),
                TypeKind::Array { .. } | TypeKind::Map { .. } | TypeKind::Record { .. } | TypeKind::Tuple(_)
            );
            let keyword = match (&*name, is_table) {
                ("min", _) => "minimum",
                ("max", _) => "maximum",
                ("min_len", false) => "minLength",
                ("max_len", false) => "maxLength",
                ("min_len", true) => "minItems",
                ("max_len", true) => "maxItems",
                ("pattern", _) => "pattern",
                ("default", _) => "default",
                _ => continue,
            };
            entries.push((keyword.to_owned(), Json::Literal(argument)));
        }
        Ok(Json::Object(entries))
    }

    fn list(&mut self, types: &[Type]) -> Result<Json> {
        Ok(Json::List(types.iter().map(|ty| self.ty(ty)).collect::<Result<_>>()?))
    }

    fn bare(&mut self, bare: &Type) -> Result<Json> {
        Ok(match bare.kind() {
            TypeKind::Basic(basic) => match basic {
                Basic::Nil => Json::of_type("null"),
                Basic::Boolean => Json::of_type("boolean"),
                Basic::Number => Json::of_type("number"),
                Basic::Integer => Json::of_type("integer"),
                Basic::String => Json::of_type("string"),
                Basic::Any | Basic::Unknown | Basic::SelfType => Json::Object(Vec::new()),
                Basic::Table => {
                    Json::object([("type", Json::List(vec![Json::text("object"), Json::text("array")]))])
                }
                _ => nothing(),
            },
            TypeKind::Literal(literal) => Json::object([("const", Json::Literal(literal.clone()))]),
            TypeKind::Optional(inner) => {
                let inner = self.ty(inner)?;
                Json::object([("anyOf", Json::List(vec![inner, Json::of_type("null")]))])
            }
            TypeKind::Union(members) => {
                let literals: Option<Vec<Json>> = members
                    .iter()
                    .map(|member| match member.kind() {
                        TypeKind::Literal(literal) => Some(Json::Literal(literal.clone())),
                        _ => None,
                    })
                    .collect();
                match literals {
                    Some(literals) => Json::object([("enum", Json::List(literals))]),
                    None => Json::object([("anyOf", self.list(members)?)]),
                }
            }
            TypeKind::Intersection(parts) => Json::object([("allOf", self.list(parts)?)]),
            TypeKind::Array { element, .. } => {
                Json::object([("type", Json::text("array")), ("items", self.ty(element)?)])
            }
            TypeKind::Tuple(pack) => {
                Json::object([("type", Json::text("array")), ("prefixItems", self.list(&pack.items)?)])
            }
            TypeKind::Map { indexer, .. } => {
                let mut entries = vec![("type".to_owned(), Json::text("object"))];
                self.indexer(indexer, &mut entries)?;
                Json::Object(entries)
            }
            TypeKind::Record { indexer, .. } => {
                let mut entries = self.fields(bare)?;
                if let Some(indexer) = indexer {
                    self.indexer(indexer, &mut entries)?;
                }
                Json::Object(entries)
            }
            TypeKind::Interface { .. } => Json::Object(self.fields(bare)?),
            _ => nothing(),
        })
    }

    fn fields(&mut self, bare: &Type) -> Result<Vec<(String, Json)>> {
        let mut properties = Vec::new();
        let mut required = Vec::new();
        for field in bare.all_fields().unwrap_or_default() {
            let name = String::from_utf8_lossy(&field.name).into_owned();
            if !field.optional && !field.ty.accepts_nil() {
                required.push(Json::text(&name));
            }
            properties.push((name, self.ty(&field.ty)?));
        }
        let mut entries = vec![
            ("type".to_owned(), Json::text("object")),
            ("properties".to_owned(), Json::Object(properties)),
        ];
        if !required.is_empty() {
            entries.push(("required".to_owned(), Json::List(required)));
        }
        Ok(entries)
    }

    fn indexer(&mut self, indexer: &Indexer, entries: &mut Vec<(String, Json)>) -> Result<()> {
        if !matches!(indexer.key.kind(), TypeKind::Basic(Basic::String | Basic::Any)) {
            entries.push(("propertyNames".to_owned(), self.ty(&indexer.key)?));
        }
        entries.push(("additionalProperties".to_owned(), self.ty(&indexer.value)?));
        Ok(())
    }
}

fn nothing() -> Json {
    Json::object([("not", Json::Object(Vec::new()))])
}

// ---- the way back ----

/// `types.from_schema(schema)`
pub(super) fn from_schema(cx: &mut Context<'_>) -> Result<Outcome> {
    let root = cx.check_table(1)?;
    let mut reader = Reader { root, named: HashMap::new() };
    let ty = reader.reference(cx, "#", 0)?;
    let ty = match ty.kind() {
        // Nothing in the schema refers to its root: the name is of no use.
        TypeKind::Named(named) if reader.named.len() == 1 => named.expand().unwrap_or_else(|| ty.clone()),
        _ => ty,
    };
    let ty = cx.type_value(&ty);
    Ok(cx.returns(ty))
}

struct Reader<'gc> {
    root: Table<'gc>,
    /// Declarations by reference.
    named: HashMap<String, Arc<Declaration>>,
}

impl<'gc> Reader<'gc> {
    /// What `$ref` leads to.
    fn reference(&mut self, cx: &mut Context<'gc>, reference: &str, depth: usize) -> Result<Type> {
        if let Some(known) = self.named.get(reference) {
            return Ok(Type::named(known.clone(), Vec::new()));
        }
        let (name, schema) = match reference.strip_prefix("#/$defs/") {
            None if reference == "#" => {
                let title = self.field(cx, self.root, "title");
                let name = match title {
                    Value::String(title) => title.to_string_lossy().into_owned(),
                    _ => "schema".to_owned(),
                };
                (name, Value::Table(self.root))
            }
            Some(pointer) => {
                let name = pointer.replace("~1", "/").replace("~0", "~");
                let schema = match self.field(cx, self.root, "$defs") {
                    Value::Table(definitions) => self.field(cx, definitions, &name),
                    _ => Value::Nil,
                };
                (name, schema)
            }
            None => (String::new(), Value::Nil),
        };
        if schema.is_nil() {
            return Err(Error::message(format!("cannot resolve the reference '{reference}'")));
        }
        let declaration = Declaration::new(name, 0);
        self.named.insert(reference.to_owned(), declaration.clone());
        let body = self.schema(cx, schema, depth + 1)?;
        declaration.define(Vec::new(), body);
        Ok(Type::named(declaration, Vec::new()))
    }

    fn field(&self, cx: &mut Context<'gc>, table: Table<'gc>, name: &str) -> Value<'gc> {
        cx.field(table, name)
    }

    fn schema(&mut self, cx: &mut Context<'gc>, schema: Value<'gc>, depth: usize) -> Result<Type> {
        if depth > MAX_DEPTH {
            return Err(Error::message(format!("schema nested deeper than {MAX_DEPTH}")));
        }
        let table = match schema {
            Value::Boolean(true) => return Ok(Type::basic(Basic::Any)),
            Value::Boolean(false) => return Ok(Type::basic(Basic::Never)),
            Value::Table(table) => table,
            _ => return Err(Error::message("a schema must be a table or a boolean")),
        };
        let mut parts: Vec<Type> = Vec::new();
        if let Value::String(reference) = self.field(cx, table, "$ref") {
            let reference = reference.to_string_lossy().into_owned();
            parts.push(self.reference(cx, &reference, depth)?);
        }
        match self.field(cx, table, "const") {
            Value::Nil => {}
            value => parts.push(literal(value)?),
        }
        if let Value::Table(values) = self.field(cx, table, "enum") {
            let mut members = Vec::new();
            for at in 1..=values.length() {
                members.push(literal(values.get_integer(at))?);
            }
            parts.push(union(members));
        }
        for keyword in ["anyOf", "oneOf"] {
            if let Value::Table(list) = self.field(cx, table, keyword) {
                parts.push(union(self.list(cx, list, depth)?));
            }
        }
        if let Value::Table(list) = self.field(cx, table, "allOf") {
            parts.extend(self.list(cx, list, depth)?);
        }
        if let Value::Table(inner) = self.field(cx, table, "not")
            && matches!(inner.next(Value::Nil), Ok(None))
        {
            parts.push(Type::basic(Basic::Never));
        }
        match self.field(cx, table, "type") {
            Value::String(name) => parts.push(self.typed(cx, table, name.as_bytes(), depth)?),
            Value::Table(names) => {
                let mut members = Vec::new();
                for at in 1..=names.length() {
                    if let Value::String(name) = names.get_integer(at) {
                        members.push(self.typed(cx, table, name.as_bytes(), depth)?);
                    }
                }
                parts.push(union(members));
            }
            _ if parts.is_empty() => {
                if !self.field(cx, table, "properties").is_nil() {
                    parts.push(self.typed(cx, table, b"object", depth)?);
                } else if !self.field(cx, table, "items").is_nil() {
                    parts.push(self.typed(cx, table, b"array", depth)?);
                }
            }
            _ => {}
        }
        let ty = match parts.len() {
            0 => Type::basic(Basic::Any),
            _ => Type::intersection(parts),
        };
        self.annotated(cx, table, ty)
    }

    fn list(&mut self, cx: &mut Context<'gc>, list: Table<'gc>, depth: usize) -> Result<Vec<Type>> {
        (1..=list.length()).map(|at| self.schema(cx, list.get_integer(at), depth + 1)).collect()
    }

    /// The type of one `type` keyword with those that go with it.
    fn typed(&mut self, cx: &mut Context<'gc>, table: Table<'gc>, name: &[u8], depth: usize) -> Result<Type> {
        Ok(match name {
            b"null" => Type::basic(Basic::Nil),
            b"boolean" => Type::basic(Basic::Boolean),
            b"number" => Type::basic(Basic::Number),
            b"integer" => Type::basic(Basic::Integer),
            b"string" => Type::basic(Basic::String),
            b"array" => {
                if let Value::Table(items) = self.field(cx, table, "prefixItems") {
                    let items = self.list(cx, items, depth)?;
                    return Ok(Type::new(TypeKind::Tuple(Pack { items, tail: None })));
                }
                let element = match self.field(cx, table, "items") {
                    Value::Nil => Type::basic(Basic::Any),
                    items => self.schema(cx, items, depth + 1)?,
                };
                Type::new(TypeKind::Array { element, readonly: false })
            }
            b"object" => self.object(cx, table, depth)?,
            other => {
                let other = String::from_utf8_lossy(other);
                return Err(Error::message(format!("unknown type '{other}' in a schema")));
            }
        })
    }

    fn object(&mut self, cx: &mut Context<'gc>, table: Table<'gc>, depth: usize) -> Result<Type> {
        let mut required = Vec::new();
        if let Value::Table(names) = self.field(cx, table, "required") {
            for at in 1..=names.length() {
                if let Value::String(name) = names.get_integer(at) {
                    required.push(name.as_bytes());
                }
            }
        }
        let mut fields: Vec<Field> = Vec::new();
        let properties = self.field(cx, table, "properties");
        if let Value::Table(properties) = properties {
            let mut key = Value::Nil;
            while let Ok(Some((next, schema))) = properties.next(key) {
                key = next;
                let Value::String(name) = next else { continue };
                let ty = self.schema(cx, schema, depth + 1)?;
                let optional = !required.contains(&name.as_bytes());
                fields.push(Field { name: name.as_bytes().into(), ty, optional, readonly: false });
            }
        }
        for name in required {
            if !fields.iter().any(|field| *field.name == *name) {
                let ty = Type::basic(Basic::Unknown);
                fields.push(Field { name: name.into(), ty, optional: false, readonly: false });
            }
        }
        // A table has no order.
        fields.sort_by(|a, b| a.name.cmp(&b.name));
        let indexer = match self.field(cx, table, "additionalProperties") {
            Value::Nil | Value::Boolean(_) => None,
            schema => {
                let key = match self.field(cx, table, "propertyNames") {
                    Value::Nil => Type::basic(Basic::String),
                    names => self.schema(cx, names, depth + 1)?,
                };
                Some(Indexer { key, value: self.schema(cx, schema, depth + 1)? })
            }
        };
        Ok(Type::new(match indexer {
            Some(indexer) if fields.is_empty() && properties.is_nil() => {
                TypeKind::Map { indexer, readonly: false }
            }
            indexer => TypeKind::Record { fields, indexer, readonly: false },
        }))
    }

    fn annotated(&mut self, cx: &mut Context<'gc>, table: Table<'gc>, mut ty: Type) -> Result<Type> {
        const KEYWORDS: [(&str, &str); 8] = [
            ("minimum", "min"),
            ("maximum", "max"),
            ("minLength", "min_len"),
            ("minItems", "min_len"),
            ("maxLength", "max_len"),
            ("maxItems", "max_len"),
            ("pattern", "pattern"),
            ("default", "default"),
        ];
        for (keyword, name) in KEYWORDS {
            let argument = match self.field(cx, table, keyword) {
                Value::Nil | Value::Table(_) => continue,
                value => match literal(value)?.kind() {
                    TypeKind::Literal(literal) => Constant::Literal(literal.clone()),
                    _ => continue,
                },
            };
            let annotation = Annotation { name: name.into(), arguments: Some(vec![argument]) };
            ty = Type::new(TypeKind::Annotated { ty, annotation });
        }
        Ok(ty)
    }
}

/// A union that folds nil into an optional mark.
fn union(members: Vec<Type>) -> Type {
    let nil = Type::basic(Basic::Nil);
    let others: Vec<Type> = members.iter().filter(|member| **member != nil).cloned().collect();
    match (others.len(), members.len()) {
        (_, 0) => Type::basic(Basic::Never),
        (0, _) => nil,
        (some, all) if some < all => Type::union(others).optional(),
        _ => Type::union(others),
    }
}

fn literal(value: Value<'_>) -> Result<Type> {
    let literal = match value {
        Value::Boolean(value) => Literal::Boolean(value),
        Value::Integer(value) => Literal::Integer(value),
        Value::Float(value) => Literal::float(value),
        Value::String(text) => Literal::String(text.as_bytes().into()),
        _ => return Err(Error::message("a constant in a schema must be a string, a number or a boolean")),
    };
    Ok(Type::new(TypeKind::Literal(literal)))
}
