//! Reads back what LALRPOP wrote: the tables of the automaton, its reductions, and the text of the actions.
//!
//! It knows how version 0.23 writes and nothing about grammars. Invariant: whatever does not look as expected is an
//! error here, so a newer generator cannot silently give a wrong parser.

use std::collections::BTreeMap;

/// What the text says.
pub(super) struct Parser<'p> {
    /// The `use` lines of the grammar.
    pub(super) imports: &'p str,
    /// Terminals in the order of their numbers, as Rust literals.
    pub(super) terminals: Vec<&'p str>,
    /// The pattern of each terminal's token, in the same order.
    pub(super) patterns: Vec<&'p str>,
    /// For each state and each terminal, the end of the text last: shift to state `n - 1`, reduce by `-n - 1`, or zero.
    pub(super) actions: Vec<Vec<i32>>,
    gotos: BTreeMap<usize, Goto>,
    pub(super) reductions: Vec<Reduction<'p>>,
    /// Types of symbols, by the number that the text gives them.
    pub(super) variants: Vec<&'p str>,
    /// The variant of the whole text's symbol.
    pub(super) result: usize,
    /// The functions that build nodes.
    pub(super) functions: &'p str,
}

/// Where one nonterminal leads.
struct Goto {
    otherwise: Option<usize>,
    from: BTreeMap<usize, usize>,
}

/// One production as it is reduced.
pub(super) struct Reduction<'p> {
    /// The production, for a comment.
    pub(super) production: &'p str,
    /// The statements that take the symbols and put the new one.
    pub(super) statements: Vec<&'p str>,
    pub(super) pops: usize,
    pub(super) nonterminal: usize,
    /// Whether all it does is to give its only symbol another name.
    pub(super) renames: bool,
}

type Outcome<T> = Result<T, String>;

/// What stands between `before` and the next `after`.
fn between<'p>(text: &'p str, before: &str, after: &str) -> Outcome<&'p str> {
    let (_, rest) = text.split_once(before).ok_or_else(|| format!("`{before}` is missing"))?;
    let (found, _) =
        rest.split_once(after).ok_or_else(|| format!("`{after}` is missing after `{before}`"))?;
    Ok(found)
}

fn number<T: std::str::FromStr>(text: &str) -> Outcome<T> {
    text.trim().parse().map_err(|_| format!("`{text}` is not a number"))
}

fn numbers(text: &str) -> Outcome<Vec<i32>> {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.flat_map(|line| line.split(',')).filter(|item| !item.trim().is_empty()).map(number).collect()
}

impl<'p> Parser<'p> {
    pub(super) fn read(text: &'p str) -> Outcome<Self> {
        let imports = between(text, "// features: \n", "#[allow(unused_extern_crates)]")?;
        let terminals = list(between(text, "const __TERMINAL: &[&str] = &[\n", "    ];")?, "r###");
        let patterns = list(between(text, "match __token {\n", "            _ => None")?, "Token::");
        let patterns =
            patterns.into_iter().map(|line| line.split(" if true").next().unwrap_or(line)).collect();
        let variants = between(text, "enum __Symbol<'a>\n     {\n", "    }\n")?
            .lines()
            .map(|line| line.split_once('(').and_then(|(_, rest)| rest.trim().strip_suffix("),")))
            .collect::<Option<Vec<_>>>()
            .ok_or("a kind of symbol")?;
        let mut actions = numbers(between(text, "const __ACTION: &[i16] = &[", "];")?)?;
        let at_end = numbers(between(text, "const __EOF_ACTION: &[i16] = &[", "];")?)?;
        let terminals_len = terminals.len();
        if terminals_len * at_end.len() != actions.len() {
            return Err("tables of different sizes".to_owned());
        }
        let actions = at_end
            .iter()
            .map(|&end| {
                let rest = actions.split_off(terminals_len);
                let mut row = std::mem::replace(&mut actions, rest);
                row.push(end);
                row
            })
            .collect();
        let mut parser = Self {
            imports,
            terminals,
            patterns,
            actions,
            gotos: gotos(between(
                text,
                "fn __goto(state: i16, nt: usize) -> i16 {\n        match nt {\n",
                "\n        }\n    }",
            )?)?,
            reductions: Vec::new(),
            variants,
            result: 0,
            functions: text.find("fn __action0<").map(|at| functions(&text[at..])).ok_or("no actions")?,
        };
        while let Some(at) = text.find(&format!("fn __reduce{}<", parser.reductions.len())) {
            let reduction = parser.reduction(between(&text[at..], "    {\n", "\n    }")?)?;
            parser.reductions.push(reduction);
        }
        let accept = between(text, &format!("            {} => {{\n", parser.accept()), "return Some(Ok")?;
        parser.result = number(between(accept, "__pop_Variant", "(")?)?;
        Ok(parser)
    }

