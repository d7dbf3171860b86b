//! The loop that runs the generated tables: shift, reduce, or say what was expected.
//!
//! It stands where the generated parser looks for `lalrpop_util`, with the same face, and does the same steps as the
//! loop there. Two things differ: it has no error recovery, which the grammar does not ask for, and it takes
//! reductions that rename one nonterminal to another (`UNITS`) without touching the symbol stack. Invariant: below
//! each state but the first lies the symbol that led to it.

pub(crate) use lalrpop_util::ParseError;

/// What the generated code calls the state machine.
pub(crate) mod state_machine {
    pub(crate) use lalrpop_util::state_machine::{
        ErrorRecovery, ParseError, ParseResult, ParserDefinition, SimulatedReduce, SymbolTriple, TokenTriple,
    };

    use crate::grammar::UNITS;

    /// Entries that the two stacks have room for from the start.
    const STACK: usize = 64;

    /// The parser; only its function is used.
    pub(crate) struct Parser;

    impl Parser {
        /// Parses the tokens to the end.
        pub(crate) fn drive<D, I>(mut definition: D, tokens: I) -> ParseResult<D>
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
            let mut states: Vec<i16> = Vec::with_capacity(STACK);
            let mut symbols: Vec<SymbolTriple<D>> = Vec::with_capacity(STACK);
            let mut top = definition.start_state();
            states.push(top);
            for token in tokens {
                let lookahead = token?;
                let Some(index) = definition.token_to_index(&lookahead.1) else {
                    return Err(unexpected(&definition, &states, lookahead));
                };
                loop {
                    let action = definition.action(top, index);
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
                    let reduction = -(action + 1);
                    if !rename(&definition, &mut states, reduction)
                        && let Some(result) =
                            definition.reduce(reduction, Some(&lookahead.0), &mut states, &mut symbols)
                    {
                        return result.and(Err(ParseError::<D>::ExtraToken { token: lookahead }));
                    }
                    top = *states.last().expect("the first state is never popped");
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

    /// Takes a reduction that only gives a symbol another name; whether it was one.
    #[inline(always)]
    fn rename<D>(definition: &D, states: &mut [i16], reduction: i16) -> bool
    where
        D: ParserDefinition<StateIndex = i16, NonterminalIndex = usize>,
    {
        let Ok(nonterminal) = usize::try_from(UNITS[reduction as usize]) else { return false };
        let [.., below, top] = states else { return false };
        *top = definition.goto(*below, nonterminal);
        true
    }

    #[cold]
    fn unexpected<D>(definition: &D, states: &[i16], token: TokenTriple<D>) -> ParseError<D>
    where
        D: ParserDefinition<StateIndex = i16>,
    {
        ParseError::<D>::UnrecognizedToken { token, expected: definition.expected_tokens_from_states(states) }
    }
}
