//! Names and strings of a program, each stored once: bytes in, a small [`Symbol`] out, and back.
//!
//! Names and string literals share one table, so a field `a.b` and an index `a["b"]` carry the same symbol.
//! It is not the string table of a running program. Invariant: equal symbols of one interner mean equal bytes.

use std::fmt;
use std::hash::{BuildHasher, Hasher};

use foldhash::fast::RandomState;

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

/// The table of names and strings. One interner may serve many parses; symbols stay valid as long as it lives or until
/// it is cleared.
pub struct Interner {
    /// All strings, one after another.
    bytes: Vec<u8>,
    /// Symbol -> where its string ends in `bytes`; it starts where the one before ends.
    ends: Vec<usize>,
    /// Open addressing, at most half full; the number of slots is a power of two.
    slots: Vec<Slot>,
    /// The slots that hold only the words of the language.
    first_slots: Vec<Slot>,
    hasher: RandomState,
}

/// A place of the hash table.
#[derive(Clone, Copy)]
struct Slot {
    hash: u32,
    /// The symbol's number plus one; zero if the slot is empty.
    entry: u32,
}

const EMPTY: Slot = Slot { hash: 0, entry: 0 };

/// Slots of a new interner.
const FIRST_SLOTS: usize = 128;

/// Room for so many slots and strings is kept when it is cleared.
const KEPT: usize = 8 * FIRST_SLOTS;

impl Interner {
    /// An interner that holds only the words the language itself knows, such as [`Symbol::SELF`].
    pub fn new() -> Self {
        let mut interner = Self {
            bytes: Vec::new(),
            ends: Vec::new(),
            slots: vec![EMPTY; FIRST_SLOTS],
            first_slots: Vec::new(),
            hasher: RandomState::default(),
        };
        for word in KNOWN {
            interner.intern(word.as_bytes());
        }
        interner.first_slots = interner.slots.clone();
        interner
    }

    /// Forgets all strings but the words of the language, keeping some memory for the next parse.
    pub fn clear(&mut self) {
        self.slots.clone_from(&self.first_slots);
        self.slots.shrink_to(KEPT);
        self.ends.truncate(KNOWN.len());
        self.ends.shrink_to(KEPT);
        self.bytes.truncate(self.ends.last().copied().unwrap_or(0));
        self.bytes.shrink_to(16 * KEPT);
    }

    /// The symbol of `text`, entering it if it is new.
    #[inline]
    pub fn intern(&mut self, text: &[u8]) -> Symbol {
        let hash = self.hash(text);
        let at = self.find(hash, |symbol| resolve(&self.bytes, &self.ends, symbol) == text);
        match self.slots[at].entry {
            0 => self.enter(text, hash, at),
            entry => Symbol(entry - 1),
        }
    }

    fn enter(&mut self, text: &[u8], hash: u32, at: usize) -> Symbol {
        let symbol = u32::try_from(self.ends.len()).expect("4 Gi different strings do not fit into memory");
        self.bytes.extend_from_slice(text);
        self.ends.push(self.bytes.len());
        self.slots[at] = Slot { hash, entry: symbol + 1 };
        if self.ends.len() * 2 > self.slots.len() {
            let len = self.slots.len() * 2;
            for slot in std::mem::replace(&mut self.slots, vec![EMPTY; len]) {
                if slot.entry != 0 {
                    let at = self.find(slot.hash, |_| false);
                    self.slots[at] = slot;
                }
            }
        }
        Symbol(symbol)
    }

    #[inline]
    fn hash(&self, text: &[u8]) -> u32 {
        let mut hasher = self.hasher.build_hasher();
        hasher.write(text);
        let hash = hasher.finish();
        (hash ^ hash >> 32) as u32
    }

    /// The slot with this hash whose symbol is the right one, or the empty slot where it belongs.
    #[inline(always)]
    fn find(&self, hash: u32, is_it: impl Fn(u32) -> bool) -> usize {
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let slot = self.slots[at];
            if slot.entry == 0 || slot.hash == hash && is_it(slot.entry - 1) {
                return at;
            }
            at = (at + 1) & mask;
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

#[inline(always)]
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
    fn a_cleared_interner_is_as_new() {
        let mut interner = Interner::new();
        for round in 0..50 {
            for i in 0..round * 43 % 2000 {
                let text = format!("name {round} {i}");
                let symbol = interner.intern(text.as_bytes());
                assert_eq!(interner.resolve(symbol), text.as_bytes());
                assert_eq!(interner.intern(text.as_bytes()), symbol);
                assert_eq!(symbol.0 as usize, KNOWN.len() + i);
            }
            interner.clear();
            assert_eq!(interner.len(), KNOWN.len());
            for (symbol, word) in KNOWN_SYMBOLS.iter().zip(KNOWN) {
                assert_eq!(interner.intern(word.as_bytes()), *symbol);
            }
        }
    }

    #[test]
    fn known_words_have_their_fixed_symbols() {
        let interner = Interner::new();
        for (symbol, word) in KNOWN_SYMBOLS.iter().zip(KNOWN) {
            assert_eq!(interner.resolve(*symbol), word.as_bytes());
        }
    }
}
