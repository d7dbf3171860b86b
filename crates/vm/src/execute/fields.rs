//! Instructions that read and write tables and upvalues.
//!
//! Each has three stages: the inline case (a table whose first candidate node or array slot holds the key), a plain
//! call for other raw cases, and the slow path with metamethods and errors.

use crate::bytecode::instruction::{Instruction, Op};
use crate::error::Result;
use crate::heap::growth::is_large;
use crate::heap::libraries::lazy_value;
use crate::heap::object::{Closure, Node, TABLE_FROZEN, Table, UserData};
use crate::heap::slot::{Slot, copy, read, tag, write};
use crate::heap::table;

use super::call::metacall;
use super::cursor::{Cursor, Live, conclude, out_of_fuel, safepoint};
use super::event::{Event, known_name};
use super::frame::After;
use super::index::{AssignCall, Lookup, assign, lookup, metamethod_of};
use super::state::State;
use super::typed;

/// The node a string constant would be in if nothing collides.
#[inline(always)]
unsafe fn first_node(t: *mut Table, key: *const Slot) -> *mut Node {
    // SAFETY: every table has at least one node, if only the shared empty one.
    unsafe { (*t).nodes.add(((*key).aux & ((1u32 << (*t).header.small) - 1)) as usize) }
}

#[inline(always)]
unsafe fn is_hit(node: *mut Node, key: *const Slot) -> bool {
    // SAFETY: the node is valid.
    unsafe { (*node).key == (*key).payload && (*node).key_tag == tag::STRING as u8 }
}

#[inline(always)]
unsafe fn load(to: *mut Slot, node: *mut Node) {
    // SAFETY: both are valid.
    unsafe {
        let (payload, tag) = ((*node).payload, (*node).tag);
        (*to).payload = payload;
        (*to).tag = u32::from(tag);
    }
}

/// The `__index` of a metatable, nil if there is none: mostly it is where nothing collides, under the very name that all
/// metatables have it under, or is known to be absent.
///
/// # Safety
/// The metatable must be null or valid.
#[inline(always)]
unsafe fn index_of(metatable: *mut Table) -> Slot {
    let name = known_name(Event::Index);
    if metatable.is_null() || name.is_null() {
        // SAFETY: the caller's promise.
        return unsafe { far_index_of(metatable) };
    }
    // SAFETY: the caller's promise; names of events are immortal, with their hash computed.
    unsafe {
        let key = Slot { aux: (*name).hash, ..Slot::string(name) };
        let node = first_node(metatable, &key);
        if is_hit(node, &key) && (*node).tag < tag::NIL as u8 {
            (*node).value()
        } else if (*metatable).header.flags & Event::Index.absent_flag() != 0 {
            Slot::NIL
        } else {
            far_index_of(metatable)
        }
    }
}

/// The same, wherever it is.
///
/// # Safety
/// As for [`index_of`].
#[cold]
#[inline(never)]
unsafe fn far_index_of(metatable: *mut Table) -> Slot {
    // SAFETY: the caller's promise.
    unsafe { metamethod_of(metatable, Event::Index) }
}

/// Looks a string constant up in the methods of a host object's class, where it is nearly always the very name; false if
/// they are not where those of classes are, or have no such name.
#[inline(never)]
unsafe fn class_member(to: *mut Slot, object: *mut UserData, key: *const Slot) -> bool {
    // SAFETY: the values are valid; chains stay within the nodes; names of events are immortal, with their hash computed.
    unsafe {
        let (metatable, name) = ((*object).metatable, known_name(Event::Index));
        if metatable.is_null() || name.is_null() {
            return false;
        }
        let index = Slot { aux: (*name).hash, ..Slot::string(name) };
        let node = first_node(metatable, &index);
        if !is_hit(node, &index) || u32::from((*node).tag) != tag::TABLE {
            return false;
        }
        let methods = (*node).payload as *mut Table;
        let mut node = first_node(methods, key);
        while !is_hit(node, key) {
            if (*node).next == 0 {
                return false;
            }
            node = node.offset((*node).next as isize);
        }
        let found = (*node).tag < tag::NIL as u8;
        if found {
            load(to, node);
        }
        found
    }
}

