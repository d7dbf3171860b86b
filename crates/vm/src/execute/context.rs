//! `Context`: what a native function sees of the interpreter during one step.
//!
//! Its slots are numbered from 1: first the arguments, then whatever it pushed; results of calls it asked for are
//! pushed as well. Handles it gives out are branded and die with the step. Invariant: the slots are those between
//! `base` and the running coroutine's `top`.

use std::any::Any;
use std::marker::PhantomData;

use crate::error::{Error, ErrorKind, Result};
use crate::heap::OutOfMemory;
use crate::heap::handle::{Coroutine, NativeClosure, Str, Table, UserData, Value};
use crate::heap::object;
use crate::heap::slot::{Slot, tag};
use crate::heap::table::TableError;
use crate::native::{Collection, Native, Outcome, Request, Then};

use super::event::Event;
use super::memory::Memory;
use super::state::{MAX_STACK_SLOTS, State};
use super::{compare, concat, index};

/// One step of a native function.
pub struct Context<'gc> {
    pub(crate) state: *mut State,
    pub(crate) base: *mut Slot,
    brand: PhantomData<*mut fn(&'gc ()) -> &'gc ()>,
}

impl From<OutOfMemory> for Error {
    fn from(_: OutOfMemory) -> Error {
        Error::new(ErrorKind::Memory)
    }
}

impl From<TableError> for Error {
    fn from(error: TableError) -> Error {
        match error {
            TableError::NilKey => ErrorKind::Operation("table index is nil").into(),
            TableError::NanKey => ErrorKind::Operation("table index is NaN").into(),
            TableError::Overflow => ErrorKind::Operation("table overflow").into(),
            TableError::Frozen => ErrorKind::Operation("attempt to modify a frozen table").into(),
            // Only the instructions that set a field are told of growth, and they wait for it.
            TableError::OutOfMemory | TableError::Growing => Error::new(ErrorKind::Memory),
        }
    }
}

