//! Completion of names at the prompt.
//!
//! It finds the name under the cursor and the way to it (`a.b:c`); what names exist it asks [`Names`]. It never
//! evaluates anything.

use wippy_parser::name::{KEYWORDS, is_name};

/// The names a session knows.
pub(crate) trait Names {
    /// The fields of the value reached by `path`, starting at the globals and locals; all of those for an empty
    /// path. Only functions if `callable`. No metamethod runs, apart from following `__index` tables.
    fn names(&self, path: &[&str], callable: bool) -> Vec<String>;
}

/// Where the completed word starts in `line`, and what may stand there, sorted.
pub(crate) fn complete(line: &str, cursor: usize, names: &dyn Names) -> (usize, Vec<String>) {
    let before = &line[..cursor];
    let start = before
        .rfind(|c: char| !is_name_char(c))
        .map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
    let word = &before[start..];
    if word.starts_with(|c: char| c.is_ascii_digit()) {
        return (start, Vec::new());
    }
    let Some((path, callable)) = path_before(&before[..start]) else {
        return (start, Vec::new());
    };
    let mut found = names.names(&path, callable);
    found.retain(|name| is_name(name.as_bytes()));
    if path.is_empty() {
        found.extend(KEYWORDS.iter().map(|keyword| (*keyword).to_owned()));
    }
    found.retain(|name| name.starts_with(word));
    found.sort();
    found.dedup();
    (start, found)
}

/// The names before the word, and whether a method is asked for; `None` where no name can be completed.
fn path_before(before: &str) -> Option<(Vec<&str>, bool)> {
    let mut path = Vec::new();
    let mut rest = before;
    let mut callable = false;
    while let Some(shorter) = rest.strip_suffix(['.', ':']) {
        if shorter.ends_with('.') || (shorter.ends_with(':') && rest.ends_with(':')) {
            // `..` is concatenation and `::` a label: a fresh name follows, unless something is being indexed.
            return path.is_empty().then_some((Vec::new(), false));
        }
        callable |= path.is_empty() && rest.ends_with(':');
        let start = shorter
            .rfind(|c: char| !is_name_char(c))
            .map_or(0, |at| at + shorter[at..].chars().next().map_or(1, char::len_utf8));
        let name = &shorter[start..];
        if !is_name(name.as_bytes()) {
            // `f().x`, `("x"):rep`, `t[1].x`: what stands there is not known without evaluating it.
            return match shorter.ends_with(['"', '\'']) {
                true => Some((vec!["string"], callable)),
                false if shorter.ends_with("\")") || shorter.ends_with("')") => {
                    Some((vec!["string"], callable))
                }
                false => None,
            };
        }
        path.push(name);
        rest = &shorter[..start];
    }
    path.reverse();
    Some((path, callable))
}

fn is_name_char(c: char) -> bool {
    c == '_' || c.is_ascii_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fake;

    impl Names for Fake {
        fn names(&self, path: &[&str], callable: bool) -> Vec<String> {
            let names: &[&str] = match (path, callable) {
                ([], _) => &["print", "pairs", "string", "x"],
                (["string"], _) => &["rep", "reverse", "len"],
                (["x", "y"], false) => &["zeta", "zoom", "not a name"],
                (["x", "y"], true) => &["zoom"],
                _ => &[],
            };
            names.iter().map(|name| (*name).to_owned()).collect()
        }
    }

    fn check(line: &str, expected: (usize, &[&str])) {
        let (start, found) = complete(line, line.len(), &Fake);
        assert_eq!(
            (start, found.iter().map(String::as_str).collect::<Vec<_>>().as_slice()),
            expected,
            "{line}"
        );
    }

    #[test]
    fn names_keywords_fields_and_methods() {
        check("p", (0, &["pairs", "print"]));
        check("x = pr", (4, &["print"]));
        check("re", (0, &["repeat", "return"]));
        check("string.re", (7, &["rep", "reverse"]));
        check("f(x.y.z", (6, &["zeta", "zoom"]));
        check("x.y:z", (4, &["zoom"]));
        check("a..pr", (3, &["print"]));
        check("(\"abc\"):re", (8, &["rep", "reverse"]));
        check("f().re", (4, &[]));
        check("1e", (0, &[]));
        check("é.p", (3, &[]));
    }

    #[test]
    fn any_line_can_be_completed_anywhere() {
        let pieces: [&[u8]; 10] =
            [b"x", b".", b":", b"string", b"(", b"\"", b")", b" ", "é".as_bytes(), b"1"];
        for seed in 0..3000 {
            let line = wippy_random::Random::new(seed).text(&pieces, 10);
            let line = std::str::from_utf8(&line).unwrap();
            for cursor in (0..=line.len()).filter(|at| line.is_char_boundary(*at)) {
                let (start, _) = complete(line, cursor, &Fake);
                assert!(start <= cursor && line.is_char_boundary(start), "seed {seed}");
            }
        }
    }
}
