//! Random object graphs, changed while the collector works, against a model of what is reachable.

use super::*;
use crate::bytecode::prototype::{Function, Head, Prototype};
use crate::heap::program::Program;

struct Object {
    slot: Slot,
    children: Vec<Option<usize>>,
}

struct World {
    heap: Heap,
    objects: Vec<Object>,
    /// Indices of the objects on the stack.
    stack: Vec<usize>,
    random: Random,
    fields: Vec<Slot>,
}

impl World {
    fn new(seed: u64) -> World {
        let mut heap = heap();
        let fields = (0..6).map(|i| Slot::string(shared::intern(format!("field{i}").as_bytes()))).collect();
        push(&mut heap, Slot::NIL);
        World { heap, objects: Vec::new(), stack: Vec::new(), random: Random::new(seed), fields }
    }

    /// Where child `i` of an object is kept.
    fn key(&self, i: usize) -> Slot {
        if i < self.fields.len() { self.fields[i] } else { Slot::integer((i - self.fields.len()) as i64 + 1) }
    }

    fn create(&mut self) -> usize {
        let slot = match self.random.below(5) {
            0 => Slot::userdata(self.heap.userdata(None)),
            _ => new_table(&mut self.heap),
        };
        let id = self.objects.len();
        self.objects.push(Object { slot, children: Vec::new() });
        if slot.tag == tag::TABLE {
            let s = text(&mut self.heap, &format!("object {id}"));
            set(&mut self.heap, slot, Slot::FALSE, Slot::integer(id as i64));
            set(&mut self.heap, slot, Slot::TRUE, s);
        }
        push(&mut self.heap, slot);
        self.stack.push(id);
        id
    }

    /// A reachable object.
    fn pick(&mut self) -> Option<usize> {
        if self.stack.is_empty() {
            return None;
        }
        let mut at = self.stack[self.random.below(self.stack.len())];
        for _ in 0..self.random.below(12) {
            let children = &self.objects[at].children;
            if children.is_empty() {
                break;
            }
            if let Some(next) = children[self.random.bits() as usize % children.len()] {
                at = next;
            }
        }
        Some(at)
    }

    fn link(&mut self, from: usize, place: usize, to: Option<usize>) {
        let value = to.map_or(Slot::NIL, |to| self.objects[to].slot);
        let holder = self.objects[from].slot;
        let place = if holder.tag == tag::USERDATA { 0 } else { place };
        if holder.tag == tag::USERDATA {
            // SAFETY: the holder is alive; the barrier follows.
            unsafe { (*holder.as_userdata()).user_value = value };
            self.heap.barrier(value);
        } else {
            let key = self.key(place);
            set(&mut self.heap, holder, key, value);
        }
        let children = &mut self.objects[from].children;
        if children.len() <= place {
            children.resize(place + 1, None);
        }
        children[place] = to;
    }

    fn act(&mut self) {
        match self.random.below(12) {
            0..=3 => {
                let fresh = self.create();
                if let Some(holder) = self.pick() {
                    let place = self.random.below(100);
                    self.link(holder, place, Some(fresh));
                }
                if self.random.below(4) != 0 {
                    self.pop();
                }
            }
            4..=6 => {
                if let (Some(a), Some(b)) = (self.pick(), self.pick()) {
                    let place = self.random.below(30);
                    self.link(a, place, Some(b));
                }
            }
            7..=8 => {
                if let Some(a) = self.pick() {
                    let place = self.random.below(30);
                    self.link(a, place, None);
                }
            }
            9 => {
                // Only the stack holds it for a while.
                if let Some(a) = self.pick() {
                    push(&mut self.heap, self.objects[a].slot);
                    self.stack.push(a);
                }
            }
            10 => {
                if self.stack.len() > 20 {
                    for _ in 0..15 {
                        self.pop();
                    }
                }
            }
            _ => {
                if let Some(a) = self.pick() {
                    self.shift(a);
                }
            }
        }
    }

    /// Moves the array items of an object by one, as `table.insert` does.
    fn shift(&mut self, id: usize) {
        let slot = self.objects[id].slot;
        if slot.tag != tag::TABLE {
            return;
        }
        // SAFETY: the table is alive and has `len` initialised slots.
        unsafe {
            let t = slot.as_table();
            let len = (*t).len as usize;
            if len < 2 {
                return;
            }
            let first = self.fields.len();
            let children = &mut self.objects[id].children;
            children.resize(children.len().max(first + len), None);
            let items = &mut children[first..first + len];
            let slots = std::slice::from_raw_parts_mut((*t).array, len);
            if self.random.below(2) == 0 {
                slots.copy_within(1.., 0);
                slots[len - 1] = slots[0];
                self.heap.moved(t, 1, 0, len - 1);
                self.heap.barrier(slots[0]);
                items.copy_within(1.., 0);
                items[len - 1] = items[0];
            } else {
                slots.reverse();
                self.heap.rearranged(t);
                items.reverse();
            }
        }
    }

