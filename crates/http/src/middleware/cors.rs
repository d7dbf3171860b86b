//! `cors`: which origins may use a server from a browser.
//!
//! Invariant: an origin that is not allowed gets no header at all, and its request passes.

use std::sync::Arc;

use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{HeaderMap, Method, StatusCode};

use super::{Layer, Options};
use crate::reply::Head;
use crate::request::Request;

struct Cors {
    origins: Vec<String>,
    methods: HeaderValue,
    headers: HeaderValue,
    expose: Option<HeaderValue>,
    credentials: bool,
    private_network: bool,
    max_age: u64,
}

const PRIVATE_NETWORK: HeaderName = HeaderName::from_static("access-control-allow-private-network");
const YES: HeaderValue = HeaderValue::from_static("true");

pub(super) fn make(options: &Options) -> Result<Arc<dyn Layer>, String> {
    let value = |keys: &[&str], default: &str| {
        let joined = options.list(keys, default).join(", ");
        HeaderValue::from_str(&joined).map_err(|_| format!("{} cannot stand in a header", keys[0]))
    };
    let expose = value(&["cors.expose.headers", "expose_headers"], "")?;
    Ok(Arc::new(Cors {
        origins: options.list(&["cors.allow.origins", "allow_origins"], "*"),
        methods: value(&["cors.allow.methods", "allow_methods"], "GET,POST,PUT,DELETE,OPTIONS,PATCH")?,
        headers: value(
            &["cors.allow.headers", "allow_headers"],
            "Origin,Content-Type,Accept,Authorization,X-Requested-With",
        )?,
        expose: (!expose.is_empty()).then_some(expose),
        credentials: options.flag(&["cors.allow.credentials", "allow_credentials"], false)?,
        private_network: options.flag(&["cors.allow.private.network", "allow_private_network"], false)?,
        max_age: options.number(&["cors.max.age", "max_age"], 86400)?,
    }))
}

impl Cors {
    /// The origin of a request, if it is allowed.
    fn origin(&self, request: &Request) -> Option<HeaderValue> {
        let origin = request.header_text(&header::ORIGIN).filter(|origin| !origin.is_empty())?;
        let allowed = self.origins.iter().any(|pattern| allows(pattern, origin));
        if allowed { request.headers.get(header::ORIGIN).cloned() } else { None }
    }

    fn permit(&self, headers: &mut HeaderMap, origin: HeaderValue) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        if self.credentials {
            headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, YES);
        }
        if self.private_network {
            headers.insert(PRIVATE_NETWORK, YES);
        }
    }
}

fn is_preflight(request: &Request) -> bool {
    request.method == Method::OPTIONS && request.headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// Whether a pattern is about an origin: `*`, itself, `*.example.com` or `localhost`.
fn allows(pattern: &str, origin: &str) -> bool {
    if pattern == "*" || pattern.eq_ignore_ascii_case(origin) {
        return true;
    }
    let (scheme, rest) = origin.split_once("://").unwrap_or(("", origin));
    let host = match rest.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => rest,
    };
    if pattern == "localhost" {
        return matches!(scheme, "http" | "https") && host.eq_ignore_ascii_case("localhost");
    }
    let (wanted, pattern) = match pattern.split_once("://") {
        Some((wanted, pattern)) => (Some(wanted), pattern),
        None => (None, pattern),
    };
    let Some(suffix) = pattern.strip_prefix('*').filter(|suffix| suffix.starts_with('.')) else {
        return false;
    };
    let below = host.len() > suffix.len()
        && host.as_bytes()[host.len() - suffix.len()..].eq_ignore_ascii_case(suffix.as_bytes());
    below && wanted.is_none_or(|wanted| wanted.eq_ignore_ascii_case(scheme))
}

impl Layer for Cors {
    fn before(&self, request: &mut Request) -> Option<Head> {
        let origin = self.origin(request).filter(|_| is_preflight(request))?;
        let mut head = Head::empty(StatusCode::NO_CONTENT);
        self.permit(&mut head.headers, origin);
        head.headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, self.methods.clone());
        head.headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, self.headers.clone());
        head.headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from(self.max_age));
        let vary = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers";
        head.headers.insert(header::VARY, HeaderValue::from_static(vary));
        Some(head)
    }

    fn after(&self, request: &Request, head: &mut Head) -> Option<super::Compression> {
        if !is_preflight(request)
            && let Some(origin) = self.origin(request)
        {
            self.permit(&mut head.headers, origin);
            if let Some(expose) = &self.expose {
                head.headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, expose.clone());
            }
            head.headers.append(header::VARY, HeaderValue::from_static("Origin"));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::tests::request;

    #[test]
    fn origins() {
        for (pattern, origin, allowed) in [
            ("*", "http://a", true),
            ("http://a", "http://a", true),
            ("http://a", "http://b", false),
            ("*.example.com", "https://x.example.com:81", true),
            ("*.example.com", "https://example.com", false),
            ("*.example.com", "https://badexample.com", false),
            ("https://*.example.com", "http://x.example.com", false),
            ("localhost", "http://localhost:3000", true),
            ("localhost", "ftp://localhost", false),
            ("localhost", "http://localhost.evil", false),
        ] {
            assert_eq!(allows(pattern, origin), allowed, "{pattern} {origin}");
        }
    }

    #[test]
    fn preflights_are_answered_and_others_marked() {
        let options = [
            ("cors.allow.origins", "http://a"),
            ("cors.expose.headers", "X-B"),
            ("allow_credentials", "true"),
        ];
        let layer =
            make(&options.map(|(key, value)| (key.to_owned(), value.to_owned())).into_iter().collect())
                .unwrap();
        let ask = [("origin", "http://a"), ("access-control-request-method", "GET")];
        let head = layer.before(&mut request("OPTIONS", &ask)).unwrap();
        assert_eq!(head.status, 204);
        assert_eq!(head.headers["access-control-allow-origin"], "http://a");
        assert_eq!(head.headers["access-control-max-age"], "86400");
        assert!(layer.before(&mut request("OPTIONS", &ask[..1])).is_none());
        let mut head = Head::empty(StatusCode::OK);
        layer.after(&request("GET", &ask[..1]), &mut head);
        assert_eq!(head.headers["access-control-expose-headers"], "X-B");
        assert_eq!(head.headers["access-control-allow-credentials"], "true");
        let mut head = Head::empty(StatusCode::OK);
        layer.after(&request("GET", &[("origin", "http://other")]), &mut head);
        assert!(head.headers.is_empty());
    }
}