/// The part of an image that a shared node names.
#[inline(never)]
unsafe fn get_part(state: *mut State, to: *mut Slot, t: *mut Table, node: *mut Node) {
    // SAFETY: the node is one of the table's, and so marked.
    unsafe {
        write(to, lazy_value(t, node));
        (*state).heap.wear(t);
    }
}

/// Looks a string constant up through tables and `__index` tables alone. Returns whether that decided it.
#[inline(never)]
unsafe fn plain_get(state: *mut State, to: *mut Slot, object: *const Slot, key: *const Slot) -> bool {
    // SAFETY: the values are valid; nothing here allocates.
    unsafe {
        let mut object = read(object);
        for _ in 0..16 {
            let handler = if object.tag == tag::TABLE {
                let t = object.as_table();
                let node = table::find_string(t, (*key).as_string());
                if !node.is_null() && (*node).tag != tag::NIL as u8 {
                    if (*node).tag > tag::NIL as u8 {
                        copy(to, &table::value_of(t, node));
                        (*state).heap.wear(t);
                    } else {
                        load(to, node);
                    }
                    return true;
                }
                let metatable = (*t).metatable;
                let handler = if metatable.is_null() { Slot::NIL } else { index_of(metatable) };
                if handler.is_nil() {
                    (*to).tag = tag::NIL;
                    return true;
                }
                handler
            } else {
                index_of((*state).metatable(object))
            };
            if handler.tag != tag::TABLE {
                return false;
            }
            object = handler;
        }
        false
    }
}

#[inline(always)]
pub(crate) unsafe fn get_string(
    cur: &mut Cursor,
    state: *mut State,
    to: *mut Slot,
    object: *const Slot,
    key: *const Slot,
) -> bool {
    // SAFETY: operands of verified code.
    unsafe {
        if (*object).tag == tag::TABLE {
            let mut node = first_node((*object).as_table(), key);
            let hit = is_hit(node, key) || {
                // After a collision it is mostly the next of the chain; without one this looks at the same node again.
                node = node.offset((*node).next as isize);
                is_hit(node, key)
            };
            if hit && (*node).tag < tag::NIL as u8 {
                load(to, node);
                return false;
            }
            if hit && (*node).tag > tag::NIL as u8 {
                get_part(state, to, (*object).as_table(), node);
                return false;
            }
        }
        if (*object).tag == tag::USERDATA && class_member(to, (*object).as_userdata(), key)
            || plain_get(state, to, object, key)
        {
            return false;
        }
        cur.save();
        if slow_get(state, object, key) {
            return true;
        }
        cur.reload(state);
        false
    }
}

#[inline(never)]
unsafe fn slow_get(state: *mut State, object: *const Slot, key: *const Slot) -> bool {
    // SAFETY: operands of verified code; the result goes to register `a` of the current instruction.
    unsafe {
        let result = try_get(&mut *state, read(object), read(key));
        conclude(state, result)
    }
}

unsafe fn try_get(state: &mut State, object: Slot, key: Slot) -> Result<()> {
    // SAFETY: as for `slow_get`.
    unsafe {
        let frame = (*state.current()).frame;
        let i = *(*frame).state.lua.pc.sub(1);
        if object.tag == tag::TYPE && i.op() == Op::Method {
            *(*frame).base.add(i.a()) = typed::member(state, object, key, true);
            return Ok(());
        }
        match lookup(state, object, key)? {
            Lookup::Value(value) => {
                write((*frame).base.add(i.a()), value);
                Ok(())
            }
            Lookup::Call { function, object } => metacall(state, function, [object, key], After::Register),
        }
    }
}

