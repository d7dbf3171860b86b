//! The loop that runs the generated tables: shift, reduce, or stop; and what could have stood where it stopped.
//!
//! Rows and their entries are explained where they are made (`cargo xtask grammar`). Parsing knows only whether a token
//! is right; [`surprise`] reads the text again with the automaton as the grammar has it, to tell what was expected.
//! Invariant: with each symbol stands the state below it; that of the topmost is in the row.

use crate::ast::{Block, Statement};
use crate::builder::{Base, Builder};
use crate::error::SyntaxError;
use crate::filter::Filter;
use crate::grammar::{REDUCTIONS, Symbols, TABLES, token_index};
use crate::lexer::Spanned;
use crate::span::Offset;
use crate::token::Token;

/// Where a symbol stands, with what it carries if it is a token, and the state below it.
pub(crate) type Place = (Offset, Token, Offset, u16);

/// What the generated file holds.
pub(crate) struct Tables {
    /// The action that ends the parse.
    pub(crate) accept: i16,
    /// The column of the end of the text.
    pub(crate) end: u8,
    /// The nonterminals that are lists of statements.
    pub(crate) lists: [u8; 2],
    /// What parsing follows, and the automaton as it was before renamings were followed.
    pub(crate) parse: Automaton,
    pub(crate) plain: Automaton,
    /// Which columns are right, by state of the plain automaton, a bit each.
    pub(crate) valid: &'static [u128],
    /// How the grammar spells its terminals, by column.
    pub(crate) terminals: &'static [&'static str],
}

/// An automaton as sparse tables laid over one another: an entry is found by the base of its row and its column, if
/// that column is noted in it; else the default of the row applies.
pub(crate) struct Automaton {
    /// Base and default.
    pub(crate) rows: &'static [(u16, u32)],
    /// See [`Step::of`].
    pub(crate) entries: &'static [u32],
    /// By nonterminal, and there by the state that it stands on: the row.
    pub(crate) goto_bases: &'static [u16],
    pub(crate) gotos: &'static [u16],
}

/// What to do next: the state that lies below the top by then, and an action.
struct Step {
    state: u16,
    /// A shift to row `n - 1`, a reduction by number `-n - 1`, or zero if the token is wrong.
    action: i16,
}

impl Step {
    /// An entry holds, from its lowest bit, 7 bits for the column, 12 for the action, and the state.
    fn of(entry: u32) -> Self {
        Self { state: (entry >> 19) as u16, action: ((entry << 13) as i32 >> 20) as i16 }
    }
}

impl Automaton {
    #[inline(always)]
    fn step(&self, row: u16, column: u8) -> Step {
        let (base, default) = self.rows[usize::from(row)];
        let entry = self.entries[usize::from(base) + usize::from(column)];
        Step::of(if entry & 127 == u32::from(column) { entry } else { default })
    }

    /// The row of `nonterminal` on top of `state`.
    #[inline(always)]
    fn goto(&self, state: u16, nonterminal: u8) -> u16 {
        self.gotos[usize::from(self.goto_bases[usize::from(nonterminal)]) + usize::from(state)]
    }
}

/// A production.
pub(crate) struct Reduction {
    /// Makes the symbol out of those on top, and answers with the state below it, which is given for a symbol of nothing.
    pub(crate) make: for<'a, 's> fn(&mut Builder<'a, 's>, Option<&Offset>, &mut Symbols<'a>, u16) -> u16,
    /// How many symbols it takes.
    pub(crate) pops: u8,
    pub(crate) nonterminal: u8,
}

/// Why parsing stopped.
pub(crate) enum Stop {
    /// There is no such token, or the filter did not let it pass.
    Refused(SyntaxError),
    /// The grammar cannot take the token; [`surprise`] tells more.
    Surprised,
}

/// What was parsed.
pub(crate) enum Parsed<'a> {
    /// The block of the chunk, or the rest of it.
    End(Block<'a>),
    /// Statements of the chunk behind which there is more.
    Piece(&'a [Statement<'a>], Pause),
}

