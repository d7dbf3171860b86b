//! Writes the generated file: tables, the stacks of symbols, reductions and the actions that LALRPOP wrote.
//!
//! Invariant: the symbols of each type lie on a stack of their own, so that taking one needs no look at what it is.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::Failure;

use super::automaton::{Automaton, Step};
use super::packing::pack;
use super::text::{Parser, Reduction};

/// What tokens carry, and where: type of the symbol, pattern that takes it from a token, and token that carries it.
const CARRIED: [(&str, &str, &str); 3] = [
    (
        "Symbol",
        "Token::Name(it) | Token::String(it) | Token::Label(it) | Token::At(it) | Token::AtCall(it)",
        "Token::Name(value)",
    ),
    ("BinaryOperator", "Token::Binary(it)", "Token::Binary(value)"),
    ("Value", "Token::Integer(it) | Token::Float(it)", "Token::Integer(value)"),
];

/// The nonterminals that are lists of statements.
const LISTS: [&str; 2] = ["StatsE", "StatsO"];

/// The whole file.
pub(super) fn file(parser: &Parser<'_>, automaton: &Automaton, fingerprint: u64) -> Result<String, Failure> {
    let mut out = String::new();
    write!(
        out,
        "//! The LR(1) parser generated from `grammar.lalrpop` by `cargo xtask grammar`; edit that, never this.\n\
         //!\n\
         //! Invariant: made from the grammar whose fingerprint is {fingerprint:016x}; a test of this crate compares it.\n\n\
         {imports}use crate::driver::{{Automaton, Place, Reduction, Tables, mismatch}};\n\
         use bumpalo::Bump;\n\
         use bumpalo::collections::Vec as Stack;\n\n\
         extern crate alloc;\n\n",
        imports = parser.imports,
    )?;
    tables(&mut out, parser, automaton)?;
    token_index(&mut out, parser)?;
    stacks(&mut out, parser)?;
    for (index, reduction) in parser.reductions.iter().enumerate().filter(|(_, it)| !it.renames) {
        function(&mut out, index, reduction)?;
    }
    let functions = parser.functions.replace("\nfn __action", "\n#[inline(always)]\nfn __action");
    write!(out, "#[inline(always)]\n{functions}")?;
    Ok(out)
}

fn tables(out: &mut String, parser: &Parser<'_>, automaton: &Automaton) -> Result<(), Failure> {
    let accept = -(parser.accept() as i32 + 1);
    let valid = parser.actions.iter().map(|row| {
        row.iter().enumerate().fold(0_u128, |valid, (at, &action)| valid | u128::from(action != 0) << at)
    });
    let plain: Vec<Vec<Step>> = parser
        .actions
        .iter()
        .map(|row| row.iter().map(|&action| Step { state: 0, action }).collect())
        .collect();
    writeln!(out, "/// The automaton.\npub(crate) static TABLES: Tables = Tables {{")?;
    writeln!(out, "    accept: {accept},\n    end: {},", parser.terminals.len())?;
    let [one, other] = LISTS.map(|name| parser.nonterminal(name));
    writeln!(out, "    lists: [{}, {}],", one?, other?)?;
    rows(out, "parse", parser, &automaton.rows, &automaton.gotos)?;
    rows(out, "plain", parser, &plain, &automaton.states)?;
    numbers_of(out, "valid", valid)?;
    writeln!(out, "    terminals: &[\n        {},\n    ],", parser.terminals.join(", "))?;
    writeln!(out, "}};\n")?;

    let count = parser.reductions.len();
    writeln!(out, "/// The productions.\npub(crate) static REDUCTIONS: [Reduction; {count}] = [")?;
    for (index, reduction) in parser.reductions.iter().enumerate() {
        let make =
            if reduction.renames { "|_, _, _, below| below".to_owned() } else { format!("__reduce{index}") };
        let (pops, nonterminal) = (reduction.pops, reduction.nonterminal);
        writeln!(out, "    Reduction {{ make: {make}, pops: {pops}, nonterminal: {nonterminal} }},")?;
    }
    writeln!(out, "];\n")?;
    Ok(())
}

