//! The text of a pattern turned into items the matcher steps through (Lua 5.3 manual, section 6.4.1).
//!
//! Compiling never fails: a fault becomes an item, and is an error only if matching gets that far. Beside the syntax
//! it finds out what each quantifier can rely on, so that the matcher need not try what cannot succeed.

use super::class::{ByteSet, STANDARD_SETS, standard_class};
use super::error::PatternError;

/// Captures a pattern may have (chosen to equal the reference implementation).
pub const MAX_CAPTURES: usize = 32;

/// Quantifiers a pattern may have; each may keep one place to return to. The reference implementation gives up at a
/// nesting of 200; a pattern it accepts is never refused here.
pub const MAX_QUANTIFIERS: usize = 1000;

/// What one byte is compared with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Class {
    Any,
    Byte(u8),
    /// Index of a standard class.
    Standard(u8),
    /// Index of a set of the pattern.
    Set(u32),
}

/// What comes after a quantified item, as far as it saves work.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Follow {
    /// Only the first choice can succeed: there is nothing to return to.
    Settled,
    /// The rest can only succeed before this byte.
    Byte(u8),
    /// The rest can only succeed before a byte of this set of the pattern, or at the end of the subject.
    Set(u32),
    Unknown,
}

/// One step of a compiled pattern.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Item {
    /// Bytes `start..start + len` of the pattern's literals.
    Literal {
        start: u32,
        len: u32,
    },
    One(Class),
    /// `*`, or `+` when `least` is 1.
    Greedy {
        class: Class,
        least: u8,
        follow: Follow,
    },
    /// `-`
    Lazy {
        class: Class,
        follow: Follow,
    },
    /// `?`
    Optional {
        class: Class,
        follow: Follow,
    },
    Open(u8),
    /// `()`
    Position(u8),
    Close(u8),
    /// `%1`, by index from 0.
    Same(u8),
    /// `%bxy`
    Balance(u8, u8),
    /// `%f[set]`
    Frontier(Class),
    /// `$`
    End,
    Fault(PatternError),
    Accept,
}

/// What a capture of the pattern yields once everything has matched.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum CaptureKind {
    Unfinished,
    Text,
    Position,
}

/// How to find the next place where an attempt is worth making.
#[derive(Clone, Debug)]
pub(super) enum Search {
    Everywhere,
    /// Only before one of these bytes (one, two or three different ones).
    Bytes([u8; 3]),
    /// Only before a byte of the set.
    Set(ByteSet),
    /// As `Set`, when its members are those of a standard class.
    Standard(u8),
}

/// A compiled pattern: immutable, and independent of any subject.
#[derive(Clone, Debug)]
pub struct Pattern {
    pub(super) items: Vec<Item>,
    pub(super) literals: Vec<u8>,
    pub(super) sets: Vec<ByteSet>,
    pub(super) captures: Vec<CaptureKind>,
    pub(super) anchored: bool,
    pub(super) search: Search,
    /// Whether the pattern may match at the end of the subject, where no byte follows.
    pub(super) at_end: bool,
    /// Index of the `*`, `+` or `-` the pattern begins with, if the rest depends on nothing but where that one ends.
    /// When an attempt fails, so does each one that begins within the stretch this item could cover.
    pub(super) leader: Option<usize>,
}

impl Pattern {
    /// Compiles `source`, in which a leading `^` anchors the match (`find`, `match`, `gsub`).
    #[must_use]
    pub fn new(source: &[u8]) -> Self {
        match source.split_first() {
            Some((b'^', rest)) => Compiler::new(rest).run(true),
            _ => Compiler::new(source).run(false),
        }
    }

    /// Compiles `source`, in which a leading `^` is an ordinary byte (`gmatch`).
    #[must_use]
    pub fn unanchored(source: &[u8]) -> Self {
        Compiler::new(source).run(false)
    }

    /// Whether `source` contains none of the magic characters, so that it can be searched for as it is.
    #[must_use]
    pub fn is_plain(source: &[u8]) -> bool {
        const MAGIC: [bool; 256] = {
            let mut magic = [false; 256];
            let mut rest: &[u8] = b"^$*+?.([%-";
            while let [byte, behind @ ..] = rest {
                magic[*byte as usize] = true;
                rest = behind;
            }
            magic
        };
        !source.iter().any(|&byte| MAGIC[usize::from(byte)])
    }

