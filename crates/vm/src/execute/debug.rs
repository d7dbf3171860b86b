//! Looking at activations, locals and upvalues, for the `debug` library and for tracebacks.

use crate::bytecode::chunk_id::chunk_id;
use crate::heap::handle::{Closure, Coroutine, Value};
use crate::heap::object;
use crate::heap::slot::Slot;

use super::context::Context;
use super::frame::{After, Frame, flag};
use super::hook::{Hook, HookMask};
use super::invoke::code_of;
use super::names;
use super::state::State;
use super::unwind::global_name;

/// One activation on a coroutine's stack; valid during the step that asked for it.
#[derive(Clone, Copy)]
pub struct Activation<'gc> {
    coroutine: Coroutine<'gc>,
    /// Null for the running native that has no frame.
    frame: *mut Frame,
    /// The frame of the caller.
    caller: *mut Frame,
    /// The frame of the callee; null for the active function.
    callee: *mut Frame,
    base: *mut Slot,
    /// First slot that does not belong to it.
    end: *mut Slot,
}

/// What is known about a function.
#[derive(Clone, Debug)]
pub struct FunctionInfo {
    /// Chunk name as given to `load`.
    pub source: Vec<u8>,
    /// The chunk name as messages show it.
    pub short_source: String,
    /// `Lua`, `main` or `C`.
    pub what: &'static str,
    /// Line of the definition; -1 for natives.
    pub line_defined: i64,
    /// Line of its end; -1 for natives.
    pub last_line_defined: i64,
    /// Number of upvalues.
    pub upvalues: usize,
    /// Number of fixed parameters.
    pub parameters: usize,
    /// Whether it takes variable arguments.
    pub is_vararg: bool,
}

