//! Limits, failure, strings, linked code.

use super::*;
use crate::bytecode::prototype::{
    Constant, Function, Head, LocalDescription, Prototype, Text, UpvalueDescription,
};

#[test]
fn a_limit_stops_large_allocations_and_leaves_tables_intact() {
    let mut heap = heap_with(100_000);
    let t = new_table(&mut heap);
    push(&mut heap, t);
    let mut n = 0;
    let error = loop {
        // SAFETY: the table is on the stack.
        match unsafe { heap.set_integer(t.as_table(), n + 1, Slot::integer(n)) } {
            Ok(()) => n += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(error, table::TableError::OutOfMemory);
    assert!(heap.bytes() <= 100_000);
    assert_eq!(length(t), n);
    let mut m = 0;
    // SAFETY: the table is on the stack.
    while unsafe { heap.set(t.as_table(), Slot::float(f64::from(m) + 0.5), Slot::TRUE) }.is_ok() {
        m += 1;
    }
    for i in 0..m {
        assert_eq!(get(t, Slot::float(f64::from(i) + 0.5)).tag, tag::TRUE);
    }
    for i in 0..n {
        assert_eq!(get(t, Slot::integer(i + 1)).as_integer(), i);
    }
    assert!(heap.string(&[b'x'; 100_000]).is_err());
    assert!(heap.string_uninit(usize::MAX / 2).is_err());
    assert!(heap.table(1 << 40, 0).is_err());
    assert!(heap.table(0, 1 << 40).is_err());
    check_accounting(&mut heap);
    heap.set_limit(usize::MAX);
    // SAFETY: the table is on the stack.
    unsafe { heap.set_integer(t.as_table(), n + 1, Slot::TRUE).unwrap() };
}

#[test]
fn small_allocations_show_the_limit_at_the_safepoint() {
    let mut heap = heap_with(50_000);
    heap.set_stress(false);
    heap.stop();
    while !heap.over_limit() {
        assert!(!heap.wants_collection());
        new_table(&mut heap);
    }
    new_table(&mut heap);
    assert!(heap.wants_collection());
    step(&mut heap);
    assert!(!heap.over_limit());
}

#[test]
fn a_stopped_collector_still_steps_when_asked() {
    let mut heap = heap();
    heap.set_stress(false);
    full(&mut heap);
    heap.stop();
    for _ in 0..3_000 {
        new_table(&mut heap);
    }
    let full = heap.bytes();
    assert!(!heap.wants_collection());
    let mut steps = 1;
    // SAFETY: as for `full`.
    while !unsafe { heap.step_for(0) } {
        steps += 1;
    }
    assert!(steps > 8 && heap.bytes() < full / 2, "{steps} steps");
    assert!(!heap.is_running() && !heap.wants_collection());
    heap.restart();
    assert!(heap.is_running());
    // SAFETY: as for `full`.
    assert!(unsafe { heap.step_for(20_000) });
}

#[test]
fn what_is_said_before_every_run_does_not_put_a_cycle_off() {
    let mut heap = heap_with(10 << 20);
    for _ in 0..10_000 {
        heap.set_limit(10 << 20);
        heap.set_frugal();
        new_table(&mut heap);
        if heap.wants_collection() {
            step(&mut heap);
        }
    }
    assert!(heap.bytes() < 100_000, "{} bytes", heap.bytes());
}

#[test]
fn host_objects_do_not_outrun_the_collector() {
    let mut heap = heap();
    let owned = std::sync::Arc::new(());
    let mut most = 0;
    for _ in 0..20_000 {
        heap.userdata(Some(Box::new(std::sync::Arc::clone(&owned))));
        if heap.wants_collection() {
            step(&mut heap);
        }
        most = most.max(std::sync::Arc::strong_count(&owned));
    }
    assert!(most < 500, "{most} at once");
}

#[test]
fn short_strings_are_found_again() {
    let mut heap = heap();
    // The very first ones are not remembered.
    for text in ["one", "two", "three", "four"] {
        heap.string(text.as_bytes()).unwrap();
    }
    let a = heap.string(b"hello").unwrap();
    assert_eq!(a, heap.string(b"hello").unwrap());
    let b = heap.string_uninit(5).unwrap();
    // SAFETY: strings made here have room for their bytes, and nothing is collected meanwhile.
    unsafe {
        b.add(1).cast::<u8>().copy_from_nonoverlapping(b"hello".as_ptr(), 5);
        assert_eq!(heap.finish_string(b), a);
        let long = [b'l'; 100];
        let (x, y) = (heap.string(&long).unwrap(), heap.string(&long).unwrap());
        assert!(x != y && string::equal(x, y) && string::hash(x) == string::hash(y));
        assert!(!string::equal(x, a));
        let t = heap.table(0, 0).unwrap();
        push(&mut heap, Slot::table(t));
        heap.set_string(t, x, Slot::integer(1)).unwrap();
        assert_eq!(table::get_string(t, y).as_integer(), 1);
        // The same short bytes as another object.
        heap.set_string(t, shared::intern(b"elsewhere"), Slot::integer(2)).unwrap();
        let local = heap.string(b"elsewhere").unwrap();
        assert!(!std::ptr::eq(local, shared::intern(b"elsewhere")));
        assert_eq!(table::get_string(t, local).as_integer(), 2);
        heap.set_string(t, local, Slot::integer(3)).unwrap();
        assert_eq!(table::get_string(t, shared::intern(b"elsewhere")).as_integer(), 3);
    }
    for i in 0..100_000 {
        heap.string(format!("filler {i}").as_bytes()).unwrap();
        if heap.wants_collection() {
            step(&mut heap);
        }
    }
    assert!(heap.bytes() < 500_000);
    verify(&heap);
    check_accounting(&mut heap);
}

/// Functions that nest `depth` deep, each with constants of its own and ones that it shares.
fn prototype(strings: usize, depth: usize) -> Prototype {
    let mut prototype = Prototype::default();
    prototype.source.extend_from_slice(b"=test");
    let name = |prototype: &mut Prototype, i: usize| prototype.names.push(format!("v{i}").as_bytes());
    let mut inner = Vec::new();
    for level in 0..=depth {
        let text = |i: usize| format!("constant {} {}", i * (1 + level % 2), "*".repeat(i * 7));
        let mut constants = vec![Constant::Integer(4), Constant::Nil, Constant::Boolean(true)];
        for text in (0..strings).map(text) {
            let known = prototype.strings.iter().position(|known| known == text.as_bytes());
            let known = known.map(|number| Text(number as u32));
            constants
                .push(Constant::String(known.unwrap_or_else(|| prototype.strings.push(text.as_bytes()))));
        }
        let upvalue = UpvalueDescription { name: name(&mut prototype, 2 * level), in_stack: true, index: 0 };
        let local = LocalDescription { name: name(&mut prototype, 2 * level + 1), start_pc: 0, end_pc: 1 };
        let head = Head { is_vararg: true, registers: 2, line_defined: level as u32, ..Head::default() };
        let number = prototype.push(Function {
            constants: &constants,
            functions: &inner,
            upvalues: &[upvalue],
            locals: &[local],
            head,
            ..Function::default()
        });
        inner = vec![number];
    }
    prototype
}

#[test]
fn linked_code_lives_as_long_as_a_closure_of_it() {
    let before = pool::outstanding::bytes();
    {
        let mut heap = heap();
        full(&mut heap);
        let base = heap.bytes();
        let original = prototype(9, 3);
        let code = heap.link(&original).unwrap();
        // A closure of a nested function keeps the whole.
        // SAFETY: nothing was collected since it was linked.
        let nested = unsafe { *(*code).children.last().unwrap() };
        let closure = heap.closure(nested, 0);
        push(&mut heap, Slot::closure(closure));
        for _ in 0..3 {
            full(&mut heap);
            for i in 0..1000 {
                text(&mut heap, &format!("noise {i}"));
            }
            // SAFETY: a closure of it is on the stack.
            assert_eq!(unsafe { (*code).to_prototype() }, original);
        }
        check_accounting(&mut heap);
        pop(&mut heap);
        full(&mut heap);
        assert!(heap.bytes() < base + 1_000 + heap.strings.bytes());
        for _ in 0..100 {
            let code = heap.link(&original).unwrap();
            let closure = heap.closure(code, 0);
            push(&mut heap, Slot::closure(closure));
            // SAFETY: the closure on the stack keeps the code until it is popped.
            unsafe {
                super::run(&mut heap, 2_000);
                assert_eq!((*code).to_prototype(), original);
                (*heap.roots.current).top = (*heap.roots.current).top.sub(1);
            }
        }
        heap.link(&original).unwrap();
    }
    assert_eq!(pool::outstanding::bytes(), before);
}

#[test]
fn the_cache_of_strings_gets_smaller_when_few_of_them_are_left() {
    let mut heap = heap_with(usize::MAX >> 1);
    let t = new_table(&mut heap);
    push(&mut heap, t);
    for n in 0..40_000 {
        let name = text(&mut heap, &format!("name {n}"));
        // SAFETY: the table is on the stack, the string new.
        unsafe { heap.set_integer(t.as_table(), n + 1, name) }.unwrap();
    }
    let large = heap.strings.bytes();
    assert!(large >= 16 << 10, "{large}");
    pop(&mut heap);
    for _ in 0..8 {
        full(&mut heap);
        check_accounting(&mut heap);
    }
    assert!(heap.strings.bytes() < 16 << 10, "{} of {large}", heap.strings.bytes());
}
