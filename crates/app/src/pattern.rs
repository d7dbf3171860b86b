//! Patterns over names.
//!
//! Two kinds, both matched without backtracking into exponential time: globs, where `*` is any run of characters, and
//! segment patterns over dotted names, where `*` is one segment, `**` any number of them and `(a|b)` a choice.

use regex::Regex;

/// Whether `text` matches a glob in which `*` stands for any run of characters.
pub fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// A pattern over dotted names.
#[derive(Debug, Clone)]
pub struct Segments {
    regex: Regex,
}

impl Segments {
    /// Reads a pattern.
    ///
    /// # Errors
    /// Unbalanced parentheses, or a pattern too large to be meant.
    pub fn parse(pattern: &str) -> Result<Segments, String> {
        let mut out = String::from("^");
        let mut open = 0_usize;
        let mut rest = pattern;
        while let Some(c) = rest.chars().next() {
            let mut used = c.len_utf8();
            match c {
                '*' if rest.starts_with("**") => {
                    used = 2;
                    if out.ends_with("\\.") {
                        // `app.**` holds `app` itself: any number of segments may be none.
                        out.truncate(out.len() - 2);
                        out.push_str("(?:\\..*)?");
                    } else {
                        out.push_str(".*");
                    }
                }
                '*' => out.push_str("[^.:]*"),
                '(' => {
                    open += 1;
                    out.push_str("(?:");
                }
                ')' if open > 0 => {
                    open -= 1;
                    out.push(')');
                }
                '|' if open > 0 => out.push('|'),
                _ => out.push_str(&regex::escape(&rest[..used])),
            }
            rest = &rest[used..];
        }
        if open > 0 {
            return Err(format!("the pattern \"{pattern}\" has an open parenthesis"));
        }
        out.push('$');
        Regex::new(&out)
            .map(|regex| Segments { regex })
            .map_err(|_| format!("the pattern \"{pattern}\" cannot be used"))
    }

    /// Whether a name matches.
    pub fn matches(&self, name: &str) -> bool {
        self.regex.is_match(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_take_any_run() {
        assert!(glob("http.*", "http.service"));
        assert!(glob("*", ""));
        assert!(glob("a*b*c", "a1b2b3c"));
        assert!(!glob("a*b", "ac"));
        assert!(!glob("ab", "abc"));
        assert!(glob("", ""));
        assert!(!glob("a*a", "a"));
        assert!(glob(&"*a".repeat(2000), &"a".repeat(5000)));
    }

    #[test]
    fn segments_stop_at_dots() {
        let check = |pattern, name| Segments::parse(pattern).unwrap().matches(name);
        assert!(check("app.*", "app.api"));
        assert!(!check("app.*", "app.api.v1"));
        assert!(check("app.**", "app.api.v1"));
        assert!(check("app.**", "app"));
        assert!(!check("app.**", "apple"));
        assert!(check("(app|test).x", "test.x"));
        assert!(check("app:*", "app:x"));
        assert!(check("**:x", "a.b:x"));
        assert!(!check("app:*", "app:x.y"));
        assert!(Segments::parse("(a").is_err());
        assert!(check("a)|", "a)|"));
    }
}
