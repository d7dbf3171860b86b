//! Scheduled coroutines: parking, waking, and who runs next.
//!
//! The main coroutine and those that [`Context::spawns`] started are *scheduled*: nobody resumes them but the run queue.
//! When a native answers with a parking wish, the whole chain of coroutines that wait for the running one parks with it;
//! the queue holds the innermost of each chain. Not here: what is waited for (channels are in `execute::channel`,
//! everything else is the owner's). Invariant: a coroutine whose status is `Parked` has a native frame on top, to whose
//! slots whoever wakes it appends the results (or which makes room for the results, if it had nothing else to do); and it is
//! woken once for each time it parks (its generation tells).

use std::any::Any;
use std::fmt;

use crate::error::Result;
use crate::heap::anchors::Ticket;
use crate::heap::handle::{Coroutine, Value};
use crate::heap::object::{self, Status};
use crate::heap::slot::{Slot, tag, write};
use crate::native::{Outcome, Request, Then};

use super::call::{Exit, begin};
use super::context::Context;
use super::fate::Chain;
use super::frame::{After, Continuation, MULTIPLE, flag};
use super::state::State;
use super::switch::switch;
use super::vm::{Failure, Place, Vm};

/// Something that a native asks of the owner, who answers by [`Context::wake`] or through the anchored value.
pub struct Operation {
    /// Who waits for the answer, or what is kept for it.
    pub ticket: Ticket,
    /// What is asked; the owner knows the types.
    pub request: Box<dyn Any + Send>,
}

/// Names a value that a native keeps in an interpreter, for as long as that lives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Kept(u32);

/// A scheduled coroutine that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Whether it is the main coroutine.
    pub is_main: bool,
    /// The builtin that waits, as a traceback calls it.
    pub operation: Option<String>,
    /// The innermost Lua function and the line it waits at.
    pub place: Option<Place>,
}

impl fmt::Display for Waiting {
    /// The line, and the builtin that waits: `worker.lua:3 in method 'receive'`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => place.fmt(f)?,
            None => f.write_str("?")?,
        }
        match &self.operation {
            Some(operation) => write!(f, " in {operation}"),
            None => Ok(()),
        }
    }
}

/// Marks the running coroutine as waiting, or as waiting for its turn.
///
/// # Safety
/// The coroutine must be the running one, a native frame on top whose results begin at its `results_at`.
#[inline(always)]
pub(crate) unsafe fn suspend(state: &mut State, co: *mut object::Coroutine) {
    // SAFETY: the caller's promise.
    unsafe {
        (*co).status = Status::Parked;
        (*co).handlers = state.handlers as u8;
        (*co).nested = state.nested;
    }
}

/// The running coroutine waits: for somebody who hands over values, which follow the topmost `count` slots of its native, or
/// for its turn.
///
/// # Safety
/// It must be the running one, the frame of a native without continuation on top.
#[inline(always)]
pub(super) unsafe fn park(state: &mut State, co: *mut object::Coroutine, count: u32) -> Option<Exit> {
    // SAFETY: the caller's promise; natives name no more slots than they have.
    unsafe {
        let frame = (*co).frame;
        let have = (*co).top.offset_from_unsigned((*frame).base);
        (*frame).results_at = have.saturating_sub(count as usize) as u32;
        if !matches!(state.then, Then::Return) {
            (*frame).set_continuation(std::mem::replace(&mut state.then, Then::Return));
        }
        suspend(state, co);
        next(state)
    }
}

/// Goes on with the first coroutine of the run queue; if there is none, the owner is told.
///
/// # Safety
/// The running coroutine must have been suspended or have ended.
#[inline]
pub(crate) unsafe fn next(state: &mut State) -> Option<Exit> {
    // SAFETY: the queue holds living coroutines, for it is a root.
    unsafe {
        let from = state.current();
        match state.heap.roots.ready.pop_front() {
            Some(to) => {
                state.idle = false;
                state.handlers = u32::from((*to).handlers);
                state.nested = (*to).nested;
                switch(state, from, to);
                None
            }
            None => {
                state.heap.touched(from);
                state.heap.roots.current = state.heap.roots.main;
                state.idle = true;
                state.handlers = 0;
                state.nested = 0;
                state.hooked = false;
                Some(Exit::Parked)
            }
        }
    }
}

