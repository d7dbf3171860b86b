//! Steps a compiled pattern over a subject, with an explicit stack and a budget.
//!
//! Neither recursion nor a loop over the whole subject: every turn of [`Matcher::run`] looks at no more than [`CHUNK`]
//! bytes, and between two turns the matcher can stop and be continued. A pattern is a line, so each quantifier has at
//! most one choice open: the stack is never longer than the pattern.

use std::ops::Range;

use memchr::{memchr, memchr2, memchr3, memrchr};
use smallvec::SmallVec;

use super::class::STANDARD_TABLES;
use super::compile::{CaptureKind, Class, Follow, Item, Pattern, Search};
use super::error::PatternError;

/// Bytes looked at in one turn (chosen: a few microseconds of the slowest loop).
const CHUNK: usize = 16 * 1024;

/// Bytes that cost one unit of fuel (chosen: about the price of one VM instruction).
const BYTES_PER_FUEL: usize = 16;

/// How a call of [`Matcher::run`] ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The pattern matched these bytes of the subject.
    Found(Range<usize>),
    /// There is no (further) match.
    NotFound,
    /// The fuel is used up; run again to continue.
    OutOfFuel,
}

/// What a capture holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Capture {
    /// These bytes of the subject.
    Text(Range<usize>),
    /// A position, counted from 1.
    Position(usize),
}

/// A match in progress: everything that survives between two runs.
///
/// Each call of [`run`](Self::run) must be given the pattern and the subject the matcher was made for.
#[derive(Clone, Debug)]
pub struct Matcher {
    state: State,
    /// Where the next attempt begins.
    next: usize,
    /// Where the current attempt began, then the whole match.
    whole: Range<usize>,
    /// If the current attempt fails, no attempt before this place can succeed.
    hopeless: usize,
    /// A match that ends here is the previous one again and does not count.
    previous_end: Option<usize>,
    exhausted: bool,
    captures: SmallVec<[Range<usize>; 4]>,
    choices: SmallVec<[Choice; 6]>,
}

/// A place to return to: quantifier `item`, which may still settle for `low..at` (greedy) or grow from `at` (lazy).
#[derive(Clone, Copy, Debug)]
struct Choice {
    item: u32,
    low: usize,
    at: usize,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Look for a place to attempt a match.
    Search,
    /// Match items from `item` on at `at`.
    Step { item: usize, at: usize },
    /// The greedy `item` began at `start` and reaches `at` so far.
    Greedy { item: usize, start: usize, at: usize },
    /// The lazy `item` reaches `at` so far and looks for a place where the rest could match.
    Lazy { item: usize, at: usize },
    /// Within `%b`, `depth` levels deep.
    Balance { item: usize, at: usize, depth: usize },
    /// Take back the latest choice.
    Retreat,
}

impl Matcher {
    /// A matcher that begins to look at byte `from` of its subject.
    #[must_use]
    pub fn new(pattern: &Pattern, from: usize) -> Self {
        let mut captures = SmallVec::new();
        captures.resize(pattern.captures.len(), 0..0);
        Self {
            state: State::Search,
            next: from,
            whole: 0..0,
            hopeless: 0,
            previous_end: None,
            exhausted: false,
            captures,
            choices: SmallVec::new(),
        }
    }

    /// Looks for the next match, as `gmatch` and `gsub` count them: the first run finds the first one, each further
    /// run continues behind the match before.
    ///
    /// `fuel` sinks by about one unit per sixteen bytes or per step; at zero or below the matcher stops and keeps its
    /// place.
    ///
    /// # Errors
    /// When matching reaches a fault of the pattern.
    pub fn run(
        &mut self,
        pattern: &Pattern,
        subject: &[u8],
        fuel: &mut i64,
    ) -> Result<Progress, PatternError> {
        let mut state = self.state;
        loop {
            if *fuel <= 0 {
                self.state = state;
                return Ok(Progress::OutOfFuel);
            }
            *fuel -= 1;
            state = match state {
                State::Search => match self.search(pattern, subject, fuel) {
                    Some(state) => state,
                    None => {
                        self.exhausted = true;
                        self.state = State::Search;
                        return Ok(Progress::NotFound);
                    }
                },
                State::Step { item, at } => match self.step(pattern, subject, item, at, fuel)? {
                    Stepped::To(state) => state,
                    Stepped::Accepted(end) if self.previous_end == Some(end) => {
                        self.choices.clear();
                        State::Search
                    }
                    Stepped::Accepted(end) => {
                        self.choices.clear();
                        self.state = State::Search;
                        self.previous_end = Some(end);
                        self.next = end;
                        self.whole.end = end;
                        return Ok(Progress::Found(self.whole.clone()));
                    }
                },
                State::Greedy { item, start, at } => self.grow(pattern, subject, item, start, at, fuel),
                State::Lazy { item, at } => self.reach(pattern, subject, item, at, fuel),
                State::Balance { item, at, depth } => balance(pattern, subject, item, at, depth, fuel),
                State::Retreat => self.retreat(pattern, subject, fuel),
            };
        }
    }

