//! Weak tables and finalizers.

use super::*;

fn weak(heap: &mut Heap, mode: &str) -> Slot {
    let t = new_table(heap);
    push(heap, t);
    let metatable = new_table(heap);
    let key = text(heap, "__mode");
    let value = text(heap, mode);
    set(heap, metatable, key, value);
    set_meta(heap, t, metatable);
    t
}

fn count(t: Slot) -> usize {
    let mut n = 0;
    let mut position = 0;
    // SAFETY: the table is alive; the position is what the table itself answered.
    while let Some((next, _, _)) = unsafe { table::next_at(t.as_table(), position) } {
        n += 1;
        position = next;
    }
    n
}

#[test]
fn weak_values_go_strings_and_numbers_stay() {
    let mut heap = heap();
    let t = weak(&mut heap, "v");
    for i in 1..=200 {
        let dead = new_table(&mut heap);
        set(&mut heap, t, Slot::integer(i), dead);
        let name = text(&mut heap, &format!("name {i}"));
        set(&mut heap, t, name, dead);
    }
    let kept = new_table(&mut heap);
    push(&mut heap, kept);
    set(&mut heap, t, Slot::integer(300), kept);
    let s = text(&mut heap, "a value that is a string, and a long one at that, but still a value");
    set(&mut heap, t, Slot::integer(7), s);
    set(&mut heap, t, Slot::integer(8), Slot::integer(1));
    full(&mut heap);
    assert_eq!(count(t), 3);
    assert_eq!(get(t, Slot::integer(300)).payload, kept.payload);
    verify(&heap);
    check_accounting(&mut heap);
}

#[test]
fn weak_keys_are_ephemerons() {
    let mut heap = heap();
    let t = weak(&mut heap, "k");
    // Chains: key -> value, where the value is the next key. Only the first key decides.
    for alive in [true, false] {
        let first = new_table(&mut heap);
        if alive {
            push(&mut heap, first);
        }
        let mut key = first;
        for _ in 0..100 {
            let value = new_table(&mut heap);
            set(&mut heap, t, key, value);
            key = value;
        }
        // A key that only its own value refers to.
        let lonely = new_table(&mut heap);
        let holder = new_table(&mut heap);
        set(&mut heap, holder, Slot::integer(1), lonely);
        set(&mut heap, t, lonely, holder);
    }
    assert_eq!(count(t), 202);
    full(&mut heap);
    assert_eq!(count(t), 100);
    verify(&heap);
    check_accounting(&mut heap);
}

#[test]
fn two_ephemeron_tables_wait_for_each_other() {
    let mut heap = heap();
    let (a, b) = (weak(&mut heap, "k"), weak(&mut heap, "k"));
    let first = new_table(&mut heap);
    push(&mut heap, first);
    let mut key = first;
    for i in 0..60 {
        let value = new_table(&mut heap);
        set(&mut heap, if i % 2 == 0 { a } else { b }, key, value);
        key = value;
    }
    full(&mut heap);
    assert_eq!((count(a), count(b)), (30, 30));
    verify(&heap);
}

#[test]
fn all_weak_needs_both() {
    let mut heap = heap();
    let t = weak(&mut heap, "kv");
    let kept = new_table(&mut heap);
    push(&mut heap, kept);
    let (x, y) = (new_table(&mut heap), new_table(&mut heap));
    set(&mut heap, t, kept, x);
    set(&mut heap, t, y, kept);
    set(&mut heap, t, kept, kept);
    set(&mut heap, t, Slot::integer(1), kept);
    let s = text(&mut heap, "only a string");
    set(&mut heap, t, s, s);
    full(&mut heap);
    assert_eq!(count(t), 3);
    verify(&heap);
    check_accounting(&mut heap);
}

