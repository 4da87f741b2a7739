//! A request of a program, in one of four schemes: what is to be signed, and what the signature adds to it.
//!
//! Goes in: the request as it is meant, an AccessKey, the time and a nonce. Comes out: headers to add, and the query. Who
//! sends it, and what for, is not known here.

use super::encode::{Pairs, canonical_query};
use super::{acs3, oss, rpc_v1};
use crate::civil_time::{format_http_date, format_utc};
use crate::error::Error;
use crate::secret_text::SecretText;
use std::fmt;
use zeroize::Zeroizing;

/// How a service wants its requests signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// RPC-style APIs, signature version 1.0 with HMAC-SHA1: signs the parameters.
    RpcV1,
    /// RPC- and ROA-style APIs, `ACS3-HMAC-SHA256`: signs request line, headers and body.
    Acs3,
    /// OSS, signature version 1.
    OssV1,
    /// OSS, signature version 4.
    OssV4,
}

/// One request of a program, before anybody signed it. What a family does not sign stays empty.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// How it is signed.
    pub family: Family,
    /// The method, in upper case.
    pub method: &'a str,
    /// The path as it stands on the request line, encoded; empty for `/`. [`Family::Acs3`] only.
    pub path: &'a str,
    /// The parameters, each name once, not encoded; for [`Family::RpcV1`] those of query and form body together.
    pub parameters: Pairs<'a>,
    /// Headers of the request, each name once. [`Family::Acs3`] signs all that are here, and needs `host`; OSS signs those that
    /// its scheme names; [`Family::RpcV1`] has none.
    pub headers: Pairs<'a>,
    /// The body. [`Family::Acs3`] only.
    pub body: &'a [u8],
    /// The bucket; empty for calls that are about none. OSS only.
    pub bucket: &'a str,
    /// The key of the object, not encoded; empty for calls that are about none. OSS only.
    pub key: &'a str,
    /// The region, such as `cn-hangzhou`. [`Family::OssV4`] only.
    pub region: &'a str,
}

impl<'a> Request<'a> {
    /// A request with nothing but its method.
    pub fn new(family: Family, method: &'a str) -> Request<'a> {
        let (path, body, bucket, key, region) = ("", &[][..], "", "", "");
        Request { family, method, path, parameters: &[], headers: &[], body, bucket, key, region }
    }
}

impl fmt::Debug for Request<'_> {
    /// Shows what kind of request it is. The rest can hold secrets of the program.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("family", &self.family).field("method", &self.method).finish_non_exhaustive()
    }
}

/// An AccessKey that signs.
#[derive(Debug, Clone, Copy)]
pub struct Signer<'a> {
    /// The AccessKey id.
    pub access_key_id: &'a str,
    /// The AccessKey secret.
    pub access_key_secret: &'a SecretText,
    /// The security token of a temporary key.
    pub security_token: Option<&'a SecretText>,
}

/// What a signature adds to a request. It holds signature and security token: `Debug` shows names only, and all texts are
/// wiped when dropped.
pub struct Signed {
    /// Headers to add to those of the request; none where the signature is in the query.
    pub headers: Vec<(&'static str, SecretText)>,
    /// The whole query, encoded, without `?`: what stands in a URL, or for [`Family::RpcV1`] in a form body.
    pub query: SecretText,
    /// Path and query as they stand on the request line. For OSS the host names the bucket; where it does not, `/bucket` comes
    /// first.
    pub target: SecretText,
}

impl fmt::Debug for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("Signed").field("headers", &names).finish_non_exhaustive()
    }
}

/// Signs `request`, dated `unix_ms`. OSS has no nonce and takes none.
///
/// Services refuse a date more than 15 minutes off their own clock and a nonce that they have seen, so each attempt takes
/// a new time and a new nonce.
pub fn sign(request: &Request<'_>, signer: &Signer<'_>, unix_ms: i64, nonce: &str) -> Result<Signed, Error> {
    request.check()?;
    Ok(match request.family {
        Family::RpcV1 => sign_rpc_v1(request, signer, &format_utc(unix_ms), nonce),
        Family::Acs3 => sign_acs3(request, signer, &format_utc(unix_ms), nonce),
        Family::OssV1 => sign_oss_v1(request, signer, &format_http_date(unix_ms)),
        Family::OssV4 => sign_oss_v4(request, signer, &oss::v4::format_date(unix_ms)),
    })
}