/// Between two statements of the chunk, where nothing refers to those before but the number of a list.
#[derive(Clone, Copy)]
pub(crate) struct Pause {
    nonterminal: u8,
    /// Whether there is a token, which the filter has emitted already, or only the end of the text.
    is_token: bool,
}

/// Parses the tokens to the end, or until the builder has enough for a piece.
pub(crate) fn drive<'a>(
    builder: &mut Builder<'a, '_>,
    tokens: &mut Filter<'_, '_>,
    from: Option<Pause>,
) -> Result<Parsed<'a>, Stop> {
    let mut symbols = Symbols::new(builder.arena);
    let (mut row, mut is_token) = match from {
        None => (0, tokens.emit_carefully().map_err(Stop::Refused)?),
        Some(Pause { nonterminal, is_token }) => {
            symbols.begin(Base::BOTTOM);
            (TABLES.parse.goto(0, nonterminal), is_token)
        }
    };
    loop {
        let (token, span) = tokens.emitted();
        let (start, column) =
            if is_token { (Some(&span.start), token_index(&token)) } else { (None, TABLES.end) };
        let below = loop {
            let step = TABLES.parse.step(row, column);
            if step.action > 0 {
                row = (step.action - 1) as u16;
                break step.state;
            }
            if step.action == 0 {
                return Err(Stop::Surprised);
            }
            if step.action == TABLES.accept {
                return Ok(Parsed::End(symbols.finish()));
            }
            let reduction = &REDUCTIONS[!step.action as usize];
            let below = (reduction.make)(builder, start, &mut symbols, step.state);
            row = TABLES.parse.goto(below, reduction.nonterminal);
            if symbols.len() == 1 && TABLES.lists.contains(&reduction.nonterminal) && builder.is_full() {
                let pause = Pause { nonterminal: reduction.nonterminal, is_token };
                return Ok(Parsed::Piece(builder.statements.end(Base::BOTTOM, builder.arena), pause));
            }
        };
        symbols.shift(span.start, token, span.end, below);
        is_token = tokens.emit().map_err(Stop::Refused)?;
    }
}

/// A symbol was asked for that is not there: the tables are wrong, which no text can make them.
#[cold]
#[inline(never)]
pub(crate) fn mismatch() -> ! {
    panic!("the parser's tables are wrong")
}

/// What the grammar could not take.
pub(crate) struct Surprise {
    /// The token, or nothing for the end of the text.
    pub(crate) token: Option<Spanned>,
    /// What it could have taken, as the grammar spells it.
    pub(crate) expected: Vec<&'static str>,
}

/// Reads the tokens until the grammar cannot take one.
///
/// # Errors
/// What the filter says against a token.
#[cold]
pub(crate) fn surprise(tokens: &mut Filter<'_, '_>) -> Result<Surprise, SyntaxError> {
    let mut states: Vec<u16> = vec![0];
    loop {
        let token = tokens.emit_carefully()?.then(|| tokens.emitted());
        let column = token.map_or(TABLES.end, |(token, _)| token_index(&token));
        match shift(&mut states, column) {
            Some(state) => states.push(state),
            None => {
                let columns = 0..TABLES.end;
                let expected = columns
                    .filter(|&column| shift(&mut states.clone(), column).is_some())
                    .map(|column| TABLES.terminals[usize::from(column)])
                    .collect();
                return Ok(Surprise { token, expected });
            }
        }
    }
}

/// Reduces until a token of that column can be taken; the state that it leads to, if it ever can.
fn shift(states: &mut Vec<u16>, column: u8) -> Option<u16> {
    loop {
        let state = *states.last()?;
        if TABLES.valid[usize::from(state)] >> column & 1 == 0 {
            return None;
        }
        let action = TABLES.plain.step(state, column).action;
        if action > 0 {
            return Some((action - 1) as u16);
        }
        if action == TABLES.accept {
            return None;
        }
        let reduction = &REDUCTIONS[!action as usize];
        states.truncate(states.len() - usize::from(reduction.pops));
        states.push(TABLES.plain.goto(*states.last()?, reduction.nonterminal));
    }
}