impl<'gc> Context<'gc> {
    /// The activation at a level of a coroutine: 0 is the running function, 1 its caller.
    pub fn activation(&self, coroutine: Coroutine<'gc>, level: usize) -> Option<Activation<'gc>> {
        let state = self.st();
        let co = coroutine.raw();
        // SAFETY: the coroutine is valid by its brand; frames between its base frame and the active one are valid.
        unsafe {
            let mut level = level;
            if co == state.current() && state.in_native && !state.native_framed {
                if level == 0 {
                    let base = state.native_base;
                    return Some(Activation {
                        coroutine,
                        frame: std::ptr::null_mut(),
                        caller: (*co).frame,
                        callee: std::ptr::null_mut(),
                        base,
                        end: (*co).top,
                    });
                }
                level -= 1;
            }
            // The base frame of the main coroutine stands for the host that called the program.
            let is_main = co == state.heap.roots.main;
            let available = (*co).frame.offset_from_unsigned((*co).frames) + usize::from(is_main);
            if level >= available {
                return None;
            }
            let frame = (*co).frame.sub(level);
            let end = if level > 0 {
                (*frame.add(1)).function()
            } else if co == state.current() && state.in_native && !state.native_framed {
                state.native_base.sub(1)
            } else {
                (*co).top
            };
            let caller = if frame == (*co).frames { frame } else { frame.sub(1) };
            let callee = if level > 0 { frame.add(1) } else { std::ptr::null_mut() };
            Some(Activation { coroutine, frame, caller, callee, base: (*frame).base, end })
        }
    }

    /// What `getinfo` tells about a function, given by value.
    pub fn function_info(&self, function: Value<'gc>) -> FunctionInfo {
        match function {
            Value::Closure(closure) => {
                let code = self.code(closure);
                FunctionInfo {
                    source: code.source().to_vec(),
                    short_source: String::from_utf8_lossy(&chunk_id(code.source())).into_owned(),
                    what: if code.line_defined == 0 { "main" } else { "Lua" },
                    line_defined: i64::from(code.line_defined),
                    last_line_defined: i64::from(code.last_line_defined),
                    upvalues: code.upvalues.len(),
                    parameters: code.parameters as usize,
                    is_vararg: code.is_vararg,
                }
            }
            other => FunctionInfo {
                source: b"=[C]".to_vec(),
                short_source: "[C]".to_owned(),
                what: "C",
                line_defined: -1,
                last_line_defined: -1,
                upvalues: match other {
                    // SAFETY: the closure is valid by its brand.
                    Value::NativeClosure(closure) => unsafe { (*closure.raw()).header.small as usize },
                    _ => 0,
                },
                parameters: 0,
                is_vararg: true,
            },
        }
    }

    /// The lines of a Lua function that have code.
    pub fn active_lines(&self, closure: Closure<'gc>) -> Vec<u32> {
        let mut lines: Vec<u32> = self.code(closure).positions.iter().map(|position| position.line).collect();
        lines.sort_unstable();
        lines.dedup();
        lines
    }

    /// Name of the `n`-th parameter (from 1) of a Lua function.
    pub fn parameter_name(&self, closure: Closure<'gc>, n: usize) -> Option<&'gc [u8]> {
        let code = self.code(closure);
        if n == 0 { None } else { names::local_name(code, n - 1, 0) }
    }

    /// Name and value of upvalue `index` (from 1) of a function.
    pub fn upvalue_of(&self, function: Value<'gc>, index: usize) -> Option<(Vec<u8>, Value<'gc>)> {
        // SAFETY: the function is valid by its brand; indices are checked.
        unsafe {
            match function {
                Value::Closure(closure) => {
                    let raw = closure.raw();
                    if index.wrapping_sub(1) >= (*raw).header.small as usize {
                        return None;
                    }
                    let code = self.code(closure);
                    let name = match code.upvalue_name(index - 1) {
                        b"" => b"(*no name)".to_vec(),
                        name => name.to_vec(),
                    };
                    let upvalue = *object::Closure::upvalues(raw).add(index - 1);
                    Some((name, Value::from_slot(*(*upvalue).value)))
                }
                Value::NativeClosure(closure) => {
                    let raw = closure.raw();
                    if index.wrapping_sub(1) >= (*raw).header.small as usize {
                        return None;
                    }
                    let value = *object::NativeClosure::upvalues(raw).add(index - 1);
                    Some((Vec::new(), Value::from_slot(value)))
                }
                _ => None,
            }
        }
    }

    /// Sets upvalue `index` (from 1) of a function; returns its name, `None` if there is no such upvalue.
    pub fn set_upvalue_of(
        &mut self,
        function: Value<'gc>,
        index: usize,
        value: Value<'gc>,
    ) -> Option<Vec<u8>> {
        let (name, _) = self.upvalue_of(function, index)?;
        match function {
            Value::Closure(closure) => {
                self.set_closure_upvalue(closure, index, value);
            }
            Value::NativeClosure(closure) => {
                // SAFETY: `upvalue_of` checked the index; the barrier follows the store.
                unsafe { *object::NativeClosure::upvalues(closure.raw()).add(index - 1) = value.slot() };
                self.st().heap.barrier(value.slot());
            }
            _ => return None,
        }
        Some(name)
    }

    /// A word that identifies the variable behind an upvalue.
    pub fn upvalue_id(&self, function: Value<'gc>, index: usize) -> Option<u64> {
        self.upvalue_of(function, index)?;
        // SAFETY: `upvalue_of` checked the index.
        unsafe {
            match function {
                Value::Closure(closure) => {
                    Some(*object::Closure::upvalues(closure.raw()).add(index - 1) as u64)
                }
                Value::NativeClosure(closure) => {
                    Some(object::NativeClosure::upvalues(closure.raw()).add(index - 1) as u64)
                }
                _ => None,
            }
        }
    }

    /// Makes upvalue `n` of `f` the same variable as upvalue `m` of `g`; both must exist.
    pub fn join_upvalues(&mut self, f: Closure<'gc>, n: usize, g: Closure<'gc>, m: usize) {
        if self.upvalue_id(f.into(), n).is_none() || self.upvalue_id(g.into(), m).is_none() {
            return;
        }
        // SAFETY: both indices exist; the barrier follows the store.
        unsafe {
            let upvalue = *object::Closure::upvalues(g.raw()).add(m - 1);
            *object::Closure::upvalues(f.raw()).add(n - 1) = upvalue;
            self.st().heap.barrier_cell(upvalue.cast());
        }
    }

    /// Sets or removes the hook of a coroutine.
    pub fn set_hook(&mut self, coroutine: Coroutine<'gc>, hook: Option<(Value<'gc>, HookMask)>) {
        let state = self.st();
        let co = coroutine.raw();
        let pointer = match hook {
            None => std::ptr::null_mut(),
            Some((function, mask)) => {
                // Set by a hook, it must not fire before that one has returned.
                // SAFETY: frames between the base frame and the active one are valid.
                let inside = unsafe {
                    let count = (*co).frame.offset_from_unsigned((*co).frames) + 1;
                    (0..count).any(|n| (*(*co).frames.add(n)).after == After::Hook)
                };
                state.heap.barrier(function.slot());
                Box::into_raw(Box::new(Hook::new(function.slot(), mask, inside)))
            }
        };
        // SAFETY: the coroutine is valid by its brand; its old hook is its own.
        unsafe { Hook::release(std::mem::replace(&mut (*co).hook, pointer)) };
        state.hooked = !unsafe_hook(state).is_null();
    }

    /// The hook of a coroutine.
    pub fn hook(&self, coroutine: Coroutine<'gc>) -> Option<(Value<'gc>, HookMask)> {
        // SAFETY: the coroutine is valid by its brand; a hook lives as long as a coroutine has it.
        unsafe {
            let hook = (*coroutine.raw()).hook;
            if hook.is_null() { None } else { Some((Value::from_slot((*hook).function), (*hook).mask)) }
        }
    }

    /// `stack traceback:` and a line for each activation of a coroutine from `level` on, as `debug.traceback`.
    pub fn traceback(&self, coroutine: Coroutine<'gc>, level: usize) -> String {
        const FIRST: usize = 10;
        const LAST: usize = 11;
        let mut text = "stack traceback:".to_owned();
        let mut count = 0;
        while self.activation(coroutine, count).is_some() {
            count += 1;
        }
        let mut at = level;
        let skip = count.saturating_sub(level) > FIRST + LAST;
        while at < count {
            if skip && at == level + FIRST {
                text.push_str("\n\t...");
                at = count - LAST;
                continue;
            }
            if let Some(activation) = self.activation(coroutine, at) {
                text.push_str("\n\t");
                text.push_str(&self.describe(activation));
                if activation.is_tail_call() {
                    text.push_str("\n\t(...tail calls...)");
                }
            }
            at += 1;
        }
        text
    }

    /// One line of a traceback.
    fn describe(&self, activation: Activation<'gc>) -> String {
        let function = activation.function();
        let info = self.function_info(function);
        let mut line = format!("{}:", info.short_source);
        if let Some(current) = activation.current_line() {
            line.push_str(&format!("{current}:"));
        }
        line.push_str(" in ");
        // SAFETY: the function is valid by its brand.
        let global = unsafe { global_name(self.st(), function.slot()) };
        if let Some(name) = global {
            line.push_str(&format!("function '{name}'"));
        } else if let Some(name) = activation.name() {
            line.push_str(&format!("{} '{}'", name.kind, name.name));
        } else if info.what == "main" {
            line.push_str("main chunk");
        } else if info.what == "C" {
            line.push('?');
        } else {
            line.push_str(&format!("function <{}:{}>", info.short_source, info.line_defined));
        }
        line
    }
}

fn unsafe_hook(state: &State) -> *mut Hook {
    // SAFETY: the running coroutine is valid.
    unsafe { (*state.current()).hook }
}

impl<'gc> Activation<'gc> {
    /// The function that runs.
    pub fn function(&self) -> Value<'gc> {
        // SAFETY: an activation's function slot holds it.
        unsafe {
            let function = if self.frame.is_null() { self.base.sub(1) } else { (*self.frame).function() };
            Value::from_slot(*function)
        }
    }