#[test]
fn weak_tables_that_change_while_marking() {
    for seed in 1..20 {
        let mut heap = heap();
        let mut random = Random::new(seed);
        let tables = [weak(&mut heap, "k"), weak(&mut heap, "v"), weak(&mut heap, "kv")];
        let strong = new_table(&mut heap);
        push(&mut heap, strong);
        for i in 0..3_000 {
            let t = tables[random.below(3)];
            let (k, v) = (new_table(&mut heap), new_table(&mut heap));
            set(&mut heap, t, k, v);
            set(&mut heap, t, Slot::integer(random.below(50) as i64), v);
            match random.below(4) {
                0 => set(&mut heap, strong, Slot::integer(random.below(100) as i64), k),
                1 => set(&mut heap, strong, Slot::integer(random.below(100) as i64), v),
                2 => {
                    // Something is read from a weak table while marking and made strong.
                    if let Some((_, key, value)) =
                        // SAFETY: the table is alive.
                        unsafe { table::next_at(t.as_table(), random.below(60) as u32) }
                    {
                        set(&mut heap, strong, Slot::integer(random.below(100) as i64), value);
                        set(&mut heap, strong, Slot::integer(random.below(100) as i64), key);
                    }
                }
                _ => {}
            }
            super::run(&mut heap, 500);
            if i % 100 == 0 {
                verify(&heap);
            }
        }
        full(&mut heap);
        verify(&heap);
        check_accounting(&mut heap);
    }
}

#[test]
fn finalizers_are_due_in_reverse_and_once() {
    let mut heap = heap();
    let mut objects = Vec::new();
    for i in 0..10 {
        let t = new_table(&mut heap);
        set(&mut heap, t, Slot::integer(1), Slot::integer(i));
        // SAFETY: the table is alive: nothing was collected since it was made.
        unsafe {
            heap.register_finalizer(t);
            heap.register_finalizer(t);
        }
        objects.push(t);
    }
    push(&mut heap, objects[3]);
    full(&mut heap);
    let mut order = Vec::new();
    while let Some(object) = heap.next_finalizable() {
        order.push(get(object, Slot::integer(1)).as_integer());
        if order.len() == 2 {
            // Those still due survive another collection.
            full(&mut heap);
        }
    }
    assert_eq!(order, [9, 8, 7, 6, 5, 4, 2, 1, 0]);
    full(&mut heap);
    assert!(heap.next_finalizable().is_none());
    // SAFETY: no object of the heap is used afterwards but what is due.
    unsafe { heap.separate_all() };
    assert_eq!(get(heap.next_finalizable().unwrap(), Slot::integer(1)).as_integer(), 3);
}

#[test]
fn objects_to_be_finalized_leave_weak_values_before_and_weak_keys_after() {
    let mut heap = heap();
    let (keys, values) = (weak(&mut heap, "k"), weak(&mut heap, "v"));
    let object = new_table(&mut heap);
    let friend = new_table(&mut heap);
    set(&mut heap, object, Slot::integer(1), friend);
    // SAFETY: the object is alive: nothing was collected since it was made.
    unsafe { heap.register_finalizer(object) };
    for t in [object, friend] {
        set(&mut heap, keys, t, Slot::TRUE);
        let n = count(values) as i64 + 1;
        set(&mut heap, values, Slot::integer(n), t);
    }
    full(&mut heap);
    assert_eq!((count(keys), count(values)), (2, 0));
    let due = heap.next_finalizable().unwrap();
    assert_eq!(get(due, Slot::integer(1)).payload, friend.payload);
    verify(&heap);
    full(&mut heap);
    assert_eq!(count(keys), 0);
    check_accounting(&mut heap);
}

#[test]
fn host_data_is_dropped_with_its_object_or_its_heap() {
    use std::sync::Arc;
    let data = Arc::new(());
    {
        let mut heap = heap();
        for i in 0..100 {
            let u = heap.userdata(Some(Box::new(Arc::clone(&data))));
            if i % 10 == 0 {
                push(&mut heap, Slot::userdata(u));
            }
            super::run(&mut heap, 100);
        }
        full(&mut heap);
        assert_eq!(Arc::strong_count(&data), 11);
        for _ in 0..50 {
            heap.userdata(Some(Box::new(Arc::clone(&data))));
        }
        // In the middle of a cycle.
        super::run(&mut heap, 3000);
    }
    assert_eq!(Arc::strong_count(&data), 1);
}
