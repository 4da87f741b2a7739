//! The OSS endpoint: objects for whoever signs properly, in version 1 or 4, in a header or in a URL.
//!
//! As much of OSS as uploads and downloads of the official clients need. A bucket comes into being with its first
//! object.

mod bucket;
mod failure;
mod multipart;
mod object;
mod store;

pub(crate) use store::Store;

use crate::answer::Answer;
use crate::gate::{self, Audience};
use crate::refusal::Refusal;
use crate::stage::Stage;
use crate::verify::{self, SignedRequest};
use failure::{Failure, REQUEST_ID};
use http::Method;
use jiff::Timestamp;

/// Answers one request; `shown` is the time on the endpoint's clock.
pub(crate) fn answer(stage: &Stage, request: &SignedRequest, request_id: &str, shown: Timestamp) -> Answer {
    match admitted(stage, request, shown) {
        Ok(answer) => answer.with(REQUEST_ID, request_id),
        Err(failure) => failure.answer(request, request_id),
    }
}

/// A refusal that comes from elsewhere, such as a fault, in the words of OSS.
pub(crate) fn refusal(refusal: Refusal, request: &SignedRequest, request_id: &str) -> Answer {
    Failure::from(refusal).answer(request, request_id)
}

fn admitted(stage: &Stage, request: &SignedRequest, shown: Timestamp) -> Result<Answer, Failure> {
    let claim = verify::read_oss(request)?;
    gate::admit(stage, &claim, Audience::Service, shown)?;
    let (bucket, key) = verify::resource(request).ok_or_else(|| Failure::invalid("path"))?;
    object::check_digest(request)?;
    let now = stage.now();
    let store = &mut stage.world().oss;
    if bucket.is_empty() {
        return match request.method {
            Method::GET => Ok(bucket::list_all(store, now)),
            _ => Err(Failure::unknown("this call without a bucket")),
        };
    }
    if key.is_empty() {
        return bucket::answer(store, &bucket, request, now);
    }
    match request.query_parameter("uploadId") {
        Some(id) => multipart::answer(store, id, (&bucket, &key), request, now),
        None if request.method == Method::POST && request.query_parameter("uploads").is_some() => {
            Ok(multipart::begin(store, &bucket, &key, request))
        }
        None => object::answer(store, &bucket, &key, request, now),
    }
}

/// `2024-02-21T15:39:26.000Z`: dates in the XML of OSS, unlike those of the API, have milliseconds.
fn oss_date(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string()
}
