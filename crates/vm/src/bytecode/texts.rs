//! Byte strings by number, one behind another: the string constants of a chunk, or its names.
//!
//! Not an interner: whoever adds a text knows whether it is there already. Invariant: ends ascend and lie within the
//! bytes.

/// The number of a text among [`Texts`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Text(pub u32);

impl Text {
    /// No text; reads as an empty one.
    pub const NONE: Self = Self(u32::MAX);
}

/// Numbered byte strings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts {
    bytes: Vec<u8>,
    /// Where each ends; it begins where the one before ends.
    ends: Vec<u32>,
}

impl Texts {
    /// How many there are; they are numbered `0..len`.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Adds a text. All together are shorter than 4 GiB: they come from a source or a dump that is.
    pub fn push(&mut self, text: &[u8]) -> Text {
        let number = self.ends.len() as u32;
        self.bytes.extend_from_slice(text);
        self.ends.push(self.bytes.len() as u32);
        Text(number)
    }

    /// The bytes of a text; none for a number that no text has.
    pub fn get(&self, text: Text) -> &[u8] {
        slice(&self.bytes, &self.ends, text)
    }

    /// All texts in order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.ends.len() as u32).map(|number| self.get(Text(number)))
    }

    /// All bytes, and where each text ends.
    pub(crate) fn parts(&self) -> (&[u8], &[u32]) {
        (&self.bytes, &self.ends)
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    /// Room for so many texts of so many bytes in all.
    pub(crate) fn reserve(&mut self, texts: usize) {
        self.ends.reserve(texts);
    }

    /// Bytes of memory kept.
    pub(crate) fn capacity(&self) -> usize {
        self.bytes.capacity() + self.ends.capacity() * size_of::<u32>()
    }
}

/// The bytes of a text among those that end at `ends`; none for a number that no text has.
pub(crate) fn slice<'t>(bytes: &'t [u8], ends: &[u32], text: Text) -> &'t [u8] {
    let number = text.0 as usize;
    let Some(&end) = ends.get(number) else { return &[] };
    let start = number.checked_sub(1).map_or(0, |before| ends[before]);
    &bytes[start as usize..end as usize]
}
