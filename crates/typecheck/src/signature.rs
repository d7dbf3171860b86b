//! Types from text alone: the signature of a builtin, a type in a test.
//!
//! The grammar has one entry, the chunk, so a text is parsed as the right side of `type _ = …`.
//! Invariant: the text is one whole type; nothing before or after it is accepted.

use wippy_parser::ast::{StatementKind, TypeAlias};
use wippy_parser::{Bump, Interner, Offset, Span, parse};

use crate::error::{Error, ErrorKind};
use crate::lower::lower;
use crate::ty::{FunctionType, Type, TypeKind};

const PREFIX: &str = "type _ = ";

/// The type that `text` describes.
///
/// # Errors
/// If it is not one type, or one that only a program gives a meaning; spans count from the start of `text`.
pub fn parse_type(text: &str) -> Result<Type, Error> {
    parse_prefixed(text).map_err(|error| {
        let shift = |at: Offset| Offset(at.0.saturating_sub(PREFIX.len() as u32));
        Error::new(error.kind().clone(), Span::new(shift(error.span().start), shift(error.span().end)))
    })
}

fn parse_prefixed(text: &str) -> Result<Type, Error> {
    let source = format!("{PREFIX}{text}");
    let arena = Bump::new();
    let mut interner = Interner::new();
    let chunk = parse(source.as_bytes(), &arena, &mut interner)
        .map_err(|error| Error::new(ErrorKind::Syntax(error.clone()), error.span()))?;
    match chunk.block.statements {
        [statement] => match statement.kind {
            StatementKind::TypeAlias(TypeAlias { generics: [], ty, .. }) => lower(ty, &interner),
            _ => Err(Error::new(ErrorKind::MoreThanOneType, statement.span)),
        },
        [_, second, ..] => Err(Error::new(ErrorKind::MoreThanOneType, second.span)),
        [] => Err(Error::new(ErrorKind::MoreThanOneType, chunk.span)),
    }
}

/// The function type that `text` describes, such as `(s: string, n: integer, sep: string?) -> string`.
///
/// # Errors
/// As [`parse_type`], and if it is not a function type.
pub fn parse_signature(text: &str) -> Result<FunctionType, Error> {
    let ty = parse_type(text)?;
    match ty.kind() {
        TypeKind::Function(function) => Ok(function.clone()),
        _ => Err(Error::new(ErrorKind::NotAFunction, Span::new(Offset(0), Offset(text.len() as u32)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ty::Basic;

    #[test]
    fn a_builtin_signature() {
        let signature =
            parse_signature("(s: string, n: integer, sep: string?) -> string").expect("a signature");
        let names: Vec<_> = signature.parameters.iter().map(|it| it.name.as_deref()).collect();
        assert_eq!(names, [Some("s"), Some("n"), Some("sep")]);
        assert_eq!(signature.result.map(|result| result.items), Some(vec![Type::basic(Basic::String)]));
    }

    #[test]
    fn open_results_and_arguments() {
        let signature =
            parse_signature("(format: string, ...any) -> (integer?, ...any)").expect("a signature");
        assert_eq!(signature.vararg, Some(Type::basic(Basic::Any)));
        let result = signature.result.expect("a result");
        assert_eq!((result.items.len(), result.tail), (1, Some(Type::basic(Basic::Any))));
        let nothing = parse_signature("() -> ()").expect("a signature").result.expect("a result");
        assert!(nothing.items.is_empty() && nothing.tail.is_none());
        assert_eq!(parse_signature("fun(x: any)").expect("a signature").result, None);
    }

    #[track_caller]
    fn check_error(text: &str, expected: &str, start: u32) {
        let error = parse_signature(text).expect_err(text);
        assert_eq!((error.to_string().as_str(), error.span().start.0), (expected, start));
    }

    #[test]
    fn what_is_no_signature() {
        check_error("string", "a function type expected", 0);
        check_error("", "unexpected symbol near <eof>", 0);
        check_error("() -> ) string", "unexpected symbol near ')'", 6);
        check_error("() -> string local x", "one type expected", 13);
        check_error("() -> string; print(1)", "one type expected", 12);
        check_error("(A, B)", "multiple values are only allowed as a return type near '(A, B)'", 0);
        check_error("(s: string) -> \"abc", "unfinished string near <eof>", 15);
    }
}
