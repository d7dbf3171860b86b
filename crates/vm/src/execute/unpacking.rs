//! Building the values of a [`Parcel`] in a heap: how they arrive.
//!
//! Tables are built without recursion. Those that are like a model begin as a copy of its nodes, and only their values are
//! put into place. Not here: the format (`execute::parcel`). Invariant: while a value is built nothing is collected and
//! no script sees a part of it, so a model stays as it was made.

use std::sync::Arc;

use smallvec::SmallVec;

use crate::error::Result;
use crate::heap::Heap;
use crate::heap::handle::{Table as LuaTable, Value};
use crate::heap::object::StringObject;

use super::context::Context;
use super::parcel::{LIKE_KEY, MODEL_KEYS, MODELS, Packed, Parcel, Tokens, mark};

/// A table that is being built.
struct Building<'gc> {
    table: LuaTable<'gc>,
    /// Items, or of a likeness fields, that have been put into it.
    at: usize,
    items: usize,
    /// The model that it is like.
    like: Option<usize>,
    /// Entries that are still to come, if all come.
    left: usize,
    /// It can be a model: nothing but a few strings were its keys.
    exemplary: bool,
    /// Where its keys begin in the builder's list.
    keys: usize,
    /// The key whose value is due.
    key: Option<Value<'gc>>,
}

/// A record that was built: those that are like it have the same keys at the same places.
struct Model<'gc> {
    table: LuaTable<'gc>,
    places: SmallVec<[u32; 8]>,
}

