//! A hierarchical timer wheel: adding and cancelling cost the same for ten timers and for a million.
//!
//! Pure: time is a number that the caller hands in. Seven levels of 64 slots; a slot of level 0 spans [`TICK_BITS`]
//! bits of nanoseconds (0.26 ms), one of level n 64 times as much as one of level n - 1. Within the slot of the current tick
//! deadlines are compared exactly, so nothing ever fires early, and a virtual clock can stand on a deadline.
//! Invariant: an entry stands in the lowest level in which its deadline and the wheel's time differ in that level's
//! digit only, so that the next entry to fire is in the first occupied slot of the lowest occupied level.

use crate::pid::Pid;

/// Nanoseconds of a level-0 slot, as a power of two.
const TICK_BITS: u32 = 18;
const LEVEL_BITS: u32 = 6;
const SLOTS: usize = 1 << LEVEL_BITS;
const LEVELS: usize = 7;
/// The end of time: 36 years. Later deadlines fire then.
const LATEST: u64 = (1 << (TICK_BITS + LEVEL_BITS * LEVELS as u32)) - 1;
/// Entries whose memory is kept when all timers are gone, chosen: 3 MB.
const KEPT: usize = 1 << 16;
const NONE: u32 = u32::MAX;

/// Where an entry stands, and which use of that place it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Key {
    pub(crate) place: u32,
    pub(crate) generation: u32,
}

#[derive(Clone, Copy)]
struct Entry {
    deadline: u64,
    pid: Pid,
    order: u64,
    next: u32,
    previous: u32,
    generation: u32,
    /// `level * SLOTS + slot`, or [`FREE`].
    slot: u16,
}

const FREE: u16 = u16::MAX;

/// A timer that ran out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Fired {
    pub(crate) pid: Pid,
    pub(crate) key: Key,
    pub(crate) deadline: u64,
    order: u64,
}

/// See the module documentation.
pub(crate) struct Wheel {
    entries: Vec<Entry>,
    free: u32,
    heads: Box<[u32; LEVELS * SLOTS]>,
    occupied: [u64; LEVELS],
    /// Ticks up to which everything has fired.
    tick: u64,
    order: u64,
    len: usize,
    /// Of places that were never used.
    first_generation: u32,
}

