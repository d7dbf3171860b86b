//! Forms in parts (`multipart/form-data`), taken apart where they are.
//!
//! Pure; parts are slices of the body. Invariant: a body that is cut short or has no boundary is an error, never a shorter
//! form.

use std::fmt;

use hyper::body::Bytes;
use memchr::memmem;

/// Most parts of a form.
const MOST_PARTS: usize = 10_000;
/// Longest head of a part.
const LONGEST_HEAD: usize = 64 << 10;

/// A form.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Form {
    /// Fields and their values, in order.
    pub values: Vec<(String, Bytes)>,
    /// Fields and their files, in order.
    pub files: Vec<(String, File)>,
}

/// A file of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its name, without folders.
    pub name: String,
    /// Its headers.
    pub headers: Vec<(String, String)>,
    /// Its bytes.
    pub bytes: Bytes,
}

impl File {
    /// A header, whatever the case of its name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// Why a body is no form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormError {
    /// It is of another media type.
    OtherType,
    /// Its media type names no boundary.
    NoBoundary,
    /// It ends before its last boundary.
    Short,
    /// The head of a part cannot be read.
    Head,
    /// It has too many parts.
    Many,
}

impl fmt::Display for FormError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FormError::OtherType => "content type is not multipart/form-data",
            FormError::NoBoundary => "no multipart boundary in the content type",
            FormError::Short => "unexpected EOF",
            FormError::Head => "malformed header of a part",
            FormError::Many => "too many parts",
        })
    }
}

impl std::error::Error for FormError {}

/// The boundary that a media type names.
///
/// # Errors
/// When it is not that of a form.
pub fn boundary(media: &str) -> Result<String, FormError> {
    let (kind, parameters) = media.split_once(';').unwrap_or((media, ""));
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return Err(FormError::OtherType);
    }
    let boundary = parameter(parameters, "boundary").filter(|text| (1..=70).contains(&text.len()));
    boundary.ok_or(FormError::NoBoundary)
}

/// The value of a parameter in `a=b; c="d"`.
fn parameter(text: &str, wanted: &str) -> Option<String> {
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ';']);
        let (name, value) = rest.split_once('=')?;
        let is_it = name.trim().eq_ignore_ascii_case(wanted);
        let found = match value.strip_prefix('"') {
            Some(quoted) => {
                let (mut found, mut letters) = (String::new(), quoted.char_indices());
                let end = loop {
                    match letters.next()? {
                        (at, '"') => break at + 1,
                        // Only these are ever escaped; a path of some systems is not.
                        (at, '\\') if quoted[at + 1..].starts_with(['"', '\\']) => {
                            found.extend(letters.next().map(|(_, letter)| letter));
                        }
                        (_, letter) => found.push(letter),
                    }
                };
                rest = &quoted[end..];
                found
            }
            None => {
                let end = value.find(';').unwrap_or(value.len());
                rest = &value[end..];
                value[..end].trim().to_owned()
            }
        };
        if is_it {
            return Some(found);
        }
    }
}

/// Takes a body apart.
///
/// # Errors
/// Why it is no form.
pub fn parse(boundary: &str, body: &Bytes) -> Result<Form, FormError> {
    let delimiter = format!("\r\n--{boundary}");
    let finder = memmem::Finder::new(&delimiter);
    // The first one may open the body.
    let mut at = if body.starts_with(&delimiter.as_bytes()[2..]) {
        delimiter.len() - 2
    } else {
        finder.find(body).ok_or(FormError::Short)? + delimiter.len()
    };
    let mut form = Form::default();
    let mut parts = 0;
    loop {
        let rest = &body[at..];
        if rest.starts_with(b"--") {
            return Ok(form);
        }
        let blanks = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        at += blanks;
        if body[at..].is_empty() {
            return Err(FormError::Short);
        }
        if !body[at..].starts_with(b"\r\n") {
            return Err(FormError::Head);
        }
        at += 2;
        parts += 1;
        if parts > MOST_PARTS {
            return Err(FormError::Many);
        }
        let (headers, start) = head(body, at)?;
        // The delimiter of an empty part begins with the end of its head.
        let from = start - 2;
        let end = from + finder.find(&body[from..]).ok_or(FormError::Short)?;
        let content = body.slice(start..end.max(start));
        at = end + delimiter.len();
        part(&mut form, headers, content);
    }
}

type Headers = Vec<(String, String)>;