/// What is needed while one value is built.
struct Builder<'gc> {
    /// All tables of the value, in the order in which they began.
    made: Vec<LuaTable<'gc>>,
    open: SmallVec<[Building<'gc>; 4]>,
    /// Texts of the value so far.
    texts: Vec<Value<'gc>>,
    models: SmallVec<[Model<'gc>; 2]>,
    /// Keys of the open tables that can be models.
    keys: SmallVec<[*const StringObject; 8]>,
}

/// What the innermost table gets next.
enum Got<'gc> {
    Value(Value<'gc>),
    /// A table has begun inside it.
    Begun(Building<'gc>),
    /// It is whole.
    End,
}

impl<'gc> Builder<'gc> {
    fn table(&mut self, cx: &mut Context<'gc>, items: usize, entries: usize) -> Result<Building<'gc>> {
        let table = cx.table(items, entries)?;
        self.made.push(table);
        Ok(Building {
            table,
            at: 0,
            items,
            like: None,
            left: entries,
            exemplary: items == 0 && (1..=MODEL_KEYS).contains(&entries),
            keys: self.keys.len(),
            key: None,
        })
    }

    fn likeness(&mut self, cx: &mut Context<'gc>, model: usize, entries: usize) -> Result<Building<'gc>> {
        let Some(Model { table, places }) =
            self.models.get(model).filter(|model| model.places.len() == entries)
        else {
            return self.table(cx, 0, entries);
        };
        // SAFETY: the model was made here, whole, and nobody has changed it since.
        let table = unsafe { LuaTable::from_raw(cx.st().heap.likeness(table.raw())?) };
        let left = places.len();
        self.made.push(table);
        Ok(Building {
            table,
            at: 0,
            items: 0,
            like: Some(model),
            left,
            exemplary: false,
            keys: self.keys.len(),
            key: None,
        })
    }

    /// Reads what comes next.
    #[inline(always)]
    fn next(&mut self, cx: &mut Context<'gc>, tokens: &mut Tokens<'_>) -> Result<Got<'gc>> {
        let Some((&first, rest)) = tokens.bytes.split_first() else { return Ok(Got::End) };
        let text = |builder: &mut Self, cx: &mut Context<'gc>, text: &[u8]| {
            let text = cx.string(text)?.into();
            builder.texts.push(text);
            Ok(Got::Value(text))
        };
        let begun = tokens.bytes;
        tokens.bytes = rest;
        match first {
            mark::INTEGER => Ok(Got::Value(Value::Integer(i64::from_le_bytes(tokens.take())))),
            mark::FLOAT => Ok(Got::Value(Value::Float(f64::from_bits(u64::from_le_bytes(tokens.take()))))),
            mark::SAME_TEXT => {
                let (_at, ordinal) = (tokens.number(), tokens.number());
                Ok(Got::Value(self.texts.get(ordinal).copied().unwrap_or(Value::Nil)))
            }
            mark::SHORT_TEXT => {
                let [length] = tokens.take();
                let bytes = tokens.bytes(usize::from(length));
                text(self, cx, bytes)
            }
            mark::TEXT => {
                let length = tokens.number();
                let bytes = tokens.bytes(length);
                text(self, cx, bytes)
            }
            mark::LIKE => {
                let (model, entries) = (tokens.number(), tokens.number());
                // Small cells are not checked one by one.
                cx.check_room(1)?;
                self.likeness(cx, model, entries).map(Got::Begun)
            }
            mark::TABLE => {
                let (items, entries) = (tokens.number(), tokens.number());
                cx.check_room(1)?;
                self.table(cx, items, entries).map(Got::Begun)
            }
            mark::END => Ok(Got::End),
            mark::AGAIN => {
                let number = tokens.number();
                Ok(Got::Value(self.made.get(number).map_or(Value::Nil, |&table| table.into())))
            }
            _ => {
                tokens.bytes = begun;
                match tokens.next() {
                    Some(token) => cx.unpack_simple(token).map(Got::Value),
                    None => Ok(Got::End),
                }
            }
        }
    }

    /// Puts a value into a table that is like no model: an item, a key, or what belongs to the key before.
    #[inline]
    fn put(&mut self, cx: &mut Context<'gc>, building: &mut Building<'gc>, value: Value<'gc>) -> Result<()> {
        if building.at < building.items {
            building.at += 1;
            if !value.is_nil() {
                cx.raw_set_integer(building.table, building.at as i64, value)?;
            }
            return Ok(());
        }
        let Some(key) = building.key.take() else {
            match value {
                Value::String(text) if building.exemplary => self.keys.push(text.raw()),
                _ => building.exemplary = false,
            }
            building.key = Some(value);
            return Ok(());
        };
        building.left = building.left.wrapping_sub(1);
        cx.raw_set(building.table, key, value)
    }

    /// A table is whole: it may be a model for others.
    fn end(&mut self, building: &Building<'gc>) {
        if building.exemplary && building.left == 0 && self.models.len() < MODELS {
            let table = building.table;
            // SAFETY: table and keys are alive. A key that came twice has one place, and no packer writes such a table.
            let place = |&key: &*const StringObject| unsafe { Heap::place_of(table.raw(), key).unwrap_or(0) };
            let places = self.keys[building.keys..].iter().map(place).collect();
            self.models.push(Model { table, places });
        }
        self.keys.truncate(building.keys);
    }

    /// Builds the innermost table up to its end, or to one that begins inside it, which is answered.
    fn go_on(
        &mut self,
        cx: &mut Context<'gc>,
        building: &mut Building<'gc>,
        tokens: &mut Tokens<'_>,
    ) -> Result<Option<Building<'gc>>> {
        let Some(model) = building.like else {
            loop {
                match self.next(cx, tokens)? {
                    Got::Value(value) => self.put(cx, building, value)?,
                    Got::Begun(inner) => {
                        self.put(cx, building, inner.table.into())?;
                        return Ok(Some(inner));
                    }
                    Got::End => {
                        self.end(building);
                        return Ok(None);
                    }
                }
            }
        };
        while building.left > 0 {
            // The key, which is the model's.
            tokens.bytes(LIKE_KEY);
            let (value, inner) = match self.next(cx, tokens)? {
                Got::Value(value) => (value, None),
                Got::Begun(inner) => (inner.table.into(), Some(inner)),
                Got::End => break,
            };
            if let Some(&place) = self.models.get(model).and_then(|model| model.places.get(building.at)) {
                // SAFETY: the table has the nodes of the model, whose place this is; the value is valid.
                unsafe { cx.st().heap.set_place(building.table.raw(), place, value.slot()) };
            }
            building.at += 1;
            building.left -= 1;
            if inner.is_some() {
                return Ok(inner);
            }
        }
        if let [mark::END, rest @ ..] = tokens.bytes {
            tokens.bytes = rest;
        }
        Ok(None)
    }
}

impl<'gc> Context<'gc> {
    /// Builds the values of a parcel in this heap and pushes them; answers how many there are.
    ///
    /// # Errors
    /// When the memory limit would be passed, or the values are too many for the stack.
    pub fn unpack(&mut self, parcel: &Parcel) -> Result<usize> {
        let before = self.len();
        let mut tokens = parcel.tokens();
        while let Some(value) = self.unpack_next(&mut tokens)? {
            self.reserve_slots(1)?;
            self.push(value);
        }
        Ok(self.len() - before)
    }

    /// Builds the next value of a parcel in this heap; `None` at its end. A table costs fuel by its size.
    ///
    /// # Errors
    /// When the memory limit would be passed.
    #[inline]
    pub fn unpack_next(&mut self, tokens: &mut Tokens<'_>) -> Result<Option<Value<'gc>>> {
        if let [mark::INTEGER, rest @ ..] = tokens.bytes {
            tokens.bytes = rest;
            return Ok(Some(Value::Integer(i64::from_le_bytes(tokens.take()))));
        }
        let Some(token) = tokens.next() else { return Ok(None) };
        Ok(Some(match token {
            Packed::Table { items, entries } => self.unpack_table(items, entries, tokens)?.into(),
            other => self.unpack_simple(other)?,
        }))
    }

    #[inline]
    fn unpack_simple(&mut self, token: Packed<'_>) -> Result<Value<'gc>> {
        Ok(match token {
            Packed::Boolean(boolean) => Value::Boolean(boolean),
            Packed::Integer(integer) => Value::Integer(integer),
            Packed::Float(float) => Value::Float(float),
            Packed::Text(text) => self.string(text)?.into(),
            Packed::Object(object) => Arc::clone(object).arrive(self)?.into(),
            Packed::Type(ty) => self.adopt_type(Arc::clone(ty)).into(),
            Packed::Nil | Packed::Table { .. } | Packed::Again(_) | Packed::End => Value::Nil,
        })
    }

    /// A table has begun: builds it and all in it.
    fn unpack_table(
        &mut self,
        items: usize,
        entries: usize,
        tokens: &mut Tokens<'_>,
    ) -> Result<LuaTable<'gc>> {
        let size = tokens.bytes.len();
        let mut builder = Builder {
            made: Vec::new(),
            open: SmallVec::new(),
            texts: Vec::new(),
            models: SmallVec::new(),
            keys: SmallVec::new(),
        };
        let mut building = builder.table(self, items, entries)?;
        let outermost = building.table;
        loop {
            match builder.go_on(self, &mut building, tokens)? {
                Some(inner) => builder.open.push(std::mem::replace(&mut building, inner)),
                None => match builder.open.pop() {
                    Some(outer) => building = outer,
                    None => break,
                },
            }
        }
        // Running out of fuel here is noticed by whatever runs next.
        let _ = self.charge((size - tokens.bytes.len()) / 16);
        Ok(outermost)
    }
}
