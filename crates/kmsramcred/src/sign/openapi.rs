//! One call of an RPC-style OpenAPI action as a whole request, in either signature scheme.
//!
//! Goes in: the call, the identity, the time and a nonce. Comes out: the request, byte for byte. Whether it is sent to
//! KMS or to STS, and what the answer says, is not known here.

use super::encode::{Pairs, canonical_query};
use super::{acs3, client_key, rpc_v1};
use crate::civil_time::format_utc;
use crate::exchange::{HttpRequest, Question};
use crate::secret_text::SecretText;
use crate::source::{Identity, SigningKey};
use std::fmt;

/// How a request is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Signature version 1.0 with HMAC-SHA1, over the parameters.
    RpcV1,
    /// `ACS3-HMAC-SHA256`, over request line, headers and body.
    Acs3,
}

/// One call of an action, before anybody signed it.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// Host, with the port where it is not the scheme's own: what the `Host` header will say.
    pub authority: &'a str,
    /// Whether the connection is encrypted.
    pub tls: bool,
    /// The action, such as `GetSecretValue`.
    pub action: &'a str,
    /// The version of the API, such as `2016-01-20`.
    pub version: &'a str,
    /// The action's own parameters, not encoded. Unset ones are left out, and none is named like a parameter that all
    /// actions have (`Action`, `Timestamp`, …).
    pub params: Pairs<'a>,
    /// The region, which version 1.0 may say in a parameter of its own; version 3 has no place for it.
    pub region_id: Option<&'a str>,
    /// The value of the `User-Agent` header, which is not signed.
    pub user_agent: &'a str,
    /// An answer with a longer body is an error.
    pub body_limit: usize,
}

impl<'a> Call<'a> {
    /// The call that a question asks for.
    pub fn of(question: &Question<'a>, region_id: Option<&'a str>, user_agent: &'a str) -> Call<'a> {
        let Question { authority, tls, action, version, params, body_limit } = *question;
        Call { authority, tls, action, version, params, region_id, user_agent, body_limit }
    }
}

impl fmt::Debug for Call<'_> {
    /// Shows what is called and where. Parameters can hold tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} at {}", self.action, self.version, self.authority)
    }
}

/// The request that makes `call` as `identity`, dated `unix_ms`. A ClientKey signs in version 1.0 whatever `scheme` says:
/// there is no other way for it.
///
/// The server refuses a date more than 15 minutes off its own clock and a nonce that it has seen, so each attempt takes
/// a new time and a new nonce.
pub fn openapi_request(scheme: Scheme, call: &Call<'_>, identity: &Identity, unix_ms: i64, nonce: &str) -> HttpRequest {
    let date = format_utc(unix_ms);
    match (scheme, &identity.key) {
        (Scheme::Acs3, SigningKey::AccessKeySecret(secret)) => acs3_request(call, identity, secret, &date, nonce),
        _ => rpc_v1_request(call, identity, &date, nonce),
    }
}

/// Everything goes into a form body, which access logs do not keep.
fn rpc_v1_request(call: &Call<'_>, identity: &Identity, date: &str, nonce: &str) -> HttpRequest {
    let method = match &identity.key {
        SigningKey::AccessKeySecret(_) => "HMAC-SHA1",
        SigningKey::ClientKey(_) => "SHA256withRSA",
    };
    let mut params = call.params.to_vec();
    params.extend([
        ("AccessKeyId", identity.access_key_id.as_str()),
        ("Action", call.action),
        ("Format", "JSON"),
        ("SignatureMethod", method),
        ("SignatureNonce", nonce),
        ("SignatureVersion", "1.0"),
        ("Timestamp", date),
        ("Version", call.version),
    ]);
    params.extend(call.region_id.map(|region| ("RegionId", region)));
    params.extend(identity.security_token.as_ref().map(|token| ("SecurityToken", token.expose())));
    let signature = match &identity.key {
        SigningKey::AccessKeySecret(secret) => rpc_v1::signature("POST", &params, secret),
        SigningKey::ClientKey(key) => {
            params.push(("SignatureType", "PRIVATEKEY"));
            client_key::signature(key, rpc_v1::string_to_sign("POST", &params).as_bytes())
        }
    };
    params.push(("Signature", &signature));
    let headers = [
        ("accept", "application/json"),
        ("content-type", "application/x-www-form-urlencoded"),
        ("user-agent", call.user_agent),
    ];
    post(call, "/".to_owned(), &headers, canonical_query(&params).into_bytes())
}

/// The action's parameters go into the query, everything else into headers; the body is empty.
fn acs3_request(call: &Call<'_>, identity: &Identity, secret: &SecretText, date: &str, nonce: &str) -> HttpRequest {
    let digest = acs3::content_sha256(b"");
    let mut headers = vec![
        ("host", call.authority),
        ("x-acs-action", call.action),
        ("x-acs-content-sha256", &digest),
        ("x-acs-date", date),
        ("x-acs-signature-nonce", nonce),
        ("x-acs-version", call.version),
    ];
    if let Some(token) = &identity.security_token {
        headers.push(("x-acs-accesskey-id", &identity.access_key_id));
        headers.push(("x-acs-security-token", token.expose()));
    }
    let covered = acs3::Covered { method: "POST", path: "/", query: call.params, headers: &headers, body: b"" };
    let signed = acs3::authorization(&covered, &identity.access_key_id, secret);
    // The transport writes `host` itself, from the same authority.
    headers.remove(0);
    headers.extend([
        ("accept", "application/json"),
        ("authorization", signed.value.as_str()),
        ("user-agent", call.user_agent),
    ]);
    let query = canonical_query(call.params);
    let target = if query.is_empty() { "/".to_owned() } else { format!("/?{query}") };
    post(call, target, &headers, Vec::new())
}

