//! Rust values for Lua and back: arguments and results of functions, messages, results of processes.
//!
//! One pair of traits serves all of them, over the tokens of a [`Parcel`]: what can cross to another process can be
//! converted, and nothing else. Invariant: [`FromLua`] of what [`ToLua`] wrote gives the value back.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, Hash};

use wippy_vm::{Packed, Parcel, Tokens};

/// Can be given to Lua.
pub trait ToLua {
    /// Appends it as one value.
    fn to_lua(&self, parcel: &mut Parcel);
}

/// Can be taken from Lua.
pub trait FromLua: Sized {
    /// What is expected, for messages: `string expected, got nil`.
    const EXPECTED: &'static str;

    /// Makes it of a value that begins with `token`; `None` if the value is another one.
    fn from_token(token: Packed<'_>, rest: &mut Tokens<'_>) -> Option<Self>;
}

/// The next value; nothing stands for `nil`. `None` if it is none of this type.
pub fn take<T: FromLua>(tokens: &mut Tokens<'_>) -> Option<T> {
    let token = tokens.next().unwrap_or(Packed::Nil);
    T::from_token(token, tokens)
}

/// A Lua string: any bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct LuaStr(pub Vec<u8>);

impl LuaStr {
    /// Its text.
    ///
    /// # Errors
    /// If it is not UTF-8.
    pub fn to_str(&self) -> Result<&str, std::str::Utf8Error> {
        std::str::from_utf8(&self.0)
    }
}

macro_rules! integers {
    ($($name:ident)*) => { $(
        impl ToLua for $name {
            /// Beyond 64 bits with a sign it becomes a float, as a literal of that size does.
            fn to_lua(&self, parcel: &mut Parcel) {
                match i64::try_from(*self) {
                    Ok(integer) => parcel.push(Packed::Integer(integer)),
                    Err(_) => parcel.push(Packed::Float(*self as f64)),
                }
            }
        }
        impl FromLua for $name {
            const EXPECTED: &'static str = "integer";
            fn from_token(token: Packed<'_>, _: &mut Tokens<'_>) -> Option<$name> {
                match token {
                    Packed::Integer(integer) => $name::try_from(integer).ok(),
                    Packed::Float(float) => {
                        wippy_vm::number::float_to_integer(float).and_then(|whole| $name::try_from(whole).ok())
                    }
                    _ => None,
                }
            }
        }
    )* };
}

integers!(i8 i16 i32 i64 isize u8 u16 u32 u64 usize);

impl ToLua for f64 {
    fn to_lua(&self, parcel: &mut Parcel) {
        parcel.push(Packed::Float(*self));
    }
}

impl FromLua for f64 {
    const EXPECTED: &'static str = "number";

    fn from_token(token: Packed<'_>, _: &mut Tokens<'_>) -> Option<f64> {
        match token {
            Packed::Integer(integer) => Some(integer as f64),
            Packed::Float(float) => Some(float),
            _ => None,
        }
    }
}

impl ToLua for bool {
    fn to_lua(&self, parcel: &mut Parcel) {
        parcel.push(Packed::Boolean(*self));
    }
}

impl FromLua for bool {
    const EXPECTED: &'static str = "boolean";

    fn from_token(token: Packed<'_>, _: &mut Tokens<'_>) -> Option<bool> {
        match token {
            Packed::Boolean(boolean) => Some(boolean),
            _ => None,
        }
    }
}

impl ToLua for () {
    fn to_lua(&self, parcel: &mut Parcel) {
        parcel.push(Packed::Nil);
    }
}

impl FromLua for () {
    const EXPECTED: &'static str = "nil";

    fn from_token(token: Packed<'_>, _: &mut Tokens<'_>) -> Option<()> {
        matches!(token, Packed::Nil).then_some(())
    }
}

impl ToLua for str {
    fn to_lua(&self, parcel: &mut Parcel) {
        parcel.push(Packed::Text(self.as_bytes()));
    }
}

