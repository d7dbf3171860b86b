//! One route pattern: what paths it matches, and how it stands to another.
//!
//! Pure. A path is the list of its segments behind the first slash, percent-decoded; `/a/` has the segments `a` and the
//! empty one. Invariant: the relation of two patterns is that of the sets of paths they match, so a choice between them
//! cannot depend on the order in which they were added.

use std::fmt;

/// A segment before the end of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// Itself.
    Literal(String),
    /// Any one segment that is not empty, under this name.
    Parameter(String),
}

/// How a pattern ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// With its last segment.
    Exact,
    /// With a slash: the path that ends there, nothing below.
    Slash,
    /// With a slash and anything below, nothing included.
    Subtree,
}

/// A parsed pattern.
#[derive(Debug, Clone)]
pub struct Pattern {
    segments: Vec<Segment>,
    end: End,
    text: String,
}

/// How the paths of two patterns are related.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// The same paths.
    Equal,
    /// The first matches fewer.
    Narrower,
    /// The first matches more.
    Wider,
    /// They share some, and each matches others.
    Overlapping,
    /// They share none.
    Disjoint,
}

/// Why a text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PatternError {
    /// It does not begin with a slash.
    Relative,
    /// A segment with braces or a colon that names nothing.
    Name(String),
    /// Two segments of one name.
    Twice(String),
    /// `{x...}` or `{$}` before the end.
    NotLast(String),
    /// More than [`DEEPEST`] segments.
    Deep,
}

/// Most segments of a pattern, so that whoever walks along one may recurse.
pub const DEEPEST: usize = 128;

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PatternError::Relative => f.write_str("a path must start with '/'"),
            PatternError::Name(text) => {
                write!(f, "'{text}' is not a parameter: a name of letters, digits and '_'")
            }
            PatternError::Twice(name) => write!(f, "the parameter '{name}' occurs twice"),
            PatternError::NotLast(text) => write!(f, "'{text}' may only be the last segment"),
            PatternError::Deep => write!(f, "a path has at most {DEEPEST} segments"),
        }
    }
}

impl std::error::Error for PatternError {}

impl Pattern {
    /// Of a whole path, prefix included; slashes that follow each other count as one.
    ///
    /// # Errors
    /// Why it is no pattern.
    pub fn parse(text: &str) -> Result<Pattern, PatternError> {
        let rest = text.strip_prefix('/').ok_or(PatternError::Relative)?;
        let mut parts: Vec<&str> = rest.split('/').filter(|part| !part.is_empty()).collect();
        if parts.len() > DEEPEST {
            return Err(PatternError::Deep);
        }
        let mut end = if rest.is_empty() || rest.ends_with('/') { End::Subtree } else { End::Exact };
        let mut names: Vec<&str> = Vec::new();
        let mut tail = String::new();
        if let (End::Exact, Some(last)) = (end, parts.last().copied()) {
            if last == "{$}" {
                end = End::Slash;
            } else if let Some(name) = last.strip_prefix('{').and_then(|last| last.strip_suffix("...}")) {
                names.push(checked(name, last)?);
                end = End::Subtree;
            }
            if end != End::Exact {
                last.clone_into(&mut tail);
                parts.pop();
            }
        }
        let mut segments = Vec::with_capacity(parts.len());
        for part in parts {
            if part == "{$}" || (part.starts_with('{') && part.ends_with("...}")) {
                return Err(PatternError::NotLast(part.to_owned()));
            }
            let name = match (part.strip_prefix(':'), part.strip_prefix('{')) {
                (Some(name), _) => Some(name),
                (_, Some(rest)) => {
                    Some(rest.strip_suffix('}').ok_or_else(|| PatternError::Name(part.to_owned()))?)
                }
                _ => None,
            };
            match name {
                Some(name) => {
                    let name = checked(name, part)?;
                    if names.contains(&name) {
                        return Err(PatternError::Twice(name.to_owned()));
                    }
                    names.push(name);
                    segments.push(Segment::Parameter(name.to_owned()));
                }
                None => segments.push(Segment::Literal(part.to_owned())),
            }
        }
        let mut written = String::new();
        for segment in &segments {
            match segment {
                Segment::Literal(text) => written.extend(["/", text]),
                Segment::Parameter(name) => written.extend(["/{", name, "}"]),
            }
        }
        if end != End::Exact {
            written.extend(["/", &tail]);
        }
        Ok(Pattern { segments, end, text: written })
    }

