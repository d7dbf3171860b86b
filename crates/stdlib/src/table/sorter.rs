//! A merge sort that asks its questions instead of calling a function.
//!
//! It holds no values, only places: the owner compares the items asked about, says what came out whenever it can, and
//! carries the items from one table to another as it is told. Both are read and written from front to back, so that
//! the items asked about are at hand. Whatever the answers are, the questions come to an end.

use smallvec::SmallVec;

/// Width from which a merge is preceded by a look whether the two runs are in order already (chosen: the look costs
/// little beside the merge).
const LOOK_FIRST: usize = 32;

/// Items from which a comparison that is always true is noticed (chosen to equal the reference implementation).
const SUSPICIOUS: usize = 4;

/// What the sorter is at.
#[derive(Clone, Copy, Debug)]
enum Phase {
    /// Items `0..at` ascend.
    Ascending {
        at: usize,
    },
    /// Items `0..at` descend.
    Descending {
        at: usize,
    },
    /// All descended: the first two, as they will stand when turned round, are compared the other way.
    Confirm,
    /// Whether the runs at `start` are in order already.
    Look {
        start: usize,
    },
    /// Left run from `left`, right run from `right`, of the pair at `start`.
    Merge {
        start: usize,
        left: usize,
        right: usize,
    },
    Done,
}

/// The comparison function contradicts itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Inconsistent;

/// What the owner has to do with the items before the next question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Move {
    /// The items at these places come next in the other table.
    Take { from: usize, to: usize },
    /// The other table is complete: from now on places are there.
    Exchange,
}

/// A sort under way.
#[derive(Debug)]
pub(super) struct Sorter {
    count: usize,
    /// Items are sorted in runs of this length.
    width: usize,
    phase: Phase,
    /// The items stand the wrong way round.
    is_reversed: bool,
    /// What is still to be done with the items, in order.
    moves: SmallVec<[Move; 8]>,
}

impl Sorter {
    /// A sort of `count` items.
    pub(super) fn new(count: u32) -> Self {
        let phase = if count < 2 { Phase::Done } else { Phase::Ascending { at: 1 } };
        Self { count: count as usize, width: 1, phase, is_reversed: false, moves: SmallVec::new() }
    }

    /// The items of which it must be known whether the first is less than the second; nothing when all is done.
    /// To be asked when all moves are made.
    #[inline]
    pub(super) fn question(&self) -> Option<(usize, usize)> {
        Some(match self.phase {
            Phase::Ascending { at } | Phase::Descending { at } => (at, at - 1),
            // Turned round, these are the second and the first.
            Phase::Confirm => (self.count - 2, self.count - 1),
            Phase::Look { start } => (start + self.width, start + self.width - 1),
            Phase::Merge { left, right, .. } => (right, left),
            Phase::Done => return None,
        })
    }

    /// The next thing to do with the items.
    #[inline]
    pub(super) fn next_move(&mut self) -> Option<Move> {
        if self.moves.is_empty() { None } else { Some(self.moves.remove(0)) }
    }

    /// Says that the move given last is made in part: what is left of it.
    pub(super) fn put_back(&mut self, rest: Move) {
        self.moves.insert(0, rest);
    }

    /// Goes on with the answer to the question.
    ///
    /// # Errors
    /// When the answers cannot all be true of one order.
    #[inline]
    pub(super) fn answer(&mut self, less: bool) -> Result<(), Inconsistent> {
        let count = self.count;
        match self.phase {
            Phase::Ascending { at } if !less => {
                self.phase = if at + 1 < count { Phase::Ascending { at: at + 1 } } else { Phase::Done };
            }
            Phase::Ascending { at: 1 } => self.descend(2),
            Phase::Descending { at } if less => self.descend(at + 1),
            Phase::Ascending { .. } | Phase::Descending { .. } => self.next_pair(0),
            Phase::Confirm if less => return Err(Inconsistent),
            Phase::Confirm | Phase::Done => self.phase = Phase::Done,
            Phase::Look { start } if less => self.merge_pair(start),
            Phase::Look { start } => {
                let end = (start + 2 * self.width).min(count);
                self.take(start, end);
                self.next_pair(end);
            }
            Phase::Merge { start, left, right } => self.merge(start, left, right, less),
        }
        Ok(())
    }

    /// Where the item is in the end that is to be at place `index`.
    pub(super) fn place(&self, index: usize) -> usize {
        if self.is_reversed { self.count - 1 - index } else { index }
    }