fn sign_rpc_v1(request: &Request<'_>, signer: &Signer<'_>, date: &str, nonce: &str) -> Signed {
    let mut params = request.parameters.to_vec();
    params.extend([
        ("AccessKeyId", signer.access_key_id),
        ("SignatureMethod", "HMAC-SHA1"),
        ("SignatureNonce", nonce),
        ("SignatureVersion", "1.0"),
        ("Timestamp", date),
    ]);
    params.extend(signer.security_token.map(|token| ("SecurityToken", token.expose())));
    let signature = Zeroizing::new(rpc_v1::signature(request.method, &params, signer.access_key_secret));
    params.push(("Signature", &signature));
    Signed::of("/", canonical_query(&params), Vec::new())
}

fn sign_acs3(request: &Request<'_>, signer: &Signer<'_>, date: &str, nonce: &str) -> Signed {
    let digest = acs3::content_sha256(request.body);
    let mut added =
        vec![("x-acs-content-sha256", digest.as_str()), ("x-acs-date", date), ("x-acs-signature-nonce", nonce)];
    if let Some(token) = signer.security_token {
        added.extend([("x-acs-accesskey-id", signer.access_key_id), ("x-acs-security-token", token.expose())]);
    }
    let path = if request.path.is_empty() { "/" } else { request.path };
    let headers = [request.headers, &added].concat();
    let (method, query, body) = (request.method, request.parameters, request.body);
    let covered = acs3::Covered { method, path, query, headers: &headers, body };
    let authorization =
        Zeroizing::new(acs3::authorization(&covered, signer.access_key_id, signer.access_key_secret).value);
    added.push(("authorization", &authorization));
    Signed::of(path, canonical_query(request.parameters), added)
}

fn sign_oss_v1(request: &Request<'_>, signer: &Signer<'_>, date: &str) -> Signed {
    let mut added = vec![("date", date)];
    added.extend(signer.security_token.map(|token| ("x-oss-security-token", token.expose())));
    let headers = [request.headers, &added].concat();
    let signature = Zeroizing::new(oss::v1::signature(&request.of_oss(&headers), signer.access_key_secret));
    let authorization = Zeroizing::new(format!("OSS {}:{}", signer.access_key_id, *signature));
    added.push(("authorization", &authorization));
    Signed::of(&format!("/{}", oss::path_of(request.key)), oss::query_of(request.parameters), added)
}

fn sign_oss_v4(request: &Request<'_>, signer: &Signer<'_>, date: &str) -> Signed {
    let mut added = vec![("x-oss-content-sha256", oss::v4::UNSIGNED_PAYLOAD), ("x-oss-date", date)];
    added.extend(signer.security_token.map(|token| ("x-oss-security-token", token.expose())));
    let headers = [request.headers, &added].concat();
    let (covered, id) = (request.of_oss(&headers), signer.access_key_id);
    let authorization =
        Zeroizing::new(oss::v4::authorization(&covered, request.region, date, id, signer.access_key_secret));
    added.push(("authorization", &authorization));
    Signed::of(&format!("/{}", oss::path_of(request.key)), oss::query_of(request.parameters), added)
}

impl<'a> Request<'a> {
    fn of_oss(&self, headers: Pairs<'a>) -> oss::Covered<'a> {
        oss::Covered { method: self.method, bucket: self.bucket, key: self.key, query: self.parameters, headers }
    }
}

impl Signed {
    fn of(path: &str, query: String, added: Vec<(&'static str, &str)>) -> Signed {
        let query = SecretText::new(query);
        let mark = if query.is_empty() { "" } else { "?" };
        let target = SecretText::new([path, mark, query.expose()].concat());
        let headers = added.into_iter().map(|(name, value)| (name, SecretText::from(value))).collect();
        Signed { headers, query, target }
    }
}
