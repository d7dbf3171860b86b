//! Types as values: the predeclared names, calling a type, and its methods.
//!
//! The machine knows what a type value is and checks values against it; here is what scripts can do with one. Natives
//! take type values, and the library tables `string` and `table`, which stand for types. Invariant: no method changes
//! a type, and none runs user code.

mod call;
mod check;
pub(crate) mod failure;
mod parse;
mod reflect;
mod schema;

use wippy_typecheck::{Basic, Type};
use wippy_vm::{Context, KeptType, Library, Native, Outcome, Result, TypeLibrary, TypeValue, Value, library};

/// What calling a type and its methods lead to.
pub static TYPES: TypeLibrary = TypeLibrary {
    call: Native { name: "type", function: call::call, signature: "(self: type, ...any) -> any" },
    bound_is: Native { name: "is", function: call::bound_is, signature: "(value: any) -> (any, error?)" },
    methods: METHODS.functions,
};

/// The methods of type values, by name.
pub static METHODS: Library = library!(
    "type",
    [
        /// Goes through the arguments of an instantiated generic.
        ("args", reflect::args, "(self: type) -> any"),
        /// Every failure of a value: field, message, expected, got, constraint.
        ("check", check::check, "(self: type, value: any) -> {table}"),
        /// The type of a list's items.
        ("elem", reflect::elem, "(self: type) -> type?"),
        /// Type of a field, whether it is optional, whether it is readonly.
        ("field", reflect::field, "(self: type, name: string) -> (type?, boolean?, boolean?)"),
        /// Goes through the fields: name, type, optional, readonly.
        ("fields", reflect::fields, "(self: type) -> any"),
        /// The generic that was instantiated.
        ("generic", reflect::generic, "(self: type) -> type?"),
        /// What an optional type is if not nil.
        ("inner", reflect::inner, "(self: type) -> type?"),
        /// The value if it is of the type; otherwise nil and the first failure.
        ("is", call::is, "(self: type, value: any) -> (any, error?)"),
        /// The type of a map's keys.
        ("key", reflect::key, "(self: type) -> type?"),
        /// What kind of type it is: `record`, `union`, `array`, ...
        ("kind", reflect::kind, "(self: type) -> string"),
        /// The name it was declared under.
        ("name", reflect::name, "(self: type) -> string?"),
        /// Goes through a function's parameters: type, name, optional.
        ("params", reflect::params, "(self: type) -> any"),
        /// A new value with defaults, coercions and trimming, or nil and the first failure.
        ("parse", parse::parse, "(self: type, value: any) -> (any, error?)"),
        /// Goes through the parts of an intersection.
        ("parts", reflect::parts, "(self: type) -> any"),
        /// Whether a container is readonly.
        ("readonly", reflect::readonly, "(self: type) -> boolean?"),
        /// What a function returns: a type, a tuple, or nil for nothing.
        ("ret", reflect::ret, "(self: type) -> type?"),
        /// The type as a JSON Schema (2020-12).
        ("schema", schema::schema, "(self: type) -> table"),
        /// Goes through the parameters of a generic: name, bound, default.
        ("tparams", reflect::tparams, "(self: type) -> any"),
        /// The type of a map's values.
        ("val", reflect::val, "(self: type) -> type?"),
        /// Goes through the validators: name, argument.
        ("validators", reflect::validators, "(self: type) -> any"),
        /// The value of a literal type.
        ("value", reflect::value, "(self: type) -> any"),
        /// The type of a function's further arguments.
        ("variadic", reflect::variadic, "(self: type) -> type?"),
        /// Goes through the members of a union.
        ("variants", reflect::variants, "(self: type) -> any"),
    ]
);

/// The basic function that belongs to types.
pub static LIBRARY: Library = library!(
    "_G",
    [
        /// The declared type of a variable, or the basic type of a value.
        ("typeof", type_of, "(value: any) -> type")
    ]
);

/// The functions of the module `types`.
pub static MODULE: Library = library!(
    "types",
    [
        /// The type that a JSON Schema describes.
        ("from_schema", schema::from_schema, "(schema: table) -> type")
    ]
);

/// Everything of the module `types`.
pub(crate) static LIBRARIES: &[&Library] = &[&MODULE, &METHODS];

/// Makes the module `types`.
pub(crate) fn build<'gc>(cx: &mut Context<'gc>) -> Result<Value<'gc>> {
    let table = cx.table(0, MODULE.functions.len())?;
    MODULE.install(cx, table)?;
    table.freeze();
    Ok(table.into())
}

/// The global names of predeclared types; those that are keywords or libraries have only the second form.
const NAMES: [(&str, Basic); 20] = [
    ("any", Basic::Any),
    ("boolean", Basic::Boolean),
    ("integer", Basic::Integer),
    ("never", Basic::Never),
    ("number", Basic::Number),
    ("unknown", Basic::Unknown),
    ("Any", Basic::Any),
    ("Boolean", Basic::Boolean),
    ("Error", Basic::Error),
    ("Function", Basic::Function),
    ("Integer", Basic::Integer),
    ("Never", Basic::Never),
    ("Nil", Basic::Nil),
    ("Number", Basic::Number),
    ("String", Basic::String),
    ("Table", Basic::Table),
    ("Thread", Basic::Thread),
    ("Type", Basic::Type),
    ("Unknown", Basic::Unknown),
    ("Userdata", Basic::Userdata),
];

/// Installs the predeclared names into the globals.
pub(crate) fn open(cx: &mut Context<'_>) -> Result<()> {
    TYPES.install();
    let globals = cx.globals();
    LIBRARY.install(cx, globals)?;
    let of = |basic| KeptType::Basic(TypeValue::basic(basic));
    let named = NAMES.map(|(name, basic)| (name, cx.adopt_type(of(basic)).into()));
    cx.set_fields(globals, &named)
}

/// `typeof(value)` where the compiler does not know a declared type: the basic type of the value.
fn type_of(cx: &mut Context<'_>) -> Result<Outcome> {
    let value = cx.check_any(1)?;
    let basic = match value {
        Value::Nil => Basic::Nil,
        Value::Boolean(_) => Basic::Boolean,
        Value::Integer(_) | Value::Float(_) => Basic::Number,
        Value::String(_) => Basic::String,
        Value::Table(_) => Basic::Table,
        Value::Closure(_) | Value::NativeClosure(_) | Value::Native(_) => Basic::Function,
        Value::Coroutine(_) => Basic::Thread,
        Value::Type(_) => Basic::Type,
        Value::LightUserData(_) => Basic::Userdata,
        Value::UserData(_) => {
            let name = cx.type_name(value);
            return Ok(if crate::errors::error_of(value).is_some() {
                let ty = cx.type_value(&Type::basic(Basic::Error));
                cx.returns(ty)
            } else if name.contains('.') {
                let kind = wippy_typecheck::TypeKind::Host { name: name.into(), arguments: Vec::new() };
                let ty = cx.type_value(&Type::new(kind));
                cx.returns(ty)
            } else {
                let ty = cx.type_value(&Type::basic(Basic::Userdata));
                cx.returns(ty)
            });
        }
    };
    let ty = cx.type_value(&Type::basic(basic));
    Ok(cx.returns(ty))
}

#[cfg(test)]
mod tests {
    use super::METHODS;

    #[test]
    fn methods_are_sorted() {
        assert!(METHODS.functions.is_sorted_by_key(|native| native.name));
    }
}
