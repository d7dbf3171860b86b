//! `ratelimit`: so many requests of a client in a span of time.
//!
//! A bucket of tokens for each key: it fills steadily, and a request takes one. Invariant: never more buckets than
//! allowed; the one that was used longest ago goes first.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hyper::StatusCode;
use hyper::header::{HeaderName, HeaderValue};

use super::{Layer, Options};
use crate::reply::Head;
use crate::request::Request;

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const WINDOW: HeaderName = HeaderName::from_static("x-ratelimit-window");

enum Key {
    Address,
    Header(String),
    Query(String),
}

struct RateLimit {
    key: Key,
    requests: u32,
    window: Duration,
    window_text: String,
    buckets: Mutex<Buckets>,
}

/// The buckets of all keys; pure but for the time it is told.
struct Buckets {
    /// Tokens that a bucket gets in a second.
    rate: f64,
    most: f64,
    entries: usize,
    idle: Duration,
    sweep: Duration,
    swept: Duration,
    known: HashMap<Vec<u8>, Bucket>,
    /// Keys by when they were used.
    order: BTreeMap<(Duration, u64), Vec<u8>>,
    uses: u64,
}

struct Bucket {
    tokens: f64,
    used: (Duration, u64),
}

impl Buckets {
    /// Takes a token of a key; false if there is none.
    fn take(&mut self, key: &[u8], now: Duration) -> bool {
        if now.saturating_sub(self.swept) >= self.sweep {
            self.swept = now;
            while let Some((used, _)) = self.order.first_key_value().map(|(used, key)| (*used, key))
                && now.saturating_sub(used.0) >= self.idle
            {
                self.drop_oldest();
            }
        }
        if !self.known.contains_key(key) && self.known.len() >= self.entries {
            self.drop_oldest();
        }
        self.uses += 1;
        let used = (now, self.uses);
        let bucket = self.known.entry(key.to_vec()).or_insert(Bucket { tokens: self.most, used });
        self.order.remove(&bucket.used);
        let passed = now.saturating_sub(bucket.used.0).as_secs_f64();
        bucket.tokens = (bucket.tokens + passed * self.rate).min(self.most);
        bucket.used = used;
        self.order.insert(used, key.to_vec());
        let has_one = bucket.tokens >= 1.0;
        if has_one {
            bucket.tokens -= 1.0;
        }
        has_one
    }

    fn drop_oldest(&mut self) {
        if let Some((_, key)) = self.order.pop_first() {
            self.known.remove(&key);
        }
    }
}

pub(super) fn make(options: &Options) -> Result<Arc<dyn Layer>, String> {
    let key = match options.text(&["ratelimit.key", "key"]) {
        None | Some("ip" | "") => Key::Address,
        Some(text) => match text.split_once(':') {
            Some(("header", name)) if !name.is_empty() => Key::Header(name.to_owned()),
            Some(("query", name)) if !name.is_empty() => Key::Query(name.to_owned()),
            _ => return Err(format!("ratelimit.key must be ip, header:NAME or query:NAME, not \"{text}\"")),
        },
    };
    let requests: u32 = options.number(&["ratelimit.requests", "requests"], 100)?;
    let burst: u32 = options.number(&["ratelimit.burst", "burst"], 20)?;
    let entries: usize = options.number(&["ratelimit.max_entries", "max_entries"], 100_000)?;
    if requests == 0 || burst == 0 || entries == 0 {
        return Err(
            "ratelimit.requests, ratelimit.burst and ratelimit.max_entries must be above 0".to_owned()
        );
    }
    let seconds = Duration::from_secs;
    let window = options.span(&["ratelimit.window", "window"], seconds(60))?;
    let buckets = Buckets {
        rate: f64::from(requests) / window.as_secs_f64(),
        most: f64::from(burst),
        entries,
        idle: options.span(&["ratelimit.entry_ttl", "entry_ttl"], seconds(600))?,
        sweep: options.span(&["ratelimit.cleanup_interval", "cleanup_interval"], seconds(300))?,
        swept: Duration::ZERO,
        known: HashMap::new(),
        order: BTreeMap::new(),
        uses: 0,
    };
    let window_text = options.text(&["ratelimit.window", "window"]).unwrap_or("1m").to_owned();
    Ok(Arc::new(Timed {
        limit: RateLimit { key, requests, window, window_text, buckets: Mutex::new(buckets) },
        began: Instant::now(),
    }))
}