    /// The segments before its end.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// How it ends.
    pub fn end(&self) -> End {
        self.end
    }

    /// The names of its parameters, in order; that of a tail is not among them.
    pub fn parameters(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Parameter(name) => Some(name.as_str()),
            Segment::Literal(_) => None,
        })
    }

    /// How the paths of this pattern stand to those of another.
    pub fn relation(&self, other: &Pattern) -> Relation {
        let (mut narrower, mut wider) = (false, false);
        for (one, two) in self.segments.iter().zip(&other.segments) {
            match (one, two) {
                (Segment::Literal(one), Segment::Literal(two)) if one != two => return Relation::Disjoint,
                (Segment::Literal(_), Segment::Parameter(_)) => narrower = true,
                (Segment::Parameter(_), Segment::Literal(_)) => wider = true,
                _ => {}
            }
        }
        // The shorter one decides what may follow; a segment is never empty.
        match self.segments.len().cmp(&other.segments.len()) {
            std::cmp::Ordering::Less if self.end == End::Subtree => wider = true,
            std::cmp::Ordering::Greater if other.end == End::Subtree => narrower = true,
            std::cmp::Ordering::Equal => match (self.end, other.end) {
                (End::Slash, End::Subtree) => narrower = true,
                (End::Subtree, End::Slash) => wider = true,
                (one, two) if one == two => {}
                _ => return Relation::Disjoint,
            },
            _ => return Relation::Disjoint,
        }
        match (narrower, wider) {
            (false, false) => Relation::Equal,
            (true, false) => Relation::Narrower,
            (false, true) => Relation::Wider,
            (true, true) => Relation::Overlapping,
        }
    }

    /// Whether it matches a path of these segments.
    pub fn matches<S: AsRef<[u8]>>(&self, path: &[S]) -> bool {
        let depth = self.segments.len();
        let rest = match self.end {
            End::Exact => path.len() == depth,
            End::Slash => path.len() == depth + 1 && path[depth].as_ref().is_empty(),
            End::Subtree => path.len() > depth,
        };
        rest && self.segments.iter().zip(path).all(|(segment, part)| match segment {
            Segment::Literal(text) => text.as_bytes() == part.as_ref(),
            Segment::Parameter(_) => !part.as_ref().is_empty(),
        })
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn checked<'a>(name: &'a str, part: &str) -> Result<&'a str, PatternError> {
    let fine = !name.is_empty()
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && name.chars().all(|letter| letter.is_alphanumeric() || letter == '_' || letter == '-');
    if fine { Ok(name) } else { Err(PatternError::Name(part.to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wippy_random::Random;

    fn pattern(text: &str) -> Pattern {
        Pattern::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn segments(path: &str) -> Vec<&str> {
        path[1..].split('/').collect()
    }

    #[test]
    fn what_patterns_match() {
        for (text, paths, others) in [
            ("/", &["/", "/a", "/a/b/"][..], &[][..]),
            ("/a", &["/a"], &["/", "/a/", "/A", "/a/b"]),
            ("/a/", &["/a/", "/a/b", "/a/b/c/"], &["/a", "/"]),
            ("/a/{$}", &["/a/"], &["/a", "/a/b"]),
            ("/{$}", &["/"], &["/a"]),
            ("/a/{id}", &["/a/b"], &["/a/", "/a", "/a/b/", "/a/b/c"]),
            ("/:id/x", &["/1/x"], &["//x", "/1/y"]),
            ("/f/{rest...}", &["/f/", "/f/a/b"], &["/f"]),
        ] {
            for path in paths {
                assert!(pattern(text).matches(&segments(path)), "{text} {path}");
            }
            for path in others {
                assert!(!pattern(text).matches(&segments(path)), "{text} {path}");
            }
        }
    }

    #[test]
    fn slashes_collapse_and_names_show() {
        assert_eq!(pattern("//a//:id//").to_string(), "/a/{id}/");
        assert_eq!(pattern("/a/{t...}").to_string(), "/a/{t...}");
        assert_eq!(pattern("/").to_string(), "/");
        assert_eq!(pattern("/a/{x}/{y}").parameters().collect::<Vec<_>>(), ["x", "y"]);
    }

    #[test]
    fn what_is_no_pattern() {
        for (text, why) in [
            ("a", "must start with '/'"),
            ("", "must start with '/'"),
            ("/{", "is not a parameter"),
            ("/{a b}", "is not a parameter"),
            ("/:", "is not a parameter"),
            ("/{}", "is not a parameter"),
            ("/{...}", "is not a parameter"),
            ("/{x}/{x}", "occurs twice"),
            ("/{x...}/a", "only be the last"),
            ("/{$}/", "only be the last"),
        ] {
            let error = Pattern::parse(text).expect_err(text).to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn relations() {
        for (one, two, relation) in [
            ("/a", "/a", Relation::Equal),
            ("/{x}", "/:y", Relation::Equal),
            ("/a", "/{x}", Relation::Narrower),
            ("/{x}", "/", Relation::Narrower),
            ("/a/{$}", "/a/", Relation::Narrower),
            ("/a/b", "/a/", Relation::Narrower),
            ("/a/{x}", "/{y}/b", Relation::Overlapping),
            ("/a/", "/{y}/b", Relation::Overlapping),
            ("/a/", "/a", Relation::Disjoint),
            ("/a", "/b", Relation::Disjoint),
            ("/a/{$}", "/a/{x}", Relation::Disjoint),
        ] {
            assert_eq!(pattern(one).relation(&pattern(two)), relation, "{one} {two}");
        }
    }

    /// A random pattern over few segments, so that relations of all kinds occur.
    fn random_pattern(random: &mut Random) -> Pattern {
        let mut text = String::new();
        for at in 0..random.below(4) {
            text.push('/');
            text.push_str(["a", "b", "{x}"][random.below(3)].replace('x', &format!("x{at}")).as_str());
        }
        text.push_str(["", "/", "/{$}", "/{t...}"][random.below(4)]);
        if text.is_empty() {
            text.push('/');
        }
        pattern(&text)
    }

    #[test]
    fn a_relation_is_that_of_the_matched_paths() {
        let parts = ["", "a", "b", "c"];
        let mut paths: Vec<Vec<&str>> = Vec::new();
        for length in 1..=5u32 {
            for mut code in 0..4usize.pow(length) {
                let path = (0..length).map(|_| {
                    let part = parts[code % 4];
                    code /= 4;
                    part
                });
                paths.push(path.collect());
            }
        }
        for seed in 0..300 {
            let mut random = Random::new(seed);
            let (one, two) = (random_pattern(&mut random), random_pattern(&mut random));
            let (mut first, mut second, mut both) = (0, 0, 0);
            for path in &paths {
                match (one.matches(path), two.matches(path)) {
                    (true, true) => both += 1,
                    (true, false) => first += 1,
                    (false, true) => second += 1,
                    (false, false) => {}
                }
            }
            let seen = match (first, second, both) {
                (_, _, 0) => Relation::Disjoint,
                (0, 0, _) => Relation::Equal,
                (0, _, _) => Relation::Narrower,
                (_, 0, _) => Relation::Wider,
                _ => Relation::Overlapping,
            };
            assert_eq!(one.relation(&two), seen, "seed {seed}: {one} and {two}");
        }
    }

    #[test]
    fn any_text_is_a_pattern_or_an_error() {
        let letters = ["/", "{", "}", "...", "$", ":", "a", "é", "%41", "\0"];
        for seed in 0..2000 {
            let mut random = Random::new(seed);
            let text: String = (0..random.below(12)).map(|_| letters[random.below(letters.len())]).collect();
            if let Ok(pattern) = Pattern::parse(&text) {
                let again = Pattern::parse(&pattern.to_string());
                assert!(
                    again.is_ok_and(|again| again.relation(&pattern) == Relation::Equal),
                    "seed {seed}: {text}"
                );
            }
        }
    }
}
