//! A merge sort that asks its questions instead of calling a function.
//!
//! It holds no values, only a permutation of `0..n`: the owner compares the items asked about and says what came out,
//! whenever it can. Whatever the answers are, the questions come to an end.

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
    /// All descended and were turned round: the first two are compared the other way.
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

/// A sort under way.
#[derive(Debug)]
pub(super) struct Sorter {
    /// Where each item comes from; sorted in runs of `width`.
    order: Vec<u32>,
    /// The next, wider runs, as far as they are merged.
    merged: Vec<u32>,
    width: usize,
    phase: Phase,
}

impl Sorter {
    /// A sort of `count` items.
    pub(super) fn new(count: u32) -> Self {
        let phase = if count < 2 { Phase::Done } else { Phase::Ascending { at: 1 } };
        Self { order: (0..count).collect(), merged: Vec::new(), width: 1, phase }
    }

    /// The items of which it must be known whether the first is less than the second; nothing when all is done.
    #[inline]
    pub(super) fn question(&self) -> Option<(usize, usize)> {
        let (first, second) = match self.phase {
            Phase::Ascending { at } | Phase::Descending { at } => (at, at - 1),
            Phase::Confirm => (1, 0),
            Phase::Look { start } => (start + self.width, start + self.width - 1),
            Phase::Merge { left, right, .. } => (right, left),
            Phase::Done => return None,
        };
        Some((self.order[first] as usize, self.order[second] as usize))
    }

    /// Goes on with the answer to the question.
    ///
    /// # Errors
    /// When the answers cannot all be true of one order.
    #[inline]
    pub(super) fn answer(&mut self, less: bool) -> Result<(), Inconsistent> {
        let count = self.order.len();
        match self.phase {
            Phase::Ascending { at } if !less => {
                self.phase = if at + 1 < count { Phase::Ascending { at: at + 1 } } else { Phase::Done };
            }
            Phase::Ascending { at: 1 } => self.descend(2),
            Phase::Descending { at } if less => self.descend(at + 1),
            Phase::Ascending { .. } | Phase::Descending { .. } => self.begin(),
            Phase::Confirm if less => return Err(Inconsistent),
            Phase::Confirm | Phase::Done => self.phase = Phase::Done,
            Phase::Look { start } if less => self.merge_pair(start),
            Phase::Look { start } => {
                let end = (start + 2 * self.width).min(count);
                self.merged.extend_from_slice(&self.order[start..end]);
                self.next_pair(end);
            }
            Phase::Merge { start, left, right } => self.take(start, left, right, less),
        }
        Ok(())
    }

    /// Where each item of the sorted sequence was at first.
    pub(super) fn order(&self) -> &[u32] {
        &self.order
    }

    fn descend(&mut self, at: usize) {
        let count = self.order.len();
        if at < count {
            self.phase = Phase::Descending { at };
            return;
        }
        self.order.reverse();
        self.phase = if count < SUSPICIOUS { Phase::Done } else { Phase::Confirm };
    }

    fn begin(&mut self) {
        self.merged.reserve_exact(self.order.len());
        self.next_pair(0);
    }

    /// Turns to the pair of runs at `start`; with none left, to the runs of twice the width.
    fn next_pair(&mut self, start: usize) {
        let count = self.order.len();
        let mut start = start;
        loop {
            if start + self.width < count {
                if self.width >= LOOK_FIRST {
                    self.phase = Phase::Look { start };
                } else {
                    self.merge_pair(start);
                }
                return;
            }
            // A run without a partner passes as it is.
            self.merged.extend_from_slice(&self.order[start.min(count)..]);
            std::mem::swap(&mut self.order, &mut self.merged);
            self.merged.clear();
            self.width *= 2;
            start = 0;
            if self.width >= count {
                self.phase = Phase::Done;
                return;
            }
        }
    }

    fn merge_pair(&mut self, start: usize) {
        self.phase = Phase::Merge { start, left: start, right: start + self.width };
    }

    /// Takes the lesser of the two items; equal ones keep their order.
    #[inline]
    fn take(&mut self, start: usize, mut left: usize, mut right: usize, less: bool) {
        let middle = start + self.width;
        let end = (middle + self.width).min(self.order.len());
        if less {
            self.merged.push(self.order[right]);
            right += 1;
        } else {
            self.merged.push(self.order[left]);
            left += 1;
        }
        if left < middle && right < end {
            self.phase = Phase::Merge { start, left, right };
            return;
        }
        self.merged.extend_from_slice(&self.order[left..middle]);
        self.merged.extend_from_slice(&self.order[right..end]);
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
        while let Some((a, b)) = sorter.question() {
            questions += 1;
            sorter.answer(less(items[a], items[b]))?;
        }
        Ok((sorter.order().iter().map(|&index| items[index as usize]).collect(), questions))
    }

    fn numbers(count: usize, seed: u64, bound: u64) -> Vec<i32> {
        let mut state = seed;
        let next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state % bound) as i32
        };
        std::iter::repeat_with(next).take(count).collect()
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
        let (_, questions) = sorted(&numbers(1000, 7, u64::MAX), |a, b| a < b).expect("a consistent order");
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
