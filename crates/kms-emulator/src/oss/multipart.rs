//! Multipart uploads.

use super::failure::Failure;
use super::object::{etag, stored};
use super::oss_date;
use super::store::{Kind, Object, Store, Upload, crc64, kept_headers};
use crate::answer::{Answer, Format};
use crate::identifier;
use crate::verify::SignedRequest;
use bytes::BytesMut;
use http::{HeaderName, Method, header};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const CRC64: HeaderName = HeaderName::from_static("x-oss-hash-crc64ecma");

/// Opens an upload.
pub(super) fn begin(store: &mut Store, bucket: &str, key: &str, request: &SignedRequest) -> Answer {
    let id = identifier::uuid().replace('-', "").to_ascii_uppercase();
    let (bucket, key) = (bucket.to_owned(), key.to_owned());
    let document = json!({"Bucket": bucket, "Key": key, "UploadId": id});
    let upload = Upload { bucket, key, headers: kept_headers(request), parts: BTreeMap::new() };
    store.uploads.insert(id, upload);
    Answer::document(200, Format::Xml, "InitiateMultipartUploadResult", &document)
}

/// Calls that name an upload.
pub(super) fn answer(
    store: &mut Store,
    id: &str,
    (bucket, key): (&str, &str),
    request: &SignedRequest,
    now: Timestamp,
) -> Result<Answer, Failure> {
    let upload = store.uploads.get_mut(id).filter(|upload| upload.bucket == bucket && upload.key == key);
    let upload = upload.ok_or_else(Failure::no_such_upload)?;
    match request.method {
        Method::PUT if request.header("x-oss-copy-source").is_some() => Err(Failure::unknown("UploadPartCopy")),
        Method::PUT => {
            let number = request.query_parameter("partNumber").and_then(|text| text.parse().ok());
            let number = number.filter(|number| (1..=10_000).contains(number));
            upload.parts.insert(number.ok_or_else(|| Failure::invalid("partNumber"))?, request.body.clone());
            let answer = Answer::new(200, "application/xml", "").with(header::ETAG, &etag(&request.body));
            Ok(answer.with(CRC64, &crc64(&request.body).to_string()))
        }
        Method::GET => Ok(list(id, upload, now)),
        Method::DELETE => {
            store.uploads.remove(id);
            Ok(Answer::new(204, "application/xml", ""))
        }
        Method::POST => complete(store, id, request, now),
        _ => Err(Failure::unknown("this call on an upload")),
    }
}

fn list(id: &str, upload: &Upload, now: Timestamp) -> Answer {
    let last = upload.parts.keys().last().copied().unwrap_or(0);
    let parts = upload.parts.iter().map(|(number, body)| {
        json!({"PartNumber": number, "ETag": etag(body), "Size": body.len(), "HashCrc64ecma": crc64(body),
            "LastModified": oss_date(now)})
    });
    let document = json!({"Bucket": upload.bucket, "Key": upload.key, "UploadId": id, "IsTruncated": false,
        "MaxParts": 10_000, "PartNumberMarker": 0, "NextPartNumberMarker": last, "Part": parts.collect::<Vec<_>>()});
    Answer::document(200, Format::Xml, "ListPartsResult", &document)
}

/// Joins the parts that the request lists; an upload that cannot be completed stays as it is.
fn complete(store: &mut Store, id: &str, request: &SignedRequest, now: Timestamp) -> Result<Answer, Failure> {
    let upload = store.uploads.get(id).ok_or_else(Failure::no_such_upload)?;
    let mut body = BytesMut::new();
    for (number, tag) in listed(&request.body).ok_or_else(|| Failure::invalid("list of parts"))? {
        let part = upload.parts.get(&number).filter(|part| etag(part).trim_matches('"') == tag.trim_matches('"'));
        body.extend_from_slice(part.ok_or_else(|| Failure::part(number))?);
    }
    let upload = store.uploads.remove(id).ok_or_else(Failure::no_such_upload)?;
    let object = Object::new(body.freeze(), upload.headers, Kind::Multipart, now);
    let object = store.put(&upload.bucket, &upload.key, object);
    let tag = super::object::quoted(&object.etag);
    let document: Value = json!({"Bucket": upload.bucket, "Key": upload.key, "ETag": tag,
        "Location": format!("http://{}/{}", request.host(), upload.key)});
    let Answer { body, .. } = Answer::document(200, Format::Xml, "CompleteMultipartUploadResult", &document);
    Ok(Answer { body, ..stored(object) })
}

/// Numbers and ETags from the body of a completion, in ascending order.
fn listed(body: &[u8]) -> Option<Vec<(u32, String)>> {
    let document = roxmltree::Document::parse(std::str::from_utf8(body).ok()?).ok()?;
    let parts = document.descendants().filter(|node| node.has_tag_name("Part"));
    let text = |part: &roxmltree::Node, name| {
        part.children().find(|node| node.has_tag_name(name)).and_then(|node| node.text()).map(str::to_owned)
    };
    let parts = parts.map(|part| Some((text(&part, "PartNumber")?.trim().parse().ok()?, text(&part, "ETag")?)));
    let parts = parts.collect::<Option<Vec<_>>>()?;
    (!parts.is_empty() && parts.is_sorted_by_key(|(number, _)| *number)).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::listed;

    #[test]
    fn parts_are_listed_in_order_or_not_at_all() {
        let part = |number: &str| format!("<Part><PartNumber>{number}</PartNumber><ETag>\"A\"</ETag></Part>");
        let body = |parts: String| format!("<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>").into_bytes();
        let good = listed(&body(part("1") + &part("3"))).unwrap();
        assert_eq!(good, [(1, "\"A\"".to_owned()), (3, "\"A\"".to_owned())]);
        for bad in [part("2") + &part("1"), part("x"), String::new(), "<Part/>".to_owned()] {
            assert_eq!(listed(&body(bad.clone())), None, "{bad}");
        }
    }
}