/// One automaton; what is written here is read by `Step::of` in the parser's `driver.rs`.
fn rows(
    out: &mut String,
    name: &str,
    parser: &Parser<'_>,
    rows: &[Vec<Step>],
    gotos: &BTreeMap<(usize, usize), usize>,
) -> Result<(), Failure> {
    const NO_COLUMN: u32 = 127;
    let accept = -(parser.accept() as i32 + 1);
    // The end of the text and tokens that no grammar has are columns too.
    let columns = parser.terminals.len() + 2;
    let limit = rows.iter().flatten().map(|step| step.action.unsigned_abs()).max().unwrap_or(0);
    if columns > NO_COLUMN as usize || limit >= 1 << 11 || parser.actions.len() > 1 << 13 {
        return Err("the grammar is too large for the entries of the tables".into());
    }
    let packed =
        |column: u32, step: &Step| column | (step.action as u32 & 0xFFF) << 7 | (step.state as u32) << 19;
    let defaults: Vec<Step> =
        rows.iter().map(|row| commonest(row, |step| step.action < 0 && step.action != accept)).collect();
    let known: Vec<Vec<(usize, Step)>> = rows
        .iter()
        .zip(&defaults)
        .map(|(row, default)| {
            let entries = row.iter().copied().enumerate();
            entries.filter(|(_, step)| step.action != 0 && step != default).collect()
        })
        .collect();
    let steps = pack(&known, columns);
    let gotos = pack(&by_nonterminal(parser, gotos), 1);
    writeln!(out, "    {name}: Automaton {{")?;
    let rows = steps.bases.iter().zip(&defaults);
    numbers_of(out, "rows", rows.map(|(base, default)| format!("({base}, {})", packed(NO_COLUMN, default))))?;
    let entries = steps.entries.iter().map(|entry| match entry {
        Some((column, step)) => packed(*column as u32, step),
        None => NO_COLUMN,
    });
    numbers_of(out, "entries", entries)?;
    numbers_of(out, "goto_bases", gotos.bases.iter())?;
    numbers_of(out, "gotos", gotos.entries.iter().map(|entry| entry.map_or(0, |(_, to)| to)))?;
    writeln!(out, "    }},")?;
    Ok(())
}

/// The commonest of those entries that may stand for all others, or the empty one.
fn commonest<T: Copy + Ord + Default>(row: &[T], may: impl Fn(&T) -> bool) -> T {
    let mut counts = BTreeMap::new();
    for entry in row.iter().filter(|entry| may(entry)) {
        *counts.entry(*entry).or_insert(0) += 1;
    }
    counts.into_iter().max_by_key(|&(_, count)| count).map(|(entry, _)| entry).unwrap_or_default()
}

fn by_nonterminal(parser: &Parser<'_>, gotos: &BTreeMap<(usize, usize), usize>) -> Vec<Vec<(usize, usize)>> {
    let count = parser.reductions.iter().map(|it| it.nonterminal + 1).max().unwrap_or(0);
    let mut rows = vec![Vec::new(); count];
    for (&(nonterminal, state), &to) in gotos {
        rows[nonterminal].push((state, to));
    }
    rows
}

fn numbers_of<T: ToString>(
    out: &mut String,
    name: &str,
    numbers: impl Iterator<Item = T>,
) -> Result<(), Failure> {
    let texts: Vec<String> = numbers.map(|number| number.to_string()).collect();
    writeln!(out, "    {name}: &[")?;
    for line in texts.chunks(24) {
        writeln!(out, "        {},", line.join(", "))?;
    }
    writeln!(out, "    ],")?;
    Ok(())
}

fn token_index(out: &mut String, parser: &Parser<'_>) -> Result<(), Failure> {
    writeln!(
        out,
        "/// The column of a token in the tables; one that no table knows if the grammar has no such token."
    )?;
    writeln!(out, "#[inline(never)]\npub(crate) fn token_index(token: &Token) -> u8 {{\n    match token {{")?;
    for (index, pattern) in parser.patterns.iter().enumerate() {
        writeln!(out, "        {pattern} => {index},")?;
    }
    writeln!(out, "        _ => {},\n    }}\n}}\n", parser.terminals.len() + 1)?;
    Ok(())
}