/// With the time that it takes from the machine.
struct Timed {
    limit: RateLimit,
    began: Instant,
}

impl Layer for Timed {
    fn before(&self, request: &mut Request) -> Option<Head> {
        self.limit.look(request, self.began.elapsed())
    }
}

impl RateLimit {
    fn look(&self, request: &Request, now: Duration) -> Option<Head> {
        let key = match &self.key {
            Key::Address => host(&request.remote).as_bytes().to_vec(),
            Key::Header(name) => request.header(name).unwrap_or_default(),
            Key::Query(name) => request.query_value(name.as_bytes()).unwrap_or_default(),
        };
        if key.is_empty() {
            return Some(Head::text(StatusCode::BAD_REQUEST, "Rate limit key extraction failed\n"));
        }
        if self.buckets.lock().unwrap_or_else(PoisonError::into_inner).take(&key, now) {
            return None;
        }
        let mut head = Head::text(StatusCode::TOO_MANY_REQUESTS, "Rate limit exceeded\n");
        head.headers.insert(LIMIT, HeaderValue::from(self.requests));
        let window = HeaderValue::from_str(&self.window_text);
        head.headers.insert(WINDOW, window.unwrap_or_else(|_| HeaderValue::from(self.window.as_secs())));
        Some(head)
    }
}

/// An address without its port.
fn host(address: &str) -> &str {
    match address.parse::<std::net::SocketAddr>() {
        Ok(_) => address.rsplit_once(':').map_or(address, |(host, _)| host),
        Err(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::tests::request;

    fn buckets(rate: f64, most: f64, entries: usize) -> Buckets {
        Buckets {
            rate,
            most,
            entries,
            idle: Duration::from_secs(10),
            sweep: Duration::from_secs(5),
            swept: Duration::ZERO,
            known: HashMap::new(),
            order: BTreeMap::new(),
            uses: 0,
        }
    }

    #[test]
    fn a_bucket_fills_steadily() {
        let mut buckets = buckets(2.0, 2.0, 10);
        let at = Duration::from_millis;
        assert!(buckets.take(b"a", at(0)) && buckets.take(b"a", at(0)) && !buckets.take(b"a", at(0)));
        assert!(buckets.take(b"b", at(0)));
        assert!(!buckets.take(b"a", at(400)));
        assert!(buckets.take(b"a", at(600)) && !buckets.take(b"a", at(600)));
    }

    #[test]
    fn the_oldest_key_makes_room() {
        let mut buckets = buckets(0.001, 1.0, 2);
        let at = Duration::from_millis;
        assert!(buckets.take(b"a", at(0)) && buckets.take(b"b", at(1)) && buckets.take(b"c", at(2)));
        assert_eq!((buckets.known.len(), buckets.order.len()), (2, 2));
        assert!(buckets.take(b"a", at(3)));
        assert!(!buckets.take(b"c", at(4)));
        buckets.take(b"d", Duration::from_secs(60));
        assert_eq!((buckets.known.len(), buckets.order.len()), (1, 1));
    }

    #[test]
    fn keys_and_answers() {
        let options = |list: &[(&str, &str)]| {
            list.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect::<Options>()
        };
        let layer = make(&options(&[
            ("ratelimit.requests", "1"),
            ("ratelimit.window", "1h"),
            ("ratelimit.burst", "1"),
        ]));
        let layer = layer.unwrap();
        assert!(layer.before(&mut request("GET", &[])).is_none());
        let head = layer.before(&mut request("GET", &[])).unwrap();
        assert_eq!(
            (head.status.as_u16(), &head.headers[LIMIT], &head.headers[WINDOW]),
            (429, &HeaderValue::from(1), &HeaderValue::from_static("1h"))
        );
        let layer = make(&options(&[("ratelimit.key", "header:X-Key")])).unwrap();
        assert_eq!(layer.before(&mut request("GET", &[])).unwrap().status, 400);
        assert!(layer.before(&mut request("GET", &[("x-key", "k")])).is_none());
        for bad in [
            ("ratelimit.window", "0s"),
            ("ratelimit.window", "1d"),
            ("ratelimit.key", "x"),
            ("ratelimit.burst", "-1"),
            ("ratelimit.requests", "0"),
        ] {
            assert!(make(&options(&[bad])).is_err(), "{bad:?}");
        }
        assert_eq!((host("1.2.3.4:5"), host("[::1]:5"), host("1.2.3.4")), ("1.2.3.4", "[::1]", "1.2.3.4"));
    }
}
