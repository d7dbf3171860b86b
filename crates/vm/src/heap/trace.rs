//! Following references: one `match` on the kind of object.
//!
//! Objects wait untested in the gray list; they are fetched ahead of use through a small ring, and their mark is
//! looked at when they leave it. Invariant: an object is marked before it is traced, large tables slice by slice.

use std::ptr::null_mut;

use smallvec::SmallVec;

use super::channel::Case;
use super::class::rounded;
use super::code::Unit;
use super::coroutine::{SPARE_SLOTS, cell_of, fill_nil, frame_bytes, stack_bytes};
use super::gray::Segments;
use super::libraries::shares_nodes;
use super::object::{
    Closure, Coroutine, Header, Kind, NativeClosure, Node, SHORT_STRING_BYTES, StringObject, TABLE_SLICED,
    Table, Upvalue, UserData,
};
use super::rehash::{array_bytes, node_bytes};
use super::slot::{Slot, tag};
use super::{Heap, Slice, string};

/// Objects between being fetched and being looked at.
const RING: usize = 8;

/// Slots or nodes of a table that are traced at once.
const SLICE: u32 = 64;

/// Work of looking at an object that is already marked.
const TOUCH_WORK: isize = 8;

/// Asks the processor to load an object's header.
#[inline(always)]
pub(super) fn prefetch(cell: *mut Header) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    // SAFETY: a prefetch has no effect but on caches, whatever the address.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(cell.cast());
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    let _ = cell;
}

impl Heap {
    /// Marks until nothing is gray (true) or the budget is spent.
    ///
    /// # Safety
    /// Everything in the gray lists is alive.
    pub(super) unsafe fn propagate(&mut self, budget: &mut isize) -> bool {
        let mut ring = [null_mut::<Header>(); RING];
        let mut at = 0;
        let mut waiting = 0;
        // SAFETY: the caller's promise.
        unsafe {
            while *budget > 0 {
                let next = match self.gray.pop() {
                    Some(cell) => {
                        prefetch(cell);
                        cell
                    }
                    None if waiting > 0 => null_mut(),
                    None => match self.slices.used().and_then(Segments::pop) {
                        Some(Slice { table, from }) => {
                            self.trace_slice(table, from, budget);
                            continue;
                        }
                        None => return true,
                    },
                };
                let cell = std::mem::replace(&mut ring[at], next);
                at = (at + 1) % RING;
                waiting += usize::from(!next.is_null());
                if !cell.is_null() {
                    waiting -= 1;
                    self.visit(cell, budget);
                }
            }
        }
        for cell in ring {
            if !cell.is_null() {
                self.gray.push(cell);
            }
        }
        false
    }

    #[inline(always)]
    fn gray_slot(&mut self, payload: u64, tag: u32) {
        let slot = Slot { payload, tag, aux: 0 };
        if tag == tag::STRING {
            // SAFETY: what is traced refers to what is alive.
            unsafe { self.mark_string(slot.as_string()) }
        } else if slot.is_collectable() {
            self.gray.push(slot.as_header());
        }
    }

    #[inline(always)]
    fn gray_cell<T>(&mut self, cell: *mut T) {
        if !cell.is_null() {
            self.gray.push(cell.cast());
        }
    }

    /// Marks a string on the spot; right where the same few strings come again and again, as keys do.
    #[inline(always)]
    pub(super) unsafe fn mark_string(&mut self, s: *mut StringObject) {
        // SAFETY: the caller's string is alive; an immortal one counts as marked and is not written.
        unsafe {
            if (*s).header.mark & self.memory.epoch == 0 {
                (*s).header.mark = self.memory.epoch;
                self.live_bytes += string::real_bytes((*s).len as usize);
            }
        }
    }

    #[inline(always)]
    unsafe fn visit(&mut self, cell: *mut Header, budget: &mut isize) {
        // SAFETY: the cell is alive; its kind says what it is.
        unsafe {
            *budget -= TOUCH_WORK;
            if (*cell).mark & self.memory.epoch != 0 {
                return;
            }
            (*cell).mark = self.memory.epoch;
            let bytes = match (*cell).kind {
                Kind::String => string::real_bytes((*cell.cast::<StringObject>()).len as usize),
                Kind::Table => self.trace_table(cell.cast(), budget),
                Kind::Closure => self.trace_closure(cell.cast()),
                Kind::Upvalue => {
                    let upvalue = cell.cast::<Upvalue>();
                    let value = (*upvalue).value;
                    self.gray_slot((*value).payload, (*value).tag);
                    size_of::<Upvalue>()
                }
                Kind::NativeClosure => {
                    let closure = cell.cast::<NativeClosure>();
                    let count = usize::from((*cell).small);
                    self.gray_slots(closure.add(1).cast(), count);
                    (*cell).size as usize
                }
                Kind::UserData => {
                    let userdata = cell.cast::<UserData>();
                    self.gray_cell((*userdata).metatable);
                    self.gray_slot((*userdata).user_value.payload, (*userdata).user_value.tag);
                    (*cell).size as usize
                }
                Kind::Channel | Kind::Case => {
                    let userdata = cell.cast::<UserData>();
                    self.gray_cell((*userdata).metatable);
                    self.gray_slot((*userdata).user_value.payload, (*userdata).user_value.tag);
                    if (*cell).kind == Kind::Channel {
                        self.trace_channel(cell.cast())
                    } else {
                        self.gray_cell((*cell.cast::<Case>()).channel);
                        size_of::<Case>()
                    }
                }
                Kind::Coroutine => self.trace_coroutine(cell.cast(), budget),
                Kind::Code => {
                    let unit = cell.cast::<Unit>();
                    self.trace_unit(unit);
                    size_of::<Unit>() + (*unit).bytes()
                }
                Kind::Free | Kind::Array | Kind::Nodes | Kind::Part => {
                    debug_assert!(false, "a reference to a cell that is no object");
                    0
                }
            };
            self.live_bytes += bytes;
            *budget -= bytes as isize;
        }
    }