fn stacks(out: &mut String, parser: &Parser<'_>) -> Result<(), Failure> {
    let carried = |ty: &str| CARRIED.iter().find(|(carried, _, _)| *carried == ty);
    let own = |ty: &str| ty != "Token" && carried(ty).is_none();
    writeln!(out, "/// The symbols that have been read, those of each type on a stack of their own.")?;
    writeln!(out, "pub(crate) struct Symbols<'a> {{\n    places: Stack<'a, Place>,")?;
    let numbered = || parser.variants.iter().enumerate();
    for (number, ty) in numbered().filter(|(_, ty)| own(ty)) {
        writeln!(out, "    v{number}: Stack<'a, {ty}>,")?;
    }
    writeln!(out, "}}\n\nimpl<'a> Symbols<'a> {{")?;
    writeln!(
        out,
        "    pub(crate) fn new(arena: &'a Bump) -> Self {{\n        Self {{\n            places: Stack::with_capacity_in(32, arena),"
    )?;
    for (number, _) in numbered().filter(|(_, ty)| own(ty)) {
        writeln!(out, "            v{number}: Stack::new_in(arena),")?;
    }
    writeln!(
        out,
        "        }}\n    }}\n\n    \
         /// Puts a token on top of the state `below`.\n    \
         #[inline(always)]\n    \
         pub(crate) fn shift(&mut self, start: Offset, token: Token, end: Offset, below: u16) {{\n        \
             self.places.push((start, token, end, below));\n    \
         }}\n\n    \
         /// Begins with a list.\n    \
         pub(crate) fn begin(&mut self, base: Base) {{\n        \
             self.push_{base}(Offset::default(), base, Offset::default(), 0);\n    \
         }}\n\n    \
         /// The symbol of the whole text.\n    \
         pub(crate) fn finish(&mut self) -> {result} {{\n        \
             let [place] = self.top();\n        \
             self.take_{number}(place).1\n    \
         }}\n\n    \
         fn last(&self) -> Option<&Place> {{\n        \
             self.places.last()\n    \
         }}\n\n    \
         /// How many there are.\n    \
         #[inline(always)]\n    \
         pub(crate) fn len(&self) -> usize {{\n        \
             self.places.len()\n    \
         }}\n\n    \
         /// Where the topmost stand.\n    \
         #[inline(always)]\n    \
         fn top<const COUNT: usize>(&self) -> [Place; COUNT] {{\n        \
             *self.places.last_chunk().unwrap_or_else(|| mismatch())\n    \
         }}\n\n    \
         /// Makes one place of the topmost ones.\n    \
         #[inline(always)]\n    \
         fn join(&mut self, count: usize, token: Token, end: Offset) {{\n        \
             self.places.truncate((self.places.len() + 1).wrapping_sub(count));\n        \
             match self.places.last_mut() {{\n            \
                 Some(place) => (place.1, place.2) = (token, end),\n            \
                 None => mismatch(),\n        \
             }}\n    \
         }}\n",
        base = numbered().find(|(_, ty)| **ty == "Base").ok_or("no symbol is a list")?.0,
        result = parser.variants[parser.result],
        number = parser.result,
    )?;
    for (number, ty) in numbered() {
        writeln!(
            out,
            "    #[inline(always)]\n    fn take_{number}(&mut self, place: Place) -> (Offset, {ty}, Offset) {{"
        )?;
        match (carried(ty), own(ty)) {
            (Some((_, pattern, _)), _) => writeln!(
                out,
                "        match place.1 {{\n            \
                     {pattern} => (place.0, it, place.2),\n            \
                     _ => mismatch(),\n        }}\n    }}"
            )?,
            (None, false) => writeln!(out, "        (place.0, place.1, place.2)\n    }}")?,
            (None, true) => writeln!(
                out,
                "        match self.v{number}.pop() {{\n            \
                     Some(value) => (place.0, value, place.2),\n            \
                     None => mismatch(),\n        }}\n    }}"
            )?,
        }
        writeln!(
            out,
            "    #[inline(always)]\n    fn push_{number}(&mut self, start: Offset, value: {ty}, end: Offset, below: u16) {{"
        )?;
        match (carried(ty), own(ty)) {
            (Some((_, _, token)), _) => {
                writeln!(out, "        self.places.push((start, {token}, end, below));\n    }}")?
            }
            (None, false) => writeln!(out, "        self.places.push((start, value, end, below));\n    }}")?,
            (None, true) => writeln!(
                out,
                "        self.places.push((start, Token::Unknown, end, below));\n        self.v{number}.push(value);\n    }}"
            )?,
        }
        writeln!(
            out,
            "    #[inline(always)]\n    fn join_{number}(&mut self, count: usize, value: {ty}, end: Offset) {{"
        )?;
        match (carried(ty), own(ty)) {
            (Some((_, _, token)), _) => writeln!(out, "        self.join(count, {token}, end);\n    }}")?,
            (None, false) => writeln!(out, "        self.join(count, value, end);\n    }}")?,
            (None, true) => writeln!(
                out,
                "        self.join(count, Token::Unknown, end);\n        self.v{number}.push(value);\n    }}"
            )?,
        }
    }
    writeln!(out, "}}\n")?;
    Ok(())
}

/// The function of one reduction, in the words of the generator but for the stacks.
fn function(out: &mut String, index: usize, reduction: &Reduction<'_>) -> Result<(), Failure> {
    writeln!(out, "// {}", reduction.production)?;
    writeln!(
        out,
        "fn __reduce{index}<'a, 's>(h: &mut Builder<'a, 's>, __lookahead_start: Option<&Offset>, __symbols: &mut Symbols<'a>, __below: u16) -> u16 {{"
    )?;
    let pops = reduction.pops;
    if pops > 0 {
        writeln!(out, "    let __places = __symbols.top::<{pops}>();\n    let __below = __places[0].3;")?;
    }
    for statement in &reduction.statements {
        if statement.starts_with("assert!") {
            continue;
        }
        let number = |before: &str| {
            let (_, rest) = statement.split_once(before)?;
            rest.split_once('(').map(|(number, _)| number)
        };
        if let Some(number) = number("__pop_Variant") {
            let symbol = statement.strip_prefix("let __sym").and_then(|rest| rest.split_once(' '));
            let (symbol, _) = symbol.ok_or("a symbol without a number")?;
            writeln!(out, "    let __sym{symbol} = __symbols.take_{number}(__places[{symbol}]);")?;
        } else if let Some(number) = number("__symbols.push((__start, __Symbol::Variant") {
            match pops {
                0 => writeln!(out, "    __symbols.push_{number}(__start, __nt, __end, __below);")?,
                _ => writeln!(out, "    __symbols.join_{number}({pops}, __nt, __end);")?,
            }
        } else {
            writeln!(out, "    {}", statement.replace("super::__action", "__action"))?;
        }
    }
    writeln!(out, "    __below")?;
    writeln!(out, "}}\n")?;
    Ok(())
}
