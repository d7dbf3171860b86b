//! Lua 5.3 with type annotations: from bytes to a syntax tree.
//!
//! Knows text, tokens, the tree and spans; knows nothing of values, files, or what a type means. Names are not
//! resolved: `break` outside a loop, labels, and the limits of a function belong to the compiler.
//! Invariant: no input makes it panic or overflow the stack; whatever is wrong comes back as a syntax error.
//!
//! ```
//! use wippy_parser::{Bump, Interner, parse};
//!
//! let arena = Bump::new();
//! let mut interner = Interner::new();
//! let chunk = parse(b"local answer: integer = 6 * 7\nreturn answer", &arena, &mut interner)?;
//! assert_eq!(chunk.block.statements.len(), 2);
//!
//! let error = parse(b"if x\nelse", &arena, &mut interner).unwrap_err();
//! assert_eq!(format!("chunk:{}: {error}", error.line()), "chunk:2: 'then' expected near 'else'");
//! # Ok::<(), wippy_parser::SyntaxError>(())
//! ```

pub mod annotation;
pub mod ast;
mod builder;
mod diagnose;
mod driver;
pub mod error;
mod filter;
#[rustfmt::skip]
#[allow(
    clippy::all, clippy::allow_attributes_without_reason, clippy::unwrap_used, unreachable_pub, unused_lifetimes,
    dead_code, missing_docs, non_snake_case, unused_variables, unused_imports, unused_parens, unused_extern_crates, reason = "generated from grammar.lalrpop"
)]
mod grammar;
pub mod interner;
mod lexer;
pub mod name;
pub mod nearest;
mod numeral;
mod prefix;
pub mod print;
pub mod span;
mod token;
pub mod visit;

pub use bumpalo::Bump;

use ast::{Block, Chunk};
use builder::Builder;
use diagnose::Surprise;
use driver::{Parsed, Pause, Stop};
pub use error::{FunctionPlace, Near, SyntaxError, SyntaxErrorKind};
use filter::{Filter, Shared};
pub use interner::{Interner, Symbol};
use lexer::Lexer;
pub use numeral::Numeral;
pub use prefix::is_hopeless;
pub use span::{Line, LineIndex, Offset, Span};

/// How deep brackets, blocks, functions and right-nested operators may nest, counted as the reference implementation
/// counts: the chunk, each statement and each expression is one level (`LUAI_MAXCCALLS` of Lua 5.3).
pub const MAX_DEPTH: u32 = 200;

/// Parses a whole chunk. Nodes go to `arena`, names and strings to `interner`; the tree refers to nothing else.
///
/// `source` is any bytes: identifiers are ASCII, strings hold whatever they hold. Line ends may be `\n`, `\r`, `\r\n` or
/// `\n\r`. A byte order mark or a first line with `#` is the business of whoever reads the file, see [`strip_shebang`].
///
/// # Errors
/// The first thing that is wrong, in the words of the reference implementation.
pub fn parse<'a>(source: &[u8], arena: &'a Bump, interner: &mut Interner) -> Result<Chunk<'a>, SyntaxError> {
    let end = end_of(source)?;
    let shared = Shared::default();
    let mut filter = Filter::new(Lexer::new(source, interner, &shared.values), &shared);
    let mut builder = Builder::new(arena, &shared, usize::MAX);
    match read(&mut builder, &mut filter, None) {
        Ok(Parsed::End(block)) => {
            Ok(Chunk { block: Block { end, ..block }, span: Span::new(Offset(0), end) })
        }
        Ok(Parsed::Piece(..)) => unreachable!("no arena is so full"),
        Err(Stop::Surprised) => Err(explain(source, interner)),
        Err(Stop::Refused(error)) => Err(error),
    }
}

/// Bytes of the tree that make a piece.
const PIECE_BYTES: usize = 64 << 10;

/// Parses a chunk and shows `take` the statements of its block in pieces, each when it has been read: then the tree of a
/// large chunk is never in memory as a whole. `take` is told whether the piece is the last one; only that may be empty or
/// end with statements that do nothing.
///
/// Types count in the whole of a block, before their declarations too. So a chunk with annotations or declarations of
/// types comes in one piece; where they are found after others were shown, there is no last one, and the answer is false.
///
/// # Errors
/// As for [`parse`], and what `take` says.
pub fn parse_in_pieces(
    source: &[u8],
    arena: &mut Bump,
    interner: &mut Interner,
    mut take: impl for<'p> FnMut(&'p Block<'p>, bool, &'p Interner) -> Result<(), SyntaxError>,
) -> Result<bool, SyntaxError> {
    let end = end_of(source)?;
    let shared = Shared::default();
    let mut filter = Filter::new(Lexer::new(source, interner, &shared.values), &shared);
    let mut from = None;
    loop {
        let mut builder = Builder::new(arena, &shared, PIECE_BYTES);
        match read(&mut builder, &mut filter, from) {
            Ok(Parsed::End(_)) if shared.typed.get() && from.is_some() => return Ok(false),
            Ok(Parsed::End(block)) => {
                take(builder.alloc(Block { end, ..block }), true, filter.interner())?;
                return Ok(true);
            }
            Ok(Parsed::Piece(statements, pause)) => {
                take(builder.alloc(Block { statements, end }), false, filter.interner())?;
                from = Some(pause);
            }
            Err(Stop::Surprised) => return Err(explain(source, interner)),
            Err(Stop::Refused(error)) => return Err(error),
        }
        drop(builder);
        arena.reset();
    }
}

/// Where the text ends.
fn end_of(source: &[u8]) -> Result<Offset, SyntaxError> {
    match u32::try_from(source.len()) {
        Ok(len) => Ok(Offset(len)),
        Err(_) => {
            let start = Span::default();
            Err(SyntaxError::new(SyntaxErrorKind::SourceTooLarge, b"", start, Near::Nothing))
        }
    }
}

/// Parses from the start, or from a pause on.
fn read<'a>(
    builder: &mut Builder<'a, '_>,
    filter: &mut Filter<'_, '_>,
    from: Option<Pause>,
) -> Result<Parsed<'a>, Stop> {
    let parsed = driver::drive(builder, filter, from);
    match (parsed, builder.refused()) {
        // A wrong token comes first: what was refused at it may have been put together in vain.
        (Err(Stop::Surprised), _) => Err(Stop::Surprised),
        (_, Some(refused)) => Err(Stop::Refused(filter.refusal(refused))),
        (parsed, None) => parsed,
    }
}

/// The error at the first token of `source` that the grammar cannot take.
#[cold]
fn explain(source: &[u8], interner: &mut Interner) -> SyntaxError {
    let shared = Shared::default();
    let mut filter = Filter::new(Lexer::new(source, interner, &shared.values), &shared);
    match driver::surprise(&mut filter) {
        Ok(driver::Surprise { token, expected }) => {
            Surprise { source, token, expected, openers: filter.openers() }.explain()
        }
        Err(error) => error,
    }
}

/// A file's content without what stands before the chunk: a byte order mark (UTF-8), and a first line that begins with
/// `#`, as in `#!/usr/bin/env wippy`. The end of that line stays, so that lines keep their numbers, except before a binary
/// chunk.
///
/// This is what loading a *file* does; `load` on a string does not.
pub fn strip_shebang(source: &[u8]) -> &[u8] {
    const BINARY: u8 = 0x1b;
    let source = source.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(source);
    if !source.starts_with(b"#") {
        return source;
    }
    let end = source.iter().position(|&byte| byte == b'\n').unwrap_or(source.len());
    match source.get(end + 1) {
        Some(&BINARY) => &source[end + 1..],
        _ => &source[end..],
    }
}