impl ToLua for String {
    fn to_lua(&self, parcel: &mut Parcel) {
        self.as_str().to_lua(parcel);
    }
}

impl FromLua for String {
    const EXPECTED: &'static str = "string in UTF-8";

    fn from_token(token: Packed<'_>, _: &mut Tokens<'_>) -> Option<String> {
        match token {
            Packed::Text(text) => std::str::from_utf8(text).ok().map(str::to_owned),
            _ => None,
        }
    }
}

impl ToLua for LuaStr {
    fn to_lua(&self, parcel: &mut Parcel) {
        parcel.push(Packed::Text(&self.0));
    }
}

impl FromLua for LuaStr {
    const EXPECTED: &'static str = "string";

    fn from_token(token: Packed<'_>, _: &mut Tokens<'_>) -> Option<LuaStr> {
        match token {
            Packed::Text(text) => Some(LuaStr(text.to_vec())),
            _ => None,
        }
    }
}

impl<T: ToLua + ?Sized> ToLua for &T {
    fn to_lua(&self, parcel: &mut Parcel) {
        (**self).to_lua(parcel);
    }
}

impl<T: ToLua> ToLua for Option<T> {
    fn to_lua(&self, parcel: &mut Parcel) {
        match self {
            Some(value) => value.to_lua(parcel),
            None => parcel.push(Packed::Nil),
        }
    }
}

impl<T: FromLua> FromLua for Option<T> {
    const EXPECTED: &'static str = T::EXPECTED;

    fn from_token(token: Packed<'_>, rest: &mut Tokens<'_>) -> Option<Option<T>> {
        match token {
            Packed::Nil => Some(None),
            token => T::from_token(token, rest).map(Some),
        }
    }
}

impl<T: ToLua> ToLua for [T] {
    fn to_lua(&self, parcel: &mut Parcel) {
        parcel.push(Packed::Table { items: self.len(), entries: 0 });
        self.iter().for_each(|item| item.to_lua(parcel));
        parcel.push(Packed::End);
    }
}

impl<T: ToLua> ToLua for Vec<T> {
    fn to_lua(&self, parcel: &mut Parcel) {
        self.as_slice().to_lua(parcel);
    }
}

impl<T: FromLua> FromLua for Vec<T> {
    const EXPECTED: &'static str = "list";

    fn from_token(token: Packed<'_>, rest: &mut Tokens<'_>) -> Option<Vec<T>> {
        let Packed::Table { items, .. } = token else { return None };
        // Bounded, for the number comes from somebody else.
        let mut list = Vec::with_capacity(items.min(1024));
        for _ in 0..items {
            list.push(take(rest)?);
        }
        matches!(rest.next()?, Packed::End).then_some(list)
    }
}

/// Writes a table of entries only.
fn entries<'a, K: ToLua + 'a, V: ToLua + 'a>(
    parcel: &mut Parcel,
    count: usize,
    all: impl Iterator<Item = (&'a K, &'a V)>,
) {
    parcel.push(Packed::Table { items: 0, entries: count });
    for (key, value) in all {
        key.to_lua(parcel);
        value.to_lua(parcel);
    }
    parcel.push(Packed::End);
}

/// Reads a table, its items under the keys 1 and so on.
fn read_entries<K: FromLua, V: FromLua>(
    token: Packed<'_>,
    rest: &mut Tokens<'_>,
    mut put: impl FnMut(K, V),
) -> Option<()> {
    let Packed::Table { items, .. } = token else { return None };
    for position in 1..=items {
        let mut number = Parcel::new();
        number.push(Packed::Integer(position as i64));
        let key = take(&mut number.tokens())?;
        put(key, take(rest)?);
    }
    loop {
        match rest.next()? {
            Packed::End => return Some(()),
            token => {
                let key = K::from_token(token, rest)?;
                put(key, take(rest)?);
            }
        }
    }
}

