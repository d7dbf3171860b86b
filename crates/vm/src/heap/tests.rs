//! Tests of the heap as a whole: against models, with the collector at work in between.

mod graphs;
mod growth;
mod limits;
mod tables;
mod weak;

use std::collections::HashSet;

use wippy_random::Random;

use super::object::{Closure, NativeClosure, Node};
use super::slot::tag;
use super::*;

/// A heap with a main coroutine and a table in each root.
fn heap() -> Heap {
    heap_with(usize::MAX)
}

fn heap_with(limit: usize) -> Heap {
    let mut heap = Heap::new(limit);
    let main = heap.coroutine().unwrap();
    heap.roots.main = main;
    heap.roots.current = main;
    heap.roots.registry = heap.table(0, 0).unwrap();
    heap.roots.globals = heap.table(0, 0).unwrap();
    heap
}

fn push(heap: &mut Heap, value: Slot) {
    // SAFETY: `heap_with` made the coroutine; the stack has room after it was grown.
    unsafe {
        let co = heap.roots.current;
        heap.grow_stack(co, 1).unwrap();
        slot::copy((*co).top, &value);
        (*co).top = (*co).top.add(1);
    }
}

fn pop(heap: &mut Heap) {
    // SAFETY: what was pushed is popped once.
    unsafe { (*heap.roots.current).top = (*heap.roots.current).top.sub(1) };
}

/// Collects everything.
fn full(heap: &mut Heap) {
    // SAFETY: afterwards tests use only what a root leads to.
    unsafe { heap.full() };
}

/// Collects a little.
fn step(heap: &mut Heap) {
    // SAFETY: as for `full`.
    unsafe { heap.step() };
}

fn text(heap: &mut Heap, bytes: &str) -> Slot {
    Slot::string(heap.string(bytes.as_bytes()).unwrap())
}

fn new_table(heap: &mut Heap) -> Slot {
    Slot::table(heap.table(0, 0).unwrap())
}

// Below, tables are alive: tests use what they made since the last collection, or what a root leads to.

fn set(heap: &mut Heap, t: Slot, key: Slot, value: Slot) {
    // SAFETY: the table, key and value are alive.
    unsafe { heap.set(t.as_table(), key, value).unwrap() }
}

fn set_meta(heap: &mut Heap, t: Slot, metatable: Slot) {
    // SAFETY: both tables are alive; the barrier follows.
    unsafe { (*t.as_table()).metatable = metatable.as_table() };
    heap.barrier(metatable);
}

fn get(t: Slot, key: Slot) -> Slot {
    // SAFETY: the table is alive.
    unsafe { table::get(t.as_table(), key) }
}

fn length(t: Slot) -> i64 {
    // SAFETY: the table is alive.
    unsafe { table::length(t.as_table()) }
}

/// The entry after a key.
fn next(t: Slot, key: Slot) -> Result<Option<(Slot, Slot)>, table::InvalidKey> {
    // SAFETY: the table is alive.
    unsafe { table::next(t.as_table(), key) }
}

