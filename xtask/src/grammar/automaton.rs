//! The automaton that the parser runs, made from the one that LALRPOP found.
//!
//! *Renamings.* Half of all reductions only give a symbol another name (`Expression = Operand`). Where a chain of them
//! ends depends on the state below, the state on top and the next token, all of which a table may know. So a row stands
//! for a state *on top of another one*, and an entry says what to do at the end of the chain, and which state is on top
//! then. Different pairs mostly give equal rows: there are hardly more rows than states.
//!
//! *Defaults.* The commonest reduction of a row is done for every token that the row does not know, which may be a wrong
//! one. It is still never shifted, but what could have stood in its place has to be asked of the original automaton.
//!
//! Invariant: on a text without errors the actions are those of the original automaton, in the same order.

use std::collections::{BTreeMap, BTreeSet};

use super::text::Parser;

/// What to do: the state that lies below the top by then, and a shift to row `n - 1`, a reduction by `-n - 1`, or nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Step {
    pub(super) state: usize,
    pub(super) action: i32,
}

/// The rows and what leads to them.
pub(super) struct Automaton {
    /// For each row and each terminal what to do; the first row is the start.
    pub(super) rows: Vec<Vec<Step>>,
    /// For each nonterminal and each state that it may stand on: the row.
    pub(super) gotos: BTreeMap<(usize, usize), usize>,
    /// The same for the states of the original automaton.
    pub(super) states: BTreeMap<(usize, usize), usize>,
}

/// How rows are numbered while they are found: by what they do in terms of states.
#[derive(Default)]
struct Rows {
    known: BTreeMap<(usize, usize), usize>,
    numbers: BTreeMap<Vec<Step>, usize>,
    rows: Vec<Vec<Step>>,
}

impl Rows {
    /// The row of state `top` above state `below`; its shifts still name states.
    fn row(&mut self, parser: &Parser<'_>, below: usize, top: usize) -> usize {
        if let Some(&known) = self.known.get(&(below, top)) {
            return known;
        }
        let terminals = 0..=parser.terminals.len();
        let row: Vec<_> = terminals.map(|terminal| end_of_chain(parser, below, top, terminal)).collect();
        let next = self.numbers.len();
        let number = *self.numbers.entry(row.clone()).or_insert(next);
        if number == next {
            self.rows.push(row);
        }
        self.known.insert((below, top), number);
        number
    }
}

/// What to do about `terminal` where state `top` lies above state `below`.
fn end_of_chain(parser: &Parser<'_>, below: usize, mut top: usize, terminal: usize) -> Step {
    loop {
        let action = parser.actions[top][terminal];
        let reduction = usize::try_from(-(action + 1)).ok().and_then(|index| parser.reductions.get(index));
        match reduction {
            Some(reduction) if reduction.renames => top = parser.goto(below, reduction.nonterminal),
            // What lies below matters only if nothing is taken away.
            Some(reduction) if reduction.pops > 0 => return Step { state: 0, action },
            _ if action == 0 => return Step::default(),
            _ => return Step { state: top, action },
        }
    }
}

impl Automaton {
    pub(super) fn of(parser: &Parser<'_>) -> Self {
        let mut rows = Rows::default();
        // Nothing is renamed on the state that the parse begins with.
        rows.row(parser, 0, 0);
        let mut gotos = BTreeMap::new();
        let mut states = BTreeMap::new();
        for (nonterminal, state) in reachable(parser) {
            let top = parser.goto(state, nonterminal);
            states.insert((nonterminal, state), top);
            gotos.insert((nonterminal, state), rows.row(parser, state, top));
        }
        // Shifts lead to rows too, which may be new and lead on.
        let mut done = 0;
        while done < rows.rows.len() {
            for at in 0..rows.rows[done].len() {
                let step = rows.rows[done][at];
                if step.action > 0 {
                    rows.row(parser, step.state, step.action as usize - 1);
                }
            }
            done += 1;
        }
        let finished = rows
            .rows
            .iter()
            .map(|row| {
                let steps = row.iter().map(|&step| match step.action {
                    1.. => {
                        let row = rows.known[&(step.state, step.action as usize - 1)];
                        Step { action: row as i32 + 1, ..step }
                    }
                    _ => step,
                });
                steps.collect()
            })
            .collect();
        Self { rows: finished, gotos, states }
    }
}

/// The nonterminals that may be found on top of each state, some more perhaps.
fn reachable(parser: &Parser<'_>) -> BTreeSet<(usize, usize)> {
    let mut below: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); parser.actions.len()];
    for (state, row) in parser.actions.iter().enumerate() {
        for &action in row.iter().filter(|&&action| action > 0) {
            below[action as usize - 1].insert(state);
        }
    }
    let mut reachable = BTreeSet::new();
    loop {
        let before = reachable.len();
        for (top, row) in parser.actions.iter().enumerate() {
            let reductions: BTreeSet<_> =
                row.iter().filter(|&&action| action < 0).map(|&action| -(action + 1) as usize).collect();
            for reduction in reductions.into_iter().filter_map(|index| parser.reductions.get(index)) {
                let mut states = BTreeSet::from([top]);
                for _ in 0..reduction.pops {
                    states = states.iter().flat_map(|&state| below[state].iter().copied()).collect();
                }
                for state in states {
                    if reachable.insert((reduction.nonterminal, state)) {
                        below[parser.goto(state, reduction.nonterminal)].insert(state);
                    }
                }
            }
        }
        if reachable.len() == before {
            return reachable;
        }
    }
}
