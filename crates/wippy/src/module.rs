//! Modules written in Rust: rows of name, signature and function, found by `require`.
//!
//! A function takes and answers Rust values ([`crate::function!`]); one that calls Lua or waits is a
//! [`NativeFunction`](wippy_vm::NativeFunction) and takes them off the [`Context`] itself.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::Arc;

use wippy_vm::{Context, Error, Native, Outcome, Packed, Parcel, Result, Value};

use crate::convert::{FromLua, ToLua};

/// A module: data.
#[derive(Clone)]
pub struct Module {
    name: &'static str,
    functions: Vec<&'static Native>,
}

impl Module {
    /// A module without functions.
    pub fn new(name: &'static str) -> Module {
        Module { name, functions: Vec::new() }
    }

    /// Adds a function, as [`crate::function!`] makes it.
    #[must_use]
    pub fn function(mut self, function: &'static Native) -> Module {
        self.functions.push(function);
        self
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Its functions.
    pub fn functions(&self) -> &[&'static Native] {
        &self.functions
    }

    /// Makes `require(name)` find it. The table is read-only.
    ///
    /// # Errors
    /// When the memory limit would be passed, or there is no `require`.
    pub fn open(&self, cx: &mut Context<'_>) -> Result<()> {
        let table = cx.table(0, self.functions.len())?;
        for &native in &self.functions {
            cx.set_field(table, native.name, native)?;
        }
        table.freeze();
        let registry = cx.registry();
        match cx.field(registry, "_LOADED") {
            Value::Table(loaded) => cx.set_field(loaded, self.name, table),
            _ => Err(Error::message("the standard library is not open")),
        }
    }
}

/// Makes a row of a [`Module`]: name, signature in the type language, and a Rust function whose parameters after the
/// [`Context`] are [`FromLua`] and whose result is [`ToLua`].
///
/// ```
/// use wippy::{Context, Module, Result, function};
///
/// fn repeated(_: &mut Context<'_>, word: String, times: usize) -> Result<Vec<String>> {
///     Ok(vec![word; times])
/// }
///
/// let module = Module::new("words").function(function!("repeated", "(word: string, times: integer) -> {string}", repeated));
/// assert_eq!(module.functions()[0].name, "repeated");
/// ```
#[macro_export]
macro_rules! function {
    ($name:literal, $signature:literal, $function:path) => {{
        fn call(cx: &mut $crate::Context<'_>) -> $crate::Result<$crate::Outcome> {
            $crate::TypedFunction::call(&$function, cx)
        }
        static NATIVE: $crate::Native = $crate::Native { name: $name, function: call, signature: $signature };
        &NATIVE
    }};
}

/// A Rust function that can be called with arguments taken from Lua. Implemented for functions of up to six of them.
pub trait TypedFunction<Arguments> {
    /// Converts the arguments, calls it, and answers its result.
    ///
    /// # Errors
    /// When an argument has another type, and what the function raises.
    fn call(&self, cx: &mut Context<'_>) -> Result<Outcome>;
}

fn argument<T: FromLua>(cx: &mut Context<'_>, index: usize) -> Result<T> {
    let parcel = if cx.has(index) { cx.pack(index, 1)? } else { Parcel::new() };
    let mut tokens = parcel.tokens();
    let token = tokens.next().unwrap_or(Packed::Nil);
    T::from_token(token, &mut tokens).ok_or_else(|| cx.type_error(index, T::EXPECTED))
}

fn answer<T: ToLua>(cx: &mut Context<'_>, result: &T) -> Result<Outcome> {
    let mut parcel = Parcel::new();
    result.to_lua(&mut parcel);
    let count = cx.unpack(&parcel)?;
    Ok(cx.returns_top(count))
}

macro_rules! typed_functions {
    ($($name:ident $index:literal)*) => {
        impl<F, R, $($name),*> TypedFunction<($($name,)*)> for F
        where
            F: for<'a, 'gc> Fn(&'a mut Context<'gc>, $($name),*) -> Result<R>,
            R: ToLua,
            $($name: FromLua,)*
        {
            #[allow(non_snake_case, reason = "one text for functions of any number of parameters")]
            fn call(&self, cx: &mut Context<'_>) -> Result<Outcome> {
                $( let $name = argument(cx, $index)?; )*
                let result = self(cx, $($name),*)?;
                answer(cx, &result)
            }
        }
    };
}

typed_functions!();
typed_functions!(A 1);
typed_functions!(A 1 B 2);
typed_functions!(A 1 B 2 C 3);
typed_functions!(A 1 B 2 C 3 D 4);
typed_functions!(A 1 B 2 C 3 D 4 E 5);
typed_functions!(A 1 B 2 C 3 D 4 E 5 G 6);

/// Values of the embedding program that natives of every process reach, by type.
#[derive(Clone, Default)]
pub struct HostState(Arc<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>);

impl HostState {
    /// Adds a value; one of the same type is replaced.
    pub fn insert<T: Any + Send + Sync>(&mut self, value: T) {
        Arc::make_mut(&mut self.0).insert(TypeId::of::<T>(), Arc::new(value));
    }

    /// The value of a type.
    pub fn get<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        self.0.get(&TypeId::of::<T>()).cloned().and_then(|value| value.downcast().ok())
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The value of the embedding program that was given with the runtime, or with the interpreter as a [`HostState`].
///
/// # Errors
/// When there is none of this type.
pub fn host<T: Any + Send + Sync>(cx: &mut Context<'_>) -> Result<Arc<T>> {
    cx.host::<HostState>()
        .and_then(|state| state.get::<T>())
        .ok_or_else(|| Error::message(format!("the host has no {}", std::any::type_name::<T>())))
}
