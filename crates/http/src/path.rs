//! The path of a request: its segments as they are matched, and the form of it that needs no cleaning.
//!
//! Pure. Invariant: an encoded slash is part of its segment, never a separator.

/// A path taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// What stands between the slashes behind the first one, decoded.
    pub segments: Vec<Vec<u8>>,
    /// All of it, decoded.
    pub decoded: Vec<u8>,
}

impl Path {
    /// Of the path of a request; `None` if it does not begin with a slash or an escape in it is none.
    pub fn parse(raw: &str) -> Option<Path> {
        let segments: Option<Vec<Vec<u8>>> = raw.strip_prefix('/')?.split('/').map(decode).collect();
        let segments = segments?;
        let mut decoded = Vec::with_capacity(raw.len());
        for segment in &segments {
            decoded.push(b'/');
            decoded.extend_from_slice(segment);
        }
        Some(Path { segments, decoded })
    }
}

/// The text of percent-encoded text; `None` if an escape is none.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    unescape(text, false)
}

/// The same for a part of a query, where `+` is a space.
pub fn decode_query(text: &str) -> Option<Vec<u8>> {
    unescape(text, true)
}

fn unescape(text: &str, plus: bool) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => {
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                let (high, low) = (digit(bytes.next())?, digit(bytes.next())?);
                out.push((high * 16 + low) as u8);
            }
            b'+' if plus => out.push(b' '),
            byte => out.push(byte),
        }
    }
    Some(out)
}

/// The path without empty, `.` and `..` segments, encoded as it was; `None` if there are none. A slash at the end stays.
pub fn cleaned(raw: &str) -> Option<String> {
    let rest = raw.strip_prefix('/')?;
    let parts: Vec<&str> = rest.split('/').collect();
    let last = parts.len() - 1;
    let is_dots = |part: &str, dots: &[u8]| {
        part == "." || part == ".." || part.contains('%') || part.is_empty()
    } && decode(part).is_some_and(|decoded| decoded == dots);
    let unclean = |(at, part): (usize, &&str)| {
        (part.is_empty() && at < last) || is_dots(part, b".") || is_dots(part, b"..")
    };
    if !parts.iter().enumerate().any(unclean) {
        return None;
    }
    let mut kept: Vec<&str> = Vec::new();
    for part in &parts {
        if is_dots(part, b"..") {
            kept.pop();
        } else if !part.is_empty() && !is_dots(part, b".") {
            kept.push(part);
        }
    }
    let mut path = String::from("/");
    path.push_str(&kept.join("/"));
    if rest.ends_with('/') && !kept.is_empty() {
        path.push('/');
    }
    Some(path)
}

/// A path and its query as the place of a redirect: no browser takes it for another host.
pub fn location(path: &str, query: Option<&str>) -> String {
    let mut location = path.replace('\\', "%5C");
    if let Some(query) = query {
        location.push('?');
        location.push_str(query);
    }
    location
}

#[cfg(test)]
mod tests {
    use super::*;
    use wippy_random::Random;

    #[test]
    fn segments_are_decoded_one_by_one() {
        let path = Path::parse("/a%20b/%2F/").unwrap();
        assert_eq!(path.segments, [b"a b".to_vec(), b"/".to_vec(), Vec::new()]);
        assert_eq!(path.decoded, b"/a b///");
        for raw in ["a", "", "/%", "/%4", "/%zz", "*"] {
            assert_eq!(Path::parse(raw), None, "{raw}");
        }
        assert_eq!(decode_query("a+b%2B").unwrap(), b"a b+");
    }

    #[test]
    fn what_is_cleaned() {
        for (raw, clean) in [
            ("/", None),
            ("/a/b/", None),
            ("//", Some("/")),
            ("/a//b", Some("/a/b")),
            ("/a/./b/", Some("/a/b/")),
            ("/s/../../etc/passwd", Some("/etc/passwd")),
            ("/a/%2e%2E/b", Some("/b")),
            ("/a/..", Some("/")),
            ("/...", None),
        ] {
            assert_eq!(cleaned(raw).as_deref(), clean, "{raw}");
        }
    }

    #[test]
    fn a_cleaned_path_is_clean() {
        for seed in 0..3000 {
            let mut random = Random::new(seed);
            let text = random.text(&[b"/", b"..", b".", b"a", b"%2e", b"%", b"%41", b"\\"], 12);
            let raw = format!("/{}", String::from_utf8(text).unwrap());
            if let Some(clean) = cleaned(&raw) {
                assert!(clean.starts_with('/') && !clean.starts_with("//"), "seed {seed}: {raw}");
                assert_eq!(cleaned(&clean), None, "seed {seed}: {raw}");
            }
            let _ = Path::parse(&raw);
        }
    }

    #[test]
    fn a_location_stays_on_this_host() {
        assert_eq!(location("/\\evil/", Some("a=1")), "/%5Cevil/?a=1");
    }
}