    fn is_lua(&self) -> bool {
        // SAFETY: the frame is null or valid.
        !self.frame.is_null() && unsafe { !(*self.frame).is_native() }
    }

    /// The line that it is at; `None` for natives and stripped functions.
    pub fn current_line(&self) -> Option<u32> {
        self.position().map(|position| position.line)
    }

    /// The place that it is at; `None` for natives and stripped functions.
    pub fn position(&self) -> Option<crate::bytecode::prototype::Position> {
        if !self.is_lua() {
            return None;
        }
        // SAFETY: a Lua frame; its `pc` is saved while anything else runs.
        unsafe {
            let (code, pc) = names::position(self.frame);
            code.positions.get(pc).copied()
        }
    }

    /// `file:line: `, as it begins error messages; empty for natives.
    pub fn position_prefix(&self) -> Vec<u8> {
        if !self.is_lua() {
            return Vec::new();
        }
        // SAFETY: a Lua frame; its `pc` is saved while anything else runs.
        unsafe { super::unwind::position_prefix(self.frame) }
    }

    /// Whether it replaced its caller.
    pub fn is_tail_call(&self) -> bool {
        // SAFETY: the frame is null or valid.
        !self.frame.is_null() && unsafe { (*self.frame).flags & flag::TAIL != 0 }
    }