    /// What capture `index` (from 0) of the latest match holds. Without captures, the first one is the whole match.
    ///
    /// # Errors
    /// When there is no such capture, or the pattern never closes it.
    pub fn capture(&self, pattern: &Pattern, index: usize) -> Result<Capture, PatternError> {
        match pattern.captures.get(index) {
            Some(CaptureKind::Text) => Ok(Capture::Text(self.captures[index].clone())),
            Some(CaptureKind::Position) => Ok(Capture::Position(self.captures[index].start + 1)),
            Some(CaptureKind::Unfinished) => Err(PatternError::Unfinished),
            None if index == 0 => Ok(Capture::Text(self.whole.clone())),
            None => Err(PatternError::InvalidIndex(index as u32 + 1)),
        }
    }

    /// The next attempt, or nothing when there is no place left for one.
    #[inline]
    fn search(&mut self, pattern: &Pattern, subject: &[u8], fuel: &mut i64) -> Option<State> {
        if self.exhausted {
            return None;
        }
        if pattern.anchored {
            self.exhausted = true;
            return Some(self.attempt(self.next));
        }
        let rest = subject.get(self.next..)?;
        let near = &rest[..rest.len().min(CHUNK)];
        let found = match &pattern.search {
            Search::Everywhere => Some(0),
            Search::Bytes([a, b, c]) if b == c => {
                if a == b {
                    memchr(*a, near)
                } else {
                    memchr2(*a, *b, near)
                }
            }
            Search::Bytes([a, b, c]) => memchr3(*a, *b, *c, near),
            Search::Set(set) => near.iter().position(|&byte| set.contains(byte)),
            Search::Standard(index) => {
                let table = &STANDARD_TABLES[usize::from(*index)];
                near.iter().position(|&byte| table.contains(byte))
            }
        };
        match found {
            Some(distance) => {
                charge(fuel, distance);
                Some(self.attempt(self.next + distance))
            }
            None if near.len() < rest.len() => {
                charge(fuel, near.len());
                self.next += near.len();
                Some(State::Search)
            }
            None if pattern.at_end => Some(self.attempt(subject.len())),
            None => None,
        }
    }

    fn attempt(&mut self, at: usize) -> State {
        self.next = at + 1;
        self.hopeless = 0;
        self.whole.start = at;
        State::Step { item: 0, at }
    }

    /// Gives the current attempt up.
    fn fail(&mut self) -> State {
        self.next = self.next.max(self.hopeless);
        State::Search
    }

