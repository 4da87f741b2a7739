//! The signature of the dedicated gateway (`dkms-gcs-0.2`), over headers and the digest of the body.
//!
//! Goes in: the call, the ClientKey and the time. Comes out: the request, byte for byte. What the body means is not known
//! here.

use super::client_key;
use crate::civil_time::format_http_date;
use crate::exchange::HttpRequest;
use crate::source::ClientKey;
use ring::digest::{SHA256, digest};
use std::fmt;

const CONTENT_TYPE: &str = "application/x-protobuf";

/// One call, before anybody signed it.
pub struct DedicatedCall<'a> {
    /// Host, with the port where it is not the usual one.
    pub authority: &'a str,
    /// Whether the connection is encrypted.
    pub tls: bool,
    /// The name of the API, such as `GetSecretValue`.
    pub api: &'a str,
    /// The encoded message.
    pub body: Vec<u8>,
    /// The value of the `User-Agent` header, which is not signed.
    pub user_agent: &'a str,
    /// An answer with a longer body is an error.
    pub body_limit: usize,
}

impl fmt::Debug for DedicatedCall<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.api, self.authority)
    }
}

/// The request that makes `call` with `key`, dated `unix_ms`.
///
/// The server refuses a date more than 15 minutes off its own clock; there is no nonce.
pub fn dedicated_request(call: DedicatedCall<'_>, key: &ClientKey, unix_ms: i64) -> HttpRequest {
    let date = format_http_date(unix_ms);
    let digest = hex(digest(&SHA256, &call.body).as_ref());
    // Three c's: so it is spelled on the wire.
    let signed = [
        ("x-kms-acccesskeyid", key.id()),
        ("x-kms-apiname", call.api),
        ("x-kms-apiversion", "dkms-gcs-0.2"),
        ("x-kms-signaturemethod", "RSA_PKCS1_SHA_256"),
    ];
    let authorization =
        format!("Bearer {}", client_key::signature(key, string_to_sign(&digest, &date, &signed).as_bytes()));
    let unsigned = [
        ("accept", CONTENT_TYPE),
        ("authorization", authorization.as_str()),
        ("content-sha256", &digest),
        ("content-type", CONTENT_TYPE),
        ("date", &date),
        ("user-agent", call.user_agent),
    ];
    HttpRequest {
        method: "POST",
        tls: call.tls,
        authority: call.authority.to_owned(),
        target: "/".to_owned(),
        headers: signed.iter().chain(&unsigned).map(|&(name, value)| (name.to_owned(), value.to_owned())).collect(),
        body: call.body,
        body_limit: call.body_limit,
    }
}

/// What is signed. `headers` are all that begin with `x-kms-`, sorted.
pub fn string_to_sign(content_sha256: &str, date: &str, headers: &[(&str, &str)]) -> String {
    let headers: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    format!("POST\n{content_sha256}\n{CONTENT_TYPE}\n{date}\n{headers}/")
}

/// Upper case, as the server compares it.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}
