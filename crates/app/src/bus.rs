//! The event bus: who hears what.
//!
//! Patterns and subscriptions only; delivery is the caller's. Invariant: events of one sender reach a subscription in
//! the order they were sent, because `matching` is asked once per event.

use std::collections::BTreeMap;

/// What a subscription listens to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pattern {
    /// Everything.
    Any,
    /// Everything that begins so.
    Prefix(String),
    /// Exactly this.
    Exact(String),
}

impl Pattern {
    /// `*` or nothing: everything; a `*` at the end: a prefix; else exact.
    pub fn parse(text: &str) -> Pattern {
        match text {
            "" | "*" => Pattern::Any,
            text => match text.strip_suffix('*') {
                Some(prefix) => Pattern::Prefix(prefix.to_owned()),
                None => Pattern::Exact(text.to_owned()),
            },
        }
    }

    /// Whether a name is meant.
    pub fn matches(&self, name: &str) -> bool {
        match self {
            Pattern::Any => true,
            Pattern::Prefix(prefix) => name.starts_with(&**prefix),
            Pattern::Exact(exact) => name == exact,
        }
    }
}

/// Subscriptions, each with the address `T` of whoever listens.
#[derive(Debug)]
pub struct Bus<T> {
    subscriptions: BTreeMap<u64, (Pattern, Pattern, T)>,
    count: u64,
}

impl<T> Default for Bus<T> {
    fn default() -> Bus<T> {
        Bus { subscriptions: BTreeMap::new(), count: 0 }
    }
}

impl<T> Bus<T> {
    /// One more; the number ends it.
    pub fn subscribe(&mut self, system: Pattern, kind: Pattern, listener: T) -> u64 {
        self.count += 1;
        self.subscriptions.insert(self.count, (system, kind, listener));
        self.count
    }

    /// One less.
    pub fn unsubscribe(&mut self, number: u64) -> Option<T> {
        self.subscriptions.remove(&number).map(|(_, _, listener)| listener)
    }

    /// Everybody who hears an event, in the order of their subscriptions.
    pub fn matching(&self, system: &str, kind: &str) -> impl Iterator<Item = (u64, &T)> {
        let found =
            self.subscriptions.iter().filter(move |(_, (s, k, _))| s.matches(system) && k.matches(kind));
        found.map(|(number, (_, _, listener))| (*number, listener))
    }

    /// Ends the subscriptions whose listener is gone.
    pub fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        self.subscriptions.retain(|_, (_, _, listener)| keep(listener));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        assert!(Pattern::parse("orders.*").matches("orders.new"));
        assert!(!Pattern::parse("orders.*").matches("orders"));
        assert!(Pattern::parse("").matches("x") && Pattern::parse("*").matches(""));
        assert!(!Pattern::parse("a").matches("ab"));
    }

    #[test]
    fn listeners_hear_what_they_asked_for() {
        let mut bus = Bus::default();
        let all = bus.subscribe(Pattern::Any, Pattern::Any, "all");
        bus.subscribe(Pattern::parse("o.*"), Pattern::parse("b"), "some");
        let heard = |bus: &Bus<&'static str>, s, k| bus.matching(s, k).map(|(_, l)| *l).collect::<Vec<_>>();
        assert_eq!(heard(&bus, "o.x", "b"), ["all", "some"]);
        assert_eq!(heard(&bus, "o.x", "c"), ["all"]);
        assert_eq!(bus.unsubscribe(all), Some("all"));
        assert!(heard(&bus, "z", "b").is_empty());
    }
}