/// Puts the running coroutine at the end of the run queue and goes on with the first one.
///
/// # Safety
/// As for [`suspend`].
pub(crate) unsafe fn reschedule(state: &mut State, co: *mut object::Coroutine) -> Option<Exit> {
    // SAFETY: the caller's promise.
    unsafe {
        suspend(state, co);
        state.heap.roots.ready.push_back(co);
        next(state)
    }
}

/// A scheduled coroutine has returned: its results are dropped.
///
/// # Safety
/// The coroutine must be the running one, without frames but its base frame.
#[cold]
pub(crate) unsafe fn ended(state: &mut State, co: *mut object::Coroutine) -> Option<Exit> {
    // SAFETY: the caller's promise.
    unsafe {
        (*co).status = Status::Dead;
        (*co).top = (*co).stack.add(1);
        next(state)
    }
}

/// Starts the function in a slot of the running coroutine as a scheduled coroutine, which takes the function's place.
/// The running one goes on next, whatever else is ready.
///
/// # Safety
/// As for [`suspend`]; the slot must be the topmost one of the native.
pub(crate) unsafe fn spawn(state: &mut State, co: *mut object::Coroutine, function: *mut Slot) -> Result<()> {
    // SAFETY: a fresh coroutine has room for its function.
    unsafe {
        let child = state.heap.coroutine()?;
        (*child).scheduled = true;
        *(*child).top = *function;
        (*child).top = (*child).top.add(1);
        state.heap.barrier(*function);
        *function = Slot::coroutine(child);
        state.scheduling = true;
        suspend(state, co);
        state.heap.roots.ready.push_front(co);
        state.handlers = 0;
        state.nested = 0;
        switch(state, co, child);
        begin(state, (*child).stack.add(1), MULTIPLE, After::Finish)
    }
}

/// Forgets who waits and who is ready: the program is over.
pub(crate) fn forget_all(state: &mut State) {
    if state.scheduling {
        for co in state.heap.parked_coroutines() {
            // SAFETY: the heap lists cells that are not freed yet.
            unsafe { (*co).status = Status::Dead };
        }
    }
    state.idle = false;
    state.heap.roots.ready.clear();
    if let Some(anchors) = state.heap.roots.anchors.used() {
        anchors.clear();
    }
    state.outbox.clear();
}

/// The first coroutine of a chain of resumers: the scheduled one.
///
/// # Safety
/// The coroutine must be valid.
unsafe fn outermost(mut co: *mut object::Coroutine) -> *mut object::Coroutine {
    // SAFETY: resumers of a coroutine that waits or runs are alive.
    unsafe {
        while !(*co).resumer.is_null() {
            co = (*co).resumer;
        }
        co
    }
}

/// Raises the topmost value: the continuation of a native that is woken with an error.
fn raise_topmost(cx: &mut Context<'_>) -> Result<Outcome> {
    let value = cx.get(cx.len());
    Err(cx.throw(value))
}

impl State {
    /// A kept value.
    #[inline]
    pub(super) fn kept(&self, kept: Kept) -> Option<Slot> {
        self.heap.roots.kept.get(kept.0 as usize).copied()
    }
}

impl<'gc> Context<'gc> {
    /// Parks the running scheduled coroutine, with all that waits for it, until [`Context::wake`] is called with the
    /// ticket; the values given there are pushed and `then` goes on. The answer must be returned at once.
    pub fn park(&mut self, then: Then) -> (Ticket, Outcome) {
        let state = self.st();
        let co = state.current();
        state.then = then;
        // SAFETY: the running coroutine is valid.
        let ticket = state.heap.anchor(Slot::coroutine(co), unsafe { (*co).generation });
        (ticket, Outcome(Request::Park(0)))
    }

    /// Parks as [`Context::park`] does and leaves a request for the owner, who finds it with
    /// [`Vm::take_operations`] and answers it with [`Context::wake`].
    pub fn operation(&mut self, request: Box<dyn Any + Send>, then: Then) -> Outcome {
        let (ticket, outcome) = self.park(then);
        self.st().outbox.push(Operation { ticket, request });
        outcome
    }

