//! Names of built-in modules that an entry may list.
//!
//! Names only: what a module offers is its own table. Invariant: a name that is not here rejects the entry that lists it.

/// Every name an application may use, sorted.
pub const NAMES: &[&str] = &[
    "base64",
    "cdc",
    "channel",
    "cloudstorage",
    "compress",
    "contract",
    "crypto",
    "ctx",
    "env",
    "errors",
    "eval_runner",
    "events",
    "excel",
    "exec",
    "expr",
    "fs",
    "funcs",
    "hash",
    "html",
    "http",
    "http_client",
    "hub",
    "io",
    "json",
    "logger",
    "metrics",
    "os",
    "payload",
    "pg",
    "process",
    "queue",
    "registry",
    "security",
    "sql",
    "store",
    "stream",
    "system",
    "templates",
    "text",
    "time",
    "treesitter",
    "tty",
    "uuid",
    "websocket",
    "workflow",
    "yaml",
];

/// Names that are there without being listed.
pub const AMBIENT: &[&str] =
    &["channel", "coroutine", "errors", "math", "os", "payload", "process", "string", "table"];

/// Whether a module of this name exists.
pub fn exists(name: &str) -> bool {
    NAMES.binary_search(&name).is_ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_are_sorted() {
        assert!(super::NAMES.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