    fn descend(&mut self, at: usize) {
        if at < self.count {
            self.phase = Phase::Descending { at };
            return;
        }
        self.is_reversed = true;
        self.phase = if self.count < SUSPICIOUS { Phase::Done } else { Phase::Confirm };
    }

    #[inline]
    fn take(&mut self, from: usize, to: usize) {
        if from < to {
            self.moves.push(Move::Take { from, to });
        }
    }

    /// Turns to the pair of runs at `start`; with none left, to the runs of twice the width.
    fn next_pair(&mut self, start: usize) {
        if start + self.width >= self.count {
            // A run without a partner passes as it is.
            self.take(start, self.count);
            self.moves.push(Move::Exchange);
            self.width *= 2;
            if self.width >= self.count {
                self.phase = Phase::Done;
                return;
            }
            return self.begin_pair(0);
        }
        self.begin_pair(start);
    }

    fn begin_pair(&mut self, start: usize) {
        if self.width >= LOOK_FIRST {
            self.phase = Phase::Look { start };
        } else {
            self.merge_pair(start);
        }
    }

    fn merge_pair(&mut self, start: usize) {
        self.phase = Phase::Merge { start, left: start, right: start + self.width };
    }

    /// Takes the lesser of the two items; equal ones keep their order.
    #[inline]
    fn merge(&mut self, start: usize, mut left: usize, mut right: usize, less: bool) {
        let middle = start + self.width;
        let end = (middle + self.width).min(self.count);
        if less {
            self.take(right, right + 1);
            right += 1;
        } else {
            self.take(left, left + 1);
            left += 1;
        }
        if left < middle && right < end {
            self.phase = Phase::Merge { start, left, right };
            return;
        }
        self.take(left, middle);
        self.take(right, end);
        self.next_pair(end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sorts by `less` and tells how many questions there were.
    fn sorted(items: &[i32], less: impl Fn(i32, i32) -> bool) -> Result<(Vec<i32>, usize), Inconsistent> {
        let mut sorter = Sorter::new(items.len() as u32);
        let mut questions = 0;
        let (mut items, mut other) = (items.to_vec(), Vec::new());
        while let Some((a, b)) = sorter.question() {
            questions += 1;
            sorter.answer(less(items[a], items[b]))?;
            while let Some(next) = sorter.next_move() {
                match next {
                    Move::Take { from, to } => other.extend_from_slice(&items[from..to]),
                    Move::Exchange => {
                        assert_eq!(other.len(), items.len());
                        std::mem::swap(&mut items, &mut other);
                        other.clear();
                    }
                }
            }
        }
        Ok(((0..items.len()).map(|index| items[sorter.place(index)]).collect(), questions))
    }

    fn numbers(count: usize, seed: u64, bound: usize) -> Vec<i32> {
        let mut random = wippy_random::Random::new(seed);
        std::iter::repeat_with(|| random.below(bound) as i32).take(count).collect()
    }

    #[test]
    fn sorts_whatever_the_length() {
        for count in 0..200 {
            for bound in [3, 1000] {
                let items = numbers(count, 0x9E37_79B9 + count as u64, bound);
                let mut expected = items.clone();
                expected.sort_unstable();
                let (got, _) = sorted(&items, |a, b| a < b).expect("a consistent order");
                assert_eq!(got, expected, "{items:?}");
            }
        }
    }

    #[test]
    fn what_is_in_order_costs_one_question_per_item() {
        let up: Vec<i32> = (0..1000).collect();
        assert_eq!(sorted(&up, |a, b| a < b), Ok((up.clone(), 999)));
        let down: Vec<i32> = (0..1000).rev().collect();
        assert_eq!(sorted(&down, |a, b| a < b), Ok((up, 1000)));
    }

    #[test]
    fn asks_about_as_many_questions_as_there_must_be() {
        let (_, questions) = sorted(&numbers(1000, 7, usize::MAX), |a, b| a < b).expect("a consistent order");
        assert!(questions < 9000, "{questions}");
    }

    #[test]
    fn an_answer_that_is_always_true_is_inconsistent() {
        for count in 4..20 {
            assert_eq!(sorted(&numbers(count, 5, 100), |_, _| true), Err(Inconsistent));
        }
        assert!(sorted(&[1, 2, 3], |_, _| true).is_ok());
        assert!(sorted(&numbers(100, 5, 100), |_, _| false).is_ok());
    }

    #[test]
    fn contradictions_end() {
        for seed in 1..100 {
            let items = numbers(100, seed, 1000);
            let _ = sorted(&items, |a, b| (a * 31 + b * 17) % 7 < 3);
        }
    }
}