    /// Traces a cell that no collection frees, made from the image: a root.
    pub(super) unsafe fn trace_part(&mut self, cell: *mut Header) {
        // SAFETY: the caller's cell is valid; shared nodes refer to nothing in a heap.
        unsafe {
            match (*cell).kind {
                Kind::Table if shares_nodes(cell.cast()) => {
                    self.gray_cell((*cell.cast::<Table>()).metatable);
                }
                Kind::Table => {
                    let bytes = self.trace_table(cell.cast(), &mut 0);
                    self.live_bytes += bytes - size_of::<Table>();
                }
                Kind::UserData => {
                    let userdata = cell.cast::<UserData>();
                    self.gray_cell((*userdata).metatable);
                    self.gray_slot((*userdata).user_value.payload, (*userdata).user_value.tag);
                }
                _ => {
                    let closure = cell.cast::<NativeClosure>();
                    self.gray_slots(closure.add(1).cast(), usize::from((*cell).small));
                }
            }
        }
    }

    unsafe fn gray_slots(&mut self, slots: *const Slot, count: usize) {
        for i in 0..count {
            // SAFETY: the caller's slots.
            unsafe { self.gray_slot((*slots.add(i)).payload, (*slots.add(i)).tag) }
        }
    }

    #[inline(always)]
    unsafe fn trace_closure(&mut self, closure: *mut Closure) -> usize {
        // SAFETY: the closure is alive; its upvalues are null or alive.
        unsafe {
            let unit = (*(*closure).code).unit;
            if !unit.is_null() && (*unit).header.mark & self.memory.epoch == 0 {
                self.gray_cell(unit);
            }
            let first = closure.add(1).cast::<*mut Upvalue>();
            for i in 0..usize::from((*closure).header.small) {
                self.gray_cell(*first.add(i));
            }
            (*closure).header.size as usize
        }
    }

