//! Tables against a model.

use std::collections::HashMap;

use super::*;

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Key {
    Integer(i64),
    Float(u64),
    Boolean(bool),
    Text(u32),
    Object(usize),
}

struct Rig {
    heap: Heap,
    table: Slot,
    objects: Vec<Slot>,
    model: HashMap<Key, i64>,
    random: Random,
    seed: u64,
}

impl Rig {
    fn new(seed: u64) -> Rig {
        let mut heap = heap();
        let table = new_table(&mut heap);
        push(&mut heap, table);
        let mut objects = Vec::new();
        for _ in 0..20 {
            let object = new_table(&mut heap);
            push(&mut heap, object);
            objects.push(object);
        }
        Rig { heap, table, objects, model: HashMap::new(), random: Random::new(seed), seed }
    }

    fn key(&mut self, spread: usize) -> Key {
        match self.random.below(10) {
            0..=4 => Key::Integer(self.random.below(spread) as i64 + 1),
            5 => Key::Integer(self.random.bits() as i64),
            6 => Key::Float((self.random.below(spread) as f64 + 0.5).to_bits()),
            7 => Key::Boolean(self.random.below(2) == 0),
            8 => Key::Text(self.random.below(spread) as u32),
            _ => Key::Object(self.random.below(self.objects.len())),
        }
    }

    fn slot(&mut self, key: Key) -> Slot {
        match key {
            // Now and then as a float: they are the same key.
            Key::Integer(i) if i.unsigned_abs() < 1 << 50 && self.random.below(8) == 0 => {
                Slot::float(i as f64)
            }
            Key::Integer(i) => Slot::integer(i),
            Key::Float(bits) => Slot::float(f64::from_bits(bits)),
            Key::Boolean(b) => Slot { payload: self.random.bits(), ..Slot::boolean(b) },
            Key::Text(n) => {
                // A fresh object each time, short and long ones.
                let text = if n % 3 == 0 { format!("{n}{}", "-".repeat(60)) } else { format!("k{n}") };
                let s = self.heap.string_uninit(text.len()).unwrap();
                // SAFETY: the string has room for the text, and nothing refers to it yet.
                unsafe {
                    s.add(1).cast::<u8>().copy_from_nonoverlapping(text.as_ptr(), text.len());
                    if self.random.below(2) == 0 {
                        Slot::string(self.heap.finish_string(s))
                    } else {
                        text_slot(&mut self.heap, &text)
                    }
                }
            }
            Key::Object(n) => self.objects[n],
        }
    }

    fn key_of(&self, slot: Slot) -> Key {
        match slot.tag {
            tag::INTEGER => Key::Integer(slot.as_integer()),
            tag::FLOAT => Key::Float(slot.payload),
            tag::TRUE => Key::Boolean(true),
            tag::FALSE => Key::Boolean(false),
            tag::STRING => {
                // SAFETY: the string is a key of a live table.
                let bytes = unsafe { string::bytes(slot.as_string()) };
                let text = std::str::from_utf8(bytes).unwrap().trim_end_matches('-').trim_start_matches('k');
                Key::Text(text.parse().unwrap())
            }
            tag::TABLE => Key::Object(self.objects.iter().position(|o| o.payload == slot.payload).unwrap()),
            other => panic!("a key with tag {other}"),
        }
    }

    fn write(&mut self, key: Key, value: Option<i64>) {
        let slot = self.slot(key);
        let value_slot = value.map_or(Slot::NIL, Slot::integer);
        set(&mut self.heap, self.table, slot, value_slot);
        match value {
            Some(value) => self.model.insert(key, value),
            None => self.model.remove(&key),
        };
    }

    fn compare(&mut self) {
        let seed = self.seed;
        for (key, value) in self.model.clone() {
            let slot = self.slot(key);
            let found = get(self.table, slot);
            assert_eq!((found.tag, found.as_integer()), (tag::INTEGER, value), "key {key:?}, seed {seed}");
        }
        let mut seen = HashMap::new();
        let mut key = Slot::NIL;
        while let Some((k, v)) = next(self.table, key).unwrap() {
            assert!(
                seen.insert(self.key_of(k), v.as_integer()).is_none(),
                "twice {:?}, seed {seed}",
                self.key_of(k)
            );
            key = k;
        }
        assert_eq!(seen, self.model, "seed {seed}");
        let n = length(self.table);
        let has = |i: i64| self.model.contains_key(&Key::Integer(i));
        assert!((n == 0 || has(n)) && !has(n + 1), "{n} is no border, seed {seed}");
    }
}

fn text_slot(heap: &mut Heap, s: &str) -> Slot {
    text(heap, s)
}

#[test]
fn random_writes_agree_with_a_model() {
    for seed in 1..40 {
        let mut rig = Rig::new(seed);
        let spread = [4, 20, 100, 600][seed as usize % 4];
        for round in 0..60 {
            // Growing and shrinking times alternate.
            let removing = if round % 8 < 5 { 2 } else { 8 };
            for _ in 0..50 {
                let key = rig.key(spread);
                let value =
                    if rig.random.below(10) < removing { None } else { Some(rig.random.bits() as i64) };
                rig.write(key, value);
            }
            rig.compare();
            if round % 3 == 0 {
                step(&mut rig.heap);
                rig.compare();
            }
        }
        full(&mut rig.heap);
        rig.compare();
        verify(&rig.heap);
        check_accounting(&mut rig.heap);
    }
}

