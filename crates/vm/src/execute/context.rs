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

use super::memory::Memory;
use super::state::{MAX_STACK_SLOTS, State};

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

    /// Answers with `true`.
    #[inline(always)]
    pub fn returns_true(&mut self) -> Outcome {
        self.push_slot(Slot::TRUE);
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
