//! Facts about patterns; each was checked against the reference implementation.

use super::*;

/// All matches of `pattern` in `subject`, each as its captures, run on a small amount of fuel at a time.
fn scan(
    pattern: &Pattern,
    subject: &[u8],
    from: usize,
    fuel_per_run: i64,
) -> Result<Vec<Vec<String>>, PatternError> {
    let mut matcher = Matcher::new(pattern, from);
    let mut found = Vec::new();
    loop {
        let mut fuel = fuel_per_run;
        match matcher.run(pattern, subject, &mut fuel)? {
            Progress::NotFound => return Ok(found),
            Progress::OutOfFuel => {}
            Progress::Found(_) => {
                let count = pattern.capture_count().max(1);
                let texts = (0..count).map(|index| match matcher.capture(pattern, index)? {
                    Capture::Text(range) => Ok(String::from_utf8_lossy(&subject[range]).into_owned()),
                    Capture::Position(position) => Ok(position.to_string()),
                });
                found.push(texts.collect::<Result<Vec<_>, _>>()?);
            }
        }
    }
}

fn first(pattern: &str, subject: &str) -> Result<Option<String>, String> {
    let pattern = Pattern::new(pattern.as_bytes());
    let generous = scan(&pattern, subject.as_bytes(), 0, i64::MAX);
    let starving = scan(&pattern, subject.as_bytes(), 0, 1);
    assert_eq!(generous, starving, "fuel changes the result");
    generous.map(|all| all.first().map(|captures| captures.join("|"))).map_err(|error| error.to_string())
}

fn all(pattern: &str, subject: &str) -> Vec<String> {
    let pattern = Pattern::new(pattern.as_bytes());
    let found = scan(&pattern, subject.as_bytes(), 0, i64::MAX).expect("a valid pattern");
    found.iter().map(|captures| captures.join("|")).collect()
}

fn check(pattern: &str, subject: &str, expected: &str) {
    assert_eq!(first(pattern, subject), Ok(Some(expected.to_owned())), "{pattern} on {subject}");
}

fn check_none(pattern: &str, subject: &str) {
    assert_eq!(first(pattern, subject), Ok(None), "{pattern} on {subject}");
}

fn check_error(pattern: &str, subject: &str, expected: &str) {
    assert_eq!(first(pattern, subject), Err(expected.to_owned()), "{pattern} on {subject}");
}

#[test]
fn single_classes_and_quantifiers() {
    check("a*", "aaab", "aaa");
    check("^.*$", "aaa", "aaa");
    check("ab*a", "aba", "aba");
    check("ab?c", "abc", "abc");
    check("a-b", "aaab", "aaab");
    check("^.-$", "aaa", "aaa");
    check("^(.-)b", "aaabb", "aaa");
    check("%d+", "x2024y", "2024");
    check("(%w+)=(%w+)", "  key=value;", "key|value");
    check(".o$", "alo xo", "xo");
    check("(.*)/(.*)", "a/b/c", "a/b|c");
    check("a?a?a?aaa", "aaa", "aaa");
    check("%s*$", "abc  ", "  ");
    check_none("^%d+$", "12a");
    check_none("b$", "ba");
    check("^*", "*", "*");
    check("a$a", "a$a", "a$a");
}

#[test]
fn sets() {
    check("[a-c]+", "xxabcd", "abc");
    check("[^a-c]+", "abcxyz", "xyz");
    check("[]]", "a]", "]");
    check("[^]]", "]a", "a");
    check("[a-]+", "-a-", "-a-");
    check("[%a_][%w_]*", "9_x1 ", "_x1");
    check("[%]]", "]", "]");
    check("[a-%%]", "]", "]");
    check_none("[a-%%]", "a");
    check("[%-a]", "-", "-");
}

#[test]
fn captures() {
    check("()a()", "xa", "2|3");
    check("(a)(b)", "ab", "a|b");
    check("((a)(b))", "ab", "ab|a|b");
    check("(.)%1", "abccd", "c");
    check_none("()%1", "aa");
    check("(['\"])(.-)%1", "say \"it's\"", "\"|it's");
}

#[test]
fn balance_and_frontier() {
    check("%b()", "f(a(b)c)d)", "(a(b)c)");
    check("%bxx", "axbxc", "xbx");
    check_none("%b()", "((");
    check("%f[%w]%w+", " (hello)", "hello");
    check("%f[%z]", "ab", "");
    assert_eq!(all("%f[%a]%a+%f[%A]", "THE (quick) fox"), ["THE", "quick", "fox"]);
}

#[test]
fn repeated_matches_skip_the_empty_one_behind_the_previous() {
    assert_eq!(all("%w*", "abc"), ["abc"]);
    assert_eq!(all("%w-", "abc"), ["", "", "", ""]);
    assert_eq!(all("()%s*()", "a b"), ["1|1", "2|3", "4|4"]);
    assert_eq!(all("^a", "aaa"), ["a"]);
}

