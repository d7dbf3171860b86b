//! The head of a request as handlers and middleware see it.
//!
//! Plain data. Invariant: its path is decoded, its query is not; values are bytes, as clients send them.

use hyper::HeaderMap;
use hyper::Method;
use hyper::header::{HeaderName, HeaderValue};

use crate::path;

/// See the module.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The path, decoded, without the query.
    pub path: Vec<u8>,
    /// What stands behind the question mark.
    pub query: Option<String>,
    /// The headers.
    pub headers: HeaderMap,
    /// The host that the client asked for.
    pub host: String,
    /// Where the client is: address and port, or what stands for it.
    pub remote: String,
    /// The values of the route's parameters.
    pub parameters: Vec<(String, Vec<u8>)>,
    /// Bytes of the body; `None` if nobody knows before the end.
    pub length: Option<u64>,
}

impl Request {
    /// The values of a header, joined by `, `.
    pub fn header(&self, name: &str) -> Option<Vec<u8>> {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        let mut values = self.headers.get_all(name).iter().map(HeaderValue::as_bytes);
        let mut joined = values.next()?.to_vec();
        for value in values {
            joined.extend_from_slice(b", ");
            joined.extend_from_slice(value);
        }
        Some(joined)
    }

    /// The first value of a header as text; nothing if it is none.
    pub fn header_text(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Names and values of the query, in order. What is not well escaped is left out.
    pub fn query_pairs(&self) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
        let pairs = self.query.as_deref().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        pairs.filter_map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((path::decode_query(name)?, path::decode_query(value)?))
        })
    }

    /// The first value of a name in the query.
    pub fn query_value(&self, name: &[u8]) -> Option<Vec<u8>> {
        self.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// The value of a route's parameter.
    pub fn parameter(&self, name: &[u8]) -> Option<&[u8]> {
        self.parameters.iter().find(|(known, _)| known.as_bytes() == name).map(|(_, value)| value.as_slice())
    }

    /// Whether a client takes a media type, by the elements of `Accept`; weights are ignored.
    pub fn accepts(&self, media: &str) -> bool {
        let lists = self.headers.get_all(hyper::header::ACCEPT).iter().filter_map(|list| list.to_str().ok());
        lists.flat_map(|list| list.split(',')).any(|element| {
            let element = element.split(';').next().unwrap_or_default().trim();
            element == "*/*" || element.eq_ignore_ascii_case(media)
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A request for tests of middleware.
    pub(crate) fn request(method: &str, headers: &[(&'static str, &str)]) -> Request {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_str(value).unwrap());
        }
        Request {
            method: method.parse().unwrap(),
            path: b"/x".to_vec(),
            query: Some("a=1&b&a=2&c=%zz&d+e=%20".to_owned()),
            headers: map,
            host: "h".to_owned(),
            remote: "127.0.0.1:5".to_owned(),
            parameters: vec![("id".to_owned(), b"7".to_vec())],
            length: Some(0),
        }
    }

    #[test]
    fn what_handlers_ask() {
        let request =
            request("GET", &[("accept", "text/html;q=0.5, application/json"), ("x-a", "1"), ("X-A", "2")]);
        assert_eq!(request.header("X-a").unwrap(), b"1, 2");
        assert_eq!(request.header("no"), None);
        assert_eq!(request.header("not a name"), None);
        assert_eq!(request.query_value(b"a").unwrap(), b"1");
        assert_eq!(request.query_value(b"b").unwrap(), b"");
        assert_eq!(request.query_value(b"c"), None);
        assert_eq!(request.query_value(b"d e").unwrap(), b" ");
        assert_eq!(request.parameter(b"id").unwrap(), b"7");
        assert!(request.accepts("application/json") && request.accepts("text/html"));
        assert!(!request.accepts("text/plain"));
    }
}
