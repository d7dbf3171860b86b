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
    /// Most calls at a time; the others wait, as long as their callers do.
    pub most: usize,
    /// Most workers that are kept for later calls.
    pub kept: usize,
    /// Workers made before the first call.
    pub warm: usize,
}

impl Plan {
    /// A pool of this many workers. An inline pool has one that is kept and used again; a call that comes while it is
    /// busy, perhaps from the very call that it runs, gets one of its own instead of waiting.
    pub fn new(sort: Sort, workers: usize) -> Plan {
        match sort {
            Sort::Inline => Plan { sort, most: usize::MAX, kept: 1, warm: 0 },
            Sort::Lazy | Sort::Static | Sort::Adaptive => {
                Plan { sort, most: workers, kept: workers, warm: 0 }
            }
        }
    }

    /// Of an entry's decoded payload.
    pub fn of(data: &Value) -> Plan {
        let pool = data.get("pool");
        let number = |key: &str| {
            let value = pool.and_then(|pool| pool.get(key)).and_then(Value::as_integer);
            value.and_then(|n| usize::try_from(n).ok()).filter(|n| *n > 0)
        };
        let word = pool.and_then(|pool| pool.get("type")).and_then(Value::as_text);
        let (workers, size, max_size) = (number("workers"), number("size"), number("max_size"));
        let sort = match word {
            Some("inline") => Sort::Inline,
            Some("lazy") => Sort::Lazy,
            Some("static") => Sort::Static,
            Some("adaptive") => Sort::Adaptive,
            _ if workers.is_some() || (size.is_some() && max_size.is_none()) => Sort::Static,
            _ => Sort::Lazy,
        };
        let plan = Plan::new(
            sort,
            match sort {
                Sort::Inline => 1,
                Sort::Static => workers.or(size).unwrap_or(8),
                Sort::Lazy | Sort::Adaptive => max_size.unwrap_or(if word.is_some() { 16 } else { 100 }),
            },
        );
        let warm = pool.and_then(|pool| pool.get("warm_start")).and_then(Value::as_boolean).unwrap_or(false);
        let all = if sort == Sort::Static { plan.kept } else { 1 };
        Plan { warm: if warm { all } else { 0 }, ..plan }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::yaml;

    fn plan(text: &str) -> (Sort, usize, usize) {
        let data = yaml::parse(&format!("pool: {text}")).unwrap().unwrap().value();
        let plan = Plan::of(&data);
        (plan.sort, plan.most, plan.warm)
    }

    #[test]
    fn types_and_their_numbers() {
        assert_eq!(plan("{}"), (Sort::Lazy, 100, 0));
        assert_eq!(plan("{type: lazy}"), (Sort::Lazy, 16, 0));
        assert_eq!(plan("{type: adaptive, warm_start: true}"), (Sort::Adaptive, 16, 1));
        assert_eq!(plan("{workers: 4, warm_start: true}"), (Sort::Static, 4, 4));
        assert_eq!(plan("{size: 3}"), (Sort::Static, 3, 0));
        assert_eq!(plan("{size: 3, max_size: 5}"), (Sort::Lazy, 5, 0));
        assert_eq!(plan("{type: static}"), (Sort::Static, 8, 0));
        assert_eq!(plan("{type: static, size: 2, workers: 6, buffer: 1}"), (Sort::Static, 6, 0));
        assert_eq!(plan("{type: inline, max_size: 9}"), (Sort::Inline, usize::MAX, 0));
    }
}
