//! Calls on one object.

use super::failure::Failure;
use super::oss_date;
use super::store::{Kind, Object, Store, kept_headers, md5_hex};
use crate::answer::{Answer, Format};
use crate::clock::http_date;
use crate::verify::SignedRequest;
use base64::prelude::{BASE64_STANDARD, Engine};
use bytes::{Bytes, BytesMut};
use http::{HeaderName, Method, header};
use jiff::Timestamp;
use md5::{Digest, Md5};
use serde_json::json;
use std::ops::Range;

const CRC64: HeaderName = HeaderName::from_static("x-oss-hash-crc64ecma");
const TYPE: HeaderName = HeaderName::from_static("x-oss-object-type");
const NEXT_POSITION: HeaderName = HeaderName::from_static("x-oss-next-append-position");
const COPY_SOURCE: &str = "x-oss-copy-source";

/// Subresources that change the meaning of a call, of which only these are known.
const KNOWN: [&str; 3] = ["append", "position", "objectMeta"];
const FOREIGN: [&str; 8] =
    ["acl", "tagging", "symlink", "restore", "callback", "x-oss-process", "encryption", "asyncFetch"];

/// Refuses a body that is not the one that its sender took the digest of.
pub(super) fn check_digest(request: &SignedRequest) -> Result<(), Failure> {
    match request.header("content-md5") {
        Some(sent) if sent != BASE64_STANDARD.encode(Md5::digest(&request.body)) => Err(Failure::digest()),
        _ => Ok(()),
    }
}

pub(super) fn answer(
    store: &mut Store,
    bucket: &str,
    key: &str,
    request: &SignedRequest,
    now: Timestamp,
) -> Result<Answer, Failure> {
    if let Some(name) = FOREIGN.iter().find(|name| request.query_parameter(name).is_some()) {
        return Err(Failure::unknown(&format!("the subresource {name}; known: {}", KNOWN.join(", "))));
    }
    match request.method {
        Method::GET => read(store.object(bucket, key)?, request),
        Method::HEAD => Ok(described(store.object(bucket, key)?, 200)),
        Method::PUT if request.header(COPY_SOURCE).is_some() => copy(store, bucket, key, request, now),
        Method::PUT => {
            let object = Object::new(request.body.clone(), kept_headers(request), Kind::Normal, now);
            Ok(stored(store.put(bucket, key, object)))
        }
        Method::POST if request.query_parameter("append").is_some() => append(store, bucket, key, request, now),
        Method::DELETE => {
            store.buckets.get_mut(bucket).and_then(|objects| objects.remove(key));
            Ok(Answer::new(204, "application/xml", ""))
        }
        _ => Err(Failure::unknown("this call on an object")),
    }
}

/// What is said of an object that was just written.
pub(super) fn stored(object: &Object) -> Answer {
    let answer = Answer::new(200, "application/xml", "");
    answer.with(header::ETAG, &quoted(&object.etag)).with(CRC64, &object.crc64.to_string())
}

pub(super) fn quoted(etag: &str) -> String {
    format!("\"{etag}\"")
}

fn described(object: &Object, status: u16) -> Answer {
    let mut answer = Answer { status, headers: object.headers.clone(), body: object.body.clone() };
    if !answer.headers.iter().any(|(name, _)| *name == header::CONTENT_TYPE) {
        answer = answer.with(header::CONTENT_TYPE, "application/octet-stream");
    }
    answer
        .with(header::ETAG, &quoted(&object.etag))
        .with(header::LAST_MODIFIED, &http_date(object.modified))
        .with(header::ACCEPT_RANGES, "bytes")
        .with(CRC64, &object.crc64.to_string())
        .with(TYPE, &format!("{:?}", object.kind))
}

fn read(object: &Object, request: &SignedRequest) -> Result<Answer, Failure> {
    let Some(range) = request.header("range").and_then(|text| range(text, object.body.len())) else {
        return Ok(described(object, 200));
    };
    let answer = described(object, 206);
    let shown = format!("bytes {}-{}/{}", range.start, range.end - 1, object.body.len());
    let body = object.body.slice(range);
    Ok(Answer { body, ..answer }.with(header::CONTENT_RANGE, &shown))
}

/// One range of bytes; none when it cannot be satisfied, which OSS answers with the whole object.
fn range(text: &str, length: usize) -> Option<Range<usize>> {
    let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
    let range = match (first.parse::<usize>().ok(), last.parse::<usize>().ok()) {
        (Some(first), Some(last)) => first..last.saturating_add(1).min(length),
        (Some(first), None) if last.is_empty() => first..length,
        (None, Some(count)) if first.is_empty() => length.saturating_sub(count)..length,
        _ => return None,
    };
    (!range.is_empty()).then_some(range)
}

fn append(
    store: &mut Store,
    bucket: &str,
    key: &str,
    request: &SignedRequest,
    now: Timestamp,
) -> Result<Answer, Failure> {
    let position = request.query_parameter("position").and_then(|text| text.parse::<usize>().ok());
    let position = position.ok_or_else(|| Failure::invalid("position"))?;
    let (old, headers) = match store.object(bucket, key) {
        Ok(object) if object.kind != Kind::Appendable => return Err(Failure::not_appendable()),
        Ok(object) => (object.body.clone(), object.headers.clone()),
        Err(_) => (Bytes::new(), kept_headers(request)),
    };
    if position != old.len() {
        return Err(Failure::position(old.len()));
    }
    let mut body = BytesMut::from(&old[..]);
    body.extend_from_slice(&request.body);
    let length = body.len();
    let object = store.put(bucket, key, Object::new(body.freeze(), headers, Kind::Appendable, now));
    Ok(stored(object).with(NEXT_POSITION, &length.to_string()))
}

fn copy(
    store: &mut Store,
    bucket: &str,
    key: &str,
    request: &SignedRequest,
    now: Timestamp,
) -> Result<Answer, Failure> {
    let source = request.header(COPY_SOURCE).unwrap_or("");
    let source = percent_encoding::percent_decode_str(source).decode_utf8_lossy();
    let source = source.trim_start_matches('/').split_once('/');
    let (from, name) = source.ok_or_else(|| Failure::invalid("x-oss-copy-source"))?;
    let original = store.object(from, name)?.clone();
    let object = store.put(bucket, key, Object { modified: now, kind: Kind::Normal, ..original });
    let document = json!({"ETag": quoted(&object.etag), "LastModified": oss_date(now)});
    let answer = Answer::document(200, Format::Xml, "CopyObjectResult", &document);
    Ok(answer.with(header::ETAG, &quoted(&object.etag)).with(CRC64, &object.crc64.to_string()))
}

/// The ETag of a body, as it stands in a header.
pub(super) fn etag(body: &[u8]) -> String {
    quoted(&md5_hex(body))
}

#[cfg(test)]
mod tests {
    use super::range;

    #[test]
    fn ranges_are_cut_to_the_object_or_ignored() {
        assert_eq!(range("bytes=2-4", 10), Some(2..5));
        assert_eq!(range("bytes=8-99", 10), Some(8..10));
        assert_eq!(range("bytes=7-", 10), Some(7..10));
        assert_eq!(range("bytes=-3", 10), Some(7..10));
        for useless in ["bytes=10-", "bytes=4-2", "bytes=-", "lines=1-2", "bytes=a-b"] {
            assert_eq!(range(useless, 10), None, "{useless}");
        }
    }
}