    /// The number of the reduction that ends the parse.
    pub(super) fn accept(&self) -> usize {
        self.reductions.len()
    }

    /// Where `nonterminal` leads from `state`.
    pub(super) fn goto(&self, state: usize, nonterminal: usize) -> usize {
        let goto = &self.gotos[&nonterminal];
        goto.from.get(&state).copied().or(goto.otherwise).unwrap_or(0)
    }

    /// The number of a nonterminal.
    pub(super) fn nonterminal(&self, name: &str) -> Outcome<usize> {
        let is_it = |reduction: &&Reduction<'_>| {
            reduction.production.strip_prefix(name).is_some_and(|rest| rest.starts_with(" ="))
        };
        let found = self.reductions.iter().find(is_it);
        found.map(|reduction| reduction.nonterminal).ok_or_else(|| format!("`{name}` is missing"))
    }

    fn reduction(&self, body: &'p str) -> Outcome<Reduction<'p>> {
        let mut lines = body.lines().map(str::trim);
        let production = lines.next().and_then(|line| line.strip_prefix("// ")).ok_or("no production")?;
        let mut statements: Vec<_> = lines.collect();
        let counts = statements.pop().ok_or("an empty reduction")?;
        let counts = counts.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).ok_or("no counts")?;
        let (pops, nonterminal) = counts.split_once(", ").ok_or("no counts")?;
        let renames = self.renames(body).unwrap_or(false);
        let pops = number(pops)?;
        Ok(Reduction { production, statements, pops, nonterminal: number(nonterminal)?, renames })
    }

    /// Whether the reduction hands on its only symbol unchanged.
    fn renames(&self, body: &str) -> Outcome<bool> {
        if body.matches("__pop_Variant").count() != 1 {
            return Ok(false);
        }
        let taken = between(body, "__pop_Variant", "(")?;
        let made = between(body, "__Symbol::Variant", "(__nt)")?;
        let name = between(body, "super::__action", "::")?;
        let action = between(self.functions, &format!("fn __action{name}<"), "\n}")?;
        let (_, statements) = action.rsplit_once("\n{").ok_or("an action without a body")?;
        let Ok(argument) = between(action, "(_, ", ", _): ") else { return Ok(false) };
        Ok(taken == made && action.matches("(_, ").count() == 1 && statements.trim() == argument)
    }
}

/// The lines that begin with `start`, without the comma at their end.
fn list<'p>(text: &'p str, start: &str) -> Vec<&'p str> {
    let lines = text.lines().map(str::trim).filter(|line| line.starts_with(start));
    lines.map(|line| line.trim_end_matches(',')).collect()
}

fn functions(text: &str) -> &str {
    // Attributes before the first function belong to none.
    text.split("\n#[allow(clippy::type_complexity, dead_code)]\npub(crate) trait __ToTriple")
        .next()
        .unwrap_or(text)
}

fn gotos(text: &str) -> Outcome<BTreeMap<usize, Goto>> {
    let mut gotos = BTreeMap::new();
    let mut lines = text.lines().map(str::trim);
    while let Some(line) = lines.next() {
        let (nonterminal, to) = line.split_once(" => ").ok_or_else(|| format!("`{line}` leads nowhere"))?;
        let mut goto = Goto { otherwise: None, from: BTreeMap::new() };
        match to {
            "match state {" => {
                for line in lines.by_ref().take_while(|&line| line != "},") {
                    let (states, to) = line.split_once(" => ").ok_or("a state that leads nowhere")?;
                    let to = number(to.trim_end_matches(','))?;
                    if states == "_" {
                        goto.otherwise = Some(to);
                        continue;
                    }
                    for state in states.split('|') {
                        let (first, last) = state.split_once("..=").unwrap_or((state, state));
                        goto.from.extend((number(first)?..=number(last)?).map(|state: usize| (state, to)));
                    }
                }
            }
            // No nonterminal has another number.
            _ if nonterminal == "_" => continue,
            to => goto.otherwise = Some(number(to.trim_end_matches(','))?),
        }
        gotos.insert(number(nonterminal)?, goto);
    }
    Ok(gotos)
}
