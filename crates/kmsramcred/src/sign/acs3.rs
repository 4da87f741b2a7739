//! Signature version 3, `ACS3-HMAC-SHA256`, which signs the request line, chosen headers and the body.
//!
//! Goes in: the parts of the request that are to be signed and an AccessKey. Comes out: the value of the
//! `Authorization` header, with every step on the way to it. Date and nonce are headers like any other, so nothing here
//! asks for the time.

use super::encode::{Pairs, canonical_query, hex};
use super::mac;
use crate::secret_text::SecretText;
use sha2::{Digest, Sha256};
use std::fmt;
use zeroize::Zeroizing;

/// The name of the scheme, as the string to sign and the `Authorization` header carry it.
pub const ALGORITHM: &str = "ACS3-HMAC-SHA256";

/// The parts of a request that its signature covers.
#[derive(Clone, Copy)]
pub struct Covered<'a> {
    /// The method, in upper case.
    pub method: &'a str,
    /// The path as it stands on the request line, encoded; `/` for RPC-style APIs.
    pub path: &'a str,
    /// The parameters of the query, not encoded.
    pub query: Pairs<'a>,
    /// The headers to sign, all of them and no other, each name once; see [`is_covered`]. Names in any case; `host` must
    /// be what the `Host` header says.
    pub headers: Pairs<'a>,
    /// The body.
    pub body: &'a [u8],
}

impl fmt::Debug for Covered<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// A signature with the steps that led to it.
///
/// The canonical request holds the security token of a temporary key, so it is wiped when dropped, and `Debug` shows
/// nothing but the names of the signed headers.
#[derive(Clone, PartialEq, Eq)]
pub struct Authorization {
    /// The canonical request: what the string to sign is a digest of.
    pub canonical_request: Zeroizing<String>,
    /// The string to sign.
    pub string_to_sign: String,
    /// The names of the signed headers, in lower case, sorted, joined with `;`.
    pub signed_headers: String,
    /// The signature in lower-case hexadecimal digits.
    pub signature: String,
    /// The value of the `Authorization` header.
    pub value: String,
}

impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorization").field("signed_headers", &self.signed_headers).finish_non_exhaustive()
    }
}

/// Whether a header of this name should be signed: `host`, `content-type` and all that begin with `x-acs-`. Proxies
/// rewrite the others.
pub fn is_covered(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name == "host" || name == "content-type" || name.starts_with("x-acs-")
}

/// The value of the `x-acs-content-sha256` header for this body.
pub fn content_sha256(body: &[u8]) -> String {
    hex(&Sha256::digest(body))
}

/// Signs a request.
pub fn authorization(covered: &Covered<'_>, access_key_id: &str, access_key_secret: &SecretText) -> Authorization {
    let mut headers: Vec<(String, &str)> =
        covered.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.trim())).collect();
    headers.sort_unstable();
    let signed_headers = headers.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(";");
    let canonical_request = canonical_request(covered, &headers, &signed_headers);
    let string_to_sign = format!("{ALGORITHM}\n{}", content_sha256(canonical_request.as_bytes()));
    let key = access_key_secret.expose().as_bytes();
    let signature = hex(&*mac::sha256(key, &string_to_sign));
    let value = format!("{ALGORITHM} Credential={access_key_id},SignedHeaders={signed_headers},Signature={signature}");
    Authorization { canonical_request, string_to_sign, signed_headers, signature, value }
}

fn canonical_request(covered: &Covered<'_>, headers: &[(String, &str)], signed_headers: &str) -> Zeroizing<String> {
    let query = Zeroizing::new(canonical_query(covered.query));
    let digest = content_sha256(covered.body);
    let mut pieces = vec![covered.method, "\n", covered.path, "\n", &query, "\n"];
    for (name, value) in headers {
        pieces.extend([name, ":", value, "\n"]);
    }
    pieces.extend(["\n", signed_headers, "\n", &digest]);
    // `concat` allocates once, so that no shorter copy of a token is left behind.
    Zeroizing::new(pieces.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY_SHA256: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn the_published_example_gives_the_published_signature() {
        let covered = Covered {
            method: "POST",
            path: "/",
            query: &[("RegionId", "cn-shanghai"), ("ImageId", "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd")],
            headers: &[
                ("x-acs-action", "RunInstances"),
                ("x-acs-version", "2014-05-26"),
                ("Host", "ecs.cn-shanghai.aliyuncs.com"),
                ("X-Acs-Date", " 2023-10-26T10:22:32Z "),
                ("x-acs-signature-nonce", "3156853299f313e23d1673dc12e1703d"),
                ("x-acs-content-sha256", EMPTY_SHA256),
            ],
            body: b"",
        };
        let signed = authorization(&covered, "YourAccessKeyId", &SecretText::from("YourAccessKeySecret"));
        assert_eq!(signed.signature, "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0");
        assert!(signed.canonical_request.starts_with("POST\n/\nImageId=win2019_1809"));
        assert!(signed.canonical_request.contains("\nx-acs-date:2023-10-26T10:22:32Z\n"));
        assert!(
            signed.value.starts_with("ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;")
        );
    }

    #[test]
    fn a_request_without_query_and_headers_has_empty_lines() {
        let covered = Covered { method: "GET", path: "/", query: &[], headers: &[], body: b"" };
        let signed = authorization(&covered, "id", &SecretText::from("secret"));
        assert_eq!(*signed.canonical_request, format!("GET\n/\n\n\n\n{EMPTY_SHA256}"));
    }

    #[test]
    fn debug_shows_no_token_and_no_signature() {
        let headers = [("x-acs-security-token", "tok/en==")];
        let covered = Covered { method: "GET", path: "/", query: &[("p", "value")], headers: &headers, body: b"body" };
        let signed = authorization(&covered, "id", &SecretText::from("secret"));
        let shown = format!("{covered:?} {signed:?}");
        assert!(signed.canonical_request.contains("tok/en==") && !shown.contains("tok/en"), "{shown}");
        assert!(!shown.contains(&signed.signature) && !shown.contains("value"), "{shown}");
    }

    #[test]
    fn proxies_may_rewrite_what_is_not_covered() {
        for name in ["host", "Content-Type", "x-acs-date", "X-Acs-Custom"] {
            assert!(is_covered(name), "{name}");
        }
        for name in ["accept", "user-agent", "authorization", "content-length", "x-other"] {
            assert!(!is_covered(name), "{name}");
        }
    }
}
