//! Stage 1 of 8: the proxy keys become the way to each host.
//!
//! In go `https_proxy`, `socks5_proxy` and `no_proxy`, out comes for every endpoint the proxy to go through, or none. Hosts
//! of this machine are never asked through a proxy, nor is anything that is not encrypted. Checks text only: knows no
//! sockets.

use super::endpoint::{Endpoint, parts};
use super::layers::Settings;
use super::no_proxy::NoProxy;
use super::setting::Setting;
use crate::error::Error;
use crate::secret_text::SecretText;
use std::fmt;

/// A proxy.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    /// Scheme, user, password, host and port, as a URL.
    url: SecretText,
    /// The same without user and password.
    shown: String,
}

impl Proxy {
    /// A proxy from its URL, which begins with `http://`, `socks5://` or `socks5h://`.
    pub fn from_url(url: &str) -> Option<Proxy> {
        [HTTP, SOCKS].iter().filter(|_| url.contains("://")).find_map(|kind| parse(url, kind))
    }

    /// The URL, user and password included.
    pub fn url(&self) -> &str {
        self.url.expose()
    }

    /// The proxy as it may be shown.
    pub fn shown(&self) -> &str {
        &self.shown
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({})", self.shown)
    }
}

/// Which hosts are asked through which proxy.
#[derive(Debug, Clone, Default)]
pub struct ProxySettings {
    proxy: Option<Proxy>,
    no_proxy: NoProxy,
}

impl ProxySettings {
    /// The proxy on the way to an endpoint.
    pub fn of(&self, endpoint: &Endpoint) -> Option<&Proxy> {
        let direct = !endpoint.tls || endpoint.is_this_machine() || self.no_proxy.holds(&endpoint.authority);
        self.proxy.as_ref().filter(|_| !direct)
    }
}

/// Reads the keys.
pub(super) fn read(settings: &Settings, notices: &mut Vec<String>) -> Result<ProxySettings, Error> {
    let https = settings.read("https_proxy", |setting| proxy(setting, &HTTP))?;
    let socks = settings.read("socks5_proxy", |setting| proxy(setting, &SOCKS))?;
    if https.is_some() && socks.is_some() {
        notices.push("https_proxy and socks5_proxy are both set: https_proxy is used.".to_owned());
    }
    let no_proxy = settings.read("no_proxy", |setting| {
        NoProxy::read(setting.raw()).map_err(|item| setting.wrong(super::shown::value(&item), super::no_proxy::ALLOWED))
    })?;
    Ok(ProxySettings { proxy: https.or(socks), no_proxy: no_proxy.unwrap_or_default() })
}

/// One kind of proxy.
struct Kind {
    scheme: &'static str,
    schemes: &'static [&'static str],
    port: u16,
    allowed: &'static str,
}

const HTTP: Kind = Kind {
    scheme: "http",
    schemes: &["http"],
    port: 80,
    allowed: "a proxy such as http://proxy.example:3128 or http://user:password@proxy.example:3128; user and password are \
              percent-encoded",
};

/// With either spelling the proxy looks the names up, as the official clients have it.
const SOCKS: Kind = Kind {
    scheme: "socks5h",
    schemes: &["socks5", "socks5h"],
    port: 1080,
    allowed: "a proxy such as socks5://proxy.example:1080 or socks5://user:password@proxy.example:1080; user and password \
              are percent-encoded",
};

fn proxy(setting: &Setting, kind: &Kind) -> Result<Proxy, Error> {
    parse(setting.raw(), kind).ok_or_else(|| setting.wrong(setting.found(), kind.allowed))
}

fn parse(text: &str, kind: &Kind) -> Option<Proxy> {
    let rest = match text.split_once("://") {
        Some((scheme, rest)) => kind.schemes.iter().any(|known| scheme.eq_ignore_ascii_case(known)).then_some(rest)?,
        None => text,
    };
    let (user, place) = match rest.rsplit_once('@') {
        Some((user, place)) => (Some(user), place),
        None => (None, rest),
    };
    // The scheme of a bare `parts` decides which port it leaves out: none of ours is 443.
    let (_, _, authority) = parts(&format!("https://{place}"), true).filter(|_| !place.contains("://"))?;
    let has_port = authority.rfind(':').is_some_and(|colon| !authority[colon..].contains(']'));
    let authority = match (has_port, place.trim_end_matches('/').ends_with(":443")) {
        (true, _) => authority,
        (false, true) => format!("{authority}:443"),
        (false, false) => format!("{authority}:{}", kind.port),
    };
    let shown = format!("{}://{authority}", kind.scheme);
    let url = match user {
        Some(user) if is_userinfo(user) => SecretText::new(format!("{}://{user}@{authority}", kind.scheme)),
        Some(_) => return None,
        None => SecretText::from(shown.as_str()),
    };
    Some(Proxy { url, shown })
}

