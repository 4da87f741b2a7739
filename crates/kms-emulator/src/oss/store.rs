//! Buckets and the objects in them, in memory.

use super::failure::Failure;
use crate::verify::SignedRequest;
use bytes::Bytes;
use crc::{CRC_64_XZ, Crc};
use http::{HeaderName, HeaderValue, header};
use jiff::Timestamp;
use md5::{Digest, Md5};
use serde::Serialize;
use std::collections::BTreeMap;

static CRC64: Crc<u64> = Crc::<u64>::new(&CRC_64_XZ);

/// How an object came into being.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) enum Kind {
    Normal,
    Appendable,
    Multipart,
}

/// One object.
#[derive(Debug, Clone)]
pub(crate) struct Object {
    pub(crate) body: Bytes,
    /// What a reader gets back of the writer's headers.
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) etag: String,
    pub(crate) crc64: u64,
    pub(crate) modified: Timestamp,
    pub(crate) kind: Kind,
}

impl Object {
    pub(crate) fn new(body: Bytes, headers: Vec<(HeaderName, HeaderValue)>, kind: Kind, now: Timestamp) -> Self {
        let (etag, crc64) = (md5_hex(&body), crc64(&body));
        Self { body, headers, etag, crc64, modified: now, kind }
    }
}

/// A bucket's objects by key.
pub(crate) type Bucket = BTreeMap<String, Object>;

/// A multipart upload under way.
pub(crate) struct Upload {
    pub(crate) bucket: String,
    pub(crate) key: String,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) parts: BTreeMap<u32, Bytes>,
}

/// Everything that the endpoint keeps.
#[derive(Default)]
pub(crate) struct Store {
    pub(crate) buckets: BTreeMap<String, Bucket>,
    pub(crate) uploads: BTreeMap<String, Upload>,
}

impl Store {
    /// The object of that name.
    pub(crate) fn object(&self, bucket: &str, key: &str) -> Result<&Object, Failure> {
        self.buckets.get(bucket).and_then(|bucket| bucket.get(key)).ok_or_else(Failure::no_such_key)
    }

    /// Puts an object in its place; the bucket need not be there before.
    pub(crate) fn put(&mut self, bucket: &str, key: &str, object: Object) -> &Object {
        let bucket = self.buckets.entry(bucket.to_owned()).or_default();
        bucket.insert(key.to_owned(), object);
        &bucket[key]
    }
}

/// The headers that stay with an object.
pub(crate) fn kept_headers(request: &SignedRequest) -> Vec<(HeaderName, HeaderValue)> {
    let standard = [
        header::CONTENT_TYPE,
        header::CACHE_CONTROL,
        header::CONTENT_DISPOSITION,
        header::CONTENT_ENCODING,
        header::EXPIRES,
    ];
    let kept = |name: &HeaderName| standard.contains(name) || name.as_str().starts_with("x-oss-meta-");
    let headers = request.headers.iter().filter(|(name, _)| kept(name));
    headers.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// CRC-64/XZ, which OSS calls crc64ecma.
pub(crate) fn crc64(bytes: &[u8]) -> u64 {
    CRC64.checksum(bytes)
}

/// An ETag without its quotation marks.
pub(crate) fn md5_hex(bytes: &[u8]) -> String {
    Md5::digest(bytes).iter().map(|byte| format!("{byte:02X}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_the_standards() {
        assert_eq!(crc64(b"123456789"), 0x995d_c9bb_df19_39fa);
        assert_eq!(md5_hex(b""), "D41D8CD98F00B204E9800998ECF8427E");
    }
}
