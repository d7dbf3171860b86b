//! What natives hold: values and objects branded with the lifetime of one native call.
//!
//! The collector runs only between instructions and native steps, so a handle stays valid for exactly as long as its
//! brand; the brand is invariant and fresh for each [`crate::Context`], so no handle leaves its call or its heap.
//! That is why every method here is safe.

use std::marker::PhantomData;
use std::ptr::NonNull;
use std::sync::Arc;

use super::object;
use super::slot::{Slot, tag};
use super::{libraries, string, table};
use crate::native::Native;
use crate::types::{KeptType, TypeValue};

/// Invariant in `'gc`, neither `Send` nor `Sync`.
type Brand<'gc> = PhantomData<*mut fn(&'gc ()) -> &'gc ()>;

macro_rules! handle {
    ($(#[doc = $doc:literal])* $name:ident => $object:path) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy)]
        pub struct $name<'gc>(NonNull<$object>, Brand<'gc>);

        impl<'gc> $name<'gc> {
            /// # Safety
            /// The pointer must be valid for the lifetime of the brand, and of the heap that the brand stands for.
            #[inline(always)]
            pub(crate) unsafe fn from_raw(raw: *mut $object) -> Self {
                debug_assert!(!raw.is_null());
                // SAFETY: the caller's promise.
                Self(unsafe { NonNull::new_unchecked(raw) }, PhantomData)
            }

            #[inline(always)]
            pub(crate) fn raw(self) -> *mut $object {
                self.0.as_ptr()
            }

            /// Whether both are the same object.
            pub fn is(self, other: Self) -> bool {
                self.0 == other.0
            }

            /// A number that identifies the object while it lives, as `%p` would print it.
            pub fn address(self) -> usize {
                self.0.as_ptr() as usize
            }
        }
    };
}

handle! {
    /// A string.
    Str => object::StringObject
}
handle! {
    /// A table.
    Table => object::Table
}
handle! {
    /// A Lua function.
    Closure => object::Closure
}
handle! {
    /// A builtin with upvalues.
    NativeClosure => object::NativeClosure
}
handle! {
    /// A host object.
    UserData => object::UserData
}
handle! {
    /// A coroutine.
    Coroutine => object::Coroutine
}

handle! {
    /// A channel; as a value a userdata.
    Channel => super::channel::Channel
}
handle! {
    /// A case of a select; as a value a userdata.
    Case => super::channel::Case
}

/// A type.
#[derive(Clone, Copy)]
pub struct TypeRef<'gc>(NonNull<TypeValue>, Brand<'gc>);

impl<'gc> TypeRef<'gc> {
    /// # Safety
    /// The pointer must be valid for the lifetime of the brand.
    #[inline(always)]
    pub(crate) unsafe fn from_raw(raw: *const TypeValue) -> Self {
        // SAFETY: the caller's promise.
        Self(unsafe { NonNull::new_unchecked(raw.cast_mut()) }, PhantomData)
    }

    #[inline(always)]
    pub(crate) fn raw(self) -> *const TypeValue {
        self.0.as_ptr()
    }

    /// The type value itself.
    pub fn value(self) -> &'gc TypeValue {
        // SAFETY: a heap keeps the types it has seen.
        unsafe { &*self.raw() }
    }

    /// The same type for another interpreter, see [`crate::Context::adopt_type`].
    pub fn share(self) -> KeptType {
        if let Some(basic) = self.value().as_basic() {
            return KeptType::Basic(TypeValue::basic(basic));
        }
        // SAFETY: all type values but the predeclared live in an `Arc`, and this one is alive.
        unsafe {
            Arc::increment_strong_count(self.raw());
            KeptType::Counted(Arc::from_raw(self.raw()))
        }
    }

    /// A number that equal types share while one of them lives.
    pub fn address(self) -> usize {
        self.raw() as usize
    }
}