/// Walks everything reachable and panics at a dangling reference.
fn verify(heap: &Heap) {
    let mut seen = HashSet::new();
    let mut pending: Vec<(*mut Header, Option<u32>)> = Vec::new();
    let roots = &heap.roots;
    for cell in
        [roots.registry.cast::<Header>(), roots.globals.cast(), roots.main.cast(), roots.current.cast()]
    {
        pending.push((cell, None));
    }
    for slot in roots.extra.iter().chain(heap.due.iter()).chain(heap.finalizers.iter()) {
        pending.push((slot.as_header(), Some(slot.tag)));
    }
    let mut values: Vec<Slot> = Vec::new();
    while let Some((cell, tag)) = pending.pop() {
        if cell.is_null() || !seen.insert(cell) {
            continue;
        }
        // SAFETY: reached from a root through live cells; a dangling reference is what the address sanitizer finds here.
        unsafe {
            let mark = (*cell).mark;
            assert!((1..=3).contains(&mark), "a live cell has no mark");
            if !heap.marking && heap.phase == Phase::Idle {
                assert!(mark == heap.memory.epoch || mark == object::IMMORTAL);
            }
            let expected = match (*cell).kind {
                Kind::String => tag::STRING,
                Kind::Table => tag::TABLE,
                Kind::Closure => tag::CLOSURE,
                Kind::NativeClosure => tag::NATIVE_CLOSURE,
                Kind::UserData => tag::USERDATA,
                Kind::Coroutine => tag::COROUTINE,
                Kind::Upvalue => tag::NIL,
                other => panic!("a reference to a cell of kind {other:?}"),
            };
            if let Some(tag) = tag {
                assert_eq!(tag, expected);
            }
            match (*cell).kind {
                Kind::Table => {
                    let t = cell.cast::<Table>();
                    pending.push(((*t).metatable.cast(), Some(tag::TABLE)));
                    assert!((*t).len <= (*t).capacity);
                    for i in 0..(*t).len as usize {
                        values.push(*(*t).array.add(i));
                    }
                    for i in 0..(*t).node_count() {
                        let node: *mut Node = (*t).nodes.add(i);
                        if !(*node).is_empty() {
                            values.push((*node).key());
                            values.push((*node).value());
                        }
                    }
                }
                Kind::Closure => {
                    for i in 0..usize::from((*cell).small) {
                        pending.push(((*Closure::upvalues(cell.cast()).add(i)).cast(), Some(tag::NIL)));
                    }
                }
                Kind::NativeClosure => {
                    for i in 0..usize::from((*cell).small) {
                        values.push(*NativeClosure::upvalues(cell.cast()).add(i));
                    }
                }
                Kind::Upvalue => values.push(*(*cell.cast::<Upvalue>()).value),
                Kind::UserData => {
                    let userdata = cell.cast::<UserData>();
                    pending.push(((*userdata).metatable.cast(), Some(tag::TABLE)));
                    values.push((*userdata).user_value);
                }
                Kind::Coroutine => {
                    let co = cell.cast::<Coroutine>();
                    let live = (*co).top.offset_from((*co).stack) as usize;
                    for i in 0..live {
                        values.push(*(*co).stack.add(i));
                    }
                    pending.push(((*co).resumer.cast(), Some(tag::COROUTINE)));
                    let mut upvalue = (*co).open_upvalues;
                    while !upvalue.is_null() {
                        pending.push((upvalue.cast(), Some(tag::NIL)));
                        upvalue = (*upvalue).next_open();
                    }
                }
                _ => {}
            }
        }
        for value in values.drain(..) {
            if value.is_collectable() {
                pending.push((value.as_header(), Some(value.tag)));
            }
        }
    }
}

/// Lets the collector work a little, and looks whether marking has missed something when it ended just now.
fn run(heap: &mut Heap, budget: isize) {
    let before = heap.phase;
    // SAFETY: as for `full`.
    unsafe { heap.run(&mut { budget }) };
    if before == Phase::Mark && matches!(heap.phase, Phase::Separate | Phase::Destroy) {
        all_marked(heap);
    }
}

/// Everything that a marked table refers to is marked.
fn all_marked(heap: &Heap) {
    let epoch = heap.memory.epoch;
    let mut seen = HashSet::new();
    let co = heap.roots.current;
    let mut pending: Vec<Slot> = Vec::new();
    // SAFETY: everything reachable is alive; the stack is initialised up to its top.
    unsafe {
        for i in 0..(*co).top.offset_from((*co).stack) as usize {
            pending.push(*(*co).stack.add(i));
        }
        while let Some(value) = pending.pop() {
            if !value.is_collectable() || !seen.insert(value.payload) {
                continue;
            }
            assert!((*value.as_header()).mark & epoch != 0, "an unmarked value with tag {}", value.tag);
            if value.tag == tag::TABLE && !heap.is_weak(value.as_table()) {
                let t = value.as_table();
                pending.extend((0..(*t).len as usize).map(|i| *(*t).array.add(i)));
                for i in 0..(*t).node_count() {
                    let node = (*t).nodes.add(i);
                    if !(*node).is_empty() {
                        pending.push((*node).key());
                        pending.push((*node).value());
                    }
                }
            }
        }
    }
}

