//! What the beginning of a text tells about the whole of it.
//!
//! For whoever reads a text that may have no end: it need not be read on once it is certainly no chunk.

use bumpalo::Bump;

use crate::error::Near;
use crate::interner::Interner;
use crate::parse;

/// Whether no text that begins with `prefix` is a chunk, and all of them are wrong at the same place.
///
/// An error in the second half is not believed: what a token is can depend on what follows it. So the answer may be `false` for
/// a hopeless text, until more of it is there.
pub fn is_hopeless(prefix: &[u8]) -> bool {
    parse(prefix, &Bump::new(), &mut Interner::new()).is_err_and(|error| {
        !matches!(error.near(), Near::EndOfText) && error.span().end.index() < prefix.len() / 2
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_cannot_become_right_is_hopeless() {
        for text in ["\0\0\0\0", "y\ny\ny\ny\n", "x = = 1                    "] {
            assert!(is_hopeless(text.as_bytes()), "{text:?}");
        }
        for text in
            ["", "x = 1", "x = [[ unfinished", "x = 'unfinished", "--[[ unfinished", "x = = ", "x = 0x"]
        {
            assert!(!is_hopeless(text.as_bytes()), "{text:?}");
        }
    }
}