    /// Number of captures written in the pattern.
    #[must_use]
    pub fn capture_count(&self) -> usize {
        self.captures.len()
    }
}

struct Compiler<'a> {
    source: &'a [u8],
    at: usize,
    items: Vec<Item>,
    literals: Vec<u8>,
    sets: Vec<ByteSet>,
    captures: Vec<CaptureKind>,
    quantifiers: usize,
}

impl<'a> Compiler<'a> {
    fn new(source: &'a [u8]) -> Self {
        Self {
            source,
            at: 0,
            items: Vec::new(),
            literals: Vec::new(),
            sets: Vec::new(),
            captures: Vec::new(),
            quantifiers: 0,
        }
    }

    fn run(mut self, anchored: bool) -> Pattern {
        let last = if u32::try_from(self.source.len()).is_err() {
            Item::Fault(PatternError::TooComplex)
        } else {
            match self.items() {
                Ok(()) => Item::Accept,
                Err(fault) => Item::Fault(fault),
            }
        };
        self.items.push(last);
        let lead = self.settle();
        let leader = self.leader();
        Pattern {
            search: lead.search(),
            at_end: lead.at_end,
            items: self.items,
            literals: self.literals,
            sets: self.sets,
            captures: self.captures,
            anchored,
            leader,
        }
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.source.get(self.at + ahead).copied()
    }

    fn items(&mut self) -> Result<(), PatternError> {
        while let Some(byte) = self.peek(0) {
            match byte {
                b'(' => self.open()?,
                b')' => self.close()?,
                b'$' if self.at + 1 == self.source.len() => {
                    self.at += 1;
                    self.items.push(Item::End);
                }
                b'%' => match self.peek(1) {
                    Some(b'b') => self.balance()?,
                    Some(b'f') => self.frontier()?,
                    Some(digit @ b'0'..=b'9') => self.same(digit)?,
                    _ => self.single()?,
                },
                _ => self.single()?,
            }
        }
        Ok(())
    }