#[test]
fn entries_may_be_removed_while_traversing_with_collections_in_between() {
    for seed in 1..30 {
        let mut rig = Rig::new(seed);
        for _ in 0..300 {
            let key = rig.key(100);
            rig.write(key, Some(1));
        }
        // Keys that die as soon as they are removed.
        for i in 0..50 {
            let object = new_table(&mut rig.heap);
            set(&mut rig.heap, rig.table, object, Slot::integer(i));
        }
        let expected = rig.model.len() + 50;
        let mut count = 0;
        let mut key = Slot::NIL;
        push(&mut rig.heap, Slot::NIL);
        while let Some((k, _)) = next(rig.table, key).unwrap() {
            count += 1;
            set(&mut rig.heap, rig.table, k, Slot::NIL);
            // SAFETY: a value was pushed before.
            let control = unsafe { (*rig.heap.roots.current).top.sub(1) };
            // The control variable of a loop keeps the key; sometimes nothing keeps the object.
            // SAFETY: the stack has not grown since.
            unsafe { *control = if count % 3 == 0 && k.tag == tag::TABLE { Slot::NIL } else { k } };
            if count % 5 == 0 {
                full(&mut rig.heap);
            } else {
                step(&mut rig.heap);
            }
            key = k;
        }
        assert_eq!(count, expected, "seed {seed}");
        assert!(next(rig.table, Slot::NIL).unwrap().is_none());
    }
}

#[test]
fn a_queue_does_not_grow() {
    let mut heap = heap();
    let q = new_table(&mut heap);
    push(&mut heap, q);
    for i in 1..200_000_i64 {
        set(&mut heap, q, Slot::integer(i), Slot::TRUE);
        if i > 10 {
            set(&mut heap, q, Slot::integer(i - 10), Slot::NIL);
        }
        // SAFETY: the table is on the stack.
        let t = unsafe { &*q.as_table() };
        assert!((t.capacity as usize) < 100 && t.node_count() < 100);
    }
}

#[test]
fn appended_items_are_in_the_array_part() {
    let mut heap = heap();
    let t = new_table(&mut heap);
    push(&mut heap, t);
    for i in 1..=10_000 {
        // SAFETY: the table was made just now and nothing is collected.
        unsafe {
            let raw = t.as_table();
            heap.set_integer(raw, i, Slot::integer(i)).unwrap();
            assert_eq!(((*raw).len, (*raw).has_no_nodes()), (i as u32, true));
            assert_eq!(table::length(raw), i);
        }
    }
    for i in (1..=10_000).rev() {
        assert_eq!(length(t), i);
        set(&mut heap, t, Slot::integer(i), Slot::NIL);
    }
    assert_eq!(length(t), 0);
}

#[test]
fn keys_written_backwards_end_in_the_array_part() {
    let mut heap = heap();
    let t = new_table(&mut heap);
    push(&mut heap, t);
    for i in (1..=100).rev() {
        set(&mut heap, t, Slot::integer(i), Slot::integer(i));
    }
    // SAFETY: the table is alive: nothing is collected here.
    unsafe {
        assert_eq!(table::length(t.as_table()), 100);
        assert!((*t.as_table()).capacity >= 64);
    }
    check_accounting(&mut heap);
}

#[test]
fn length_of_constructors_with_holes_is_as_in_the_reference_implementation() {
    let list = |items: &[bool]| {
        let mut heap = heap();
        let t = heap.table(items.len(), 0).unwrap();
        for (i, &present) in items.iter().enumerate() {
            let value = if present { Slot::TRUE } else { Slot::NIL };
            // SAFETY: the table is alive: nothing is collected here.
            unsafe { heap.set_integer(t, i as i64 + 1, value).unwrap() };
        }
        // SAFETY: the table is alive: nothing is collected here.
        unsafe { table::length(t) }
    };
    assert_eq!(list(&[true, true, false, true]), 4);
    assert_eq!(list(&[false, false, true]), 3);
    assert_eq!(list(&[true, false, false]), 1);
    assert_eq!(list(&[false]), 0);
    assert_eq!(list(&[]), 0);
}

#[test]
fn keys_that_cannot_be() {
    let mut heap = heap();
    let t = heap.table(0, 0).unwrap();
    // SAFETY: the table is alive: nothing is collected here.
    unsafe {
        assert_eq!(heap.set(t, Slot::NIL, Slot::TRUE), Err(table::TableError::NilKey));
        assert_eq!(heap.set(t, Slot::float(f64::NAN), Slot::TRUE), Err(table::TableError::NanKey));
        assert!(table::get(t, Slot::float(f64::NAN)).is_nil());
        assert!(table::get(t, Slot::NIL).is_nil());
        assert!(table::next(t, Slot::integer(3)).is_err());
        assert!(table::next(t, Slot::TRUE).is_err());
        heap.set(t, Slot::float(-0.0), Slot::TRUE).unwrap();
        assert_eq!(table::get(t, Slot::integer(0)).tag, tag::TRUE);
        heap.set(t, Slot::float(2f64.powi(63)), Slot::FALSE).unwrap();
        assert_eq!(table::get(t, Slot::float(2f64.powi(63))).tag, tag::FALSE);
        assert!(table::get(t, Slot::integer(i64::MAX)).is_nil());
        heap.set(t, Slot::float(-(2f64.powi(63))), Slot::FALSE).unwrap();
        assert_eq!(table::get(t, Slot::integer(i64::MIN)).tag, tag::FALSE);
    }
}

#[test]
fn misleading_keys_do_not_mislead_length() {
    let mut heap = heap();
    let t = heap.table(0, 0).unwrap();
    // SAFETY: the table is alive: nothing is collected here.
    unsafe {
        for log in 0..63 {
            heap.set_integer(t, 1 << log, Slot::TRUE).unwrap();
        }
        let n = table::length(t);
        assert!(!table::get_integer(t, n).is_nil() && table::get_integer(t, n + 1).is_nil());
    }
}
