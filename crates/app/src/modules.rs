//! Names of built-in modules that an entry may list.
//!
//! Names only: what a module offers is its own table. Invariant: a name that is not here rejects the entry that lists it.

/// Documented names that nothing carries out yet: such a module is a table whose functions fail.
const LATER: &[&str] = &[
    "cdc",
    "cloudstorage",
    "compress",
    "contract",
    "eval_runner",
    "excel",
    "exec",
    "expr",
    "fs",
    "html",
    "http",
    "http_client",
    "hub",
    "metrics",
    "pg",
    "queue",
    "security",
    "sql",
    "store",
    "stream",
    "templates",
    "text",
    "treesitter",
    "tty",
    "websocket",
    "workflow",
];

/// Ambient names that may be listed all the same.
const LISTED: &[&str] = &["channel", "errors", "os", "process"];

/// Names that are there without being listed.
pub const AMBIENT: &[&str] =
    &["channel", "coroutine", "errors", "math", "os", "payload", "process", "string", "table"];

/// Every name an entry may list.
pub fn names() -> impl Iterator<Item = &'static str> {
    let standard = wippy_stdlib::modules::MODULES.iter().map(|module| module.name);
    standard.chain(crate::runtime::modules::names()).chain(LATER.iter().chain(LISTED).copied())
}

/// Whether a module of this name exists.
pub fn exists(name: &str) -> bool {
    names().any(|known| known == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_documented_exists() {
        for name in ["base64", "ctx", "funcs", "json", "logger", "process", "registry", "sql", "time", "yaml"]
        {
            assert!(exists(name), "{name}");
        }
        assert!(!exists("jsn") && !exists("string") && !exists(""));
    }
}