/// Any Lua value, as natives see it.
#[derive(Clone, Copy)]
pub enum Value<'gc> {
    /// `nil`
    Nil,
    /// `true` or `false`
    Boolean(bool),
    /// An integer.
    Integer(i64),
    /// A float.
    Float(f64),
    /// A string.
    String(Str<'gc>),
    /// A table.
    Table(Table<'gc>),
    /// A Lua function.
    Closure(Closure<'gc>),
    /// A builtin with upvalues.
    NativeClosure(NativeClosure<'gc>),
    /// A builtin.
    Native(&'static Native),
    /// A host object.
    UserData(UserData<'gc>),
    /// An opaque word of the host.
    LightUserData(u64),
    /// A coroutine.
    Coroutine(Coroutine<'gc>),
    /// A type.
    Type(TypeRef<'gc>),
}

const _: () = assert!(size_of::<Value<'static>>() == 16);

impl<'gc> Value<'gc> {
    /// # Safety
    /// The slot must be valid for the lifetime of the brand and belong to its heap.
    #[inline]
    pub(crate) unsafe fn from_slot(slot: Slot) -> Value<'gc> {
        // SAFETY: the caller's promise; the tag says what the payload points to.
        unsafe {
            match slot.tag {
                tag::INTEGER => Value::Integer(slot.as_integer()),
                tag::FLOAT => Value::Float(slot.as_float()),
                tag::STRING => Value::String(Str::from_raw(slot.as_string())),
                tag::TABLE => Value::Table(Table::from_raw(slot.as_table())),
                tag::CLOSURE => Value::Closure(Closure::from_raw(slot.as_closure())),
                tag::NATIVE_CLOSURE => {
                    Value::NativeClosure(NativeClosure::from_raw(slot.as_native_closure()))
                }
                tag::USERDATA => Value::UserData(UserData::from_raw(slot.as_userdata())),
                tag::COROUTINE => Value::Coroutine(Coroutine::from_raw(slot.as_coroutine())),
                tag::NATIVE => Value::Native(slot.as_native()),
                tag::LIGHT_USERDATA => Value::LightUserData(slot.payload),
                tag::TYPE => Value::Type(TypeRef::from_raw(slot.as_type())),
                tag::TRUE => Value::Boolean(true),
                tag::FALSE => Value::Boolean(false),
                _ => Value::Nil,
            }
        }
    }

    #[inline]
    pub(crate) fn slot(self) -> Slot {
        match self {
            Value::Nil => Slot::NIL,
            Value::Boolean(b) => Slot::boolean(b),
            Value::Integer(i) => Slot::integer(i),
            Value::Float(f) => Slot::float(f),
            Value::String(s) => Slot::string(s.raw()),
            Value::Table(t) => Slot::table(t.raw()),
            Value::Closure(c) => Slot::closure(c.raw()),
            Value::NativeClosure(c) => Slot::native_closure(c.raw()),
            Value::Native(n) => Slot::native(n),
            Value::UserData(u) => Slot::userdata(u.raw()),
            Value::LightUserData(word) => Slot { payload: word, tag: tag::LIGHT_USERDATA, aux: 0 },
            Value::Coroutine(c) => Slot::coroutine(c.raw()),
            Value::Type(t) => Slot::ty(t.raw()),
        }
    }

    /// Whether it is `nil`.
    pub fn is_nil(self) -> bool {
        matches!(self, Value::Nil)
    }

    /// Whether a condition takes it as true: all but `nil` and `false`.
    #[inline]
    pub fn is_truthy(self) -> bool {
        !matches!(self, Value::Nil | Value::Boolean(false))
    }

    /// Whether it is a function of any kind.
    pub fn is_function(self) -> bool {
        matches!(self, Value::Closure(_) | Value::NativeClosure(_) | Value::Native(_))
    }

    /// What `type` answers.
    pub fn type_name(self) -> &'static str {
        type_name(self.slot().tag)
    }

    /// Primitive equality (`rawequal`).
    pub fn raw_equals(self, other: Value<'gc>) -> bool {
        // SAFETY: both are valid by their brand.
        unsafe { raw_equals(self.slot(), other.slot()) }
    }

    /// The pointer of a reference value, as `%p` would print it.
    pub fn address(self) -> Option<usize> {
        let slot = self.slot();
        match slot.tag {
            tag::STRING..=tag::TYPE => Some(slot.payload as usize),
            _ => None,
        }
    }
}

/// What `type` answers for a value of this tag.
pub(crate) fn type_name(tag: u32) -> &'static str {
    match tag {
        tag::INTEGER | tag::FLOAT => "number",
        tag::STRING => "string",
        tag::TABLE => "table",
        tag::CLOSURE | tag::NATIVE_CLOSURE | tag::NATIVE => "function",
        tag::USERDATA | tag::LIGHT_USERDATA => "userdata",
        tag::COROUTINE => "thread",
        tag::TYPE => "type",
        tag::TRUE | tag::FALSE => "boolean",
        _ => "nil",
    }
}

/// Primitive equality of any two values (manual 3.4.4).
///
/// # Safety
/// Both must be valid.
#[inline]
pub(crate) unsafe fn raw_equals(a: Slot, b: Slot) -> bool {
    if a.tag != b.tag {
        return match (a.tag, b.tag) {
            (tag::INTEGER, tag::FLOAT) => crate::number::integer_equals_float(a.as_integer(), b.as_float()),
            (tag::FLOAT, tag::INTEGER) => crate::number::integer_equals_float(b.as_integer(), a.as_float()),
            _ => false,
        };
    }
    if a.tag == tag::STRING {
        // SAFETY: valid strings.
        return unsafe { string::equal(a.as_string(), b.as_string()) };
    }
    if a.tag == tag::TYPE {
        // SAFETY: valid types.
        return unsafe { same_types(a, b) };
    }
    a.same(b)
}

/// Whether two types have the same identity.
///
/// # Safety
/// Both must be valid types.
pub(crate) unsafe fn same_types(a: Slot, b: Slot) -> bool {
    // SAFETY: the caller's promise.
    unsafe { a.payload == b.payload || *a.as_type() == *b.as_type() }
}

impl<'gc> Str<'gc> {
    /// Its bytes.
    #[inline]
    pub fn as_bytes(self) -> &'gc [u8] {
        // SAFETY: strings are immutable and live as long as the brand.
        unsafe { string::bytes(self.raw()) }
    }

    /// Number of bytes.
    pub fn len(self) -> usize {
        self.as_bytes().len()
    }

    /// Whether it has no bytes.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The text, with what is not UTF-8 replaced.
    pub fn to_string_lossy(self) -> std::borrow::Cow<'gc, str> {
        // Looking for faults only is several times as fast as the search for what to replace.
        match std::str::from_utf8(self.as_bytes()) {
            Ok(text) => text.into(),
            Err(_) => String::from_utf8_lossy(self.as_bytes()),
        }
    }
}

impl<'gc> Table<'gc> {
    /// Raw access (`rawget`).
    pub fn get(self, key: Value<'gc>) -> Value<'gc> {
        // SAFETY: the table and the key are valid by their brand, and so is what the table holds.
        unsafe { Value::from_slot(table::get(self.raw(), key.slot())) }
    }

    /// Raw access with an integer key.
    #[inline]
    pub fn get_integer(self, key: i64) -> Value<'gc> {
        // SAFETY: as in `get`.
        unsafe { Value::from_slot(table::get_integer(self.raw(), key)) }
    }

    /// Raw length (`rawlen`): a border.
    pub fn length(self) -> i64 {
        // SAFETY: the table is valid.
        unsafe { table::length(self.raw()) }
    }

    /// The metatable.
    #[inline]
    pub fn metatable(self) -> Option<Table<'gc>> {
        // SAFETY: a table's metatable is null or valid.
        unsafe {
            let meta = (*self.raw()).metatable;
            if meta.is_null() { None } else { Some(Table::from_raw(meta)) }
        }
    }

    /// Makes it read-only, for good: every write to it fails from now on. Tables in it are not touched.
    pub fn freeze(self) {
        // SAFETY: the table is valid by its brand; all writers look at the flag.
        unsafe {
            libraries::freeze(self.raw());
            // A table of an image may be read by others just now.
            if (*self.raw()).header.flags & object::TABLE_FROZEN == 0 {
                (*self.raw()).header.flags |= object::TABLE_FROZEN;
            }
        }
    }

    /// Whether it is read-only.
    pub fn is_frozen(self) -> bool {
        // SAFETY: the table is valid by its brand.
        unsafe {
            (*self.raw()).header.flags & object::TABLE_FROZEN != 0 && libraries::is_read_only(self.raw())
        }
    }

    /// The entry after `key` in the order of traversal, the first one after `nil`; `Ok(None)` at the end.
    ///
    /// # Errors
    /// When the key is not in the table.
    pub fn next(self, key: Value<'gc>) -> Result<Option<(Value<'gc>, Value<'gc>)>, table::InvalidKey> {
        // SAFETY: as in `get`.
        unsafe {
            Ok(table::next(self.raw(), key.slot())?
                .map(|(key, value)| (Value::from_slot(key), Value::from_slot(value))))
        }
    }
}

impl<'gc> NativeClosure<'gc> {
    /// The builtin that it runs.
    pub fn native(self) -> &'static Native {
        // SAFETY: the closure is valid.
        unsafe { (*self.raw()).native }
    }
}

impl<'gc> UserData<'gc> {
    /// The host object, if it is a `T`.
    pub fn get<T: 'static>(self) -> Option<&'gc T> {
        // SAFETY: the cell is valid; its data is only replaced when the cell is freed, and never borrowed mutably.
        unsafe { (*self.raw()).data.get().and_then(|data| data.downcast_ref::<T>()) }
    }

    /// The metatable.
    pub fn metatable(self) -> Option<Table<'gc>> {
        // SAFETY: a metatable is null or valid.
        unsafe {
            let meta = (*self.raw()).metatable;
            if meta.is_null() { None } else { Some(Table::from_raw(meta)) }
        }
    }

    /// The value that `debug.setuservalue` associated with it.
    pub fn user_value(self) -> Value<'gc> {
        // SAFETY: the cell is valid.
        unsafe { Value::from_slot((*self.raw()).user_value) }
    }
}

macro_rules! from {
    ($($source:ty => $variant:ident;)*) => { $(
        impl<'gc> From<$source> for Value<'gc> {
            #[inline(always)]
            fn from(value: $source) -> Self { Value::$variant(value.into()) }
        }
    )* };
}

from! {
    bool => Boolean;
    i64 => Integer;
    f64 => Float;
    Str<'gc> => String;
    Table<'gc> => Table;
    Closure<'gc> => Closure;
    NativeClosure<'gc> => NativeClosure;
    &'static Native => Native;
    UserData<'gc> => UserData;
    Coroutine<'gc> => Coroutine;
    TypeRef<'gc> => Type;
}