/// Bytes of cells that no object is: what the collector counts as live is what the memory counts, but for these.
fn check_accounting(heap: &mut Heap) {
    full(heap);
    let extra = heap.memory.own_prefixes()
        + heap.strings.bytes()
        + heap.names.as_ref().map_or(0, |names| names.bytes());
    assert_eq!(heap.bytes(), heap.live_bytes + extra, "live {} extra {extra}", heap.live_bytes);
    assert_eq!(heap.memory.walk(), heap.live_bytes - heap_code_bytes(heap));
}

fn heap_code_bytes(heap: &Heap) -> usize {
    // SAFETY: the list names live cells only.
    let units = heap.destructible.iter().filter(|cell| unsafe { (***cell).kind } == Kind::Code);
    // SAFETY: a cell of this kind is a unit.
    units.map(|cell| unsafe { (*cell.cast::<code::Unit>()).bytes() }).sum()
}

#[test]
fn an_empty_heap_uses_nothing_and_leaves_nothing() {
    let before = pool::outstanding::bytes();
    {
        let mut heap = heap();
        assert!(heap.bytes() < 1200, "{}", heap.bytes());
        for i in 0..10_000 {
            let t = new_table(&mut heap);
            let key = text(&mut heap, &format!("some longer key number {i}"));
            set(&mut heap, t, key, Slot::integer(i));
            set(&mut heap, t, Slot::integer(i), key);
            let reg = Slot::table(heap.roots.registry);
            set(&mut heap, reg, Slot::integer(i + 1), t);
        }
        check_accounting(&mut heap);
        verify(&heap);
    }
    assert_eq!(pool::outstanding::bytes(), before);
}

#[test]
fn garbage_is_found_and_memory_used_again() {
    let mut heap = heap();
    full(&mut heap);
    let base = heap.bytes();
    for _ in 0..200_000 {
        let t = new_table(&mut heap);
        let s = text(&mut heap, "x");
        set(&mut heap, t, s, Slot::TRUE);
        if heap.wants_collection() {
            step(&mut heap);
        }
        assert!(heap.bytes() < base + 200_000);
    }
    full(&mut heap);
    assert!(heap.bytes() < base + 2_000);
    check_accounting(&mut heap);
}

#[test]
fn sizes_of_a_small_process_are_small() {
    let mut heap = heap();
    let before = heap.bytes();
    let co = heap.coroutine().unwrap();
    push(&mut heap, Slot::coroutine(co));
    if !cfg!(feature = "check-heap") {
        assert!(heap.bytes() - before < 520, "{}", heap.bytes() - before);
    }
}

#[test]
fn the_heap_stays_near_twice_what_lives() {
    fn tree(heap: &mut Heap, depth: usize) -> Slot {
        let t = Slot::table(heap.table(if depth > 0 { 2 } else { 0 }, 0).unwrap());
        push(heap, t);
        for i in 1..=if depth > 0 { 2 } else { 0 } {
            let child = tree(heap, depth - 1);
            set(heap, t, Slot::integer(i), child);
        }
        pop(heap);
        t
    }
    let mut heap = heap();
    let t = tree(&mut heap, 12);
    push(&mut heap, t);
    full(&mut heap);
    let live = heap.bytes();
    let mut peak = 0;
    for _ in 0..200_000 {
        heap.table(0, 0).unwrap();
        if heap.wants_collection() {
            step(&mut heap);
        }
        peak = peak.max(heap.bytes());
    }
    assert!(peak < live * 5 / 2, "{live} live, {peak} at most");
}