#[test]
fn faults_are_raised_when_they_are_reached() {
    check_error("%", "abc", "malformed pattern (ends with '%')");
    check_error("a%", "abc", "malformed pattern (ends with '%')");
    check_none("x%", "abc");
    check_error("[a", "abc", "malformed pattern (missing ']')");
    check_error("[]", "abc", "malformed pattern (missing ']')");
    check_error("[^]", "abc", "malformed pattern (missing ']')");
    check_error("[a%]", "abc", "malformed pattern (missing ']')");
    check_error("[a%", "abc", "malformed pattern (missing ']')");
    check_error("%f", "abc", "missing '[' after '%f' in pattern");
    check_error("%b", "abc", "malformed pattern (missing arguments to '%b')");
    check_error("%bx", "abc", "malformed pattern (missing arguments to '%b')");
    check_error("%1", "abc", "invalid capture index %1");
    check_error("%0", "abc", "invalid capture index %0");
    check_error("(%1)", "abc", "invalid capture index %1");
    check_error(".)", "abc", "invalid pattern capture");
    check_error("(a", "abc", "unfinished capture");
    check_error(&"()".repeat(33), "abc", "too many captures");
    check_error(&"a?".repeat(2000), "", "pattern too complex");
    check(&"()".repeat(32), "abc", &["1"; 32].join("|"));
}

#[test]
fn a_pathological_pattern_stops_when_its_fuel_does() {
    let subject = vec![b'a'; 400];
    let pattern =
        Pattern::new("a*".repeat(20).as_bytes().iter().chain(b"b").copied().collect::<Vec<_>>().as_slice());
    let mut matcher = Matcher::new(&pattern, 0);
    for _ in 0..10 {
        let mut fuel = 1000;
        assert_eq!(matcher.run(&pattern, &subject, &mut fuel), Ok(Progress::OutOfFuel));
        assert!(fuel > -2000, "a turn costs little more than what was left");
    }
}

#[test]
fn long_stretches_are_matched_in_pieces() {
    let mut subject = vec![b'a'; 100_000];
    subject.extend(b"(".repeat(50_000));
    subject.extend(b")".repeat(50_000));
    subject.push(b'!');
    for (pattern, expected) in [
        (&b"[ab]*"[..], 0..100_000),
        (b"a*", 0..100_000),
        (b"%b()", 100_000..200_000),
        (b"!", 200_000..200_001),
        (b".*a", 0..100_000),
        (b"[a(]-%)", 0..150_001),
        (b".-!", 0..200_001),
    ] {
        let pattern = Pattern::new(pattern);
        let mut matcher = Matcher::new(&pattern, 0);
        let mut runs = 0;
        let found = loop {
            let mut fuel = 1;
            match matcher.run(&pattern, &subject, &mut fuel) {
                Ok(Progress::OutOfFuel) => runs += 1,
                other => break other,
            }
        };
        assert_eq!(found, Ok(Progress::Found(expected)));
        assert!(runs > 3);
    }
}

/// The definition of a match by recursion, for small subjects only.
fn by_definition(items: &[(&str, char)], to_end: bool, subject: &[u8], at: usize) -> Option<usize> {
    let Some((&(class, quantifier), rest)) = items.split_first() else {
        return (!to_end || at == subject.len()).then_some(at);
    };
    let is = |at: usize| {
        subject.get(at).is_some_and(|byte| match class {
            "." => true,
            "%a" => byte.is_ascii_alphabetic(),
            "[a1]" => b"a1".contains(byte),
            "[^b]" => *byte != b'b',
            other => other.as_bytes()[0] == *byte,
        })
    };
    let run = (0..).take_while(|&count| is(at + count)).count();
    let lengths: Vec<usize> = match quantifier {
        '*' => (0..=run).rev().collect(),
        '+' => (1..=run).rev().collect(),
        '-' => (0..=run).collect(),
        '?' => (0..=run.min(1)).rev().collect(),
        _ => (1..=run.min(1)).collect(),
    };
    lengths.into_iter().find_map(|length| by_definition(rest, to_end, subject, at + length))
}

#[test]
fn agrees_with_the_definition_on_random_patterns() {
    let mut random = wippy_random::Random::new(1);
    let mut below = |bound: usize| random.below(bound);
    for round in 0..20_000 {
        let items: Vec<(&str, char)> = (0..1 + below(5))
            .map(|_| {
                (["a", "b", "1", ".", "%a", "[a1]", "[^b]"][below(7)], ['*', '+', '-', '?', ' '][below(5)])
            })
            .collect();
        let subject: Vec<u8> = (0..below(9)).map(|_| b"ab1"[below(3)]).collect();
        let to_end = below(3) == 0;
        let mut source: String =
            items.iter().map(|(class, quantifier)| format!("{class}{quantifier}")).collect();
        source.retain(|letter| letter != ' ');
        let text = String::from_utf8_lossy(&subject).into_owned();
        source.extend(to_end.then_some('$'));
        let expected = (0..=subject.len())
            .find_map(|start| by_definition(&items, to_end, &subject, start).map(|end| &text[start..end]));
        let got = first(&source, &text).expect("a valid pattern");
        assert_eq!(got.as_deref(), expected, "round {round}: {source} on {text}");
    }
}
