//! Which `wippy` this is.
//!
//! The number comes from the package; commit and date only from the build that makes a release, through
//! `WIPPY_COMMIT` and `WIPPY_BUILD_DATE` in its environment.

/// The number, `X.Y.Z`.
pub(crate) const NUMBER: &str = env!("CARGO_PKG_VERSION");
/// The language level.
const LUA: &str = "5.3";

fn or_unknown(fact: Option<&'static str>) -> &'static str {
    fact.unwrap_or("unknown")
}

/// `wippy --version`.
pub(crate) fn line() -> String {
    format!("wippy {NUMBER}\n")
}

/// `wippy version`.
pub(crate) fn details() -> String {
    let commit = or_unknown(option_env!("WIPPY_COMMIT"));
    let date = or_unknown(option_env!("WIPPY_BUILD_DATE"));
    format!("wippy {NUMBER}\ncommit: {commit}\nbuilt: {date}\nLua: {LUA}\n")
}

/// `wippy version --json`.
pub(crate) fn json() -> String {
    let commit = or_unknown(option_env!("WIPPY_COMMIT"));
    let date = or_unknown(option_env!("WIPPY_BUILD_DATE"));
    format!("{{\"version\":\"{NUMBER}\",\"commit\":\"{commit}\",\"built\":\"{date}\",\"lua\":\"{LUA}\"}}\n")
}