fn post(call: &Call<'_>, target: String, headers: Pairs<'_>, body: Vec<u8>) -> HttpRequest {
    HttpRequest {
        method: "POST",
        tls: call.tls,
        authority: call.authority.to_owned(),
        target,
        headers: headers.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect(),
        body,
        body_limit: call.body_limit,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALL: Call<'static> = Call {
        authority: "kms.cn-hangzhou.aliyuncs.com",
        tls: true,
        action: "GetSecretValue",
        version: "2016-01-20",
        params: &[("SecretName", "a b/密"), ("VersionStage", "ACSCurrent")],
        region_id: Some("cn-hangzhou"),
        user_agent: "kmsramcred",
        body_limit: 1 << 20,
    };
    const UNIX_MS: i64 = 1_700_086_407_500;

    fn identity(token: Option<&str>) -> Identity {
        Identity {
            access_key_id: "testid".to_owned(),
            key: SigningKey::AccessKeySecret(SecretText::from("testsecret")),
            security_token: token.map(SecretText::from),
            expires_at: None,
        }
    }

    fn header<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
        request.headers.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_str())
    }

    fn form(request: &HttpRequest) -> Vec<(String, String)> {
        let decode = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8().unwrap().into_owned();
        let body = std::str::from_utf8(&request.body).unwrap();
        body.split('&').map(|pair| pair.split_once('=').unwrap()).map(|(n, v)| (decode(n), decode(v))).collect()
    }

    #[test]
    fn version_1_puts_everything_into_the_body_and_signs_what_it_sends() {
        let request = openapi_request(Scheme::RpcV1, &CALL, &identity(Some("tok/en==")), UNIX_MS, "n-1");
        assert_eq!((request.method, request.target.as_str(), request.tls), ("POST", "/", true));
        assert_eq!(header(&request, "content-type"), Some("application/x-www-form-urlencoded"));
        let (signature, sent): (Vec<_>, Vec<_>) = form(&request).into_iter().partition(|(name, _)| name == "Signature");
        let sent: Vec<(&str, &str)> = sent.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(signature[0].1, rpc_v1::signature("POST", &sent, &SecretText::from("testsecret")));
        for expected in [
            ("SecretName", "a b/密"),
            ("Format", "JSON"),
            ("RegionId", "cn-hangzhou"),
            ("SecurityToken", "tok/en=="),
            ("SignatureNonce", "n-1"),
            ("Timestamp", "2023-11-15T22:13:27Z"),
        ] {
            assert!(sent.contains(&expected), "{expected:?}");
        }
    }

    #[test]
    fn version_1_leaves_out_what_is_not_set() {
        let call = Call { region_id: None, ..CALL };
        let request = openapi_request(Scheme::RpcV1, &call, &identity(None), UNIX_MS, "n-1");
        assert!(form(&request).iter().all(|(name, _)| name != "SecurityToken" && name != "RegionId"));
        assert_eq!(form(&request).len(), 11);
    }

    #[test]
    fn version_3_signs_host_and_acs_headers_only() {
        let request = openapi_request(Scheme::Acs3, &CALL, &identity(None), UNIX_MS, "n-1");
        assert_eq!(request.target, "/?SecretName=a%20b%2F%E5%AF%86&VersionStage=ACSCurrent");
        assert!(request.body.is_empty());
        let authorization = header(&request, "authorization").unwrap();
        assert!(authorization.contains(
            "SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,"
        ));
        assert_eq!(header(&request, "x-acs-date"), Some("2023-11-15T22:13:27Z"));
        assert_eq!(header(&request, "accept"), Some("application/json"));
        assert_eq!(header(&request, "host"), None);
        assert_eq!(header(&request, "x-acs-security-token"), None);
    }

    #[test]
    fn version_3_signs_the_token_of_a_temporary_identity() {
        let call = Call { params: &[], ..CALL };
        let request = openapi_request(Scheme::Acs3, &call, &identity(Some("tok/en==")), UNIX_MS, "n-1");
        assert_eq!(request.target, "/");
        assert_eq!(header(&request, "x-acs-accesskey-id"), Some("testid"));
        assert_eq!(header(&request, "x-acs-security-token"), Some("tok/en=="));
        let authorization = header(&request, "authorization").unwrap();
        assert!(authorization.contains("x-acs-accesskey-id;") && authorization.contains(";x-acs-security-token;"));
    }

    #[test]
    fn debug_shows_no_parameter() {
        assert_eq!(format!("{CALL:?}"), "GetSecretValue 2016-01-20 at kms.cn-hangzhou.aliyuncs.com");
    }
}
