//! What the outside world still has to answer: parked coroutines and values kept for it, by number.
//!
//! Not here: what an answer does (`execute::park`). Invariant: a place is used again under another sequence number, so
//! a ticket that was answered names nothing any more.

use super::slot::Slot;
use crate::lazy::Unused;

/// Names a parked coroutine or an anchored value; a plain number that may be sent anywhere and outlive what it names.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Ticket(u64);

impl Ticket {
    /// The number itself, for tables of the owner.
    pub fn number(self) -> u64 {
        self.0
    }

    /// The ticket with this number.
    pub fn from_number(number: u64) -> Ticket {
        Ticket(number)
    }
}

/// What a ticket names.
#[derive(Clone, Copy)]
pub(crate) struct Anchor {
    pub(crate) value: Slot,
    /// Of a coroutine: how often it had been woken when it took the ticket.
    pub(crate) generation: u64,
    /// Distinguishes the users of this place; of a free place the next user's.
    sequence: u32,
    /// Of a free place: the next free one, plus one.
    next_free: u32,
}

impl Unused for Anchors {
    const UNUSED: &'static Anchors = &Anchors::new();

    fn fresh() -> Anchors {
        Anchors::new()
    }
}

/// See the module.
pub(crate) struct Anchors {
    places: Vec<Anchor>,
    /// First free place, plus one.
    free: u32,
    used: u32,
}

impl Anchors {
    pub(super) const fn new() -> Anchors {
        Anchors { places: Vec::new(), free: 0, used: 0 }
    }

    /// Tickets that are not answered yet.
    pub(crate) fn len(&self) -> usize {
        self.used as usize
    }

    /// Keeps a value; the caller passes the barrier.
    pub(super) fn add(&mut self, value: Slot, generation: u64) -> Ticket {
        self.used += 1;
        let at = match self.free {
            0 => {
                if self.places.is_empty() {
                    // Most interpreters wait for one thing at a time.
                    self.places.reserve_exact(1);
                }
                self.places.push(Anchor { value, generation, sequence: 0, next_free: 0 });
                self.places.len() as u32 - 1
            }
            free => {
                let at = free - 1;
                let place = &mut self.places[at as usize];
                self.free = place.next_free;
                *place = Anchor { value, generation, sequence: place.sequence, next_free: 0 };
                at
            }
        };
        let sequence = self.places[at as usize].sequence;
        Ticket(u64::from(sequence) << 32 | u64::from(at))
    }

    /// What a ticket names, if it is not answered yet.
    pub(crate) fn get(&self, ticket: Ticket) -> Option<&Anchor> {
        let place = self.places.get(ticket.0 as u32 as usize)?;
        let current = place.sequence == (ticket.0 >> 32) as u32 && !place.value.is_nil();
        current.then_some(place)
    }

    /// Answers a ticket.
    pub(crate) fn remove(&mut self, ticket: Ticket) -> Option<Anchor> {
        let anchor = *self.get(ticket)?;
        let at = ticket.0 as u32;
        let place = &mut self.places[at as usize];
        place.value = Slot::NIL;
        place.sequence = place.sequence.wrapping_add(1);
        place.next_free = self.free;
        self.free = at + 1;
        self.used -= 1;
        if self.used == 0 && self.places.len() > 64 {
            // The sequence goes on where the highest place's users stopped.
            let sequence = self.places.iter().map(|place| place.sequence).max().unwrap_or(0);
            self.places = vec![Anchor { value: Slot::NIL, generation: 0, sequence, next_free: 0 }];
            self.free = 1;
        }
        Some(anchor)
    }

    /// Forgets everything; tickets stay stale.
    pub(crate) fn clear(&mut self) {
        for at in 0..self.places.len() {
            if !self.places[at].value.is_nil() {
                let ticket = Ticket(u64::from(self.places[at].sequence) << 32 | at as u64);
                self.remove(ticket);
            }
            if self.used == 0 {
                return;
            }
        }
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &Slot> {
        self.places.iter().map(|place| &place.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answered_ticket_names_nothing_even_when_its_place_is_used_again() {
        let mut anchors = Anchors::new();
        let a = anchors.add(Slot::integer(1), 0);
        let b = anchors.add(Slot::integer(2), 7);
        assert!(anchors.remove(a).is_some() && anchors.remove(a).is_none());
        let c = anchors.add(Slot::integer(3), 0);
        assert_ne!(a, c);
        assert!(anchors.get(a).is_none());
        assert_eq!(anchors.get(b).map(|anchor| anchor.generation), Some(7));
        assert_eq!(anchors.len(), 2);
        anchors.clear();
        assert!(anchors.get(b).is_none() && anchors.get(c).is_none() && anchors.len() == 0);
    }

    #[test]
    fn a_table_that_was_large_gives_its_memory_back() {
        let mut anchors = Anchors::new();
        let tickets: Vec<Ticket> = (0..1000).map(|n| anchors.add(Slot::integer(n), 0)).collect();
        for &ticket in &tickets {
            assert!(anchors.remove(ticket).is_some());
        }
        assert!(anchors.places.len() < 10);
        let fresh = anchors.add(Slot::integer(1), 0);
        assert!(!tickets.contains(&fresh));
    }
}
