//! The loop that runs the generated tables: shift, reduce, or say what was expected.
//!
//! It stands where the generated parser looks for `lalrpop_util`, with the same face, and does the same steps as the
//! loop there. Two things differ: it has no error recovery, which the grammar does not ask for, and reductions that
//! rename one nonterminal to another (`UNITS`, half of all) do not touch the symbol stack and are taken by the chain:
//! where one ends depends on two states and the lookahead alone, and is remembered. Invariant: below each state but
//! the first lies the symbol that led to it.

pub(crate) use lalrpop_util::ParseError;

/// What the generated code calls the state machine.
pub(crate) mod state_machine {
    pub(crate) use lalrpop_util::state_machine::{
        ErrorRecovery, ParseError, ParseResult, ParserDefinition, SimulatedReduce, SymbolTriple, TokenTriple,
    };

    use std::cell::Cell;

    use crate::grammar::UNITS;

    /// States that their stack has room for from the start.
    const STATES: usize = 64;

    /// Size of the symbol stack at the start, in bytes (measured: a small allocation is made and freed at once).
    const SYMBOL_BYTES: usize = 1000;

    /// Chains of renamings that are remembered (chosen: they fit the fastest cache).
    const CHAINS: usize = 512;

    /// Where a chain of reductions ends that only rename a symbol: a fact about the tables, found out once.
    #[derive(Clone, Copy)]
    struct Chain {
        /// State below, state on top and lookahead token; zero if nothing is remembered.
        key: u64,
        /// The state on top at the end of the chain, and what to do there.
        top: i16,
        action: i16,
    }

    const NO_CHAIN: Chain = Chain { key: 0, top: 0, action: 0 };

    thread_local! {
        /// The chains that this thread knows; nothing while it parses.
        static KNOWN: Cell<Option<Box<[Chain; CHAINS]>>> = const { Cell::new(None) };
    }

    /// The nonterminal that a reduction renames its only symbol to, if that is all it does.
    #[inline(always)]
    fn renaming(action: i16) -> Option<usize> {
        usize::try_from(UNITS[-(action + 1) as usize]).ok()
    }

    /// Follows a chain of renamings, the first of which is `action`: the state on top, and what to do then.
    #[inline(always)]
    fn follow<D>(
        known: &mut [Chain; CHAINS],
        definition: &D,
        below: i16,
        top: i16,
        token: usize,
        action: i16,
    ) -> (i16, i16)
    where
        D: ParserDefinition<StateIndex = i16, Action = i16, NonterminalIndex = usize, TokenIndex = usize>,
    {
        let key = 1 << 63 | (below as u64) << 32 | (top as u64) << 16 | token as u64;
        let chain = &mut known[(key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 55) as usize % CHAINS];
        if chain.key != key {
            let (mut top, mut action) = (top, action);
            while action < 0
                && let Some(nonterminal) = renaming(action)
            {
                top = definition.goto(below, nonterminal);
                action = definition.action(top, token);
            }
            *chain = Chain { key, top, action };
        }
        (chain.top, chain.action)
    }

    /// The parser; only its function is used.
    pub(crate) struct Parser;

    impl Parser {
        /// Parses the tokens to the end.
        pub(crate) fn drive<D, I>(definition: D, tokens: I) -> ParseResult<D>
        where
            D: ParserDefinition<
                    TokenIndex = usize,
                    StateIndex = i16,
                    Action = i16,
                    ReduceIndex = i16,
                    NonterminalIndex = usize,
                >,
            I: Iterator<Item = Result<TokenTriple<D>, ParseError<D>>>,
        {
            let mut known = KNOWN.take().unwrap_or_else(|| Box::new([NO_CHAIN; CHAINS]));
            let result = Self::drive_with(&mut known, definition, tokens);
            KNOWN.set(Some(known));
            result
        }

        fn drive_with<D, I>(known: &mut [Chain; CHAINS], mut definition: D, tokens: I) -> ParseResult<D>
        where
            D: ParserDefinition<
                    TokenIndex = usize,
                    StateIndex = i16,
                    Action = i16,
                    ReduceIndex = i16,
                    NonterminalIndex = usize,
                >,
            I: Iterator<Item = Result<TokenTriple<D>, ParseError<D>>>,
        {
            let mut states: Vec<i16> = Vec::with_capacity(STATES);
            let mut symbols: Vec<SymbolTriple<D>> =
                Vec::with_capacity(SYMBOL_BYTES / size_of::<SymbolTriple<D>>());
            let mut top = definition.start_state();
            states.push(top);
            for token in tokens {
                let lookahead = token?;
                let Some(index) = definition.token_to_index(&lookahead.1) else {
                    return Err(unexpected(&definition, &states, lookahead));
                };
                let mut action = definition.action(top, index);
                loop {
                    if action > 0 {
                        top = action - 1;
                        states.push(top);
                        let symbol = definition.token_to_symbol(index, lookahead.1);
                        symbols.push((lookahead.0, symbol, lookahead.2));
                        break;
                    }
                    if action == 0 {
                        return Err(unexpected(&definition, &states, lookahead));
                    }
                    if renaming(action).is_some()
                        && let [.., below, on_top] = &mut states[..]
                    {
                        (top, action) = follow(known, &definition, *below, top, index, action);
                        *on_top = top;
                        continue;
                    }
                    let reduced =
                        definition.reduce(-(action + 1), Some(&lookahead.0), &mut states, &mut symbols);
                    if let Some(result) = reduced {
                        return result.and(Err(ParseError::<D>::ExtraToken { token: lookahead }));
                    }
                    top = *states.last().expect("the first state is never popped");
                    action = definition.action(top, index);
                }
            }
            loop {
                let action = definition.eof_action(top);
                if action >= 0 {
                    let expected = definition.expected_tokens_from_states(&states);
                    let location =
                        symbols.last().map_or_else(|| definition.start_location(), |last| last.2.clone());
                    return Err(ParseError::<D>::UnrecognizedEof { location, expected });
                }
                let reduction = -(action + 1);
                if let Some(result) = definition.reduce(reduction, None, &mut states, &mut symbols) {
                    return result;
                }
                top = *states.last().expect("the first state is never popped");
            }
        }
    }

    #[cold]
    fn unexpected<D>(definition: &D, states: &[i16], token: TokenTriple<D>) -> ParseError<D>
    where
        D: ParserDefinition<StateIndex = i16>,
    {
        ParseError::<D>::UnrecognizedToken { token, expected: definition.expected_tokens_from_states(states) }
    }
}
