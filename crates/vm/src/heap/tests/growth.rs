//! Tables that grow in pieces, with all that may come between two pieces.

use std::collections::HashMap;

use super::table::TableError;
use super::*;

/// Keys that go to either part, in an order that makes both grow and shrink.
fn key(random: &mut Random, spread: usize) -> i64 {
    match random.below(4) {
        0 => -(random.below(spread) as i64),
        1 => (random.below(spread) * 1000) as i64,
        _ => 1 + random.below(spread) as i64,
    }
}

struct Rig {
    heap: Heap,
    table: *mut Table,
    model: HashMap<i64, i64>,
    random: Random,
    /// Writes that had to wait.
    waited: usize,
}

impl Rig {
    fn check(&mut self) {
        // SAFETY: the table is on the stack of the main coroutine.
        unsafe {
            for (&key, &value) in &self.model {
                let found = table::get(self.table, Slot::integer(key));
                assert!(found.tag == tag::INTEGER && found.as_integer() == value, "key {key}");
            }
            let (mut count, mut last) = (0, Slot::NIL);
            while let Some((key, _)) = table::next(self.table, last).unwrap() {
                (count, last) = (count + 1, key);
            }
            assert_eq!(count, self.model.len());
        }
    }

    /// A write that takes as long as it takes.
    fn write(&mut self, key: i64, value: i64) {
        // SAFETY: as above.
        unsafe { self.heap.set(self.table, Slot::integer(key), Slot::integer(value)).unwrap() };
        self.model.insert(key, value);
    }

    /// A write that lets the table grow first; anything may happen meanwhile.
    fn write_patiently(&mut self, key: i64, value: i64, disturbed: bool) {
        loop {
            self.heap.set_patient(true);
            // SAFETY: as above.
            let result = unsafe { self.heap.set(self.table, Slot::integer(key), Slot::integer(value)) };
            self.heap.set_patient(false);
            if result.is_ok() {
                break;
            }
            assert_eq!(result, Err(TableError::Growing));
            self.waited += 1;
            loop {
                let before = self.heap.is_growing();
                let (_, done) = self.heap.grow(1).unwrap();
                assert!(before || done);
                if done {
                    break;
                }
                match self.random.below(200) {
                    0 if disturbed => step(&mut self.heap),
                    1 if disturbed => full(&mut self.heap),
                    2 if disturbed => {
                        let (key, value) = (self.random.below(50) as i64, self.random.bits() as i64);
                        self.write(key, value);
                    }
                    _ => {}
                }
            }
        }
        self.model.insert(key, value);
    }

    fn remove(&mut self, key: i64) {
        // SAFETY: as above.
        unsafe { self.heap.set(self.table, Slot::integer(key), Slot::NIL).unwrap() };
        self.model.remove(&key);
    }
}

#[test]
fn growth_in_pieces_keeps_every_entry() {
    for seed in 1..20 {
        let mut heap = heap();
        let t = new_table(&mut heap);
        push(&mut heap, t);
        let random = Random::new(seed * 7919);
        let mut rig = Rig { heap, table: t.as_table(), model: HashMap::new(), random, waited: 0 };
        for round in 0..6 {
            let spread = [30, 500, 3000][round % 3];
            for _ in 0..700 {
                let key = key(&mut rig.random, spread);
                let value = rig.random.bits() as i64;
                if round % 2 == 1 && rig.random.below(3) == 0 {
                    rig.remove(key);
                } else {
                    rig.write_patiently(key, value, seed % 2 == 0);
                }
            }
            rig.check();
            step(&mut rig.heap);
        }
        assert!(rig.waited > 5, "seed {seed}");
        check_accounting(&mut rig.heap);
    }
}

#[test]
fn items_written_backwards_move_into_the_array_part_in_pieces() {
    let mut heap = heap();
    let t = new_table(&mut heap);
    push(&mut heap, t);
    let mut rig = Rig { heap, table: t.as_table(), model: HashMap::new(), random: Random::new(1), waited: 0 };
    for i in (1..=5000).rev() {
        rig.write_patiently(i, -i, false);
    }
    rig.check();
    // SAFETY: the table is on the stack of the main coroutine.
    assert!(unsafe { (*rig.table).capacity } >= 4096);
    check_accounting(&mut rig.heap);
}

#[test]
fn a_heap_that_ends_during_a_growth_leaves_nothing() {
    let before = pool::outstanding::bytes();
    {
        let mut heap = heap();
        let t = new_table(&mut heap);
        push(&mut heap, t);
        heap.set_patient(true);
        let mut i = 0.5;
        // SAFETY: the table is on the stack of the main coroutine.
        while unsafe { heap.set(t.as_table(), Slot::float(i), Slot::TRUE) }.is_ok() {
            i += 1.0;
        }
        let (_, done) = heap.grow(20).unwrap();
        assert!(!done);
    }
    assert_eq!(pool::outstanding::bytes(), before);
}
