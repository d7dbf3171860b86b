//! Sets of bytes as Lua patterns know them: the letter classes of the C locale and unions of their members.
//!
//! Not the syntax of sets (`compile.rs`). A set is 256 bits and nothing else: two sets with the same members are equal.

/// A set of bytes, one bit each.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct ByteSet([u64; 4]);

impl ByteSet {
    pub(super) const EMPTY: Self = Self([0; 4]);
    pub(super) const FULL: Self = Self([u64::MAX; 4]);

    /// The set with the single member `byte`.
    pub(super) const fn single(byte: u8) -> Self {
        let mut set = Self::EMPTY;
        set.insert(byte);
        set
    }

    #[inline(always)]
    pub(super) const fn contains(&self, byte: u8) -> bool {
        self.0[(byte >> 6) as usize] >> (byte & 63) & 1 != 0
    }

    pub(super) const fn insert(&mut self, byte: u8) {
        self.0[(byte >> 6) as usize] |= 1 << (byte & 63);
    }

    /// Adds `low..=high`; nothing when the bounds are reversed.
    pub(super) fn insert_range(&mut self, low: u8, high: u8) {
        for byte in low..=high {
            self.insert(byte);
        }
    }

    pub(super) fn union(&self, other: &Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i] | other.0[i]))
    }

    pub(super) const fn complement(&self) -> Self {
        Self([!self.0[0], !self.0[1], !self.0[2], !self.0[3]])
    }

    pub(super) fn is_disjoint(&self, other: &Self) -> bool {
        (0..4).all(|i| self.0[i] & other.0[i] == 0)
    }

    pub(super) fn len(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }

    /// The members in ascending order.
    pub(super) fn members(&self) -> impl Iterator<Item = u8> {
        let mut words = self.0;
        std::iter::from_fn(move || {
            let index = words.iter().position(|&word| word != 0)?;
            let bit = words[index].trailing_zeros();
            words[index] &= words[index] - 1;
            Some((index as u32 * 64 + bit) as u8)
        })
    }
}

/// A set of bytes laid out for speed: one load per test, without shifts. Too dear to build for each pattern.
#[derive(Debug)]
pub(super) struct Table([bool; 256]);

impl Table {
    #[inline(always)]
    pub(super) fn contains(&self, byte: u8) -> bool {
        self.0[byte as usize]
    }
}

/// The letters with a class of their own; the upper-case letter is the complement.
const LETTERS: [u8; 11] = *b"acdglpsuwxz";

/// Number of standard classes: each letter, then each complement.
const STANDARD: usize = 2 * LETTERS.len();

/// Index into the standard classes of `%letter`, if that letter names one (Lua 5.3 manual, section 6.4.1).
pub(super) fn standard_class(letter: u8) -> Option<usize> {
    let index = LETTERS.iter().position(|&known| known == letter.to_ascii_lowercase())?;
    Some(if letter.is_ascii_uppercase() { index + LETTERS.len() } else { index })
}

/// The members of standard class `index`.
const fn standard_set(index: usize) -> ByteSet {
    if index >= LETTERS.len() {
        return standard_set(index - LETTERS.len()).complement();
    }
    let mut set = ByteSet::EMPTY;
    let mut byte = 0u8;
    loop {
        let member = match LETTERS[index] {
            b'a' => byte.is_ascii_alphabetic(),
            b'c' => byte.is_ascii_control(),
            b'd' => byte.is_ascii_digit(),
            b'g' => byte.is_ascii_graphic(),
            b'l' => byte.is_ascii_lowercase(),
            b'p' => byte.is_ascii_punctuation(),
            b's' => byte == b' ' || (byte >= 9 && byte <= 13),
            b'u' => byte.is_ascii_uppercase(),
            b'w' => byte.is_ascii_alphanumeric(),
            b'x' => byte.is_ascii_hexdigit(),
            // `%z` is the deprecated name of the zero byte, which 5.3 still accepts.
            _ => byte == 0,
        };
        if member {
            set.insert(byte);
        }
        if byte == u8::MAX {
            return set;
        }
        byte += 1;
    }
}

/// The standard classes, computed when this crate is compiled.
pub(super) static STANDARD_SETS: [ByteSet; STANDARD] = {
    let mut sets = [ByteSet::EMPTY; STANDARD];
    let mut index = 0;
    while index < STANDARD {
        sets[index] = standard_set(index);
        index += 1;
    }
    sets
};

/// The standard classes as tables, computed when this crate is compiled.
pub(super) static STANDARD_TABLES: [Table; STANDARD] = {
    let mut tables = [const { Table([false; 256]) }; STANDARD];
    let mut index = 0;
    while index < STANDARD {
        let set = standard_set(index);
        let mut byte = 0;
        while byte < 256 {
            tables[index].0[byte] = set.contains(byte as u8);
            byte += 1;
        }
        index += 1;
    }
    tables
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upper_case_letter_is_the_complement() {
        for letter in LETTERS {
            let small = standard_set(standard_class(letter).expect("a class"));
            let upper = standard_set(standard_class(letter.to_ascii_uppercase()).expect("a class"));
            assert_eq!(small.complement(), upper, "%{}", letter as char);
        }
        assert_eq!(standard_class(b'q'), None);
    }

    #[test]
    fn sizes_are_those_of_the_c_locale() {
        let size = |letter| standard_set(standard_class(letter).expect("a class")).len();
        let sizes: Vec<u32> = LETTERS.into_iter().map(size).collect();
        assert_eq!(sizes, [52, 33, 10, 94, 26, 32, 6, 26, 62, 22, 1]);
    }

    #[test]
    fn a_reversed_range_is_empty() {
        let mut set = ByteSet::EMPTY;
        set.insert_range(b'z', b'a');
        assert_eq!(set, ByteSet::EMPTY);
    }
}