impl Wheel {
    pub(crate) fn new() -> Wheel {
        Wheel {
            entries: Vec::new(),
            free: NONE,
            heads: Box::new([NONE; LEVELS * SLOTS]),
            occupied: [0; LEVELS],
            tick: 0,
            order: 0,
            len: 0,
            first_generation: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Adds a timer; `None` if 2^28 are running already.
    pub(crate) fn insert(&mut self, deadline: u64, pid: Pid) -> Option<Key> {
        let place = match self.free {
            NONE if self.entries.len() >= 1 << 28 => return None,
            NONE => {
                let (slot, generation) = (FREE, self.first_generation);
                self.entries.push(Entry {
                    deadline,
                    pid,
                    order: 0,
                    next: NONE,
                    previous: NONE,
                    generation,
                    slot,
                });
                (self.entries.len() - 1) as u32
            }
            place => {
                self.free = self.entries[place as usize].next;
                place
            }
        };
        self.order += 1;
        let order = self.order;
        let entry = &mut self.entries[place as usize];
        (entry.deadline, entry.pid, entry.order) = (deadline.min(LATEST), pid, order);
        let generation = entry.generation;
        self.hang(place);
        self.len += 1;
        Some(Key { place, generation })
    }

    /// Takes a timer out; whether it was still running.
    pub(crate) fn cancel(&mut self, key: Key) -> bool {
        match self.entries.get(key.place as usize) {
            Some(entry) if entry.generation == key.generation && entry.slot != FREE => {
                self.unhang(key.place);
                self.release(key.place);
                true
            }
            _ => false,
        }
    }

    /// A time before which [`Wheel::advance`] has nothing to do, and at which it makes progress: the earliest deadline
    /// if it is near, the beginning of the stretch that holds it otherwise.
    pub(crate) fn next_event(&self) -> Option<u64> {
        let level = (0..LEVELS).find(|&level| self.occupied[level] != 0)?;
        let slot = self.first_slot(level);
        if level > 0 {
            return Some(self.begin(level, slot) << TICK_BITS);
        }
        let mut earliest = u64::MAX;
        let mut at = self.heads[slot];
        while at != NONE {
            let entry = &self.entries[at as usize];
            earliest = earliest.min(entry.deadline);
            at = entry.next;
        }
        Some(earliest)
    }

    /// Lets time pass up to `now`: everything due goes to `fired`, in the order of deadlines, then of insertion.
    pub(crate) fn advance(&mut self, now: u64, fired: &mut Vec<Fired>) {
        let start = fired.len();
        let target = now.min(LATEST) >> TICK_BITS;
        while let Some(level) = (0..LEVELS).find(|&level| self.occupied[level] != 0) {
            let slot = self.first_slot(level);
            let begin = self.begin(level, slot);
            if begin > target {
                // Between here and the first entry no digit changes under which an entry was filed.
                self.tick = self.tick.max(target);
                break;
            }
            self.tick = self.tick.max(begin);
            if level > 0 {
                self.cascade(level, slot);
                continue;
            }
            self.fire(slot, now, fired);
            if self.occupied[0] & 1 << slot != 0 {
                // What is left is due later within this very tick.
                break;
            }
        }
        if self.len == 0 {
            self.tick = self.tick.max(target);
        }
        fired[start..].sort_unstable_by_key(|timer| (timer.deadline, timer.order));
    }

    /// The tick at which a slot begins, given the wheel's time.
    fn begin(&self, level: usize, slot: usize) -> u64 {
        let shift = LEVEL_BITS * level as u32;
        self.tick >> (shift + LEVEL_BITS) << (shift + LEVEL_BITS) | (slot as u64) << shift
    }

    /// The first occupied slot of a level that has one: entries never lie behind the wheel's time.
    fn first_slot(&self, level: usize) -> usize {
        self.occupied[level].trailing_zeros() as usize
    }

    fn fire(&mut self, slot: usize, now: u64, fired: &mut Vec<Fired>) {
        let mut at = self.heads[slot];
        while at != NONE {
            let entry = self.entries[at as usize];
            if entry.deadline <= now.min(LATEST) {
                let key = Key { place: at, generation: entry.generation };
                fired.push(Fired { pid: entry.pid, key, deadline: entry.deadline, order: entry.order });
                self.unhang(at);
                self.release(at);
            }
            at = entry.next;
        }
    }

    fn cascade(&mut self, level: usize, slot: usize) {
        let mut at = std::mem::replace(&mut self.heads[level * SLOTS + slot], NONE);
        self.occupied[level] &= !(1 << slot);
        while at != NONE {
            let next = self.entries[at as usize].next;
            self.hang(at);
            at = next;
        }
    }

    /// Files an entry under its deadline.
    fn hang(&mut self, place: u32) {
        let tick = (self.entries[place as usize].deadline >> TICK_BITS).max(self.tick);
        let differs = (tick ^ self.tick) | 1;
        let level = ((63 - differs.leading_zeros()) / LEVEL_BITS) as usize;
        let slot = (tick >> (LEVEL_BITS * level as u32)) as usize % SLOTS;
        let list = level * SLOTS + slot;
        let head = std::mem::replace(&mut self.heads[list], place);
        let entry = &mut self.entries[place as usize];
        (entry.next, entry.previous, entry.slot) = (head, NONE, list as u16);
        if head != NONE {
            self.entries[head as usize].previous = place;
        }
        self.occupied[level] |= 1 << slot;
    }

    fn unhang(&mut self, place: u32) {
        let Entry { next, previous, slot, .. } = self.entries[place as usize];
        if next != NONE {
            self.entries[next as usize].previous = previous;
        }
        if previous != NONE {
            self.entries[previous as usize].next = next;
            return;
        }
        self.heads[usize::from(slot)] = next;
        if next == NONE {
            self.occupied[usize::from(slot) / SLOTS] &= !(1 << (usize::from(slot) % SLOTS));
        }
    }

    fn release(&mut self, place: u32) {
        let free = self.free;
        let entry = &mut self.entries[place as usize];
        entry.slot = FREE;
        entry.generation = (entry.generation + 1) & ((1 << 28) - 1);
        entry.next = free;
        self.free = place;
        self.len -= 1;
        if self.len == 0 && self.entries.len() > KEPT {
            // Give the memory of a crowd back; the places to come begin with a generation that none of these had.
            self.first_generation = self.entries.iter().map(|entry| entry.generation).max().unwrap_or(0);
            self.entries = Vec::new();
            self.free = NONE;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;
    const PID: Pid = Pid::from_raw(1);

    fn deadlines(wheel: &mut Wheel, now: u64) -> Vec<u64> {
        let mut fired = Vec::new();
        wheel.advance(now, &mut fired);
        fired.iter().map(|timer| timer.deadline).collect()
    }

    #[test]
    fn nothing_fires_early_and_all_in_order() {
        let mut wheel = Wheel::new();
        for deadline in [5 * MS, 3 * MS, 3 * MS + 1, 3_600_000 * MS] {
            wheel.insert(deadline, PID);
        }
        assert_eq!(deadlines(&mut wheel, 3 * MS - 1), []);
        assert_eq!(deadlines(&mut wheel, 3 * MS), [3 * MS]);
        assert_eq!(wheel.next_event(), Some(3 * MS + 1));
        assert_eq!(deadlines(&mut wheel, 10 * MS), [3 * MS + 1, 5 * MS]);
        assert_eq!(deadlines(&mut wheel, 3_599_999 * MS), []);
        assert_eq!(deadlines(&mut wheel, 3_600_000 * MS), [3_600_000 * MS]);
        assert_eq!((wheel.len(), wheel.next_event()), (0, None));
    }

    #[test]
    fn equal_deadlines_fire_in_the_order_they_were_set() {
        let mut wheel = Wheel::new();
        for pid in 1..100 {
            wheel.insert(700 * MS, Pid::from_raw(pid));
        }
        let mut fired = Vec::new();
        wheel.advance(700 * MS, &mut fired);
        assert!(fired.iter().map(|timer| timer.pid.raw()).eq(1..100));
    }

    #[test]
    fn a_late_cancel_finds_nothing() {
        let mut wheel = Wheel::new();
        let key = wheel.insert(MS, PID).expect("there is room");
        assert_eq!(deadlines(&mut wheel, MS), [MS]);
        let again = wheel.insert(2 * MS, PID).expect("there is room");
        assert_eq!(again.place, key.place);
        assert!(!wheel.cancel(key), "the place is another timer's now");
        assert!(wheel.cancel(again));
        assert!(!wheel.cancel(again));
    }

    #[test]
    fn the_farthest_deadline_is_no_trap() {
        let mut wheel = Wheel::new();
        wheel.insert(u64::MAX, PID);
        assert_eq!(deadlines(&mut wheel, LATEST - 1), []);
        assert_eq!(deadlines(&mut wheel, u64::MAX).len(), 1);
        wheel.insert(7, PID);
        assert_eq!(deadlines(&mut wheel, u64::MAX), [7]);
    }

    #[test]
    fn it_agrees_with_a_sorted_list() {
        for seed in 1..200_u64 {
            let mut random = wippy_random::Random::new(seed);
            let mut next = move |range: u64| random.bits() % range;
            let mut wheel = Wheel::new();
            let (mut model, mut now) = (Vec::<(u64, Key)>::new(), 0);
            for _ in 0..500 {
                match next(5) {
                    0..=1 => {
                        let spread = [MS / 4, 20 * MS, 2000 * MS, 10_000_000 * MS][next(4) as usize];
                        let deadline = now + next(spread);
                        model.push((deadline, wheel.insert(deadline, PID).expect("there is room")));
                    }
                    2 if !model.is_empty() => {
                        let (_, key) = model.swap_remove(next(model.len() as u64) as usize);
                        assert!(wheel.cancel(key), "seed {seed}");
                    }
                    3 => {
                        let Some(event) = wheel.next_event() else { continue };
                        let earliest = model.iter().map(|timer| timer.0).min();
                        assert!(Some(event) <= earliest, "seed {seed}: would oversleep");
                        now = now.max(event);
                    }
                    _ => {
                        let step = [MS / 8, 50 * MS, 5_000_000 * MS][next(3) as usize];
                        now += next(step);
                    }
                }
                let mut due: Vec<u64> = model.iter().map(|timer| timer.0).filter(|&at| at <= now).collect();
                due.sort_unstable();
                model.retain(|timer| timer.0 > now);
                assert_eq!(deadlines(&mut wheel, now), due, "seed {seed}");
                assert_eq!(wheel.len(), model.len(), "seed {seed}");
            }
        }
    }
}