#[inline(always)]
pub(crate) unsafe fn get_table(cur: &mut Cursor, state: *mut State, i: Instruction) -> bool {
    // SAFETY: operands of verified code.
    unsafe {
        let (object, key) = (cur.b(i), cur.c(i));
        if (*object).tag == tag::TABLE {
            let t = (*object).as_table();
            if (*key).tag == tag::INTEGER {
                let index = (*key).payload.wrapping_sub(1);
                if index < u64::from((*t).len) {
                    let item = (*t).array.add(index as usize);
                    if (*item).tag != tag::NIL {
                        copy(cur.a(i), item);
                        return false;
                    }
                }
            }
            if (*t).metatable.is_null() {
                plain_get_any(cur.a(i), t, key);
                return false;
            }
        }
        cur.save();
        if slow_get(state, object, key) {
            return true;
        }
        cur.reload(state);
        false
    }
}

/// Raw look-up of any key.
#[inline(never)]
unsafe fn plain_get_any(to: *mut Slot, t: *mut Table, key: *const Slot) {
    // SAFETY: operands of verified code.
    unsafe {
        let value = if (*key).tag == tag::STRING {
            table::get_string(t, (*key).as_string())
        } else {
            table::get(t, read(key))
        };
        write(to, value);
    }
}

#[inline(always)]
pub(crate) unsafe fn get_index(cur: &mut Cursor, state: *mut State, i: Instruction) -> bool {
    // SAFETY: operands of verified code.
    unsafe {
        let object = cur.b(i);
        if (*object).tag == tag::TABLE {
            let t = (*object).as_table();
            let index = (i.c() as u64).wrapping_sub(1);
            if index < u64::from((*t).len) {
                let item = (*t).array.add(index as usize);
                if (*item).tag != tag::NIL {
                    copy(cur.a(i), item);
                    return false;
                }
            }
        }
        cur.save();
        if slow_get_index(state, object, i) {
            return true;
        }
        cur.reload(state);
        false
    }
}

#[inline(never)]
unsafe fn slow_get_index(state: *mut State, object: *const Slot, i: Instruction) -> bool {
    // SAFETY: operands of verified code.
    unsafe {
        let result = try_get(&mut *state, read(object), Slot::integer(i.c() as i64));
        conclude(state, result)
    }
}

/// Assigns out of line: a new key, a metamethod, an error. Growing a table makes no garbage, so the collector waits
/// for the next object: working now it would only find the grown table alive.
#[inline(never)]
unsafe fn slow_set(state: *mut State, object: *const Slot, key: Slot, value: *const Slot) -> bool {
    // SAFETY: operands of verified code.
    unsafe {
        let st = &mut *state;
        let value = read(value);
        if (*object).tag == tag::TABLE {
            let t = (*object).as_table();
            if (*t).metatable.is_null() && (*t).header.flags & TABLE_FROZEN == 0 && !is_large(t) {
                return match st.heap.set(t, key, value) {
                    Ok(()) => false,
                    Err(error) => retry_or_fail(state, error.into()),
                };
            }
        }
        if st.heap.is_growing() {
            return grow(state);
        }
        st.heap.set_patient(true);
        let assigned = assign(st, read(object), key, value);
        st.heap.set_patient(false);
        let result = match assigned {
            Ok(None) => Ok(()),
            Ok(Some(AssignCall { function, object })) => {
                metacall(st, function, [object, key, value], After::Discard)
            }
            Err(_) if st.heap.is_growing() => return grow(state),
            Err(error) => return retry_or_fail(state, error),
        };
        conclude(state, result)
    }
}

