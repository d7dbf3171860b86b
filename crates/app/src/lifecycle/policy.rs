//! The `lifecycle` of an entry, read once.
//!
//! Invariant: the defaults are those of the table of kinds; what cannot be read was rejected before.

use std::time::Duration;

use crate::duration;
use crate::entry::Entry;
use crate::id::Id;
use crate::value::Value;

/// How a service is started, stopped and restarted.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Start during boot.
    pub auto_start: bool,
    /// `startup: optional`.
    pub optional: bool,
    /// `requires` and `depends_on`.
    pub requires: Vec<Id>,
    /// A start that takes longer is a failure.
    pub start_timeout: Duration,
    /// A stop that takes longer is forced.
    pub stop_timeout: Duration,
    /// After running this long, failures are counted from one again.
    pub stable_threshold: Duration,
    /// What happens after a failure.
    pub restart: Restart,
}

/// What happens after a failure.
#[derive(Debug, Clone, PartialEq)]
pub struct Restart {
    /// Wait before the first restart.
    pub initial_delay: Duration,
    /// Longest wait.
    pub max_delay: Duration,
    /// Each wait is this many times the one before.
    pub backoff_factor: f64,
    /// Part by which a wait is moved at random.
    pub jitter: f64,
    /// Failures in a row after which it is given up; 0: never.
    pub max_attempts: u32,
}

impl Default for Policy {
    fn default() -> Policy {
        Policy {
            auto_start: false,
            optional: false,
            requires: Vec::new(),
            start_timeout: Duration::from_secs(10),
            stop_timeout: Duration::from_secs(10),
            stable_threshold: Duration::from_secs(5),
            restart: Restart {
                initial_delay: Duration::from_secs(1),
                max_delay: Duration::from_secs(90),
                backoff_factor: 2.0,
                jitter: 0.1,
                max_attempts: 0,
            },
        }
    }
}

impl Policy {
    /// Of an entry; `data` is its decoded payload.
    pub fn of(entry: &Entry, data: &Value) -> Policy {
        let mut policy = Policy::default();
        let Some(map) = data.get("lifecycle").and_then(Value::as_map) else { return policy };
        let time = |value: Option<&Value>, into: &mut Duration| {
            if let Some(Ok(duration)) = value.map(duration::from_value) {
                *into = duration;
            }
        };
        policy.auto_start = map.get("auto_start").and_then(Value::as_boolean).unwrap_or(false);
        policy.optional = map.get("startup").and_then(Value::as_text) == Some("optional");
        for key in ["requires", "depends_on"] {
            let items = match map.get(key) {
                Some(Value::List(items)) => items.as_slice(),
                Some(one) => std::slice::from_ref(one),
                None => &[],
            };
            for id in items.iter().filter_map(|item| Id::from_value(item, entry.id.namespace())) {
                if !policy.requires.contains(&id) {
                    policy.requires.push(id);
                }
            }
        }
        time(map.get("start_timeout"), &mut policy.start_timeout);
        time(map.get("stop_timeout"), &mut policy.stop_timeout);
        time(map.get("stable_threshold"), &mut policy.stable_threshold);
        if let Some(restart) = map.get("restart").and_then(Value::as_map) {
            time(restart.get("initial_delay"), &mut policy.restart.initial_delay);
            time(restart.get("max_delay"), &mut policy.restart.max_delay);
            let number =
                |key: &str| restart.get(key).and_then(Value::as_float).filter(|n| n.is_finite() && *n >= 0.0);
            policy.restart.backoff_factor = number("backoff_factor").unwrap_or(policy.restart.backoff_factor);
            policy.restart.jitter = number("jitter").unwrap_or(policy.restart.jitter);
            let attempts = restart.get("max_attempts").and_then(Value::as_integer);
            policy.restart.max_attempts = attempts.and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
        }
        policy
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::yaml;
    use crate::value::Map;

    #[test]
    fn keys_are_read_and_lists_merged() {
        let text = "lifecycle:\n  auto_start: true\n  requires: [a]\n  depends_on: [a, 'o:b']\n  stop_timeout: 1s\n  restart: {initial_delay: 100ms, max_attempts: 3, jitter: 0}\n";
        let data = yaml::parse(text).unwrap().unwrap().value();
        let entry = Entry::new(Id::new("app", "x"), "process.service", Map::new(), data.clone());
        let policy = Policy::of(&entry, &data);
        assert!(policy.auto_start && !policy.optional);
        assert_eq!(policy.requires, [Id::new("app", "a"), Id::new("o", "b")]);
        assert_eq!(policy.stop_timeout, Duration::from_secs(1));
        assert_eq!(policy.start_timeout, Duration::from_secs(10));
        assert_eq!((policy.restart.max_attempts, policy.restart.jitter), (3, 0.0));
    }
}
