//! The queues of a worker: who runs next.
//!
//! | queue | who gets in | stolen? |
//! |---|---|---|
//! | LIFO slot | the process just woken by the one that runs here; shares its slice | no |
//! | urgent | woken by a timer or by readiness; starts with a full slice | no, so it is short |
//! | newborn | processes never run, the latest litter first: a tree of spawns goes depth first | oldest first |
//! | fifo | everybody else | oldest first |
//!
//! A litter is what one step starts; of those the first one started runs first. With a seed there is one bag instead,
//! and the seed picks. Invariant: whoever is in a queue is in one queue, once; that follows from [`Runnable`].

use std::collections::VecDeque;

use crossbeam_deque::{Injector, Steal, Stealer, Worker};

use crate::dice::Dice;
use crate::table::Runnable;

/// Urgent processes kept apart; more go to the common queue, where others can steal them. Chosen.
const URGENT: usize = 16;

/// Newborns stolen at once. Each may be the root of a large tree, so few are enough; one at a time, a process that
/// starts many has a thief at its queue all the time. Chosen.
const LOOT: usize = 8;

/// Somebody to run.
pub(crate) struct Picked {
    pub(crate) runnable: Runnable,
    /// It gets what is left of the slice of whoever woke it, not one of its own.
    pub(crate) shares_slice: bool,
}

impl Picked {
    pub(crate) fn fresh(runnable: Runnable) -> Picked {
        Picked { runnable, shares_slice: false }
    }
}

/// See the module documentation.
pub(crate) struct Queues {
    slot: Option<Runnable>,
    urgent: VecDeque<Runnable>,
    newborn: Worker<Runnable>,
    /// Processes that the step at hand has started.
    litter: usize,
    fifo: Worker<Runnable>,
    /// Queues are served in turn.
    turn: u32,
    bag: Option<Vec<Runnable>>,
}

/// The side of a worker's queues that others see.
pub(crate) struct Theft {
    newborn: Stealer<Runnable>,
    fifo: Stealer<Runnable>,
}

impl Queues {
    pub(crate) fn new(seeded: bool) -> (Queues, Theft) {
        let (newborn, fifo) = (Worker::new_lifo(), Worker::new_fifo());
        let theft = Theft { newborn: newborn.stealer(), fifo: fifo.stealer() };
        let bag = seeded.then(Vec::new);
        let queues = Queues { slot: None, urgent: VecDeque::new(), newborn, litter: 0, fifo, turn: 0, bag };
        (queues, theft)
    }

    /// Woken by the process that runs here. Whether something moved to a queue that others can steal from.
    #[inline]
    pub(crate) fn wake(&mut self, runnable: Runnable) -> bool {
        if let Some(bag) = &mut self.bag {
            bag.push(runnable);
            return false;
        }
        match self.slot.replace(runnable) {
            Some(displaced) => {
                self.fifo.push(displaced);
                true
            }
            None => false,
        }
    }

    /// Woken by a timer or by readiness. Answers as `wake`.
    pub(crate) fn wake_urgent(&mut self, runnable: Runnable) -> bool {
        if let Some(bag) = &mut self.bag {
            bag.push(runnable);
            return false;
        }
        if self.urgent.len() < URGENT {
            self.urgent.push_back(runnable);
            return self.urgent.len() > 1;
        }
        self.fifo.push(runnable);
        true
    }

    /// Started by the process that runs here. Whether others started by it wait already.
    pub(crate) fn push_newborn(&mut self, runnable: Runnable) -> bool {
        if let Some(bag) = &mut self.bag {
            bag.push(runnable);
            return false;
        }
        self.newborn.push(runnable);
        self.litter += 1;
        self.litter > 1
    }

    /// The step is over: what it has started and nobody has stolen will run in the order in which it was started.
    #[inline]
    pub(crate) fn end_litter(&mut self) {
        let born = std::mem::take(&mut self.litter);
        if born > 1 {
            self.turn_litter(born);
        }
    }

    fn turn_litter(&mut self, born: usize) {
        // Thieves take the oldest, so what is left of the litter is on top, and nothing else is once that is gone.
        let mut turned = Vec::with_capacity(born);
        turned.extend(std::iter::from_fn(|| self.newborn.pop()).take(born));
        turned.into_iter().for_each(|runnable| self.newborn.push(runnable));
    }

    /// To the back of the common queue. Whether somebody else waits there already.
    pub(crate) fn push_back(&mut self, runnable: Runnable) -> bool {
        if let Some(bag) = &mut self.bag {
            bag.push(runnable);
            return false;
        }
        let company = !self.fifo.is_empty() || !self.newborn.is_empty();
        self.fifo.push(runnable);
        company
    }

    /// The next to run; `slice_left` says whether the slot may be served.
    pub(crate) fn next(&mut self, slice_left: bool, dice: &mut Dice) -> Option<Picked> {
        if let Some(bag) = &mut self.bag {
            let at = dice.below(bag.len())?;
            return Some(Picked::fresh(bag.swap_remove(at)));
        }
        if let Some(runnable) = self.slot.take() {
            if slice_left {
                return Some(Picked { runnable, shares_slice: true });
            }
            self.fifo.push(runnable);
        }
        self.turn = self.turn.wrapping_add(1);
        if self.turn.is_multiple_of(2)
            && let Some(runnable) = self.urgent.pop_front()
        {
            return Some(Picked::fresh(runnable));
        }
        let picked = if self.turn % 4 < 2 {
            self.newborn.pop().or_else(|| self.fifo.pop())
        } else {
            self.fifo.pop().or_else(|| self.newborn.pop())
        };
        picked.or_else(|| self.urgent.pop_front()).map(Picked::fresh)
    }

    /// Whether nothing but the LIFO slot could be run.
    pub(crate) fn is_empty(&self) -> bool {
        match &self.bag {
            Some(bag) => bag.is_empty(),
            None => {
                self.slot.is_none()
                    && self.urgent.is_empty()
                    && self.newborn.is_empty()
                    && self.fifo.is_empty()
            }
        }
    }

    /// Takes some from outside, keeps the rest for later.
    pub(crate) fn take_injected(&mut self, injector: &Injector<Runnable>) -> Option<Runnable> {
        if let Some(bag) = &mut self.bag {
            while let Steal::Success(runnable) = injector.steal() {
                bag.push(runnable);
            }
            return None;
        }
        steal(|| injector.steal_batch_and_pop(&self.fifo))
    }

    /// Steals from another worker: half of its common queue, or some of its oldest newborns.
    pub(crate) fn rob(&mut self, victim: &Theft) -> Option<Runnable> {
        steal(|| victim.fifo.steal_batch_and_pop(&self.fifo))
            .or_else(|| steal(|| victim.newborn.steal_batch_with_limit_and_pop(&self.newborn, LOOT)))
    }
}

impl Theft {
    pub(crate) fn is_empty(&self) -> bool {
        self.fifo.is_empty() && self.newborn.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.fifo.len() + self.newborn.len()
    }
}

fn steal(mut attempt: impl FnMut() -> Steal<Runnable>) -> Option<Runnable> {
    // A few tries: losing a race means that somebody else has found work.
    for _ in 0..4 {
        match attempt() {
            Steal::Success(runnable) => return Some(runnable),
            Steal::Empty => return None,
            Steal::Retry => {}
        }
    }
    None
}
