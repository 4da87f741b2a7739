//! Stage 1 of 8: the text of an endpoint becomes a scheme, a host and a port.
//!
//! In goes what people write and paste: a host, with a port, with `https://`, with `/` at the end. Out comes an endpoint
//! that is safe to put into a URL and a header. Plain HTTP is for this machine only, and for the ECS metadata service,
//! which speaks nothing else. Checks text only: knows no sockets and resolves no names.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The address of the ECS metadata service.
const METADATA: IpAddr = IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200));

/// Where requests go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Whether TLS is spoken; if not, the host is this machine or the metadata service.
    pub tls: bool,
    /// Host in lower case, with the port where it is not the usual one of the scheme.
    pub authority: String,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", if self.tls { "https" } else { "http" }, self.authority)
    }
}

/// What a gateway's endpoint may look like, in words.
pub(super) const GATEWAY: &str = "a host such as kms.cn-hangzhou.aliyuncs.com, with a port if need be, \
     and http:// only before localhost, 127.0.0.1 or [::1]";
/// What the metadata service's endpoint may look like, in words.
pub(super) const METADATA_SERVICE: &str = "http://100.100.100.200, or http:// before localhost, 127.0.0.1 or [::1]";

impl Endpoint {
    /// Reads the endpoint of a gateway; without a scheme it speaks TLS.
    pub(super) fn gateway(text: &str) -> Option<Endpoint> {
        let (tls, host, authority) = parts(text, true)?;
        (tls || host.is_this_machine()).then_some(Endpoint { tls, authority })
    }

    /// Whether it is on this machine.
    pub(super) fn is_this_machine(&self) -> bool {
        parts(&self.authority, self.tls).is_some_and(|(_, host, _)| host.is_this_machine())
    }

    /// Reads the endpoint of the metadata service; without a scheme it speaks plain HTTP.
    pub(super) fn metadata_service(text: &str) -> Option<Endpoint> {
        let (tls, host, authority) = parts(text, false)?;
        let fits = host.is_this_machine() || host == Host::Address(METADATA);
        (fits && !tls).then_some(Endpoint { tls, authority })
    }
}

#[derive(PartialEq, Eq)]
pub(super) enum Host {
    Address(IpAddr),
    Name(String),
}

impl Host {
    fn is_this_machine(&self) -> bool {
        match self {
            Host::Address(address) => address.is_loopback(),
            Host::Name(name) => name == "localhost",
        }
    }
}

/// Whether TLS is spoken (`tls` where no scheme says so), the host, and what goes into the URL.
pub(super) fn parts(text: &str, tls: bool) -> Option<(bool, Host, String)> {
    let text = text.trim().to_ascii_lowercase();
    let (tls, rest) = match text.split_once("://") {
        Some(("http", rest)) => (false, rest),
        Some(("https", rest)) => (true, rest),
        Some(_) => return None,
        None => (tls, text.as_str()),
    };
    let rest = rest.trim_end_matches('/');
    let (name, port) = match rest.rfind(':').filter(|colon| !rest[*colon..].contains(']')) {
        Some(colon) => (&rest[..colon], Some(port(&rest[colon + 1..])?)),
        None => (rest, None),
    };
    let host = host(name)?;
    let usual = if tls { 443 } else { 80 };
    let authority = match port {
        Some(port) if port != usual => format!("{name}:{port}"),
        _ => name.to_owned(),
    };
    Some((tls, host, authority))
}

fn port(text: &str) -> Option<u16> {
    let digits_only = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|port| digits_only && *port != 0)
}

fn host(text: &str) -> Option<Host> {
    if let Some(inner) = text.strip_prefix('[') {
        let address: Ipv6Addr = inner.strip_suffix(']')?.parse().ok()?;
        return Some(Host::Address(address.into()));
    }
    if let Ok(address) = text.parse::<Ipv4Addr>() {
        return Some(Host::Address(address.into()));
    }
    let last = text.rsplit('.').next()?;
    // Resolvers read `127.1` and `2130706433` as addresses; nobody means that.
    let is_name = text.len() <= 253 && text.split('.').all(is_label) && !last.bytes().all(|byte| byte.is_ascii_digit());
    is_name.then(|| Host::Name(text.to_owned()))
}

/// Whether the text can be one part of a host name: letters, digits and `-`, in lower case.
pub(super) fn is_label(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn gateway(text: &str) -> Option<String> {
        Endpoint::gateway(text).map(|endpoint| endpoint.to_string())
    }

    #[test]
    fn what_people_paste_is_understood() {
        for (text, expected) in [
            ("kms.cn-hangzhou.aliyuncs.com", "https://kms.cn-hangzhou.aliyuncs.com"),
            (" HTTPS://Kms.CN-hangzhou.aliyuncs.com/ ", "https://kms.cn-hangzhou.aliyuncs.com"),
            ("https://kms.example:443/", "https://kms.example"),
            ("kms.example:443", "https://kms.example"),
            ("kms.example:8443", "https://kms.example:8443"),
            ("10.0.0.5:8443", "https://10.0.0.5:8443"),
            ("[fd00::1]:8443", "https://[fd00::1]:8443"),
            ("[fd00::1]", "https://[fd00::1]"),
            ("http://localhost:8080", "http://localhost:8080"),
            ("http://127.8.0.1:80", "http://127.8.0.1"),
            ("http://[::1]:9000/", "http://[::1]:9000"),
        ] {
            assert_eq!(gateway(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_would_be_unsafe_or_meaningless_is_refused() {
        for text in [
            "",
            "/",
            "https://",
            "http://kms.cn-hangzhou.aliyuncs.com",
            "http://localhost.example",
            "http://100.100.100.200",
            "http://127.1",
            "2130706433",
            "ftp://host",
            "host/path",
            "host?query",
            "user@host",
            "user:password@host",
            "host:0",
            "host:65536",
            "host:+1",
            "host:",
            "a b",
            "a\r\nx-header: 1",
            "a\0",
            "-a.example",
            "a..example",
            "::1",
            "[::1",
            "[::1]x",
            "ho\u{fc}st",
            "a_b",
        ] {
            assert_eq!(gateway(text), None, "{text}");
        }
    }

    #[test]
    fn the_metadata_service_speaks_plain_http_on_its_own_address() {
        let read = |text| Endpoint::metadata_service(text).map(|endpoint| endpoint.to_string());
        assert_eq!(read("http://100.100.100.200").as_deref(), Some("http://100.100.100.200"));
        assert_eq!(read("100.100.100.200").as_deref(), Some("http://100.100.100.200"));
        assert_eq!(read("localhost:8080").as_deref(), Some("http://localhost:8080"));
        assert_eq!(read("https://metadata.example"), None);
        assert_eq!(read("https://100.100.100.200"), None, "the service speaks plain HTTP only");
        assert_eq!(read("http://metadata.example"), None);
        assert_eq!(read("metadata.example"), None);
    }

    proptest! {
        #[test]
        fn never_panics_and_never_lets_a_separator_through(text: String) {
            if let Some(endpoint) = Endpoint::gateway(&text) {
                let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.:[]".contains(c);
                prop_assert!(endpoint.authority.chars().all(fits), "{}", endpoint.authority);
            }
        }
    }
}