/// The headers of a part, and where its content begins.
fn head(body: &[u8], mut at: usize) -> Result<(Headers, usize), FormError> {
    let (mut headers, begin) = (Headers::new(), at);
    loop {
        let rest = &body[at..];
        let length = memmem::find(rest, b"\r\n").ok_or(FormError::Short)?;
        if length == 0 {
            return Ok((headers, at + 2));
        }
        let line = String::from_utf8_lossy(&rest[..length]);
        let (name, value) = line.split_once(':').ok_or(FormError::Head)?;
        headers.push((name.trim().to_owned(), value.trim().to_owned()));
        at += length + 2;
        if at - begin > LONGEST_HEAD {
            return Err(FormError::Head);
        }
    }
}

/// Adds a part to a form; one without a name is nothing.
fn part(form: &mut Form, headers: Headers, bytes: Bytes) {
    let of = |wanted: &str| headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
    let Some((_, disposition)) = of("content-disposition") else { return };
    let parameters = disposition.split_once(';').map_or("", |(_, parameters)| parameters);
    let Some(field) = parameter(parameters, "name") else { return };
    match parameter(parameters, "filename") {
        Some(path) => {
            let name = path.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
            form.files.push((field, File { name, headers, bytes }));
        }
        None => form.values.push((field, bytes)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> Result<Form, FormError> {
        parse("B", &Bytes::copy_from_slice(text.as_bytes()))
    }

    #[test]
    fn boundaries() {
        assert_eq!(boundary("multipart/form-data; boundary=abc").as_deref(), Ok("abc"));
        assert_eq!(boundary("Multipart/Form-Data; a=b; BOUNDARY=\"a b\"").as_deref(), Ok("a b"));
        assert_eq!(boundary("text/plain; boundary=abc"), Err(FormError::OtherType));
        assert_eq!(boundary("multipart/form-data"), Err(FormError::NoBoundary));
        assert_eq!(boundary("multipart/form-data; boundary="), Err(FormError::NoBoundary));
        assert_eq!(boundary("multipart/form-data; boundary=\"a"), Err(FormError::NoBoundary));
    }

    #[test]
    fn values_and_files() {
        let text = "preamble\r\n--B\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\nz\r\n--B \r\ncontent-disposition: form-data; name=doc; filename=\"C:\\up\\a.txt\"\r\nContent-Type: text/plain\r\n\r\nab\r\n--c\r\n--B\r\nX: 1\r\n\r\nnobody\r\n--B\r\nContent-Disposition: form-data; name=\"q\\\"\"\r\n\r\n\r\n--B--\r\nepilogue";
        let form = form(text).unwrap();
        let values: Vec<_> = form.values.iter().map(|(name, value)| (name.as_str(), &value[..])).collect();
        assert_eq!(values, [("t", &b"z"[..]), ("q\"", b"")]);
        let (field, file) = &form.files[0];
        assert_eq!(
            (field.as_str(), file.name.as_str(), &file.bytes[..]),
            ("doc", "a.txt", &b"ab\r\n--c"[..])
        );
        assert_eq!(file.header("content-TYPE"), Some("text/plain"));
        assert_eq!(form.files.len(), 1);
        assert_eq!(super::parse("B", &Bytes::from_static(b"--B--")), Ok(Form::default()));
    }

    #[test]
    fn a_body_that_is_cut_short_is_an_error() {
        let whole = "--B\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\nz\r\n--B--";
        for length in 0..whole.len() {
            assert!(form(&whole[..length]).is_err(), "{length}");
        }
        assert!(form(whole).is_ok());
    }

    #[test]
    fn any_bytes_are_a_form_or_an_error() {
        let pieces: &[&[u8]] = &[
            b"--B",
            b"\r\n",
            b"--",
            b"\r\n\r\n",
            b"Content-Disposition: form-data; name=a",
            b"; filename=b",
            b":",
            b"\"",
            b"\\",
            b"x",
            b"\xff",
            b" ",
        ];
        for seed in 0..5000 {
            let mut random = wippy_random::Random::new(seed);
            let mut body = if random.chance(60) { b"--B\r\n".to_vec() } else { Vec::new() };
            body.extend(random.text(pieces, 20));
            let _ = parse("B", &Bytes::from(body.clone()));
            let _ = boundary(&String::from_utf8_lossy(&body));
            let media = format!("multipart/form-data; {}", String::from_utf8_lossy(&body));
            let _ = boundary(&media);
        }
    }
}