    fn pop(&mut self) {
        if self.stack.pop().is_some() {
            pop(&mut self.heap);
        }
    }

    fn reachable(&self) -> Vec<usize> {
        let mut seen = vec![false; self.objects.len()];
        let mut pending = self.stack.clone();
        let mut all = Vec::new();
        while let Some(id) = pending.pop() {
            if !std::mem::replace(&mut seen[id], true) {
                all.push(id);
                pending.extend(self.objects[id].children.iter().flatten());
            }
        }
        all
    }

    /// Every reachable object is what the model says it is.
    fn compare(&self) {
        for id in self.reachable() {
            let object = &self.objects[id];
            if object.slot.tag == tag::TABLE {
                let found = get(object.slot, Slot::FALSE);
                assert_eq!((found.tag, found.as_integer()), (tag::INTEGER, id as i64));
                let name = get(object.slot, Slot::TRUE);
                assert_eq!(name.tag, tag::STRING);
                // SAFETY: the string is held by a live object.
                assert_eq!(unsafe { string::bytes(name.as_string()) }, format!("object {id}").as_bytes());
                for (place, child) in object.children.iter().enumerate() {
                    let found = get(object.slot, self.key(place));
                    match child {
                        Some(child) => assert_eq!(found.payload, self.objects[*child].slot.payload),
                        None => assert!(found.is_nil()),
                    }
                }
            }
        }
    }
}

fn run(seed: u64, actions: usize, work: isize) {
    let mut world = World::new(seed);
    for i in 0..actions {
        world.act();
        match work {
            0 if world.heap.wants_collection() => {
                step(&mut world.heap);
            }
            0 => {}
            _ => {
                super::run(&mut world.heap, work);
            }
        }
        if i % 400 == 0 {
            world.compare();
            verify(&world.heap);
        }
    }
    world.compare();
    verify(&world.heap);
    check_accounting(&mut world.heap);
    world.compare();
    while !world.stack.is_empty() {
        world.pop();
    }
    check_accounting(&mut world.heap);
    assert!(world.heap.bytes() < 80_000, "seed {seed}: {}", world.heap.bytes());
}

#[test]
fn a_changing_graph_survives_small_steps() {
    for seed in 1..25 {
        run(seed, 4_000, [40, 200, 1000, 5000][seed as usize % 4]);
    }
}

#[test]
fn a_changing_graph_survives_steps_by_debt() {
    for seed in 100..106 {
        run(seed, 30_000, 0);
    }
}

#[test]
fn large_tables_are_traced_in_slices_while_they_change() {
    for seed in 1..12 {
        let mut heap = heap();
        let mut random = Random::new(seed);
        let array = new_table(&mut heap);
        let hash = new_table(&mut heap);
        push(&mut heap, array);
        push(&mut heap, hash);
        for count in 0..6_000_i64 {
            let fresh = new_table(&mut heap);
            set(&mut heap, fresh, Slot::integer(1), Slot::integer(count));
            match random.below(4) {
                0 | 1 => {
                    let n = length(array);
                    set(&mut heap, array, Slot::integer(n + 1), fresh);
                }
                2 => {
                    // From the end of one table to the beginning of another, past the cursor.
                    // SAFETY: both tables are on the stack; the index is below the length.
                    unsafe {
                        let t = array.as_table();
                        let n = (*t).len as usize;
                        if n > 0 {
                            let last = *(*t).array.add(n - 1);
                            set(&mut heap, array, Slot::integer(n as i64), Slot::NIL);
                            set(&mut heap, hash, last, Slot::integer(count));
                            set(&mut heap, hash, Slot::integer(-count), last);
                        }
                    }
                }
                _ => set(&mut heap, hash, Slot::integer(count * 1_000_003), fresh),
            }
            super::run(&mut heap, 700);
        }
        verify(&heap);
        full(&mut heap);
        verify(&heap);
        check_accounting(&mut heap);
    }
}

