//! The `pool` of a function entry, read once.

use crate::value::Value;

/// Which kind of pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// In the caller's turn, one instance.
    Inline,
    /// Grows on demand, idle workers are dropped.
    Lazy,
    /// A fixed number of workers.
    Static,
    /// Grows under load, shrinks when idle.
    Adaptive,
}

/// What a pool does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Which kind.
    pub sort: Sort,
    /// Most workers.
    pub most: usize,
    /// Calls that may wait; the callers behind wait all the same, outside of the queue.
    pub buffer: usize,
    /// Workers made before the first call.
    pub warm: usize,
}

impl Plan {
    /// Of an entry's decoded payload.
    pub fn of(data: &Value) -> Plan {
        let pool = data.get("pool");
        let number = |key: &str| {
            let value = pool.and_then(|pool| pool.get(key)).and_then(Value::as_integer);
            value.and_then(|n| usize::try_from(n).ok()).filter(|n| *n > 0)
        };
        let word = pool.and_then(|pool| pool.get("type")).and_then(Value::as_text);
        let (workers, size, max_size) = (number("workers"), number("size"), number("max_size"));
        let warm = pool.and_then(|pool| pool.get("warm_start")).and_then(Value::as_boolean).unwrap_or(false);
        let sort = match word {
            Some("inline") => Sort::Inline,
            Some("lazy") => Sort::Lazy,
            Some("static") => Sort::Static,
            Some("adaptive") => Sort::Adaptive,
            _ if workers.is_some() || (size.is_some() && max_size.is_none()) => Sort::Static,
            _ => Sort::Lazy,
        };
        let most = match sort {
            Sort::Inline => 1,
            Sort::Static => workers.or(size).unwrap_or(8),
            Sort::Lazy | Sort::Adaptive => max_size.unwrap_or(if word.is_some() { 16 } else { 100 }),
        };
        let buffer = number("buffer").unwrap_or(most * 64);
        let warm = match sort {
            Sort::Static => most,
            Sort::Inline | Sort::Lazy | Sort::Adaptive => usize::from(warm),
        };
        Plan { sort, most, buffer, warm }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::yaml;

    fn plan(text: &str) -> (Sort, usize, usize) {
        let data = yaml::parse(&format!("pool: {text}")).unwrap().unwrap().value();
        let plan = Plan::of(&data);
        (plan.sort, plan.most, plan.buffer)
    }

    #[test]
    fn types_and_their_numbers() {
        assert_eq!(plan("{}").0, Sort::Lazy);
        assert_eq!(plan("{}").1, 100);
        assert_eq!(plan("{type: lazy}").1, 16);
        assert_eq!(plan("{type: adaptive}"), (Sort::Adaptive, 16, 1024));
        assert_eq!(plan("{workers: 4}"), (Sort::Static, 4, 256));
        assert_eq!(plan("{size: 3}"), (Sort::Static, 3, 192));
        assert_eq!(plan("{size: 3, max_size: 5}"), (Sort::Lazy, 5, 320));
        assert_eq!(plan("{type: static}"), (Sort::Static, 8, 512));
        assert_eq!(plan("{type: static, size: 2, workers: 6, buffer: 1}"), (Sort::Static, 6, 1));
        assert_eq!(plan("{type: inline, max_size: 9}").1, 1);
    }
}