/// Lets a table grow as far as the fuel goes; the instruction that wants it comes again, now or when there is fuel.
#[cold]
#[inline(never)]
unsafe fn grow(state: *mut State) -> bool {
    // SAFETY: the instruction had no effect, and the `pc` of Lua frames is saved.
    unsafe {
        let st = &mut *state;
        match st.heap.grow(st.fuel) {
            Err(error) => retry_or_fail(state, error.into()),
            Ok((spent, is_done)) => {
                st.fuel = st.fuel.saturating_sub(spent);
                if !is_done {
                    return out_of_fuel(state);
                }
                let frame = (*st.current()).frame;
                (*frame).state.lua.pc = (*frame).state.lua.pc.sub(1);
                conclude(state, Ok(()))
            }
        }
    }
}

/// An instruction failed for want of memory: collects everything and, if that freed enough to be worth it, runs the
/// instruction again; any other error is raised.
///
/// # Safety
/// As for [`conclude`]; the instruction must not have had an effect.
#[cold]
#[inline(never)]
pub(crate) unsafe fn retry_or_fail(state: *mut State, error: crate::error::Error) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        if matches!(error.kind(), crate::error::ErrorKind::Memory) {
            let st = &mut *state;
            let before = st.heap.bytes();
            let co = st.current();
            (*co).top = super::unwind::live_top(co);
            st.heap.full();
            if st.heap.bytes() < before - before / 8 {
                let frame = (*co).frame;
                (*frame).state.lua.pc = (*frame).state.lua.pc.sub(1);
                return conclude(state, Ok(()));
            }
        }
        conclude(state, Err(error))
    }
}

#[inline(always)]
pub(crate) unsafe fn set_string(
    cur: &mut Cursor,
    state: *mut State,
    object: *const Slot,
    key: *const Slot,
    value: *const Slot,
) -> bool {
    // SAFETY: operands of verified code; the barrier follows the store.
    unsafe {
        if (*object).tag == tag::TABLE {
            let t = (*object).as_table();
            if (*t).header.flags & TABLE_FROZEN == 0 {
                let mut node = first_node(t, key);
                if !is_hit(node, key) {
                    node = table::find_string(t, (*key).as_string());
                }
                if !node.is_null() && (*node).tag != tag::NIL as u8 {
                    let (payload, tag) = ((*value).payload, (*value).tag);
                    (*node).payload = payload;
                    (*node).tag = tag as u8;
                    (*state).heap.barrier(Slot { payload, tag, aux: 0 });
                    return false;
                }
            }
        }
        cur.save();
        if slow_set(state, object, read(key), value) {
            return true;
        }
        cur.reload(state);
        false
    }
}

#[inline(always)]
unsafe fn set_integer(
    cur: &mut Cursor,
    state: *mut State,
    object: *const Slot,
    key: i64,
    value: *const Slot,
) -> bool {
    // SAFETY: operands of verified code; the barrier follows the store.
    unsafe {
        if (*object).tag == tag::TABLE && (*value).tag != tag::NIL {
            let t = (*object).as_table();
            let index = (key as u64).wrapping_sub(1);
            if index < u64::from((*t).len) {
                let item = (*t).array.add(index as usize);
                if ((*item).tag != tag::NIL || (*t).metatable.is_null())
                    && (*t).header.flags & TABLE_FROZEN == 0
                {
                    copy(item, value);
                    (*state).heap.barrier(*value);
                    return false;
                }
            } else if index == u64::from((*t).len)
                && (*t).len < (*t).capacity
                && (*t).metatable.is_null()
                && (*t).header.flags & TABLE_FROZEN == 0
            {
                copy((*t).array.add(index as usize), value);
                (*t).len += 1;
                (*state).heap.barrier(*value);
                return false;
            }
        }
        cur.save();
        if slow_set(state, object, Slot::integer(key), value) {
            return true;
        }
        cur.reload(state);
        false
    }
}

#[inline(always)]
pub(crate) unsafe fn set_table(
    cur: &mut Cursor,
    state: *mut State,
    i: Instruction,
    value: *const Slot,
) -> bool {
    // SAFETY: operands of verified code.
    unsafe {
        let (object, key) = (cur.a(i), cur.b(i));
        if (*key).tag == tag::INTEGER {
            return set_integer(cur, state, object, (*key).as_integer(), value);
        }
        cur.save();
        if set_any(state, object, key, value) {
            return true;
        }
        cur.reload(state);
        false
    }
}

