//! OSS signature, version 4: HMAC-SHA256 by a key that is derived from the secret for a day and a region, in the
//! `Authorization` header or in a URL.

use super::{Algorithm, Claim, SignedRequest, encode, hmac_sha256, oss};
use crate::clock::{later_by_seconds, read_http_date};
use crate::refusal::Refusal;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};

pub(super) const NAME: &str = "OSS4-HMAC-SHA256";
pub(super) const URL_CREDENTIAL: &str = "x-oss-credential";
/// A URL works for a week at most, in seconds.
const LONGEST_LIFE: i64 = 7 * 24 * 3600;
const UNSIGNED: &str = "UNSIGNED-PAYLOAD";

/// What a request says of its signature, wherever it says it.
struct Parts<'a> {
    /// Key id, day, region, `oss`, `aliyun_v4_request`.
    credential: &'a str,
    signature: &'a str,
    additional: &'a str,
    date: &'a str,
    payload: &'a str,
    lives: Option<i64>,
}

pub(super) fn claimed_key(request: &SignedRequest) -> Option<&str> {
    Some(parts(request)?.credential.split('/').next().unwrap_or(""))
}

fn parts(request: &SignedRequest) -> Option<Parts<'_>> {
    let Some(header) = request.header("authorization").and_then(|value| value.strip_prefix(NAME)) else {
        return Some(Parts {
            credential: request.query_parameter(URL_CREDENTIAL)?,
            signature: request.query_parameter("x-oss-signature")?,
            additional: request.query_parameter("x-oss-additional-headers").unwrap_or(""),
            date: request.query_parameter("x-oss-date")?,
            payload: UNSIGNED,
            lives: Some(request.query_parameter("x-oss-expires")?.parse().ok()?),
        });
    };
    let field = |name: &str| {
        let mut fields = header.split(',').filter_map(|field| field.trim().split_once('='));
        fields.find(|(found, _)| *found == name).map(|(_, value)| value)
    };
    Some(Parts {
        credential: field("Credential")?,
        signature: field("Signature")?,
        additional: field("AdditionalHeaders").unwrap_or(""),
        date: request.header("x-oss-date").or_else(|| request.header("date"))?,
        payload: request.header("x-oss-content-sha256").filter(|payload| is_of(payload, &request.body))?,
        lives: None,
    })
}

pub(super) fn read(request: &SignedRequest) -> Result<Claim, Refusal> {
    let parts = parts(request).filter(|_| request.query_readable).ok_or_else(oss::unsigned)?;
    let resource = oss::resource(request).ok_or_else(oss::unsigned)?;
    let (id, scope) = parts.credential.split_once('/').ok_or_else(oss::unsigned)?;
    let time = read_date(parts.date).ok_or_else(oss::unsigned)?;
    let well_formed = match scope.split('/').collect::<Vec<_>>()[..] {
        [day, region, "oss", "aliyun_v4_request"] => day == time.strftime("%Y%m%d").to_string() && !region.is_empty(),
        _ => false,
    };
    if !well_formed || parts.lives.is_some_and(|lives| !(1..=LONGEST_LIFE).contains(&lives)) {
        return Err(oss::unsigned());
    }
    let digest = Sha256::digest(canonical_request(request, &parts, &resource));
    Ok(Claim {
        access_key_id: id.to_owned(),
        security_token: oss::token(request),
        nonce: None,
        time,
        expires: parts.lives.map(|seconds| later_by_seconds(time, seconds)),
        action: format!("{} {}", request.method, request.path),
        version: String::new(),
        parameters: request.query.clone(),
        algorithm: Algorithm::Oss4,
        signature: parts.signature.to_owned(),
        strings_to_sign: vec![format!("{NAME}\n{}\n{scope}\n{}", parts.date, encode::hex(&digest))],
    })
}

/// Whether a payload line is the body's digest, or says that nobody took it.
fn is_of(payload: &str, body: &[u8]) -> bool {
    payload == UNSIGNED || payload == encode::hex(&Sha256::digest(body))
}

/// `20251010T125821Z`, or as the header `Date` has it.
fn read_date(text: &str) -> Option<Timestamp> {
    if text.len() != 16 {
        return read_http_date(text);
    }
    let date = DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?;
    date.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

fn canonical_request(request: &SignedRequest, parts: &Parts, (bucket, key): &(String, String)) -> String {
    let path = if bucket.is_empty() { "/".to_owned() } else { format!("/{bucket}/{key}") };
    let path = path.split('/').map(encode::encode).collect::<Vec<_>>().join("/");
    let signed = request.query.iter().filter(|(name, _)| name != "x-oss-signature");
    let mut query: Vec<_> = signed.map(|(name, value)| (encode::encode(name), encode::encode(value))).collect();
    query.sort();
    let joined =
        |(name, value): &(String, String)| if value.is_empty() { name.clone() } else { format!("{name}={value}") };
    let query = query.iter().map(joined).collect::<Vec<_>>().join("&");
    let mut names = oss::own_headers(request);
    names.extend(["content-md5", "content-type"].iter().filter(|name| request.header(name).is_some()));
    names.extend(parts.additional.split(';').filter(|name| !name.is_empty()));
    names.sort_unstable();
    names.dedup();
    let line = |name: &&str| format!("{name}:{}\n", request.header(name).unwrap_or("").trim());
    let headers = names.iter().map(line).collect::<String>();
    format!("{}\n{path}\n{query}\n{headers}\n{}\n{}", request.method, parts.additional, parts.payload)
}

/// The signature of a string whose third line is the scope.
pub(super) fn sign(secret: &str, text: &str) -> Option<String> {
    let scope = text.lines().nth(2)?;
    let key = scope.split('/').fold(format!("aliyun_v4{secret}").into_bytes(), |key, part| hmac_sha256(&key, part));
    Some(encode::hex(&hmac_sha256(&key, text)))
}
