//! "Did you mean": the nearest of some names to a misspelt one.
//!
//! Pure. A suggestion is made only when it is probably right: at most a third of the letters differ.

/// The name nearest to `word`, if it is close enough; of several, one with as many capitals, then the first.
pub fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let mut best: Option<((usize, bool), &'a str)> = None;
    // A misspelt name is short; the table below grows with the product of both lengths.
    if word.len() > 200 {
        return None;
    }
    let letters = word.chars().count();
    for name in names {
        let limit = (letters.max(name.chars().count()) / 3).max(1);
        if name == word || name.len().abs_diff(word.len()) > 4 * limit {
            continue;
        }
        let distance = distance(word, name);
        let rank = (distance, capitals(word) != capitals(name));
        if distance <= limit && distance < letters && best.is_none_or(|(least, _)| rank < least) {
            best = Some((rank, name));
        }
    }
    best.map(|(_, name)| name)
}

fn capitals(text: &str) -> usize {
    text.bytes().filter(u8::is_ascii_uppercase).count()
}

/// Letters inserted, removed, replaced or swapped with their neighbour to get from `a` to `b`, case apart.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().map(|c| c.to_ascii_lowercase()).collect();
    let b: Vec<char> = b.chars().map(|c| c.to_ascii_lowercase()).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 0..a.len() {
        let mut row = vec![i + 1; b.len() + 1];
        for j in 0..b.len() {
            let replaced = last[j] + usize::from(a[i] != b[j]);
            row[j + 1] = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                row[j + 1] = row[j + 1].min(before[j - 1] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_swap_is_one_step() {
        assert_eq!(distance("rnu", "run"), 1);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
    }

    #[test]
    fn near_names_are_suggested_and_far_ones_are_not() {
        let names = ["process.lua", "function.lua", "library.lua"];
        assert_eq!(nearest("proces.lua", names), Some("process.lua"));
        assert_eq!(nearest("porcess.lua", names), Some("process.lua"));
        assert_eq!(nearest("http.service", names), None);
        assert_eq!(nearest("jsn", ["json", "yaml"]), Some("json"));
        assert_eq!(nearest("strng", ["String", "string"]), Some("string"));
        let names = ["print", "pairs", "ipairs"];
        assert_eq!(nearest("prnt", names), Some("print"));
        assert_eq!(nearest("pars", names), Some("pairs"));
        assert_eq!(nearest("os", names), None);
        assert_eq!(nearest("", names), None);
        assert_eq!(nearest(&"x".repeat(1000), names), None);
    }
}
