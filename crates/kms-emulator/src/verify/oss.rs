//! OSS signature, version 1: HMAC-SHA1 over verb, headers and the object's name, in the `Authorization` header or
//! in a URL.

use super::{Algorithm, Claim, SignedRequest};
use crate::clock::read_http_date;
use crate::refusal::Refusal;
use jiff::Timestamp;
use std::net::IpAddr;

pub(super) const PREFIX: &str = "OSS ";
pub(super) const URL_KEY_ID: &str = "OSSAccessKeyId";

/// Query parameters that belong to the resource: all others are not signed.
const SUBRESOURCES: [&str; 62] = [
    "acl",
    "append",
    "asyncFetch",
    "bucketInfo",
    "callback",
    "callback-var",
    "cname",
    "comp",
    "continuation-token",
    "cors",
    "delete",
    "encryption",
    "endTime",
    "img",
    "inventory",
    "inventoryId",
    "lifecycle",
    "live",
    "location",
    "logging",
    "objectInfo",
    "objectMeta",
    "partNumber",
    "policy",
    "position",
    "qos",
    "qosInfo",
    "referer",
    "regionList",
    "replication",
    "replicationLocation",
    "replicationProgress",
    "requestPayment",
    "resourceGroup",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "restore",
    "security-token",
    "sequential",
    "startTime",
    "stat",
    "status",
    "style",
    "styleName",
    "symlink",
    "tagging",
    "transferAcceleration",
    "uploadId",
    "uploads",
    "versionId",
    "versioning",
    "versions",
    "vod",
    "website",
    "worm",
    "wormExtend",
    "wormId",
    "x-oss-process",
];

/// Bucket and key that a request is about; both may be empty, and none is unreadable. The bucket is the first label of
/// a host name, or the first segment of the path where the host is an address.
pub(crate) fn resource(request: &SignedRequest) -> Option<(String, String)> {
    let path = super::encode::decode_path(request.path.strip_prefix('/').unwrap_or(&request.path))?;
    let host = request.host();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name).trim_matches(['[', ']']);
    if name == "localhost" || name.parse::<IpAddr>().is_ok() {
        let (bucket, key) = path.split_once('/').unwrap_or((&path, ""));
        return Some((bucket.to_owned(), key.to_owned()));
    }
    Some((name.split('.').next().unwrap_or("").to_owned(), path))
}

pub(super) fn claimed_key(request: &SignedRequest) -> Option<&str> {
    let header = request.header("authorization").and_then(|value| value.strip_prefix(PREFIX)?.split_once(':'));
    header.map(|(id, _)| id).or(request.query_parameter(URL_KEY_ID))
}

/// Nobody signed this, or in a way that is not known.
pub(super) fn unsigned() -> Refusal {
    Refusal::new(403, "AccessDenied", "The signature is missing, incomplete or in no known form.")
}

pub(super) fn read(request: &SignedRequest) -> Result<Claim, Refusal> {
    let resource = resource(request).filter(|_| request.query_readable).ok_or_else(unsigned)?;
    let header = request.header("authorization").and_then(|value| value.strip_prefix(PREFIX)?.split_once(':'));
    let (id, signature, date, expires) = match header {
        Some((id, signature)) => {
            let date = request.header("x-oss-date").or(request.header("date")).ok_or_else(unsigned)?;
            (id, signature, date, None)
        }
        None => {
            let parameter = |name: &str| request.query_parameter(name).ok_or_else(unsigned);
            let until = parameter("Expires")?;
            let expires = until.parse().ok().and_then(|second| Timestamp::from_second(second).ok());
            (parameter(URL_KEY_ID)?, parameter("Signature")?, until, Some(expires.ok_or_else(unsigned)?))
        }
    };
    let time = expires.or_else(|| read_http_date(date)).ok_or_else(unsigned)?;
    Ok(Claim {
        access_key_id: id.to_owned(),
        security_token: token(request),
        nonce: None,
        time,
        expires,
        action: format!("{} {}", request.method, request.path),
        version: String::new(),
        parameters: request.query.clone(),
        algorithm: Algorithm::Oss1,
        signature: signature.to_owned(),
        strings_to_sign: vec![string_to_sign(request, date, &resource)],
    })
}

/// The token, under the names that official clients have for it.
pub(super) fn token(request: &SignedRequest) -> Option<String> {
    let header = request.header("x-oss-security-token").or(request.header("security-token"));
    let sent = header.or(request.query_parameter("security-token")).or(request.query_parameter("x-oss-security-token"));
    sent.map(str::to_owned)
}

fn string_to_sign(request: &SignedRequest, date: &str, (bucket, key): &(String, String)) -> String {
    let mut text = format!("{}\n", request.method);
    for name in ["content-md5", "content-type"] {
        text.push_str(request.header(name).unwrap_or(""));
        text.push('\n');
    }
    text.push_str(date);
    text.push('\n');
    for name in own_headers(request) {
        text.push_str(&format!("{name}:{}\n", request.header(name).unwrap_or("").trim()));
    }
    text.push('/');
    if !bucket.is_empty() {
        text.push_str(&format!("{bucket}/{key}"));
    }
    let signed =
        |name: &str| SUBRESOURCES.contains(&name) || name.starts_with("x-oss-ac-") || name == "x-oss-traffic-limit";
    let mut named: Vec<_> = request.query.iter().filter(|(name, _)| signed(name)).collect();
    named.sort();
    for (at, (name, value)) in named.into_iter().enumerate() {
        text.push(if at == 0 { '?' } else { '&' });
        text.push_str(name);
        if !value.is_empty() {
            text.push_str(&format!("={value}"));
        }
    }
    text
}

/// Names of the `x-oss-*` headers, sorted.
pub(super) fn own_headers(request: &SignedRequest) -> Vec<&str> {
    let names = request.headers.keys().map(http::HeaderName::as_str);
    let mut own: Vec<_> = names.filter(|name| name.starts_with("x-oss-")).collect();
    own.sort_unstable();
    own
}