    fn open(&mut self) -> Result<(), PatternError> {
        if self.captures.len() >= MAX_CAPTURES {
            return Err(PatternError::TooManyCaptures);
        }
        let index = self.captures.len() as u8;
        if self.peek(1) == Some(b')') {
            self.at += 2;
            self.captures.push(CaptureKind::Position);
            self.items.push(Item::Position(index));
        } else {
            self.at += 1;
            self.captures.push(CaptureKind::Unfinished);
            self.items.push(Item::Open(index));
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), PatternError> {
        let unfinished = self.captures.iter().rposition(|&kind| kind == CaptureKind::Unfinished);
        let index = unfinished.ok_or(PatternError::InvalidClose)?;
        self.at += 1;
        self.captures[index] = CaptureKind::Text;
        self.items.push(Item::Close(index as u8));
        Ok(())
    }

    fn same(&mut self, digit: u8) -> Result<(), PatternError> {
        let number = u32::from(digit - b'0');
        self.at += 2;
        let index = number.wrapping_sub(1);
        match self.captures.get(index as usize) {
            None | Some(CaptureKind::Unfinished) => Err(PatternError::InvalidIndex(number)),
            Some(CaptureKind::Text | CaptureKind::Position) => {
                self.items.push(Item::Same(index as u8));
                Ok(())
            }
        }
    }

    fn balance(&mut self) -> Result<(), PatternError> {
        let (Some(open), Some(close)) = (self.peek(2), self.peek(3)) else {
            return Err(PatternError::MissingBalance);
        };
        self.at += 4;
        self.items.push(Item::Balance(open, close));
        Ok(())
    }

    fn frontier(&mut self) -> Result<(), PatternError> {
        self.at += 2;
        if self.peek(0) != Some(b'[') {
            return Err(PatternError::MissingFrontierSet);
        }
        let class = self.set()?;
        self.items.push(Item::Frontier(class));
        Ok(())
    }

    /// One class and the quantifier behind it, if any.
    fn single(&mut self) -> Result<(), PatternError> {
        let class = self.class()?;
        let follow = Follow::Unknown;
        let item = match self.peek(0) {
            Some(b'*') => Item::Greedy { class, least: 0, follow },
            Some(b'+') => Item::Greedy { class, least: 1, follow },
            Some(b'-') => Item::Lazy { class, follow },
            Some(b'?') => Item::Optional { class, follow },
            _ => {
                self.push_one(class);
                return Ok(());
            }
        };
        self.quantifiers += 1;
        if self.quantifiers > MAX_QUANTIFIERS {
            return Err(PatternError::TooComplex);
        }
        self.at += 1;
        self.items.push(item);
        Ok(())
    }

    /// Appends one unquantified class; neighbouring bytes grow together into a literal.
    fn push_one(&mut self, class: Class) {
        if let Class::Byte(byte) = class {
            match self.items.last_mut() {
                Some(Item::Literal { len, .. }) => {
                    *len += 1;
                    self.literals.push(byte);
                    return;
                }
                Some(item @ Item::One(Class::Byte(_))) => {
                    if let Item::One(Class::Byte(first)) = *item {
                        *item = Item::Literal { start: self.literals.len() as u32, len: 2 };
                        self.literals.extend([first, byte]);
                        return;
                    }
                }
                _ => {}
            }
        }
        self.items.push(Item::One(class));
    }

    fn class(&mut self) -> Result<Class, PatternError> {
        match self.peek(0) {
            Some(b'%') => {
                let letter = self.peek(1).ok_or(PatternError::EndsWithEscape)?;
                self.at += 2;
                Ok(standard_class(letter).map_or(Class::Byte(letter), |index| Class::Standard(index as u8)))
            }
            Some(b'[') => self.set(),
            Some(b'.') => {
                self.at += 1;
                Ok(Class::Any)
            }
            other => {
                self.at += 1;
                Ok(Class::Byte(other.unwrap_or_default()))
            }
        }
    }

    /// A set in brackets; its first member may be an unescaped `]`.
    fn set(&mut self) -> Result<Class, PatternError> {
        let source = self.source;
        let negated = self.peek(1) == Some(b'^');
        let first = self.at + 1 + usize::from(negated);
        let end = end_of_set(source, first).ok_or(PatternError::MissingBracket)?;
        self.at = end + 1;
        let mut set = ByteSet::EMPTY;
        let mut at = first;
        while at < end {
            match source[at] {
                b'%' => {
                    // When `%` is the upper end of a range, the next one may escape the bracket itself, as ever.
                    let letter = source[at + 1];
                    match standard_class(letter) {
                        Some(index) => set = set.union(&STANDARD_SETS[index]),
                        None => set.insert(letter),
                    }
                    at += 2;
                }
                low if source[at + 1] == b'-' && at + 2 < end => {
                    set.insert_range(low, source[at + 2]);
                    at += 3;
                }
                byte => {
                    set.insert(byte);
                    at += 1;
                }
            }
        }
        if negated {
            set = set.complement();
        }
        if set.len() == 1
            && let Some(byte) = set.members().next()
        {
            return Ok(Class::Byte(byte));
        }
        Ok(Class::Set(self.keep(set)))
    }

    /// Index of `set` among those of the pattern.
    fn keep(&mut self, set: ByteSet) -> u32 {
        let known = self.sets.iter().rev().take(8).position(|known| *known == set);
        let index = known.map_or(self.sets.len(), |back| self.sets.len() - 1 - back);
        if known.is_none() {
            self.sets.push(set);
        }
        index as u32
    }

    fn members(&self, class: Class) -> ByteSet {
        match class {
            Class::Any => ByteSet::FULL,
            Class::Byte(byte) => ByteSet::single(byte),
            Class::Standard(index) => STANDARD_SETS[usize::from(index)],
            Class::Set(index) => self.sets[index as usize],
        }
    }

    /// Walks the items from the last to the first, telling each quantifier what follows it. Yields what leads the whole.
    fn settle(&mut self) -> Lead {
        let mut lead = Lead { set: ByteSet::FULL, open: true, at_end: true, always: false };
        for index in (0..self.items.len()).rev() {
            let item = self.items[index];
            lead = match item {
                Item::Accept => Lead { set: ByteSet::EMPTY, open: true, at_end: true, always: true },
                Item::End => Lead { set: ByteSet::EMPTY, open: false, at_end: true, always: false },
                Item::Literal { start, .. } => Lead::one(ByteSet::single(self.literals[start as usize])),
                Item::One(class) => Lead::one(self.members(class)),
                Item::Balance(open, _) => Lead::one(ByteSet::single(open)),
                Item::Frontier(class) => Lead { at_end: true, ..Lead::one(self.members(class)) },
                Item::Open(_) | Item::Position(_) | Item::Close(_) => lead,
                Item::Same(_) | Item::Fault(_) => {
                    Lead { set: ByteSet::FULL, open: true, at_end: true, always: false }
                }
                Item::Greedy { class, least, .. } => {
                    let set = self.members(class);
                    let follow = self.follow(&lead, &set);
                    self.items[index] = Item::Greedy { class, least, follow };
                    if least == 1 { Lead::one(set) } else { Lead { set: set.union(&lead.set), ..lead } }
                }
                Item::Optional { class, .. } => {
                    let set = self.members(class);
                    self.items[index] = Item::Optional { class, follow: self.follow(&lead, &set) };
                    Lead { set: set.union(&lead.set), ..lead }
                }
                Item::Lazy { class, .. } => {
                    let set = self.members(class);
                    // Even before a disjoint set the item has to grow; only a rest that cannot fail settles it.
                    let follow = if lead.always { Follow::Settled } else { self.before(&lead) };
                    self.items[index] = Item::Lazy { class, follow };
                    Lead { set: set.union(&lead.set), ..lead }
                }
            };
        }
        lead
    }

    /// What a greedy quantifier over `class` may rely on when `lead` comes next.
    fn follow(&mut self, lead: &Lead, class: &ByteSet) -> Follow {
        if lead.always || (!lead.open && lead.set.is_disjoint(class)) {
            return Follow::Settled;
        }
        self.before(lead)
    }

    /// Before what `lead` can match.
    fn before(&mut self, lead: &Lead) -> Follow {
        if lead.open {
            return Follow::Unknown;
        }
        match lead.set.members().next() {
            Some(byte) if !lead.at_end && lead.set.len() == 1 => Follow::Byte(byte),
            _ => Follow::Set(self.keep(lead.set)),
        }
    }

    fn leader(&self) -> Option<usize> {
        let index = self.items.iter().position(|item| !matches!(item, Item::Open(_)))?;
        let leads = matches!(self.items[index], Item::Greedy { .. } | Item::Lazy { .. });
        let depends = self.items.iter().any(|item| matches!(item, Item::Same(_)));
        (leads && !depends).then_some(index)
    }
}

/// Index of the `]` that ends the set whose members begin at `at`.
fn end_of_set(source: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let byte = *source.get(at)?;
        at += 1;
        if byte == b'%' && at < source.len() {
            at += 1;
        }
        if *source.get(at)? == b']' {
            return Some(at);
        }
    }
}

/// What is known of the bytes before which a tail of the pattern can match.
#[derive(Clone, Copy)]
struct Lead {
    /// If a byte follows and the tail matches, the byte is one of these, unless `open`.
    set: ByteSet,
    /// The tail may match whatever byte follows.
    open: bool,
    /// The tail may match where no byte follows.
    at_end: bool,
    /// The tail cannot fail.
    always: bool,
}

impl Lead {
    fn one(set: ByteSet) -> Self {
        Self { set, open: false, at_end: false, always: false }
    }

    fn search(&self) -> Search {
        if self.open {
            return Search::Everywhere;
        }
        let count = self.set.len();
        if count == 0 || count > 3 {
            let standard = STANDARD_SETS.iter().position(|set| *set == self.set);
            return standard.map_or(Search::Set(self.set), |index| Search::Standard(index as u8));
        }
        let mut members = self.set.members();
        let first = members.next().unwrap_or_default();
        let second = members.next().unwrap_or(first);
        Search::Bytes([first, second, members.next().unwrap_or(second)])
    }
}
