//! The AccessKey in the payload of a RAM secret, checked.
//!
//! Goes in: the answer. Comes out: the pair with what its payload says about it, fit to be put into a request header.
//! Whether the pair is new, old or refused is not known here.

use super::member::Member;
use super::payload::Payload;
use crate::civil_time::parse_rfc3339;
use crate::error::{Error, ErrorKind};
use crate::gateway::Answer;
use crate::secret_text::SecretText;
use serde_json::error::Category;

/// The longest id or secret that is believed, in bytes; real ones have some thirty.
const PAIR_LIMIT: usize = 4 << 10;
/// The longest security token that is believed, in bytes; real ones have some hundred to a few thousand.
const TOKEN_LIMIT: usize = 16 << 10;

/// The AccessKey of a payload.
pub(super) struct RamKey {
    /// `AccessKeyId`.
    pub(super) access_key_id: String,
    /// `AccessKeySecret`.
    pub(super) access_key_secret: SecretText,
    /// `SecurityToken`, where there is a usable one.
    pub(super) security_token: Option<SecretText>,
    /// `GenerateTimestamp`, where there is one that can be read.
    pub(super) generated_ms: Option<i64>,
    /// `ExpireTimestamp`, where there is one that can be read.
    pub(super) expires_ms: Option<i64>,
}

/// Reads the AccessKey of an answer.
pub(super) fn key(answer: &Answer) -> Result<RamKey, Error> {
    let payload = payload(answer)?;
    if let Some(name) = payload.contradiction {
        return Err(malformed(answer, &format!("has two different values for {name}")));
    }
    Ok(RamKey {
        access_key_id: required("AccessKeyId", payload.access_key_id, answer)?.expose().to_owned(),
        access_key_secret: required("AccessKeySecret", payload.access_key_secret, answer)?,
        security_token: payload.security_token.and_then(|member| usable(member, TOKEN_LIMIT).ok()),
        generated_ms: date(payload.generate_timestamp),
        expires_ms: date(payload.expire_timestamp),
    })
}

/// The members of a value that is meant to be an AccessKey pair.
fn payload(answer: &Answer) -> Result<Payload, Error> {
    if answer.secret_data_type.eq_ignore_ascii_case("binary") {
        return Err(complaint(ErrorKind::SecretType, answer, "is binary, not a text with an AccessKey"));
    }
    // What calls itself a RAM secret and holds no pair is damaged; anything else is simply another kind of secret.
    let is_ram = answer.secret_type.eq_ignore_ascii_case("RAMCredentials");
    let no_pair = if is_ram { ErrorKind::SecretMalformed } else { ErrorKind::SecretType };
    // The parser's own message may quote a value, so only the place is taken from it.
    let payload: Payload = serde_json::from_str(answer.secret_data.expose()).map_err(|error| {
        let problem = match error.classify() {
            Category::Data => "is not a JSON object".to_owned(),
            _ => format!("is not JSON (line {}, column {})", error.line(), error.column()),
        };
        complaint(no_pair, answer, &problem)
    })?;
    if payload.access_key_id.is_none() && payload.access_key_secret.is_none() {
        return Err(complaint(no_pair, answer, "is a JSON object without AccessKeyId and AccessKeySecret"));
    }
    Ok(payload)
}

fn required(name: &str, member: Option<Member>, answer: &Answer) -> Result<SecretText, Error> {
    let member = member.ok_or_else(|| malformed(answer, &format!("has no {name}")))?;
    usable(member, PAIR_LIMIT).map_err(|problem| malformed(answer, &format!("has an {name} that {problem}")))
}

/// The text of a member, if a request header could carry it; else what is wrong with it.
fn usable(member: Member, limit: usize) -> Result<SecretText, String> {
    let text = match member {
        Member::Text(text) => text,
        Member::Null => return Err("is null".to_owned()),
        Member::Other(kind) => return Err(format!("is {kind}, not a text")),
    };
    match text.expose() {
        "" => Err("is empty".to_owned()),
        long if long.len() > limit => Err(format!("is longer than {limit} bytes")),
        // The zero-width characters that come along with copied text are neither white space nor control characters.
        odd if !odd.bytes().all(|byte| byte.is_ascii_graphic()) => {
            Err("holds white space, a control character or a character outside ASCII".to_owned())
        }
        _ => Ok(text),
    }
}

fn date(member: Option<Member>) -> Option<i64> {
    parse_rfc3339(member?.text()?)
}

fn malformed(answer: &Answer, problem: &str) -> Error {
    complaint(ErrorKind::SecretMalformed, answer, problem)
}

/// An error that names the secret and its type. `problem` goes on after "the value" and holds no part of it.
fn complaint(kind: ErrorKind, answer: &Answer, problem: &str) -> Error {
    let stated = match answer.secret_type.as_str() {
        "" => "of no stated type".to_owned(),
        secret_type => format!("of type {secret_type:?}"),
    };
    let error = Error::new(kind, format!("The value of secret {:?}, {stated}, {problem}.", answer.secret_name));
    if answer.request_id.is_empty() { error } else { error.with_request_id(answer.request_id.as_str()) }
}
