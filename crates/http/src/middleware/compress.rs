//! `compress`: bodies in gzip for clients that take it.
//!
//! Invariant: what is encoded already, streams of events, and what has no body are left as they are.

use std::io::Write;
use std::sync::Arc;

use flate2::write::GzEncoder;
use hyper::HeaderMap;
use hyper::body::Bytes;
use hyper::header::{self, HeaderValue};

use super::{Layer, Options};
use crate::reply::{Head, Payload};
use crate::request::Request;

/// How much work is done.
#[derive(Debug, Clone, Copy)]
pub struct Compression(flate2::Compression);

struct Compress {
    level: Compression,
    least: usize,
}

pub(super) fn make(options: &Options) -> Result<Arc<dyn Layer>, String> {
    let level = match options.text(&["compress.level", "level"]) {
        None | Some("default" | "") => flate2::Compression::default(),
        Some("fastest") => flate2::Compression::fast(),
        Some("best") => flate2::Compression::best(),
        Some(other) => {
            return Err(format!("compress.level must be default, fastest or best, not \"{other}\""));
        }
    };
    let least = options.number(&["compress.min.length", "min_length"], 1024)?;
    Ok(Arc::new(Compress { level: Compression(level), least }))
}

impl Layer for Compress {
    fn after(&self, request: &Request, head: &mut Head) -> Option<Compression> {
        let events = head
            .headers
            .get(header::CONTENT_TYPE)
            .is_some_and(|media| media.as_bytes().starts_with(b"text/event-stream"));
        if !takes_gzip(&request.headers) || events || head.headers.contains_key(header::CONTENT_ENCODING) {
            return None;
        }
        match &mut head.body {
            Payload::Whole(body) if body.len() >= self.least.max(1) => {
                let mut squeeze = Squeeze::new(self.level);
                let first = squeeze.pack(body);
                let mut packed = first.to_vec();
                packed.extend_from_slice(&squeeze.finish());
                *body = Bytes::from(packed);
                mark(&mut head.headers);
                None
            }
            Payload::Stream => {
                mark(&mut head.headers);
                Some(self.level)
            }
            Payload::Whole(_) | Payload::None => None,
        }
    }
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    let lists = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|list| list.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|element| {
        let mut parts = element.split(';').map(str::trim);
        let named = parts.next().is_some_and(|coding| coding.eq_ignore_ascii_case("gzip"));
        let refused = |part: &str| {
            part.strip_prefix("q=")
                .is_some_and(|weight| weight.parse().is_ok_and(|weight: f32| weight == 0.0))
        };
        named && !parts.any(refused)
    })
}

fn mark(headers: &mut HeaderMap) {
    headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    headers.append(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    headers.remove(header::CONTENT_LENGTH);
}

/// Bytes on their way through the compressor.
pub(crate) struct Squeeze(GzEncoder<Vec<u8>>);

impl Squeeze {
    pub(crate) fn new(level: Compression) -> Squeeze {
        Squeeze(GzEncoder::new(Vec::new(), level.0))
    }

    fn pack(&mut self, bytes: &[u8]) -> Bytes {
        // Writing to memory does not fail.
        let _ = self.0.write_all(bytes);
        Bytes::from(std::mem::take(self.0.get_mut()))
    }

    /// What these bytes become, so that the client can read all of them.
    pub(crate) fn add(&mut self, bytes: &[u8]) -> Bytes {
        let _ = self.0.write_all(bytes);
        let _ = self.0.flush();
        Bytes::from(std::mem::take(self.0.get_mut()))
    }

    /// What is left at the end.
    pub(crate) fn finish(&mut self) -> Bytes {
        let _ = self.0.try_finish();
        Bytes::from(std::mem::take(self.0.get_mut()))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use hyper::StatusCode;

    use super::*;
    use crate::request::tests::request;

    fn unpacked(bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        flate2::read::GzDecoder::new(bytes).read_to_end(&mut out).unwrap();
        out
    }

    #[test]
    fn long_bodies_are_packed_for_who_takes_it() {
        let layer = make(&Options::default()).unwrap();
        let text = "word ".repeat(1000);
        for (accept, length, packed) in [
            ("gzip", 5000, true),
            ("br, GZIP;q=0.5", 5000, true),
            ("gzip;q=0", 5000, false),
            ("br", 5000, false),
            ("gzip", 100, false),
        ] {
            let mut head = Head::text(StatusCode::OK, &text[..length]);
            layer.after(&request("GET", &[("accept-encoding", accept)]), &mut head);
            let Payload::Whole(body) = &head.body else { panic!("no body") };
            assert_eq!(head.headers.contains_key(header::CONTENT_ENCODING), packed, "{accept} {length}");
            if packed {
                assert_eq!(unpacked(body), text.as_bytes());
                assert_eq!(head.headers[header::VARY], "Accept-Encoding");
            }
        }
    }

    #[test]
    fn pieces_can_be_read_as_they_come() {
        let mut squeeze = Squeeze::new(Compression(flate2::Compression::default()));
        let mut all = squeeze.add(b"one ").to_vec();
        let mut decoder = flate2::write::GzDecoder::new(Vec::new());
        decoder.write_all(&all).unwrap();
        decoder.flush().unwrap();
        assert_eq!(decoder.get_ref(), b"one ");
        all.extend_from_slice(&squeeze.add(b"two"));
        all.extend_from_slice(&squeeze.finish());
        assert_eq!(unpacked(&all), b"one two");
    }

    #[test]
    fn events_and_encoded_bodies_pass() {
        let layer = make(&Options::default()).unwrap();
        for (name, value) in [("content-type", "text/event-stream"), ("content-encoding", "br")] {
            let mut head = Head::empty(StatusCode::OK);
            head.body = Payload::Stream;
            head.headers.insert(name, HeaderValue::from_static(value));
            assert!(layer.after(&request("GET", &[("accept-encoding", "gzip")]), &mut head).is_none());
        }
    }
}