    unsafe fn trace_unit(&mut self, unit: *mut Unit) {
        // SAFETY: the unit is alive, and its constants with it.
        unsafe {
            self.note_remembering(unit);
            let Some(functions) = &(*unit).functions else { return };
            for constant in &*functions.constants {
                if constant.tag == tag::STRING {
                    self.mark_string(constant.as_string());
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn trace_table(&mut self, t: *mut Table, budget: &mut isize) -> usize {
        // SAFETY: the table is alive; its parts are cells.
        unsafe {
            let epoch = self.memory.epoch;
            let mut bytes = size_of::<Table>();
            if (*t).capacity > 0 {
                (*cell_of((*t).array)).mark = epoch;
                bytes += rounded(array_bytes((*t).capacity as usize));
            }
            if !(*t).has_no_nodes() {
                (*cell_of((*t).nodes)).mark = epoch;
                bytes += rounded(node_bytes((*t).header.small));
            }
            let metatable = (*t).metatable;
            if !metatable.is_null() {
                self.gray_cell(metatable);
                if self.trace_weak(t) {
                    return bytes;
                }
            }
            // The slots are paid for by `trace_slice`.
            *budget += (bytes - size_of::<Table>()) as isize;
            self.trace_slice(t, 0, budget);
            bytes
        }
    }

    /// Traces the next entries of a table and leaves the rest for later.
    unsafe fn trace_slice(&mut self, t: *mut Table, from: u32, budget: &mut isize) {
        // SAFETY: the table is alive; positions below `len` are array slots, those from `capacity` on are nodes.
        unsafe {
            let (len, capacity) = ((*t).len, (*t).capacity);
            let mut at = from;
            let mut left = SLICE;
            if at < len {
                let end = len.min(at + left);
                left -= end - at;
                self.gray_slots((*t).array.add(at as usize), (end - at) as usize);
                at = end;
                *budget -= 16 * (end - from) as isize;
            }
            let end = if (*t).has_no_nodes() { capacity } else { capacity + (*t).node_count() as u32 };
            if at >= len {
                at = at.max(capacity);
                *budget -= 24 * end.saturating_sub(at).min(left) as isize;
                while at < end && left > 0 {
                    self.trace_node((*t).nodes.add((at - capacity) as usize));
                    at += 1;
                    left -= 1;
                }
            }
            if at < end {
                (*t).header.flags |= TABLE_SLICED;
                self.slices.push(Slice { table: t, from: at });
            } else {
                (*t).header.flags &= !TABLE_SLICED;
            }
        }
    }

    #[inline(always)]
    unsafe fn trace_node(&mut self, node: *mut Node) {
        // SAFETY: the node is one of a live table.
        unsafe {
            if (*node).is_empty() {
                self.trace_removed(node);
                return;
            }
            if (*node).key_tag == tag::STRING as u8 {
                self.mark_string((*node).key as *mut StringObject);
            } else {
                self.gray_slot((*node).key, u32::from((*node).key_tag));
            }
            self.gray_slot((*node).payload, u32::from((*node).tag));
        }
    }

    /// The key of a removed entry: short strings stay, since equal ones may be asked for; of others only the address
    /// stays, so that a traversal still finds the place.
    #[inline]
    pub(super) unsafe fn trace_removed(&mut self, node: *mut Node) {
        // SAFETY: as in `trace_node`.
        unsafe {
            let key = (*node).key();
            if !key.is_collectable() {
                return;
            }
            if key.tag == tag::STRING && (*key.as_string()).len as usize <= SHORT_STRING_BYTES {
                self.mark_string(key.as_string());
            } else {
                (*node).key_tag = tag::DEAD_KEY as u8;
            }
        }
    }

    /// To be called after values of one table were permuted within it without a barrier (sorting): if it is traced in
    /// part, it is traced again.
    ///
    /// # Safety
    /// The table is alive.
    pub(crate) unsafe fn rearranged(&mut self, t: *mut Table) {
        // SAFETY: the caller's promise.
        unsafe {
            if !self.marking || (*t).header.flags & TABLE_SLICED == 0 {
                return;
            }
            if let Some(slice) = self.slices.iter_mut().find(|slice| slice.table == t) {
                slice.from = 0;
            } else {
                self.slices.push(Slice { table: t, from: 0 });
            }
        }
    }

    /// To be called after `count` array items of a table were moved from index `from` to `to` (from 0) without a
    /// barrier: if it is traced in part, those that came from the untraced part into the traced one are marked.
    ///
    /// # Safety
    /// The table is alive, and both ranges lie in its array part.
    pub(crate) unsafe fn moved(&mut self, t: *mut Table, from: usize, to: usize, count: usize) {
        // SAFETY: the caller's promise.
        unsafe {
            if !self.marking || (*t).header.flags & TABLE_SLICED == 0 {
                return;
            }
            // Each waiting slice must find, or know marked, all that was behind its beginning.
            let starts: SmallVec<[usize; 8]> = self
                .slices
                .iter()
                .filter(|slice| slice.table == t)
                .map(|slice| slice.from as usize)
                .collect();
            for start in starts {
                // Item `k` went from `from + k` to `to + k`.
                for k in start.saturating_sub(from)..count.min(start.saturating_sub(to)) {
                    self.barrier(*(*t).array.add(to + k));
                }
            }
        }
    }

    unsafe fn trace_coroutine(&mut self, co: *mut Coroutine, budget: &mut isize) -> usize {
        // SAFETY: the coroutine is alive; slots below `top` hold live values, those above are dead.
        unsafe {
            if co != self.roots.current {
                self.shrink_stacks(co);
            }
            let epoch = self.memory.epoch;
            (*cell_of((*co).stack)).mark = epoch;
            (*cell_of((*co).frames)).mark = epoch;
            self.gray_cell((*co).resumer);
            if !(*co).hook.is_null() {
                let hook = (*(*co).hook).function;
                self.gray_slot(hook.payload, hook.tag);
            }
            let mut upvalue = (*co).open_upvalues;
            while !upvalue.is_null() {
                self.gray_cell(upvalue);
                upvalue = (*upvalue).next_open();
            }
            let live = (*co).top.offset_from((*co).stack) as usize;
            let slots = (*co).slots() + SPARE_SLOTS;
            self.gray_slots((*co).stack, live);
            fill_nil((*co).top, slots - live);
            *budget -= 4 * (slots - live) as isize;
            size_of::<Coroutine>()
                + rounded(stack_bytes((*co).slots()))
                + rounded(frame_bytes((*co).frame_capacity()))
        }
    }

    /// Looks again at a coroutine that ran while marking.
    pub(super) unsafe fn scan_again(&mut self, co: *mut Coroutine) {
        // SAFETY: the coroutine is not freed before the sweep.
        unsafe {
            if (*co).header.mark & self.memory.epoch != 0 {
                self.trace_coroutine(co, &mut { 0 });
                return;
            }
            // It is unreachable, but what it shares with live closures may have changed.
            let mut upvalue = (*co).open_upvalues;
            while !upvalue.is_null() {
                if (*upvalue).header.mark & self.memory.epoch != 0 {
                    let value = (*upvalue).value;
                    self.gray_slot((*value).payload, (*value).tag);
                }
                upvalue = (*upvalue).next_open();
            }
        }
    }
}
