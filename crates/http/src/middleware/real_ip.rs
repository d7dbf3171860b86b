//! `real_ip`: the address of a client behind a proxy that is trusted.
//!
//! Invariant: what a peer says that is not trusted means nothing.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use hyper::header::HeaderName;

use super::{Layer, Options};
use crate::reply::Head;
use crate::request::Request;

/// Private networks.
const TRUSTED: &str = "127.0.0.0/8,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,169.254.0.0/16,100.64.0.0/10,::1/128,fc00::/7,fe80::/10";

/// Where proxies say who asked, the most telling first.
const HEADERS: [HeaderName; 3] = [
    HeaderName::from_static("true-client-ip"),
    HeaderName::from_static("x-real-ip"),
    HeaderName::from_static("x-forwarded-for"),
];

struct RealIp {
    /// Networks and the bits that count; nothing means everybody.
    trusted: Option<Vec<(u128, u32)>>,
}

pub(super) fn make(options: &Options) -> Result<Arc<dyn Layer>, String> {
    if options.flag(&["real_ip.trust_all", "trust_all"], false)? {
        return Ok(Arc::new(RealIp { trusted: None }));
    }
    let list = options.list(&["real_ip.trusted.subnets", "trusted_subnets"], TRUSTED);
    let trusted: Result<_, String> = list
        .iter()
        .map(|text| network(text).ok_or_else(|| format!("real_ip.trusted.subnets: \"{text}\" is no network")))
        .collect();
    Ok(Arc::new(RealIp { trusted: Some(trusted?) }))
}

/// Every address as one of the newer protocol.
fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(old) => old.to_ipv6_mapped().to_bits(),
        IpAddr::V6(new) => new.to_bits(),
    }
}

fn network(text: &str) -> Option<(u128, u32)> {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length.parse::<u32>().ok()?)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().ok()?;
    let (offset, most) = if address.is_ipv4() { (96, 32) } else { (0, 128) };
    let length = length.unwrap_or(most);
    (length <= most).then(|| (bits(address), offset + length))
}

impl RealIp {
    fn trusts(&self, peer: IpAddr) -> bool {
        let Some(trusted) = &self.trusted else { return true };
        let peer = bits(peer);
        trusted.iter().any(|(network, length)| (peer ^ network).leading_zeros() >= *length)
    }
}

impl Layer for RealIp {
    fn before(&self, request: &mut Request) -> Option<Head> {
        let peer = request.remote.parse::<SocketAddr>().ok()?.ip();
        if self.trusts(peer) {
            let said = HEADERS.iter().find_map(|name| {
                let first = request.header_text(name)?.split(',').next()?.trim();
                first.parse::<IpAddr>().ok()
            });
            if let Some(said) = said {
                request.remote = said.to_string();
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::tests::request;

    fn seen(options: &[(&str, &str)], peer: &str, headers: &[(&'static str, &str)]) -> String {
        let options = options.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let mut request = request("GET", headers);
        request.remote = peer.to_owned();
        make(&options).unwrap().before(&mut request);
        request.remote
    }

    #[test]
    fn only_trusted_peers_are_believed() {
        let forwarded = [("x-forwarded-for", "9.9.9.9, 10.0.0.1")];
        assert_eq!(seen(&[], "10.1.2.3:4", &forwarded), "9.9.9.9");
        assert_eq!(seen(&[], "[::1]:4", &forwarded), "9.9.9.9");
        assert_eq!(seen(&[], "[::ffff:10.0.0.1]:4", &forwarded), "9.9.9.9");
        assert_eq!(seen(&[], "8.8.8.8:4", &forwarded), "8.8.8.8:4");
        assert_eq!(seen(&[("real_ip.trust_all", "true")], "8.8.8.8:4", &forwarded), "9.9.9.9");
        assert_eq!(seen(&[("trusted_subnets", "8.8.8.0/24")], "8.8.8.8:4", &forwarded), "9.9.9.9");
        assert_eq!(seen(&[("trusted_subnets", "8.8.8.0/24")], "10.0.0.1:4", &forwarded), "10.0.0.1:4");
        let several = [("x-forwarded-for", "9.9.9.9"), ("true-client-ip", "nonsense"), ("x-real-ip", "::2")];
        assert_eq!(seen(&[], "10.1.2.3:4", &several), "::2");
        assert!(
            make(&[("trusted_subnets".to_owned(), "1.2.3.4/33".to_owned())].into_iter().collect()).is_err()
        );
    }
}
