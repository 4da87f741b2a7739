//! Calls on a bucket, and the list of all.

use super::failure::Failure;
use super::oss_date;
use super::store::Store;
use crate::answer::{Answer, Format};
use crate::verify::SignedRequest;
use http::Method;
use jiff::Timestamp;
use serde_json::json;

/// How many keys one list holds; there is no second page.
const MOST_KEYS: usize = 1000;

pub(super) fn list_all(store: &Store, now: Timestamp) -> Answer {
    let bucket = |name: &String| {
        json!({"Name": name, "Location": "oss-cn-hangzhou", "CreationDate": oss_date(now), "StorageClass": "Standard",
            "Region": "cn-hangzhou", "ExtranetEndpoint": "oss-cn-hangzhou.aliyuncs.com",
            "IntranetEndpoint": "oss-cn-hangzhou-internal.aliyuncs.com"})
    };
    let buckets = store.buckets.keys().map(bucket).collect::<Vec<_>>();
    let document =
        json!({"Owner": {"ID": "1", "DisplayName": "1"}, "IsTruncated": false, "Buckets": {"Bucket": buckets}});
    Answer::document(200, Format::Xml, "ListAllMyBucketsResult", &document)
}

pub(super) fn answer(
    store: &mut Store,
    bucket: &str,
    request: &SignedRequest,
    now: Timestamp,
) -> Result<Answer, Failure> {
    let asks = |name: &str| request.query_parameter(name).is_some();
    let done = |status| Ok(Answer::new(status, "application/xml", ""));
    match request.method {
        Method::PUT if request.query.is_empty() => {
            store.buckets.entry(bucket.to_owned()).or_default();
            done(200)
        }
        Method::DELETE if request.query.is_empty() => {
            let objects = store.buckets.get(bucket).ok_or_else(Failure::no_such_bucket)?;
            if !objects.is_empty() {
                return Err(Failure::bucket_not_empty());
            }
            store.buckets.remove(bucket);
            done(204)
        }
        Method::POST if asks("delete") => delete(store, bucket, request),
        Method::GET if asks("location") => {
            Ok(Answer::document(200, Format::Xml, "LocationConstraint", &"oss-cn-hangzhou".into()))
        }
        Method::GET if asks("uploads") => Ok(uploads(store, bucket, now)),
        Method::GET if ["acl", "bucketInfo", "stat", "versions", "cors", "policy"].iter().any(|name| asks(name)) => {
            Err(Failure::unknown("this subresource of a bucket"))
        }
        Method::GET => list(store, bucket, request, now),
        _ => Err(Failure::unknown("this call on a bucket")),
    }
}

fn list(store: &Store, bucket: &str, request: &SignedRequest, now: Timestamp) -> Result<Answer, Failure> {
    let objects = store.buckets.get(bucket).ok_or_else(Failure::no_such_bucket)?;
    let prefix = request.query_parameter("prefix").unwrap_or("");
    let found = objects.iter().filter(|(key, _)| key.starts_with(prefix)).take(MOST_KEYS);
    let contents = found.map(|(key, object)| {
        json!({"Key": key, "LastModified": oss_date(object.modified), "ETag": super::object::quoted(&object.etag),
            "Type": object.kind, "Size": object.body.len(), "StorageClass": "Standard"})
    });
    let contents = contents.collect::<Vec<_>>();
    let document = json!({"Name": bucket, "Prefix": prefix, "MaxKeys": MOST_KEYS, "IsTruncated": false,
        "KeyCount": contents.len(), "CreationDate": oss_date(now), "Contents": contents});
    Ok(Answer::document(200, Format::Xml, "ListBucketResult", &document))
}

fn uploads(store: &Store, bucket: &str, now: Timestamp) -> Answer {
    let found = store.uploads.iter().filter(|(_, upload)| upload.bucket == bucket);
    let found = found
        .map(|(id, upload)| json!({"Key": upload.key, "UploadId": id, "Initiated": oss_date(now)}))
        .collect::<Vec<_>>();
    let document = json!({"Bucket": bucket, "IsTruncated": false, "NextKeyMarker": "", "NextUploadIdMarker": "",
        "Upload": found});
    Answer::document(200, Format::Xml, "ListMultipartUploadsResult", &document)
}

fn delete(store: &mut Store, bucket: &str, request: &SignedRequest) -> Result<Answer, Failure> {
    let text = std::str::from_utf8(&request.body).ok();
    let document = text.and_then(|text| roxmltree::Document::parse(text).ok());
    let document = document.ok_or_else(|| Failure::invalid("list of keys"))?;
    let keys = document.descendants().filter(|node| node.has_tag_name("Key")).filter_map(|node| node.text());
    let objects = store.buckets.get_mut(bucket).ok_or_else(Failure::no_such_bucket)?;
    let mut deleted = Vec::new();
    for key in keys {
        objects.remove(key);
        deleted.push(json!({"Key": key}));
    }
    Ok(Answer::document(200, Format::Xml, "DeleteResult", &json!({"Deleted": deleted})))
}