/// Assignment with a key that is no integer: an existing entry of a string key directly, else the slow path.
#[inline(never)]
unsafe fn set_any(state: *mut State, object: *const Slot, key: *const Slot, value: *const Slot) -> bool {
    // SAFETY: operands of verified code; the barrier follows the store.
    unsafe {
        if (*object).tag == tag::TABLE && (*key).tag == tag::STRING {
            let t = (*object).as_table();
            let node = table::find_string(t, (*key).as_string());
            if !node.is_null() && (*node).tag != tag::NIL as u8 && (*t).header.flags & TABLE_FROZEN == 0 {
                (*node).payload = (*value).payload;
                (*node).tag = (*value).tag as u8;
                (*state).heap.barrier(*value);
                return false;
            }
        }
        slow_set(state, object, read(key), value)
    }
}

#[inline(always)]
pub(crate) unsafe fn set_index(
    cur: &mut Cursor,
    state: *mut State,
    i: Instruction,
    value: *const Slot,
) -> bool {
    // SAFETY: operands of verified code.
    unsafe { set_integer(cur, state, cur.a(i), i.b() as i64, value) }
}

/// The slot of an upvalue of the running closure.
#[inline(always)]
pub(crate) unsafe fn upvalue(cur: &Cursor, index: usize) -> *mut Slot {
    // SAFETY: a Lua frame's function slot holds its closure; verified indices are in range.
    unsafe {
        let closure = (*(*cur.frame).function()).as_closure();
        (**Closure::upvalues(closure).add(index)).value
    }
}

#[inline(always)]
pub(crate) unsafe fn set_upvalue(cur: &Cursor, state: *mut State, i: Instruction) {
    // SAFETY: as for `upvalue`; the barrier follows the store.
    unsafe {
        let value = cur.a(i);
        copy(upvalue(cur, i.b()), value);
        (*state).heap.barrier(*value);
    }
}

#[inline(never)]
pub(crate) unsafe fn new_table(state: *mut State, i: Instruction, array: usize) -> bool {
    // SAFETY: operands of verified code.
    unsafe {
        let nodes = if i.b() == 0 { 0 } else { 1usize << (i.b() - 1).min(30) };
        match (*state).heap.table(array, nodes) {
            Ok(t) => {
                let frame = (*(*state).current()).frame;
                let to = (*frame).base.add(i.a());
                (*to).payload = t as u64;
                (*to).tag = tag::TABLE;
                (*state).heap.wants_collection() && safepoint(state, Live::Registers(i.a() + 1))
            }
            Err(error) => retry_or_fail(state, error.into()),
        }
    }
}

/// Stores a list of registers into a fresh table's array part.
#[inline(never)]
pub(crate) unsafe fn set_list(state: *mut State, i: Instruction, start: usize) -> bool {
    // SAFETY: operands of verified code; `b == 0` follows an open result list.
    unsafe {
        let st = &mut *state;
        let co = st.current();
        let base = (*(*co).frame).base;
        let a = base.add(i.a());
        let count = if i.b() == 0 { (*co).top.offset_from_unsigned(a) - 1 } else { i.b() };
        let object = *a;
        let mut result: Result<()> = Ok(());
        if object.tag == tag::TABLE {
            let t = object.as_table();
            result = st.heap.reserve(t, start + count, 0).map_err(Into::into);
            for n in 1..=count {
                if result.is_err() {
                    break;
                }
                result = st.heap.set_integer(t, (start + n) as i64, *a.add(n)).map_err(Into::into);
            }
        }
        if result.is_ok() && st.heap.wants_collection() {
            return safepoint(state, Live::Registers(i.a() + 1));
        }
        conclude(state, result)
    }
}
