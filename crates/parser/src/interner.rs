//! Names and strings of a program, each stored once: bytes in, a small [`Symbol`] out, and back.
//!
//! Names and string literals share one table, so a field `a.b` and an index `a["b"]` carry the same symbol.
//! It is not the string table of a running program. Invariant: equal symbols of one interner mean equal bytes.

use std::fmt;
use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

/// An interned byte string: a name or the value of a string literal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symbol(pub u32);

impl fmt::Debug for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// Declares the symbols that every interner holds from the start.
macro_rules! known_symbols {
    ($($index:literal $name:ident $text:literal,)*) => {
        impl Symbol {
            $(
                #[doc = concat!("The word `", $text, "`.")]
                pub const $name: Self = Self($index);
            )*
        }

        const KNOWN: &[&str] = &[$($text),*];

        #[cfg(test)]
        const KNOWN_SYMBOLS: &[Symbol] = &[$(Symbol::$name),*];
    };
}

known_symbols! {
    0 SELF "self",
    1 ENV "_ENV",
    2 TYPE "type",
    3 EXPORT "export",
    4 INTERFACE "interface",
    5 AS "as",
    6 TYPEOF "typeof",
    7 KEYOF "keyof",
    8 FUN "fun",
    9 ASSERTS "asserts",
    10 IS "is",
    11 READONLY "readonly",
}

/// The table of names and strings. One interner may serve many parses; symbols stay valid as long as it lives.
pub struct Interner {
    /// All strings, one after another.
    bytes: Vec<u8>,
    /// Symbol -> where its string ends in `bytes`; it starts where the one before ends.
    ends: Vec<usize>,
    /// Hash -> symbol.
    index: HashTable<u32>,
    hasher: RandomState,
}

impl Interner {
    /// An interner that holds only the words the language itself knows, such as [`Symbol::SELF`].
    pub fn new() -> Self {
        let mut interner = Self {
            bytes: Vec::new(),
            ends: Vec::new(),
            index: HashTable::new(),
            hasher: RandomState::default(),
        };
        for word in KNOWN {
            interner.intern(word.as_bytes());
        }
        interner
    }

    /// The symbol of `text`, entering it if it is new.
    pub fn intern(&mut self, text: &[u8]) -> Symbol {
        let Self { bytes, ends, index, hasher } = self;
        let hash = hasher.hash_one(text);
        let found = index.entry(
            hash,
            |&symbol| resolve(bytes, ends, symbol) == text,
            |&symbol| hasher.hash_one(resolve(bytes, ends, symbol)),
        );
        match found {
            hashbrown::hash_table::Entry::Occupied(entry) => Symbol(*entry.get()),
            hashbrown::hash_table::Entry::Vacant(entry) => {
                let symbol =
                    u32::try_from(ends.len()).expect("4 Gi different strings do not fit into memory");
                entry.insert(symbol);
                bytes.extend_from_slice(text);
                ends.push(bytes.len());
                Symbol(symbol)
            }
        }
    }

    /// The bytes of `symbol`, which must come from this interner.
    ///
    /// # Panics
    /// If the symbol comes from another interner and this one is smaller.
    pub fn resolve(&self, symbol: Symbol) -> &[u8] {
        resolve(&self.bytes, &self.ends, symbol.0)
    }

    /// How many strings there are; symbols are numbered `0..len`.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no string; never true, since the language's own words are always there.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }
}

fn resolve<'i>(bytes: &'i [u8], ends: &[usize], symbol: u32) -> &'i [u8] {
    let symbol = symbol as usize;
    let start = if symbol == 0 { 0 } else { ends[symbol - 1] };
    &bytes[start..ends[symbol]]
}

impl Default for Interner {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Interner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interner").field("strings", &self.len()).field("bytes", &self.bytes.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_bytes_share_a_symbol() {
        let mut interner = Interner::new();
        let one = interner.intern(b"one\0\xff");
        let two = interner.intern(b"two");
        assert_ne!(one, two);
        assert_eq!(interner.intern(b"one\0\xff"), one);
        assert_eq!(interner.resolve(one), b"one\0\xff");
        let empty = interner.intern(b"");
        assert_eq!(interner.resolve(empty), b"");
    }

    #[test]
    fn known_words_have_their_fixed_symbols() {
        let interner = Interner::new();
        for (symbol, word) in KNOWN_SYMBOLS.iter().zip(KNOWN) {
            assert_eq!(interner.resolve(*symbol), word.as_bytes());
        }
    }
}
