//! What natives see of tables, metatables and the registry: raw access, without metamethods.
//!
//! With metamethods: `operations`; many items at once: `bulk`. Invariant: every store goes through the heap's writers, or is
//! followed by what the collector must be told.

use crate::error::Result;
use crate::heap::handle::{Coroutine, Table, Value};
use crate::heap::slot::Slot;
use crate::heap::{OutOfMemory, object};

use super::context::Context;
use super::event::Event;
use super::index;

impl<'gc> Context<'gc> {
    /// Raw assignment (`rawset`).
    ///
    /// # Errors
    /// For a `nil` or NaN key, or when the memory limit would be passed.
    #[inline]
    pub fn raw_set(
        &mut self,
        table: Table<'gc>,
        key: impl Into<Value<'gc>>,
        value: impl Into<Value<'gc>>,
    ) -> Result<()> {
        // SAFETY: all are valid by their brand.
        unsafe { Ok(self.st().heap.set(table.raw(), key.into().slot(), value.into().slot())?) }
    }

    /// Raw assignment with an integer key.
    ///
    /// # Errors
    /// When the memory limit would be passed.
    #[inline]
    pub fn raw_set_integer(
        &mut self,
        table: Table<'gc>,
        key: i64,
        value: impl Into<Value<'gc>>,
    ) -> Result<()> {
        // SAFETY: all are valid by their brand.
        unsafe { Ok(self.st().heap.set_integer(table.raw(), key, value.into().slot())?) }
    }

    /// Raw assignment of a field with a name known to the program.
    ///
    /// # Errors
    /// When the memory limit would be passed.
    pub fn set_field(
        &mut self,
        table: Table<'gc>,
        name: &'static str,
        value: impl Into<Value<'gc>>,
    ) -> Result<()> {
        let key = Slot::string(crate::heap::shared::word(name));
        // SAFETY: all are valid by their brand; the key is immortal.
        unsafe { Ok(self.st().heap.set(table.raw(), key, value.into().slot())?) }
    }

    /// Raw assignments of fields with names known to the program, in order: faster than one by one.
    ///
    /// # Errors
    /// When the memory limit would be passed.
    pub fn set_fields(&mut self, table: Table<'gc>, fields: &[(&'static str, Value<'gc>)]) -> Result<()> {
        self.set_all(table, fields.iter().copied())
    }

    /// [`Context::set_fields`]; the iterator must not ask for names itself.
    pub(crate) fn set_all(
        &mut self,
        table: Table<'gc>,
        fields: impl Iterator<Item = (&'static str, Value<'gc>)>,
    ) -> Result<()> {
        let heap = &mut self.st().heap;
        let mut words = crate::heap::shared::Words::lock();
        for (name, value) in fields {
            // SAFETY: all are valid by their brand; the key is immortal.
            unsafe { heap.fill_string(table.raw(), words.word(name), value.slot())? };
        }
        Ok(())
    }

    /// Makes room for so many more fields, which are about to be set.
    ///
    /// # Errors
    /// When the memory limit would be passed.
    pub fn reserve(&mut self, table: Table<'gc>, fields: usize) -> Result<()> {
        // SAFETY: the table is valid by its brand.
        unsafe { Ok(self.st().heap.reserve(table.raw(), 0, fields)?) }
    }

    /// Raw read of a field by name.
    pub fn field(&mut self, table: Table<'gc>, name: &str) -> Value<'gc> {
        // SAFETY: the table is valid by its brand.
        unsafe {
            if (*table.raw()).has_no_nodes() {
                return Value::Nil;
            }
            let state = self.st();
            match state.heap.string(name.as_bytes()) {
                Ok(key) => Value::from_slot(crate::heap::table::get_string(table.raw(), key)),
                Err(OutOfMemory) => Value::Nil,
            }
        }
    }

    /// The array part of a table without metatable effects: moves `count` items from index `from` to `to` when both
    /// ranges lie inside it. Returns whether it did.
    pub fn move_items(&mut self, table: Table<'gc>, from: i64, to: i64, count: usize) -> bool {
        // SAFETY: the table is valid; the ranges are checked against the used part of the array.
        unsafe {
            let t = table.raw();
            let len = i64::from((*t).len);
            let inside = |start: i64| start >= 1 && start - 1 <= len - count as i64;
            if count as i64 > len
                || !inside(from)
                || !inside(to)
                || (*t).header.flags & object::TABLE_FROZEN != 0
            {
                return false;
            }
            let array = (*t).array;
            std::ptr::copy(array.add(from as usize - 1), array.add(to as usize - 1), count);
            self.st().heap.moved(t, from as usize - 1, to as usize - 1, count);
            true
        }
    }

    /// The global environment.
    pub fn globals(&self) -> Table<'gc> {
        // SAFETY: a root.
        unsafe { Table::from_raw(self.st().heap.roots.globals) }
    }

    /// The registry as Lua may see it: with the main coroutine and the globals where the reference implementation has
    /// them.
    ///
    /// # Errors
    /// When the memory limit would be passed.
    pub fn complete_registry(&mut self) -> Result<Table<'gc>> {
        let registry = self.registry();
        let main = self.st().heap.roots.main;
        // SAFETY: a root.
        let main = unsafe { Coroutine::from_raw(main) };
        if registry.get_integer(1).is_nil() {
            self.raw_set_integer(registry, 1, main)?;
            self.raw_set_integer(registry, 2, self.globals())?;
        }
        Ok(registry)
    }

    /// The registry: a table for natives, unreachable for Lua except through `debug.getregistry`.
    pub fn registry(&self) -> Table<'gc> {
        // SAFETY: a root.
        unsafe { Table::from_raw(self.st().heap.registry()) }
    }

    /// Shared metatable of a basic type, given by an example value; tables and userdata have their own.
    pub fn metatable(&self, value: Value<'gc>) -> Option<Table<'gc>> {
        // SAFETY: the value is valid; metatables are null or valid.
        unsafe {
            let meta = self.st().metatable(value.slot());
            if meta.is_null() { None } else { Some(Table::from_raw(meta)) }
        }
    }

    /// Sets the metatable of a table or userdata, or the shared one of any other type. A frozen table keeps its own: ask
    /// first ([`Table::is_frozen`]).
    pub fn set_metatable(&mut self, value: Value<'gc>, metatable: Option<Table<'gc>>) {
        let raw = metatable.map_or(std::ptr::null_mut(), Table::raw);
        let state = self.st();
        // SAFETY: the value is valid; the barrier follows the store.
        unsafe {
            match value {
                Value::Type(_) => return,
                Value::Table(t) if t.is_frozen() => return,
                Value::Table(t) => (*t.raw()).metatable = raw,
                Value::UserData(u) => (*u.raw()).metatable = raw,
                other => {
                    let basic_type = super::state::basic_type(other.slot().tag);
                    state.heap.set_basic_metatable(basic_type, raw);
                }
            }
            if let Some(table) = metatable {
                state.heap.barrier(Slot::table(table.raw()));
                if matches!(value, Value::Table(_) | Value::UserData(_))
                    && !index::metamethod_of(raw, Event::Gc).is_nil()
                {
                    state.heap.register_finalizer(value.slot());
                }
            }
        }
    }

    /// The metamethod of a value for an event; `nil` if it has none.
    #[inline]
    pub fn metamethod(&self, value: Value<'gc>, event: Event) -> Value<'gc> {
        // SAFETY: the value is valid.
        unsafe { Value::from_slot(index::metamethod(self.st(), value.slot(), event)) }
    }
}