    /// Matches items one after the other until one of them fails, wants another state, or the last has matched.
    #[inline]
    fn step(
        &mut self,
        pattern: &Pattern,
        subject: &[u8],
        mut item: usize,
        mut at: usize,
        fuel: &mut i64,
    ) -> Result<Stepped, PatternError> {
        loop {
            let matched = match pattern.items[item] {
                Item::Literal { start, len } => {
                    let literal = &pattern.literals[start as usize..][..len as usize];
                    let matched = subject[at..].starts_with(literal);
                    at += if matched { literal.len() } else { 0 };
                    matched
                }
                Item::One(class) => {
                    let matched = has(pattern, class, subject, at);
                    at += 1;
                    matched
                }
                Item::Greedy { .. } => match self.grow(pattern, subject, item, at, at, fuel) {
                    State::Step { item: next, at: end } => {
                        at = end;
                        item = next;
                        continue;
                    }
                    other => return Ok(Stepped::To(other)),
                },
                Item::Lazy { .. } => match self.reach(pattern, subject, item, at, fuel) {
                    State::Step { item: next, at: end } => {
                        at = end;
                        item = next;
                        continue;
                    }
                    other => return Ok(Stepped::To(other)),
                },
                Item::Optional { class, follow } => {
                    if has(pattern, class, subject, at) {
                        if follow != Follow::Settled {
                            self.choices.push(Choice { item: item as u32, low: at, at });
                        }
                        at += 1;
                    }
                    true
                }
                Item::Open(index) | Item::Position(index) => {
                    self.captures[usize::from(index)].start = at;
                    true
                }
                Item::Close(index) => {
                    self.captures[usize::from(index)].end = at;
                    true
                }
                Item::Same(index) => {
                    let index = usize::from(index);
                    let text = match pattern.captures[index] {
                        CaptureKind::Text => subject.get(self.captures[index].clone()),
                        CaptureKind::Position | CaptureKind::Unfinished => None,
                    };
                    match text {
                        Some(text) if subject[at..].starts_with(text) => {
                            charge(fuel, text.len());
                            at += text.len();
                            true
                        }
                        _ => false,
                    }
                }
                Item::Balance(open, _) => {
                    if subject.get(at) == Some(&open) {
                        return Ok(Stepped::To(State::Balance { item, at: at + 1, depth: 1 }));
                    }
                    false
                }
                Item::Frontier(class) => {
                    let before = if at == 0 { 0 } else { subject[at - 1] };
                    let after = subject.get(at).copied().unwrap_or(0);
                    !holds(pattern, class, before) && holds(pattern, class, after)
                }
                Item::End => at == subject.len(),
                Item::Fault(fault) => return Err(fault),
                Item::Accept => return Ok(Stepped::Accepted(at)),
            };
            if !matched {
                return Ok(Stepped::To(if self.choices.is_empty() { self.fail() } else { State::Retreat }));
            }
            item += 1;
        }
    }

    /// Extends the greedy `item`, which began at `start` and holds up to `at`.
    #[inline]
    fn grow(
        &mut self,
        pattern: &Pattern,
        subject: &[u8],
        item: usize,
        start: usize,
        at: usize,
        fuel: &mut i64,
    ) -> State {
        let Item::Greedy { class, least, follow } = pattern.items[item] else {
            return State::Retreat;
        };
        let end = match class {
            Class::Any => subject.len(),
            _ => {
                let near = near(subject, at);
                let length = match class {
                    Class::Byte(wanted) => near.iter().position(|&byte| byte != wanted),
                    Class::Standard(index) => {
                        let table = &STANDARD_TABLES[usize::from(index)];
                        near.iter().position(|&byte| !table.contains(byte))
                    }
                    Class::Set(index) => {
                        let set = &pattern.sets[index as usize];
                        near.iter().position(|&byte| !set.contains(byte))
                    }
                    Class::Any => None,
                }
                .unwrap_or(near.len());
                charge(fuel, length);
                let end = at + length;
                if length == near.len() && end < subject.len() {
                    return State::Greedy { item, start, at: end };
                }
                end
            }
        };
        if pattern.leader == Some(item) {
            self.hopeless = end + 1;
        }
        let low = start + usize::from(least);
        if end < low {
            return State::Retreat;
        }
        if end > low && follow != Follow::Settled {
            self.choices.push(Choice { item: item as u32, low, at: end });
        }
        State::Step { item: item + 1, at: end }
    }

    /// Moves the lazy `item`, which holds up to `at`, to the next place where the rest might match.
    #[inline]
    fn reach(&mut self, pattern: &Pattern, subject: &[u8], item: usize, at: usize, fuel: &mut i64) -> State {
        let Item::Lazy { class, follow } = pattern.items[item] else {
            return State::Retreat;
        };
        if follow == Follow::Settled {
            return State::Step { item: item + 1, at };
        }
        let near = near(subject, at);
        // The first place where the rest could match, or where the item can grow no further.
        let distance = match (follow, class) {
            (Follow::Byte(wanted), Class::Any) => memchr(wanted, near),
            (Follow::Byte(wanted), _) => {
                near.iter().position(|&byte| byte == wanted || !holds(pattern, class, byte))
            }
            (Follow::Set(index), _) => {
                let set = &pattern.sets[index as usize];
                near.iter().position(|&byte| set.contains(byte) || !holds(pattern, class, byte))
            }
            (Follow::Unknown | Follow::Settled, _) => Some(0),
        };
        charge(fuel, distance.unwrap_or(near.len()));
        let end = at + distance.unwrap_or(near.len());
        if distance.is_none() && end < subject.len() {
            return State::Lazy { item, at: end };
        }
        let possible = match (follow, subject.get(end)) {
            (Follow::Byte(wanted), next) => next == Some(&wanted),
            (Follow::Set(index), Some(&next)) => pattern.sets[index as usize].contains(next),
            _ => true,
        };
        if !possible {
            if pattern.leader == Some(item) {
                self.hopeless = end + 1;
            }
            return State::Retreat;
        }
        self.choices.push(Choice { item: item as u32, low: at, at: end });
        State::Step { item: item + 1, at: end }
    }