#[test]
fn coroutines_and_their_upvalues() {
    for seed in 1..20 {
        let mut heap = heap();
        let mut random = Random::new(seed);
        let main = heap.roots.main;
        let keep = new_table(&mut heap);
        push(&mut heap, keep);
        let mut coroutines: Vec<*mut Coroutine> = Vec::new();
        let list = new_table(&mut heap);
        push(&mut heap, list);
        for i in 0..3_000_i64 {
            // SAFETY: coroutines are held by the list until they are dropped from both.
            unsafe {
                match random.below(8) {
                    0 => {
                        let co = heap.coroutine().unwrap();
                        coroutines.push(co);
                        set(&mut heap, list, Slot::integer(coroutines.len() as i64), Slot::coroutine(co));
                    }
                    1 if !coroutines.is_empty() => {
                        // Forget one; upvalues may outlive it.
                        let n = random.below(coroutines.len());
                        coroutines.swap_remove(n);
                        for (k, co) in coroutines.iter().enumerate() {
                            set(&mut heap, list, Slot::integer(k as i64 + 1), Slot::coroutine(*co));
                        }
                        set(&mut heap, list, Slot::integer(coroutines.len() as i64 + 1), Slot::NIL);
                    }
                    2..=5 if !coroutines.is_empty() => {
                        // Run one: stores into its stack pass no barrier.
                        let co = coroutines[random.below(coroutines.len())];
                        heap.touched(co);
                        heap.roots.current = co;
                        (*co).resumer = main;
                        let value = new_table(&mut heap);
                        set(&mut heap, value, Slot::integer(1), Slot::integer(i));
                        push(&mut heap, value);
                        let slot = (*co).top.sub(1);
                        if random.below(2) == 0 {
                            let upvalue = heap.open_upvalue(co, slot);
                            let place = Slot::integer(random.below(40) as i64);
                            let closure = heap.closure(EMPTY_CODE.get(), 1);
                            *Closure::upvalues(closure) = upvalue;
                            set(&mut heap, keep, place, Slot::closure(closure));
                        }
                        if random.below(3) == 0 && (*co).top.offset_from((*co).stack) > 4 {
                            let from = (*co).top.sub(2);
                            heap.close_upvalues(co, from);
                            (*co).top = from;
                        }
                        super::run(&mut heap, 300);
                        heap.touched(main);
                        (*co).resumer = null_mut();
                        heap.roots.current = main;
                    }
                    _ => {
                        // Change a captured variable through its closure.
                        let closure = get(keep, Slot::integer(random.below(40) as i64));
                        if closure.tag == tag::CLOSURE {
                            let upvalue = *Closure::upvalues(closure.as_closure());
                            let value = new_table(&mut heap);
                            slot::copy((*upvalue).value, &value);
                            heap.barrier(value);
                        }
                    }
                }
                super::run(&mut heap, 150);
                if i % 100 == 0 {
                    verify(&heap);
                }
            }
        }
        verify(&heap);
        check_accounting(&mut heap);
        verify(&heap);
    }
}

struct EmptyCode(std::sync::OnceLock<usize>);

impl EmptyCode {
    fn get(&self) -> *const Code {
        *self.0.get_or_init(|| {
            let mut prototype = Prototype::default();
            prototype
                .push(Function { head: Head { registers: 2, ..Head::default() }, ..Function::default() });
            Box::leak(Box::new(Program::new(&prototype))).main() as *const Code as usize
        }) as *const Code
    }
}

static EMPTY_CODE: EmptyCode = EmptyCode(std::sync::OnceLock::new());

#[test]
fn a_deep_stack_shrinks_when_it_is_left() {
    let mut heap = heap();
    let co = heap.coroutine().unwrap();
    push(&mut heap, Slot::coroutine(co));
    // SAFETY: the coroutine is on the stack; frames and stack have room after they were grown.
    unsafe {
        heap.grow_stack(co, 100_000).unwrap();
        for _ in 0..1000 {
            while (*co).frame.add(1) >= (*co).frames_end {
                heap.grow_frames(co).unwrap();
            }
            let next = (*co).frame.add(1);
            next.copy_from_nonoverlapping((*co).frame, 1);
            (*next).base = (*co).top;
            *(*co).top = Slot::TRUE;
            (*co).top = (*co).top.add(1);
            (*co).frame = next;
        }
        let upvalue = heap.open_upvalue(co, (*co).stack.add(5));
        heap.full();
        assert!((*co).slots() >= 1000);
        (*co).frame = (*co).frames.add(3);
        (*co).top = (*co).stack.add(9);
        heap.full();
        assert!(
            (*co).slots() < 200 && heap.bytes() < 10_000,
            "{} slots, {} bytes",
            (*co).slots(),
            heap.bytes()
        );
        assert_eq!((*upvalue).value, (*co).stack.add(5));
        assert_eq!((*(*upvalue).value).tag, tag::TRUE);
        assert_eq!((*(*co).frame).base, (*co).stack.add(3));
    }
}
