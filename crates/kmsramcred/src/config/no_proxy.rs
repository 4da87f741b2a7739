//! Stage 1 of 8: `no_proxy` becomes a list of hosts that are asked directly.
//!
//! In goes the text that curl, Go and Python read from `NO_PROXY`, out comes whether a host is on the list: `*` for all,
//! a name for itself and everything below it (with or without a dot or `*.` before it), an address, a network such as
//! `10.0.0.0/8`; a port narrows an entry. Resolves no names.

use std::net::IpAddr;

/// What an entry may look like, in words.
pub(super) const ALLOWED: &str = "names, addresses, networks such as 10.0.0.0/8, or *, separated by commas";

/// Hosts that are asked directly.
#[derive(Debug, Clone, Default)]
pub(super) struct NoProxy(Vec<(Entry, Option<u16>)>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Entry {
    All,
    Domain(String),
    Network(IpAddr, u8),
}

impl NoProxy {
    /// Reads the list; the error is the entry that cannot be read.
    pub(super) fn read(text: &str) -> Result<NoProxy, String> {
        let entries = text.split([',', ' ', '\t']).filter(|entry| !entry.is_empty());
        entries
            .map(|text| entry(&text.to_ascii_lowercase()).ok_or_else(|| text.to_owned()))
            .collect::<Result<_, _>>()
            .map(NoProxy)
    }

    /// Whether a host (in lower case, with its port where it is not 443) is on the list.
    pub(super) fn holds(&self, authority: &str) -> bool {
        let (host, port) = with_port(authority);
        let port = port.unwrap_or(443);
        let address: Option<IpAddr> = host.parse().ok();
        self.0.iter().filter(|(_, only)| only.is_none_or(|only| only == port)).any(|(entry, _)| {
            match (entry, address) {
                (Entry::All, _) => true,
                (Entry::Domain(domain), None) => {
                    host.strip_suffix(domain.as_str()).is_some_and(|before| before.is_empty() || before.ends_with('.'))
                }
                (Entry::Network(network, length), Some(address)) => is_within(address, *network, *length),
                _ => false,
            }
        })
    }
}

fn entry(text: &str) -> Option<(Entry, Option<u16>)> {
    if text == "*" {
        return Some((Entry::All, None));
    }
    if let Some((network, length)) = text.split_once('/') {
        let network: IpAddr = network.parse().ok()?;
        let length = length.parse().ok().filter(|length| *length <= bits(network))?;
        return Some((Entry::Network(network, length), None));
    }
    let (host, port) = with_port(text);
    if let Ok(address) = host.parse::<IpAddr>() {
        return Some((Entry::Network(address, bits(address)), port));
    }
    let domain = host.strip_prefix("*.").or_else(|| host.strip_prefix('.')).unwrap_or(host);
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    domain.split('.').all(is_label).then(|| (Entry::Domain(domain.to_owned()), port))
}

/// The host without brackets, and its port.
fn with_port(text: &str) -> (&str, Option<u16>) {
    let bare = |host: &'_ str| host.len() >= 2 && host.starts_with('[') && host.ends_with(']');
    let strip = |host| if bare(host) { &host[1..host.len() - 1] } else { host };
    match text.rsplit_once(':') {
        // An address of the sixth version without brackets has no port.
        Some((host, port)) if !host.contains(':') || bare(host) => match port.parse() {
            Ok(port) => (strip(host), Some(port)),
            Err(_) => (strip(text), None),
        },
        _ => (strip(text), None),
    }
}

fn bits(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn is_within(address: IpAddr, network: IpAddr, length: u8) -> bool {
    let same = |one: u128, other: u128, bits: u8| (one ^ other).checked_shr(u32::from(bits - length)).unwrap_or(0) == 0;
    match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => same(address.to_bits().into(), network.to_bits().into(), 32),
        (IpAddr::V6(address), IpAddr::V6(network)) => same(address.to_bits(), network.to_bits(), 128),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn entries_mean_what_they_mean_elsewhere() {
        for (list, host, direct) in [
            ("*", "kms.example", true),
            ("", "kms.example", false),
            ("kms.example", "kms.example", true),
            ("kms.example", "kms.example:8443", true),
            ("kms.example:8443", "kms.example:8443", true),
            ("kms.example:8443", "kms.example", false),
            ("kms.example:443", "kms.example", true),
            ("example", "kms.example", true),
            (".example", "kms.example", true),
            ("*.example", "kms.example", true),
            ("Example", "kms.example", true),
            ("ample", "kms.example", false),
            ("a, kms.example", "kms.example", true),
            ("10.0.0.0/8", "10.200.0.1:8443", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.0.0.1", "10.0.0.1", true),
            ("10.0.0.1", "10.0.0.10", false),
            ("0.0.0.0/0", "192.0.2.1", true),
            ("0.0.0.0/0", "[fd00::1]", false),
            ("fd00::/8", "[fd00::1]:8443", true),
            ("::/0", "[fd00::1]", true),
            ("[fd00::1]:8443", "[fd00::1]:8443", true),
            ("[fd00::1]:8443", "[fd00::1]", false),
            ("fd00::1", "[fd00::1]", true),
        ] {
            assert_eq!(NoProxy::read(list).unwrap().holds(host), direct, "{list} {host}");
        }
    }

    #[test]
    fn an_entry_that_means_nothing_is_named() {
        for (list, wrong) in
            [("a,10.0.0.0/33", "10.0.0.0/33"), ("http://x", "http://x"), ("a..b", "a..b"), ("x/8", "x/8")]
        {
            assert_eq!(NoProxy::read(list).unwrap_err(), wrong);
        }
    }

    proptest! {
        #[test]
        fn any_list_is_survived(list: String, host in "[a-z0-9.:\\[\\]]{0,20}") {
            if let Ok(list) = NoProxy::read(&list) {
                let _ = list.holds(&host);
            }
        }
    }
}