    /// Whether other coroutines wait for something, or can go on.
    pub fn has_company(&self) -> bool {
        let heap = &self.st().heap;
        !heap.roots.ready.is_empty() || !heap.parked_coroutines().is_empty()
    }

    /// Keeps a value for the owner, until [`Context::release`]. As long as there is one, the program is not
    /// deadlocked: something is outstanding. `nil` cannot be kept; it counts as `false`.
    pub fn anchor(&mut self, value: impl Into<Value<'gc>>) -> Ticket {
        let value = value.into().slot();
        let value = if value.is_nil() { Slot::FALSE } else { Slot { aux: 0, ..value } };
        self.st().heap.anchor(value, 0)
    }

    /// Keeps a value as long as the interpreter lives, or until [`Context::replace_kept`]; nothing is outstanding
    /// because of it. For what a native needs again and again: metatables, its own channels.
    pub fn keep(&mut self, value: impl Into<Value<'gc>>) -> Kept {
        let value = value.into().slot();
        let heap = &mut self.st().heap;
        heap.barrier(value);
        heap.roots.kept.push(Slot { aux: 0, ..value });
        Kept(heap.roots.kept.len() as u32 - 1)
    }

    /// A kept value; `nil` if the number is another interpreter's.
    #[inline]
    pub fn kept(&self, kept: Kept) -> Value<'gc> {
        let Some(slot) = self.st().kept(kept) else { return Value::Nil };
        // SAFETY: a root.
        unsafe { Value::from_slot(slot) }
    }

    /// Keeps another value under the same number.
    pub fn replace_kept(&mut self, kept: Kept, value: impl Into<Value<'gc>>) {
        let value = value.into().slot();
        let heap = &mut self.st().heap;
        heap.barrier(value);
        if let Some(slot) = heap.roots.kept.get_mut(kept.0 as usize) {
            *slot = Slot { aux: 0, ..value };
        }
    }

    /// Takes a kept value out; whoever has the number must not use it any more. The number of the value that was kept
    /// last is given out again.
    pub fn take_kept(&mut self, kept: Kept) -> Value<'gc> {
        let value = self.kept(kept);
        let all = &mut self.st().heap.roots.kept;
        if kept.0 as usize + 1 == all.len() {
            all.pop();
        } else {
            self.replace_kept(kept, Value::Nil);
        }
        value
    }

    /// The value kept under a ticket, until it is released.
    pub fn anchored(&self, ticket: Ticket) -> Option<Value<'gc>> {
        let anchor = self.st().heap.roots.anchors.get(ticket)?;
        // SAFETY: a root.
        Some(unsafe { Value::from_slot(anchor.value) })
    }

    /// Forgets a ticket; `false` if it names nothing. A coroutine that waits for it waits for ever.
    pub fn release(&mut self, ticket: Ticket) -> bool {
        self.st().heap.roots.anchors.remove(ticket).is_some()
    }

    /// Leaves a request for the owner without parking; the answer concerns what is kept under `ticket`.
    pub fn post(&mut self, ticket: Ticket, request: Box<dyn Any + Send>) {
        self.st().outbox.push(Operation { ticket, request });
    }

    /// Hands values to the coroutine that waits for a ticket and puts it at the end of the run queue. `false` if
    /// nobody waits for it any more.
    pub fn wake(&mut self, ticket: Ticket, values: &[Value<'gc>]) -> bool {
        let Some(co) = self.waiting_for(ticket) else { return false };
        // SAFETY: the coroutine is parked.
        unsafe { self.hand_to(co, values) };
        let state = self.st();
        state.heap.roots.anchors.remove(ticket);
        state.heap.roots.ready.push_back(co);
        true
    }

    /// Wakes a coroutine so that the native it waits in raises `error`.
    pub fn wake_with_error(&mut self, ticket: Ticket, error: impl Into<Value<'gc>>) -> bool {
        let Some(co) = self.waiting_for(ticket) else { return false };
        let woken = self.wake(ticket, &[error.into()]);
        // SAFETY: a parked coroutine has its native's frame on top.
        unsafe {
            let frame = (*co).frame;
            drop((*frame).take_continuation());
            (*frame).set_continuation(Then::Step(raise_topmost));
        }
        woken
    }

    fn waiting_for(&self, ticket: Ticket) -> Option<*mut object::Coroutine> {
        let anchor = self.st().heap.roots.anchors.get(ticket)?;
        if anchor.value.tag != tag::COROUTINE {
            return None;
        }
        let co = anchor.value.as_coroutine();
        // SAFETY: a root.
        let waits = unsafe { (*co).status == Status::Parked && (*co).generation == anchor.generation };
        waits.then_some(co)
    }

    /// Appends results to the slots of a parked coroutine's native; it is not parked any more, but not yet ready.
    ///
    /// # Safety
    /// The coroutine must be parked, and be put into the run queue next.
    pub(crate) unsafe fn hand_to(&mut self, co: *mut object::Coroutine, values: &[Value<'gc>]) {
        // SAFETY: the caller's promise; room is made first. While everything waits, the main coroutine stands in as the
        // running one, so this context's slots may lie above the results.
        unsafe {
            let state = self.st();
            let count = values.len();
            if ((*co).stack_end.offset_from((*co).top) as usize) < count {
                let offset = self.base.offset_from((*co).stack);
                // The limit is looked at by what the coroutine does next; a result must not get lost.
                let limit = state.heap.limit();
                state.heap.set_limit(usize::MAX >> 1);
                if state.heap.grow_stack(co, count).is_err() {
                    std::process::abort();
                }
                state.heap.set_limit(limit);
                if co == state.current() {
                    self.base = (*co).stack.offset(offset);
                }
            }
            let at = if co == state.current() {
                let slots = (*co).top.offset_from_unsigned(self.base);
                std::ptr::copy(self.base, self.base.add(count), slots);
                let at = self.base;
                self.base = at.add(count);
                at
            } else {
                (*co).top
            };
            (*co).top = (*co).top.add(count);
            for (n, value) in values.iter().enumerate() {
                *at.add(n) = value.slot();
            }
            (*co).generation += 1;
            state.heap.touched(co);
        }
    }

    /// Hands results to a coroutine whose native would only return them: into the registers of the Lua function that
    /// called it, if there is one, so that this function goes on without another step. `settled` says that the native
    /// has nothing else to do with just these values, whatever it has planned.
    ///
    /// # Safety
    /// As for [`Context::hand_to`].
    #[inline]
    pub(crate) unsafe fn hand_results(
        &mut self,
        co: *mut object::Coroutine,
        values: &[Value<'gc>],
        settled: bool,
    ) {
        // SAFETY: the caller's promise. Below a native frame that stores for a Lua function there is that function's
        // frame, which has registers for as many results as it wants. Slots of this context are not overwritten.
        unsafe {
            let state = self.st();
            let native = (*co).frame;
            let to = (*native).function();
            let direct = (settled || (*native).continuation == Continuation::Return)
                && (*native).after == After::Store
                && (*native).wanted >= 0
                && (*native).flags & flag::STATUS == 0
                && !(*native.sub(1)).is_native()
                && (*co).hook.is_null()
                && (co != state.current() || to.add((*native).wanted as usize) <= self.base)
                && !state.heap.wants_collection();
            if !direct {
                return self.hand_to(co, values);
            }
            if settled {
                (*native).discard();
            }
            (*co).frame = native.sub(1);
            if co != state.current() {
                // The collector takes what is below the top for alive.
                (*co).top = (*co).top.max(to.add((*native).wanted as usize));
            }
            for n in 0..(*native).wanted as usize {
                match values.get(n) {
                    Some(value) => write(to.add(n), value.slot()),
                    None => (*to.add(n)).tag = tag::NIL,
                }
            }
            (*co).generation += 1;
            state.heap.touched(co);
        }
    }

    /// Hands a value, as the first of a native's results and with `true` behind it, to a coroutine that waits in `receive`;
    /// as [`Context::hand_results`] does.
    ///
    /// # Safety
    /// As for [`Context::hand_to`].
    #[inline(always)]
    pub(crate) unsafe fn hand_received(&mut self, co: *mut object::Coroutine, value: Slot) {
        // SAFETY: as in `hand_results`.
        unsafe {
            let state = self.st();
            let native = (*co).frame;
            let wanted = (*native).wanted;
            let to = (*native).function();
            let direct = (*native).continuation == Continuation::Return
                && (*native).after == After::Store
                && matches!(wanted, 0..=2)
                && (*native).flags & flag::STATUS == 0
                && !(*native.sub(1)).is_native()
                && (*co).hook.is_null()
                && (co != state.current() || to.add(wanted as usize) <= self.base)
                && !state.heap.wants_collection();
            if !direct {
                return self.hand_to(co, &[Value::from_slot(value), Value::Boolean(true)]);
            }
            (*co).frame = native.sub(1);
            if co != state.current() {
                // The collector takes what is below the top for alive.
                (*co).top = (*co).top.max(to.add(wanted as usize));
            }
            if wanted > 0 {
                write(to, value);
                if wanted > 1 {
                    (*to.add(1)).tag = tag::TRUE;
                }
            }
            (*co).generation += 1;
            state.heap.touched(co);
        }
    }

    /// Hands what a chain of methods would answer to a coroutine that waits for its beginning, and lets it go on behind.
    ///
    /// # Safety
    /// As for [`Context::hand_to`]; the chain was found to be this coroutine's ([`super::fate::of_waiting`]).
    #[inline(always)]
    pub(crate) unsafe fn hand_end(&mut self, co: *mut object::Coroutine, value: Slot, chain: Chain<'gc>) {
        // SAFETY: the caller's promise. A chain begins in one register of the Lua function below the native's frame.
        unsafe {
            let state = self.st();
            let native = (*co).frame;
            let to = (*native).function();
            let is_current = co == state.current();
            chain.skip();
            if state.heap.wants_collection() || is_current && to >= self.base {
                return self.hand_to(co, &[Value::from_slot(value), Value::Boolean(true)]);
            }
            (*co).frame = native.sub(1);
            if !is_current {
                // The collector takes what is below the top for alive.
                (*co).top = (*co).top.max(to.add(1));
            }
            write(to, value);
            (*co).generation += 1;
            state.heap.touched(co);
        }
    }

    /// Starts the function in the topmost slot as a scheduled coroutine. It runs at once until it parks or ends; then
    /// the running one goes on with the coroutine as the native's result.
    pub fn spawns(&mut self) -> Outcome {
        Outcome(Request::Spawn)
    }

    /// Whether a coroutine is scheduled and not in the chain that runs now.
    pub(crate) fn waits_scheduled(&self, co: Coroutine<'gc>) -> bool {
        let state = self.st();
        let co = co.raw();
        // SAFETY: both are valid.
        unsafe {
            let is_scheduled = (*co).scheduled || co == state.heap.roots.main;
            is_scheduled && (*co).status != Status::Dead && (state.idle || outermost(state.current()) != co)
        }
    }
}

/// The native on top of a coroutine, as a traceback calls it, and the innermost Lua function with its line, which may
/// be in a coroutine that resumed this one.
///
/// # Safety
/// The coroutine and those that resumed it must be alive.
unsafe fn locate(cx: &mut Context<'_>, leaf: *mut object::Coroutine) -> (Option<String>, Option<Place>) {
    let mut operation = None;
    let mut co = leaf;
    while !co.is_null() {
        // SAFETY: the caller's promise.
        let handle = unsafe { Coroutine::from_raw(co) };
        let mut level = 0;
        while let Some(activation) = cx.activation(handle, level) {
            if level == 0 && co == leaf {
                operation = activation.name().map(|name| format!("{} '{}'", name.kind, name.name));
            }
            if let Some(place) = cx.place(&activation) {
                return (operation, Some(place));
            }
            level += 1;
        }
        // SAFETY: as above.
        co = unsafe { (*co).resumer };
    }
    (operation, None)
}

impl Vm {
    /// Schedules the main coroutine from its start: a yield in it gives others their turn instead of failing. Happens
    /// by itself with the first spawned coroutine.
    pub fn set_scheduling(&mut self) {
        self.state.scheduling = true;
    }

    /// What is left of the fuel of the last run.
    pub fn fuel_left(&self) -> u64 {
        u64::try_from(self.state.fuel).unwrap_or(0)
    }

    /// What natives have asked of the owner since the last call, in order.
    pub fn take_operations(&mut self) -> Vec<Operation> {
        self.state.outbox.used().map(std::mem::take).unwrap_or_default()
    }

    /// Whether [`Vm::take_operations`] would answer anything.
    pub fn has_operations(&self) -> bool {
        !self.state.outbox.is_empty()
    }

    /// Tickets that nobody has answered or released. When everything is parked and there is none, nothing can ever
    /// happen here.
    pub fn outstanding(&self) -> usize {
        self.state.heap.roots.anchors.len()
    }

    /// Whether some coroutine can go on: after [`Step::Parked`](super::vm::Step::Parked), whether running makes sense.
    pub fn is_ready(&self) -> bool {
        !self.state.idle || !self.state.heap.roots.ready.is_empty()
    }

    /// Whether nothing is outstanding and no coroutine is ready: what a finished program has left cannot go on.
    pub fn is_quiet(&self) -> bool {
        self.outstanding() == 0 && self.state.heap.roots.ready.is_empty() && !self.has_operations()
    }

    /// How many coroutines wait, those included that can go on.
    pub fn parked(&self) -> usize {
        self.state.heap.parked_coroutines().len()
    }

    /// Who waits, and where, in the order of their making.
    pub fn waiting(&mut self) -> Vec<Waiting> {
        self.first_waiting(usize::MAX)
    }

    /// The first `most` of [`Vm::waiting`].
    pub fn first_waiting(&mut self, most: usize) -> Vec<Waiting> {
        let parked = self.state.heap.parked_coroutines();
        let (main, queue) = (self.state.heap.roots.main, &self.state.heap.roots.ready);
        let parked: Vec<_> =
            parked.into_iter().filter(|co| !queue.iter().any(|ready| ready == *co)).take(most).collect();
        self.enter(|cx| {
            let describe = |&leaf: &*mut object::Coroutine| {
                // SAFETY: parked coroutines are alive while nothing is collected.
                let is_main = unsafe { outermost(leaf) } == main;
                // SAFETY: as above.
                let (operation, place) = unsafe { locate(cx, leaf) };
                Waiting { is_main, operation, place }
            };
            parked.iter().map(describe).collect()
        })
    }

    /// Where the running coroutine stands between two runs; nothing when everything waits.
    pub fn position(&mut self) -> Option<Place> {
        if self.state.idle {
            return None;
        }
        let co = self.state.current();
        // SAFETY: the running coroutine is alive.
        self.enter(|cx| unsafe { locate(cx, co).1 })
    }

    /// The failure of a program whose coroutines all wait for something that cannot happen.
    pub fn deadlock(&mut self) -> Failure {
        let waiting = self.waiting();
        let mut message = match waiting.len() {
            1 => "deadlock: all 1 coroutines blocked".to_owned(),
            count => format!("deadlock: all {count} coroutines blocked"),
        };
        /// Coroutines that a report names.
        const MOST: usize = 20;
        for waiting in waiting.iter().take(MOST) {
            let who = if waiting.is_main { "main coroutine" } else { "coroutine" };
            let operation = waiting.operation.as_deref().map_or(String::new(), |name| format!(" in {name}"));
            let place = waiting.place.as_ref().map_or_else(|| "?".to_owned(), Place::to_string);
            message.push_str(&format!("\n  {place}: {who} waits{operation}"));
        }
        if waiting.len() > MOST {
            message.push_str(&format!("\n  ... and {} more", waiting.len() - MOST));
        }
        let stack = waiting.iter().find_map(|waiting| waiting.place.clone()).into_iter().collect();
        Failure { stack, ..Failure::from(crate::error::ErrorKind::Message(message)) }
    }
}

#[cfg(test)]
#[path = "park_tests.rs"]
mod tests;
