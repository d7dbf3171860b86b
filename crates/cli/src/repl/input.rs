//! What an input at the prompt is: an expression, statements, the beginning of either, or a mistake.
//!
//! It asks the parser, so it is never wrong about where a string or a block ends.

use wippy_parser::ast::StatementKind;
use wippy_parser::{Bump, Interner, SyntaxError, parse};

/// What an input is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Input {
    /// Nothing to run.
    Empty,
    /// More lines must follow.
    Incomplete,
    /// Expressions, separated by commas; without a leading `=`.
    Expression(Vec<u8>),
    /// Statements.
    Statements(Statements),
    /// Neither.
    Mistake,
}

/// Statements and the variables that they leave behind.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Statements {
    /// The text.
    pub(crate) text: Vec<u8>,
    /// Local variables of the outermost block.
    pub(crate) locals: Vec<String>,
    /// Where a final `return` begins, else the length of the text.
    pub(crate) end: usize,
}

/// Looks at the lines typed so far.
pub(crate) fn understand(text: &[u8]) -> Input {
    let trimmed = text.trim_ascii();
    if trimmed.is_empty() {
        return Input::Empty;
    }
    let (value, forced) = match trimmed.strip_prefix(b"=") {
        Some(value) => (value, true),
        None => (text, false),
    };
    let unfinished = match parsed(&[b"return ", value].concat()) {
        Ok(parsed) if parsed.only_return => return Input::Expression(value.to_vec()),
        Ok(_) => false,
        Err(error) => error.is_incomplete(),
    };
    if forced {
        return if unfinished { Input::Incomplete } else { Input::Mistake };
    }
    match parsed(text) {
        Ok(found) => {
            Input::Statements(Statements { text: text.to_vec(), locals: found.locals, end: found.end })
        }
        Err(error) if unfinished || error.is_incomplete() => Input::Incomplete,
        Err(_) => Input::Mistake,
    }
}

struct Parsed {
    only_return: bool,
    locals: Vec<String>,
    end: usize,
}

fn parsed(text: &[u8]) -> Result<Parsed, SyntaxError> {
    let arena = Bump::new();
    let mut interner = Interner::new();
    // As a line of a file: a string that is not closed on it is a mistake, not a beginning.
    let chunk = parse(&[text, b"\n"].concat(), &arena, &mut interner)?;
    let mut locals = Vec::new();
    let mut keep = |symbol| {
        let name = String::from_utf8_lossy(interner.resolve(symbol)).into_owned();
        locals.retain(|other| *other != name);
        locals.push(name);
    };
    let mut end = text.len();
    for statement in chunk.block.statements {
        match statement.kind {
            StatementKind::Local(local) => local.names.iter().for_each(|binding| keep(binding.name.symbol)),
            StatementKind::LocalFunction(function) => keep(function.name.symbol),
            StatementKind::Return(_) => end = statement.span.start.index(),
            _ => {}
        }
    }
    let only_return = match chunk.block.statements {
        [only] => matches!(only.kind, StatementKind::Return(values) if !values.is_empty()),
        _ => false,
    };
    Ok(Parsed { only_return, locals, end })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statements(text: &str, locals: &[&str], end: usize) {
        let expected = Statements {
            text: text.as_bytes().to_vec(),
            locals: locals.iter().map(|name| (*name).to_owned()).collect(),
            end,
        };
        assert_eq!(understand(text.as_bytes()), Input::Statements(expected));
    }

    #[test]
    fn expressions_come_first() {
        for text in ["1 + 1", "f(x)", "{1,\n2}", "'a', nil", "function() end", "..."] {
            assert_eq!(understand(text.as_bytes()), Input::Expression(text.into()), "{text}");
        }
        assert_eq!(understand(b"= 1 + 1"), Input::Expression(b" 1 + 1".to_vec()));
        assert_eq!(understand(b"  "), Input::Empty);
    }

    #[test]
    fn statements_leave_their_locals() {
        statements("local x, y = 2", &["x", "y"], 14);
        statements("local function f() local inner end", &["f"], 34);
        statements("local a = 1 return a", &["a"], 12);
        statements("x = 1", &[], 5);
        statements("do local hidden end", &[], 19);
    }

    #[test]
    fn unfinished_input_waits_for_more() {
        for text in ["for i = 1, 2 do", "x =", "f(", "1 +", "[[a", "--[[ c", "if x then\nelse", "= {"] {
            assert_eq!(understand(text.as_bytes()), Input::Incomplete, "{text}");
        }
    }

    #[test]
    fn mistakes_do_not_wait() {
        for text in ["1 + * 2", "x = = 2", "'abc", "=x)", "x = 1 return return"] {
            assert_eq!(understand(text.as_bytes()), Input::Mistake, "{text}");
        }
    }

    #[test]
    fn any_input_is_understood_somehow() {
        let pieces: [&[u8]; 12] = [
            b"x",
            b" = ",
            b"1",
            b"(",
            b")",
            b"local ",
            b"function",
            b" end ",
            b"'",
            b"\n",
            b"return ",
            b"\xff",
        ];
        for seed in 0..3000 {
            let text = wippy_random::Random::new(seed).text(&pieces, 12);
            if let Input::Statements(statements) = understand(&text) {
                assert!(statements.end <= statements.text.len(), "seed {seed}");
            }
        }
    }
}