impl<K: ToLua + Eq + Hash, V: ToLua, S: BuildHasher> ToLua for HashMap<K, V, S> {
    fn to_lua(&self, parcel: &mut Parcel) {
        entries(parcel, self.len(), self.iter());
    }
}

impl<K: FromLua + Eq + Hash, V: FromLua, S: BuildHasher + Default> FromLua for HashMap<K, V, S> {
    const EXPECTED: &'static str = "table";

    fn from_token(token: Packed<'_>, rest: &mut Tokens<'_>) -> Option<Self> {
        let mut map = HashMap::with_hasher(S::default());
        read_entries(token, rest, |key, value| {
            map.insert(key, value);
        })?;
        Some(map)
    }
}

impl<K: ToLua + Ord, V: ToLua> ToLua for BTreeMap<K, V> {
    fn to_lua(&self, parcel: &mut Parcel) {
        entries(parcel, self.len(), self.iter());
    }
}

impl<K: FromLua + Ord, V: FromLua> FromLua for BTreeMap<K, V> {
    const EXPECTED: &'static str = "table";

    fn from_token(token: Packed<'_>, rest: &mut Tokens<'_>) -> Option<Self> {
        let mut map = BTreeMap::new();
        read_entries(token, rest, |key, value| {
            map.insert(key, value);
        })?;
        Some(map)
    }
}

/// Several values: arguments, or the payload of a message.
pub trait IntoValues {
    /// All of them.
    fn into_values(self) -> Parcel;
}

impl IntoValues for Parcel {
    fn into_values(self) -> Parcel {
        self
    }
}

macro_rules! tuples {
    ($($name:ident)*) => {
        impl<$($name: ToLua),*> IntoValues for ($($name,)*) {
            #[allow(unused_mut, non_snake_case, reason = "one text for tuples of every length")]
            fn into_values(self) -> Parcel {
                let mut parcel = Parcel::new();
                let ($($name,)*) = self;
                $( $name.to_lua(&mut parcel); )*
                parcel
            }
        }
    };
}

tuples!();
tuples!(A);
tuples!(A B);
tuples!(A B C);
tuples!(A B C D);
tuples!(A B C D E);
tuples!(A B C D E F);

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check<T: ToLua + FromLua + PartialEq + std::fmt::Debug>(value: T) {
        let parcel = (&value,).into_values();
        assert_eq!(take::<T>(&mut parcel.tokens()).as_ref(), Some(&value));
    }

    #[test]
    fn what_was_written_is_read_back() {
        check(i64::MIN);
        check(255_u8);
        check(0.1);
        check(true);
        check(());
        check("äöü".to_owned());
        check(LuaStr(vec![0xff, 0]));
        check(Some(3));
        check::<Option<i64>>(None);
        check(vec![vec![1, 2], vec![], vec![3]]);
        check(BTreeMap::from([("a".to_owned(), vec![1.5]), ("b".to_owned(), vec![])]));
        check(HashMap::<i64, bool>::from([(7, true), (-1, false)]));
    }

    #[test]
    fn other_values_are_refused() {
        let parcel = ("x", 300, 1.5, vec![1]).into_values();
        let mut tokens = parcel.tokens();
        assert_eq!(take::<i64>(&mut tokens), None);
        assert_eq!(take::<u8>(&mut tokens), None);
        assert_eq!(take::<i32>(&mut tokens), None);
        assert_eq!(take::<BTreeMap<i64, i64>>(&mut tokens), Some(BTreeMap::from([(1, 1)])));
        assert_eq!(take::<Option<bool>>(&mut tokens), Some(None));
        let parcel = (vec!["a"],).into_values();
        assert_eq!(take::<Vec<i64>>(&mut parcel.tokens()), None);
        let parcel = (LuaStr(vec![0xff]),).into_values();
        assert_eq!(take::<String>(&mut parcel.tokens()), None);
    }
}