    /// What its caller calls it.
    pub fn name(&self) -> Option<crate::error::Name> {
        // SAFETY: the caller's frame is valid; a Lua frame's `pc` is saved while anything else runs.
        unsafe {
            if !self.frame.is_null() {
                // The reference implementation gives the name of a finalizer to the function that it interrupts.
                if !self.callee.is_null() && (*self.callee).after == After::Finalizer {
                    return Some(crate::error::Name { kind: "metamethod", name: "__gc".to_owned() });
                }
                match (*self.frame).after {
                    After::Hook => return Some(crate::error::Name { kind: "hook", name: "?".to_owned() }),
                    After::Finalizer => {
                        return Some(crate::error::Name { kind: "metamethod", name: "__gc".to_owned() });
                    }
                    After::Handler | After::Finish => return None,
                    _ => {}
                }
            }
            if self.is_tail_call() || (*self.caller).is_native() {
                return None;
            }
            names::called_name(self.caller)
        }
    }

    /// The slot and name of local `n`: positive for locals and temporaries, negative for extra arguments.
    fn local_slot(&self, n: i64) -> Option<(*mut Slot, Vec<u8>)> {
        // SAFETY: all slots computed here lie in the activation's window, which is checked.
        unsafe {
            if n < 0 {
                if !self.is_lua() || (*self.frame).flags & flag::VARARG == 0 {
                    return None;
                }
                let parameters = code_of(self.frame).parameters as usize;
                let have = ((*self.frame).function_offset as usize - 1).saturating_sub(parameters);
                let index = n.unsigned_abs() as usize - 1;
                if index >= have {
                    return None;
                }
                return Some((self.base.sub(have).add(index), b"(*vararg)".to_vec()));
            }
            let index = usize::try_from(n).ok()?.checked_sub(1)?;
            if self.is_lua() {
                let (code, pc) = names::position(self.frame);
                if let Some(name) = names::local_name(code, index, pc) {
                    return Some((self.base.add(index), name.to_vec()));
                }
            }
            let room = self.end.offset_from(self.base).max(0) as usize;
            let room = if self.is_lua() { room.min(code_of(self.frame).registers as usize) } else { room };
            (index < room).then(|| (self.base.add(index), b"(*temporary)".to_vec()))
        }
    }

    /// Name and value of a local variable.
    pub fn local(&self, n: i64) -> Option<(Vec<u8>, Value<'gc>)> {
        // SAFETY: `local_slot` gives live slots.
        self.local_slot(n).map(|(slot, name)| (name, unsafe { Value::from_slot(*slot) }))
    }

    /// Sets a local variable; returns its name.
    pub fn set_local(&self, n: i64, value: Value<'gc>) -> Option<Vec<u8>> {
        let (slot, name) = self.local_slot(n)?;
        // SAFETY: `local_slot` gives live slots; stacks need no barrier except that of a coroutine which is not
        // running, whose rescan `touched` asks for.
        unsafe {
            (*slot).payload = value.slot().payload;
            (*slot).tag = value.slot().tag;
        }
        Some(name)
    }

    /// The coroutine it belongs to.
    pub fn coroutine(&self) -> Coroutine<'gc> {
        self.coroutine
    }
}