/// Whether a text can stand before the `@` of a URL: user and perhaps password, percent-encoded.
fn is_userinfo(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:".contains(&byte);
    let mut rest = text.as_bytes();
    while let [first, more @ ..] = rest {
        rest = match (first, more) {
            (b'%', [high, low, more @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => more,
            (byte, more) if plain(*byte) => more,
            _ => return false,
        };
    }
    !text.is_empty() && text.matches(':').count() <= 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::keys;
    use crate::config::layers::Layer;
    use crate::config::origin::Origin;

    fn settings(pairs: &[(&str, &str)]) -> Result<(ProxySettings, Vec<String>), Error> {
        let mut layer = Layer::default();
        for (key, value) in pairs {
            layer.insert(Setting::new(keys::find(key).unwrap(), value, Origin::Program).unwrap());
        }
        let mut notices = Vec::new();
        let settings = Settings::choose(&layer, &Layer::default(), &Layer::default(), &mut notices);
        read(&settings, &mut notices).map(|read| (read, notices))
    }

    fn endpoint(text: &str) -> Endpoint {
        Endpoint::gateway(text).unwrap()
    }

    const KMS: &str = "kms.cn-hangzhou.aliyuncs.com";

    #[test]
    fn what_people_write_is_understood() {
        for (key, text, url, shown) in [
            ("https_proxy", "http://proxy.example:3128", "http://proxy.example:3128", "http://proxy.example:3128"),
            ("https_proxy", "proxy.example", "http://proxy.example:80", "http://proxy.example:80"),
            ("https_proxy", "HTTP://Proxy.example:443/", "http://proxy.example:443", "http://proxy.example:443"),
            ("https_proxy", "http://[fd00::1]:3128", "http://[fd00::1]:3128", "http://[fd00::1]:3128"),
            ("https_proxy", "http://me:p%40ss@10.0.0.1:1", "http://me:p%40ss@10.0.0.1:1", "http://10.0.0.1:1"),
            ("socks5_proxy", "socks5://proxy.example", "socks5h://proxy.example:1080", "socks5h://proxy.example:1080"),
        ] {
            let (settings, _) = settings(&[(key, text)]).unwrap();
            let proxy = settings.of(&endpoint(KMS)).unwrap();
            assert_eq!((proxy.url(), proxy.shown()), (url, shown), "{text}");
            assert!(!format!("{settings:?}").contains("p%40ss"));
        }
    }

    #[test]
    fn what_cannot_be_a_proxy_is_one_error_without_its_password() {
        for text in [
            "https://proxy.example",
            "ftp://proxy.example",
            "http://",
            "http://proxy.example/path",
            "http://a:hunter2@b:c@proxy.example:1",
            "http://a:hunter2%zz@proxy.example:1",
            "http://a:hunter2:b@proxy.example:1",
            "http://proxy.example:0",
            "http://http://proxy.example",
            "http://@proxy.example",
        ] {
            let error = settings(&[("https_proxy", text)]).unwrap_err();
            assert!(error.message().starts_with("https_proxy (set by the program): found a text of"), "{error}");
            assert!(error.message().contains("http://user:password@"), "{error}");
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn this_machine_and_the_listed_hosts_are_asked_directly() {
        let (settings, _) =
            settings(&[("https_proxy", "http://proxy.example:3128"), ("no_proxy", "kms-vpc.cn-hangzhou.aliyuncs.com")])
                .unwrap();
        for (host, through) in [
            (KMS, true),
            ("kms-vpc.cn-hangzhou.aliyuncs.com", false),
            ("localhost:8443", false),
            ("127.0.0.1:8443", false),
            ("[::1]:8443", false),
            ("http://localhost:8080", false),
        ] {
            assert_eq!(settings.of(&endpoint(host)).is_some(), through, "{host}");
        }
    }

    #[test]
    fn two_proxies_are_noticed() {
        let (settings, notices) = settings(&[("https_proxy", "http://a:1"), ("socks5_proxy", "socks5://b:2")]).unwrap();
        assert_eq!(settings.of(&endpoint(KMS)).unwrap().shown(), "http://a:1");
        assert!(notices[0].contains("https_proxy is used"), "{notices:?}");
    }
}