impl<'gc> Context<'gc> {
    /// # Safety
    /// The state must be valid and not otherwise used while the context lives; `base` must lie in the running
    /// coroutine's stack; and the brand must not outlive the step.
    #[inline(always)]
    pub(crate) unsafe fn new(state: *mut State, base: *mut Slot) -> Context<'gc> {
        Context { state, base, brand: PhantomData }
    }

    #[inline(always)]
    pub(crate) fn st(&self) -> &'gc mut State {
        // SAFETY: the context has the only access to the state (`new`). Callers inside this crate keep no such
        // reference while they make another.
        unsafe { &mut *self.state }
    }

    #[inline(always)]
    fn coroutine_ptr(&self) -> *mut object::Coroutine {
        self.st().current()
    }

    #[inline(always)]
    fn top(&self) -> *mut Slot {
        // SAFETY: the running coroutine is valid.
        unsafe { (*self.coroutine_ptr()).top }
    }

    #[inline(always)]
    fn set_top(&mut self, top: *mut Slot) {
        // SAFETY: the running coroutine is valid.
        unsafe { (*self.coroutine_ptr()).top = top }
    }

    // ---- slots ----

    /// Number of slots: arguments and what was pushed after them.
    #[inline(always)]
    pub fn len(&self) -> usize {
        // SAFETY: both point into the same stack, `top` not below `base`.
        unsafe { self.top().offset_from_unsigned(self.base) }
    }

    /// Whether there are no slots.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[inline(always)]
    pub(crate) fn slot(&self, index: usize) -> Slot {
        if index.wrapping_sub(1) < self.len() {
            // SAFETY: between base and top.
            unsafe { crate::heap::slot::read(self.base.add(index - 1)) }
        } else {
            Slot::NIL
        }
    }

    /// The value in a slot; `nil` beyond the last one.
    #[inline(always)]
    pub fn get(&self, index: usize) -> Value<'gc> {
        // SAFETY: what the stack holds is valid until the next collection, which is after this step.
        unsafe { Value::from_slot(self.slot(index)) }
    }

    /// Whether the slot exists, be it `nil`.
    #[inline(always)]
    pub fn has(&self, index: usize) -> bool {
        index <= self.len()
    }

    /// Replaces the value in an existing slot; slots up to it are created if there are fewer.
    pub fn set(&mut self, index: usize, value: impl Into<Value<'gc>>) {
        let value = value.into();
        while self.len() < index {
            self.push(Value::Nil);
        }
        // SAFETY: below top.
        unsafe { crate::heap::slot::write(self.base.add(index - 1), value.slot()) }
    }

    /// Appends a slot. Reserve with [`Context::reserve_slots`] before pushing many.
    #[inline(always)]
    pub fn push(&mut self, value: impl Into<Value<'gc>>) {
        self.push_slot(value.into().slot());
    }

    #[inline(always)]
    pub(crate) fn push_slot(&mut self, value: Slot) {
        // SAFETY: top is checked against the end of the stack; growing moves both.
        unsafe {
            let co = self.coroutine_ptr();
            if (*co).top >= (*co).stack_end {
                self.grow_unlimited();
            }
            let top = (*co).top;
            (*top).payload = value.payload;
            (*top).tag = value.tag;
            (*co).top = top.add(1);
        }
    }

    /// Appends a copy of a slot.
    #[inline(always)]
    pub fn push_copy(&mut self, index: usize) {
        self.push_slot(self.slot(index));
    }

    /// Appends the item `key` of the table in slot `index`, without metamethods; nil if that is no table.
    #[inline]
    pub fn push_item(&mut self, index: usize, key: i64) {
        let table = self.slot(index);
        let item = if table.tag == tag::TABLE {
            // SAFETY: what the stack holds is valid.
            unsafe { crate::heap::table::get_integer(table.as_table(), key) }
        } else {
            Slot::NIL
        };
        self.push_slot(item);
    }

    /// Makes sure that this many values can be pushed.
    ///
    /// # Errors
    /// "stack overflow" beyond a million slots, "not enough memory" beyond the limit.
    pub fn reserve_slots(&mut self, count: usize) -> Result<()> {
        let co = self.coroutine_ptr();
        // SAFETY: the coroutine is valid; the base is kept as a distance while the stack moves.
        unsafe {
            let used = (*co).top.offset_from_unsigned((*co).stack);
            if count > MAX_STACK_SLOTS || used + count > MAX_STACK_SLOTS {
                return Err(ErrorKind::StackOverflow.into());
            }
            if (*co).stack_end.offset_from_unsigned((*co).top) < count {
                let offset = self.base.offset_from_unsigned((*co).stack);
                self.st().heap.grow_stack(co, count)?;
                self.base = (*co).stack.add(offset);
            }
        }
        Ok(())
    }

    #[cold]
    #[inline(never)]
    fn grow_unlimited(&mut self) {
        let co = self.coroutine_ptr();
        let state = self.st();
        let limit = state.heap.limit();
        state.heap.set_limit(usize::MAX);
        // SAFETY: the coroutine is valid; the base is kept as a distance while the stack moves.
        unsafe {
            let offset = self.base.offset_from_unsigned((*co).stack);
            if state.heap.grow_stack(co, super::state::NATIVE_SLOTS).is_err() {
                std::process::abort();
            }
            self.base = (*co).stack.add(offset);
        }
        state.heap.set_limit(limit);
    }

    /// Removes the slots beyond the first `count`, or adds `nil`s up to it.
    #[inline]
    pub fn truncate(&mut self, count: usize) {
        while self.len() < count {
            self.push(Value::Nil);
        }
        // SAFETY: not above the old top.
        let top = unsafe { self.base.add(count) };
        self.set_top(top);
    }

    /// Inserts a value before slot `index`.
    pub fn insert(&mut self, index: usize, value: impl Into<Value<'gc>>) {
        let value = value.into();
        self.push(Value::Nil);
        let len = self.len();
        // SAFETY: both ranges lie between base and top.
        unsafe {
            let at = self.base.add(index - 1);
            std::ptr::copy(at, at.add(1), len - index);
            *at = value.slot();
        }
    }

    /// Removes slot `index`.
    pub fn remove(&mut self, index: usize) {
        let len = self.len();
        // SAFETY: both ranges lie between base and top.
        unsafe {
            let at = self.base.add(index - 1);
            std::ptr::copy(at.add(1), at, len - index);
        }
        self.truncate(len - 1);
    }

    /// After a call: index of the first result. The results are the slots from there on.
    pub fn results(&self) -> usize {
        // SAFETY: a continued native has a frame, which is the active one.
        unsafe { (*(*self.coroutine_ptr()).frame).results_at as usize + 1 }
    }

    /// After a call: its first result (`nil` if there is none); all results are removed.
    #[inline]
    pub fn take_result(&mut self) -> Value<'gc> {
        let at = self.results();
        let value = self.get(at);
        self.truncate(at - 1);
        value
    }

    // ---- answers ----

    /// Answers with one value.
    #[inline(always)]
    pub fn returns(&mut self, value: impl Into<Value<'gc>>) -> Outcome {
        self.push(value);
        Outcome(Request::Return(1))
    }

    /// Answers with the topmost `count` slots.
    #[inline(always)]
    pub fn returns_top(&mut self, count: usize) -> Outcome {
        Outcome(Request::Return(count as u32))
    }

    /// Answers with no value.
    #[inline(always)]
    pub fn returns_none(&mut self) -> Outcome {
        Outcome(Request::Return(0))
    }

    /// Asks for a call of the function below the topmost `arguments` slots; function and arguments are removed,
    /// results pushed, then `then` goes on.
    pub fn call(&mut self, arguments: usize, then: Then) -> Outcome {
        self.st().then = then;
        Outcome(Request::Call(arguments as u32))
    }

    /// Answers with the results of a call of the function below the topmost `arguments` slots.
    pub fn tail_call(&mut self, arguments: usize) -> Outcome {
        self.call(arguments, Then::Return)
    }

    /// Answers as `pcall`: `true` and the results of the call, or `false` and the error value. With `handler`, the
    /// function in slot 1 is the message handler, as in `xpcall`.
    pub fn protected_call(&mut self, arguments: usize, handler: bool) -> Outcome {
        self.st().then = Then::Return;
        Outcome(if handler {
            Request::CallHandled(arguments as u32)
        } else {
            Request::CallProtected(arguments as u32)
        })
    }

    /// Asks for a call whose error comes back to `then`: afterwards [`Context::call_failed`] tells what its result is.
    pub fn catching_call(&mut self, arguments: usize, then: Then) -> Outcome {
        self.st().then = then;
        Outcome(Request::CallProtected(arguments as u32))
    }

    /// In a step after [`Context::catching_call`]: whether the call failed; then its only result is the error value.
    pub fn call_failed(&self) -> bool {
        // SAFETY: a continued native has a frame, which is the active one.
        unsafe { (*(*self.coroutine_ptr()).frame).flags & super::frame::flag::HANDLER != 0 }
    }

    /// Suspends the running coroutine; the topmost `count` slots go to its resumer, and what it is resumed with is
    /// pushed in their place before `then` goes on.
    ///
    /// # Errors
    /// "attempt to yield from outside a coroutine" in the main coroutine, unless coroutines are scheduled: then it
    /// waits for its turn.
    pub fn yields(&mut self, count: usize, then: Then) -> Result<Outcome> {
        if self.is_main() && !self.st().scheduling {
            return Err(ErrorKind::Operation("attempt to yield from outside a coroutine").into());
        }
        self.st().then = then;
        Ok(Outcome(Request::Yield(count as u32)))
    }

    /// Resumes the coroutine below the topmost `count` slots, handing them over. Answers as `coroutine.resume` when
    /// `status` is set (a status before the values), else as a wrapped coroutine (values alone, errors propagate).
    pub fn resumes(&mut self, count: usize, status: bool) -> Outcome {
        self.st().then = Then::Return;
        Outcome(if status { Request::Resume(count as u32) } else { Request::ResumeWrapped(count as u32) })
    }

    /// Gives control back to the host, to go on with `then` later; for long work that has used up its fuel.
    pub fn pause(&mut self, then: Then) -> Outcome {
        self.st().then = then;
        Outcome(Request::Pause)
    }

    /// Collects garbage, runs the finalizers of what was found dead, pushes whether what was asked for has ended, and
    /// goes on with `then`.
    pub fn collect(&mut self, collection: Collection, then: Then) -> Outcome {
        self.st().then = then;
        Outcome(Request::Collect(collection))
    }

    /// The heap's figures and settings, for `collectgarbage`.
    pub fn memory(&mut self) -> Memory<'_> {
        Memory { state: self.st() }
    }

    /// Fails when this many more bytes would pass the memory limit; ask before filling a large buffer.
    ///
    /// # Errors
    /// "not enough memory".
    pub fn check_room(&self, bytes: usize) -> Result<()> {
        let heap = &self.st().heap;
        if bytes > heap.limit().saturating_sub(heap.bytes()) { Err(ErrorKind::Memory.into()) } else { Ok(()) }
    }

    /// Charges units of work (one is about as long as one instruction) and tells whether there is fuel left.
    #[inline]
    #[must_use]
    pub fn charge(&mut self, units: usize) -> bool {
        let state = self.st();
        state.fuel = state.fuel.saturating_sub(units as i64);
        state.fuel > 0
    }

    /// Units of work left in this slice; at least 1.
    pub fn fuel(&self) -> usize {
        self.st().fuel.max(1) as usize
    }

    // ---- making values ----

    /// Makes a string.
    ///
    /// # Errors
    /// When the memory limit would be passed.
    #[inline]
    pub fn string(&mut self, bytes: &[u8]) -> Result<Str<'gc>> {
        // SAFETY: a fresh object of this heap.
        unsafe { Ok(Str::from_raw(self.st().heap.string(bytes)?)) }
    }

    /// A string that is one of the program's own words: type names, states, options. Made once for all interpreters.
    pub fn name(&mut self, word: &'static str) -> Str<'gc> {
        // SAFETY: immortal.
        unsafe { Str::from_raw(crate::heap::shared::word(word).cast_mut()) }
    }

    /// Makes a table with room for `array` items and `nodes` other entries.
    ///
    /// # Errors
    /// When the memory limit would be passed.
    pub fn table(&mut self, array: usize, nodes: usize) -> Result<Table<'gc>> {
        // SAFETY: a fresh object of this heap.
        unsafe { Ok(Table::from_raw(self.st().heap.table(array, nodes)?)) }
    }

    /// Makes a builtin with upvalues, at most 255.
    pub fn native_closure(&mut self, native: &'static Native, upvalues: &[Value<'gc>]) -> NativeClosure<'gc> {
        let count = upvalues.len().min(255);
        let raw = self.st().heap.native_closure(native, count);
        // SAFETY: a fresh object with that many slots.
        unsafe {
            let slots = object::NativeClosure::upvalues(raw);
            for (i, value) in upvalues.iter().take(count).enumerate() {
                *slots.add(i) = value.slot();
            }
            NativeClosure::from_raw(raw)
        }
    }

    /// Makes a host object.
    pub fn userdata(&mut self, data: Box<dyn Any + Send>, metatable: Option<Table<'gc>>) -> UserData<'gc> {
        let raw = self.st().heap.userdata(Some(data));
        // SAFETY: a fresh object of this heap.
        let userdata = unsafe { UserData::from_raw(raw) };
        if metatable.is_some() {
            self.set_metatable(userdata.into(), metatable);
        }
        userdata
    }

    /// Makes a host object that is a part of its own cell: small data that is made often, and best owns nothing else.
    /// A `__gc` of the metatable is not called for it.
    #[inline]
    pub fn userdata_in_cell<T: Any + Send>(&mut self, data: T, metatable: Table<'gc>) -> UserData<'gc> {
        // SAFETY: a fresh object of this heap.
        unsafe { UserData::from_raw(self.st().heap.userdata_in_cell(data, metatable.raw())) }
    }

    /// Upvalue `index` (from 1) of the running native closure; `nil` if there is none.
    pub fn upvalue(&self, index: usize) -> Value<'gc> {
        let callee = self.callee();
        if callee.tag != tag::NATIVE_CLOSURE {
            return Value::Nil;
        }
        // SAFETY: the slot below `base` holds the running closure; the index is checked.
        unsafe {
            let closure = callee.as_native_closure();
            if index.wrapping_sub(1) >= (*closure).header.small as usize {
                return Value::Nil;
            }
            Value::from_slot(*object::NativeClosure::upvalues(closure).add(index - 1))
        }
    }

    /// Sets an upvalue of the running native closure, if it has that many.
    pub fn set_upvalue(&mut self, index: usize, value: impl Into<Value<'gc>>) {
        let callee = self.callee();
        let value = value.into().slot();
        if callee.tag == tag::NATIVE_CLOSURE {
            // SAFETY: as in `upvalue`; the barrier follows the store.
            unsafe {
                let closure = callee.as_native_closure();
                if index.wrapping_sub(1) < (*closure).header.small as usize {
                    *object::NativeClosure::upvalues(closure).add(index - 1) = value;
                    self.st().heap.barrier(value);
                }
            }
        }
    }

    pub(crate) fn callee(&self) -> Slot {
        // SAFETY: the slot below `base` always holds the called value.
        unsafe { *self.base.sub(1) }
    }

    // ---- tables ----

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

    // ---- operations that may need a call ----

    /// `object[key]`. `None`: a metamethod must be called; it and its arguments were pushed, answer with
    /// `cx.call(2, ...)` and take the first result.
    ///
    /// # Errors
    /// When the value cannot be indexed.
    #[inline]
    pub fn index(&mut self, object: Value<'gc>, key: impl Into<Value<'gc>>) -> Result<Option<Value<'gc>>> {
        let key = key.into().slot();
        // SAFETY: the values are valid by their brand.
        unsafe {
            match index::lookup(self.st(), object.slot(), key)? {
                index::Lookup::Value(value) => Ok(Some(Value::from_slot(value))),
                index::Lookup::Call { function, object } => {
                    self.push_slot(function);
                    self.push_slot(object);
                    self.push_slot(key);
                    Ok(None)
                }
            }
        }
    }

    /// `object[key] = value`. `false`: a metamethod must be called; it and its arguments were pushed, answer with
    /// `cx.call(3, ...)`.
    ///
    /// # Errors
    /// When the value cannot be indexed, or the key is `nil` or NaN.
    pub fn set_index(
        &mut self,
        object: Value<'gc>,
        key: impl Into<Value<'gc>>,
        value: impl Into<Value<'gc>>,
    ) -> Result<bool> {
        let (key, value) = (key.into().slot(), value.into().slot());
        // SAFETY: the values are valid by their brand.
        unsafe {
            match index::assign(self.st(), object.slot(), key, value)? {
                None => Ok(true),
                Some(index::AssignCall { function, object }) => {
                    self.push_slot(function);
                    self.push_slot(object);
                    self.push_slot(key);
                    self.push_slot(value);
                    Ok(false)
                }
            }
        }
    }

    /// `#object`. `None`: a metamethod must be called; answer with `cx.call(1, ...)` and take the first result.
    ///
    /// # Errors
    /// When the value has no length.
    pub fn length(&mut self, object: Value<'gc>) -> Result<Option<Value<'gc>>> {
        // SAFETY: the value is valid by its brand.
        unsafe {
            match index::length(self.st(), object.slot())? {
                Ok(value) => Ok(Some(Value::from_slot(value))),
                Err(function) => {
                    self.push_slot(function);
                    self.push_slot(object.slot());
                    Ok(None)
                }
            }
        }
    }

    /// `left < right`. `None`: a metamethod must be called; answer with `cx.call(2, ...)`, the truth of the first
    /// result is the answer.
    ///
    /// # Errors
    /// When the values have no order.
    #[inline]
    pub fn less_than(&mut self, left: Value<'gc>, right: Value<'gc>) -> Result<Option<bool>> {
        // SAFETY: the values are valid by their brand.
        unsafe {
            match compare::less_than(self.st(), left.slot(), right.slot())? {
                compare::Comparison::Known(answer) => Ok(Some(answer)),
                compare::Comparison::Call { function, .. } => {
                    self.push_slot(function);
                    self.push_slot(left.slot());
                    self.push_slot(right.slot());
                    Ok(None)
                }
            }
        }
    }

    /// Text of a number or string as concatenation and `%s`-like conversions see it; `None` for other values.
    ///
    /// # Errors
    /// When the memory limit would be passed.
    pub fn coerce_string(&mut self, value: Value<'gc>) -> Result<Option<Str<'gc>>> {
        Ok(match value {
            Value::String(s) => Some(s),
            Value::Integer(_) | Value::Float(_) => {
                let mut buffer = concat::NumberText::new();
                let text = buffer.write(value.slot());
                Some(self.string(text)?)
            }
            _ => None,
        })
    }

    /// What `tostring` answers. `None`: `__tostring` must be called; answer with `cx.call(1, ...)`, then the first
    /// result must be a string.
    ///
    /// # Errors
    /// When the memory limit would be passed.
    pub fn display(&mut self, value: Value<'gc>) -> Result<Option<Str<'gc>>> {
        let method = self.metamethod(value, Event::ToString);
        if !method.is_nil() {
            self.push(method);
            self.push(value);
            return Ok(None);
        }
        if let Some(text) = self.coerce_string(value)? {
            return Ok(Some(text));
        }
        let text = match value {
            Value::Nil => "nil".to_owned(),
            Value::Boolean(b) => b.to_string(),
            Value::Type(ty) => ty.value().text().to_owned(),
            other => {
                let name = self.type_name(other);
                format!("{name}: {:#x}", other.address().unwrap_or(0))
            }
        };
        Ok(Some(self.string(text.as_bytes())?))
    }

    /// Type name as messages show it: `__name` of the metatable if that is a string.
    pub fn type_name(&self, value: Value<'gc>) -> String {
        // SAFETY: the value is valid by its brand.
        unsafe { super::names::type_name(self.st(), value.slot()) }
    }

    // ---- coroutines ----

    /// Makes a coroutine that will run `function`.
    ///
    /// # Errors
    /// When the memory limit would be passed.
    pub fn create_coroutine(&mut self, function: Value<'gc>) -> Result<Coroutine<'gc>> {
        let state = self.st();
        let co = state.heap.coroutine()?;
        // SAFETY: a fresh coroutine with an empty stack that has room.
        unsafe {
            *(*co).top = function.slot();
            (*co).top = (*co).top.add(1);
            state.heap.barrier(function.slot());
            (*co).hook = super::hook::Hook::share((*state.current()).hook);
            Ok(Coroutine::from_raw(co))
        }
    }

    /// The running coroutine.
    pub fn coroutine(&self) -> Coroutine<'gc> {
        // SAFETY: the running coroutine is valid.
        unsafe { Coroutine::from_raw(self.coroutine_ptr()) }
    }

    /// Whether the main coroutine runs.
    pub fn is_main(&self) -> bool {
        self.coroutine_ptr() == self.st().heap.roots.main
    }

    /// What `coroutine.isyieldable` answers: as the reference implementation, not below a builtin that waits for the
    /// function it has called (other than `pcall` and its like). Yielding is possible even there.
    pub fn is_yieldable(&self) -> bool {
        let co = self.coroutine_ptr();
        // SAFETY: frames between the base frame and the active one are valid.
        unsafe {
            let mut frame = (*co).frame;
            while frame > (*co).frames {
                if (*frame).is_native() && (*frame).continuation != super::frame::Continuation::Return {
                    return false;
                }
                frame = frame.sub(1);
            }
        }
        !self.is_main()
    }

    /// What `coroutine.status` answers.
    pub fn coroutine_status(&self, co: Coroutine<'gc>) -> &'static str {
        // SAFETY: the coroutine is valid by its brand.
        match unsafe { (*co.raw()).status } {
            _ if self.waits_scheduled(co) => "suspended",
            object::Status::Suspended => "suspended",
            object::Status::Running => "running",
            object::Status::Normal | object::Status::Parked => "normal",
            object::Status::Dead => "dead",
        }
    }

    // ---- errors ----

    /// Raises a Lua value as it is.
    #[cold]
    pub fn throw(&mut self, value: impl Into<Value<'gc>>) -> Error {
        self.st().heap.roots.error = value.into().slot();
        Error::new(ErrorKind::Thrown)
    }

    /// `file:line: ` of the activation at a level, from 1 for the caller of this native; empty for natives.
    pub fn position_at(&self, level: usize) -> Vec<u8> {
        self.activation(self.coroutine(), level)
            .map_or_else(Vec::new, |activation| activation.position_prefix())
    }

    /// The host's value of this type, if it was set.
    pub fn host<T: Any + Send>(&mut self) -> Option<&mut T> {
        self.st().host::<T>()
    }

    /// Sets the host's value of this type.
    pub fn set_host<T: Any + Send>(&mut self, value: T) {
        self.st().set_host(value);
    }

    /// Associates a value with a host object (`debug.setuservalue`).
    pub fn set_user_value(&mut self, userdata: UserData<'gc>, value: Value<'gc>) {
        // SAFETY: the cell is valid by its brand; the barrier follows the store.
        unsafe { (*userdata.raw()).user_value = value.slot() };
        self.st().heap.barrier(value.slot());
    }
}