    /// Takes the latest choice back and tries its next alternative.
    #[inline]
    fn retreat(&mut self, pattern: &Pattern, subject: &[u8], fuel: &mut i64) -> State {
        let Some(&choice) = self.choices.last() else {
            return self.fail();
        };
        let item = choice.item as usize;
        match pattern.items[item] {
            Item::Greedy { follow: Follow::Byte(wanted), .. } => {
                let far = choice.at.saturating_sub(CHUNK).max(choice.low);
                let found = memrchr(wanted, &subject[far..choice.at]);
                self.settle_for(choice, far, found, fuel)
            }
            Item::Greedy { follow: Follow::Set(index), .. } => {
                let set = &pattern.sets[index as usize];
                let far = choice.at.saturating_sub(CHUNK).max(choice.low);
                let found = subject[far..choice.at].iter().rposition(|&byte| set.contains(byte));
                self.settle_for(choice, far, found, fuel)
            }
            Item::Greedy { .. } => self.settle_for(choice, choice.at - 1, Some(0), fuel),
            Item::Lazy { class, .. } => {
                let at = choice.at;
                self.choices.pop();
                if has(pattern, class, subject, at) {
                    return State::Lazy { item, at: at + 1 };
                }
                if pattern.leader == Some(item) {
                    self.hopeless = at + 1;
                }
                State::Retreat
            }
            _ => {
                let at = choice.at;
                self.choices.pop();
                State::Step { item: item + 1, at }
            }
        }
    }

    /// Lets the greedy `choice`, the latest one, end at `far + found`; without `found` it has no use for `far..`.
    fn settle_for(&mut self, mut choice: Choice, far: usize, found: Option<usize>, fuel: &mut i64) -> State {
        let at = far + found.unwrap_or(0);
        charge(fuel, choice.at - at);
        choice.at = at;
        self.choices.pop();
        if at > choice.low {
            self.choices.push(choice);
        }
        match found {
            Some(_) => State::Step { item: choice.item as usize + 1, at },
            None => State::Retreat,
        }
    }
}

/// Outcome of matching a stretch of items.
enum Stepped {
    To(State),
    Accepted(usize),
}

/// Looks for the end of a balanced stretch that is `depth` levels deep at `at`.
fn balance(
    pattern: &Pattern,
    subject: &[u8],
    item: usize,
    at: usize,
    mut depth: usize,
    fuel: &mut i64,
) -> State {
    let Item::Balance(open, close) = pattern.items[item] else {
        return State::Retreat;
    };
    let near = near(subject, at);
    charge(fuel, near.len());
    for (distance, &byte) in near.iter().enumerate() {
        // The closing byte is looked at first, so that `%bxx` ends at the next `x`.
        if byte == close {
            depth -= 1;
            if depth == 0 {
                return State::Step { item: item + 1, at: at + distance + 1 };
            }
        } else if byte == open {
            depth += 1;
        }
    }
    let at = at + near.len();
    if at < subject.len() { State::Balance { item, at, depth } } else { State::Retreat }
}

fn near(subject: &[u8], at: usize) -> &[u8] {
    let rest = &subject[at..];
    &rest[..rest.len().min(CHUNK)]
}

#[inline(always)]
fn holds(pattern: &Pattern, class: Class, byte: u8) -> bool {
    match class {
        Class::Any => true,
        Class::Byte(own) => own == byte,
        Class::Standard(index) => STANDARD_TABLES[usize::from(index)].contains(byte),
        Class::Set(index) => pattern.sets[index as usize].contains(byte),
    }
}

#[inline(always)]
fn has(pattern: &Pattern, class: Class, subject: &[u8], at: usize) -> bool {
    subject.get(at).is_some_and(|&byte| holds(pattern, class, byte))
}

#[inline(always)]
fn charge(fuel: &mut i64, bytes: usize) {
    *fuel -= (bytes / BYTES_PER_FUEL) as i64;
}
